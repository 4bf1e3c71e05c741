"""PROBLEM: what a plan is made from, read from JSON, each rule checked where it is read.

Times are whole seconds as `calendars.PlantTime` counts them. A key the format does not have is refused by name; a
parameter that a step's type does not use is kept as `Step.unused` for the linter to tell. So no entry of a planner is
ever silently without effect.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import IntEnum, StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scheduling.engine.calendars import (
    ALWAYS,
    HOUR,
    MINUTES,
    Capacity,
    DelayCalendar,
    PlantTime,
    ShiftCalendar,
    Window,
)
from scheduling.engine.keys import KEY_LENGTH, WHOLE_KEY, KeyGenerator, KeySlice, read_key_rules
from scheduling.engine.reading import ProblemError, Section, read_day, read_moment, read_text
from scheduling.engine.sentences import Sentence

MOST_DAYS = 999
IN_PROGRESS = 50


class Status(IntEnum):
    """Sequencing status of an operation."""

    ACTIVE = 10
    SEQUENCED = 15
    SEQUENCE_LOCKED = 17
    LOCKED = 20


class SetupRule(StrEnum):
    """Where the setup time comes from when the matrix has no record."""

    OPERATION = "operation"
    RESOURCE = "resource"
    LONGEST = "longest"
    SUM = "sum"


class StepType(StrEnum):
    """What a sequencing step does."""

    STANDARD = "standard"
    MINIMISE_SETUP = "minimise_setup"
    OVEN = "oven"
    OVEN_REPETITION = "oven_repetition"
    CYCLIC = "cyclic"
    BATCH_SIZE = "batch_size"
    MULTI_LEVEL = "multi_level"
    FORWARD = "forward"


class StartControl(StrEnum):
    """Which starts choose a group's initiator and count in its grouping time."""

    PLANNED = "planned"
    EARLIEST = "earliest"
    LATEST = "latest"


class OrderBy(StrEnum):
    """Whether equal sequencing parts of a group are sorted or brought together."""

    SORT = "sort"
    GROUP = "group"


class Sort(StrEnum):
    """How operations with equal sequencing parts are sorted."""

    STANDARD = "standard"
    PLANNED_START = "planned_start"
    LATEST_START = "latest_start"


class GapControl(StrEnum):
    """What happens to an operation that would leave too large a gap in its group."""

    ACCEPT = " "
    REMOVE = "S"
    POSTPONE = "P"
    NEW_GROUP = "Y"


@dataclass(frozen=True, slots=True)
class Oven:
    """What a resource that runs whole loads takes at once, counted in pieces, volume or positions."""

    unit: str
    capacity: float


OVEN_UNITS = ("pieces", "volume", "positions")


@dataclass(frozen=True, slots=True)
class Resource:
    """One machine. `state` is the key it was last set up for; the last two entries are for the linter alone."""

    id: str
    work_centre: str
    calendar: ShiftCalendar
    capacity: Capacity = ()
    efficiency: float = 1.0
    priority: int = 0
    state: str | None = None
    setup_rule: SetupRule = SetupRule.OPERATION
    setup_standard: float | None = None
    setup_reduced: float | None = None
    oven: Oven | None = None
    group_maximum: float | None = None
    fill_up: bool = False
    order_on_floor: bool = False


@dataclass(frozen=True, slots=True)
class SetupRecord:
    """One line of the setup matrix; both ends of its validity are included. No resource means all."""

    resource: str | None
    from_key: str
    to_key: str
    hours: float
    valid_from: int | None = None
    valid_to: int | None = None
    forbidden: bool = False

    def holds(self, moment: int) -> bool:
        """Whether it is valid then."""
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_to is None or moment <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Order:
    """A manufacturing order."""

    id: str
    due: int | None = None
    weight: float = 1.0
    schedule_number: str | None = None
    firm: bool = False
    delivery_bound: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an order. `resources` are those of its own work centre it may run on, of `secondary` it takes
    one beside.

    `loose` is one that is locked behind the locked horizon.
    """

    id: str
    order: str
    number: int
    work_centre: str
    resources: tuple[str, ...]
    hours: float
    quantity: float = 1.0
    key: str = ""
    setup_standard: float | None = None
    setup_reduced: float | None = None
    predecessors: tuple[str, ...] = ()
    earliest: int | None = None
    status: Status = Status.ACTIVE
    operation_status: int = 20
    resource: str | None = None
    start: int | None = None
    volume: float | None = None
    positions: float | None = None
    loose: bool = False
    secondary: tuple[str, ...] = ()

    @property
    def in_progress(self) -> bool:
        """Whether it is being worked on."""
        return self.operation_status == IN_PROGRESS

    @property
    def fixed(self) -> bool:
        """Whether it never moves: locked within the locked horizon, or in progress."""
        return self.in_progress or (self.status is Status.LOCKED and not self.loose)

    @property
    def kept(self) -> bool:
        """Whether it keeps its resource and its order there, and may move in time."""
        return not self.fixed and self.status is not Status.ACTIVE


class LevelBy(StrEnum):
    """How a level of a multi-level step puts its groups in order."""

    GROUP = "group"
    SORT = "sort"
    MINIMISE = "minimise"


@dataclass(frozen=True, slots=True)
class Level:
    """One level: the part of the key that makes its groups, and their order."""

    part: KeySlice
    by: LevelBy


Profile = Mapping[str | None, tuple[str, ...]]
"""By resource, None for all others, the values of the grouping part in the order a cyclic step walks them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One sequencing step. `unused` names what its entry gives though its type does nothing with it."""

    id: int
    type: StepType
    description: str = ""
    enabled: bool = True
    work_centre: str = ""
    group: KeySlice = WHOLE_KEY
    sequence: KeySlice | None = None
    max_group_hours: float | None = None
    respect_delay_calendar: bool = False
    max_operation_hours: float | None = None
    max_resource_hours: float | None = None
    horizon_days: int | None = None
    same_schedule_number: bool = False
    break_if_delay: bool = False
    order_by: OrderBy = OrderBy.SORT
    sort: Sort = Sort.STANDARD
    common_resources_only: bool = False
    gap_control: GapControl = GapControl.ACCEPT
    max_gap_centihours: float = 0.0
    profile: Profile = field(default_factory=dict)
    levels: tuple[Level, ...] = ()
    min_fill_percent: float = 0.0
    max_wait_hours: float | None = None
    batch_size: float | None = None
    weight_of_tardiness: float = 1.0
    never_later: bool = False
    reoptimise: bool = False
    unused: tuple[str, ...] = ()

    @property
    def searches(self) -> bool:
        """Whether it takes its share of the time or the moves of a run."""
        return self.type is StepType.MINIMISE_SETUP or any(
            level.by is LevelBy.MINIMISE for level in self.levels
        )


_OVENS = (StepType.OVEN, StepType.OVEN_REPETITION)
_SORTED = (StepType.STANDARD, StepType.CYCLIC)
_KEYED = (*_SORTED, *_OVENS, StepType.BATCH_SIZE)
_SEARCHED = (StepType.MINIMISE_SETUP,)
_MANY = (*_KEYED, StepType.MULTI_LEVEL)
_LIMITED = (*_SORTED, StepType.MULTI_LEVEL)
MOST_LEVELS = 20
# Which step types know a parameter, and what may stand in a step of another type because it asks for nothing.
PARAMETERS: tuple[tuple[str, tuple[object, ...], tuple[StepType, ...]], ...] = (
    ("group_from", (), (*_KEYED, *_SEARCHED)),
    ("group_to", (), (*_KEYED, *_SEARCHED)),
    ("seq_from", (), _SORTED),
    ("seq_to", (), _SORTED),
    ("max_group_hours", (), _MANY),
    ("respect_delay_calendar", (False,), _MANY),
    ("max_operation_hours", (), _LIMITED),
    ("max_resource_hours", (), _LIMITED),
    ("horizon_days", (), (*_MANY, *_SEARCHED)),
    ("same_schedule_number", (False,), (StepType.STANDARD,)),
    ("break_if_delay", (False,), (StepType.STANDARD,)),
    ("order_by", (OrderBy.SORT,), _SORTED),
    ("sort", (Sort.STANDARD,), _SORTED),
    ("common_resources_only", (False,), (*_MANY, *_SEARCHED)),
    ("gap_control", ("", GapControl.ACCEPT), (*_MANY, *_SEARCHED)),
    ("max_gap_centihours", (), (StepType.STANDARD, StepType.MULTI_LEVEL, *_SEARCHED)),
    ("lambda", (1, 1.0), _SEARCHED),
    ("never_later", (False,), _SEARCHED),
    ("profile", ([],), (StepType.CYCLIC,)),
    ("batch_size", (), (StepType.BATCH_SIZE,)),
    ("min_fill_percent", (0, 0.0), _OVENS),
    ("max_wait_hours", (), _OVENS),
    ("reoptimise", (False,), (*_LIMITED, *_SEARCHED)),
    ("levels", ([],), (StepType.MULTI_LEVEL,)),
)  # fmt: skip
# Types whose groups start with their latest operation, so that no gap arises inside.
ALL_GAPS = (StepType.CYCLIC, *_OVENS, StepType.BATCH_SIZE)


class SortBy(StrEnum):
    """What operations of a group can be sorted by."""

    KEY = "key"
    DUE = "due"
    WEIGHT = "weight"
    QUANTITY = "quantity"
    HOURS = "hours"


@dataclass(frozen=True, slots=True)
class SortSetting:
    """One thing to sort by, rising or falling."""

    by: SortBy
    falling: bool = False


@dataclass(frozen=True, slots=True)
class InitialStep:
    """What holds for all steps. `sort_settings` are what sorting in a group goes by, the sequencing part first."""

    sequencing: bool = True
    horizon_days: int | None = None
    overlap: bool = False
    start_control: StartControl = StartControl.PLANNED
    locked_horizon_hours: float = 0.0
    pull_up: bool = False
    synchronise: bool = False
    same_secondary_resource: bool = False
    sort_settings: tuple[SortSetting, ...] = (SortSetting(SortBy.KEY),)


@dataclass(frozen=True, slots=True)
class Problem:
    """All a plan is made from, checked. `routing` names the operations that must end before one may start."""

    start: int
    plant: PlantTime
    delay: DelayCalendar
    resources: tuple[Resource, ...]
    setup: tuple[SetupRecord, ...]
    orders: tuple[Order, ...]
    operations: tuple[Operation, ...]
    steps: tuple[Step, ...]
    initial_step: InitialStep = InitialStep()
    routing: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def read_problem(data: object) -> Problem:
    """A problem from parsed JSON.

    Refuses (ProblemError) unknown keys by name and place, values out of their bounds, names that stand for nothing,
    routings that run in a circle, and whatever is not built yet.
    """
    top = Section(data, "")
    plant = PlantTime(_zone(top))
    reader = _Reader(plant, read_key_rules(top.take("key_rules", [])))
    start = reader.moment(top, "start")
    if start is None:
        raise ProblemError("start", "is missing")
    horizon = top.whole("horizon_days", None, least=0, most=MOST_DAYS)
    calendars = _calendars(top.take("calendar", {}), "calendar")
    resources = top.each("resources", lambda value, place: _resource(value, place, calendars))
    initial = _initial_step(top.take("initial_step", {}), horizon)
    problem = Problem(
        start=start,
        plant=plant,
        delay=_delay_calendar(top.take("delay_calendar", {}), plant),
        resources=resources,
        setup=top.each("setup", reader.setup_record),
        orders=top.each("orders", reader.order),
        operations=_loosened(top.each("operations", reader.operation), start, initial),
        steps=tuple(sorted(top.each("steps", _step), key=lambda step: step.id)),
        initial_step=initial,
    )
    top.done()
    _check_names(problem)
    problem = replace(problem, resources=_as_ovens(problem))
    _check_ovens(problem)
    _check_secondary(problem)
    routing = routing_of(problem.operations)
    refuse_circles(routing)
    return replace(problem, routing=MappingProxyType(routing))


def _loosened(operations: tuple[Operation, ...], start: int, initial: InitialStep) -> tuple[Operation, ...]:
    """Locked operations behind the locked horizon keep resource and order only; without a horizon none moves."""
    if not initial.locked_horizon_hours:
        return operations
    until = start + seconds_of(initial.locked_horizon_hours)
    return tuple(
        replace(operation, loose=True)
        if operation.status is Status.LOCKED
        and not operation.in_progress
        and (operation.start or start) >= until
        else operation
        for operation in operations
    )


def routing_of(operations: Sequence[Operation]) -> dict[str, tuple[str, ...]]:
    """What each operation waits for: those of its order with the next lower number, and those it names."""
    by_order: dict[str, dict[int, list[str]]] = {}
    for operation in operations:
        by_order.setdefault(operation.order, {}).setdefault(operation.number, []).append(operation.id)
    before: dict[tuple[str, int], list[str]] = {}
    for order, numbers in by_order.items():
        ascending = sorted(numbers)
        for lower, higher in itertools.pairwise(ascending):
            before[order, higher] = numbers[lower]
    return {
        operation.id: tuple(
            dict.fromkeys([*before.get((operation.order, operation.number), ()), *operation.predecessors])
        )
        for operation in operations
    }


def refuse_circles(routing: Mapping[str, Sequence[str]]) -> None:
    """Refuse operations that wait for each other, and name them in order."""
    waiting = {name: len(before) for name, before in routing.items()}
    after: dict[str, list[str]] = {}
    for name, before in routing.items():
        for earlier in before:
            after.setdefault(earlier, []).append(name)
    free = [name for name, count in waiting.items() if not count]
    while free:
        name = free.pop()
        del waiting[name]
        for later in after.get(name, ()):
            waiting[later] -= 1
            if not waiting[later]:
                free.append(later)
    if not waiting:
        return
    seen: list[str] = []
    name = next(iter(waiting))
    while name not in seen:
        seen.append(name)
        name = next(earlier for earlier in routing[name] if earlier in waiting)
    circle = [*seen[seen.index(name) :], name]
    raise ProblemError("operations", Sentence("circle", names=" → ".join(circle)))


class _Reader:
    """Reads what holds moments, in the plant's time."""

    def __init__(self, plant: PlantTime, keys: KeyGenerator) -> None:
        self._plant = plant
        self._keys = keys

    def moment(self, section: Section, key: str) -> int | None:
        value = section.take(key, None)
        if value is None:
            return None
        moment = read_moment(value, section.at(key), zoned=self._plant.zone is not None)
        return self._plant.seconds(moment)

    def last_moment(self, section: Section, key: str) -> int | None:
        """The end of a validity: a bare date includes its day."""
        value = section.take(key, None)
        if isinstance(value, str) and len(value) == len("2026-12-25"):
            return self._plant.at(read_day(value, section.at(key)) + timedelta(days=1), 0) - 1
        if value is None:
            return None
        return self._plant.seconds(read_moment(value, section.at(key), zoned=self._plant.zone is not None))

    def setup_record(self, value: object, place: str) -> SetupRecord:
        section = Section(value, place)
        forbidden = section.flag("forbidden", False)
        record = SetupRecord(
            resource=section.text("resource", None),
            from_key=section.text("from"),
            to_key=section.text("to"),
            hours=section.number("hours", 0.0) if forbidden else section.number("hours"),
            valid_from=self.moment(section, "valid_from"),
            valid_to=self.last_moment(section, "valid_to"),
            forbidden=forbidden,
        )
        section.done()
        if None not in (record.valid_from, record.valid_to) and record.valid_from > record.valid_to:  # type: ignore[operator]
            raise ProblemError(place, "valid_from lies after valid_to, so the record is never valid")
        return record

    def order(self, value: object, place: str) -> Order:
        section = Section(value, place)
        order = Order(
            id=section.text("id"),
            due=self.moment(section, "due"),
            weight=section.number("weight", 1.0),
            schedule_number=section.label("schedule_number", None),
            firm=section.flag("firm", False),
            delivery_bound=section.flag("delivery_bound", False),
        )
        section.done()
        return order

    def operation(self, value: object, place: str) -> Operation:
        section = Section(value, place)
        operation = Operation(
            id=section.text("id"),
            order=section.text("order"),
            number=section.whole("number", least=0),
            work_centre=section.text("work_centre"),
            resources=section.each("resources", read_text),
            hours=section.number("hours"),
            quantity=section.number("quantity", 1.0),
            key=self._key(section),
            setup_standard=section.number("setup_standard", None),
            setup_reduced=section.number("setup_reduced", None),
            predecessors=section.each("predecessors", read_text),
            earliest=self.moment(section, "earliest"),
            status=Status(_status(section)),
            operation_status=section.whole("operation_status", 20, least=0, most=IN_PROGRESS),
            resource=section.text("resource", None),
            start=self.moment(section, "start"),
            volume=section.number("volume", None),
            positions=section.number("positions", None),
            secondary=section.each("secondary", read_text),
        )
        section.done()
        if len(operation.key) > KEY_LENGTH:
            raise ProblemError(
                section.at("key"),
                f"has {len(operation.key)} characters; a co-sorting key has at most {KEY_LENGTH}",
            )
        if (operation.fixed or operation.kept) and operation.resource is None:
            raise ProblemError(place, f"operation {operation.id} has a place in the plan; name its resource")
        if operation.start is None and (operation.kept or operation.status is Status.LOCKED):
            raise ProblemError(place, f"operation {operation.id} has a place in the plan; give its start")
        return operation

    def _key(self, section: Section) -> str:
        """The key as written, or generated where the operation gives attributes instead."""
        key: str = section.string("key", "")
        attributes = section.take("attributes", {})
        place = section.at("attributes")
        if attributes == {}:
            return key
        if key:
            raise ProblemError(place, "stands beside a key; give one of them")
        if not self._keys.rules:
            raise ProblemError(place, "needs key_rules, by which the key is built")
        if not isinstance(attributes, dict) or not all(isinstance(text, str) for text in attributes.values()):
            raise ProblemError(place, "must give a text by attribute")
        return self._keys.key(attributes, place)


def _zone(top: Section) -> ZoneInfo | None:
    name = top.text("zone", None)
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ProblemError("zone", f"{name!r} is no time zone; write it as Europe/Berlin") from None


def _status(section: Section) -> int:
    value: int = section.whole("status", int(Status.ACTIVE))
    if value not in set(Status):
        words = "10 active, 15 sequenced, 17 sequence locked, 20 locked"
        raise ProblemError(section.at("status"), f"must be a sequencing status ({words}), not {value}")
    return value


def _calendars(value: object, place: str) -> dict[str, ShiftCalendar]:
    """The shift calendars by name. Without any, each resource works around the clock."""
    if value == {}:
        return {"default": ALWAYS}
    if not isinstance(value, dict):
        raise ProblemError(place, "is not an object with keys")
    if "default" not in value:
        raise ProblemError(place, 'needs "default", the windows of each weekday from Monday')
    closed = Section({"closed": value.get("closed")}, place).each("closed", read_day)
    return {
        name: ShiftCalendar(_week(week, f"{place}.{name}"), frozenset(closed))
        for name, week in value.items()
        if name != "closed"
    }


def _week(value: object, place: str) -> tuple[tuple[Window, ...], ...]:
    if not isinstance(value, list) or not 5 <= len(value) <= 7:
        raise ProblemError(place, "needs five to seven entries, Monday first; days left out are without work")
    days = [_day_windows(day, f"{place}[{number}]") for number, day in enumerate(value)]
    return tuple(days + [()] * (7 - len(days)))


def _day_windows(value: object, place: str) -> tuple[Window, ...]:
    """One day: null or [] is none, ["06:00", "22:00"] one window, a list of such several."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ProblemError(place, 'must be a window as ["06:00", "22:00"], a list of them, or null')
    pairs = [value] if value and all(isinstance(part, str) for part in value) else value
    windows = sorted(_window(pair, place) for pair in pairs)
    for earlier, later in itertools.pairwise(windows):
        if earlier[1] > later[0]:
            raise ProblemError(place, Sentence("windows-overlap"))
    return tuple(windows)


def _window(value: object, place: str) -> Window:
    if not isinstance(value, list) or len(value) != 2:
        raise ProblemError(place, 'must be a window as ["06:00", "22:00"], a list of them, or null')
    first, last = (_minute(clock, place) for clock in value)
    if first == MINUTES:
        raise ProblemError(place, "24:00 only ends a window; write 00:00 of the next day")
    return first, last if last > first else last + MINUTES


def _minute(value: object, place: str) -> int:
    if isinstance(value, str) and len(value) == 5 and value[2] == ":" and (value[:2] + value[3:]).isdigit():
        hour, minute = int(value[:2]), int(value[3:])
        if hour * 60 + minute <= MINUTES and minute < 60:
            return hour * 60 + minute
    raise ProblemError(place, f"must be a time as 06:00, not {value!r}")


def _resource(value: object, place: str, calendars: Mapping[str, ShiftCalendar]) -> Resource:
    section = Section(value, place)
    resource = Resource(
        id=section.text("id"),
        work_centre=section.text("work_centre"),
        calendar=_calendar_of(section, calendars),
        capacity=section.each("capacity", _capacity),
        efficiency=section.number("efficiency", 1.0),
        priority=section.whole("priority", 0),
        state=section.string("state", None),
        setup_rule=SetupRule(section.choice("setup_rule", list(SetupRule), SetupRule.OPERATION)),
        setup_standard=section.number("setup_standard", None),
        setup_reduced=section.number("setup_reduced", None),
        oven=_oven(section),
        group_maximum=section.number("group_maximum", None),
        fill_up=section.flag("fill_up", False),
        order_on_floor=section.flag("order_on_floor", False),
    )
    section.done()
    if not resource.efficiency:
        raise ProblemError(
            section.at("efficiency"), "must be above 0, or the resource never ends a piece of work"
        )
    days = [day for day, _ in resource.capacity]
    if days != sorted(set(days)):
        raise ProblemError(section.at("capacity"), "must name each date once, in order")
    if resource.capacity and not resource.capacity[-1][1]:
        raise ProblemError(section.at("capacity"), Sentence("ends-without-capacity"))
    return resource


def _oven(section: Section) -> Oven | None:
    value = section.take("oven", None)
    if value is None:
        return None
    entry = Section(value, section.at("oven"))
    oven = Oven(entry.choice("unit", OVEN_UNITS), entry.number("capacity"))
    entry.done()
    if not oven.capacity:
        raise ProblemError(entry.at("capacity"), Sentence("nothing-fits-in"))
    return oven


def _calendar_of(section: Section, calendars: Mapping[str, ShiftCalendar]) -> ShiftCalendar:
    """The default, one of the named calendars, or one written out at the resource, alone its week or with its closed
    days."""
    value = section.take("calendar", "default")
    if isinstance(value, dict):
        own = _calendars(value, section.at("calendar"))
        if len(own) != 1:
            raise ProblemError(section.at("calendar"), 'knows "default" and "closed" only')
        return own["default"]
    if isinstance(value, list):
        return ShiftCalendar(_week(value, section.at("calendar")), calendars["default"].closed)
    if not isinstance(value, str) or value not in calendars:
        raise ProblemError(
            section.at("calendar"), f"{value!r} is not in calendar; there are {', '.join(sorted(calendars))}"
        )
    return calendars[value]


def _capacity(value: object, place: str) -> tuple[date, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ProblemError(place, 'must be a date and a factor as ["2026-11-23", 1.0]')
    factor = Section({"factor": value[1]}, place).number("factor")
    return read_day(value[0], place), factor


def _delay_calendar(value: object, plant: PlantTime) -> DelayCalendar:
    section = Section(value, "delay_calendar")
    weekend = section.take("weekend", [6, 7])
    if not isinstance(weekend, list) or not set(map(repr, weekend)) <= set(map(repr, range(1, 8))):
        raise ProblemError(section.at("weekend"), Sentence("no-weekdays"))
    if len(set(weekend)) == 7:
        raise ProblemError(section.at("weekend"), Sentence("no-production-day"))
    non_production = section.each("non_production", read_day)
    section.done()
    return DelayCalendar(plant, frozenset(non_production), frozenset(weekend))


def _initial_step(value: object, horizon_days: int | None) -> InitialStep:
    section = Section(value, "initial_step")
    initial = InitialStep(
        sequencing=section.flag("sequencing", True),
        horizon_days=section.whole("horizon_days", horizon_days, least=0, most=MOST_DAYS),
        overlap=section.flag("overlap", False),
        start_control=StartControl(section.choice("start_control", list(StartControl), StartControl.PLANNED)),
        locked_horizon_hours=section.number("locked_horizon_hours", 0.0),
        pull_up=section.flag("pull_up", False),
        synchronise=section.flag("synchronise", False),
        same_secondary_resource=section.flag("same_secondary_resource", False),
        sort_settings=_sort_settings(section),
    )
    section.done()
    return initial


def _sort_settings(section: Section) -> tuple[SortSetting, ...]:
    """What sorting goes by: names, with a minus for falling. The sequencing part leads, or it would sort nothing."""
    names, place = section.take("sort_settings", ["key"]), section.at("sort_settings")
    known = ", ".join(SortBy)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ProblemError(place, Sentence("no-sort-settings", names=known))
    made = []
    for name in names:
        plain = name.removeprefix("-")
        if plain not in list(SortBy):
            raise ProblemError(place, Sentence("unknown-sort-setting", name=name, names=known))
        made.append(SortSetting(SortBy(plain), plain != name))
    if len({each.by for each in made}) < len(made):
        raise ProblemError(place, Sentence("sorts-twice"))
    if not made or made[0].by is not SortBy.KEY:
        raise ProblemError(
            place,
            Sentence("sorts-by-key-first"),
        )
    return tuple(made)


def _slice(section: Section, first: str, last: str, *, needed: bool) -> KeySlice | None:
    begin = section.whole(first, None, least=1, most=KEY_LENGTH)
    end = section.whole(last, None, least=1, most=KEY_LENGTH)
    if begin is None:
        if needed or end is not None:
            raise ProblemError(section.at(first), Sentence("first-missing"))
        return None
    if end is None and needed:
        raise ProblemError(section.at(last), Sentence("last-missing"))
    if end is not None and begin > end:
        raise ProblemError(section.at(first), Sentence("lies-after", first=begin, name=last, last=end))
    return KeySlice(begin, KEY_LENGTH if end is None else end)


def _step(value: object, place: str) -> Step:
    section = Section(value, place)
    number = section.whole("id")
    if number <= 0:
        raise ProblemError(section.at("id"), Sentence("step-number", value=number))
    kind = StepType(section.choice("type", list(StepType)))
    enabled = section.flag("enabled", True)
    description = section.string("description", "")
    unused = _take_unused(section, kind)
    grouped = kind is not StepType.FORWARD
    group = _slice(section, "group_from", "group_to", needed=kind in _KEYED)
    levels = _levels(section) if kind is StepType.MULTI_LEVEL else ()
    order_by = OrderBy(section.choice("order_by", list(OrderBy), OrderBy.SORT))
    sort = Sort(section.choice("sort", list(Sort), Sort.STANDARD))
    if order_by is OrderBy.GROUP and sort is not Sort.STANDARD:
        raise ProblemError(
            section.at("sort"),
            Sentence("no-sort-in-groups"),
        )
    gap_control = section.choice("gap_control", ["", *GapControl], GapControl.ACCEPT)
    if kind in ALL_GAPS and gap_control in (GapControl.REMOVE, GapControl.NEW_GROUP):
        gap_control, unused = GapControl.ACCEPT, (*unused, "gap_control")
    if kind is StepType.MULTI_LEVEL and gap_control == GapControl.NEW_GROUP:
        raise ProblemError(section.at("gap_control"), Sentence("no-new-group", type=str(kind)))
    fill = section.number("min_fill_percent", 0.0)
    if fill > 100:
        raise ProblemError(section.at("min_fill_percent"), Sentence("above-hundred"))
    step = Step(
        id=number,
        type=kind,
        description=description,
        enabled=enabled,
        work_centre=section.text("work_centre") if grouped else section.text("work_centre", ""),
        group=levels[0].part if levels else group or WHOLE_KEY,
        sequence=_slice(section, "seq_from", "seq_to", needed=False),
        max_group_hours=section.number("max_group_hours", None),
        respect_delay_calendar=section.flag("respect_delay_calendar", False),
        max_operation_hours=section.number("max_operation_hours", None),
        max_resource_hours=section.number("max_resource_hours", None),
        horizon_days=section.whole("horizon_days", None, least=0, most=MOST_DAYS),
        same_schedule_number=section.flag("same_schedule_number", False),
        break_if_delay=section.flag("break_if_delay", False),
        order_by=order_by,
        sort=sort,
        common_resources_only=section.flag("common_resources_only", False),
        gap_control=GapControl(gap_control or GapControl.ACCEPT),
        max_gap_centihours=section.number("max_gap_centihours", 0.0),
        profile=_profile(section, group) if kind is StepType.CYCLIC and group else {},
        levels=levels,
        min_fill_percent=fill,
        max_wait_hours=section.number("max_wait_hours", None),
        reoptimise=section.flag("reoptimise", False),
        batch_size=section.number("batch_size") if kind is StepType.BATCH_SIZE else None,
        weight_of_tardiness=section.number("lambda", 1.0),
        never_later=section.flag("never_later", False),
        unused=unused,
    )
    section.done()
    if step.batch_size == 0:
        raise ProblemError(section.at("batch_size"), Sentence("not-above-zero"))
    return step


def _take_unused(section: Section, kind: StepType) -> tuple[str, ...]:
    """Parameters of other step types: what stands there counts nothing, and is named unless it asks for nothing."""
    return tuple(
        name
        for name, plain, kinds in PARAMETERS
        if kind not in kinds and section.take(name, None) not in (None, *plain)
    )


def _levels(section: Section) -> tuple[Level, ...]:
    levels: tuple[Level, ...] = section.each("levels", _level)
    if not 1 <= len(levels) <= MOST_LEVELS:
        raise ProblemError(
            section.at("levels"), Sentence("number-of-levels", most=MOST_LEVELS, count=len(levels))
        )
    return levels


def _level(value: object, place: str) -> Level:
    section = Section(value, place)
    part = _slice(section, "from", "to", needed=True)
    by = LevelBy(section.choice("by", list(LevelBy), LevelBy.GROUP))
    section.done()
    return Level(part or WHOLE_KEY, by)


def _profile(section: Section, group: KeySlice) -> Profile:
    """One list of key values for every resource, or lists by resource."""
    value = section.take("profile")
    place = section.at("profile")
    lists = value if isinstance(value, dict) else {None: value}
    if not lists:
        raise ProblemError(place, Sentence("no-profile"))
    return MappingProxyType(
        {
            resource: _stops(stops, place if resource is None else f"{place}.{resource}", group)
            for resource, stops in lists.items()
        }
    )


def _stops(value: object, place: str, group: KeySlice) -> tuple[str, ...]:
    length = group.last - group.first + 1
    if not isinstance(value, list) or not value:
        raise ProblemError(place, Sentence("no-profile"))
    for number, stop in enumerate(value):
        if not isinstance(stop, str) or len(stop.rstrip()) > length:
            raise ProblemError(
                f"{place}[{number}]",
                Sentence("stop-too-long", most=length),
            )
    return tuple(stop.ljust(length)[:length] for stop in value)


def _check_names(problem: Problem) -> None:
    """Refuse what is there twice and names that stand for nothing."""
    for what, things in (
        ("resources", problem.resources), ("orders", problem.orders), ("operations", problem.operations),
        ("steps", problem.steps),
    ):  # fmt: skip
        _check_once(what, [str(thing.id) for thing in things])
    resources = {resource.id: resource for resource in problem.resources}
    centres = {resource.work_centre for resource in problem.resources}
    orders = {order.id for order in problem.orders}
    operations = {operation.id for operation in problem.operations}
    for number, record in enumerate(problem.setup):
        if record.resource is not None and record.resource not in resources:
            raise ProblemError(f"setup[{number}].resource", f"{record.resource!r} is not in resources")
    for number, operation in enumerate(problem.operations):
        place = f"operations[{number}]"
        if operation.order not in orders:
            raise ProblemError(f"{place}.order", f"{operation.order!r} is not in orders")
        for name in operation.predecessors:
            if name not in operations:
                raise ProblemError(f"{place}.predecessors", f"{name!r} is not in operations")
        for machine in (*operation.resources, operation.resource):
            if machine is not None and machine not in resources:
                raise ProblemError(place, Sentence("resource-missing", resource=machine))
        if not operation.resources and operation.work_centre not in centres:
            raise ProblemError(
                place,
                f"no resource has the work centre {operation.work_centre!r}; name the operation's resources",
            )
    for step in problem.steps:
        if step.enabled and step.work_centre and step.work_centre not in centres:
            raise ProblemError(
                f"step {step.id}", Sentence("centre-without-resource", centre=step.work_centre)
            )
        for machine in step.profile:
            if machine is not None and machine not in resources:
                raise ProblemError(f"step {step.id}.profile", Sentence("resource-missing", resource=machine))


def _check_secondary(problem: Problem) -> None:
    """Refuse a secondary resource that is unknown, or that an operation runs on: it would be taken twice."""
    centres = {operation.work_centre for operation in problem.operations if not operation.resources}
    main = {resource.id for resource in problem.resources if resource.work_centre in centres}
    main.update(
        name for operation in problem.operations for name in (*operation.resources, operation.resource or "")
    )
    known = {resource.id for resource in problem.resources}
    for number, operation in enumerate(problem.operations):
        for name in operation.secondary:
            if name not in known:
                raise ProblemError(
                    f"operations[{number}].secondary", Sentence("resource-missing", resource=name)
                )
            if name in main:
                raise ProblemError(
                    f"operations[{number}].secondary",
                    Sentence("both-beside-and-main", resource=name),
                )


def _as_ovens(problem: Problem) -> tuple[Resource, ...]:
    """Resources that an oven step loads and that have no `oven`: their size is told by what every resource has.

    That is `group_maximum`, or one capacity above 1, both in pieces. A capacity that is the size is not a speed.
    """
    loading = {step.work_centre for step in problem.steps if step.enabled and step.type in _OVENS}

    def told(resource: Resource) -> Resource:
        if resource.work_centre not in loading or resource.oven is not None:
            return resource
        if resource.group_maximum:
            return replace(resource, oven=Oven("pieces", resource.group_maximum))
        sizes = {size for _, size in resource.capacity}
        if len(sizes) == 1 and (size := min(sizes)) > 1:
            return replace(resource, oven=Oven("pieces", size), capacity=())
        return resource

    return tuple(told(resource) for resource in problem.resources)


def _check_ovens(problem: Problem) -> None:
    """Refuse an oven step whose resources have no capacity, and operations that have no size or fit into none."""
    loading = {step.work_centre: step.id for step in problem.steps if step.enabled and step.type in _OVENS}
    ovens = {
        resource.id: (place, resource)
        for place, resource in enumerate(problem.resources)
        if resource.work_centre in loading
    }
    for number, operation in enumerate(problem.operations):
        if operation.status is not Status.ACTIVE or not operation.hours:
            continue
        own = [operation.resource] if operation.resource else operation.resources
        rooms = []
        for place, resource in ovens.values():
            if resource.id not in own and (own or resource.work_centre != operation.work_centre):
                continue
            if resource.oven is None:
                raise ProblemError(
                    f"resources[{place}].oven",
                    Sentence("oven-missing", step=loading[resource.work_centre], resource=resource.id),
                )
            rooms.append((_size(operation, resource.oven, number, resource.id), resource.oven))
        if rooms and all(size > oven.capacity for size, oven in rooms):
            size, oven = rooms[0]
            raise ProblemError(
                f"operations[{number}]",
                Sentence("fits-in-no-oven", operation=operation.id, size=size, unit=Sentence(oven.unit)),
            )


def _size(operation: Operation, oven: Oven, number: int, name: str) -> float:
    size = {"pieces": operation.quantity, "volume": operation.volume, "positions": operation.positions}[
        oven.unit
    ]
    if size is None:
        raise ProblemError(
            f"operations[{number}].{oven.unit}",
            Sentence("size-missing", operation=operation.id, resource=name, unit=Sentence(oven.unit)),
        )
    return size


def _check_once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ProblemError(what, f"{name!r} is there twice; give each a name of its own")
        seen.add(name)


def seconds_of(hours: float) -> int:
    """Hours of a planner as whole seconds."""
    return round(hours * HOUR)
