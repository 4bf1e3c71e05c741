// What the board says: a line that stays until the next act, and a quiet one for screen readers.

const STAY_MS = 8_000;

export class Words {
  constructor(page) {
    this.line = page.querySelector("[data-told]");
    this.quiet = page.querySelector("[data-whisper]");
  }

  tell = (text) => this.show(text, "success");
  refuse = (text) => this.show(text, "error");

  show(text, kind) {
    this.line.className = `toast board-told ${kind}`;
    this.line.textContent = (kind === "error" ? "✕ " : "✓ ") + text;
    this.line.hidden = false;
    clearTimeout(this.timer);
    // A refusal stays until the next act: whoever looks up late still reads why.
    if (kind === "success") this.timer = setTimeout(() => (this.line.hidden = true), STAY_MS);
  }

  whisper(text) {
    this.quiet.textContent = text;
  }
}
