"""Decides from what was seen of a dropped file whether it is finished. Pure: no clock, no disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

# Names a partner's program gives a file while it is still writing it.
UNFINISHED = (".tmp", ".part", ".filepart", ".writing")
# What a partner may call a file. The name is only ever shown, never used as a path.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+=@#(),~-]{0,119}")


class State(StrEnum):
    IGNORE = "IGNORE"
    WAIT = "WAIT"
    READY = "READY"
    STUCK = "STUCK"
    REFUSE = "REFUSE"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at the inbox says of one entry, without opening it."""

    name: str
    regular: bool
    links: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @property
    def form(self) -> tuple[int, int, int, int, int]:
        return self.inode, self.size, self.mtime_ns, self.ctime_ns, self.links


@dataclass(frozen=True, slots=True)
class Limits:
    stable_seconds: float
    stuck_seconds: float
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """READY and REFUSE are acted on at once; STUCK raises an alarm and goes on waiting."""

    state: State
    code: str = ""
    text: str = ""


Trailer = Callable[[], bool | None]


def judge(seen: Sighting, *, unchanged: float, moved_in: bool, trailer: Trailer, limits: Limits) -> Judgement:
    """Whether the file is finished.

    `unchanged`: seconds since anything of it changed. `moved_in`: it came by rename, so its writer was
    done before. `trailer()`: its last envelope is closed; None when it begins like no format we know. It
    is asked only when the answer matters, because it opens the file.
    """
    if seen.name.startswith(".") or seen.name.lower().endswith(UNFINISHED):
        return Judgement(State.IGNORE)
    if not seen.regular:
        return Judgement(State.REFUSE, "not_a_file", "links, folders, pipes and devices are not taken")
    if seen.size > limits.max_bytes:
        return Judgement(
            State.REFUSE, "too_large", f"{seen.size} bytes; at most {limits.max_bytes} are taken"
        )
    still = unchanged >= limits.stable_seconds
    # SFTP servers without posix-rename link the new name before they unlink the old one.
    if seen.links != 1:
        refusal = Judgement(
            State.REFUSE, "several_links", "the file has a second name by which it can be changed"
        )
        return refusal if still else Judgement(State.WAIT)
    if not NAME.fullmatch(seen.name):
        refusal = Judgement(State.REFUSE, "bad_name", "the file name holds characters that are not taken")
        return refusal if still else Judgement(State.WAIT)
    # A change time behind the last write means a rename, or attributes set when the transfer was over.
    arrived = moved_in or seen.ctime_ns > seen.mtime_ns
    if not still and not (arrived and seen.size):
        return Judgement(State.WAIT)
    return _by_trailer(trailer() if seen.size else False, unchanged >= limits.stuck_seconds, still)


def _by_trailer(closed: bool | None, stuck: bool, still: bool) -> Judgement:
    if closed:
        return Judgement(State.READY)
    if closed is None and still and stuck:
        # Nobody can say where such a file ends; it is taken as it is and parked with its reason.
        return Judgement(State.READY, "unknown_format")
    if stuck:
        return Judgement(State.STUCK, "no_trailer", "the file does not end as an interchange ends")
    return Judgement(State.WAIT)


class Watch:
    """Remembers since when each entry of one inbox has looked the way it looks now."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[tuple[int, ...], float]] = {}

    def unchanged(self, seen: Sighting, *, now: float, wall: float) -> float:
        """Seconds since the entry changed: by our own watching, or by its change time if that is longer."""
        form, since = self._since.get(seen.name, ((), now))
        if form != seen.form:
            since = now
            self._since[seen.name] = (seen.form, since)
        return max(now - since, wall - seen.ctime_ns / 1e9)

    def forget_others(self, names: Iterable[str]) -> None:
        """Drops what is no longer in the inbox."""
        present = set(names)
        for gone in self._since.keys() - present:
            del self._since[gone]
