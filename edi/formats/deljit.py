"""DELJIT D.95A to D.24A, VDA 4985 and 4986 with it: one SEQ group is one call-off (UN/EDIFACT DELJIT).

Where the profile's stages make a document code a release (a JIT ship schedule), each LIN is a release instead.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from .calls import identify
from .canonical import CallOffEvent, Component, Release
from .delfor import ScheduleReader
from .drafts import Content, Draft
from .facts import FUNCTIONS, Facts, amount, edifact_facts, edifact_moment, element, order, pick
from .groups import HEAD, Group, Segment, compile_table, walk
from .kanban import cards_in
from .problems import Findings
from .profile import Profile, Table
from .tokens import COMPONENT, ELEMENT, SEGMENT

# One table for all directories, whatever the association code: up to D.96B the free text stands behind the SEQ
# groups, later in the header; D.04A made TDT a group with TMD and added PRI; D.24A has RFF under NAD and SEQ.
# Behind a LIN an FTX is the LIN's own.
DELJIT = compile_table("""
    BGM! DTM! FTX
    ( RFF! DTM ) ( NAD! LOC FTX ( RFF! DTM ) ( CTA! COM ) )
    (! SEQ! DTM GIR LOC ( RFF! DTM ) ( PAC! ( PCI! GIN ) )
       ( LIN! PIA IMD ALI GIR TDT TMD FTX PAC DTM
         ( RFF! DTM ) ( TDT! TMD ) ( LOC! ( CTA! COM ) ) ( QTY! SCC DTM ( RFF! DTM ) ) ( PRI! CUX DTM ) ) )
    FTX
""")
# The segments of a call that name its vehicle: no two calls share them.
_VEHICLE = ("DTM" + ELEMENT, "GIR" + ELEMENT)
# How many different lines, and different rests of calls, one message is remembered by.
MAX_LINES = 5000
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
    releases: list[Release] = []
    for group in walk(DELJIT, draft.texts, header, draft.number, findings):
        if group.tag == "SEQ":
            if not reader.opened:
                reader.open_header()
            if reader.kind == "release":
                releases += reader.releases(group)
                continue
            call_off = reader.call_off(group)
            if call_off is not None:
                call_offs.append(call_off)
        else:
            edifact_facts(group.segments, reader.header_facts)
    return reader.content(tuple(call_offs), tuple(releases))


class _Rest(NamedTuple):
    """What a call says beside its vehicle: places, references and lines over the header's facts, and its parts."""

    facts: Facts
    components: tuple[Component, ...]


class _Deljit:
    def __init__(self, draft: Draft, profile: Profile, findings: Findings, header: Group) -> None:
        self.draft = draft
        self.profile = profile
        self.places = profile.edifact
        self.findings = findings
        self.header = header
        self.header_facts: Facts = {}
        # Guides that leave SEQ empty number the vehicle in GIR; RFF is the place of a despatch advice.
        self.sequence_places = tuple(item for item in self.places.sequence_number if item.startswith("GIR "))
        self.opened = False
        self.document_code: str | None = None
        self.function_code: str | None = None
        self.document: str | None = None
        self.issued_at: str | None = None
        self.kind = "unknown"
        self.events: dict[str, str] = {}
        self.rests: dict[str, _Rest] = {}
        self.lines: dict[str, tuple[Component | None, Facts]] = {}
        self.codes: Table = {}

    def open_header(self) -> None:
        """Settle once what all SEQ groups need: kind, function, document number, code list, header facts."""
        self.opened = True
        beginning = self.header.first("BGM")
        self.document_code, self.function_code = element(beginning, 1), element(beginning, 3)
        self.document = element(beginning, 2)
        self.kind = self.kind_named()
        edifact_facts(self.header.segments, self.header_facts)
        self.issued_at = edifact_moment(self.header_facts, ("DTM 137",), (self.header,), self.findings)
        codes = event_codes(self.draft.directory, self.profile)
        if codes is None:
            sentence = f"is SEQ DE 1245 or 1229 in {self.draft.directory!r}? Set event_element in the profile"
            self.findings.add(
                "unknown_directory", sentence, segment=self.draft.number, tag="UNH", element="2"
            )
        self.codes = codes or {}

    def content(self, call_offs: tuple[CallOffEvent, ...], releases: tuple[Release, ...]) -> Content:
        if not self.opened:
            self.open_header()
        code = self.function_code
        return Content(
            function=FUNCTIONS.get(code, code) if code else None,
            kind=self.kind,
            document_number=self.document,
            issued_at=self.issued_at,
            buyer=pick(self.header_facts, self.places.buyer),
            supplier=pick(self.header_facts, self.places.supplier),
            ship_to=pick(self.header_facts, self.places.ship_to),
            call_offs=call_offs,
            releases=releases,
        )

    def kind_named(self) -> str:
        """Forecast and call-off share this message; only BGM 1001 and 1225 tell which of the two binds us."""
        kind = self.profile.kind_of(self.document_code, self.function_code)
        if kind is None and self.header.segments[:1] and self.header.segments[0][0] == "BGM":
            number = self.header.numbers[0]
            sentence = (
                f"document code {self.document_code or ''!r} is not in the profile; say in [stages] whether "
                "it is binding"
            )
            self.findings.add("unknown_document_code", sentence, segment=number, tag="BGM", element="1.1")
        return kind or "unknown"

    def event(self, group: Group, opening: Segment) -> str | None:
        """Return what the code of a SEQ means; kept by the element as it came, for all calls carry the same few."""
        sent = opening[1] if len(opening) > 1 else ""
        event = self.events.get(sent)
        if event is not None:
            return event
        code = element(opening, 1)
        event = self.profile.event_of(self.document_code, self.function_code, code, self.codes)
        if event is not None:
            self.events[sent] = event
        elif self.codes:
            sentence = f"code {code!r} means nothing in {self.draft.directory}; add it to [events]"
            self.findings.add(
                "unknown_event_code", sentence, segment=group.numbers[0], tag="SEQ", element="1"
            )
        return event

    def releases(self, group: Group) -> Iterator[Release]:
        """Give out one release a LIN; the day of the SEQ group holds where a quantity has none."""
        cancelled = self.event(group, group.segments[0]) == "CANCEL"
        outer = edifact_facts(group.segments, {})
        for inner in group.groups:
            if inner.tag == "RFF":
                edifact_facts(inner.segments, outer)
        days = {source: rest for source, rest in outer.items() if source.startswith("DTM ")}
        reader = ScheduleReader(self.profile, self.findings, self.header_facts, days)
        reader.document = self.document
        parts = [inner for inner in group.groups if inner.tag == "LIN"]
        cards = self.cards(group) if len(parts) == 1 else ()
        for inner in group.groups:
            if inner.tag == "LIN":
                for release in reader.part(inner, outer, cards):
                    yield replace(release, lines=()) if cancelled else release

    def cards(self, group: Group) -> tuple[str, ...]:
        """Return the kanban cards a SEQ group names for its only LIN, in GIR or in its packages."""
        packages = [each for inner in group.groups if inner.tag == "PAC" for each in inner.everything()]
        segments = [item for each in (group, *packages) for item in each.segments]
        return cards_in(segments, self.places, group.numbers[0], self.findings)

    def call_off(self, group: Group) -> CallOffEvent | None:
        texts = group.whole()
        own = 1
        while own < len(texts) and texts[own][:HEAD] in _VEHICLE:
            own += 1
        opening, *vehicle = [text.split(ELEMENT) for text in texts[:own]]
        event = self.event(group, opening)
        places = self.places
        rest = self.rest(group, own, SEGMENT.join(texts[own:]))
        found = rest.facts | edifact_facts(vehicle, {})
        number, point = _sequence(opening)
        sequence = number or pick(found, self.sequence_places)
        required_at = edifact_moment(found, places.required_at, (group, self.header), self.findings)
        vin = pick(found, places.vin)
        production_number = pick(found, places.production_number)
        call_number = identify(
            self.profile,
            production_number,
            vin,
            self.document,
            sequence,
            source=point,
            moment=required_at or self.issued_at,
        )
        if call_number is None:
            sentence = (
                "neither production number, VIN nor document and sequence: nobody could name it; check identity "
                "and [edifact] in the profile"
            )
            self.findings.add("missing_identity", sentence, segment=group.numbers[0], tag="SEQ")
        if event is None or call_number is None:
            return None
        return CallOffEvent(
            event,
            sequence,
            point,
            vin,
            production_number,
            pick(found, places.dock),
            pick(found, places.line_feed),
            required_at,
            rest.components,
            call_number,
        )

    def rest(self, group: Group, own: int, text: str) -> _Rest:
        """Read what stands behind a call's first `own` segments, which name the vehicle.

        Vehicles differ, where they go and what they get is alike: what was sound says the same again, word for word.
        """
        known = self.rests.get(text)
        if known is not None:
            return known
        seen = self.findings.seen
        # What stands nearest to the vehicle counts: its own segments, then its lines in order, then the header.
        found = edifact_facts(group.segments[own:], {})
        components = []
        for inner in group.groups:
            if inner.tag == "LIN":
                component, facts = self.line(inner)
                found = facts | found
                if component is not None:
                    components.append(component)
            elif inner.tag == "RFF":
                edifact_facts(inner.segments, found)
        known = _Rest(self.header_facts | found, tuple(components))
        if self.findings.seen == seen and len(self.rests) < MAX_LINES:
            self.rests[text] = known
        return known

    def line(self, group: Group) -> tuple[Component | None, Facts]:
        """Read one LIN and what it says about the whole call (dock, time).

        Vehicles differ, the lines below them are few: what a sound one said it says again, word for word.
        """
        text = SEGMENT.join(group.whole())
        known = self.lines.get(text)
        if known is None:
            seen = self.findings.seen
            known = self.component(group)
            if self.findings.seen == seen and len(self.lines) < MAX_LINES:
                self.lines[text] = known
        return known

    def component(self, group: Group) -> tuple[Component | None, Facts]:
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
            return None, found
        quantity, unit = amount(found, places.quantity, group, self.findings)
        options = tuple(text for item in group.segments if item[0] == "IMD" and (text := option(item)))
        component = Component(
            part,
            pick(found, places.supplier_part),
            quantity,
            unit,
            pick(found, places.family),
            order(found, places.order_ref),
            options,
        )
        return component, found


def _sequence(segment: list[str]) -> tuple[str | None, str | None]:
    """Return SEQ C286: the number and where it was given (DE 1159)."""
    if len(segment) < 3:
        return None, None
    number, _, rest = segment[2].partition(COMPONENT)
    return number.strip() or None, rest.partition(COMPONENT)[0].strip() or None


def option(segment: list[str]) -> str | None:
    """Return an IMD's text, or its code when it carries no text."""
    text = "".join(segment[3].split(COMPONENT)[3:5]).strip() if len(segment) > 3 else ""
    return text or element(segment, 3) or element(segment, 2)
