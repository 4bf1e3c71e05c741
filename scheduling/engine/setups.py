"""Setup(a, b, resource, t): how long a resource is set up for operation b after key a.

The matrix record that is valid at b's earliest start counts: one of the resource itself before one of all resources,
then the one whose patterns spell out more. Without a record the standard times count, as the resource's rule says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.calendars import HOUR
from scheduling.engine.keys import KeySlice
from scheduling.engine.problem import Operation, Problem, Resource, SetupRecord, SetupRule, StepType


class Source(StrEnum):
    """Where a setup time comes from."""

    RECORD = "record"
    STANDARD = "standard"
    REDUCED = "reduced"
    SAME = "same part"
    MISSING = "missing"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Setup:
    """A setup time in seconds and where it comes from. What is missing counts 0 and is reported by the caller."""

    seconds: int
    source: Source


# Setups remembered at once, some 20 MB: as many as are asked for, never all pairs of 20,000 operations.
MOST_KNOWN = 100_000

# What stands in a table of seconds besides seconds, and the row of a key nobody knows.
NO_RECORD, FORBIDDEN_SETUP = -1, -2
UNKNOWN = -1

_FORBIDDEN = Setup(0, Source.FORBIDDEN)
_SAME = Setup(0, Source.SAME)
_MISSING = Setup(0, Source.MISSING)


class Setups:
    """The setup times of a problem. Keys that match the same patterns are looked up once, so no matrix is built."""

    def __init__(self, problem: Problem) -> None:
        shared = [record for record in problem.setup if record.resource is None]
        everyone = Matrix(shared)
        slices = _grouping_slices(problem)
        self.matrices: list[Matrix] = []
        self._parts = {slice_: dict[str, str]() for slice_ in {*slices.values(), KeySlice(1)}}
        self.slices = [slices.get(resource.work_centre, KeySlice(1)) for resource in problem.resources]
        self.resources = problem.resources
        self._known: dict[tuple[int, str | None, str, float | None, float | None], Setup] = {}
        kinds: dict[object, int] = {}
        self.kinds: list[int] = []
        for resource, slice_ in zip(problem.resources, self.slices, strict=True):
            own = [record for record in problem.setup if record.resource == resource.id]
            matrix = Matrix([*own, *shared]) if own else everyone
            self.matrices.append(matrix)
            standard = resource.setup_rule, resource.setup_standard, resource.setup_reduced
            self.kinds.append(kinds.setdefault((id(matrix), slice_, standard), len(kinds)))

    def between(self, before: str | None, operation: Operation, resource: int, ready: int) -> Setup:
        """The setup of an operation after a key on a resource, by the operation's earliest start.

        `before` is None where the resource's state is not known: then no reduction and no record applies.
        """
        if self.matrices[resource].dated:
            return self._look_up(before, operation, resource, ready)
        asked = (
            self.kinds[resource],
            before,
            operation.key,
            operation.setup_standard,
            operation.setup_reduced,
        )
        setup = self._known.get(asked)
        if setup is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            setup = self._known[asked] = self._look_up(before, operation, resource, ready)
        return setup

    def _look_up(self, before: str | None, operation: Operation, resource: int, ready: int) -> Setup:
        if before is not None:
            record = self.matrices[resource].find(before, operation.key, ready)
            if record is not None:
                return _FORBIDDEN if record.forbidden else Setup(round(record.hours * HOUR), Source.RECORD)
        equal = before is not None and self._equal(before, operation.key, resource)
        hours, reduced = standard_hours(operation, self.resources[resource], equal)
        if hours is not None:
            return Setup(round(hours * HOUR), Source.REDUCED if reduced else Source.STANDARD)
        return _SAME if equal else _MISSING

    def _equal(self, before: str, key: str, resource: int) -> bool:
        slice_ = self.slices[resource]
        parts = self._parts[slice_]
        for each in (before, key):
            if each not in parts:
                parts[each] = slice_.of(each)
        return parts[before] == parts[key]


def _grouping_slices(problem: Problem) -> dict[str, KeySlice]:
    """The grouping part by work centre: that of its first enabled step. Elsewhere the whole key is compared."""
    slices: dict[str, KeySlice] = {}
    for step in problem.steps:
        if step.enabled and step.type is not StepType.FORWARD:
            slices.setdefault(step.work_centre, step.group)
    return slices


def standard_hours(operation: Operation, resource: Resource, equal: bool) -> tuple[float | None, bool]:
    """The standard time by the resource's rule, and whether a reduction went into it.

    The rule chooses where operation and resource both give a time; where one alone does, that one counts.
    """
    own, machine = ((_standard(source, equal)) for source in (operation, resource))
    if own is None or machine is None:
        return own or machine or (None, False)
    if resource.setup_rule is SetupRule.OPERATION:
        return own
    if resource.setup_rule is SetupRule.RESOURCE:
        return machine
    hours = own[0] + machine[0] if resource.setup_rule is SetupRule.SUM else max(own[0], machine[0])
    return hours, own[1] or machine[1]


def _standard(source: Operation | Resource, equal: bool) -> tuple[float, bool] | None:
    """What one of the two gives, and whether it is its reduced time; None when it gives nothing."""
    if equal and source.setup_reduced is not None:
        return source.setup_reduced, True
    return None if source.setup_standard is None else (source.setup_standard, False)


class Matrix:
    """The records one resource uses, best first."""

    def __init__(self, records: Sequence[SetupRecord]) -> None:
        self._records = sorted(records, key=_rank, reverse=True)
        self.dated = any(record.valid_from is not None or record.valid_to is not None for record in records)
        self._from = _Patterns([record.from_key for record in self._records])
        self._to = _Patterns([record.to_key for record in self._records])
        self._found: dict[tuple[int, int], tuple[SetupRecord, ...]] = {}

    def find(self, before: str, key: str, ready: int) -> SetupRecord | None:
        if not self._records:
            return None
        pair = self._from.kind(before), self._to.kind(key)
        records = self._found.get(pair)
        if records is None:
            records = self._found[pair] = self._matching(pair)
        for record in records:
            if record.holds(ready):
                return record
        return None

    @property
    def moments(self) -> set[int]:
        """When a setup may change because a record begins to be valid, or is no longer."""
        begun = {record.valid_from for record in self._records if record.valid_from is not None}
        return begun | {record.valid_to + 1 for record in self._records if record.valid_to is not None}

    def size(self, keys: Iterable[str]) -> int:
        """How many entries the table of all records between keys would have."""
        kinds = {(self._from.kind(key), self._to.kind(key)) for key in keys}
        return len({one for one, _ in kinds}) * len({other for _, other in kinds})

    def table(self, keys: Sequence[tuple[str | None, int]]) -> tuple[NDArray[np.int32], list[int], list[int]]:
        """All records between keys at once: the seconds by kind of key, and each key's row and column.

        A key comes with the earliest start it is asked for as the later one; None is not known and has no row.
        """
        came = [UNKNOWN if key is None else self._from.kind(key) for key, _ in keys]
        goes = [(self._to.kind(key or ""), ready if self.dated else 0) for key, ready in keys]
        # Numbered as the keys come, not as the matrix met them before: a search must not hang on what ran earlier.
        row = {kind: place for place, kind in enumerate(dict.fromkeys(k for k in came if k != UNKNOWN))}
        column = {kind: place for place, kind in enumerate(dict.fromkeys(goes))}
        rows: dict[int, list[int]] = {}
        for kind, number in row.items():
            for record in self._from.members[kind]:
                rows.setdefault(record, []).append(number)
        columns: dict[int, list[int]] = {}
        for (kind, ready), number in column.items():
            for record in self._to.members[kind]:
                if record in rows and self._records[record].holds(ready):
                    columns.setdefault(record, []).append(number)
        table = np.full((max(1, len(row)), len(column)), NO_RECORD, dtype=np.int32)
        for record in sorted(columns, reverse=True):
            found = self._records[record]
            seconds = FORBIDDEN_SETUP if found.forbidden else round(found.hours * HOUR)
            # One by one: most records name two whole keys.
            for one in rows[record]:
                table[one, columns[record]] = seconds
        return table, [row.get(kind, UNKNOWN) for kind in came], [column[kind] for kind in goes]

    def _matching(self, pair: tuple[int, int]) -> tuple[SetupRecord, ...]:
        both = self._from.members[pair[0]] & self._to.members[pair[1]]
        return tuple(self._records[number] for number in sorted(both))


class _Patterns:
    """Sorts keys into kinds: those that match the same patterns."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._numbers: dict[str, list[int]] = {}
        for number, pattern in enumerate(patterns):
            self._numbers.setdefault(pattern.rstrip(), []).append(number)
        self._wild = [
            (_compiled(pattern), numbers) for pattern, numbers in self._numbers.items() if _wild(pattern)
        ]
        self._kinds: dict[str, int] = {}
        self._by_members: dict[frozenset[int], int] = {}
        self.members: list[frozenset[int]] = []

    def kind(self, key: str) -> int:
        known = self._kinds.get(key)
        if known is None:
            known = self._kinds[key] = self._sort(key.rstrip())
        return known

    def _sort(self, key: str) -> int:
        found = set() if _wild(key) else set(self._numbers.get(key, ()))
        for pattern, numbers in self._wild:
            if pattern.fullmatch(key):
                found.update(numbers)
        members = frozenset(found)
        if members not in self._by_members:
            self._by_members[members] = len(self.members)
            self.members.append(members)
        return self._by_members[members]


def _wild(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` stands for any characters, `?` for one."""
    parts = [{"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in pattern]
    return re.compile("".join(parts), re.DOTALL)


def _rank(record: SetupRecord) -> tuple[bool, int, int, int]:
    """How specific a record is: resource, characters spelt out, patterns without a wildcard, the first one's."""
    spelt = [len(re.sub(r"[*?]", "", pattern.rstrip())) for pattern in (record.from_key, record.to_key)]
    exact = [not _wild(pattern) for pattern in (record.from_key, record.to_key)]
    return record.resource is not None, sum(spelt), sum(exact), spelt[0]
