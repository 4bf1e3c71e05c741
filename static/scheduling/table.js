// The same bars as a table: what the window shows, row by row, with the same acts as on the drawing.

import { hours } from "./clock.js";
import { BY_HAND, SEQUENCED, stands } from "./rows.js";
import { gettext, ngettext } from "../js/words.js";

const MOST = 150;
const GATHER_MS = 250;

export class Table {
  /** `place`: the <details> that holds the table; `acts`: choose, moveTo, lock of one bar. */
  constructor(place, gantt, selection, acts) {
    Object.assign(this, { place, gantt, selection, acts });
    this.body = place.querySelector("tbody");
    this.more = place.querySelector("[data-more]");
    for (const what of [gantt, selection]) what.addEventListener(what === gantt ? "drawn" : "change", () => this.soon());
    place.addEventListener("toggle", () => this.show());
    this.body.addEventListener("click", (event) => this.click(event));
    this.shown = "";
  }

  soon() {
    if (this.place.open) this.timer ??= setTimeout(() => this.show(), GATHER_MS);
  }

  *bars() {
    const { rows, scale, filter } = this.gantt;
    for (let n = 0; n < rows.list.length; n++)
      for (const bar of rows.shown(n, scale.from, scale.to)) if (filter(bar)) yield bar;
  }

  show() {
    this.timer = undefined;
    if (!this.place.open) return;
    const all = [...this.bars()];
    const bars = all.slice(0, MOST);
    const print = JSON.stringify(bars.map((bar) => [bar.operation, bar.start, bar.end, bar.status, this.selection.chosen.has(bar.operation)]));
    if (print === this.shown) return;
    this.shown = print;
    const held = this.body.contains(document.activeElement) ? document.activeElement.dataset : null;
    this.body.replaceChildren(...bars.map((bar) => this.row(bar)));
    if (held) this.body.querySelector(`[data-operation="${held.operation}"][data-act="${held.act}"]`)?.focus({ preventScroll: true });
    const left = all.length - bars.length;
    this.more.textContent = left ? ngettext("%(count)s more in this window: zoom in or filter.", "%(count)s more in this window: zoom in or filter.", left) : "";
    this.more.hidden = !left;
  }

  row(bar) {
    const { clock, rows } = this.gantt;
    const line = document.createElement("tr");
    line.classList.toggle("chosen", this.selection.chosen.has(bar.operation));
    const name = cell("th", `${bar.order} · ${bar.number}`);
    name.scope = "row";
    const resource = rows.list[rows.row(bar)].resource;
    line.append(
      this.choice(bar), name, cell("td", bar.part), cell("td", bar.key), cell("td", resource.code),
      cell("td", clock.moment(bar.start)), cell("td", clock.moment(bar.end)),
      cell("td", bar.setup_hours ? hours(bar.setup_hours) : "—", "num"), cell("td", stateWords(bar)),
      cell("td", bar.late_minutes ? `▲ ${hours(bar.late_minutes / 60)}` : "—", bar.late_minutes ? "num is-stop" : "num"),
      this.doing(bar),
    );
    return line;
  }

  choice(bar) {
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = this.selection.chosen.has(bar.operation);
    box.setAttribute("aria-label", gettext("Choose %(order)s", { order: `${bar.order} ${bar.number}` }));
    Object.assign(box.dataset, { act: "choose", operation: bar.operation });
    const around = document.createElement("td");
    around.append(box);
    return around;
  }

  doing(bar) {
    const around = cell("td", "", "right");
    if (stands(bar)) return around;
    const named = { order: `${bar.order} ${bar.number}` };
    const locked = bar.status === BY_HAND;
    around.append(
      button(bar, "move", gettext("Move …"), gettext("Move %(order)s", named)),
      button(bar, "lock", locked ? gettext("Let go") : gettext("Lock"), locked ? gettext("Let go %(order)s", named) : gettext("Lock %(order)s", named)),
    );
    return around;
  }

  click(event) {
    const { act, operation } = event.target.dataset;
    const bar = this.gantt.rows.bars.get(Number(operation));
    if (!bar) return;
    if (act === "choose") this.selection.toggle(bar);
    else this.acts[act](bar);
  }
}

function cell(kind, text, style = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = style;
  return made;
}

function button(bar, act, words, says) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button small";
  made.textContent = words;
  made.setAttribute("aria-label", says);
  Object.assign(made.dataset, { act, operation: bar.operation });
  return made;
}

/** How firmly a bar stands, in words. */
export function stateWords(bar) {
  if (bar.operation_status >= 50) return gettext("in progress");
  if (stands(bar)) return gettext("locked");
  if (bar.status === BY_HAND) return gettext("locked by hand");
  return bar.status === SEQUENCED ? gettext("sequenced") : gettext("planned forward");
}
