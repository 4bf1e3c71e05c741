"""A stream of numbers that every machine draws alike: the seed and nothing else decides it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search.compiled import compiled

Stream = NDArray[np.uint64]


def stream(seed: int) -> Stream:
    """Return the stream of a seed; neighbouring seeds start far apart."""
    word = (seed + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return np.array([word ^ word >> 31 or 1], dtype=np.uint64)


@compiled
def below(numbers: Stream, limit: int) -> int:
    """Draw one of 0 .. limit - 1 (xorshift64*)."""
    word = numbers[0]
    word ^= word >> np.uint64(12)
    word ^= word << np.uint64(25)
    word ^= word >> np.uint64(27)
    numbers[0] = word
    return int((word * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)) % limit
