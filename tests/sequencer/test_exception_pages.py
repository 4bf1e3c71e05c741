"""The pages of exceptions and quality holds: what their address filters, and who may do what there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from sequencer.models import QualityHold, Unit
from tests.factories import Plant, make_plant, person


@pytest.fixture
def floor(db: None) -> Plant:
    plant = make_plant(serial=True)
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    plant.pack("A", 1, serial="11")
    plant.scans("%C:SCRAP", "%L:1", "%M:DAMAGED")
    person("quinn", "quality", "Q")
    return plant


def page(user: str, address: str) -> str:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.get(username=user))
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("query", "seen"),
    [("", True), ("?kind=SCRAP", True), ("?kind=REPAIR", False), ("?q=0001", True), ("?q=11", True),
     ("?q=0002", False), ("?state=done", False), ("?state=open&sort=due", True), ("?page=x", True)],
)  # fmt: skip
def test_the_list_is_what_its_address_asks_for(floor: Plant, query: str, seen: bool) -> None:
    assert ("damaged" in page("op", f"/exceptions/{query}")) is seen


def test_quality_places_and_releases_others_only_look(floor: Plant) -> None:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.get(username="op"))
    assert client.post("/quality/place/", {"part": "A", "reason": "x"}).status_code == 403
    client.force_login(User.objects.get(username="quinn"))
    assert client.post("/quality/place/", {"part": "A", "reason": "cracked"}).status_code == 204
    hold = QualityHold.objects.get()
    assert hold.placed_by == "quinn"
    assert "cracked" in page("op", "/quality/")
    assert "Place a hold" not in page("op", "/quality/")
    assert "scrap" in page("quinn", f"/quality/{hold.pk}/")
    assert client.post(f"/quality/{hold.pk}/release/", {"reason": "measured"}).status_code == 204
    assert "cracked" not in page("op", "/quality/?state=open")


def test_a_bad_time_says_what_to_do(floor: Plant) -> None:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.get(username="quinn"))
    answer = client.post("/quality/place/", {"from": "yesterday", "reason": "x"})
    assert answer.status_code == 400 or answer.status_code == 422
    assert "is no time" in answer.content.decode()
    answer = client.post("/quality/place/", {"call": "V0002", "reason": "paint"})
    assert answer.status_code == 204
    assert floor.group(2).on_hold


def test_the_api_reads_and_decides_what_the_pages_do(floor: Plant) -> None:
    """One way through all of it: who may, what comes back, and refusals in the words of the screens."""
    from django.contrib.auth.models import User

    def client(user: str) -> Client:
        found = Client()
        found.force_login(User.objects.get(username=user))
        return found

    op, boss, quinn = client("op"), client("boss"), client("quinn")

    def post(who: Client, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        answer = who.post(f"/api/v1/{path}", body, content_type="application/json")
        return answer.status_code, answer.json()

    (row,) = op.get("/api/v1/exceptions/?kind=SCRAP&open=true").json()["results"]
    assert (row["sequence_number"], row["serial"], row["reason"], row["by"]) == (
        "0001",
        "11",
        "damaged",
        "op",
    )
    assert op.get(f"/api/v1/exceptions/{row['id']}/").json() == row
    assert op.get("/api/v1/exceptions/?open=false").json()["results"] == []
    assert op.get("/api/v1/exceptions/?kind=BORED").status_code == 422

    floor.pack("A", 1, serial="12")
    group, unit = floor.group(1), Unit.objects.get(serial="12")
    assert post(op, "exceptions/reorder/", group=group.pk, reason="lost")[0] == 403
    code, refused = post(boss, "exceptions/reorder/", group=group.pk, reason=" ")
    assert (code, refused["code"]) == (422, "invalid")
    code, refused = post(boss, "exceptions/reorder/", group=floor.group(2).pk, reason="lost")
    assert (code, refused["code"]) == (409, "not_built")
    assert "scrap it if it is bad" in refused["message"]
    code, made = post(boss, "exceptions/reorder/", group=group.pk, reason="lost")
    assert (code, made["replaces"]) == (200, group.pk)
    assert post(op, "exceptions/scrap/", unit=unit.pk, reason="bent")[0] == 403
    assert post(quinn, "exceptions/scrap/", unit=unit.pk, reason="bent")[1]["status"] == "SCRAPPED"
    assert post(quinn, "exceptions/scrap/", unit=unit.pk, reason="bent")[0] == 409

    assert post(boss, "quality-holds/place/", part="A", reason="cracked")[0] == 403
    assert post(quinn, "quality-holds/place/", reason="cracked")[1]["code"] == "says_nothing"
    code, hold = post(quinn, "quality-holds/place/", part="A", reason="cracked")
    assert (code, hold["part"], hold["placed_by"]) == (200, "A", "quinn")
    (held,) = op.get("/api/v1/quality-holds/?open=true").json()["results"]
    pieces = op.get(f"/api/v1/quality-holds/{held['id']}/").json()["pieces"]
    assert [(p["serial"], p["place"]) for p in pieces] == [("12", "scrap"), ("11", "scrap")]
    assert post(quinn, f"quality-holds/{held['id']}/release/", reason="measured")[1]["released_by"] == "quinn"
    assert post(quinn, f"quality-holds/{held['id']}/release/", reason="measured")[1]["code"] == "released"

    floor.pack("A", 2, serial="13")
    floor.pack("A", 3, serial="14")
    assert floor.scans("%C:TAKE-OUT", "%L:1", "%M:BUFFER")[-1] == "NOT_NOW"
    assert floor.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    floor.take("RESEQUENCE", "V0002", "0009", "", required=129)
    (move,) = op.get("/api/v1/sealed-moves/?choice=OPEN").json()["results"]
    path = f"sealed-moves/{move['rack']}/decide/"
    assert post(quinn, path, choice="REOPEN", reason="by phone")[0] == 403
    assert post(boss, path, choice="AS_IS", reason="by phone")[1]["code"] == "not_as_sealed"
    code, decided = post(boss, path, choice="REOPEN", reason="by phone")
    assert (code, [row["decided_by"] for row in decided]) == (200, ["boss"])
    assert floor.rack(1).status == "REOPENED"
