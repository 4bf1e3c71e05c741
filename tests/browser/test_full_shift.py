"""A whole shift at one station by key events alone: badge to sign-off, every exception on the way, no mouse, no field.

The operator does everything by the keyboard; what OEM, quality, dock and office do meanwhile are their own verbs.
In every state that is looked at nothing is clipped. With JIS_PICTURES naming a folder each is kept as a picture.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from django.utils import timezone

from sequencer.models import (
    CallComponent,
    Carrier,
    ChallengeLabel,
    FloorException,
    LabelRecord,
    Override,
    Printer,
    PrinterAssignment,
    ProcessControl,
    QualityHold,
    Rack,
    RackType,
    ScanEvent,
    SealedMove,
    SequenceBreak,
    Shipment,
    Station,
    Unit,
)
from sequencer.services import open_bypass, plan_shipments, record_scan
from sequencer.services.quality import release_hold
from sequencer.services.reorders import reorder_group
from tests.browser.conftest import Floor
from tests.browser.test_station_states import CLIPPED
from tests.factories import Plant, person

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PICTURES = os.environ.get("JIS_PICTURES", "")


def label(part: str, serial: int) -> str:
    return f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04"


class Shift:
    """The operator: scans, and reads the band or the judgement before the next scan."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.seen = 0
        self.clipped: list[str] = []

    def look(self, name: str) -> None:
        self.seen += 1
        self.clipped += [f"{name}: {what}" for what in self.floor.page.evaluate(CLIPPED)]
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
    for number in range(1, 16):
        plant.new(number, "C-B" if number == 2 else "C-A")
    cart = RackType.objects.create(code="CART", rows=1, columns=4)
    Carrier.objects.create(code="H1", kind=Carrier.Kind.HOLD, rack_type=cart)
    Station.objects.filter(pk=plant.station.pk).update(wants_challenge=True)
    for kind, name, raw in (
        ("BAD_PART", "Master bad part", "PMASTER-BAD"),
        ("WRONG_SLOT", "Master slot", "%L:MASTER:1"),
    ):
        ChallengeLabel.objects.create(station=plant.station, kind=kind, name=name, raw=raw)
    printer = Printer.objects.create(code="PR-1", driver=Printer.Driver.FOLDER)
    for paper in ("RACK_LABEL", "MANIFEST"):
        PrinterAssignment.objects.create(kind=paper, printer=printer)
    return Shift(visit(plant.operator).open(f"/station/{plant.station.pk}/"))


def test_a_full_shift_at_one_station_by_the_scanner_alone(shift: Shift, plant: Plant) -> None:
    signs_on(shift)
    wrong_part_slot_and_serial(shift)
    repair_missing_scrap_and_swap(shift)
    hold_andon_and_reprint(shift, plant)
    the_oem_moves_a_sealed_call(shift, plant)
    the_rack_is_delivered_and_a_piece_comes_back(shift, plant)
    the_call_changes_in_the_hand(shift, plant)
    ordered_again_after_delivery(shift, plant)
    override_bypass_and_repack(shift, plant)
    ordered_again_before_delivery(shift, plant)
    sequence_breaks(shift, plant)
    a_built_call_is_cancelled(shift, plant)
    shift.scan("%C:CHANGE-OPERATOR", "SCAN YOUR BADGE", look="signed off")

    racks = Rack.objects.filter(carrier__code__in=["R2", "R3", "R5"]).values_list("carrier__code", "status")
    assert dict(racks) == {"R2": "STAGED", "R3": "STAGED", "R5": "STAGED"}
    kinds = {"REPAIR", "MISSING", "SCRAP", "SWAP", "HOLD", "REPACK", "REORDER", "CANCELLED", "RETURNED"}
    assert kinds <= set(FloorException.objects.values_list("kind", flat=True))
    assert not FloorException.objects.filter(by="").exists()
    assert SealedMove.objects.get(slot__isnull=False).choice == "REOPEN"
    assert Override.objects.get().used >= 2
    assert Unit.objects.get(serial="77").status == "BUFFER"
    assert not ScanEvent.objects.filter(raw__contains="4711").exists()
    assert shift.floor.waits() == 0
    assert not shift.clipped, "\n".join(shift.clipped)


def signs_on(shift: Shift) -> None:
    """Nothing is built before the labels that must be refused were refused."""
    scan = shift.scan
    scan("%B:OP", "SCAN EMPTY RACK", look="signed on")
    scan("%R:R1", "SCAN PART")
    scan(label("A", 1), "", told="CHALLENGE FIRST", look="challenge due")
    scan("%C:CHALLENGE", "SCAN MASTER BAD PART", look="challenge")
    scan("PMASTER-BAD", "SCAN MASTER SLOT")
    scan("%L:MASTER:1", "SCAN PART")


def wrong_part_slot_and_serial(shift: Shift) -> None:
    scan = shift.scan
    scan(label("B", 9), "", told="WRONG PART", look="wrong part")
    scan("%C:RETURN", "SCAN PART")
    scan(label("A", 1), "SCAN SLOT 1", look="part right")
    scan("%L:3", "", told="WRONG SLOT", look="wrong slot")
    scan("%L:1", "SCAN PART")
    shift.pack("B", 2, 2)
    scan(label("A", 1), "", told="SERIAL ALREADY USED", look="serial used")


def repair_missing_scrap_and_swap(shift: Shift) -> None:
    scan, pack = shift.scan, shift.pack
    # Repair and back; the missing part is searched for first, and the repaired one is found.
    scan("%C:REPAIR", "SCAN PIECE OR SLOT", look="repair")
    scan("%L:1", "SCAN THE REASON", look="repair reason")
    scan("%M:SCRATCH", "SCAN PART")
    shift.reads("in repair")
    shift.look("in repair")
    scan("%C:REPAIRED", "SCAN THE PIECE", look="repaired")
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
    scan("%C:SWAP", "SCAN THE FIRST PIECE", look="swap first")
    scan("%L:1", "SCAN THE OTHER PIECE", look="swap")
    scan("%L:3", "SCAN SEAL")


def hold_andon_and_reprint(shift: Shift, plant: Plant) -> None:
    """A hold stops the seal, help is called, the hold goes. A torn label is printed anew: the old one is refused."""
    scan = shift.scan
    plant.hold(1)
    scan("%C:SEAL", "", told="quality hold", look="held at the seal")
    scan("%C:ANDON", "", told="Help is called", look="andon")
    scan("%B:BOSS", "")
    hold = QualityHold.objects.get()
    release_hold(hold.pk, by="quinn", reason="measured good", at=timezone.now())
    scan("%C:SEAL", "SCAN RACK", look="sealed")
    old = rack_label("R1")
    scan("%C:REPRINT", "SCAN PIECE, SLOT OR RACK", look="reprint")
    scan(old, "SCAN THE REASON", look="reprint reason")
    scan("%M:TORN", "SCAN RACK", told="the old one is void", look="printed again")
    scan(old, "", told="VOID LABEL", look="void label")
    new = rack_label("R1")
    assert new != old
    scan(new, "SCAN EMPTY RACK")


def rack_label(carrier: str) -> str:
    """What stands in the symbol of the rack's label that counts now."""
    rack = Rack.objects.exclude(status="SHIPPED").get(carrier__code=carrier)
    record = LabelRecord.objects.get(
        kind="RACK_LABEL", subject_type="rack", subject_id=rack.pk, void_at__isnull=True
    )
    return f"%R:{carrier}#{record.number}"


def the_oem_moves_a_sealed_call(shift: Shift, plant: Plant) -> None:
    """A supervisor decides; the move list brings the piece away; the call that comes in its place is built."""
    scan = shift.scan
    plant.take("RESEQUENCE", "V0003", "0040", "")
    scan("%C:REOPEN-RACK", "SCAN THE RACK", look="sealed decision")
    scan("%R:R1", "SCAN SUPERVISOR BADGE", look="supervisor")
    scan("%B:BOSS", "ENTER PIN", look="pin")
    scan("%P:4711", "SCAN EMPTY RACK")
    scan("%R:R1", "SCAN MOVES", look="moves wait")
    scan("%C:MOVES", "TAKE FROM SLOT 3", look="move from")
    scan("%L:3", "PUT ON HOLD CART", look="move to")
    scan("%R:H1", "", told="everything is moved")
    plant.take("NEW", "V0033", "0003", "C-B", required=123)
    shift.floor.asked("SCAN PART")
    shift.pack("B", 33, 3, "SCAN SEAL")
    scan("%C:SEAL", "SCAN RACK")
    scan("%R:R1", "SCAN EMPTY RACK")


def the_rack_is_delivered_and_a_piece_comes_back(shift: Shift, plant: Plant) -> None:
    scan = shift.scan
    plan_shipments(at=timezone.now())
    truck = Shipment.objects.get(racks__carrier__code="R1")
    person("lou", "logistics", "LOU")
    nonces = count(1)
    for raw in ("%B:LOU", f"%T:{truck.number}", "%R:R1", "%C:DEPART"):
        verdict = record_scan(plant.dock.pk, raw, f"dock-{next(nonces)}", at=timezone.now())
        assert verdict.accepted, verdict
    scan("%C:OEM-RETURN", "SCAN THE PIECE", look="oem return")
    scan(label("B", 22), "SCAN THE REASON", look="oem return reason")
    scan("%M:OEM-REJECT", "SCAN EMPTY RACK", told="Quality shelf", look="came back")
    assert Unit.objects.get(serial="22").status == "RETURNED"
    scan("%C:REPAIRED", "SCAN THE PIECE")
    scan(label("B", 22), "SCAN EMPTY RACK", told="buffer", look="found good")


def the_call_changes_in_the_hand(shift: Shift, plant: Plant) -> None:
    """Nothing but the bin goes on."""
    scan = shift.scan
    scan("%R:R2", "SCAN PART")
    scan(label("A", 4), "SCAN SLOT 1")
    plant.take("CHANGE", "V0004", part="C-B")
    shift.reads("CHANGED")
    shift.look("changed in hand")
    scan("%L:1", "")
    shift.reads("PUT BACK CHROME")
    scan("%C:RETURN", "SCAN PART")
    shift.pack("B", 44, 1)


def ordered_again_after_delivery(shift: Shift, plant: Plant) -> None:
    """A rush card; between two units its rack is taken, and the rack left is asked for by name."""
    scan = shift.scan
    reorder_group(plant.group(1).pk, by="boss", reason="scratched", at=timezone.now())
    shift.reads("RUSH")
    shift.look("rush card")
    assert FloorException.objects.get(kind="REORDER").text.endswith("after delivery")
    scan("%R:R3", "SCAN PART", told="R-RUSH", look="rush in work")
    shift.pack("A", 71, 1, "SCAN SEAL")
    scan("%C:SEAL", "SCAN RACK")
    scan("%R:R3", "SCAN RACK R2", look="back to the rack left")
    scan("%R:R2", "SCAN PART")


def override_bypass_and_repack(shift: Shift, plant: Plant) -> None:
    scan = shift.scan
    # The slot labels are torn: a supervisor lets that check pass here, counted and seen by everybody.
    # One label says which check, why and how far; the steps one by one are test_authority's.
    scan("%C:OVERRIDE:SC:LD:S10M", "SCAN SUPERVISOR BADGE", look="override")
    scan("%B:BOSS", "ENTER PIN", look="override pin")
    scan("%P:4711", "SCAN PART")
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


def ordered_again_before_delivery(shift: Shift, plant: Plant) -> None:
    """The rack stands open until the piece was taken out; the call is built again in a rack of its own."""
    scan = shift.scan
    reorder_group(plant.group(6).pk, by="boss", reason="bent", at=timezone.now())
    shift.reads("RUSH")
    assert FloorException.objects.filter(kind="REORDER").latest("pk").text.endswith("before delivery")
    scan("%R:R5", "SCAN PART")
    scan(label("A", 66), "SCAN SEAL")
    scan("%C:SEAL", "SCAN RACK")
    scan("%R:R5", "SCAN EMPTY RACK")
    scan("%R:R2", "SCAN MOVES", look="ordered again opens the rack")
    scan("%C:TAKE-OUT", "SCAN PIECE OR SLOT")
    scan(label("A", 6), "SCAN BUFFER OR SCRAP")
    scan("%M:SCRAP", "SCAN SEAL")
    scan("%C:SEAL", "SCAN RACK")
    scan("%R:R2", "SCAN EMPTY RACK")


def sequence_breaks(shift: Shift, plant: Plant) -> None:
    """A piece of another vehicle is never taken, whatever the policy; what happens besides is the policy's."""
    scan = shift.scan
    scan("%R:R4", "SCAN PART")
    pieces = {number: label("A", 900 + number) for number in range(10, 16)}
    for number in pieces:
        of = CallComponent.objects.select_related("group").get(group=plant.group(number))
        Unit.objects.create(
            part=plant.parts["A"],
            serial=str(900 + number),
            group=of.group,
            component=of,
            taken_at=timezone.now(),
        )

    def under(policy: str, after: int = 0) -> None:
        Station.objects.filter(pk=plant.station.pk).update(sequence_break=policy, break_after=after)

    under("STOP")
    scan(pieces[10], "", told="OUT OF SEQUENCE", look="break stops")
    scan(label("A", 7), "", told="OUT OF SEQUENCE")
    scan("%C:RETURN", "SCAN PART")
    under("WARN")
    scan(pieces[11], "", told="OUT OF SEQUENCE", look="break warns")
    under("IGNORE")
    scan(pieces[12], "")
    shift.reads("Piece of 0012")
    shift.look("break ignored")
    under("DETAIN_NOW")
    scan(pieces[13], "", told="DETAINED", look="break detained")
    under("DELAYED_THEN_DETAIN", 1)
    scan(pieces[14], "", told="may come within 1 more", look="break may come")
    scan(label("A", 7), "", told="PUT ASIDE", look="break not come")
    under("DELAYED_THEN_SCRAP", 1)
    scan(pieces[15], "", told="may come within 1 more")
    scan(label("A", 8), "", told="0015 scrapped", look="break scrapped")
    under("")
    rows = SequenceBreak.objects.order_by("pk").values_list("policy", "outcome")
    assert list(rows) == [
        ("STOP", "PUT_BACK"), ("WARN", "NOTED"), ("IGNORE", "NOTED"), ("DETAIN_NOW", "DETAINED"),
        ("DELAYED_THEN_DETAIN", "DETAINED"), ("DELAYED_THEN_SCRAP", "SCRAPPED"),
    ]  # fmt: skip
    strayed = Unit.objects.filter(serial__in=[str(900 + number) for number in pieces])
    assert list(strayed.order_by("serial").values_list("status", flat=True)) == [
        "ALLOCATED", "ALLOCATED", "ALLOCATED", "REPAIR", "REPAIR", "SCRAPPED",
    ]  # fmt: skip


def a_built_call_is_cancelled(shift: Shift, plant: Plant) -> None:
    scan = shift.scan
    scan(label("A", 77), "SCAN SEAL", told="slot 3")
    plant.take("CANCEL", "V0009", part="")
    scan("%C:TAKE-OUT", "SCAN PIECE OR SLOT", look="take out")
    scan(label("A", 77), "SCAN BUFFER OR SCRAP", look="buffer or scrap")
    scan("%M:BUFFER", "SCAN SEAL")
