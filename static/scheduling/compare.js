// Two plans one under the other: one scale, one scroll, and what stands elsewhere told apart by fading the rest.

import { HOUR, plantClock } from "./clock.js";
import { Gantt } from "./gantt.js";
import { Palette } from "./palette.js";
import { wheel } from "./pointer.js";
import { Rows } from "./rows.js";
import { opening, Scale, SPANS } from "./scale.js";
import { Source } from "./source.js";
import { Words } from "./words.js";

const page = document.querySelector("[data-compare]");
const words = new Words(page);
const clock = plantClock(page.dataset.zone, document.documentElement.lang);
const first = Date.parse(page.dataset.start);
const scale = new Scale(first - HOUR / 2, Math.max(Date.parse(page.dataset.end), first + SPANS.shift) + HOUR / 2);
const palette = new Palette(page);

async function side(element) {
  const source = new Source(`/schedule/plans/${element.dataset.plan}/bars/`);
  const answer = await source.fetch(scale.from - scale.span, scale.to + scale.span);
  source.keep(answer, scale.from - scale.span, scale.to + scale.span);
  const rows = new Rows(answer.resources);
  const gantt = new Gantt(element.querySelector(".gantt"), { rows, scale, palette, clock, plan: answer.plan });
  const fill = ({ resources, bars }) => {
    rows.opened(resources);
    rows.fill(bars);
    gantt.redraw();
  };
  fill(answer);
  source.addEventListener("filled", ({ detail }) => fill(detail));
  source.addEventListener("failed", ({ detail }) => words.refuse(detail.message));
  scale.addEventListener("change", () => source.need(scale.from, scale.to));
  return { element: gantt.element, gantt, rows };
}

/** What is chosen in one plan is framed in the other as well. */
function together(sides) {
  const choose = (operation) => {
    for (const { gantt, rows } of sides) {
      const bar = rows.bars.get(operation);
      gantt.hand.selected = new Set(bar ? [bar] : []);
      gantt.redrawOver();
    }
  };
  for (const { gantt, element } of sides) {
    wheel(gantt);
    gantt.over.addEventListener("click", (event) => choose(gantt.hit(event).bar?.operation));
    gantt.over.addEventListener("keydown", move);
    element.addEventListener("scroll", () => {
      for (const other of sides) if (other.element.scrollTop !== element.scrollTop) other.element.scrollTop = element.scrollTop;
    });
  }
}

const KEYS = {
  ArrowLeft: () => scale.pan(-scale.width * 0.2), ArrowRight: () => scale.pan(scale.width * 0.2),
  PageUp: () => scale.pan(-scale.width * 0.9), PageDown: () => scale.pan(scale.width * 0.9),
  Home: () => scale.show(scale.first), End: () => scale.show(scale.last - scale.span),
  "+": () => scale.zoom(0.7), "-": () => scale.zoom(1.4),
};

function move(event) {
  if (!KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}

/** The same place: same resource, same neighbour in time. */
const same = (bar, other) => other && bar.resource === other.resource && bar.start === other.start && bar.end === other.end;

function onlyMoved(sides, wanted) {
  sides.forEach(({ gantt }, n) => {
    const other = sides[1 - n].rows;
    gantt.filter = wanted ? (bar) => !same(bar, other.bars.get(bar.operation)) : () => true;
    gantt.redraw();
  });
}

async function open() {
  scale.span = SPANS.day;
  scale.from = opening(page.dataset, scale.span);
  const sides = await Promise.all([...page.querySelectorAll("[data-plan]")].map(side));
  together(sides);
  const moved = page.querySelector("[data-moved]");
  moved.addEventListener("change", () => onlyMoved(sides, moved.checked));
  for (const button of page.querySelectorAll("button[data-zoom]")) {
    button.addEventListener("click", () => {
      scale.show(scale.from, SPANS[button.dataset.zoom]);
      for (const one of page.querySelectorAll("button[data-zoom]")) one.setAttribute("aria-pressed", String(one === button));
    });
  }
  window.sides = sides;
  page.dataset.ready = "";
}

open().catch((error) => words.refuse(error.message));
