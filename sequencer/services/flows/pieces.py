"""Which piece a label names. What every exception of a single piece asks first."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Refused
from inventory.models import CustomerPart, Part
from sequencer.documents.envelope import label_number
from sequencer.labels import Kind, Label
from sequencer.models import LabelRecord, Slot, Unit
from sequencer.services.scans.judging import Judging
from sequencer.spoken import spoken
from sequencer.states import BOUND_RACKS, UnitStatus


def cards(reasons: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Reasons as labels a newcomer may press."""
    return tuple((spoken(word), f"%M:{word}", "command") for word in reasons)


def in_hand(judging: Judging) -> Unit | None:
    """The only piece in the operator's hand; refuses when there are several."""
    if judging.station.hand_group_id is None:
        return None
    units = list(held_by(judging.station.hand_group_id).filter(status=UnitStatus.ALLOCATED)[:2])
    if len(units) > 1:
        raise Refused("which_piece", _("More than one piece is in your hand: scan the one"))
    return units[0] if units else None


def piece_of(judging: Judging) -> Unit:
    """The piece a label names: its own label, its serial, or the slot it stands in. Refuses what names none or many."""
    label, number = judging.label, label_number(judging.raw)
    units = Unit.objects.select_related("part")
    if number is not None:
        record = LabelRecord.objects.filter(number=number).first()
        if record is not None and record.subject_type == "unit":
            return units.get(pk=record.subject_id)
        if record is not None and record.subject_type == "slot":
            return _only(Slot.objects.filter(pk=record.subject_id).first())
    if label.kind is Kind.SLOT:
        slots = Slot.objects.filter(number=label.slot or 0, rack__status__in=sorted(BOUND_RACKS))
        own = not label.value
        slots = (
            slots.filter(rack=judging.station.rack_id)
            if own
            else slots.filter(rack__carrier__code=label.value)
        )
        return _only(slots.first())
    if label.kind is Kind.GOODS:
        found = units_named(label)
        if len(found) == 1:
            return found[0]
        if found:
            raise Refused(
                "which_piece",
                _("Serial %(serial)s is known for several parts: scan the part's whole label")
                % {"serial": label.shown},
            )
        mine = judging.station.hand_group_id
        here = list(held_by(mine).filter(part__number__in=label.numbers)[:2]) if mine else []
        if here:
            return here[0]
    raise Refused(
        "no_piece", _("%(label)s names no piece that was ever scanned here") % {"label": label.shown}
    )


def units_named(label: Label) -> list[Unit]:
    """The piece a goods label names by its serial, two when it is not clear. Never one of another part than it says."""
    serial = label.serial or label.value
    units = Unit.objects.select_related("part").filter(serial__in={serial, serial.removeprefix("S")})
    said = [number for number in label.numbers if number != label.value]
    parts = set(Part.objects.filter(number__in=said).values_list("pk", flat=True)) if said else set()
    if said:
        parts |= set(CustomerPart.objects.filter(number__in=said).values_list("part_id", flat=True))
    return list((units.filter(part__in=parts) if parts else units)[:2])


def held_by(group_id: int) -> QuerySet[Unit]:
    """The pieces of a group, with their part."""
    return Unit.objects.select_related("part").filter(group=group_id).order_by("pk")


def _only(slot: Slot | None) -> Unit:
    units = list(held_by(slot.group_id)[:2]) if slot is not None and slot.group_id else []
    if not units:
        raise Refused("no_piece", _("No piece stands in that slot"))
    if len(units) > 1:
        raise Refused("which_piece", _("Several pieces stand in that slot: scan the one"))
    found: Unit = units[0]
    return found
