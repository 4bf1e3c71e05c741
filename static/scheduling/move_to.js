// "Move to": the way of the keyboard and of the table to a far place. Resource and successor are chosen from lists.

import { ask } from "./server.js";
import { deltaWords } from "./moving.js";
import { gettext } from "../js/words.js";

export class MoveTo {
  constructor(dialog, gantt, moving) {
    Object.assign(this, { dialog, gantt, moving });
    this.form = dialog.querySelector("form");
    [this.resource, this.place] = dialog.querySelectorAll("select");
    this.told = dialog.querySelector("[data-delta]");
    this.resource.addEventListener("change", () => this.places());
    this.place.addEventListener("change", () => this.weigh());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  open(bar) {
    this.bar = bar;
    const { rows } = this.gantt;
    this.dialog.querySelector("[data-name]").textContent = `${bar.order} · ${bar.number}`;
    this.resource.replaceChildren(...rows.list.map(({ resource }) => new Option(resource.code, resource.id)));
    this.resource.value = bar.resource;
    this.places();
    this.dialog.showModal();
  }

  get row() {
    return this.resource.selectedIndex;
  }

  places() {
    const { rows, clock } = this.gantt;
    const own = rows.row(this.bar) === this.row;
    this.choices = rows.places(this.row, this.bar);
    const words = ({ next }) =>
      next ? gettext("before %(order)s, %(start)s", { order: `${next.order} · ${next.number}`, start: clock.moment(next.start) }) : gettext("behind the last");
    this.place.replaceChildren(...this.choices.map((choice, n) => new Option(words(choice), n)));
    const here = own ? this.choices.findIndex(({ position }) => position === this.bar.position) : -1;
    this.place.selectedIndex = here >= 0 ? here : this.choices.indexOf(rows.placeAt(this.row, this.bar.start, this.bar));
    this.weigh();
  }

  target() {
    const { resource } = this.gantt.rows.list[this.row];
    const { position } = this.choices[this.place.selectedIndex];
    return { operation: this.bar.operation, resource: resource.id, position, version: this.moving.plan.version };
  }

  async weigh() {
    const asked = JSON.stringify(this.target());
    this.told.className = "help";
    this.told.textContent = "…";
    const show = (words, style) => {
      if (JSON.stringify(this.target()) !== asked) return;
      this.told.textContent = words;
      this.told.className = style;
    };
    try {
      show(deltaWords((await ask(this.moving.address("preview"), JSON.parse(asked))).delta), "help");
    } catch (error) {
      show(`✕ ${error.message}`, "field-error");
    }
  }

  /** A refusal is told on the board, which then shows where the bar still stands. */
  async send() {
    await this.moving.send(this.target());
    this.dialog.close();
  }
}
