"""Reads JSON strictly: what is unknown, missing or of the wrong kind is named with its place."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from scheduling.engine.sentences import Sentence

T = TypeVar("T")
# Beyond these a number or a date is a slip of the keyboard, and sums of it no longer fit into a calendar.
MOST = 1_000_000
FIRST_YEAR, LAST_YEAR = 1970, 2200
_MISSING: Any = object()


class ProblemError(ValueError):
    """A problem that cannot be planned: the place in the file and a sentence a planner can act on.

    `said` has both. What only a file written by hand can cause is English text inside it, all else a `Sentence`.
    """

    def __init__(self, place: str, sentence: str) -> None:
        self.said = Sentence("refused-at", place=place, said=sentence)
        super().__init__(self.said)
        self.place = place
        self.sentence = sentence


class Section:
    """One JSON object that is taken apart key by key. `done` refuses the keys nobody took."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise ProblemError(place or "the problem", Sentence("no-object"))
        self._left: dict[str, Any] = dict(value)
        self._known: list[str] = []
        self.place = place

    def at(self, key: str) -> str:
        """The place of a key, as a refusal names it."""
        return f"{self.place}.{key}" if self.place else key

    def done(self) -> None:
        """Refuse what is left over, by name."""
        for key in self._left:
            near = difflib.get_close_matches(key, self._known, 1)
            raise ProblemError(
                self.place or "the problem",
                Sentence("unknown-key-near", key=key, near=near[0])
                if near
                else Sentence("unknown-key", key=key, names=", ".join(self._known)),
            )

    def take(self, key: str, default: Any = _MISSING) -> Any:
        """The raw value; the default also for null, unless there is none."""
        self._known.append(key)
        value = self._left.pop(key, None)
        if value is not None:
            return value
        if default is _MISSING:
            raise ProblemError(self.at(key), Sentence("missing"))
        return default

    def text(self, key: str, default: Any = _MISSING) -> Any:
        """A string that is not empty."""
        value = self.take(key, default)
        if value is not default and (not isinstance(value, str) or not value.strip()):
            raise ProblemError(self.at(key), Sentence("no-text", value=repr(value)))
        return value

    def label(self, key: str, default: Any = _MISSING) -> Any:
        """A string that is not empty, or a whole number that stands for one."""
        value = self._left.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            self._left[key] = str(value)
        return self.text(key, default)

    def string(self, key: str, default: Any = _MISSING) -> Any:
        """A string that may be empty."""
        value = self.take(key, default)
        if value is not default and not isinstance(value, str):
            raise ProblemError(self.at(key), Sentence("no-text", value=repr(value)))
        return value

    def number(self, key: str, default: Any = _MISSING) -> Any:
        """A number from 0 to a million."""
        value = self.take(key, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
            raise ProblemError(self.at(key), Sentence("no-number", value=repr(value)))
        return float(value)

    def whole(
        self, key: str, default: Any = _MISSING, *, least: int | None = None, most: int | None = None
    ) -> Any:
        """A whole number between two bounds."""
        value = self.take(key, default)
        if value is default:
            return value
        if isinstance(value, bool) or not isinstance(value, int):
            raise ProblemError(self.at(key), Sentence("no-whole-number", value=repr(value)))
        if (least is not None and value < least) or (most is not None and value > most):
            raise ProblemError(
                self.at(key),
                Sentence("whole-number-of", least=least, value=value)
                if most is None
                else Sentence("whole-number-from", least=least, most=most, value=value),
            )
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise ProblemError(self.at(key), Sentence("no-flag", value=repr(value)))
        return value

    def choice(self, key: str, choices: Sequence[str], default: Any = _MISSING) -> Any:
        """One of a few words."""
        value = self.take(key, default)
        if value is not default and (not isinstance(value, str) or value not in choices):
            words = ", ".join(repr(str(word)) for word in choices)
            raise ProblemError(self.at(key), Sentence("no-choice", names=words, value=repr(value)))
        return value

    def each(self, key: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        """A list, each entry read with its place; nothing when the key is absent."""
        value = self.take(key, [])
        if not isinstance(value, list):
            raise ProblemError(self.at(key), Sentence("no-list"))
        return tuple(read(entry, f"{self.at(key)}[{number}]") for number, entry in enumerate(value))


def read_text(value: object, place: str) -> str:
    """An entry that is a text."""
    if not isinstance(value, str) or not value.strip():
        raise ProblemError(place, Sentence("no-text", value=repr(value)))
    return value


def read_day(value: object, place: str) -> date:
    """A date as 2026-12-25."""
    if isinstance(value, str):
        try:
            return _in_bounds(date.fromisoformat(value), place)
        except ValueError as error:
            if isinstance(error, ProblemError):
                raise
    raise ProblemError(place, f"must be a date as 2026-12-25, not {value!r}")


def read_moment(value: object, place: str, *, zoned: bool) -> datetime:
    """A moment as 2026-11-23T06:00. An offset is only understood where the problem names its zone."""
    if isinstance(value, str):
        try:
            moment = _in_bounds(datetime.fromisoformat(value), place)
        except ValueError as error:
            if isinstance(error, ProblemError):
                raise
        else:
            if moment.tzinfo is None or zoned:
                return moment
            raise ProblemError(place, f'{value!r} has an offset; name the plant\'s "zone", or leave it out')
    raise ProblemError(place, f"must be a moment as 2026-11-23T06:00, not {value!r}")


Day = TypeVar("Day", bound=date)


def _in_bounds(day: Day, place: str) -> Day:
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return day
    raise ProblemError(place, Sentence("outside-years", first=FIRST_YEAR, last=LAST_YEAR))
