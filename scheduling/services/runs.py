"""Runs of the engine: asked for, claimed, solved outside any transaction, written once, taken over from the dead."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.errors import Invalid, Refused, Stale, Unknown
from scheduling.due import last_due
from scheduling.engine import Budget, ProblemError, Result, read_problem, solve
from scheduling.engine.problem import Status
from scheduling.engine.search.running import Found
from scheduling.engine.sentences import Sentence
from scheduling.models import Plan, PlanMove, PlannedOperation, ScheduledRun, ScheduleRun, move_row
from scheduling.services.plans import (
    BATCH,
    TOPIC,
    bumped,
    locked,
    plan_from_orders,
    put_into_force,
    refuse_other,
)
from scheduling.services.plans import refuse_running as refuse_second_run
from scheduling.services.rows import bars_of, parsed, rules
from scheduling.states import RUN_MOVES, MoveKind, PlanStatus, RunStatus
from sequencer.services.journal import record_event

ENGINE_VERSION = "1"
# A worker says so often that it lives and hears whether its run is cancelled, which a person waits for; it is taken
# for dead after so long.
BEAT_SECONDS = 0.5
STALE = timedelta(seconds=15)
# A run that kills its workers is not tried for ever.
MOST_CLAIMS = 3
MOST_SECONDS = 3600.0


def request_run(
    plan_id: int, *, by: str, at: datetime, seconds: float | None = None, iterations: int | None = None,
    seed: int = 0, workers: int = 2, keep: bool = False, publish: bool = False, version: int | None = None,
    asked_at: datetime | None = None,
) -> ScheduleRun:  # fmt: skip
    """A run of a draft, queued for a worker.

    Promise: it plans the plan's own problem with the places that people locked (17, 20), with `keep` also what an
    earlier run sequenced (15); until it ends nobody moves a bar of the plan. Without `seconds` the planning rules'
    own. `asked_at` is when the clock should have asked, where that was missed. Refuses a plan that is no draft, a
    second run, and another version than the person saw. Locks the plan.
    """
    limit = rules().run_seconds if seconds is None else seconds
    if not 0 < limit <= MOST_SECONDS:
        raise Invalid(
            "bad_seconds",
            _("A run takes more than 0 and at most %(most)s seconds.") % {"most": f"{MOST_SECONDS:g}"},
        )
    with transaction.atomic(durable=True):
        plan = locked(plan_id, version)
        refuse_other(plan, plan.version)
        refuse_second_run(plan)
        run = ScheduleRun.objects.create(
            plan=plan, requested_by=by[:60], requested_at=asked_at or at, seconds=limit, iterations=iterations,
            seed=seed, workers=workers, publish=publish, problem=_problem(plan, keep), plan_version=plan.version,
        )  # fmt: skip
        record_event(TOPIC, "run_requested", str(plan), at=at, by=by, run=run.pk)
    return run


def _problem(plan: Plan, keep: bool) -> dict[str, Any]:
    """The plan's problem with what stands in it now."""
    kept = {Status.SEQUENCE_LOCKED, Status.LOCKED} | ({Status.SEQUENCED} if keep else set())
    rows = PlannedOperation.objects.filter(plan=plan, status__in=kept).order_by().values_list(
        "operation__order__number", "operation__number", "status", "resource__code", "starts_at"
    )  # fmt: skip
    standing = {
        f"{order}/{number}": {"status": status, "resource": code, "start": starts.isoformat()}
        for order, number, status, code, starts in rows
    }
    problem = dict(plan.problem)
    problem["operations"] = [_standing(entry, standing) for entry in plan.problem["operations"]]
    return problem


def _standing(entry: Mapping[str, Any], standing: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    if entry.get("operation_status") == 50:
        return dict(entry)
    free = dict(entry)
    if "status" in entry:
        # Where an earlier plan had it; what still counts stands in this plan's rows.
        for name in ("status", "resource", "start"):
            free.pop(name, None)
    return {**free, **standing.get(entry["id"], {})}


def cancel_run(run_id: int, *, by: str, at: datetime) -> ScheduleRun:
    """Ends a run: at once when no worker has it, else the worker is told. The plan stays as it was.

    Refuses (409) a run that has ended.
    """
    with transaction.atomic(durable=True):
        run = _found(run_id)
        asked = {"cancel_requested_at": at, "cancel_requested_by": by[:60]}
        if run.status == RunStatus.RUNNING:
            if not ScheduleRun.objects.filter(pk=run.pk, status=RunStatus.RUNNING).update(**asked):
                raise Stale(str(run))
        else:
            move_row(run, RUN_MOVES, RunStatus.CANCELLED, finished_at=at, **asked)
            record_event(TOPIC, "run_cancelled", str(run.plan), at=at, by=by, run=run.pk)
    return _found(run_id)


def _found(run_id: int) -> ScheduleRun:
    run = ScheduleRun.objects.filter(pk=run_id).select_related("plan").first()
    if run is None:
        raise Unknown("unknown_run", f"There is no run with the id {run_id}.")
    return run


def worker_name() -> str:
    """This thread of this process, as a claim names it."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"[:80]


@dataclass
class _Watch:
    """What the solving thread tells the thread that beats, and is told by it."""

    seconds: float
    stop: threading.Event = field(default_factory=threading.Event)
    best: Found | None = None

    def heard(self, found: Found) -> None:
        self.best = found

    def told(self, elapsed: float) -> dict[str, Any]:
        """What the row shows meanwhile."""
        shown: dict[str, Any] = {"progress": min(elapsed / self.seconds, 0.99)}
        if self.best is not None:
            shown |= {"best_objective": self.best.objective, "iteration_count": self.best.iterations}
        return shown


def run_schedule(run_id: int, *, worker: str = "") -> ScheduleRun | None:
    """Claims a queued run, solves it and writes the plan. None where another worker has it or it is over.

    Promise: whoever claims last writes, once: a worker that was taken for dead and comes back writes nothing. The
    heartbeat goes on while the engine works in a thread of its own; no transaction is open meanwhile. A problem the
    engine refuses makes the run FAILED with its sentence.
    """
    run = _claim(run_id, worker or worker_name())
    if run is None:
        return None
    watch = _Watch(run.seconds)
    with ThreadPoolExecutor(1, thread_name_prefix="solver") as pool:
        future = pool.submit(_solve, run, watch)
        try:
            ours = _beat_until(run, future, watch)
        except BaseException:
            # The database is away or the worker is stopped: the sweep hands the run on.
            watch.stop.set()
            raise
    if not ours:
        return None
    error = future.exception()
    if isinstance(error, ProblemError):
        return _end(run, RunStatus.FAILED, **_said(error.said))
    if error is not None:
        _end(run, RunStatus.FAILED, error=f"{type(error).__name__}: {error}"[:500])
        raise error
    if watch.stop.is_set():
        return _end(run, RunStatus.CANCELLED)
    return _finish(run, future.result())


def _said(sentence: Sentence) -> dict[str, Any]:
    """Why a run failed, as its row keeps it."""
    return {"error": str(sentence)[:500], "told": sentence.as_json()}


def _claim(run_id: int, worker: str) -> ScheduleRun | None:
    now = timezone.now()
    with transaction.atomic(durable=True):
        run = ScheduleRun.objects.filter(pk=run_id, status=RunStatus.QUEUED).select_related("plan").first()
        if run is None:
            return None
        try:
            move_row(
                run, RUN_MOVES, RunStatus.RUNNING, worker=worker, claimed_at=now, heartbeat_at=now,
                claim_count=run.claim_count + 1, progress=0.0,
            )  # fmt: skip
        except Stale:
            return None
        record_event(TOPIC, "run_started", str(run.plan), at=now, run=run.pk, worker=worker)
    return run


def _solve(run: ScheduleRun, watch: _Watch) -> Result:
    budget = Budget(
        seconds=run.seconds, iterations=run.iterations, seed=run.seed, workers=run.workers, progress=watch.heard,
        cancelled=watch.stop.is_set,
    )  # fmt: skip
    return solve(read_problem(run.problem), budget)


def _beat_until(run: ScheduleRun, future: Future[Result], watch: _Watch) -> bool:
    """Beats until the engine is done; False when the run is no longer this worker's."""
    while True:
        try:
            future.result(timeout=BEAT_SECONDS)
        except NotYet:
            if not _beat(run, watch):
                return False
        except Exception:  # noqa: BLE001 - the caller asks the future what it was
            return _beat(run, watch)
        else:
            return _beat(run, watch)


def _ours(run: ScheduleRun) -> Any:
    """The row as long as nobody took it over."""
    return ScheduleRun.objects.filter(
        pk=run.pk, status=RunStatus.RUNNING, worker=run.worker, claim_count=run.claim_count
    )


def _beat(run: ScheduleRun, watch: _Watch) -> bool:
    now = timezone.now()
    elapsed = (now - run.claimed_at).total_seconds() if run.claimed_at else 0.0
    if not _ours(run).update(heartbeat_at=now, **watch.told(elapsed)):
        watch.stop.set()
        return False
    if _ours(run).filter(cancel_requested_at__isnull=False).exists():
        watch.stop.set()
    return True


def _finish(run: ScheduleRun, result: Result) -> ScheduleRun | None:
    """The result into the plan and the run, in one transaction."""
    now, said, problem = timezone.now(), result.as_json(), parsed(run.problem)
    with transaction.atomic(durable=True):
        plan = locked(run.plan_id, None)
        if not _ours(run).select_for_update(no_key=True).exists():
            return None
        run.plan = plan
        if plan.version != run.plan_version or plan.status != PlanStatus.DRAFT:
            return _ended(run, RunStatus.FAILED, now, **_said(Sentence("plan-changed")))
        PlannedOperation.objects.filter(plan=plan).delete()
        bars = bars_of(plan, problem, said)
        PlannedOperation.objects.bulk_create(bars, batch_size=BATCH)
        bumped(plan, said["after"])
        Plan.objects.filter(pk=plan.pk).update(warnings=said["told"], batches=said["batches"])
        number = PlanMove.objects.filter(plan=plan).count() + 1
        PlanMove.objects.create(plan=plan, number=number, kind=MoveKind.RUN, by=run.requested_by, at=now)
        ended = _ended(
            run, RunStatus.DONE, now, result=said, progress=1.0, iteration_count=said["iterations"],
            warnings=said["told"], engine_version=ENGINE_VERSION,
        )  # fmt: skip
    if run.publish:
        publish_of_run(run.pk, at=now)
    return ended


def publish_of_run(run_id: int, *, at: datetime) -> bool:
    """Publishes the plan of a run that is done and was asked to; says whether it did.

    Promise: either the plan is published and the run says when, or the run says why not, for a planner to see; never
    both, and never twice. Refused are a plan that was changed or taken into another state since the run, and one
    where somebody published another plan after the run was asked for. Locks the plan, then the published one.
    """
    run = _to_publish().filter(pk=run_id).first()
    if run is None:
        return False
    try:
        with transaction.atomic(durable=True):
            put_into_force(
                run.plan_id,
                version=run.plan_version + 1,
                by=run.requested_by,
                at=at,
                asked_at=run.requested_at,
            )
            if not _to_publish().filter(pk=run_id).update(published_at=at):
                raise Stale(str(run))
    except Refused as refusal:
        return _not_published(run, refusal, at)
    except IntegrityError:
        # Two plans at the same moment: one of them is published, and it was not this.
        return _not_published(run, Stale(str(run.plan)), at)
    return True


def _to_publish() -> QuerySet[ScheduleRun]:
    asked = ScheduleRun.objects.filter(
        publish=True, published_at=None, publish_code="", status=RunStatus.DONE
    )
    return asked.select_related("plan").defer("problem", "result", "plan__problem")


def _not_published(run: ScheduleRun, refusal: Refused, at: datetime) -> bool:
    with transaction.atomic(durable=True):
        told = {"publish_code": refusal.code[:40], "publish_refusal": refusal.message[:500]}
        if _to_publish().filter(pk=run.pk).update(**told):
            record_event(TOPIC, "run_not_published", str(run.plan), at=at, run=run.pk, reason=refusal.message)
    return False


def publish_left_over(*, at: datetime) -> int:
    """Publishes what workers died over between the end of a run and its publishing; gives how many."""
    left = _to_publish().filter(finished_at__lt=at - STALE).values_list("pk", flat=True)
    return sum(publish_of_run(pk, at=at) for pk in list(left))


def unpublished_runs() -> QuerySet[ScheduleRun]:
    """Runs that should have published their plan and did not, until a person has seen it or published one since."""
    later = Plan.objects.filter(published_at__gt=OuterRef("finished_at"))
    missed = _unseen().filter(~Exists(later))
    return missed.select_related("plan").defer("problem", "result", "plan__problem").order_by("-finished_at")


def _unseen() -> QuerySet[ScheduleRun]:
    failed = ~Q(publish_code="") | Q(status=RunStatus.FAILED)
    return ScheduleRun.objects.filter(failed, publish=True, publish_seen_by="")


def see_unpublished(run_id: int, *, by: str, at: datetime) -> ScheduleRun:
    """A person takes note that a run did not publish its plan. Refuses (409) a run of which that is not so."""
    with transaction.atomic(durable=True):
        run = _found(run_id)
        if not _unseen().filter(pk=run_id).update(publish_seen_by=by[:60]):
            raise Stale(str(run))
        record_event(TOPIC, "run_seen", str(run.plan), at=at, by=by, run=run.pk)
    return _found(run_id)


def _end(run: ScheduleRun, status: RunStatus, **fields: Any) -> ScheduleRun:
    with transaction.atomic(durable=True):
        return _ended(run, status, timezone.now(), **fields)


def _ended(run: ScheduleRun, status: RunStatus, at: datetime, **fields: Any) -> ScheduleRun:
    """The run's row moved to its end, in the caller's transaction."""
    move_row(run, RUN_MOVES, status, finished_at=at, **fields)
    kind = f"run_{status.value.lower()}"
    record_event(TOPIC, kind, str(run.plan), at=at, by=run.requested_by, run=run.pk, plan=run.plan_id)
    return run


def take_back_stale_runs(*, at: datetime) -> int:
    """Queues again what a dead worker had; what died too often fails, what was to be cancelled is. Gives how many."""
    stale = ScheduleRun.objects.filter(status=RunStatus.RUNNING, heartbeat_at__lt=at - STALE)
    count = 0
    for run in stale.select_related("plan"):
        with transaction.atomic(durable=True):
            try:
                _take_back(run, at)
            except Stale:
                # Another sweep, or the worker itself, was faster.
                continue
        count += 1
    return count


def _take_back(run: ScheduleRun, at: datetime) -> None:
    if run.cancel_requested_at is not None:
        _ended(run, RunStatus.CANCELLED, at)
    elif run.claim_count >= MOST_CLAIMS:
        died = Sentence("workers-died", count=run.claim_count, worker=run.worker)
        _ended(run, RunStatus.FAILED, at, **_said(died))
    else:
        move_row(
            run, RUN_MOVES, RunStatus.QUEUED, worker="", claimed_at=None, heartbeat_at=None, progress=0.0
        )
        record_event(TOPIC, "run_taken_back", str(run.plan), at=at, run=run.pk)


def due_runs() -> list[int]:
    """The runs that wait for a worker, the oldest first."""
    waiting = ScheduleRun.objects.filter(status=RunStatus.QUEUED).order_by("requested_at", "pk")
    return list(waiting.values_list("pk", flat=True))


def start_scheduled_runs(*, at: datetime) -> int:
    """Plans and queues what the clock asks for; gives how many.

    Promise: each due time makes one plan, however often and by however many workers this is called. What was missed
    while nothing ran is made up for, the newest due time alone. One row that cannot be planned says why and keeps no
    other from running.
    """
    return sum(_start(row, slot, at) for row, slot in _due(at))


def _due(at: datetime) -> list[tuple[ScheduledRun, datetime]]:
    """The rows whose newest due time is newer than their last one, with that time."""
    zone = timezone.get_default_timezone()
    found = []
    for row in ScheduledRun.objects.filter(active=True):
        slot = last_due(row.at, row.weekdays, zone, at)
        if slot is not None and slot >= row.since and (row.last_slot is None or row.last_slot < slot):
            found.append((row, slot))
    return found


def _start(row: ScheduledRun, slot: datetime, at: datetime) -> int:
    key = f"{row.pk} {slot.isoformat()}"[:80]
    by = f"scheduled: {row.name}"[:60]
    plan = Plan.objects.filter(slot=key).first()
    try:
        if plan is None:
            start = at.replace(second=0, microsecond=0)
            plan = plan_from_orders(start=start, by=by, at=at, name=row.name, slot=key)
        if not plan.runs.exists():
            # Asked for when it was due: a plan somebody published since is not overthrown.
            request_run(
                plan.pk, by=by, at=at, asked_at=slot, seconds=row.seconds, seed=row.seed, publish=row.publish
            )
    except Stale:
        # Another worker makes it; the next sweep finds it.
        return 0
    except Refused as refusal:
        if refusal.code == "plan_runs":
            return 0
        # What cannot be planned now is for a person, not for the sweep of the next half minute.
        _served(row, slot, refusal.message, refusal.facts.get("said"))
        return 0
    return _served(row, slot)


def _served(row: ScheduledRun, slot: datetime, refusal: str = "", told: object = None) -> int:
    """That due time is over, once; gives how many times it was still open."""
    mine = ScheduledRun.objects.filter(Q(last_slot=None) | Q(last_slot__lt=slot), pk=row.pk)
    return mine.update(last_slot=slot, refusal=refusal[:500], told=told)
