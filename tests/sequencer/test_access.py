"""Role x URL: one table in code, walked here with every role, and every route stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.template import Template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from sequencer.access import ACCESS, PUBLIC, Role, may
from tests.factories import Plant

# What a URL needs to be opened; the ids need not exist, the gate comes first.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "line_id": {"line_id": 1},
    "gap": {"stream_id": 1, "first": 1, "last": 1},
}
ACTS = frozenset(
    {
        "gap-accept",
        "task-acknowledge",
        "task-close",
        "station-scan",
        "station-replay",
        "station-language",
        "shipment-do",
        "api-shipment-decision-send-short",
        "api-shipment-decision-cancel",
        "api-shipment-decision-arrive",
        "api-shipment-decision-emergency",
        "shipment-decide",
        "shipping-emergency",
        "carrier-lose",
        "carrier-find",
        "billing-import",
        "delivery-settle",
        "billing-settle",
        "share-revoke",
        "reorder",
        "quality-place",
        "quality-release",
        "dock-scan",
        "delivery-reprocess",
        "event-reprocess",
        "event-discard",
        "outbound-resend",
        "transmission-gap-accept",
        "counter-restart",
        "schedule-move",
        "schedule-preview",
        "schedule-lock",
        "schedule-undo",
        "schedule-run",
        "schedule-run-cancel",
        "schedule-work-do",
        "api-plan-copy",
        "api-plan-publish",
        "api-plan-take-back",
        "api-plan-run",
        "api-plan-move",
        "api-plan-preview",
        "api-plan-lock",
        "api-plan-undo",
        "api-schedule-run-cancel",
        "api-order-firm",
        "api-order-cancel",
        "api-order-take-releases",
        "api-operation-start",
        "api-operation-finish",
        "api-rack-seal",
        "api-rack-reopen",
        "api-rack-approve-holes",
        "api-scan-list",
        "api-shipment-depart",
        "api-gap-accept",
        "api-task-acknowledge",
    }
)
TURNED_AWAY = {401, 403}


def routes(patterns: list[Any]) -> Iterator[tuple[str, list[str]]]:
    """(name, arguments) of every route of ours; admin has its own rights, tested below."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver) and pattern.app_name != "admin":
            yield from routes(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name, sorted(pattern.pattern.regex.groupindex)


ROUTES = dict(routes(get_resolver().url_patterns))
GUARDED = sorted(set(ROUTES) - PUBLIC - {"admin-login"})


def url(name: str, station: int = 1, dock: int = 1) -> str:
    ids = {"stream_id": 1, "first": 1, "last": 1, "station_id": dock if name.startswith("dock") else station}
    return reverse(name, kwargs={arg: ids.get(arg, 1) for arg in ROUTES[name]})


def ask(client: Client, name: str, plant: Plant) -> int:
    address = url(name, plant.station.pk, plant.dock.pk)
    if name == "events":
        address += "?topics=line:1"
    return (client.post if name in ACTS else client.get)(address).status_code


@pytest.fixture
def nothing_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes in is said by the status; what stands on the page is drawn in the tests of the pages."""
    monkeypatch.setattr(Template, "render", lambda *_: "")


@pytest.fixture
def people(plant: Plant) -> dict[str, Client]:
    clients = {}
    for role in Role:
        user = User.objects.create(username=f"a-{role}")
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        clients[str(role)] = Client(raise_request_exception=False)
        clients[str(role)].force_login(user)
    return clients


def test_every_route_stands_in_the_table() -> None:
    assert set(GUARDED) == set(ACCESS) - {"admin"}


def let_in(client: Client, name: str, plant: Plant) -> bool:
    """Whatever the page did is undone, so that the next one finds the plant as it was."""
    with transaction.atomic():
        status = ask(client, name, plant)
        transaction.set_rollback(True)
    return status not in TURNED_AWAY | {302}


def test_a_stranger_is_asked_to_log_in(plant: Plant) -> None:
    assert [name for name in GUARDED if let_in(Client(raise_request_exception=False), name, plant)] == []


# Four shares of the table, for whoever is free.
@pytest.mark.parametrize("share", range(4))
def test_the_right_roles_come_in_and_the_others_do_not(
    share: int, people: dict[str, Client], plant: Plant, nothing_drawn: None
) -> None:
    names = GUARDED[share::4]
    found = {name: {role for role, client in people.items() if let_in(client, name, plant)} for name in names}
    assert found == {name: set(ACCESS[name]) for name in names}


def test_somebody_without_a_role_opens_nothing(plant: Plant) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create(username="nobody"))
    assert {name for name in GUARDED if ask(client, name, plant) not in TURNED_AWAY | {302}} == set()


def test_a_name_that_is_missing_is_open_to_nobody(plant: Plant) -> None:
    assert not may(plant.supervisor, "no-such-page")


def test_a_superuser_opens_everything(db: None) -> None:
    root = User.objects.create(username="root", is_superuser=True)
    assert all(may(root, name) for name in ACCESS)


@pytest.mark.parametrize("role", list(Role))
def test_admin_lets_in_who_keeps_or_reads_master_data(role: Role, people: dict[str, Client]) -> None:
    opened = people[role].get("/admin/inventory/part/").status_code == 200
    assert opened == (role in ACCESS["admin"])


@pytest.mark.parametrize(
    ("page", "writers"),
    [
        ("inventory/customerpart", {"supervisor", "administrator"}),
        ("sequencer/station", {"administrator"}),
        ("edi/tradingpartner", {"administrator"}),
        ("sequencer/badge", {"administrator"}),
        ("auth/user", {"administrator"}),
        ("sequencer/rack", set()),
        ("sequencer/calloff", set()),
        ("sequencer/scanevent", set()),
        ("sequencer/plantevent", set()),
        ("edi/delivery", set()),
        ("edi/outboundmessage", set()),
    ],
)
def test_who_may_add_in_admin(page: str, writers: set[str], people: dict[str, Client]) -> None:
    """Nobody adds or changes by hand what a verb writes."""
    let_in = {r for r, client in people.items() if client.get(f"/admin/{page}/add/").status_code == 200}
    assert let_in == writers


def test_a_supervisor_reads_a_rack_in_admin_but_has_no_field_to_change(
    people: dict[str, Client], plant: Plant
) -> None:
    rack = plant.build([1, 2, 3])
    page = people["supervisor"].get(f"/admin/sequencer/rack/{rack.pk}/change/")
    assert page.status_code == 200
    assert b'name="status"' not in page.content


def test_an_administrator_cannot_take_over_a_superuser(people: dict[str, Client]) -> None:
    root = User.objects.create(username="root", is_superuser=True)
    answer = people["administrator"].post(
        f"/admin/auth/user/{root.pk}/password/", {"password1": "x" * 12, "password2": "x" * 12}
    )
    assert answer.status_code == 403


def test_a_pin_is_set_and_never_shown(people: dict[str, Client], plant: Plant) -> None:
    badge = plant.operator.badge
    form = {"code": "OP", "user": plant.operator.pk, "active": "on", "new_pin": "8642"}
    people["administrator"].post(f"/admin/sequencer/badge/{badge.pk}/change/", form)
    badge.refresh_from_db()
    assert badge.pin_fits("8642")
    page = people["administrator"].get(f"/admin/sequencer/badge/{badge.pk}/change/").content
    assert b"8642" not in page
    assert badge.pin_hash.encode() not in page


def test_a_short_pin_is_refused(people: dict[str, Client], plant: Plant) -> None:
    badge = plant.operator.badge
    form = {"code": "OP", "user": plant.operator.pk, "active": "on", "new_pin": "12"}
    answer = people["administrator"].post(f"/admin/sequencer/badge/{badge.pk}/change/", form)
    assert b"4 to 8 digits" in answer.content
    badge.refresh_from_db()
    assert not badge.pin_hash


def test_log_in_page_lists_the_demo_log_ins_only_in_a_demo(client: Client, settings: Any, db: None) -> None:
    settings.DEMO = True
    assert b"demo-supervisor" in client.get("/login/").content
    settings.DEMO = False
    assert b"demo-supervisor" not in client.get("/login/").content


def test_home_shows_only_what_a_role_may_open(people: dict[str, Client], plant: Plant) -> None:
    operator = people["operator"].get("/").content.decode()
    assert "/edi/" not in operator
    assert "/admin/" not in operator
    assert f"/station/{plant.station.pk}/" in operator
    assert "/edi/" in people["logistics"].get("/").content.decode()


def test_no_page_of_ours_carries_inline_script_or_style(people: dict[str, Client], plant: Plant) -> None:
    """The content policy forbids them, so a page with one would silently do nothing."""
    plant.build([1, 2, 3])
    for name in ("home", "lines", "line", "edi"):
        page = people["supervisor"].get(url(name).replace("/1/", f"/{plant.line.pk}/")).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert all("src=" in tag for tag in page.split("<script")[1:])
