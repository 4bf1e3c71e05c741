"""The co-sorting key and its generator: 20 characters built from attributes by rules, one behind the other.

What does not fit is refused with its place: a cut or shifted key would silently group what does not belong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scheduling.engine.reading import ProblemError, Section
from scheduling.engine.sentences import Sentence

KEY_LENGTH = 20


@dataclass(frozen=True, slots=True)
class KeySlice:
    """A part of the co-sorting key, first and last character counted from 1."""

    first: int
    last: int = KEY_LENGTH

    def of(self, key: str) -> str:
        """That part of a key; a short key is filled up with blanks."""
        return key.ljust(KEY_LENGTH)[self.first - 1 : self.last]


WHOLE_KEY = KeySlice(1)


class Align(StrEnum):
    """On which side of its characters a short value stands."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class KeyRule:
    """One part of the key. With `first` a piece of the value is taken; without, the value must fit whole.

    `values` gives each value its own text, for example each colour its order number; a value it lacks is refused.
    """

    attribute: str
    length: int
    first: int | None = None
    pad: str = " "
    align: Align = Align.LEFT
    values: Mapping[str, str] = field(default_factory=dict)

    def part(self, value: str, place: str) -> str:
        """Exactly `length` characters for a value."""
        if self.values:
            if value not in self.values:
                raise ProblemError(place, Sentence("not-in-map", value=value, attribute=self.attribute))
            value = self.values[value]
        elif self.first is not None:
            value = value[self.first - 1 : self.first - 1 + self.length]
        if len(value) > self.length:
            raise ProblemError(
                place,
                Sentence(
                    "too-long-for-key",
                    value=value,
                    length=len(value),
                    attribute=self.attribute,
                    most=self.length,
                ),
            )
        if self.align is Align.RIGHT:
            return value.rjust(self.length, self.pad)
        return value.ljust(self.length, self.pad)


@dataclass(frozen=True, slots=True)
class KeyGenerator:
    """Rules in the order of the key."""

    rules: tuple[KeyRule, ...]

    def key(self, attributes: Mapping[str, str], place: str = "attributes") -> str:
        """The key of an operation; refuses (ProblemError) an attribute that is missing or does not fit."""
        parts = []
        for rule in self.rules:
            if rule.attribute not in attributes:
                raise ProblemError(place, Sentence("no-attribute", attribute=rule.attribute))
            parts.append(rule.part(attributes[rule.attribute], f"{place}.{rule.attribute}"))
        return "".join(parts)

    def slices(self) -> tuple[tuple[str, KeySlice], ...]:
        """Which characters each attribute has: what a step's from and to are chosen by."""
        found = []
        first = 1
        for rule in self.rules:
            found.append((rule.attribute, KeySlice(first, first + rule.length - 1)))
            first += rule.length
        return tuple(found)


def read_key_rules(data: object, place: str = "key_rules") -> KeyGenerator:
    """Rules from parsed JSON; refuses unknown keys, values out of bounds and more than 20 characters in all."""
    rules: tuple[KeyRule, ...] = Section({"rules": data}, "").each(
        "rules", lambda value, at: _rule(value, at.replace("rules", place, 1))
    )
    length = 0
    for number, rule in enumerate(rules):
        length += rule.length
        if length > KEY_LENGTH:
            raise ProblemError(
                f"{place}[{number}].length", Sentence("key-too-long", length=length, most=KEY_LENGTH)
            )
    return KeyGenerator(rules)


def _rule(value: object, place: str) -> KeyRule:
    section = Section(value, place)
    rule = KeyRule(
        attribute=section.text("attribute"),
        length=section.whole("length", least=1, most=KEY_LENGTH),
        first=section.whole("from", None, least=1),
        pad=section.string("pad", " "),
        align=Align(section.choice("align", list(Align), Align.LEFT)),
        values=_values(section),
    )
    section.done()
    if len(rule.pad) != 1:
        raise ProblemError(section.at("pad"), Sentence("one-character", value=rule.pad))
    if rule.values and rule.first is not None:
        raise ProblemError(section.at("from"), Sentence("beside-a-map"))
    for name, text in rule.values.items():
        rule.part(name, f"{place}.map.{name}")
        if not text:
            raise ProblemError(f"{place}.map.{name}", Sentence("empty"))
    return rule


def _values(section: Section) -> Mapping[str, str]:
    value = section.take("map", {})
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ProblemError(section.at("map"), Sentence("no-map"))
    return value
