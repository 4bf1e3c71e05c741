"""The station's own steps: the changed piece in the hand, rush, sequence breaks, reprint, ANDON, papers, pictures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sequencer.labels import KEYBOARD_TEST, LAYOUTS
from sequencer.models import (
    CallComponent,
    ComponentGroup,
    LabelRecord,
    PlantEvent,
    Printer,
    PrinterAssignment,
    PrintJob,
    Rack,
    ScanEvent,
    SequenceBreak,
    SequencingProgram,
    Slot,
    Station,
    Task,
    Unit,
)
from sequencer.services import escalate_andons, station_view
from sequencer.services.printing import DocumentKind, print_document
from sequencer.services.scans.breaks import announce_break
from tests.factories import Plant, make_plant, person


def fresh(plant: Plant, *parts: str) -> None:
    """Calls from 1 on, of these customer parts, operator at the station, rack R1 being loaded."""
    for number, part in enumerate(parts or ("C-A", "C-A", "C-A"), start=1):
        plant.new(number, part)
    plant.start_rack()


def ask(plant: Plant) -> str:
    return str(station_view(plant.station.pk, at=plant.at)["ask"]["code"])


def late(plant: Plant) -> dict[str, Any] | None:
    found: dict[str, Any] | None = station_view(plant.station.pk, at=plant.at)["late"]
    return found


def label(part: str, serial: str) -> str:
    return f"[)>\x1e06\x1dP{part}\x1dS{serial}\x1e\x04"


@pytest.fixture
def serials(db: None) -> Plant:
    return make_plant(serial=True)


# --- a call changes while its piece is in the hand -----------------------------------------------------------------


@pytest.mark.parametrize("scans", [["PA"], ["PA", "S7"]], ids=["part scanned", "serial scanned"])
def test_a_change_in_the_hand_is_cleared_by_the_bin_alone(serials: Plant, scans: list[str]) -> None:
    plant = serials
    fresh(plant)
    plant.scans(*scans)
    plant.take("CHANGE", "V0001", "0001", "C-B", required=121)
    shown = late(plant)
    assert shown is not None
    assert (shown["sequence"], shown["why"], shown["now"], shown["back"]) == (
        "0001",
        "CHANGED",
        "black",
        "chrome",
    )
    for raw in (label("B", "9"), "PA", "%L:1", "%R:R1", "%C:SEAL", "%C:MISSING", "%C:BACK"):
        assert plant.scan(raw).code == "PUT_BACK", raw
        assert ask(plant) == "PUT_BACK"
    assert plant.scan("%C:RETURN").code == "OK"
    assert late(plant) is None
    assert plant.scans(label("B", "9"), "%L:1") == ["OK", "OK"]
    assert PlantEvent.objects.get(kind="put_back").by == "op"


def test_the_parts_own_bin_clears_it_too(plant: Plant) -> None:
    plant.parts["A"].storage_bin = "B-12"
    plant.parts["A"].save()
    fresh(plant)
    plant.scan("PA")
    plant.take("CHANGE", "V0001", "0001", "C-B", required=121)
    shown = late(plant)
    assert shown is not None
    assert shown["bin"] == "B-12"
    assert plant.scans("B-13", "b-12") == ["PUT_BACK", "OK"]


@pytest.mark.parametrize(
    ("event", "why"), [("CANCEL", "CANCELLED"), ("HOLD", "HELD"), ("RESEQUENCE", "MOVED")]
)
def test_other_news_of_the_call_in_the_hand(plant: Plant, event: str, why: str) -> None:
    fresh(plant)
    plant.scan("PA")
    plant.take(event, "V0001", "0009" if event == "RESEQUENCE" else "", "")
    shown = late(plant)
    assert shown is not None
    assert shown["why"] == why
    assert plant.scans("PA", "%C:RETURN") == ["PUT_BACK", "OK"]
    assert late(plant) is None
    assert not Unit.objects.exclude(status="BUFFER").exists()


def test_a_quality_hold_in_the_hand_takes_the_piece_back(plant: Plant) -> None:
    fresh(plant)
    plant.scan("PA")
    plant.hold(1)
    assert plant.scans("%L:1", "%C:RETURN") == ["PUT_BACK", "OK"]
    assert plant.group(1).status == "RELEASED"
    assert station_view(plant.station.pk, at=plant.at)["now"]["sequence"] == "0002"


def test_a_change_of_another_call_disturbs_nobody(plant: Plant) -> None:
    fresh(plant)
    plant.scan("PA")
    plant.take("CHANGE", "V0002", "0002", "C-B", required=122)
    assert late(plant) is None
    assert plant.scans("%L:1", "PB", "%L:2") == ["OK", "OK", "OK"]


def test_a_hole_reported_with_the_part_in_the_hand_is_no_late_change(plant: Plant) -> None:
    fresh(plant)
    plant.scans("PA", "%C:MISSING", "%M:DAMAGED")
    assert late(plant) is None
    assert plant.scans("PA", "%L:2") == ["OK", "OK"]


def test_the_reopened_slot_is_named_at_the_seal(plant: Plant) -> None:
    fresh(plant)
    for slot in (1, 2, 3):
        plant.pack("A", slot)
    plant.take("CHANGE", "V0002", "0002", "C-B", required=122)
    verdict = plant.scan("%C:SEAL")
    assert verdict.code == "OUT_OF_DATE_CALL"
    assert verdict.hint == "slot 2 (0002) is open again: call changed to C-B"


# --- a wrong part that another open slot wants ----------------------------------------------------------------------


def test_a_wrong_part_is_matched_to_another_open_slot_by_its_label(plant: Plant) -> None:
    fresh(plant, "C-A", "C-B", "C-A")
    assert plant.scans("PB", "%L:3", "%L:2") == ["WRONG_PART", "LOCKED", "OK"]
    assert (plant.group(2).status, plant.group(1).status) == ("PACKED", "RELEASED")
    assert ask(plant) == "PART"


def test_it_is_never_matched_by_itself(plant: Plant) -> None:
    fresh(plant, "C-A", "C-B", "C-A")
    plant.scans("PB", "PB", "%C:RETURN")
    assert not Unit.objects.exists()


def test_nor_without_the_serial_the_part_needs(serials: Plant) -> None:
    fresh(serials, "C-A", "C-B", "C-A")
    assert serials.scans("PB", "%L:2") == ["WRONG_PART", "LOCKED"]
    serials.scan("%C:RETURN")
    assert serials.scans(label("B", "5"), "%L:2") == ["WRONG_PART", "OK"]
    assert Unit.objects.get().group == serials.group(2)


def test_back_leaves_the_pin_of_a_locked_station_and_not_its_lock(plant: Plant) -> None:
    fresh(plant)
    plant.scans("PB", "%C:SUPERVISOR", "%B:BOSS")
    assert (plant.scan("%C:BACK").code, ask(plant)) == ("OK", "LOCKED")
    plant.scans("%C:SUPERVISOR", "%C:RETURN")
    assert ask(plant) == "PART"


# --- rush -----------------------------------------------------------------------------------------------------------


def rush(plant: Plant) -> None:
    for number in range(1, 7):
        plant.new(number)
    plant.start_rack("R1")
    plant.pack("A", 1)
    plant.take("REORDER", "V0005", "", "")


def test_a_rush_is_shown_with_its_due_time(plant: Plant) -> None:
    rush(plant)
    card = station_view(plant.station.pk, at=plant.at)["rush"]
    assert (card["sequence"], card["free"]) == ("0005", True)
    assert card["due"] == plant.call(5).required_at - timedelta(minutes=20)


def test_a_rush_is_taken_between_two_units_and_the_rack_is_gone_on_with(plant: Plant) -> None:
    rush(plant)
    first = plant.rack(1)
    assert plant.scan("%R:R2").code == "OK"
    view = station_view(plant.station.pk, at=plant.at)
    assert (view["rack"]["number"].startswith("R-"), view["rush"]) == (True, None)
    assert plant.scans("PA", "%L:1", "%C:SEAL", "%R:R2") == ["OK"] * 4
    asked = station_view(plant.station.pk, at=plant.at)["ask"]
    assert (asked["text"], asked["detail"]) == ("SCAN RACK R1", f"go on with {first.number}")
    coming = station_view(plant.station.pk, at=plant.at)["upcoming"]
    assert (coming["rack"], coming["left"], coming["sequence"]) == (first.number, "R1", "0002")
    assert plant.scans("%R:R3", "%R:R1", "PA", "%L:2") == ["WRONG_RACK", "OK", "OK", "OK"]
    plant.station.refresh_from_db()
    assert plant.station.set_aside is None


def test_never_inside_a_unit(plant: Plant) -> None:
    rush(plant)
    plant.scan("PA")
    verdict = plant.scan("%R:R2")
    assert (verdict.code, verdict.hint) == ("NOT_NOW", "First finish 0002, then the rush")
    assert not station_view(plant.station.pk, at=plant.at)["rush"]["free"]
    assert plant.scans("%L:2", "%R:R2") == ["OK", "OK"]


def test_without_a_rush_another_rack_is_wrong(plant: Plant) -> None:
    fresh(plant)
    assert plant.scan("%R:R2").code == "WRONG_RACK"


# --- sequence breaks ------------------------------------------------------------------------------------------------


def built_ahead(plant: Plant, policy: str, after: int = 0) -> Unit:
    """Call 3's piece was verified elsewhere and comes although 1 is asked for."""
    for number in range(1, 5):
        plant.new(number)
    plant.start_rack()
    SequencingProgram.objects.update(sequence_break=policy, break_after=after)
    return strayed(plant, 3)


def strayed(plant: Plant, sequence: int) -> Unit:
    group = plant.group(sequence)
    component = CallComponent.objects.get(group=group)
    return Unit.objects.create(
        part=plant.parts["A"], serial=f"X{sequence}", group=group, component=component, taken_at=plant.at
    )


SCANNED = label("A", "X3")
# (policy, code, is the station locked, the unit afterwards, outcome of the row)
POLICIES = [
    ("STOP", "OUT_OF_SEQUENCE", True, "ALLOCATED", "OPEN"),
    ("WARN", "OUT_OF_SEQUENCE", False, "ALLOCATED", "NOTED"),
    ("DETAIN_NOW", "DETAINED", False, "REPAIR", "DETAINED"),
    ("DELAYED_THEN_DETAIN", "OUT_OF_SEQUENCE", False, "ALLOCATED", "OPEN"),
    ("DELAYED_THEN_SCRAP", "OUT_OF_SEQUENCE", False, "ALLOCATED", "OPEN"),
    ("IGNORE", "OUT_OF_SEQUENCE", False, "ALLOCATED", "NOTED"),
]


@pytest.mark.parametrize(("policy", "code", "locked", "unit_is", "outcome"), POLICIES)
def test_a_piece_of_another_vehicle(
    serials: Plant, policy: str, code: str, locked: bool, unit_is: str, outcome: str
) -> None:
    unit = built_ahead(serials, policy, after=2)
    verdict = serials.scan(SCANNED)
    assert (verdict.accepted, verdict.code) == (False, code)
    assert (verdict.expected, verdict.seen) == ("seq 0001", "seq 0003")
    unit.refresh_from_db()
    assert unit.status == unit_is
    assert unit.group_id != serials.group(1).pk, "never silently re-assigned"
    assert serials.group(1).status == "RELEASED"
    assert (ask(serials) == "LOCKED") == locked
    assert SequenceBreak.objects.get().outcome == outcome


@pytest.mark.parametrize("policy", [row[0] for row in POLICIES])
def test_an_announced_break_is_not_alarmed(serials: Plant, policy: str) -> None:
    unit = built_ahead(serials, policy)
    announce_break(serials.group(3).pk, why="repair")
    verdict = serials.scan(SCANNED)
    assert (verdict.accepted, verdict.sound, ask(serials)) == (False, "wait", "PART")
    unit.refresh_from_db()
    assert unit.status == "ALLOCATED"
    assert SequenceBreak.objects.get().announced == "repair"


def test_the_announcement_ends_when_its_slot_is_packed(serials: Plant) -> None:
    fresh(serials)
    announce_break(serials.group(1).pk, why="QA pull")
    serials.pack("A", 1, serial="1")
    assert Slot.objects.get(number=1).announced == ""


@pytest.mark.parametrize(
    ("policy", "becomes", "outcome"),
    [("DELAYED_THEN_DETAIN", "REPAIR", "DETAINED"), ("DELAYED_THEN_SCRAP", "SCRAPPED", "SCRAPPED")],
)
def test_after_n_units_the_delayed_policy_acts(db: None, policy: str, becomes: str, outcome: str) -> None:
    plant = make_plant(serial=True, capacity=6)
    for number in range(1, 7):
        plant.new(number)
    plant.start_rack()
    SequencingProgram.objects.update(sequence_break=policy, break_after=2)
    unit = strayed(plant, 6)
    assert plant.scan(label("A", "X6")).hint == "0006 may come within 2 more; now scan 0001"
    plant.pack("A", 1, serial="1")
    unit.refresh_from_db()
    assert unit.status == "ALLOCATED"
    plant.scan(label("A", "2"))
    verdict = plant.scan("%L:2")
    assert verdict.hint == f"slot 2 · 0002 · 0006 {outcome.lower()}: put it aside"
    assert (verdict.accepted, verdict.sound) == (True, "check"), (
        "a piece has to be taken away: not just green"
    )
    unit.refresh_from_db()
    assert (unit.status, unit.group) == (becomes, None)
    assert Task.objects.get(kind="SEQUENCE_BREAK").status == "OPEN"
    assert PrintJob.objects.get(kind="NOK_STICKER").subject_id == unit.pk
    assert Station.objects.get(code="S1").open_breaks == 0
    # A scrapped piece is built again before anything else of its rack.
    for n in (6, 3, 4, 5) if becomes == "SCRAPPED" else (3, 4, 5, 6):
        plant.pack("A", n, serial=f"N{n}")
    assert Task.objects.get(kind="SEQUENCE_BREAK").status == "DONE", "it was built again"
    assert plant.scan("%C:SEAL").accepted


def test_a_delayed_break_that_comes_right_in_time_is_forgotten(serials: Plant) -> None:
    unit = built_ahead(serials, "DELAYED_THEN_SCRAP", after=5)
    serials.scan(SCANNED)
    serials.pack("A", 1, serial="1")
    serials.pack("A", 2, serial="2")
    row = SequenceBreak.objects.get()
    assert (row.passed, row.outcome) == (2, "OPEN")
    Unit.objects.filter(pk=unit.pk).update(status="BUFFER", group=None, component=None)
    assert serials.scans(SCANNED, "%L:3") == ["OK", "OK"]
    assert SequenceBreak.objects.get().outcome == "CAME_RIGHT"


def test_a_stations_own_policy_goes_before_its_programs(serials: Plant) -> None:
    built_ahead(serials, "STOP")
    Station.objects.filter(code="S1").update(sequence_break="WARN")
    serials.scan(SCANNED)
    assert ask(serials) == "PART"


@pytest.mark.parametrize(
    ("scans", "outcome", "by"),
    [(["%C:RETURN"], "PUT_BACK", "op"), (["%C:SUPERVISOR", "%B:BOSS", "%P:4711"], "RELEASED", "boss")],
)
def test_who_ends_a_stop_is_kept(serials: Plant, scans: list[str], outcome: str, by: str) -> None:
    built_ahead(serials, "STOP")
    serials.scan(SCANNED)
    assert serials.scan(label("A", "1")).code == "LOCKED"
    assert set(serials.scans(*scans)) == {"OK"}
    row = SequenceBreak.objects.get()
    assert (row.outcome, row.closed_by) == (outcome, by)


def test_a_sequence_label_of_another_vehicle_is_a_break_though_the_part_fits(plant: Plant) -> None:
    fresh(plant)
    slot = Slot.objects.get(number=2)
    job = print_document(DocumentKind.SEQUENCE_LABEL, slot, at=plant.at, by="test")
    number = LabelRecord.objects.get(job=job).number
    verdict = plant.scan(f"[)>\x1e06\x1dPC-A\x1d1PA\x1dZ{number}\x1e\x04")
    assert (verdict.code, verdict.seen) == ("OUT_OF_SEQUENCE", "seq 0002")
    assert not Unit.objects.exists()


def test_the_vehicles_own_sequence_label_is_right(plant: Plant) -> None:
    fresh(plant)
    job = print_document(DocumentKind.SEQUENCE_LABEL, Slot.objects.get(number=1), at=plant.at, by="test")
    number = LabelRecord.objects.get(job=job).number
    assert plant.scan(f"[)>\x1e06\x1dPC-A\x1d1PA\x1dZ{number}\x1e\x04").code == "OK"


# --- paper ----------------------------------------------------------------------------------------------------------


def test_reprint_by_the_things_label_makes_the_old_one_void(serials: Plant) -> None:
    plant = serials
    fresh(plant)
    plant.pack("A", 1, serial="77")
    unit = Unit.objects.get()
    old = print_document(DocumentKind.PART_LABEL, unit, at=plant.at, by="test")
    assert plant.scans("%C:REPRINT", label("A", "77"), "%M:TORN") == ["OK", "OK", "OK"]
    old.refresh_from_db()
    new = PrintJob.objects.get(replaces=old)
    assert (old.status, new.asked_by, new.reason) == ("VOID", "op", "torn")
    number = LabelRecord.objects.get(job=old).number
    verdict = plant.scan(f"[)>\x1e06\x1dPA\x1dS77\x1dZ{number}\x1e\x04")
    assert verdict.code == "VOID_LABEL"


def test_a_reason_at_once_means_the_last_paper_of_the_station(plant: Plant) -> None:
    fresh(plant)
    job = print_document(
        DocumentKind.SEQUENCE_LABEL, Slot.objects.get(number=1), at=plant.at, by="op", station=plant.station
    )
    assert plant.scans("%C:REPRINT", "%M:LOST") == ["OK", "OK"]
    assert PrintJob.objects.get(replaces=job).reason == "lost"


# (scans after REPRINT, code)
REPRINTS = [
    (["%M:LOST"], "NOT_NOW"),
    (["nonsense"], "NOT_NOW"),
    (["%L:9"], "NOT_NOW"),
    (["%L:1", "%M:NO-SUCH-REASON"], "NOT_NOW"),
    (["%L:1", "PA"], "NOT_NOW"),
    (["%L:1", "%M:LOST"], "OK"),
    (["%R:R1", "%M:TORN"], "OK"),
]


@pytest.mark.parametrize(("scans", "code"), REPRINTS)
def test_reprints(plant: Plant, scans: list[str], code: str) -> None:
    fresh(plant)
    assert plant.scans("%C:REPRINT", *scans)[-1] == code
    assert PrintJob.objects.exists() == (code == "OK")


def test_papers_print_by_themselves_where_a_printer_is_assigned(plant: Plant) -> None:
    printer = Printer.objects.create(code="Z1", driver="FOLDER")
    for kind in ("MANIFEST", "RACK_LABEL"):
        PrinterAssignment.objects.create(kind=kind, printer=printer)
    fresh(plant)
    assert list(PrintJob.objects.values_list("kind", flat=True)) == ["MANIFEST"]
    for slot in (1, 2, 3):
        plant.pack("A", slot)
    plant.scan("%C:SEAL")
    live = PrintJob.objects.exclude(status="VOID").values_list("kind", flat=True)
    assert sorted(live) == ["MANIFEST", "RACK_LABEL"]
    number = LabelRecord.objects.get(kind="RACK_LABEL").number
    assert plant.scan(f"%R:R1#{number}").step == "STAGE"


# --- ANDON ----------------------------------------------------------------------------------------------------------


def test_help_is_called_and_answered_by_a_badge(plant: Plant) -> None:
    fresh(plant)
    assert plant.scan("%C:ANDON").accepted
    task = Task.objects.get(kind="ANDON")
    assert (task.subject, task.status) == ("S1", "OPEN")
    assert station_view(plant.station.pk, at=plant.at)["banners"][0]["word"] == "HELP CALLED"
    plant.tick(minutes=3)
    assert plant.scan("%B:BOSS").step == "ANDON"
    task.refresh_from_db()
    plant.station.refresh_from_db()
    assert task.status == "DONE"
    assert (plant.station.andon_at, plant.station.operator) == (None, plant.operator)
    assert PlantEvent.objects.get(kind="andon_answered").facts["seconds"] == 190


def test_a_colleagues_badge_is_no_answer(plant: Plant) -> None:
    fresh(plant)
    person("op2", "operator", "OP2")
    plant.scans("%C:ANDON", "%B:OP2")
    assert Task.objects.get(kind="ANDON").status == "OPEN"


def test_help_is_called_at_a_locked_station_and_once(plant: Plant) -> None:
    fresh(plant)
    assert plant.scans("PB", "%C:ANDON", "%C:ANDON") == ["WRONG_PART", "OK", "OK"]
    assert Task.objects.filter(kind="ANDON").count() == 1
    assert ask(plant) == "LOCKED"


def test_nobody_came(plant: Plant) -> None:
    fresh(plant)
    plant.scan("%C:ANDON")
    assert escalate_andons(at=plant.tick(minutes=4)) == 0
    assert escalate_andons(at=plant.tick(minutes=2)) == 1
    assert escalate_andons(at=plant.tick(minutes=1)) == 0
    assert "NOBODY CAME" in Task.objects.get(kind="ANDON_ESCALATED").text
    plant.scan("%B:BOSS")
    assert not Task.objects.exclude(status="DONE").filter(kind__startswith="ANDON").exists()


# --- log-in, picture, buffer, cost ----------------------------------------------------------------------------------


def test_the_log_in_plays_every_sound(plant: Plant) -> None:
    assert plant.scan("%B:OP").sound == "test"


def test_the_keyboard_test_and_a_bent_badge(plant: Plant) -> None:
    assert plant.scan(KEYBOARD_TEST).code == "OK"
    verdict = plant.scan("%B:OP".translate(LAYOUTS["German"]))
    assert (verdict.code, "German" in verdict.hint) == ("WRONG_LAYOUT", True)
    assert plant.scan(KEYBOARD_TEST.translate(LAYOUTS["French"])).code == "WRONG_LAYOUT"


def test_the_arrow_of_the_buffer(plant: Plant) -> None:
    plant.build([1, 2, 3])
    for number in (4, 5, 6):
        plant.new(number)
    plant.tick(minutes=20)
    assert station_view(plant.station.pk, at=plant.at)["buffer"]["trend"] == "down"
    plant.start_rack("R2")
    for slot in (1, 2, 3):
        plant.pack("A", slot)
    plant.new(30, required=240)
    plant.scans("%C:SEAL", "%R:R2")
    assert station_view(plant.station.pk, at=plant.at)["buffer"]["trend"] == "up"


def test_a_build_station_shows_the_steps_with_their_checks(serials: Plant) -> None:
    fresh(serials)
    Station.objects.filter(code="S1").update(shows_steps=True)
    steps = station_view(serials.station.pk, at=serials.at)["now"]["steps"]
    assert [(s["what"], s["check"], s["state"]) for s in steps] == [
        ("chrome", "part and serial", "now"),
        ("Into slot 1", "slot label", "todo"),
    ]
    serials.scan(label("A", "1"))
    steps = station_view(serials.station.pk, at=serials.at)["now"]["steps"]
    assert [s["state"] for s in steps] == ["done", "now"]


def test_a_plain_part_scan_and_its_page_stay_cheap(plant: Plant, settings: Any) -> None:
    """Fifty stations scan once a second beside each other: one query more is fifty a second, on cores they share."""
    settings.DEMO = False
    fresh(plant)
    plant.pack("A", 1)
    with CaptureQueriesContext(connection) as asked:
        assert plant.scan("PA").code == "OK"
    assert len(asked) <= 13, [q["sql"][:90] for q in asked.captured_queries]
    with CaptureQueriesContext(connection) as asked:
        assert station_view(plant.station.pk, at=plant.at)["ask"]["code"] == "SLOT"
    assert len(asked) <= 21, [q["sql"][:90] for q in asked.captured_queries]


def test_scans_and_racks_stand(plant: Plant) -> None:
    """Every refusal above is a stored scan with its sentence."""
    fresh(plant)
    plant.scans("PB", "%C:RETURN", "%C:REPRINT", "x-1")
    assert all(scan.hint for scan in ScanEvent.objects.exclude(code="OK"))
    assert Rack.objects.get().status == "LOADING"
    assert ComponentGroup.objects.filter(status="RELEASED").count() == 3
