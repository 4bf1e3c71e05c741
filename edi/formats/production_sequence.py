"""X12 866 production sequence: one LIN is one part of one call-off (X12 SQ, DTM loop over LIN loop)."""

from dataclasses import replace

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
        """Read one time bucket; what it says holds for all lines below it."""
        outer = x12_facts(group.segments, {})
        for source, rest in self.header_facts.items():
            outer.setdefault(source, rest)
        beginning = self.beginning()
        event = self.profile.events_bss.get(element(beginning, 1) or "")
        document = element(beginning, 2)
        for inner in group.groups:
            if inner.tag == "LIN":
                self.lines += 1
                self.line(inner, outer, group, event, document)

    def line(
        self, group: Group, outer: Facts, bucket: Group, event: str | None, document: str | None
    ) -> None:
        places = self.places
        own = x12_facts(group.segments, {})
        found = outer | own
        part = pick(own, places.part_number)
        vin = pick(own, places.vin)
        sequence = pick(own, places.sequence_number)
        production_number = pick(own, places.production_number)
        call_number = identify(self.profile, production_number, vin, document, sequence)
        if call_number is None:
            sentence = "neither production number, VIN nor document and sequence: nobody could name it"
            self.findings.add("missing_identity", sentence, segment=group.numbers[0], tag="LIN")
        if part is None:
            sentence = "the line names no part of the buyer; check [x12] part_number"
            self.findings.add("missing_part", sentence, segment=group.numbers[0], tag="LIN", element="3")
        if event is None or call_number is None or part is None:
            return
        quantity, unit = amount(own, places.quantity, group, self.findings)
        component = Component(
            part,
            pick(own, places.supplier_part),
            quantity,
            unit,
            pick(own, places.family),
            order(own, places.order_ref),
            tuple(text for item in group.segments if item[0] == "PID" and (text := element(item, 5))),
        )
        call = CallOffEvent(
            event,
            sequence,
            None,
            vin,
            production_number,
            pick(found, places.dock),
            pick(found, places.line_feed),
            x12_moment(found, places.required_at, (group, bucket, self.header), self.findings),
            (),
            call_number,
        )
        self.take(call, component)

    def take(self, call: CallOffEvent, component: Component) -> None:
        """Add a part to the call before it if it is the same call, else begin a new one."""
        if not self.calls or self.calls[-1] != call:
            self.close_call()
            self.calls.append(call)
        self.parts.append(component)

    def close_call(self) -> None:
        if self.parts:
            self.calls[-1] = replace(self.calls[-1], components=tuple(self.parts))
            self.parts = []
