"""The setup matrix as a grid: from the keys on the left to the keys on top, for one resource or for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from inventory.errors import Unknown
from scheduling.models import Operation, Resource, SetupTime

# More than a screen can hold; the address narrows the keys.
MOST_KEYS = 60
MOST_OFFERED = 300


@dataclass(frozen=True, slots=True)
class Cell:
    """One pair: its own entry, what counts without one, and the other direction where that differs."""

    from_key: str
    to_key: str
    text: str
    default: str
    back: str
    dated: str

    @property
    def forbidden(self) -> bool:
        return self.text == "✕"


def records_of(resource: Resource | None, day: date) -> QuerySet[SetupTime]:
    """The records of a resource, or of all, that hold on that day."""
    holds = Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gte=day))
    return SetupTime.objects.filter(holds, resource=resource).order_by("valid_from")


def matrix(code: str, *, day: date, added: Iterable[str] = (), begins: str = "") -> dict[str, Any]:
    """The grid of one resource (empty: of all), with keys that were added by hand and a prefix that narrows it."""
    resource = _resource(code)
    own = {(row.from_key, row.to_key): row for row in records_of(resource, day)}
    shared = {(row.from_key, row.to_key): row for row in records_of(None, day)} if resource else {}
    keys = sorted({key for pair in (*own, *shared) for key in pair} | {key for key in added if key})
    keys = [key for key in keys if key.startswith(begins)]
    shown = keys[:MOST_KEYS]
    return {
        "resource": resource,
        "code": code,
        "keys": shown,
        "left_out": len(keys) - len(shown),
        "rows": [(one, [_cell(one, other, own, shared, resource) for other in shown]) for one in shown],
        "begins": begins,
        "added": [key for key in added if key],
        "resources": Resource.objects.filter(active=True).values_list("code", flat=True),
        "offered": _offered(set(keys)),
    }


def _resource(code: str) -> Resource | None:
    if not code:
        return None
    found = Resource.objects.filter(code=code).first()
    if found is None:
        raise Unknown("no_resource", "That resource is gone.", resource=code)
    return found


def _offered(there: set[str]) -> list[str]:
    """Keys that operations carry and no row has yet."""
    keys = (
        Operation.objects.exclude(key="")
        .order_by("key")
        .values_list("key", flat=True)
        .distinct()[:MOST_OFFERED]
    )
    return [key for key in keys if key not in there]


Records = Mapping[tuple[str, str], SetupTime]


def _cell(one: str, other: str, own: Records, shared: Records, resource: Resource | None) -> Cell:
    there, back = own.get((one, other)), own.get((other, one))
    differs = there is not None and back is not None and hours_text(there) != hours_text(back)
    return Cell(
        one, other,
        text=hours_text(there) if there else "",
        default=_default(one, other, shared, resource),
        back=hours_text(back) if differs and back else "",
        dated=there.valid_to.isoformat() if there and there.valid_to else "",
    )  # fmt: skip


def _default(one: str, other: str, shared: Records, resource: Resource | None) -> str:
    """What a pair of whole keys costs without an entry here: the entry for all, else the resource's own time."""
    if (one, other) in shared:
        return hours_text(shared[one, other])
    if resource is None:
        return ""
    hours = resource.setup_standard
    if one == other and resource.setup_reduced is not None:
        hours = resource.setup_reduced
    return "" if hours is None else f"{hours:g}"


def hours_text(row: SetupTime) -> str:
    """As a cell shows it and takes it back."""
    return "✕" if row.forbidden else f"{row.hours:g}"
