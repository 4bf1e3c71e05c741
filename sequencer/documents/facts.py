"""What papers say, as values. Stored with the job, so that a label of last year can be shown as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_type_hints

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """One part: its label, its place in the sequence, or why it is not good."""

    part: str
    customer_part: str = ""
    description: str = ""
    serial: str = ""
    sequence: str = ""
    vin: str = ""
    call_number: str = ""
    rack: str = ""
    slot: str = ""
    plant: str = ""
    line: str = ""
    dock: str = ""
    supplier: str = ""
    reason: str = ""
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class RackPaper:
    """A rack as its label and its manifest tell of it. Times are ready to print.

    `leaves_oem`: the departure on the OEM's clock, empty where it stands as ours. So in every paper.
    """

    rack: str
    carrier: str = ""
    low: str = ""
    high: str = ""
    plant: str = ""
    plant_code: str = ""
    line: str = ""
    line_code: str = ""
    dock: str = ""
    commodity: str = ""
    build_order: str = ""
    filled: int = 0
    slots: int = 0
    sealed: str = ""
    shipment: str = ""
    place: str = ""
    leaves: str = ""
    leaves_oem: str = ""
    holes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One slot of a manifest. `empty`: why nothing stands in it."""

    slot: str
    sequence: str
    vehicle: str = ""
    parts: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    rack: RackPaper
    lines: tuple[SlotLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Transport:
    """A load with one licence plate. `parts` more than one: a mixed load."""

    from_name: str = ""
    from_address: str = ""
    to_name: str = ""
    to_code: str = ""
    dock: str = ""
    line: str = ""
    supplier: str = ""
    advice: str = ""
    part: str = ""
    description: str = ""
    supplier_part: str = ""
    quantity: int = 0
    unit: str = "PCE"
    mixed: bool = False
    single: bool = False
    date: str = ""
    country: str = ""
    engineering: str = ""
    batch: str = ""
    packages: int = 1
    net_kg: str = ""
    gross_kg: str = ""
    package_type: str = ""
    low: str = ""
    high: str = ""
    rack: str = ""


@dataclass(frozen=True, slots=True)
class LadingLine:
    place: str
    rack: str
    carrier: str
    commodity: str
    low: str
    high: str
    pieces: int
    gross_kg: str = ""


@dataclass(frozen=True, slots=True)
class Lading:
    """A truck's load as the driver signs for it."""

    shipment: str
    from_name: str = ""
    from_address: str = ""
    to_name: str = ""
    to_code: str = ""
    dock: str = ""
    truck: str = ""
    driver: str = ""
    seal: str = ""
    leaves: str = ""
    leaves_oem: str = ""
    departed: str = ""
    net_kg: str = ""
    gross_kg: str = ""
    lines: tuple[LadingLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """One barcode of a sheet: the word people read, the code, what it is for."""

    word: str
    code: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """`columns`: cards a row; a long code needs the whole width."""

    title: str
    cards: tuple[Card, ...] = ()
    columns: int = 2


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    subtitle: str = ""
    sections: tuple[Section, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One slot to pack by paper. `label`: its part's label is scanned afterwards; `empty`: why nothing is packed."""

    slot: str
    sequence: str = ""
    vin: str = ""
    due: str = ""
    due_oem: str = ""
    parts: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    label: bool = False
    empty: str = ""


@dataclass(frozen=True, slots=True)
class PaperRack:
    """A rack to pack while the server is away, as its calls stood when the sheet was drawn."""

    code: str
    rack: str
    version: int
    line: str = ""
    plant: str = ""
    commodity: str = ""
    carrier: str = ""
    low: str = ""
    high: str = ""
    drawn: str = ""
    lines: tuple[PaperLine, ...] = ()


@dataclass(frozen=True, slots=True)
class KitPart:
    part: str
    description: str
    bin: str
    quantity: int


@dataclass(frozen=True, slots=True)
class KitLine:
    """One vehicle. `note` says why nothing is picked for it now."""

    slot: str
    sequence: str
    vehicle: str
    parts: tuple[KitPart, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kit:
    rack: str
    commodity: str
    line: str
    needed: str
    lines: tuple[KitLine, ...]
    totals: tuple[KitPart, ...] = ()
    needed_oem: str = ""


Facts = Piece | RackPaper | Manifest | Transport | Lading | Sheet | Kit


def revive(kind: type[T], stored: Mapping[str, Any]) -> T:
    """The value from its JSON. What an older program stored and this one does not know is left out."""
    hints = get_type_hints(kind)
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _value(hints[name], stored[name]) for name in known & stored.keys()})


def _value(hint: Any, stored: Any) -> Any:
    if isinstance(stored, list | tuple):
        inner = get_args(hint)[0]
        return tuple(_value(inner, item) for item in stored)
    return revive(hint, stored) if is_dataclass(hint) and isinstance(hint, type) else stored
