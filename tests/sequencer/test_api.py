"""The REST API: the same verbs, refusals with their code, and reads that do not slow down with rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from sequencer.models import ScanEvent, SequenceGap, Slot, Task
from sequencer.services import open_task, record_asn_status
from sequencer.states import AsnStatus
from tests.factories import Plant, person

API = "/api/v1"


@pytest.fixture
def api(plant: Plant) -> APIClient:
    """A supervisor's programme, by token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=plant.supervisor).key}")
    return client


def scan(api: APIClient, plant: Plant, raw: str, nonce: str, **more: Any) -> Any:
    body = {"station": plant.station.pk, "raw": raw, "nonce": nonce, "scanned_at": timezone.now(), **more}
    return api.post(f"{API}/scans/", body, format="json")


def test_schema_has_no_warning(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))
    assert "/api/v1/scans/" in (tmp_path / "schema.yml").read_text()


def test_a_scan_is_judged(api: APIClient, plant: Plant) -> None:
    answer = scan(api, plant, "%B:OP", "n-1")
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["code"], answer.json()["repeated"]) == (
        True,
        "OK",
        False,
    )


def test_the_same_nonce_is_judged_once_and_answered_alike(api: APIClient, plant: Plant) -> None:
    first = scan(api, plant, "%B:OP", "n-1").json()
    again = scan(api, plant, "%B:OP", "n-1").json()
    assert again == first | {"repeated": True}
    other = scan(api, plant, "%B:BOSS", "n-1")
    assert (other.status_code, other.json()["code"]) == (409, "nonce_reused")
    assert ScanEvent.objects.filter(station=plant.station).count() == 1


def test_a_wrong_part_is_an_answer_not_an_error(api: APIClient, plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    answer = scan(api, plant, "PC", "n-1")
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["code"]) == (False, "WRONG_PART")


def test_control_characters_of_a_label_arrive(api: APIClient, plant: Plant) -> None:
    raw = "[)>\x1e06\x1dPA\x1dS77\x1e\x04"
    scan(api, plant, raw, "n-1")
    assert ScanEvent.objects.get(nonce="n-1").raw == raw


def test_a_scan_at_a_station_that_does_not_exist_is_404(api: APIClient, plant: Plant) -> None:
    answer = scan(api, plant, "%B:OP", "n-1", station=999)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_station")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("raw", ""),
        ("nonce", "x" * 41),
        ("raw", "x" * 401),
        ("scanned_at", "yesterday"),
        pytest.param("scanned_at", (timezone.now() + timedelta(hours=1)).isoformat(), id="scanned_at-ahead"),
        ("station", "S1"),
    ],
)
def test_a_scan_that_cannot_be_read_is_422_and_names_the_field(
    api: APIClient, plant: Plant, field: str, value: Any
) -> None:
    answer = scan(api, plant, **{"raw": "%B:OP", "nonce": "n-1", field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert list(answer.json()["facts"]) == [field]
    assert not ScanEvent.objects.exists()


def test_call_offs_are_found_by_their_facts(api: APIClient, plant: Plant) -> None:
    plant.new(1, vin="VIN1")
    plant.new(2)
    plant.take("HOLD", "V0002")
    for query, numbers in {
        "": ["V0002", "V0001"],
        "?call_number=V0001": ["V0001"],
        "?vin=VIN1": ["V0001"],
        "?held=true": ["V0002"],
        "?held=false": ["V0001"],
        "?sequence_number=0002": ["V0002"],
        f"?line={plant.line.pk}": ["V0002", "V0001"],
        f"?line={plant.line.pk + 1}": [],
        "?stage=CANCELLED": [],
    }.items():
        found = api.get(f"{API}/call-offs/{query}").json()["results"]
        assert [call["call_number"] for call in found] == numbers, query


def test_a_wrong_filter_is_said_not_ignored(api: APIClient, plant: Plant) -> None:
    answer = api.get(f"{API}/call-offs/?stage=SOMETIME")
    assert (answer.status_code, list(answer.json()["facts"])) == (422, ["stage"])


def test_a_call_off_shows_its_groups_parts_and_slot(api: APIClient, plant: Plant) -> None:
    plant.new(1)
    found = api.get(f"{API}/call-offs/{plant.call(1).pk}/").json()
    (group,) = found["groups"]
    assert (group["family"], group["status"], group["rack"], group["slot"]) == (
        "DOOR",
        "RELEASED",
        plant.rack(1).number,
        1,
    )
    assert [(c["customer_part"], c["part"]) for c in group["components"]] == [("C-A", "A")]


def test_what_does_not_exist_is_404(api: APIClient, plant: Plant) -> None:
    for name in ("call-offs", "racks", "shipments", "gaps", "tasks"):
        assert api.get(f"{API}/{name}/999/").status_code == 404


def test_a_rack_shows_its_slots_in_loading_order(api: APIClient, plant: Plant) -> None:
    rack = plant.build([1, 2, 3])
    found = api.get(f"{API}/racks/{rack.pk}/").json()
    assert [(s["number"], s["sequence_number"], s["status"]) for s in found["slots"]] == [
        (1, "0001", "FILLED"),
        (2, "0002", "FILLED"),
        (3, "0003", "FILLED"),
    ]
    assert (found["slot_count"], found["filled_count"]) == (3, 3)


def test_sealing_a_rack_that_is_not_full_is_409_with_the_reason(api: APIClient, plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    answer = api.post(f"{API}/racks/{plant.rack(1).pk}/seal/")
    assert answer.status_code == 409
    assert answer.json()["code"]
    assert answer.json()["message"]


def test_a_rack_is_reopened_by_name_with_a_reason(api: APIClient, plant: Plant) -> None:
    rack = plant.build([1, 2, 3])
    assert api.post(f"{API}/racks/{rack.pk}/reopen/", {}, format="json").status_code == 422
    answer = api.post(f"{API}/racks/{rack.pk}/reopen/", {"reason": "scratch seen"}, format="json")
    assert (answer.status_code, answer.json()["status"]) == (200, "REOPENED")


def test_an_operator_may_not_reopen_a_rack(plant: Plant) -> None:
    rack = plant.build([1, 2, 3])
    client = APIClient()
    client.force_authenticate(plant.operator)
    answer = client.post(f"{API}/racks/{rack.pk}/reopen/", {"reason": "why not"}, format="json")
    assert answer.status_code == 403


def test_departing_a_truck_that_is_not_loaded_is_409(api: APIClient, plant: Plant) -> None:
    plant.build([1, 2, 3])
    plant.plan()
    (shipment,) = api.get(f"{API}/shipments/").json()["results"]
    answer = api.post(f"{API}/shipments/{shipment['id']}/depart/")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_loaded")


def test_a_loaded_truck_departs(api: APIClient, plant: Plant) -> None:
    plant.build([1, 2, 3])
    plant.plan()
    (shipment,) = api.get(f"{API}/shipments/").json()["results"]
    assert plant.scans("%B:OP", f"%T:{shipment['number']}", "%R:R1", station=plant.dock) == ["OK"] * 3
    answer = api.post(f"{API}/shipments/{shipment['id']}/depart/")
    assert (answer.status_code, answer.json()["status"]) == (200, "DEPARTED")
    assert [rack["status"] for rack in answer.json()["racks"]] == ["IN_TRANSIT"]
    record_asn_status(shipment["id"], AsnStatus.READY, at=plant.at)
    assert api.get(f"{API}/shipments/?asn_status=READY").json()["results"][0]["id"] == shipment["id"]


def test_a_gap_is_accepted_by_name_with_a_reason(api: APIClient, plant: Plant) -> None:
    plant.new(1)
    plant.new(4)
    body = {"stream": plant.stream.pk, "first": 2, "last": 3, "reason": "no vehicle"}
    assert api.post(f"{API}/gaps/accept/", body, format="json").json() == {"accepted": 2}
    gaps = api.get(f"{API}/gaps/?status=ACCEPTED").json()["results"]
    assert {(g["sequence_number"], g["accepted_by"], g["reason"]) for g in gaps} == {
        ("0002", "boss", "no vehicle"),
        ("0003", "boss", "no vehicle"),
    }


def test_a_gap_is_not_accepted_without_a_reason(api: APIClient, plant: Plant) -> None:
    plant.new(1)
    plant.new(3)
    body = {"stream": plant.stream.pk, "first": 2, "last": 2, "reason": " "}
    assert api.post(f"{API}/gaps/accept/", body, format="json").status_code == 422
    assert SequenceGap.objects.get().status == "OPEN"


def test_a_task_is_acknowledged_by_name(api: APIClient, plant: Plant) -> None:
    task = open_task(plant.line, "LATE_CHANGE", "V0001", "look at it", at=plant.at)
    answer = api.post(f"{API}/tasks/{task.pk}/acknowledge/", {"note": "on my way"}, format="json")
    assert (answer.json()["status"], answer.json()["owner"]) == ("ACKNOWLEDGED", "boss")
    again = api.post(f"{API}/tasks/{task.pk}/acknowledge/", {}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "task_moved")


def test_a_stranger_gets_nothing(db: None) -> None:
    assert APIClient().get(f"{API}/call-offs/").status_code == 401


def queries(api: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert api.get(path).status_code == 200
    return len(captured)


def test_lists_ask_the_database_equally_often_for_few_and_many_rows(api: APIClient, plant: Plant) -> None:
    for n in (1, 3):
        plant.new(n)
    plant.plan()
    open_task(plant.line, "A", "1", "one", at=plant.at)
    paths = [f"{API}/{name}/" for name in ("call-offs", "racks", "shipments", "gaps", "tasks")]
    few = [queries(api, path) for path in paths]
    for n in range(5, 40, 2):
        plant.new(n)
    plant.plan()
    for n in range(2, 12):
        open_task(plant.line, "A", str(n), "more", at=plant.at)
    assert [queries(api, path) for path in paths] == few
    assert Task.objects.count() > 10


def test_details_ask_equally_often_for_small_and_large_racks(api: APIClient, plant: Plant) -> None:
    plant.new(1)
    rack, call = plant.rack(1), plant.call(1)
    few = queries(api, f"{API}/racks/{rack.pk}/"), queries(api, f"{API}/call-offs/{call.pk}/")
    plant.new(2)
    plant.new(3)
    assert Slot.objects.filter(rack=rack, group__isnull=False).count() == 3
    many = queries(api, f"{API}/racks/{rack.pk}/"), queries(api, f"{API}/call-offs/{call.pk}/")
    assert many == few


def test_a_browser_session_needs_its_csrf_token(plant: Plant) -> None:
    user = person("second", "supervisor", "B2")
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(User.objects.get(pk=user.pk))
    body = {"stream": plant.stream.pk, "first": 1, "last": 1, "reason": "x"}
    assert client.post(f"{API}/gaps/accept/", body, format="json").status_code == 403
