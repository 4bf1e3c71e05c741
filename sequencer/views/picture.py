"""What floor templates need beyond the verbs' views: drawings, symbols, words. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext, gettext_noop

from sequencer.services.flows import FLOWS
from sequencer.services.verdicts import Verdict, word_of
from sequencer.spoken import spoken

View = Mapping[str, Any]
Pieces = list[tuple[str, bool]]

# Only these set what was needed against what came; elsewhere the hint says it better.
DOCK_MISTAKES = ("WRONG_TRUCK", "WRONG_DOOR", "WRONG_LANE", "WRONG_PLACE")
COMPARED = frozenset(
    {
        "WRONG_PART",
        "WRONG_PIECE",
        "WRONG_POSITION",
        "WRONG_RACK",
        "WRONG_ORDER",
        "WRONG_BOX",
        "TOO_MANY",
        "LOCKED",
        "OUT_OF_SEQUENCE",
        "DETAINED",
        *DOCK_MISTAKES,
    }
)
ASK_SYMBOLS = {"WAIT": "hourglass", "LOCKED": "cross", "PUT_BACK": "care"}
# The tray's labels that answer what is asked now.
FITTING = {
    "BADGE": ("badge",),
    "RACK": ("rack",),
    "STAGE": ("rack",),
    "TRUCK": ("rack",),
    "PART": ("part",),
    "SERIAL": ("serial",),
    "LOT": ("serial",),
    "SLOT": ("slot",),
    "BOX": ("card", "%C:BOX", "box"),
    "BOX_LABEL": ("box",),
    "COUNT": ("count",),
    "MOVES": ("%C:MOVES",),
    "MOVE_FROM": ("move",),
    "MOVE_PIECE": ("move",),
    "MOVE_TO": ("move",),
    "SEAL": ("%C:SEAL",),
    "DEPART": ("%C:DEPART",),
    "DOOR_SEAL": ("door-seal",),
    "DRIVER": ("driver",),
    "PLACE": ("place",),
    "UNLOAD": ("rack",),
    "LOCKED": ("%C:RETURN",),
    "PUT_BACK": ("%C:RETURN",),
    "THING": ("%M:",),
    "REASON": ("%M:",),
    "PIN": ("%P:",),
}
SOON_MINUTES = 15
# Letters of a detail that fit beside nothing, and how many of them one letter of the question takes.
BAND_LETTERS, WORD_TO_DETAIL = 64, 2.4
MAIN = frozenset({"RETURN", "SEAL", "DEPART", "MOVES", "BOX"})
ARROWS = {
    "up": ("↑", gettext_noop("rising")),
    "down": ("↓", gettext_noop("falling")),
    "flat": ("→", gettext_noop("steady")),
}
BANNER_SIGNS = {
    "rush": "▲",
    "hold": "✕",
    "bypass": "▲",
    "override": "▲",
    "challenge": "▲",
    "andon": "▲",
    "moves": "▲",
    "offline": "✕",
}


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
    # Played when it appears by itself, without a scan.
    sound: str = ""


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
    if view.get("late"):
        return _late(view["late"], view["ask"])
    if verdict is None or verdict.sound == "wait":
        return None
    if verdict.accepted and verdict.sound in {"ok", "test"}:
        return Judged("ok", "tick", verdict.word, "flash", verdict.hint or verdict.seen)
    if verdict.accepted:
        # A unit that was packed well, and a piece of another one that has to go to the hold cart now.
        word = "PUT-ASIDE" if verdict.step in {"PART", "SLOT"} else verdict.step
        return Judged("check", "care", spoken(word), "moment", verdict.hint)
    ground, symbol = ("check", "care") if verdict.sound == "check" else ("stop", "cross")
    need, got = _compared(verdict.code, verdict.expected, verdict.seen)
    return Judged(ground, symbol, verdict.word, "scan", verdict.hint, need, got)


def ask_long(ask: View) -> bool:
    """What stands beside the question has no room there in two lines of its usual size."""
    room = BAND_LETTERS - len(ask["text"]) * WORD_TO_DETAIL
    return len(ask["detail"]) > 2 * max(room, 0)


def _locked(view: View, verdict: Verdict | None) -> Judged:
    lock, ask = view["lock"], view["ask"]
    hint = ", ".join(filter(None, (ask["text"], ask["detail"])))
    if verdict and not verdict.accepted and verdict.code not in {lock["code"], "LOCKED"}:
        hint = f"{verdict.word}: {verdict.hint}"
    need, got = difference(lock["need"], lock["got"])
    return Judged("stop", "cross", word_of(lock["code"]), "lock", hint, need, got, "stop")


def _late(late: View, ask: View) -> Judged:
    """Stands until the bin was scanned; the card above says the rest."""
    hint = f"{ask['text']} {ask['detail']}"
    return Judged(
        "check", "care", f"{late['sequence'][-4:]} {spoken(late['why'])}", "lock", hint, sound="check"
    )


def _compared(code: str, expected: str, seen: str) -> tuple[Pieces | None, Pieces | None]:
    if code in COMPARED and expected:
        return difference(expected, seen)
    return None, [(seen, False)] if code == "UNKNOWN_LABEL" and seen else None


def commands(view: View) -> list[Command]:
    """What can be done now without a scanner; never more than five, one more types a label."""
    code = view["ask"]["code"]
    dock = view["station"]["kind"] == "DOCK"
    chosen = {
        "LOCKED": ["RETURN", "ANDON", "SUPERVISOR"],
        "PUT_BACK": ["RETURN", "ANDON"],
        "SEAL": ["SEAL", "REPRINT", "ANDON", "SUPERVISOR"],
        "BOX": ["BOX", "REPRINT", "ANDON", "SUPERVISOR"] if not dock else [*_at_dock(view)],
        "BOX_LABEL": ["REPRINT", "EMPTY-BOX", "BOX-ASIDE", "ANDON", "SUPERVISOR"],
        "MOVES": ["MOVES", "REPRINT", "ANDON", "SUPERVISOR"],
        "DEPART": ["DEPART", "SHORT", "CHANGE-OPERATOR"],
        "PIN": ["BACK"],
        "SUPERVISOR": ["BACK"],
        "BADGE": [],
    }
    if code == "COUNT":
        return [
            Command("%Q:PACK", "PACK", main=True),
            *(_command(word) for word in ("BACK", "EMPTY-BOX", "BOX-ASIDE", "ANDON")),
        ]
    if view.get("box") and code not in chosen:
        words = ("SEAL", "EMPTY-BOX", "BOX-ASIDE", "ANDON", "SUPERVISOR")
        return [_command(word, main=word in MAIN) for word in words]
    if code in chosen:
        return [_command(word, main=word in MAIN) for word in chosen[code]]
    reasons = [card for card in view["ask"].get("cards", ()) if card["raw"].startswith(("%M:", "%C:"))]
    if "cards" in view["ask"]:
        buttons = [Command(card["raw"], spoken(card["raw"][3:])) for card in reasons[:4]]
        return [*buttons, Command("%C:BACK", spoken("BACK"))]
    return [_command(word) for word in (_at_dock(view) if dock else _at_station(view))]


def _at_station(view: View) -> list[str]:
    """What an operator needs between two scans; BACK takes the place of what makes no sense with half a part."""
    half = view["ask"]["code"] in {"SERIAL", "LOT"}
    wanted = ["MISSING"] if view["now"] else []
    wanted += ["BACK"] if half else ["SCRAP"]
    words = [word for word in [*wanted, "REPRINT", "ANDON"] if word in FLOWS or word == "BACK"]
    return [*words, "SUPERVISOR"]


def _at_dock(view: View) -> list[str]:
    return [*(["DEPART", "SHORT"] if view["opened"] else []), "CHANGE-OPERATOR"]


def _command(word: str, *, main: bool = False) -> Command:
    return Command(f"%C:{word}", spoken(word), main)


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
        return str(scan["text"] or gettext("taken"))
    return word_of(scan["code"]).lower()


def buffer_look(minutes: int | None) -> tuple[str, str]:
    """CSS class and word of the buffer: colour only when someone must hurry, and then a word with it."""
    if minutes is None or minutes >= SOON_MINUTES:
        return "", gettext("Buffer")
    return ("soon", f"▲ {gettext('Soon')}") if minutes >= 0 else ("late", f"✕ {gettext('Late')}")


def arrow(trend: str) -> dict[str, str] | None:
    """The buffer against a quarter of an hour ago: sign and word."""
    if trend not in ARROWS:
        return None
    sign, word = ARROWS[trend]
    return {"sign": sign, "word": gettext(word)}


def banners(view: View) -> list[dict[str, Any]]:
    """What stands over the whole line now, each with its sign: colour never tells alone."""
    return [{**banner, "sign": BANNER_SIGNS.get(banner["kind"], "▲")} for banner in view["banners"]]


# --- drawings ------------------------------------------------------------------------------------------


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
        gettext("It starts with %(sequence)s, %(part)s.") % upcoming
        if upcoming and "sequence" in upcoming
        else ""
    )
    table: dict[str, tuple[str, str, str] | None] = {
        "BADGE": (
            "badge",
            gettext("Nobody is at this station"),
            gettext("Scan your badge; what to pick shows here."),
        ),
        "RACK": (
            "rack",
            _rack_next(upcoming),
            starts,
        ),
        "SEAL": _to_seal(rack) if rack else None,
        "BOX": ("rack", ask["detail"], gettext("Take an empty box; its label prints when it is full.")),
        "STAGE": (
            "tick",
            gettext("Rack %(rack)s is sealed") % {"rack": number},
            gettext("Print the manifest, hang it on, then scan the rack."),
        ),
        "SUPERVISOR": (
            "badge",
            ask.get("decides") or gettext("A supervisor decides"),
            gettext("Badge first, then the PIN."),
        ),
        "LOCKED": (
            "cross",
            gettext("The station is locked"),
            gettext("The return bin or a supervisor opens it."),
        ),
        "THING": (
            "go",
            gettext("Which label?"),
            gettext("Its piece, slot or rack tells; a reason at once means the last paper here."),
        ),
    }
    if ask["code"].startswith("MOVE"):
        why = gettext("Each piece is moved by scan; the rack stays open until all of them are verified.")
        what = gettext("Pieces of this rack stand wrong") if ask["code"] == "MOVES" else ask["detail"]
        return {"symbol": "rack", "what": what, "why": why}
    if "flow" in ask and ask["code"] != "THING":
        return {"symbol": "go", "what": ask["flow"], "why": gettext("BACK leaves everything as it is.")}
    said = table.get(ask["code"])
    if said is not None:
        symbol, what, why = said
        return {"symbol": symbol, "what": what, "why": why}
    detail = ask["detail"]
    return {
        "symbol": "hourglass",
        "what": detail[:1].upper() + detail[1:],
        "why": gettext("The page goes on by itself."),
    }


def box_checks(box: View, asked: str) -> list[dict[str, str]]:
    """The chips of a box: part, its lot or serial, how many, label; what is done, what is asked, what follows."""
    trace, steps = box["trace"], [("PART", gettext("part"))]
    if trace != "NONE":
        steps.append((trace, gettext("lot") if trace == "LOT" else gettext("serial")))
    if trace != "SERIAL":
        steps.append(("COUNT", gettext("how many")))
    steps.append(("BOX_LABEL", gettext("label")))
    codes = [code for code, _ in steps]
    # Full and not closed: all that is left is the label. Locked, or in a command: the part is next.
    at = codes.index(asked) if asked in codes else len(codes) - 1 if asked == "BOX_FULL" else 0
    return [
        {"name": name, "state": "done" if n < at else "now" if code == asked else "todo"}
        for n, (code, name) in enumerate(steps)
    ]


def _to_seal(rack: View) -> tuple[str, str, str]:
    """A rack whose last slot is decided: full, or what keeps it open."""
    told = {"rack": rack["number"]}
    held = next((slot for slot in rack["slots"] if slot["held"]), None)
    hole = next((slot for slot in rack["slots"] if slot["status"] == "HOLE"), None)
    if held is not None:
        stands = gettext("Slot %(slot)s is on quality hold") % {"slot": held["number"]}
        return "care", stands, gettext("Rack %(rack)s is not sealed before quality lets it go.") % told
    if hole is not None:
        stands = gettext("Slot %(slot)s is a hole") % {"slot": hole["number"]}
        return "care", stands, gettext("Rack %(rack)s: fill it, or SEAL and a supervisor.") % told
    compares = gettext("SEAL compares every slot with the OEM's latest call.")
    return "tick", gettext("Rack %(rack)s is full") % told, compares


def _rack_next(upcoming: View | None) -> str:
    if not upcoming:
        return gettext("A rack is next")
    told = gettext("Go on with rack %(rack)s") if upcoming["left"] else gettext("Rack %(rack)s is next")
    return told % upcoming


ASN_WORDS = {
    "NONE": gettext_noop("ASN not due"),
    "DUE": gettext_noop("ASN goes in a moment"),
    "READY": gettext_noop("ASN ready"),
    "SENDING": gettext_noop("ASN being sent"),
    "SENT": gettext_noop("ASN sent, no answer yet"),
    "ACCEPTED": gettext_noop("ASN accepted"),
    "REJECTED": gettext_noop("ASN REJECTED"),
    "ATTENTION": gettext_noop("ASN needs a person"),
}
ASN_SOON, ASN_LATE = 5, 10


def departed(shipments: Iterable[View]) -> list[dict[str, Any]]:
    """Trucks that left and their ASN: amber after 5 minutes without acceptance, red after 10."""
    return [{**s, "words": _asn_words(s), **_asn_look(s)} for s in shipments]


def _asn_words(shipment: View) -> str:
    """A partner that never acknowledges is not waited for."""
    sent_for_good = shipment["asn_status"] == "SENT" and shipment["asn_done"]
    return gettext("ASN sent") if sent_for_good else gettext(ASN_WORDS[shipment["asn_status"]])


def _asn_look(shipment: View) -> dict[str, str]:
    if shipment["asn_done"]:
        return {"look": "accepted", "sign": "✓"}
    late = shipment["minutes_since"] >= ASN_LATE or shipment["asn_status"] in {"REJECTED", "ATTENTION"}
    if late:
        return {"look": "late", "sign": "✕"}
    return (
        {"look": "soon", "sign": "▲"} if shipment["minutes_since"] >= ASN_SOON else {"look": "", "sign": "…"}
    )
