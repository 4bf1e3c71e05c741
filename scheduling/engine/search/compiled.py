"""Compiles inner loops once per machine, without the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a loop at its first call and keep the result beside the source, in the user's cache or NUMBA_CACHE_DIR.

    Where none of these can be written, as in a read-only image, it is compiled anew in each process.
    """
    try:
        return cast(Loop, njit(loop, nogil=True, cache=True))
    except RuntimeError:
        return cast(Loop, njit(loop, nogil=True))
