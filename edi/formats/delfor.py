"""DELFOR D.95A to D.04B, VDA 4984 with it: one LIN at one place is one release (UN/EDIFACT DELFOR).

Up to D.96A a UNS opens the detail, parts hang under the place they go to (NAD) or places under the part, and SCC
stands behind its QTY. From D.96B a GIS, from D.02A a GEI opens each place, and SCC opens its QTY groups; guides
write UNS and CNT there all the same. Partners mix the two, so one table has all places and the message itself
tells how QTY and SCC stand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .canonical import Release, ReleaseLine
from .drafts import Content, Draft
from .facts import (
    FUNCTIONS,
    Facts,
    amount,
    edifact_facts,
    edifact_moment,
    edifact_span,
    element,
    order,
    pick,
    place,
)
from .groups import Group, Segment, State, compile_table, walk
from .kanban import cards_in, give_cards, with_cards
from .problems import Findings
from .profile import Profile, Sources

_HEADER = "BGM! DTM! FTX ( RFF! DTM ) ( NAD! LOC FTX ( RFF! DTM ) ( CTA! COM ) ) ( TDT! TMD DTM ) UNS"
_PLACE = "NAD! LOC FTX ( RFF! DTM ) ( DOC! DTM ) ( CTA! COM ) ( TDT! DTM )"
_PART = "LIN! PIA IMD MEA ALI GIN GIR LOC DTM FTX ( CTA! COM ) ( RFF! DTM ) ( CTA! COM ) ( TDT! TMD DTM )"
_PACK = "( PAC! MEA QTY DTM ( PCI! GIN ) ( QVR! DTM ( RFF! DTM ) ) )"
_QTY = "( QTY! DTM ( RFF! DTM ) )"
_QVR = "( QVR! DTM ( RFF! DTM ) )"


def _table(quantities: str) -> State:
    """Return the table of all directories for one of the two orders of QTY and SCC."""
    part = f"{_PART} {quantities} {_PACK}"
    with_places = f"( {part} ( {_PLACE} {quantities} {_QVR} ( TDT! DTM ) ) ( PRI! CUX DTM ) )"
    routed = " ".join(f"( {tag}! ( {_PLACE} ) {with_places} )" for tag in ("GIS", "GEI"))
    return compile_table(f"{_HEADER} {routed} ( {_PLACE} ( {part} ) ) {with_places} UNS CNT FTX")


QTY_FIRST = _table("( QTY! SCC DTM ( RFF! DTM ) )")
SCC_FIRST = _table(f"{_QTY} ( SCC! {_QTY} )")
_QTY_FIRST_DIRECTORY = re.compile(r"[DS]\.9([0-5][AB]|6A|[1-4]\d)")

# DE 4017. 2 and 3 make the buyer pay for what was made or bought; the day of delivery stays open.
FIRMNESS = {
    "1": "firm",
    "5": "firm",
    "10": "firm",
    "15": "firm",
    "2": "material",
    "3": "material",
    "4": "planned",
    "12": "planned",
}
# Capacities and averages (DE 4017) are nobody's requirement.
NO_REQUIREMENT = ("6", "13", "14", "16", "17", "18", "20", "21")
# DE 2013; quarters, half years and the like have no name among the canonical intervals.
INTERVALS = {
    "Y": "day",
    "W": "week",
    "M": "month",
    **dict.fromkeys(("B", "C", "D", "E", "F", "J", "ZZZ"), "date"),
}
# DE 6063: what was not delivered in time, and what is wanted at once.
_OVERDUE = ("QTY 83", "QTY 84")
_CUMULATIVE = "QTY 3"
# DE 6063: despatched, received, per pack, in transit, other cumulative figures, outstanding, accepted.
_FIGURES = tuple(f"QTY {code}" for code in ("12", "48", "52", "57", "72", "73", "74", "75", "79", "194"))
# DE 4017 and DE 6063 again, by what they say of a quantity without a day.
_URGENCY = {"5": "backlog", "10": "immediate", "QTY 83": "backlog", "QTY 84": "immediate"}
_EARLIEST: Sources = ("DTM 64", "DTM 194")
_AT: Sources = ("DTM 2", "DTM 10", "DTM 191", "DTM 76", "DTM 69", "DTM 67", "DTM 11")
_TO: Sources = ("DTM 63", "DTM 206", "DTM 192")


def read_delfor(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what a DELFOR says; a LIN without a part number is booked and left out."""
    header = Group("")
    facts: Facts = {}
    releases: list[Release] = []
    table = SCC_FIRST if scc_is_first(draft) else QTY_FIRST
    reader = ScheduleReader(profile, findings, facts)
    for group in walk(table, draft.texts, header, draft.number, findings):
        if group.tag in ("GIS", "GEI", "LIN") or (header.segments and header.segments[-1][0] == "UNS"):
            reader.document = element(header.first("BGM"), 2)
            releases += reader.place(group)
        else:
            for inner in group.everything():
                edifact_facts(inner.segments, facts)
    edifact_facts(header.segments, facts)
    code = element(header.first("BGM"), 3)
    return Content(
        function=FUNCTIONS.get(code, code) if code else None,
        kind="release",
        document_number=element(header.first("BGM"), 2),
        issued_at=edifact_moment(facts, ("DTM 137",), (header,), findings),
        buyer=pick(facts, profile.edifact.buyer),
        supplier=pick(facts, profile.edifact.supplier),
        ship_to=pick(facts, profile.edifact.ship_to),
        releases=tuple(releases),
    )


def scc_is_first(draft: Draft) -> bool:
    """Tell whether a SCC speaks of the QTY behind it, as from D.96B on, or of the one before.

    Some partners write the order of another directory. Where every SCC has a QTY right behind it, it opens that
    one; where every SCC stands right behind a QTY, it is that one's. Where both or neither hold, the directory tells.
    """
    tags = [text[:3] for text in draft.texts]
    places = [at for at, tag in enumerate(tags) if tag == "SCC"]
    opens = all(tags[at + 1 : at + 2] == ["QTY"] for at in places)
    follows = all(tags[at - 1] == "QTY" for at in places if at)
    if opens == follows:
        return _QTY_FIRST_DIRECTORY.fullmatch(draft.directory or "") is None
    return opens


@dataclass(frozen=True, slots=True)
class _Commitment:
    """What a SCC says of the quantities it stands by: how firm they are and how long their interval is."""

    code: str | None
    firmness: str | None
    interval: str | None
    has_frequency: bool
    is_required: bool


@lru_cache(maxsize=256)
def _commitment(code: str | None, frequency: str | None) -> _Commitment:
    interval = INTERVALS.get(frequency or "")
    return _Commitment(
        code, FIRMNESS.get(code or ""), interval, frequency is not None, code not in NO_REQUIREMENT
    )


@dataclass(slots=True)
class _Schedule:
    """The figures of one LIN, or of one place under it: its lines, and facts that are no lines."""

    lines: list[ReleaseLine]
    figures: Facts
    unit: str | None = None
    is_cumulative: bool = False


class ScheduleReader:
    """Reads LIN groups as releases; `facts` of the message hold for all, `days` where a QTY has no DTM."""

    def __init__(self, profile: Profile, findings: Findings, facts: Facts, days: Facts | None = None) -> None:
        self.places = profile.edifact
        self.findings = findings
        self.facts = facts
        self.days = days or {}
        self.wanted = (*profile.edifact.quantity, *_OVERDUE)
        self.begins = (*_EARLIEST, *profile.edifact.required_at, *_AT)
        self.document: str | None = None

    def place(self, group: Group) -> Iterator[Release]:
        """Give out the releases of one GIS, GEI, NAD or LIN of the detail."""
        if group.tag == "LIN":
            yield from self.part(group, {})
            return
        facts = edifact_facts(group.segments, {})
        for inner in group.groups:
            if inner.tag == "LIN":
                yield from self.part(inner, facts)
            else:
                for each in inner.everything():
                    edifact_facts(each.segments, facts)

    def part(self, group: Group, outer: Facts, cards: tuple[str, ...] = ()) -> Iterator[Release]:
        """Give out one LIN's releases: its own, and one for each place under it that has figures.

        `cards` are those that stand above the LIN and can be its alone.
        """
        own = edifact_facts(group.segments, {})
        for inner in group.groups:
            if inner.tag in ("RFF", "LOC"):
                edifact_facts(inner.segments, own)
        part = pick(own, self.places.part_number)
        if part is None:
            sentence = "the line names no part of the buyer (LIN C212 or PIA); check [edifact] part_number"
            self.findings.add("missing_part", sentence, segment=group.numbers[0], tag="LIN", element="3")
            return
        schedule = self.schedule(group)
        delivered_to = [inner for inner in group.groups if inner.tag == "NAD"]
        spread = [(inner, self.schedule(inner)) for inner in delivered_to]
        spread = [(inner, found) for inner, found in spread if found.lines or found.figures]
        own_cards = cards_in(_of_part(group), self.places, group.numbers[0], self.findings)
        carded = spread[0][1] if len(spread) == 1 and not schedule.lines else schedule
        carded.lines = give_cards(carded.lines, (*cards, *own_cards), group.numbers[0], self.findings)
        if schedule.lines or not spread:
            at: Facts = {}
            for inner in delivered_to if not spread else ():
                edifact_facts(inner.segments, at)
            yield self.release(part, schedule, (own, at, outer, self.facts))
        for inner, found in spread:
            at = edifact_facts(inner.segments, {})
            yield self.release(part, found, (at, own, outer, self.facts))

    def release(self, part: str, schedule: _Schedule, levels: tuple[Facts, ...]) -> Release:
        """Put one release together; the nearest level that names a place or a reference has it."""
        places, figures = self.places, schedule.figures
        nearest = levels[:-1]
        return Release(
            part,
            _pick(levels, places.ship_to),
            _pick(levels, places.dock),
            pick(figures, places.cumulative_received),
            tuple(schedule.lines),
            supplier_part=_pick(nearest, places.supplier_part),
            unit=schedule.unit,
            order_ref=next((found for level in levels if (found := order(level, places.order_ref))), None),
            line_feed=_pick(levels, places.line_feed),
            release_number=_pick(levels, places.release_number) or self.document,
            previous_number=_pick(levels, places.previous_number),
            cumulative_shipped=pick(figures, places.cumulative_shipped),
            cumulative_required=pick(figures, places.cumulative_required),
            last_despatch=_pick((figures, *nearest), places.last_despatch),
            is_cumulative=schedule.is_cumulative,
        )

    def schedule(self, group: Group) -> _Schedule:
        """Sort the QTY groups of a LIN or NAD into requirements and figures (cumulative, last received)."""
        schedule = _Schedule([], {})
        loose: list[ReleaseLine] = []
        for inner in group.groups:
            if inner.tag == "QTY":
                self.quantity(inner, self.commitment(inner), schedule, loose)
            elif inner.tag == "SCC":
                commitment = self.commitment(inner)
                before = len(schedule.lines)
                for quantity in inner.groups:
                    self.quantity(quantity, commitment, schedule, loose)
                if len(schedule.lines) == before:
                    self.left_out(inner, commitment)
        # Without any SCC a quantity without a day is the requirement; beside one it is a total of it.
        dated = [line for line in loose if line.from_ or line.to]
        schedule.lines += dated if dated or schedule.lines else loose
        return schedule

    def commitment(self, group: Group) -> _Commitment | None:
        """Return what the SCC of a group says, None when it has none."""
        segment = group.first("SCC")
        if len(segment) == 1 and group.tag != "SCC":
            return None
        commitment = _commitment(element(segment, 1), element(segment, 3))
        code = commitment.code
        if code is not None and commitment.is_required and code not in FIRMNESS:
            sentence = f"commitment {code!r} (DE 4017) is neither firm, material nor planned; kept without"
            number = group.numbers[group.segments.index(segment)]
            self.findings.add("unknown_commitment", sentence, segment=number, tag="SCC", element="1")
        return commitment

    def left_out(self, scc: Group, commitment: _Commitment | None) -> None:
        """Tell of a SCC that has quantities, none of them a requirement and one nobody knows as a figure."""
        if commitment is None or not commitment.is_required:
            return
        places = self.places
        figures = (
            *places.cumulative_received,
            *places.cumulative_required,
            *places.cumulative_shipped,
            *_FIGURES,
        )
        for quantity in scc.groups:
            code = element(quantity.segments[0], 1)
            if f"QTY {code}" not in figures:
                sentence = (
                    f"QTY {code!r} is read as no requirement; if it is one, add it to [edifact] quantity"
                )
                number = quantity.numbers[0]
                self.findings.add("quantity_left_out", sentence, segment=number, tag="QTY", element="1.1")
                return

    def quantity(
        self,
        group: Group,
        commitment: _Commitment | None,
        schedule: _Schedule,
        loose: list[ReleaseLine],
    ) -> None:
        """Read one QTY group: a line of the schedule, or a figure beside it."""
        found = edifact_facts(group.segments, {})
        for inner in group.groups:
            edifact_facts(inner.segments, found)
        if self.days and not any(source.startswith("DTM ") for source in found):
            found |= self.days
        source = place(found, self.wanted)
        if source is None:
            self.figures(found, group, schedule)
            return
        if commitment is not None and not commitment.is_required:
            return
        text, unit = amount(found, (source,), group, self.findings)
        schedule.unit = schedule.unit or unit
        if commitment is None and source in _OVERDUE:
            commitment = _Commitment(None, "firm", None, has_frequency=False, is_required=True)
        schedule.is_cumulative = schedule.is_cumulative or source == _CUMULATIVE
        line = self.line(text or "", found, group, commitment, source)
        below = (item for inner in group.everything() for item in inner.segments)
        line = with_cards(line, cards_in(below, self.places, group.numbers[0], self.findings))
        (loose if commitment is None else schedule.lines).append(line)

    def figures(self, found: Facts, group: Group, schedule: _Schedule) -> None:
        for source, rest in found.items():
            schedule.figures.setdefault(source, rest)
        _, unit = amount(
            found, tuple(source for source in found if source[:4] == "QTY "), group, self.findings
        )
        schedule.unit = schedule.unit or unit

    def line(
        self, quantity: str, found: Facts, group: Group, commitment: _Commitment | None, source: str
    ) -> ReleaseLine:
        begins = edifact_span(found, self.begins, group, self.findings)
        ends = edifact_span(found, _TO, group, self.findings)
        first, last = begins.first, ends.last or ends.first or begins.last
        code = commitment.code if commitment is not None else None
        interval: str | None = None
        if commitment is not None and commitment.has_frequency:
            interval = commitment.interval
        elif first or last:
            interval = begins.interval or ends.interval or "date"
        return ReleaseLine(
            quantity,
            first,
            last,
            commitment.firmness if commitment is not None else None,
            interval,
            order_ref=order(found, self.places.order_ref),
            urgency=None if first or last else _URGENCY.get(source) or _URGENCY.get(code or ""),
        )


def _of_part(group: Group) -> Iterator[Segment]:
    """Give out what a LIN says of itself and of its packages, not of one quantity or place."""
    yield from group.segments
    for inner in group.groups:
        if inner.tag in ("RFF", "PAC"):
            for each in inner.everything():
                yield from each.segments


def _pick(levels: tuple[Facts, ...], sources: Sources) -> str | None:
    return next((found for level in levels if (found := pick(level, sources))), None)
