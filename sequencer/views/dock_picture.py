"""What the dock's template needs beyond its view: the trailer as lanes of places, buttons. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sequencer.spoken import spoken
from sequencer.views.picture import Command

View = Mapping[str, Any]

SIGNS = {"loaded": "✓", "next": "▶", "awaited": "!", "staged": "", "away": "…", "off": "✕", "empty": ""}
CHOSEN = {
    "DEPART": ("DEPART", "UNLOAD", "CHANGE-OPERATOR"),
    "DOOR_SEAL": ("UNLOAD", "CHANGE-OPERATOR"),
    "DRIVER": ("UNLOAD", "CHANGE-OPERATOR"),
    "PIN": ("BACK",),
    "SUPERVISOR": ("BACK",),
    "BADGE": (),
    "TRUCK": ("CHANGE-OPERATOR",),
}
MAIN = frozenset({"DEPART"})


def trailer(shipment: View) -> dict[str, Any]:
    """The trailer seen from above, cab on the left: one row a lane, places in the order they are reached."""
    racks = [
        {**rack, "look": place_look(rack), "sign": SIGNS[place_look(rack)]} for rack in shipment["racks"]
    ]
    kept = {(rack["lane"], rack["place"]): rack for rack in racks if rack["load_position"] is not None}
    # A rack that lost its place still stands somewhere; the one that gets its place waits outside.
    kept |= {
        (rack["lane"], rack["place"]): rack for rack in racks if rack["off"] and rack["load_position"] is None
    }
    others = {
        (one["lane"], one["place"]): {**one, "look": "other", "sign": "✓" if one["loaded"] else ""}
        for one in shipment["behind"]
    }
    kept = others | kept
    lanes, places = shipment["trailer"]["lanes"], shipment["trailer"]["places"]
    rows = [
        [
            kept.get((lane, place), {"look": "empty", "sign": "", "lane": lane, "place": place})
            for place in range(1, places + 1)
        ]
        for lane in range(1, lanes + 1)
    ]
    return {
        "rows": rows,
        "lanes": lanes,
        "places": places,
        "side": shipment["trailer"]["door"] == "SIDE",
        "racks": racks,
    }


def place_look(rack: View) -> str:
    """loaded, off (must come off), next (load it), awaited (next, but not ready), staged, away."""
    if rack["off"]:
        return "off"
    if rack["status"] == "LOADED":
        return "loaded"
    if rack["next"]:
        return "next" if rack["status"] == "STAGED" else "awaited"
    return "staged" if rack["status"] == "STAGED" else "away"


def hand(view: View, racks: Sequence[View]) -> View | None:
    """The rack the loader has in hand: the one that comes off, else the next one on."""
    off = next((rack for rack in racks if rack["off_first"]), None)
    if view["ask"]["code"] == "BOX":
        return None
    return off or next((rack for rack in racks if rack["next"]), None)


def commands(view: View) -> list[Command]:
    """What can be done at a dock without a scanner; never more than five, one more types a label."""
    ask = view["ask"]
    if "cards" in ask:
        shown = [
            Command(card["raw"], spoken(card["raw"][3:]))
            for card in ask["cards"]
            if card["kind"] == "command"
        ]
        return [*shown[:4], Command("%C:BACK", spoken("BACK"))]
    words = CHOSEN.get(
        ask["code"], ("SHORT", "UNLOAD", "CHANGE-OPERATOR") if view["opened"] else ("CHANGE-OPERATOR",)
    )
    return [Command(f"%C:{word}", spoken(word), word in MAIN) for word in words]
