"""The floor's pages without a browser: who gets in, what a scan's post is answered with, what is printed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sequencer.models import PlantEvent, ScanEvent, Station
from sequencer.services import printing
from sequencer.services.printing import DocumentKind
from sequencer.views.enrolment import COOKIE
from tests.decoding import codes, words
from tests.factories import Plant, make_plant, person


@pytest.fixture
def transactional_plant(transactional_db: None) -> Plant:
    """For verbs that own their transaction."""
    return make_plant()


def browser(user: User | None = None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def station(plant: Plant) -> str:
    return f"/station/{plant.station.pk}/"


def post(client: Client, plant: Plant, raw: str, nonce: str = "0000-0001", at: str = "") -> object:
    said = at or datetime.now(UTC).isoformat()
    sent = {"raw": raw, "nonce": nonce, "scanned_at": said}
    return client.post(f"{station(plant)}scan", sent, headers={"Accept": "application/json"})


# --- who gets in ---------------------------------------------------------------------------------------------------


def test_a_stranger_is_sent_to_the_log_in(plant: Plant) -> None:
    assert browser().get(station(plant)).headers["Location"].startswith("/login/")


@pytest.mark.parametrize(
    ("role", "page", "status"),
    [
        ("operator", "station", 200),
        ("supervisor", "station", 200),
        ("administrator", "station", 200),
        ("logistics", "station", 403),
        ("quality", "station", 403),
        ("logistics", "dock", 200),
        ("supervisor", "dock", 200),
        ("operator", "dock", 403),
    ],
)
def test_each_page_is_open_to_its_groups(plant: Plant, role: str, page: str, status: int) -> None:
    place = plant.station if page == "station" else plant.dock
    assert browser(person("who", role, "WHO")).get(f"/{page}/{place.pk}/").status_code == status


def test_a_dock_under_a_stations_address_is_brought_to_its_own(plant: Plant) -> None:
    answer = browser(plant.supervisor).get(f"/station/{plant.dock.pk}/")
    assert answer.headers["Location"] == f"/dock/{plant.dock.pk}/"


def test_only_a_supervisor_enrols_and_it_is_noted_by_name(plant: Plant) -> None:
    assert browser(plant.operator).post(f"{station(plant)}enrol").status_code == 403
    assert browser(plant.supervisor).post(f"{station(plant)}enrol").status_code == 302
    assert PlantEvent.objects.get(kind="browser_enrolled").by == "boss"


def test_the_enrolment_is_a_cookie_no_script_reads_and_it_opens_one_station_only(plant: Plant) -> None:
    client = browser(plant.supervisor)
    client.post(f"{station(plant)}enrol")
    cookie = client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    client.logout()
    client.cookies[COOKIE] = cookie.value
    assert client.get(station(plant)).status_code == 200
    assert client.get(f"/dock/{plant.dock.pk}/").status_code == 403


def test_a_raised_count_revokes_and_a_forged_cookie_is_worth_nothing(plant: Plant) -> None:
    client = browser(plant.supervisor)
    client.post(f"{station(plant)}enrol")
    cookie = client.cookies[COOKIE].value
    client.logout()
    client.cookies[COOKIE] = cookie.replace(f"{plant.station.pk}:1", f"{plant.station.pk}:2", 1)
    assert client.get(station(plant)).status_code == 302
    client.cookies[COOKIE] = cookie
    assert client.get(station(plant)).status_code == 200
    Station.objects.filter(pk=plant.station.pk).update(enrolment=2)
    assert client.get(station(plant)).status_code == 302


def test_an_unknown_station_is_not_found(plant: Plant) -> None:
    assert browser(plant.operator).get("/station/987654/").status_code == 404


# --- scans ---------------------------------------------------------------------------------------------------------


def test_a_scan_is_answered_with_verdict_and_page(transactional_plant: Plant) -> None:
    answer = post(browser(transactional_plant.operator), transactional_plant, "%B:OP").json()
    assert answer["verdict"]["code"] == "OK"
    assert 'data-ground="ok"' in answer["html"]
    assert "NOTHING TO BUILD" in answer["html"]


def test_the_same_nonce_is_one_scan(transactional_plant: Plant) -> None:
    client = browser(transactional_plant.operator)
    assert [post(client, transactional_plant, "%B:OP").json()["verdict"]["repeated"] for _ in "12"] == [
        False,
        True,
    ]
    assert ScanEvent.objects.count() == 1


def test_a_post_without_token_is_turned_away(plant: Plant) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(plant.operator)
    assert post(client, plant, "%B:OP").status_code == 403
    assert not ScanEvent.objects.exists()


def test_a_post_from_a_browser_nobody_knows_is_turned_away(plant: Plant) -> None:
    assert post(browser(), plant, "%B:OP").status_code == 401
    assert not ScanEvent.objects.exists()


@pytest.mark.parametrize(
    ("raw", "nonce", "hours"), [("", "0000-0001", 0), ("%B:OP", "'; --", 0), ("%B:OP", "0000-0001", 13)]
)
def test_what_is_no_scan_is_refused_and_not_stored(plant: Plant, raw: str, nonce: str, hours: int) -> None:
    at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    assert post(browser(plant.operator), plant, raw, nonce, at).status_code == 422
    assert not ScanEvent.objects.exists()


def test_a_browser_clock_that_runs_ahead_scans_nothing_in_the_future(transactional_plant: Plant) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    post(browser(transactional_plant.operator), transactional_plant, "%B:OP", at=ahead)
    assert ScanEvent.objects.get().scanned_at <= datetime.now(UTC)


def test_no_page_carries_a_script_or_a_style_of_its_own(plant: Plant) -> None:
    plant.new(1)
    for path in (station(plant), f"/dock/{plant.dock.pk}/", f"{station(plant)}enrol"):
        html = browser(plant.supervisor).get(path).content.decode()
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", html), path


# --- paper ---------------------------------------------------------------------------------------------------------


def test_the_manifest_names_range_line_and_every_slot(transactional_plant: Plant) -> None:
    plant = transactional_plant
    rack = plant.build([1, 2, 3])
    answer = browser(plant.operator).get(f"/racks/{rack.pk}/manifest.pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    for text in ("0001", "0002", "0003", "Plant 1", "Line 1", rack.number, "C-A"):
        assert text in words(answer.content), text
    assert {code.partition("#")[0] for code in codes(answer.content)} == {"%R:R1"}


def test_a_manifest_is_not_for_strangers(plant: Plant) -> None:
    plant.new(1)
    assert browser().get(f"/racks/{plant.rack(1).pk}/manifest.pdf").headers["Location"].startswith("/login/")


def test_an_empty_slot_on_a_manifest_says_so(plant: Plant) -> None:
    plant.new(1)
    paper = printing.paper_now(DocumentKind.MANIFEST, plant.rack(1), at=plant.at)
    assert "EMPTY" in words(paper)
    assert "NOT SEALED YET" in words(paper)


def test_the_sheet_of_a_station_holds_its_commands_slots_and_badges(plant: Plant) -> None:
    answer = browser(plant.operator).get(f"{station(plant)}commands.pdf")
    said = codes(answer.content)
    for word in ("SEAL", "MISSING", "RETURN", "BACK", "SUPERVISOR", "CHANGE-OPERATOR"):
        assert f"%C:{word}" in said
    assert [code for code in said if code.startswith("%L:")] == [f"%L:{slot}" for slot in (1, 2, 3)]
    assert {"%B:BOSS", "%B:OP"} <= set(said)


def test_a_dock_prints_its_own_commands(plant: Plant) -> None:
    said = codes(printing.paper_now(DocumentKind.COMMAND_SHEET, plant.dock, at=plant.at))
    assert "%C:DEPART" in said
    assert "%C:SEAL" not in said
