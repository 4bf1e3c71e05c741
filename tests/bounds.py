"""How much of a long search a run makes: a slice in the suite, all of it with JIS_SOAK=1 (`make soak`)."""

from __future__ import annotations

import os

from hypothesis import settings

SOAK = os.environ.get("JIS_SOAK") == "1"


def searched(examples: int) -> settings:
    """So many generated examples in a soak, a quarter of them (ten at least) in the suite; none is timed."""
    return settings(max_examples=examples if SOAK else max(10, examples // 4), deadline=None)


def seeds(cases: int) -> range:
    """So many generated cases in a soak, a third of them (four at least) in the suite."""
    return range(cases if SOAK else min(cases, max(4, cases // 3)))
