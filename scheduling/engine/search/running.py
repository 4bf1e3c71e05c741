"""Runs walks side by side within limits: anytime, cancellable, the same result for the same seed and iterations."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Sequence = NDArray[np.int64]
# One truth value that loops look at while they run, and whoever waits for them sets.
Flag = NDArray[np.bool_]
NEVER: Flag = np.zeros(1, dtype=np.bool_)
# Kept back from a time limit, so that the last work ends within it on a busy machine.
KEPT_BACK = 0.02
# What is not prepared by then is given up, so that there is time for a plain sequence.
PREPARED = 0.8
# How long who waits lets workers end that a busy machine keeps from it, as a share of the limit: what they had told
# by then counts.
GRACE = 0.01
# The last worker proves for this share of its time, and for half of it once nothing better was found for half of it.
PROVING = 0.1
# A walk looks up this often, a hundredth of its time limit if that is less, and whoever waits is told this often.
LOOK = 0.01
TELL = 0.05


class Over(Protocol):
    """Whether a share of the time has gone, all of it unless told otherwise, or nobody waits any more."""

    def __call__(self, share: float = 1.0) -> bool:
        """Ask the clock."""


def never(share: float = 1.0) -> bool:
    """Time without end."""
    return False


class Walk(Protocol):
    """One worker's search: it keeps its best and can stop between any two iterations."""

    @property
    def objective(self) -> int:
        """The best figure so far."""

    @property
    def bound(self) -> int | None:
        """A figure it has proven that no sequence goes below; None where it proves nothing itself."""

    @property
    def sequence(self) -> Sequence:
        """The order that has it."""

    def advance(self, iterations: int, stop: Flag = NEVER) -> int:
        """Search on without holding the interpreter, and return how many iterations were made.

        Splitting them over calls changes nothing. Once `stop` is set the walk ends within a millisecond or so, with
        its best as it was told before or better; nothing but that is promised of it then.
        """


class Proof(Protocol):
    """A bound that climbs."""

    @property
    def bound(self) -> int:
        """A figure that no sequence goes below."""

    def advance(self, target: int) -> bool:
        """Climb some milliseconds towards a known objective, without the interpreter; whether more would help."""


class Problem(Protocol):
    """What can be searched: a smaller objective is better."""

    def prepare(self, over: Over) -> bool:
        """Do what `bound` and `walk` need; False, and nothing is promised of them, where `over` said so meanwhile.

        `over` is asked every few milliseconds. What can be left half done is, once a share of the time has gone.
        """

    @property
    def bound(self) -> int:
        """A figure that no sequence goes below."""

    @property
    def first(self) -> Sequence:
        """A sequence that needs no preparation."""

    @property
    def floor(self) -> int:
        """A bound that needs none."""

    def objective(self, sequence: Sequence) -> int:
        """What a sequence costs."""

    def walk(self, seed: int, worker: int) -> Walk:
        """Start a walk that depends on nothing else."""

    def proof(self) -> Proof | None:
        """A bound that climbs from `bound`, where there is one."""


@dataclass(frozen=True)
class Limits:
    """When to stop: by the clock, by iterations of each worker, or whichever comes first; one must be given.

    `prove` gives a part of the last worker's time to a better bound, without a time limit some seconds at the end.
    """

    seconds: float | None = None
    iterations: int | None = None
    seed: int = 1
    workers: int = 2
    prove: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that never end and counts that mean nothing."""
        if self.seconds is None and self.iterations is None:
            raise ValueError("a search needs a limit of seconds or of iterations")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise ValueError(f"{self.seconds} seconds are no time limit")
        if self.iterations is not None and self.iterations < 0:
            raise ValueError(f"{self.iterations} iterations are no limit")
        if self.workers < 1:
            raise ValueError("a search needs a worker")


@dataclass(frozen=True)
class Found:
    """The best sequence so far, what it costs, and what is proven about it. Iterations are those of all workers.

    `at` is when any worker had an order as good, and `seconds` how long was searched, both from the beginning.
    """

    sequence: Sequence
    objective: int
    bound: int
    iterations: int
    seconds: float
    at: float = 0.0

    @property
    def proven_gap_percent(self) -> float | None:
        """How far above the best there is it can be at most; None where the bound is no measure (0 or less)."""
        if self.objective == self.bound:
            return 0.0
        return 100 * (self.objective - self.bound) / self.bound if self.bound > 0 else None


def search(
    problem: Problem,
    limits: Limits,
    progress: Callable[[Found], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Found:
    """Search until a limit, a proof or a cancellation, and return the best found in any case.

    `progress` hears of each improvement and `cancelled` is asked, both in the caller's thread, about twenty times a
    second. A proof ends the search of all workers under a time limit alone; with iterations each goes to its end,
    or how fast the other was would decide between equal sequences.
    """
    begun = clock()
    length = limits.seconds * (1 - KEPT_BACK) if limits.seconds is not None else float("inf")
    look = min(LOOK, limits.seconds / 100) if limits.seconds is not None else LOOK
    stop = np.zeros(1, dtype=np.bool_)

    def over(share: float = 1.0) -> bool:
        return clock() >= begun + share * length or (cancelled is not None and cancelled())

    if not problem.prepare(lambda share=1.0: over(share * PREPARED)):
        first = problem.first
        took = clock() - begun
        return Found(first, problem.objective(first), problem.floor, 0, took, took)
    bound = problem.bound
    proof = problem.proof() if limits.prove else None
    bests: list[tuple[int, Sequence, float] | None] = [None] * limits.workers
    done, proven = [0] * limits.workers, [bound] * limits.workers

    def prove(least: int) -> bool:
        nonlocal bound, proof
        if proof and not proof.advance(least):
            bound, proof = max(bound, proof.bound), None
        elif proof:
            bound = max(bound, proof.bound)
        return proof is not None

    def work(worker: int) -> None:
        begun_walk = clock()
        proved = 0.0
        improved = begun_walk
        walk = problem.walk(limits.seed, worker)
        best = walk.objective
        bests[worker] = best, walk.sequence, clock() - begun
        count, chunk = 0, 1
        while True:
            before = clock()
            done[worker] += walk.advance(count, stop)
            took = clock() - before
            if walk.objective < best:
                best, improved = walk.objective, clock()
                bests[worker] = best, walk.sequence, improved - begun
            if proof and worker == limits.workers - 1 and limits.seconds is not None:
                asked = clock()
                lately = asked - improved < (asked - begun_walk) / 2
                if proved <= (PROVING if lately else 0.5) * (asked - begun_walk):
                    prove(min(one[0] for one in bests if one))
                    proved += clock() - asked
            proven[worker] = max(proven[worker], walk.bound or proven[worker])
            if stop[0] or best <= max(bound, proven[worker]) or before + took >= begun + length:
                break
            chunk = max(1, min(2 * chunk, int(count * look / max(took, 1e-6))))
            count = chunk if limits.iterations is None else min(chunk, limits.iterations - done[worker])
            if not count:
                break
        if best <= max(bound, proven[worker]) and limits.iterations is None:
            stop[0] = True

    def found() -> Found:
        # Of equal sequences that of the first worker.
        objective, sequence, _ = min((one for one in bests if one), key=lambda one: one[0])
        at = min(one[2] for one in bests if one and one[0] == objective)
        return Found(sequence, objective, max(bound, *proven), sum(done), clock() - begun, at)

    pool = ThreadPoolExecutor(limits.workers)
    running = {pool.submit(work, worker) for worker in range(limits.workers)}
    told: int | None = None
    try:
        while running and (left := begun + length - clock()) > 0:
            ended, running = wait(running, min(TELL, left), FIRST_COMPLETED)
            for one in ended:
                one.result()
            if progress and any(bests) and (told is None or found().objective < told):
                now = found()
                told = now.objective
                progress(now)
            if cancelled and cancelled():
                stop[0] = True
        stop[0] = True
        ended, running = wait(running, GRACE * length if limits.seconds is not None else None)
        if not any(bests):
            ended, running = wait(running, None, FIRST_COMPLETED)
        for one in ended:
            one.result()
    finally:
        stop[0] = True
        pool.shutdown(wait=False)
    if limits.seconds is None:
        while prove(found().objective):
            if cancelled and cancelled():
                break
    return found()
