// The part of a plan the window shows, and a little to both sides; more is fetched when the window moves on.

import { ask } from "./server.js";

const GATHER_MS = 60;

export class Source extends EventTarget {
  /** `address` of the bars; `resources`: only these, none means all. */
  constructor(address, resources = []) {
    super();
    Object.assign(this, { address, resources, from: Infinity, to: -Infinity });
  }

  async open() {
    const answer = await this.fetch();
    this.keep(answer, -Infinity, Infinity);
    return answer;
  }

  /** Sees to it that this stretch is there: one question at a time, the newest wish counts. */
  need(from, to) {
    if (from >= this.from && to <= this.to) return;
    this.wish = [from, to];
    this.timer ??= setTimeout(() => this.fill(), GATHER_MS);
  }

  async fill() {
    const [from, to] = this.wish;
    const margin = to - from;
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const answer = await this.fetch(from - margin, to + margin, this.asked.signal);
      this.keep(answer, from - margin, to + margin);
      this.dispatchEvent(new CustomEvent("filled", { detail: answer }));
    } catch (error) {
      if (error.name !== "AbortError") this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    } finally {
      this.timer = undefined;
    }
  }

  /** What is on the screen is no longer true: fetch it anew. */
  again() {
    const [from, to] = this.wish ?? [this.from, this.to];
    this.from = Infinity;
    this.need(from, to);
  }

  keep(answer, from, to) {
    Object.assign(this, { from, to });
    return answer;
  }

  fetch(from, to, signal) {
    const query = new URLSearchParams();
    if (Number.isFinite(from)) query.set("from", new Date(from).toISOString());
    if (Number.isFinite(to)) query.set("to", new Date(to).toISOString());
    for (const resource of this.resources) query.append("resource", resource);
    return ask(`${this.address}?${query}`, undefined, { signal });
  }
}
