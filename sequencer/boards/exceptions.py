"""The list of exceptions as its address asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Q

from sequencer.boards.units import Board
from sequencer.models import FloorException, Line

PAGE = 50
STATES = (("open", "open"), ("late", "open and late"), ("done", "resolved"))
SORTS = (("new", "newest first"), ("due", "by due time"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; a value the list does not know shows everything."""

    q: str = ""
    kind: str = ""
    state: str = ""
    line: str = ""
    sort: str = "new"
    page: int = 1


def exception_list(asked: Asked, *, at: datetime) -> Board:
    """One page of exceptions, with what a person filters by."""
    found = FloorException.objects.select_related(
        "line__plant", "group__call_off", "unit__part", "rack", "slot", "station"
    )
    if asked.kind in FloorException.Kind.values:
        found = found.filter(kind=asked.kind)
    if asked.line.isdecimal():
        found = found.filter(line=int(asked.line))
    states = {
        "open": Q(resolved_at__isnull=True),
        "late": Q(resolved_at__isnull=True, due_at__lt=at),
        "done": Q(resolved_at__isnull=False),
    }
    if asked.state in states:
        found = found.filter(states[asked.state])
    if asked.q:
        found = found.filter(
            Q(group__call_off__sequence_number=asked.q)
            | Q(group__call_off__call_number__iexact=asked.q)
            | Q(group__call_off__vin__iexact=asked.q)
            | Q(unit__serial__iexact=asked.q)
            | Q(rack__number__iexact=asked.q)
            | Q(by__iexact=asked.q)
            | Q(reason__icontains=asked.q)
        )
    order = [F("due_at").asc(nulls_last=True), "-pk"] if asked.sort == "due" else ["-pk"]
    pages = Paginator(found.order_by(*order), PAGE)
    page = pages.get_page(asked.page)
    return {
        "rows": [_row(row, at) for row in page.object_list],
        "count": pages.count,
        "page": page.number,
        "pages": pages.num_pages,
        "choices": {
            "kind": [(value, str(label)) for value, label in FloorException.Kind.choices],
            "state": STATES,
            "line": [(str(line.pk), str(line)) for line in Line.objects.select_related("plant")],
            "sort": SORTS,
        },
    }


def _row(row: FloorException, at: datetime) -> dict[str, Any]:
    state = "done" if row.resolved_at else "late" if row.due_at and row.due_at < at else "open"
    return {"it": row, "state": state, "zone": row.line.plant.time_zone}
