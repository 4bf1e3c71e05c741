// A bar on its way: lifted by pointer or keyboard, told what it would change, put down or put back.

import { signed } from "./clock.js";
import { ask } from "./server.js";
import { stands } from "./rows.js";
import { gettext } from "../js/words.js";

const PREVIEW_MS = 90;

export class Moving {
  /** `plan` carries id, status, version; `told` hears what was done, `refused` why not. */
  constructor(gantt, plan, { told, refused }) {
    Object.assign(this, { gantt, plan, told, refused, ghost: null, sending: false });
  }

  get busy() {
    return this.ghost !== null;
  }

  /** Why this bar may not be lifted, or nothing. */
  forbidden(bar) {
    if (this.plan.status !== "DRAFT") return gettext("This plan is published. Change a draft of it.");
    if (stands(bar)) return gettext("%(order)s is locked or in progress and stays where it is.", { order: bar.order });
    if (bar.start < this.gantt.frozen) return gettext("%(order)s starts in the frozen time and stays where it is.", { order: bar.order });
    return "";
  }

  lift(bar) {
    const why = this.forbidden(bar);
    if (why) {
      this.refused(why);
      return false;
    }
    const row = this.gantt.rows.row(bar);
    const places = this.gantt.rows.places(row, bar);
    const place = places.find(({ position }) => position === bar.position) ?? places.at(-1);
    this.ghost = { bar, row, ...place, moment: bar.start, x: this.gantt.boxOf(bar).x, words: "", refused: false };
    this.show();
    return true;
  }

  /** The pointer is over this row and moment; `x` is where the left edge of the bar hangs. */
  over(row, moment, x) {
    if (row < 0) return;
    this.to(row, this.gantt.rows.placeAt(row, moment, this.ghost.bar), x);
  }

  /** One place earlier or later, or into the row above or below at the same time. */
  step(along, across) {
    const { bar, row, position, moment } = this.ghost;
    const { rows, scale } = this.gantt;
    const next = Math.min(Math.max(row + across, 0), rows.list.length - 1);
    const places = rows.places(next, bar);
    const at = across ? places.indexOf(rows.placeAt(next, moment, bar)) : places.findIndex((one) => one.position === position);
    const place = places[Math.min(Math.max(at + along, 0), places.length - 1)];
    scale.reveal(place.moment, place.moment + bar.end - bar.start);
    this.to(next, place, scale.x(place.moment));
  }

  to(row, place, x) {
    const same = row === this.ghost.row && place.position === this.ghost.position;
    Object.assign(this.ghost, { row, ...place, x });
    this.show();
    if (!same) this.weigh();
  }

  /** Asks what the place would change; while one question is under way the newest place waits for its turn. */
  weigh() {
    Object.assign(this.ghost, { words: "…", refused: false });
    this.timer ??= setTimeout(() => this.preview(), PREVIEW_MS);
  }

  async preview() {
    const { ghost } = this;
    const asked = ghost && this.target();
    if (ghost) {
      try {
        const { delta } = await ask(this.address("preview"), asked);
        this.answer(ghost, asked, deltaWords(delta), false);
      } catch (error) {
        this.answer(ghost, asked, error.message, true);
      }
    }
    this.timer = undefined;
    if (this.ghost?.words === "…") this.weigh();
  }

  answer(ghost, asked, words, refused) {
    if (this.ghost !== ghost || ghost.position !== asked.position || this.target().resource !== asked.resource) return;
    Object.assign(ghost, { words, refused });
    this.show();
  }

  target() {
    const { bar, row, position } = this.ghost;
    const { resource } = this.gantt.rows.list[row];
    return { operation: bar.operation, resource: resource.id, position, version: this.plan.version };
  }

  get unmoved() {
    const { bar, row, position } = this.ghost;
    return row === this.gantt.rows.row(bar) && position === bar.position;
  }

  async drop() {
    if (this.unmoved) return this.cancel();
    const wanted = this.target();
    clearTimeout(this.timer);
    this.timer = undefined;
    Object.assign(this.ghost, { words: gettext("moving …"), refused: false });
    this.show();
    await this.send(wanted);
    this.cancel();
  }

  /** The one way a bar is moved, whoever asks: pointer, keys, dialog. */
  async send(wanted) {
    try {
      const answer = await this.asked(ask(this.address("move"), wanted));
      this.told(answer, wanted);
      return true;
    } catch (error) {
      this.refused(error.message, error);
      return false;
    }
  }

  /** While an answer is under way, a newer version that the page hears of is most likely this very change. */
  async asked(question) {
    this.sending = true;
    try {
      return await question;
    } finally {
      this.sending = false;
    }
  }

  cancel() {
    this.ghost = null;
    this.show();
  }

  show() {
    this.gantt.hand.ghost = this.ghost;
    this.gantt.redrawOver();
  }

  address = (verb) => `/schedule/plans/${this.plan.id}/${verb}/`;
}

/** What a move changes, in words. */
export function deltaWords(delta) {
  return gettext("setup %(setup)s h · late orders %(late)s · tardiness %(tardy)s h", {
    setup: signed(delta.setup_hours, 1), late: signed(delta.late_orders), tardy: signed(delta.tardiness_hours, 1),
  });
}
