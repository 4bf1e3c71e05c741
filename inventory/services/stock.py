"""Counted stock, told by a person or another system."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from inventory.errors import Invalid, Refused, Unknown
from inventory.models import Part, StockCount


def record_stock_count(
    part: str, quantity: Decimal, *, counted_at: datetime, by: str, at: datetime, note: str = ""
) -> StockCount:
    """So many good pieces of a part were in the house at that moment.

    Refuses (404) a part that is not there, (422) a moment that is still to come, (409) a second count of one moment.
    """
    found = Part.objects.filter(number=part).first()
    if found is None:
        raise Unknown("unknown_part", f"There is no part {part}.")
    if counted_at > at:
        raise Invalid("too_early", "Stock cannot have been counted at a moment that is still to come.")
    try:
        with transaction.atomic(durable=True):
            return StockCount.objects.create(
                part=found, quantity=quantity, counted_at=counted_at, by=by[:60], note=note[:120]
            )
    except IntegrityError as error:
        raise Refused("counted_already", f"{part} was counted at that moment already.") from error
