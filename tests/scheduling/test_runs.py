"""Runs of the engine: claimed once, taken over from the dead, cancelled, failed in words, written once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from inventory.errors import Refused
from scheduling import services, tasks
from scheduling.engine.sentences import Sentence
from scheduling.models import Plan, PlannedOperation, ScheduledRun, ScheduleRun
from scheduling.services import runs
from scheduling.states import PlanStatus, RunStatus
from tests.scheduling.shop import MONDAY, Shop, browser

AT = {"by": "planner", "at": MONDAY}


@pytest.fixture
def plan(transactional_db: None, shop: Shop) -> Plan:
    """Colours that change with each order by due date; a step that brings them together."""
    for number, key in enumerate(("RED", "BLUE", "RED", "BLUE", "RED", "BLUE")):
        order = shop.order(f"O{number}", key, due_hours=70 + number)
        order.operations.get(number=10).resources.set([shop.p1])
    shop.step()
    return services.plan_from_orders(start=MONDAY, **AT)


def asked(plan: Plan, **more: Any) -> ScheduleRun:
    return services.request_run(plan.pk, **{**AT, "seconds": 1.0, **more})


def keys(plan: Plan) -> list[str]:
    rows = PlannedOperation.objects.filter(plan=plan, resource__code="P1").order_by("position")
    return list(rows.values_list("operation__key", flat=True))


def test_a_run_sequences_the_plan(plan: Plan) -> None:
    assert keys(plan) == ["RED", "BLUE"] * 3
    run = asked(plan)
    done = services.run_schedule(run.pk)
    assert done is not None
    run.refresh_from_db()
    plan.refresh_from_db()
    assert (run.status, run.progress, run.error) == (RunStatus.DONE, 1.0, "")
    assert keys(plan) == ["RED"] * 3 + ["BLUE"] * 3
    assert plan.version == 2
    assert run.result is not None
    assert (
        plan.figures["setup_hours"]
        == run.result["after"]["setup_hours"]
        < run.result["before"]["setup_hours"]
    )
    assert set(PlannedOperation.objects.filter(operation__number=10).values_list("status", flat=True)) == {15}
    assert services.run_schedule(run.pk) is None, "what is done is not done again"


def test_what_people_locked_a_run_keeps(plan: Plan, shop: Shop) -> None:
    blue = PlannedOperation.objects.get(plan=plan, operation__order__number="O5", operation__number=10)
    services.move_operation(plan.pk, blue.operation_id, shop.p1.pk, 1, version=1, **AT)
    services.run_schedule(asked(plan).pk)
    assert keys(plan)[0] == "BLUE"
    kept = PlannedOperation.objects.get(plan=plan, operation=blue.operation_id)
    assert (kept.position, kept.status) == (1, 17)
    with pytest.raises(Refused, match="since the last run"):
        services.undo_move(plan.pk, version=3, **AT)


def test_a_second_run_and_a_move_wait_for_the_first(plan: Plan, shop: Shop) -> None:
    bar = PlannedOperation.objects.filter(plan=plan, resource=shop.p1).first()
    assert bar is not None
    services.move_operation(plan.pk, bar.operation_id, shop.p1.pk, 2, version=1, **AT)
    asked(plan)
    for action in (
        lambda: asked(plan),
        lambda: services.move_operation(plan.pk, bar.operation_id, shop.p1.pk, 3, version=2, **AT),
        lambda: services.undo_move(plan.pk, version=2, **AT),
        lambda: services.publish_plan(plan.pk, version=2, **AT),
    ):
        with pytest.raises(Refused) as refusal:
            action()
        assert refusal.value.code == "plan_runs"
    assert Plan.objects.get().version == 2


def test_a_run_nobody_claimed_is_cancelled_at_once(plan: Plan) -> None:
    run = services.cancel_run(asked(plan).pk, **AT)
    assert run.status == RunStatus.CANCELLED
    assert services.run_schedule(run.pk) is None
    with pytest.raises(Refused, match="cannot become"):
        services.cancel_run(run.pk, **AT)


def test_a_worker_asks_twice_a_second_whether_its_run_is_cancelled() -> None:
    assert runs.BEAT_SECONDS <= 0.5


@pytest.fixture
def searching(plan: Plan, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The plan with a step that searches as long as it may; heartbeats come fast."""
    monkeypatch.setattr(runs, "BEAT_SECONDS", 0.02)
    plan.problem["steps"] = [{"id": 10, "type": "minimise_setup", "work_centre": "PRESS"}]
    plan.save(update_fields=["problem"])
    return plan


def in_thread(action: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    came: list[Any] = []

    def work() -> None:
        from django.db import connection

        try:
            came.append(action())
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread, came


def until(true: Callable[[], bool]) -> None:
    """Waits for what comes; two minutes, for on a machine that never ran it the search is compiled first."""
    for _ in range(12_000):
        if true():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to be")


def test_a_running_one_is_told_and_leaves_the_plan_alone(searching: Plan) -> None:
    run = asked(searching, seconds=3600.0)
    thread, came = in_thread(lambda: services.run_schedule(run.pk))
    until(lambda: ScheduleRun.objects.get().best_objective is not None)
    assert services.cancel_run(run.pk, **AT).status == RunStatus.RUNNING
    # It would search for an hour; told within half a second, it ends at once on however busy a machine.
    thread.join(60)
    assert not thread.is_alive()
    assert came[0].status == ScheduleRun.objects.get().status == RunStatus.CANCELLED
    assert Plan.objects.get().version == 1
    assert keys(searching) == ["RED", "BLUE"] * 3


def test_a_worker_taken_for_dead_writes_nothing_when_it_comes_back(searching: Plan) -> None:
    run = asked(searching, seconds=60.0, iterations=None)
    thread, came = in_thread(lambda: services.run_schedule(run.pk, worker="first"))
    until(lambda: ScheduleRun.objects.get().status == RunStatus.RUNNING)
    assert services.take_back_stale_runs(at=timezone.now()) == 0, "it lives"
    assert services.take_back_stale_runs(at=timezone.now() + timedelta(minutes=1)) == 1
    ScheduleRun.objects.update(seconds=0.5)
    done = services.run_schedule(run.pk, worker="second")
    thread.join(120)
    assert came == [None]
    assert done is not None
    row = ScheduleRun.objects.get()
    assert (row.status, row.worker, row.claim_count) == (RunStatus.DONE, "second", 2)
    assert Plan.objects.get().version == 2


def test_a_run_that_kills_its_workers_is_given_up(plan: Plan) -> None:
    run = asked(plan)
    for death in range(1, 4):
        assert ScheduleRun.objects.filter(status=RunStatus.QUEUED).update(
            status=RunStatus.RUNNING,
            worker=f"w{death}",
            claimed_at=MONDAY,
            heartbeat_at=MONDAY,
            claim_count=death,
        )
        assert services.take_back_stale_runs(at=MONDAY + timedelta(minutes=1)) == 1
    run.refresh_from_db()
    assert (run.status, run.error) == (RunStatus.FAILED, "3 workers died over it; the last was w3.")


def test_what_the_engine_refuses_is_told_in_its_words(plan: Plan) -> None:
    run = asked(plan)
    run.problem["operations"][0]["colour"] = "RED"
    ScheduleRun.objects.update(problem=run.problem)
    done = services.run_schedule(run.pk)
    assert done is not None
    assert done.status == RunStatus.FAILED
    assert "unknown key 'colour'" in done.error
    page = planner().get(f"/schedule/plans/{plan.pk}/run/panel/", headers={"Accept-Language": "de"})
    assert "unbekannter Eintrag &#x27;colour&#x27;" in page.content.decode()
    told = planner().get(f"/api/v1/schedule-runs/{run.pk}/", headers={"Accept-Language": "fr"}).json()
    assert "entrée inconnue 'colour'" in told["error"] == told["failure"]["text"]
    assert told["failure"]["values"]["said"]["code"].startswith("unknown-key")
    assert asked(plan), "the plan can be run again"


def test_the_note_of_a_search_stands_with_what_it_found(plan: Plan) -> None:
    """In the language of its reader, once for a run, and not among what a planner has to look at."""
    run = services.run_schedule(asked(plan).pk)
    assert run is not None
    assert run.result is not None
    found = {"step": 10, "operations": 3, "hours": 2.0, "bound_hours": None, "gap_percent": None, "moves": 9}
    note = Sentence("no-proof-tried").as_json()
    ScheduleRun.objects.update(result={**run.result, "searches": [{**found, "note": note}] * 2})
    page = planner().get(f"/schedule/plans/{plan.pk}/run/panel/", headers={"Accept-Language": "de"}).content
    assert page.decode().count("OR-Tools ist nicht installiert") == 1
    far = {**found, "bound_hours": 0.5, "gap_percent": 300.0}
    ScheduleRun.objects.update(result={**run.result, "searches": [far, {**far, "gap_percent": 25.0}]})
    page = planner().get(f"/schedule/plans/{plan.pk}/run/panel/", headers={"Accept-Language": "en"}).content
    assert "proven is only that no order has less than 0.5 h" in page.decode()
    assert ("25 % above" in page.decode(), "300 %" in page.decode()) == (True, False)
    ScheduleRun.objects.update(result={**run.result, "searches": [found]})
    page = planner().get(f"/schedule/plans/{plan.pk}/run/panel/", headers={"Accept-Language": "de"}).content
    assert "OR-Tools" not in page.decode()


def test_the_sweep_offers_what_waits(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[Any] = []
    monkeypatch.setattr(tasks.run_schedule, "apply_async", lambda args, **_: offered.append(args))
    run = asked(plan)
    tasks.sweep_runs()
    assert offered == [(run.pk,)]


@pytest.fixture
def nightly(transactional_db: None, shop: Shop) -> ScheduledRun:
    """Publishes on workdays at half past four; entered long ago."""
    shop.order("A")
    return ScheduledRun.objects.create(
        name="Nightly", at=time(4, 30), weekdays="12345", seconds=1, publish=True, since=LONG_AGO
    )


HALF_PAST_FOUR = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
LONG_AGO = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock_of_the_plant(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"


def test_the_clock_plans_once_a_slot_and_publishes(nightly: ScheduledRun) -> None:
    due = HALF_PAST_FOUR
    assert services.start_scheduled_runs(at=due - timedelta(minutes=1)) == 0
    assert services.start_scheduled_runs(at=due - timedelta(days=1)) == 0, "Sunday is not named"
    assert services.start_scheduled_runs(at=due) == 1
    assert services.start_scheduled_runs(at=due + timedelta(minutes=1)) == 0
    # A worker that died between plan and run: the next sweep goes on with the plan that is there.
    ScheduledRun.objects.update(last_slot=None)
    ScheduleRun.objects.all().delete()
    assert services.start_scheduled_runs(at=due + timedelta(minutes=2)) == 1
    assert Plan.objects.count() == 1
    services.run_schedule(ScheduleRun.objects.get().pk)
    plan = Plan.objects.get()
    assert (plan.name, plan.status, plan.published_by) == (
        "Nightly",
        PlanStatus.PUBLISHED,
        "scheduled: Nightly",
    )
    nightly.refresh_from_db()
    assert nightly.last_slot == due


def test_of_what_was_missed_the_newest_is_made_up_for(nightly: ScheduledRun) -> None:
    wednesday = HALF_PAST_FOUR + timedelta(days=2, hours=7)
    assert services.start_scheduled_runs(at=wednesday) == 1
    assert services.start_scheduled_runs(at=wednesday + timedelta(hours=1)) == 0
    assert ScheduleRun.objects.get().requested_at == HALF_PAST_FOUR + timedelta(days=2), "when it was due"
    assert Plan.objects.get().start_at == wednesday, "nothing is planned into the past"


def test_a_clock_makes_up_for_nothing_before_it_was_set(nightly: ScheduledRun) -> None:
    ScheduledRun.objects.update(since=HALF_PAST_FOUR + timedelta(minutes=1))
    assert services.start_scheduled_runs(at=HALF_PAST_FOUR + timedelta(hours=1)) == 0
    assert services.start_scheduled_runs(at=HALF_PAST_FOUR + timedelta(days=1)) == 1


def test_two_workers_at_once_start_one_run(nightly: ScheduledRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes while the first is planning, and both saw the same row as due."""
    second: list[int] = []
    plans = runs.plan_from_orders

    def meanwhile(**asked: Any) -> Plan:
        monkeypatch.setattr(runs, "plan_from_orders", plans)
        second.append(services.start_scheduled_runs(at=HALF_PAST_FOUR))
        return plans(**asked)

    monkeypatch.setattr(runs, "plan_from_orders", meanwhile)
    first = services.start_scheduled_runs(at=HALF_PAST_FOUR)
    assert (second, first) == ([1], 0)
    assert (Plan.objects.count(), ScheduleRun.objects.count()) == (1, 1)


def test_what_cannot_be_planned_is_told_once_and_keeps_no_other_from_running(
    nightly: ScheduledRun, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ScheduledRun.objects.create(name="Other", at=time(4, 30), weekdays="1", seconds=1, since=LONG_AGO)
    plans = runs.plan_from_orders

    def refuses(**asked: Any) -> Plan:
        if asked["name"] == "Nightly":
            raise Refused("cannot_be_planned", "There is no shift.")
        return plans(**asked)

    monkeypatch.setattr(runs, "plan_from_orders", refuses)
    assert services.start_scheduled_runs(at=HALF_PAST_FOUR) == 1
    nightly.refresh_from_db()
    assert (nightly.refusal, nightly.last_slot) == ("There is no shift.", HALF_PAST_FOUR)
    assert "could make no plan: There is no shift." in asked_in_english("/schedule/plans/")
    monkeypatch.undo()
    assert services.start_scheduled_runs(at=HALF_PAST_FOUR + timedelta(days=1)) == 1
    nightly.refresh_from_db()
    assert (nightly.refusal, nightly.told) == ("", None)


def test_what_a_scheduled_run_cannot_plan_is_told_in_the_language_of_its_reader(
    nightly: ScheduledRun, shop: Shop
) -> None:
    shop.p1.more = {"oven": {"unit": "pieces", "capacity": 0}}
    shop.p1.save()
    assert services.start_scheduled_runs(at=HALF_PAST_FOUR) == 0
    nightly.refresh_from_db()
    assert "must be above 0, or nothing fits in" in nightly.refusal
    page = planner().get("/schedule/plans/", headers={"Accept-Language": "de"}).content.decode()
    assert "muss über 0 liegen, sonst passt nichts hinein" in page


# a run that was asked to publish


def asked_in_english(address: str) -> str:
    """A page of the schedule as its planner reads it in English."""
    return planner().get(address, headers={"Accept-Language": "en"}).content.decode()


def planner() -> Client:
    found = User.objects.filter(username="planner").first()
    if found is None:
        return browser()
    client = Client()
    client.force_login(found)
    return client


def test_a_run_publishes_its_plan_and_says_when(plan: Plan) -> None:
    services.run_schedule(asked(plan, publish=True).pk)
    run = ScheduleRun.objects.get()
    assert (run.plan.status, run.publish_code) == (PlanStatus.PUBLISHED, "")
    assert run.published_at == run.plan.published_at
    assert not services.unpublished_runs().exists()


def test_a_plan_somebody_published_meanwhile_stays_and_the_planner_sees_it(plan: Plan) -> None:
    other = services.copy_plan(plan.pk, **AT)
    run = asked(plan, publish=True, at=timezone.now())
    services.publish_plan(other.pk, version=1, by="ines", at=timezone.now())
    services.run_schedule(run.pk)
    run.refresh_from_db()
    assert (run.status, run.published_at, run.publish_code) == (RunStatus.DONE, None, "other_published")
    assert run.publish_refusal == "ines published plan 2 meanwhile."
    assert Plan.objects.get(status=PlanStatus.PUBLISHED) == other
    told = "should have been published and was not: Another plan was published meanwhile."
    for page in ("/schedule/plans/", "/schedule/orders/", f"/schedule/plans/{other.pk}/"):
        assert told in asked_in_english(page), page
    assert "not published" in asked_in_english("/schedule/plans/")
    assert "It did not publish the plan" in asked_in_english(f"/schedule/plans/{plan.pk}/run/panel/")
    row = planner().get(f"/api/v1/schedule-runs/{run.pk}/").json()
    assert (row["publish_code"], row["published_at"]) == ("other_published", None)
    assert planner().post(f"/schedule/runs/{run.pk}/seen/").status_code == 200
    assert told not in asked_in_english("/schedule/plans/")
    with pytest.raises(Refused):
        services.see_unpublished(run.pk, **AT)


def test_a_later_plan_clears_the_alarm_and_a_failed_run_raises_it(plan: Plan) -> None:
    run = asked(plan, publish=True)
    run.problem["operations"][0]["colour"] = "RED"
    ScheduleRun.objects.update(problem=run.problem)
    services.run_schedule(run.pk)
    assert [one.pk for one in services.unpublished_runs()] == [run.pk]
    services.publish_plan(plan.pk, version=1, by="ines", at=timezone.now() + timedelta(seconds=1))
    assert not services.unpublished_runs().exists()


def test_a_worker_that_died_before_publishing_is_made_up_for_once(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "publish_of_run", lambda run_id, at: False)
    services.run_schedule(asked(plan, publish=True).pk)
    monkeypatch.undo()
    assert Plan.objects.get().status == PlanStatus.DRAFT
    assert services.publish_left_over(at=timezone.now()) == 0, "the worker may still be at it"
    assert services.publish_left_over(at=timezone.now() + timedelta(minutes=1)) == 1
    assert Plan.objects.get().status == PlanStatus.PUBLISHED
    services.unpublish_plan(plan.pk, **AT)
    assert services.publish_left_over(at=timezone.now() + timedelta(minutes=2)) == 0, "taken back it stays"


def test_a_plan_changed_before_it_is_published_is_not(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "publish_of_run", lambda run_id, at: False)
    services.run_schedule(asked(plan, publish=True).pk)
    monkeypatch.undo()
    Plan.objects.update(version=3)
    services.publish_left_over(at=timezone.now() + timedelta(minutes=1))
    assert (Plan.objects.get().status, ScheduleRun.objects.get().publish_code) == (PlanStatus.DRAFT, "stale")
