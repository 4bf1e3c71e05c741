// Strokes on the canvas. Below are the bars, drawn anew only where something changed; above what follows the hand.

import { DAY } from "./clock.js";
import { FADED, FADED_EDGE } from "./palette.js";
import { halved, isLocked, stands } from "./rows.js";

export const HEAD = 30;
const GAP = 1;
const READABLE = 26;
const ROUND = 14;
const FRAMED = 10;
const SETUP_HIGH = 0.72;
const [WORK, SETUP, LATE] = [0, 1, 2];

/** `view`: rows, scale, palette, clock, height of a row, scroll offset, size, frozen and horizon of the plan. */
export function drawBase(pen, view, only = null) {
  const { palette, width, height } = view;
  const rows = only ? [...only].filter((n) => inSight(view, n)) : inSightAll(view);
  pen.save();
  pen.beginPath();
  pen.rect(0, HEAD, width, height - HEAD);
  pen.clip();
  if (only) clipRows(pen, view, rows);
  pen.fillStyle = palette.ground;
  pen.fillRect(0, HEAD, width, height - HEAD);
  for (const n of rows) drawClosed(pen, view, n);
  drawGrid(pen, view);
  const parts = gathered(view, rows);
  drawWork(pen, view, rows, parts);
  drawThin(pen, view, rows, SETUP);
  drawSetups(pen, view, parts.setups);
  drawThin(pen, view, rows, LATE);
  drawLate(pen, view, parts.late);
  for (const n of rows) drawPauses(pen, view, n);
  drawNumbers(pen, view, parts.wide);
  drawFrozen(pen, view);
  pen.restore();
  if (!only) drawHead(pen, view);
}

const top = (view, n) => HEAD + n * view.rowHeight - view.scroll;
const inSight = (view, n) => top(view, n) < view.height && top(view, n) + view.rowHeight > HEAD;

function inSightAll(view) {
  const first = Math.floor(view.scroll / view.rowHeight);
  const last = Math.ceil((view.scroll + view.height - HEAD) / view.rowHeight);
  return view.rows.list.map((_, n) => n).slice(first, last);
}

function clipRows(pen, view, rows) {
  pen.beginPath();
  for (const n of rows) pen.rect(0, top(view, n), view.width, view.rowHeight);
  pen.clip();
}

const padOf = (view) => Math.round(view.rowHeight * 0.14);

/** Where a bar stands: left, top, width and height of its box, setup included. */
export function boxOf(view, bar, n = view.rows.row(bar)) {
  const pad = padOf(view);
  const high = (view.rowHeight - 2 * pad) / bar.lanes;
  const left = view.scale.x(bar.start);
  return { x: left, y: Math.round(top(view, n) + pad + bar.lane * high), w: view.scale.x(bar.end) - left, h: Math.round(high) - (bar.lanes > 1 ? 1 : 0) };
}

/** The stretches of a row in which nobody works, as left edge and width. */
function* closedBoxes({ rows, scale }, n) {
  const { calendar } = rows.list[n].resource;
  if (!calendar) return;
  let from = scale.from;
  for (let k = halved(calendar, ([, close]) => close > scale.from); k < calendar.length && calendar[k][0] < scale.to; k++) {
    const [open, close] = calendar[k];
    if (open > from) yield [scale.x(from), scale.x(open) - scale.x(from)];
    from = close;
  }
  if (from < scale.to) yield [scale.x(from), scale.x(scale.to) - scale.x(from)];
}

function drawClosed(pen, view, n) {
  pen.fillStyle = view.palette.closed;
  for (const [x, w] of closedBoxes(view, n)) pen.fillRect(x, top(view, n), w, view.rowHeight);
}

/** A bar that goes on after a pause is pale in it: nobody works there. */
function drawPauses(pen, view, n) {
  pen.globalAlpha = 0.6;
  pen.fillStyle = view.palette.ground;
  for (const [x, w] of closedBoxes(view, n)) pen.fillRect(x, top(view, n) + 1, w, view.rowHeight - 3);
  pen.globalAlpha = 1;
  pen.fillStyle = view.palette.closed;
  for (const [x, w] of closedBoxes(view, n)) pen.fillRect(x, top(view, n) + 1, w, view.rowHeight - 3);
}

function drawGrid(pen, view) {
  const { scale, palette, clock, width, height, rows } = view;
  pen.fillStyle = palette.grid;
  for (const { moment } of clock.marks(scale.from, scale.to, scale.step())) {
    pen.fillRect(Math.round(scale.x(moment)), HEAD, 1, height - HEAD);
  }
  pen.fillStyle = palette.line;
  rows.list.forEach((_, n) => pen.fillRect(0, top(view, n) + view.rowHeight - 1, width, 1));
}

/** The bars of these rows in whole pixels, sorted by how they are painted. Thin ones are in the strips then. */
function gathered(view, rows) {
  const { scale, palette, width, strips } = view;
  const parts = { tones: palette.tones.map(() => []), faded: [], setups: [], late: [], locked: [], wide: [] };
  strips.begin(width, 3 * rows.length);
  rows.forEach((n, at) => {
    for (const bar of view.rows.shown(n, scale.from, scale.to)) {
      const x = scale.x(bar.start);
      const end = scale.x(bar.end);
      const left = Math.round(Math.max(bar.work > bar.start ? scale.x(bar.work) : x, -ROUND));
      const right = Math.round(Math.min(end, width + ROUND));
      const w = Math.max(right - left - GAP, 1);
      const dim = view.dimmed(bar) ? 1 : 0;
      const thin = w < ROUND && bar.lanes === 1;
      if (thin) strips.paint(lineOf(at, WORK), left, w, palette.tone(bar).pixels[dim], dim);
      if (bar.work > bar.start) {
        const begin = Math.round(x);
        const wide = Math.max(left - begin - GAP, 1);
        if (thin && wide <= FRAMED) strips.paint(lineOf(at, SETUP), begin, wide, palette.pixels.setup[dim], dim);
        else parts.setups.push([begin, wide, boxOf(view, bar, n), dim]);
      }
      if (bar.late_minutes > 0) {
        const wide = Math.round(Math.min(5, Math.max(1, (end - x) / 3)));
        const begin = Math.round(end) - wide - GAP;
        if (thin) strips.paint(lineOf(at, LATE), begin, wide, palette.pixels.late[dim], dim);
        else parts.late.push([begin, wide, boxOf(view, bar, n), dim]);
      }
      const locked = w > 3 && isLocked(bar);
      if (thin && !locked) continue;
      const { y, h } = boxOf(view, bar, n);
      const box = [left, y, w, h, bar];
      if (!thin) (dim ? parts.faded : parts.tones[palette.number(bar)]).push(box);
      if (locked) parts.locked.push(box);
      if (w >= READABLE) parts.wide.push(box);
    }
  });
  strips.end();
  return parts;
}

const lineOf = (at, layer) => 3 * at + layer;

/** One layer of the thin bars of these rows; each strip is as high as a bar that has its row to itself. */
function drawThin(pen, view, rows, layer) {
  pen.imageSmoothingEnabled = false;
  const pad = padOf(view);
  const h = Math.round(view.rowHeight - 2 * pad);
  rows.forEach((n, at) => {
    const y = Math.round(top(view, n) + pad);
    const [begin, high] = layer === SETUP ? setupOf(y, h) : [y, h];
    view.strips.draw(pen, lineOf(at, layer), begin, high);
  });
}

function drawWork(pen, view, rows, { tones, faded, locked }) {
  const { palette } = view;
  tones.forEach((boxes, n) => {
    pen.fillStyle = palette.tones[n].fill;
    for (const [x, y, w, h] of boxes) fillBox(pen, x, y, w, h);
  });
  pen.globalAlpha = FADED;
  for (const [x, y, w, h, bar] of faded) {
    pen.fillStyle = palette.tone(bar).fill;
    fillBox(pen, x, y, w, h);
  }
  pen.globalAlpha = 1;
  drawThin(pen, view, rows, WORK);
  for (const [x, y, w, h, bar] of locked) {
    pen.globalAlpha = view.dimmed(bar) ? 0.15 : 0.4;
    pen.fillStyle = palette.hatching(pen, palette.tone(bar).ink, stands(bar) ? 6 : 10);
    fillBox(pen, x, y, w, h);
  }
  pen.globalAlpha = 1;
}

function fillBox(pen, x, y, w, h) {
  if (w < ROUND) return pen.fillRect(x, y, w, h);
  pen.beginPath();
  pen.roundRect(x, y, w, h, 3);
  pen.fill();
}

/** Where the setup of a bar that stands so begins, and how high it is. */
function setupOf(y, h) {
  const high = Math.round(h * SETUP_HIGH);
  return [Math.round(y + (h - high) / 2), high];
}

function drawSetups(pen, view, boxes) {
  pen.fillStyle = view.palette.setup;
  pen.strokeStyle = view.palette.setupLine;
  for (const [x, w, { y, h }, dim] of boxes) {
    const [begin, high] = setupOf(y, h);
    pen.globalAlpha = dim ? FADED_EDGE : 1;
    pen.fillRect(x, begin, w, high);
    if (w > FRAMED) pen.strokeRect(x + 0.5, begin + 0.5, w - 1, high - 1);
  }
  pen.globalAlpha = 1;
}

function drawLate(pen, view, boxes) {
  pen.fillStyle = view.palette.late;
  for (const [x, w, { y, h }, dim] of boxes) {
    pen.globalAlpha = dim ? FADED_EDGE : 1;
    pen.fillRect(x, y, w, h);
  }
  pen.globalAlpha = 1;
}

function drawNumbers(pen, view, boxes) {
  const { palette, rowHeight, width } = view;
  pen.font = `500 ${rowHeight > 40 ? 13 : 12}px ${palette.font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  for (const [x, y, w, h, bar] of boxes) {
    const left = Math.max(x, 0) + 6;
    const room = Math.min(x + w, width) - left - (bar.late_minutes ? 8 : 4);
    const label = room >= READABLE && h >= 12 ? view.label(bar, room) : "";
    if (!label) continue;
    pen.globalAlpha = view.dimmed(bar) ? 0.4 : 1;
    pen.fillStyle = palette.tone(bar).ink;
    if (isLocked(bar) || !worked(view, bar, left)) backed(pen, view, bar, label, left, y + h / 2);
    pen.fillText(label, left, y + h / 2 + 0.5);
  }
  pen.globalAlpha = 1;
}

/** Whether somebody works where a number begins; in a pause the bar is pale. */
function worked({ rows, scale }, bar, x) {
  const { calendar } = rows.list[rows.row(bar)].resource;
  if (!calendar) return true;
  const moment = scale.time(x);
  const next = calendar[halved(calendar, ([, close]) => close > moment)];
  return next !== undefined && next[0] <= moment && scale.x(next[1]) > x + READABLE;
}

/** Digits on hatching or in a pause are hard to read: they get their own ground. */
function backed(pen, view, bar, label, x, y) {
  pen.fillStyle = view.palette.tone(bar).fill;
  pen.fillRect(x - 3, y - 8, view.measure(pen, label) + 6, 16);
  pen.fillStyle = view.palette.tone(bar).ink;
}

function drawFrozen(pen, view) {
  const { scale, palette, frozen, start, height } = view;
  if (!(frozen > start) || frozen < scale.from) return;
  const left = Math.max(scale.x(start), 0);
  const right = scale.x(frozen);
  pen.fillStyle = palette.hatching(pen, palette.frozen, 9);
  pen.fillRect(left, HEAD, right - left, height - HEAD);
  pen.fillStyle = palette.muted;
  pen.fillRect(Math.round(right) - 1, HEAD, 1, height - HEAD);
}

function drawHead(pen, view) {
  const { scale, palette, clock, width } = view;
  pen.fillStyle = palette.head;
  pen.fillRect(0, 0, width, HEAD);
  pen.fillStyle = palette.line;
  pen.fillRect(0, HEAD - 1, width, 1);
  pen.font = `13px ${palette.font}`;
  pen.textBaseline = "middle";
  const step = scale.step();
  const begin = clock.marks(scale.from, scale.to, DAY).next().value;
  let free = step < DAY && (!begin || scale.x(begin.moment) > 130) ? drawFirstDay(pen, view) : -1;
  for (const { moment, midnight } of clock.marks(scale.from, scale.to, step)) {
    const x = scale.x(moment);
    if (x < free) continue;
    const words = midnight ? clock.day(moment) : clock.clock(moment);
    pen.fillStyle = midnight ? palette.ink : palette.muted;
    pen.fillText(words, x + 4, HEAD / 2);
    free = x + pen.measureText(words).width + 12;
  }
}

/** The day one looks at is told even where its midnight lies to the left of the window; gives where it ends. */
function drawFirstDay(pen, { scale, palette, clock }) {
  const words = clock.day(scale.from);
  pen.fillStyle = palette.ink;
  pen.fillText(words, 4, HEAD / 2);
  return pen.measureText(words).width + 12;
}

/** What follows the hand: now line, bar under the pointer, selection, the bar that is being moved. */
export function drawOver(pen, view, { selected, focused, hovered, ghost, now }) {
  const { scale, palette, width, height } = view;
  pen.clearRect(0, 0, width, height);
  pen.save();
  pen.beginPath();
  pen.rect(0, HEAD, width, height - HEAD);
  pen.clip();
  for (const bar of selected) if (!ghost || bar !== ghost.bar) frame(pen, view, bar, palette.now, bar === focused ? 3 : 2);
  if (focused && !selected.has(focused)) frame(pen, view, focused, palette.now, 3);
  if (hovered && !selected.has(hovered)) frame(pen, view, hovered, palette.muted, 1.5);
  if (ghost) drawGhost(pen, view, ghost);
  pen.restore();
  if (now > scale.from && now < scale.to) {
    pen.fillStyle = palette.now;
    pen.fillRect(Math.round(scale.x(now)) - 1, HEAD - 6, 2, height - HEAD + 6);
  }
}

function frame(pen, view, bar, colour, thick) {
  const n = view.rows.row(bar);
  if (n === undefined) return;
  const { x, y, w, h } = boxOf(view, bar, n);
  pen.strokeStyle = colour;
  pen.lineWidth = thick;
  pen.beginPath();
  pen.roundRect(x - 1, y - 2, Math.max(w, 4) + 1, h + 4, 4);
  pen.stroke();
  pen.lineWidth = 1;
}

function drawGhost(pen, view, { bar, row, moment, x, words, refused }) {
  const { palette, scale, rowHeight } = view;
  const own = boxOf(view, bar);
  pen.globalAlpha = 0.65;
  pen.fillStyle = palette.ground;
  pen.fillRect(own.x, own.y, own.w, own.h);
  pen.globalAlpha = 1;
  const y = top(view, row) + rowHeight * 0.14;
  const h = rowHeight * 0.72;
  const line = Math.round(scale.x(moment));
  pen.fillStyle = refused ? palette.stop : palette.now;
  pen.fillRect(line - 2, top(view, row) + 2, 4, rowHeight - 4);
  pen.globalAlpha = 0.8;
  pen.fillStyle = palette.tone(bar).fill;
  fillBox(pen, x, y, Math.max(own.w, 6), h);
  pen.globalAlpha = 1;
  pen.strokeStyle = refused ? palette.stop : palette.now;
  pen.lineWidth = 2;
  pen.strokeRect(x, y, Math.max(own.w, 6), h);
  pen.lineWidth = 1;
  if (words) drawWords(pen, view, words, x, y > HEAD + 40 ? y - 26 : y + h + 4, refused);
}

function drawWords(pen, view, words, x, y, refused) {
  const { palette, width } = view;
  pen.font = `700 13px ${palette.font}`;
  pen.textBaseline = "middle";
  const wide = pen.measureText(words).width + 16;
  const left = Math.max(2, Math.min(x, width - wide - 2));
  pen.fillStyle = palette.ground;
  pen.strokeStyle = refused ? palette.stop : palette.now;
  pen.beginPath();
  pen.roundRect(left, y, wide, 22, 4);
  pen.fill();
  pen.stroke();
  pen.fillStyle = refused ? palette.stop : palette.ink;
  pen.fillText(words, left + 8, y + 11.5);
}

/** What lies under a point: the row, and the bar if there is one. */
export function hit(view, x, y) {
  const n = Math.floor((y - HEAD + view.scroll) / view.rowHeight);
  if (y < HEAD || n < 0 || n >= view.rows.list.length) return { row: -1, bar: null };
  const slack = 3;
  const found = [...view.rows.shown(n, view.scale.time(x - slack), view.scale.time(x + slack))];
  // In front is what began last; a bar too thin for a finger is met within three pixels.
  const inside = found.filter((bar) => {
    const box = boxOf(view, bar, n);
    return y >= box.y && y <= box.y + box.h && x >= box.x - slack && x <= box.x + box.w + slack;
  });
  return { row: n, bar: inside.at(-1) ?? null };
}
