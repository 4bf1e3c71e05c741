"""Returnable racks: out with a truck, back by scan, lost by a named person, found again. The ledger only grows."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused, Unknown
from sequencer.models import Carrier, CarrierMovement, Rack
from sequencer.services.journal import close_tasks, record_event
from sequencer.services.racks import lock_racks, move_rack
from sequencer.states import BOUND_RACKS, OUT_RACKS, RackStatus

Kind = CarrierMovement.Kind


def return_carrier(carrier_code: str, *, at: datetime, by: str) -> Rack:
    """An empty carrier is back from the OEM and may be filled again. Refuses one that is not out."""
    with transaction.atomic(durable=True):
        return return_carrier_locked(carrier_code, at=at, by=by)


def return_carrier_locked(carrier_code: str, *, at: datetime, by: str) -> Rack:
    """As `return_carrier`, in the caller's transaction. One that was reported lost is found by it."""
    carrier = carrier_named(carrier_code)
    rack_id = (
        Rack.objects.filter(carrier=carrier, status__in=sorted(OUT_RACKS))
        .values_list("pk", flat=True)
        .first()
    )
    if rack_id is None:
        raise Refused(
            "not_out",
            _("rack %(carrier_code)s is not on its way; nothing to take back")
            % {"carrier_code": carrier_code},
        )
    rack = lock_racks([rack_id])[rack_id]
    move_rack(rack, RackStatus.RETURNED)
    if carrier.lost_at is not None:
        _found(carrier, at=at, by=by, reason="came back with the empties")
    out = carrier.movements.filter(kind=Kind.OUT).first()
    loop = max(0, int((at - out.at).total_seconds() // 60)) if out is not None else None
    _book(carrier, Kind.BACK, at=at, by=by, loop_minutes=loop, shipment_id=rack.shipment_id)
    record_event(f"line:{rack.commodity.program.line_id}", "carrier_back", carrier_code, at=at, by=by)
    return rack


def carrier_named(code: str) -> Carrier:
    """A carrier by its label, locked. Refuses (`Unknown`) a label that no rack has."""
    carrier: Carrier | None = (
        Carrier.objects.select_for_update(no_key=True, of=("self",)).filter(code=code).first()
    )
    if carrier is None:
        raise Unknown("no_carrier", _("no rack has the label %(code)s") % {"code": code})
    return carrier


def lose_carrier(carrier_code: str, *, by: str, reason: str, at: datetime) -> Carrier:
    """A named person gives a rack up. Refuses without name or reason, one given up before, and one with work in it.

    Its last filling keeps its state: the goods arrived; only the steel did not come back. Locks the carrier.
    """
    if not by.strip() or not reason.strip():
        raise Refused("reason_missing", _("say who gives the rack up and why"))
    with transaction.atomic(durable=True):
        carrier = carrier_named(carrier_code)
        if carrier.lost_at is not None:
            raise Refused(
                "lost", _("%(carrier_code)s was reported lost already") % {"carrier_code": carrier_code}
            )
        here = Rack.objects.filter(carrier=carrier, status__in=sorted(BOUND_RACKS - OUT_RACKS)).first()
        if here is not None:
            raise Refused(
                "in_work",
                _("%(carrier_code)s holds rack %(here)s; it cannot be lost")
                % {"carrier_code": carrier_code, "here": here.number},
            )
        Carrier.objects.filter(pk=carrier.pk).update(lost_at=at)
        carrier.lost_at = at
        _book(carrier, Kind.LOST, at=at, by=by, reason=reason)
        close_tasks("CARRIER_LATE", carrier.code, at=at, note="reported lost")
        record_event("carriers", "carrier_lost", carrier.code, at=at, by=by, reason=reason)
    return carrier


def find_carrier(carrier_code: str, *, by: str, at: datetime, reason: str = "") -> Carrier:
    """A rack that was given up has turned up. Refuses one that was not lost. One still out comes back by this.

    Locks the carrier, then its rack.
    """
    with transaction.atomic(durable=True):
        return find_carrier_locked(carrier_code, by=by, at=at, reason=reason)


def find_carrier_locked(carrier_code: str, *, by: str, at: datetime, reason: str = "") -> Carrier:
    carrier = carrier_named(carrier_code)
    if carrier.lost_at is None:
        raise Refused(
            "not_lost", _("%(carrier_code)s was not reported lost") % {"carrier_code": carrier_code}
        )
    if Rack.objects.filter(carrier=carrier, status__in=sorted(OUT_RACKS)).exists():
        return_carrier_locked(carrier_code, at=at, by=by)
    else:
        _found(carrier, at=at, by=by, reason=reason)
    return carrier


def _found(carrier: Carrier, *, at: datetime, by: str, reason: str) -> None:
    Carrier.objects.filter(pk=carrier.pk).update(lost_at=None)
    carrier.lost_at = None
    _book(carrier, Kind.FOUND, at=at, by=by, reason=reason)
    record_event("carriers", "carrier_found", carrier.code, at=at, by=by, reason=reason)


def _book(
    carrier: Carrier,
    kind: CarrierMovement.Kind,
    *,
    at: datetime,
    by: str,
    reason: str = "",
    shipment_id: int | None = None,
    loop_minutes: int | None = None,
) -> None:
    CarrierMovement.objects.create(
        carrier=carrier, kind=kind, at=at, by=by[:60], reason=reason.strip()[:200], shipment_id=shipment_id,
        loop_minutes=loop_minutes,
    )  # fmt: skip
