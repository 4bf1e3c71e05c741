"""Reads of the part master that the core needs while it resolves a call."""

from __future__ import annotations

from collections.abc import Iterable

from inventory.bom import BomRow, CrossReference, Master
from inventory.models import BomLine, CustomerPart, Part


def master_for(customer_id: int, numbers: Iterable[str]) -> Master:
    """The cross-references, own numbers and BOM rows that the called numbers can lead to. Three queries."""
    wanted = set(numbers)
    references = [
        CrossReference(r.number, r.part_id, r.valid_from, r.valid_until)
        for r in CustomerPart.objects.filter(customer_id=customer_id, number__in=wanted, part__active=True)
    ]
    own = dict(Part.objects.filter(number__in=wanted, active=True).values_list("number", "id"))
    parents = {r.part_id for r in references} | set(own.values())
    rows = [
        BomRow(b.parent_id, b.option, b.component_id, b.quantity, b.valid_from, b.valid_until)
        for b in BomLine.objects.filter(parent_id__in=parents)
    ]
    return Master(references, rows, own)
