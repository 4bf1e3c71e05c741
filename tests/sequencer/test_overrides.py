"""Overrides: which checks may pass, for whom, how long and how often; and what nothing lets pass."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.errors import Refused
from inventory.models import Part
from sequencer.models import Override, OverrideUse, PlantEvent, Rack, ScanEvent, Station, Task
from sequencer.services import (
    dock_view,
    expire_overrides,
    review_override,
    revoke_override,
    station_view,
)
from sequencer.services.flows.override import STEPS, USUAL, short
from sequencer.services.overrides import grant_override
from sequencer.states import OverrideWhat
from tests.factories import Plant, make_plant, person


def grant(plant: Plant, what: str, extent: str = "STATION-10-MIN", why: str = "LABEL-DAMAGED") -> list[str]:
    """The six scans of a grant, by the printed cards."""
    return plant.scans("%C:OVERRIDE", f"%M:{what}", f"%M:{why}", f"%M:{extent}", "%B:BOSS", "%P:4711")


def begin(plant: Plant, *parts: str) -> None:
    for number, part in enumerate(parts or ("C-A", "C-A", "C-A"), start=1):
        plant.new(number, part)
    plant.start_rack()


@pytest.fixture
def other(plant: Plant) -> User:
    return person("quinn", "quality", "QUINN")


def test_a_slot_challenge_passes_for_its_time_and_no_longer(plant: Plant) -> None:
    begin(plant)
    assert grant(plant, "SLOT-CHALLENGE") == ["OK"] * 6
    assert plant.scan("PA").code == "OVERRIDDEN"
    assert plant.group(1).status == "PACKED"
    plant.tick(minutes=11)
    assert plant.scans("PA", "%L:2") == ["OK", "OK"]
    override = Override.objects.get()
    assert (override.used, override.granted_by, override.operator) == (1, plant.supervisor, "op")
    use = OverrideUse.objects.get()
    assert ScanEvent.objects.get(pk=use.scan_id).code == "OVERRIDDEN"
    assert use.group == plant.group(1)


def test_the_pin_is_asked_and_a_wrong_one_grants_nothing(plant: Plant) -> None:
    begin(plant)
    cards = ("%C:OVERRIDE", "%M:SLOT-CHALLENGE", "%M:LABEL-DAMAGED", "%M:THIS-UNIT")
    assert plant.scans(*cards, "%B:BOSS", "%P:0000") == ["OK"] * 5 + ["BAD_PIN"]
    assert plant.scans("%C:BACK", *cards, "%B:OP") == ["OK"] * 5 + ["NOT_ALLOWED"]
    assert not Override.objects.exists()
    assert "4711" not in " ".join(ScanEvent.objects.values_list("raw", flat=True))


def test_one_label_says_check_reason_and_extent_and_it_takes_three_scans(plant: Plant) -> None:
    begin(plant)
    assert plant.scan("%C:OVERRIDE:SC:LD:S5U").code == "OK"
    ask = station_view(plant.station.pk, at=plant.at)["ask"]
    shown = "OVERRIDE · SLOT CHALLENGE · LABEL DAMAGED · STATION 5 UNITS"
    assert (ask["code"], ask["decides"]) == ("SUPERVISOR", shown)
    plant.scan("%B:BOSS")
    ask = station_view(plant.station.pk, at=plant.at)["ask"]
    assert (ask["code"], ask["detail"]) == ("PIN", shown), "nobody signs what he does not see"
    assert plant.scan("%P:4711").code == "OK"
    granted = Override.objects.get()
    assert (granted.what, granted.reason, granted.scope, granted.limit, granted.granted_by) == (
        "SLOT_CHALLENGE", "LABEL-DAMAGED", "STATION", 5, plant.supervisor,
    )  # fmt: skip
    assert granted.until > granted.granted_at


@pytest.mark.parametrize(
    ("label", "then"),
    [
        ("%C:OVERRIDE:SLOT-CHALLENGE", "OVERRIDE_WHY"),
        ("%C:OVERRIDE:SC:LD", "OVERRIDE_EXTENT"),
        ("%C:OVERRIDE:XX", "PART"),
        ("%C:OVERRIDE:SC:XX", "PART"),
        ("%C:OVERRIDE:WRONG-PART:LD:TU", "PART"),
        ("%C:OVERRIDE:SC:LD:TU:TU", "PART"),
        ("%C:SCRAP:SC", "PART"),
    ],
)
def test_what_a_label_does_not_say_is_asked_and_what_it_says_wrong_begins_nothing(
    plant: Plant, label: str, then: str
) -> None:
    begin(plant)
    assert plant.scan(label).accepted == (then != "PART")
    assert station_view(plant.station.pk, at=plant.at)["ask"]["code"] == then
    assert not Override.objects.exists()


def test_every_word_has_initials_of_its_own_and_the_usual_ones_are_choices() -> None:
    """A laminated label means the same as long as it hangs: no two words may be shortened alike."""
    for *_, choices in STEPS:
        assert len({short(word) for word in choices}) == len(choices)
    for words in USUAL:
        assert all(word in step[3] for word, step in zip(words, STEPS, strict=True))


def test_a_supervisor_who_works_there_does_not_grant_it(plant: Plant) -> None:
    begin(plant)
    plant.scan("%B:BOSS")
    assert grant(plant, "SLOT-CHALLENGE")[-1] == "NOT_NOW"
    assert "another supervisor" in ScanEvent.objects.order_by("-id")[0].hint
    assert not Override.objects.exists()


def test_a_part_in_the_hand_is_packed_by_the_grant_and_counts(plant: Plant) -> None:
    begin(plant)
    plant.scan("PA")
    assert grant(plant, "SLOT-CHALLENGE", "THIS-UNIT")[-1] == "OVERRIDDEN"
    assert plant.group(1).status == "PACKED"
    assert (Override.objects.get().status, Override.objects.get().used) == ("USED", 1)
    assert plant.scans("PA", "%L:2") == ["OK", "OK"]


def test_a_limit_of_units_ends_it(plant: Plant) -> None:
    begin(plant, *["C-A"] * 3)
    grant(plant, "SLOT-CHALLENGE", "STATION-5-UNITS")
    Override.objects.update(limit=2)
    assert plant.scans("PA", "PA", "PA") == ["OVERRIDDEN", "OVERRIDDEN", "OK"]
    assert (Override.objects.get().status, Override.objects.get().used) == ("USED", 2)
    assert plant.group(3).status == "VERIFIED"


def test_a_serial_that_cannot_be_read(db: None) -> None:
    plant = make_plant(serial=True)
    begin(plant)
    assert plant.scan("PA").code == "NEED_SERIAL"
    assert grant(plant, "SERIAL-REQUIRED", "THIS-UNIT")[-1] == "OK"
    assert plant.scans("PA", "%L:1", "PA") == ["OVERRIDDEN", "OK", "NEED_SERIAL"]
    assert plant.group(1).units.get().serial is None
    assert Override.objects.get().used == 1


def test_a_lot_that_cannot_be_read(plant: Plant) -> None:
    Part.objects.update(trace=Part.Trace.LOT)
    begin(plant)
    grant(plant, "LOT-REQUIRED", "THIS-UNIT")
    assert plant.scans("PA", "%L:1", "PA") == ["OVERRIDDEN", "OK", "NEED_LOT"]


def test_a_break_of_the_order_is_a_warning_and_the_piece_is_still_not_taken(db: None) -> None:
    plant = make_plant(serial=True)
    begin(plant)
    assert plant.scans("PA", "S1", "%L:1") == ["NEED_SERIAL", "OK", "OK"]
    unit = plant.group(1).units.get()
    unit.status, unit.group = "ALLOCATED", plant.group(3)
    unit.save()
    grant(plant, "SEQUENCE-ORDER")
    assert plant.scan("[)>\x1e06\x1dPA\x1dS1\x1e\x04").code == "OUT_OF_SEQUENCE"
    plant.station.refresh_from_db()
    assert plant.station.lock_code == ""
    unit.refresh_from_db()
    assert unit.group == plant.group(3)
    assert (Override.objects.get().used, OverrideUse.objects.count()) == (1, 1)
    plant.tick(minutes=11)
    plant.scan("[)>\x1e06\x1dPA\x1dS1\x1e\x04")
    plant.station.refresh_from_db()
    assert plant.station.lock_code == "OUT_OF_SEQUENCE"


def test_holes_pass_at_the_seal_once_a_rack(plant: Plant) -> None:
    begin(plant)
    plant.scans("%C:MISSING", "%M:EMPTY-BIN")
    plant.pack("A", 2)
    plant.pack("A", 3)
    assert grant(plant, "HOLE-AT-SEAL", "STATION-5-UNITS", "PART-LATE")[-1] == "OK"
    assert plant.scan("%C:SEAL").code == "OVERRIDDEN"
    rack = Rack.objects.get()
    assert (rack.status, rack.holes_approved_by) == ("SEALED", "boss")
    assert OverrideUse.objects.get().rack == rack


# --- what nothing lets pass ----------------------------------------------------------------------------------------


@pytest.fixture
def everything(plant: Plant) -> Plant:
    """Every override there is, for the whole line."""
    begin(plant)
    for what in OverrideWhat:
        assert grant(plant, what.replace("_", "-"), "LINE-10-MIN")[-1] == "OK", what
    return plant


def test_nothing_lets_a_wrong_part_pass(everything: Plant) -> None:
    plant = everything
    assert plant.scans("PB", "PA") == ["WRONG_PART", "LOCKED"]
    assert plant.group(1).status == "RELEASED"
    assert not OverrideUse.objects.exists()


def test_nothing_lets_a_changed_call_pass_the_host_check(everything: Plant) -> None:
    plant = everything
    assert plant.scans("PA", "PA", "PA") == ["OVERRIDDEN"] * 3
    plant.take("CHANGE", "V0001", "0001", "C-B", required=121)
    assert plant.scan("%C:SEAL").code == "OUT_OF_DATE_CALL"
    assert Rack.objects.get().status != "SEALED"


def test_a_hole_beside_a_changed_call_does_not_carry_it_through(everything: Plant) -> None:
    plant = everything
    plant.scans("%C:MISSING", "%M:EMPTY-BIN", "PA", "PA")
    plant.group(2).slot.rack.slots.filter(group=plant.group(2)).update(packed_revision=99)
    assert not plant.scan("%C:SEAL").accepted
    assert Rack.objects.get().status == "FULL"
    assert Rack.objects.get().holes_approved_by == ""


def test_nothing_lets_a_used_serial_pass(db: None) -> None:
    plant = make_plant(serial=True)
    begin(plant)
    for what in OverrideWhat:
        grant(plant, what.replace("_", "-"), "LINE-10-MIN")
    twin = "[)>\x1e06\x1dPA\x1dS7\x1e\x04"
    assert plant.scans(twin, twin) == ["OVERRIDDEN", "DUPLICATE"]


def test_nothing_lets_a_held_part_pass(everything: Plant) -> None:
    plant = everything
    plant.hold(1)
    assert plant.scan("PA").code == "OVERRIDDEN"
    assert plant.group(1).status == "RELEASED", "the next one was asked for"


@pytest.mark.parametrize("what", ["PART-IDENTITY", "HOST-CHECK", "QUALITY-HOLD", "WRONG-PART"])
def test_no_card_and_no_call_names_another_check(plant: Plant, what: str) -> None:
    begin(plant)
    verdict = plant.scans("%C:OVERRIDE", f"%M:{what}")
    assert verdict == ["OK", "NOT_ALLOWED"]
    with pytest.raises(Refused, match="Nobody may override") as no:
        grant_override(
            Station.objects.get(pk=plant.station.pk), what.replace("-", "_"), extent="THIS-UNIT", reason="x",
            by=plant.supervisor, at=plant.at,
        )  # fmt: skip
    assert no.value.code == "not_overridable"


# --- where it is seen ----------------------------------------------------------------------------------------------


def test_every_screen_of_the_line_says_it_with_the_time_left(plant: Plant) -> None:
    begin(plant)
    neighbour = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    grant(plant, "SLOT-CHALLENGE")
    views = (
        station_view(plant.station.pk, at=plant.at),
        station_view(neighbour.pk, at=plant.at),
        dock_view(plant.dock.pk, at=plant.at),
    )
    for view in views:
        (banner,) = [b for b in view["banners"] if b["kind"] == "override"]
        assert banner["word"] == "OVERRIDE SLOT CHALLENGE"
        assert banner["text"] == "S1 · label damaged · boss · 0 used · 10 min left"
    later = plant.at + timedelta(minutes=10)
    assert not [b for b in station_view(plant.station.pk, at=later)["banners"] if b["kind"] == "override"]


def test_another_stations_override_is_not_this_ones(plant: Plant) -> None:
    begin(plant)
    plant.new(4)
    plant.new(5)
    plant.new(6)
    neighbour = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    grant(plant, "SLOT-CHALLENGE")
    person("op2", "operator", "OP2")
    assert plant.scans("%B:OP2", "%R:R2", "PA", station=neighbour) == ["OK"] * 3
    assert plant.group(4).status == "VERIFIED"


def test_an_ordinary_scan_asks_nothing_more(plant: Plant) -> None:
    """Whether any runs here is one of what the first look tells; they are read where a check stands in the way."""
    begin(plant)
    plant.scan("PA")
    with CaptureQueriesContext(
        connection,
    ) as seen:
        plant.scan("%L:1")
    assert not [q for q in seen.captured_queries if q["sql"].startswith('SELECT "sequencer_override')]


# --- afterwards ----------------------------------------------------------------------------------------------------


def test_another_person_reviews_it_with_a_note(plant: Plant, other: User) -> None:
    begin(plant)
    grant(plant, "SLOT-CHALLENGE")
    override = Override.objects.get()
    with pytest.raises(Refused, match="cannot become"):
        review_override(override.pk, by=other, note="too early", at=plant.at)
    plant.tick(minutes=11)
    assert (expire_overrides(at=plant.at), expire_overrides(at=plant.at)) == (1, 0)
    with pytest.raises(Refused, match="another person"):
        review_override(override.pk, by=plant.supervisor, note="fine", at=plant.at)
    with pytest.raises(Refused, match="what you found"):
        review_override(override.pk, by=other, note=" ", at=plant.at)
    reviewed = review_override(override.pk, by=other, note="label printer cleaned", at=plant.at)
    assert (reviewed.status, reviewed.reviewed_by) == ("REVIEWED", other)
    assert PlantEvent.objects.get(kind="override_reviewed").by == "quinn"


def test_unreviewed_ones_are_a_task_the_next_day(plant: Plant, other: User) -> None:
    begin(plant)
    grant(plant, "SLOT-CHALLENGE")
    expire_overrides(at=plant.tick(hours=1))
    assert not Task.objects.filter(kind="OVERRIDE_REVIEW").exists()
    expire_overrides(at=plant.tick(hours=24))
    assert Task.objects.get(kind="OVERRIDE_REVIEW").status == "OPEN"
    review_override(Override.objects.get().pk, by=other, note="seen", at=plant.at)
    assert Task.objects.get(kind="OVERRIDE_REVIEW").status == "DONE"


def test_a_revoked_one_lets_nothing_pass(plant: Plant) -> None:
    begin(plant)
    grant(plant, "SLOT-CHALLENGE")
    with pytest.raises(Refused, match="why"):
        revoke_override(Override.objects.get().pk, by=plant.supervisor, reason="", at=plant.at)
    revoke_override(Override.objects.get().pk, by=plant.supervisor, reason="repaired", at=plant.at)
    assert plant.scan("PA").code == "OK"
    assert plant.group(1).status == "VERIFIED"


def test_the_same_one_twice_is_refused(plant: Plant) -> None:
    begin(plant)
    assert grant(plant, "SLOT-CHALLENGE")[-1] == "OK"
    assert grant(plant, "SLOT-CHALLENGE")[-1] == "NOT_NOW"
    assert Override.objects.count() == 1
