"""One box finds everything: by sequence, VIN or its tail, serial, lot, rack, carrier, shipment, part or label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Count
from django.db.models.functions import Reverse

from sequencer.clocks import both_clocks
from sequencer.labels import Kind as LabelKind
from sequencer.labels import read_label
from sequencer.models import CallOff, Carrier, LabelRecord, Rack, Shipment, Unit
from sequencer.services.trace.subjects import Kind, parts_called

MOST_HITS = 20
# Fewer characters end too many VINs to help anybody.
TAIL = 4
# What a label record calls its subject, and what the trace calls it.
LABELLED = {"unit": Kind.UNIT, "rack": Kind.RACK, "shipment": Kind.SHIPMENT}


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that fits; `found_by` says what of it was asked for, `detail` tells it from its like."""

    kind: Kind
    key: str
    title: str
    found_by: str
    detail: str = ""


def find(text: str) -> list[Hit]:
    """Everything a text or scanned label may mean, each once, the newest first within a kind. Only exact matches,
    by index, but for the tail of a VIN.
    """
    wanted = _readings(text)
    found: dict[tuple[Kind, str], Hit] = {}
    for look in LOOKS:
        for hit in look(wanted):
            found.setdefault((hit.kind, hit.key), hit)
    return list(found.values())


def _readings(text: str) -> list[str]:
    """The text as typed and in capitals; of a scanned label each number it carries."""
    text = text.replace("\x00", "")
    label = read_label(text.strip())
    if label.kind is not LabelKind.GOODS:
        values: Iterable[str | None] = (label.value,)
    elif label.serial or label.lot:
        # A label that says which piece it is asks for that piece, not for every piece of its part.
        values = (text.strip(), label.serial, label.lot)
    else:
        values = label.numbers
    words = [value.strip() for value in values if value and value.strip()]
    return list(dict.fromkeys([*words, *(word.upper() for word in words)]))


def _calls(wanted: list[str]) -> Iterator[Hit]:
    seen: set[int] = set()
    rows = CallOff.objects.select_related("program__line__plant").order_by("-pk")
    for name, words in (
        ("call_number", "call number"),
        ("vin", "VIN"),
        ("sequence_number", "sequence"),
        ("production_number", "production number"),
    ):
        for call in rows.filter(**{f"{name}__in": wanted})[:MOST_HITS]:
            if call.pk not in seen:
                seen.add(call.pk)
                yield _call_hit(call, words)
    tail = wanted[-1] if wanted else ""
    if len(tail) < TAIL or not tail.isalnum():
        return
    by_tail = rows.annotate(turned=Reverse("vin")).filter(turned__startswith=tail[::-1])
    for call in by_tail[:MOST_HITS]:
        if call.pk not in seen:
            yield _call_hit(call, "end of the VIN")


def _call_hit(call: CallOff, found_by: str) -> Hit:
    zone = call.program.line.plant.time_zone
    when = both_clocks(call.required_at, zone, day=True) if call.required_at else "no time yet"
    detail = f"{call.program.line} · seq {call.sequence_number or '—'} · VIN {call.vin or '—'} · for {when}"
    return Hit(Kind.CALL, str(call.pk), call.call_number, found_by, detail)


def _units(wanted: list[str]) -> Iterator[Hit]:
    for unit in Unit.objects.select_related("part").filter(serial__in=wanted).order_by("-pk")[:MOST_HITS]:
        yield Hit(
            Kind.UNIT, str(unit.pk), unit.serial or "", "serial", f"{unit.part} · {unit.get_status_display()}"
        )


def _lots(wanted: list[str]) -> Iterator[Hit]:
    lots = Unit.objects.filter(lot__in=[word for word in wanted if word]).order_by()
    for row in lots.values("lot").annotate(pieces=Count("pk"))[:MOST_HITS]:
        yield Hit(Kind.LOT, row["lot"], row["lot"], "lot", f"{row['pieces']} pieces")


def _racks(wanted: list[str]) -> Iterator[Hit]:
    for rack in Rack.objects.select_related("commodity").filter(number__in=wanted):
        yield Hit(Kind.RACK, str(rack.pk), rack.number, "rack", rack.get_status_display())
    for carrier in Carrier.objects.select_related("rack_type").filter(code__in=wanted):
        yield Hit(Kind.CARRIER, str(carrier.pk), carrier.code, "carrier", str(carrier.rack_type))


def _shipments(wanted: list[str]) -> Iterator[Hit]:
    for shipment in Shipment.objects.filter(number__in=wanted):
        detail = shipment.get_status_display()
        yield Hit(Kind.SHIPMENT, str(shipment.pk), shipment.number, "shipment", detail)


def _parts(wanted: list[str]) -> Iterator[Hit]:
    for number in wanted:
        for part in parts_called(number):
            found_by = "part" if part.number == number else "customer's part number"
            yield Hit(Kind.PART, str(part.pk), part.number, found_by, part.description)


def _plates(wanted: list[str]) -> Iterator[Hit]:
    """By the number on a label; a label that was replaced still tells what it was on."""
    plates = [*wanted, *(word.removeprefix("J") for word in wanted if word[:1] == "J")]
    for record in LabelRecord.objects.filter(number__in=plates).select_related("job"):
        kind = LABELLED.get(record.subject_type)
        if kind is not None:
            void = " · void" if record.void_at else ""
            yield Hit(
                kind, str(record.subject_id), record.job.subject, "label number", f"{record.number}{void}"
            )


LOOKS: list[Callable[[list[str]], Iterator[Hit]]] = [
    _calls, _units, _lots, _racks, _shipments, _parts, _plates,
]  # fmt: skip
