"""DELJIT D.96A to D.04B: one SEQ group is one call-off (UN/EDIFACT DELJIT, branching diagram)."""

import re

from .calls import identify
from .canonical import CallOffEvent, Component
from .drafts import Content, Draft
from .facts import Facts, amount, edifact_facts, edifact_moment, element, order, pick
from .groups import Group, compile_table, walk
from .problems import Findings
from .profile import Profile, Table
from .tokens import COMPONENT

# One table for all directories: up to D.96B the free text stands behind the SEQ groups, later in the header;
# D.04A made TDT a group and added PRI and CUX. Behind a LIN an FTX is the LIN's own.
DELJIT = compile_table("""
    BGM! DTM! FTX
    ( RFF! DTM ) ( NAD! LOC FTX ( CTA! COM ) )
    (! SEQ! DTM GIR LOC ( RFF! DTM ) ( PAC! ( PCI! GIN ) )
       ( LIN! PIA IMD ALI GIR TDT FTX PAC DTM PRI CUX TMD
         ( RFF! DTM ) ( TDT! TMD ) ( LOC! ( CTA! COM ) ) ( QTY! SCC DTM ( RFF! DTM ) ) ) )
    FTX
""")

# DE 1225
FUNCTIONS = {
    "1": "cancellation",
    "2": "addition",
    "4": "change",
    "5": "replace",
    "7": "duplicate",
    "9": "original",
    "31": "copy",
    "35": "retransmission",
    "40": "deletion_request",
    "41": "last_of_series",
    "50": "withdraw",
    "53": "test",
}
_DIRECTORY = re.compile(r"[DS]\.(\d\d)([AB])")


def event_element(directory: str | None, profile: Profile) -> str | None:
    """Return the code list SEQ's first element is drawn from: "1245" up to D.98A, "1229" from D.98B.

    None when neither the directory nor the profile says so: the same digit means opposite things in the two.
    """
    if profile.event_element is not None:
        return profile.event_element
    match = _DIRECTORY.fullmatch(directory or "")
    if match is None:
        return None
    year = int(match[1])
    return "1245" if year >= 90 and (year, match[2]) <= (98, "A") else "1229"


def event_codes(directory: str | None, profile: Profile) -> Table | None:
    """Return the partner's table of SEQ codes for a directory, None when the directory is unknown."""
    tables = {"1245": profile.events_1245, "1229": profile.events_1229, None: None}
    return tables[event_element(directory, profile)]


def read_deljit(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what a DELJIT says; a call-off that lacks its identity or its code is booked and left out."""
    header = Group("")
    reader = _Deljit(draft, profile, findings, header)
    call_offs = []
    for group in walk(DELJIT, draft.texts, header, draft.number, findings):
        if group.tag == "SEQ":
            call_off = reader.call_off(group)
            if call_off is not None:
                call_offs.append(call_off)
        else:
            edifact_facts(group.segments, reader.header_facts)
    return reader.content(tuple(call_offs))


class _Deljit:
    def __init__(self, draft: Draft, profile: Profile, findings: Findings, header: Group) -> None:
        self.draft = draft
        self.profile = profile
        self.places = profile.edifact
        self.findings = findings
        self.header = header
        self.header_facts: Facts = {}
        self.opened = False
        self.function: str | None = None
        self.document: str | None = None
        self.codes: Table = {}

    def open_header(self) -> None:
        """Settle once what all SEQ groups need: function, document number, code list, header facts."""
        self.opened = True
        beginning = next((item for item in self.header.segments if item[0] == "BGM"), ["BGM"])
        code = element(beginning, 3)
        self.function = FUNCTIONS.get(code, code) if code else None
        self.document = element(beginning, 2)
        edifact_facts(self.header.segments, self.header_facts)
        codes = event_codes(self.draft.directory, self.profile)
        if codes is None:
            sentence = f"is SEQ DE 1245 or 1229 in {self.draft.directory!r}? Set event_element in the profile"
            self.findings.add(
                "unknown_directory", sentence, segment=self.draft.number, tag="UNH", element="2"
            )
        self.codes = codes or {}

    def content(self, call_offs: tuple[CallOffEvent, ...]) -> Content:
        if not self.opened:
            self.open_header()
        return Content(
            function=self.function,
            kind=self.kind(),
            document_number=self.document,
            issued_at=edifact_moment(self.header_facts, ("DTM 137",), (self.header,), self.findings),
            buyer=pick(self.header_facts, self.places.buyer),
            supplier=pick(self.header_facts, self.places.supplier),
            ship_to=pick(self.header_facts, self.places.ship_to),
            call_offs=call_offs,
        )

    def kind(self) -> str:
        """Forecast and call-off share this message; only BGM 1001 tells which of the two binds us."""
        beginning = next((item for item in self.header.segments if item[0] == "BGM"), ["BGM"])
        code = element(beginning, 1) or ""
        kind = self.profile.stages.get(code)
        if kind is None:
            number = self.header.numbers[0] if self.header.numbers else self.draft.number
            sentence = f"document code {code!r} is not in the profile; say in [stages] whether it is binding"
            self.findings.add("unknown_document_code", sentence, segment=number, tag="BGM", element="1.1")
        return kind or "unknown"

    def event(self, group: Group) -> str | None:
        if self.function == "test":
            return "TEST"
        code = element(group.segments[0], 1)
        if code is None:
            return "CANCEL" if self.function == "cancellation" else "NEW"
        event = self.codes.get(code)
        if event is None and self.codes:
            sentence = f"code {code!r} means nothing in {self.draft.directory}; add it to [events]"
            self.findings.add(
                "unknown_event_code", sentence, segment=group.numbers[0], tag="SEQ", element="1"
            )
        return event

    def call_off(self, group: Group) -> CallOffEvent | None:
        if not self.opened:
            self.open_header()
        event = self.event(group)
        places = self.places
        found = edifact_facts(group.segments, {})
        components = []
        for inner in group.groups:
            if inner.tag == "LIN":
                component = self.component(inner, found)
                if component is not None:
                    components.append(component)
            elif inner.tag == "RFF":
                edifact_facts(inner.segments, found)
        for source, rest in self.header_facts.items():
            found.setdefault(source, rest)
        sequence = element(group.segments[0], 2)
        vin = pick(found, places.vin)
        production_number = pick(found, places.production_number)
        call_number = identify(self.profile, production_number, vin, self.document, sequence)
        if call_number is None:
            sentence = "neither production number, VIN nor document and sequence: nobody could name it"
            self.findings.add("missing_identity", sentence, segment=group.numbers[0], tag="SEQ")
        if event is None or call_number is None:
            return None
        return CallOffEvent(
            event,
            sequence,
            element(group.segments[0], 2, 2),
            vin,
            production_number,
            pick(found, places.dock),
            pick(found, places.line_feed),
            edifact_moment(found, places.required_at, (group, self.header), self.findings),
            tuple(components),
            call_number,
        )

    def component(self, group: Group, call: Facts) -> Component | None:
        """Read one LIN; what it says about the whole call (dock, time) is added to `call`."""
        places = self.places
        found = edifact_facts(group.segments, {})
        for inner in group.groups:
            edifact_facts(inner.segments, found)
            for innermost in inner.groups:
                edifact_facts(innermost.segments, found)
        part = pick(found, places.part_number)
        if part is None:
            sentence = "the line names no part of the buyer (LIN C212 or PIA); check [edifact] part_number"
            self.findings.add("missing_part", sentence, segment=group.numbers[0], tag="LIN", element="3")
        for source, rest in found.items():
            call.setdefault(source, rest)
        if part is None:
            return None
        quantity, unit = amount(found, places.quantity, group, self.findings)
        options = tuple(text for item in group.segments if item[0] == "IMD" and (text := option(item)))
        return Component(
            part,
            pick(found, places.supplier_part),
            quantity,
            unit,
            pick(found, places.family),
            order(found, places.order_ref),
            options,
        )


def option(segment: list[str]) -> str | None:
    """Return an IMD's text, or its code when it carries no text."""
    text = "".join(segment[3].split(COMPONENT)[3:5]).strip() if len(segment) > 3 else ""
    return text or element(segment, 3) or element(segment, 2)
