"""Weighted tardiness with setups that depend on the order, on one resource: every move is timed anew to its end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.chance import Stream, below, stream
from scheduling.engine.search.compiled import compiled

Numbers = NDArray[np.int64]

MOST_OPERATIONS = 2000
# Times, weights and dues may be this large, so that no sum of products leaves 64 bits.
MOST_TICKS = 10**9
MOST_WEIGHT = 10**4
# Blocks of up to so many operations are moved whole, by at most so many positions.
BLOCK = 6
REACH = 60
# After a kick a sequence may be worse than before by a random share of so many ten-thousandths.
SLACK = 200
# How far ATCS looks ahead in due dates and setups; all pairs are tried and the best start is taken.
LOOK_AHEAD = (0.3, 0.6, 1.0, 2.0, 4.0)
LOOK_SETUP = (0.1, 0.3, 0.6, 1.0, 2.0)

# Places in the array that a walk carries from call to call.
NOW, BEST, BASE, KIND, STALE = range(5)


@compiled
def retime(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, setup_weight: int,
    order: Numbers, ends: Numbers, costs: Numbers, start: int,
) -> int:  # fmt: skip
    """Fill end times and costs after each position from `start` on, and return the whole cost."""
    time: int = ends[start]
    cost: int = costs[start]
    last = order[start - 1] if start else process.size
    for k in range(start, order.size):
        job = order[k]
        change = setup[last, job]
        time += change + process[job]
        cost += setup_weight * change
        if time > due[job]:
            cost += weight[job] * (time - due[job])
        ends[k + 1], costs[k + 1] = time, cost
        last = job
    return cost


@compiled
def cost_of_swap(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, setup_weight: int,
    order: Numbers, ends: Numbers, costs: Numbers, one: int, two: int, limit: int,
) -> int:  # fmt: skip
    """Time the order in which the operations at positions one < two change places; `limit` or more is all the same."""
    time: int = ends[one]
    cost: int = costs[one]
    last = order[one - 1] if one else process.size
    for k in range(one, order.size):
        job = order[two] if k == one else order[one] if k == two else order[k]
        change = setup[last, job]
        time += change + process[job]
        cost += setup_weight * change
        if time > due[job]:
            cost += weight[job] * (time - due[job])
        if cost >= limit:
            return limit
        last = job
    return cost


@compiled
def cost_of_block(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, setup_weight: int,
    order: Numbers, ends: Numbers, costs: Numbers, block: int, size: int, to: int, limit: int,
) -> int:  # fmt: skip
    """Time the order in which `size` operations from position `block` start at position `to` instead."""
    low, high = min(block, to), max(block, to) + size
    time: int = ends[low]
    cost: int = costs[low]
    last = order[low - 1] if low else process.size
    for k in range(low, order.size):
        if k >= high:
            job = order[k]
        elif to <= k < to + size:
            job = order[block + k - to]
        else:
            job = order[k - size] if to < block else order[k + size]
        change = setup[last, job]
        time += change + process[job]
        cost += setup_weight * change
        if time > due[job]:
            cost += weight[job] * (time - due[job])
        if cost >= limit:
            return limit
        last = job
    return cost


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
    order: Numbers, ends: Numbers, costs: Numbers, kind: int,
) -> int:  # fmt: skip
    """Give each position its best swap (kind 0) or its block of `kind` operations its best place; return the cost."""
    now = retime(setup, process, weight, due, setup_weight, order, ends, costs, 0)
    size = order.size
    for one in range(size - max(kind, 1) + 1):
        best, place = now, -1
        if kind == 0:
            for two in range(one + 1, size):
                cost = cost_of_swap(
                    setup, process, weight, due, setup_weight, order, ends, costs, one, two, best
                )
                if cost < best:
                    best, place = cost, two
        else:
            for to in range(max(0, one - REACH), min(size - kind, one + REACH) + 1):
                if to != one:
                    cost = cost_of_block(
                        setup, process, weight, due, setup_weight, order, ends, costs, one, kind, to, best
                    )
                    if cost < best:
                        best, place = cost, to
        if place < 0:
            continue
        if kind == 0:
            order[one], order[place] = order[place], order[one]
        else:
            move_block(order, one, kind, place)
        now = retime(setup, process, weight, due, setup_weight, order, ends, costs, min(one, place))
    return now


@compiled
def wander(
    setup: Numbers, process: Numbers, weight: Numbers, due: Numbers, setup_weight: int, order: Numbers,
    base: Numbers, best: Numbers, ends: Numbers, costs: Numbers, state: Numbers, numbers: Stream, iterations: int,
) -> None:  # fmt: skip
    """Sweep so many times; where no kind of move gains any more, keep or go back, and kick."""
    size = order.size
    kinds = 1 + min(BLOCK, size - 1)
    for _ in range(iterations):
        now = sweep(setup, process, weight, due, setup_weight, order, ends, costs, state[KIND])
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
        state[NOW] = retime(setup, process, weight, due, setup_weight, order, ends, costs, 0)
        state[STALE] = state[KIND] = 0


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
    def bound(self) -> int:
        """What is late, and set up, even if every operation came first after its shortest setup."""
        size = len(self.process)
        arriving = self.setup.copy()
        arriving[np.arange(size), np.arange(size)] = self.setup.max()
        least = arriving.min(axis=0)
        late = np.maximum(least + self.process - self.due, 0)
        return int((self.weight * late).sum() + self.setup_weight * least.sum())

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
        left, time, last = list(range(len(self.process))), 0, len(self.process)
        order = []
        while left:
            slack = np.maximum(self.due[left] - self.process[left] - time, 0)
            urgency = np.exp(-slack / (look_ahead * pace) - self.setup[last, left] / (look_setup * change))
            job = left[int(np.argmax(self.weight[left] / np.maximum(self.process[left], 1) * urgency))]
            left.remove(job)
            time += int(self.setup[last, job] + self.process[job])
            order.append(job)
            last = job
        return np.array(order, dtype=np.int64)

    @cached_property
    def start(self) -> Numbers:
        """The best ATCS sequence of all looks ahead; the first of equal ones."""
        return min((self.atcs(*look) for look in product(LOOK_AHEAD, LOOK_SETUP)), key=self.objective)

    def walk(self, seed: int, worker: int) -> TardinessWalk:
        """Start one walk; same seed and worker, same walk."""
        return TardinessWalk(self, seed, worker)


class TardinessWalk:
    """One worker's way through the sequences: an iteration is a sweep over all positions with one kind of move."""

    def __init__(self, problem: TardinessProblem, seed: int, worker: int) -> None:
        """Start from the best ATCS sequence."""
        order = problem.start.copy()
        size = len(order)
        self._best = order.copy()
        cost = problem.objective(order)
        self._state = np.array([cost, cost, cost, 0, 0], dtype=np.int64)
        self._arrays: tuple[Any, ...] = (
            problem.setup, problem.process, problem.weight, problem.due, problem.setup_weight, order, order.copy(),
            self._best, np.zeros(size + 1, dtype=np.int64), np.zeros(size + 1, dtype=np.int64), self._state,
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

    def advance(self, iterations: int) -> None:
        """Sweep on; how the sweeps are split over calls changes nothing."""
        if len(self._best) > 1:
            arguments = (*self._arrays, iterations)
            wander(*arguments)
