"""The fullest choice of things for a limited room: an oven's load, a batch nearest its size.

Exact as long as few different totals can be made, as pieces and positions do; then no solver is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

# Different totals that are kept; beyond that the choice is the best of these. Sizes with decimals can make many.
MOST_TOTALS = 20_000
# Totals closer than this are one.
DIGITS = 6


def fullest(sizes: Sequence[float], room: float) -> tuple[int, ...]:
    """Which of the sizes fill the room best without passing it; of equal totals that of the earlier entries."""
    chosen: dict[float, tuple[int, ...]] = {0.0: ()}
    limit = round(room, DIGITS)
    for number, size in enumerate(sizes):
        for total, numbers in list(chosen.items()):
            more = round(total + size, DIGITS)
            if more <= limit and more not in chosen and len(chosen) < MOST_TOTALS:
                chosen[more] = (*numbers, number)
        if limit in chosen:
            break
    return chosen[max(chosen)]
