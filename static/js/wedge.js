// A scanner is a keyboard that types very fast. This module hears every key of the page and tells scans from hands.
//
// A scan ends with its suffix key (Enter or Tab) or with silence, is long enough, and is faster than any hand types,
// or begins with the prefix the scanner was set to. Nothing needs the focus and no scan ever presses a button.
// Half a label must never be judged: a scanner that has once sent a suffix always does, so from then on silence ends
// nothing well, and a stutter inside a label is bridged.

const AIM_ID = /^\][A-Za-z][0-9A-Za-z]/;
// Scanners send control characters as Ctrl combinations: GS is Ctrl+], RS Ctrl+^, EOT Ctrl+D, STX Ctrl+B.
const CONTROL = /^[A-Za-z[\\\]^_]$/;
// A second suffix, or one that comes late, belongs to the scan before it and not to a focused button.
const AFTER_MS = 500;
const STUTTER_MS = 150;
const TRAY_GAP_MS = 4;

/** Reads the wedge's settings from an element's data attributes. */
export function settingsOf(element) {
  const data = element.dataset;
  return {
    prefix: unescape(data.wedgePrefix || ""),
    suffix: (data.wedgeSuffix || "Enter Tab").split(" "),
    silence: Number(data.wedgeSilence || 60),
    gap: Number(data.wedgeGap || 35),
    shortest: Number(data.wedgeShortest || 4),
  };
}

/** Listens on the whole page. `scanned(text)` for a scan, `strayed(why)` for keys that were none: typed or half. */
export function listen(settings, { scanned, strayed }) {
  let burst = "";
  let first = 0;
  let last = 0;
  let ended = -AFTER_MS;
  let timer = 0;
  let suffixed = false;

  document.addEventListener("keydown", heard, { capture: true });

  function heard(event) {
    if (event.isComposing || isField(event.target)) return;
    const now = event.timeStamp;
    // The silence is measured between keys: a busy page may run its timers late.
    if (burst && now - last > patience()) end(!suffixed);
    if (settings.suffix.includes(event.key)) return suffix(event, now);
    const character = characterOf(event, burst, settings.prefix);
    if (!character) return;
    if (!burst) first = now;
    else swallow(event);
    if (character < " ") swallow(event);
    burst += character;
    last = now;
    clearTimeout(timer);
    timer = setTimeout(silence, patience());
  }

  const stutter = Math.max(STUTTER_MS, settings.silence);
  const patience = () => (suffixed || burst.length < settings.shortest ? stutter : settings.silence);

  function suffix(event, now) {
    if (!burst && now - ended > AFTER_MS) return; // a person at the keyboard
    swallow(event);
    if (burst) suffixed = end(true) || suffixed;
    ended = now;
  }

  function silence() {
    // Keys that wait behind this timer belong to the same scan.
    if (navigator.scheduling?.isInputPending?.()) timer = setTimeout(silence, 5);
    else end(!suffixed);
  }

  /** Closes the burst; says whether it was a scan. */
  function end(whole) {
    clearTimeout(timer);
    const text = burst;
    const meanGap = text.length > 1 ? (last - first) / (text.length - 1) : Infinity;
    const prefixed = settings.prefix !== "" && text.startsWith(settings.prefix);
    burst = "";
    ended = last;
    const code = (prefixed ? text.slice(settings.prefix.length) : text).replace(AIM_ID, "");
    const fast = settings.prefix ? prefixed : meanGap < settings.gap;
    if (!fast || code.length < settings.shortest) {
      if (text.length >= settings.shortest) strayed("typed");
      return false;
    }
    if (whole) scanned(code);
    else strayed("half");
    return whole;
  }
}

/** Types a code as a scanner would: real key events, heard by the same listener. */
export async function type(code, settings) {
  document.activeElement?.blur?.();
  for (const key of [...settings.prefix, ...code, settings.suffix[0]]) {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
    await new Promise((done) => setTimeout(done, TRAY_GAP_MS));
  }
}

function characterOf(event, burst, prefix) {
  const { key } = event;
  if (key.length !== 1 || event.metaKey) return "";
  if (!event.ctrlKey || event.getModifierState("AltGraph")) return event.altKey && !event.ctrlKey ? "" : key;
  if (event.altKey || !CONTROL.test(key)) return "";
  const control = String.fromCharCode(key.toUpperCase().charCodeAt(0) & 0x1f);
  return burst || prefix.startsWith(control) ? control : "";
}

function isField(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function unescape(text) {
  return text.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}
