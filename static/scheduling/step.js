// The form of a step shows what its type knows; a section without anything is not shown.

const form = document.querySelector("[data-step]");
const type = form.querySelector("[name=type]");

function fit() {
  for (const field of form.querySelectorAll("[data-kinds]")) {
    field.hidden = !field.dataset.kinds.split(" ").includes(type.value);
  }
  for (const section of form.querySelectorAll("[data-section]")) {
    section.hidden = !section.querySelector("[data-kinds]:not([hidden])");
  }
}

type.addEventListener("change", fit);
fit();
form.querySelector(".wrong input, .wrong select, .wrong textarea")?.focus();
// Deleted: there is no page to refresh.
document.addEventListener("acted", () => location.assign(document.querySelector("[data-leave]").dataset.leave));
