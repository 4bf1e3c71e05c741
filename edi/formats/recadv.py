"""RECADV D.96A to D.07A: what a partner counted of what we sent (UN/EDIFACT RECADV)."""

from collections.abc import Iterator

from .canonical import Acknowledged, Receipt
from .drafts import Content, Draft
from .facts import FUNCTIONS, Facts, amount, edifact_facts, edifact_moment, element, order, pick, signed
from .groups import Group, Segment, compile_table, walk
from .problems import Findings
from .profile import Profile, Sources

_INSPECTED = "( CDI! INP )"
RECADV = compile_table(f"""
    BGM! DTM ALI CUX FTX
    ( RFF! DTM GEI MOA ALC ) ( DOC! {_INSPECTED} ) ( NAD! LOC ( RFF! DTM ) ( CTA! COM ) )
    ( TOD! {_INSPECTED} ( LOC! CDI ) ) ( TDT! DTM CDI )
    ( EQD! {_INSPECTED} ( SEL! CDI ) ( EQA! {_INSPECTED} ) )
    ( CPS! ( RFF! DTM ) ( TDT! DTM ) ( NAD! LOC )
       ( PAC! QVR ( PCI! RFF {_INSPECTED} ( GIN! {_INSPECTED} ) ) )
       ( LIN! PIA IMD QTY QVR DTM PRI PCD FTX ( NAD! LOC ( CTA! COM ) ) {_INSPECTED} ( DOC! {_INSPECTED} )
          ( GIN! {_INSPECTED} ) ( RFF! DTM GEI MOA ALC )
          ( PCI! QTY QVR {_INSPECTED} ( GIN! {_INSPECTED} ) ( RFF! DTM ) ) ) )
    CNT
""")

# DE 1153: despatch advice, despatch note; DE 2005: goods receipt, received, delivered, arrived.
_DESPATCH: Sources = ("RFF AAK", "RFF AAU")
_RECEIVED_AT: Sources = ("DTM 50", "DTM 310", "DTM 35", "DTM 178")
# DE 6063
_SHIPPED: Sources = ("QTY 12",)
_RECEIVED: Sources = ("QTY 48",)
_ACCEPTED: Sources = ("QTY 194",)


def read_recadv(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what a RECADV says: a receipt for every LIN, and a verdict on every despatch it names."""
    header = Group("")
    facts: Facts = {}
    shipments: list[Group] = []
    for group in walk(RECADV, draft.texts, header, draft.number, findings):
        if group.tag == "CPS":
            shipments.append(group)
            continue
        for inner in group.everything():
            edifact_facts(inner.segments, facts)
    edifact_facts(header.segments, facts)
    reader = _Receipts(profile, findings, facts, header)
    receipts = tuple(receipt for group in shipments for receipt in reader.receipts(group))
    beginning = header.first("BGM")
    code = element(beginning, 3)
    return Content(
        function=FUNCTIONS.get(code, code) if code else None,
        kind="receiving_advice",
        document_number=element(beginning, 2),
        issued_at=edifact_moment(facts, ("DTM 137",), (header,), findings),
        buyer=pick(facts, profile.edifact.buyer),
        supplier=pick(facts, profile.edifact.supplier),
        ship_to=pick(facts, profile.edifact.ship_to),
        acknowledged=tuple(_verdicts(receipts, reader.reasons, pick(facts, _DESPATCH))),
        receipts=receipts,
    )


class _Receipts:
    """Reads LIN groups; what a LIN leaves out holds as its CPS or the message's header says it."""

    def __init__(self, profile: Profile, findings: Findings, facts: Facts, header: Group) -> None:
        self.places = profile.edifact
        self.findings = findings
        self.facts = facts
        self.header = header
        self.reasons: dict[str | None, list[str]] = {}

    def receipts(self, shipment: Group) -> Iterator[Receipt]:
        around: Facts = {}
        for inner in shipment.groups:
            if inner.tag in ("RFF", "TDT", "NAD"):
                edifact_facts(inner.segments, around)
        for inner in shipment.groups:
            if inner.tag == "LIN":
                yield self.receipt(inner, around)

    def receipt(self, group: Group, around: Facts) -> Receipt:
        found = edifact_facts(group.segments, {})
        for inner in group.groups:
            if inner.tag == "RFF":
                edifact_facts(inner.segments, found)
        part = pick(found, self.places.part_number)
        if part is None:
            sentence = "the line names no part of the buyer (LIN C212 or PIA); check [edifact] part_number"
            self.findings.add("missing_part", sentence, segment=group.numbers[0], tag="LIN", element="3")
        whole = self.facts | around
        despatch = pick(found, _DESPATCH) or pick(whole, _DESPATCH)
        when = found if pick(found, _RECEIVED_AT) else whole
        variances = [segment for segment in group.segments if segment[0] == "QVR"]
        self.reasons.setdefault(despatch, []).extend(
            reason for segment in variances if (reason := element(segment, 2) or element(segment, 3))
        )
        return Receipt(
            despatch_number=despatch,
            part_number=part,
            supplier_part=pick(found, self.places.supplier_part),
            order_ref=order(found, self.places.order_ref) or order(whole, self.places.order_ref),
            shipped=amount(found, _SHIPPED, group, self.findings)[0],
            received=amount(found, _RECEIVED, group, self.findings)[0],
            accepted=amount(found, _ACCEPTED, group, self.findings)[0],
            discrepancy=self.discrepancy(variances, group),
            received_at=edifact_moment(when, _RECEIVED_AT, (group, self.header), self.findings),
        )

    def discrepancy(self, variances: list[Segment], group: Group) -> str | None:
        """Return the first variance as sent, with its sign; book `invalid_number` for what is no number."""
        text = next((value for segment in variances if (value := element(segment, 1))), None)
        if text is not None and not signed(text):
            sentence = f"{text!r} is no quantity; ask the partner what he counted"
            self.findings.add("invalid_number", sentence, segment=group.numbers[0], tag="QVR", element="1.1")
        return text


def _verdicts(
    receipts: tuple[Receipt, ...], reasons: dict[str | None, list[str]], despatch: str | None
) -> Iterator[Acknowledged]:
    """Give out one verdict a despatch: accepted unless a line of it was counted otherwise than shipped."""
    named = list(dict.fromkeys(receipt.despatch_number for receipt in receipts)) or [despatch]
    for number in named:
        if number is None:
            continue
        own = [receipt for receipt in receipts if receipt.despatch_number == number]
        codes = tuple(dict.fromkeys(reasons.get(number, ())))
        yield Acknowledged(number, not codes and not any(map(_differs, own)), codes)


def _differs(receipt: Receipt) -> bool:
    counted = receipt.accepted or receipt.received
    short = receipt.shipped is not None and counted is not None and counted != receipt.shipped
    return short or (receipt.discrepancy or "0").strip("-+0.") != ""
