"""What a scan means at the dock: open the truck, load in order, depart, take empties back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inventory.errors import Refused
from sequencer.labels import Kind, Label
from sequencer.models import Carrier, Rack, Shipment, Station
from sequencer.services.journal import record_event
from sequencer.services.racks import lock_racks
from sequencer.services.shipping import (
    depart_locked,
    leave_behind_locked,
    load_locked,
    lock_shipment,
    move_shipment,
    next_to_load,
    return_carrier_locked,
)
from sequencer.services.verdicts import Judged
from sequencer.states import RackStatus, ShipmentStatus


def judge(station: Station, label: Label, at: datetime) -> Judged:
    """A label at a dock with an operator: truck, rack, or something that belongs elsewhere."""
    if label.kind is Kind.SHIPMENT:
        return open_truck(station, label.value, at)
    if label.kind is Kind.CARRIER:
        return load(station, label.value, at)
    return Judged("NOT_NOW", "DOCK", seen=label.shown, hint="The dock scans trucks and racks", sound="check")


def open_truck(station: Station, number: str, at: datetime) -> Judged:
    """The truck's label. Trucks of a dock are opened in the order they were planned."""
    wanted = Shipment.objects.filter(number=number, unloading_point=station.unloading_point_id).first()
    if wanted is None:
        return Judged("UNKNOWN_LABEL", "TRUCK", seen=number, hint="This dock has no such shipment")
    current = station.shipment
    if current is not None and current.status != ShipmentStatus.DEPARTED and current.pk != wanted.pk:
        return Judged(
            "WRONG_ORDER",
            "TRUCK",
            expected=current.number,
            seen=number,
            hint=f"{current.number} is being loaded",
        )
    shipment = lock_shipment(wanted.pk)
    if shipment.status == ShipmentStatus.DEPARTED:
        return Judged("NOT_NOW", "TRUCK", seen=number, hint=f"{number} has left already", sound="check")
    before = (
        Shipment.objects.filter(unloading_point=station.unloading_point_id, pk__lt=shipment.pk)
        .exclude(status=ShipmentStatus.DEPARTED)
        .order_by("pk")
        .first()
    )
    if before is not None:
        return Judged(
            "WRONG_ORDER", "TRUCK", expected=before.number, seen=number, hint=f"{before.number} goes first"
        )
    if shipment.status == ShipmentStatus.PLANNED:
        move_shipment(shipment, ShipmentStatus.OPEN, opened_at=at)
        record_event(f"dock:{shipment.unloading_point_id}", "shipment_opened", number, at=at)
    station.shipment = shipment
    return Judged("OK", "TRUCK", seen=number, hint="Load the racks in the order shown", shipment=shipment)


def load(station: Station, carrier_code: str, at: datetime) -> Judged:
    """A rack's label: onto the truck when it is the next one; an empty that comes back when none is open."""
    if station.shipment_id is None or station.shipment is None:
        return take_back(station, carrier_code, at)
    shipment = lock_shipment(station.shipment_id)
    carrier = Carrier.objects.filter(code=carrier_code).first()
    if carrier is None:
        return Judged(
            "UNKNOWN_LABEL", "RACK", seen=carrier_code, hint="No rack has this label", shipment=shipment
        )
    if Rack.objects.filter(carrier=carrier, status=RackStatus.IN_TRANSIT).exists():
        return take_back(station, carrier_code, at)
    wanted = next_to_load(shipment)
    if wanted is None:
        return Judged("NOT_NOW", "RACK", seen=carrier_code, hint="The truck is complete: scan DEPART", sound="check",
                      shipment=shipment)  # fmt: skip
    if wanted.carrier_id != carrier.pk:
        return wrong_rack(shipment, wanted, carrier)
    rack = lock_racks([wanted.pk])[wanted.pk]
    if rack.status != RackStatus.STAGED:
        state = rack.status.lower().replace("_", " ")
        return Judged(
            "WRONG_RACK", "RACK", expected="a sealed rack", seen=carrier_code, hint=f"Rack {rack.number} is {state}",
            rack=rack, shipment=shipment,
        )  # fmt: skip
    load_locked(shipment, rack, at=at, by=str(station.operator))
    return Judged("OK", "RACK", seen=carrier_code, hint=f"{rack.number} on place {rack.load_position}", rack=rack,
                  shipment=shipment)  # fmt: skip


def wrong_rack(shipment: Shipment, wanted: Rack, carrier: Carrier) -> Judged:
    mine = Rack.objects.filter(shipment=shipment, carrier=carrier).exclude(status=RackStatus.RETURNED).first()
    expected = wanted.carrier.code if wanted.carrier else wanted.number
    if mine is not None and mine.status == RackStatus.LOADED:
        return Judged("NOT_NOW", "RACK", seen=carrier.code, hint="This rack is on the truck already", sound="check",
                      rack=mine, shipment=shipment)  # fmt: skip
    code = "WRONG_ORDER" if mine is not None else "WRONG_RACK"
    place = f"place {mine.load_position}" if mine is not None else "another truck"
    return Judged(
        code, "RACK", expected=f"{expected} ({wanted.number})", seen=carrier.code, hint=f"This rack belongs to {place}",
        rack=mine, shipment=shipment,
    )  # fmt: skip


def take_back(station: Station, carrier_code: str, at: datetime) -> Judged:
    try:
        rack = return_carrier_locked(carrier_code, at=at, by=str(station.operator))
    except Refused as no:
        if no.code == "not_out":
            return Judged("NOT_NOW", "RACK", seen=carrier_code, hint="Scan the truck first", sound="check")
        return Judged("UNKNOWN_LABEL", "RACK", seen=carrier_code, hint=no.message)
    return Judged("OK", "RETURN", seen=carrier_code, hint="Empty rack is back", rack=rack)


def command(station: Station, value: str, at: datetime) -> Judged:
    """DEPART, or SHORT, which needs a supervisor."""
    if value not in {"DEPART", "SHORT"}:
        return Judged("UNKNOWN_LABEL", "COMMAND", seen=value, hint="This command is not known at the dock")
    if station.shipment_id is None:
        return Judged("NOT_NOW", "DEPART", hint="Scan the truck first", sound="check")
    if value == "SHORT":
        station.mode = "SUPERVISOR:SHORT"
        return Judged("OK", "SHORT", hint="Scan the supervisor's badge", sound="wait")
    shipment = lock_shipment(station.shipment_id)
    try:
        with transaction.atomic():
            depart_locked(shipment, at=at, by=str(station.operator))
    except Refused as no:
        return Judged("NOT_NOW", "DEPART", hint=no.message, sound="stop", shipment=shipment)
    station.shipment = None
    return Judged(
        "OK", "DEPART", seen=shipment.number, hint="Departed; the ASN goes by itself", shipment=shipment
    )


def authorised(station: Station, purpose: str, by: str, at: datetime) -> Judged:
    """A supervisor's badge and PIN: the truck goes short."""
    if purpose != "SHORT" or station.shipment_id is None:
        return Judged("NOT_NOW", "SUPERVISOR", hint="Nothing here needs a supervisor", sound="check")
    shipment = lock_shipment(station.shipment_id)
    try:
        # One savepoint: a refused departure must not leave racks taken off the truck.
        with transaction.atomic():
            behind = leave_behind_locked(shipment, by=by, reason="sent short at the dock", at=at)
            depart_locked(shipment, at=at, by=by)
    except Refused as no:
        return Judged("NOT_NOW", "SHORT", hint=no.message, sound="stop", shipment=shipment)
    station.shipment = None
    left = ", ".join(behind) or "nothing"
    return Judged(
        "OK", "SHORT", seen=shipment.number, hint=f"Departed short; left behind: {left}", shipment=shipment
    )
