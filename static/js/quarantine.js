// Choosing many lines of the quarantine: the choice survives a refresh of the list behind it.

const form = document.querySelector("[data-chooser]");
const chosen = new Set();

function boxes() {
  return [...form.querySelectorAll('input[name="key"]')];
}

function show() {
  const present = new Set(boxes().map((box) => box.value));
  for (const key of chosen) if (!present.has(key)) chosen.delete(key);
  for (const box of boxes()) box.checked = chosen.has(box.value);
  const all = form.querySelector("[data-choose-all]");
  if (all) {
    all.checked = present.size > 0 && chosen.size === present.size;
    all.indeterminate = chosen.size > 0 && chosen.size < present.size;
  }
  const count = form.querySelector("[data-chosen]");
  if (count) count.textContent = String(chosen.size);
  for (const button of form.querySelectorAll("[data-needs-choice]")) button.disabled = chosen.size === 0;
}

form?.addEventListener("change", (event) => {
  if (event.target.matches('input[name="key"]')) {
    if (event.target.checked) chosen.add(event.target.value);
    else chosen.delete(event.target.value);
    show();
  } else if (event.target.matches("[data-choose-all]")) {
    for (const box of boxes()) {
      if (event.target.checked) chosen.add(box.value);
      else chosen.delete(box.value);
    }
    show();
  }
});
// A refresh replaces the box somebody has just reached with the keyboard: give the place back.
let reached = null;
form?.addEventListener("focusin", (event) => {
  reached = event.target.matches('input[name="key"]') ? event.target.value : null;
});
form?.addEventListener("live:swapped", () => {
  show();
  if (reached !== null && document.activeElement === document.body) boxes().find((box) => box.value === reached)?.focus();
});
// Enter in the reason field discards nothing by accident.
form?.addEventListener("submit", (event) => event.preventDefault());
if (form) show();
