// "/" goes to the box that finds everything, from every page of people who may trace. Stations have no such link.
const link = document.querySelector("[data-find-page]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !link) return;
  if (document.getElementById("find") || event.target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  location.assign(link.href);
});
