"""What a commodity's racks are cut by, read from its rows."""

from __future__ import annotations

from collections.abc import Iterable

from sequencer.models import Commodity, ComponentGroup
from sequencer.rules import CutSpec, Entry


def keeps_places(commodity: Commodity, spec: CutSpec | None = None) -> bool:
    """Whether a place is kept for every position, or slots are filled by count.

    A missing call has no dock, colour or time yet: where those cut the racks, no place can be kept for it.
    """
    return commodity.lead.every_vehicle and not (spec or commodity.lead.cut_spec).by_content


def mark_of(commodity: Commodity) -> str:
    """The mark of its places in the drawing; empty where all places of its racks are alike."""
    mixed = commodity.lead.rack_type.layout.marks != ("",)
    return commodity.mark if mixed else ""


def marks_in_use(lead: Commodity) -> set[str]:
    """Marks that a commodity stands behind: places of another are never waited for."""
    if lead.rack_type.layout.marks == ("",):
        return {""}
    return {lead.mark, *lead.riders.values_list("mark", flat=True)}


def entry_of(group: ComponentGroup, position: int, spec: CutSpec) -> Entry:
    """A group as the cut sees it."""
    return Entry(
        position=position,
        mark=mark_of(group.commodity),
        ref=group.pk,
        key=_key_of(group, spec),
        due=group.call_off.required_at,
    )


def _key_of(group: ComponentGroup, spec: CutSpec) -> str:
    if not spec.own:
        return ""
    call = group.call_off
    values = {"OWN_DOCK": call.dock, "OWN_LINE": call.line_feed}
    if {"OWN_COLOUR", "OWN_OPTION"}.intersection(spec.own):
        rows = list(group.components.order_by("pk").values_list("part__colour", "options"))
        values["OWN_COLOUR"] = next((colour for colour, _ in rows if colour), "")
        values["OWN_OPTION"] = _option_of((options for _, options in rows), spec.option)
    return " · ".join(values[kind] or "-" for kind in spec.own)[:80]


def _option_of(texts: Iterable[str], beginning: str) -> str:
    codes = (code for text in texts for code in text.split())
    return next((code for code in codes if code.startswith(beginning)), "")
