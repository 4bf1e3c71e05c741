// The life of one thing: sources are switched by their boxes, the slider ends the story earlier. Everything is on
// the page already; what is hidden is only not shown.
const life = document.querySelector("[data-life]");
const slider = life?.querySelector("[data-slider]");
if (slider) {
  const entries = [...life.querySelectorAll("[data-entry]")];
  const boxes = [...life.querySelectorAll("[data-source]")];
  const by = life.querySelector("[data-by]");
  const now = document.querySelector(".trace-facts");
  const show = () => {
    const last = Number(slider.value);
    const off = new Set(boxes.filter((box) => !box.checked).map((box) => box.dataset.source));
    entries.forEach((entry, n) => {
      entry.hidden = n >= last || off.has(entry.dataset.entry);
    });
    // A day without a line left says nothing.
    for (const day of life.querySelectorAll(".trace-day")) {
      let next = day.nextElementSibling;
      while (next && next.hidden) next = next.nextElementSibling;
      day.hidden = !next || next.classList.contains("trace-day");
    }
    by.textContent = entries[last - 1].dataset.at;
    slider.setAttribute("aria-valuetext", by.textContent);
    // The facts beside are of now; they must not be read as of then.
    now.classList.toggle("is-past", last < entries.length);
  };
  slider.addEventListener("input", show);
  for (const box of boxes) box.addEventListener("change", show);
  show();
}
