"""Total setup of a ring of operations: the asymmetric travelling salesman with segments that keep their direction.

The search runs on costs reduced by the potentials of the assignment relaxation. Every tour changes by the same
amount, so the order of the tours stays; but what is cheap now is what the relaxation would pick, and a tour whose
reduced cost is zero is proven to be the best there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.assignment import PART, Assignment
from scheduling.engine.search.branch import Branching, promising
from scheduling.engine.search.chance import Stream, below, stream
from scheduling.engine.search.compiled import compiled
from scheduling.engine.search.proof import MOST_PROVEN, TourProof
from scheduling.engine.search.running import NEVER, Flag, Over, never

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A raw matrix of 20,000 operations would be 3.2 GB; the callers split by resource long before.
MOST_OPERATIONS = 5000
MOST_COST = 10**12
# Looking for short cuts takes the cube of the states; with more than this nothing is put together.
MOST_STATES = 1000
NEIGHBOURS = 10
# With fewer states there are two tours at most, and nothing to search.
LEAST_STATES = 4
# The relaxation is taken as far as it came when this share of the time has gone: a tour needs the rest.
PREPARING = 0.3
# A kick stays local: three neighbouring segments of at most this many operations change places.
SEGMENT = 50
# How much worse than before a tour may be after a kick, in average reduced costs of its steps: falls to nothing over a
# cycle and starts again; cool cycles polish, hot ones leave the valley.
HEATS = (12, 4)
CYCLE = 50
# The first worker pauses behind so many kicks, more for more operations, and branches: a look at a cost takes about as
# long as a kick divided by this for each operation.
ROUND = 100
LOOKS = 20
# The share at first, and its limits: it doubles where that found a better tour and halves where it did not; as long as
# no kick finds a better one than that, half of the time is kept for it.
FIRST_SHARE, LEAST_SHARE, MOST_SHARE, KEPT_SHARE = 4.0, 0.125, 16.0, 1.0

# Places in the array that a walk carries from call to call.
HEAD, WAITING, LENGTH, BEST, DONE = range(5)


@compiled
def exchange(tour: Numbers, place: Numbers, spare: Numbers, start: int, first: int, second: int) -> None:
    """Let the `first` operations from position `start` and the `second` after them change places."""
    size = tour.size
    source = target = start
    for k in range(first):
        spare[k] = tour[source]
        source = source + 1 if source + 1 < size else 0
    for _ in range(second):
        city = tour[source]
        tour[target] = city
        place[city] = target
        source = source + 1 if source + 1 < size else 0
        target = target + 1 if target + 1 < size else 0
    for k in range(first):
        city = spare[k]
        tour[target] = city
        place[city] = target
        target = target + 1 if target + 1 < size else 0


@compiled
def cheapest_exchange(size: int, start: int, first: int, second: int) -> tuple[int, int, int]:
    """Name the same new ring by the exchange that moves fewest: the longest of the three segments stays."""
    third = size - first - second
    if third >= first and third >= second:
        return start, first, second
    if first >= second:
        return (start + first) % size, second, third
    return (start + first + second) % size, third, first


@compiled
def best_from(
    costs: Numbers, near: Numbers, tour: Numbers, place: Numbers, city: int
) -> tuple[int, int, int]:
    """Find the best exchange that cuts the step out of `city`: its gain, and where the two segments end after it."""
    size = tour.size
    start = place[city]
    after = tour[start + 1 if start + 1 < size else 0]
    gain = middle = end = 0
    for one in range(near.shape[1]):
        second = near[city, one]
        saved = costs[city, after] - costs[city, second]
        if saved <= 0:
            break
        at = place[second]
        to_second = at - start if at > start else at - start + size
        before_second = tour[at - 1 if at else size - 1]
        saved += costs[before_second, second]
        for two in range(near.shape[1]):
            third = near[before_second, two]
            rest = saved - costs[before_second, third]
            if rest <= gain:
                break
            at = place[third]
            to_third = at - start if at > start else at - start + size
            if to_third <= to_second:
                continue
            before_third = tour[at - 1 if at else size - 1]
            total = rest + costs[before_third, third] - costs[before_third, after]
            if total > gain:
                gain, middle, end = total, to_second, to_third
    return gain, middle, end


@compiled
def best_into(
    costs: Numbers, near: Numbers, tour: Numbers, place: Numbers, city: int
) -> tuple[int, int, int]:
    """Find the best exchange that cuts the step into `city`; measured from the operation before it."""
    size = tour.size
    start = place[city] - 1 if place[city] else size - 1
    before = tour[start]
    gain = middle = end = 0
    for one in range(near.shape[1]):
        last = near[city, one]
        saved = costs[before, city] - costs[last, city]
        if saved <= 0:
            break
        at = place[last]
        to_last = at - start if at >= start else at - start + size
        third = tour[at + 1 if at + 1 < size else 0]
        saved += costs[last, third]
        for two in range(near.shape[1]):
            turn = near[third, two]
            rest = saved - costs[turn, third]
            if rest <= gain:
                break
            at = place[turn]
            to_turn = at - start if at >= start else at - start + size
            if to_turn == 0 or to_turn >= to_last:
                continue
            second = tour[at + 1 if at + 1 < size else 0]
            total = rest + costs[turn, second] - costs[before, second]
            if total > gain:
                gain, middle, end = total, to_turn + 1, to_last + 1
    return gain, middle, end


@compiled
def wake(queue: Numbers, asleep: Flags, state: Numbers, city: int) -> None:
    """Queue an operation to be looked at, once."""
    if asleep[city]:
        asleep[city] = False
        queue[(state[HEAD] + state[WAITING]) % queue.size] = city
        state[WAITING] += 1


@compiled
def kick(
    costs: Numbers, tour: Numbers, place: Numbers, spare: Numbers, log: Numbers,
    queue: Numbers, asleep: Flags, state: Numbers, start: int, one: int, two: int, three: int,
) -> None:  # fmt: skip
    """Turn the order of three neighbouring segments round (a double bridge), each keeping its direction."""
    size = tour.size
    ends = (one, one + two, one + two + three)
    first, second, third = tour[start], tour[(start + ends[0]) % size], tour[(start + ends[1]) % size]
    before, after = tour[(start - 1) % size], tour[(start + ends[2]) % size]
    last_one, last_two = tour[(start + ends[0] - 1) % size], tour[(start + ends[1] - 1) % size]
    last_three = tour[(start + ends[2] - 1) % size]
    removed = (
        costs[before, first] + costs[last_one, second] + costs[last_two, third] + costs[last_three, after]
    )
    added = costs[before, third] + costs[last_three, second] + costs[last_two, first] + costs[last_one, after]
    log[0, 0], log[0, 1], log[0, 2] = start, one, two + three
    log[1, 0], log[1, 1], log[1, 2] = start, two, three
    for k in range(2):
        exchange(tour, place, spare, log[k, 0], log[k, 1], log[k, 2])
    state[LENGTH] += added - removed
    for city in (before, last_three, last_two, last_one, third, second, first, after):
        wake(queue, asleep, state, city)


@compiled
def descend(
    costs: Numbers, after: Numbers, before: Numbers, tour: Numbers, place: Numbers, spare: Numbers, log: Numbers,
    queue: Numbers, asleep: Flags, state: Numbers, logged: int, stop: Flag,
) -> int:  # fmt: skip
    """Exchange segments until no queued operation gains; return how many exchanges stand in the log, -1 if too many.

    Once `stop` is set no further operation is looked at; the tour and its length are right at any time.
    """
    size = tour.size
    while state[WAITING] and not stop[0]:
        city = queue[state[HEAD]]
        state[HEAD] = (state[HEAD] + 1) % size
        state[WAITING] -= 1
        asleep[city] = True
        while True:
            start = place[city]
            gain, middle, end = best_from(costs, after, tour, place, city)
            if gain <= 0:
                gain, middle, end = best_into(costs, before, tour, place, city)
                start = (start - 1) % size
            if gain <= 0:
                break
            for k in (0, 1, middle - 1, middle, end - 1, end):
                wake(queue, asleep, state, tour[(start + k) % size])
            at, one, two = cheapest_exchange(size, (start + 1) % size, middle - 1, end - middle)
            exchange(tour, place, spare, at, one, two)
            state[LENGTH] -= gain
            if logged == log.shape[0]:
                logged = -1
            if logged >= 0:
                log[logged, 0], log[logged, 1], log[logged, 2] = at, one, two
                logged += 1
    return logged


@compiled
def wander(
    costs: Numbers, after: Numbers, before: Numbers, tour: Numbers, place: Numbers, best: Numbers, spare: Numbers,
    log: Numbers, queue: Numbers, asleep: Flags, state: Numbers, numbers: Stream, iterations: int,
    segment: int, heats: Numbers, cycle: int, stop: Flag,
) -> int:  # fmt: skip
    """Kick, descend, and go back along the log where the tour became too much worse; return how often."""
    size = tour.size
    for made in range(iterations):
        if stop[0]:
            return made
        length = state[LENGTH]
        start = below(numbers, size)
        one, two, three = (
            1 + below(numbers, segment),
            1 + below(numbers, segment),
            1 + below(numbers, segment),
        )
        kick(costs, tour, place, spare, log, queue, asleep, state, start, one, two, three)
        logged = descend(costs, after, before, tour, place, spare, log, queue, asleep, state, 2, stop)
        if state[LENGTH] < state[BEST]:
            state[BEST] = state[LENGTH]
            best[:] = tour
        heat = heats[state[DONE] // cycle % heats.size]
        allowed = below(numbers, heat - heat * (state[DONE] % cycle) // cycle + 1)
        state[DONE] += 1
        if state[LENGTH] > length + allowed and logged >= 0:
            for k in range(logged - 1, -1, -1):
                exchange(tour, place, spare, log[k, 0], log[k, 2], log[k, 1])
            state[LENGTH] = length
    return iterations


@compiled
def nearest(costs: Numbers, width: int) -> Numbers:
    """Name for each row its cheapest columns, cheapest and leftmost first."""
    near = np.empty((costs.shape[0], width), np.int64)
    for row in range(costs.shape[0]):
        held = 0
        for column in range(costs.shape[1]):
            cost = costs[row, column]
            if held == width and cost >= costs[row, near[row, width - 1]]:
                continue
            place = held if held < width else width - 1
            while place > 0 and costs[row, near[row, place - 1]] > cost:
                near[row, place] = near[row, place - 1]
                place -= 1
            near[row, place] = column
            held = min(held + 1, width)
    return near


@compiled
def cheapest_steps(costs: Numbers) -> int:
    """Sum the cheapest step out of each operation."""
    total = 0
    for one in range(costs.shape[0]):
        cheapest = costs[one, 1] if one == 0 else costs[one, 0]
        for other in range(costs.shape[0]):
            if other != one and costs[one, other] < cheapest:
                cheapest = costs[one, other]
        total += cheapest
    return total


@compiled
def greedy(costs: Numbers, first: int) -> Numbers:
    """Go on to the cheapest operation not yet visited."""
    size = costs.shape[0]
    tour = np.empty(size, np.int64)
    left = np.ones(size, np.bool_)
    city = first
    for k in range(size):
        tour[k] = city
        left[city] = False
        following = -1
        for other in range(size):
            if left[other] and (following < 0 or costs[city, other] < costs[city, following]):
                following = other
        city = following
    return tour


@compiled
def short_cut(costs: Numbers, over: int) -> bool:
    """Whether any step is dearer than going over the operation `over`."""
    for last in range(costs.shape[0]):
        for following in range(costs.shape[0]):
            if over in (last, following) or last == following:
                continue
            if costs[last, over] + costs[over, following] < costs[last, following]:
                return True
    return False


@compiled
def fingerprints(
    costs: Numbers, words: Stream, begin: int, end: int, of_rows: Stream, of_columns: Stream
) -> None:
    """Add up numbers that are equal where whole rows, or whole columns, are."""
    for row in range(begin, end):
        for column in range(costs.shape[1]):
            cost = np.uint64(costs[row, column])
            of_rows[row] += cost * words[column]
            of_columns[column] += cost * words[row]


@compiled
def alike(costs: Numbers, one: int, other: int) -> bool:
    """Whether every setup from and to two operations agrees; with a diagonal of 0 nothing is set up between them."""
    for third in range(costs.shape[0]):
        if costs[one, third] != costs[other, third] or costs[third, one] != costs[third, other]:
            return False
    return True


class TourProblem:
    """Find the cheapest ring through all operations, `costs[a, b]` being the setup from a to b.

    A path from a resource's last state is a ring as well: let operation 0 be that state and cost nothing to return to.
    Whole numbers only, so that sums are exact. Refuses matrices that are not square, empty, above 5,000 operations
    or with a setup above 10^12 either way.
    """

    def __init__(self, costs: NDArray[np.integer]) -> None:
        """Take a copy of the setups; the diagonal means nothing."""
        if costs.ndim != 2 or costs.shape[0] != costs.shape[1] or not costs.size:
            raise ValueError(f"a setup matrix is square and not empty, not {costs.shape}")
        if costs.shape[0] > MOST_OPERATIONS:
            raise ValueError(f"{costs.shape[0]} operations; one search takes {MOST_OPERATIONS} at most")
        if np.abs(costs).max() > MOST_COST:
            raise ValueError(f"a setup is {np.abs(costs).max()}; {MOST_COST} at most")
        self.costs = np.ascontiguousarray(costs, dtype=np.int64).copy()
        np.fill_diagonal(self.costs, 0)
        self._ready = False

    def prepare(self, over: Over) -> bool:
        """Do what walks need in parts of some milliseconds; False where `over` says between two that time has gone."""
        if not self._ready:
            for _ in self._parts(over):
                if over():
                    return False
            self._ready = True
        return True

    def _parts(self, over: Over) -> Iterator[None]:
        """Put equal states together, relax, reduce, and name the nearest."""
        yield from self._group()
        firsts = [group[0] for group in self._groups]
        size = len(firsts)
        self._between = self.costs if size == len(self.costs) else self.costs[np.ix_(firsts, firsts)]
        yield
        if size < LEAST_STATES:
            self._bound = TourWalk(self, 0, 0).objective
            return
        relaxed = Assignment(self._between)
        yield from relaxed.start()
        while not relaxed.done and not over(PREPARING):
            relaxed.advance()
            yield
        self._bound = int(relaxed.rows.sum() + relaxed.columns.sum())
        self._successors = relaxed.successors
        self._reduced = np.empty_like(self._between)
        width, step = min(NEIGHBOURS, size - 1), max(1, PART // size)
        blocks = [slice(begin, begin + step) for begin in range(0, size, step)]
        most = 0
        for block in blocks:
            part = self._reduced[block]
            np.subtract(self._between[block], relaxed.rows[block, None], out=part)
            part -= relaxed.columns
            most = max(most, int(part.max()))
            yield
        # No group follows itself.
        np.fill_diagonal(self._reduced, 2 * most + 1)
        self._after, self._before = np.empty((2, size, width), dtype=np.int64)
        for block in blocks:
            self._after[block] = nearest(self._reduced[block], width)
            self._before[block] = nearest(np.ascontiguousarray(self._reduced[:, block].T), width)
            yield

    def _group(self) -> Iterator[None]:
        """Put together what is equal and no short cut."""
        costs, size = self.costs, len(self.costs)
        step = max(1, PART // size)
        words = np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        words ^= words >> np.uint64(29)
        words *= np.uint64(0xBF58476D1CE4E5B9)
        marks = np.zeros((2, size), dtype=np.uint64)
        for begin in range(0, size, step):
            fingerprints(costs, words, begin, min(size, begin + step), marks[0], marks[1])
            yield
        alike_so_far: dict[tuple[int, int], list[list[int]]] = {}
        groups = []
        for one, mark in enumerate(zip(*marks.tolist(), strict=True)):
            known = alike_so_far.setdefault(mark, [])
            group = next((group for group in known if alike(costs, group[0], one)), None)
            if group is None:
                group = []
                known.append(group)
                groups.append(group)
            group.append(one)
            if one % 64 == 0:
                yield
        self._groups = [[one] for one in range(size)]
        if len(groups) == size or len(groups) > MOST_STATES:
            return
        firsts = np.array([group[0] for group in groups])
        between = np.ascontiguousarray(costs[np.ix_(firsts, firsts)])
        parts: list[list[int]] = []
        for state, group in enumerate(groups):
            if len(group) == 1 or not short_cut(between, state):
                parts.append(group)
            else:
                parts += [[one] for one in group]
            yield
        self._groups = sorted(parts)

    @property
    def groups(self) -> list[list[int]]:
        """Operations of equal state that some best tour visits together, each group by ascending number.

        Two are equal where nothing is set up between them and every other setup agrees. They are only put together
        where no way over one of them is shorter than the direct step; elsewhere that could cost the best tour.
        """
        self.prepare(never)
        return self._groups

    @property
    def first(self) -> Numbers:
        """A sequence for whoever has no time to prepare: always the cheapest step."""
        return greedy(self.costs, 0)

    @property
    def floor(self) -> int:
        """A total that no tour goes below, without preparing anything: the cheapest step out of each operation."""
        return cheapest_steps(self.costs) if len(self.costs) > 1 else 0

    @property
    def bound(self) -> int:
        """A total that no tour goes below: the assignment relaxation of the groups, exact below four groups."""
        self.prepare(never)
        return self._bound

    def objective(self, sequence: Numbers) -> int:
        """Sum the setups of a ring anew."""
        return int(self.costs[sequence, np.roll(sequence, -1)].sum())

    def walk(self, seed: int, worker: int) -> TourWalk:
        """Start one walk; same seed and worker, same walk."""
        self.prepare(never)
        return TourWalk(self, seed, worker)

    def proof(self) -> TourProof | None:
        """A bound by trees and prices that climbs from the relaxation; none of the smallest and the largest."""
        self.prepare(never)
        if not LEAST_STATES <= len(self._groups) <= MOST_PROVEN:
            return None
        return TourProof(self._reduced, self._bound)


class TourWalk:
    """One worker's way through the tours. It owns its arrays, so several walk at once over the same problem."""

    def __init__(self, problem: TourProblem, seed: int, worker: int) -> None:
        """Start greedily, the first worker at the first operation."""
        self._groups = problem._groups
        size = len(self._groups)
        self._small = size < LEAST_STATES
        self._branching: Branching | None = None
        costs = problem._between if self._small else problem._reduced
        self._bound = 0 if self._small else problem._bound
        self._numbers = stream(seed * 1_000_003 + worker)
        tour = greedy(costs, below(self._numbers, size) if worker else 0)
        self._best = tour.copy()
        self._state = np.zeros(5, dtype=np.int64)
        if self._small:
            self._best = tour = self._better_way_round(costs, tour)
        self._state[[LENGTH, BEST]] = costs[tour, np.roll(tour, -1)].sum() if size > 1 else 0
        if self._small:
            return
        place = np.empty(size, dtype=np.int64)
        place[tour] = np.arange(size)
        log = np.zeros((2 * size + 100, 3), dtype=np.int64)
        spare, asleep = np.empty(size, dtype=np.int64), np.zeros(size, dtype=np.bool_)
        self._state[WAITING] = size
        self._ways = costs, problem._after, problem._before, tour, place
        self._held = spare, log, tour.copy(), asleep, self._state
        self._pace: tuple[int, Numbers, int] | None = None
        self._worker = worker
        self._round, self._share, self._last_branched = max(ROUND, size), FIRST_SHARE, -1
        successors = problem._successors
        if not worker and successors is not None and promising(successors):
            self._branching = Branching(costs, successors)

    def _descend(self, stop: Flag) -> tuple[int, Numbers, int]:
        """Take the tour down, and measure by it how far kicks reach and how much worse a tour may become."""
        tour, size = self._ways[3], len(self._best)
        descend(*self._ways, *self._held, 0, stop)
        if self._state[LENGTH] < self._state[BEST]:
            self._state[BEST] = self._state[LENGTH]
            self._best[:] = tour
        step = -(-int(self._state[LENGTH]) // size)
        heats = np.array([heat * step for heat in HEATS], dtype=np.int64)
        return max(1, min(SEGMENT, (size - 1) // 3)), np.roll(heats, self._worker), CYCLE * size

    @staticmethod
    def _better_way_round(costs: Numbers, tour: Numbers) -> Numbers:
        other = tour[::-1].copy()
        return min((tour, other), key=lambda ring: int(costs[ring, np.roll(ring, -1)].sum()))

    def _branch(self, branching: Branching, stop: Flag) -> None:
        """Search through all tours for a while; go on from a better one."""
        looks = int(self._share * self._round * LOOKS * len(self._best))
        if branching.advance(looks, int(self._state[BEST]), stop):
            costs, _, _, tour, place = self._ways
            self._best[:] = tour[:] = branching.tour
            place[tour] = np.arange(len(tour))
            self._state[[LENGTH, BEST]] = costs[tour, np.roll(tour, -1)].sum()
            self._state[WAITING] = len(tour)
            asleep, queue = self._held[3], self._held[2]
            asleep[:], queue[:] = False, tour
            self._pace = self._descend(stop)
            self._last_branched = int(self._state[BEST])
            self._share = min(2 * self._share, MOST_SHARE)
        else:
            leads = self._state[BEST] == self._last_branched
            self._share = max(self._share / 2, KEPT_SHARE if leads else LEAST_SHARE)

    @property
    def objective(self) -> int:
        """The best total so far."""
        return int(self._state[BEST]) + self._bound

    @property
    def bound(self) -> int | None:
        """What branch and bound has proven: no tour costs less."""
        if not self._branching:
            return None
        return self._bound + min(self._branching.bound, int(self._state[BEST]))

    @property
    def sequence(self) -> Numbers:
        """The best ring so far, all operations of equal state beside each other."""
        return np.array([one for city in self._best for one in self._groups[city]], dtype=np.int64)

    def advance(self, iterations: int, stop: Flag = NEVER) -> int:
        """Walk on by so many kicks, the first time from the descended start; return how many were made.

        How they are split over calls changes nothing. Once `stop` is set the walk ends within microseconds.
        """
        if self._small:
            return iterations
        if self._pace is None:
            self._pace = self._descend(stop)
        made = 0
        while made < iterations and not stop[0]:
            count = iterations - made
            if branching := self._branching:
                if branching.done:
                    return iterations
                walked = int(self._state[DONE]) % self._round
                if not walked:
                    self._branch(branching, stop)
                count = min(count, self._round - walked)
            made += wander(*self._ways, self._best, *self._held, self._numbers, count, *self._pace, stop)
        return made


@cache
def warm_up() -> None:
    """Compile, or load what was compiled before, once in a process: no time limit should run out over it."""
    # Two operations of equal state, so that the look for short ways between states is compiled as well.
    states = np.array([0, 0, 1, 2, 3, 4])
    # And one that its start does not end, so that the first worker branches.
    for costs in (np.abs(states[:, None] - states), (np.arange(1, 145) ** 3 % 97).reshape(12, 12)):
        problem = TourProblem(costs)
        walk = problem.walk(1, 0)
        walk.advance(10)
        cheapest_steps(problem.costs)
        if proof := problem.proof():
            proof.advance(walk.objective)
