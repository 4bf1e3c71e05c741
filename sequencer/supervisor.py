"""Keeps the processes of an embedded plant alive and ends them together. Knows nothing of the plant itself.

It has one thread: what is called between fork and exec is only safe so. Children stand in process groups of
their own, so that Ctrl-C reaches them once, through here; the kernel ends them when this process is killed.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LONGEST_WAIT = 30.0
STEADY_AFTER = 30.0
_SET_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


@dataclass
class Child:
    """One program that must run. `after_ready` ones are started when the plant answers."""

    name: str
    command: Sequence[str]
    after_ready: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    wait: float = 1.0
    deaths: int = 0
    pipe: int = -1
    rest: bytes = b""


@dataclass
class Supervisor:
    """Starts children, passes on what they say, starts a dead one again later each time, stops all."""

    children: Sequence[Child]
    env: Mapping[str, str]
    say: Callable[[str], None]
    grace: float = 5.0
    stopping: bool = False
    ready: bool = False
    _pipes: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self, is_ready: Callable[[], bool], on_ready: Callable[[], None], vital: str) -> int:
        """Runs until a signal; 0 after a stop that was asked for, 1 when `vital` never came up."""
        with self._stop_on_signal():
            try:
                while not self.stopping:
                    self._start_due()
                    self._relay(0.2)
                    self._bury()
                    if not self.ready and is_ready():
                        self.ready = True
                        on_ready()
                    if not self.ready and self._child(vital).deaths >= 3:
                        self.say(f"{vital} does not start; its reason stands above")
                        return 1
            finally:
                self._stop()
        return 0

    def _child(self, name: str) -> Child:
        return next(child for child in self.children if child.name == name)

    @contextmanager
    def _stop_on_signal(self) -> Iterator[None]:
        def stop(number: int, frame: object) -> None:
            self.stopping = True

        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, stop) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None and now >= child.due and (self.ready or not child.after_ready):
                self._start(child, now)

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(
            child.command,
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        assert child.process.stdout is not None
        child.started, child.pipe = now, child.process.stdout.fileno()
        os.set_blocking(child.pipe, False)
        self._pipes.register(child.pipe, selectors.EVENT_READ, child)

    def _relay(self, seconds: float) -> None:
        """Passes whole lines on under the child's name, waiting at most so long for the first."""
        for key, _ in self._pipes.select(seconds):
            if not self._read(key.data):
                self._pipes.unregister(key.fileobj)

    def _read(self, child: Child) -> bool:
        """Says what the child has written; False once its pipe is at the end."""
        seen = b""
        with suppress(BlockingIOError):
            seen = os.read(child.pipe, 65536)
        *lines, child.rest = (child.rest + seen).split(b"\n")
        for line in filter(None, lines):
            self.say(f"{child.name:<8}| {line.decode(errors='replace').rstrip()}")
        return bool(seen)

    def _bury(self) -> None:
        """Notes who died, clears what they left behind and sets when they start again."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            code = child.process.returncode
            self._let_go(child)
            if now - child.started > STEADY_AFTER:
                child.wait = 1.0
            child.deaths += 1
            child.due = now + child.wait
            if not self.stopping:
                self.say(f"{child.name} ended ({_told(code)}); it starts again in {child.wait:.0f} s")
            child.wait = min(child.wait * 2, LONGEST_WAIT)

    def _let_go(self, child: Child) -> None:
        """Ends what stayed in the child's group and says its last words."""
        assert child.process is not None
        assert child.process.stdout is not None
        _signal_group(child.process.pid, signal.SIGKILL)
        while self._read(child):
            pass
        with suppress(KeyError):
            self._pipes.unregister(child.pipe)
        child.process.stdout.close()
        child.process, child.rest = None, b""

    def _stop(self) -> None:
        """Asks all at once, waits the grace, kills the rest; nothing is left in any child's group."""
        self.stopping = True
        for child in self.children:
            if child.process is not None:
                child.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + self.grace
        while any(child.process for child in self.children) and time.monotonic() < until:
            self._relay(0.05)
            self._bury()
        for child in self.children:
            if child.process is not None:
                _signal_group(child.process.pid, signal.SIGKILL)
                child.process.wait()
                self.say(
                    f"{child.name} did not stop in {self.grace:.0f} s and was ended; its rows are found again"
                )
                self._let_go(child)


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _told(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
