"""A socket on which a partner broadcasts telegrams. Each is a file in his inbox before it is acknowledged.

One thread a client, bounded in number, in memory and in time. A telegram whose acknowledgement was lost comes again
and is another file; the intake knows it by its control number.
"""

from __future__ import annotations

import errno
import ipaddress
import itertools
import logging
import os
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edi import transport
from edi.channels.entry import LOOPBACK, answer_bytes, peer_networks
from edi.channels.framing import Broken, Framer, Telegram
from edi.channels.placing import drop_orphans, enter, hidden_name
from edi.models import PartnerChannel
from edi.transport import partner_folders
from inventory.errors import Unreachable

log = logging.getLogger(__name__)

PREFIX = "telegram"
READ_BYTES = 16 * 1024
# A telegram that has begun must be whole by then; a slow sender must not hold a place for ever.
TELEGRAM_SECONDS = 30.0
STOP_SECONDS = 3.0


@dataclass(slots=True)
class Tally:
    """What happened since it was last looked at; read and written by several threads under one lock."""

    stored: int = 0
    broken: int = 0
    last_fault: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def store(self) -> None:
        with self.lock:
            self.stored += 1

    def fault(self, text: str) -> None:
        log.warning("%s", text)
        with self.lock:
            self.broken += 1
            self.last_fault = text

    def take(self) -> tuple[int, str]:
        """How many were stored and the last fault since the last call."""
        with self.lock:
            seen = self.stored, self.last_fault
            self.stored, self.last_fault = 0, ""
        return seen


class Listener:
    """A channel's open door. Needs no database: what it stores are files."""

    def __init__(self, channel: PartnerChannel) -> None:
        self.channel = channel
        self.name = str(channel)
        self.folders = partner_folders(channel.partner.code)
        self.networks = peer_networks(channel)
        self.ack = answer_bytes(channel.ack, "ack")
        self.tally = Tally()
        self._count = itertools.count(1)
        self._one_at_a_time = threading.Lock()
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._guard = threading.Lock()
        self._stopping = False
        self._door: socket.socket | None = None

    @property
    def port(self) -> int:
        assert self._door is not None
        return int(self._door.getsockname()[1])

    def open(self) -> None:
        """Listens. `Unreachable` when the address is in use or not of this machine."""
        host, port = self.channel.host or LOOPBACK, self.channel.port
        try:
            drop_orphans(self.folders, PREFIX, self.channel, set())
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._door = socket.create_server((host, port), family=family, backlog=self.channel.max_clients)
        except OSError as error:
            raise Unreachable(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        threading.Thread(target=self._welcome, name=f"door {self.name}", daemon=True).start()

    def close(self) -> None:
        """Ends door and clients; a telegram that is being stored is stored and acknowledged first."""
        self._stopping = True
        if self._door is not None:
            # Wakes the thread that waits in accept, which close alone does not.
            _shut(self._door, socket.SHUT_RDWR)
            self._door.close()
        with self._guard:
            clients = dict(self._clients)
        for client in clients:
            _shut(client, socket.SHUT_RD)
        until = time.monotonic() + STOP_SECONDS
        for thread in clients.values():
            thread.join(max(0.0, until - time.monotonic()))

    def _welcome(self) -> None:
        assert self._door is not None
        while not self._stopping:
            try:
                client, address = self._door.accept()
            except OSError as error:
                if not self._stopping:
                    self.tally.fault(f"{self.name}: accept: {error}")
                    time.sleep(0.2)
                continue
            try:
                self._admit(client, str(address[0]))
            except (OSError, RuntimeError) as error:
                # RuntimeError: this machine starts no more threads.
                self.tally.fault(f"{self.name}: {address[0]}: {error}")
                client.close()

    def _admit(self, client: socket.socket, peer: str) -> None:
        client.settimeout(5.0)
        if not self._is_allowed(peer):
            self.tally.fault(f"{self.name}: {peer} is not on the list of peers and was turned away")
            client.close()
            return
        with self._guard:
            full = len(self._clients) >= self.channel.max_clients
            if not full:
                thread = threading.Thread(
                    target=self._serve, args=(client, peer), name=f"{self.name} {peer}", daemon=True
                )
                thread.start()
                self._clients[client] = thread
        if full:
            self.tally.fault(f"{self.name}: {peer} turned away, {self.channel.max_clients} are connected")
            client.sendall(self._nak("busy"))
            client.close()

    def _is_allowed(self, peer: str) -> bool:
        address = ipaddress.ip_address(peer.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)

    def _nak(self, word: str) -> bytes:
        return answer_bytes(self.channel.nak.replace("{reason}", word), "nak")

    # one client

    def _serve(self, client: socket.socket, peer: str) -> None:
        try:
            self._converse(client, peer)
        except OSError as error:
            self.tally.fault(f"{self.name}: {peer}: {error.strerror or error}")
        finally:
            with self._guard:
                self._clients.pop(client, None)
            client.close()

    def _converse(self, client: socket.socket, peer: str) -> None:
        framer = Framer(self.channel.framing, self.channel.max_telegram_bytes)
        began = 0.0
        while not self._stopping:
            data = self._receive(client, framer, began)
            if data is None:
                self.tally.fault(f"{self.name}: {peer}: a telegram was not whole in {TELEGRAM_SECONDS:.0f} s")
                client.sendall(self._nak("timeout"))
                return
            if not data:
                if framer.is_open and not self._stopping:
                    self.tally.fault(
                        f"{self.name}: {peer}: left in the middle of a telegram; nothing was stored"
                    )
                return
            fresh = not framer.is_open
            for found in framer.feed(data):
                fresh = True
                if not self._answer(client, peer, found):
                    return
            if framer.is_open and fresh:
                began = time.monotonic()

    def _receive(self, client: socket.socket, framer: Framer, began: float) -> bytes | None:
        """What came; nothing when the client left or is silent too long; None when a telegram takes too long."""
        wait = float(self.channel.idle_seconds)
        if framer.is_open:
            wait = max(0.01, began + TELEGRAM_SECONDS - time.monotonic())
        client.settimeout(wait)
        try:
            return client.recv(READ_BYTES)
        except TimeoutError:
            return None if framer.is_open else b""

    def _answer(self, client: socket.socket, peer: str, found: Telegram | Broken) -> bool:
        """Stores and acknowledges, or refuses with the reason; False when the line has to be closed."""
        client.settimeout(10.0)
        if isinstance(found, Broken):
            self.tally.fault(f"{self.name}: {peer}: {found.text}")
            client.sendall(self._nak(found.word))
            return not found.lost
        try:
            self.store(found.content)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            self.tally.fault(f"{self.name}: our spool: {error.strerror or error}; telegrams are refused")
            client.sendall(self._nak("disk_full" if full else "not_stored"))
            return True
        self.tally.store()
        client.sendall(self.ack)
        return True

    def store(self, content: bytes) -> str:
        """One telegram as a file in the inbox, durable when this returns; its name. One at a time, in order."""
        with self._one_at_a_time:
            if not transport.room_for(len(content), self.folders.root):
                raise OSError(errno.ENOSPC, "the disk is full")
            hidden = hidden_name(PREFIX, self.channel)
            path = self.folders.inbox / hidden
            try:
                with path.open("xb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                name = f"{self.channel.name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{next(self._count):06d}.edi"
                enter(self.folders, hidden, name)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return name


def _shut(line: socket.socket, how: int) -> None:
    try:
        line.shutdown(how)
    except OSError:
        return
