"""A rack in drawing units: sides beside each other, lanes parted, blocked places hatched. The page scales it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext, gettext_noop

from sequencer.services.racks import CALL_CHANGED, SCRAPPED
from sequencer.spoken import in_words, spoken

View = Mapping[str, Any]

CELL_HEIGHT, GUTTER = 96, 8
# Between lanes, between sides, and the strip that names a side.
LANE_GAP, SIDE_GAP, SIDE_HEAD = 12, 32, 26
# A drawing two levels high fills its card at this width; narrow cells stop shrinking where four digits still fit.
FULL_WIDTH, NARROWEST = 640, 100
# status -> (sign in the corner, small text above, big text); `{}` is the sequence.
SLOT_TEXTS = {
    "FILLED": ("✓", "", "{}"),
    "HOLE": ("!", "{}", gettext_noop("HOLE")),
    "REOPENED": ("!", gettext_noop("AGAIN"), "{}"),
    "CANCELLED": ("✕", "{}", gettext_noop("OFF")),
    "GAP": ("?", "{}", gettext_noop("GAP")),
    "WAITING": ("", "", ""),
    "EMPTY": ("", "", ""),
    # A rack type's preview: which sequence comes here.
    "SAMPLE": ("", "", "{}"),
}
# Why a slot is open again, by how its reason begins; of another reason its place says AGAIN.
AGAIN = {CALL_CHANGED: gettext_noop("CHANGED"), SCRAPPED: gettext_noop("SCRAPPED")}
# The edge of the drawing where the OEM takes from, by how it is drawn; the operator's side is always below.
FACES = {"FRONT": "below", "BACK": "above", "LEFT": "left", "RIGHT": "right"}


def rack_drawing(rack: View) -> dict[str, Any]:
    """The rack as it stands before the operator: slots, blocked places, the name of each side, and it all in words."""
    sides: Sequence[View] = rack["sides"]
    columns = sum(side["columns"] for side in sides)
    width = max(NARROWEST, (FULL_WIDTH + GUTTER) // columns - GUTTER)
    head = SIDE_HEAD if len(sides) > 1 or sides[0]["name"] else 0
    lefts = _lefts(sides, width)
    rows = max(side["rows"] for side in sides)
    return {
        "width": lefts[-1] - SIDE_GAP + 6,
        "height": head + rows * (CELL_HEIGHT + GUTTER) - GUTTER + 6,
        "cell": {"width": width, "height": CELL_HEIGHT},
        "sides": [
            {"name": side["name"] or f"side {number}", "x": left, "y": 17}
            for number, (side, left) in enumerate(zip(sides, lefts, strict=False), start=1)
        ]
        if head
        else [],
        "slots": [_slot(slot, sides, lefts, width, head) for slot in rack["slots"]],
        "blocked": [
            dict(zip(("x", "y"), _corner(side, left, place[0], place[1], width, head), strict=True))
            for side, left in zip(sides, lefts, strict=False)
            for place in side["blocked"]
        ],
        "face": FACES[rack["unload_face"]],
        "words": _in_words(rack),
        "low": rack["low"][-4:],
        "high": rack["high"][-4:],
    }


def _lefts(sides: Sequence[View], width: int) -> list[int]:
    """Where each side begins, and where one more would."""
    lefts = [0]
    for side in sides:
        wide = side["columns"] * (width + GUTTER) - GUTTER + len(side["lane_edges"]) * LANE_GAP
        lefts.append(lefts[-1] + wide + SIDE_GAP)
    return lefts


def _corner(side: View, left: int, row: int, column: int, width: int, head: int) -> tuple[int, int]:
    lanes_before = sum(edge < column for edge in side["lane_edges"])
    x = left + (column - 1) * (width + GUTTER) + lanes_before * LANE_GAP
    return x, head + (row - 1) * (CELL_HEIGHT + GUTTER)


def _slot(slot: View, sides: Sequence[View], lefts: Sequence[int], width: int, head: int) -> dict[str, Any]:
    side = slot["side"] - 1
    x, y = _corner(sides[side], lefts[side], slot["row"], slot["column"], width, head)
    sign, above, main = SLOT_TEXTS[slot["status"]]
    if slot["status"] == "REOPENED":
        above = next((word for begins, word in AGAIN.items() if slot["reason"].startswith(begins)), above)
    above, main = (gettext(text) if text.isupper() else text for text in (above, main))
    look, tail = slot["status"].lower(), slot["sequence"][-4:]
    if slot.get("repair"):
        # "in repair, needed by 07:41": the time alone fits.
        above, main, look = f"{spoken('REPAIR')} {slot['repair'].rpartition(' ')[2]}", "{}", "reopened"
    if slot.get("held"):
        sign, above, look = "✕", in_words("ON_HOLD").upper(), "held"
    if slot["loose"]:
        # A piece of another call stands there: what the operator sees comes before what the book says.
        sign, above, main, look, tail = "⚠", gettext("MOVE"), "{}", "loose", slot["loose"][-4:]
    elif slot["now"]:
        sign, main = "▶", "{}"
    return {
        "number": f"{slot['number']} {slot['mark']}".strip(),
        "look": f"{look}{' now' if slot['now'] else ''}",
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


def _in_words(rack: View) -> str:
    count = {status: sum(s["status"] == status for s in rack["slots"]) for status in SLOT_TEXTS}
    parts = [f"{number} {in_words(status)}" for status, number in count.items() if number]
    told = gettext("Rack %(rack)s, %(count)s slots: %(parts)s")
    now = next((s["number"] for s in rack["slots"] if s["now"]), None)
    if now is not None:
        told = gettext("Rack %(rack)s, %(count)s slots: %(parts)s; slot %(now)s is asked for")
    return told % {"rack": rack["number"], "count": rack["capacity"], "parts": ", ".join(parts), "now": now}
