"""A shop as arrays for the compiled loops: the stretches of its calendars, and setup between states."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.calendars import ENDLESS, HOUR, WorkClock
from scheduling.engine.placing import LOCKED, MOVES, RUNNING, Floor, Routing
from scheduling.engine.problem import Operation
from scheduling.engine.search.timing import COLUMN, FULL, PART, REDUCED, ROW, Changes, Clocks
from scheduling.engine.setups import Setups, standard_hours

if TYPE_CHECKING:
    from scheduling.engine.passes import Shop

NONE = -1
# Before every date a setup record names.
BEFORE = -(1 << 60)


def clocks_of(shop: Shop, lengths: Sequence[float]) -> Clocks:
    """The calendars of all resources, written out until so many seconds of work each are surely done.

    Behind what is written out a resource works around the clock: no plan gets there, only a search that tries one.
    """
    first, columns, places = [], [], {}
    count = 0
    for clock, seconds in zip(shop.clocks, lengths, strict=True):
        if id(clock) not in places:
            column = clock.columns(shop.start, seconds)
            places[id(clock)] = count
            count += len(column[0])
            columns.append(column)
        first.append(places[id(clock)])
    stretches = np.concatenate(
        [np.stack([opens, closes, np.cumsum(closes - opens)], axis=1) for opens, closes, _, _ in columns]
    )
    rates = np.concatenate([np.stack([made, rate], axis=1) for _, _, rate, made in columns])
    return Clocks(np.array(first, dtype=np.int64), stretches, rates)


# Below so many operations the plain way is as fast, and nothing has to be compiled or loaded for it.
WORTH_COMPILING = 500
# The most entries a table of setups by kind of key may have: 80 MB.
LARGEST_TABLE = 20_000_000


def floor_of(shop: Shop) -> Floor | None:
    """A shop for the compiled passes; None where they know too little, or nothing is won by them."""
    plain = shop.overlap or any(shop.secondary) or any(matrix.dated for matrix in shop.setups.matrices)
    if plain or len(shop.operations) < WORTH_COMPILING:
        return None
    keys = dict.fromkeys(operation.key for operation in shop.operations)
    if any(matrix.size(keys) > LARGEST_TABLE for matrix in dict.fromkeys(shop.setups.matrices)):
        return None
    states = States(shop.setups)
    state = [states.of(operation, shop.start) for operation in shop.operations]
    left = [states.left(resource.state) for resource in shop.resources]
    clocks, last = written_clocks(shop.clocks)
    standing = np.full(len(shop.operations), MOVES, dtype=np.int64)
    for number in shop.fixed:
        standing[number] = RUNNING if shop.operations[number].in_progress else LOCKED
    return Floor(
        clocks=clocks,
        last=last,
        changes=states.changes(),
        left=np.array(left, dtype=np.int64),
        efficiency=np.array([resource.efficiency for resource in shop.resources], dtype=np.float64),
        state=np.array(state, dtype=np.int64),
        standing=standing,
        nominal=np.array([operation.hours for operation in shop.operations], dtype=np.float64) * HOUR,
    )


def written_clocks(clocks: Sequence[WorkClock]) -> tuple[Clocks, NDArray[np.int64]]:
    """The calendars of all resources as far as they are written out, and of each the stretch without an end behind."""
    first, last, places, stretches, rates = [], [], dict[int, tuple[int, int]](), [], []
    count = 0
    for clock in clocks:
        if id(clock) not in places:
            opens, closes, worked, made, rate = clock.written()
            places[id(clock)] = count, count + len(opens)
            count += len(opens) + 1
            stretches += [
                np.stack([opens, closes, worked], axis=1),
                np.array([[closes[-1] + 1, ENDLESS, worked[-1] + ENDLESS - closes[-1] - 1]], dtype=np.int64),
            ]
            rates += [
                np.stack([made, rate], axis=1),
                np.array([[made[-1] + float(ENDLESS - closes[-1] - 1), 1.0]]),
            ]
        first.append(places[id(clock)][0])
        last.append(places[id(clock)][1])
    found = Clocks(np.array(first, dtype=np.int64), np.concatenate(stretches), np.concatenate(rates))
    return found, np.array(last, dtype=np.int64)


def routing_of(shop: Shop) -> Routing:
    """What waits for what in a shop as it is now, and what may run where."""
    (first, after), (before_first, before) = _laid_out(shop.after), _laid_out(shop.before)
    allowed_first, allowed = _laid_out(shop.allowed)
    return Routing(
        first=first,
        after=after,
        waiting=np.diff(before_first),
        before_first=before_first,
        before=before,
        allowed_first=allowed_first,
        allowed=allowed,
    )


def _laid_out(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of numbers behind each other: where each begins, and all of them."""
    first = np.fromiter(accumulate(map(len, rows), initial=0), np.int64, len(rows) + 1)
    return first, np.fromiter(chain.from_iterable(rows), np.int64, int(first[-1]))


class States:
    """Numbers the states that setups are asked for: a key with an operation's standard times at a date."""

    def __init__(self, setups: Setups) -> None:
        self._setups = setups
        self._moments = sorted({moment for matrix in setups.matrices for moment in matrix.moments})
        self._number: dict[tuple[object, ...], int] = {}
        self._keys: list[tuple[str | None, int]] = []
        self._operations: list[Operation | None] = []

    def of(self, operation: Operation, ready: int) -> int:
        """The state of an operation with its earliest start."""
        epoch = bisect_right(self._moments, ready) if self._moments else 0
        asked = operation.key, operation.setup_standard, operation.setup_reduced, epoch
        number = self._number.get(asked)
        if number is None:
            number = self._add(asked, operation.key, self._moments[epoch - 1] if epoch else BEFORE, operation)
        return number

    def left(self, key: str | None) -> int:
        """The state somebody left a resource in; None where nobody knows."""
        number = self._number.get((key,))
        return self._add((key,), key, BEFORE, None) if number is None else number

    def _add(
        self, asked: tuple[object, ...], key: str | None, ready: int, operation: Operation | None
    ) -> int:
        number = self._number[asked] = len(self._keys)
        self._keys.append((key, ready))
        self._operations.append(operation)
        return number

    def changes(self) -> Changes:
        """The setups between all states numbered so far."""
        setups = self._setups
        columns: list[list[int]] = []
        places: dict[object, list[int]] = {}
        records: list[NDArray[np.int32]] = []
        size = 0
        asks = []
        for resource, matrix in enumerate(setups.matrices):
            slice_, kind = setups.slices[resource], setups.kinds[resource]
            whose, of = ("matrix", id(matrix)), ("rule", kind)
            if whose not in places:
                table, rows, goes = matrix.table(self._keys)
                places[whose] = [size, table.shape[1], len(columns), len(columns) + 1]
                columns += [rows, goes]
                records.append(table.reshape(-1))
                size += table.size
            if slice_ not in places:
                places[slice_] = [len(columns)]
                columns.append(self._numbered(slice_.of))
            if of not in places:
                places[of] = [len(columns), len(columns) + 1]
                columns += [
                    [self._standard(one, resource, equal) for one in self._operations]
                    for equal in (False, True)
                ]
            asks.append([*places[whose], *places[slice_], *places[of]])
        states = np.array(columns, dtype=np.int64).T.copy()
        return Changes(np.array(asks, dtype=np.int64), states, np.concatenate(records))

    def _standard(self, operation: Operation | None, resource: int, equal: bool) -> int:
        """The standard time in seconds: without one nothing behind an equal grouping part, NONE behind another.

        NONE also for what only was left behind.
        """
        if operation is None:
            return NONE
        hours, _ = standard_hours(operation, self._setups.resources[resource], equal)
        if hours is None:
            return 0 if equal else NONE
        return round(hours * HOUR)

    def _numbered(self, part: Callable[[str], str]) -> list[int]:
        """A number for each part of the keys; NONE for the key nobody knows, which equals none."""
        number: dict[str, int] = {}
        return [NONE if key is None else number.setdefault(part(key), len(number)) for key, _ in self._keys]


def likes(changes: Changes, states: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the kinds of states: those of one kind need equal setups from and to all others."""
    asks, columns = changes.asks, changes.states
    telling = {*asks[:, [ROW, COLUMN, FULL, REDUCED]].flat}
    if any((columns[states, ask[FULL]] != columns[states, ask[REDUCED]]).any() for ask in asks):
        telling |= {*asks[:, PART]}
    _, kinds = np.unique(columns[np.ix_(states, sorted(telling))], axis=0, return_inverse=True)
    return kinds.reshape(-1).astype(np.int64)
