// What a scanned label says: the same reading as sequencer/labels.py, for a browser that is cut off.

const AIM = /^\][A-Za-z][0-9A-Za-z]/;
const MARK = /#L[0-9]{9,}$/;
const ENVELOPE = "[)>\x1e06\x1d";
const GS = "\x1d";
const LOT = ["1T", "T"];
const SUPPLIER = ["18V", "12V", "V"];
const OWN = "BCMRLTPZDKHAQW";
export const KEYBOARD_TEST = "%K:AYZQWM-ayzqwm-0123456789/#;_";

const goods = (value, numbers = [], serial = null, lot = null, supplier = null) => ({
  kind: "GOODS", value, numbers, serial, slot: null, lot, supplier,
});

export function readLabel(raw, pattern = "") {
  const text = strip(raw).replace(AIM, "");
  if (text.length > 3 && text[0] === "%" && text[2] === ":") return ownLabel(text[1].toUpperCase(), text.slice(3).trim());
  if (pattern) {
    const found = new RegExp(`^(?:${pattern.replaceAll("(?P<", "(?<")})$`).exec(text)?.groups;
    if (found) return goods(text, found.part ? [found.part] : [], found.serial ?? null, found.lot ?? null);
  }
  if (text.startsWith(ENVELOPE)) {
    const inner = text.slice(ENVELOPE.length).replace(/\x04+$/, "").replace(/\x1e+$/, "");
    return identified(text, inner.split(GS));
  }
  return text.includes(GS) ? identified(text, text.split(GS)) : bare(text);
}

/** For a person: the part number without its identifier. */
export const shownOf = (label) => (label.kind === "GOODS" && label.numbers.length ? label.numbers.at(-1) : label.value);

/** The number of the paper that was scanned, if what it says holds one. */
export function labelNumber(raw) {
  const text = strip(raw).replace(AIM, "");
  const own = /^%[A-Z]:[\s\S]*#(L[0-9]{9,})$/.exec(text);
  if (own) return own[1];
  const inner = (text.startsWith(ENVELOPE) ? text.slice(ENVELOPE.length) : text).replace(/\x04+$/, "").replace(/\x1e+$/, "");
  for (const part of inner.split(GS)) {
    const found = /^Z(L[0-9]{9,})$/.exec(part) ?? /^[1-6]?J([A-Z]{2,3}[A-Z0-9]+)$/.exec(part);
    if (found) return found[1];
  }
  return null;
}

const strip = (raw) => raw.replace(/^[\r\n\t\x02\x03]+|[\r\n\t\x02\x03]+$/g, "");

function ownLabel(letter, given) {
  if (!OWN.includes(letter)) return goods(`%${letter}:${given}`);
  const value = given.replace(MARK, "");
  const label = { kind: letter, value, numbers: [], serial: null, slot: null, lot: null, supplier: null };
  if (letter === "L") {
    const at = value.lastIndexOf(":");
    const number = value.slice(at + 1);
    return { ...label, value: at < 0 ? "" : value.slice(0, at), slot: /^[0-9]+$/.test(number) ? Number(number) : null };
  }
  return "CM".includes(letter) ? { ...label, value: value.toUpperCase() } : label;
}

function identified(text, fields) {
  const numbers = fields
    .filter((one) => one.startsWith("P") || one.startsWith("1P"))
    .map((one) => one.replace(/^1P/, "").replace(/^P/, ""));
  const serial = fields.find((one) => one.startsWith("S") && one.length > 1)?.slice(1) ?? null;
  return goods(text, numbers, serial, behind(fields, LOT), behind(fields, SUPPLIER));
}

function behind(fields, identifiers) {
  for (const name of identifiers) {
    const found = fields.find((one) => one.startsWith(name) && one !== name);
    if (found) return found.slice(name.length);
  }
  return null;
}

function bare(text) {
  if (text.startsWith("P") && text.length > 1) return goods(text, [text, text.slice(1)]);
  if (text.startsWith("S") && text.length > 1) return goods(text, [text], text.slice(1));
  if (text.startsWith("1T") && text.length > 2) return goods(text, [text], null, text.slice(2));
  return goods(text, [text]);
}
