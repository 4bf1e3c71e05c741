"""What a scan means at the dock: open the truck, load in order, close, depart, take empties back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale
from sequencer.labels import Kind, Label
from sequencer.models import Carrier, DockSignal, Rack, Shipment, Station
from sequencer.services import dock_boxes, printing
from sequencer.services.journal import record_event
from sequencer.services.quantity.boxes import box_of
from sequencer.services.quantity.trucks import boxes_waiting
from sequencer.services.racks import lock_racks
from sequencer.services.returnables import find_carrier_locked, return_carrier_locked
from sequencer.services.sets import set_reasons
from sequencer.services.shipping import (
    depart_locked,
    host_check_locked,
    load_locked,
    lock_shipment,
    move_shipment,
    name_driver_locked,
    next_to_load,
    racks_to_come_off,
    seal_truck_locked,
    unload_locked,
)
from sequencer.services.trips import goes_to, is_one_truck, loaded_after, loaded_before, stands_before
from sequencer.services.verdicts import Judged
from sequencer.states import (
    BOUND_RACKS,
    DONE_SHIPMENTS,
    OPEN_SHIPMENTS,
    OUT_RACKS,
    RackStatus,
    ShipmentStatus,
)

# A refusal that concerns the person, not the load, does not call the whole yard.
SILENT = frozenset({"BAD_PIN", "NOT_ALLOWED", "NO_BADGE"})


def judge(station: Station, label: Label, at: datetime, raw: str = "") -> Judged:
    """A label at a dock with an operator: truck, rack, box, seal, driver, or something that belongs elsewhere."""
    box = box_of(label, raw)
    if box is not None:
        void = printing.is_void(raw)
        if void is not None:
            return Judged(
                "VOID_LABEL", "BOX", seen=box.number, hint=_("%(void)s: use the newer one") % {"void": void}
            )
        return dock_boxes.load(station, box, at)
    if label.kind is Kind.BOX:
        return Judged("UNKNOWN_LABEL", "BOX", seen=label.value, hint=_("No box has this label"))
    if label.kind is Kind.SHIPMENT:
        return open_truck(station, label.value, at)
    if label.kind is Kind.CARRIER:
        return load(station, label.value, at)
    if label.kind in {Kind.GOODS, Kind.DRIVER}:
        return close(station, label, at)
    hint = _("Scan the rack first") if label.kind is Kind.PLACE else _("The dock scans trucks and racks")
    return Judged("NOT_NOW", "DOCK", seen=label.shown, hint=hint, sound="check")


def sound_horn(station: Station, judged: Judged, at: datetime) -> None:
    """A refused scan that stops the loading leaves a command for the dock's horn. In the scan's transaction."""
    if not judged.accepted and judged.sound in {"", "stop"} and judged.code not in SILENT:
        DockSignal.objects.create(station=station, why=judged.code, at=at)


# --- the truck -------------------------------------------------------------------------------------------


def open_truck(station: Station, number: str, at: datetime) -> Judged:
    """The truck's label. Trucks of a dock are opened in the order they were planned; an emergency run any time.

    One truck stands at one door: the other dock of the same unloading point may load the next one meanwhile.
    """
    wanted = Shipment.objects.filter(number=number).select_related("unloading_point").first()
    if wanted is None:
        return Judged("UNKNOWN_LABEL", "TRUCK", seen=number, hint=_("There is no such shipment"))
    if station.unloading_point_id not in goes_to(wanted):
        door = _door_of(wanted)
        return Judged(
            "WRONG_DOOR",
            "TRUCK",
            expected=door,
            seen=number,
            hint=_("%(number)s is loaded at %(door)s") % {"number": number, "door": door},
        )
    current = station.shipment
    if current is not None and is_one_truck(wanted, current):
        current = None
    if current is not None and current.status not in DONE_SHIPMENTS and current.pk != wanted.pk:
        return Judged(
            "WRONG_TRUCK",
            "TRUCK",
            expected=current.number,
            seen=number,
            hint=_("%(current)s is being loaded") % {"current": current.number},
        )
    shipment = lock_shipment(wanted.pk)
    if shipment.status in DONE_SHIPMENTS:
        gone = (
            _("%(truck)s is called off")
            if shipment.status == ShipmentStatus.CANCELLED
            else _("%(truck)s has left already")
        )
        return Judged("NOT_NOW", "TRUCK", seen=number, hint=gone % {"truck": number}, sound="check")
    other = Station.objects.filter(shipment=shipment).exclude(pk=station.pk).first()
    if other is not None:
        return Judged(
            "WRONG_DOOR",
            "TRUCK",
            expected=other.code,
            seen=number,
            hint=_("%(number)s stands at %(other)s") % {"number": number, "other": other.code},
        )
    stop = loaded_before(shipment) or stands_before(shipment)
    if stop is not None:
        return _wrong_stop(shipment, stop)
    before = _goes_before(shipment)
    if before is not None:
        return Judged(
            "WRONG_ORDER",
            "TRUCK",
            expected=before.number,
            seen=number,
            hint=_("%(before)s goes first") % {"before": before.number},
        )
    if shipment.status == ShipmentStatus.PLANNED:
        move_shipment(shipment, ShipmentStatus.OPEN, opened_at=at)
        record_event(f"dock:{shipment.unloading_point_id}", "shipment_opened", number, at=at)
    station.shipment = shipment
    return Judged("OK", "TRUCK", seen=number, hint=_("Load the racks in the order shown"), shipment=shipment)


def _wrong_stop(shipment: Shipment, stop: Shipment) -> Judged:
    """A truck with several points: the one unloaded last stands furthest in, the one unloaded first at the door."""
    told = {"number": stop.number, "point": stop.unloading_point.code}
    hint = (
        _("%(number)s for %(point)s is unloaded later: load it first")
        if (stop.stop or 0) > (shipment.stop or 0)
        else _("%(number)s for %(point)s stands before it: take that off first")
    )
    return Judged(
        "WRONG_ORDER",
        "TRUCK",
        expected=stop.number,
        seen=shipment.number,
        hint=hint % told,
        shipment=shipment,
    )


def _door_of(shipment: Shipment) -> str:
    """Where a truck is loaded: the door it stands at, else a door of its unloading point."""
    doors = Station.objects.filter(unloading_point=shipment.unloading_point_id, kind=Station.Kind.DOCK)
    door = doors.filter(shipment=shipment).first() or doors.order_by("pk").first()
    return door.code if door else str(shipment.unloading_point)


def _goes_before(shipment: Shipment) -> Shipment | None:
    """The truck that has to be opened first: planned before this one and standing at no door."""
    if shipment.kind == Shipment.Kind.EMERGENCY:
        return None
    before = Shipment.objects.filter(
        unloading_point=shipment.unloading_point_id,
        kind=Shipment.Kind.NORMAL,
        pk__lt=shipment.pk,
        stations__isnull=True,
    )
    if shipment.trip_id is not None:
        before = before.exclude(trip=shipment.trip_id)
    # A stop that is loaded stands at the door where the rest of its truck is loaded.
    before = before.exclude(trip__shipments__stations__isnull=False)
    return before.filter(status__in=sorted(OPEN_SHIPMENTS)).order_by("pk").first()


# --- racks -----------------------------------------------------------------------------------------------


def load(station: Station, carrier_code: str, at: datetime) -> Judged:
    """A rack's label: off or onto the truck when it is the one asked for; an empty that comes back at any time."""
    carrier = Carrier.objects.filter(code=carrier_code).first()
    if carrier is None:
        return Judged("UNKNOWN_LABEL", "RACK", seen=carrier_code, hint=_("No rack has this label"))
    out = Rack.objects.filter(carrier=carrier, status__in=sorted(OUT_RACKS)).exists()
    if out or carrier.lost_at is not None:
        return take_back(station, carrier_code, at)
    if station.shipment_id is None or station.shipment is None or station.shipment.status in DONE_SHIPMENTS:
        return Judged("NOT_NOW", "RACK", seen=carrier_code, hint=_("Scan the truck first"), sound="check")
    shipment = lock_shipment(station.shipment_id)
    off = racks_to_come_off(shipment)
    if off:
        return unload(station, shipment, off, carrier, at)
    wanted = next_to_load(shipment)
    if wanted is None:
        hint = (
            _("No rack is missing: load the boxes")
            if boxes_waiting(shipment)
            else _("The truck is complete: scan DEPART")
        )
        return Judged("NOT_NOW", "RACK", seen=carrier_code, hint=hint, sound="check",
                      shipment=shipment)  # fmt: skip
    if wanted.carrier_id != carrier.pk:
        return wrong_rack(station, shipment, wanted, carrier)
    rack = lock_racks([wanted.pk])[wanted.pk]
    if rack.status != RackStatus.STAGED:
        state = rack.status.lower().replace("_", " ")
        return Judged(
            "WRONG_RACK",
            "RACK",
            expected=_("a sealed rack"),
            seen=carrier_code,
            hint=_("Rack %(rack)s is %(state)s") % {"rack": rack.number, "state": state},
            rack=rack,
            shipment=shipment,
        )
    broken = set_reasons(rack)
    if broken:
        return Judged(
            "SET_OPEN", "RACK", expected=_("a complete set"), seen=carrier_code, hint="; ".join(broken[:2]),
            rack=rack, shipment=shipment,
        )  # fmt: skip
    reasons = host_check_locked(rack)
    if reasons:
        # It is told before the rack is carried to its place.
        return Judged("OUT_OF_DATE_CALL", "RACK", expected=_("a rack as the OEM called it"), seen=carrier_code,
                      hint=f"{rack.number} {reasons[0]}", rack=rack, shipment=shipment)  # fmt: skip
    lane, place = shipment.layout.spot(rack.load_position or 1)
    if shipment.trailer_type is not None and shipment.trailer_type.scan_place:
        station.mode = f"PLACE:{rack.pk}"
        return Judged(
            "OK",
            "RACK",
            seen=carrier_code,
            hint=_("Put it on lane %(lane)s place %(place)s, scan the place")
            % {"lane": lane, "place": place},
            sound="wait",
            rack=rack,
            shipment=shipment,
        )
    load_locked(shipment, rack, at=at, by=str(station.operator))
    return Judged(
        "OK",
        "RACK",
        seen=carrier_code,
        hint=_("%(rack)s on lane %(lane)s place %(place)s")
        % {"rack": rack.number, "lane": lane, "place": place},
        rack=rack,
        shipment=shipment,
    )


def unload(station: Station, shipment: Shipment, off: list[Rack], carrier: Carrier, at: datetime) -> Judged:
    """Racks stand where they may not: nothing is loaded until they are off, in the order they can be reached."""
    wanted = off[0]
    name = wanted.carrier.code if wanted.carrier else wanted.number
    if wanted.carrier_id != carrier.pk:
        return Judged(
            "WRONG_ORDER", "UNLOAD", expected=f"{name} ({wanted.number})", seen=carrier.code,
            hint=_("Take %(name)s off the truck first") % {"name": name}, shipment=shipment,
        )  # fmt: skip
    rack = lock_racks([wanted.pk])[wanted.pk]
    goes_on = rack.load_position is not None
    unload_locked(shipment, rack, at=at, by=str(station.operator), reason=_("loaded in another order"))
    hint = (
        _("Off the truck; it is loaded again later")
        if goes_on
        else _("Off the truck; it waits for the next one")
    )
    return Judged("OK", "UNLOAD", seen=carrier.code, hint=hint, rack=rack, shipment=shipment)


def wrong_rack(station: Station, shipment: Shipment, wanted: Rack, carrier: Carrier) -> Judged:
    """Which mistake it is, so that the loader knows where this rack goes instead."""
    name = wanted.carrier.code if wanted.carrier else wanted.number
    expected = f"{name} ({wanted.number})"
    held = (
        Rack.objects.filter(carrier=carrier, status__in=sorted(BOUND_RACKS))
        .select_related("shipment__unloading_point", "commodity__program__unloading_point")
        .first()
    )

    def no(code: str, hint: str, sound: str = "") -> Judged:
        return Judged(code, "RACK", expected=expected, seen=carrier.code, hint=hint, sound=sound, rack=held,
                      shipment=shipment)  # fmt: skip

    if held is None:
        return no("WRONG_RACK", _("There is no work in this rack"))
    if (
        held.shipment is not None
        and held.shipment_id != shipment.pk
        and is_one_truck(shipment, held.shipment)
    ):
        if held.status == RackStatus.LOADED:
            return no("NOT_NOW", _("This rack is on the truck already"), "check")
        told = {"point": held.shipment.unloading_point.code, "here": shipment.unloading_point.code}
        return no(
            "WRONG_ORDER", _("This rack goes to %(point)s; %(here)s is unloaded later and loaded now") % told
        )
    if held.commodity.program.unloading_point_id != station.unloading_point_id:
        return no(
            "WRONG_DOOR",
            _("This rack goes to %(unloading_point)s")
            % {"unloading_point": held.commodity.program.unloading_point},
        )
    if held.shipment is None:
        return no("WRONG_RACK", _("This rack has no truck yet"))
    if held.shipment_id == shipment.pk and held.status == RackStatus.LOADED:
        return no("NOT_NOW", _("This rack is on the truck already"), "check")
    if held.shipment_id == shipment.pk:
        lane, place = shipment.layout.spot(held.load_position or 1)
        return no(
            "WRONG_ORDER",
            _("This rack belongs on lane %(lane)s place %(place)s, later") % {"lane": lane, "place": place},
        )
    door = Station.objects.filter(shipment=held.shipment).exclude(pk=station.pk).first()
    if door is not None:
        return no(
            "WRONG_DOOR",
            _("This rack goes with %(shipment)s at %(door)s")
            % {"shipment": held.shipment.number, "door": door.code},
        )
    return no("WRONG_TRUCK", _("This rack goes with %(shipment)s") % {"shipment": held.shipment.number})


def take_back(station: Station, carrier_code: str, at: datetime) -> Judged:
    """An empty rack from the OEM, or one that was given up and has turned up."""
    by = str(station.operator)
    if Carrier.objects.filter(code=carrier_code, lost_at__isnull=False).exists():
        find_carrier_locked(carrier_code, at=at, by=by, reason="scanned at the dock")
        return Judged("OK", "RETURN", seen=carrier_code, hint=_("This rack was lost; it is found again"))
    rack = return_carrier_locked(carrier_code, at=at, by=by)
    return Judged("OK", "RETURN", seen=carrier_code, hint=_("Empty rack is back"), rack=rack)


# --- close and depart ------------------------------------------------------------------------------------


def wants(shipment: Shipment | None) -> str:
    """What a complete truck still needs before it may leave: SEAL, DRIVER or nothing."""
    if shipment is None or shipment.status != ShipmentStatus.LOADED or shipment.trailer_type is None:
        return ""
    if loaded_after(shipment) is not None:
        return ""
    if shipment.trailer_type.needs_seal and not shipment.seal_number:
        return "SEAL"
    return "DRIVER" if shipment.trailer_type.needs_driver and not shipment.driver else ""


def close(station: Station, label: Label, at: datetime) -> Judged:
    """A bare number: the seal on the door, then the driver, when the truck is complete and asks for them."""
    asked = wants(_at_door(station))
    if not asked or station.shipment_id is None:
        return Judged(
            "NOT_NOW", "DOCK", seen=label.shown, hint=_("The dock scans trucks and racks"), sound="check"
        )
    if asked == "SEAL" and label.kind is Kind.DRIVER:
        return Judged(
            "NOT_NOW", "SEAL", seen=label.value, hint=_("First the seal, then the driver"), sound="check"
        )
    shipment = lock_shipment(station.shipment_id)
    try:
        if asked == "SEAL":
            seal_truck_locked(shipment, label.value, at=at, by=str(station.operator))
            return Judged("OK", "SEAL", seen=shipment.seal_number, hint=_("Sealed"), shipment=shipment)
        return name_driver(station, label.value, at)
    except Refused as no:
        return Judged("NOT_NOW", asked, seen=label.value, hint=no.message, sound="stop", shipment=shipment)


def name_driver(station: Station, driver: str, at: datetime) -> Judged:
    """The driver's card or typed name."""
    assert station.shipment_id is not None
    shipment = lock_shipment(station.shipment_id)
    name_driver_locked(shipment, driver, at=at, by=str(station.operator))
    return Judged("OK", "DRIVER", seen=shipment.driver, hint=_("Scan DEPART"), shipment=shipment)


def driver_badge(station: Station, code: str, at: datetime) -> Judged | None:
    """A badge that is none of ours, when a driver is asked for: it is his. None otherwise."""
    if station.kind != Station.Kind.DOCK or station.operator is None or wants(_at_door(station)) != "DRIVER":
        return None
    try:
        return name_driver(station, code, at)
    except Refused as no:
        return Judged("NOT_NOW", "DRIVER", seen=code, hint=no.message, sound="stop")


def _at_door(station: Station) -> Shipment | None:
    if station.shipment_id is None:
        return None
    return Shipment.objects.select_related("trailer_type").filter(pk=station.shipment_id).first()


def command(station: Station, value: str, at: datetime) -> Judged:
    """DEPART; everything else that takes more than one scan is a flow."""
    if value != "DEPART":
        return Judged("UNKNOWN_LABEL", "COMMAND", seen=value, hint=_("This command is not known at the dock"))
    if station.shipment_id is None:
        return Judged("NOT_NOW", "DEPART", hint=_("Scan the truck first"), sound="check")
    return depart(station, lock_shipment(station.shipment_id), at, by=str(station.operator))


def depart(station: Station, shipment: Shipment, at: datetime, *, by: str) -> Judged:
    """Departs the truck at this door, or says what is in the way; nothing of a refused departure is kept."""
    try:
        with transaction.atomic():
            depart_locked(shipment, at=at, by=by)
    except Stale:
        raise
    except Refused as no:
        return Judged("NOT_NOW", "DEPART", hint=no.message, sound="stop", shipment=shipment)
    station.shipment = None
    return Judged(
        "OK", "DEPART", seen=shipment.number, hint=_("Departed; the ASN goes by itself"), shipment=shipment
    )


def authorised(station: Station, purpose: str, by: str, at: datetime) -> Judged:
    """A supervisor's badge and PIN that no flow asked for."""
    return Judged("NOT_NOW", "SUPERVISOR", hint=_("Nothing here needs a supervisor"), sound="check")
