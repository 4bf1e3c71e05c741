"""Recall in both directions, and a statement of what the list cannot know.

Forward: from a part, serial, lot, supplier or window of time to pieces, slots, racks, vehicles and shipments.
Backward: from a vehicle, rack or shipment to every piece with its serial and lot. Both read the same rows of the
same tables, so that what one finds the other finds: a test holds them together.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import IO, Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Length

from inventory.errors import Invalid, Refused
from inventory.models import Part
from sequencer.models import (
    CallComponent,
    CallOff,
    ComponentGroup,
    HandlingUnit,
    PlantEvent,
    Rack,
    RecallList,
    ScanArchive,
    Shipment,
    Unit,
)
from sequencer.models.offline import OfflineSpell
from sequencer.services.journal import link, record_event
from sequencer.services.trace.subjects import parts_called
from sequencer.states import CLOSED_RACKS, GONE_RACKS, GroupStatus, RackStatus, SlotStatus, Stage, UnitStatus

# Counting beyond this tells nobody more than "many".
MANY = 10_000
NAMED = 20
# The sealer works every five seconds; an event that waits longer than this waits for a dead sealer.
SEALED_WITHIN = timedelta(minutes=2)
SETTLED_RACKS = CLOSED_RACKS | GONE_RACKS
BEFORE_VERIFIED = {
    GroupStatus.CREATED,
    GroupStatus.UNRESOLVED,
    GroupStatus.RESOLVED,
    GroupStatus.RELEASED,
    GroupStatus.IN_WORK,
    GroupStatus.MISSING,
}
DIGITS_AT_END = re.compile(r"^(.*?)(\d+)$")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a recall starts from: pieces (forward) or where they went (backward), never both.

    `serial_to` makes a range; `first` and `last` bound when the piece was taken, both included.
    """

    part: str = ""
    serial: str = ""
    serial_to: str = ""
    lot: str = ""
    supplier: str = ""
    first: datetime | None = None
    last: datetime | None = None
    vehicle: str = ""
    rack: str = ""
    shipment: str = ""

    @property
    def backward(self) -> bool:
        return bool(self.vehicle or self.rack or self.shipment)

    @property
    def forward(self) -> bool:
        return bool(self.part or self.serial or self.lot or self.supplier or self.first or self.last)

    def check(self) -> None:
        """Refuses a question that asks for nothing, for both directions, or for a range of nothing."""
        if any("\x00" in str(value) for value in asdict(self).values()):
            raise Invalid("bad_text", "a number holds a character that no label has")
        if not self.forward and not self.backward:
            raise Invalid(
                "nothing_asked", "name a part, serial, lot, supplier, time, vehicle, rack or shipment"
            )
        if self.forward and self.backward:
            raise Invalid("two_directions", "ask either from pieces or from a vehicle, rack or shipment")
        if self.serial_to and not (self.serial and self.part):
            raise Invalid("range_of_what", "a range of serials needs its part and its first serial")
        if self.serial_to and (len(self.serial_to) != len(self.serial) or self.serial_to < self.serial):
            raise Invalid("bad_range", "the last serial is as long as the first and not before it")
        if self.supplier and not (self.lot or self.part or self.first):
            raise Invalid("supplier_alone", "name the supplier's lot, the part or a window of time as well")
        if self.first and self.last and self.last < self.first:
            raise Invalid("bad_window", "the window of time ends before it begins")

    def as_facts(self) -> dict[str, str]:
        """What was asked, without what was not."""
        facts = {name: value for name, value in asdict(self).items() if value}
        return {n: v.isoformat() if isinstance(v, datetime) else str(v) for n, v in facts.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """One piece and where it is."""

    unit: int
    part: str
    serial: str
    lot: str
    supplier: str
    taken_at: datetime
    status: str
    place: str
    call_number: str
    sequence: str
    vin: str
    family: str
    rack: str
    slot: int | None
    carrier: str
    shipment: str
    departed_at: datetime | None


COLUMNS = tuple(Row.__slots__)
PLACE_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why the list may not be all. `count` None: it cannot be counted."""

    code: str
    text: str
    count: int | None = None


@dataclass(slots=True)
class Statement:
    """`complete` is computed: true only when no finding stands against it."""

    pieces: int = 0
    vehicles: int = 0
    shipments: int = 0
    findings: list[Finding] = field(default_factory=list)
    head: str = ""
    head_event: int | None = None
    digest: str = ""
    signature: str = ""

    @property
    def complete(self) -> bool:
        return not self.findings


def recall_rows(asked: Asked) -> Iterator[Row]:
    """Every piece the question concerns, in the order it was taken, read in blocks. Refuses a bad question."""
    asked.check()
    values = (
        _units(asked)
        .order_by("pk")
        .values_list(
            "pk", "part__number", "serial", "lot", "supplier", "taken_at", "status",
            "group__call_off__call_number", "group__call_off__sequence_number", "group__call_off__vin",
            "group__commodity__family", "group__slot__rack__number", "group__slot__number",
            "group__slot__rack__carrier__code", "group__slot__rack__shipment__number",
            "group__slot__rack__shipment__departed_at", "handling_unit__number", "handling_unit__call__number",
            "handling_unit__shipment__number", "handling_unit__shipment__departed_at",
        )
    )  # fmt: skip
    for row in values.iterator(chunk_size=2000):
        known: tuple[Any, ...] = row
        pk, part, serial, lot, supplier, taken, status, call, sequence, vin, family = known[:11]
        rack, slot, carrier, shipment, departed = known[11:16]
        if known[16]:
            # Called by quantity: a box stands for the rack, its call for the vehicle's.
            rack, call, shipment, departed = known[16:]
        yield Row(
            pk, part, serial or "", lot, supplier, taken, status, _place(status, rack, shipment, departed),
            call or "", sequence or "", vin or "", family or "", rack or "", slot, carrier or "",
            shipment or "", departed,
        )  # fmt: skip


def recall_statement(asked: Asked, rows: Iterable[Row], *, at: datetime) -> Statement:
    """Reads all rows once and says what the list cannot know. Empty findings mean: the list is complete."""
    asked.check()
    tally = _Tally()
    for row in rows:
        tally.take(row)
    return _state(asked, tally, at)


def issue_recall(asked: Asked, file: IO[str], *, at: datetime, by: str, reason: str) -> RecallList:
    """Writes the list as CSV, the statement behind it, and signs both with the head of the journal's chain.

    Promise: the list, the statement and the journal row `recall_issued` are of one moment; whoever has the file and
    the journal can prove both (`proof_of`). Refuses a question that is none, and a list without a reason or name.
    """
    if not reason.strip() or not by.strip():
        raise Refused("no_reason", "a recall list is issued by a name and with a reason")
    asked.check()
    outermost = connection.vendor == "postgresql" and not connection.in_atomic_block
    with transaction.atomic(durable=True):
        if outermost:
            # One look at the tables, so that the statement is of the same moment as the rows; nobody waits for it.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        writer = csv.writer(file, lineterminator="\n")
        sha = hashlib.sha256()
        tally = _Tally()
        writer.writerow(COLUMNS)
        for row in recall_rows(asked):
            tally.take(row)
            cells = [as_text(getattr(row, name)) for name in COLUMNS]
            sha.update(_line(cells))
            writer.writerow(cells)
        statement = _state(asked, tally, at)
        statement.digest = sha.hexdigest()
        statement.signature = sign(asked.as_facts(), statement)
        issued = RecallList.objects.create(
            asked=asked.as_facts(),
            piece_count=statement.pieces,
            vehicle_count=statement.vehicles,
            shipment_count=statement.shipments,
            complete=statement.complete,
            findings=[asdict(finding) for finding in statement.findings],
            digest=statement.digest,
            head=statement.head,
            head_event=statement.head_event,
            signature=statement.signature,
            issued_at=at,
            issued_by=by[:60],
            reason=reason[:200],
        )
        record_event(
            "trace", "recall_issued", issued.number, at=at, by=by, reason=reason, asked=asked.as_facts(),
            pieces=statement.pieces, complete=statement.complete, signature=statement.signature,
        )  # fmt: skip
    for line in told(issued):
        writer.writerow([as_text(cell) for cell in line])
    return issued


def told(issued: RecallList) -> Iterator[list[str]]:
    """The statement as lines behind the list."""
    yield [
        "#list",
        issued.number,
        f"issued {issued.issued_at.isoformat()} by {issued.issued_by}: {issued.reason}",
    ]
    for name, value in issued.asked.items():
        yield ["#asked", name, value]
    yield ["#pieces", str(issued.piece_count)]
    yield ["#vehicles", str(issued.vehicle_count)]
    yield ["#shipments", str(issued.shipment_count)]
    yield ["#statement", "complete" if issued.complete else "NOT COMPLETE: what is missing follows"]
    for finding in issued.findings:
        yield ["#missing", finding["code"], finding["text"]]
    yield ["#sha256 of the lines", issued.digest]
    yield ["#head of the journal", issued.head or "nothing sealed yet", str(issued.head_event or "")]
    yield ["#signature", issued.signature]


def proof_of(issued: RecallList, lines: Iterable[str]) -> list[str]:
    """What is wrong with a list as somebody shows it: with the file, its row, or the journal. Empty: it is genuine."""
    sha = hashlib.sha256()
    for cells in csv.reader(lines):
        if cells and not cells[0].startswith("#") and tuple(cells) != COLUMNS:
            sha.update(_line(cells))
    changed = (
        [] if sha.hexdigest() == issued.digest else ["the lines of the file are not those that were issued"]
    )
    return [*changed, *proof_of_row(issued)]


def proof_of_row(issued: RecallList) -> list[str]:
    """What is wrong with a list as this database tells of it, against its signature and the journal."""
    wrong = []
    statement = Statement(
        findings=[Finding(**finding) for finding in issued.findings],
        head=issued.head,
        head_event=issued.head_event,
        digest=issued.digest,
    )
    if sign(issued.asked, statement) != issued.signature:
        wrong.append("the question or the statement was changed since")
    if issued.head_event is not None and not _in_chain(issued.head_event, issued.head):
        wrong.append("the journal's link it was signed with is not in the journal")
    event = (
        PlantEvent.objects.filter(subject=issued.number, kind="recall_issued").exclude(kind="scan").first()
    )
    if event is None or event.facts.get("signature") != issued.signature:
        wrong.append("the journal does not tell of this list")
    return wrong


def sign(asked: dict[str, str], statement: Statement) -> str:
    body = [
        statement.head,
        statement.head_event,
        asked,
        [asdict(finding) for finding in statement.findings],
        statement.digest,
    ]
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _in_chain(pk: int, head: str) -> bool:
    """The event still has that link, and its content still gives it."""
    event = PlantEvent.objects.filter(pk=pk).first()
    if event is None or event.chain != head:
        return False
    before = PlantEvent.objects.filter(pk__lt=pk).exclude(chain="").order_by("-pk").first()
    return link(before.chain if before else "", event) == head


def _units(asked: Asked) -> QuerySet[Unit]:
    if asked.backward:
        return _sent_with(asked)
    units = Unit.objects.all()
    if asked.part:
        units = units.filter(part__in=_parts(asked))
    if asked.serial_to:
        units = units.annotate(size=Length("serial")).filter(
            serial__gte=asked.serial, serial__lte=asked.serial_to, size=len(asked.serial)
        )
    elif asked.serial:
        units = units.filter(serial=asked.serial)
    if asked.lot:
        units = units.filter(lot=asked.lot)
    if asked.supplier:
        units = units.filter(supplier=asked.supplier)
    return _in_window(units, asked)


def _in_window(units: QuerySet[Unit], asked: Asked) -> QuerySet[Unit]:
    if asked.first:
        units = units.filter(taken_at__gte=asked.first)
    if asked.last:
        units = units.filter(taken_at__lte=asked.last)
    return units


def _sent_with(asked: Asked) -> QuerySet[Unit]:
    units = Unit.objects.filter(group__isnull=False)
    boxes = HandlingUnit.objects.filter(shipment__in=_shipments(asked)) if asked.shipment else None
    if boxes is not None and not asked.vehicle and not asked.rack and boxes.exists():
        groups = ComponentGroup.objects.filter(slot__rack__shipment__in=_shipments(asked))
        return Unit.objects.filter(Q(group__in=groups.values("pk")) | Q(handling_unit__in=boxes.values("pk")))
    if asked.vehicle:
        units = units.filter(group__call_off__in=_vehicles(asked))
    if asked.rack:
        units = units.filter(group__slot__rack__in=_racks(asked))
    if asked.shipment:
        units = units.filter(group__slot__rack__shipment__in=_shipments(asked))
    return units


def _parts(asked: Asked) -> list[Part]:
    parts = parts_called(asked.part)
    if not parts:
        raise Invalid("no_part", f"no part has the number {asked.part}")
    return parts


def _vehicles(asked: Asked) -> list[int]:
    """By call number, production number or VIN; a sequence number is not one vehicle's for ever."""
    wanted = Q(call_number=asked.vehicle) | Q(vin=asked.vehicle)
    if asked.vehicle:
        wanted |= Q(production_number=asked.vehicle) & ~Q(production_number="")
    return _named(CallOff.objects.filter(wanted), "vehicle", asked.vehicle)


def _racks(asked: Asked) -> list[int]:
    return _named(Rack.objects.filter(number=asked.rack), "rack", asked.rack)


def _shipments(asked: Asked) -> list[int]:
    return _named(Shipment.objects.filter(number=asked.shipment), "shipment", asked.shipment)


def _named(rows: QuerySet[Any], what: str, name: str) -> list[int]:
    found = list(rows.order_by().values_list("pk", flat=True))
    if not found:
        raise Invalid(f"no_{what}", f"there is no {what} {name}")
    return found


def _place(status: str, rack: str | None, shipment: str | None, departed: datetime | None) -> str:
    """Where the piece is, as far as the tables say it; PLACE_UNKNOWN where they do not."""
    if status == UnitStatus.SHIPPED:
        return "shipped" if shipment and departed else PLACE_UNKNOWN
    if status == UnitStatus.PACKED:
        return "in the rack" if rack else PLACE_UNKNOWN
    if status == UnitStatus.ALLOCATED:
        return PLACE_UNKNOWN
    return UNPLACED.get(status, PLACE_UNKNOWN)


# A state that is itself a place. In the buffer is one; in somebody's hand is none.
UNPLACED = {"BUFFER": "in the buffer", "SCRAPPED": "scrapped", "REPAIR": "in repair", "RETURNED": "returned"}


class _Tally:
    """What one reading of the rows tells about the whole list."""

    def __init__(self) -> None:
        self.pieces = 0
        self.vehicles: set[str] = set()
        self.shipments: set[str] = set()
        self.racks: set[str] = set()
        self.parts: dict[str, list[int]] = {}
        self.no_place = 0
        self.first: datetime | None = None
        self.serials: set[str] = set()

    def take(self, row: Row) -> None:
        self.pieces += 1
        if row.call_number:
            self.vehicles.add(row.call_number)
        if row.shipment:
            self.shipments.add(row.shipment)
        if row.rack and row.status != UnitStatus.SHIPPED:
            self.racks.add(row.rack)
        missing = self.parts.setdefault(row.part, [0, 0])
        missing[0] += not row.serial
        missing[1] += not row.lot
        self.no_place += row.place == PLACE_UNKNOWN
        self.first = min(self.first or row.taken_at, row.taken_at)
        if len(self.serials) < MANY:
            self.serials.add(row.serial)


def _state(asked: Asked, tally: _Tally, at: datetime) -> Statement:
    statement = Statement(tally.pieces, len(tally.vehicles), len(tally.shipments))
    checks = [_untold, _places, _offline, _archives, _journal, _backward if asked.backward else _forward]
    statement.findings = [finding for check in checks for finding in check(asked, tally, at)]
    head = PlantEvent.objects.exclude(chain="").order_by("-pk").first()
    if head is not None:
        statement.head, statement.head_event = head.chain, head.pk
    return statement


def _untold(asked: Asked, tally: _Tally, at: datetime) -> Iterator[Finding]:
    """Pieces of the list itself that lack what their part is traced by."""
    traced = dict(Part.objects.filter(number__in=list(tally.parts)).values_list("number", "trace"))
    no_serial = sum(n for part, (n, _) in tally.parts.items() if traced.get(part) == Part.Trace.SERIAL)
    no_lot = sum(n for part, (_, n) in tally.parts.items() if traced.get(part) == Part.Trace.LOT)
    if no_serial:
        yield Finding(
            "piece_without_serial",
            f"{no_serial} pieces of the list lack their serial",
            no_serial,
        )
    if no_lot:
        yield Finding("piece_without_lot", f"{no_lot} pieces of the list lack their lot", no_lot)


def _places(asked: Asked, tally: _Tally, at: datetime) -> Iterator[Finding]:
    if tally.no_place:
        text = f"pieces whose place is unknown (taken, and in no slot, shipment or buffer): {tally.no_place}"
        yield Finding("place_unknown", text, tally.no_place)
    still = Rack.objects.filter(number__in=sorted(tally.racks)).exclude(status__in=sorted(SETTLED_RACKS))
    numbers = list(
        still.exclude(status=RackStatus.CANCELLED).order_by("number").values_list("number", flat=True)
    )
    if numbers:
        text = f"racks not closed, where pieces may still change: {len(numbers)} ({_list(numbers)})"
        yield Finding("open_rack", text, len(numbers))


def _offline(asked: Asked, tally: _Tally, at: datetime) -> Iterator[Finding]:
    """Scans that were made while a station was cut off and are not here, or that a person has still to settle."""
    spells = OfflineSpell.objects.filter(since__lte=asked.last or at)
    waiting = list(spells.filter(closed_at__isnull=True).values_list("station__code", flat=True))
    if waiting:
        text = f"stations whose scans from being offline have not all come: {_list(sorted(set(waiting)))}"
        yield Finding("scans_not_reconciled", text, len(waiting))
    start = asked.first or tally.first
    if start is not None:
        spells = spells.filter(back_at__gte=start)
    lost = spells.filter(closed_at__isnull=False).aggregate(n=Sum("holes"))["n"] or 0
    if lost:
        yield Finding("scans_never_came", f"scans made offline that never came: {lost}", lost)


def _archives(asked: Asked, tally: _Tally, at: datetime) -> Iterator[Finding]:
    """Where a piece is stands in other tables; which hands and racks it went through before only in its scans."""
    start = asked.first or tally.first
    if start is None:
        return
    rows = ScanArchive.objects.filter(month__gte=date(start.year, start.month, 1))
    if asked.last:
        rows = rows.filter(month__lte=asked.last.date())
    names = [f"{row.month:%Y-%m} in {row.file}" for row in rows]
    if names:
        text = f"earlier places of pieces are not here, their scans are archived: {_list(names)}"
        yield Finding("scans_archived", text, len(names))


def _journal(asked: Asked, tally: _Tally, at: datetime) -> Iterator[Finding]:
    oldest = PlantEvent.objects.filter(chain="").order_by("pk").first()
    if oldest is not None and oldest.at < at - SEALED_WITHIN:
        text = f"the journal is not sealed since {oldest.at.isoformat(timespec='seconds')}: start the sealer"
        yield Finding("journal_not_sealed", text)


def _forward(asked: Asked, tally: _Tally, at: datetime) -> Iterator[Finding]:
    """Pieces that may belong to what was asked for, but do not say so."""
    for name, value, silent in (
        ("lot", asked.lot, Q(lot="")),
        ("serial", asked.serial, Q(serial__isnull=True)),
    ):
        if value:
            yield from _silent_pieces(asked, tally, name, silent)
    if asked.supplier:
        same = _in_window(Unit.objects.filter(supplier=""), asked)
        if asked.part:
            same = same.filter(part__in=_parts(asked))
        if asked.lot:
            same = same.filter(lot=asked.lot)
        yield from _silent("of them", "supplier", same, traced=True)
    if asked.serial_to:
        yield from _range_gaps(asked, tally)


def _silent_pieces(asked: Asked, tally: _Tally, name: str, silent: Q) -> Iterator[Finding]:
    """Pieces without lot or serial: of the part asked for, of the parts found, or of all that should have one."""
    trace = Part.Trace.LOT if name == "lot" else Part.Trace.SERIAL
    units = _in_window(Unit.objects.filter(silent), asked)
    if asked.part:
        parts = _parts(asked)
    elif tally.parts:
        parts = list(Part.objects.filter(number__in=list(tally.parts)[:NAMED]))
    else:
        yield from _silent("of parts traced by it", name, units.filter(part__trace=trace), traced=True)
        return
    for part in parts:
        yield from _silent(f"of {part.number}", name, units.filter(part=part), traced=part.trace == trace)


def _silent(what: str, name: str, units: QuerySet[Unit], *, traced: bool) -> Iterator[Finding]:
    count = units.order_by()[: MANY + 1].count()
    if not count:
        return
    many = f"more than {MANY}" if count > MANY else str(count)
    why = "" if traced else f", which is not traced by {name}"
    text = f"{many} pieces {what}{why} carry no {name}: any of them may be concerned"
    yield Finding(f"silent_{name}", text, None if count > MANY else count)


def _range_gaps(asked: Asked, tally: _Tally) -> Iterator[Finding]:
    """Serials of the range that were never scanned: delivered elsewhere, or never seen."""
    first, last = DIGITS_AT_END.match(asked.serial), DIGITS_AT_END.match(asked.serial_to)
    if not first or not last or first[1] != last[1]:
        yield Finding(
            "range_not_countable", "the serials do not end in digits: what is missing cannot be told"
        )
        return
    size = int(last[2]) - int(first[2]) + 1
    if size > MANY:
        text = f"the range has {size} serials, {tally.pieces} were scanned; too many to compare one by one"
        if size != tally.pieces:
            yield Finding("serial_not_scanned", text, size - tally.pieces)
        return
    width = len(first[2])
    every = (f"{first[1]}{n:0{width}d}" for n in range(int(first[2]), int(last[2]) + 1))
    missing = [serial for serial in every if serial not in tally.serials]
    if missing:
        text = f"{len(missing)} of {size} serials of the range were never scanned here: {_list(missing)}"
        yield Finding("serial_not_scanned", text, len(missing))


def _backward(asked: Asked, tally: _Tally, at: datetime) -> Iterator[Finding]:
    """What a vehicle, rack or shipment should have and the list has not."""
    groups = ComponentGroup.objects.exclude(status=GroupStatus.CANCELLED).exclude(
        call_off__stage=Stage.CANCELLED
    )
    if asked.vehicle:
        groups = groups.filter(call_off__in=_vehicles(asked))
    if asked.rack:
        groups = groups.filter(slot__rack__in=_racks(asked))
    if asked.shipment:
        groups = groups.filter(slot__rack__shipment__in=_shipments(asked))
    waiting = groups.filter(status__in=sorted(BEFORE_VERIFIED)).count()
    if waiting:
        yield Finding("not_built", f"{waiting} component groups are not built yet or missing", waiting)
    holes = groups.filter(slot__status__in=[SlotStatus.HOLE, SlotStatus.REOPENED]).count()
    if holes:
        yield Finding("hole", f"{holes} slots are holes or reopened", holes)
    built = CallComponent.objects.filter(
        group__in=groups.exclude(status__in=sorted(BEFORE_VERIFIED)), required=True, part__isnull=False
    )
    wanted = built.aggregate(pieces=Sum("quantity"))["pieces"] or 0
    have = Unit.objects.filter(component__in=built.values("pk"), group=F("component__group")).count()
    if wanted > have:
        text = f"{wanted - have} required pieces of built groups were never recorded"
        yield Finding("piece_not_recorded", text, wanted - have)


def _list(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def as_text(value: Any) -> str:
    """Text that a spreadsheet does not take for a formula."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _line(cells: Iterable[str]) -> bytes:
    return ("\x1f".join(cells) + "\n").encode()
