"""Working time and setup in compiled loops: the arithmetic of `calendars.WorkClock` and `setups.Setups` over arrays.

The plain classes are the readable form of the same rules; the tests hold both against each other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.compiled import compiled

Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]

FAR = 1 << 60
# Work is counted as a product of seconds and capacity; what is less than this is rounding.
DUST = 1e-6
# What stands in a setup table besides seconds.
NO_RECORD, FORBIDDEN, MISSING = -1, -2, -3


# Columns of a stretch of work: when it opens and closes, and the working seconds up to its end; work made and its rate.
OPENS, CLOSES, WORKED = range(3)
MADE, RATE = range(2)
# Columns of what a resource asks of a state: where its table of records begins and how wide it is, and in which
# columns of a state its row and column there, its grouping part and its standard times stand.
TABLE, WIDTH, ROW, COLUMN, PART, FULL, REDUCED = range(7)


class Clocks(NamedTuple):
    """The stretches of work of all resources; resource r has those from `first[r]` on, the last without an end."""

    first: Numbers
    stretches: Numbers
    rates: Shares


class Changes(NamedTuple):
    """Setup between states. A state is a key with its operation's standard times at one date of the matrix.

    `records` holds a table of kinds of keys for each matrix; where it has no record, the standard time by the
    resource's rule counts, the reduced one where the grouping parts are equal.
    """

    asks: Numbers
    states: Numbers
    records: NDArray[np.int32]


@compiled
def change(changes: Changes, resource: int, before: int, state: int) -> int:
    """Return the seconds of setup for a state behind another, FORBIDDEN, or MISSING where nobody defined it."""
    asks, old, new = changes.asks[resource], changes.states[before], changes.states[state]
    row = old[asks[ROW]]
    if row >= 0:
        seconds = changes.records[asks[TABLE] + row * asks[WIDTH] + new[asks[COLUMN]]]
        if seconds != NO_RECORD:
            return int(seconds)
    standard = new[asks[REDUCED]] if old[asks[PART]] == new[asks[PART]] else new[asks[FULL]]
    return int(standard) if standard >= 0 else MISSING


@compiled
def stretch(clocks: Clocks, at: int, moment: int) -> int:
    """Return the stretch a moment lies in, else the next; `at` is one that is not behind it."""
    while clocks.stretches[at, CLOSES] <= moment:
        at += 1
    return at


@compiled
def finish(clocks: Clocks, at: int, begin: int, setup: int, work: float) -> tuple[int, int]:
    """Return when setup and work begun at an open moment end, and the stretch they end in."""
    moment = begin
    if setup:
        while setup > clocks.stretches[at, CLOSES] - moment:
            setup -= clocks.stretches[at, CLOSES] - moment
            at += 1
            moment = clocks.stretches[at, OPENS]
        moment += setup
    while clocks.stretches[at, CLOSES] <= moment:
        at += 1
    moment = max(moment, clocks.stretches[at, OPENS])
    left = (clocks.stretches[at, CLOSES] - moment) * clocks.rates[at, RATE]
    if left >= work - DUST:
        return moment + math.ceil(work / clocks.rates[at, RATE] - DUST), at
    target = clocks.rates[at, MADE] - left + work
    while clocks.rates[at, MADE] < target - DUST:
        at += 1
    over = math.floor((clocks.rates[at, MADE] - target) / clocks.rates[at, RATE] + DUST)
    return clocks.stretches[at, CLOSES] - over, at


@compiled
def between(clocks: Clocks, at: int, moment: int, later: int) -> int:
    """Return the working seconds between two moments; `at` is a stretch that is not behind the first."""
    if later <= moment:
        return 0
    at = stretch(clocks, at, moment)
    if moment >= clocks.stretches[at, OPENS] and later <= clocks.stretches[at, CLOSES]:
        return later - moment
    end = stretch(clocks, at, later)
    until = clocks.stretches[end, WORKED] - (
        clocks.stretches[end, CLOSES] - max(later, clocks.stretches[end, OPENS])
    )
    return int(
        until
        - clocks.stretches[at, WORKED]
        + clocks.stretches[at, CLOSES]
        - max(moment, clocks.stretches[at, OPENS])
    )
