"""The board: what it shows of a plan, and what people move on it.

The parsed problem of a plan is kept in this process by plan and version, so that a drop is answered at once; nothing
of a version ever changes, so what is kept is true in every process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Invalid, Refused
from scheduling.engine import ProblemError, lint
from scheduling.engine.calendars import HOUR
from scheduling.engine.choice import Weighed, arrange, weigh
from scheduling.engine.manual import Board, Delta, MoveError, Place, layout
from scheduling.engine.passes import Shop
from scheduling.engine.problem import Problem, Status, StepType
from scheduling.engine.sentences import Sentence
from scheduling.models import Operation, Plan, PlanMove, PlannedOperation, Resource
from scheduling.sayings import Said, say
from scheduling.services.plans import TOPIC, bumped, found, refuse_other, refuse_running
from scheduling.services.rows import CHUNK, Put, late_minutes, parsed, put
from scheduling.states import MoveKind, OperationStatus
from sequencer.services.journal import record_event

KEPT_BOARDS = 6
BAR_COLUMNS = (
    "pk", "operation_id", "operation__order__number", "operation__number", "operation__order__part__number",
    "resource_id", "position", "starts_at", "ends_at", "setup_hours", "operation__key", "status",
    "operation__operation_status", "late_minutes", "rule", "group",
)  # fmt: skip
BAR_NAMES = (
    "id", "operation", "order", "number", "part", "resource", "position", "start", "end", "setup_hours", "key",
    "status", "operation_status", "late_minutes", "rule", "group",
)  # fmt: skip


BARS = tuple(zip(BAR_NAMES, BAR_COLUMNS, strict=True))


@dataclass(frozen=True, slots=True)
class Loaded:
    """One version of a plan, laid out for moving, and the rows behind its names."""

    board: Board
    ids: Mapping[str, int]
    names: Mapping[int, str]
    horizon_end: int


_kept: OrderedDict[tuple[int, int], Loaded] = OrderedDict()
_lock = threading.Lock()


def forget_boards() -> None:
    """Empties what this process keeps of plans."""
    with _lock:
        _kept.clear()
    cautions.cache_clear()


@lru_cache(maxsize=KEPT_BOARDS)
def cautions(plan_id: int) -> tuple[Said, ...]:
    """What the planner should look at before a run of this plan. A plan keeps its problem, so they stay true."""
    try:
        return tuple(caution.sentence for caution in lint(parsed(found(plan_id).problem)))
    except ProblemError as error:
        return (error.said,)


def _keep(plan_id: int, version: int, loaded: Loaded) -> None:
    with _lock:
        _kept[plan_id, version] = loaded
        _kept.move_to_end((plan_id, version))
        while len(_kept) > KEPT_BOARDS:
            _kept.popitem(last=False)


def loaded(plan: Plan) -> Loaded:
    """The board of a plan as it stands, parsed once a version and process."""
    with _lock:
        known = _kept.get((plan.pk, plan.version))
    if known is None:
        known = _load(plan)
        _keep(plan.pk, plan.version, known)
    return known


def _ground(plan: Plan) -> tuple[Problem, Shop | None, int]:
    """What is the same in all versions of a plan, parsed once a process: its problem and the end of its frozen time.

    A version that another process made is then only its rows: drops may be answered by any of several. The shop is the
    same too where no run can have made other loads or batches of it.
    """
    with _lock:
        for (known, _), kept in _kept.items():
            if known == plan.pk:
                shop = kept.board.shop
                ovens = any(resource.oven is not None for resource in shop.resources)
                batches = any(step.type is StepType.BATCH_SIZE for step in shop.problem.steps)
                return shop.problem, None if ovens or batches else shop, kept.board.frozen_until
    problem = parsed(plan.problem)
    locked = plan.problem["initial_step"].get("locked_horizon_hours", 0.0)
    return problem, None, problem.start + round(locked * HOUR)


def _load(plan: Plan) -> Loaded:
    problem, shop, frozen = _ground(plan)
    ids: dict[str, int] = {}
    places: dict[str, Place] = {}
    rows = PlannedOperation.objects.filter(plan=plan).order_by().values_list(
        "operation_id", "operation__order__number", "operation__number", "resource__code", "position", "starts_at",
        "ends_at", "setup_hours", "status", "secondary__code",
    )  # fmt: skip
    for pk, order, number, resource, position, starts, ends, setup, status, secondary in rows.iterator(
        chunk_size=2000
    ):
        name = f"{order}/{number}"
        ids[name] = pk
        places[name] = Place(
            resource,
            position,
            problem.plant.seconds(starts),
            problem.plant.seconds(ends),
            round(setup * HOUR),
            status,
            secondary or "",
        )
    if shop is None:
        shop = layout(problem, places, _grown(plan))
    days = problem.initial_step.horizon_days
    last = max((place.end for place in places.values()), default=problem.start)
    end = last if days is None else problem.delay.add(problem.start, days * 24 * HOUR)
    return Loaded(Board.of(shop, places, frozen), ids, {pk: name for name, pk in ids.items()}, end)


def _grown(plan: Plan) -> dict[str, float]:
    """How many times its quantity an order has by the batches of the plan."""
    found: dict[str, float] = {}
    for batch in plan.batches:
        for change in (*batch["components"], *batch["parents"]):
            found[change["order"]] = found.get(change["order"], 1.0) * change["after"] / change["before"]
    return found


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a change: the plan's new version, the bars that changed, the difference for the plan."""

    version: int
    bars: list[dict[str, Any]]
    delta: Delta


def preview_move(plan_id: int, operation: int, resource: int, position: int, *, version: int) -> Delta:
    """What a move would change for the plan; nothing is stored. Refuses what `move_operation` refuses."""
    plan = found(plan_id)
    refuse_other(plan, version)
    before = loaded(plan)
    return _tried(before, operation, resource, position).delta(before.board)


def move_operation(
    plan_id: int, operation: int, resource: int, position: int, *, version: int, by: str, at: datetime
) -> Moved:
    """A bar put elsewhere: pinned to that resource and place (17), the rest timed anew around it.

    Promise: what the move does not touch keeps its times; it can be taken back. Refuses a plan that is no draft or has
    another version than the person saw (409), one a run works on, an operation the floor has begun, and every place
    the engine refuses (422). Counts the plan's version up by a conditional UPDATE, which is the lock.
    """
    plan = found(plan_id)
    refuse_other(plan, version)
    before = loaded(plan)
    after = _tried(before, operation, resource, position)
    with transaction.atomic(durable=True):
        _refuse_begun([operation])
        text = Sentence("moved-by-hand", by=by, position=position)
        rules = _ruled(plan, [operation], text)
        moved = _store(
            plan, before, after, kind=MoveKind.MOVE, by=by, at=at, operation=operation, rules=rules
        )
    return _answer(plan, before, after, moved)


def lock_operations(
    plan_id: int, operations: Sequence[int], *, lock: bool, version: int, by: str, at: datetime
) -> Moved:
    """Operations sequence-locked (17: resource and order kept by runs), or let go (10). Refuses as a move does."""
    plan = found(plan_id)
    refuse_other(plan, version)
    before = loaded(plan)
    status = Status.SEQUENCE_LOCKED if lock else Status.ACTIVE
    try:
        board = before.board.with_status([_name(before, pk) for pk in operations], status)
    except MoveError as error:
        raise _refused(error) from error
    with transaction.atomic(durable=True):
        kind = MoveKind.LOCK if lock else MoveKind.UNLOCK
        moved = _store(plan, before, board, kind=kind, by=by, at=at)
    return _answer(plan, before, board, moved)


def arrange_operations(
    plan_id: int, operations: Sequence[int], *, version: int, by: str, at: datetime
) -> Moved:
    """Operations of one resource in this order on the places they take together, each locked by hand (17).

    One change, taken back at once. Refuses as a move does, and what stands on several resources.
    """
    plan = found(plan_id)
    refuse_other(plan, version)
    before = loaded(plan)
    try:
        board = arrange(before.board, [_name(before, pk) for pk in operations])
    except MoveError as error:
        raise _refused(error) from error
    with transaction.atomic(durable=True):
        _refuse_begun(operations)
        rules = _ruled(plan, operations, Sentence("arranged", by=by))
        moved = _store(plan, before, board, kind=MoveKind.MOVE, by=by, at=at, rules=rules)
    return _answer(plan, before, board, moved)


def weigh_operations(plan_id: int, operations: Sequence[int]) -> tuple[Weighed, list[int]]:
    """The setup of chosen operations as placed and in a better order, and that order as ids. Refuses as `weigh`."""
    known = loaded(found(plan_id))
    try:
        weighed = weigh(known.board, [_name(known, pk) for pk in operations])
    except MoveError as error:
        raise _refused(error) from error
    return weighed, [known.ids[name] for name in weighed.order]


def undo_move(plan_id: int, *, version: int, by: str, at: datetime) -> Moved:
    """Takes the last change by hand back, places and what had placed them; refuses where none is since the last run."""
    plan = found(plan_id)
    refuse_other(plan, version)
    before = loaded(plan)
    last = PlanMove.objects.filter(plan=plan, undone_at__isnull=True).order_by("-number").first()
    if last is None or last.kind == MoveKind.RUN:
        raise Refused("nothing_to_undo", _("Nobody has moved anything since the last run."))
    board = _restored(before, last.before)
    with transaction.atomic(durable=True):
        if not PlanMove.objects.filter(pk=last.pk, undone_at__isnull=True).update(undone_at=at):
            raise Refused("nothing_to_undo", _("That was taken back already."))
        changed = _write(plan, before, board)
        refuse_running(plan)
        for operation, rule, told in last.rules:
            PlannedOperation.objects.filter(plan=plan, operation=operation).update(rule=rule, told=told)
        record_event(TOPIC, "move_undone", str(plan), at=at, by=by, plan=plan.pk, number=last.number)
    return _answer(plan, before, board, changed)


def _tried(before: Loaded, operation: int, resource: int, position: int) -> Board:
    code = Resource.objects.filter(pk=resource).values_list("code", flat=True).first()
    try:
        return before.board.move(_name(before, operation), code or f"resource {resource}", position)
    except MoveError as error:
        raise _refused(error) from error


def _refused(error: MoveError) -> Invalid:
    """A refusal of the engine in the active language, with its code and values among the facts."""
    return Invalid(error.code, say(error.sentence), said=error.sentence.as_json())


def _name(before: Loaded, operation: int) -> str:
    return before.names.get(operation, f"operation {operation}")


def _refuse_begun(operations: Sequence[int]) -> None:
    begun = Operation.objects.filter(pk__in=operations).exclude(operation_status=OperationStatus.OPEN).first()
    if begun is not None:
        raise Refused(
            "begun", _("The floor has begun %(operation)s; it stays where it is.") % {"operation": begun}
        )


def _ruled(plan: Plan, operations: Sequence[int], text: Sentence) -> list[list[Any]]:
    """Says what placed these bars; gives what had placed them before."""
    bars = PlannedOperation.objects.filter(plan=plan, operation__in=operations)
    before = [list(row) for row in bars.order_by("operation").values_list("operation", "rule", "told")]
    bars.update(rule=text, told=text.as_json())
    return before


def _store(
    plan: Plan,
    before: Loaded,
    board: Board,
    *,
    kind: MoveKind,
    by: str,
    at: datetime,
    operation: int | None = None,
    rules: Sequence[Sequence[Any]] = (),
) -> list[int]:
    """Writes a change and its memory, in the caller's transaction."""
    changed = _write(plan, before, board)
    refuse_running(plan)
    number = PlanMove.objects.filter(plan=plan).count() + 1
    PlanMove.objects.create(
        plan=plan, number=number, kind=kind, operation_id=operation, by=by[:60], at=at,
        before=_facts(before.board, changed), after=_facts(board, changed), rules=rules,
    )  # fmt: skip
    record_event(TOPIC, "plan_moved", str(plan), at=at, by=by, plan=plan.pk, version=plan.version + 1)
    return changed


def _write(plan: Plan, before: Loaded, board: Board) -> list[int]:
    """The changed bars into their rows, and the plan's version up by one."""
    bumped(plan, asdict(board.figures()))
    changed = board.changed(before.board)
    late = board.lateness({board.shop.operations[number].order for number in changed})
    resources = dict(Resource.objects.values_list("code", "pk"))
    moment = board.shop.problem.plant.moment
    bars = []
    for number in changed:
        place, operation = board.places[number], board.shop.operations[number]
        if place is None:
            continue
        bars.append(
            Put(
                operation_id=before.ids[operation.id], resource_id=resources[place.resource],
                position=place.position, starts_at=moment(place.start), ends_at=moment(place.end),
                setup_hours=round(place.setup / HOUR, 6), status=place.status,
                late_minutes=late_minutes(late[operation.order]), secondary_id=resources.get(place.secondary),
            )
        )  # fmt: skip
    put(plan.pk, bars)
    return changed


def _facts(board: Board, numbers: Iterable[int]) -> list[list[Any]]:
    """Places as JSON, by the operation's name in the problem."""
    found = []
    for number in numbers:
        place = board.places[number]
        if place is not None:
            found.append([board.shop.operations[number].id, *astuple(place)])
    return found


def _restored(before: Loaded, facts: Iterable[Sequence[Any]]) -> Board:
    """The board with some places as they were."""
    shop = before.board.shop
    places = {
        operation.id: place
        for operation, place in zip(shop.operations, before.board.places, strict=True)
        if place is not None
    }
    for name, *place in facts:
        was = Place(*place)
        if len(place) < len(fields(Place)) and name in places:
            # Remembered before moves knew tools: it goes on with the one it has.
            was = replace(was, secondary=places[name].secondary)
        places[name] = was
    return Board.of(shop, places, before.board.frozen_until)


def _answer(plan: Plan, before: Loaded, board: Board, changed: Sequence[int]) -> Moved:
    """The stored change as the board hears it; the next drop finds this version parsed."""
    _keep(plan.pk, plan.version + 1, Loaded(board, before.ids, before.names, before.horizon_end))
    wanted = [before.ids[board.shop.operations[number].id] for number in changed]
    bars: list[dict[str, Any]] = []
    for begin in range(0, len(wanted), CHUNK):
        bars += bars_in(plan, {"operation__in": wanted[begin : begin + CHUNK]})
    return Moved(plan.version + 1, bars, board.delta(before.board))


def bars_in(plan: Plan, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Bars of a plan as the board reads them."""
    rows = PlannedOperation.objects.filter(plan=plan, **wanted).order_by(
        "resource_id", "position", "starts_at"
    )
    return [dict(zip(BAR_NAMES, row, strict=True)) for row in rows.values_list(*BAR_COLUMNS)]


def as_bars(rows: Iterable[PlannedOperation]) -> list[dict[str, Any]]:
    """The same of rows at hand, what placed them in the active language."""
    return [
        {name: attrgetter(path.replace("__", "."))(row) for name, path in BARS}
        | {"rule": say(row.told or row.rule)}
        for row in rows
    ]


def picture(
    plan_id: int, *, begin: datetime | None = None, end: datetime | None = None, resources: Sequence[int] = ()
) -> dict[str, Any]:
    """What the board shows between two moments, of all resources or some."""
    plan = found(plan_id)
    known = loaded(plan)
    plant, start = known.board.shop.problem.plant, known.board.shop.start
    begin, end = begin or plant.moment(start), end or plant.moment(known.horizon_end)
    rows = {row.code: row for row in Resource.objects.select_related("work_centre")}
    shown = [
        (number, rows[resource.id])
        for number, resource in enumerate(known.board.shop.resources)
        if resource.id in rows and (not resources or rows[resource.id].pk in resources)
    ]
    wanted = {"starts_at__lt": end, "ends_at__gt": begin, "resource__in": [row.pk for _, row in shown]}
    return {
        "plan": {
            "id": plan.pk, "number": plan.number, "status": plan.status, "version": plan.version,
            "start": plan.start_at, "horizon_end": plant.moment(known.horizon_end),
            "frozen_until": plant.moment(known.board.frozen_until),
        },
        "resources": [
            {
                "id": row.pk, "code": row.code, "name": row.name, "work_centre": row.work_centre.code,
                "load": _load_of(known, number),
                "setup_hours": _setup_of(known, number),
                "calendar": [
                    [plant.moment(first), plant.moment(last)]
                    for first, last in known.board.shop.clocks[number].stretches(
                        plant.seconds(begin), plant.seconds(end)
                    )
                ],
            }
            for number, row in shown
        ],
        "bars": bars_in(plan, wanted),
    }  # fmt: skip


def _setup_of(known: Loaded, resource: int) -> float:
    """The setup hours of its whole sequence."""
    places = (known.board.places[number] for number in known.board.sequences[resource])
    return round(sum(place.setup for place in places if place is not None) / HOUR, 3)


def _load_of(known: Loaded, resource: int) -> float:
    """The share of the working time up to the horizon that is planned, setup included."""
    clock, begin, end = known.board.shop.clocks[resource], known.board.shop.start, known.horizon_end
    there = clock.between(begin, end)
    used = sum(
        clock.between(max(place.start, begin), min(place.end, end))
        for number in known.board.sequences[resource]
        if (place := known.board.places[number]) is not None
    )
    return round(used / there, 4) if there else 0.0
