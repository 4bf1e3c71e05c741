// A station that is cut off goes on alone: from the signed work pack, with every scan on the disk before it is judged.
//
// The state is never stored: it is what the pack and the page last knew, and the log on top of it. So a reload, a
// second tab and a killed browser all go on from the same point. Tabs take turns by a lock of the browser.

import { current, judge, needsOf, replay, stays, WORDS } from "./judge.js";
import { gettext, speak } from "../words.js";
import { readLabel } from "./labels.js";
import { openStore } from "./store.js";
import { clearVerdict, draw, drawCertificate, remove, showVerdict } from "./screen.js";

const REFRESH_MS = 60_000;
const THROTTLE_MS = 15_000;
const PATIENCE_MS = 8_000;
const LOST_MS = 3_000;
const BATCH = 50;
const CERTIFICATE_MS = 12_000;

export const able = () => window.isSecureContext && Boolean(crypto.subtle && navigator.locks && window.indexedDB);

/**
 * `queue` gives up its waiting scans when the station goes on alone, `play` sounds, `token` is the page's CSRF token,
 * `refresh` takes the server's picture again, `quietly` says a line.
 */
export function openOffline({ body, part, queue, play, token, refresh, quietly }) {
  const station = Number(body.dataset.station);
  const base = body.dataset.stateUrl.replace(/state$/, "");
  const facts = () => part("standing")?.dataset;
  if (!able() || !facts()) return silent(facts());

  const storing = openStore(station);
  let spell = null;
  let cached = { length: -1, state: null };
  let chain = Promise.resolve();
  let packed = 0;
  let returning = false;
  let ahead = 0;
  let reached = 0;
  let told = 0;
  let certified = 0;

  /** The server's time; while alone it never goes back, whatever the computer's clock does. */
  const now = () => (reached = Math.max(reached, Date.now() + ahead));
  const alone = (act) => navigator.locks.request(`offline ${station}`, act);
  const inTurn = (act) => (chain = chain.then(() => alone(act)).catch((error) => console.error("offline", error)));

  // --- before ----------------------------------------------------------------------------------------------------

  async function keepStanding() {
    const { standing, at } = facts();
    if (!standing || spell) return;
    const store = await storing;
    const before = await store.read("standing");
    // A page from the shelf is older than what was known when it was put there.
    if (before && before.at > at) return;
    ahead = Date.parse(at) - Date.now();
    await store.write("standing", { at, ahead, facts: JSON.parse(standing) });
    const rack = JSON.parse(standing).rack;
    const pack = await store.read("pack");
    if (!pack || (rack && !pack.racks.some((one) => one.id === rack)) || Date.now() - packed > THROTTLE_MS) void fetchPack();
  }

  async function fetchPack() {
    packed = Date.now();
    try {
      const answer = await fetch(`${base}pack`, { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!answer.ok) return;
      const { body: text, signature } = await answer.json();
      if (!(await signed(text, signature, facts().key))) return quietly(gettext("Work pack with a false signature: not taken"));
      const pack = JSON.parse(text);
      await (await storing).write("pack", pack);
      Object.assign(document.documentElement.dataset, { pack: pack.id, packRacks: pack.racks.map((rack) => rack.number).join(" ") });
    } catch {
      // No pack is fetched while there is no server; the one that is kept stays.
    }
  }

  // --- alone -----------------------------------------------------------------------------------------------------

  let patience = 0;

  /** One lost answer is asked for again; only a server that stays away leaves the station alone. */
  function cut(at = navigator.onLine ? LOST_MS : 0) {
    if (spell || returning || (patience && at)) return;
    clearTimeout(patience);
    patience = setTimeout(goAlone, at);
  }

  function heard() {
    clearTimeout(patience);
    patience = 0;
  }

  function goAlone() {
    patience = 0;
    if (spell || returning) return;
    void inTurn(async () => {
      if (spell) return;
      await open();
      if (spell) await takeOver();
    });
  }

  async function open() {
    const store = await storing;
    let found = await store.read("spell");
    if (!found) {
      const [pack, standing] = [await store.read("pack"), await store.read("standing")];
      if (!pack || !standing) return;
      ahead = standing.ahead;
      if (now() > Date.parse(pack.valid_until)) return;
      let client = await store.read("client");
      if (!client) await store.write("client", (client = crypto.randomUUID()));
      found = { id: crypto.randomUUID(), client, since: new Date(now()).toISOString(), ahead, pack, standing: standing.facts, sent: 0 };
      await store.write("spell", found);
    }
    spell = found;
    ({ ahead } = found);
    cached.length = -1;
    clearTimeout(certified); // the last outage's certificate must not take this outage's question with it
    await redraw();
  }

  async function takeOver() {
    for (const scan of queue.surrender()) {
      const log = await (await storing).log();
      if (!log.some((one) => one.nonce === scan.nonce)) await one(scan.raw, scan.nonce, scan.at);
      queue.forget(scan);
    }
  }

  async function stateOf(log) {
    if (cached.length !== log.length || !cached.state) {
      cached = { length: log.length, state: replay(spell.pack, spell.standing, log) };
    }
    return cached.state;
  }

  /** One scan: judged, on the disk, then told. The operator hears nothing that is not kept. */
  async function one(raw, nonce, at = "") {
    const store = await storing;
    const log = await store.log();
    reached = Math.max(reached, Date.parse(log.at(-1)?.at ?? 0) || 0);
    const before = await stateOf(log);
    const when = at || new Date(now()).toISOString();
    const badge = readLabel(raw);
    if (badge.kind === "B") speak(spell.pack.languages?.[badge.value]);
    let { state, verdict } = judge(spell.pack, before, raw, when);
    if (now() > Date.parse(spell.pack.valid_until)) {
      verdict = { code: "PACK_OVER", accepted: false, hint: gettext("Go on with paper until the server is back"), sound: "stop" };
    }
    if (!stays(verdict.code)) {
      const shown = ["PART", "SLOT"].includes(verdict.step) ? verdict.group : null;
      await store.append({ nonce, raw, at: when, code: verdict.code, step: verdict.step, shown });
      cached = { length: log.length + 1, state };
    }
    await redraw();
    showVerdict(verdict, WORDS[verdict.code] ? gettext(WORDS[verdict.code]) : verdict.code);
    play(verdict.sound ?? (verdict.accepted ? "ok" : "stop"));
    clearTimeout(told);
    if (verdict.accepted) told = setTimeout(clearVerdict, 800);
  }

  async function redraw() {
    const log = await (await storing).log();
    const state = await stateOf(log);
    const rack = state.racks[state.rack] ?? null;
    const slot = rack ? current(rack) : null;
    const kept = log.filter((scan) => scan.counter > spell.sent).length;
    draw({ spell, state, rack, slot, need: slot ? needsOf(slot)[0] : null, kept, check: spell.pack.check_every });
  }

  // --- back ------------------------------------------------------------------------------------------------------

  function back() {
    if (!spell || returning) return;
    returning = true;
    void inTurn(sendAll).finally(() => (returning = false));
  }

  async function sendAll() {
    const store = await storing;
    if (!(await store.read("spell"))) return over(null); // another tab has sent it
    spell = await store.read("spell");
    await takeOver();
    for (;;) {
      const log = (await store.log()).filter((scan) => scan.counter > spell.sent);
      const batch = log.slice(0, BATCH);
      const last = batch.length === log.length;
      const answer = await post(batch, last, log.at(-1)?.counter ?? null);
      if (!answer) return;
      spell.sent = batch.at(-1)?.counter ?? spell.sent;
      await store.write("spell", spell);
      if (last) return over(answer);
    }
  }

  async function post(batch, last, until) {
    const { id, client, since, pack } = spell;
    const scans = batch.map(({ counter, nonce, raw, at, code, step, shown }) => ({ counter, nonce, raw, at, code, step, shown }));
    try {
      const answer = await fetch(`${base}replay`, {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token() },
        body: JSON.stringify({ spell: id, client, since, pack: pack.id, clock: new Date(Date.now()).toISOString(), scans, last, until }),
        cache: "no-store",
        signal: AbortSignal.timeout(30_000),
      });
      if (answer.ok) return answer.json();
      quietly(gettext("The server did not take the log (%(status)s); it is kept", { status: answer.status }));
    } catch {
      quietly(gettext("Cut again while sending; the log is kept"));
    }
    return null;
  }

  async function over(certificate) {
    if (certificate) await (await storing).clear();
    spell = null;
    cached = { length: -1, state: null };
    remove();
    if (certificate?.sent) {
      drawCertificate(certificate);
      certified = setTimeout(remove, CERTIFICATE_MS);
    }
    await refresh();
  }

  function takes(raw) {
    if (!spell) return false;
    const nonce = crypto.randomUUID();
    void inTurn(async () => {
      if (spell && (await (await storing).read("spell"))) return one(raw, nonce);
      spell = null;
      return queue.add(raw);
    });
    return true;
  }

  document.addEventListener("floor:swapped", () => void keepStanding());
  // The computer's own word on its cable is only a hint to look.
  for (const kind of ["offline", "online"]) window.addEventListener(kind, () => void refresh());
  setInterval(() => !spell && void fetchPack(), REFRESH_MS);
  void keepShell(base);
  void storing.then(async (store) => {
    if (await store.read("spell")) cut(0);
    else void keepStanding();
  });
  return { cut, heard, back, takes, alone: () => spell !== null, why: () => "" };
}

/** Where the browser gives no keys and no worker: scans wait for the server, and the page says why. */
function silent(data) {
  const why = data ? gettext("No judging offline: this page needs https. Scans wait.") : "";
  return { cut() {}, heard() {}, back() {}, takes: () => false, alone: () => false, why: () => why };
}

async function signed(text, signature, key) {
  const bytes = (base64) => Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const imported = await crypto.subtle.importKey("spki", bytes(key), curve, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, imported, bytes(signature), new TextEncoder().encode(text));
}

/** The worker keeps the page and every file it was made of. */
async function keepShell(base) {
  if (!navigator.serviceWorker) return;
  try {
    await navigator.serviceWorker.register(`${base}worker.js`, { scope: base });
    const { active } = await navigator.serviceWorker.ready;
    const files = performance.getEntriesByType("resource").map((one) => one.name).filter((name) => new URL(name).pathname.startsWith("/static/"));
    active.postMessage({ keep: [location.href, ...new Set(files)] });
  } catch (error) {
    console.warn("no service worker: the page does not survive a reload while offline", error);
  }
}

