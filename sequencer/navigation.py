"""The pages of the top bar: what a plant looks at all day, and behind MORE what it needs now and then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from sequencer.access import may


@dataclass(frozen=True, slots=True)
class Entry:
    """`name`: of the address and in the access table. `sections`: what a view calls the pages that belong here."""

    words: str
    name: str
    sections: frozenset[str]
    address: str = ""


DAILY = (
    Entry("Lines", "lines", frozenset({"lines"})),
    Entry("Racks", "racks", frozenset({"racks"})),
    Entry("Shipping", "shipping", frozenset({"shipping", "returnables", "deliveries"})),
    Entry("Trace", "trace", frozenset({"trace"})),
    Entry("EDI", "edi", frozenset({"edi"})),
)
MORE = (
    Entry("Exceptions", "exceptions", frozenset({"exceptions"})),
    Entry("Quality holds", "quality", frozenset({"quality"})),
    Entry("Overrides", "overrides", frozenset({"overrides"})),
    Entry("Bypasses", "bypass", frozenset({"bypass"})),
    Entry("Offline", "offline", frozenset({"offline"})),
    Entry("Sets", "sets", frozenset({"sets"})),
    Entry("Kit lists", "kits", frozenset({"kits"})),
    Entry("By quantity", "quantity", frozenset({"quantity"})),
    Entry("Printing", "printing", frozenset({"printing"})),
    Entry("Demand", "demand", frozenset({"demand"})),
    Entry("Admin", "admin", frozenset({"admin"}), "admin:index"),
    Entry("API", "api-docs", frozenset({"api"})),
)


def navigation(user: Any, section: str) -> dict[str, Any]:
    """Links of the pages this person may open, and which of them is open."""

    def shown(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
        return [
            {
                "words": entry.words,
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
