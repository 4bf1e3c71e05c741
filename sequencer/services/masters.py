"""Master data that many events in a row share: read once, and again after two seconds.

Who applies a backlog opens `shared_masters`; everyone else reads afresh each time. A change of the master counts
for the lane two seconds later at most, as if the events between had come before it; what could not be resolved
until then is looked at again by the sweep. Only master data is kept, never a call, a position or a rack.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

FRESH_SECONDS = 2.0

T = TypeVar("T")


@dataclass(slots=True)
class _Memory:
    known: dict[Hashable, Any] = field(default_factory=dict)
    read_at: float = 0.0


_memory: ContextVar[_Memory | None] = ContextVar("masters", default=None)


@contextmanager
def shared_masters() -> Iterator[None]:
    """While it is open, `recall` in this thread answers from memory for up to two seconds."""
    token = _memory.set(_Memory())
    try:
        yield
    finally:
        _memory.reset(token)


def recall(key: Hashable, read: Callable[[], T]) -> T:
    """What `read` gives, or gave under this key a moment ago. What it raises is not remembered."""
    memory = _memory.get()
    if memory is None:
        return read()
    now = time.monotonic()
    if now - memory.read_at > FRESH_SECONDS:
        memory.known.clear()
        memory.read_at = now
    if key not in memory.known:
        memory.known[key] = read()
    found: T = memory.known[key]
    return found
