"""Despatch advices in EDIFACT: DESADV D.96A to D.07A, VDA 4987 with it. One CPS with a PAC is one package.

The packaging tree is told by parent pointers, never by indentation, and levels may be missing.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .canonical import Despatch, DespatchLine, DespatchPackage
from .drafts import Content, Draft
from .facts import (
    FUNCTIONS,
    Facts,
    amount,
    edifact_facts,
    edifact_moment,
    element,
    order,
    pick,
)
from .groups import Group, Segment, compile_table, walk
from .problems import Findings
from .profile import Profile

# D.07A has all that D.96A has in the same order, and TMD, QVR, COD and a PAC under LIN beside it.
DESADV = compile_table("""
    BGM! DTM ALI MEA MOA CUX
    ( RFF! DTM ) ( NAD! LOC ( RFF! DTM ) ( CTA! COM ) ) ( TOD! LOC FTX )
    ( TDT! PCD TMD ( LOC! DTM ) ) ( EQD! MEA SEL EQA ( HAN! FTX ) )
    ( CPS! FTX QVR
       ( PAC! MEA QTY ( HAN! FTX ) ( PCI! RFF DTM ( GIR! DTM ) ( GIN! DLM ) ( COD! MEA QTY PCD ) ) )
       ( LIN! PIA IMD MEA QTY ALI GIN GIR DLM DTM NAD TDT TMD HAN FTX MOA PAC PRI
          ( RFF! NAD CTA DTM ) ( DGS! QTY FTX ) ( LOC! NAD DTM QTY ) ( SGP! QTY )
          ( PCI! DTM MEA QTY RFF ( GIN! DLM ) ( HAN! FTX GIN ) ) ( QVR! DTM ) ) )
    CNT AUT
""")


class Weights(NamedTuple):
    """How a weight is told: DE 6311, and DE 6313 of gross and net."""

    purpose: str
    gross: str
    net: str


SHIPMENT_WEIGHTS = Weights("AAX", "AAD", "AAC")
PACKAGE_WEIGHTS = Weights("AAY", "AAB", "AAA")
# Other attributes partners use for the same, read and never written.
_GROSS = ("AAD", "AAB", "G")
_NET = ("AAC", "AAA", "AAL", "N")

_RACK_MARKS = ("ML", "BJ", "AW")
# VDA 4987 puts the label of the package around into the PCI of the one inside.
_OUTER_LABEL = "RFF ACI"


def read_desadv(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what a DESADV says; a CPS with a marked or typed PAC is a package, other lines stand loose."""
    header = Group("")
    facts: Facts = {}
    transport: Segment = ["TDT"]
    seal = name = None
    packages: list[tuple[DespatchPackage, str | None, bool]] = []
    numbers: dict[str | None, str | None] = {}
    for group in walk(DESADV, draft.texts, header, draft.number, findings):
        if group.tag == "CPS":
            packages.append(_package(group, profile, findings, numbers))
        elif group.tag == "TDT":
            transport = group.segments[0]
        elif group.tag == "EQD":
            seal = seal or element(group.first("SEL"), 1)
        for inner in group.everything() if group.tag != "CPS" else ():
            edifact_facts(inner.segments, facts)
            if inner.tag == "NAD" and f"NAD {element(inner.segments[0], 1)}" in profile.edifact.ship_from:
                name = name or element(inner.segments[0], 4)
    edifact_facts(header.segments, facts)
    beginning = header.first("BGM")
    code = element(beginning, 3)
    places = profile.edifact
    gross, net, unit = _weights(header.segments)
    despatch = Despatch(
        shipment_number=element(beginning, 2),
        departed_at=edifact_moment(facts, ("DTM 11",), (header,), findings),
        ship_from=pick(facts, places.ship_from),
        ship_to=pick(facts, places.ship_to),
        dock=pick(facts, places.dock),
        carrier=element(transport, 5),
        truck=element(transport, 8),
        packages=tuple(package for package, _, is_rack in packages if is_rack),
        lines=tuple(line for package, _, is_rack in packages if not is_rack for line in package.lines),
        seal=seal,
        ship_from_name=name,
        gross_weight=gross,
        net_weight=net,
        weight_unit=unit or next((unit for _, unit, is_rack in packages if unit and is_rack), None),
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


def _package(
    group: Group, profile: Profile, findings: Findings, numbers: dict[str | None, str | None]
) -> tuple[DespatchPackage, str | None, bool]:
    """Return one CPS, the unit of its weights and whether it stands for a load carrier at all.

    `numbers` holds those of the CPS before.
    """
    carrier_code = outer = gross = net = unit = None
    labels: list[str] = []
    for pack in (inner for inner in group.groups if inner.tag == "PAC"):
        carrier_code = carrier_code or element(pack.segments[0], 3)
        labels += _identities(pack, _RACK_MARKS)
        if unit is None:
            gross, net, unit = _weights(pack.segments)
        for marks in pack.groups:
            outer = outer or pick(edifact_facts(marks.segments, {}), (_OUTER_LABEL,))
    lines = tuple(_line(inner, profile, findings) for inner in group.groups if inner.tag == "LIN")
    segment = group.segments[0]
    number = labels[0] if labels else None
    parent = numbers.get(element(segment, 2)) or outer
    numbers[element(segment, 1)] = number
    several = tuple(labels) if len(labels) > 1 else ()
    package = DespatchPackage(number, carrier_code, lines, parent, several, gross, net)
    return package, unit, bool(number or carrier_code)


def _weights(segments: Iterable[Segment]) -> tuple[str | None, str | None, str | None]:
    """Return gross weight, net weight and their unit as MEA tells them; each the first that stands there."""
    gross = net = unit = None
    for segment in segments:
        value = element(segment, 3, 2) if segment[0] == "MEA" else None
        if value is None:
            continue
        attribute = element(segment, 2)
        if attribute in _GROSS:
            gross = gross or value.replace(",", ".", 1)
        elif attribute in _NET:
            net = net or value.replace(",", ".", 1)
        else:
            continue
        unit = unit or element(segment, 3)
    return gross, net, unit


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
    cumulative, _ = amount(found, ("QTY 3",), group, findings)
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
        cumulative=cumulative,
        cumulative_since=edifact_moment(found, ("DTM 51",), (group,), findings),
    )
