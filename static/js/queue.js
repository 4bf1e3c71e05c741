// Scans are judged one after another, in the order they were made, each exactly once.
//
// A scan gets its nonce when it is made; whatever happens to the network it is posted with the same nonce until the
// server has answered, and the server judges a nonce once. Scans that wait survive a reload of the page.

import { gettext } from "./words.js";

const SLOW_MS = 500;
const LOST_MS = 3_000;
const PATIENCE_MS = 8_000;
const LONGEST_PAUSE_MS = 5_000;
const FAULTS_MOST = 8;
const SECRET = /^%P:/i; // a PIN is never written down

/**
 * `hooks`: checking() after 500 ms, offline() after 3 s or a lost connection, answered(scan, answer),
 * turnedAway() when the server no longer knows this browser: resolves when posting makes sense again.
 */
export function openQueue({ url, name, token, now, asked, hooks }) {
  const key = `scan ${name} `;
  const waiting = restore(key);
  let running = false;

  function add(raw) {
    // What the screen asked for counts only for a scan made in sight of it, not for one made ahead.
    const shown = waiting.length ? "" : asked();
    const scan = { raw, nonce: uuid(), at: now(), order: Date.now(), shown };
    waiting.push(scan);
    if (!SECRET.test(raw)) keep(key + scan.nonce, scan);
    void run();
  }

  async function run() {
    if (running) return;
    running = true;
    while (waiting.length) {
      const scan = waiting[0];
      const answer = await judge(scan);
      if (scan.gone) continue;
      waiting.shift();
      localStorage.removeItem(key + scan.nonce);
      hooks.answered(scan, answer);
    }
    running = false;
  }

  async function judge(scan) {
    const slow = setTimeout(hooks.checking, SLOW_MS);
    const lost = setTimeout(hooks.offline, LOST_MS);
    try {
      return await ask(scan);
    } finally {
      clearTimeout(slow);
      clearTimeout(lost);
    }
  }

  async function ask(scan) {
    let faults = 0;
    for (let tries = 1; ; tries += 1) {
      const response = await post(scan);
      if (scan.gone) return null;
      if (response?.ok) return response.json();
      if (response === null) hooks.offline();
      else if (response.status === 401 || response.status === 403) await hooks.turnedAway();
      else if (response.status < 500) return { refused: await sentence(response) };
      else if ((faults += 1) >= FAULTS_MOST) return { refused: gettext("The server could not judge this scan. Scan again.") };
      await pause(Math.min(LONGEST_PAUSE_MS, 400 * tries));
    }
  }

  async function post(scan) {
    try {
      return await fetch(url, {
        method: "POST",
        headers: { Accept: "application/json", "HX-Request": "true", "X-CSRFToken": token() },
        body: new URLSearchParams({ raw: scan.raw, nonce: scan.nonce, scanned_at: scan.at, shown: scan.shown ?? "" }),
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      return null; // no answer: the same nonce is posted again
    }
  }

  /** Gives up what waits: from now on another keeps it. `forget` when it does. */
  function surrender() {
    return waiting.splice(0).map((scan) => Object.assign(scan, { gone: true }));
  }

  const forget = (scan) => localStorage.removeItem(key + scan.nonce);
  return { add, surrender, forget, resume: run, waiting: () => waiting.length };
}

function restore(key) {
  return Object.keys(localStorage)
    .filter((name) => name.startsWith(key))
    .map((name) => JSON.parse(localStorage.getItem(name)))
    .sort((one, other) => one.order - other.order);
}

/** A full store costs the reload's safety, never the scan itself. */
function keep(name, scan) {
  try {
    localStorage.setItem(name, JSON.stringify(scan));
  } catch (error) {
    console.warn("scan kept in memory only", error);
  }
}

async function sentence(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.querySelector("[data-refused] strong")?.textContent.trim() || gettext("The server said no (%(status)s).", { status: response.status });
}

/** Like crypto.randomUUID, which a plant's plain HTTP address does not have. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
