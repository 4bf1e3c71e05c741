"""What the templates of the gate ask: the pages beside this one, and times on two clocks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sequencer import access

register = template.Library()

# (address, what it is called); an address that leads nowhere, or not for this person, is left out.
PAGES = (
    ("/edi/", "Overview"),
    ("/edi/quarantine/", "Quarantine"),
    ("/edi/gaps/", "Gaps"),
    ("/edi/manual/", "Manual entry"),
    ("/edi/simulate/", "Simulate"),
    ("/edi/usage/", "Feed usage"),
    ("/edi/parallel/", "Parallel run"),
    ("/edi/closings/", "Closings"),
    ("/demand/", "Demand"),
    ("/admin/edi/partnerchannel/", "Channels"),
)


@register.simple_tag(takes_context=True)
def edi_tabs(context: dict[str, Any]) -> list[dict[str, Any]]:
    """`{% edi_tabs as tabs %}`: the pages of the gate this person may open, the present one marked."""
    request = context["request"]
    tabs = [{"link": link, "name": name} for link, name in PAGES if _open_to(request.user, link)]
    fitting = [tab["link"] for tab in tabs if request.path.startswith(tab["link"])]
    here = max(fitting, key=len, default="")
    return [{**tab, "here": tab["link"] == here} for tab in tabs]


def _open_to(user: Any, link: str) -> bool:
    try:
        match = resolve(link)
    except Resolver404:
        return False
    name = match.view_name
    return access.may(user, "admin" if name.startswith("admin:") else name)


@register.filter
def has_page(link: str) -> bool:
    """Whether an address of a page beside this one leads anywhere."""
    try:
        resolve(link.partition("?")[0])
    except Resolver404:
        return False
    return True


@register.simple_tag
def when(moment: datetime | None, oem_zone: str = "", form: str = "list") -> SafeString | str:
    """A time by the plant's clock, and by the OEM's where that differs, each with its zone beside it.

    `form`: "list" for day and time, "clock" for the time alone, "full" with the year. The UTC time is the title.
    """
    if moment is None:
        return "—"
    ours = moment.astimezone(ZoneInfo(settings.TIME_ZONE))
    pattern = {"list": "%d %b %H:%M:%S", "clock": "%H:%M:%S", "full": "%d %b %Y %H:%M:%S"}[form]
    own = format_html("{} <small>{}</small>", ours.strftime(pattern), ours.tzname() or settings.TIME_ZONE)
    there = moment.astimezone(ZoneInfo(oem_zone)) if oem_zone else ours
    if there.utcoffset() != ours.utcoffset():
        day = "" if there.date() == ours.date() else there.strftime("%d %b ")
        own = format_html(
            '{} <small class="oem-time">· {}{} {} OEM</small>',
            own,
            day,
            there.strftime("%H:%M"),
            there.tzname() or "",
        )
    utc = moment.astimezone(ZoneInfo("UTC"))
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.isoformat(timespec="seconds"), utc.strftime("%Y-%m-%d %H:%M:%S"), own,
    )  # fmt: skip


@register.filter
def facts_words(value: object, zone: str = "") -> SafeString | str:
    """A stored fact as people read it: a list as its items, a yes or no, a time by our clock and the OEM's."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, datetime):
        return when(value, zone, "full")
    return str(value)


@register.filter
def asked_for(text: str, zone: str) -> SafeString | str:
    """A time that was entered by the OEM's clock, on ours and his; what is no time stays as it was written."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text or "—"
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone or settings.TIME_ZONE))
    return when(moment, zone)


@register.filter
def left(minutes: int) -> str:
    """How long there is still time, in minutes as long as minutes matter; overdue with a true minus sign."""
    return f"{minutes} min".replace("-", "−") if minutes < 180 else f"{minutes // 60} h"


@register.filter
def all_new(changes: Mapping[str, tuple[object, object]]) -> bool:
    """Whether nothing stood before: a call that comes into being."""
    return bool(changes) and all(before is None for before, _ in changes.values())
