"""Pick or build: the route of a call, and the kit list of a pick cart, vehicle by vehicle in loading order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Invalid, Refused, Unknown
from inventory.models import Part
from inventory.statements import Question, number
from sequencer.clocks import both_clocks, on_both, our_clock
from sequencer.documents import facts as paper
from sequencer.documents import pdf
from sequencer.documents.kit import kit_list
from sequencer.languages import speaking_on_paper
from sequencer.models import (
    Commodity,
    CommodityRoute,
    ComponentGroup,
    GroupRoute,
    Rack,
    RouteSwitch,
    SequenceStream,
    Slot,
    WorkRoute,
)
from sequencer.services.journal import record_event
from sequencer.services.pacing import rack_waits_until
from sequencer.spoken import in_words
from sequencer.states import GroupStatus, Priority, RackStatus, SlotStatus, Stage

# Racks that still want something from stock.
PICKED = frozenset({RackStatus.PLANNED, RackStatus.LOADING, RackStatus.REOPENED})


def racks_to_kit() -> QuerySet[Rack]:
    """Racks with something to pick, the one needed first on top."""
    return (
        Rack.objects.filter(
            status__in=sorted(PICKED),
            slots__group__status__in=[GroupStatus.RELEASED, GroupStatus.IN_WORK],
        )
        .annotate(needed_at=Min("slots__group__call_off__required_at"))
        .select_related("commodity__program__line__plant", "carrier")
        .order_by("needed_at", "pk")
    )


def kit_of(rack_id: int, *, at: datetime) -> paper.Kit:
    """The kit list of a rack as its calls stand now: released ones with their parts, the others with why not.

    What is in its slot already is left out. Four queries and one a program that is paced. Refuses (`Unknown`) a rack
    that does not exist.
    """
    rack = (
        Rack.objects.select_related("commodity__program__line__plant", "commodity__program__stream")
        .filter(pk=rack_id)
        .first()
    )
    if rack is None:
        raise Unknown("no_rack", _("there is no rack %(rack_id)s") % {"rack_id": rack_id})
    line = rack.commodity.program.line
    slots = list(
        rack.slots.filter(status__in=[SlotStatus.EMPTY, SlotStatus.REOPENED], group__isnull=False)
        .select_related("group__call_off", "group__commodity__route", "group__route")
        .prefetch_related("group__components__part")
        .order_by("number")
    )
    waits = rack_waits_until(rack, at=at)
    zone = line.plant.time_zone
    clock = both_clocks(waits, zone) if waits else ""
    switches = switches_of(s.group.commodity_id for s in slots if s.group)
    lines = tuple(_line(slot, clock, switches, rack.low_position) for slot in slots)
    due = min(
        (s.group.call_off.required_at for s in slots if s.group and s.group.call_off.required_at),
        default=None,
    )
    needed, needed_oem = on_both(due, zone, day=True) if due else ("", "")
    return paper.Kit(
        rack=rack.number,
        commodity=rack.commodity.name,
        line=line.name,
        needed=needed,
        needed_oem=needed_oem,
        lines=lines,
        totals=_totals(lines),
    )


def kit_pdf(rack_id: int, *, at: datetime) -> bytes:
    """The same on paper."""
    with speaking_on_paper():
        return pdf.render(kit_list(kit_of(rack_id, at=at), printed=our_clock(at, day=True), say=_))


def _line(
    slot: Slot, waits: str, switches: Mapping[int, Sequence[RouteSwitch]], position: int
) -> paper.KitLine:
    group = slot.group
    assert group is not None  # filtered above
    call = group.call_off
    number, sequence, vehicle = str(slot.number), call.sequence_number, call.vin or call.call_number
    note = ""
    if group.on_hold:
        note = _("quality hold")
    elif call.held:
        note = _("held by the OEM")
    elif route_of(group, switches.get(group.commodity_id, ()), position) == WorkRoute.BUILD:
        note = _("built at the station")
    elif call.stage != Stage.FIRM:
        note = _("not firm yet")
    elif group.status == GroupStatus.RESOLVED:
        note = _("waits until %(waits)s") % {"waits": waits} if waits else _("not released yet")
    elif group.status == GroupStatus.UNRESOLVED:
        note = _("unknown part")
    elif group.status not in {GroupStatus.RELEASED, GroupStatus.IN_WORK}:
        note = in_words(group.status)
    if note:
        return paper.KitLine(number, sequence, vehicle, note=note)
    parts = tuple(
        paper.KitPart(c.part.number, c.part.description, c.part.storage_bin, c.quantity)
        for c in group.components.all()
        if c.required and c.part is not None
    )
    return paper.KitLine(number, sequence, vehicle, parts)


def _totals(lines: tuple[paper.KitLine, ...]) -> tuple[paper.KitPart, ...]:
    """Every part once, with how many the cart takes, in the order of the bins."""
    found: dict[str, paper.KitPart] = {}
    for line in lines:
        for part in line.parts:
            before = found[part.part].quantity if part.part in found else 0
            found[part.part] = paper.KitPart(part.part, part.description, part.bin, before + part.quantity)
    return tuple(sorted(found.values(), key=lambda part: (part.bin, part.part)))


# --- pick or build ---------------------------------------------------------------------------------------------


def route_of(group: ComponentGroup, switches: Sequence[RouteSwitch], rack_position: int | None) -> WorkRoute:
    """Picked from stock or built: as a person decided for this call, else as it was switched for its part or
    commodity from some rack on, else as its commodity usually goes. `switches`: of its commodity, oldest first.
    """
    own: GroupRoute | None = getattr(group, "route", None)
    if own is not None:
        return WorkRoute(own.route)
    parts = {component.part_id for component in group.components.all()} if switches else set()
    reaching = [s for s in switches if rack_position is not None and s.from_position <= rack_position]
    of_part = [s for s in reaching if s.part_id is not None and s.part_id in parts]
    if of_part and of_part[-1].route:
        return WorkRoute(of_part[-1].route)
    of_all = [s for s in reaching if s.part_id is None]
    if of_all:
        return WorkRoute(of_all[-1].route)
    usual: CommodityRoute | None = getattr(group.commodity, "route", None)
    return WorkRoute(usual.route) if usual is not None else WorkRoute.PICK


def switches_of(commodity_ids: Iterable[int]) -> dict[int, list[RouteSwitch]]:
    """What planners switched, oldest first, by commodity. One query."""
    found: dict[int, list[RouteSwitch]] = {}
    for switch in RouteSwitch.objects.filter(commodity__in=set(commodity_ids)).order_by("pk"):
        found.setdefault(switch.commodity_id, []).append(switch)
    return found


@Question
def _switches() -> QuerySet[RouteSwitch]:
    return RouteSwitch.objects.filter(commodity=number("commodity")).order_by("pk")


@Question
def _routed() -> QuerySet[Any, Any]:
    joined = ("commodity__route", "route", "slot__rack", "call_off")
    switched = Exists(RouteSwitch.objects.filter(commodity=OuterRef("commodity")))
    groups = ComponentGroup.objects.select_related(*joined).annotate(switched=switched)
    return groups.filter(pk=number("group")).order_by()


def is_built(group: ComponentGroup) -> bool:
    """The same by key alone, for the one group a station asks for."""
    (whole,) = _routed.rows(group=group.pk)
    slot: Slot | None = getattr(whole, "slot", None)
    position = slot.rack.low_position if slot is not None else whole.call_off.position
    switches = _switches.rows(commodity=whole.commodity_id) if whole.switched else []
    return route_of(whole, switches, position) == WorkRoute.BUILD


def switch_from_next_rack(
    commodity_id: int, route: str, *, part_number: str = "", by: str, reason: str, at: datetime
) -> RouteSwitch:
    """A planner sends a commodity, or one part of it, the other way from the next rack nobody has started.

    Racks in work stay as they are. Refuses (`Invalid`) a route that is none and a part of another family; without a
    reason; and what is so already (`no_change`). Locks the commodity's stream, so that no rack begins meanwhile.
    """
    if route not in {*WorkRoute.values, ""} or (not route and not part_number):
        raise Invalid("no_route", f"{route or 'nothing'} is no route; PICK or BUILD")
    if not reason.strip():
        raise Refused("reason_missing", "say why it goes the other way")
    with transaction.atomic(durable=True):
        commodity = Commodity.objects.select_related("program").filter(pk=commodity_id).first()
        if commodity is None:
            raise Unknown("no_commodity", f"there is no commodity {commodity_id}")
        SequenceStream.objects.select_for_update(no_key=True).get(pk=commodity.program.stream_id)
        part = _part_of(commodity, part_number)
        racks = Rack.objects.filter(commodity=commodity.lead, priority=Priority.NORMAL)
        first = racks.filter(status=RackStatus.PLANNED).order_by("low_position").first()
        last = racks.exclude(status=RackStatus.CANCELLED).order_by("-high_position").first()
        position = first.low_position if first else last.high_position + 1 if last else 0
        before = RouteSwitch.objects.filter(commodity=commodity, part=part).order_by("-pk").first()
        if before is not None and before.route == route:
            raise Refused("no_change", f"{before} since {our_clock(before.decided_at, day=True)} already")
        switch: RouteSwitch = RouteSwitch.objects.create(
            commodity=commodity, part=part, route=route, from_position=position,
            from_rack=first.number if first else "", decided_by=by[:60], decided_at=at, reason=reason.strip()[:200],
        )  # fmt: skip
        record_event(
            f"line:{commodity.program.line_id}", "route_switched", str(part or commodity.name), at=at, by=by,
            reason=reason, route=route, rack=switch.from_rack,
        )  # fmt: skip
    return switch


def _part_of(commodity: Commodity, number: str) -> Part | None:
    if not number:
        return None
    part = Part.objects.filter(number=number).first()
    if part is None or part.family not in {"", commodity.family}:
        raise Invalid("unknown_part", f"{number} is no part of {commodity.name}")
    return part


def switch_route(
    group_id: int, route: str, *, by: AbstractBaseUser, reason: str, at: datetime
) -> ComponentGroup:
    """One call is built instead of picked, or the other way round (stock out, machine down); its slot, rack, label and
    dock stay.

    Refuses (`Invalid`) a route that is none, a missing reason, and a call whose piece is in its slot or has left
    (`too_late`). The group's own row is compared, nothing else is locked.
    """
    if route not in WorkRoute.values:
        raise Invalid("no_route", _("%(route)s is no route; PICK or BUILD") % {"route": route})
    if not reason.strip():
        raise Refused("reason_missing", _("say why it goes the other way"))
    with transaction.atomic(durable=True):
        group = (
            ComponentGroup.objects.select_for_update(no_key=True, of=("self",))
            .select_related("call_off__program", "commodity")
            .filter(pk=group_id)
            .first()
        )
        if group is None:
            raise Unknown("no_group", _("there is no group %(group_id)s") % {"group_id": group_id})
        if group.status not in OPEN:
            raise Refused(
                "too_late",
                _("%(group)s is %(status)s; its way is decided")
                % {"group": group, "status": in_words(group.status)},
            )
        GroupRoute.objects.update_or_create(
            group=group,
            defaults={
                "route": route, "decided_by": str(by)[:60], "decided_at": at, "reason": reason.strip()[:200]
            },
        )  # fmt: skip
        line_id = group.call_off.program.line_id
        subject = group.call_off.call_number
        record_event(
            f"line:{line_id}", "route_switched", subject, at=at, by=str(by), reason=reason, route=route
        )
    return group


OPEN = frozenset(
    {
        GroupStatus.CREATED,
        GroupStatus.UNRESOLVED,
        GroupStatus.RESOLVED,
        GroupStatus.RELEASED,
        GroupStatus.IN_WORK,
        GroupStatus.MISSING,
        GroupStatus.REPAIR,
    }
)
