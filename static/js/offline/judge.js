// Judges a scan from the work pack, with the verdicts of the server's rules. Pure: state and scan in, new state out.
//
// tests/browser/test_offline.py runs one decision table through `record_scan` and through this module.
// What the pack cannot know is refused here or told as "subject to host check", never guessed. An override counts only
// if it ran when the pack was made and its time has not passed; what it let pass is counted when the log is replayed.

import { gettext, gettext_noop } from "../words.js";
import { KEYBOARD_TEST, labelNumber, readLabel, shownOf } from "./labels.js";

const ACCEPTED = new Set(["OK", "OVERRIDDEN", "NEED_SERIAL", "NEED_LOT"]);
const WANTED = new Set(["RELEASED", "IN_WORK", "VERIFIED"]);
const OPEN_SLOT = new Set(["EMPTY", "REOPENED"]);
const DECIDED = new Set(["FILLED", "CANCELLED", "HOLE"]);
const RESUMED = new Set(["LOADING", "FULL", "REOPENED", "SEALED"]);

export const WORDS = {
  OK: gettext_noop("OK"), WRONG_PART: gettext_noop("WRONG PART"), WRONG_POSITION: gettext_noop("WRONG SLOT"), WRONG_RACK: gettext_noop("WRONG RACK"),
  DUPLICATE: gettext_noop("SERIAL ALREADY USED"), UNKNOWN_LABEL: gettext_noop("UNKNOWN LABEL"), OUT_OF_DATE_CALL: gettext_noop("CALL CHANGED"),
  OUT_OF_SEQUENCE: gettext_noop("OUT OF SEQUENCE"), VOID_LABEL: gettext_noop("VOID LABEL"), WRONG_LAYOUT: gettext_noop("WRONG KEYBOARD"),
  LOCKED: gettext_noop("STATION LOCKED"), NO_BADGE: gettext_noop("BADGE FIRST"), NEED_SERIAL: gettext_noop("SCAN SERIAL"), NEED_LOT: gettext_noop("SCAN LOT"),
  ON_HOLD: gettext_noop("QUALITY HOLD"), CHALLENGE_DUE: gettext_noop("CHALLENGE FIRST"), OVERRIDDEN: gettext_noop("OK BY OVERRIDE"), SET_OPEN: gettext_noop("SET NOT COMPLETE"),
  NOT_NOW: gettext_noop("NOT NOW"), NOT_ALLOWED: gettext_noop("NOT ALLOWED"), NOT_OFFLINE: gettext_noop("NOT WHILE OFFLINE"), PACK_OVER: gettext_noop("WORK PACK OVER"),
};

/** Not written into the log: it asks for what only the server may do, or is a secret. */
export const stays = (code) => code === "NOT_OFFLINE" || code === "PACK_OVER";

/** The state a station goes on from: what the pack says of its racks, and what the page last knew of the station. */
export function begin(pack, standing) {
  const racks = {};
  for (const rack of pack.racks) {
    const slots = rack.slots.map((slot) => ({ ...slot, needs: (slot.needs ?? []).map((need) => ({ ...need })) }));
    racks[rack.id] = { ...rack, slots };
  }
  const bound = {};
  for (const [code, one] of Object.entries(pack.carriers)) if (one.rack) bound[code] = one.rack;
  const state = {
    operator: standing.operator, rack: standing.rack, pending: standing.pending, lot: standing.pending_lot ?? "", hand: standing.hand ?? null, box: standing.box ?? null, mode: standing.mode,
    lock: standing.lock, aside: standing.aside ?? null, racks, bound, serials: { ...pack.serials, ...standing.serials }, spent: {},
  };
  const here = racks[standing.rack];
  if (here) {
    here.status = standing.rack_status || here.status;
    here.carrier = standing.carrier || here.carrier;
    if (here.carrier) bound[here.carrier] = here.id;
    for (const slot of here.slots) {
      const now = standing.slots[slot.number];
      if (!now) continue;
      // Another call than in the pack: the page knew it, its parts are not known here.
      if (now[1] !== slot.group) Object.assign(slot, { group: now[1], needs: [], open: false });
      [slot.status, , slot.group_status] = now;
      // `left` tells of groups in work only; a verified one, in the hand, wants no part any more.
      for (const need of slot.needs) need.left = slot.group_status === "VERIFIED" ? 0 : (standing.left[need.component] ?? need.left);
    }
  }
  return state;
}

/** Judges one scan made at that time. Returns the verdict and the state after it; the state given is not changed. */
export function judge(pack, before, raw, at) {
  const state = structuredClone(before);
  const rack = state.racks[state.rack] ?? null;
  const slot = rack ? current(rack) : null;
  let label = readLabel(raw);
  if (label.kind === "GOODS") label = readLabel(raw, slot?.pattern ?? "");
  const all = { pack, state, label, raw, rack, slot, at: Date.parse(at), overrides: [] };
  const verdict = decide(all);
  if (verdict.code === "OK" && all.overrides.length) verdict.code = "OVERRIDDEN";
  if (ACCEPTED.has(verdict.code)) for (const one of all.overrides) spend(state, one, slot?.group ?? 0);
  return { state, verdict: { expected: "", seen: "", hint: "", group: slot?.group ?? null, ...verdict, accepted: ACCEPTED.has(verdict.code) } };
}

/** The state after all scans of a log. */
export const replay = (pack, standing, scans) =>
  scans.reduce((state, scan) => judge(pack, state, scan.raw, scan.at).state, begin(pack, standing));

/** The slot asked for: the one whose part is in the hand, else the lowest that is wanted. */
export function current(rack) {
  if (!["LOADING", "REOPENED", "FULL"].includes(rack.status)) return null;
  const wanted = rack.slots.filter((slot) => slot.open && OPEN_SLOT.has(slot.status) && WANTED.has(slot.group_status));
  const rank = (slot) => (slot.group_status === "RELEASED" ? 1 : 0);
  const again = (slot) => slot.attempt ?? 1;
  return wanted.sort((one, other) => rank(one) - rank(other) || again(other) - again(one) || one.number - other.number)[0] ?? null;
}

export const needsOf = (slot) => slot.needs.filter((need) => need.left > 0);

/** Which need a goods label answers: the twin of rules.judge_part. */
export function judgePart(label, needs, pending) {
  const told = partOf(label, needs, pending);
  if (!told.need || told.lot) return told;
  return { ...told, lot: label.lot, supplier: label.supplier };
}

function partOf(label, needs, pending) {
  const fits = (need, numbers) => need.accepts.some((number) => numbers.includes(number));
  const waiting = pending && needs.find((need) => need.number === pending);
  const stated = label.numbers.filter((number) => number !== label.value);
  if (waiting && waiting.lot) {
    if (stated.length && !fits(waiting, stated)) return { code: "WRONG_PART" };
    if (label.lot === null && needs.some((need) => fits(need, label.numbers))) return { code: "NEED_LOT", need: waiting };
    return { code: "OK", need: waiting, lot: label.lot || label.value };
  }
  if (waiting) {
    if (label.serial === null && needs.some((need) => fits(need, label.numbers))) return { code: "NEED_SERIAL", need: waiting };
    if (label.serial === null) return { code: "OK", need: waiting, serial: label.value };
    if (stated.length && !fits(waiting, stated)) return { code: "WRONG_PART" };
    return { code: "OK", need: waiting, serial: label.serial };
  }
  const need = needs.find((one) => fits(one, label.numbers));
  if (!need) return { code: "WRONG_PART" };
  if (need.serial && label.serial === null) return { code: "NEED_SERIAL", need };
  if (need.lot && label.lot === null) return { code: "NEED_LOT", need };
  return { code: "OK", need, serial: need.serial ? label.serial : null };
}

// --- the rows of the operator's possibilities, in the server's order ----------------------------------------------

function decide(all) {
  const { pack, state, label, raw } = all;
  const { kind, value } = label;
  if (kind === "P") return { code: "NOT_OFFLINE", step: "PIN", hint: gettext("A PIN needs the server") };
  if (kind === "B") return badge(all);
  if (kind === "K") {
    const fits = readLabel(KEYBOARD_TEST).value === value;
    return fits ? ok("KEYBOARD", gettext("The keyboard fits the scanner")) : { code: "WRONG_LAYOUT", step: "KEYBOARD" };
  }
  if (!state.operator) return { code: "NO_BADGE", step: "BADGE", hint: gettext("Scan your badge first"), sound: "check" };
  if (kind === "C" && !pack.commands.includes(value)) {
    return { code: "NOT_OFFLINE", step: "COMMAND", seen: value, hint: gettext("This needs the server"), sound: "check" };
  }
  if (kind === "C" && value === "BACK" && (state.mode || !state.lock)) {
    state.mode = state.pending = "";
    return { ...ok("BACK"), sound: "wait" };
  }
  if (state.mode) {
    return { code: "NOT_OFFLINE", step: "COMMAND", hint: gettext("What was begun needs the server: scan BACK"), sound: "check" };
  }
  if (state.lock) return whileLocked(all);
  if (kind === "C") return command(all);
  const number = labelNumber(raw);
  if (number && pack.void.includes(number)) {
    return { code: "VOID_LABEL", step: "LABEL", seen: shownOf(label), hint: gettext("This label was printed anew: use the newer one") };
  }
  if (kind === "W") return { code: "NOT_OFFLINE", step: "PAPER", hint: gettext("This needs the server"), sound: "check" };
  if (state.box || ["H", "A", "Q"].includes(kind)) return boxWaits(state);
  const stopped = gates(all);
  if (stopped) return stopped;
  if (kind === "R") return carrier(all);
  if (kind === "L") return slotLabel(all);
  if (kind === "GOODS") return part(all, number);
  return { code: "NOT_NOW", step: "LABEL", seen: value, hint: gettext("This label is for the dock"), sound: "check" };
}

// --- the gates, in the server's order, and what a supervisor lets pass ---------------------------------------------

const gates = (all) => challengeDue(all) ?? lostCarrier(all) ?? qualityHold(all);

function challengeDue(all) {
  const { pack, state, label, slot, at } = all;
  const sealing = label.kind === "C" && label.value === "SEAL";
  if (!pack.challenge || !(sealing || ["GOODS", "L"].includes(label.kind))) return null;
  // A piece in the hand is finished first.
  if (state.hand || slot?.group_status === "VERIFIED") return null;
  const { passed, shifts } = pack.challenge;
  const began = Math.max(...shifts.map(Date.parse).filter((start) => start <= at));
  if (passed && Date.parse(passed) >= began) return null;
  if (letsPass(all, "CHALLENGE_DUE")) return null;
  const hint = gettext("The check is not proven for this shift, and only the server can prove it: go on with paper");
  return { code: "CHALLENGE_DUE", step: "CHALLENGE", seen: shownOf(label), hint, sound: "check" };
}

function lostCarrier({ pack, label }) {
  if (label.kind !== "R" || !pack.carriers[label.value]?.lost) return null;
  return { code: "NOT_NOW", step: "RACK", seen: label.value, hint: gettext("This rack was reported lost; scan it in at the dock"), sound: "check" };
}

function qualityHold({ pack, state, label, at }) {
  if (label.kind !== "GOODS") return null;
  const numbers = [...label.numbers, state.pending].filter(Boolean);
  const lot = state.pending ? state.lot : "";
  const serials = [label.serial || label.value, label.value];
  const lots = [label.lot || lot, lot, label.value].filter(Boolean);
  const hold = pack.holds.find((one) =>
    (one.numbers === null || one.numbers.some((number) => numbers.includes(number))) &&
    (!one.serial || serials.includes(one.serial)) &&
    (!one.lot || lots.includes(one.lot)) &&
    (!one.from || Date.parse(one.from) <= at) && (!one.to || at < Date.parse(one.to)));
  if (!hold) return null;
  return { code: "ON_HOLD", step: "PART", expected: gettext("a piece that is not held"), seen: shownOf(label), hint: gettext("%(told)s: put it aside, take another", { told: hold.told }) };
}

/** The override of the pack under which this check passes now. A limit that is reached offline is reached. */
function letsPass(all, what) {
  const { pack, state, at, slot } = all;
  const group = what === "HOLE_AT_SEAL" ? 0 : (slot?.group ?? 0);
  const found = pack.overrides.find((one) => {
    if (one.what !== what || Date.parse(one.until) <= at || (one.group && one.group !== group)) return false;
    const units = [...one.units, ...(state.spent[one.id] ?? [])];
    return one.left === null || units.includes(group) || (state.spent[one.id] ?? []).length < one.left;
  });
  if (found) all.overrides.push(found);
  return found;
}

function spend(state, one, group) {
  const spent = (state.spent[one.id] ??= []);
  if (!spent.includes(group) && !one.units.includes(group)) spent.push(group);
}

const ok = (step, hint = "", seen = "") => ({ code: "OK", step, hint, seen, sound: "ok" });

function badge({ pack, state, label }) {
  const name = pack.badges[label.value];
  if (!name) return { code: "UNKNOWN_LABEL", step: "BADGE", seen: label.value, hint: gettext("This badge is not in the work pack") };
  if (state.mode.startsWith("SUPERVISOR")) return { code: "NOT_OFFLINE", step: "SUPERVISOR", hint: gettext("A supervisor's release needs the server") };
  state.operator = name;
  state.mode = "";
  return { ...ok("BADGE", gettext("Welcome"), name), sound: "test" };
}

function whileLocked({ state, label }) {
  if (label.kind === "C" && label.value === "RETURN") {
    const got = state.lock.got;
    state.lock = null;
    state.mode = "";
    return ok("RETURN", gettext("Part put back; go on"), got);
  }
  const hint = gettext("Put the wrong part into the return bin and scan the bin");
  return { code: "LOCKED", step: "LOCKED", expected: state.lock.need, seen: state.lock.got, hint };
}

function command(all) {
  const { pack, state, label, rack } = all;
  if (label.value === "CHANGE-OPERATOR") {
    state.operator = state.mode = "";
    return { ...ok("OPERATOR", gettext("Scan your badge")), sound: "wait" };
  }
  if (label.value === "BOX-ASIDE") return boxAside(state);
  if (label.value === "RETURN") return { code: "NOT_NOW", step: "RETURN", hint: gettext("The station is not locked"), sound: "check" };
  const stopped = gates(all);
  if (stopped) return stopped;
  if (state.box) return boxWaits(state);
  if (!rack) return { code: "NOT_NOW", step: "SEAL", hint: gettext("There is no rack to seal"), sound: "check" };
  if (rack.status !== "FULL") {
    const again = rack.slots.filter((slot) => slot.status === "REOPENED" && slot.group);
    const hint = again.map((slot) => gettext("slot %(slot)s (%(sequence)s) is open again", { slot: slot.number, sequence: slot.sequence })).join("; ");
    return { code: again.length ? "OUT_OF_DATE_CALL" : "NOT_NOW", step: "SEAL", hint: hint || gettext("The rack is not full yet"), sound: "check" };
  }
  if (rack.slots.some((slot) => slot.status === "HOLE") && !letsPass(all, "HOLE_AT_SEAL")) {
    return { code: "NOT_OFFLINE", step: "SEAL", hint: gettext("A rack with a hole needs a supervisor and the server"), sound: "check" };
  }
  const wrong = rack.slots.find((slot) => slot.status === "FILLED" && !slot.open);
  if (wrong) return { code: "OUT_OF_DATE_CALL", step: "SEAL", hint: gettext("slot %(wrong)s (%(sequence)s): the call is not open", { wrong: wrong.number, sequence: wrong.sequence }) };
  const { open, unknown } = setsOf(pack, state, rack);
  if (open.length) return { code: "SET_OPEN", step: "SEAL", hint: open.slice(0, 2).join("; "), sound: "check" };
  rack.status = "SEALED";
  rack.provisional = true;
  rack.unknown = unknown;
  const sealed = unknown.length
    ? gettext("Sealed, subject to host check: it must not depart. Not known here: %(sets)s. Scan the rack", { sets: unknown.slice(0, 2).join("; ") })
    : gettext("Sealed, subject to host check: it must not depart. Scan the rack");
  return ok("SEAL", sealed, rack.number);
}

/** A box gets its number, its room and its label from the server; what is called by quantity waits for it. */
function boxWaits(state) {
  const hint = state.box ? gettext("Boxes need the server. Scan BOX ASIDE and go on with the rack") : gettext("Boxes and cards need the server: they wait until it is back");
  return { code: "NOT_OFFLINE", step: "BOX", hint, sound: "check" };
}

function boxAside(state) {
  if (!state.box) return { code: "NOT_NOW", step: "ASIDE", hint: gettext("No box is here"), sound: "check" };
  state.box = null;
  state.mode = state.pending = state.lot = "";
  return ok("ASIDE", gettext("The box waits until the server is back; go on with the rack"));
}

/** What the rack's pieces wait for: known to be absent in the pack's own racks, or not known since the cut. */
function setsOf(pack, state, rack) {
  const slots = Object.values(state.racks).flatMap((one) => one.slots);
  const open = [];
  const unknown = [];
  for (const slot of rack.slots.filter((one) => one.status === "FILLED")) {
    for (const mate of pack.sets[slot.group] ?? []) {
      const there = mate.group && slots.find((one) => one.group === mate.group);
      if (there && there.status !== "FILLED") open.push(gettext("%(sequence)s: set %(set)s is not complete: slot %(there)s", { sequence: slot.sequence, set: mate.set, there: there.number }));
      else if (!there && mate.missing) unknown.push(gettext("%(sequence)s: set %(set)s, %(missing)s", { sequence: slot.sequence, set: mate.set, missing: mate.missing }));
    }
  }
  return { open, unknown };
}

function carrier({ pack, state, label, rack }) {
  const steel = pack.carriers[label.value];
  if (!steel) return { code: "UNKNOWN_LABEL", step: "RACK", seen: label.value, hint: gettext("No rack has this label") };
  if (rack && !["STAGED", "CANCELLED"].includes(rack.status)) {
    if (rack.carrier !== label.value) {
      return { code: "WRONG_RACK", step: "RACK", expected: rack.carrier, seen: label.value, hint: gettext("You are working on rack %(carrier)s", { carrier: rack.carrier }) };
    }
    if (rack.status === "SEALED") {
      rack.status = "STAGED";
      state.rack = null;
      return ok("STAGE", gettext("Subject to host check: mark it, it must not depart"), rack.number);
    }
    return { ...ok("RACK", gettext("This is your rack; go on"), label.value), sound: "wait" };
  }
  return take(pack, state, label.value, steel);
}

function take(pack, state, code, steel) {
  const wrong = (hint, expected = "") => ({ code: "WRONG_RACK", step: "RACK", expected, seen: code, hint });
  const bound = state.bound[code];
  if (bound) {
    const rack = state.racks[bound];
    if (!rack || !RESUMED.has(rack.status)) return wrong(gettext("Holds rack %(rack)s, which is not for this station", { rack: rack?.number ?? "" }));
    state.rack = bound;
    if (state.aside === bound) state.aside = null;
    return ok("RACK", gettext("Rack %(rack)s: go on", { rack: rack.number }), code);
  }
  if (steel.hold) return wrong(gettext("This is a hold cart; take a rack"));
  if (steel.blocked) return wrong(gettext("This rack is in repair; take another"));
  if (!steel.fits) return wrong(gettext("%(what)s goes into %(rack_type)s", { what: pack.what, rack_type: pack.rack_type }), pack.rack_type);
  const rack = pack.racks.map((one) => state.racks[one.id]).find((one) => one.status === "PLANNED");
  const aside = state.racks[state.aside];
  if (aside && !rack?.rush) return wrong(gettext("First finish %(aside)s: scan its rack %(carrier)s", { aside: aside.number, carrier: aside.carrier }), aside.carrier);
  if (!rack) return { code: "NOT_NOW", step: "RACK", seen: code, hint: gettext("The work pack holds no further rack"), sound: "wait" };
  Object.assign(rack, { status: "LOADING", carrier: code });
  state.bound[code] = rack.id;
  state.rack = rack.id;
  state.pending = "";
  settle(pack, rack);
  return ok("RACK", gettext("Rack %(rack)s", { rack: rack.number }), code);
}

// Which override lets a part pass without what its trace wants.
const WITHOUT = { NEED_SERIAL: "SERIAL_REQUIRED", NEED_LOT: "LOT_REQUIRED" };

function part(all, number) {
  const { pack, state, label, rack, slot } = all;
  const seen = shownOf(label);
  if (state.rack && !rack) return { code: "NOT_OFFLINE", step: "PART", seen, hint: gettext("This rack is not in the work pack"), sound: "check" };
  if (!rack) return { code: "NOT_NOW", step: "RACK", seen, hint: gettext("Scan an empty rack first"), sound: "check" };
  if (!slot) return { code: "NOT_NOW", step: "PART", seen, hint: gettext("No part is asked for now"), sound: "check" };
  const needs = needsOf(slot);
  if (!needs.length) return { code: "NOT_NOW", step: "PART", seen, hint: gettext("Put it into slot %(slot)s and scan the slot", { slot: slot.number }), sound: "check" };
  const other = number ? pack.labels[number] : undefined;
  if (other !== undefined && other !== slot.group) return outOfSequence(state, slot, other);
  let told = judgePart(label, needs, state.pending);
  if (told.code === "OK" && state.pending && label.numbers.some((one) => one in pack.parts)) told = { code: "WRONG_PART" };
  if (told.code === "WRONG_PART") return wrongPart(pack, state, label, needs);
  const { need } = told;
  if (WITHOUT[told.code] && letsPass(all, WITHOUT[told.code])) told = { ...told, code: "OK" };
  if (told.code !== "OK") {
    state.pending = need.number;
    state.lot = told.lot ?? "";
    state.hand = slot.group;
    if (slot.group_status === "RELEASED") slot.group_status = "IN_WORK";
    return { code: told.code, step: "PART", seen: need.number, hint: told.code === "NEED_LOT" ? gettext("Now its lot") : gettext("Now its serial"), sound: "wait" };
  }
  return unit(all, needs, told);
}

function outOfSequence(state, slot, other) {
  const found = Object.values(state.racks).flatMap((rack) => rack.slots).find((one) => one.group === other);
  const got = gettext("seq %(sequence)s", { sequence: found?.sequence ?? "?" });
  state.lock = { code: "OUT_OF_SEQUENCE", need: gettext("seq %(sequence)s", { sequence: slot.sequence }), got };
  state.pending = "";
  return { code: "OUT_OF_SEQUENCE", step: "PART", expected: gettext("seq %(sequence)s", { sequence: slot.sequence }), seen: got, hint: gettext("Put it back and scan the return bin") };
}

function wrongPart(pack, state, label, needs) {
  const known = label.numbers.find((number) => number in pack.parts);
  const need = `${needs[0].number} ${needs[0].description}`.trim();
  const got = known ? pack.parts[known] : shownOf(label);
  state.lock = { code: "WRONG_PART", need, got };
  state.pending = "";
  return { code: "WRONG_PART", step: "PART", expected: need, seen: got, hint: gettext("Put it into the return bin and scan the bin") };
}

function unit(all, needs, { need, serial }) {
  const { pack, state, rack, slot } = all;
  if (serial) {
    const key = `${need.part} ${serial}`;
    const where = state.serials[key];
    if (where) return { code: "DUPLICATE", step: "PART", expected: need.number, seen: serial, hint: gettext("serial %(serial)s %(where)s", { serial, where }) };
    state.serials[key] = gettext("is held for %(sequence)s", { sequence: slot.sequence });
  }
  state.pending = "";
  if (slot.group_status === "RELEASED") slot.group_status = "IN_WORK";
  const whole = needs.length === 1 && need.left === 1;
  need.left -= 1;
  state.hand = slot.group;
  if (!whole) return ok("PART", "", need.number);
  slot.group_status = "VERIFIED";
  const asked = pack.check_every > 0 && slot.number % pack.check_every === 0;
  if (asked && !letsPass(all, "SLOT_CHALLENGE")) return ok("PART", gettext("Into slot %(slot)s, scan the slot", { slot: slot.number }), need.number);
  pack_(all);
  return ok("PART", gettext("slot %(slot)s · %(sequence)s", { slot: slot.number, sequence: slot.sequence }), need.number);
}

function slotLabel(all) {
  const { state, label, rack, slot } = all;
  const no = (hint) => ({ code: "NOT_NOW", step: "SLOT", hint, sound: "check" });
  if (state.rack && !rack) return { code: "NOT_OFFLINE", step: "SLOT", hint: gettext("This rack is not in the work pack"), sound: "check" };
  if (!rack) return no(gettext("Scan an empty rack first"));
  if (state.pending) return no(gettext("First the serial of the part"));
  const here = ["", rack.carrier].includes(label.value);
  const hole = rack.slots.find((one) => one.number === label.slot && one.status === "HOLE");
  if (here && hole) return { code: "NOT_OFFLINE", step: "SLOT", hint: gettext("To fill a hole needs the server"), sound: "check" };
  if (!slot) return no(gettext("No slot is asked for now"));
  if (slot.group_status !== "VERIFIED") return no(gettext("First scan the part"));
  if (!here || label.slot !== slot.number) {
    const seen = here ? gettext("slot %(slot)s", { slot: label.slot }) : gettext("%(label)s slot %(slot)s", { label: label.value, slot: label.slot }).trim();
    const hint = gettext("%(sequence)s goes into slot %(slot)s", { sequence: slot.sequence, slot: slot.number });
    return { code: "WRONG_POSITION", step: "SLOT", expected: gettext("slot %(slot)s", { slot: slot.number }), seen, hint };
  }
  pack_(all);
  return ok("SLOT", gettext("slot %(slot)s · %(sequence)s", { slot: slot.number, sequence: slot.sequence }), gettext("slot %(slot)s", { slot: slot.number }));
}

function pack_({ pack, state, rack, slot }) {
  state.hand = null;
  slot.status = "FILLED";
  slot.group_status = "PACKED";
  settle(pack, rack);
}

function settle(pack, rack) {
  if (!["LOADING", "REOPENED"].includes(rack.status) || !rack.slots.every((slot) => DECIDED.has(slot.status))) return;
  if (rack.slots.some((slot) => !slot.group) && !rack.closed && !pack.keeps_places) return;
  rack.status = "FULL";
}
