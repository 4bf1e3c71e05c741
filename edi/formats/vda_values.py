"""The facts of VDA records, and what every kind of message has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from .drafts import Content
from .facts import x12_time
from .problems import Findings
from .profile import Profile
from .vda_layout import VdaField, VdaLayout, VdaRecord


class Values:
    """The facts of one record as sent, without padding; what is no number or date of its kind is booked."""

    def __init__(self, record: VdaRecord, text: str, number: int, findings: Findings) -> None:
        self.record = record
        self.number = number
        self.findings = findings
        self.fields = [(item, text[item.start : item.end].strip()) for item in record.telling]
        self.filled: dict[str, tuple[VdaField, str]] = {}
        for item, value in self.fields:
            if value and item.fact is not None:
                self.filled.setdefault(item.fact, (item, value))

    def add(self, code: str, text: str, element: str | None = None) -> None:
        self.findings.add(code, text, segment=self.number, tag=self.record.type, element=element)

    def all(self, fact: str) -> list[str]:
        """Return every filled field of a fact that repeats."""
        return [value for item, value in self.fields if item.fact == fact and value]

    def get(self, fact: str) -> str | None:
        """Return a fact in its canonical form, None when its field is blank, zero date or unreadable."""
        found = self.filled.get(fact)
        return None if found is None else self.typed(*found)

    def typed(self, item: VdaField, value: str) -> str | None:
        if item.type == "number" and item.fact not in ("control_ref", "previous_ref"):
            return self.quantity(item, value)
        if item.type == "date":
            return self.date(item, value)
        return value

    def quantity(self, item: VdaField, value: str) -> str | None:
        """Return a number without its padding zeros, with the decimal point the layout implies."""
        sign, digits = ("-", value[1:]) if value.startswith("-") else ("", value.removeprefix("+"))
        if not (digits.isascii() and digits.isdecimal()):
            self.add(
                "invalid_number",
                f"{value!r} in {item.name!r} is no number; ask for the file again",
                item.name,
            )
            return None
        if item.decimals:
            digits = digits.zfill(item.decimals + 1)
            digits = f"{digits[: -item.decimals]}.{digits[-item.decimals :]}".rstrip("0").rstrip(".")
        whole, point, rest = digits.partition(".")
        plain = (whole.lstrip("0") or "0") + point + rest
        return plain if plain == "0" else sign + plain

    def date(self, item: VdaField, value: str) -> str | None:
        if not value.strip("0"):
            return None
        date = x12_time(value) if len(value) in (6, 8) else None
        if date is None:
            self.add("invalid_date", f"{value!r} in {item.name!r} is no date (YYMMDD)", item.name)
        return date

    def moment(self, date: str, time: str) -> str | None:
        """Return two facts as one time; a date alone when the time's field is blank."""
        day, clock = self.raw(date), self.raw(time)
        if not day.strip("0"):
            return None
        moment = x12_time(day, clock)
        if moment is None:
            self.add(
                "invalid_date", f"{day!r} {clock!r} is no date and time (YYMMDD HHMM)", self.name_of(date)
            )
        return moment

    def raw(self, fact: str) -> str:
        found = self.filled.get(fact)
        return "" if found is None else found[1]

    def name_of(self, fact: str) -> str | None:
        return next((item.name for item, _ in self.fields if item.fact == fact), None)

    def pairs(self) -> list[tuple[VdaField, str, str | None]]:
        """Return the schedule's dates with their quantities, in the order of the record."""
        found = []
        for (item, date), (amount, quantity) in zip(self.fields, self.fields[1:], strict=False):
            if item.fact == "schedule_date" and amount.fact == "quantity" and (date or quantity):
                found.append((item, date, self.quantity(amount, quantity) if quantity else None))
        return found


# Facts of a message as a whole; they may stand on a record above it.
MESSAGE_FACTS = frozenset(("document_number", "issued_at", "buyer", "supplier", "ship_to"))


class Builder(ABC):
    """Takes the records of one message in turn and returns what they come to."""

    def __init__(self, layout: VdaLayout, profile: Profile, header: Mapping[str, str | None]) -> None:
        self.layout = layout
        self.profile = profile
        self.header = header
        self.facts: dict[str, str | None] = {}

    @abstractmethod
    def take(self, values: Values) -> None:
        """Take the next record of the message."""

    @abstractmethod
    def content(self) -> Content:
        """Return what the records taken say together."""

    def remember(self, values: Values, *facts: str) -> None:
        """Keep the first of each fact, for the message as a whole."""
        for fact in facts:
            if self.facts.get(fact) is None:
                self.facts[fact] = values.get(fact)

    def fact(self, name: str) -> str | None:
        """Return a fact of the message, from its own records or from one above it."""
        return self.facts.get(name) or self.header.get(name)

    def common(self, **said: Any) -> Content:
        """Return a content with the facts every kind has; the transmission names customer and supplier."""
        own = ("sender", "recipient") if self.layout.kind != "despatch_advice" else ("recipient", "sender")
        buyer, supplier = (self.header.get(name) for name in own)
        return Content(
            kind=self.layout.kind,
            document_number=self.fact("document_number"),
            issued_at=self.fact("issued_at"),
            buyer=self.fact("buyer") or buyer,
            supplier=self.fact("supplier") or supplier,
            ship_to=self.fact("ship_to"),
            **said,
        )
