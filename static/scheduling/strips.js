// Bars too narrow for rounded corners. Each row has one line of pixels a layer, painted column by column and stretched
// to the height of its bars: a redraw costs the columns and rows of the window, however many bars stand in them.

export class Strips {
  constructor() {
    this.canvas = new OffscreenCanvas(1, 1);
    this.pen = this.canvas.getContext("2d");
    this.fit(1, 1);
  }

  /** So many empty lines of this width, from 0 on. */
  begin(width, lines) {
    if (width !== this.width || lines > this.used.length) this.fit(width, lines);
    this.pixels.fill(0, 0, width * lines);
    this.used.fill(0);
  }

  fit(width, lines) {
    this.width = width;
    this.used = new Uint8Array(lines);
    Object.assign(this.canvas, { width, height: lines });
    this.image = new ImageData(width, lines);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** Columns of a line in a colour of `pixel`. It covers what is there, but what is `faded` covers nothing. */
  paint(line, left, wide, pixel, faded) {
    const { pixels, width } = this;
    const end = line * width + Math.min(left + wide, width);
    for (let at = line * width + Math.max(left, 0); at < end; at++) if (!faded || !pixels[at]) pixels[at] = pixel;
    this.used[line] = 1;
  }

  /** Before the first line is drawn. */
  end() {
    if (this.used.includes(1)) this.pen.putImageData(this.image, 0, 0);
  }

  draw(pen, line, y, high) {
    if (this.used[line]) pen.drawImage(this.canvas, 0, line, this.width, 1, 0, y, this.width, high);
  }
}

const drop = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

/** A colour of the style sheet as one number of an image, with this much of its opacity. */
export function pixel(colour, opacity = 1) {
  drop.clearRect(0, 0, 1, 1);
  drop.fillStyle = colour;
  drop.fillRect(0, 0, 1, 1);
  const { data } = drop.getImageData(0, 0, 1, 1);
  data[3] = Math.round(data[3] * opacity);
  return new Uint32Array(data.buffer)[0];
}
