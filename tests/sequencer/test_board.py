"""What the line board says, when it colours, what it asks a person, and that it stays quick."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.errors import Refused, Unknown
from sequencer.boards import gap_facts, line_board, lines_board
from sequencer.boards.units import UnitFacts, level, minutes, progress
from sequencer.models import SequenceGap, Shipment, Station, Task
from sequencer.services import open_task
from tests.factories import START, Plant, make_plant, person

AT = START + timedelta(minutes=1)
WALL = {"names": False}


def board(plant: Plant, at: datetime = AT, **asked: Any) -> dict[str, Any]:
    return line_board(plant.line.pk, at=at, **asked)


def tile(plant: Plant, at: datetime = AT) -> dict[str, Any]:
    (only,) = board(plant, at)["tiles"]
    return dict(only)


def cells(plant: Plant, at: datetime = AT) -> list[tuple[str, str]]:
    (strip,) = board(plant, at)["strips"]
    return [(cell["sequence"], cell["state"]) for cell in strip["cells"]]


def todo(plant: Plant, at: datetime = AT) -> list[dict[str, Any]]:
    return list(board(plant, at)["todo"])


# buffer minutes: required at 06:00 + 120 + n, transit 20, now 06:01


def test_buffer_is_the_time_until_the_first_unit_that_is_not_safe_must_leave(plant: Plant) -> None:
    for n in (1, 2, 3, 4):
        plant.new(n)
    assert (tile(plant)["minutes"], tile(plant)["limit"]) == (100, "0001")


def test_a_packed_unit_is_not_safe_before_its_rack_is_sealed(plant: Plant) -> None:
    for n in (1, 2, 3, 4):
        plant.new(n)
    plant.start_rack()
    for slot in (1, 2, 3):
        plant.pack("A", slot)
    assert tile(plant)["limit"] == "0001"
    assert plant.scans("%C:SEAL") == ["OK"]
    assert (tile(plant)["minutes"], tile(plant)["limit"]) == (103, "0004")


def test_a_missing_call_limits_the_buffer_like_a_unit(plant: Plant) -> None:
    plant.build([1, 2, 3])
    plant.new(5)
    gap = SequenceGap.objects.get()
    found = tile(plant, gap.needed_by - timedelta(minutes=12))
    assert (found["minutes"], found["limit"], found["limit_is_gap"]) == (12, "0004", True)


def test_what_the_oem_set_out_does_not_limit_the_buffer(plant: Plant) -> None:
    plant.new(1)
    plant.new(2)
    plant.take("HOLD", "V0001")
    assert tile(plant)["limit"] == "0002"


def test_without_calls_there_is_no_number_and_no_colour(plant: Plant) -> None:
    assert (tile(plant)["minutes"], tile(plant)["level"], tile(plant)["bar"]) == (None, "", [])


@pytest.mark.parametrize(
    ("left", "colour"),
    [(12, "stop"), (13, "soon"), (27, "soon"), (28, "")],
)
def test_colour_comes_from_the_time_to_fill_and_load_one_rack(plant: Plant, left: int, colour: str) -> None:
    """Three slots at one minute each and ten to load: red under 13 minutes, amber under 28."""
    plant.new(1)
    at = START + timedelta(minutes=121 - 20 - left)
    assert (tile(plant, at)["minutes"], tile(plant, at)["level"]) == (left, colour)


def test_late_minutes_are_negative(plant: Plant) -> None:
    plant.new(1)
    assert tile(plant, START + timedelta(minutes=106))["minutes"] == -5


def test_trend_compares_with_a_quarter_of_an_hour_ago(plant: Plant) -> None:
    for n in range(1, 40):
        plant.new(n)
    later = START + timedelta(minutes=40)
    assert tile(plant, later)["trend"] == "down"
    plant.at = later
    plant.build([1, 2, 3])
    assert tile(plant, plant.at)["trend"] == "down"
    for low, carrier in ((4, "R2"), (7, "R3"), (10, "R4"), (13, "R5"), (16, "R6"), (19, "R7")):
        plant.build([low, low + 1, low + 2], carrier)
    assert tile(plant, plant.at)["trend"] == "up"


def test_trend_says_nothing_of_a_line_that_has_just_begun(plant: Plant) -> None:
    plant.new(1)
    assert tile(plant)["trend"] == ""


def test_bar_runs_in_sequence_with_the_gap_as_a_notch(plant: Plant) -> None:
    plant.build([1, 2, 3])
    plant.new(5)
    plant.new(6, part="unheard of")
    runs = [(run["state"], run["low"], run["high"], run["x"], run["width"]) for run in tile(plant)["bar"]]
    assert runs == [
        ("staged", "0001", "0003", 0, 3),
        ("gap", "0004", "0004", 3, 1),
        ("released", "0005", "0005", 4, 1),
        ("unresolved", "0006", "0006", 5, 1),
    ]


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"status": "SHIPPED", "required_at": AT}, "consumed"),
        ({"status": "SHIPPED", "required_at": AT + timedelta(minutes=1)}, "transit"),
        ({"status": "PACKED", "slot": "FILLED", "rack": "LOADING"}, "packed"),
        ({"status": "PACKED", "slot": "FILLED", "rack": "SEALED"}, "staged"),
        ({"status": "RELEASED", "slot": "REOPENED", "rack": "FULL"}, "reopened"),
        ({"status": "RELEASED", "slot": "HOLE"}, "hole"),
        ({"status": "MISSING"}, "hole"),
        ({"status": "RELEASED", "held": True}, "held"),
        ({"status": "PACKED", "slot": "FILLED", "rack": "SEALED", "on_hold": True}, "on_hold"),
        ({"status": "UNRESOLVED"}, "unresolved"),
        ({"status": "VERIFIED"}, "verified"),
        ({"status": "IN_WORK"}, "work"),
        ({"status": "RELEASED"}, "released"),
        ({"status": "CREATED"}, "called"),
    ],
)
def test_words_for_how_far_a_unit_is(facts: dict[str, Any], word: str) -> None:
    assert progress(UnitFacts(**{"required_at": None, **facts}), AT) == word


def test_minutes_are_rounded_towards_danger() -> None:
    assert minutes(AT + timedelta(seconds=119), AT) == 1
    assert minutes(AT - timedelta(seconds=1), AT) == -1
    assert (level(None, 10), level(9, 10), level(10, 10), level(25, 10)) == ("", "stop", "soon", "")


# sequence strip


def test_strip_shows_twenty_positions_with_gap_cells(plant: Plant) -> None:
    for n in (1, 2, 5):
        plant.new(n)
    found = cells(plant)
    assert len(found) == 20
    assert found[:6] == [
        ("0001", "released"),
        ("0002", "released"),
        ("0003", "gap"),
        ("0004", "gap"),
        ("0005", "released"),
        ("0006", "later"),
    ]


def test_strip_begins_just_before_the_first_vehicle_that_waits_for_us(plant: Plant) -> None:
    for n in range(1, 30):
        plant.new(n)
    plant.build([1, 2, 3])
    plant.plan()
    assert (
        plant.scans(
            "%B:OP",
            f"%T:{Shipment.objects.order_by('pk')[0].number}",
            "%R:R1",
            "%C:DEPART",
            station=plant.dock,
        )
        == ["OK"] * 4
    )
    assert cells(plant)[:4] == [
        ("0001", "transit"),
        ("0002", "transit"),
        ("0003", "transit"),
        ("0004", "released"),
    ]


def test_one_vehicle_stuck_far_behind_does_not_pin_the_strip(plant: Plant) -> None:
    for n in range(1, 60):
        plant.new(n)
    at = START + timedelta(minutes=120 + 40)
    assert cells(plant, at)[0][0] == "0028"


def test_strip_wraps_with_the_counter(db: None) -> None:
    plant = make_plant(last=20)
    for n in (18, 19, 20):
        plant.new(n)
    plant.take("NEW", "V0021", "0001", required=141)
    assert [sequence for sequence, _ in cells(plant)[:5]] == ["0018", "0019", "0020", "0001", "0002"]


def test_a_sparse_counter_shows_calls_not_positions(db: None) -> None:
    plant = make_plant(dense=False, every_vehicle=False)
    for n in (1, 9, 30):
        plant.new(n)
    assert cells(plant) == [("0001", "released"), ("0009", "released"), ("0030", "released")]


def test_changed_held_and_cancelled_are_seen(plant: Plant) -> None:
    for n in (1, 2, 3):
        plant.new(n)
    plant.take("CHANGE", "V0001", "0001", part="C-B", required=121)
    plant.take("HOLD", "V0002")
    plant.take("CANCEL", "V0003")
    (strip,) = board(plant)["strips"]
    assert [(c["state"], c["word"], c["changed"]) for c in strip["cells"][:3]] == [
        ("released", "changed", True),
        ("held", "HELD", False),
        ("cancelled", "cancelled", False),
    ]


def test_an_accepted_gap_is_told_from_an_open_one(plant: Plant) -> None:
    from sequencer.services import accept_gap

    plant.new(1)
    plant.new(4)
    accept_gap(plant.stream.pk, 2, 2, by=plant.supervisor, reason="no vehicle", at=plant.at)
    assert cells(plant)[1:3] == [("0002", "accepted"), ("0003", "gap")]


def test_a_displaced_call_stands_beside_the_strip(plant: Plant) -> None:
    plant.new(1)
    plant.take("NEW", "OTHER", "0001", required=121)
    shown = board(plant)
    assert [call["sequence"] for call in shown["displaced"]] == ["0001"]
    assert len([row for row in shown["todo"] if "OTHER" in row["title"] or "V0001" in row["title"]]) == 1


# racks, trucks, stations


def test_racks_show_fill_gaps_and_truck(plant: Plant) -> None:
    plant.build([1, 2, 3])
    plant.new(5)
    plant.plan()
    rows = {row["number"]: row for row in board(plant)["racks"]["rows"]}
    full, next_one = rows[plant.rack(1).number], rows[plant.rack(4).number]
    assert (full["filled"], full["capacity"], full["status"], full["shipment"]) == (
        3,
        3,
        "staged",
        Shipment.objects.order_by("pk")[0].number,
    )
    assert (next_one["filled"], next_one["gaps"], next_one["low"], next_one["high"]) == (0, 1, "0004", "0006")


def test_a_truck_counts_down_and_then_shows_its_asn(plant: Plant) -> None:
    plant.build([1, 2, 3])
    plant.plan()
    (coming,) = board(plant)["trucks"]["rows"]
    assert (coming["loaded"], coming["racks"], coming["minutes"]) == (0, 1, 100)
    plant.scans(
        "%B:OP", f"%T:{Shipment.objects.order_by('pk')[0].number}", "%R:R1", "%C:DEPART", station=plant.dock
    )
    (left,) = board(plant, plant.at)["trucks"]["rows"]
    assert (left["status"], left["loaded"], left["asn_level"]) == ("departed", 1, "")


@pytest.mark.parametrize(("minutes_gone", "colour"), [(4, ""), (6, "soon"), (11, "stop")])
def test_an_asn_that_does_not_go_is_asked_for(plant: Plant, minutes_gone: int, colour: str) -> None:
    plant.build([1, 2, 3])
    plant.plan()
    plant.scans(
        "%B:OP", f"%T:{Shipment.objects.order_by('pk')[0].number}", "%R:R1", "%C:DEPART", station=plant.dock
    )
    found = [row["level"] for row in todo(plant, plant.at + timedelta(minutes=minutes_gone))]
    assert found == ([colour] if colour else [])


def test_a_locked_station_says_why_and_leads_to_itself(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    plant.scan("PC")
    shown = board(plant, plant.at + timedelta(minutes=6))
    (station,) = [s for s in shown["stations"] if not s["dock"]]
    assert (station["state"], station["locked_minutes"]) == ("locked", 6)
    (row,) = shown["todo"]
    assert (row["kind"], row["station"]) == ("station", plant.station.pk)
    assert "need A" in row["text"]
    assert "got C" in row["text"]


def test_stations_run_wait_or_have_nobody(plant: Plant) -> None:
    assert {s["state"] for s in board(plant)["stations"]} == {"nobody"}
    plant.scan("%B:OP")
    states = {s["code"]: s["state"] for s in board(plant, plant.at)["stations"]}
    assert states == {"S1": "running", "D": "nobody"}
    states = {s["code"]: s["state"] for s in board(plant, plant.at + timedelta(minutes=6))["stations"]}
    assert states["S1"] == "waiting"


# what waits for a person


def test_a_gap_is_one_row_with_its_rack_and_minutes(plant: Plant) -> None:
    plant.new(1)
    plant.new(4)
    (row,) = todo(plant)
    assert row["title"] == "GAP 0002–0003 Line 1"
    assert (row["first"], row["last"]) == (2, 3)
    assert plant.rack(1).number in row["text"]
    needed = min(SequenceGap.objects.values_list("needed_by", flat=True))
    assert row["minutes"] == minutes(needed, AT)


def test_an_unknown_part_is_one_row_with_its_first_call(plant: Plant) -> None:
    for n in (1, 2):
        plant.new(n, part="NEW PART")
    (row,) = todo(plant)
    assert (row["kind"], row["title"]) == ("part", "UNKNOWN PART NEW PART in 0001")
    assert row["minutes"] == 100
    assert row["text"].startswith("2 calls wait")


def test_rows_are_sorted_by_the_minutes_they_leave(plant: Plant) -> None:
    plant.new(1, part="NEW PART")
    plant.new(3)
    open_task(plant.line, "LATE_CHANGE", "x", "soonest", at=AT, due_at=AT + timedelta(minutes=3))
    open_task(plant.line, "NOTE", "y", "no deadline", at=AT)
    assert [row["minutes"] for row in todo(plant)] == sorted(
        (row["minutes"] for row in todo(plant)), key=lambda m: (m is None, m or 0)
    )
    assert [todo(plant)[0]["kind"], todo(plant)[-1]["title"]] == ["task", "NOTE y"]


def test_nothing_to_do_says_so(plant: Plant) -> None:
    client = Client()
    client.force_login(plant.supervisor)
    assert b"Nothing waits for a person" in client.get(f"/lines/{plant.line.pk}/").content


def test_a_gap_that_is_gone_cannot_be_decided(plant: Plant) -> None:
    with pytest.raises(Unknown) as refused:
        gap_facts(plant.stream.pk, 1, 1, at=AT)
    assert refused.value.code == "no_open_gap"


def test_resend_text_names_numbers_and_time(plant: Plant) -> None:
    plant.new(1)
    plant.new(4)
    text = gap_facts(plant.stream.pk, 2, 3, at=AT)["resend"]
    assert "0002–0003" in text
    assert min(g.needed_by for g in SequenceGap.objects.all()).strftime("%H:%M") in text


def test_no_line_is_unknown(db: None) -> None:
    with pytest.raises(Refused) as refused:
        line_board(7, at=AT)
    assert refused.value.status == 404


# pages


@pytest.fixture
def boss(plant: Plant) -> Client:
    client = Client()
    client.force_login(plant.supervisor)
    return client


def test_a_supervisor_accepts_a_gap_by_name_with_a_reason(boss: Client, plant: Plant) -> None:
    plant.new(1)
    plant.new(4)
    address = f"/gaps/{plant.stream.pk}/2/3/"
    assert b"Accept 2 missing calls" in boss.get(address).content
    answer = boss.post(f"{address}accept/", {"reason": "dispatcher by phone"})
    assert (answer.status_code, answer["HX-Trigger"]) == (204, "acted")
    gaps = SequenceGap.objects.all()
    assert {(g.status, g.reason, g.accepted_by) for g in gaps} == {
        ("ACCEPTED", "dispatcher by phone", plant.supervisor)
    }


def test_without_a_reason_the_refusal_comes_back_as_a_fragment(boss: Client, plant: Plant) -> None:
    plant.new(1)
    plant.new(3)
    answer = boss.post(
        f"/gaps/{plant.stream.pk}/2/2/accept/", {"reason": " "}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 409
    assert b'data-refused="reason_missing"' in answer.content
    assert b"<html" not in answer.content


def test_logistics_sees_the_resend_text_but_not_the_form(plant: Plant, client: Client) -> None:
    plant.new(1)
    plant.new(3)
    client.force_login(person("log", "logistics", "LOG"))
    page = client.get(f"/gaps/{plant.stream.pk}/2/2/").content
    assert b"we have not received sequence 0002" in page
    assert b"<form" not in page


def test_a_task_is_taken_and_then_reported_done(boss: Client, plant: Plant) -> None:
    task = open_task(plant.line, "LATE_CHANGE", "V0001", "look", at=plant.at)
    assert b"Acknowledge" in boss.get(f"/tasks/{task.pk}/").content
    assert boss.post(f"/tasks/{task.pk}/acknowledge/", {"note": ""}).status_code == 204
    assert b"Report done" in boss.get(f"/tasks/{task.pk}/").content
    assert boss.post(f"/tasks/{task.pk}/close/", {"note": ""}).status_code == 409
    assert boss.post(f"/tasks/{task.pk}/close/", {"note": "part swapped"}).status_code == 204
    assert Task.objects.values_list("status", "note", "owner__username").get() == (
        "DONE",
        "part swapped",
        "boss",
    )


def test_a_wall_board_shows_no_names_no_menu_no_buttons(boss: Client, plant: Plant) -> None:
    User.objects.filter(pk=plant.operator.pk).update(first_name="Jarmila")
    open_task(plant.line, "LATE_CHANGE", "V0001", "look", at=plant.at)
    plant.scan("%B:OP")
    desk = boss.get(f"/lines/{plant.line.pk}/").content.decode()
    wall = boss.get(f"/lines/{plant.line.pk}/?kiosk=1").content.decode()
    assert "Jarmila" in desk
    assert "Jarmila" not in wall
    assert "Boss" not in wall
    assert "topbar-nav" not in wall
    assert "Acknowledge" not in wall


def test_filters_live_in_the_address(boss: Client, plant: Plant) -> None:
    plant.new(1, part="NEW PART")
    plant.new(3)
    fragment = f"/lines/{plant.line.pk}/live/"
    both = boss.get(fragment).content.decode()
    gaps = boss.get(f"{fragment}?show=gap").content.decode()
    assert "UNKNOWN PART" in both
    assert "UNKNOWN PART" not in gaps
    assert "GAP 0002" in gaps
    assert "Doors" not in boss.get(f"{fragment}?family=SEAT").content.decode().split('data-part="strip"')[0]


def test_a_line_that_does_not_exist_is_a_404_page(boss: Client) -> None:
    answer = boss.get("/lines/999/")
    assert answer.status_code == 404
    assert b"There is no line 999" in answer.content


def test_all_lines_stand_side_by_side(boss: Client, plant: Plant) -> None:
    plant.new(1)
    plant.new(3)
    (line,) = lines_board(at=AT)["lines"]
    assert (line["gap_count"], line["tiles"][0]["limit"]) == (1, "0001")
    assert b"1 missing call" in boss.get("/lines/").content


# speed


def count(read: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        read()
    return len(captured)


def test_the_board_asks_equally_often_for_three_and_for_ninety_calls(boss: Client, plant: Plant) -> None:
    plant.new(1, part="NEW PART")
    plant.new(3)
    plant.plan()
    open_task(plant.line, "A", "1", "one", at=plant.at)
    plant.take("HOLD", "V0003")
    plant.scan("%B:OP")
    pages = (f"/lines/{plant.line.pk}/", f"/lines/{plant.line.pk}/live/", "/lines/", "/lines/live/", "/")
    few = [count(lambda page=page: boss.get(page)) for page in pages]
    for n in range(5, 95):
        if n % 7:
            plant.new(n, part="NEW PART" if n % 11 == 0 else "C-A")
        if n % 13 == 0 and n % 7:
            plant.take("HOLD", f"V{n:04d}")
    plant.plan()
    for n in range(2, 12):
        open_task(plant.line, "A", str(n), "more", at=plant.at)
    for n in range(2, 12):
        Station.objects.create(code=f"S{n}", name="more", commodity=plant.commodity)
    many = [count(lambda page=page: boss.get(page)) for page in pages]
    assert many == few
    assert few[1] < 30


def test_a_wall_board_counts_what_does_not_fit(boss: Client, plant: Plant) -> None:
    for n in range(9):
        open_task(plant.line, "A", f"task-{n}", "x", at=plant.at, due_at=plant.at + timedelta(minutes=n))
    wall = boss.get(f"/lines/{plant.line.pk}/?kiosk=1").content.decode()
    assert "A task-6" in wall
    assert "A task-7" not in wall
    assert "and 2 more" in wall
    assert "A task-8" in boss.get(f"/lines/{plant.line.pk}/").content.decode()
