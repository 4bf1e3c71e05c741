"""Everything that lies on paper: asked for in the transaction of the act, sent by the queue's worker."""

from sequencer.documents.kinds import DocumentKind
from sequencer.services.printing.asking import (
    counts,
    document_of,
    drawn_now,
    is_assigned,
    is_void,
    paper_now,
    print_document,
    reprint,
    retry,
    settle_doubt,
    void_labels,
)
from sequencer.services.printing.queue import adopt_orphans, due_printers

__all__ = [
    "DocumentKind",
    "adopt_orphans",
    "counts",
    "document_of",
    "drawn_now",
    "due_printers",
    "is_assigned",
    "is_void",
    "paper_now",
    "print_document",
    "reprint",
    "retry",
    "settle_doubt",
    "void_labels",
]
