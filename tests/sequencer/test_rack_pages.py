"""The racks' pages, the admin of rack planning and the API: what they show, filter, refuse and decide."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from sequencer.boards.racks import Asked, rack_list
from sequencer.models import Carrier, Commodity, CutRule, LoosePiece, PlantEvent, Rack, RackType, SealedMove
from tests.factories import START, Plant
from tests.sequencer.test_rack_moves import floor, packed, sealed, swap


@pytest.fixture
def plant(db: None) -> Plant:
    return floor()


def page(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def boss(client: Client, plant: Plant) -> Client:
    return page(client, plant.supervisor)


@pytest.fixture
def admin(client: Client, plant: Plant) -> Client:
    user = User.objects.create(username="keeper")
    user.groups.add(Group.objects.get_or_create(name="administrator")[0])
    return page(client, user)


def listed(client: Client, query: str = "") -> list[str]:
    html = client.get(f"/racks/?{query}").content.decode()
    return re.findall(r'<a href="/racks/\d+/">([^<]+)</a>', html)


def test_the_address_filters_the_list(boss: Client, plant: Plant) -> None:
    packed(plant, 1, 2, of=8)
    plant.scan("%C:MISSING")
    plant.scan("%M:EMPTY-BIN")
    swap(plant, 1, 6)
    shown = {
        "": ["R-1", "R-5"],
        "status=planned": ["R-5"],
        "status=work": ["R-1"],
        "status=gone": [],
        f"commodity={plant.commodity.pk}": ["R-1", "R-5"],
        "commodity=0": [],
        "fill=empty": ["R-5"],
        "fill=part": ["R-1"],
        "fill=full": [],
        "needs=holes": ["R-1"],
        "needs=loose": ["R-1"],
        "needs=decide": [],
        "q=r1": ["R-1"],
        "q=0007": ["R-5"],
        "age=24": [],
        "sort=number&page=1": ["R-1", "R-5"],
        "status=nonsense&fill=x&due=y&age=z&sort=w&page=x": ["R-1", "R-5"],
    }
    assert {query: listed(boss, query) for query in shown} == shown


@pytest.mark.parametrize(("minutes", "shown"), [(0, "later"), (70, "hour"), (130, "late")])
def test_a_rack_by_due_time_and_age(plant: Plant, minutes: int, shown: str) -> None:
    """Call 1 is needed 121 minutes after the start; its rack is begun in the first minute."""
    packed(plant, 1)
    at = START + timedelta(minutes=minutes)
    found = {due: rack_list(Asked(due=due), at=at)["count"] for due in ("late", "hour", "later")}
    assert found == {"late": 0, "hour": 0, "later": 0} | {shown: 1}
    assert [rack_list(Asked(age=age), at=at)["count"] for age in ("1", "4")] == [int(minutes > 60), 0]


def test_an_empty_list_says_what_brings_a_rack(boss: Client) -> None:
    assert "The first firm call cuts a rack" in boss.get("/racks/").content.decode()
    assert "No rack matches these filters" in boss.get("/racks/?fill=full").content.decode()


def test_a_rack_shows_its_drawing_and_move_list(boss: Client, plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    rack = plant.rack(1)
    html = boss.get(f"/racks/{rack.pk}/").content.decode()
    assert 'slot 1 <span aria-hidden="true">→</span> hold cart H-1' in html
    assert "0003 still stands here" in html.replace("\n", " ")
    assert html.count('class="slot loose') == 2
    assert "4 moves to do" not in html
    look = boss.get(f"/racks/{rack.pk}/look/").content.decode()
    assert "3 moves to do" in look


def test_a_rack_that_was_cut_away_is_said_so(boss: Client) -> None:
    answer = boss.get("/racks/999999/")
    assert answer.status_code == 404
    assert "cut again" in answer.content.decode()


def test_a_supervisor_decides_on_the_rack_page(boss: Client, plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    rack = plant.rack(1)
    html = boss.get(f"/racks/{rack.pk}/").content.decode()
    assert "0001 → 0003" in html
    assert "it cannot go as it is" in html
    refused = boss.post(
        f"/racks/{rack.pk}/decide/", {"choice": "REOPEN", "reason": " "}, headers={"HX-Request": "true"}
    )
    assert "say why" in refused.content.decode()
    answer = boss.post(f"/racks/{rack.pk}/decide/", {"choice": "REOPEN", "reason": "truck waits"})
    assert answer.status_code == 204
    assert plant.rack(1).status == "REOPENED"
    assert set(SealedMove.objects.values_list("decided_by", "reason")) == {("boss", "truck waits")}


@pytest.mark.parametrize("choice", ["", "OPEN", "BURN"])
def test_a_choice_that_is_none_is_refused(boss: Client, plant: Plant, choice: str) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    rack = plant.rack(1)
    answer = boss.post(
        f"/racks/{rack.pk}/decide/", {"choice": choice, "reason": "x"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code in {409, 422}
    assert plant.rack(1).status == "STAGED"


def test_an_operator_does_not_decide(client: Client, plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    user = page(client, plant.operator)
    rack = plant.rack(1)
    assert user.post(f"/racks/{rack.pk}/decide/", {"choice": "REOPEN", "reason": "x"}).status_code == 403
    assert "A supervisor decides here" in user.get(f"/racks/{rack.pk}/").content.decode()


def test_the_board_leads_to_the_decision(boss: Client, plant: Plant) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    html = boss.get(f"/lines/{plant.line.pk}/").content.decode()
    assert f'href="/racks/{plant.rack(1).pk}/"' in html


def test_the_list_does_not_ask_more_for_more_racks(
    boss: Client, plant: Plant, django_assert_max_num_queries: Any
) -> None:
    for n in range(1, 41):
        plant.new(n)
    with django_assert_max_num_queries(12):
        assert len(listed(boss)) == 10


# --- admin ---------------------------------------------------------------------------------------------------


def test_a_type_is_previewed_while_it_is_typed(admin: Client) -> None:
    asked = {
        "drawing": "L # | L\nR R | .",
        "path": "ROWS_SNAKE",
        "unload_face": "BACK",
        "first_place": "TOP_LEFT",
    }
    html = admin.get("/admin/sequencer/racktype/preview/", asked | {"rows": "x"}).content.decode()
    assert html.count('class="slot sample"') == 8
    assert html.count('class="slot blocked"') == 2
    assert "the OEM takes from the back" in html
    assert "As the OEM stands before it" in html


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"drawing": "o o\no"}, "line 2 has 1 cells, line 1 has 2"),
        ({"drawing": "o <script>"}, "&#x27;&lt;script&gt;&#x27; is no place"),
        ({"drawing": "o\no", "seen": "ABOVE"}, "is loaded before a place behind it"),
        ({"path": "SIDEWAYS"}, "is not a valid choice"),
        ({"drawing": "o " * 300}, "300 places"),
    ],
)
def test_the_preview_says_what_is_wrong(admin: Client, asked: dict[str, str], told: str) -> None:
    answer = admin.get("/admin/sequencer/racktype/preview/", asked)
    assert answer.status_code == 200
    assert told in answer.content.decode()


def test_a_type_is_made_of_a_drawing(admin: Client) -> None:
    form = {
        "code": "NEW", "name": "", "rows": 1, "columns": 1, "slot_check_every": 1, "path": "LANES",
        "drawing": "o o | o\no # | o", "first_place": "BOTTOM_RIGHT", "seen": "FRONT", "unload_face": "FRONT",
        "build_order": "REVERSE",
    }  # fmt: skip
    assert admin.post("/admin/sequencer/racktype/add/", form).status_code == 302
    assert RackType.objects.get(code="NEW").capacity == 5
    html = admin.post(
        "/admin/sequencer/racktype/add/", form | {"code": "BAD", "drawing": "o ?"}
    ).content.decode()
    assert "is no place; write o" in html
    assert not RackType.objects.filter(code="BAD").exists()


def test_cutting_again_is_signed_and_says_how_many(admin: Client, plant: Plant) -> None:
    for n in range(1, 9):
        plant.new(n)
    CutRule.objects.create(commodity=plant.commodity, kind="MAX_SEQUENCES", value="2")
    address = f"/admin/sequencer/commodity/{plant.commodity.pk}/cut-again/"
    html = admin.get(address).content.decode()
    assert "the racks that nobody has started" in html
    assert admin.post(address, {"reason": ""}).status_code == 200
    assert Rack.objects.count() == 2
    assert admin.post(address, {"reason": "smaller racks"}).status_code == 302
    assert Rack.objects.count() == 4
    event = PlantEvent.objects.get(kind="cut_again")
    assert (event.by, event.reason, event.facts["racks"]) == ("keeper", "smaller racks", 4)


def test_a_supervisor_keeps_no_rack_types(boss: Client, plant: Plant) -> None:
    assert boss.get("/admin/sequencer/racktype/add/").status_code == 403
    assert boss.get(f"/admin/sequencer/commodity/{plant.commodity.pk}/cut-again/").status_code in {302, 403}


@pytest.mark.parametrize("path", ["racktype", "carrier", "commodity", "loosepiece", "sealedmove"])
def test_admin_lists_open(admin: Client, plant: Plant, path: str) -> None:
    sealed(plant)
    swap(plant, 1, 3)
    assert admin.get(f"/admin/sequencer/{path}/").status_code == 200


# --- API -----------------------------------------------------------------------------------------------------


def test_the_api_gives_every_place_of_a_type(boss: Client, plant: Plant) -> None:
    RackType.objects.filter(code="HOLD4").update(drawing="[a]\no #\n[b]\no o")
    found = boss.get("/api/v1/rack-types/?code=HOLD4").json()["results"][0]
    assert (found["capacity"], found["sequences"]) == (3, 3)
    assert found["places"][0] == {"number": 1, "row": 1, "column": 1, "lane": 1, "side": 1, "mark": ""}


def test_the_api_gives_move_list_and_hold_carts(boss: Client, plant: Plant) -> None:
    packed(plant, 1, 2, 3)
    swap(plant, 1, 3)
    plant.scans("%C:MOVES", "%L:1", "%R:H-2")
    moves = boss.get(f"/api/v1/rack-moves/?rack={plant.rack(1).pk}").json()
    assert [(m["sequence"], m["stands_at"], m["goes_to"], m["serials"]) for m in moves] == [
        ("0001", "slot 3", "slot 1", ["S3"]),
        ("0003", "hold cart H-2 place 1", "slot 3", ["S1"]),
    ]
    carts = {c["code"]: c["pieces"] for c in boss.get("/api/v1/hold-carts/").json()["results"]}
    assert carts == {"H-1": [], "H-2": [{"place": 1, "part": "A", "serial": "S1", "sequence": "0003"}]}


@pytest.mark.parametrize(("query", "status"), [("", 422), ("?rack=x", 422), ("?rack=0", 404)])
def test_the_api_says_which_rack_it_needs(boss: Client, query: str, status: int) -> None:
    assert boss.get(f"/api/v1/rack-moves/{query}").status_code == status


def test_the_hold_cart_is_no_rack(plant: Plant) -> None:
    """Scanned where an empty rack is asked for, a hold cart is refused even if its type would fit."""
    Carrier.objects.filter(code="H-1").update(rack_type=Commodity.objects.get().rack_type)
    plant.new(1)
    verdict = plant.scans("%B:OP", "%R:H-1")
    assert verdict == ["OK", "WRONG_RACK"]
    assert LoosePiece.objects.count() == 0
