"""How parts are packed: the instruction that counts, and which calls a station packs."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from inventory.statements import Given, Question, number, text
from sequencer.models import PackingInstruction, QuantityCall, Station
from sequencer.states import QuantityStatus

# More than a page shows: some of them are in boxes already.
LOOKED_AT = 9


def packing_for(part_id: int, unloading_point_id: int) -> PackingInstruction | None:
    """The instruction of the unloading point, else the one for everywhere."""
    rows = PackingInstruction.objects.filter(
        Q(unloading_point=unloading_point_id) | Q(unloading_point__isnull=True), part=part_id
    )
    return rows.order_by(F("unloading_point").asc(nulls_last=True)).first()


def calls_for(station: Station) -> QuerySet[QuantityCall]:
    """Open calls that are packed at a station, the one due first on top.

    Those whose packing instruction (the one of the unloading point, else the one for everywhere) names it; where that
    names none, those of the family the station packs.
    """
    return _packed_at(station.pk, station.commodity.family if station.commodity else None)


@Question
def _first_ones() -> QuerySet[QuantityCall]:
    return _packed_at(number("station"), text("family"))[:LOOKED_AT]


def first_calls_for(station: Station) -> list[QuantityCall]:
    """The first of them, in the words that every page of a packing station asks."""
    if station.commodity is None:
        return list(calls_for(station)[:LOOKED_AT])
    return _first_ones.rows(station=station.pk, family=station.commodity.family)


def _packed_at(station: int | Given, family: str | Given | None) -> QuerySet[QuantityCall]:
    fits = PackingInstruction.objects.filter(
        Q(unloading_point=OuterRef("unloading_point")) | Q(unloading_point__isnull=True),
        part=OuterRef("part"),
    ).order_by(F("unloading_point").asc(nulls_last=True))
    return (
        QuantityCall.objects.filter(
            Exists(fits), status__in=[QuantityStatus.RELEASED, QuantityStatus.IN_WORK]
        )
        .annotate(packed_at=Subquery(fits.values("station")[:1]))
        .filter(Q(packed_at=station) | Q(packed_at__isnull=True, part__family=family))
        .select_related("part", "unloading_point__plant")
        .order_by("due_at", "pk")
    )
