"""Despatch advices: DESADV D.96A and D.07A (CPS tree) and X12 856 (HL tree). One package is one rack.

Both messages tell their packaging tree by parent pointers, never by indentation, and levels may be missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .canonical import Despatch, DespatchLine, DespatchPackage
from .deljit import FUNCTIONS
from .drafts import Content, Draft
from .facts import (
    Facts,
    amount,
    edifact_facts,
    edifact_moment,
    element,
    order,
    pick,
    x12_facts,
    x12_moment,
    x12_time,
)
from .groups import Group, Segment, compile_table, walk
from .problems import Findings
from .production_sequence import FUNCTIONS as X12_FUNCTIONS
from .profile import Profile

DESADV = compile_table("""
    BGM! DTM ALI MEA MOA CUX
    ( RFF! DTM ) ( NAD! LOC ( RFF! DTM ) ( CTA! COM ) ) ( TOD! LOC FTX )
    ( TDT! PCD ( LOC! DTM ) ) ( EQD! MEA SEL EQA ( HAN! FTX ) )
    ( CPS! FTX
       ( PAC! MEA QTY ( HAN! FTX ) ( PCI! RFF DTM GIR ( GIN! DLM ) ) )
       ( LIN! PIA IMD MEA QTY ALI GIN GIR DLM DTM NAD TDT HAN FTX MOA PRI
          ( RFF! NAD CTA DTM ) ( DGS! QTY FTX ) ( LOC! NAD DTM QTY ) ( SGP! QTY )
          ( PCI! DTM MEA QTY RFF ( GIN! DLM ) ) ( QVR! DTM ) ) )
    CNT AUT
""")

SHIP_NOTICE = compile_table("BSN! DTM (! HL! * ) CTT")
_RACK_MARKS = ("ML", "BJ", "AW")


def read_desadv(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what a DESADV says; a CPS with a marked or typed PAC is a package, other lines stand loose."""
    header = Group("")
    facts: Facts = {}
    transport: Segment = ["TDT"]
    packages: list[tuple[DespatchPackage, bool]] = []
    for group in walk(DESADV, draft.texts, header, draft.number, findings):
        if group.tag == "CPS":
            packages.append(_package(group, profile, findings))
        elif group.tag == "TDT":
            transport = group.segments[0]
        for inner in group.everything() if group.tag != "CPS" else ():
            edifact_facts(inner.segments, facts)
    edifact_facts(header.segments, facts)
    beginning = next((item for item in header.segments if item[0] == "BGM"), ["BGM"])
    code = element(beginning, 3)
    places = profile.edifact
    despatch = Despatch(
        shipment_number=element(beginning, 2),
        departed_at=edifact_moment(facts, ("DTM 11",), (header,), findings),
        ship_from=pick(facts, places.ship_from),
        ship_to=pick(facts, places.ship_to),
        dock=pick(facts, places.dock),
        carrier=element(transport, 5),
        truck=element(transport, 8),
        packages=tuple(package for package, is_rack in packages if is_rack),
        lines=tuple(line for package, is_rack in packages if not is_rack for line in package.lines),
    )
    return Content(
        function=FUNCTIONS.get(code, code) if code else None,
        kind="despatch_advice",
        document_number=element(beginning, 2),
        issued_at=edifact_moment(facts, ("DTM 137",), (header,), findings),
        buyer=pick(facts, places.buyer),
        supplier=pick(facts, places.supplier),
        ship_to=pick(facts, places.ship_to),
        despatch=despatch,
    )


def _package(group: Group, profile: Profile, findings: Findings) -> tuple[DespatchPackage, bool]:
    """Return one CPS and whether it stands for a load carrier at all."""
    number = carrier_code = None
    for pack in (inner for inner in group.groups if inner.tag == "PAC"):
        carrier_code = carrier_code or element(pack.segments[0], 3)
        number = number or next(_identities(pack, _RACK_MARKS), None)
    lines = tuple(_line(inner, profile, findings) for inner in group.groups if inner.tag == "LIN")
    return DespatchPackage(number, carrier_code, lines), bool(number or carrier_code)


def _identities(group: Group, qualifiers: tuple[str, ...]) -> Iterator[str]:
    """Give out the GIN numbers with these DE 7405 qualifiers in and below a group (five composites each)."""
    for inner in group.everything():
        for segment in inner.segments:
            if segment[0] == "GIN" and element(segment, 1) in qualifiers:
                for position in range(2, len(segment)):
                    number = element(segment, position)
                    if number is not None:
                        yield number


def _line(group: Group, profile: Profile, findings: Findings) -> DespatchLine:
    places = profile.edifact
    found: Facts = {}
    for inner in group.everything():
        edifact_facts(inner.segments, found)
    quantity, unit = amount(found, ("QTY 12", *places.quantity), group, findings)
    return DespatchLine(
        call_number=pick(found, places.call_number),
        production_number=pick(found, places.production_number),
        vin=pick(found, places.vin),
        sequence_number=pick(found, places.sequence_number),
        part_number=pick(found, places.part_number),
        supplier_part=pick(found, places.supplier_part),
        quantity=quantity,
        unit=unit,
        slot=pick(found, places.slot),
        serials=tuple(_identities(group, ("BN",))),
        order_ref=order(found, places.order_ref),
    )


def read_856(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what an 856 says; tare and pack levels are packages, items find theirs by HL02 (X12 SH)."""
    header = Group("")
    tree = _Tree(profile, findings)
    for group in walk(SHIP_NOTICE, draft.texts, header, draft.number, findings):
        tree.take(group)
    beginning = next((item for item in header.segments if item[0] == "BSN"), ["BSN"])
    code = element(beginning, 1) or ""
    facts = x12_facts(header.segments, tree.shipment_facts())
    places = profile.x12
    return Content(
        function=X12_FUNCTIONS.get(code, code) or None,
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
            packages=tuple(level.package() for level in tree.packages),
            lines=tuple(tree.loose),
        ),
    )


@dataclass(slots=True)
class _Level:
    """One HL: its own facts, the level above it, and the lines that stand in it when it is a package."""

    kind: str
    group: Group
    facts: Facts
    parent: "_Level | None"
    lines: list[DespatchLine] = field(default_factory=list)

    def above(self) -> "Iterator[_Level]":
        level = self.parent
        while level is not None:
            yield level
            level = level.parent

    def package(self) -> DespatchPackage:
        marks = (element(item, 2) for item in self.group.segments if item[0] == "MAN")
        number = pick(self.facts, ("REF LS",)) or next((mark for mark in marks if mark), None)
        kinds = (element(item, 1) for item in self.group.segments if item[0] == "TD1")
        carrier_code = pick(self.facts, ("REF 98",)) or next((kind for kind in kinds if kind), None)
        return DespatchPackage(number, carrier_code, tuple(self.lines))


class _Tree:
    """Builds the hierarchy of an 856 from its parent pointers."""

    def __init__(self, profile: Profile, findings: Findings) -> None:
        self.places = profile.x12
        self.findings = findings
        self.levels: dict[str, _Level] = {}
        self.shipments: list[Group] = []
        self.packages: list[_Level] = []
        self.loose: list[DespatchLine] = []

    def take(self, group: Group) -> None:
        """Hang one HL under its parent, which has to stand before it."""
        segment = group.segments[0]
        number, parent = element(segment, 1), element(segment, 2)
        if number is None or number in self.levels:
            self.refuse(group, "1", f"HL number {number!r} is empty or given twice")
            return
        if parent is not None and parent not in self.levels:
            self.refuse(group, "2", f"HL {number} hangs under {parent!r}, which does not stand before it")
            return
        kind = element(segment, 3) or ""
        above = self.levels[parent] if parent is not None else None
        level = _Level(kind, group, x12_facts(group.segments, {}), above)
        self.levels[number] = level
        if kind == "S":
            self.shipments.append(group)
        elif kind in ("T", "P"):
            self.packages.append(level)
        elif kind == "I":
            self.item(level)

    def refuse(self, group: Group, position: str, sentence: str) -> None:
        self.findings.add("bad_hierarchy", sentence, segment=group.numbers[0], tag="HL", element=position)

    def item(self, level: _Level) -> None:
        """Put an item's line into the outermost package around it: the rack, not a box inside the rack."""
        orders: Facts = {}
        packages = []
        for above in level.above():
            if above.kind in ("T", "P"):
                packages.append(above)
            elif above.kind == "O":
                x12_facts(above.group.segments, orders)
        line = self.line(level, orders)
        (packages[-1].lines if packages else self.loose).append(line)

    def line(self, level: _Level, orders: Facts) -> DespatchLine:
        places, found = self.places, level.facts
        quantity, unit = amount(found, ("SN1", *places.quantity), level.group, self.findings)
        serials = (element(item, 2) for item in level.group.segments if item[:2] == ["REF", "SE"])
        return DespatchLine(
            call_number=pick(found, places.call_number),
            production_number=pick(found, places.production_number),
            vin=pick(found, places.vin),
            sequence_number=pick(found, places.sequence_number),
            part_number=pick(found, places.part_number),
            supplier_part=pick(found, places.supplier_part),
            quantity=quantity,
            unit=unit,
            slot=pick(found, places.slot),
            serials=tuple(serial for serial in serials if serial),
            order_ref=order(orders | found, (*places.order_ref, "PRF")),
        )

    def shipment_facts(self) -> Facts:
        found: Facts = {}
        for group in self.shipments:
            x12_facts(group.segments, found)
        return found

    def shipment_element(self, tag: str, position: int) -> str | None:
        segments = (item for group in self.shipments for item in group.segments if item[0] == tag)
        return next((value for item in segments if (value := element(item, position))), None)
