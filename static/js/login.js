// Demo plants: a click on a demo log-in fills the form and sends it.
const form = document.getElementById("login-form");
for (const button of document.querySelectorAll("[data-login]")) {
  button.addEventListener("click", () => {
    form.username.value = button.dataset.login;
    form.password.value = button.dataset.password;
    form.requestSubmit();
  });
}
