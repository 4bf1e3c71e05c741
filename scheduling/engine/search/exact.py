"""Proofs for small problems by a solver of another kind (OR-Tools CP-SAT), where that is installed.

The search finds good orders at once and cannot tell how good they are. Up to some tens of operations a solver can: it
starts from what was found and narrows down what any order costs at least, until both meet or the time is over.
Where calendars change their capacity it sees a plant that is a little faster than the real one, so that its bound
holds; a better order of its counts only as the problem itself judges it. Nothing else imports ortools.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search import lines as kernel
from scheduling.engine.search.lines import LinesProblem, Work
from scheduling.engine.search.running import GRACE, KEPT_BACK, TELL, Found, Limits, Problem, Sequence
from scheduling.engine.search.running import search as search_freely
from scheduling.engine.search.tardiness import TardinessProblem
from scheduling.engine.search.timing import CLOSES, FAR, FORBIDDEN, MISSING, OPENS, RATE, change
from scheduling.engine.search.tours import TourProblem

# More operations and more ways between them make a model that proves nothing in the time a planner waits.
MOST_OPERATIONS = 40
MOST_ARCS = 15_000
# The solver's bound is a float, exact below the first; its own sums have to stay below the second.
MOST_COST, MOST_SUM = 1 << 52, 1 << 58
# The search has so much of the time; of so few operations that the solver finds what the search did not, it has half
# at most, and ends where it gained nothing for a quarter.
SEARCHED = 0.7
SURE, SURELY_SEARCHED, QUIET = 12, 0.5, 0.25
# What an iteration is worth to the solver where iterations limit a run, in its own count of work (about seconds), and
# what it has at least: a few operations are proven with it.
EFFORT, LEAST_EFFORT = 2e-5, 0.1
# Up to so many operations whose times count, relaxing all to linear inequalities costs the solver more than it tells.
FEW = 20
# Less time than this is not worth a model.
LEAST_SECONDS = 0.02
# Pauses of a calendar behind a due date that are told apart; those behind them count as working time, which is sooner.
MOST_PAUSES = 30
# Products of floats are trusted to this share of a second.
DUST = 1e-3


@cache
def _solver() -> Any:
    """The module of the solver, None where it is not installed; loading it takes a second."""
    try:
        from ortools.sat.python import cp_model
    except ImportError:
        return None
    return cp_model


def available() -> bool:
    """Whether the solver is installed."""
    return _solver() is not None


def fits(problem: Problem) -> bool:
    """Whether a problem is of a kind and size a proof is tried for."""
    match problem:
        case TourProblem():
            return 4 <= len(problem.costs) <= MOST_OPERATIONS
        case TardinessProblem():
            return 2 <= len(problem.process) <= MOST_OPERATIONS
        case LinesProblem():
            return len(problem.work.nominal) <= MOST_OPERATIONS
    return False


def missed(problem: Problem) -> bool:
    """Whether a proof would be tried, were the solver installed."""
    return fits(problem) and not available()


def search(
    problem: Problem,
    limits: Limits,
    progress: Callable[[Found], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Found:
    """Search, and prove with what is left of the time: the best order found and the best bound, whatever found them.

    Under a time limit the search has a share of the time; with iterations it makes all of them, and the solver's work
    is counted and not timed, so that the same seed gives the same result. Without the solver, and for what is too
    large, this is the search alone. Both keep the limits and hear a cancellation within a tenth of a second.
    """
    if not fits(problem) or not available():
        return search_freely(problem, limits, progress, cancelled, clock)
    begun = clock()
    gained, sure = begun, len(problem.first) <= SURE

    def told(found: Found) -> None:
        nonlocal gained
        gained = clock()
        if progress:
            progress(found)

    def enough() -> bool:
        if cancelled and cancelled():
            return True
        if limits.iterations is not None or limits.seconds is None or gained == begun or not sure:
            return False
        return clock() - gained > max(2 * (gained - begun), QUIET * limits.seconds)

    first = limits
    if limits.seconds is not None:
        first = replace(limits, seconds=(SURELY_SEARCHED if sure else SEARCHED) * limits.seconds)
    found = search_freely(problem, first, told, enough, clock)
    if cancelled and cancelled():
        return found
    end = None if limits.seconds is None else begun + limits.seconds * (1 - KEPT_BACK)
    settled = settle(problem, found, limits, end, cancelled, clock)
    if progress and settled.objective < found.objective:
        progress(settled)
    took = clock() - begun
    return replace(settled, seconds=took, at=took if settled.objective < found.objective else found.at)


def settle(
    problem: Problem,
    found: Found,
    limits: Limits,
    end: float | None = None,
    cancelled: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Found:
    """Prove until the clock says `end`, or by the iterations of the limits; return a better bound, or order, if any.

    A worker has one thread; under iterations there is one, or the result would depend on which was faster.
    """
    model = _model(problem, found)
    left = math.inf if end is None else end - clock()
    if model is None or model.goal <= found.bound or left < LEAST_SECONDS:
        return found
    solver = _solver().CpSolver()
    solver.parameters.random_seed = limits.seed % (1 << 31)
    solver.parameters.num_workers = limits.workers if limits.iterations is None else 1
    solver.parameters.linearization_level = 1 if model.timed and len(found.sequence) <= FEW else 2
    solver.parameters.optimize_with_lb_tree_search = solver.parameters.num_workers == 1
    if limits.iterations is not None:
        effort = max(LEAST_EFFORT, EFFORT * limits.iterations * limits.workers)
        solver.parameters.max_deterministic_time = effort
    if end is not None:
        solver.parameters.max_time_in_seconds = left
    pool = ThreadPoolExecutor(1)
    running = pool.submit(solver.solve, model.model)
    pool.shutdown(wait=False)
    # It looks at its clock itself; on a busy machine, or in a long step of its own, it is told as well.
    grace = math.inf if end is None else end + GRACE * left
    while not running.done() and clock() < grace:
        if (end is not None and clock() > end) or (cancelled and cancelled()):
            solver.stop_search()
        wait([running], TELL)
    if not running.done():
        return found
    status = running.result()
    bound, sequence, objective = found.bound, found.sequence, found.objective
    # Without an order of its own, not even the one it was given, it has not begun and knows no bound.
    if status in (_solver().OPTIMAL, _solver().FEASIBLE):
        bound = max(bound, min(model.goal, round(solver.best_objective_bound)))
        order = model.order(solver)
        if (cost := problem.objective(order)) < objective:
            sequence, objective = order, cost
    return replace(found, sequence=sequence, objective=objective, bound=bound)


@dataclass
class Model:
    """A model with an objective that no order has less than; `goal` is what the order found has of it."""

    model: Any
    goal: int
    order: Callable[[Any], Sequence]
    timed: bool = False


def _model(problem: Problem, found: Found) -> Model | None:
    match problem:
        case TourProblem():
            return _ring(problem, found)
        case TardinessProblem():
            return _late(problem, found)
        case LinesProblem():
            return _lines(problem, found)
    return None


def _ring(problem: TourProblem, found: Found) -> Model:
    """One ring through all operations."""
    size, costs = len(problem.costs), problem.costs.tolist()
    model = _solver().CpModel()
    ways = {(a, b): model.new_bool_var("") for a in range(size) for b in range(size) if a != b}
    model.add_circuit([(a, b, taken) for (a, b), taken in ways.items()])
    model.minimize(sum(costs[a][b] * taken for (a, b), taken in ways.items()))
    tour = found.sequence.tolist()
    now = set(zip(tour, [*tour[1:], tour[0]], strict=True))
    for way, taken in ways.items():
        model.add_hint(taken, way in now)

    def order(solver: Any) -> Sequence:
        after = dict(way for way, taken in ways.items() if solver.boolean_value(taken))
        ring = [0]
        while after[ring[-1]]:
            ring.append(after[ring[-1]])
        return np.array(ring, dtype=np.int64)

    return Model(model, found.objective, order)


# Operations on resources. All times are working seconds of a resource from one moment on, so that pauses are nowhere
# but in what is late.


class Line(NamedTuple):
    """A resource: when it is free, and for each operation when it is released and how long it works, None: never here.

    `takes` and `costs` are setups, None where forbidden; their rows are what stands before: the operations, the first
    state, the walls. Walls are begin and end; `before` says which operations may stand right before each.
    """

    free: int
    ready: list[int]
    work: list[int | None]
    takes: list[list[int | None]]
    costs: list[list[int]]
    walls: list[tuple[int, int]]
    before: list[list[bool]]


class Due(NamedTuple):
    """What a second late costs, from when on it counts, and the pauses behind that, each with its clock seconds."""

    weight: int
    moment: int
    pauses: tuple[tuple[int, int], ...] = ()

    def longest(self, horizon: int) -> int:
        """How late it can be."""
        return horizon - self.moment + sum(seconds for _, seconds in self.pauses) if self.weight else 0


@dataclass
class Plant:
    """All lines, with the due dates of the operations on each of them. `limits` must be kept, None: no such.

    `alike` are operations that nothing tells apart. Without `timed` only setups cost anything.
    """

    lines: list[Line]
    dues: list[list[Due]]
    limits: list[list[int | None]]
    alike: list[list[int]]
    timed: bool
    gap: int = 0
    gap_weight: int = 0

    @property
    def horizon(self) -> int:
        """No operation ends later where none waits without a reason."""
        size = len(self.dues[0])
        latest = max(max(line.free, *line.ready, *(over for _, over in line.walls)) for line in self.lines)
        for one in range(size):
            latest += max(
                (line.work[one] or 0) + max(row[one] or 0 for row in line.takes)
                for line in self.lines
                if line.work[one] is not None
            )
        return latest


@dataclass
class Circuits:
    """The model of a plant: a ring of each resource through its first state, its walls and the operations it gets.

    Nothing above `goal` is looked for.
    """

    plant: Plant
    goal: int
    model: Any = field(default_factory=lambda: _solver().CpModel())
    ways: list[dict[tuple[int, int], Any]] = field(default_factory=list)
    terms: list[Any] = field(default_factory=list)
    hints: list[tuple[Any, int]] = field(default_factory=list)
    _on: list[list[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write down what holds for every order."""
        plant, model = self.plant, self.model
        self._size, self._horizon = len(plant.dues[0]), plant.horizon
        ones = range(self._size)
        self._ends = [model.new_int_var(0, self._horizon, "") for _ in ones]
        self._gaps = [model.new_int_var(0, self._horizon, "") if plant.gap_weight else None for _ in ones]
        self._into: list[list[Any]] = [[] for _ in ones]
        for line in plant.lines:
            self._ring(line)
        for one in ones:
            model.add_exactly_one(on[one] for on in self._on if on[one] is not None)
            if plant.timed:
                model.add(self._ends[one] >= sum(self._into[one]))
        for group in plant.alike if plant.timed else []:
            for one, other in pairwise(group):
                model.add(self._ends[one] <= self._ends[other])
        self.terms += [plant.gap_weight * gap for gap in self._gaps if gap is not None]
        self._late()
        # What costs more than what is known is not worth a look, and told so it is cut off early.
        model.add(sum(self.terms) <= self.goal)
        model.minimize(sum(self.terms))

    def _ring(self, line: Line) -> None:
        model, size = self.model, self._size
        here = [one for one in range(size) if line.work[one] is not None]
        on: list[Any] = [model.new_bool_var("") if one in here else None for one in range(size)]
        self._on.append(on)
        ways: dict[tuple[int, int], Any] = {(one, one): on[one].negated() for one in here}
        walls = range(size + 1, size + 1 + len(line.walls))
        begin, last = size, walls[-1] if walls else size
        if not walls:
            # A ring without the first state would be a line that begins nowhere.
            ways[begin, begin] = model.new_bool_var("")
            for one in here:
                model.add_implication(on[one], ways[begin, begin].negated())
        for before, wall in zip([begin, *walls], walls, strict=False):
            ways[before, wall] = model.new_bool_var("")
        for before in (*here, begin, *walls):
            for one in here:
                if before != one and line.takes[before][one] is not None:
                    self._way(line, ways, before, one)
        for one in here:
            ways[one, begin] = model.new_bool_var("")
            for place, wall in enumerate(walls):
                if line.before[one][place]:
                    ways[one, wall] = model.new_bool_var("")
                    model.add(self._ends[one] <= line.walls[place][0]).only_enforce_if(ways[one, wall])
        if walls:
            ways[last, begin] = model.new_bool_var("")
        model.add_circuit([(tail, head, taken) for (tail, head), taken in ways.items()])
        self.ways.append(ways)
        if self.plant.timed:
            self._take_turns(line, on)

    def _take_turns(self, line: Line, on: list[Any]) -> None:
        """No two operations at once: each takes its time and the shortest setup that leads to it."""
        turns = []
        for one, here in enumerate(on):
            takes = [row[one] for place, row in enumerate(line.takes) if place != one]
            known = [each for each in takes if each is not None]
            if here is not None and known:
                length = (line.work[one] or 0) + min(known)
                start = self._ends[one] - length
                turns.append(self.model.new_optional_fixed_size_interval_var(start, length, here, ""))
        self.model.add_no_overlap(turns)

    def _way(self, line: Line, ways: dict[tuple[int, int], Any], before: int, one: int) -> None:
        """An operation behind something: what that costs, and when it ends at the soonest."""
        size, plant = self._size, self.plant
        ways[before, one] = taken = self.model.new_bool_var("")
        takes = (line.takes[before][one] or 0) + (line.work[one] or 0)
        if cost := line.costs[before][one]:
            self.terms.append(cost * taken)
        if not plant.timed:
            return
        free = line.walls[before - size - 1][1] if before > size else line.free
        self._into[one].append((max(free, line.ready[one]) + takes) * taken)
        if before < size:
            self.model.add(self._ends[one] >= self._ends[before] + takes).only_enforce_if(taken)
            if (gap := self._gaps[one]) is not None:
                waits = self._ends[one] - takes - self._ends[before]
                self.model.add(gap >= waits - plant.gap).only_enforce_if(taken)

    def _late(self) -> None:
        """Each operation is late by its working seconds behind its due date and the pauses it has passed since.

        Resources of the same calendar share what they say about it.
        """
        for one in range(self._size if self.plant.timed else 0):
            dues: dict[Due, list[Any]] = {}
            for on, line, limits in zip(self._on, self.plant.dues, self.plant.limits, strict=True):
                if on[one] is None:
                    continue
                if (limit := limits[one]) is not None:
                    self.model.add(self._ends[one] <= limit).only_enforce_if(on[one])
                dues.setdefault(line[one], []).append(on[one])
            longest = max(due.longest(self._horizon) for due in dues)
            if longest > 0:
                late = self.model.new_int_var(0, longest, "")
                for due, ons in dues.items():
                    self._due(one, late, due, ons if len(dues) > 1 else [])
                self.terms.append(max(due.weight for due in dues) * late)

    def _due(self, one: int, late: Any, due: Due, ons: list[Any]) -> None:
        """How late one is on any of these resources, on all of them where none is named."""
        model, end, passed = self.model, self._ends[one], []
        for moment, seconds in due.pauses:
            behind = model.new_bool_var("")
            model.add(end <= moment).only_enforce_if(behind.negated())
            passed.append(seconds * behind)
        for on in ons or [True]:
            model.add(late >= end - due.moment + sum(passed)).only_enforce_if(on)

    def hint(self, paths: list[list[int]]) -> None:
        """Start from lines as nodes: operations, and walls behind the first state."""
        size, ends = self._size, dict[int, int]()
        where: dict[int, int] = {}
        for place, (path, line) in enumerate(zip(paths, self.plant.lines, strict=True)):
            moment, before = line.free, size
            for node in path:
                if node < size:
                    ready = max(moment, line.ready[node])
                    moment = ready + (line.takes[before][node] or 0) + (line.work[node] or 0)
                    ends[node], where[node] = moment, place
                else:
                    moment = max(moment, line.walls[node - size - 1][1])
                before = node
        names = list(range(size))
        for group in self.plant.alike:
            for one, name in zip(sorted(group, key=lambda each: ends[each]), group, strict=True):
                names[one] = name
        for place, (path, ways) in enumerate(zip(paths, self.ways, strict=True)):
            nodes = [size, *(names[node] if node < size else node for node in path), size]
            now = set(pairwise(nodes))
            for (tail, head), taken in ways.items():
                if tail == head and tail < size:
                    continue
                self.model.add_hint(taken, (tail, head) in now)
            for one, on in enumerate(self._on[place]):
                if on is not None:
                    self.model.add_hint(on, one in nodes)
        if self.plant.timed:
            for one in range(size):
                self.model.add_hint(self._ends[names[one]], ends[one])

    def read(self, solver: Any) -> Iterator[tuple[int, int]]:
        """Operations with their resources, line by line."""
        for place, ways in enumerate(self.ways):
            after = {
                tail: head
                for (tail, head), taken in ways.items()
                if (tail != head or tail == self._size) and solver.boolean_value(taken)
            }
            node = after[self._size]
            while node != self._size:
                if node < self._size:
                    yield node, place
                node = after[node]


def _groups(rows: list[Any]) -> list[list[int]]:
    """The places of equal rows, where there are several."""
    places: dict[Any, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row, []).append(place)
    return [group for group in places.values() if len(group) > 1]


def _late(problem: TardinessProblem, found: Found) -> Model | None:
    """One resource without pauses; its first state is the last row of its setups."""
    size, setup = len(problem.process), problem.setup.tolist()
    line = Line(
        free=0,
        ready=[0] * size,
        work=problem.process.tolist(),
        takes=setup,
        costs=[[problem.setup_weight * each for each in row] for row in setup],
        walls=[],
        before=[[] for _ in range(size)],
    )
    dues = [Due(int(weight), int(due)) for weight, due in zip(problem.weight, problem.due, strict=True)]
    plant = Plant([line], [dues], [[None] * size], [], timed=True)
    if found.objective >= MOST_COST:
        return None
    circuits = Circuits(plant, found.objective)
    circuits.hint([found.sequence.tolist()])

    def order(solver: Any) -> Sequence:
        return np.array([one for one, _ in circuits.read(solver)], dtype=np.int64)

    return Model(circuits.model, found.objective, order, timed=True)


def _lines(problem: LinesProblem, found: Found) -> Model | None:
    """The lines of a step, as far as arrays tell: what the objective counts beside the lengths of the lines."""
    work = problem.work
    times = problem.times(found.sequence)
    lengths, barred = problem.apart(times)
    nodes = [int(allowed.sum()) + last - first + 1 for allowed, (_, _, first, last)
             in zip(work.allowed.T, work.lines.tolist(), strict=True)]  # fmt: skip
    if barred or sum(count * count for count in nodes) > MOST_ARCS:
        return None
    goal = found.objective - lengths
    kept = goal < kernel.OVER * kernel.SECOND
    plant = _plant(work, kept)
    heaviest = int(work.tasks[:, kernel.WEIGHT].max()) + int(work.rules[kernel.GAP_WEIGHT]) + kernel.SECOND
    horizon = plant.horizon
    latest = max(horizon, *(due.longest(horizon) for dues in plant.dues for due in dues))
    if goal >= MOST_COST or len(times) * heaviest * latest >= MOST_SUM:
        return None
    circuits = Circuits(plant, goal)
    paths = []
    size = len(times)
    for resource, (_, _, first, last) in enumerate(work.lines.tolist()):
        stands = [(int(times[one, 0]), 1, one) for one in range(size) if times[one, 3] == resource]
        walls = enumerate(work.walls[first:last, kernel.START].tolist())
        stands += [(start, 0, size + 1 + place) for place, start in walls]
        paths.append([node for _, _, node in sorted(stands)])
    circuits.hint(paths)

    def order(solver: Any) -> Sequence:
        return np.array(list(circuits.read(solver)), dtype=np.int64)

    return Model(circuits.model, goal, order, plant.timed)


@dataclass
class Shifts:
    """The working time of a resource from a moment on."""

    begin: int
    stretches: NDArray[np.int64]
    fastest: float

    def worked(self, moment: int) -> int:
        """Working seconds up to a moment; before the begin the clock counts."""
        if moment < self.begin:
            return moment - self.begin
        opens = np.maximum(self.stretches[:, OPENS], self.begin)
        return int(np.maximum(np.minimum(self.stretches[:, CLOSES], moment) - opens, 0).sum())

    @cached_property
    def pauses(self) -> list[tuple[int, int, int]]:
        """Pauses by the working seconds before them, when they begin, and when they end."""
        closes = np.maximum(np.concatenate([[self.begin], self.stretches[:-1, CLOSES]]), self.begin)
        worked = np.maximum(self.stretches[:, CLOSES] - np.maximum(self.stretches[:, OPENS], self.begin), 0)
        before = np.concatenate([[0], np.cumsum(worked)[:-1]])
        rows = zip(before.tolist(), closes.tolist(), self.stretches[:, OPENS].tolist(), strict=True)
        return [row for row in rows if row[2] > row[1]]

    def due(self, weight: int, moment: int, horizon: int) -> Due:
        """What is late behind a moment; pauses behind the horizon are nobody's."""
        pauses = [
            (worked, reopens - max(closes, moment))
            for worked, closes, reopens in self.pauses
            if reopens > moment and worked < horizon
        ]
        return Due(weight, self.worked(moment), tuple(pauses[:MOST_PAUSES]))


def _shifts(work: Work) -> list[Shifts]:
    """By resource, from when the first of them is free."""
    begin = int(work.lines[:, kernel.FREE].min())
    ends = [*sorted(set(work.clocks.first.tolist())), len(work.clocks.stretches)]
    found = []
    for first in work.clocks.first.tolist():
        part = slice(first, ends[ends.index(first) + 1])
        found.append(Shifts(begin, work.clocks.stretches[part], float(work.clocks.rates[part, RATE].max())))
    return found


def _plant(work: Work, kept: bool) -> Plant:
    """The plant in working seconds; where capacity changes, each resource is always as fast as it ever is."""
    size, tasks = len(work.nominal), work.tasks
    shifts = _shifts(work)
    lines = [_line(work, resource, shift) for resource, shift in enumerate(shifts)]
    plant = Plant(lines, [[Due(0, 0)] * size], [], [], timed=False)
    horizon = plant.horizon
    plant.limits = [
        [shift.worked(limit) if kept and limit < FAR else None for limit in tasks[:, kernel.LIMIT].tolist()]
        for shift in shifts
    ]
    plant.dues = [
        [
            shift.due(weight, due, horizon) if weight and shift.worked(due) < horizon else Due(0, horizon)
            for weight, due in tasks[:, [kernel.WEIGHT, kernel.DUE]].tolist()
        ]
        for shift in shifts
    ]
    plant.gap, plant.gap_weight = int(work.rules[kernel.GAP]), int(work.rules[kernel.GAP_WEIGHT])
    late = any(due.weight for dues in plant.dues for due in dues)
    limited = any(limit is not None for limits in plant.limits for limit in limits)
    plant.timed = late or limited or plant.gap_weight > 0 or len(work.walls) > 0
    rows = np.column_stack([tasks, work.nominal, work.allowed])
    plant.alike = _groups([row.tobytes() for row in rows])
    return plant


def _line(work: Work, resource: int, shift: Shifts) -> Line:
    size, walls = len(work.nominal), work.walls
    free, initial, first, last = work.lines[resource].tolist()
    states = [*work.tasks[:, kernel.STATE], initial, *walls[first:last, kernel.LEFT]]
    dear = int(work.rules[kernel.DEAR])
    setups = [[change(work.changes, resource, before, state) for state in states[:size]] for before in states]
    pace = work.efficiency[resource] * shift.fastest
    return Line(
        free=shift.worked(free),
        ready=[max(0, shift.worked(moment)) for moment in work.tasks[:, kernel.RELEASE].tolist()],
        work=[
            max(0, math.ceil(nominal / pace - DUST)) if allowed else None
            for nominal, allowed in zip(work.nominal.tolist(), work.allowed[:, resource], strict=True)
        ],
        takes=[[None if each == FORBIDDEN else max(0, each) for each in row] for row in setups],
        costs=[
            [kernel.SECOND * (dear if each == MISSING else max(0, each)) for each in row] for row in setups
        ],
        walls=[(shift.worked(start), shift.worked(end)) for start, end in walls[first:last, :2].tolist()],
        before=[
            [kernel.leaves_setup(work, resource, state, wall) for wall in range(first, last)]
            for state in states[:size]
        ],
    )
