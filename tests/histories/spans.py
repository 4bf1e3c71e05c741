"""Which histories share a beginning. Apart, because it is asked before Django is set up."""

from __future__ import annotations

BRANCHES = 40


def spans_of(first: int, count: int) -> list[range]:
    """The histories from `first` on, cut where another beginning starts."""
    spans, last = [], first + count
    while first < last:
        stop = min(last, (first // BRANCHES + 1) * BRANCHES)
        spans.append(range(first, stop))
        first = stop
    return spans
