// Colours of the drawing, from the tokens of the page, so that the theme switch reaches the canvas as well.

import { pixel } from "./strips.js";

/** How much is left of the colour of what a filter fades, and of its setup and late edge. */
export const FADED = 0.22;
export const FADED_EDGE = 0.3;
const TONES = 8;
const NAMES = {
  ground: "--raised", closed: "--board-closed", grid: "--board-grid", line: "--line", ink: "--ink", muted: "--muted",
  setup: "--board-setup", setupLine: "--board-setup-line", late: "--stop", now: "--info",
  frozen: "--board-frozen", soft: "--info-soft", head: "--surface", stop: "--stop",
};

// A key that is the name of a colour is drawn in it, or planners would read the wrong thing.
const NATURAL = [
  [/^(gr[ea]y|grau|gris|sil|chrom)/i, 0], [/^(blue?|blau|azul|bleu)$/i, 1], [/^(green|grn|grün|gruen|verde|vert)/i, 2],
  [/^(red|rot|rojo|rouge)$/i, 3], [/^(black|bla?k|schwarz|negro|noir)/i, 4], [/^(white|wht|wei(ß|ss)|blanc)/i, 5],
];

export class Palette extends EventTarget {
  constructor(element) {
    super();
    this.element = element;
    this.families = new Map();
    this.read();
    const changed = () => {
      this.read();
      this.dispatchEvent(new Event("change"));
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
    new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  read() {
    const style = getComputedStyle(this.element);
    for (const [name, token] of Object.entries(NAMES)) this[name] = style.getPropertyValue(token).trim();
    this.tones = Array.from({ length: TONES }, (_, n) => {
      const fill = style.getPropertyValue(`--tone-${n}`).trim();
      return { fill, ink: style.getPropertyValue(`--tone-${n}-ink`).trim(), pixels: [pixel(fill), pixel(fill, FADED)] };
    });
    const edge = (colour) => [pixel(colour), pixel(colour, FADED_EDGE)];
    this.pixels = { setup: edge(this.setup), late: edge(this.late) };
    this.font = style.getPropertyValue("--font").trim() || "sans-serif";
    this.patterns = new Map();
  }

  /** What keys have in common shares a tone: the first word of the key. */
  family = (bar) => (bar.family ??= (bar.key || "").trim().split(/\s+/)[0]);

  /** Once a family has its tone it keeps it, so each bar asks once. */
  number = (bar) => (bar.tone ??= this.index(this.family(bar)));

  tone(bar) {
    return this.tones[this.number(bar)];
  }

  index(family) {
    if (!this.families.has(family)) this.families.set(family, NATURAL.find(([name]) => name.test(family))?.[1] ?? this.free());
    return this.families.get(family);
  }

  /** A tone nobody has; with more families than tones they share. */
  free() {
    const used = [...this.families.values()];
    const rest = [6, 7, 0, 1, 2, 5, 3, 4];
    return rest.find((tone) => !used.includes(tone)) ?? rest[used.length % TONES];
  }

  /** Diagonal strokes in a colour: what may not be moved. */
  hatching(context, colour, distance) {
    const name = `${colour} ${distance} ${devicePixelRatio}`;
    if (!this.patterns.has(name)) this.patterns.set(name, hatched(context, colour, distance));
    return this.patterns.get(name);
  }
}

function hatched(context, colour, distance) {
  const size = Math.round(distance * devicePixelRatio);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = Math.max(1.2, 1.4 * devicePixelRatio);
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / devicePixelRatio));
  return pattern;
}
