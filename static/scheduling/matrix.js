// The grid of setup times: arrows walk, a block from a spreadsheet fills cells from where one stands, Save tells what changes.

const table = document.querySelector("[data-matrix]");
const save = document.querySelector("[data-save]");
const cells = table ? [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("input")]) : [];
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0] };

function placeOf(input) {
  const row = input.closest("tr").sectionRowIndex;
  return [row, cells[row].indexOf(input)];
}

function stand(input) {
  for (const one of table.querySelectorAll('input[tabindex="0"]')) one.tabIndex = -1;
  input.tabIndex = 0;
  input.focus();
  input.select();
}

/** Inside a text left and right belong to the cursor; at its ends, or with all of it chosen, they go on. */
function leaves(input, along) {
  const all = input.selectionStart === 0 && input.selectionEnd === input.value.length;
  return all || (along < 0 ? input.selectionEnd === 0 : input.selectionStart === input.value.length);
}

function walk(event) {
  const step = STEPS[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey) return;
  if (step[1] && !leaves(event.target, step[1])) return;
  const [row, column] = placeOf(event.target);
  const next = cells[row + step[0]]?.[column + step[1]];
  event.preventDefault();
  if (next) stand(next);
}

/** As it is stored: a comma is a point, an x in any letter is forbidden. */
function plain(text) {
  const trimmed = text.trim().replace(",", ".");
  return /^(x|✕)$/i.test(trimmed) ? "✕" : trimmed;
}

function judge(input) {
  const text = plain(input.value);
  if (text !== input.value.trim()) input.value = text;
  const good = text === "" || text === "✕" || (Number.isFinite(Number(text)) && Number(text) >= 0);
  input.toggleAttribute("data-changed", text !== input.dataset.was);
  input.setAttribute("aria-invalid", String(!good));
  input.closest("td").classList.toggle("forbidden", text === "✕");
}

function count() {
  const changed = table.querySelectorAll("input[data-changed]").length;
  const wrong = table.querySelector('input[aria-invalid="true"]');
  save.disabled = !changed || Boolean(wrong);
  save.querySelector("[data-count]").textContent = changed || "";
}

function paste(event) {
  const text = event.clipboardData.getData("text/plain");
  if (!/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const [row, column] = placeOf(event.target);
  text.replace(/\r?\n$/, "").split(/\r?\n/).forEach((line, down) =>
    line.split("\t").forEach((value, right) => {
      const input = cells[row + down]?.[column + right];
      if (!input) return;
      input.value = value;
      judge(input);
    }),
  );
  count();
}

function entries() {
  return [...table.querySelectorAll("input[data-changed]")].map((input) => ({
    resource: table.dataset.resource, from_key: input.dataset.from, to_key: input.dataset.to, hours: plain(input.value),
  }));
}

if (table && save) {
  table.addEventListener("keydown", walk);
  table.addEventListener("paste", paste);
  table.addEventListener("focusin", (event) => event.target.matches("input") && stand(event.target));
  table.addEventListener("change", (event) => {
    judge(event.target);
    count();
  });
  table.addEventListener("input", (event) => {
    event.target.toggleAttribute("data-changed", plain(event.target.value) !== event.target.dataset.was);
    count();
  });
  save.addEventListener("click", () =>
    window.htmx.ajax("POST", save.dataset.address, { target: "#act", values: { entries: JSON.stringify(entries()) } }),
  );
}
// Saved: the page shows what is stored now, with the greys and marks that follow from it.
let saved = false;
document.addEventListener("acted", () => {
  saved = true;
  location.reload();
});
window.addEventListener("beforeunload", (event) => {
  if (!saved && table?.querySelector("input[data-changed]")) event.preventDefault();
});
