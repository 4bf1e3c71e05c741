"""Quality holds: placed and released by name with a reason; while one is open nothing it catches moves on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Unknown
from inventory.models import Part
from sequencer.clocks import our_clock
from sequencer.models import ComponentGroup, FloorException, Line, QualityHold, Shipment, Slot, Station, Unit
from sequencer.services.exceptions import note_exception
from sequencer.services.held import held_groups, open_holds, pieces_of, told
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.racks import lock_racks
from sequencer.states import OPEN_GROUPS, SHIPPED_GROUPS, AsnStatus, GroupStatus, UnitStatus

TASK, UNDER_WAY = "QUALITY_HOLD", "HELD_UNDER_WAY"
SHOWN, SEQUENCES_SHOWN = 2, 5
# What the OEM was told already; any other ASN waits for the release.
TOLD = frozenset({AsnStatus.READY, AsnStatus.SENDING, AsnStatus.SENT, AsnStatus.ACCEPTED, AsnStatus.REJECTED})


@dataclass(frozen=True, slots=True)
class Caught:
    """What a hold is to catch; empty fields say nothing."""

    part: str = ""
    serial: str = ""
    lot: str = ""
    made_from: datetime | None = None
    made_to: datetime | None = None
    group_id: int | None = None


def place_hold(caught: Caught, *, by: str, reason: str, at: datetime) -> QualityHold:
    """Holds every piece that fits, here and now and whenever one is scanned later.

    Promise: from the commit on nothing caught is picked, packed, sealed, loaded or departs, and no ASN is written for
    it; what has left already is listed, and a truck that still carries such a piece is a task that names whom to tell
    at the OEM. Refuses a missing reason, an unknown part or call, a hold that says nothing,
    a window that ends before it begins. Locks the racks that hold caught pieces.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("say why it is held"))
    fields = _read(caught)
    with transaction.atomic(durable=True):
        hold: QualityHold = QualityHold.objects.create(
            **fields, reason=reason.strip()[:200], placed_at=at, placed_by=by[:60]
        )
        groups = _groups_of(hold)
        _lock(groups)
        here = [group for group in groups if group.status in OPEN_GROUPS]
        ComponentGroup.objects.filter(pk__in=[g.pk for g in here]).update(on_hold=True)
        _tell(hold, groups, at=at, by=by)
        _tell_under_way(groups, at=at)
    return hold


def release_hold(hold_id: int, *, by: str, reason: str, at: datetime) -> QualityHold:
    """Ends a hold; what another open hold catches as well stays held. Refuses without a reason and one that ended."""
    if not reason.strip():
        raise Refused("reason_missing", _("say why it is good again"))
    with transaction.atomic(durable=True):
        hold = QualityHold.objects.select_for_update(of=("self",), no_key=True).filter(pk=hold_id).first()
        if hold is None:
            raise Unknown("no_hold", _("there is no quality hold %(hold_id)s") % {"hold_id": hold_id})
        if hold.released_at is not None:
            raise Refused(
                "released",
                _("%(hold)s was released by %(released_by)s")
                % {"hold": hold, "released_by": hold.released_by},
            )
        groups = _groups_of(hold)
        _lock(groups)
        QualityHold.objects.filter(pk=hold.pk).update(
            released_at=at, released_by=by[:60], release_reason=reason.strip()[:200]
        )
        still = held_groups([group.pk for group in groups])
        free = [group.pk for group in groups if group.pk not in still]
        ComponentGroup.objects.filter(pk__in=free).update(on_hold=False)
        close_tasks(TASK, str(hold), at=at, note=reason)
        FloorException.objects.filter(
            kind=FloorException.Kind.HOLD, text__startswith=f"{hold}:", resolved_at__isnull=True
        ).update(resolved_at=at, resolved_by=by[:60], resolution=reason.strip()[:200])
        for line in _lines_of(groups):
            record_event(f"line:{line.pk}", "quality_free", str(hold), at=at, by=by, reason=reason)
        _tell_under_way(groups, at=at)
    hold.refresh_from_db()
    return hold


def where_every_unit_is(hold: QualityHold, *, limit: int = 500) -> dict[str, Any]:
    """Every piece a hold catches with where it is now, and how many are where. Two queries."""
    found = Unit.objects.filter(pieces_of(hold)).order_by("-pk")
    units = found.select_related(
        "part", "group__call_off", "group__slot__rack__shipment", "loose__slot__rack", "loose__cart"
    )
    rows = [_where(unit) for unit in units[:limit]]
    counts: dict[str, int] = {}
    for status in found.values_list("status", flat=True):
        counts[status] = counts.get(status, 0) + 1
    return {"rows": rows, "counts": counts, "total": sum(counts.values()), "limit": limit}


def hold_banner(station: Station, at: datetime) -> list[dict[str, Any]]:
    """Open holds that concern what a station packs or a dock loads."""
    commodity = station.commodity
    concerned = [
        hold for hold in open_holds() if commodity is None or _concerns(hold, commodity.pk, commodity.family)
    ]
    more = len(concerned) - SHOWN
    banners = [
        {
            "kind": "hold",
            "word": _("QUALITY HOLD"),
            "text": f"{hold} {hold.subject}: {hold.reason}",
            "until": None,
        }
        for hold in concerned[:SHOWN]
    ]
    if more > 0:
        banners[-1]["text"] = _("%(text)s; and %(more)s more") % {"text": banners[-1]["text"], "more": more}
    return banners


def _concerns(hold: QualityHold, commodity_id: int, family: str) -> bool:
    if hold.group is not None:
        return hold.group.commodity_id == commodity_id
    return hold.part is None or hold.part.family in {"", family}


def _read(caught: Caught) -> dict[str, Any]:
    """The fields of the row. A part is named by our number."""
    part = None
    if caught.part.strip():
        part = Part.objects.filter(number=caught.part.strip()).first()
        if part is None:
            raise Refused(
                "no_part", _("there is no part %(part)s; use our own number") % {"part": caught.part.strip()}
            )
    if caught.group_id is not None:
        group = ComponentGroup.objects.select_related("call_off").filter(pk=caught.group_id).first()
        if group is None:
            raise Unknown("no_group", _("there is no group %(group_id)s") % {"group_id": caught.group_id})
        if group.status in SHIPPED_GROUPS:
            raise Refused("has_left", _("%(group)s has left; contain it at the OEM") % {"group": group})
    window = caught.made_from is not None and caught.made_to is not None
    if window and caught.made_from >= caught.made_to:  # type: ignore[operator]
        raise Refused("bad_window", _("the time window ends before it begins"))
    if not (part or caught.serial.strip() or caught.lot.strip() or caught.group_id or window):
        raise Refused("says_nothing", _("say what is held: part, serial, lot, a time from and to, or a call"))
    return {
        "part": part,
        "serial": caught.serial.strip()[:40],
        "lot": caught.lot.strip()[:40],
        "made_from": caught.made_from,
        "made_to": caught.made_to,
        "group_id": caught.group_id,
    }


def _groups_of(hold: QualityHold) -> list[ComponentGroup]:
    rows = ComponentGroup.objects.select_related("call_off", "commodity__program__line__plant")
    if hold.group_id is not None:
        return list(rows.filter(pk=hold.group_id))
    caught = Unit.objects.filter(pieces_of(hold), group__isnull=False).order_by()
    return list(rows.filter(pk__in=caught.values("group")).order_by("pk"))


def _lock(groups: list[ComponentGroup]) -> None:
    lock_racks(Slot.objects.filter(group__in=groups).values_list("rack_id", flat=True))


def _lines_of(groups: list[ComponentGroup]) -> list[Line]:
    lines = {group.commodity.program.line_id: group.commodity.program.line for group in groups}
    if lines:
        return list(lines.values())
    return list(Line.objects.order_by("pk")[:1])


def _tell(hold: QualityHold, groups: list[ComponentGroup], *, at: datetime, by: str) -> None:
    """A row, a task and a journal entry for every line that holds such pieces."""
    for line in _lines_of(groups):
        mine = [group for group in groups if group.commodity.program.line_id == line.pk]
        gone = sum(group.status in SHIPPED_GROUPS for group in mine)
        due = min((g.call_off.required_at for g in mine if g.status in OPEN_GROUPS and g.call_off.required_at),
                  default=None)  # fmt: skip
        text = f"{hold}: {hold.subject} held; {len(mine) - gone} calls here, {gone} have left"
        note_exception(
            FloorException.Kind.HOLD, line=line, text=text, reason=hold.reason, at=at, by=by, due_at=due,
            group=hold.group,
        )  # fmt: skip
        record_event(
            f"line:{line.pk}", "quality_hold", str(hold), at=at, by=by, reason=hold.reason, text=text
        )
        open_task(line, TASK, str(hold), f"QUALITY HOLD {told(hold)}: {text}", at=at, due_at=due)


def _tell_under_way(groups: list[ComponentGroup], *, at: datetime) -> None:
    """A task for each truck with held pieces that nobody has confirmed yet; it closes with the last of the holds."""
    gone = [group.pk for group in groups if group.status == GroupStatus.SHIPPED]
    trucks = Shipment.objects.filter(racks__slots__group__in=gone).select_related("unloading_point__plant")
    for truck in trucks.distinct().order_by("pk"):
        rows = ComponentGroup.objects.filter(slot__rack__shipment=truck, status=GroupStatus.SHIPPED)
        rows = rows.select_related("call_off", "commodity__program__line").order_by(
            "slot__rack", "slot__number"
        )
        carried = list(rows)
        held = held_groups(group.pk for group in carried)
        concerned = [group for group in carried if group.pk in held]
        if not concerned or truck.departed_at is None:
            close_tasks(UNDER_WAY, truck.number, at=at, note="released")
            continue
        plant = truck.unloading_point.plant
        sequences = [group.call_off.sequence_number for group in concerned]
        more = len(sequences) - SEQUENCES_SHOWN
        said = ", ".join(sequences[:SEQUENCES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        why = "; ".join(dict.fromkeys(held[group.pk] for group in concerned))
        asn = "its ASN is out" if truck.asn_status in TOLD else "its ASN waits"
        text = (
            f"UNDER HOLD ON THE ROAD: {truck.number}{f' ({truck.truck})' if truck.truck else ''} left "
            f"{our_clock(truck.departed_at)}, {asn}; {said}: {why[:100]}. "
            f"Tell {plant.contact or plant.name}"
        )
        line = concerned[0].commodity.program.line
        due = truck.departed_at + timedelta(minutes=plant.transit_minutes)
        open_task(line, UNDER_WAY, truck.number, text, at=at, due_at=due)


def _where(unit: Unit) -> dict[str, Any]:
    """One piece: what it is, for whom, where."""
    group = unit.group
    slot = getattr(group, "slot", None) if group is not None else None
    loose = getattr(unit, "loose", None)
    if slot is not None and unit.status in {UnitStatus.PACKED, UnitStatus.SHIPPED}:
        shipment = slot.rack.shipment
        left = unit.status == UnitStatus.SHIPPED and shipment is not None
        place = f"left with {shipment.number}" if left else f"rack {slot.rack.number} slot {slot.number}"
        if shipment is not None and not left:
            place += f", truck {shipment.number}"
    elif unit.status == UnitStatus.ALLOCATED:
        place = f"in hand for rack {slot.rack.number} slot {slot.number}" if slot is not None else "in hand"
    elif loose is not None and unit.status == UnitStatus.BUFFER:
        stands = f"rack {loose.slot.rack.number} slot {loose.slot.number}" if loose.slot else f"{loose.cart}"
        place = f"loose: {stands}"
    else:
        place = {
            "BUFFER": "buffer",
            "REPAIR": "repair",
            "SCRAPPED": "scrap",
            "RETURNED": "back from the OEM",
        }.get(unit.status, "")
    return {
        "unit": unit,
        "sequence": group.call_off.sequence_number if group is not None else "",
        "place": place,
        "status": unit.status,
    }
