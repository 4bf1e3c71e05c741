"""A plan moved by hand: one operation is put elsewhere and as little as possible is timed anew.

Where the operation was taken out and where it was put in, what follows starts as early as it can in its order.
Elsewhere an operation is only pushed: it keeps its times until one it waits for, or the one before it on its
resource, ends later. Locked operations, those in progress and those in the frozen time keep their start; what would
run into one, or make its setup longer, goes behind it.
Times are those a run would give: orders overlap where they may, a secondary resource is taken once at a time, batches
have their quantities. Operations of one load of an oven, which start and end together, move together. Where a run pulls
up, all is pulled up again in the end.
"""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduling.engine.calendars import HOUR
from scheduling.engine.oven import size_of
from scheduling.engine.passes import NOWHERE, Fit, Plan, Shop, empty_plan, fixed_fits
from scheduling.engine.problem import Operation, Problem, Status
from scheduling.engine.pull_up import compact
from scheduling.engine.result import Figures, figures
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import DUST
from scheduling.engine.setups import Setup, Source

# How often operations may step behind locked ones in one move before it is given up.
MOST_STEPS_BEHIND = 100


class MoveError(ValueError):
    """A move that no plan allows: a code and a sentence a planner can act on."""

    def __init__(self, code: str, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Place:
    """Where one operation stands. Position counts from 1 on its resource; 0 for what takes no time.

    `secondary` is the secondary resource it takes beside; empty for none.
    """

    resource: str
    position: int
    start: int
    end: int
    setup: int
    status: int
    secondary: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a move changes for the whole plan."""

    setup_hours: float
    late_orders: int
    tardiness_hours: float


def layout(problem: Problem, places: Mapping[str, Place], grown: Mapping[str, float] | None = None) -> Shop:
    """The shop as the board sees a plan: what runs put in order may be moved to any resource it is allowed on.

    `grown` says how many times its quantity an order has by its batch. What stands on an oven from the same start to
    the same end is one load: the longest stands for all of it.
    """
    operations = (
        replace(operation, resource=None) if operation.kept else operation for operation in problem.operations
    )
    shop = Shop(replace(problem, operations=tuple(operations)))
    for order, factor in (grown or {}).items():
        shop.scale(order, factor)
    for members in _loads(shop, places):
        shop.run_as_one(members)
    return shop


def _loads(shop: Shop, places: Mapping[str, Place]) -> Iterable[list[int]]:
    """The loads of the ovens, the longest operation of each first. Those that wait for each other are none."""
    ovens = {resource.id for resource in shop.resources if resource.oven is not None}
    standing: dict[tuple[str, int, int], list[int]] = {}
    for number, operation in enumerate(shop.operations):
        place = places.get(operation.id)
        if place is not None and place.position and place.resource in ovens:
            standing.setdefault((place.resource, place.start, place.end), []).append(number)
    for members in standing.values():
        if len(members) > 1 and shop.independent(members):
            yield sorted(members, key=lambda number: (-shop.operations[number].hours, number))


@dataclass(frozen=True, slots=True)
class _Line:
    """The order on a resource, a load as one: neighbours, and the next ahead that keeps its start."""

    before: dict[int, int]
    after: dict[int, int]
    still_ahead: dict[int, int]


@dataclass(frozen=True, slots=True)
class Board:
    """A plan laid out for moving. It never changes: a move gives another board, with the lines it left alone."""

    shop: Shop
    places: tuple[Place | None, ...]
    sequences: tuple[tuple[int, ...], ...]
    frozen_until: int
    _lines: dict[int, _Line] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, shop: Shop, places: Mapping[str, Place], frozen_until: int = 0) -> Board:
        """A board of places by operation id; an operation without one is left out of the plan."""
        found = tuple(places.get(operation.id) for operation in shop.operations)
        return cls(shop, found, _sequences(shop, found), frozen_until)

    def move(self, operation: str, resource: str, position: int) -> Board:
        """The operation on that resource, at that position from 1 (behind the last if there are fewer), status 17.

        A member of an oven load moves with all of its load. Nothing is moved into the frozen time. Refuses (MoveError)
        what the plan has not, what never moves or starts in the frozen time, a resource the operation (or one of its
        load) may not run on or has no room for it, an order that contradicts a routing, an operation that would end
        behind the start of one that waits for it and never moves, and a transition the matrix forbids.
        """
        number, target = self._checked(operation, resource)
        place = self.places[number]
        assert place is not None  # _checked refuses others
        source = self.shop.resource_number[place.resource]
        sequences = [list(sequence) for sequence in self.sequences]
        old = sequences[source].index(self._block(sequences[source], number)[0])
        index = self._put(sequences[source], sequences[target], number, max(position, 1) - 1)
        first = {source: old, target: index}
        if source == target:
            first = {source: min(old, index)}
        places = list(self.places)
        for each in self.load(number):
            place = places[each]
            assert place is not None  # a load stands together
            places[each] = replace(place, resource=resource, status=int(Status.SEQUENCE_LOCKED))
        return self._timed(places, sequences, first)

    def load(self, number: int) -> tuple[int, ...]:
        """The operations that move with one: its load of an oven, the longest first, or itself alone."""
        lead = self.shop.lead.get(number, number)
        if lead not in self.shop.loaded:
            return (number,)
        return lead, *(each for each, other in self.shop.lead.items() if other == lead)

    def _block(self, sequence: Sequence[int], number: int) -> list[int]:
        """What stands together with an operation, in the order of the sequence."""
        together = set(self.load(number))
        return [each for each in sequence if each in together]

    def _put(self, source: list[int], target: list[int], number: int, index: int) -> int:
        """Take an operation with its load out of one sequence and put it into another, between loads; gives where."""
        block = self._block(source, number)
        source[:] = [each for each in source if each not in block]
        index = min(index, len(target))
        while 0 < index < len(target) and self._lead(target[index]) == self._lead(target[index - 1]):
            index += 1
        target[index:index] = block
        return index

    def _lead(self, number: int) -> int:
        """The operation that stands for its load in all times."""
        return self.shop.lead.get(number, number)

    def with_status(self, operations: Iterable[str], status: Status) -> Board:
        """The same times with another sequencing status of some, loads whole; what never moves is refused."""
        places = list(self.places)
        for name in operations:
            number = self._known(name)
            if self.fixed(number):
                raise MoveError("never_moves", Sentence("status-stays", operation=name))
            for each in self.load(number):
                place = places[each]
                assert place is not None  # _known refuses others
                places[each] = replace(place, status=int(status))
        return Board(self.shop, tuple(places), self.sequences, self.frozen_until)

    def fixed(self, number: int) -> bool:
        """Whether an operation never moves: locked, or in progress."""
        place = self.places[number]
        return self.shop.operations[number].in_progress or (
            place is not None and place.status == Status.LOCKED
        )

    def still(self, number: int) -> bool:
        """Whether it keeps its start whatever is moved: it never moves, or starts in the frozen time."""
        place = self.places[number]
        return self.fixed(number) or (place is not None and place.start < self.frozen_until)

    def changed(self, before: Board) -> list[int]:
        """The operations whose place, or whose order's lateness, is another than it was."""
        moved = set(self._differing(before))
        orders = {self.shop.operations[number].order for number in moved}
        was, now = before.lateness(orders), self.lateness(orders)
        for order in orders:
            if was[order] != now[order]:
                moved.update(number for number in self._of(order) if self.places[number] is not None)
        return sorted(moved)

    def delta(self, before: Board) -> Delta:
        """The change of setup, late orders and tardiness."""
        numbers = self._differing(before)
        orders = {self.shop.operations[number].order for number in numbers}
        was, now = before.lateness(orders), self.lateness(orders)
        setup = sum(self._setup(number) - before._setup(number) for number in numbers)
        return Delta(
            setup_hours=round(setup / HOUR, 6),
            late_orders=sum(map(bool, now.values())) - sum(map(bool, was.values())),
            tardiness_hours=round((sum(now.values()) - sum(was.values())) / HOUR, 6),
        )

    def figures(self) -> Figures:
        """The figures of the whole plan, as a run tells them."""
        return figures(self.shop, self.plan())

    def plan(self) -> Plan:
        """The places as the passes write them."""
        resource, plan = self.shop.resource_number, empty_plan(self.shop)
        for number, place in enumerate(self.places):
            if place is not None:
                plan.resource[number], plan.setup[number] = resource[place.resource], place.setup
                plan.start[number], plan.end[number] = place.start, place.end
                if place.secondary:
                    plan.secondary[number] = resource[place.secondary]
        return plan

    def _differing(self, before: Board) -> list[int]:
        """The operations that stand otherwise; most places are the very same object."""
        pairs = enumerate(zip(self.places, before.places, strict=True))
        return [number for number, (now, was) in pairs if now is not was and now != was]

    def lateness(self, orders: Iterable[str]) -> dict[str, int]:
        """By order, the seconds its last operation ends after it is due."""
        found = {}
        for order in orders:
            due = self.shop.order[order].due
            ends = [place.end for number in self._of(order) if (place := self.places[number]) is not None]
            found[order] = max(0, max(ends) - due) if ends and due is not None else 0
        return found

    def _of(self, order: str) -> Sequence[int]:
        return self.shop.of_order[order]

    def _setup(self, number: int) -> int:
        place = self.places[number]
        return 0 if place is None else place.setup

    def _known(self, name: str) -> int:
        number = self.shop.number.get(name)
        if number is None or self.places[number] is None:
            raise MoveError("not_in_plan", Sentence("not-in-plan", operation=name))
        return number

    def _checked(self, operation: str, resource: str) -> tuple[int, int]:
        number = self._lead(self._known(operation))
        target = self.shop.resource_number.get(resource)
        if target is None:
            raise MoveError("unknown_resource", Sentence("unknown-resource", resource=resource))
        if self.fixed(number):
            raise MoveError("never_moves", Sentence("never-moves", operation=operation))
        if not self.shop.operations[number].hours:
            raise MoveError("no_time", Sentence("takes-no-time", operation=operation))
        place = self.places[number]
        if place is not None and place.start < self.frozen_until:
            raise MoveError("frozen", Sentence("frozen", operation=operation))
        for each in self.load(number):
            if target not in self.shop.allowed[each]:
                names = ", ".join(self.shop.resources[one].id for one in self.shop.allowed[each])
                raise MoveError(
                    "not_allowed_there",
                    Sentence("not-allowed-there", operation=self._name(each), resource=resource, names=names),
                )
        if place is not None and place.resource != resource:
            self._refuse_too_much(number, target)
        return number, target

    def _refuse_too_much(self, number: int, target: int) -> None:
        """A load goes where an oven takes all of it."""
        load, resource = self.load(number), self.shop.resources[target]
        if len(load) == 1:
            return
        if resource.oven is None:
            raise MoveError(
                "no_oven", Sentence("no-oven", operation=self._name(number), resource=resource.id)
            )
        size = sum(size_of(self.shop.operations[each], resource.oven) for each in load)
        if size > resource.oven.capacity + DUST:
            raise MoveError(
                "load_too_large",
                Sentence(
                    "load-too-large",
                    operation=self._name(number),
                    size=size,
                    unit=Sentence(resource.oven.unit),
                    resource=resource.id,
                    capacity=resource.oven.capacity,
                ),
            )

    def setup_of(self, number: int) -> Setup:
        """The setup of an operation behind the one before it on its resource; of a load that of its longest."""
        place = self.places[number]
        assert place is not None  # asked of what stands in a sequence
        asked = _asked(self.shop, self.places, number)
        resource = self.shop.resource_number[place.resource]
        return self.shop.setups.between(self.follows(number), self.shop.operations[number], resource, asked)

    def follows(self, number: int) -> str | None:
        """The key an operation stands behind; None where the state of its resource is not known."""
        place = self.places[number]
        assert place is not None  # asked of what stands in a sequence
        resource = self.shop.resource_number[place.resource]
        heads = self.heads(resource)
        index = heads.index(number)
        return self.shop.operations[heads[index - 1]].key if index else self.shop.resources[resource].state

    def heads(self, resource: int) -> list[int]:
        """The sequence of a resource with one operation for each load."""
        return [number for number in self.sequences[resource] if number not in self.shop.lead]

    def line(self, resource: int) -> _Line:
        """The order on a resource; worked out when a move first reaches it."""
        if resource not in self._lines:
            self._lines[resource] = self._line_of(self.sequences[resource])
        return self._lines[resource]

    def _line_of(self, sequence: Sequence[int]) -> _Line:
        heads = [number for number in sequence if number not in self.shop.lead]
        line = _Line(dict(zip(heads[1:], heads, strict=False)), dict(itertools.pairwise(heads)), {})
        ahead = None
        for number in reversed(heads):
            if self.still(number):
                ahead = number
            elif ahead is not None:
                line.still_ahead[number] = ahead
        return line

    def _pull_up(self, places: list[Place | None]) -> None:
        """Let operations start as late as what waits for them lets them, where a run of this problem does so."""
        initial = self.shop.problem.initial_step
        if not (initial.pull_up or initial.synchronise):
            return
        plan = Board(self.shop, tuple(places), self.sequences, self.frozen_until).plan()

        def free(number: int) -> bool:
            return not self.still(number)

        compact(self.shop, plan, orders=initial.pull_up, components=initial.synchronise, free=free)
        for number, place in enumerate(places):
            if place is not None and (plan.start[number], plan.end[number]) != (place.start, place.end):
                places[number] = replace(place, start=plan.start[number], end=plan.end[number])

    def _name(self, number: int) -> str:
        return self.shop.operations[number].id

    def _key(self, number: int) -> str:
        return self.shop.operations[number].key

    def _timed(self, places: list[Place | None], sequences: list[list[int]], first: dict[int, int]) -> Board:
        """Times anew; what would run into an operation that never moves steps behind it, and all is timed again."""
        for _ in range(MOST_STEPS_BEHIND):
            timing = _Timing(self, places, sequences, first)
            into = timing.run()
            if into is None:
                timing.refuse()
                _spread(self.shop, timing.places)
                self._pull_up(timing.places)
                # What keeps its start does so on all lines: those a move did not change stay as they are known.
                known = {resource: line for resource, line in self._lines.items() if resource not in first}
                return Board(
                    self.shop,
                    _numbered(timing.places, [sequences[resource] for resource in first]),
                    tuple(map(tuple, sequences)),
                    self.frozen_until,
                    known,
                )
            resource, number, locked = into
            sequence = sequences[resource]
            begin = sequence.index(self._block(sequence, number)[0])
            first[resource] = min(first.get(resource, len(sequence)), begin)
            behind = sequence.index(self._block(sequence, locked)[-1]) + 1 - len(self.load(number))
            self._put(sequence, sequence, number, behind)
        raise MoveError("no_room", Sentence("no-room"))


class _Timing:
    """One walk over what a move touches, each operation behind all it waits for, the earliest first."""

    def __init__(
        self,
        board: Board,
        places: Sequence[Place | None],
        sequences: Sequence[Sequence[int]],
        first: Mapping[int, int],
    ) -> None:
        self._board = board
        self._shop = shop = board.shop
        self.places = list(places)
        self._refusals: list[MoveError] = []
        self._before: dict[int, int] = {}
        self._next: dict[int, int] = {}
        self._still_ahead: dict[int, int] = {}
        self._lines: set[int] = set()
        for resource in first:
            self._know(resource, board._line_of(sequences[resource]))
        self._pulled = {
            number
            for resource, index in first.items()
            for number in sequences[resource][index:]
            if number not in shop.lead
        }
        self._reserved = {fit.operation: fit for fit in fixed_fits(shop)}
        self._taken = self._tools()

    def run(self) -> tuple[int, int, int] | None:
        """Times all that is touched. Gives (resource, operation, still operation) where one is in the other's way.

        Refuses (MoveError) a sequence that contradicts a routing.
        """
        touched = self._reach(self._pulled)
        waiting = {
            number: sum(before in touched for before in self._all_before(number)) for number in touched
        }
        free = [(self._moment(number), number) for number, count in waiting.items() if not count]
        heapq.heapify(free)
        changed = set(self._pulled)
        done = 0
        while free:
            moment, number = heapq.heappop(free)
            if number in changed:
                place, old = self._place(number), self.places[number]
                if free and moment < place.start and free[0][0] < place.start and place.secondary:
                    # It waits for its secondary resource, and another one comes before.
                    heapq.heappush(free, (place.start, number))
                    continue
                if place != old:
                    self.places[number] = place
                    changed.update(self._all_after(number))
                self._take(self._taken, number, place)
                in_the_way = self._in_the_way(number, place)
                if in_the_way is not None:
                    return self._shop.resource_number[place.resource], *in_the_way
            done += 1
            for later in self._all_after(number):
                waiting[later] -= 1
                if not waiting[later]:
                    heapq.heappush(free, (self._moment(later), later))
        if done < len(touched):
            raise MoveError(
                "against_routing",
                Sentence("against-routing"),
            )
        return None

    def refuse(self) -> None:
        """Refuse (MoveError) what no later step behind can put right."""
        for error in self._refusals:
            raise error

    def _know(self, resource: int, line: _Line) -> None:
        """Reckon with the order on a resource from here on."""
        self._lines.add(resource)
        self._before |= line.before
        self._next |= line.after
        self._still_ahead |= line.still_ahead

    def _in_the_way(self, number: int, place: Place) -> tuple[int, int] | None:
        """The operation that has to step behind a still one, and that one."""
        still = self._still_ahead.get(number)
        if still is not None and place.end > self._start(still):
            return number, still
        before = self._before.get(number)
        if before is None or not self._board.fixed(number) or self._board.still(before):
            return None
        # A run lets nothing before a locked operation that makes its setup longer than it is without.
        old, reserved = self._board.places[number], self._reserved.get(number)
        least = max(0 if old is None else old.setup, 0 if reserved is None else reserved.setup)
        return (before, number) if place.setup > least else None

    def _reach(self, numbers: Iterable[int]) -> set[int]:
        found = set(numbers)
        ahead = list(found)
        while ahead:
            number = ahead.pop()
            place = self.places[number]
            assert place is not None  # only placed operations are reached
            resource = self._shop.resource_number[place.resource]
            if resource not in self._lines:
                self._know(resource, self._board.line(resource))
            for later in self._all_after(number):
                if later not in found:
                    found.add(later)
                    ahead.append(later)
        return found

    def _all_after(self, number: int) -> list[int]:
        lead = self._shop.lead
        after = [
            later
            for later in self._shop.after[number]
            if self.places[later] is not None and later not in lead
        ]
        follower = self._next.get(number)
        if follower is not None and follower not in after:
            after.append(follower)
        return after

    def _all_before(self, number: int) -> set[int]:
        before = {earlier for earlier in self._shop.before[number] if self.places[earlier] is not None}
        if number in self._before:
            before.add(self._before[number])
        return before

    def _start(self, number: int) -> int:
        place = self.places[number]
        return 0 if place is None else place.start

    def _moment(self, number: int) -> int:
        """From when on an operation may start by what is before it; one that is only pushed not before its place."""
        old = self.places[number]
        assert old is not None  # only placed operations are reached
        if self._board.still(number):
            return old.start
        moment = max(_ready(self._shop, self.places, number), self._shop.start)
        before = self.places[self._before[number]] if number in self._before else None
        if before is not None:
            moment = max(moment, before.end)
        # What is not in the frozen time stays out of it.
        return max(moment, self._board.frozen_until if number in self._pulled else old.start)

    def _place(self, number: int) -> Place:
        """The earliest place, or for one that is only pushed its own if that is later."""
        shop, old = self._shop, self.places[number]
        assert old is not None  # only placed operations are reached
        resource = shop.resource_number[old.resource]
        operation, clock = shop.operations[number], shop.clocks[resource]
        still = self._board.still(number)
        if still:
            self._check_waits(number)
        if operation.in_progress:
            return old
        moment = self._moment(number)
        if not operation.hours:
            return replace(old, start=moment, end=moment)
        before = self._before.get(number)
        key = shop.resources[resource].state if before is None else shop.operations[before].key
        setup = shop.setups.between(key, operation, resource, _asked(shop, self.places, number))
        if setup.source is Source.FORBIDDEN:
            self._check_forbidden(number, old.resource, key)
        taken = old.secondary
        while True:
            begin = moment if still else clock.opens(moment)
            end = shop.finish(number, resource, clock.add(begin, setup.seconds))
            free = begin
            if shop.secondary[number] and not still:
                free, taken = self._free(number, old.secondary, begin, end)
            if free <= begin:
                return replace(old, start=begin, setup=setup.seconds, end=end, secondary=taken)
            moment = free

    def _check_waits(self, number: int) -> None:
        """One that keeps its start must not come to start before what it waits for ends."""
        start, places = self._start(number), self._board.places
        if _ready(self._shop, self.places, number) > start >= _ready(self._shop, places, number):
            name = self._shop.operations[number].id
            self._refusals.append(
                MoveError(
                    "waits_for_it",
                    Sentence("keeps-its-start", operation=name),
                )
            )

    def _check_forbidden(self, number: int, resource: str, key: str | None) -> None:
        """A forbidden transition is refused unless the plan had it before."""
        board, operation = self._board, self._shop.operations[number]
        before = board.places[number]
        if before is not None and before.resource == resource and board.follows(number) == key:
            return
        self._refusals.append(
            MoveError(
                "forbidden_setup",
                Sentence(
                    "forbidden-there",
                    operation=operation.id,
                    key=operation.key,
                    before=key,
                    resource=resource,
                ),
            )
        )

    # Secondary resources.

    def _tools(self) -> _Tools:
        """What is taken as the plan stands. What is surely timed anew takes none yet."""
        shop, tools = self._shop, _Tools()
        holders = [
            (place.start, number)
            for number, options in enumerate(shop.secondary)
            if options and (place := self.places[number]) is not None
            if number not in self._pulled or self._board.still(number)
        ]
        for _, number in sorted(holders):
            place = self.places[number]
            assert place is not None  # asked above
            self._take(tools, number, place)
        return tools

    def _take(self, tools: _Tools, number: int, place: Place) -> None:
        """Occupy the one an operation takes; where nobody wrote it down, the first it may."""
        shop, reserved = self._shop, self._reserved.get(number)
        if shop.secondary[number] and shop.operations[number].hours:
            name = place.secondary or shop.resources[shop.secondary[number][0]].id
            # One that is locked holds it for the longest setup it may come to need.
            tools.take(number, name, place.start, max(place.end, reserved.end if reserved else 0))

    def _free(self, number: int, own: str, start: int, end: int) -> tuple[int, str]:
        """When one of the secondary resources it may take is free so long, and which: its own if that is no later.

        Where groups continue at theirs, that of its group, if it may take it.
        """
        names = [self._shop.resources[option].id for option in self._shop.secondary[number]]
        took = self._group_took(number)
        if took in names:
            names = [took]
        return min(
            ((self._taken.free(name, number, start, end), name) for name in names),
            key=lambda found: (found[0], found[1] != own),
        )

    def _group_took(self, number: int) -> str:
        """The secondary resource an operation's group took first, where groups continue at theirs; empty for none.

        A group are operations of equal grouping part behind each other, but for two that the plan had apart before.
        """
        shop, place, took = self._shop, self.places[number], ""
        if place is None or not shop.problem.initial_step.same_secondary_resource:
            return took
        resource = shop.resource_number[place.resource]
        part = shop.setups.slices[resource].of
        own = part(shop.operations[number].key)
        while (earlier := self._before.get(number)) is not None:
            if part(shop.operations[earlier].key) != own or self._stood_apart(earlier, number, resource):
                break
            before = self.places[earlier]
            took = before.secondary if before is not None and before.secondary else took
            number = earlier
        return took

    def _stood_apart(self, earlier: int, later: int, resource: int) -> bool:
        """Whether they stood behind each other there before the move, at two secondary resources."""
        one, other = self._board.places[earlier], self._board.places[later]
        if one is None or other is None or self._board.line(resource).before.get(later) != earlier:
            return False
        return "" not in (one.secondary, other.secondary) and one.secondary != other.secondary


class _Tools:
    """By secondary resource, when which operation takes it, in order of time."""

    def __init__(self) -> None:
        self._taken: dict[str, list[tuple[int, int, int]]] = {}
        self._of: dict[int, tuple[str, tuple[int, int, int]]] = {}

    def take(self, number: int, name: str, start: int, end: int) -> None:
        """Occupy one from start to end, and none before it any more."""
        if number in self._of:
            before, entry = self._of.pop(number)
            self._taken[before].remove(entry)
        row = self._taken.setdefault(name, [])
        at = bisect_left(row, (start,))
        # Two that are locked may stand across each other: then the ends still ascend.
        entry = start, max(end, row[at - 1][1] if at else 0), number
        row.insert(at, entry)
        self._of[number] = name, entry

    def free(self, name: str, number: int, start: int, end: int) -> int:
        """The start if no other operation takes it until the end, else when to try again."""
        row, moment = self._taken.get(name, []), start
        at = bisect_left(row, (end,))
        while at and row[at - 1][1] > start:
            at -= 1
            if row[at][2] != number:
                moment = max(moment, row[at][1])
        return moment


def _fit(shop: Shop, number: int, place: Place) -> Fit:
    secondary = shop.resource_number[place.secondary] if place.secondary else NOWHERE
    resource = shop.resource_number[place.resource]
    return Fit(number, resource, place.start, place.end, place.setup, NOWHERE, secondary)


def _ready(shop: Shop, places: Sequence[Place | None], number: int) -> int:
    """The earliest start by what an operation waits for."""
    ready = shop.earliest[number]
    for earlier in shop.before[number]:
        place = places[earlier]
        if place is not None and place.end > ready:
            ready = max(
                ready, shop.released(_fit(shop, earlier, place), number) if shop.overlap else place.end
            )
    return ready


def _asked(shop: Shop, places: Sequence[Place | None], number: int) -> int:
    """The moment a setup is looked up by; of one that never moves its earliest start."""
    return shop.earliest[number] if shop.operations[number].fixed else _ready(shop, places, number)


def _spread(shop: Shop, places: list[Place | None]) -> None:
    """Give all of a load the times of the one that stands for it."""
    for number, lead in shop.lead.items():
        place, first = places[number], places[lead]
        if place is not None and first is not None:
            there = replace(place, resource=first.resource, start=first.start, end=first.end)
            if there != place:
                places[number] = there


def _sequences(shop: Shop, places: Sequence[Place | None]) -> tuple[tuple[int, ...], ...]:
    """By resource, its operations by position. What takes no time is in none."""
    found: list[list[int]] = [[] for _ in shop.resources]
    for number, place in enumerate(places):
        if place is not None and place.position:
            found[shop.resource_number[place.resource]].append(number)
    for sequence in found:
        sequence.sort(key=lambda number: (_position(places[number]), number))
    return tuple(tuple(sequence) for sequence in found)


def _position(place: Place | None) -> int:
    return 0 if place is None else place.position


def _numbered(places: list[Place | None], sequences: Sequence[Sequence[int]]) -> tuple[Place | None, ...]:
    for sequence in sequences:
        for position, number in enumerate(sequence, 1):
            place = places[number]
            if place is not None and place.position != position:
                places[number] = replace(place, position=position)
    return tuple(places)


def positions(operations: Sequence[Operation], starts: Mapping[str, tuple[str, int, int]]) -> dict[str, int]:
    """Positions on their resources from (resource, start, end) by operation id; 0 for what takes no time."""
    timed = [operation for operation in operations if operation.id in starts and operation.hours]
    found = {operation.id: 0 for operation in operations if operation.id in starts}
    counts: dict[str, int] = {}
    for operation in sorted(timed, key=lambda each: (*starts[each.id], each.id)):
        resource = starts[operation.id][0]
        counts[resource] = counts.get(resource, 0) + 1
        found[operation.id] = counts[resource]
    return found
