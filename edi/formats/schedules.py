"""X12 delivery schedules: 830 planning (PS) and 862 shipping schedule (SS), 002001 to 005010.

One LIN at one place is one release. A schedule speaks of a part at the place the nearest level names; FST loops
that an SDQ or the REFs of a JIT send elsewhere become releases of their own there. Quantities stay as sent:
where BFR05 or BSS11 says that they are cumulative the release is marked and `discrete_lines` takes the
differences.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from .canonical import Release, ReleaseLine
from .drafts import Content, Draft
from .facts import Facts, check_ctt, element, order, pick, x12_facts, x12_time
from .groups import Group, Segment, compile_table, walk
from .kanban import cards_in, give_cards, with_cards
from .problems import Findings
from .production_sequence import FUNCTIONS
from .profile import Profile

_PARTY = "( N1! N2 N3 N4 REF PER FOB )"
_CODES = "( LM! LQ )"
_FORECAST = f"( FST! QTY DTM SDQ {_CODES} ( JIT! REF {_CODES} ) )"
_PATTERN = f"( SDP! {_FORECAST} )"
_SHIPPED = "( SHP! REF )"
_ITEM = "UIT DTM CUR PO3 CTP PID MEA PWK PKG PO4 PRS QTY REF PER SAC ITD TAX FOB LDT QTY ATH"

PLANNING = compile_table(f"""
    BFR! NTE CUR REF PER TAX FOB CTP SAC CSH ITD DTM PID MEA PWK PKG TD1 TD5 TD3 TD4 MAN {_PARTY} {_CODES}
    (! LIN! {_ITEM} TD1 TD5 TD3 TD4 MAN DD
       ( SLN! PID NM1 ) {_PARTY} ATH {_CODES} {_SHIPPED} {_FORECAST} {_PATTERN} ATH {_SHIPPED} ATH TD1 TD5 TD3 TD4 )
    CTT
""")
# 002001 has UIT in the header and SDP behind the parties; a guide's order of SDP, FST and SHP is kept loose.
SHIPPING = compile_table(f"""
    BSS! NTE DTM REF PER UIT {_PARTY} FOB
    (! LIN! {_ITEM} {_PARTY} {_SHIPPED} {_FORECAST} {_PATTERN} {_SHIPPED} TD1 TD3 TD4 TD5 TD3 )
    CTT
""")

# DE 680. A is wanted at once, H firm for the first time, Q and V authorise; all else is a plan that may move.
FIRMNESS = {
    **dict.fromkeys(("A", "C", "H", "Q", "V"), "firm"),
    **dict.fromkeys(("B", "D", "F", "K", "P", "U"), "planned"),
}
# DE 680: averages, tooling capacities, strike protection and cancelled quantities are nobody's requirement.
NO_REQUIREMENT = ("G", "M", "N", "S", "T", "W")
# DE 681. F runs from FST04 to FST05; quarters and half months have no name among the canonical intervals.
INTERVALS = {"C": "day", "D": "day", "W": "week", "M": "month", "F": "date"}
# DE 128: the shipment a customer names as the last one he booked.
_DESPATCH = ("REF SI", "REF PK", "REF DJ", "REF BM", "REF CN")
_ORDER = ("REF DO", "REF PO", "LIN PO", "LIN PL")
_LINE_ORDER = ("REF DO", "REF PO")
_LINE_FEED = ("REF LF", "REF LU")
# DE 673 in SHP01 and what SHP03 (DE 374) says of a cumulative figure: 050 by receipt, 051 since, 011 by shipment.
_LAST, _CUMULATIVE = "01", "02"
_BY_RECEIPT, _SINCE, _BY_SHIPMENT = "050", "051", "011"
# DE 374 in FST06 and DTM01: not after, not before.
_LATEST, _EARLIEST = "063", "064"


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where the two sets differ: the table, and the positions of facts in the beginning segment."""

    tag: str
    document: tuple[int, ...]
    release: int
    quantities: int
    issued: int
    order: int


_SETS = {
    "830": (PLANNING, _Kind("BFR", (2, 3), 3, 5, 8, 11)),
    "862": (SHIPPING, _Kind("BSS", (2, 7), 7, 11, 3, 10)),
}

# Ship-to, dock, line feed.
_Place = tuple[str | None, str | None, str | None]


def read_schedule(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what an 830 or 862 says; a LIN without a part number is booked and left out."""
    table, kind = _SETS[draft.type]
    reader = _Schedule(profile, findings, kind)
    parts: list[Group] = []
    for group in walk(table, draft.texts, reader.header, draft.number, findings):
        if group.tag == "LIN":
            parts.append(group)
        else:
            for inner in group.everything():
                x12_facts(inner.segments, reader.header_facts)
    return reader.content(draft, parts)


def discrete_lines(release: Release) -> tuple[ReleaseLine, ...]:
    """Return a release's lines as single quantities: what each adds to the one before it.

    The count starts at the requirement before the first period, else at what the customer has received, else at
    nothing. Raises ValueError for a count that falls: then the customer corrected it, and a person decides.
    """
    if not release.is_cumulative:
        return release.lines
    before = Decimal(release.cumulative_required or release.cumulative_received or "0")
    lines = []
    for line in release.lines:
        total = Decimal(line.quantity)
        if total < before:
            sentence = f"the cumulative quantity falls from {before} to {total} at {line.from_ or 'no date'}"
            raise ValueError(f"{release.part_number}: {sentence}; ask the customer for his count")
        lines.append(replace(line, quantity=str(total - before)))
        before = total
    return tuple(lines)


@dataclass(slots=True)
class _Part:
    """What one LIN says of all its forecasts."""

    number: str
    facts: Facts
    place: _Place
    by_place: dict[_Place, list[ReleaseLine]] = field(default_factory=dict)


class _Schedule:
    def __init__(self, profile: Profile, findings: Findings, kind: _Kind) -> None:
        self.places = profile.x12
        self.line_orders = (*self.places.order_ref, *_LINE_ORDER)
        self.findings = findings
        self.kind = kind
        self.header = Group("")
        self.header_facts: Facts = {}
        self.releases: list[Release] = []

    def content(self, draft: Draft, parts: list[Group]) -> Content:
        x12_facts(self.header.segments, self.header_facts)
        begin, at = self.header.first(self.kind.tag), draft.number + 1
        for part in parts:
            self.part(part, begin)
        check_ctt(self.header, (len(parts),), f"lines, there are {len(parts)}", self.findings)
        if element(begin, self.kind.quantities) == "C":
            sentence = "the quantities count from the start of the period; each line adds the difference only"
            position = str(self.kind.quantities)
            self.findings.add("cumulative_quantities", sentence, segment=at, tag=begin[0], element=position)
        return Content(
            function=self.function(begin, at),
            kind="release",
            document_number=_first(begin, self.kind.document),
            issued_at=self.date(begin, self.kind.issued, at),
            buyer=pick(self.header_facts, self.places.buyer),
            supplier=pick(self.header_facts, self.places.supplier),
            ship_to=pick(self.header_facts, self.places.ship_to),
            releases=tuple(self.releases),
        )

    def function(self, begin: Segment, at: int) -> str | None:
        """Return the purpose (DE 353); whether a schedule replaces or cancels may not be guessed."""
        code = element(begin, 1) or ""
        if code not in FUNCTIONS and len(begin) > 1:
            sentence = f"purpose {code!r} is none a schedule can have (00, 01, 04, 05); ask the partner"
            self.findings.add("unknown_function", sentence, segment=at, tag=begin[0], element="1")
        return FUNCTIONS.get(code, code) or None

    def part(self, group: Group, begin: Segment) -> None:
        """Read one LIN: its own facts, its forecasts by place, its figures."""
        facts = x12_facts(group.segments, {})
        for inner in group.groups:
            if inner.tag == "N1":
                x12_facts(inner.segments, facts)
        number = pick(facts, self.places.part_number)
        if number is None:
            sentence = "the line names no part of the buyer; check [x12] part_number"
            self.findings.add("missing_part", sentence, segment=group.numbers[0], tag="LIN", element="3")
            return
        part = _Part(number, facts, self.place(facts, self.place(self.header_facts, (None, None, None))))
        for inner in group.everything():
            if inner.tag == "FST":
                self.forecast(inner, part)
        self.cards(group, part)
        base = self.release(group, part, begin)
        places = part.by_place or {part.place: []}
        for (ship_to, dock, line_feed), lines in places.items():
            orders = {line.order_ref for line in lines}
            order_ref = (orders.pop() if len(orders) == 1 else None) or base.order_ref
            at = replace(base, ship_to=ship_to, dock=dock, line_feed=line_feed, order_ref=order_ref)
            self.releases.append(replace(at, lines=tuple(lines)))

    def cards(self, group: Group, part: _Part) -> None:
        """Give the cards that stand with the LIN to its only quantity."""
        cards = cards_in(group.segments, self.places, group.numbers[0], self.findings)
        lines = [line for lines in part.by_place.values() for line in lines]
        if cards and give_cards(lines, cards, group.numbers[0], self.findings) != lines:
            place = next(place for place, lines in part.by_place.items() if lines)
            part.by_place[place] = [with_cards(lines[0], cards)]

    def place(self, facts: Facts, outer: _Place) -> _Place:
        """Return the place a level names, filled up from the level around it."""
        return (
            pick(facts, self.places.ship_to) or outer[0],
            pick(facts, self.places.dock) or outer[1],
            pick(facts, (*self.places.line_feed, *_LINE_FEED)) or outer[2],
        )

    def release(self, group: Group, part: _Part, begin: Segment) -> Release:
        """Put together what all releases of one LIN share."""
        facts, header = part.facts, self.header_facts
        received, shipped, last = self.shipped(group)
        is_cumulative = element(begin, self.kind.quantities) == "C"
        orders = (*self.places.order_ref, *_ORDER)
        return Release(
            part.number,
            cumulative_received=received,
            supplier_part=pick(facts, self.places.supplier_part),
            unit=element(group.first("UIT"), 1) or element(self.header.first("UIT"), 1),
            order_ref=order(facts, orders) or order(header, orders) or element(begin, self.kind.order),
            release_number=element(begin, self.kind.release) or element(begin, 2),
            cumulative_shipped=shipped,
            cumulative_required=self.required(group),
            last_despatch=last,
            is_cumulative=is_cumulative,
        )

    def shipped(self, group: Group) -> tuple[str | None, str | None, str | None]:
        """Return cumulative received, cumulative shipped and the last despatch the customer booked (SHP).

        A cumulative SHP is the customer's own count of what reached him; SHP03 says by which date he counts, and
        011 makes it the count of what we shipped as well.
        """
        counts: Facts = {}
        last = None
        for inner in group.groups:
            if inner.tag != "SHP":
                continue
            segment, number = inner.segments[0], inner.numbers[0]
            if element(segment, 1) == _CUMULATIVE:
                counts.setdefault(element(segment, 3) or "", self.number(segment, 2, number) or "")
            elif element(segment, 1) == _LAST:
                last = last or pick(x12_facts(inner.segments, {}), _DESPATCH)
        received = counts.get(_BY_RECEIPT) or counts.get(_SINCE) or next(iter(counts.values()), None)
        return received or None, counts.get(_BY_SHIPMENT) or None, last

    def required(self, group: Group) -> str | None:
        """Return the cumulative requirement before the first period (ATH PQ)."""
        for segment, number in zip(group.segments, group.numbers, strict=True):
            if segment[0] == "ATH" and element(segment, 1) == "PQ":
                return self.number(segment, 3, number)
        return None

    def forecast(self, group: Group, part: _Part) -> None:
        """Read one FST: its line, or the lines of its JITs, or its share for each destination (SDQ)."""
        segment, at = group.segments[0], group.numbers[0]
        code = element(segment, 2) or ""
        if code in NO_REQUIREMENT:
            sentence = (
                f"FST02 {code!r} is a capacity or a cancelled quantity, no requirement; it is not booked"
            )
            self.findings.add("quantity_left_out", sentence, segment=at, tag="FST", element="2")
            return
        if code not in FIRMNESS:
            sentence = f"FST02 {code!r} is neither firm nor planned (DE 680); kept without"
            self.findings.add("unknown_commitment", sentence, segment=at, tag="FST", element="2")
        quantity = self.number(segment, 1, at)
        begins, ends = self.window(group)
        interval = INTERVALS.get(element(segment, 3) or "")
        facts = x12_facts(_reference(segment), {})
        ordered = order(facts, self.line_orders)
        cards = cards_in(_reference(segment), self.places, at, self.findings)
        line = ReleaseLine(
            quantity or "", begins, ends, FIRMNESS.get(code), interval, ordered, kanban_cards=cards
        )
        place = self.place(facts, part.place)
        if times := [inner for inner in group.groups if inner.tag == "JIT"]:
            self.times(times, line, part, place)
        elif destinations := self.destinations(group):
            for ship_to, share in destinations:
                _add(part, (ship_to, *place[1:]), replace(line, quantity=share))
            self.check_sum(line, [share for _, share in destinations], "SDQ", group)
        else:
            _add(part, place, line)

    def times(self, times: list[Group], line: ReleaseLine, part: _Part, place: _Place) -> None:
        """Split an FST by its JITs: each is a quantity at a time of day, at the place its REFs name."""
        for inner in times:
            segment, at = inner.segments[0], inner.numbers[0]
            quantity, time = self.number(segment, 1, at), element(segment, 2) or ""
            day = (line.from_ or "")[:10]
            moment = x12_time(day.replace("-", ""), time) if day else None
            if day and moment is None:
                sentence = f"{time!r} is no time of day; write HHMM, HHMMSS or with decimals of a second"
                self.findings.add("invalid_date", sentence, segment=at, tag="JIT", element="2")
            facts = x12_facts(inner.segments, {})
            wanted = order(facts, self.line_orders) or line.order_ref
            timed = replace(line, quantity=quantity or "", from_=moment or line.from_, order_ref=wanted)
            if own := cards_in(inner.segments, self.places, at, self.findings):
                timed = replace(timed, kanban_cards=own)
            _add(part, self.place(facts, place), timed)
        shares = [element(inner.segments[0], 1) or "" for inner in times]
        self.check_sum(line, shares, "JIT", times[0])

    def destinations(self, group: Group) -> list[tuple[str, str]]:
        """Return the places and shares an FST's SDQ segments name (SDQ03 to SDQ22, in pairs)."""
        found = []
        for segment, at in zip(group.segments, group.numbers, strict=True):
            for position in range(3, len(segment) - 1, 2) if segment[0] == "SDQ" else ():
                ship_to, share = element(segment, position), self.number(segment, position + 1, at)
                if ship_to and share:
                    found.append((ship_to, share))
        return found

    def check_sum(self, line: ReleaseLine, shares: list[str], tag: str, group: Group) -> None:
        try:
            differs = sum(Decimal(share) for share in shares) != Decimal(line.quantity)
        except ArithmeticError:
            return
        if differs:
            sentence = f"the {tag} quantities are not the {line.quantity} of FST01; the {tag}s were taken"
            self.findings.add("share_mismatch", sentence, segment=group.numbers[0], tag="FST", element="1")

    def window(self, group: Group) -> tuple[str | None, str | None]:
        """Return from when to when an FST is wanted: FST04 and FST05, FST07 by FST06, DTM 064 and 063."""
        segment, at = group.segments[0], group.numbers[0]
        qualifier = element(segment, 6)
        begins = self.date(segment, 4, at, None if qualifier == _LATEST else 7)
        ends = self.date(segment, 5, at)
        if begins is None and element(segment, 4) is None:
            sentence = "FST04 is empty; a quantity without a day cannot be planned"
            self.findings.add("missing_element", sentence, segment=at, tag="FST", element="4")
        if qualifier == _LATEST and ends is None:
            ends = self.date(segment, 4, at, 7)
        for item, number in zip(group.segments, group.numbers, strict=True):
            if item[0] == "DTM" and element(item, 1) == _EARLIEST:
                begins = self.date(item, 2, number, 3) or begins
            elif item[0] == "DTM" and element(item, 1) == _LATEST:
                ends = self.date(item, 2, number, 3) or ends
        return begins, ends

    def date(self, segment: Segment, position: int, at: int, time: int | None = None) -> str | None:
        """Return the date at a position, with the time at another; book `invalid_date` for something else."""
        date, clock = element(segment, position), element(segment, time) if time else None
        if date is None:
            return None
        moment = x12_time(date, clock or "")
        if moment is None:
            sentence = f"{date!r} {clock or ''!r} is no date (YYMMDD or CCYYMMDD) and time (HHMM)"
            self.findings.add("invalid_date", sentence, segment=at, tag=segment[0], element=str(position))
        return moment

    def number(self, segment: Segment, position: int, at: int) -> str | None:
        """Return a quantity as sent; book `invalid_number` for one nobody can count, or for none."""
        text = element(segment, position) or ""
        if not (text.isascii() and text.replace(".", "", 1).isdecimal()):
            sentence = f"{text!r} is no quantity; it takes digits and at most one point"
            self.findings.add("invalid_number", sentence, segment=at, tag=segment[0], element=str(position))
        return text or None


def _first(segment: Segment, positions: tuple[int, ...]) -> str | None:
    return next((found for at in positions if (found := element(segment, at))), None)


def _reference(segment: Segment) -> Iterator[Segment]:
    """Give out FST08 and FST09, which name a reference, as the REF they stand for."""
    if qualifier := element(segment, 8):
        yield ["REF", qualifier, element(segment, 9) or ""]


def _add(part: _Part, place: _Place, line: ReleaseLine) -> None:
    part.by_place.setdefault(place, []).append(line)
