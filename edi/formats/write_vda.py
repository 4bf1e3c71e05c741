"""The despatch advice of one departed truck as VDA 4913, by the same layout it is read with.

VDA 4913 has no field for VIN, call number, sequence number, place in the rack and serial numbers: production
numbers (718) name the vehicles, in loading order. Weights are those of the truck in whole kilograms, zeros where they
are not known; a cumulative quantity has a field only in a partner's own layout. `carried` says what of a despatch
advice is left.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from .canonical import Despatch, DespatchLine, DespatchPackage
from .layout_choice import vda_layouts
from .profile import Profile
from .rendering import localised, plant_local
from .vda_despatch import KILOGRAM, LICENCE_PLATE
from .vda_layout import RECORD_BYTES, VdaField, VdaLayout

OPENS = "711"
LAST_TRANSMISSION = 99999
# Label of a package: S holds one item, G several (715).
_SINGLE, _MIXED = "S", "G"
_NUMBER = re.compile(r"[^0-9]*0*([0-9]{1,8})")

Facts = Mapping[str, str | None]


def write_vda_despatch(
    despatch: Despatch, profile: Profile, *, control_ref: str, prepared_at: datetime
) -> bytes:
    """Return one transmission 711 to 719, a record a line, from us to them.

    `control_ref` counts our transmissions; the new transmission number is its place in 1 to 99999, the old one
    that before it. Reading the file back gives `carried(despatch)`. Data that a field cannot hold, a package
    without number or content and a second order raise ValueError naming record and field.
    """
    layout = vda_layouts(profile)[OPENS]
    return _Writer(layout, profile, despatch).file(control_ref, localised(prepared_at, profile))


def carried(despatch: Despatch, profile: Profile) -> Despatch:
    """Return what VDA 4913 says of a despatch advice: what it has no field for is None."""
    layout = vda_layouts(profile)[OPENS]
    item = layout.of_role("item")
    counts = item is not None and any(place.fact == "cumulative_shipped" for place in item.fields)
    gross, net = (_kilograms(despatch, value) for value in (despatch.gross_weight, despatch.net_weight))

    def kept(line: DespatchLine) -> DespatchLine:
        unit = layout.units.get(line.unit or "", line.unit)
        nothing = {"call_number": None, "vin": None, "sequence_number": None, "slot": None, "serials": ()}
        cumulative = line.cumulative if counts else None
        return replace(line, unit=unit, cumulative=cumulative, cumulative_since=None, **nothing)  # type: ignore[arg-type]

    return replace(
        despatch,
        departed_at=_to_the_minute(despatch.departed_at, profile),
        packages=tuple(
            DespatchPackage(item.number, item.carrier_code, tuple(map(kept, item.lines)))
            for item in despatch.packages
        ),
        lines=tuple(map(kept, despatch.lines)),
        supplier=None,
        ship_from_name=None,
        gross_weight=gross,
        net_weight=net,
        weight_unit=KILOGRAM if gross or net else None,
    )


def _kilograms(despatch: Despatch, value: str | None) -> str | None:
    """Return a weight in whole kilograms, at least one; ValueError for another unit."""
    if value is None:
        return None
    if despatch.weight_unit not in (KILOGRAM, "KG"):
        raise ValueError(f"712 gross weight: VDA 4913 counts in kilograms, not in {despatch.weight_unit!r}")
    return str(max(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP), Decimal(1)))


def _to_the_minute(text: str | None, profile: Profile) -> str | None:
    if text is None or len(text) == 10:
        return text
    return f"{plant_local(text, profile):%Y-%m-%dT%H:%M}"


def transmission_numbers(control_ref: str) -> tuple[str, str]:
    """Return old and new transmission number; 99999 is followed by 00001, the very first has none before it."""
    if not (control_ref.isascii() and control_ref.isdecimal()) or int(control_ref) < 1:
        raise ValueError(f"711 new transmission number: {control_ref!r} is no number from 1 on")
    count = int(control_ref)
    old = 0 if count == 1 else (count - 2) % LAST_TRANSMISSION + 1
    return f"{old:05d}", f"{(count - 1) % LAST_TRANSMISSION + 1:05d}"


class _Writer:
    def __init__(self, layout: VdaLayout, profile: Profile, despatch: Despatch) -> None:
        self.layout = layout
        self.profile = profile
        self.despatch = despatch
        self.records: list[str] = []
        self.counts: dict[str, int] = {}
        self.items = 0

    def file(self, control_ref: str, at: datetime) -> bytes:
        despatch = self.despatch
        if not despatch.shipment_number:
            raise ValueError("712 shipment number: the despatch advice has no shipment number")
        old, new = transmission_numbers(control_ref)
        today = f"{at:%Y-%m-%d}"
        parties = {"sender": self.profile.our.id, "recipient": self.profile.their.id}
        parties["supplier"] = despatch.supplier or self.profile.our.id
        note = self.note_number(despatch.shipment_number)
        self.add("header", {"previous_ref": old, "control_ref": new, "prepared_at": today, **parties})
        self.add("shipment", self.shipment())
        issued_at = (despatch.departed_at or today)[:10]
        places = {"dock": despatch.dock, "ship_to": despatch.ship_to, "order_ref": self.order()}
        self.add("note", {"note_number": note, "issued_at": issued_at, **places, **parties})
        self.lines(note)
        self.trailer()
        text = "".join(f"{record}\r\n" for record in self.records)
        return text.encode(self.layout.encoding)

    def note_number(self, shipment: str) -> str:
        """Return the eight digits of the delivery note: those of our shipment number."""
        match = _NUMBER.fullmatch(shipment)
        if match is None:
            text = "has to end in up to eight digits and hold no others, as they are the delivery note number"
            raise ValueError(f"713 delivery note number: shipment {shipment!r} {text}")
        return match[1].zfill(8)

    def shipment(self) -> Facts:
        despatch = self.despatch
        departed = plant_local(despatch.departed_at, self.profile) if despatch.departed_at else None
        clock = f"{departed:%H%M}" if departed and len(despatch.departed_at or "") > 10 else None
        return {
            "shipment_number": despatch.shipment_number,
            "ship_from": despatch.ship_from,
            "carrier": despatch.carrier,
            "departed_on": f"{departed:%Y-%m-%d}" if departed else None,
            "departed_time": clock,
            "gross_weight": _kilograms(despatch, despatch.gross_weight),
            "net_weight": _kilograms(despatch, despatch.net_weight),
            "package_count": str(len(despatch.packages)),
            "transport_kind": LICENCE_PLATE,
            "truck": despatch.truck,
        }

    def order(self) -> str | None:
        """Return the order of the delivery note; it has one field for it, so all lines must name the same."""
        lines = (*self.despatch.lines, *(line for item in self.despatch.packages for line in item.lines))
        orders = {line.order_ref for line in lines}
        if len(orders) > 1:
            named = ", ".join(sorted(str(order) for order in orders))
            raise ValueError(f"713 order number: one delivery note carries one order, the lines name {named}")
        return orders.pop() if orders else None

    def lines(self, note: str) -> None:
        self.runs(note, self.despatch.lines, None)
        numbers: set[str] = set()
        for package in self.despatch.packages:
            if not package.number or not package.lines or package.number in numbers:
                wanted = "needs a number of its own and at least one line"
                raise ValueError(f"715 package number: package {package.number!r} {wanted}")
            numbers.add(package.number)
            label = _SINGLE if len(_runs(package.lines)) == 1 else _MIXED
            facts = {"package_from": package.number, "package_to": package.number, "mixed": label}
            self.runs(
                note, package.lines, facts | {"carrier_code": package.carrier_code, "package_count": "1"}
            )

    def runs(self, note: str, lines: tuple[DespatchLine, ...], package: Facts | None) -> None:
        for run in _runs(lines):
            self.item(note, run, package)

    def item(self, note: str, lines: list[DespatchLine], package: Facts | None) -> None:
        first = lines[0]
        self.items += 1
        number = str(self.items)
        if not first.part_number or not first.quantity:
            missing = "part number" if not first.part_number else "quantity"
            raise ValueError(f"714 {missing}: line {number} of the delivery note has none")
        quantity = str(len(lines)) if len(lines) > 1 else first.quantity
        unit = self.layout.units.get(first.unit or "", first.unit)
        parts = {"part_number": first.part_number, "supplier_part": first.supplier_part}
        told = {"quantity": quantity, "unit": unit, "cumulative_shipped": first.cumulative}
        self.add("item", {**parts, **told, "line_number": number})
        if package is not None:
            self.add("package", {**package, "line_number": number})
        references = [line.production_number for line in lines if line.production_number]
        places = self.layout.of_role("references")
        size = sum(1 for item in places.fields if item.fact == "production_number") if places else 0
        if references and not size:
            raise ValueError("718: the layout has no record for production numbers")
        for start in range(0, len(references), size or 1):
            self.add("references", {"note_number": note}, tuple(references[start : start + size]))

    def trailer(self) -> None:
        record = self.layout.records[self.layout.closes]
        self.counts[record.type] = 1
        self.add("trailer", {})

    def add(self, role: str, facts: Facts, references: tuple[str, ...] = ()) -> None:
        """Append the record of a role with its facts; a fact the layout has no field for is left out."""
        record = self.layout.of_role(role)
        if record is None:
            raise ValueError(f"{self.layout.path}: no record has role {role!r}, which writing needs")
        if role != "trailer":
            self.counts[record.type] = self.counts.get(record.type, 0) + 1
        waiting = iter(references)
        parts = [record.type]
        for item in record.fields:
            if item.fact == "production_number":
                value: str | None = next(waiting, None)
            elif item.counts is not None:
                value = str(self.counts.get(item.counts, 0))
            else:
                value = facts.get(item.fact) if item.fact else None
            parts.append(self.rendered(record.type, item, value or item.write))
        text = "".join(parts)
        assert len(text) == RECORD_BYTES
        self.records.append(text)

    def rendered(self, record: str, item: VdaField, value: str) -> str:
        """Return a value in its field's width; refuse what does not fit or cannot be written in the set."""
        where = f"{record} {item.name}"
        if item.type == "number":
            value = _digits(value or "0", item.decimals, where).zfill(item.width)
        elif item.type == "date":
            value = value[2:10].replace("-", "") if value else "0" * item.width
        if len(value) > item.width:
            raise ValueError(f"{where}: {value!r} is longer than {item.width} characters")
        if not value.isprintable() or _lost(value, self.layout.encoding):
            raise ValueError(f"{where}: {self.layout.encoding} cannot carry {value!r}")
        if value != value.strip():
            raise ValueError(f"{where}: {value!r} would lose its outer blanks")
        return value.ljust(item.width)


def _runs(lines: tuple[DespatchLine, ...]) -> list[list[DespatchLine]]:
    """Put lines together that stand behind each other and say one piece of one part for a vehicle each."""
    runs: list[list[DespatchLine]] = []
    for line in lines:
        if runs and _gathered(line) is not None and _gathered(line) == _gathered(runs[-1][-1]):
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _gathered(line: DespatchLine) -> tuple[str | None, ...] | None:
    if line.quantity == "1" and line.production_number:
        return line.part_number, line.supplier_part, line.unit, line.cumulative
    return None


def _digits(value: str, decimals: int, where: str) -> str:
    whole, _, rest = value.partition(".")
    if not (value.isascii() and (whole + rest).isdecimal()) or len(rest.rstrip("0")) > decimals:
        raise ValueError(f"{where}: {value!r} is no number with at most {decimals} decimals")
    return whole.lstrip("0") + rest[:decimals].ljust(decimals, "0") if whole or rest else "0"


def _lost(value: str, encoding: str) -> bool:
    try:
        value.encode(encoding)
    except UnicodeEncodeError:
        return True
    return False
