"""A label printer on a real socket: takes ZPL on a port, answers ~HS, and fails in the ways printers fail."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

FORMAT = re.compile(rb"\^XA.*?\^XZ", re.DOTALL)


@dataclass
class FakePrinter:
    """`labels`: what came out, in order. The flags may be changed while it runs."""

    labels: list[str] = field(default_factory=list)
    paper_out: bool = False
    paused: bool = False
    head_open: bool = False
    ribbon_out: bool = False
    busy: bool = False
    # Takes everything and says nothing, as some do without paper.
    silent: bool = False
    # Takes so many bytes a second; 0: as fast as they come. Says each byte of an answer after so many seconds.
    slow: int = 0
    drip: float = 0.0
    # Becomes paper_out, paused, head_open ... with the next label in its memory.
    fails_with: str = ""
    # Closes the connection after so many bytes of a label; None: never.
    cut_after: int | None = None
    # Prints what it was handed and closes before it answers.
    cut_answer: bool = False
    # Keeps labels in its memory instead of printing them.
    holding: bool = False
    asked: int = 0
    memory: list[str] = field(default_factory=list)
    # What was begun and not ended outlives the connection, as in a printer's own parser.
    half: bytes = b""
    port: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        if self.slow:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.port = self.listener.getsockname()[1]
        self.open = True
        self.threads: list[threading.Thread] = []
        self.lock = threading.Lock()
        self._start(self._listen)

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self.threads.append(thread)

    def _listen(self) -> None:
        while self.open:
            try:
                wire, _ = self.listener.accept()
            except OSError:
                return
            self._start(self._serve, wire)

    def _serve(self, wire: socket.socket) -> None:
        waiting, self.half = self.half, b""
        with wire:
            while self.open:
                try:
                    piece = wire.recv(self.slow // 50 or 65536)
                except OSError:
                    return
                if not piece:
                    self.half = waiting
                    return
                if self.slow:
                    time.sleep(0.02)
                waiting = (waiting + piece).rpartition(b"~JX")[2]
                if self.cut_after is not None and len(waiting.replace(b"~HS", b"")) > self.cut_after:
                    self.half = waiting[: self.cut_after].replace(b"~HS", b"")
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                    return
                waiting, took = self._take(waiting)
                if took and self.cut_answer:
                    return
                while b"~HS" in waiting:
                    waiting = waiting.replace(b"~HS", b"", 1)
                    self.asked += 1
                    if not self.silent:
                        self._answer(wire)

    def _answer(self, wire: socket.socket) -> None:
        if not self.drip:
            return wire.sendall(self.status())
        for byte in self.status():
            time.sleep(self.drip)
            try:
                wire.sendall(bytes([byte]))
            except OSError:
                return None
        return None

    def _take(self, waiting: bytes) -> tuple[bytes, int]:
        with self.lock:
            found = FORMAT.findall(waiting)
            for content in found:
                copies = int(re.search(rb"\^PQ(\d+)", content)[1])  # type: ignore[index]
                self.memory += [content.decode()] * copies
                if self.fails_with:
                    setattr(self, self.fails_with, True)
                    self.fails_with = ""
            broken = self.paper_out or self.paused or self.head_open or self.ribbon_out
            if not (self.holding or self.silent or broken):
                self.labels += self.memory
                self.memory = []
            return FORMAT.sub(b"", waiting), len(found)

    def status(self) -> bytes:
        flags = {
            name: int(getattr(self, name))
            for name in ("paper_out", "paused", "busy", "head_open", "ribbon_out")
        }
        return (
            (
                "\x02030,{paper_out},{paused},1245,{formats:03d},{busy},0,0,000,0,0,0\x03\r\n"
                "\x02000,0,{head_open},{ribbon_out},0,2,4,0,00000000,1,000\x03\r\n\x020000,0\x03\r\n"
            )
            .format(formats=len(self.memory), **flags)
            .encode()
        )

    def mend(self) -> None:
        """Paper in, lid shut: what is in the memory comes out."""
        self.paper_out = self.paused = self.head_open = self.ribbon_out = self.busy = self.silent = (
            self.holding
        ) = False
        with self.lock:
            self.labels += self.memory
            self.memory = []

    def close(self) -> None:
        self.open = False
        # A thread that waits in accept() keeps a closed socket alive.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def numbers(self) -> list[str]:
        """The label numbers that came out."""
        return [re.findall(r"L\d{9}", label)[0] for label in self.labels]


@contextmanager
def printer(**how: object) -> Iterator[FakePrinter]:
    fake = FakePrinter(**how)  # type: ignore[arg-type]
    try:
        yield fake
    finally:
        fake.close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(true: object, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.01)
