"""What templates ask of the plant: rights, times in words, shares of a bar."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext

from inventory.demand import number_in_words
from sequencer import access, boards
from sequencer.clocks import his_first, on_both
from sequencer.navigation import navigation as pages_of
from sequencer.spoken import in_words

register = template.Library()


@register.filter
def may(user: Any, name: str) -> bool:
    """`{% if user|may:"edi" %}`"""
    return access.may(user, name)


@register.simple_tag(takes_context=True)
def navigation(context: dict[str, Any]) -> dict[str, Any]:
    """`{% navigation as pages %}`: the links of the top bar for this person."""
    return pages_of(context["user"], str(context.get("section", "")))


@register.simple_tag
def plant_health() -> list[dict[str, Any]]:
    """`{% plant_health as health %}`: the head of admin."""
    return boards.health(at=timezone.now())


@register.filter
def age(then: datetime | None, now: datetime | None = None) -> str:
    """`0:41`, `12:40`, `3:07 h`, `2 d`: time since, read at a glance."""
    if then is None:
        return "never"
    return span(((now or timezone.now()) - then).total_seconds())


@register.filter
def span(seconds: float | None) -> str:
    """A duration in the same words as `age`."""
    if seconds is None:
        return "—"
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    if whole < 172_800:
        return f"{whole // 3600}:{whole % 3600 // 60:02d} h"
    return f"{whole // 86_400} d"


@register.filter
def clock(moment: datetime | None, zone: str) -> str:
    """Hours and minutes as the clock of that zone shows them."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M") if moment else "—"


@register.filter
def due(moment: datetime | None, zone: str) -> str:
    """A due time on our clock and, only where it differs then and small, on the OEM's: `14:32 (OEM 08:32 EST)`."""
    return _small("OEM", *on_both(moment, zone)) if moment else "—"


@register.filter
def due_day(moment: datetime | None, zone: str) -> str:
    """The same with its date: `21.11. 14:32 (OEM 08:32 EST)`."""
    return _small("OEM", *on_both(moment, zone, day=True)) if moment else "—"


@register.filter
def due_there(moment: datetime | None, zone: str) -> str:
    """On a page the OEM reads his clock leads: `08:32 (supplier 14:32 CET)`."""
    return _small(gettext("supplier"), *his_first(moment, zone)) if moment else "—"


def _small(whose: str, first: str, second: str) -> str:
    if not second:
        return first
    return format_html('{} <small class="other-clock">({} {})</small>', first, whose, second)


@register.filter
def signed(number: int) -> str:
    """With a true minus sign, as wide as a plus."""
    return str(number).replace("-", "−")


@register.filter
def pieces(quantity: Decimal) -> str:
    """A quantity without empty decimals and with a true minus sign."""
    return number_in_words(quantity).replace("-", "−")


@register.filter
def words(code: str) -> str:
    """A stored state as people say it: FULL_WITH_HOLES -> full with holes."""
    return in_words(str(code))
