"""What a scan is answered with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sequencer.models import ComponentGroup, Rack, Shipment, Slot, Unit

WORDS = {
    "OK": "OK",
    "WRONG_PART": "WRONG PART",
    "WRONG_POSITION": "WRONG SLOT",
    "WRONG_RACK": "WRONG RACK",
    "WRONG_ORDER": "WRONG ORDER",
    "DUPLICATE": "SERIAL ALREADY USED",
    "UNKNOWN_LABEL": "UNKNOWN LABEL",
    "ON_HOLD": "QUALITY HOLD",
    "OUT_OF_DATE_CALL": "CALL CHANGED",
    "LOCKED": "STATION LOCKED",
    "NO_BADGE": "BADGE FIRST",
    "NEED_SERIAL": "SCAN SERIAL",
    "NOT_NOW": "NOT NOW",
    "NOT_ALLOWED": "NOT ALLOWED",
    "BAD_PIN": "WRONG PIN",
}


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
        return self.code in {"OK", "NEED_SERIAL"}
