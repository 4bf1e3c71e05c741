// The page of a station or dock: hears scans, has them judged in order, shows the answer and keeps itself fresh.

import { openOffline } from "./offline/offline.js";
import { typeBack, typedIn } from "./place.js";
import { openQueue } from "./queue.js";
import { play, playAll, prepare } from "./sounds.js";
import { listen, settingsOf, type } from "./wedge.js";
import { gettext, gettext_noop, ngettext, speak } from "./words.js";

const FLASH_MS = 800;
const MOMENT_MS = 2_500;
const TWICE_MS = 2_000;
const GATHER_MS = 150;
const POLL_MS = 5_000;
const LOST_MS = 3_000;
const STREAM_AGAIN_MS = 15_000;
const QUIET_MS = 4_000;

const body = document.body;
const stage = document.querySelector(".stage");
const wedge = settingsOf(body);
const part = (name) => stage.querySelector(`[data-part="${name}"]`);
const shown = new Map([...stage.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one.innerHTML]));

// --- time: the server's, whatever the browser's clock says -------------------------------------------------------

let ahead = 0;
const readClock = () => (ahead = Date.parse(part("bar").dataset.now) - Date.now());
export const serverTime = () => new Date(Date.now() + ahead);

// --- the page as it stands ----------------------------------------------------------------------------------------

/** Takes over the parts that differ. `answer`: this is the answer to a scan, so its judgement counts. */
function swap(html, { answer = false } = {}) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const next of fresh.querySelectorAll("[data-part]")) {
    const old = part(next.dataset.part);
    if (!old || (next.dataset.part === "judged" && !answer && !lockChanges(old, next))) continue;
    // What locks the page by itself (the OEM changed the call) is heard, too.
    if (next.dataset.part === "judged" && !answer && locked(next) && !locked(old)) play(next.dataset.sound);
    take(old, next);
  }
  // Another badge, another language: what this page says itself follows.
  speak(part("bar").dataset.lang);
  light();
  readClock();
  ground();
  focusField();
  document.dispatchEvent(new CustomEvent("floor:swapped"));
}

function take(old, next) {
  const focus = old.contains(document.activeElement) ? document.activeElement.dataset.raw : undefined;
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) old.setAttribute(name, value);
  if (shown.get(next.dataset.part) === next.innerHTML) return;
  shown.set(next.dataset.part, next.innerHTML);
  // Half a PIN stays where news of the line come between its digits.
  const typed = typedIn(old);
  old.replaceChildren(...document.adoptNode(next).childNodes);
  typeBack(typed, old);
  if (focus) old.querySelector(`[data-raw="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

const locked = (judged) => judged.dataset.stays === "lock";
const lockChanges = (old, next) => locked(old) || locked(next);

let fading = 0;

/** A judgement that goes by itself: green after 0.8 s; red and amber stay until the next scan, a lock until it opens. */
function fade() {
  clearTimeout(fading);
  const after = { flash: FLASH_MS, moment: MOMENT_MS }[part("judged").dataset.stays];
  if (after) fading = setTimeout(clearJudged, after);
}

function clearJudged() {
  const judged = part("judged");
  for (const name of ["ground", "stays", "sound"]) delete judged.dataset[name];
  judged.replaceChildren();
  shown.set("judged", "");
  ground();
}

/** The whole background is the answer. Offline lies over everything, checking over the question only. */
function ground() {
  if (cut.alone()) return;
  const over = [...stage.querySelectorAll(".band-client")].filter((one) => !one.hidden);
  const judged = part("judged").dataset.ground;
  const named = over.find((one) => one.id === "offline") ?? (judged ? undefined : over[0]);
  body.dataset.ground = named?.dataset.ground ?? judged ?? "wait";
}

// --- scans --------------------------------------------------------------------------------------------------------

const checking = document.getElementById("checking");
const offline = document.getElementById("offline");
let offlineSince = null;

const queue = openQueue({
  url: body.dataset.scanUrl,
  name: body.dataset.station,
  token: () => part("bar").dataset.csrf,
  now: () => serverTime().toISOString(),
  asked: () => part("now")?.dataset.group ?? "",
  hooks: {
    checking() {
      checking.hidden = offlineSince !== null;
      document.getElementById("checking-text").textContent = waitingWords();
      ground();
    },
    offline: goOffline,
    answered(scan, answer) {
      checking.hidden = true;
      answers += 1;
      comeBack();
      if (answer.refused) return refused(answer.refused);
      swap(answer.html, { answer: true });
      play(answer.verdict.sound);
      if (!answer.verdict.accepted && answer.verdict.sound === "wait") quietly(answer.verdict.hint);
      if (answer.verdict.sound === "test" && !saidQuietly()) quietly(gettext("Heard four sounds? If not, turn it up"));
      fade();
    },
    turnedAway: refresh, // a new token, or the page that says who must do what
  },
});

// What goes on without the server, from the work pack.
const cut = openOffline({ body, part, queue, play, refresh, quietly, token: () => part("bar").dataset.csrf });

const waitingWords = () => {
  const count = queue.waiting();
  return count > 1 ? gettext("%(count)s scans are judged in order", { count }) : "";
};

function goOffline() {
  cut.cut();
  if (offlineSince === null) {
    offlineSince = serverTime();
    play("check");
  }
  checking.hidden = true;
  offline.hidden = false;
  const count = queue.waiting();
  const kept = count ? ngettext("%(count)s scan kept", "%(count)s scans kept", count) : "";
  const since = gettext("since %(time)s", { time: clock(offlineSince) });
  document.getElementById("offline-text").textContent = [since, kept, cut.why()].filter(Boolean).join(" · ");
  light();
  ground();
}

function comeBack() {
  cut.heard();
  offlineSince = null;
  offline.hidden = true;
  light();
  ground();
}

function refused(text) {
  clearJudged();
  part("judged").dataset.ground = "check";
  part("judged").dataset.stays = "scan";
  part("judged").append(band("care", gettext("NOT TAKEN"), text));
  shown.set("judged", null);
  play("check");
  ground();
}

function band(symbol, word, text) {
  const piece = document.createDocumentFragment();
  const sign = checking.querySelector("svg").cloneNode(true);
  sign.firstElementChild.setAttribute("href", `#${symbol}`);
  const strong = document.createElement("strong");
  strong.textContent = word;
  const why = document.createElement("div");
  why.className = "band-why";
  why.append(Object.assign(document.createElement("p"), { textContent: text }));
  piece.append(sign, strong, why);
  return piece;
}

let before = { code: "", at: -TWICE_MS };

/** One trigger may send a label twice: the second within 2 s is not a scan, and we say so quietly. */
function scanned(code) {
  const now = performance.now();
  const twice = code === before.code && now - before.at < TWICE_MS;
  before = { code, at: now };
  showRaw("");
  if (twice) return quietly(gettext("Same label twice: counted once"));
  if (part("judged").dataset.stays !== "lock") clearJudged();
  if (cut.takes(code)) return;
  queue.add(code);
  if (offlineSince !== null) goOffline();
}

const STRAYED = { typed: gettext_noop("Typed by hand: press TYPE to enter a label"), half: gettext_noop("Half a label: scan it again") };
listen(wedge, { scanned, strayed: (why) => quietly(gettext(STRAYED[why])) });

// --- hands --------------------------------------------------------------------------------------------------------

const entry = document.getElementById("entry");
const entryField = document.getElementById("entry-field");

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { raw, label, digit } = button.dataset;
  // A button never keeps the focus: the next Enter belongs to the scanner.
  if (raw || label) button.blur();
  if (raw) scanned(raw);
  if (label) void type(label, wedge);
  if (digit !== undefined) press(digit);
  if (button.dataset.setOpen) turnOver(button.dataset.setOpen);
  if (button.dataset.lastLabel !== undefined) showRaw(before.code);
  if (button.dataset.soundTest !== undefined) playAll();
  if (button.dataset.language !== undefined) void nextLanguage();
  if (button.dataset.entry !== undefined) openEntry(entry.hidden);
});

document.addEventListener("submit", (event) => {
  if (event.target === entry) submit(event, entryField, "");
  if (event.target.id === "pin") submit(event, document.getElementById("pin-field"), "%P:");
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !entry.hidden) openEntry(false);
});

function submit(event, field, prefix) {
  event.preventDefault();
  const code = field.value.trim();
  field.value = "";
  // A label scanned into the PIN's field is a label.
  if (code) scanned(/^\d+$/.test(code) ? prefix + code : code);
  if (field === entryField) openEntry(false);
}

function openEntry(open) {
  entry.hidden = !open;
  if (open) entryField.focus();
  else document.activeElement?.blur();
}

/** The row of buttons has two sides: work, and what is wanted once a shift. */
function turnOver(side) {
  for (const set of stage.querySelectorAll(".command-set")) set.hidden = set.dataset.set !== side;
}

/** What the scanner really sent, signs that do not print included; a PIN is never shown. */
function showRaw(code) {
  const line = document.getElementById("raw");
  line.hidden = !code;
  const shown = /^%P:/i.test(code) ? "%P:****" : code;
  line.textContent = shown.replace(/[\x00-\x1f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)));
}

async function nextLanguage() {
  const headers = { "X-CSRFToken": part("bar").dataset.csrf };
  await fetch(body.dataset.languageUrl, { method: "POST", headers });
  location.reload();
}

function press(digit) {
  const field = document.getElementById("pin-field");
  field.value = digit ? field.value + digit : field.value.slice(0, -1);
  field.focus();
}

/** A PIN is typed, so its field takes the keys; nothing else on the page ever does. */
function focusField() {
  if (entry.hidden) document.getElementById("pin-field")?.focus({ preventScroll: true });
}

let hushing = 0;
const saidQuietly = () => document.getElementById("quiet").textContent !== "";
function quietly(text) {
  const quiet = document.getElementById("quiet");
  quiet.textContent = text;
  clearTimeout(hushing);
  hushing = setTimeout(() => (quiet.textContent = ""), QUIET_MS);
}

// --- fresh: the stream says that something happened, the page asks what it looks like now -------------------------

let source = null;
let gathering = 0;
let asking = false;
let askAgain = false;
let answers = 0;

function soon() {
  if (!gathering) gathering = setTimeout(refresh, GATHER_MS);
}

async function refresh() {
  clearTimeout(gathering);
  gathering = 0;
  askAgain = asking;
  if (asking) return;
  asking = true;
  const seen = answers;
  try {
    const answer = await fetch(body.dataset.stateUrl, {
      headers: { Accept: "application/json", "HX-Request": "true" },
      cache: "no-store",
      signal: AbortSignal.timeout(LOST_MS),
    });
    if (answer.status === 401 || answer.status === 403 || answer.redirected) return location.reload();
    if (answer.ok) {
      const html = await answer.text();
      if (cut.alone()) return void (takeToken(html), cut.back());
      // The answer to a scan is newer than a picture that was asked for before it.
      if (!queue.waiting() && seen === answers) swap(html);
      else takeToken(html);
      if (!queue.waiting() || offlineSince === null) comeBack();
    }
  } catch {
    goOffline();
  } finally {
    asking = false;
  }
  if (askAgain) soon();
}

function takeToken(html) {
  const bar = new DOMParser().parseFromString(html, "text/html").querySelector('[data-part="bar"]');
  if (bar) part("bar").dataset.csrf = bar.dataset.csrf;
}

function listenToPlant() {
  source?.close();
  source = new EventSource(`/events/?topics=${encodeURIComponent(body.dataset.topics)}`);
  source.addEventListener("hello", soon);
  source.addEventListener("plant", soon);
  for (const kind of ["open", "hello", "beat", "error"]) source.addEventListener(kind, light);
}

const LIGHTS = { live: gettext_noop("online"), polling: gettext_noop("polling"), offline: gettext_noop("offline") };
const streaming = () => source?.readyState === EventSource.OPEN;

function light() {
  const lamp = document.getElementById("light");
  const state = offlineSince !== null ? "offline" : streaming() ? "live" : "polling";
  lamp.dataset.state = state;
  // Said while all is well: nobody reads it in the minute in which the network goes.
  const alone = cut.why() ? ` · ${gettext("NO OFFLINE")}` : "";
  lamp.title = cut.why();
  lamp.lastElementChild.textContent = gettext(LIGHTS[state]) + alone;
}

function clock(at) {
  return at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

setInterval(() => {
  if (!streaming() || offlineSince !== null) void refresh();
}, POLL_MS);
setInterval(() => {
  if (source?.readyState === EventSource.CLOSED) listenToPlant();
}, STREAM_AGAIN_MS);
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => event.persisted && listenToPlant());

prepare(Number(body.dataset.station), () => (document.getElementById("sound").hidden = true));
readClock();
ground();
focusField();
listenToPlant();
void queue.resume();
