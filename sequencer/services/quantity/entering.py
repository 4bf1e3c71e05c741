"""A call as a person or another system writes it, read into what the verb takes."""

from __future__ import annotations

from datetime import datetime

from inventory.errors import Invalid, Refused
from inventory.models import CustomerPart, Part
from sequencer.models import UnloadingPoint
from sequencer.services.quantity.calls import QuantityNews


def read_entry(
    *,
    point: str | int,
    part: str,
    due: str | datetime,
    pieces: str | int = "",
    line_feed: str = "",
    signal: str = "",
    cards: str | list[str] = "",
    order_ref: str = "",
) -> QuantityNews:
    """Reads an entry. A due time without zone is the clock of the plant; a part is the customer's number or ours.

    Refuses by name: `no_point`, `unknown_part`, `bad_due`, `bad_quantity`.
    """
    place = UnloadingPoint.objects.select_related("plant").filter(pk=_number(point, "no_point")).first()
    if place is None:
        raise Invalid("no_point", f"there is no unloading point {point}")
    customer = place.plant.customer_id
    moment = _moment(due, place)
    day = moment.astimezone(place.plant.zone).date()
    named = CustomerPart.objects.filter(customer=customer, number=part, valid_from__lte=day).exclude(
        valid_until__lt=day
    )
    reference = named.select_related("part").order_by("-valid_from").first()
    own = reference.part if reference else Part.objects.filter(number=part, active=True).first()
    if own is None:
        raise Refused(
            "unknown_part", f"part {part or '(empty)'} is neither a number of this customer on {day} nor ours"
        )
    numbers = cards.replace(",", " ").split() if isinstance(cards, str) else cards
    return QuantityNews(
        unloading_point_id=place.pk,
        part_id=own.pk,
        customer_part=reference.number if reference else _name(own, customer),
        due_at=moment,
        called=_number(pieces, "bad_quantity") if pieces != "" else 0,
        line_feed=line_feed,
        signal=signal,
        order_ref=order_ref,
        cards=tuple(numbers),
    )


def _name(part: Part, customer_id: int) -> str:
    """The customer's newest number for a part that was named by ours."""
    name = CustomerPart.objects.filter(part=part, customer=customer_id).order_by("-valid_from").first()
    return name.number if name else part.number


def _number(value: str | int, code: str) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(code, f"{text or 'nothing'} is no whole number")
    return int(text)


def _moment(due: str | datetime, point: UnloadingPoint) -> datetime:
    if isinstance(due, str):
        try:
            due = datetime.fromisoformat(due)
        except ValueError:
            raise Invalid(
                "bad_due", f"{due or 'nothing'} is no date and time; write 2026-11-23T10:00"
            ) from None
    return due if due.tzinfo else due.replace(tzinfo=point.plant.zone)
