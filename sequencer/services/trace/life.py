"""The whole life of one traced thing, in the order it happened: messages, changes, scans, people, papers, decisions.

Each source is a function that yields entries of a subject. Apps above the core add their own with `add_source`
when they start, so that the core shows what crossed the gate without knowing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from sequencer.models import LabelRecord, PlantEvent, PrintJob, ScanArchive, ScanEvent, Task, Unit
from sequencer.models.exceptions import FloorException
from sequencer.models.quality import QualityHold
from sequencer.services.trace.subjects import Kind, Subject, subject_of
from sequencer.services.verdicts import WORDS
from sequencer.states import TaskStatus

# More of one kind on one page helps nobody; the page says that there is more.
MOST_ENTRIES = 500


class Source(StrEnum):
    MESSAGE = "message"
    CALL = "call"
    SCAN = "scan"
    MOVE = "move"
    EXCEPTION = "exception"
    HOLD = "hold"
    TASK = "task"
    PRINT = "print"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `bad`: refused, stopped or undone; `link`: its own page, where there is one."""

    at: datetime
    source: Source
    what: str
    who: str = ""
    where: str = ""
    detail: str = ""
    reason: str = ""
    link: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """`cut`: the sources of which only the newest MOST_ENTRIES are here. `archived`: months whose scans are not."""

    subject: Subject
    entries: list[Entry]
    cut: list[Source] = field(default_factory=list)
    archived: list[ScanArchive] = field(default_factory=list)

    @property
    def people(self) -> list[str]:
        return sorted({entry.who for entry in self.entries if entry.who})


SourceOf = Callable[[Subject], Iterable[Entry]]
_added: list[SourceOf] = []


def add_source(source: SourceOf) -> None:
    """Lets another app tell its part of a life. Adding the same function again changes nothing."""
    if source not in _added:
        _added.append(source)


def life_of(kind: str, key: str) -> Life:
    """Everything known of one thing, oldest first. Refuses (`Unknown`) what does not exist."""
    subject = subject_of(kind, key)
    entries: list[Entry] = []
    cut: list[Source] = []
    for source in [*OWN, *_added]:
        told = list(source(subject))
        entries += told
        if len(told) >= MOST_ENTRIES:
            cut.append(told[0].source)
    entries = _named(entries)
    # Of what is written at the same moment the cause comes first: a message before its call, a scan before its move.
    order = {name: place for place, name in enumerate(Source)}
    entries.sort(key=lambda entry: (entry.at, order[entry.source]))
    return Life(subject, entries, cut, _archived(subject))


def _named(entries: list[Entry]) -> list[Entry]:
    """The journal keeps log-in names; people are told by their own."""
    users = get_user_model().objects.filter(username__in={entry.who for entry in entries if entry.who})
    names = {user.get_username(): _name(user) for user in users}
    return [replace(entry, who=names.get(entry.who, entry.who)) for entry in entries]


def _archived(subject: Subject) -> list[ScanArchive]:
    if subject.since is None:
        return []
    return list(ScanArchive.objects.filter(month__gte=date(subject.since.year, subject.since.month, 1)))


def scans(subject: Subject) -> Iterator[Entry]:
    wanted = _scans_wanted(subject)
    if wanted is None:
        return
    rows = ScanEvent.objects.filter(wanted)
    if subject.since is not None:
        rows = rows.filter(recorded_at__gte=subject.since)
    rows = rows.select_related("station", "operator", "rack", "slot").order_by("-recorded_at", "-pk")
    for scan in rows[:MOST_ENTRIES]:
        place = f" · slot {scan.slot.number}" if scan.slot else ""
        needed = f"needed {scan.expected}" if scan.expected and not scan.accepted else ""
        yield Entry(
            scan.scanned_at,
            Source.SCAN,
            f"{scan.step.replace('_', ' ').lower()} scanned: {WORDS.get(scan.code, scan.code.replace('_', ' '))}",
            _name(scan.operator),
            f"{scan.station.code}{f' · {scan.rack.number}' if scan.rack else ''}{place}",
            ", ".join(text for text in (scan.seen or shown(scan.raw), needed) if text),
            bad=not scan.accepted,
        )


def _scans_wanted(subject: Subject) -> Q | None:
    if subject.kind is Kind.CALL:
        return Q(group__in=[group.pk for group in subject.groups])
    if subject.kind is Kind.UNIT:
        unit = subject.units[0]
        # The slot's label is scanned for the group; while the piece is in it, that is the piece's life too.
        return Q(unit=unit) | Q(group=unit.group_id, unit__isnull=True, scanned_at__gte=unit.taken_at)
    if subject.kind is Kind.RACK:
        return Q(rack=subject.racks[0])
    if subject.kind is Kind.SHIPMENT:
        return Q(shipment=subject.shipments[0])
    return None


def journal(subject: Subject) -> Iterator[Entry]:
    """Changes of the call, moves of rack and truck: what the verbs wrote, under the names of the subject."""
    if not subject.names:
        return
    rows = PlantEvent.objects.filter(subject__in=sorted(subject.names)).exclude(kind="scan")
    topics = subject.topics
    told: set[tuple[Any, ...]] = set()
    for event in rows.order_by("-pk")[: MOST_ENTRIES * 2]:
        if event.topic.startswith(("line:", "dock:")) and topics and event.topic not in topics:
            continue
        if event.kind.startswith("task_"):
            continue
        # The same act is told to the line and to the dock.
        same = (event.kind, event.subject, event.at, event.by)
        if same in told:
            continue
        told.add(same)
        facts = {name: value for name, value in event.facts.items() if value not in ("", None, [], {})}
        moved = event.kind.split("_", 1)[0] in MOVED
        yield Entry(
            event.at,
            Source.MOVE if moved else Source.CALL,
            f"{event.subject}: {event.kind.replace('_', ' ')}",
            event.by,
            detail=", ".join(_fact(name, value) for name, value in facts.items()),
            reason=event.reason,
            bad=event.kind in BAD_KINDS,
        )


MOVED = {
    "rack",
    "packed",
    "departed",
    "shipment",
    "asn",
    "carrier",
    "holes",
    "planned",
    "arrived",
    "confirmed",
}
BAD_KINDS = {"cancel", "quality_hold", "rack_reopened", "asn_rejected", "scrapped", "returned"}


def tasks(subject: Subject) -> Iterator[Entry]:
    wanted = Q(subject__in=sorted(subject.names)) if subject.names else Q(pk=None)
    if subject.kind in {Kind.CALL, Kind.UNIT, Kind.RACK}:
        wanted |= Q(group__in=[group.pk for group in subject.groups])
    for task in Task.objects.filter(wanted).select_related("owner").order_by("-pk")[:MOST_ENTRIES]:
        done = task.status == TaskStatus.DONE
        yield Entry(task.opened_at, Source.TASK, f"task: {task.text}", bad=not done)
        if done and task.closed_at:
            what = f"task done: {task.kind.replace('_', ' ').lower()}"
            yield Entry(task.closed_at, Source.TASK, what, _name(task.owner), reason=task.note)


def exceptions(subject: Subject) -> Iterator[Entry]:
    """What went another way than planned: each when it began and when it was settled."""
    if subject.kind not in {Kind.CALL, Kind.UNIT, Kind.RACK}:
        return
    groups, units = [group.pk for group in subject.groups], [unit.pk for unit in subject.units]
    # A piece that serves another vehicle now keeps what happened to it, not what happened to that vehicle.
    wanted = Q(unit__in=units) if subject.kind is Kind.UNIT else Q(group__in=groups) | Q(unit__in=units)
    rows = FloorException.objects.filter(wanted).select_related("station").order_by("-pk")
    for row in rows[:MOST_ENTRIES]:
        where = row.station.code if row.station else ""
        yield Entry(row.at, Source.EXCEPTION, row.text, row.by, where, reason=row.reason, bad=True)
        if row.resolved_at:
            what = f"settled: {row.text}"
            yield Entry(
                row.resolved_at, Source.EXCEPTION, what, row.resolved_by, where, reason=row.resolution
            )


def holds(subject: Subject) -> Iterator[Entry]:
    """Quality holds of the group, or that a piece of the subject fits; released ones too."""
    lots = {unit.lot for unit in subject.units} - {""}
    serials = {unit.serial for unit in subject.units if unit.serial}
    parts = {unit.part_id for unit in subject.units} | {part.pk for part in subject.parts}
    by_time = Q(part__isnull=True, serial="", lot="", group__isnull=True)
    wanted = (
        Q(group__in=[group.pk for group in subject.groups])
        | Q(lot__in=lots)
        | Q(serial__in=serials)
        | Q(part__in=parts, serial="", lot="")
        | by_time
    )
    rows = QualityHold.objects.filter(wanted).select_related("part", "group__call_off", "group__commodity")
    for hold in rows.order_by("-pk")[:MOST_ENTRIES]:
        if hold.group_id is None and not any(_fits(hold, unit) for unit in subject.units):
            continue
        name = f"{hold}: {hold.subject}"
        yield Entry(
            hold.placed_at, Source.HOLD, f"on hold {name}", hold.placed_by, reason=hold.reason, bad=True
        )
        if hold.released_at:
            yield Entry(
                hold.released_at,
                Source.HOLD,
                f"released {name}",
                hold.released_by,
                reason=hold.release_reason,
            )


def _fits(hold: QualityHold, unit: Unit) -> bool:
    return (
        (hold.part_id is None or hold.part_id == unit.part_id)
        and (not hold.serial or hold.serial == unit.serial)
        and (not hold.lot or hold.lot == unit.lot)
        and (hold.made_from is None or unit.taken_at >= hold.made_from)
        and (hold.made_to is None or unit.taken_at < hold.made_to)
    )


def prints(subject: Subject) -> Iterator[Entry]:
    """Every paper asked for, and the numbers of the labels it carried."""
    things = (
        ("unit", subject.units),
        ("slot", subject.slots),
        ("rack", subject.racks if subject.kind in {Kind.CALL, Kind.UNIT, Kind.RACK} else []),
        ("shipment", subject.shipments if subject.kind is Kind.SHIPMENT else []),
    )
    wanted = Q(pk=None)
    for name, rows in things:
        if rows and subject.kind not in {Kind.PART, Kind.LOT, Kind.CARRIER}:
            wanted |= Q(subject_type=name, subject_id__in=[row.pk for row in rows])
    found = PrintJob.objects.filter(wanted).select_related("station", "printer").order_by("-pk")
    jobs = list(found[:MOST_ENTRIES])
    numbers: dict[int, list[str]] = {}
    for label in LabelRecord.objects.filter(job__in=jobs).exclude(number=None):
        void = " (void)" if label.void_at else ""
        numbers.setdefault(label.job_id, []).append(f"{label.number}{void}")
    for job in jobs:
        yield Entry(
            job.asked_at,
            Source.PRINT,
            f"{job.get_kind_display()} {job.subject} {'printed' if job.printed_at else job.status.lower()}",
            job.asked_by,
            job.printer.code if job.printer else "",
            ", ".join(numbers.get(job.pk, [])),
            job.reason,
        )


def _fact(name: str, value: Any) -> str:
    return _said(value) if name == "text" else f"{name.replace('_', ' ')} {_said(value)}"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return " → ".join(str(inner) for inner in value) if len(value) == 2 else ", ".join(map(str, value))
    return str(value)


def shown(raw: str) -> str:
    """A scan as text: what a scanner sends between the fields is no letter."""
    return "".join(letter if letter.isprintable() else "·" for letter in raw)


def _name(person: Any) -> str:
    return (person.get_full_name() or person.get_username()) if person else ""


OWN: list[SourceOf] = [journal, scans, exceptions, holds, tasks, prints]
