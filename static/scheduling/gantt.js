// One drawing of a plan: heads of the resources, a canvas for the bars, one above it for what follows the hand.

import { hours } from "./clock.js";
import { boxOf, drawBase, drawOver, HEAD, hit } from "./drawing.js";
import { Strips } from "./strips.js";
import { gettext } from "../js/words.js";

const ROW = { tall: 64, low: 36 };

export class Gantt extends EventTarget {
  constructor(element, { rows, scale, palette, clock, plan }) {
    super();
    Object.assign(this, { element, rows, scale, palette, clock });
    this.heads = element.querySelector("[data-heads]");
    [this.base, this.over] = element.querySelectorAll("canvas");
    this.scroll = 0;
    this.times = [];
    this.hand = { selected: new Set(), focused: null, hovered: null, ghost: null };
    this.late = "";
    this.filter = () => true;
    this.widths = new Map();
    this.strips = new Strips();
    this.planned(plan);
    this.rowHeight = ROW.low;
    this.dirty = { base: true, rows: new Set(), over: true };
    this.listen();
    this.fillHeads();
  }

  planned(plan) {
    this.start = Date.parse(plan.start);
    this.frozen = Date.parse(plan.frozen_until ?? plan.start);
  }

  listen() {
    this.scale.addEventListener("change", () => this.redraw());
    this.palette.addEventListener("change", () => this.redraw());
    this.element.addEventListener("scroll", () => {
      this.scroll = this.element.scrollTop;
      this.redraw();
    });
    new ResizeObserver(() => this.resize()).observe(this.element);
    window.addEventListener("resize", () => this.resize());
    document.fonts.addEventListener?.("loadingdone", () => this.redraw());
    setInterval(() => this.redrawOver(), 30_000);
  }

  resize() {
    this.fit();
    this.width = Math.round(this.base.parentElement.getBoundingClientRect().width);
    this.height = Math.round(this.element.clientHeight);
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(this.width * devicePixelRatio);
      canvas.height = Math.round(this.height * devicePixelRatio);
      canvas.style.width = `${this.width}px`;
      canvas.style.height = `${this.height}px`;
    }
    this.scale.resize(this.width);
    this.redraw();
  }

  /** Rows as high as the room allows; what is left over belongs to the page. */
  fit() {
    const most = parseFloat(getComputedStyle(this.element).maxHeight);
    const count = Math.max(this.rows.list.length, 1);
    this.rowHeight = Math.max(ROW.low, Math.min(ROW.tall, Math.floor((most - HEAD - 2) / count)));
    this.heads.style.setProperty("--row", `${this.rowHeight}px`);
    this.element.style.height = `${Math.min(HEAD + count * this.rowHeight + 2, most)}px`;
  }

  dimmed = (bar) => !this.filter(bar);

  /** As much of the number as there is room for: an order's number tells by its end. */
  label(bar, room) {
    const text = bar.label ?? bar.order;
    const letters = Math.floor(room / 7.4);
    if (text.length <= letters) return text;
    return letters >= 4 ? `…${text.slice(1 - letters)}` : "";
  }

  measure(pen, text) {
    if (!this.widths.has(text)) this.widths.set(text, pen.measureText(text).width);
    return this.widths.get(text);
  }

  redraw(rows = null) {
    if (rows) for (const n of rows) this.dirty.rows.add(n);
    else this.dirty.base = true;
    this.redrawOver();
  }

  redrawOver() {
    this.dirty.over = true;
    this.asked ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.asked = undefined;
    if (!this.width) return;
    const began = performance.now();
    if (this.dirty.base || this.dirty.rows.size) {
      drawBase(this.pen(this.base), this, this.dirty.base ? null : this.dirty.rows);
    }
    if (this.dirty.over) drawOver(this.pen(this.over), this, { ...this.hand, now: Date.now() });
    if (this.dirty.base) this.times.push(performance.now() - began);
    this.dirty = { base: false, rows: new Set(), over: false };
    this.dispatchEvent(new Event("drawn"));
  }

  pen(canvas) {
    const pen = canvas.getContext("2d");
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    return pen;
  }

  hit(event) {
    const box = this.over.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y, ...hit(this, x, y) };
  }

  boxOf = (bar) => boxOf(this, bar);

  reveal(bar) {
    this.scale.reveal(bar.start, bar.end);
    const top = this.rows.row(bar) * this.rowHeight;
    const room = this.element.clientHeight - HEAD - this.rowHeight;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top > this.element.scrollTop + room) this.element.scrollTop = top - room;
  }

  fillHeads() {
    this.heads.replaceChildren(...this.rows.list.map(({ resource }) => head(resource)));
  }
}

function head(resource) {
  const item = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = resource.code;
  name.title = resource.name;
  const facts = document.createElement("small");
  const load = `${Math.round((resource.load ?? 0) * 100)} %`;
  facts.textContent =
    resource.setup_hours === undefined ? load : gettext("%(load)s · %(setup)s setup", { load, setup: hours(resource.setup_hours) });
  item.append(name, facts);
  return item;
}
