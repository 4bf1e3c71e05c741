"""A whole shift at one station by key events alone: badge to sign-off, every exception on the way, no mouse, no field.

The operator does everything by the keyboard; what OEM, quality and office do meanwhile are their own verbs.
With JIS_PICTURES naming a folder every state is kept as a picture, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.utils import timezone

from sequencer.models import (
    Carrier,
    ChallengeLabel,
    FloorException,
    Override,
    ProcessControl,
    QualityHold,
    Rack,
    RackType,
    ScanEvent,
    SealedMove,
    Station,
    Unit,
)
from sequencer.services import open_bypass
from sequencer.services.quality import release_hold
from sequencer.services.reorders import reorder_group
from tests.browser.conftest import Floor
from tests.factories import Plant

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PICTURES = os.environ.get("JIS_PICTURES", "")
BOSS = ("%B:BOSS", "%P:4711")


def label(part: str, serial: int) -> str:
    return f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04"


class Shift:
    """The operator: scans, and reads the band or the judgement before the next scan."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.seen = 0

    def look(self, name: str) -> None:
        self.seen += 1
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.floor.page.wait_for_timeout(250)
            words = name.lower().replace(" ", "-").replace("/", "-")
            self.floor.page.screenshot(path=f"{PICTURES}/{self.seen:02d}-{words}.png")

    def scan(self, raw: str, asked: str, *, told: str = "", look: str = "") -> None:
        """One scan; `asked`: what the band asks for then, `told`: what the judgement says."""
        self.floor.scan(raw)
        if told:
            self.floor.told(told)
            if look:
                self.look(look)
        if asked:
            self.floor.asked(asked)
            if look and not told:
                self.look(look)

    def pack(self, part: str, serial: int, slot: int, then: str = "SCAN PART") -> None:
        self.scan(label(part, serial), f"SCAN SLOT {slot}")
        self.scan(f"%L:{slot}", then)

    def reads(self, words: str) -> None:
        """Stands somewhere on the page, without a scan."""
        self.floor.page.wait_for_function(
            "words => document.body.innerText.toUpperCase().includes(words)", arg=words.upper()
        )


@pytest.fixture
def shift(visit: Callable[..., Floor], plant: Plant) -> Shift:
    for number in range(1, 10):
        plant.new(number, "C-B" if number == 2 else "C-A")
    cart = RackType.objects.create(code="CART", rows=1, columns=4)
    Carrier.objects.create(code="H1", kind=Carrier.Kind.HOLD, rack_type=cart)
    Station.objects.filter(pk=plant.station.pk).update(wants_challenge=True)
    for kind, name, raw in (
        ("BAD_PART", "Master bad part", "PMASTER-BAD"),
        ("WRONG_SLOT", "Master slot", "%L:MASTER:1"),
    ):
        ChallengeLabel.objects.create(station=plant.station, kind=kind, name=name, raw=raw)
    return Shift(visit(plant.operator).open(f"/station/{plant.station.pk}/"))


def test_a_full_shift_at_one_station_by_the_scanner_alone(shift: Shift, plant: Plant) -> None:
    scan, pack = shift.scan, shift.pack

    # Sign on; nothing is built before the labels that must be refused were refused.
    scan("%B:OP", "SCAN EMPTY RACK", look="signed on")
    scan("%R:R1", "SCAN PART")
    scan(label("A", 1), "", told="CHALLENGE FIRST", look="challenge due")
    scan("%C:CHALLENGE", "SCAN MASTER BAD PART", look="challenge")
    scan("PMASTER-BAD", "SCAN MASTER SLOT")
    scan("%L:MASTER:1", "SCAN PART")

    # A wrong part, a wrong slot, a serial used already.
    scan(label("B", 9), "", told="WRONG PART", look="wrong part")
    scan("%C:RETURN", "SCAN PART")
    scan(label("A", 1), "SCAN SLOT 1", look="part right")
    scan("%L:3", "", told="WRONG SLOT", look="wrong slot")
    scan("%L:1", "SCAN PART")
    pack("B", 2, 2)
    scan(label("A", 1), "", told="SERIAL ALREADY USED", look="serial used")

    # Repair and back; the missing part is searched for first, and the repaired one is found.
    scan("%C:REPAIR", "SCAN PIECE OR SLOT")
    scan("%L:1", "SCAN THE REASON", look="repair reason")
    scan("%M:SCRATCH", "SCAN PART")
    shift.reads("in repair")
    scan("%C:REPAIRED", "SCAN THE PIECE")
    scan(label("A", 1), "SCAN PART")
    scan("%C:MISSING", "SCAN IT, OR A REASON", look="missing found")
    scan(label("A", 1), "SCAN SLOT 1")
    scan("%L:1", "SCAN PART")

    # Nothing found: a hole, and the part comes after all.
    scan("%C:MISSING", "SCAN THE REASON", look="missing")
    scan("%M:EMPTY-BIN", "SEAL", look="hole")
    scan("%L:3", "SCAN PART")
    pack("A", 3, 3, "SCAN SEAL")

    # Scrap and build again in the same slot; two equal pieces change calls.
    scan("%C:SCRAP", "SCAN PIECE OR SLOT")
    scan("%L:2", "SCAN THE REASON", look="scrap reason")
    scan("%M:DAMAGED", "SCAN PART", look="built again")
    pack("B", 22, 2, "SCAN SEAL")
    scan("%C:SWAP", "SCAN THE FIRST PIECE")
    scan("%L:1", "SCAN THE OTHER PIECE", look="swap")
    scan("%L:3", "SCAN SEAL")

    # Quality holds a piece: no seal. Help is called; the hold goes, the seal holds.
    plant.hold(1)
    scan("%C:SEAL", "", told="quality hold", look="held at the seal")
    scan("%C:ANDON", "", told="Help is called", look="andon")
    scan("%B:BOSS", "")
    hold = QualityHold.objects.get()
    release_hold(hold.pk, by="quinn", reason="measured good", at=timezone.now())
    scan("%C:SEAL", "SCAN RACK", look="sealed")
    scan("%C:REPRINT", "SCAN PIECE, SLOT OR RACK")
    scan("%R:R1", "SCAN THE REASON", look="reprint reason")
    scan("%M:TORN", "SCAN RACK")
    scan("%R:R1", "SCAN EMPTY RACK")

    # The OEM moves a call of the sealed rack: a supervisor decides, the move list brings the piece away.
    plant.take("RESEQUENCE", "V0003", "0010", "")
    scan("%C:REOPEN-RACK", "SCAN THE RACK", look="sealed decision")
    scan("%R:R1", "SCAN SUPERVISOR BADGE")
    scan(BOSS[0], "ENTER PIN", look="pin")
    scan(BOSS[1], "SCAN EMPTY RACK")
    scan("%R:R1", "SCAN MOVES", look="moves wait")
    scan("%C:MOVES", "TAKE FROM SLOT 3", look="move from")
    scan("%L:3", "PUT ON HOLD CART", look="move to")
    scan("%R:H1", "", told="everything is moved")
    plant.take("NEW", "V0033", "0003", "C-B", required=123)
    shift.floor.asked("SCAN PART")
    pack("B", 33, 3, "SCAN SEAL")
    scan("%C:SEAL", "SCAN RACK")
    scan("%R:R1", "SCAN EMPTY RACK")

    # The call changes while its piece is in the hand.
    scan("%R:R2", "SCAN PART")
    scan(label("A", 4), "SCAN SLOT 1")
    plant.take("CHANGE", "V0004", part="C-B")
    shift.reads("CHANGED")
    shift.look("changed in hand")
    # Nothing but the bin goes on.
    scan("%L:1", "")
    shift.reads("PUT BACK CHROME")
    scan("%C:RETURN", "SCAN PART")
    pack("B", 44, 1)

    # Ordered again: a rush card; between two units its rack is taken, and the rack left is asked for by name.
    reorder_group(plant.group(1).pk, by="boss", reason="scratched", at=timezone.now())
    shift.reads("RUSH")
    shift.look("rush card")
    scan("%R:R3", "SCAN PART", told="R-RUSH", look="rush in work")
    pack("A", 71, 1, "SCAN SEAL")
    scan("%C:SEAL", "SCAN RACK")
    scan("%R:R3", "SCAN", told="", look="back to the rack left")
    scan("%R:R2", "SCAN PART")

    # The slot labels are torn: a supervisor lets that check pass here, counted and seen by everybody.
    scan("%C:OVERRIDE", "SCAN WHICH CHECK", look="override")
    scan("%M:SLOT-CHALLENGE", "SCAN THE REASON")
    scan("%M:LABEL-DAMAGED", "SCAN HOW FAR", look="how far")
    scan("%M:STATION-10-MIN", "SCAN SUPERVISOR BADGE")
    scan(BOSS[0], "ENTER PIN")
    scan(BOSS[1], "SCAN PART")
    scan(label("A", 5), "", told="OK BY OVERRIDE", look="by override")
    control = ProcessControl.objects.create(
        line=plant.line, code="TQ-1", device="Torque gun", alternate="Click wrench", restart_check="Master joint",
        approved_by="Quality", approved_on=date(2026, 1, 12),
    )  # fmt: skip
    boss = plant.supervisor
    open_bypass(control.pk, owner=boss, minutes=60, reason="no pulse", by=boss, at=timezone.now())
    scan(label("A", 6), "SCAN SEAL")
    shift.reads("BYPASS TORQUE GUN")
    shift.look("bypass")

    # The rack is unpacked and every piece scanned again.
    scan("%C:REPACK", "SCAN THE RACK", look="repack")
    scan("%M:CHECK", "SCAN PART")
    for part, serial, then in (("B", 44, "SCAN PART"), ("A", 5, "SCAN PART"), ("A", 6, "SCAN SEAL")):
        scan(label(part, serial), then)
    scan("%C:SEAL", "SCAN RACK")
    scan("%R:R2", "SCAN EMPTY RACK")

    # A built piece whose call is cancelled is taken out by scan.
    scan("%R:R4", "SCAN PART")
    # The question before and after is the same: the judgement tells that this scan was heard.
    scan(label("A", 77), "SCAN PART", told="slot 1")
    plant.take("CANCEL", "V0007", part="")
    scan("%C:TAKE-OUT", "SCAN PIECE OR SLOT", look="take out")
    scan(label("A", 77), "SCAN BUFFER OR SCRAP", look="buffer or scrap")
    scan("%M:BUFFER", "SCAN PART")

    # Sign off.
    scan("%C:CHANGE-OPERATOR", "SCAN YOUR BADGE", look="signed off")

    # The rack with the piece that was ordered again stands open until that piece is taken out; the others wait.
    racks = dict(
        Rack.objects.filter(carrier__code__in=["R1", "R2", "R3"]).values_list("carrier__code", "status")
    )
    assert racks == {"R1": "FULL", "R2": "STAGED", "R3": "STAGED"}
    kinds = {"REPAIR", "MISSING", "SCRAP", "SWAP", "HOLD", "REPACK", "REORDER", "CANCELLED"}
    assert kinds <= set(FloorException.objects.values_list("kind", flat=True))
    assert SealedMove.objects.get(slot__isnull=False).choice == "REOPEN"
    assert Override.objects.get().used >= 2
    assert Unit.objects.get(serial="77").status == "BUFFER"
    assert not ScanEvent.objects.filter(raw__contains="4711").exists()
    assert shift.floor.waits() == 0
