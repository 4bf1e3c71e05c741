"""X12 866 production sequence: one LIN is one part of one call-off (X12 SQ, DTM loop over LIN loop)."""

from dataclasses import dataclass

from .calls import identify
from .canonical import CallOffEvent, Component
from .drafts import Content, Draft
from .facts import Facts, amount, element, order, pick, x12_facts, x12_moment, x12_time
from .groups import Group, compile_table, walk
from .problems import Findings
from .profile import Profile

PRODUCTION_SEQUENCE = compile_table("""
    BSS! UIT ( N1! N2 N3 N4 REF PER FOB )
    (! DTM! UIT QTY REF
       ( LIN! REF QTY PID OQS ( SLN! N1 N2 N3 N4 PID ( QTY! MEA ) ) ) )
    CTT
""")

# DE 353
FUNCTIONS = {
    "00": "original",
    "01": "cancellation",
    "02": "addition",
    "03": "deletion_request",
    "04": "change",
    "05": "replace",
    "06": "confirmation",
    "07": "duplicate",
}

# The facts two lines must share to be parts of one call, in the order of CallOffEvent.
_Call = tuple[str, str | None, None, str | None, str | None, str | None, str | None, str | None]


def read_866(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what an 866 says; neighbouring LINs of the same call and sequence are parts of one call-off."""
    header = Group("")
    reader = _ProductionSequence(profile, findings, header)
    for group in walk(PRODUCTION_SEQUENCE, draft.texts, header, draft.number, findings):
        if group.tag == "DTM":
            reader.bucket(group)
        else:
            x12_facts(group.segments, reader.header_facts)
    return reader.content(draft)


class _ProductionSequence:
    def __init__(self, profile: Profile, findings: Findings, header: Group) -> None:
        self.profile = profile
        self.places = profile.x12
        self.findings = findings
        self.header = header
        self.header_facts: Facts = {}
        self.calls: list[CallOffEvent] = []
        self.open: tuple[_Call, str] | None = None
        self.parts: list[Component] = []
        self.lines = 0

    def content(self, draft: Draft) -> Content:
        self.close_call()
        beginning = self.beginning()
        code = element(beginning, 1) or ""
        if code not in self.profile.events_bss:
            sentence = f"function {code!r} has no meaning here; add it to [events.BSS] in the profile"
            self.findings.add("unknown_function", sentence, segment=draft.number + 1, tag="BSS", element="1")
        self.check_total()
        return Content(
            function=FUNCTIONS.get(code, code) or None,
            kind="call_off",
            document_number=element(beginning, 2),
            issued_at=self.issued_at(beginning),
            buyer=pick(self.header_facts, self.places.buyer),
            supplier=pick(self.header_facts, self.places.supplier),
            ship_to=pick(self.header_facts, self.places.ship_to),
            call_offs=tuple(self.calls),
        )

    def beginning(self) -> list[str]:
        return next((item for item in self.header.segments if item[0] == "BSS"), ["BSS"])

    def issued_at(self, beginning: list[str]) -> str | None:
        return x12_time(element(beginning, 3) or "")

    def check_total(self) -> None:
        """CTT01 is wrong in real feeds, so it parks nothing unless the profile says so."""
        for segment, number in zip(self.header.segments, self.header.numbers, strict=True):
            stated = element(segment, 1) or ""
            if segment[0] == "CTT" and (not stated.isdecimal() or int(stated[:12]) != self.lines):
                sentence = f"CTT counts {stated!r} lines, there are {self.lines}"
                self.findings.add("total_mismatch", sentence, segment=number, tag="CTT", element="1")

    def bucket(self, group: Group) -> None:
        """Read one time bucket; what it says holds for all lines below it that do not say otherwise."""
        places = self.places
        outer = x12_facts(group.segments, {})
        for source, rest in self.header_facts.items():
            outer.setdefault(source, rest)
        beginning = self.beginning()
        bucket = _Bucket(
            self.profile.events_bss.get(element(beginning, 1) or ""),
            element(beginning, 2),
            pick(outer, places.dock),
            pick(outer, places.line_feed),
            x12_moment(outer, places.required_at, (group, self.header), self.findings),
        )
        for inner in group.groups:
            if inner.tag == "LIN":
                self.lines += 1
                self.line(inner, bucket)

    def line(self, group: Group, bucket: "_Bucket") -> None:
        places = self.places
        found = x12_facts(group.segments, {})
        vin = pick(found, places.vin)
        sequence = pick(found, places.sequence_number)
        production_number = pick(found, places.production_number)
        call_number = identify(self.profile, production_number, vin, bucket.document, sequence)
        if call_number is None:
            sentence = "neither production number, VIN nor document and sequence: nobody could name it"
            self.findings.add("missing_identity", sentence, segment=group.numbers[0], tag="LIN")
        component = self.component(group, found)
        if bucket.event is None or call_number is None or component is None:
            return
        dock = pick(found, places.dock) or bucket.dock
        line_feed = pick(found, places.line_feed) or bucket.line_feed
        call = (bucket.event, sequence, None, vin, production_number, dock, line_feed, bucket.required_at)
        if (call, call_number) != self.open:
            self.close_call()
            self.open = (call, call_number)
        self.parts.append(component)

    def component(self, group: Group, found: Facts) -> Component | None:
        places = self.places
        part = pick(found, places.part_number)
        if part is None:
            sentence = "the line names no part of the buyer; check [x12] part_number"
            self.findings.add("missing_part", sentence, segment=group.numbers[0], tag="LIN", element="3")
            return None
        quantity, unit = amount(found, places.quantity, group, self.findings)
        options = (element(item, 5) for item in group.segments if item[0] == "PID")
        return Component(
            part,
            pick(found, places.supplier_part),
            quantity,
            unit,
            pick(found, places.family),
            order(found, places.order_ref),
            tuple([option for option in options if option]),
        )

    def close_call(self) -> None:
        """Book the call whose parts have been gathered."""
        if self.open is not None:
            call, call_number = self.open
            self.calls.append(CallOffEvent(*call, tuple(self.parts), call_number))
            self.open, self.parts = None, []


@dataclass(frozen=True, slots=True)
class _Bucket:
    """What one DTM loop says about all its lines."""

    event: str | None
    document: str | None
    dock: str | None
    line_feed: str | None
    required_at: str | None
