"""One plan as its board shows it: what it gained, who stands where, and the whole horizon in a strip."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.fields.json import KT
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused, Unknown
from scheduling import services
from scheduling.engine.calendars import HOUR
from scheduling.models import (
    Plan,
    PlanMove,
    PlannedOperation,
    Resource,
    ScheduledRun,
    ScheduleRun,
    SequencingStep,
)
from scheduling.sayings import say
from scheduling.services import Comparison
from scheduling.states import MoveKind, PlanStatus, RunStatus
from scheduling.steps import step_entry

# Bars of the strip that touch and share a key become one.
TOUCHING = timedelta(minutes=1)
MOST_ALARMS = 3


def find_plan(plan_id: int) -> Plan:
    """The plan with what its page asks of others; refused when it is gone."""
    plans = Plan.objects.select_related("copied_from").defer("problem", "copied_from__problem")
    found = plans.filter(pk=plan_id).first()
    if found is None:
        raise Unknown("no_plan", _("That plan is gone."), plan=plan_id)
    return found


def plan_in_hand() -> Plan | None:
    """What a planner works on: the newest draft, else what is published, else the newest of all."""
    plans = Plan.objects.defer("problem").order_by("-number")
    return (
        plans.filter(status=PlanStatus.DRAFT).first()
        or plans.filter(status=PlanStatus.PUBLISHED).first()
        or plans.first()
    )


def plan_end(plan: Plan) -> datetime:
    """The end of the last bar, or of the first day where nothing stands."""
    last = plan.operations.aggregate(last=Max("ends_at"))["last"]
    return last or plan.start_at + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gain:
    """One figure now and before. `verdict`: "better", "worse" or "same"; grey until it matters."""

    name: str
    now: float
    before: float | None
    verdict: str

    @property
    def change(self) -> float | None:
        return None if self.before is None else self.now - self.before

    @property
    def percent(self) -> int | None:
        return round(100 * (self.now - self.before) / self.before) if self.before else None


def gains(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[Gain]:
    """Setup, late orders and the use of the bottleneck, now and before."""
    if not now:
        return []
    neck = bottleneck(before or now)
    # Name, now, before, how many places are told, and the direction that is good.
    rows: list[tuple[str, float, float | None, int, int]] = [
        ("setup", now.get("setup_hours", 0.0), before.get("setup_hours"), 1, -1),
        ("late", now.get("late_orders", 0), before.get("late_orders"), 0, -1),
    ]
    if neck:
        use = [figures.get("utilisation", {}).get(neck) for figures in (now, before)]
        rows.append(("use", 100 * (use[0] or 0.0), None if use[1] is None else 100 * use[1], 0, 1))
    return [
        Gain(name, value, was, _verdict(value, was, places, good)) for name, value, was, places, good in rows
    ]


def _verdict(now: float, before: float | None, places: int, good: int) -> str:
    """As it is told: what reads alike is the same."""
    if before is None or round(now, places) == round(before, places):
        return "same"
    return "better" if (now - before) * good > 0 else "worse"


def bottleneck(figures: Mapping[str, Any]) -> str:
    """The resource with the most work for its time."""
    use = figures.get("utilisation") or {}
    return max(use, key=lambda name: use[name], default="")


def figures_now(plan: Plan) -> dict[str, Any]:
    """The figures of the bars as they stand, whoever moved them; the use of resources is that of the last run."""
    late = Count("operation__order", filter=Q(late=True), distinct=True)
    sums = plan.operations.aggregate(setup=Sum("setup_hours"), late=late)
    now = {"setup_hours": sums["setup"] or 0.0, "late_orders": sums["late"]}
    return {**plan.figures, **now} if plan.figures else {}


def figures_before(plan: Plan) -> Mapping[str, Any]:
    """What they are compared with: before the last run, else the plan it was copied from, else as it was made."""
    run = plan.runs.filter(status=RunStatus.DONE).order_by("-id").first()
    if run is not None and run.result and run.result.get("before"):
        before: Mapping[str, Any] = run.result["before"]
        return before
    if plan.copied_from:
        return figures_now(plan.copied_from)
    return plan.figures if plan.version > 1 else {}


def compared_gains(compared: Comparison) -> list[Gain]:
    """The same three figures of two plans."""
    sides = [
        {
            "setup_hours": compared.setup_hours[side],
            "late_orders": compared.late_orders[side],
            "utilisation": {code: use[side] for code, use in compared.utilisation.items()},
        }
        for side in (0, 1)
    ]
    return gains(sides[1], sides[0])


def first_start(plan: Plan) -> datetime:
    """When its first bar starts: a plan made on a free day shows nothing at its own beginning."""
    first: datetime | None = plan.operations.aggregate(first=Min("starts_at"))["first"]
    return first or plan.start_at


def has_other_steps(plan: Plan) -> bool:
    """Whether the steps were changed since the plan was made: its runs go by those it was made with."""
    # The problem itself has megabytes.
    kept = Plan.objects.values_list("problem__steps", flat=True).get(pk=plan.pk)
    return bool(kept != [step_entry(step) for step in SequencingStep.objects.select_related("work_centre")])


def standing(plan: Plan) -> dict[str, Any]:
    """The parts of a board that change with the plan: figures, what can be undone, the run, the cautions."""
    before = figures_before(plan)
    last = PlanMove.objects.filter(plan=plan, undone_at=None).order_by("-number").first()
    return {
        "plan": plan,
        "gains": gains(figures_now(plan), before),
        "bottleneck": bottleneck(before or plan.figures),
        "draft": plan.status == PlanStatus.DRAFT,
        "last_move": last if last and last.kind != MoveKind.RUN else None,
    } | last_run(plan)


def last_run(plan: Plan) -> dict[str, Any]:
    """The newest run of a plan, how far it is while it lasts, and what its searches proved when it is done."""
    runs = ScheduleRun.objects.filter(plan=plan).defer("problem", "result").order_by("-id")
    run = runs.annotate(searches=KT("result__searches")).first()
    running = run is not None and run.status in (RunStatus.QUEUED, RunStatus.RUNNING)
    percent = round(100 * run.progress) if run else 0
    searches = json.loads(run.searches or "[]") if run else []
    why = why_not_published(run) if run else ""
    failed = why_failed(run) if run else ""
    # One sentence for the run, however many of its steps it is true of.
    note = next((say(search["note"]) for search in searches if search.get("note")), "")
    return {
        "run": run, "running": running, "percent": percent, "searches": searches, "not_published": why,
        "failed": failed, "note": note,
    }  # fmt: skip


# Why a run did not publish its plan, by the code of the refusal; others have the words of their own.
NOT_PUBLISHED = {
    "other_published": gettext_noop("Another plan was published meanwhile."),
    "stale": gettext_noop("The plan was changed before it could be published."),
    "plan_runs": gettext_noop("Another run works on the plan."),
}


def why_not_published(run: ScheduleRun) -> str:
    """In the language of whoever reads it; empty where a run published, or was not asked to."""
    known = NOT_PUBLISHED.get(run.publish_code)
    return _(known) if known else run.publish_refusal or (why_failed(run) if run.publish else "")


def why_failed(run: ScheduleRun) -> str:
    """In the language of whoever reads it; empty where a run did not fail."""
    return say(run.told or run.error)


def alarms() -> list[dict[str, Any]]:
    """What a planner must know on every page of the schedule.

    Runs that should have published a plan and did not, and scheduled runs that could make none at their last due time.
    """
    runs = [{"run": run, "why": why_not_published(run)} for run in services.unpublished_runs()[:MOST_ALARMS]]
    clocks = ScheduledRun.objects.filter(active=True).exclude(refusal="")
    return runs + [
        {"clock": clock, "why": say(clock.told or clock.refusal), "zone": settings.TIME_ZONE}
        for clock in clocks[:MOST_ALARMS]
    ]


STATUSES = {
    10: gettext_noop("planned forward"),
    15: gettext_noop("sequenced"),
    17: gettext_noop("locked by hand"),
    20: gettext_noop("locked"),
}


def why(plan: Plan, operation: int) -> dict[str, Any]:
    """One bar with what placed it, what runs before it, and the other operations of its order."""
    bars = PlannedOperation.objects.filter(plan=plan).select_related("operation__order__part", "resource")
    one = bars.filter(operation=operation).first()
    if one is None:
        raise Unknown("not_in_plan", _("That operation has no place in this plan."), operation=operation)
    row = bars.filter(resource=one.resource)
    return {
        "one": one,
        "rule": say(one.told or one.rule),
        "previous": row.filter(position=one.position - 1).first(),
        "late_hours": one.late_minutes / 60,
        "same_day": timezone.localdate(one.starts_at) == timezone.localdate(one.ends_at),
        "status_words": _(STATUSES.get(one.status, "")),
        "related": bars.filter(operation__order=one.operation.order)
        .exclude(pk=one.pk)
        .order_by("operation__number"),
    }


def chosen(plan: Plan, operations: Sequence[int]) -> dict[str, Any]:
    """Several bars: their setup as placed, and a better order of them where they stand on one resource."""
    placed = PlannedOperation.objects.filter(plan=plan, operation__in=operations).aggregate(
        sum=Sum("setup_hours")
    )
    page: dict[str, Any] = {"count": len(operations), "placed": placed["sum"] or 0.0}
    try:
        weighed, order = services.weigh_operations(plan.pk, operations)
    except Refused as refusal:
        return page | {"why_not": refusal.message}
    return page | {
        "placed": weighed.placed / HOUR,
        "weighed": {
            "resource": weighed.resource,
            "best_hours": weighed.best / HOUR,
            "better": weighed.best < weighed.placed,
            "proven": weighed.proven,
            "order": order,
        },
    }


def strip(plan: Plan, resources: Iterable[int] = ()) -> dict[str, Any]:
    """The whole horizon for the minimap: per resource what runs of one key family last, in milliseconds."""
    bars = PlannedOperation.objects.filter(plan=plan)
    if resources:
        bars = bars.filter(resource__in=list(resources))
    families: dict[str, int] = {}
    rows: dict[int, list[list[int]]] = {}
    asked = bars.order_by("resource", "starts_at").values_list(
        "resource", "starts_at", "ends_at", "operation__key"
    )
    for resource, start, end, key in asked.iterator(chunk_size=5000):
        family = families.setdefault(key.split(maxsplit=1)[0] if key.strip() else "", len(families))
        row = rows.setdefault(resource, [])
        if row and row[-1][2] == family and start - _moment(row[-1][1], start) <= TOUCHING:
            row[-1][1] = max(row[-1][1], _ms(end))
        else:
            row.append([_ms(start), _ms(end), family])
    return _sorted_families(families, rows)


def _sorted_families(families: dict[str, int], rows: dict[int, list[list[int]]]) -> dict[str, Any]:
    """Families by name: a colour stays with its key from plan to plan as long as no key comes or goes."""
    names = sorted(families)
    place = {families[name]: number for number, name in enumerate(names)}
    return {
        "families": names,
        "rows": {
            key: [[start, end, place[family]] for start, end, family in row] for key, row in rows.items()
        },
    }


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(ms: int, like: datetime) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=like.tzinfo)


def resources_asked(work_centre: str, resources: Iterable[str]) -> list[int]:
    """The rows an address asks for; none means all."""
    chosen = [int(one) for one in resources if one.isdecimal() and len(one) < 10]
    if not work_centre:
        return chosen
    of_centre = Resource.objects.filter(work_centre__code=work_centre)
    return list((of_centre.filter(pk__in=chosen) if chosen else of_centre).values_list("pk", flat=True))
