"""The setup matrix: read from a grid or a file, judged before it is written, written in one stroke."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Invalid
from scheduling.engine.keys import KEY_LENGTH
from scheduling.models import Resource, SetupTime
from sequencer.services.journal import record_event

COLUMNS = ("resource", "from_key", "to_key", "hours", "forbidden", "valid_from", "valid_to")
EVER = date(2000, 1, 1)
FORBIDDEN = frozenset({"x", "✕", "forbidden", "yes", "true", "1"})
MOST_ENTRIES = 20_000
MOST_HOURS = 1_000.0


@dataclass(frozen=True, slots=True)
class Entry:
    """What a pair of keys is to be from a day on. `hours` None and not forbidden: no record of its own."""

    resource: str
    from_key: str
    to_key: str
    hours: float | None
    forbidden: bool = False
    valid_from: date = EVER
    valid_to: date | None = None

    @property
    def gone(self) -> bool:
        return self.hours is None and not self.forbidden

    @property
    def place(self) -> tuple[str, str, str, date]:
        return self.resource, self.from_key, self.to_key, self.valid_from


@dataclass(frozen=True, slots=True)
class Difference:
    """One record before and after."""

    entry: Entry
    before: Entry | None


def entry_of(row: Mapping[str, Any], place: str) -> Entry:
    """One line of a grid or file. Refused with its place: no key, no number, a day that is none."""

    def text(name: str) -> str:
        return str(row.get(name) or "").strip()

    keys = [_key(str(row.get(name) or ""), place) for name in ("from_key", "to_key")]
    told = text("hours").replace(",", ".")
    forbidden = told.lower() in FORBIDDEN - {"1"} or text("forbidden").lower() in FORBIDDEN
    hours = None if forbidden or not told else _hours(told, place)
    return Entry(
        text("resource"), keys[0], keys[1], hours, forbidden,
        _day(text("valid_from"), place) or EVER, _day(text("valid_to"), place),
    )  # fmt: skip


def _key(text: str, place: str) -> str:
    key = text.strip()
    if not key:
        raise Invalid("no_key", _("%(place)s: a key is missing.") % {"place": place})
    if len(key) > KEY_LENGTH:
        facts = {"place": place, "key": key, "most": KEY_LENGTH}
        raise Invalid("key_too_long", _("%(place)s: %(key)s has more than %(most)s characters.") % facts)
    return key


def _hours(text: str, place: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= MOST_HOURS:
        facts = {"place": place, "text": text}
        raise Invalid("no_hours", _("%(place)s: %(text)s is no time in hours; x means forbidden.") % facts)
    return hours


def _day(text: str, place: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        facts = {"place": place, "text": text}
        raise Invalid("no_day", _("%(place)s: %(text)s is no day such as 2026-11-23.") % facts) from None


def read_matrix_csv(text: str) -> list[Entry]:
    """A file with the columns of the export; comma, semicolon or tab. The last line of a place counts."""
    first = text.lstrip("\ufeff").partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=max(",;\t", key=first.count))
    missing = [name for name in COLUMNS[:4] if name not in (rows.fieldnames or [])]
    if missing:
        raise Invalid("columns", _("The columns %(names)s are missing.") % {"names": ", ".join(missing)})
    return [entry_of(row, _("line %(line)s") % {"line": rows.line_num}) for row in rows]


def judge_setup_times(entries: Iterable[Entry]) -> list[Difference]:
    """What these entries would change; what is the same already is left out.

    Refused: a resource nobody knows, a last day before the first, too many at once.
    """
    wanted = {entry.place: entry for entry in entries}
    if len(wanted) > MOST_ENTRIES:
        raise Invalid("too_many", _("At most %(most)s pairs at once.") % {"most": MOST_ENTRIES})
    _known({entry.resource for entry in wanted.values()})
    for entry in wanted.values():
        if entry.valid_to and entry.valid_to < entry.valid_from:
            facts = {"from": entry.from_key, "to": entry.to_key}
            raise Invalid("days", _("%(from)s to %(to)s: the last day lies before the first.") % facts)
    stored = _stored(wanted.values())
    pairs = [Difference(entry, stored.get(place)) for place, entry in wanted.items()]
    return [
        pair for pair in pairs if pair.entry != pair.before and not (pair.entry.gone and pair.before is None)
    ]


def _known(codes: set[str]) -> dict[str, Resource]:
    found = {resource.code: resource for resource in Resource.objects.filter(code__in=codes - {""})}
    unknown = sorted(codes - {""} - found.keys())
    if unknown:
        raise Invalid("no_resource", _("There is no resource %(code)s.") % {"code": unknown[0]})
    return found


def _stored(entries: Iterable[Entry]) -> dict[tuple[str, str, str, date], Entry]:
    asked = list(entries)
    rows = SetupTime.objects.select_related("resource").filter(
        from_key__in={entry.from_key for entry in asked}, to_key__in={entry.to_key for entry in asked}
    )
    return {entry.place: entry for entry in map(entry_from, rows)}


def entry_from(row: SetupTime) -> Entry:
    """A stored record as an entry; the hours of a forbidden one mean nothing."""
    code = row.resource.code if row.resource else ""
    hours = None if row.forbidden else row.hours
    return Entry(code, row.from_key, row.to_key, hours, row.forbidden, row.valid_from, row.valid_to)


def change_setup_times(entries: Sequence[Entry], *, by: str, reason: str, at: datetime) -> list[Difference]:
    """Writes what differs, all or nothing; plans made before keep the matrix they were made with.

    Refused like `judge_setup_times`, without a reason, and when nothing differs.
    """
    if not reason.strip():
        raise Invalid("no_reason", _("Say why."))
    with transaction.atomic(durable=True):
        differences = judge_setup_times(entries)
        if not differences:
            raise Invalid("nothing", _("Nothing differs from what is stored."))
        resources = _known({one.entry.resource for one in differences})
        for one in differences:
            _write(one.entry, resources.get(one.entry.resource))
        record_event(
            "schedule", "setup_times_changed", "matrix",
            at=at, by=by, reason=reason.strip(), count=len(differences),
        )  # fmt: skip
    return differences


def _write(entry: Entry, resource: Resource | None) -> None:
    place: dict[str, Any] = {
        "resource": resource, "from_key": entry.from_key, "to_key": entry.to_key, "valid_from": entry.valid_from,
    }  # fmt: skip
    if entry.gone:
        SetupTime.objects.filter(**place).delete()
        return
    told = {"hours": entry.hours or 0.0, "forbidden": entry.forbidden, "valid_to": entry.valid_to}
    SetupTime.objects.update_or_create(**place, defaults=told)


def matrix_csv(rows: Iterable[SetupTime]) -> str:
    """The records as a file that `read_matrix_csv` takes back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in map(entry_from, rows):
        hours = "" if entry.hours is None else f"{entry.hours:g}"
        until = entry.valid_to.isoformat() if entry.valid_to else ""
        writer.writerow(
            [entry.resource, entry.from_key, entry.to_key, hours, "x" if entry.forbidden else "",
             entry.valid_from.isoformat(), until]
        )  # fmt: skip
    return out.getvalue()
