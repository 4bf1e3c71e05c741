"""The fullest choice of things for a limited room: an oven's load, a batch nearest its size.

Exact as long as few different totals can be made, as pieces and positions do; then no solver is needed. Sizes with
decimals can make too many: of totals that are nearly equal the largest is kept then.
"""

from __future__ import annotations

from collections.abc import Sequence

# Different totals that are kept; beyond that one of each of so many parts of the room.
MOST_TOTALS, PARTS = 20_000, 2_000
# Totals closer than this are one.
DIGITS = 6


def fullest(sizes: Sequence[float], room: float) -> tuple[int, ...]:
    """Which of the sizes fill the room best without passing it; of equal totals that of the earlier entries.

    Where more totals can be made than are kept it may miss some thousandths of the room.
    """
    chosen: dict[float, tuple[int, ...]] = {0.0: ()}
    limit = round(room, DIGITS)
    for number, size in enumerate(sizes):
        for total, numbers in list(chosen.items()):
            more = round(total + size, DIGITS)
            if more <= limit and more not in chosen:
                chosen[more] = (*numbers, number)
        if limit in chosen:
            break
        if len(chosen) > MOST_TOTALS:
            parts = {int(PARTS * total / limit): total for total in sorted(chosen)}
            chosen = {total: chosen[total] for total in parts.values()}
    return chosen[max(chosen)]
