// Filters live in the address: a choice by pointer sends the form without its empty fields; "/" goes to the search.
// By keyboard every arrow is a change already, so there the form waits for Enter or its button.

const filtersOf = (event) => (event.target.form?.matches("[data-filters]") ? event.target.form : null);
let keyed = false;

function go(form) {
  const chosen = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  location.search = chosen.toString();
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-filters]")) return;
  event.preventDefault();
  go(event.target);
});
for (const calm of ["pointerdown", "focusin"]) document.addEventListener(calm, () => (keyed = false));
document.addEventListener("change", (event) => {
  const form = filtersOf(event);
  if (form && event.target.matches("select") && !keyed) go(form);
});
document.addEventListener("keydown", (event) => {
  const form = filtersOf(event);
  if (!form || !event.target.matches("select")) return;
  keyed = true;
  if (event.key !== "Enter") return;
  event.preventDefault();
  go(form);
});
document.addEventListener("keydown", (event) => {
  const find = document.getElementById("find");
  if (event.key === "/" && find && !event.target.matches("input, textarea, select")) {
    event.preventDefault();
    find.focus();
    find.select();
  }
});
