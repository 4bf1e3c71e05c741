"""Orders from a CSV file: read, judged row by row, then taken whole or not at all."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from inventory.errors import Invalid, Refused, Stale
from inventory.models import Part
from scheduling.models import ManufacturingOrder
from scheduling.services.orders import TOPIC, write_orders
from scheduling.states import OrderSource, OrderStatus
from sequencer.services.journal import record_event

COLUMNS = ("number", "part", "quantity", "due_at", "not_before", "weight", "schedule_number", "parent")
NEEDED = ("number", "part", "quantity")
MOST_ROWS = 20_000
MOST_BYTES = 5_000_000
TOLD_ROWS = 100
# As wide as the columns of the table.
LONGEST = {"number": 40, "schedule_number": 40}
# A template that is taken as it stands once its part is one of ours.
EXAMPLES = (
    ("MO-1001", "PART-1", "120", "2026-11-24 14:00", "", "1", "", ""),
    ("MO-1002", "PART-2", "40", "2026-11-25", "2026-11-23", "2", "S-7", "MO-1001"),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One row of a file: what it would do (`create`, `change`, `same`, `refuse`), to which columns, in which words."""

    line: int
    number: str
    does: str
    column: str = ""
    words: str = ""
    facts: tuple[tuple[str, Any], ...] = ()


def order_template(delimiter: str = ";") -> bytes:
    """A file with all columns and two examples, with the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([COLUMNS, *EXAMPLES])
    return out.getvalue().encode("utf-8-sig")


def read_order_file(raw: bytes) -> str:
    """The text of a file, with or without Excel's mark. Refuses (422) by name and place what is no UTF-8 text."""
    if len(raw) > MOST_BYTES:
        facts = {"size": f"{len(raw) / 1e6:.1f}", "most": MOST_BYTES // 1_000_000}
        raise Invalid(
            "too_big", _("The file has %(size)s MB; at most %(most)s MB are taken. Split it.") % facts
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid("encoding", _("The file is UTF-16 text. Save it as CSV UTF-8."))
    if raw.startswith(b"PK\x03\x04") or b"\0" in raw:
        raise Invalid("encoding", _("The file is no text, but perhaps a workbook. Save it as CSV UTF-8."))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        words = _("Line %(line)s holds a character that is not UTF-8. Save the file as CSV UTF-8.")
        raise Invalid("encoding", words % {"line": line}, line=line) from error


def judge_orders(text: str) -> list[Judged]:
    """What each row of a CSV file would do; nothing is stored.

    Refuses (422) a file whose columns cannot be read or that has no row.
    """
    return _judge_rows(text, ManufacturingOrder.objects.all())


def _judge_rows(text: str, orders: QuerySet[ManufacturingOrder]) -> list[Judged]:
    rows, decimal_comma = _rows(text)
    numbers = {row[name] for _line, row in rows for name in ("number", "parent")}
    known = orders.select_related("part", "parent").in_bulk(sorted(numbers - {""}), field_name="number")
    parts = set(Part.objects.values_list("number", flat=True))
    parents = dict(
        ManufacturingOrder.objects.filter(parent__isnull=False).values_list("number", "parent__number")
    )
    there, seen = set(known), dict[str, int]()
    judged = []
    for line, row in rows:
        number = row["number"]
        try:
            if number in seen:
                words = _("%(number)s stands in line %(line)s already; keep one of the two")
                raise _wrong("number", words % {"number": number, "line": seen[number]})
            facts = _facts(row, parts, there, decimal_comma)
            parents[number] = facts["parent"]
            _refuse_circle(number, parents)
            judged.append(_judge(line, facts, known.get(number)))
        except Refused as refusal:
            column = str(refusal.facts.get("column", ""))
            judged.append(Judged(line, number, "refuse", column, refusal.message))
        seen.setdefault(number, line)
        there.add(number)
    return judged


def import_orders(text: str, *, by: str, at: datetime) -> list[Judged]:
    """Takes a file that `judge_orders` finds no fault with; else refuses (422) and stores nothing.

    Promise: the same file again changes nothing. Refuses a change of an order that is begun or over. Who enters one
    of its numbers at the same moment wins, and the file is to be tried again (409).
    """
    try:
        with transaction.atomic(durable=True):
            # Locked, so that no order of the file is begun between its judgement and its change.
            judged = _judge_rows(text, ManufacturingOrder.objects.select_for_update(of=("self",)))
            _refuse_bad(judged)
            news = [dict(row.facts) for row in judged if row.does != "same"]
            write_orders(news, source=OrderSource.CSV)
            if news:
                counts = {
                    name: count for name, count in counts_of(judged).items() if name in ("create", "change")
                }
                words = f"{counts['create']} created, {counts['change']} changed"
                record_event(TOPIC, "orders_imported", words, at=at, by=by, counts=counts)
    except IntegrityError as error:
        raise Stale("an order of the file") from error
    return judged


def counts_of(judged: Iterable[Judged]) -> dict[str, int]:
    """How many rows do what."""
    rows = list(judged)
    return {name: sum(row.does == name for row in rows) for name in ("create", "change", "same", "refuse")}


def _refuse_bad(judged: list[Judged]) -> None:
    bad = [row for row in judged if row.does == "refuse"]
    if not bad:
        return
    told = [
        {"line": row.line, "number": row.number, "column": row.column, "message": row.words} for row in bad
    ]
    lines = "; ".join(
        _("line %(line)s: %(words)s") % {"line": row.line, "words": row.words} for row in bad[:5]
    )
    words = _("%(count)s rows cannot be taken: %(lines)s") % {"count": len(bad), "lines": lines}
    raise Invalid("bad_rows", words, rows=told[:TOLD_ROWS])


def _rows(text: str) -> tuple[list[tuple[int, dict[str, str]]], bool]:
    """Rows with their lines, and whether numbers may have a decimal comma: only where no comma parts columns."""
    text = text.lstrip("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _refuse_columns(names)
        rows = []
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, _row(names, cells)))
    except csv.Error as error:
        facts = {"line": reader.line_num, "error": error}
        raise Invalid(
            "bad_csv", _("Line %(line)s is no CSV: %(error)s. Look for a lone quotation mark.") % facts
        ) from error
    if len(rows) > MOST_ROWS:
        facts = {"most": MOST_ROWS, "count": len(rows)}
        raise Invalid("too_long", _("A file has at most %(most)s rows; this one has %(count)s.") % facts)
    if not rows:
        raise Invalid("no_rows", _("The file has a head and no rows."))
    return rows, delimiter != ","


def _refuse_columns(names: list[str]) -> None:
    unknown, missing = set(names) - set(COLUMNS), set(NEEDED) - set(names)
    facts = {"known": ", ".join(COLUMNS)}
    if unknown:
        facts["names"] = ", ".join(name or "''" for name in sorted(unknown))
        raise Invalid("bad_columns", _("unknown column %(names)s; known are %(known)s") % facts)
    if missing:
        facts["names"] = ", ".join(sorted(missing))
        raise Invalid("bad_columns", _("missing column %(names)s; known are %(known)s") % facts)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Invalid("bad_columns", _("The column %(names)s is there twice.") % {"names": ", ".join(twice)})


def _row(names: list[str], cells: list[str]) -> dict[str, str]:
    """Cells by column; what stands behind the last column by no name."""
    told = dict(zip(names, (cell.strip() for cell in cells), strict=False))
    return {"": "".join(cells[len(names) :]).strip(), **{name: told.get(name, "") for name in COLUMNS}}


def _wrong(column: str, words: str) -> Invalid:
    return Invalid("bad_cell", words, column=column)


def _facts(
    row: Mapping[str, str], parts: Container[str], orders: Container[str], decimal_comma: bool
) -> dict[str, Any]:
    if row[""]:
        raise _wrong("", _("there are more cells than columns; a cell with a comma needs quotation marks"))
    if not row["number"]:
        raise _wrong("number", _("the number is empty"))
    for name, most in LONGEST.items():
        if len(row[name]) > most:
            raise _wrong(name, _("%(name)s has more than %(most)s characters") % {"name": name, "most": most})
    if row["part"] not in parts:
        words = _("there is no part '%(part)s'; enter it in admin first")
        raise _wrong("part", words % {"part": row["part"]})
    if row["parent"] and row["parent"] != row["number"] and row["parent"] not in orders:
        words = _("there is no order '%(parent)s' above it; put it before this line")
        raise _wrong("parent", words % {"parent": row["parent"]})
    return {
        "number": row["number"], "part": row["part"],
        "quantity": _number(row["quantity"], "quantity", decimal_comma),
        "due_at": _moment(row["due_at"], "due_at"), "not_before": _moment(row["not_before"], "not_before"),
        "weight": float(_number(row["weight"] or "1", "weight", decimal_comma)),
        "schedule_number": row["schedule_number"], "parent": row["parent"],
    }  # fmt: skip


def _number(text: str, name: str, decimal_comma: bool) -> Decimal:
    """A number of the file. 1.000 is a thousand to one spreadsheet and one to the other: nobody guesses."""
    if decimal_comma and re.fullmatch(r"\d{1,3}(\.\d{3})+", text):
        words = _("%(name)s %(text)s may be a thousand or one: write it without the point")
        raise _wrong(name, words % {"name": name, "text": text})
    try:
        value = Decimal(text.replace(",", ".") if decimal_comma else text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value < 10**9 or value != round(value, 3):
        words = _("%(name)s must be a number of at least 0 with at most three decimals, not '%(text)s'")
        raise _wrong(name, words % {"name": name, "text": text})
    return value


def _moment(text: str, name: str) -> datetime | None:
    """A date or a moment, on the plant's clock without an offset."""
    if not text:
        return None
    try:
        moment = parse_datetime(text.replace(" ", "T"))
        day = None if moment else parse_date(text)
    except ValueError:
        moment = day = None
    if day is not None:
        moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    if moment is None:
        words = _("%(name)s must be as 2026-11-23 or 2026-11-23T14:00, not '%(text)s'")
        raise _wrong(name, words % {"name": name, "text": text})
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _refuse_circle(number: str, parents: Mapping[str, str]) -> None:
    above, seen = parents.get(number, ""), {number}
    while above:
        if above in seen:
            raise _wrong("parent", _("%(number)s would be a component of itself") % {"number": number})
        seen.add(above)
        above = parents.get(above, "")


def _judge(line: int, facts: dict[str, Any], order: ManufacturingOrder | None) -> Judged:
    held = tuple(facts.items())
    if order is None:
        return Judged(line, facts["number"], "create", facts=held)
    stands = {
        "number": order.number, "part": order.part.number, "quantity": order.quantity, "due_at": order.due_at,
        "not_before": order.not_before, "weight": order.weight, "schedule_number": order.schedule_number,
        "parent": order.parent.number if order.parent else "",
    }  # fmt: skip
    differs = [name for name, value in facts.items() if value != stands[name]]
    if not differs:
        return Judged(line, order.number, "same")
    if order.status not in (OrderStatus.PLANNED, OrderStatus.FIRM):
        words = _("%(number)s stands: it is %(status)s; take the line out of the file")
        raise _wrong(differs[0], words % {"number": order.number, "status": order.status.lower()})
    if "part" in differs:
        words = _("%(number)s stands: its part cannot change; cancel it and enter another")
        raise _wrong("part", words % {"number": order.number})
    words = ", ".join(f"{_said(stands[name])} → {_said(facts[name])}" for name in differs)
    return Judged(line, order.number, "change", ", ".join(differs), words, held)


def _said(value: Any) -> str:
    if value in (None, ""):
        return "—"
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    return (
        f"{value.normalize():f}"
        if isinstance(value, Decimal)
        else f"{value:g}"
        if isinstance(value, float)
        else value
    )
