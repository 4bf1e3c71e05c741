"""A design's code and its facts to pages: the one place that knows which layout draws what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sequencer.documents import kit, own, papers, transport
from sequencer.documents.elements import Document, Symbol
from sequencer.documents.facts import Facts, Kit, Lading, Manifest, Piece, RackPaper, Sheet, Transport, revive
from sequencer.documents.papers import Say
from sequencer.documents.symbols import check_room

# (facts, the label's number, the job's key) -> pages
LABELS: Mapping[str, tuple[type[Any], Callable[[Any, str, str], Document]]] = {
    "part-50x25": (Piece, own.part_small),
    "part-102x51": (Piece, own.part_large),
    "sequence-102x51": (Piece, own.sequence),
    "rack-102x152": (RackPaper, own.rack),
    "nok-102x51": (Piece, own.nok),
    "aiag-b10": (Transport, transport.aiag),
    "odette-otl": (Transport, transport.odette),
    "vda-4902": (Transport, transport.vda_4902),
    "gtl-a5": (Transport, transport.gtl_a5),
    "gtl-210x74": (Transport, transport.gtl_small),
}
# Papers also say when they were printed, and speak a language; labels are read by machines and by the OEM.
PAPERS: Mapping[str, tuple[type[Any], Callable[[Any, str, str, str, Say], Document]]] = {
    "manifest-a4": (Manifest, papers.manifest),
    "bill-of-lading-a4": (Lading, papers.lading),
    "badges-a4": (Sheet, papers.sheet),
    "commands-a4": (Sheet, papers.sheet),
    "kit-list-a4": (Kit, kit.kit_list),
}


def draw(
    design: str, facts: Facts, *, number: str = "", key: str = "", printed: str = "", say: Say = str
) -> Document:
    """The pages of a document; `say` translates a paper.

    ValueError for a design nobody knows or data its symbols cannot say.
    """
    if design in LABELS:
        document = LABELS[design][1](facts, number, key)
    elif design in PAPERS:
        document = PAPERS[design][1](facts, number, key, printed, say)
    else:
        raise ValueError(f"there is no design {design!r}")
    for page in document.pages:
        for element in page.elements:
            if isinstance(element, Symbol):
                check_room(element)
    return document


def facts_of(design: str, stored: Mapping[str, Any]) -> Facts:
    """What a job stored, as the value its design draws."""
    if design not in LABELS and design not in PAPERS:
        raise ValueError(f"there is no design {design!r}")
    kind = LABELS[design][0] if design in LABELS else PAPERS[design][0]
    found: Facts = revive(kind, stored)
    return found
