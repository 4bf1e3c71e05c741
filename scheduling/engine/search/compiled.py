"""Compiles inner loops once per machine, without the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, TypeVar, cast

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """Compile a loop at its first call and keep the result beside the source, in the user's cache or NUMBA_CACHE_DIR.

    Where none of these can be written, as in a read-only image, it is compiled anew in each process.
    """
    return cast(Loop, _Compiled(loop))


class _Compiled:
    """A loop that fetches the compiler at its first call: most processes of a plant never plan."""

    def __init__(self, loop: Callable[..., object]) -> None:
        self._loop = loop
        update_wrapper(self, loop)

    def __call__(self, *arrays: Any) -> Any:
        return self._made(*arrays)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    @cached_property
    def _made(self) -> Any:
        from numba import njit

        try:
            return njit(self._loop, nogil=True, cache=True)
        except RuntimeError:
            return njit(self._loop, nogil=True)

    @property
    def _numba_type_(self) -> Any:
        """What the compiler asks of a name it meets in another loop."""
        return self._made._numba_type_
