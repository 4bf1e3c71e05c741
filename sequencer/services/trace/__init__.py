"""Trace: what is it, where was it, what is of the same lot. `find` looks up, `life_of` tells, `recall` lists."""

from sequencer.services.trace.life import MOST_ENTRIES, Entry, Life, Source, add_source, life_of
from sequencer.services.trace.recall import (
    Asked,
    Finding,
    Row,
    Statement,
    issue_recall,
    proof_of,
    proof_of_row,
    recall_rows,
    recall_statement,
)
from sequencer.services.trace.search import Hit, find
from sequencer.services.trace.subjects import MOST, Kind, Subject, subject_of

__all__ = [
    "MOST",
    "MOST_ENTRIES",
    "Asked",
    "Entry",
    "Finding",
    "Hit",
    "Kind",
    "Life",
    "Row",
    "Source",
    "Statement",
    "Subject",
    "add_source",
    "find",
    "issue_recall",
    "life_of",
    "proof_of",
    "proof_of_row",
    "recall_rows",
    "recall_statement",
    "subject_of",
]
