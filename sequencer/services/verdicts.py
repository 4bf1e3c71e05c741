"""What a scan is answered with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop

from sequencer.models import ComponentGroup, Rack, Shipment, Slot, Unit

WORDS = {
    "OK": gettext_noop("OK"),
    "OVERRIDDEN": gettext_noop("OK BY OVERRIDE"),
    "CHALLENGE_DUE": gettext_noop("CHALLENGE FIRST"),
    "CHALLENGE_FAILED": gettext_noop("CHECK IS BROKEN"),
    "WRONG_PART": gettext_noop("WRONG PART"),
    "WRONG_PIECE": gettext_noop("WRONG PIECE"),
    "WRONG_POSITION": gettext_noop("WRONG SLOT"),
    "WRONG_RACK": gettext_noop("WRONG RACK"),
    "WRONG_ORDER": gettext_noop("WRONG ORDER"),
    "WRONG_TRUCK": gettext_noop("WRONG TRUCK"),
    "WRONG_DOOR": gettext_noop("WRONG DOOR"),
    "WRONG_LANE": gettext_noop("WRONG LANE"),
    "WRONG_PLACE": gettext_noop("WRONG PLACE"),
    "WRONG_BOX": gettext_noop("WRONG BOX"),
    "TOO_MANY": gettext_noop("TOO MANY"),
    "CARD_USED": gettext_noop("CARD ALREADY USED"),
    "DUPLICATE": gettext_noop("SERIAL ALREADY USED"),
    "UNKNOWN_LABEL": gettext_noop("UNKNOWN LABEL"),
    "ON_HOLD": gettext_noop("QUALITY HOLD"),
    "OUT_OF_DATE_CALL": gettext_noop("CALL CHANGED"),
    "SET_OPEN": gettext_noop("SET NOT COMPLETE"),
    "OUT_OF_SEQUENCE": gettext_noop("OUT OF SEQUENCE"),
    "DETAINED": gettext_noop("DETAINED"),
    "PUT_BACK": gettext_noop("PUT IT BACK"),
    "VOID_LABEL": gettext_noop("VOID LABEL"),
    "WRONG_LAYOUT": gettext_noop("WRONG KEYBOARD"),
    "LOCKED": gettext_noop("STATION LOCKED"),
    "NO_BADGE": gettext_noop("BADGE FIRST"),
    "NEED_SERIAL": gettext_noop("SCAN SERIAL"),
    "NEED_LOT": gettext_noop("SCAN LOT"),
    "NOT_NOW": gettext_noop("NOT NOW"),
    "NOT_ALLOWED": gettext_noop("NOT ALLOWED"),
    "BAD_PIN": gettext_noop("WRONG PIN"),
    "OFFLINE_CONFLICT": gettext_noop("CHECK PIECE"),
    "REPLAYING": gettext_noop("KEPT SCANS FIRST"),
}


def word_of(code: str) -> str:
    """The word of a verdict in the language spoken; a code without one is its own word."""
    return gettext(WORDS[code]) if code in WORDS else code.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one scan. `sound` is one of ok, check, stop, wait; `repeated`: this nonce was judged before."""

    accepted: bool
    code: str
    word: str
    step: str
    expected: str = ""
    seen: str = ""
    hint: str = ""
    sound: str = "ok"
    scan_id: int = 0
    repeated: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Judged:
    """What a branch decided, before it is stored."""

    code: str
    step: str
    expected: str = ""
    seen: str = ""
    hint: str = ""
    sound: str = ""
    rack: Rack | None = None
    slot: Slot | None = None
    group: ComponentGroup | None = None
    unit: Unit | None = None
    shipment: Shipment | None = None

    @property
    def accepted(self) -> bool:
        return self.code in {"OK", "OVERRIDDEN", "NEED_SERIAL", "NEED_LOT"}
