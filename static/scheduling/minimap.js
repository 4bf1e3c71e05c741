// The whole horizon in one strip; the frame is the window and may be pulled. The strip is painted once a change.

export class Minimap {
  /** `overview`: per row a list of [start, end, family] in milliseconds. */
  constructor(canvas, { scale, palette, clock }) {
    Object.assign(this, { canvas, scale, palette, clock, strips: [], held: null });
    this.picture = document.createElement("canvas");
    scale.addEventListener("change", () => this.frame());
    palette.addEventListener("change", () => this.paint());
    new ResizeObserver(() => this.paint()).observe(canvas.parentElement);
    canvas.addEventListener("pointerdown", (event) => this.take(event));
    canvas.addEventListener("pointermove", (event) => this.held !== null && this.pull(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.held = null));
  }

  show(strips) {
    this.strips = strips;
    this.paint();
  }

  x = (ms) => ((ms - this.scale.first) / (this.scale.last - this.scale.first)) * this.width;

  paint() {
    this.width = this.canvas.parentElement.clientWidth;
    this.height = this.canvas.clientHeight;
    for (const canvas of [this.canvas, this.picture]) {
      canvas.width = Math.round(this.width * devicePixelRatio);
      canvas.height = Math.round(this.height * devicePixelRatio);
    }
    this.canvas.style.width = `${this.width}px`;
    const pen = this.picture.getContext("2d");
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.fillStyle = this.palette.ground;
    pen.fillRect(0, 0, this.width, this.height);
    const high = this.height / Math.max(this.strips.length, 1);
    this.strips.forEach((strip, n) => this.strip(pen, strip, n * high + 1, Math.max(high - 2, 1)));
    this.frame();
  }

  strip(pen, strip, y, high) {
    for (const [start, end, family] of strip) {
      pen.fillStyle = this.palette.tones[this.palette.index(family)].fill;
      pen.fillRect(this.x(start), y, Math.max(this.x(end) - this.x(start), 0.6), high);
    }
  }

  frame() {
    if (!this.width) return;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(this.picture, 0, 0);
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const left = Math.max(this.x(this.scale.from), 0);
    const right = Math.min(this.x(this.scale.to), this.width);
    pen.globalAlpha = 0.55;
    pen.fillStyle = this.palette.head;
    pen.fillRect(0, 0, left, this.height);
    pen.fillRect(right, 0, this.width - right, this.height);
    pen.globalAlpha = 1;
    pen.strokeStyle = this.palette.now;
    pen.lineWidth = 2;
    pen.strokeRect(left + 1, 1, Math.max(right - left - 2, 4), this.height - 2);
  }

  moment(event) {
    const share = (event.clientX - this.canvas.getBoundingClientRect().left) / this.width;
    return this.scale.first + share * (this.scale.last - this.scale.first);
  }

  take(event) {
    const moment = this.moment(event);
    const { from, to, span } = this.scale;
    this.held = moment > from && moment < to ? moment - from : span / 2;
    this.canvas.setPointerCapture(event.pointerId);
    this.pull(event);
  }

  pull(event) {
    this.scale.show(this.moment(event) - this.held);
  }
}
