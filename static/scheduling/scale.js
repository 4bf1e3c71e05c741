// Time and pixels. Several drawings may share one scale: whoever moves it moves them all.

import { DAY, HOUR } from "./clock.js";

export const SPANS = { shift: 8 * HOUR, day: DAY, week: 7 * DAY };
const CLOSEST = HOUR / 2;
const STEPS = [HOUR / 4, HOUR / 2, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY];
const MARK_PIXELS = 76;

/** Where a board opens: at the beginning of its plan, or at the first bar where that window would be all but empty. */
export function opening({ start, first }, span) {
  const [begin, bar] = [Date.parse(start), Date.parse(first)];
  return (bar > begin + span / 2 ? bar : begin) - span * 0.02;
}

export class Scale extends EventTarget {
  /** `first` and `last` bound the horizon, in milliseconds like every time here. */
  constructor(first, last) {
    super();
    Object.assign(this, { first, last, from: first, span: SPANS.day, width: 1 });
  }

  get to() {
    return this.from + this.span;
  }

  x = (ms) => ((ms - this.from) / this.span) * this.width;
  time = (x) => this.from + (x / this.width) * this.span;

  resize(width) {
    if (width > 0) this.width = width;
    this.tell();
  }

  show(from, span = this.span) {
    const most = Math.max(this.last - this.first, SPANS.shift) * 1.02;
    this.span = Math.min(Math.max(span, CLOSEST), most);
    this.from = Math.max(this.first - this.span * 0.02, Math.min(from, this.last + this.span * 0.02 - this.span));
    if (this.span >= this.last - this.first) this.from = this.first - this.span * 0.01;
    this.tell();
  }

  pan(pixels) {
    this.show(this.from + (pixels / this.width) * this.span);
  }

  zoom(factor, x = this.width / 2) {
    const held = this.time(x);
    const span = this.span * factor;
    this.show(held - (x / this.width) * span, span);
  }

  /** Brings a stretch of time into sight and moves no further than it must. */
  reveal(start, end) {
    const margin = this.span * 0.05;
    if (start < this.from + margin) this.show(start - margin);
    else if (end > this.to - margin) this.show(Math.min(start - margin, end + margin - this.span));
  }

  /** How far apart marks stand so that their words do not touch. */
  step() {
    return STEPS.find((step) => (step / this.span) * this.width >= MARK_PIXELS) ?? STEPS.at(-1);
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }
}
