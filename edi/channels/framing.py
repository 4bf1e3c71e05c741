"""Cuts a socket's bytes into telegrams. Pure and bounded: it never holds more than one telegram.

NEWLINE: a telegram ends with LF or CR LF; empty lines say nothing. STX_ETX: from STX (0x02) to ETX (0x03). LENGTH:
four ASCII digits, the number of bytes that follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

STX, ETX = b"\x02", b"\x03"
HEAD = 4
# What programs send between two telegrams without meaning anything by it.
BETWEEN = b"\r\n\0 "


@dataclass(frozen=True, slots=True)
class Telegram:
    """The bytes of one whole telegram, without its frame."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """What came is no telegram: one word for the sender, a sentence for our people.

    `lost`: where the next telegram begins cannot be known any more; the line has to be closed.
    """

    word: str
    text: str
    lost: bool = False


class Framer:
    """Takes bytes as they come and gives the telegrams that are whole; what is too long is not kept."""

    def __init__(self, framing: str, limit: int) -> None:
        self.limit = limit
        self._cut = {"NEWLINE": self._line, "STX_ETX": self._enclosed, "LENGTH": self._counted}[framing]
        self._held = bytearray()
        self._skip = 0
        self._skipping = False
        self._noisy = False

    @property
    def is_open(self) -> bool:
        """A telegram has begun and is not whole."""
        return bool(self._held) or self._skipping or self._skip > 0

    def feed(self, data: bytes) -> Iterator[Telegram | Broken]:
        """Telegrams and breaks in the order they came. After a break that is `lost`, feed nothing more."""
        self._held += data
        while (found := self._cut()) is not None:
            yield found
            if isinstance(found, Broken) and found.lost:
                self._held.clear()
                return

    def _too_long(self) -> Broken:
        return Broken("oversize", f"a telegram is longer than {self.limit} bytes")

    def _line(self) -> Telegram | Broken | None:
        while (end := self._held.find(b"\n")) >= 0:
            line = bytes(self._held[:end]).removesuffix(b"\r")
            del self._held[: end + 1]
            if self._skipping:
                self._skipping = False
            elif len(line) > self.limit:
                return self._too_long()
            elif line:
                return Telegram(line)
        if self._skipping:
            self._held.clear()
        elif len(self._held) > self.limit + 1:
            self._held.clear()
            self._skipping = True
            return self._too_long()
        return None

    def _enclosed(self) -> Telegram | Broken | None:
        if self._skipping:
            return self._resume()
        start = self._held.find(STX)
        if start != 0:
            return self._stray(start)
        end, again = self._held.find(ETX), self._held.find(STX, 1)
        if again > 0 and (end < 0 or again < end):
            del self._held[:again]
            return Broken("no_etx", "a telegram began before the one before it had ended")
        if end < 0 and len(self._held) <= self.limit + 1:
            return None
        if end < 0:
            self._held.clear()
            self._skipping = True
            return self._too_long()
        content = bytes(self._held[1:end])
        del self._held[: end + 1]
        if len(content) > self.limit:
            return self._too_long()
        return Telegram(content) if content else Broken("empty", "a telegram has no content")

    def _resume(self) -> Telegram | Broken | None:
        """Behind a telegram that was too long: on from the next ETX or STX."""
        ends = [place for place in (self._held.find(ETX), self._held.find(STX)) if place >= 0]
        if not ends:
            self._held.clear()
            return None
        place = min(ends)
        del self._held[: place + (self._held[place] == ETX[0])]
        self._skipping = False
        return self._enclosed()

    def _stray(self, start: int) -> Broken | Telegram | None:
        """Bytes before STX: line ends between telegrams say nothing, anything else is one broken telegram."""
        outside = bytes(self._held if start < 0 else self._held[:start])
        del self._held[: len(outside)]
        told, self._noisy = self._noisy, start < 0 and (self._noisy or bool(outside.strip(BETWEEN)))
        if outside.strip(BETWEEN) and not told:
            return Broken("no_stx", "bytes stand outside of STX and ETX")
        return self._enclosed() if self._held else None

    def _counted(self) -> Telegram | Broken | None:
        if self._skip:
            gone = min(self._skip, len(self._held))
            del self._held[:gone]
            self._skip -= gone
        if self._skip or len(self._held) < HEAD:
            return None
        head = bytes(self._held[:HEAD])
        if not head.isdigit():
            return Broken("bad_length", f"{head!r} is no length of {HEAD} digits", lost=True)
        size = int(head)
        if size == 0 or size > self.limit:
            del self._held[:HEAD]
            self._skip = size
            return self._too_long() if size else Broken("empty", "a telegram has no content")
        if len(self._held) < HEAD + size:
            return None
        content = bytes(self._held[HEAD : HEAD + size])
        del self._held[: HEAD + size]
        return Telegram(content)
