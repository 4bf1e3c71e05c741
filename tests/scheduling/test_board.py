"""The board: what it shows, what a move changes and leaves, what is refused, and that all of it can be taken back."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from inventory.errors import Refused
from scheduling import services
from scheduling.models import Operation, Plan, PlanMove, PlannedOperation, Resource, SetupTime, WorkCentre
from scheduling.services import board, rows
from scheduling.states import OperationStatus
from tests.scheduling.shop import MONDAY, Shop

AT = {"by": "planner", "at": MONDAY}


@pytest.fixture
def plan(transactional_db: None, shop: Shop) -> Plan:
    """RED, BLUE, RED, BLUE on the presses, two hours each; due dates keep that order."""
    for number, key in enumerate(("RED", "BLUE", "RED", "BLUE")):
        order = shop.order(f"O{number}", key, due_hours=30 + number)
        order.operations.get(number=10).resources.set([shop.p1, shop.p2] if number else [shop.p1])
    return services.plan_from_orders(start=MONDAY, **AT)


def bar(plan: Plan, order: str, number: int = 10) -> PlannedOperation:
    return PlannedOperation.objects.select_related("resource", "operation").get(
        plan=plan, operation__order__number=order, operation__number=number
    )


def stands(plan: Plan) -> dict[str, tuple[Any, ...]]:
    rows = PlannedOperation.objects.filter(plan=plan).values_list(
        "operation__order__number", "operation__number", "resource__code", "position", "starts_at", "ends_at",
        "setup_hours", "status", "late_minutes",
    )  # fmt: skip
    return {f"{order}/{number}": tuple(place) for order, number, *place in rows}


def move(plan: Plan, order: str, resource: Any, position: int, version: int = 1) -> services.Moved:
    operation = bar(plan, order).operation_id
    return services.move_operation(plan.pk, operation, resource.pk, position, version=version, **AT)


def test_a_new_plan_stands_forward_on_the_presses(plan: Plan, shop: Shop) -> None:
    assert {name: place[:2] for name, place in stands(plan).items() if name.endswith("/10")} == {
        "O0/10": ("P1", 1), "O1/10": ("P2", 1), "O2/10": ("P1", 2), "O3/10": ("P2", 2),
    }  # fmt: skip
    assert bar(plan, "O0").starts_at == MONDAY
    assert plan.figures["setup_hours"] == 3.0


def test_another_process_reads_what_was_stored_and_parses_nothing(
    transactional_db: None, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bars are stored a chunk at a time, and a version somebody else made costs its rows, not the plan's problem."""
    for number in range(5):
        shop.order(f"O{number}", "RED", due_hours=1 + 4 * number).operations.get(number=10).resources.set(
            [shop.p1]
        )
    plan = services.plan_from_orders(start=MONDAY, **AT)
    monkeypatch.setattr(rows, "CHUNK", 2)
    assert len(move(plan, "O2", shop.p1, 1).bars) > 4
    made = board._kept.pop((plan.pk, 2))

    def parsed_again(problem: Any) -> Any:
        raise AssertionError("the problem of a plan never changes")

    monkeypatch.setattr(board, "parsed", parsed_again)
    read = board.loaded(Plan.objects.get(pk=plan.pk))
    assert (read.board.places, read.board.sequences) == (made.board.places, made.board.sequences)
    assert read.board.frozen_until == made.board.frozen_until
    stored = PlannedOperation.objects.filter(plan=plan)
    assert {one.late for one in stored} == {True, False}
    assert all(one.late == (one.late_minutes > 0) for one in stored)


def test_a_move_pins_the_bar_and_times_what_follows(plan: Plan, shop: Shop) -> None:
    before = stands(plan)
    moved = move(plan, "O2", shop.p2, 2)
    after = stands(plan)
    changed = {name for name in after if after[name] != before[name]}
    assert after["O2/10"][:2] == ("P2", 2)
    assert after["O2/10"][5] == 17
    assert after["O3/10"][:2] == ("P2", 3)
    assert after["O0/10"] == before["O0/10"], "what the move does not touch keeps its times"
    assert {f"{one['order']}/{one['number']}" for one in moved.bars} == changed
    assert moved.delta.setup_hours == pytest.approx(
        sum(place[4] for place in after.values()) - sum(place[4] for place in before.values())
    )
    assert moved.version == Plan.objects.get(pk=plan.pk).version == 2
    assert Plan.objects.get(pk=plan.pk).figures["setup_hours"] == 3.0 + moved.delta.setup_hours
    assert bar(plan, "O2").rule == "Moved by hand by planner to place 2."


def test_the_figures_after_a_move_are_those_of_the_bars(plan: Plan, shop: Shop) -> None:
    """All within the first shift, so the working hours are those up to the last end."""
    move(plan, "O2", shop.p2, 1)
    for version, change in ((2, lambda: move(plan, "O3", shop.p1, 1, 2)), (3, lambda: undo(plan, 3))):
        change()
        figures = Plan.objects.get(pk=plan.pk).figures
        rows = list(PlannedOperation.objects.filter(plan=plan).select_related("resource"))
        makespan = max(row.ends_at for row in rows) - MONDAY
        assert makespan <= timedelta(hours=16)
        assert figures["makespan"] == pytest.approx(makespan / timedelta(hours=1))
        assert figures["setup_hours"] == pytest.approx(sum(row.setup_hours for row in rows)), version
        for code in ("P1", "P2", "COAT"):
            busy = sum(
                ((row.ends_at - row.starts_at) for row in rows if row.resource.code == code), timedelta()
            ) - timedelta(hours=sum(row.setup_hours for row in rows if row.resource.code == code))
            assert figures["utilisation"][code] == pytest.approx(busy / makespan, abs=1e-5), version


def undo(plan: Plan, version: int) -> services.Moved:
    return services.undo_move(plan.pk, version=version, **AT)


def test_a_secondary_resource_is_kept_with_the_bar_and_taken_once(transactional_db: None, shop: Shop) -> None:
    tool = Resource.objects.create(code="TOOL", work_centre=WorkCentre.objects.create(code="TOOLS"))
    for number, press in enumerate((shop.p1, shop.p2, shop.p1)):
        order = shop.order(f"O{number}", due_hours=30 + number)
        order.operations.get(number=10).resources.set([press])
        order.operations.filter(number=10).update(more={"secondary": ["TOOL"]})
    plan = services.plan_from_orders(start=MONDAY, **AT)
    presses = PlannedOperation.objects.filter(plan=plan, operation__number=10)
    assert set(presses.values_list("secondary", flat=True)) == {tool.pk}
    services.forget_boards()
    move(plan, "O2", shop.p1, 1)
    rows = sorted(presses.values_list("starts_at", "ends_at", "secondary"))
    assert {secondary for _, _, secondary in rows} == {tool.pk}
    assert all(one[1] <= other[0] for one, other in pairwise(rows))
    assert bar(plan, "O2").starts_at == MONDAY


def test_a_move_remembered_before_tools_were_known_is_taken_back(transactional_db: None, shop: Shop) -> None:
    tool = Resource.objects.create(code="TOOL", work_centre=WorkCentre.objects.create(code="TOOLS"))
    for number in range(3):
        order = shop.order(f"O{number}", due_hours=30 + number)
        order.operations.get(number=10).resources.set([shop.p1])
        order.operations.filter(number=10).update(more={"secondary": ["TOOL"]})
    plan = services.plan_from_orders(start=MONDAY, **AT)
    stood = bar(plan, "O2").starts_at
    move(plan, "O2", shop.p1, 1)
    remembered = PlanMove.objects.get()
    remembered.before = [fact[:-1] for fact in remembered.before]
    remembered.save()
    undo(plan, 2)
    assert (bar(plan, "O2").starts_at, bar(plan, "O2").secondary) == (stood, tool)


def test_a_refusal_is_told_in_the_planners_language(plan: Plan, shop: Shop) -> None:
    with translation.override("de"), pytest.raises(Refused) as refused:
        move(plan, "O0", shop.coat, 1)
    assert refused.value.message.startswith("O0/10 darf nicht auf COAT laufen; erlaubt sind P1")
    said = refused.value.facts["said"]
    assert isinstance(said, dict)
    assert (refused.value.code, said["code"]) == ("not_allowed_there", "not-allowed-there")


def test_an_order_that_becomes_late_is_told_with_all_its_bars(plan: Plan, shop: Shop) -> None:
    Operation.objects.filter(order__number="O0").update(hours=2)
    plan.problem["orders"][0]["due"] = (MONDAY + timedelta(hours=5)).isoformat()
    Plan.objects.filter(pk=plan.pk).update(problem=plan.problem)
    moved = move(plan, "O0", shop.p1, 2)
    assert moved.delta.late_orders == 1
    late = {
        f"{one['order']}/{one['number']}": one["late_minutes"] for one in moved.bars if one["late_minutes"]
    }
    assert set(late) == {"O0/10", "O0/20"}
    assert moved.delta.tardiness_hours == pytest.approx(late["O0/10"] / 60)


def test_a_preview_stores_nothing_and_says_what_the_move_will(plan: Plan, shop: Shop) -> None:
    before = stands(plan)
    operation = bar(plan, "O2").operation_id
    told = services.preview_move(plan.pk, operation, shop.p2.pk, 1, version=1)
    assert stands(plan) == before
    assert move(plan, "O2", shop.p2, 1).delta == told


def test_moves_are_taken_back_one_by_one(plan: Plan, shop: Shop) -> None:
    first = stands(plan)
    move(plan, "O2", shop.p2, 1)
    second = stands(plan)
    move(plan, "O3", shop.p1, 1, version=2)
    assert services.undo_move(plan.pk, version=3, **AT).version == 4
    assert stands(plan) == second
    services.undo_move(plan.pk, version=4, **AT)
    assert stands(plan) == first
    assert Plan.objects.get(pk=plan.pk).figures == plan.figures
    assert PlanMove.objects.filter(undone_at__isnull=True).count() == 0
    with pytest.raises(Refused, match="Nobody has moved"):
        services.undo_move(plan.pk, version=5, **AT)


def test_what_is_taken_back_says_again_what_had_placed_it(plan: Plan, shop: Shop) -> None:
    def rule(order: str) -> tuple[str, str]:
        one = bar(plan, order)
        return one.rule, (one.told or {})["code"]

    first, other = rule("O2"), rule("O1")
    move(plan, "O2", shop.p2, 1)
    by_hand = rule("O2")
    assert (first[1], by_hand[1]) == ("forward", "moved-by-hand")
    both = [bar(plan, name).operation_id for name in ("O1", "O3")]
    services.arrange_operations(plan.pk, both, version=2, **AT)
    move(plan, "O2", shop.p1, 1, version=3)
    assert (rule("O1")[1], rule("O2")[1]) == ("arranged", "moved-by-hand")
    undo(plan, 4)
    assert (rule("O2"), rule("O1")[1]) == (by_hand, "arranged")
    undo(plan, 5)
    undo(plan, 6)
    assert (rule("O2"), rule("O1")) == (first, other)


def test_another_process_shows_the_same(plan: Plan, shop: Shop) -> None:
    """What a process keeps of a moved plan is what another reads from the rows."""
    move(plan, "O2", shop.p2, 1)
    here = services.preview_move(plan.pk, bar(plan, "O3").operation_id, shop.p1.pk, 1, version=2)
    services.forget_boards()
    assert services.preview_move(plan.pk, bar(plan, "O3").operation_id, shop.p1.pk, 1, version=2) == here


def test_locked_operations_are_let_go_again(plan: Plan, shop: Shop) -> None:
    operation = bar(plan, "O1").operation_id
    moved = services.lock_operations(plan.pk, [operation], lock=True, version=1, **AT)
    assert [(one["order"], one["status"]) for one in moved.bars] == [("O1", 17)]
    services.lock_operations(plan.pk, [operation], lock=False, version=2, **AT)
    assert bar(plan, "O1").status == 10


def test_what_is_refused(plan: Plan, shop: Shop) -> None:
    SetupTime.objects.create(from_key="BLUE", to_key="RED", forbidden=True)
    planned = Plan.objects.get(pk=plan.pk)
    plan.problem["setup"].append({"from": "BLUE", "to": "RED", "forbidden": True})
    Plan.objects.filter(pk=plan.pk).update(problem=plan.problem)
    begun = bar(plan, "O3").operation
    Operation.objects.filter(pk=begun.pk).update(
        operation_status=OperationStatus.IN_PROGRESS, started_at=MONDAY, actual_resource=shop.p2
    )
    published = services.copy_plan(plan.pk, **AT)
    services.publish_plan(published.pk, version=1, **AT)
    for code, action in (
        ("stale", lambda: move(plan, "O2", shop.p2, 1, version=7)),
        ("not_allowed_there", lambda: move(plan, "O0", shop.p2, 1)),
        ("not_allowed_there", lambda: move(plan, "O2", shop.coat, 1)),
        ("forbidden_setup", lambda: move(plan, "O2", shop.p2, 2)),
        ("begun", lambda: move(plan, "O3", shop.p2, 1)),
        ("no_draft", lambda: move(published, "O2", shop.p1, 1)),
        ("not_in_plan", lambda: services.lock_operations(plan.pk, [0], lock=True, version=1, **AT)),
        ("unknown_plan", lambda: services.picture(0)),
    ):
        with pytest.raises(Refused) as refusal:
            action()
        assert refusal.value.code == code
    assert planned.version == Plan.objects.get(pk=plan.pk).version == 1


def test_an_order_against_the_routing_is_refused(transactional_db: None, shop: Shop) -> None:
    order = shop.order("A")
    order.operations.filter(number=20).update(work_centre=shop.press)
    order.operations.get(number=10).resources.set([shop.p1])
    order.operations.get(number=20).resources.set([shop.p1])
    plan = services.plan_from_orders(start=MONDAY, **AT)
    with pytest.raises(Refused, match="contradicts a routing"):
        services.move_operation(plan.pk, bar(plan, "A", 20).operation_id, shop.p1.pk, 1, version=1, **AT)


def client_of(role: str) -> Client:
    user = User.objects.create(username=f"one-{role}")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(user)
    return client


def test_the_board_by_its_addresses(plan: Plan, shop: Shop) -> None:
    planner, logistics = client_of("planner"), client_of("logistics")
    asked = {
        "from": MONDAY.isoformat(),
        "to": (MONDAY + timedelta(hours=2)).isoformat(),
        "resource": shop.p1.pk,
    }
    shown = logistics.get(reverse("schedule-bars", args=[plan.pk]), asked).json()
    assert shown["plan"]["version"] == 1
    assert [one["code"] for one in shown["resources"]] == ["P1"]
    assert shown["resources"][0]["calendar"] == [["2026-11-23T06:00:00Z", "2026-11-23T08:00:00Z"]]
    assert [(one["order"], one["position"], one["start"]) for one in shown["bars"]] == [
        ("O0", 1, "2026-11-23T06:00:00Z")
    ]
    body = {"operation": bar(plan, "O2").operation_id, "resource": shop.p2.pk, "position": 1, "version": 1}

    def post(client: Client, name: str, sent: Any = body) -> Any:
        return client.post(reverse(f"schedule-{name}", args=[plan.pk]), sent, content_type="application/json")

    assert post(logistics, "move").status_code == 403
    delta = post(planner, "preview").json()["delta"]
    answer = post(planner, "move").json()
    assert answer["delta"] == delta
    assert answer["version"] == 2
    again = post(planner, "move")
    assert (again.status_code, again.json()["code"]) == (409, "stale")
    assert post(planner, "move", {**body, "position": "1"}).status_code == 422
    assert post(planner, "undo", {"version": 2}).json()["version"] == 3
    locked = {"operations": [body["operation"]], "locked": True, "version": 3}
    assert post(planner, "lock", locked).json()["bars"][0]["status"] == 17
    copy = services.copy_plan(plan.pk, **AT)
    assert logistics.get(reverse("schedule-compare", args=[plan.pk, copy.pk])).json()["moved_count"] == 0
