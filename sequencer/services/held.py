"""What open quality holds catch. Reads only: asked by scans, the host check, the dock and the ASN."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from inventory.statements import Question
from sequencer.models import ComponentGroup, HandlingUnit, QualityHold, Unit


def open_holds() -> list[QualityHold]:
    """Every hold not released yet; one query, and in a good week it finds none."""
    return _open.rows()


@Question
def _open() -> QuerySet[QualityHold]:
    found = QualityHold.objects.filter(released_at__isnull=True)
    return found.select_related("part", "group__call_off", "group__commodity").order_by("pk")


def pieces_of(hold: QualityHold) -> Q:
    """Which pieces a hold catches: those that fit everything it says."""
    if hold.group_id is not None:
        return Q(group=hold.group_id)
    caught = Q()
    if hold.part_id is not None:
        caught &= Q(part=hold.part_id)
    if hold.serial:
        caught &= Q(serial=hold.serial)
    if hold.lot:
        caught &= Q(lot=hold.lot)
    if hold.made_from is not None:
        caught &= Q(taken_at__gte=hold.made_from)
    if hold.made_to is not None:
        caught &= Q(taken_at__lt=hold.made_to)
    return caught


def held_groups(group_ids: Iterable[int | None], holds: list[QualityHold] | None = None) -> dict[int, str]:
    """Of these groups those that are held, each with the hold's name and reason. One query without open holds."""
    holds = open_holds() if holds is None else holds
    ids = {pk for pk in group_ids if pk is not None}
    held: dict[int, str] = {}
    for hold in holds if ids else ():
        if hold.group_id is not None:
            caught = ids & {hold.group_id}
        else:
            rows = Unit.objects.filter(pieces_of(hold), group__in=ids).order_by()
            caught = set(rows.values_list("group_id", flat=True))
        for pk in caught:
            held.setdefault(pk, told(hold))
    return held


def held_in_shipment(shipment_id: int) -> list[str]:
    """Sentences for pieces of a shipment that are held; its ASN waits for them."""
    rows = ComponentGroup.objects.filter(slot__rack__shipment=shipment_id).order_by("pk")
    numbers = dict(rows.values_list("pk", "call_off__sequence_number"))
    told_of = [
        _("%(numbers)s is held: %(text)s") % {"numbers": numbers[pk], "text": text}
        for pk, text in sorted(held_groups(numbers).items())
    ]
    boxes = dict(HandlingUnit.objects.filter(shipment=shipment_id).order_by("pk").values_list("pk", "number"))
    return told_of + [
        _("box %(boxes)s is held: %(text)s") % {"boxes": boxes[pk], "text": text}
        for pk, text in sorted(held_boxes(boxes).items())
    ]


def held_boxes(box_ids: Iterable[int]) -> dict[int, str]:
    """Boxes with a piece that an open hold catches, each with the hold's name and reason."""
    ids = list(box_ids)
    found: dict[int, str] = {}
    for hold in open_holds() if ids else ():
        if hold.group_id is None:
            caught = Unit.objects.filter(pieces_of(hold), handling_unit__in=ids).order_by()
            for pk in caught.values_list("handling_unit", flat=True).distinct():
                found.setdefault(int(pk or 0), told(hold))
    return found


def hold_on(
    hold: QualityHold,
    *,
    part_ids: frozenset[int],
    serials: frozenset[str],
    lots: frozenset[str],
    at: datetime,
) -> bool:
    """Whether a piece that is being scanned now fits a hold. What a label does not say fits nothing."""
    if hold.group_id is not None:
        return False
    return (
        (hold.part_id is None or hold.part_id in part_ids)
        and (not hold.serial or hold.serial in serials)
        and (not hold.lot or hold.lot in lots)
        and (hold.made_from is None or hold.made_from <= at)
        and (hold.made_to is None or at < hold.made_to)
    )


def told(hold: QualityHold) -> str:
    return f"{hold} {hold.reason}"
