"""The pages of the top bar: what a plant looks at all day, and behind MORE what it needs now and then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sequencer.access import may


@dataclass(frozen=True, slots=True)
class Entry:
    """`name`: of the address and in the access table. `sections`: what a view calls the pages that belong here."""

    words: str
    name: str
    sections: frozenset[str]
    address: str = ""


DAILY = (
    Entry(gettext_noop("Lines"), "lines", frozenset({"lines"})),
    Entry(gettext_noop("Racks"), "racks", frozenset({"racks"})),
    Entry(gettext_noop("Shipping"), "shipping", frozenset({"shipping", "returnables", "deliveries"})),
    Entry(gettext_noop("Trace"), "trace", frozenset({"trace"})),
    Entry(gettext_noop("Schedule"), "schedule", frozenset({"schedule"})),
    Entry(gettext_noop("EDI"), "edi", frozenset({"edi"})),
)
MORE = (
    Entry(gettext_noop("Exceptions"), "exceptions", frozenset({"exceptions"})),
    Entry(gettext_noop("Quality holds"), "quality", frozenset({"quality"})),
    Entry(gettext_noop("Overrides"), "overrides", frozenset({"overrides"})),
    Entry(gettext_noop("Bypasses"), "bypass", frozenset({"bypass"})),
    Entry(gettext_noop("Offline"), "offline", frozenset({"offline"})),
    Entry(gettext_noop("Sets"), "sets", frozenset({"sets"})),
    Entry(gettext_noop("Kit lists"), "kits", frozenset({"kits"})),
    Entry(gettext_noop("By quantity"), "quantity", frozenset({"quantity"})),
    Entry(gettext_noop("Printing"), "printing", frozenset({"printing"})),
    Entry(gettext_noop("Work lists"), "schedule-work-lists", frozenset({"work"})),
    Entry(gettext_noop("Demand"), "demand", frozenset({"demand"})),
    Entry(gettext_noop("Admin"), "admin", frozenset({"admin"}), "admin:index"),
    Entry(gettext_noop("API"), "api-docs", frozenset({"api"})),
)


def navigation(user: Any, section: str) -> dict[str, Any]:
    """Links of the pages this person may open, and which of them is open."""

    def shown(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
        return [
            {
                "words": _(entry.words),
                "name": entry.name,
                "url": reverse(entry.address or entry.name),
                "current": section in entry.sections,
            }
            for entry in entries
            if may(user, entry.name)
        ]

    more = shown(MORE)
    return {
        "daily": shown(DAILY),
        "more": more,
        "open": next((entry["words"] for entry in more if entry["current"]), ""),
    }
