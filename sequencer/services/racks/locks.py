"""Locks and legal moves of racks and groups; everything else in this package stands on them.

Lock order (docs/concurrency.md): SequenceStream -> Station -> Shipment -> Rack -> Slot, ComponentGroup, Unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Stale, Unknown
from inventory.statements import Change, Given, Question, field, number, text
from sequencer.models import Commodity, ComponentGroup, Rack, Shipment
from sequencer.states import GROUP_MOVES, RACK_MOVES, GroupStatus, RackStatus, check_move


def lock_racks(rack_ids: Iterable[int]) -> dict[int, Rack]:
    """Locks racks, their shipments first, each by primary key. Raises `Stale` if a rack changed trucks meanwhile."""
    ids = sorted(set(rack_ids))
    shipment_ids = set(
        Rack.objects.filter(pk__in=ids, shipment__isnull=False)
        .order_by()
        .values_list("shipment_id", flat=True)
    )
    list(Shipment.objects.select_for_update(no_key=True).filter(pk__in=shipment_ids).order_by("pk"))
    racks = {
        rack.pk: rack
        for rack in Rack.objects.select_for_update(no_key=True, of=("self",))
        .select_related(
            "carrier", "commodity__program__line__plant", "commodity__rack_type", "commodity__program__stream"
        )
        .filter(pk__in=ids)
        .order_by("pk")
    }
    if any(rack.shipment_id and rack.shipment_id not in shipment_ids for rack in racks.values()):
        raise Stale("a rack's shipment")
    return racks


def lock_rack_seen(seen: Rack, commodity: Commodity | None) -> Rack:
    """Locks a rack that was read without its lock, its shipment first. Raises `Stale` if it changed trucks meanwhile.

    `commodity`: what the station builds, read with its program, line and stream; the rack's own mostly is the same.
    """
    if seen.shipment_id is not None:
        list(Shipment.objects.select_for_update(no_key=True).filter(pk=seen.shipment_id))
    (rack,) = _RACK.rows(rack=seen.pk)
    if rack.shipment_id not in {None, seen.shipment_id}:
        raise Stale("a rack's shipment")
    if commodity is not None and rack.commodity_id == commodity.pk:
        rack.commodity = commodity
    return rack


def move_group(group: ComponentGroup, *way: GroupStatus, **fields: object) -> None:
    """A legal move of a group, or several that follow on each other at once; a group that is already there stays.

    Zero rows moved is `Stale`.
    """
    to: str = group.status
    for step in way:
        if step != to:
            check_move(GROUP_MOVES, to, step, f"group {group}")
        to = step
    if group.status == to and not fields:
        return
    if not _group_moved(tuple(sorted(fields))).run(group=group.pk, was=group.status, status=to, **fields):
        raise Stale(f"group {group.pk}")
    group.status = to
    for name, value in fields.items():
        setattr(group, name, value)


@cache
def _group_moved(names: tuple[str, ...]) -> Change:
    def moved() -> tuple[QuerySet[ComponentGroup], dict[str, Given]]:
        stands = ComponentGroup.objects.filter(pk=number("group"), status=text("was"))
        return stands, {name: field(ComponentGroup, name) for name in ("status", *names)}

    return Change(moved)


def move_rack(rack: Rack, to: RackStatus, **fields: object) -> None:
    """One legal move of a rack whose row the caller has locked."""
    check_move(RACK_MOVES, rack.status, to, f"rack {rack.number}")
    if not _rack_moved(tuple(sorted(fields))).run(rack=rack.pk, was=rack.status, status=to, **fields):
        raise Stale(f"rack {rack.number}")
    rack.status = to
    for name, value in fields.items():
        setattr(rack, name, value)


@cache
def _rack_moved(names: tuple[str, ...]) -> Change:
    def moved() -> tuple[QuerySet[Rack], dict[str, Given]]:
        stands = Rack.objects.filter(pk=number("rack"), status=text("was"))
        return stands, {name: field(Rack, name) for name in ("status", *names)}

    return Change(moved)


def locked_rack(rack_id: int) -> Rack:
    """One rack under its lock, its shipment's first; refuses (`Unknown`) one that does not exist."""
    rack = lock_racks([rack_id]).get(rack_id)
    if rack is None:
        raise Unknown("no_rack", _("there is no rack %(rack_id)s") % {"rack_id": rack_id})
    return rack


def _with_carrier() -> QuerySet[Rack]:
    racks = Rack.objects.select_for_update(no_key=True, of=("self",)).select_related("carrier")
    return racks.filter(pk=number("rack")).order_by()


_RACK = Question(_with_carrier)
