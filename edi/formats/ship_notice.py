"""X12 856 ship notice (SH): a tree of HL levels, told by parent pointers, never by order. One package is one rack.

S shipment, O order, T tare, P pack and I item may stand above each other in any order a partner's guide likes,
and levels may be missing. The outermost tare or pack above an item is its rack; a pack inside a rack is a place
in it; a pack below an item is one piece of it with its serial number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .canonical import Despatch, DespatchLine, DespatchPackage
from .drafts import Content, Draft
from .facts import Facts, amount, check_ctt, element, order, pick, x12_facts, x12_moment, x12_time
from .groups import Group, Segment, compile_table, walk
from .problems import Findings
from .production_sequence import FUNCTIONS
from .profile import Profile

SHIP_NOTICE = compile_table("BSN! DTM (! HL! * ) CTT")
_PACKAGING = ("T", "P")


def read_856(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what an 856 says; a level that hangs nowhere is refused, and so is all below it."""
    header = Group("")
    tree = _Tree(profile, findings)
    for group in walk(SHIP_NOTICE, draft.texts, header, draft.number, findings):
        tree.take(group)
    tree.check_total(header)
    beginning = header.first("BSN")
    code = element(beginning, 1) or ""
    facts = x12_facts(header.segments, tree.shipment_facts())
    places = profile.x12
    packages, loose = tree.contents()
    gross, net, unit = _weights(segment for group in tree.shipments for segment in group.segments)
    return Content(
        function=FUNCTIONS.get(code, code) or None,
        kind="despatch_advice",
        document_number=element(beginning, 2),
        issued_at=x12_time(element(beginning, 3) or "", element(beginning, 4) or ""),
        buyer=pick(facts, places.buyer),
        supplier=pick(facts, places.supplier),
        ship_to=pick(facts, places.ship_to),
        despatch=Despatch(
            shipment_number=element(beginning, 2),
            departed_at=x12_moment(facts, ("DTM 011",), (header, *tree.shipments), findings),
            ship_from=pick(facts, places.ship_from),
            ship_to=pick(facts, places.ship_to),
            dock=pick(facts, places.dock),
            carrier=tree.shipment_element("TD5", 3),
            truck=tree.shipment_element("TD3", 3),
            packages=packages,
            lines=loose,
            seal=tree.shipment_element("TD3", 9),
            ship_from_name=tree.party_name(places.ship_from),
            gross_weight=gross,
            net_weight=net,
            weight_unit=unit or tree.unit,
        ),
    )


@dataclass(slots=True)
class _Level:
    """One HL: its own facts, the levels right below it, and what it has from the levels above it."""

    kind: str
    group: Group
    facts: Facts
    below: "list[_Level]" = field(default_factory=list)
    order: "_Level | None" = None
    rack: "_Level | None" = None
    place: "_Level | None" = None
    in_item: bool = False

    def hang(self, above: "_Level") -> None:
        """Hang this level under another one, which knows what stands above it."""
        above.below.append(self)
        self.order = above if above.kind == "O" else above.order
        self.in_item = above.in_item or above.kind == "I"
        is_packaging = above.kind in _PACKAGING
        self.rack = above.rack or (above if is_packaging else None)
        self.place = above if is_packaging and above.rack is not None else above.place

    @property
    def is_rack(self) -> bool:
        """True for the outermost packaging; what hangs under an item is a piece of it."""
        return self.kind in _PACKAGING and self.rack is None and not self.in_item

    def mark(self) -> tuple[str | None, str | None]:
        """Return a rack's number and the type of its load carrier."""
        marks = (element(item, 2) for item in self.group.segments if item[0] == "MAN")
        number = pick(self.facts, ("REF LS",)) or next((mark for mark in marks if mark), None)
        kinds = (element(item, 1) for item in self.group.segments if item[0] == "TD1")
        return number, pick(self.facts, ("REF 98",)) or next((kind for kind in kinds if kind), None)

    def serials(self) -> Iterator[str]:
        """Give out the serial numbers of an item and of the single pieces below it."""
        waiting = [self]
        while waiting:
            level = waiting.pop()
            for item in level.group.segments:
                is_mark = item[0] == "MAN" and level is not self
                if (is_mark or item[:2] == ["REF", "SE"]) and (serial := element(item, 2)):
                    yield serial
            waiting += reversed([piece for piece in level.below if piece.kind == "P"])


class _Tree:
    """Builds the hierarchy of an 856 from its parent pointers."""

    def __init__(self, profile: Profile, findings: Findings) -> None:
        self.places = profile.x12
        self.findings = findings
        self.levels: dict[str, _Level] = {}
        self.shipments: list[Group] = []
        self.unit: str | None = None

    def take(self, group: Group) -> None:
        """Hang one HL under its parent, which has to stand before it."""
        segment = group.segments[0]
        number, parent = element(segment, 1), element(segment, 2)
        if number is None or number in self.levels:
            self.refuse(group, "1", f"HL number {number!r} is empty or given twice; each level needs its own")
            return
        if parent is not None and parent not in self.levels:
            self.refuse(group, "2", f"HL {number} hangs under {parent!r}, which does not stand before it")
            return
        level = _Level(element(segment, 3) or "", group, x12_facts(group.segments, {}))
        self.levels[number] = level
        if parent is not None:
            level.hang(self.levels[parent])
        if level.kind == "S":
            self.shipments.append(group)

    def refuse(self, group: Group, position: str, sentence: str) -> None:
        self.findings.add("bad_hierarchy", sentence, segment=group.numbers[0], tag="HL", element=position)

    def check_total(self, header: Group) -> None:
        """CTT01 counts the HL levels, with some partners the items."""
        levels = len(self.levels)
        items = sum(level.kind == "I" for level in self.levels.values())
        check_ctt(header, (levels, items), f"levels, there are {levels} and {items} items", self.findings)

    def contents(self) -> tuple[tuple[DespatchPackage, ...], tuple[DespatchLine, ...]]:
        """Return the racks with their lines, and the lines that stand in none.

        A rack that is told several times, once for each order in it, is one rack.
        """
        racks: dict[tuple[str | None, str | None, int], list[DespatchLine]] = {}
        weights: dict[tuple[str | None, str | None, int], tuple[str | None, str | None]] = {}
        loose: list[DespatchLine] = []
        for level in self.levels.values():
            if level.is_rack:
                racks.setdefault(_key(level), [])
                gross, net, unit = _weights(level.group.segments)
                if gross or net:
                    self.unit = self.unit or unit
                    weights.setdefault(_key(level), (gross, net))
            elif level.kind == "I":
                lines = loose if level.rack is None else racks.setdefault(_key(level.rack), [])
                lines.append(self.line(level))
        packages = []
        for key, lines in racks.items():
            gross, net = weights.get(key, (None, None))
            packages.append(DespatchPackage(key[0], key[1], tuple(lines), gross_weight=gross, net_weight=net))
        return tuple(packages), tuple(loose)

    def line(self, level: _Level) -> DespatchLine:
        """Return an item's line; its order may stand on a level above, its place in the rack on a pack."""
        places, found = self.places, level.facts
        orders: Facts = dict(level.order.facts) if level.order is not None else {}
        slot = pick(level.place.facts, places.slot) if level.place is not None else None
        quantity, unit = amount(found, ("SN1", *places.quantity), level.group, self.findings)
        return DespatchLine(
            call_number=pick(found, places.call_number),
            production_number=pick(found, places.production_number),
            vin=pick(found, places.vin),
            sequence_number=pick(found, places.sequence_number),
            part_number=pick(found, places.part_number),
            supplier_part=pick(found, places.supplier_part),
            quantity=quantity,
            unit=unit,
            slot=pick(found, places.slot) or slot,
            serials=tuple(level.serials()),
            order_ref=order(orders | found, (*places.order_ref, "PRF")),
            cumulative=element(level.group.first("SN1"), 4),
        )

    def shipment_facts(self) -> Facts:
        found: Facts = {}
        for group in self.shipments:
            x12_facts(group.segments, found)
        return found

    def party_name(self, sources: tuple[str, ...]) -> str | None:
        """Return the name (N102) of the first party that stands at one of the places, beside its code."""
        segments = (item for group in self.shipments for item in group.segments if item[0] == "N1")
        named = (
            item for item in segments if f"N1 {element(item, 1)}" in sources and element(item, 4) is not None
        )
        return next((name for item in named if (name := element(item, 2))), None)

    def shipment_element(self, tag: str, position: int) -> str | None:
        segments = (item for group in self.shipments for item in group.segments if item[0] == tag)
        return next((value for item in segments if (value := element(item, position))), None)


def _weights(segments: Iterable[Segment]) -> tuple[str | None, str | None, str | None]:
    """Return gross weight, net weight and their unit as TD1 tells them; each the first that stands there."""
    gross = net = unit = None
    for segment in segments:
        if segment[0] == "TD1" and (value := element(segment, 7)):
            kind = element(segment, 6)
            gross = gross or (value if kind == "G" else None)
            net = net or (value if kind in ("N", "A3") else None)
            unit = unit or element(segment, 8)
    return gross, net, unit


def _key(rack: _Level) -> tuple[str | None, str | None, int]:
    """Tell racks apart: below orders those of one number are one rack, elsewhere each level is its own."""
    number, kind = rack.mark()
    return number, kind, 0 if number is not None and rack.order is not None else id(rack)
