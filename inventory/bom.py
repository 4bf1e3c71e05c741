"""Pure explosion: what a customer calls -> our part -> what the operator scans, on the day the vehicle needs it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class CrossReference:
    """A customer's number for one of our parts; both days count as valid."""

    number: str
    part_id: int
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class BomRow:
    """One component of a part; `option` empty means always."""

    parent_id: int
    option: str
    component_id: int
    quantity: int
    valid_from: date
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """`part_id` of the called number, and (part_id, quantity) of each piece to scan; or the problem in words."""

    part_id: int | None
    pieces: tuple[tuple[int, int], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Master:
    """The slice of master data a resolution needs."""

    references: Sequence[CrossReference] = field(default=())
    rows: Sequence[BomRow] = field(default=())
    own: dict[str, int] = field(default_factory=dict)


def valid(valid_from: date, valid_until: date | None, on: date) -> bool:
    """True when `on` lies in the period, both ends included."""
    return valid_from <= on and (valid_until is None or on <= valid_until)


def cross_refer(number: str, references: Iterable[CrossReference], on: date) -> int | None:
    """Our part for a customer number on a day: of several valid entries the latest start wins."""
    fitting = [r for r in references if r.number == number and valid(r.valid_from, r.valid_until, on)]
    return max(fitting, key=lambda r: r.valid_from).part_id if fitting else None


def resolve(number: str, quantity: int, options: Iterable[str], master: Master, on: date) -> Resolution:
    """Resolves one called part. A number that is neither the customer's nor our own is a problem, never a guess."""
    part_id = cross_refer(number, master.references, on)
    if part_id is None:
        part_id = master.own.get(number)
    if part_id is None:
        return Resolution(None, problem=f"UNKNOWN PART {number}")
    chosen = set(options)
    rows = [r for r in master.rows if r.parent_id == part_id and valid(r.valid_from, r.valid_until, on)]
    if not rows:
        return Resolution(part_id, ((part_id, quantity),))
    unknown = chosen - {r.option for r in rows}
    if unknown:
        return Resolution(part_id, problem=f"UNKNOWN OPTION {' '.join(sorted(unknown))} of {number}")
    wanted = [r for r in rows if not r.option or r.option in chosen]
    if not wanted:
        return Resolution(part_id, problem=f"NO COMPONENT of {number} fits the called options")
    return Resolution(part_id, tuple((r.component_id, r.quantity * quantity) for r in wanted))
