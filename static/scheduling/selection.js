// Which bars are chosen, and the one the keyboard stands on. Operations are remembered, for bars are replaced.

export class Selection extends EventTarget {
  constructor(rows) {
    super();
    this.rows = rows;
    this.chosen = new Set();
    this.at = null;
    this.anchor = null;
  }

  get bars() {
    return [...this.chosen].map((operation) => this.rows.bars.get(operation)).filter(Boolean);
  }

  get focused() {
    return this.rows.bars.get(this.at) ?? null;
  }

  only(bar) {
    this.chosen = new Set(bar ? [bar.operation] : []);
    this.stand(bar);
    this.anchor = this.at;
    this.tell();
  }

  toggle(bar) {
    if (!this.chosen.delete(bar.operation)) this.chosen.add(bar.operation);
    this.stand(bar);
    this.anchor = this.at;
    this.tell();
  }

  /** Everything of one row from where the choice began to here. */
  reach(bar) {
    const anchor = this.rows.bars.get(this.anchor) ?? bar;
    if (anchor.resource !== bar.resource) return this.only(bar);
    const [from, to] = [anchor.position, bar.position].sort((a, b) => a - b);
    const { bars } = this.rows.list[this.rows.row(bar)];
    const between = bars.filter(({ position }) => position >= from && position <= to);
    this.chosen = new Set(between.map(({ operation }) => operation));
    this.stand(bar);
    this.tell();
  }

  stand(bar) {
    this.at = bar?.operation ?? null;
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }
}
