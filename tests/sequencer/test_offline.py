"""The work pack and the return of kept scans, without a browser."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.test import Client

from inventory.errors import Refused
from sequencer.models import OfflineSpell, ScanEvent, Station, Task, Unit
from sequencer.services import expire_overrides, revoke_override, station_view
from sequencer.services.offline import KeptScan, give_up, public_key, replay, sign, work_pack
from sequencer.services.overrides import grant_override
from sequencer.services.quality import Caught, place_hold
from tests.factories import Plant, make_plant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plant() -> Plant:
    made = make_plant()
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A"), (4, "C-A")):
        made.new(number, part)
    made.start_rack()
    return made


def kept(
    plant: Plant, counter: int, raw: str, code: str = "OK", step: str = "PART", seq: int = 0
) -> KeptScan:
    shown = plant.group(seq).pk if seq else None
    return KeptScan(counter, f"kept{counter:06d}", raw, plant.tick(), code, step, shown)


def send(plant: Plant, *scans: KeptScan, spell: str = "spell-1", last: bool = True) -> OfflineSpell:
    now = plant.tick()
    return replay(
        plant.station.pk, spell, scans, client="c1", pack="p1", since=now, skew=0, last=last, now=now
    )


def test_a_pack_is_signed_and_a_changed_one_is_not(plant: Plant) -> None:
    key = load_der_public_key(base64.b64decode(public_key()))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    raw = base64.b64decode(sign("a pack"))
    made = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(made, b"a pack", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(made, b"a pack with another part", ec.ECDSA(hashes.SHA256()))


def test_a_pack_holds_the_racks_in_the_order_they_are_taken_and_says_until_when(plant: Plant) -> None:
    pack = work_pack(plant.station.pk, at=plant.at)
    assert [rack["status"] for rack in pack["racks"]] == ["LOADING", "PLANNED"]
    assert pack["racks"][0]["slots"][1]["needs"][0]["accepts"] == ["B", "C-B"]
    assert pack["valid_until"] == (plant.at + timedelta(hours=2)).isoformat()
    assert "pin" not in str(pack).lower()


def test_a_batch_that_comes_twice_is_judged_once(plant: Plant) -> None:
    scans = kept(plant, 1, "PA", seq=1), kept(plant, 2, "%L:1", step="SLOT", seq=1)
    send(plant, *scans, last=False)
    row = send(plant, *scans)
    assert (row.sent, row.taken, row.doubled, row.holes, row.tasks) == (2, 2, 0, 0, 0)
    assert ScanEvent.objects.filter(nonce__startswith="kept").count() == 2


def test_a_hole_in_the_counter_is_told_also_between_two_outages(plant: Plant) -> None:
    send(plant, kept(plant, 1, "PA", seq=1))
    row = send(plant, kept(plant, 4, "%L:1", step="SLOT", seq=1), spell="spell-2")
    assert row.holes == 2


def test_what_was_refused_offline_is_never_credited(plant: Plant) -> None:
    row = send(plant, kept(plant, 1, "PA", code="WRONG_PART", seq=1))
    assert not Unit.objects.exists()
    assert not ScanEvent.objects.get(nonce="kept000001").accepted
    assert row.agreed == 1


def test_a_changed_call_stops_the_station_and_spares_the_slots_behind_it(plant: Plant) -> None:
    plant.take("CHANGE", "V0001", "0001", "C-C", required=121)
    row = send(
        plant,
        kept(plant, 1, "PA", seq=1), kept(plant, 2, "%L:1", step="SLOT", seq=1),
        kept(plant, 3, "PB", seq=2), kept(plant, 4, "%L:2", step="SLOT", seq=2),
    )  # fmt: skip
    assert list(plant.rack(1).slots.order_by("number").values_list("status", flat=True)) == [
        "EMPTY", "FILLED", "EMPTY",
    ]  # fmt: skip
    assert (row.taken, row.conflicts, row.tasks) == (4, 2, 1)
    task = Task.objects.get(kind="OFFLINE_CONFLICT")
    assert task.due_at is not None
    assert Station.objects.get(pk=plant.station.pk).lock_code == "OFFLINE_CONFLICT"
    assert plant.scans("PA", "%C:RETURN") == ["LOCKED", "OK"]


@pytest.mark.parametrize("order", [(2, 1), (1, 1)])
def test_a_log_out_of_order_is_refused(plant: Plant, order: tuple[int, int]) -> None:
    with pytest.raises(Refused):
        send(plant, *(kept(plant, n, "PA", seq=1) for n in order))


def test_a_pin_never_comes_in_a_log(plant: Plant) -> None:
    client = Client()
    client.force_login(plant.operator)
    scan: dict[str, Any] = {
        "counter": 1, "nonce": "kept000001", "raw": "%P:4711", "at": plant.at.isoformat(), "code": "OK", "step": "PIN",
    }  # fmt: skip
    log = {
        "spell": "s", "client": "c", "pack": "p", "since": plant.at.isoformat(), "clock": plant.at.isoformat(),
        "last": True, "scans": [scan],
    }  # fmt: skip
    answer = client.post(f"/station/{plant.station.pk}/replay", log, content_type="application/json")
    assert answer.status_code == 422
    assert not ScanEvent.objects.filter(raw__contains="4711").exists()


def half_sent(plant: Plant) -> OfflineSpell:
    """Two of four kept scans came; then the network died again."""
    now = plant.tick()
    scans = [kept(plant, 1, "PA", seq=1), kept(plant, 2, "%L:1", step="SLOT", seq=1)]
    return replay(
        plant.station.pk, "spell-1", scans, client="c1", pack="p1", since=now, skew=0, last=False, until=4,
        now=plant.tick(),
    )  # fmt: skip


def test_nobody_scans_at_a_station_whose_log_is_half_sent(plant: Plant) -> None:
    plant.take("CHANGE", "V0001", "0001", "C-C", required=121)
    half_sent(plant)
    assert Station.objects.get(pk=plant.station.pk).replay_left == 2
    # Neither its own part nor a supervisor's badge nor the return bin.
    assert plant.scans("PB", "%B:BOSS", "%C:RETURN", "%C:SEAL") == ["REPLAYING"] * 4
    assert station_view(plant.station.pk, at=plant.at)["ask"]["text"] == "WAIT: 2 KEPT SCANS"
    send(plant, kept(plant, 3, "PB", seq=2), kept(plant, 4, "%L:2", step="SLOT", seq=2))
    assert plant.group(2).status == "PACKED"
    # What was wrong before the network died is not forgotten over it.
    assert plant.scans("PA", "%C:RETURN") == ["LOCKED", "OK"]


def test_a_log_that_never_comes_is_given_up_by_a_named_person(plant: Plant) -> None:
    row = half_sent(plant)
    with pytest.raises(Refused):
        give_up(row.pk, by=plant.supervisor, reason=" ", at=plant.tick())
    row = give_up(row.pk, by=plant.supervisor, reason="disk broken", at=plant.tick())
    assert (row.left, row.given_up_by) == (2, "boss")
    assert "2 kept scans of S1 never came" in Task.objects.get(kind="OFFLINE_LOST").text
    assert plant.scan("PB").code == "OK"
    with pytest.raises(Refused):
        give_up(row.pk, by=plant.supervisor, reason="twice", at=plant.tick())
    # It comes after all: judged, each once.
    row = send(plant, kept(plant, 3, "%L:2", step="SLOT", seq=2), kept(plant, 4, "%C:SEAL", step="SEAL"))
    assert (row.sent, row.doubled, row.left) == (4, 0, 0)


def test_an_override_counts_at_the_replay_although_the_clock_has_ended_it(plant: Plant) -> None:
    granted = grant_override(
        plant.station, "SLOT_CHALLENGE", extent="STATION-10-MIN", reason="LABEL-DAMAGED", by=plant.supervisor,
        at=plant.at,
    )  # fmt: skip
    pack = work_pack(plant.station.pk, at=plant.at)
    assert [(one["id"], one["left"]) for one in pack["overrides"]] == [(granted.pk, None)]
    within = kept(plant, 1, "PA", code="OVERRIDDEN", seq=1)
    plant.tick(minutes=11)
    beyond = kept(plant, 2, "PB", code="OVERRIDDEN", seq=2)
    assert expire_overrides(at=plant.at) == 1
    row = send(plant, within, beyond)
    granted.refresh_from_db()
    # The second one is right as a part, but its slot's label is still to be scanned.
    assert [plant.group(n).status for n in (1, 2)] == ["PACKED", "VERIFIED"]
    assert (granted.used, row.taken, row.doubled) == (1, 2, 0)


def test_what_nobody_could_let_pass_offline_becomes_a_task(plant: Plant) -> None:
    """A hold placed during the outage, and an override that was taken back."""
    granted = grant_override(
        plant.station, "SLOT_CHALLENGE", extent="STATION-10-MIN", reason="LABEL-DAMAGED", by=plant.supervisor,
        at=plant.at,
    )  # fmt: skip
    scans = [kept(plant, 1, "PA", code="OVERRIDDEN", seq=1), kept(plant, 2, "PB", code="OK", seq=2)]
    revoke_override(granted.pk, by=plant.supervisor, reason="labels are back", at=plant.tick())
    place_hold(Caught(part="B"), by=str(plant.supervisor), reason="cracks", at=plant.tick())
    row = send(plant, *scans)
    assert plant.group(1).status == "VERIFIED"
    assert not Unit.objects.filter(part=plant.parts["B"]).exists()
    assert row.tasks == Task.objects.filter(kind="OFFLINE_CONFLICT").count() == 2
