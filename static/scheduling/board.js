// The board of one plan: drawing, minimap, table, panels and what is done to bars.

import { HOUR, plantClock } from "./clock.js";
import { Gantt } from "./gantt.js";
import { keys } from "./keys.js";
import { Minimap } from "./minimap.js";
import { MoveTo } from "./move_to.js";
import { deltaWords, Moving } from "./moving.js";
import { Palette } from "./palette.js";
import { pointer } from "./pointer.js";
import { BY_HAND, Rows, stands } from "./rows.js";
import { opening, Scale, SPANS } from "./scale.js";
import { Selection } from "./selection.js";
import { ask } from "./server.js";
import { Source } from "./source.js";
import { stateWords, Table } from "./table.js";
import { Words } from "./words.js";
import { gettext, ngettext } from "../js/words.js";

const PANEL_MS = 120;

class Board {
  constructor(page) {
    this.page = page;
    this.address = `/schedule/plans/${page.dataset.plan}/`;
    this.query = new URLSearchParams(location.search);
    this.words = new Words(page);
    this.clock = plantClock(page.dataset.zone, document.documentElement.lang);
    this.source = new Source(`${this.address}bars/`, (page.dataset.resources ?? "").split(",").filter(Boolean));
  }

  async open() {
    const start = Date.parse(this.page.dataset.start);
    const end = Math.max(Date.parse(this.page.dataset.end), start + SPANS.shift);
    this.scale = new Scale(start - HOUR / 2, end + HOUR / 2);
    this.scale.span = SPANS[this.query.get("zoom")] ?? SPANS.day;
    const from = opening(this.page.dataset, this.scale.span);
    const answer = await this.source.fetch(from - this.scale.span, from + 2 * this.scale.span);
    this.source.keep(answer, from - this.scale.span, from + 2 * this.scale.span);
    this.scale.show(from);
    this.plan = answer.plan;
    this.rows = new Rows(answer.resources);
    this.rows.opened(answer.resources);
    this.rows.fill(answer.bars);
    this.build();
    this.begin();
    this.overview();
  }

  build() {
    const { page, rows, scale, clock, plan } = this;
    this.palette = new Palette(page);
    this.gantt = new Gantt(page.querySelector(".gantt"), { rows, scale, palette: this.palette, clock, plan });
    this.gantt.filter = this.filter();
    this.selection = new Selection(rows);
    this.moving = new Moving(this.gantt, plan, {
      told: (answer, wanted) => this.done(answer, wanted),
      refused: (words, error) => this.refused(words, error),
    });
    this.moveTo = new MoveTo(page.querySelector("#move-to"), this.gantt, this.moving);
    this.minimap = new Minimap(page.querySelector("[data-minimap]"), { scale, palette: this.palette, clock });
    this.table = new Table(page.querySelector("[data-bars]"), this.gantt, this.selection, {
      move: (bar) => this.moveTo.open(bar),
      lock: (bar) => this.lock([bar]),
    });
  }

  begin() {
    const acts = {
      moveTo: () => this.selection.focused && this.openMoveTo(),
      lock: () => this.lock(this.selection.bars),
      undo: () => this.undo(),
      now: () => this.scale.show(Date.now() - this.scale.span / 4),
      help: () => this.page.querySelector("#keys").showModal(),
      nudge: (arrow) => this.nudge(arrow),
    };
    pointer(this.gantt, this.selection, this.moving);
    keys(this.gantt, this.selection, this.moving, acts);
    this.scale.addEventListener("change", () => this.source.need(this.scale.from, this.scale.to));
    this.source.addEventListener("filled", ({ detail }) => this.filled(detail));
    this.source.addEventListener("failed", ({ detail }) => this.words.refuse(detail.message));
    this.selection.addEventListener("change", () => this.chosen());
    this.page.addEventListener("click", (event) => this.click(event, acts));
    this.page.addEventListener("live:swapped", () => this.heard());
    this.gantt.over.addEventListener("dblclick", () => acts.moveTo());
    document.querySelector("[data-keys]").addEventListener("click", acts.help);
    this.page.dataset.ready = "";
  }

  openMoveTo() {
    const why = this.moving.forbidden(this.selection.focused);
    if (why) this.words.refuse(why);
    else this.moveTo.open(this.selection.focused);
  }

  /** Late only and one order are told apart by fading the others: what is around stays to be seen. */
  filter() {
    const [late, order] = [this.query.get("late"), this.query.get("order")?.toLowerCase()];
    if (!late && !order) return () => true;
    return (bar) => (!late || bar.late_minutes > 0) && (!order || bar.order.toLowerCase().includes(order));
  }

  filled(answer) {
    if (answer.plan.version < this.plan.version) return this.source.again();
    // A run or somebody else moved what is chosen as well.
    if (answer.plan.version > this.plan.version) this.panelTimer ??= setTimeout(() => this.panel(), PANEL_MS);
    Object.assign(this.plan, answer.plan);
    this.gantt.planned(this.plan);
    this.rows.opened(answer.resources);
    this.rows.fill(answer.bars);
    this.redraw();
  }

  redraw(rows = null) {
    this.gantt.hand.selected = new Set(this.selection.bars);
    this.gantt.hand.focused = this.selection.focused;
    this.gantt.redraw(rows);
  }

  async overview() {
    const { families, rows } = await ask(`${this.address}overview/`);
    for (const family of families) this.palette.index(family);
    this.minimap.show(this.rows.list.map(({ resource }) => (rows[resource.id] ?? []).map(([start, end, family]) => [start, end, families[family]])));
    this.gantt.redraw();
    this.legend(families);
  }

  legend(families) {
    const place = this.page.querySelector("[data-legend]");
    const shown = families.filter(Boolean).slice(0, this.palette.tones.length);
    place.replaceChildren(
      ...shown.map((family) => {
        const item = document.createElement("li");
        item.className = `tone-${this.palette.index(family)}`;
        item.textContent = family;
        return item;
      }),
    );
  }

  // what was chosen

  chosen() {
    this.gantt.hand.selected = new Set(this.selection.bars);
    this.gantt.hand.focused = this.selection.focused;
    this.gantt.redrawOver();
    this.say();
    this.panelTimer ??= setTimeout(() => this.panel(), PANEL_MS);
  }

  /** What the keyboard stands on, for who does not see the canvas. */
  say() {
    const bar = this.selection.focused;
    if (!bar) return this.words.whisper("");
    const resource = this.rows.list[this.rows.row(bar)].resource;
    const facts = {
      order: `${bar.order} ${bar.number}`, resource: resource.code, key: bar.key,
      start: this.clock.moment(bar.start), end: this.clock.moment(bar.end), state: stateWords(bar),
    };
    const late = bar.late_minutes ? gettext("its order is %(hours)s h late", { hours: (bar.late_minutes / 60).toFixed(1) }) : "";
    this.words.whisper([gettext("%(order)s, %(key)s, on %(resource)s from %(start)s to %(end)s, %(state)s", facts), late].filter(Boolean).join(", "));
  }

  async panel() {
    this.panelTimer = undefined;
    const chosen = [...this.selection.chosen];
    const place = this.page.querySelector("[data-chosen]");
    const query = new URLSearchParams(chosen.map((operation) => ["operation", operation]));
    if (this.placedBefore) query.set("before", this.placedBefore);
    this.placedBefore = undefined;
    try {
      const html = chosen.length ? await ask(`${this.address}chosen/?${query}`, undefined, { html: true }) : "";
      if (chosen.join() !== [...this.selection.chosen].join()) return;
      place.innerHTML = html;
      window.htmx?.process(place);
    } catch (error) {
      place.replaceChildren();
      this.words.refuse(error.message);
    }
  }

  // what is done

  done(answer, wanted) {
    this.plan.version = answer.version;
    const touched = this.rows.change(answer.bars);
    this.redraw(touched);
    const words = answer.delta ? deltaWords(answer.delta) : ngettext("%(count)s bar changed", "%(count)s bars changed", answer.bars.length);
    this.words.tell(wanted?.words?.(words) ?? words);
    if (wanted?.operation) this.selection.stand(this.rows.bars.get(wanted.operation));
    this.chosen();
    document.dispatchEvent(new Event("acted"));
    this.heard();
    this.overviewTimer ??= setTimeout(() => {
      this.overviewTimer = undefined;
      this.overview();
    }, 1_000);
  }

  refused(words, error) {
    this.words.refuse(words);
    if (error?.stale) this.source.again();
  }

  async lock(bars) {
    const free = bars.filter((bar) => !stands(bar));
    if (!free.length) return this.words.refuse(gettext("Choose a bar that is not locked by the plan."));
    const locked = free.some((bar) => bar.status !== BY_HAND);
    const words = locked
      ? ngettext("%(count)s operation is locked: runs keep its resource and order", "%(count)s operations are locked: runs keep their resource and order", free.length)
      : ngettext("%(count)s operation is let go: the next run places it", "%(count)s operations are let go: the next run places them", free.length);
    await this.post("lock", { operations: free.map(({ operation }) => operation), locked }, () => words);
  }

  undo = () => this.post("undo", {}, (words) => gettext("Taken back: %(words)s", { words }));

  async post(verb, body, words) {
    try {
      this.done(await this.moving.asked(ask(`${this.address}${verb}/`, { ...body, version: this.plan.version })), { words });
    } catch (error) {
      this.refused(error.message, error);
    }
  }

  /** One place earlier or later, or to the row above or below, in one stroke. */
  async nudge([along, across]) {
    const bar = this.selection.focused;
    if (!bar || !this.moving.lift(bar)) return;
    this.moving.step(along, across);
    await this.moving.drop();
    const moved = this.selection.focused;
    if (moved) this.gantt.reveal(moved);
  }

  /** The live part of the page knows a newer version: somebody else, or a run, changed the plan. */
  heard() {
    const version = Number(this.page.querySelector("[data-version]").dataset.version);
    if (this.moving.busy || this.moving.sending || version <= this.plan.version) return;
    this.source.again();
    this.overview();
  }

  click(event, acts) {
    const button = event.target.closest("button[data-zoom], button[data-do]");
    if (!button) return;
    if (button.dataset.zoom) this.zoom(button);
    else if (button.dataset.do === "best") this.best(button);
    else acts[button.dataset.do]?.();
  }

  zoom(button) {
    const middle = this.scale.from + this.scale.span / 2;
    const span = SPANS[button.dataset.zoom];
    this.scale.show(middle - span / 2, span);
    for (const one of this.page.querySelectorAll("button[data-zoom]")) one.setAttribute("aria-pressed", String(one === button));
    this.query.set("zoom", button.dataset.zoom);
    history.replaceState(null, "", `?${this.query}`);
  }

  /** The best order of what is chosen, as the panel found it. */
  async best(button) {
    button.disabled = true;
    this.placedBefore = button.dataset.before;
    await this.post("arrange", { operations: button.dataset.operations.split(",").map(Number) });
    button.disabled = false;
  }
}

const page = document.querySelector("[data-schedule]");
if (page) {
  const board = new Board(page);
  window.board = board;
  board.open().catch((error) => board.words.refuse(error.message));
}
