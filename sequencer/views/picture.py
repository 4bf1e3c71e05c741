"""What floor templates need beyond the verbs' views: drawings, symbols, words. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from sequencer.manifest import REASONS
from sequencer.services.verdicts import WORDS, Verdict

View = Mapping[str, Any]
Pieces = list[tuple[str, bool]]

# Only these set what was needed against what came; elsewhere the hint says it better.
COMPARED = frozenset({"WRONG_PART", "WRONG_POSITION", "WRONG_RACK", "WRONG_ORDER", "LOCKED"})
ASK_SYMBOLS = {"WAIT": "hourglass", "LOCKED": "cross"}
# The tray's labels that answer what is asked now.
FITTING = {
    "BADGE": ("badge",),
    "RACK": ("rack",),
    "STAGE": ("rack",),
    "TRUCK": ("rack",),
    "PART": ("part",),
    "SERIAL": ("serial",),
    "SLOT": ("slot",),
    "SEAL": ("%C:SEAL",),
    "DEPART": ("%C:DEPART",),
    "LOCKED": ("%C:RETURN",),
    "REASON": ("%M:",),
    "PIN": ("%P:",),
}
SOON_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Judged:
    """The band over the question. `stays`: flash, moment, scan (until the next one) or lock."""

    ground: str
    symbol: str
    word: str
    stays: str
    hint: str = ""
    need: Pieces | None = None
    got: Pieces | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A button that does what the barcode of the same code does."""

    raw: str
    word: str
    main: bool = False


def split_sequence(number: str) -> dict[str, str]:
    """The last four digits are what people call out; what stands before them is dimmed."""
    lead, tail = number[:-4], number[-4:]
    return {"lead": lead, "tail": tail, "long": "long" if len(lead) > 2 else ""}


def difference(need: str, got: str) -> tuple[Pieces, Pieces]:
    """Both texts in pieces, each with whether it differs; whole words and number groups only."""
    one, other = (re.findall(r"[\s\-·/]+|[^\s\-·/]+", text) for text in (need, got))
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return (
        [("".join(one[a:b]), tag != "equal") for tag, a, b, _, _ in steps],
        [("".join(other[c:d]), tag != "equal") for tag, _, _, c, d in steps],
    )


def judged(view: View, verdict: Verdict | None) -> Judged | None:
    """The answer that lies over the question: a lock as long as it stands, else what was just judged."""
    if view["lock"]:
        return _locked(view, verdict)
    if verdict is None or verdict.sound == "wait":
        return None
    if verdict.accepted and verdict.sound == "ok":
        return Judged("ok", "tick", verdict.word, "flash", verdict.hint or verdict.seen)
    if verdict.accepted:
        return Judged("check", "care", verdict.step, "moment", verdict.hint)
    ground, symbol = ("check", "care") if verdict.sound == "check" else ("stop", "cross")
    need, got = _compared(verdict.code, verdict.expected, verdict.seen)
    return Judged(ground, symbol, verdict.word, "scan", verdict.hint, need, got)


def _locked(view: View, verdict: Verdict | None) -> Judged:
    lock, ask = view["lock"], view["ask"]
    hint = " ".join(filter(None, (ask["text"], ask["detail"])))
    if verdict and not verdict.accepted and verdict.code not in {lock["code"], "LOCKED"}:
        hint = f"{verdict.word}: {verdict.hint}"
    need, got = difference(lock["need"], lock["got"])
    return Judged("stop", "cross", WORDS.get(lock["code"], "STOP"), "lock", hint, need, got)


def _compared(code: str, expected: str, seen: str) -> tuple[Pieces | None, Pieces | None]:
    if code in COMPARED and expected:
        return difference(expected, seen)
    return None, [(seen, False)] if code == "UNKNOWN_LABEL" and seen else None


def commands(view: View) -> list[Command]:
    """What can be done now without a scanner; never more than five, one more types a label."""
    code = view["ask"]["code"]
    dock = view["station"]["kind"] == "DOCK"
    chosen = {
        "LOCKED": ["RETURN", "SUPERVISOR"],
        "SEAL": ["SEAL", "SUPERVISOR", "CHANGE-OPERATOR"],
        "DEPART": ["DEPART", "SHORT", "CHANGE-OPERATOR"],
        "PIN": ["BACK"],
        "SUPERVISOR": ["BACK"],
        "BADGE": [],
    }
    if code == "REASON":
        return [*(Command(f"%M:{word}", _spoken(word)) for word in REASONS), Command("%C:BACK", "BACK")]
    if code in chosen:
        return [_command(word, main=word in {"RETURN", "SEAL", "DEPART"}) for word in chosen[code]]
    return [_command(word) for word in (_at_dock(view) if dock else _at_station(view))]


def _at_station(view: View) -> list[str]:
    back = ["BACK"] if view["ask"]["code"] == "SERIAL" else []
    missing = ["MISSING"] if view["now"] else []
    return [*missing, *back, "SUPERVISOR", "CHANGE-OPERATOR"]


def _at_dock(view: View) -> list[str]:
    return [*(["DEPART", "SHORT"] if view["opened"] else []), "CHANGE-OPERATOR"]


def _command(word: str, *, main: bool = False) -> Command:
    return Command(f"%C:{word}", _spoken(word), main)


def _spoken(word: str) -> str:
    return word.replace("-", " ")


def tray(view: View) -> list[dict[str, Any]]:
    """The demo's labels; those that answer the present question are marked, of one kind only the first."""
    fitting = FITTING.get(view["ask"]["code"], ())
    first = {card["kind"]: card["raw"] for card in reversed(view["tray"])}
    return [{**card, "fits": _fits(card, fitting, first)} for card in view["tray"]]


def _fits(card: View, fitting: Sequence[str], first: Mapping[str, str]) -> bool:
    if card["kind"] in fitting:
        return bool(first[card["kind"]] == card["raw"])
    return any(card["raw"].startswith(mark) for mark in fitting if mark.startswith("%"))


def last_scans(view: View) -> list[dict[str, Any]]:
    """The last scans in few words; a refused one says why."""
    return [{**scan, "what": scan["sequence"][-4:], "text": _in_few_words(scan)} for scan in view["last"]]


def _in_few_words(scan: View) -> str:
    if scan["accepted"]:
        return str(scan["text"] or "taken")
    return WORDS.get(scan["code"], scan["code"].replace("_", " ")).lower()


def buffer_look(minutes: int | None) -> tuple[str, str]:
    """CSS class and word of the buffer: colour only when someone must hurry, and then a word with it."""
    if minutes is None or minutes >= SOON_MINUTES:
        return "", "Buffer"
    return ("soon", "▲ Soon") if minutes >= 0 else ("late", "✕ Late")


# --- drawings ------------------------------------------------------------------------------------------

CELL_HEIGHT, GUTTER = 96, 8
# A drawing two levels high fills its card at this width; narrow cells stop shrinking where four digits still fit.
FULL_WIDTH, NARROWEST = 640, 100
# status -> (sign in the corner, small text above, big text); `{}` is the sequence.
SLOT_TEXTS = {
    "FILLED": ("✓", "", "{}"),
    "HOLE": ("!", "{}", "HOLE"),
    "REOPENED": ("!", "CHANGED", "{}"),
    "CANCELLED": ("✕", "{}", "OFF"),
    "GAP": ("?", "{}", "GAP"),
    "WAITING": ("", "", ""),
    "EMPTY": ("", "", ""),
}


def rack_drawing(rack: View) -> dict[str, Any]:
    """The rack as it stands before the operator, in drawing units; the page scales it."""
    columns = rack["columns"]
    width = max(NARROWEST, (FULL_WIDTH + GUTTER) // columns - GUTTER)
    return {
        "width": columns * (width + GUTTER) - GUTTER + 6,
        "height": rack["rows"] * (CELL_HEIGHT + GUTTER) - GUTTER + 6,
        "cell": {"width": width, "height": CELL_HEIGHT},
        "slots": [_slot(slot, width) for slot in rack["slots"]],
        "words": _rack_in_words(rack),
        "low": rack["low"][-4:],
        "high": rack["high"][-4:],
    }


def _slot(slot: View, width: int) -> dict[str, Any]:
    x = (slot["column"] - 1) * (width + GUTTER)
    y = (slot["row"] - 1) * (CELL_HEIGHT + GUTTER)
    sign, above, main = SLOT_TEXTS[slot["status"]]
    if slot["now"]:
        sign, main = "▶", "{}"
    tail = slot["sequence"][-4:]
    return {
        "number": slot["number"],
        "look": f"{slot['status'].lower()}{' now' if slot['now'] else ''}",
        "sign": sign,
        "above": above.format(tail),
        "main": main.format(tail),
        "x": x,
        "y": y,
        "x_text": x + 10,
        "x_sign": x + width - 10,
        "y_number": y + 21,
        "y_above": y + 56,
        "y_main": y + 83,
    }


def _rack_in_words(rack: View) -> str:
    count = {status: sum(s["status"] == status for s in rack["slots"]) for status in SLOT_TEXTS}
    parts = [f"{number} {status.lower()}" for status, number in count.items() if number]
    now = next((f"; slot {s['number']} is asked for" for s in rack["slots"] if s["now"]), "")
    return f"Rack {rack['number']}, {rack['capacity']} slots: {', '.join(parts)}{now}"


def trailer(racks: Sequence[View]) -> list[dict[str, Any]]:
    """Places of a truck in the order they are loaded: the first stands deepest, at the cab."""
    return [{**rack, "look": _place_look(rack), "sign": _place_sign(rack)} for rack in racks]


def _place_look(rack: View) -> str:
    if rack["status"] == "LOADED":
        return "loaded"
    if rack["next"]:
        return "next" if rack["status"] == "STAGED" else "awaited"
    return "staged" if rack["status"] == "STAGED" else "away"


def _place_sign(rack: View) -> str:
    return {"loaded": "✓", "next": "▶", "awaited": "!", "staged": "", "away": "…"}[_place_look(rack)]


# --- standing still ------------------------------------------------------------------------------------


def standing(view: View) -> dict[str, str]:
    """What the card says when nothing is in hand: symbol, what is so, what follows."""
    ask, rack, upcoming = view["ask"], view["rack"], view.get("upcoming")
    number = rack["number"] if rack else ""
    starts = (
        f"It starts with {upcoming['sequence']}, {upcoming['part']}."
        if upcoming and "sequence" in upcoming
        else ""
    )
    table = {
        "BADGE": ("badge", "Nobody is at this station", "Scan your badge; what to pick shows here."),
        "RACK": ("rack", f"Rack {upcoming['rack']} is next" if upcoming else "A rack is next", starts),
        "SEAL": ("tick", f"Rack {number} is full", "SEAL compares every slot with the OEM's latest call."),
        "STAGE": ("tick", f"Rack {number} is sealed", "Print the manifest, hang it on, then scan the rack."),
        "SUPERVISOR": ("badge", "A supervisor decides", "Badge first, then the PIN."),
        "LOCKED": ("cross", "The station is locked", "The return bin or a supervisor opens it."),
    }
    if ask["code"] in table:
        symbol, what, why = table[ask["code"]]
        return {"symbol": symbol, "what": what, "why": why}
    detail = ask["detail"]
    return {
        "symbol": "hourglass",
        "what": detail[:1].upper() + detail[1:],
        "why": "The page goes on by itself.",
    }


ASN_WORDS = {
    "NONE": "ASN not due",
    "DUE": "ASN goes in a moment",
    "READY": "ASN ready",
    "SENDING": "ASN being sent",
    "SENT": "ASN sent, no answer yet",
    "ACCEPTED": "ASN accepted",
    "REJECTED": "ASN REJECTED",
    "ATTENTION": "ASN needs a person",
}
ASN_SOON, ASN_LATE = 5, 10


def departed(shipments: Iterable[View]) -> list[dict[str, Any]]:
    """Trucks that left and their ASN: amber after 5 minutes without acceptance, red after 10."""
    return [{**s, "words": _asn_words(s), **_asn_look(s)} for s in shipments]


def _asn_words(shipment: View) -> str:
    """A partner that never acknowledges is not waited for."""
    sent_for_good = shipment["asn_status"] == "SENT" and shipment["asn_done"]
    return "ASN sent" if sent_for_good else ASN_WORDS[shipment["asn_status"]]


def _asn_look(shipment: View) -> dict[str, str]:
    if shipment["asn_done"]:
        return {"look": "accepted", "sign": "✓"}
    late = shipment["minutes_since"] >= ASN_LATE or shipment["asn_status"] in {"REJECTED", "ATTENTION"}
    if late:
        return {"look": "late", "sign": "✕"}
    return (
        {"look": "soon", "sign": "▲"} if shipment["minutes_since"] >= ASN_SOON else {"look": "", "sign": "…"}
    )
