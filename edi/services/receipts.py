"""What a partner received (RECADV, 861): stored beside the shipment, and a task where it is not what left here."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from edi.formats import Receipt
from edi.models import DeliveryConfirmation, InboundEvent
from edi.services.alarms import clear_alarm, raise_alarm
from edi.services.cumulatives import compare_counts, pieces_of, shipment_named
from edi.services.profiles import profile_of
from inventory.errors import Invalid
from inventory.services import current_schedules
from sequencer.services import record_delivery

RECEIPT = "RECEIPT"


def receipt_content(receipt: Receipt) -> dict[str, Any]:
    """What an event keeps of a receipt: every fact as sent, absent ones null."""
    facts = {item.name: getattr(receipt, item.name) for item in fields(receipt)}
    return {**facts, "call_number": receipt.part_number or receipt.despatch_number}


def take_receipt(event: InboundEvent, *, at: datetime) -> DeliveryConfirmation:
    """Stores one confirmed delivery and tells the core, in the caller's transaction.

    A despatch number that is none of ours is stored all the same: it may be another system's. A quantity that
    differs from what left, or a discrepancy the partner names, keeps a task open. Refuses a quantity that is none.
    """
    facts, partner = event.content, event.partner
    received, accepted = _number(facts.get("received")), _number(facts.get("accepted"))
    part = (facts.get("part_number") or "")[:35]
    number = facts.get("despatch_number") or ""
    shipment = shipment_named(number) if number and not partner.test_partner else None
    shipped = pieces_of(shipment, part) if shipment is not None and part else None
    confirmed = accepted if accepted is not None else received
    difference = confirmed - shipped if confirmed is not None and shipped is not None else Decimal(0)
    row: DeliveryConfirmation = DeliveryConfirmation.objects.create(
        event=event, partner=partner, despatch_number=number[:35], shipment=shipment, customer_part=part,
        order_ref=(facts.get("order_ref") or "")[:35], shipped=shipped, received=received, accepted=accepted,
        difference=difference, discrepancy=(facts.get("discrepancy") or "")[:80],
        received_on=(facts.get("received_at") or "")[:25], booked_at=at,
    )  # fmt: skip
    _tell(row, at=at)
    if shipment is not None:
        record_delivery(
            shipment.pk, source=f"edi:{row.pk}", customer_part=part, quantity=confirmed,
            discrepancy=row.discrepancy, at=at, by=partner.code,
        )  # fmt: skip
    if shipment is not None and part and received is not None:
        _count(row, at=at)
    return row


def _tell(row: DeliveryConfirmation, *, at: datetime) -> None:
    subject = f"{row.despatch_number} {row.customer_part}".strip()[:80]
    if not row.difference and not row.discrepancy:
        clear_alarm("RECEIPT", subject, at=at, note="the delivery is confirmed as it left")
        return
    words = [
        f"{row.partner} confirms {_words(row)} of {row.customer_part} on {row.despatch_number or 'a delivery'}"
    ]
    if row.shipped is not None:
        words.append(f"{row.shipped.normalize():f} left here")
    if row.discrepancy:
        words.append(f"he says {row.discrepancy}")
    raise_alarm(row.partner, "RECEIPT", subject, "; ".join(words), at=at)


def _words(row: DeliveryConfirmation) -> str:
    confirmed = row.accepted if row.accepted is not None else row.received
    return f"{confirmed.normalize():f}" if confirmed is not None else "no quantity"


def _count(row: DeliveryConfirmation, *, at: datetime) -> None:
    """The receipt moves the partner's count of the part wherever he keeps one."""
    profile = profile_of(row.partner)
    places = set(
        current_schedules()
        .filter(feed=row.partner.code, customer_part=row.customer_part, cumulative_received__isnull=False)
        .values_list("ship_to", "dock")
    )
    for ship_to, dock in sorted(places):
        compare_counts(row.partner, profile, row.customer_part, ship_to, dock, at=at)


def _number(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Invalid("bad_quantity", f"quantity {text!r} is no number") from None
    if not number.is_finite() or abs(number) >= 10**12 or number != round(number, 3):
        raise Invalid("bad_quantity", f"quantity {text!r} cannot be kept")
    return number
