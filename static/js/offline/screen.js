// What a station shows while it is alone: the same three answers (now, rack, then) under a violet stripe.

import { gettext, gettext_noop, ngettext } from "../words.js";
import { WORDS } from "./judge.js";

const STANDS = {
  PLANNED: gettext_noop("planned"), LOADING: gettext_noop("loading"), FULL: gettext_noop("full"), SEALED: gettext_noop("sealed"),
  STAGED: gettext_noop("staged"), REOPENED: gettext_noop("reopened"), CANCELLED: gettext_noop("cancelled"),
};

const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function panel() {
  const old = document.getElementById("alone");
  if (old) return old;
  const made = make("section", "alone");
  made.id = "alone";
  made.setAttribute("aria-label", "Offline");
  document.querySelector(".stage").append(made);
  return made;
}

function band() {
  const old = document.getElementById("alone-band");
  if (old) return old;
  const made = make("div", "band-client");
  made.id = "alone-band";
  made.setAttribute("role", "alert");
  document.querySelector(".band").append(made);
  return made;
}

export function draw({ spell, state, rack, slot, need, kept, check }) {
  const stripe = make("p", "alone-stripe");
  stripe.append(
    make("b", "", gettext("⌁ OFFLINE since %(since)s, work until %(valid_until)s", { since: clock(spell.since), valid_until: clock(spell.pack.valid_until) })),
    make("span", "", ngettext("%(count)s scan kept", "%(count)s scans kept", kept)),
    make("em", "", gettext("nothing departs")),
  );
  panel().classList.remove("certificate");
  panel().replaceChildren(stripe, nowCard(state, rack, slot, need, check), rackCard(state, rack, slot));
  panel().dataset.group = slot?.group ?? "";
  lock = state.lock;
  clearVerdict(asked(state, rack, slot, need));
}

function nowCard(state, rack, slot, need, check) {
  const card = make("div", "alone-now");
  if (state.box) {
    card.append(make("p", "alone-what", gettext("Boxes need the server; go on with the rack")));
    return card;
  }
  if (!slot) {
    card.append(make("p", "alone-what", rack ? gettext("Rack %(rack)s: %(status)s", { rack: rack.number, status: gettext(STANDS[rack.status] ?? rack.status) }) : gettext("No rack here")));
    return card;
  }
  const [lead, tail] = [slot.sequence.slice(0, -4), slot.sequence.slice(-4)];
  const sequence = make("p", "sequence");
  sequence.append(make("span", "", lead), make("b", "", tail));
  card.append(sequence);
  if (need) {
    card.append(make("p", "part", need.number), make("p", "description", need.description));
    card.append(make("p", "bin", [need.bin && gettext("from bin %(bin)s", { bin: need.bin }), gettext("into slot %(slot)s", { slot: slot.number })].filter(Boolean).join(" · ")));
  } else if (check) card.append(make("p", "part", gettext("into slot %(slot)s", { slot: slot.number })));
  return card;
}

function rackCard(state, rack, slot) {
  const card = make("div", "alone-rack");
  if (!rack) return card;
  card.append(make("p", "alone-what", [gettext("Rack %(rack)s", { rack: rack.number }), rack.carrier].filter(Boolean).join(" · ")));
  const list = make("ol", "alone-slots");
  for (const one of rack.slots) {
    const look = one === slot ? "now" : one.status.toLowerCase();
    const item = make("li", look);
    const sign = { FILLED: "✓", HOLE: "✕", CANCELLED: "–" }[one.status] ?? (one === slot ? "▶" : "");
    item.append(make("small", "", String(one.number)), make("b", "", (one.sequence ?? "").slice(-4)), make("i", "", sign));
    list.append(item);
  }
  card.append(list);
  if (rack.provisional) card.append(make("p", "alone-seal", gettext("▲ Sealed, subject to host check: must not depart")));
  return card;
}

function asked(state, rack, slot, need) {
  if (!state.operator) return [gettext("SCAN YOUR BADGE"), ""];
  if (state.mode) return [gettext("SCAN BACK"), gettext("What was begun needs the server")];
  if (state.box) return [gettext("SCAN BOX ASIDE"), gettext("Boxes need the server; go on with the rack")];
  if (!rack && state.rack) return [gettext("WAIT"), gettext("This rack is not in the work pack")];
  if (!rack) return [gettext("SCAN EMPTY RACK"), ""];
  if (rack.status === "SEALED") return [gettext("SCAN RACK"), rack.carrier];
  if (rack.status === "FULL") return [gettext("SCAN SEAL"), gettext("subject to host check")];
  if (!slot) return [gettext("WAIT"), gettext("Nothing more in the work pack for this rack")];
  if (state.pending) return [gettext("SCAN SERIAL"), state.pending];
  return need ? [gettext("SCAN PART"), need.number] : [gettext("SCAN SLOT %(slot)s", { slot: slot.number }), ""];
}

let question = ["", ""];
let lock = null;

function fill(ground, symbol, word, why) {
  const sign = document.querySelector("#checking svg").cloneNode(true);
  sign.firstElementChild.setAttribute("href", `#${symbol}`);
  const reason = make("div", "band-why");
  for (const line of why.filter(Boolean)) reason.append(make("p", "", line));
  band().dataset.ground = document.body.dataset.ground = ground;
  band().replaceChildren(sign, make("strong", "", word), reason);
}

/** The question again, on violet. */
export function clearVerdict(asks = question) {
  if (!document.getElementById("alone")) return;
  question = asks;
  if (lock) {
    const why = [gettext("NEED %(need)s | GOT %(got)s", { need: lock.need, got: lock.got }), gettext("Put it into the return bin and scan the bin")];
    return fill("stop", "cross", gettext(WORDS[lock.code] ?? lock.code), why);
  }
  fill("offline", "go", question[0], [question[1]]);
}

export function showVerdict(verdict, word) {
  const good = verdict.accepted && verdict.sound !== "wait";
  if (verdict.accepted && verdict.sound === "wait") return;
  const ground = good ? "ok" : verdict.sound === "check" ? "check" : "stop";
  const compared = verdict.expected && !verdict.accepted ? gettext("NEED %(expected)s | GOT %(seen)s", { expected: verdict.expected, seen: verdict.seen }) : "";
  fill(ground, good ? "tick" : ground === "check" ? "care" : "cross", word, [compared, verdict.hint || (good ? verdict.seen : "")]);
}

/** "214 scans sent, 214 accepted, 0 doubled, 2 tasks" */
export function drawCertificate({ sent, taken, doubled, holes, tasks }) {
  const clean = sent === taken && !doubled && !holes && !tasks;
  const made = panel();
  made.classList.add("certificate");
  const figures = [
    ngettext("%(count)s scan sent, %(taken)s accepted, %(doubled)s doubled", "%(count)s scans sent, %(taken)s accepted, %(doubled)s doubled", sent, { taken, doubled }),
    ngettext("%(count)s task", "%(count)s tasks", tasks),
  ].join(", ");
  made.replaceChildren(
    make("p", "alone-stripe", clean ? gettext("✓ BACK ONLINE") : gettext("▲ BACK ONLINE: a person must look")),
    make("p", "alone-figures", figures),
  );
  if (holes) made.append(make("p", "alone-seal", gettext("✕ %(holes)s scans are missing in the count: call a supervisor", { holes })));
}

export function remove() {
  document.getElementById("alone")?.remove();
  document.getElementById("alone-band")?.remove();
}
