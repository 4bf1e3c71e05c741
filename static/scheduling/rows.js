// The bars of a plan, a row a resource, each sorted by start, so that what a window shows is found by halving.

export const ACTIVE = 10;
export const SEQUENCED = 15;
export const BY_HAND = 17;
export const LOCKED = 20;
const IN_PROGRESS = 50;
const MINUTE = 60_000;

/** A bar as it came, with its times as numbers. */
export function readBar(raw) {
  const start = Date.parse(raw.start);
  const end = Date.parse(raw.end);
  return { ...raw, start, end, work: Math.min(end, start + raw.setup_hours * 60 * MINUTE) };
}

/** What never moves: locked by the plan or on the machine already. */
export const stands = (bar) => bar.status === LOCKED || bar.operation_status >= IN_PROGRESS;
export const isLocked = (bar) => bar.status >= BY_HAND || bar.operation_status >= IN_PROGRESS;

class Row {
  constructor(resource) {
    this.resource = resource;
    this.bars = [];
    this.reach = new Float64Array();
  }

  sort() {
    this.bars.sort((a, b) => a.start - b.start || a.position - b.position);
    // A long bar may pause while a short one runs: the furthest end so far is what grows steadily.
    this.reach = new Float64Array(this.bars.length);
    let furthest = -Infinity;
    this.bars.forEach((bar, n) => (this.reach[n] = furthest = Math.max(furthest, bar.end)));
    this.lanes();
  }

  /** What starts and ends together (a load of an oven) stands one under the other. */
  lanes() {
    for (let n = 0; n < this.bars.length; ) {
      let m = n + 1;
      while (m < this.bars.length && this.bars[m].start === this.bars[n].start && this.bars[m].end === this.bars[n].end) m++;
      for (let k = n; k < m; k++) Object.assign(this.bars[k], { lane: k - n, lanes: m - n });
      n = m;
    }
  }

  /** The first bar that ends after `from`, and the first that starts at or after `to`. */
  window(from, to) {
    return [halved(this.reach, (end) => end > from), halved(this.bars, (bar) => bar.start >= to)];
  }
}

/** The first place of which `holds` is true; it is false before and true from there on. */
export function halved(list, holds) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}

export class Rows {
  constructor(resources) {
    this.list = resources.map((resource) => new Row(resource));
    this.at = new Map(this.list.map((row, n) => [row.resource.id, n]));
    this.bars = new Map();
  }

  /** The working time of each resource, as a window of the plan brings it. */
  opened(resources) {
    for (const resource of resources) {
      const row = this.list[this.at.get(resource.id)];
      const calendar = resource.calendar?.map((times) => times.map((time) => Date.parse(time)));
      if (row) row.resource = { ...resource, calendar };
    }
  }

  /** Replaces everything by what a window of the plan holds. */
  fill(raw) {
    this.bars = new Map(raw.map(readBar).map((bar) => [bar.operation, bar]));
    this.arrange(this.list);
  }

  /** Puts changed bars in their new places and tells which rows are no longer as they were. */
  change(raw) {
    const touched = new Set();
    for (const bar of raw.map(readBar)) {
      const old = this.bars.get(bar.operation);
      for (const resource of [old?.resource, bar.resource]) if (this.at.has(resource)) touched.add(this.at.get(resource));
      this.bars.set(bar.operation, bar);
    }
    this.arrange([...touched].map((n) => this.list[n]));
    return touched;
  }

  arrange(rows) {
    const sorted = new Set(rows);
    for (const row of sorted) row.bars = [];
    for (const bar of this.bars.values()) {
      const row = this.list[this.at.get(bar.resource)];
      if (sorted.has(row)) row.bars.push(bar);
    }
    for (const row of sorted) row.sort();
  }

  row(bar) {
    return this.at.get(bar.resource);
  }

  /** The bars of one row that a window shows. */
  *shown(n, from, to) {
    const row = this.list[n];
    const [first, last] = row.window(from, to);
    for (let k = first; k < last; k++) if (row.bars[k].end > from) yield row.bars[k];
  }

  /** The bar beside this one in its row. */
  beside(bar, step) {
    const { bars } = this.list[this.row(bar)];
    return bars[bars.indexOf(bar) + step];
  }

  /** The bar of a row that is nearest in time. */
  nearest(n, moment) {
    const { bars } = this.list[n] ?? { bars: [] };
    const k = halved(bars, (bar) => bar.start >= moment);
    const around = [bars[k - 1], bars[k]].filter(Boolean);
    return around.sort((a, b) => Math.abs(a.start - moment) - Math.abs(b.start - moment))[0];
  }

  /** Where a bar may go in the sequence of a row: before each of the others, and behind the last. */
  places(n, moved) {
    const others = this.list[n].bars.filter((bar) => bar !== moved).sort((a, b) => a.position - b.position);
    const last = others.at(-1);
    // Taking the bar out moves what stands behind it one place forward.
    const place = (position, moment, next) => ({
      position: position - (this.row(moved) === n && moved.position < position ? 1 : 0), moment, next,
    });
    const before = others.map((bar) => place(bar.position, bar.start, bar));
    return [...before, place((last?.position ?? 0) + 1, last?.end ?? moved.start, null)];
  }

  /** The place at a moment: before the first bar whose middle lies behind it. */
  placeAt(n, moment, moved) {
    return this.places(n, moved).find(({ next }) => !next || (next.start + next.end) / 2 > moment);
  }
}
