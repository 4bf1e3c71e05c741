"""What a station or dock shows: read-only pictures for pages and API, built from the same rules that judge scans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from inventory.errors import Unknown
from inventory.models import Part
from sequencer import rules
from sequencer.demo import SUPERVISOR_PIN as DEMO_PIN
from sequencer.models import (
    Badge,
    CallOff,
    Carrier,
    Commodity,
    ComponentGroup,
    Rack,
    ScanEvent,
    SequenceGap,
    Shipment,
    Slot,
    Station,
)
from sequencer.services.scans import current_slot, needs_of, next_rack, slot_is_asked
from sequencer.services.shipping import next_to_load
from sequencer.states import (
    BOUND_RACKS,
    CLOSED_RACKS,
    GONE_RACKS,
    AsnStatus,
    GapStatus,
    GroupStatus,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    Stage,
)

View = dict[str, Any]


def _station(station_id: int) -> Station:
    station = (
        Station.objects.select_related(
            "operator",
            "commodity__program__line__plant",
            "commodity__program__stream",
            "commodity__rack_type",
            "unloading_point__plant",
            "shipment",
        )
        .filter(pk=station_id)
        .first()
    )
    if station is None:
        raise Unknown("no_station", f"there is no station {station_id}")
    return station


def station_view(station_id: int, *, at: datetime) -> View:
    """The whole picture of a packing station at one moment. Refuses (`Unknown`) a station that does not exist."""
    station = _station(station_id)
    commodity = station.commodity
    if commodity is None:
        raise Unknown("no_station", f"{station.code} is a dock, not a packing station")
    rack = _rack(station.rack_id)
    slot = current_slot(rack.pk) if rack and rack.status in {"LOADING", "REOPENED"} else None
    needs = needs_of(slot.group) if slot and slot.group else []
    slots = list(rack.slots.select_related("group__call_off").order_by("number")) if rack else []
    view: View = {
        "station": _head(station, commodity.program.line.name, commodity.program.line.plant.name),
        "operator": station.operator.get_short_name() or station.operator.get_username()
        if station.operator
        else None,
        "ask": _ask(station, rack, slot, needs, at),
        "now": _now(station, slot, needs, commodity) if slot else None,
        "then": _then(slots, slot),
        "rack": _rack_view(rack, slots, slot, commodity) if rack else None,
        "last": _last(station),
        "lock": _lock(station),
        "buffer": buffer_of(commodity, at),
        "tray": [],
    }
    view["upcoming"] = None if slot else _upcoming(commodity)
    view["tray"] = _tray(station, rack, slot, needs, view["ask"]["code"]) if settings.DEMO else []
    return view


def _head(station: Station, line: str, plant: str) -> View:
    return {
        "id": station.pk,
        "code": station.code,
        "name": station.name,
        "kind": station.kind,
        "line": line,
        "plant": plant,
    }


def _rack(rack_id: int | None) -> Rack | None:
    if rack_id is None:
        return None
    return (
        Rack.objects.select_related("carrier", "shipment", "commodity__rack_type").filter(pk=rack_id).first()
    )


def _ask(
    station: Station, rack: Rack | None, slot: Slot | None, needs: list[rules.Need], at: datetime
) -> View:
    """The one question of the screen: what do I do now?"""
    mode = station.mode.partition(":")[0]
    if mode == "PIN":
        return _asked("PIN", "ENTER PIN", "of the supervisor whose badge was scanned")
    if mode == "SUPERVISOR":
        return _asked("SUPERVISOR", "SCAN SUPERVISOR BADGE", "or BACK")
    if station.operator is None:
        return _asked("BADGE", "SCAN YOUR BADGE")
    if station.lock_code:
        return _asked("LOCKED", "PUT IT BACK, SCAN RETURN BIN", "or a supervisor")
    if mode == "MISSING":
        return _asked("REASON", "SCAN THE REASON", "why the part is missing, or BACK")
    if rack is None or rack.status in {RackStatus.STAGED, RackStatus.CANCELLED}:
        return _ask_rack(station)
    if rack.status == RackStatus.FULL:
        return _asked("SEAL", "SCAN SEAL", "rack is full")
    if rack.status == RackStatus.SEALED:
        return _asked("STAGE", "HANG MANIFEST, SCAN RACK", rack.carrier.code if rack.carrier else "")
    if rack.status in {RackStatus.LOADED, *GONE_RACKS}:
        return _ask_rack(station)
    if slot is None:
        return _asked("WAIT", "WAIT", _waits_for(rack))
    if not needs:
        return _asked("SLOT", f"SCAN SLOT {slot.number}")
    if station.pending_unit_part:
        return _asked("SERIAL", "SCAN SERIAL", station.pending_unit_part)
    return _asked("PART", "SCAN PART", needs[0].number)


def _asked(code: str, text: str, detail: str = "") -> View:
    return {"code": code, "text": text, "detail": detail}


def _ask_rack(station: Station) -> View:
    commodity = station.commodity
    rack = next_rack(commodity) if commodity else None
    if rack is None:
        return _asked("WAIT", "NOTHING TO BUILD", "the next call brings a rack")
    return _asked("RACK", "SCAN EMPTY RACK", f"for {rack.number}")


def _waits_for(rack: Rack) -> str:
    """Why an unfinished rack has nothing to pick, in the operator's words."""
    gap = SequenceGap.objects.filter(
        stream=rack.commodity.program.stream_id,
        status=GapStatus.OPEN,
        position__gte=rack.low_position,
        position__lte=rack.high_position,
    ).first()
    if gap is not None:
        return f"call {gap.sequence_number} is missing; the supervisor knows"
    open_slots = rack.slots.filter(status__in=[SlotStatus.EMPTY, SlotStatus.REOPENED])
    if open_slots.filter(group__on_hold=True).exists():
        return "quality hold"
    if open_slots.filter(group__call_off__held=True).exists():
        return "held by the OEM"
    if open_slots.filter(group__status=GroupStatus.UNRESOLVED).exists():
        return "unknown part; the planner knows"
    return "for the next call"


def _now(station: Station, slot: Slot, needs: list[rules.Need], commodity: Commodity) -> View | None:
    group = slot.group
    if group is None:
        return None
    component = needs[0] if needs else None
    parts = list(group.components.filter(required=True).select_related("part"))
    first = next((c.part for c in parts if component is None or c.part_id == component.part_id), None)
    return {
        "group": group.pk,
        "sequence": group.call_off.sequence_number,
        "part": first.number if first else "",
        "description": first.description if first else "",
        "bin": first.storage_bin if first else "",
        "slot": slot.number,
        "checks": _checks(station, parts, needs, slot_is_asked(commodity, slot)),
    }


def _checks(station: Station, components: list[Any], needs: list[rules.Need], asked: bool) -> list[View]:
    """The chips under the part: what is done, what is asked, what follows."""
    open_ids = [n.component_id for n in needs]
    checks = []
    for component in components:
        waiting = component.pk in open_ids
        now = bool(open_ids) and component.pk == open_ids[0]
        pending = now and bool(station.pending_unit_part)
        name = "part" if len(components) == 1 else component.part.number
        checks.append({"name": name, "state": "done" if not waiting or pending else "now" if now else "todo"})
        if component.part.trace == Part.Trace.SERIAL:
            state = "done" if not waiting else "now" if pending else "todo"
            checks.append({"name": "serial", "state": state})
    if asked:
        checks.append({"name": "slot", "state": "todo" if needs else "now"})
    return checks


def _then(slots: Iterable[Slot], current: Slot | None) -> list[View]:
    """The next two in loading order."""
    workable = {GroupStatus.RELEASED, GroupStatus.IN_WORK}
    after = [
        s
        for s in slots
        if s.group is not None
        and s.group.status in workable
        and s.status in {SlotStatus.EMPTY, SlotStatus.REOPENED}
        and (current is None or s.number > current.number)
    ]
    return [_brief(s.group) for s in after[:2] if s.group is not None]


def _brief(group: ComponentGroup) -> View:
    component = group.components.filter(required=True).select_related("part").first()
    part = component.part if component else None
    return {
        "sequence": group.call_off.sequence_number,
        "part": part.number if part else component.customer_part if component else "",
        "description": part.description if part else group.problem,
    }


def _rack_view(rack: Rack, slots: list[Slot], current: Slot | None, commodity: Commodity) -> View:
    rack_type = commodity.rack_type
    stream = commodity.program.stream
    gaps = set(
        SequenceGap.objects.filter(
            stream=stream,
            status=GapStatus.OPEN,
            position__gte=rack.low_position,
            position__lte=rack.high_position,
        ).values_list("position", flat=True)
    )
    drawn = [_slot_view(s, current, stream.counter, gaps, rack_type.rows, rack_type.columns) for s in slots]
    return {
        "id": rack.pk,
        "number": rack.number,
        "carrier": rack.carrier.code if rack.carrier else None,
        "status": rack.status,
        "fill": sum(s.status == SlotStatus.FILLED for s in slots),
        "capacity": len(slots),
        "low": stream.counter.text(rack.low_position),
        "high": stream.counter.text(rack.high_position),
        "build_order": rack_type.build_order,
        "rows": rack_type.rows,
        "columns": rack_type.columns,
        "slots": drawn,
        "shipment": rack.shipment.number if rack.shipment else None,
        "leaves_at": rack.shipment.leaves_at if rack.shipment else None,
    }


def _slot_view(
    slot: Slot, current: Slot | None, counter: rules.Counter, gaps: set[int], rows: int, columns: int
) -> View:
    row, column = rules.drawn_at(slot.number, rows, columns)
    status: str = slot.status
    sequence = ""
    if slot.group is not None:
        sequence = slot.group.call_off.sequence_number
    elif slot.position is not None:
        sequence = counter.text(slot.position)
        if slot.status == SlotStatus.EMPTY:
            status = "GAP" if slot.position in gaps else "WAITING"
    elif slot.status == SlotStatus.EMPTY:
        status = "WAITING"
    return {
        "number": slot.number,
        "row": row,
        "column": column,
        "sequence": sequence,
        "status": status,
        "now": current is not None and slot.pk == current.pk,
    }


def _upcoming(commodity: Commodity) -> View | None:
    rack = next_rack(commodity)
    if rack is None:
        return None
    slot = current_slot(rack.pk)
    return {"rack": rack.number, **(_brief(slot.group) if slot and slot.group else {})}


def _last(station: Station) -> list[View]:
    scans = (
        ScanEvent.objects.filter(station=station)
        .select_related("group__call_off", "rack")
        .order_by("-id")[:3]
    )
    return [
        {
            "sequence": scan.group.call_off.sequence_number if scan.group else "",
            "accepted": scan.accepted,
            "code": scan.code,
            "text": scan.hint or scan.seen,
            "at": scan.scanned_at,
        }
        for scan in scans
    ]


def _lock(station: Station) -> View | None:
    if not station.lock_code:
        return None
    return {"code": station.lock_code, "need": station.lock_need, "got": station.lock_got}


def buffer_of(commodity: Commodity, at: datetime) -> View:
    """Minutes until the OEM's line takes the first piece that is not yet in a sealed rack, less transit."""
    safe = Q(slot__status=SlotStatus.FILLED, slot__rack__status__in=sorted(CLOSED_RACKS | GONE_RACKS))
    first = (
        CallOff.objects.filter(
            pk__in=ComponentGroup.objects.filter(commodity=commodity)
            .exclude(status__in=[GroupStatus.CANCELLED, GroupStatus.SHIPPED])
            .exclude(safe)
            .values("call_off"),
            stage=Stage.FIRM,
            held=False,
        )
        .order_by("required_at")
        .first()
    )
    if first is None or first.required_at is None:
        return {"minutes": None, "limit": None}
    transit = timedelta(minutes=commodity.program.line.plant.transit_minutes)
    minutes = int((first.required_at - transit - at).total_seconds() // 60)
    return {"minutes": minutes, "limit": first.sequence_number}


def _tray(
    station: Station, rack: Rack | None, slot: Slot | None, needs: list[rules.Need], asked: str
) -> list[View]:
    """Labels a newcomer without scanner can click. What fits now comes first; the wrong ones are there to be tried."""
    cards: list[View] = []
    badge = Badge.objects.filter(active=True, user__groups__name="operator").order_by("pk").first()
    boss = Badge.objects.filter(active=True, user__groups__name="supervisor").order_by("pk").first()
    if badge:
        cards.append(_card("My badge", f"%B:{badge.code}", "badge"))
    if boss and asked in {"SUPERVISOR", "LOCKED"}:
        cards.append(_card("Supervisor badge", f"%B:{boss.code}", "badge"))
    carrier = _carrier_for(station, rack)
    if carrier:
        cards.append(_card(f"Rack {carrier}", f"%R:{carrier}", "rack"))
    cards += _part_cards(station, slot, needs)
    if slot:
        cards.append(_card(f"Slot {slot.number}", f"%L:{slot.number}", "slot"))
    if asked == "REASON":
        cards += [_card(word, f"%M:{word}", "command") for word in ("EMPTY-BIN", "DAMAGED")]
    if asked == "PIN":
        cards.append(_card(f"PIN {DEMO_PIN}", f"%P:{DEMO_PIN}", "command"))
    commands = {
        "LOCKED": ["RETURN", "SUPERVISOR"],
        "SEAL": ["SEAL"],
        "SUPERVISOR": ["BACK"],
        "PIN": ["BACK"],
        "REASON": ["BACK"],
    }
    cards += [
        _card(word, f"%C:{word}", "command") for word in commands.get(asked, ["SEAL", "MISSING", "RETURN"])
    ]
    return cards


def _card(label: str, raw: str, kind: str) -> View:
    return {"label": label, "raw": raw, "kind": kind}


def _carrier_for(station: Station, rack: Rack | None) -> str | None:
    if rack is not None and rack.carrier and rack.status not in {RackStatus.STAGED, *GONE_RACKS}:
        return rack.carrier.code
    commodity = station.commodity
    if commodity is None:
        return None
    bound = Rack.objects.filter(status__in=sorted(BOUND_RACKS), carrier__isnull=False).values("carrier")
    free = Carrier.objects.filter(rack_type=commodity.rack_type, blocked=False).exclude(pk__in=bound)
    carrier = free.order_by("code").first()
    return carrier.code if carrier else None


def _part_cards(station: Station, slot: Slot | None, needs: list[rules.Need]) -> list[View]:
    if slot is None or not needs:
        return []
    need = needs[0]
    if station.pending_unit_part:
        return [_card("Serial", f"S{need.number[-4:]}{slot.group_id:07d}", "serial")]
    cards = [_card(f"Part {need.number}", f"P{need.number}", "part")]
    other = (
        Part.objects.filter(family=Part.objects.get(pk=need.part_id).family, active=True)
        .exclude(pk=need.part_id)
        .order_by("number")
        .first()
    )
    if other:
        cards.append(_card(f"Wrong part {other.number}", f"P{other.number}", "wrong"))
    return cards


def dock_view(station_id: int, *, at: datetime) -> View:
    """The whole picture of a dock at one moment: the truck being loaded, the ones after, the last that left."""
    station = _station(station_id)
    point = station.unloading_point
    if point is None:
        raise Unknown("no_station", f"{station.code} is no dock")
    open_trucks = list(
        Shipment.objects.filter(unloading_point=point)
        .exclude(status=ShipmentStatus.DEPARTED)
        .annotate(
            rack_count=Count("racks"), on_truck=Count("racks", filter=Q(racks__status=RackStatus.LOADED))
        )
        .order_by("pk")[:4]
    )
    current = station.shipment if station.shipment and station.shipment.status != "DEPARTED" else None
    shown = current or (open_trucks[0] if open_trucks else None)
    view: View = {
        "station": _head(station, point.name or point.code, point.plant.name),
        "operator": station.operator.get_short_name() or station.operator.get_username()
        if station.operator
        else None,
        "ask": _ask_dock(station, current, shown),
        "shipment": _shipment_view(shown, at) if shown else None,
        "opened": current is not None,
        "queue": [_truck_brief(s, at) for s in open_trucks if shown is None or s.pk != shown.pk],
        "departed": [
            _departed(s, at)
            for s in Shipment.objects.filter(unloading_point=point, status=ShipmentStatus.DEPARTED)
            .annotate(rack_count=Count("racks"))
            .order_by("-departed_at")[:6]
        ],
        "last": _last(station),
        "lock": _lock(station),
        "tray": [],
    }
    view["tray"] = _dock_tray(station, current, shown, view["ask"]["code"]) if settings.DEMO else []
    return view


def _ask_dock(station: Station, current: Shipment | None, shown: Shipment | None) -> View:
    mode = station.mode.partition(":")[0]
    if mode == "PIN":
        return _asked("PIN", "ENTER PIN", "of the supervisor whose badge was scanned")
    if mode == "SUPERVISOR":
        return _asked("SUPERVISOR", "SCAN SUPERVISOR BADGE", "or BACK")
    if station.operator is None:
        return _asked("BADGE", "SCAN YOUR BADGE")
    if current is None:
        if shown is None:
            return _asked("WAIT", "NO TRUCK PLANNED", "racks bring one; empties can be scanned back in")
        return _asked("TRUCK", f"SCAN TRUCK {shown.number}")
    wanted = next_to_load(current)
    if wanted is None:
        return _asked("DEPART", "SCAN DEPART", f"{current.number} is complete")
    if wanted.status != RackStatus.STAGED:
        return _asked("WAIT", f"WAIT FOR {wanted.number}", _where(wanted))
    carrier = wanted.carrier.code if wanted.carrier else wanted.number
    return _asked("RACK", f"LOAD RACK {carrier}", f"{wanted.number} on place {wanted.load_position}")


def _where(rack: Rack) -> str:
    if rack.status == RackStatus.LOADED:
        return "on the truck"
    if rack.status == RackStatus.STAGED:
        return "staged"
    if rack.status == RackStatus.PLANNED:
        return "not started"
    station = Station.objects.filter(rack=rack).values_list("code", flat=True).first()
    state = rack.status.lower()
    return f"{state} at {station}" if station else state


def _minutes_left(shipment: Shipment, at: datetime) -> int:
    return int((shipment.leaves_at - at).total_seconds() // 60)


def _truck_brief(shipment: Shipment, at: datetime) -> View:
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "status": shipment.status,
        "racks": shipment.rack_count,  # type: ignore[attr-defined]
        "leaves_at": shipment.leaves_at,
        "minutes_left": _minutes_left(shipment, at),
    }


def _shipment_view(shipment: Shipment, at: datetime) -> View:
    racks = (
        Rack.objects.filter(shipment=shipment)
        .select_related("carrier", "commodity__program__stream")
        .annotate(slot_count=Count("slots"), filled=Count("slots", filter=Q(slots__status=SlotStatus.FILLED)))
        .order_by("load_position")
    )
    wanted = next_to_load(shipment)
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "status": shipment.status,
        "leaves_at": shipment.leaves_at,
        "minutes_left": _minutes_left(shipment, at),
        "truck": shipment.truck,
        "asn_status": shipment.asn_status,
        "asn_note": shipment.asn_note,
        "racks": [_loading_rack(rack, wanted) for rack in racks],
    }


def _loading_rack(rack: Rack, wanted: Rack | None) -> View:
    counter = rack.commodity.program.stream.counter
    return {
        "id": rack.pk,
        "number": rack.number,
        "commodity": rack.commodity.name,
        "carrier": rack.carrier.code if rack.carrier else None,
        "load_position": rack.load_position,
        "status": rack.status,
        "fill": rack.filled,  # type: ignore[attr-defined]
        "capacity": rack.slot_count,  # type: ignore[attr-defined]
        "where": _where(rack),
        "low": counter.text(rack.low_position),
        "high": counter.text(rack.high_position),
        "next": wanted is not None and wanted.pk == rack.pk,
    }


def _departed(shipment: Shipment, at: datetime) -> View:
    waited = shipment.departed_at and (at - shipment.departed_at).total_seconds() / 60
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "racks": shipment.rack_count,  # type: ignore[attr-defined]
        "departed_at": shipment.departed_at,
        "asn_status": shipment.asn_status,
        "asn_status_at": shipment.asn_status_at,
        "asn_note": shipment.asn_note,
        "asn_done": shipment.asn_status == AsnStatus.ACCEPTED
        or (shipment.asn_status == AsnStatus.SENT and not shipment.asn_answered),
        "minutes_since": int(waited or 0),
    }


def _dock_tray(station: Station, current: Shipment | None, shown: Shipment | None, asked: str) -> list[View]:
    cards: list[View] = []
    badge = Badge.objects.filter(active=True, user__groups__name="logistics").order_by("pk").first()
    if badge:
        cards.append(_card("My badge", f"%B:{badge.code}", "badge"))
    if shown is not None and current is None:
        cards.append(_card(f"Truck {shown.number}", f"%T:{shown.number}", "rack"))
    if current is not None:
        racks = Rack.objects.filter(shipment=current, carrier__isnull=False).exclude(status=RackStatus.LOADED)
        cards += [
            _card(f"Rack {r.carrier.code}", f"%R:{r.carrier.code}", "rack")
            for r in racks.select_related("carrier").order_by("load_position")[:4]
            if r.carrier
        ]
    return cards + _dock_decisions(asked, opened=current is not None)


def _dock_decisions(asked: str, *, opened: bool) -> list[View]:
    """Departing, and what a supervisor shows to let the truck go short."""
    if asked == "SUPERVISOR":
        boss = Badge.objects.filter(active=True, user__groups__name="supervisor").order_by("pk").first()
        shown = [_card("Supervisor badge", f"%B:{boss.code}", "badge")] if boss else []
        return [*shown, _card("BACK", "%C:BACK", "command")]
    if asked == "PIN":
        return [_card(f"PIN {DEMO_PIN}", f"%P:{DEMO_PIN}", "command"), _card("BACK", "%C:BACK", "command")]
    return [_card(word, f"%C:{word}", "command") for word in ("DEPART", "SHORT")] if opened else []
