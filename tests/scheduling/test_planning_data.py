"""What the tables of planning refuse whatever the code does, and what admin says of an entry that cannot run."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.test import Client
from django.urls import reverse

from scheduling.models import (
    ManufacturingOrder,
    Operation,
    Plan,
    PlannedOperation,
    PlanningRules,
    Routing,
    RoutingOperation,
    ScheduleRun,
    SequencingStep,
)
from scheduling.states import OperationStatus, PlanStatus, RunStatus
from scheduling.steps import initial_entry, refused_entry
from tests.scheduling.shop import MONDAY, Shop

PUBLISHED = {"status": PlanStatus.PUBLISHED, "published_by": "planner", "published_at": MONDAY}


def plan(number: int = 1, **more: Any) -> Plan:
    made: Plan = Plan.objects.create(
        **{
            "number": number,
            "start_at": MONDAY,
            "problem": {},
            "created_by": "planner",
            "created_at": MONDAY,
            **more,
        }
    )
    return made


def run(of: Plan, **more: Any) -> ScheduleRun:
    asked = {"plan": of, "requested_by": "planner", "requested_at": MONDAY, "seconds": 1}
    made: ScheduleRun = ScheduleRun.objects.create(**{**asked, "problem": {}, "plan_version": 1, **more})
    return made


def refused(constraint: str, action: Any) -> None:
    try:
        with transaction.atomic():
            action()
    except (IntegrityError, ValidationError) as refusal:
        said = str(refusal)
    else:
        pytest.fail(f"{constraint} let it pass")
    assert constraint in said or said == unique(constraint), said


def unique(name: str) -> str:
    """What SQLite says of a unique index, by its columns and not by its name."""
    found = [
        f"{model._meta.db_table}.{model._meta.get_field(field).column}"
        for model in apps.get_app_config("scheduling").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.name == name
        for field in constraint.fields
    ]
    return f"UNIQUE constraint failed: {', '.join(found)}"


def test_the_database_refuses(shop: Shop) -> None:
    order = shop.order("A")
    operation = order.operations.get(number=10)
    published = plan(1, **PUBLISHED)
    running = {"status": RunStatus.RUNNING, "claimed_at": MONDAY, "heartbeat_at": MONDAY, "worker": "w"}
    run(published)
    bar = {
        "operation": operation,
        "resource": shop.p1,
        "position": 1,
        "starts_at": MONDAY,
        "ends_at": MONDAY,
        "status": 15,
    }
    PlannedOperation.objects.create(plan=published, **bar)
    of = Operation.objects.filter(pk=operation.pk)
    place = {"planned_resource": shop.p1, "planned_starts_at": MONDAY}
    for constraint, action in (
        ("plan_published_once", lambda: plan(2, **PUBLISHED)),
        ("plan_published_by_name_with_time", lambda: plan(3, status=PlanStatus.ARCHIVED)),
        ("run_once_at_a_time", lambda: run(published, **running)),
        ("run_status_has_times", lambda: run(plan(4), status=RunStatus.RUNNING)),
        ("run_status_has_times", lambda: run(plan(5), status=RunStatus.DONE, finished_at=MONDAY)),
        ("run_status_has_times", lambda: run(plan(6), status=RunStatus.FAILED, finished_at=MONDAY)),
        ("planned_operation_once", lambda: PlannedOperation.objects.create(plan=published, **bar)),
        ("operation_status_has_times", lambda: of.update(operation_status=OperationStatus.IN_PROGRESS)),
        ("operation_status_has_times", lambda: of.update(operation_status=OperationStatus.DONE)),
        ("operation_sequenced_has_place", lambda: of.update(sequencing_status=17)),
        ("operation_sequencing_status_known", lambda: of.update(sequencing_status=16, **place)),
        ("order_closed_has_time", lambda: type(order).objects.filter(pk=order.pk).update(status="CANCELLED")),
        ("order_released_has_time", lambda: type(order).objects.filter(pk=order.pk).update(status="RELEASED")),
        ("step_number_positive", lambda: shop.step(number=0)),
        ("step_group_from_before_to", lambda: shop.step(group_from=5)),
        ("step_sort_not_with_grouping", lambda: shop.step(order_by="group", sort="planned_start")),
    ):  # fmt: skip
        refused(constraint, action)


def test_there_is_one_row_of_planning_rules(db: None) -> None:
    PlanningRules(horizon_days=5).save()
    PlanningRules(horizon_days=7).save()
    assert list(PlanningRules.objects.values_list("horizon_days", flat=True)) == [7]
    with pytest.raises(ValidationError, match="leave a working day"):
        PlanningRules(weekend=[1, 2, 3, 4, 5, 6, 7]).full_clean()
    with pytest.raises(ValidationError, match="must begin with key"):
        PlanningRules(sort_settings=["due"]).full_clean()
    assert initial_entry(PlanningRules(sort_settings=["-key", "due"]))["sort_settings"] == ["-key", "due"]


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({}, ""),
        ({"group_to": None}, "name the last character of the grouping part"),
        ({"more": {"colour": 1}}, "unknown key 'colour'"),
        ({"more": {"horizon_days": 1000}}, "from 0 to 999"),
    ],
)
def test_the_engine_judges_a_step(shop: Shop, entries: dict[str, Any], sentence: str) -> None:
    step = SequencingStep(
        **{"number": 10, "work_centre": shop.press, "group_from": 1, "group_to": 4, **entries}
    )
    assert sentence in refused_entry(step)
    assert bool(refused_entry(step)) == bool(sentence)


PAGES = (
    "workcentre", "resource", "shiftcalendar", "nonproductionday", "setuptime", "keyrule", "sequencingstep",
    "planningrules", "scheduledrun", "routing", "manufacturingorder", "operation", "plan", "planmove", "schedulerun",
    "exportrow",
)  # fmt: skip


def client_of(role: str) -> Client:
    user = User.objects.create(username=f"one-{role}")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    client = Client()
    client.force_login(user)
    return client


def test_a_planner_keeps_the_planning_data(shop: Shop) -> None:
    shop.order("A")
    run(plan())
    planner, logistics = client_of("planner"), client_of("logistics")
    for page in PAGES:
        assert planner.get(reverse(f"admin:scheduling_{page}_changelist")).status_code == 200, page
    for page, answers in (("setuptime", (200, 403)), ("plan", (403, 403))):
        add = reverse(f"admin:scheduling_{page}_add")
        assert (planner.get(add).status_code, logistics.get(add).status_code) == answers


def test_a_step_the_engine_refuses_is_not_saved(shop: Shop) -> None:
    posted = {
        "number": 10, "type": "standard", "work_centre": shop.press.pk, "order_by": "sort", "group_from": 1,
        "more": "{}", "enabled": "on",
    }  # fmt: skip
    planner, add = client_of("planner"), reverse("admin:scheduling_sequencingstep_add")
    assert "name the last character" in planner.post(add, posted).content.decode()
    assert planner.post(add, {**posted, "group_to": 3}).status_code == 302
    assert SequencingStep.objects.get().group_to == 3


def test_the_step_editor_says_at_the_field_what_is_wrong_in_the_planners_language(shop: Shop) -> None:
    posted = {
        "number": 10,
        "type": "cyclic",
        "work_centre": shop.press.pk,
        "order_by": "sort",
        "enabled": "on",
    }
    planner, add = client_of("planner"), reverse("schedule-step-new")
    page = planner.post(add, posted, headers={"Accept-Language": "de"}).content.decode()
    assert "✕ Fehlt; nennen Sie das erste Zeichen dieses Teils des Schlüssels" in page
    cycle = {**posted, "group_from": 1, "group_to": 3, "profile": '["RED", "MAGENTA"]'}
    page = planner.post(add, cycle, headers={"Accept-Language": "de"}).content.decode()
    assert "✕ profile[1]: muss ein Text von höchstens 3 Zeichen sein" in page


def test_an_order_entered_by_hand_gets_its_operations(transactional_db: None, shop: Shop) -> None:
    routing = Routing.objects.create(part=shop.part)
    RoutingOperation.objects.create(routing=routing, number=10, work_centre=shop.press, hours_each=0.1)
    posted = {
        "number": "H", "part": shop.part.pk, "quantity": 20, "weight": 1, "operations-TOTAL_FORMS": 0,
        "operations-INITIAL_FORMS": 0,
    }  # fmt: skip
    planner = client_of("planner")
    assert planner.post(reverse("admin:scheduling_manufacturingorder_add"), posted).status_code == 302
    order = ManufacturingOrder.objects.get()
    assert (order.source, order.operations.get().hours) == ("HAND", 2.0)
    chosen = {"action": "make_firm", "_selected_action": order.pk}
    planner.post(reverse("admin:scheduling_manufacturingorder_changelist"), chosen)
    order.refresh_from_db()
    assert order.status == "FIRM"
