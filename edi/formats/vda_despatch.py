"""What a VDA 4913 says: one shipment with its racks and the vehicles in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

from .canonical import Despatch, DespatchLine, DespatchPackage
from .drafts import Content
from .profile import Profile
from .vda_layout import VdaLayout
from .vda_values import Builder, Values

# Record 712: the transport number is the truck's; 02 would be a bordero, 08 a rail car.
LICENCE_PLATE = "01"
# VDA 4913 knows no other unit of weight; a field of zeros says that the weight is not known.
KILOGRAM = "KGM"


@dataclass(slots=True)
class _Item:
    """One item of a delivery note with the packages and production numbers that stand under it."""

    values: Values
    order_ref: str | None
    packages: list[tuple[str | None, str | None]] = field(default_factory=list)
    references: list[str] = field(default_factory=list)


class DespatchBuilder(Builder):
    """VDA 4913: one shipment with its delivery notes, items, packages and production numbers (718)."""

    def __init__(self, layout: VdaLayout, profile: Profile, header: Mapping[str, str | None]) -> None:
        super().__init__(layout, profile, header)
        self.shipment: Values | None = None
        self.order: str | None = None
        self.items: list[_Item] = []

    def take(self, values: Values) -> None:
        match values.record.role:
            case "shipment":
                self.shipment = values
            case "note":
                self.order = values.get("order_ref")
                self.remember(values, "ship_to", "dock", "issued_at", "supplier")
            case "item":
                self.items.append(_Item(values, self.order))
            case "package" if self.items:
                self.items[-1].packages.append(self.package(values))
            case "references" if self.items:
                self.items[-1].references += values.all("production_number")

    def package(self, values: Values) -> tuple[str | None, str | None]:
        """Return number and type of one package; a range of numbers is many packages, so it has none."""
        first, last = values.raw("package_from"), values.raw("package_to")
        return (first or None) if last in ("", first) else None, values.get("carrier_code")

    def content(self) -> Content:
        said = self.shipment
        self.facts["document_number"] = said.get("shipment_number") if said else None
        packages, loose = self.sorted_lines()
        gross, net = (_weight(said, fact) for fact in ("gross_weight", "net_weight"))
        despatch = Despatch(
            shipment_number=self.facts["document_number"],
            departed_at=said.moment("departed_on", "departed_time") if said else None,
            ship_from=said.get("ship_from") if said else None,
            ship_to=self.facts.get("ship_to"),
            dock=self.facts.get("dock"),
            carrier=said.get("carrier") if said else None,
            truck=said.get("truck") if said and said.raw("transport_kind") in ("", LICENCE_PLATE) else None,
            packages=packages,
            lines=loose,
            gross_weight=gross,
            net_weight=net,
            weight_unit=KILOGRAM if gross or net else None,
        )
        return self.common(despatch=despatch)

    def sorted_lines(self) -> tuple[tuple[DespatchPackage, ...], tuple[DespatchLine, ...]]:
        """Put the items into their packages: those that stand behind each other under one number are one rack."""
        packages: list[DespatchPackage] = []
        loose: list[DespatchLine] = []
        for named, items in groupby(self.items, key=lambda item: tuple(item.packages)):
            lines = tuple(line for item in items for line in _lines(item))
            if len(named) == 1 and (named[0][0] or named[0][1]):
                packages.append(DespatchPackage(named[0][0], named[0][1], lines))
            else:
                # In several packages at once: which piece lies where is not said.
                loose += lines
                packages += [DespatchPackage(one[0], one[1]) for one in named if one[0] or one[1]]
        return tuple(packages), tuple(loose)


def _weight(said: Values | None, fact: str) -> str | None:
    value = said.get(fact) if said is not None else None
    return value if value != "0" else None


def _lines(item: _Item) -> list[DespatchLine]:
    """Return an item as lines, one a production number where the quantity leaves no doubt.

    As many pieces as production numbers are one for each; a single production number gets them all. With any
    other quantity the numbers are listed without one, behind the line that carries the quantity.
    """
    said = item.values
    part, supplier_part, unit = (said.get(fact) for fact in ("part_number", "supplier_part", "unit"))
    quantity, references = said.get("quantity"), item.references
    cumulative = said.get("cumulative_shipped")

    def line(reference: str | None, amount: str | None) -> DespatchLine:
        return DespatchLine(
            production_number=reference,
            part_number=part,
            supplier_part=supplier_part,
            quantity=amount,
            unit=unit,
            order_ref=item.order_ref,
            cumulative=cumulative if cumulative != "0" else None,
        )

    if len(references) <= 1:
        return [line(references[0] if references else None, quantity)]
    if quantity == str(len(references)):
        return [line(reference, "1") for reference in references]
    return [line(None, quantity), *(line(reference, None) for reference in references)]
