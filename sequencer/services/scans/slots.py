"""What the floor asks for next: the rack to take, the slot to fill, the pieces it still wants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, Exists, FilteredRelation, OuterRef, Q, QuerySet, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.models import Part
from inventory.statements import Given, Question, number
from sequencer import rules
from sequencer.models import CallComponent, Commodity, ComponentGroup, Rack, Slot, Station, Unit
from sequencer.services.racks import place_of
from sequencer.states import GroupStatus, Priority, RackStatus, SlotStatus, Stage, UnitStatus


def current_slot(rack_id: int) -> Slot | None:
    """The slot the operator fills now: the one whose part is in the hand, else the lowest in loading order.

    What is built again after scrap comes first. Missing calls, holes, held and unresolved ones are passed over:
    building goes on behind them. A call that arrives for a lower slot waits until the hand is empty.
    """
    return _CURRENT.first(rack=rack_id)


def _in_turn() -> QuerySet[Any, Any]:
    in_hand = Case(When(group__status=GroupStatus.RELEASED, then=1), default=0)
    return (
        workable_slots(number("rack"))
        .annotate(in_hand=in_hand)
        .order_by("in_hand", "-group__attempt", "number")[:1]
    )


_CURRENT: Question[Slot] = Question(_in_turn)


def workable_slots(rack_id: int | Given) -> QuerySet[Slot]:
    """Slots of a rack whose call is wanted now and not packed yet."""
    return Slot.objects.select_related("group__call_off", "group__commodity").filter(
        rack_id=rack_id,
        status__in=[SlotStatus.EMPTY, SlotStatus.REOPENED],
        group__status__in={GroupStatus.RELEASED, GroupStatus.IN_WORK, GroupStatus.VERIFIED},
        group__on_hold=False,
        group__call_off__held=False,
        group__call_off__stage=Stage.FIRM,
    )


def hand_end(station: Station, slot: Slot | None) -> rules.HandEnd | None:
    """Why what is in the hand is not wanted any more; None while it is. `slot`: its own, if it is the one asked for.

    One query, and none when the slot is given: then call and group are known.
    """
    if station.hand_group_id is None:
        return None
    group = slot.group if slot is not None else None
    here = group is not None
    if group is None:
        group = ComponentGroup.objects.select_related("call_off").get(pk=station.hand_group_id)
        here = Slot.objects.filter(group=group, rack=station.rack_id).exists()
    station.hand_group = group
    call = group.call_off
    now = rules.HandFacts(group.revision, group.status, call.stage, call.held, group.on_hold, here)
    return rules.judge_hand(station.hand_revision, now)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call asks of the operator: the pieces still to be scanned, and the label pattern of its parts."""

    needs: list[rules.Need]
    pattern: str


def needs_of(group: ComponentGroup, customer_id: int) -> list[rules.Need]:
    """Pieces a group still wants, each with every number its label may carry in that customer's words."""
    return wanted_of(group.pk, customer_id).needs


def wanted_of(group_id: int, customer_id: int) -> Wanted:
    """The pieces a group still wants and how their labels are read. One query."""
    rows = _COMPONENTS.rows(group=group_id, customer=customer_id)
    needs: dict[int, rules.Need] = {}
    patterns = []
    for pk, part_id, code, trace, description, storage_bin, pattern, quantity, have, theirs in rows:
        patterns.append(pattern)
        # A row for each number the customer has for the part.
        accepts = needs[pk].accepts if pk in needs else frozenset({code})
        needs[pk] = rules.Need(
            pk, part_id or 0, code, accepts | {theirs} if theirs else accepts, trace == Part.Trace.SERIAL,
            description, quantity - have, trace == Part.Trace.LOT, storage_bin,
        )  # fmt: skip
    return Wanted([need for need in needs.values() if need.left > 0], next(filter(None, patterns), ""))


def _wanted_components() -> QuerySet[Any, tuple[Any, ...]]:
    return (
        CallComponent.objects.filter(group=number("group"), required=True, part__isnull=False)
        .annotate(
            have=Count("units", distinct=True),
            theirs=FilteredRelation(
                "part__customer_parts", condition=Q(part__customer_parts__customer=number("customer"))
            ),
        )
        .order_by("pk")
        .values_list(
            "pk", "part_id", "part__number", "part__trace", "part__description", "part__storage_bin",
            "part__label_pattern", "quantity", "have", "theirs__number",
        )
    )  # fmt: skip


_COMPONENTS: Question[tuple[Any, ...]] = Question(_wanted_components)


def slot_is_asked(commodity: Commodity, slot: Slot) -> bool:
    """Whether this slot's label must be scanned, or its place is implied by the loading order."""
    every = commodity.rack_type.slot_check_every
    return every > 0 and slot.number % every == 0


def next_rack(commodity: Commodity) -> Rack | None:
    """The rack to take now: rush first, then the lowest sequence that holds anything to build."""
    return next_rush(commodity) or _NEXT.first(commodity=commodity.pk)


def _planned_racks() -> QuerySet[Rack]:
    """Racks of a commodity nobody has started that hold anything to build."""
    called = Slot.objects.filter(rack=OuterRef("pk"), group__isnull=False)
    return Rack.objects.filter(Exists(called), commodity=number("commodity"), status=RackStatus.PLANNED)


def next_rush(commodity: Commodity) -> Rack | None:
    """The rush that was asked for first."""
    return _RUSH.first(commodity=commodity.pk)


def _first_rush() -> QuerySet[Rack]:
    return _planned_racks().filter(priority=Priority.RUSH).order_by("pk")[:1]


def _lowest() -> QuerySet[Rack]:
    return _planned_racks().filter(priority=Priority.NORMAL).order_by("low_position")[:1]


_RUSH, _NEXT = Question(_first_rush), Question(_lowest)


def set_aside(station: Station) -> Rack | None:
    """The rack that was left for a rush, if it still waits: unfinished, and nobody else works on it."""
    if station.set_aside_id is None:
        return None
    waits = {RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED}
    racks = Rack.objects.select_related("carrier").filter(pk=station.set_aside_id, status__in=waits)
    return racks.exclude(stations__in=Station.objects.exclude(pk=station.pk)).first()


# Loose pieces that lie in no buffer.
AWAY = {
    UnitStatus.SCRAPPED: gettext_noop("serial %(serial)s was scrapped; put it aside"),
    UnitStatus.REPAIR: gettext_noop("serial %(serial)s is in repair; scan REPAIRED when it is back"),
    UnitStatus.RETURNED: gettext_noop("serial %(serial)s came back from the OEM; quality decides"),
}


def where_is(unit: Unit) -> str:
    """Where a used serial is, for the operator who holds its twin."""
    group, box = unit.group, unit.handling_unit
    if box is not None:
        gone = box.shipment.number if unit.status == UnitStatus.SHIPPED and box.shipment else ""
        told = (
            _("serial %(serial)s left with %(truck)s in box %(box)s for %(call)s")
            if gone
            else _("serial %(serial)s is in box %(box)s for %(call)s")
        )
        return told % {"serial": unit.serial, "truck": gone, "box": box.number, "call": box.call.number}
    if group is None:
        away = AWAY.get(UnitStatus(unit.status))
        told = _(away) if away else _("serial %(serial)s %(place)s")
        return told % {"serial": unit.serial, "place": "" if away else place_of(unit)}
    slot = Slot.objects.select_related("rack__shipment").filter(group=group).first()
    sequence = group.call_off.sequence_number
    if unit.status == UnitStatus.SHIPPED:
        shipment = slot.rack.shipment.number if slot and slot.rack.shipment else _("a truck")
        return _("serial %(serial)s left with %(shipment)s for %(sequence)s") % {
            "serial": unit.serial,
            "shipment": shipment,
            "sequence": sequence,
        }
    if slot is None:
        return _("serial %(serial)s is held for %(sequence)s") % {"serial": unit.serial, "sequence": sequence}
    return _("serial %(serial)s is in rack %(rack)s slot %(slot)s for %(sequence)s") % {
        "serial": unit.serial,
        "rack": slot.rack.number,
        "slot": slot.number,
        "sequence": sequence,
    }
