"""Runs walks side by side within limits: anytime, cancellable, the same result for the same seed and iterations."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Sequence = NDArray[np.int64]
# Kept back from a time limit, so that the last chunk of work ends within it on a busy machine.
KEPT_BACK = 0.01
# A walk looks up this often, a hundredth of its time limit if that is less, and whoever waits is told this often.
LOOK = 0.01
TELL = 0.05


class Walk(Protocol):
    """One worker's search: it keeps its best and can stop between any two iterations."""

    @property
    def objective(self) -> int:
        """The best figure so far."""

    @property
    def sequence(self) -> Sequence:
        """The order that has it."""

    def advance(self, iterations: int) -> None:
        """Search on without holding the interpreter; splitting the iterations over calls changes nothing."""


class Problem(Protocol):
    """What can be searched: a smaller objective is better."""

    @property
    def bound(self) -> int:
        """A figure that no sequence goes below."""

    def walk(self, seed: int, worker: int) -> Walk:
        """Start a walk that depends on nothing else."""


@dataclass(frozen=True)
class Limits:
    """When to stop: by the clock, by iterations of each worker, or whichever comes first; one must be given."""

    seconds: float | None = None
    iterations: int | None = None
    seed: int = 1
    workers: int = 2

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
    """The best sequence so far, what it costs, and what is proven about it. Iterations are those of all workers."""

    sequence: Sequence
    objective: int
    bound: int
    iterations: int
    seconds: float

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
) -> Found:
    """Search until a limit, a proof or a cancellation, and return the best found in any case.

    `progress` hears of each improvement and `cancelled` is asked, both in the caller's thread, about twenty times a
    second. A proof ends the search of all workers under a time limit alone; with iterations each goes to its end,
    or how fast the other was would decide between equal sequences.
    """
    begun = time.perf_counter()
    ending = begun + limits.seconds * (1 - KEPT_BACK) if limits.seconds is not None else None
    look = min(LOOK, limits.seconds / 100) if limits.seconds is not None else LOOK
    stop = Event()
    bound = problem.bound
    bests: list[tuple[int, Sequence] | None] = [None] * limits.workers
    done = [0] * limits.workers

    def work(worker: int) -> None:
        walk = problem.walk(limits.seed, worker)
        best = walk.objective
        bests[worker] = best, walk.sequence
        chunk = 1
        while not stop.is_set() and walk.objective > bound:
            before = time.perf_counter()
            if ending is not None and before >= ending:
                break
            count = chunk if limits.iterations is None else min(chunk, limits.iterations - done[worker])
            if not count:
                break
            walk.advance(count)
            done[worker] += count
            took = time.perf_counter() - before
            chunk = max(1, min(2 * chunk, int(count * look / max(took, 1e-6))))
            if walk.objective < best:
                best = walk.objective
                bests[worker] = best, walk.sequence
        if walk.objective == bound and limits.iterations is None:
            stop.set()

    def found() -> Found:
        # Of equal sequences that of the first worker.
        objective, sequence = min((one for one in bests if one), key=lambda one: one[0])
        return Found(sequence, objective, bound, sum(done), time.perf_counter() - begun)

    with ThreadPoolExecutor(limits.workers) as pool:
        running = {pool.submit(work, worker) for worker in range(limits.workers)}
        told: int | None = None
        try:
            while running:
                ended, running = wait(running, TELL, FIRST_COMPLETED)
                for one in ended:
                    one.result()
                if progress and any(bests) and (told is None or found().objective < told):
                    now = found()
                    told = now.objective
                    progress(now)
                if cancelled and cancelled():
                    stop.set()
        finally:
            stop.set()
    return found()
