"""Weighted tardiness with setups that depend on the order, on one resource: every move is timed anew to its end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.assignment import Assignment
from scheduling.engine.search.chance import Stream, below, stream
from scheduling.engine.search.compiled import compiled
from scheduling.engine.search.running import NEVER, Flag, Over, never

Numbers = NDArray[np.int64]

MOST_OPERATIONS = 2000
# The bound assigns operations to places; that grows with the cube of their number.
MOST_ASSIGNED = 150
# Times, weights and dues may be this large, so that no sum of products leaves 64 bits.
MOST_TICKS = 10**9
MOST_WEIGHT = 10**4
# Blocks of up to so many operations are moved whole; nothing moves by more than so many positions at once.
BLOCK = 6
REACH = 60
# After a kick a sequence may be worse than before by a random share of so many ten-thousandths.
SLACK = 200
# Behind this share of the time no further start is made.
STARTING = 0.3
# How far ATCS looks ahead in due dates and setups; all pairs are tried and the best start is taken.
LOOKS = tuple(product((0.3, 0.6, 1.0, 2.0, 4.0), (0.1, 0.3, 0.6, 1.0, 2.0)))

# Places in the array that a walk carries from call to call.
NOW, BEST, BASE, KIND, STALE = range(5)
# Rows of what is held of each position: the setup before it (behind the last, all together), due date and weight of
# its operation; and, one further on, of all up to it: when they end, what they cost late, what the late ones weigh.
CHANGE, DUE, WEIGHT, ENDS, COSTS, HEAVY = range(6)


@compiled
def retime(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, setup_weight: int,
    order: Numbers, held: Numbers, start: int,
) -> int:  # fmt: skip
    """Fill in what `held` keeps of each position from `start` on; return the whole cost."""
    size = order.size
    time: int = held[ENDS, start]
    cost: int = held[COSTS, start]
    last = order[start - 1] if start else process.size
    for k in range(start, size):
        job = order[k]
        held[CHANGE, k] = setup[last, job]
        held[DUE, k], held[WEIGHT, k] = due[job], weight[job]
        time += held[CHANGE, k] + process[job]
        held[HEAVY, k + 1] = held[HEAVY, k]
        if time > due[job]:
            cost += weight[job] * (time - due[job])
            held[HEAVY, k + 1] += weight[job]
        held[ENDS, k + 1], held[COSTS, k + 1] = time, cost
        last = job
    held[CHANGE, size] = time - process.sum()
    return int(cost + setup_weight * held[CHANGE, size])


@compiled
def cost_of(
    setup: Numbers, setup_weight: int, order: Numbers, held: Numbers, low: int, parts: Numbers, limit: int
) -> int:  # fmt: skip
    """What an order costs in which three parts from position `low` on change places; `limit` or more is all the same.

    `parts` holds where each begins and ends, in the new order; one may be empty. Within a part setups stay, so all of
    it shifts alike: later, each late operation stays so and pays for the shift; earlier, none saves more than its
    weight times the shift. So a few sums tell of most orders that they are no better; only the rest is timed.
    """
    last = order[low - 1] if low else setup.shape[0] - 1
    time: int = held[ENDS, low]
    least: int = held[COSTS, low]
    for k in range(4):
        begin, end = parts[k, 0], parts[k, 1]
        shift = 0
        if begin < end:
            shift = time + setup[last, order[begin]] - held[ENDS, begin] - held[CHANGE, begin]
            time = held[ENDS, end] + shift
            last = order[end - 1]
            least += held[COSTS, end] - held[COSTS, begin]
            least += shift * (held[HEAVY, end] - held[HEAVY, begin])
        parts[k, 2] = shift
    least += setup_weight * (held[CHANGE, order.size] + time - held[ENDS, order.size])
    for k in range(4):
        if least >= limit:
            return limit
        begin, end, shift = parts[k, 0], parts[k, 1], parts[k, 2]
        if begin == end or shift == 0:
            continue
        exact = np.int64(0)
        for at in range(begin, end):
            exact += max(held[ENDS, at + 1] + shift - held[DUE, at], 0) * held[WEIGHT, at]
        least += exact - held[COSTS, end] + held[COSTS, begin]
        least -= shift * (held[HEAVY, end] - held[HEAVY, begin])
    return min(int(least), limit)


@compiled
def cost_of_swap(
    setup: Numbers, setup_weight: int, order: Numbers, held: Numbers, parts: Numbers, one: int, two: int, limit: int
) -> int:  # fmt: skip
    """What it costs if the operations at positions one < two change places; `limit` or more is all the same."""
    parts[0, 0], parts[0, 1] = two, two + 1
    parts[1, 0], parts[1, 1] = one + 1, two
    parts[2, 0], parts[2, 1] = one, one + 1
    parts[3, 0], parts[3, 1] = two + 1, order.size
    return cost_of(setup, setup_weight, order, held, one, parts, limit)


@compiled
def cost_of_block(
    setup: Numbers, setup_weight: int, order: Numbers, held: Numbers, parts: Numbers,
    block: int, size: int, to: int, limit: int,
) -> int:  # fmt: skip
    """What it costs if `size` operations from position `block` start at position `to` instead."""
    low, middle = (to, block) if to < block else (block, block + size)
    high = max(block, to) + size
    parts[0, 0], parts[0, 1] = middle, high
    parts[1, 0], parts[1, 1] = low, middle
    parts[2, 0], parts[2, 1] = low, low
    parts[3, 0], parts[3, 1] = high, order.size
    return cost_of(setup, setup_weight, order, held, low, parts, limit)


@compiled
def move_block(order: Numbers, block: int, size: int, to: int) -> None:
    """Let `size` operations from position `block` start at position `to`."""
    moved = order[block : block + size].copy()
    if to < block:
        for k in range(block - 1, to - 1, -1):
            order[k + size] = order[k]
    else:
        for k in range(block, to):
            order[k] = order[k + size]
    order[to : to + size] = moved


@compiled
def sweep(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, setup_weight: int,
    order: Numbers, held: Numbers, parts: Numbers, kind: int, stop: Flag,
) -> int:  # fmt: skip
    """Give each position its best swap (kind 0) or its block of `kind` operations its best place; return the cost.

    Once `stop` is set the positions behind stay as they are.
    """
    now = retime(setup, process, weight, due, setup_weight, order, held, 0)
    size = order.size
    for one in range(size - max(kind, 1) + 1):
        if stop[0]:
            break
        best, place = now, -1
        if kind == 0:
            for two in range(one + 1, min(size, one + REACH + 1)):
                cost = cost_of_swap(setup, setup_weight, order, held, parts, one, two, best)
                if cost < best:
                    best, place = cost, two
        else:
            for to in range(max(0, one - REACH), min(size - kind, one + REACH) + 1):
                if to != one:
                    cost = cost_of_block(setup, setup_weight, order, held, parts, one, kind, to, best)
                    if cost < best:
                        best, place = cost, to
        if place < 0:
            continue
        if kind == 0:
            order[one], order[place] = order[place], order[one]
        else:
            move_block(order, one, kind, place)
        now = retime(setup, process, weight, due, setup_weight, order, held, min(one, place))
    return now


@compiled
def wander(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, setup_weight: int, order: Numbers,
    base: Numbers, best: Numbers, held: Numbers, parts: Numbers, state: Numbers, numbers: Stream,
    iterations: int, stop: Flag,
) -> int:  # fmt: skip
    """Sweep; where no kind of move gains any more, keep or go back, and kick; return how many sweeps were begun."""
    size = order.size
    kinds = 1 + min(BLOCK, size - 1)
    for made in range(iterations):
        if stop[0]:
            return made
        now = sweep(setup, process, weight, due, setup_weight, order, held, parts, state[KIND], stop)
        state[STALE] = 0 if now < state[NOW] else state[STALE] + 1
        state[NOW] = now
        if now < state[BEST]:
            state[BEST] = now
            best[:] = order
        if state[STALE] < kinds:
            state[KIND] = (state[KIND] + 1) % kinds
            continue
        if now <= state[BASE] + state[BASE] * below(numbers, SLACK + 1) // 10000:
            state[BASE] = now
            base[:] = order
        else:
            order[:] = base
        for _ in range(1 + below(numbers, 2)):
            one = 1 + below(numbers, min(6, size - 1))
            two = 1 + below(numbers, min(10, size - one))
            start = below(numbers, size - one - two + 1)
            move_block(order, start, one, start + two)
        state[NOW] = retime(setup, process, weight, due, setup_weight, order, held, 0)
        state[STALE] = state[KIND] = 0
    return iterations


@compiled
def urgent_first(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, ahead: float, near: float
) -> Numbers:
    """Always go on to the most urgent operation, in logarithms; the first of equal ones."""
    size = process.size
    order = np.arange(size)
    time, last = 0, size
    heavy = np.log(np.maximum(weight, 1e-9) / np.maximum(process, 1))
    for k in range(size):
        chosen, most = k, -np.inf
        for one in range(k, size):
            job = order[one]
            slack = max(due[job] - process[job] - time, 0)
            urgency = heavy[job] - ahead * slack - near * setup[last, job]
            if urgency > most or (urgency == most and job < order[chosen]):
                chosen, most = one, urgency
        job = order[chosen]
        order[chosen] = order[k]
        order[k] = job
        time += setup[last, job] + process[job]
        last = job
    return order


@dataclass(frozen=True)
class TardinessProblem:
    """Find the order of least setup_weight x setup + sum of weight x tardiness on one resource, from time 0.

    `setup[a, b]` stands between a and b; its last row is the resource's first state. Times are whole ticks. Refuses
    arrays that do not fit each other, negative ones, more than 2,000 operations and figures whose sums could overflow.
    """

    setup: NDArray[np.integer]
    process: NDArray[np.integer]
    weight: NDArray[np.integer]
    due: NDArray[np.integer]
    setup_weight: int = 0

    def __post_init__(self) -> None:
        """Check the arrays and keep copies of one kind, or each caller's kind would compile the loops again."""
        size = len(self.process)
        if not 1 <= size <= MOST_OPERATIONS:
            raise ValueError(f"{size} operations; one search takes 1 to {MOST_OPERATIONS}")
        if self.setup.shape != (size + 1, size) or {self.weight.shape, self.due.shape} != {(size,)}:
            raise ValueError(
                f"{size} process times need {size} weights and dues and {size + 1} x {size} setups"
            )
        for name, most in (
            ("setup", MOST_TICKS), ("process", MOST_TICKS), ("weight", MOST_WEIGHT), ("due", MOST_TICKS)
        ):  # fmt: skip
            values = getattr(self, name)
            if values.min() < 0 or values.max() > most:
                raise ValueError(f"{name} runs from {values.min()} to {values.max()}; 0 to {most} is allowed")
            object.__setattr__(self, name, np.ascontiguousarray(values, dtype=np.int64))
        if not 0 <= self.setup_weight <= MOST_WEIGHT:
            raise ValueError(f"a setup weighs 0 to {MOST_WEIGHT}, not {self.setup_weight}")
        longest = (int(self.setup.max()) + int(self.process.max())) * size
        if longest * size * (int(self.weight.max()) + self.setup_weight) * SLACK >= 2**63:
            raise ValueError("the figures are too large to be summed; take a coarser tick")

    @cached_property
    def _starts(self) -> list[tuple[int, Numbers]]:
        """What the ATCS sequences made so far cost, one for each look ahead."""
        return []

    def prepare(self, over: Over) -> bool:
        """Make the starts one by one; False where `over` says between two of them that there is no time left.

        Behind a share of the time no further start is made.
        """
        while len(self._starts) < len(LOOKS) and not (self._starts and over(STARTING)):
            order = self.atcs(*LOOKS[len(self._starts)])
            self._starts.append((self.objective(order), order))
            if over():
                return False
        return True

    @property
    def first(self) -> Numbers:
        """The best start made so far, or by due date."""
        if not self._starts:
            return np.argsort(self.due, kind="stable")
        return min(self._starts, key=lambda made: made[0])[1]

    @cached_property
    def _arrivals(self) -> Numbers:
        """The shortest setup before each operation."""
        size = len(self.process)
        arriving = self.setup.copy()
        arriving[np.arange(size), np.arange(size)] = self.setup.max()
        least: Numbers = arriving.min(axis=0)
        return least

    @cached_property
    def floor(self) -> int:
        """What is late, and set up, even if every operation came first after its shortest setup."""
        late = np.maximum(self._arrivals + self.process - self.due, 0)
        return int((self.weight * late).sum() + self.setup_weight * self._arrivals.sum())

    @cached_property
    def bound(self) -> int:
        """What is late, and set up, if the k-th operation ends as soon as it could behind the k - 1 shortest others.

        All of them after their shortest setups. The cheapest assignment of operations to places costs no more than any
        order; above some operations it takes too long, and each comes first.
        """
        size = len(self.process)
        if size > MOST_ASSIGNED:
            return self.floor
        alone = self._arrivals + self.process
        shortest = np.concatenate([[0], np.cumsum(np.sort(alone))])
        ends = np.maximum(shortest[1:], alone[:, None] + shortest[:-1])
        late = self.weight[:, None] * np.maximum(ends - self.due[:, None], 0)
        # Rows are operations and fillers, columns fillers and places: nothing stands on the diagonal.
        square = np.zeros((2 * size, 2 * size), dtype=np.int64)
        square[:size, :size] = square[size:, size:] = late.max() + 1
        square[:size, size:] = late
        places = Assignment(square)
        for _ in places.start():
            pass
        while not places.done:
            places.advance()
        late_at_least = int(places.rows.sum() + places.columns.sum())
        return max(self.floor, late_at_least + self.setup_weight * int(self._arrivals.sum()))

    def objective(self, sequence: Numbers) -> int:
        """Time a sequence anew, without the kernel."""
        time = cost = 0
        last = len(self.process)
        for job in sequence:
            time += int(self.setup[last, job] + self.process[job])
            cost += self.setup_weight * int(self.setup[last, job])
            cost += int(self.weight[job]) * max(0, time - int(self.due[job]))
            last = job
        return cost

    def atcs(self, look_ahead: float, look_setup: float) -> Numbers:
        """Sequence by apparent tardiness cost with setups: what is heavy, short, nearly late and near goes first."""
        pace, change = max(1.0, self.process.mean()), max(1.0, self.setup.mean())
        looks = 1 / (look_ahead * pace), 1 / (look_setup * change)
        figures: tuple[Any, ...] = (self.setup, self.process, self.weight, self.due, *looks)
        return urgent_first(*figures)

    @cached_property
    def start(self) -> Numbers:
        """The best ATCS sequence of all looks ahead; the first of equal ones."""
        self.prepare(never)
        return self.first

    def walk(self, seed: int, worker: int) -> TardinessWalk:
        """Start one walk; same seed and worker, same walk."""
        if not self._starts:
            self.prepare(never)
        return TardinessWalk(self, seed, worker)

    def proof(self) -> None:
        """No better bound is known."""


class TardinessWalk:
    """One worker's way through the sequences: an iteration is a sweep over all positions with one kind of move."""

    # It proves nothing by itself.
    bound: int | None = None

    def __init__(self, problem: TardinessProblem, seed: int, worker: int) -> None:
        """Start from the best ATCS sequence."""
        order = problem.first.copy()
        size = len(order)
        self._best = order.copy()
        cost = problem.objective(order)
        self._state = np.array([cost, cost, cost, 0, 0], dtype=np.int64)
        self._arrays: tuple[Any, ...] = (
            problem.setup, problem.process, problem.weight, problem.due, problem.setup_weight, order, order.copy(),
            self._best, np.zeros((6, size + 1), dtype=np.int64), np.zeros((4, 3), dtype=np.int64), self._state,
            stream(seed * 1_000_003 + worker),
        )  # fmt: skip

    @property
    def objective(self) -> int:
        """The best figure so far."""
        return int(self._state[BEST])

    @property
    def sequence(self) -> Numbers:
        """The best sequence so far."""
        return self._best.copy()

    def advance(self, iterations: int, stop: Flag = NEVER) -> int:
        """Sweep on; how the sweeps are split over calls changes nothing. Once `stop` is set one position is ended."""
        arguments = (*self._arrays, iterations, stop)
        return wander(*arguments) if len(self._best) > 1 else iterations
