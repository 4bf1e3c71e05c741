"""What a VDA 4905 or 4915 says: releases, one a part, with backlog, dates and periods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .canonical import Release, ReleaseLine
from .drafts import Content
from .facts import edifact_period, x12_time
from .profile import Profile
from .vda_layout import DateCodes, VdaField, VdaLayout
from .vda_values import Builder, Values


class _Due(NamedTuple):
    """One quantity of a schedule before its firmness is known."""

    quantity: str
    first: str | None
    last: str | None
    interval: str | None
    urgency: str | None
    cards: tuple[str, ...] = ()


@dataclass(slots=True)
class _Schedule:
    """The release being read: what its records said and where its list of dates stands."""

    values: Values
    facts: dict[str, str | None] = field(default_factory=dict)
    due: list[_Due] = field(default_factory=list)
    periods: bool = False
    ended: bool = False


_RELEASE_FACTS = frozenset((
    "ship_to", "part_number", "supplier_part", "order_ref", "dock", "unit", "release_number", "previous_number",
    "line_feed", "last_despatch", "cumulative_received", "production_until", "material_until",
))  # fmt: skip


class ReleaseBuilder(Builder):
    """VDA 4905 and 4915: one release a part, with backlog, dates and periods."""

    def __init__(self, layout: VdaLayout, profile: Profile, header: Mapping[str, str | None]) -> None:
        super().__init__(layout, profile, header)
        self.releases: list[Release] = []
        self.schedule: _Schedule | None = None

    def take(self, values: Values) -> None:
        if values.record.role == "release":
            self.finish()
            self.schedule = _Schedule(values)
            self.remember(
                values, "issued_at", "ship_to", "document_number", "release_number", "buyer", "supplier"
            )
            self.facts["document_number"] = self.facts["document_number"] or self.facts["release_number"]
        if self.schedule is None:
            self.remember(values, "issued_at", "ship_to", "document_number")
            return
        for fact in values.filled:
            if fact in _RELEASE_FACTS and self.schedule.facts.get(fact) is None:
                self.schedule.facts[fact] = values.get(fact)
        interval = values.get("interval")
        if interval is not None:
            self.schedule.facts["interval"] = self.interval(interval, values)
        for item, date, quantity in values.pairs():
            self.add_pair(self.schedule, values, item, date, quantity)
        if values.all("required_on"):
            # A call with date and time of its own, as a fine call-off (4915) has them.
            quantity, moment = values.get("quantity"), values.moment("required_on", "required_time")
            if quantity is not None and moment is not None:
                cards = tuple(values.all("kanban_card"))
                self.schedule.due.append(_Due(quantity, moment, None, None, None, cards))
        elif (cards := tuple(values.all("kanban_card"))) and self.schedule.due:
            # A record of cards alone goes on with the call above it.
            due = self.schedule.due[-1]
            self.schedule.due[-1] = due._replace(cards=(*due.cards, *cards))

    def interval(self, code: str, values: Values) -> str | None:
        interval = self.layout.intervals.get(code)
        if interval is None:
            text = (
                f"delivery interval {code!r} is not settled; say in [intervals] of the layout what it means"
            )
            values.add("unknown_interval", text, values.name_of("interval"))
        return interval

    def add_pair(
        self, schedule: _Schedule, values: Values, item: VdaField, date: str, quantity: str | None
    ) -> None:
        """Book one date with its quantity; a code that is not settled is a problem, never a guess."""
        mark = self.layout.dates.marks.get(date)
        filled = quantity not in (None, "0")
        if schedule.ended:
            if filled:
                values.add(
                    "unsettled_date", f"{item.name!r} carries a quantity behind the end mark", item.name
                )
            return
        if mark in ("end", "none", "periods"):
            schedule.ended = schedule.ended or mark == "end"
            schedule.periods = schedule.periods or mark == "periods"
            if filled:
                text = f"{date} in {item.name!r} means {mark!r}, yet a quantity of {quantity} stands with it"
                values.add("unsettled_date", text, item.name)
        elif mark in ("backlog", "immediate"):
            if quantity is not None:
                schedule.due.append(_Due(quantity, None, None, None, mark))
        else:
            self.add_dated(schedule, values, item, date, quantity)

    def add_dated(
        self, schedule: _Schedule, values: Values, item: VdaField, date: str, quantity: str | None
    ) -> None:
        span = period_of(date, self.layout.dates, schedule.periods)
        if span is None:
            text = (
                f"{date!r} in {item.name!r} is no date of YYMMDD and no code the layout settles; compare the "
            )
            values.add("unsettled_date", f"{text}partner's guide and say in [dates] what it means", item.name)
        elif quantity is None:
            values.add("invalid_number", f"{item.name!r} has a date without a quantity", item.name)
        else:
            schedule.due.append(_Due(quantity, *span, None))

    def finish(self) -> None:
        """Close the release being read, now that its authorisations are known."""
        schedule, self.schedule = self.schedule, None
        if schedule is None:
            return
        said = schedule.facts
        part = said.get("part_number")
        if part is None:
            name = schedule.values.name_of("part_number")
            schedule.values.add("missing_part", "the call-off names no part of the customer", name)
            return
        limits = said.get("production_until"), said.get("material_until")
        self.releases.append(
            Release(
                part_number=part,
                ship_to=said.get("ship_to") or self.fact("ship_to"),
                dock=said.get("dock"),
                cumulative_received=said.get("cumulative_received"),
                lines=tuple(_line(due, said.get("interval"), *limits) for due in schedule.due),
                supplier_part=said.get("supplier_part"),
                unit=said.get("unit"),
                order_ref=said.get("order_ref"),
                line_feed=said.get("line_feed"),
                release_number=said.get("release_number"),
                previous_number=said.get("previous_number"),
                last_despatch=said.get("last_despatch"),
            )
        )

    def content(self) -> Content:
        self.finish()
        return self.common(releases=tuple(self.releases))


def _line(due: _Due, interval: str | None, production: str | None, material: str | None) -> ReleaseLine:
    return ReleaseLine(
        quantity=due.quantity,
        from_=due.first,
        to=due.last,
        firmness=firmness_of(due.first, production, material) if due.urgency is None else "firm",
        interval=due.interval or (interval if due.urgency is None else None),
        urgency=due.urgency,
        kanban_cards=due.cards,
    )


def firmness_of(first: str | None, production: str | None, material: str | None) -> str | None:
    """Return how firm a date is by the ends of both authorisations (515); None when there is neither."""
    if first is None or (production is None and material is None):
        return None
    day = first[:10]
    if production is not None and day <= production:
        return "firm"
    return "material" if material is not None and day <= material else "planned"


def period_of(text: str, codes: DateCodes, periods: bool) -> tuple[str | None, str | None, str | None] | None:
    """Return first day, last day and interval of a schedule's date; None when nothing settled fits it."""
    if periods and codes.span and (parts := _parts(text, codes.span)):
        first, last = (edifact_period(parts["YY"][0] + week, "615") for week in parts["WW"])
        if first is not None and last is not None and (first.first or "") <= (last.last or ""):
            return first.first, last.last, "week"
        return None
    for interval, template, code, place in (
        ("week", codes.week, "615", "WW"),
        ("month", codes.month, "609", "MM"),
    ):
        if template and (parts := _parts(text, template)):
            span = edifact_period(parts["YY"][0] + parts[place][0], code)
            if span is not None:
                return span.first, span.last, interval
    # Behind the mark "periods" a plain date is not what the mark promised.
    day = x12_time(text) if len(text) == 6 and not periods else None
    return None if day is None else (day, None, None)


def _parts(text: str, template: str) -> dict[str, list[str]] | None:
    """Cut six digits by a template such as YY00WW; None when its own digits differ or text is no digits."""
    if len(text) != len(template) or not text.isdecimal():
        return None
    found: dict[str, list[str]] = {}
    at = 0
    while at < len(template):
        sign = template[at : at + 2]
        if sign in ("YY", "MM", "WW"):
            found.setdefault(sign, []).append(text[at : at + 2])
            at += 2
        elif template[at] == text[at]:
            at += 1
        else:
            return None
    return found
