// Filters live in the address: a change of a list sends the form without its empty fields; "/" goes to the search.
for (const form of document.querySelectorAll("[data-filters]")) {
  const go = () => {
    const chosen = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    location.search = chosen.toString();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  form.addEventListener("change", (event) => event.target.matches("select") && go());
}
document.addEventListener("keydown", (event) => {
  const find = document.getElementById("find");
  if (event.key === "/" && find && !event.target.matches("input, textarea, select")) {
    event.preventDefault();
    find.focus();
    find.select();
  }
});
