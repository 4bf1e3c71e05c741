"""The X12 856 of one departed truck, in the hierarchy the partner's guide asks for."""

from collections.abc import Callable
from datetime import datetime
from itertools import chain

from .canonical import Despatch, DespatchLine, DespatchPackage
from .profile import Profile
from .rendering import X12File, x12_date
from .write_calls import placed

DEFAULT_HIERARCHY = "STI"

# A line and the rack it stands in; an empty rack has no line, a loose line no rack.
_Row = tuple[DespatchPackage | None, DespatchLine | None]


class Write856:
    """Writes HL levels from the shipment down, by letters such as "SOTPI"; a level without members is left out.

    T or P, whichever stands first above I, is the rack; a P inside a rack is a place in it, a P below I one
    piece with its serial number. O holds the lines of one order. A hierarchy without T and P names no racks.
    """

    def __init__(self, despatch: Despatch, profile: Profile) -> None:
        self.despatch = despatch
        self.profile = profile
        self.hierarchy = profile.asn.hierarchy or DEFAULT_HIERARCHY
        above_items = self.hierarchy.partition("I")[0]
        self.rack = next((kind for kind in above_items if kind in "TP"), "")
        self.has_places = {*"TP"} <= {*above_items}
        self.has_pieces = "P" not in above_items and "P" in self.hierarchy
        self.out = X12File()
        self.levels = 0
        self.weighed: set[int] = set()

    def file(self, control_ref: str, message_ref: str, at: datetime) -> bytes:
        """Return one interchange with one 856; `write_despatch`, its only door, has looked at the despatch."""
        out, despatch = self.out, self.despatch
        rows: list[_Row] = [(None, line) for line in despatch.lines]
        for package in despatch.packages:
            rows += [(package, line) for line in package.lines] or [(package, None)]
        out.open("SH", self.profile.our, self.profile.their, control_ref, at)
        out.open_set("856", message_ref)
        out.add("BSN", "00", despatch.shipment_number, f"{at:%Y%m%d}", f"{at:%H%M}")
        shipment = self.level(None, "S", has_below=bool(rows))
        self.shipment()
        self.branch(shipment, self.hierarchy[1:], rows)
        out.add("CTT", str(self.levels))
        out.close_set()
        return out.close()

    def level(self, parent: str | None, kind: str, *, has_below: bool) -> str:
        self.levels += 1
        self.out.add("HL", str(self.levels), parent, kind, "1" if has_below else "0")
        return str(self.levels)

    def branch(self, parent: str, kinds: str, rows: list[_Row]) -> None:
        """Write the levels below one; the depth is that of the hierarchy, five at most."""
        kind, below = kinds[0], kinds[1:]
        if kind == "I":
            for package, line in rows:
                if line is not None:
                    self.item(parent, line, in_rack=package is not None)
            return
        write = {"O": self.order, self.rack: self.package}.get(kind, self.place)
        for members in self.grouped(kind, rows):
            package, line = members[0]
            # An empty rack has neither orders nor places, and a pack around a loose line would be its rack.
            if (kind != "O" and package is None) or (kind != self.rack and line is None):
                self.branch(parent, below, members)
                continue
            number = self.level(parent, kind, has_below=any(line is not None for _, line in members))
            write(members[0])
            self.branch(number, below, members)

    def grouped(self, kind: str, rows: list[_Row]) -> list[list[_Row]]:
        """Gather what belongs to one order, rack or place, in the order of first appearance."""
        keys: dict[str, Callable[[_Row], object]] = {
            "O": lambda row: row[1] and row[1].order_ref,
            self.rack: lambda row: id(row[0]) if row[0] is not None else None,
        }
        key = keys.get(kind, lambda row: row[1] and row[1].slot)
        found: dict[object, list[_Row]] = {}
        for row in rows:
            # An empty rack belongs to no order.
            found.setdefault((row[1] is None and kind != self.rack, key(row)), []).append(row)
        return list(found.values())

    def order(self, row: _Row) -> None:
        if row[1] is not None and row[1].order_ref:
            self.out.add("PRF", row[1].order_ref)

    def package(self, row: _Row) -> None:
        assert row[0] is not None
        if id(row[0]) not in self.weighed:
            # A rack below several orders is told several times, its weight once.
            self.weighed.add(id(row[0]))
            self.weights(row[0])
        for qualifier, value in (("98", row[0].carrier_code), ("LS", row[0].number)):
            if value:
                self.out.add("REF", qualifier, value)

    def place(self, row: _Row) -> None:
        slot = row[1].slot if row[1] is not None else None
        for tag, pairs in placed(self.profile.x12, {"slot": slot}).items():
            for qualifier, value in pairs:
                self.out.add(tag, qualifier, value)

    def weights(self, told: Despatch | DespatchPackage) -> None:
        """Write TD1 for each weight that is known: G gross, N net (DE 187)."""
        for qualifier, value in (("G", told.gross_weight), ("N", told.net_weight)):
            if value:
                self.out.add("TD1", *(None,) * 5, qualifier, value, self.despatch.weight_unit)

    def shipment(self) -> None:
        out, despatch = self.out, self.despatch
        self.weights(despatch)
        if despatch.carrier:
            out.add("TD5", None, "2", despatch.carrier)
        if despatch.truck or despatch.seal:
            out.add("TD3", "TL", None, despatch.truck, None, None, None, None, None, despatch.seal)
        for qualifier, value in placed(self.profile.x12, {"dock": despatch.dock}).get("REF", ()):
            out.add("REF", qualifier, value)
        if despatch.departed_at:
            out.add("DTM", "011", *x12_date(despatch.departed_at, self.profile))
        self.party("supplier", despatch.supplier)
        self.party("ship_from", despatch.ship_from, despatch.ship_from_name)
        self.party("ship_to", despatch.ship_to)

    def party(self, fact: str, code: str | None, name: str | None = None) -> None:
        for qualifier, value in placed(self.profile.x12, {fact: code}).get("N1", ()):
            self.out.add("N1", qualifier, name, "92", value)

    def item(self, parent: str, line: DespatchLine, *, in_rack: bool) -> None:
        """Write one line; what a level above it says already is not said again."""
        out = self.out
        number = self.level(parent, "I", has_below=self.has_pieces and bool(line.serials))
        facts = {
            "part_number": line.part_number,
            "supplier_part": line.supplier_part,
            "vin": line.vin,
            "production_number": line.production_number,
            "sequence_number": line.sequence_number,
            "call_number": line.call_number,
            "slot": None if self.has_places and in_rack else line.slot,
            "order_ref": None if "O" in self.hierarchy else line.order_ref,
        }
        by_tag = placed(self.profile.x12, facts)
        pairs = by_tag.get("LIN", [])
        if pairs:
            out.add("LIN", None, *chain.from_iterable(pairs))
        if line.quantity:
            out.add("SN1", None, line.quantity, line.unit, line.cumulative)
        for qualifier, value in by_tag.get("REF", ()):
            out.add("REF", qualifier, value)
        for serial in line.serials:
            if self.has_pieces:
                self.level(number, "P", has_below=False)
            out.add("REF", "SE", serial)
