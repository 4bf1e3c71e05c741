"""The parts a call-off names, in the core's words. What the core could not store whole is refused, never cut."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from inventory.errors import Invalid
from sequencer.rules import CalledPart

PART_WIDTHS = {"part_number": 35, "unit": 3, "order_ref": 35, "family": 20}


def parts_of(facts: dict[str, Any]) -> tuple[CalledPart, ...]:
    """The parts a call-off names, in the core's words."""
    return tuple(_part(item) for item in facts.get("components") or ())


def _part(facts: dict[str, Any]) -> CalledPart:
    check_widths(facts, PART_WIDTHS)
    return CalledPart(
        customer_part=facts["part_number"],
        quantity=_whole(facts.get("quantity")),
        unit_code=facts.get("unit") or "",
        options=tuple(facts.get("options") or ()),
        order_ref=facts.get("order_ref") or "",
        family=facts.get("family") or "",
    )


def _whole(text: str | None) -> int:
    """Pieces as a whole number; a line of a JIS call without quantity names one piece of one vehicle."""
    if text is None:
        return 1
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Invalid("bad_quantity", f"quantity {text!r} is no number") from None
    if not number.is_finite() or number != int(number) or not 1 <= number <= 9999:
        raise Invalid("bad_quantity", f"quantity {text!r} is no whole number of pieces")
    return int(number)


def check_widths(facts: dict[str, Any], widths: dict[str, int]) -> None:
    for name, width in widths.items():
        if len(facts.get(name) or "") > width:
            raise Invalid("value_too_long", f"{name} is longer than {width} characters: {facts[name]!r}")
