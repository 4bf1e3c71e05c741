"""One turn of a channel: what it does when it is its time, and how that is booked. Called by one process at a time."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from edi.channels.claims import Hold, fared_badly, fared_well
from edi.channels.entry import configured, fetches, open_wire, sends
from edi.channels.fetching import Puller
from edi.channels.listening import Listener
from edi.channels.receipts import FolderGateway, settle_receipts, tell_taken
from edi.channels.sending import has_work, push
from edi.channels.wires import FileFault, Wire
from edi.states import ChannelKind
from inventory.errors import Refused, Unreachable

log = logging.getLogger(__name__)

# What waits to be sent is looked for so often; that is a question to our own database only.
OUT_SECONDS = 1.0


@dataclass(slots=True)
class Worked:
    """What a turn came to."""

    fetched: int = 0
    sent: int = 0
    receipts: int = 0
    again_in: float = OUT_SECONDS
    asked: bool = False
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Works:
    """What one process remembers of one channel between turns."""

    puller: Puller = field(default_factory=Puller)
    listener: Listener | None = None

    def turn(self, held: Hold) -> Worked:
        """Does what is due on the channel and books how it fared; never raises for what the wire did.

        Raises only `Stopped` and `ChannelLost`, faults of the database, and defects.
        """
        channel = held.channel
        try:
            done = self._listen(held) if channel.kind == ChannelKind.TCP_LISTEN else self._carry(held)
        except Refused as refusal:
            self._fail(held, refusal.message, for_person=True)
            return Worked()
        except Unreachable as error:
            self._fail(held, str(error), for_person=isinstance(error, FileFault))
            return Worked()
        at = held.clock()
        if done.faults:
            more = f" and {len(done.faults) - 1} more" if len(done.faults) > 1 else ""
            text = f"{done.faults[0]}{more}"
            # A broken telegram was refused on the wire, so its sender knows; files that do not go want a person.
            for_person = channel.kind != ChannelKind.TCP_LISTEN
            fared_badly(channel, text, at=at, for_person=for_person, again_in=done.again_in)
        else:
            fared_well(channel, at=at, again_in=done.again_in, worked=done.asked)
        return done

    def _fail(self, held: Hold, text: str, *, for_person: bool) -> None:
        log.warning("channel %s: %s", held.channel, text)
        fared_badly(held.channel, text, at=held.clock(), for_person=for_person)

    def _carry(self, held: Hold) -> Worked:
        channel = held.channel
        done = Worked(again_in=float(channel.poll_seconds))
        if channel.kind == ChannelKind.SFTP_PUSH:
            done.again_in = OUT_SECONDS
            configured(channel)
            # No log-in at the partner's only to find that there is nothing to send.
            if not has_work(held):
                return done
        wire = open_wire(channel)
        try:
            done.asked = True
            self._over(wire, held, done)
        finally:
            wire.close()
        return done

    def _over(self, wire: Wire, held: Hold, done: Worked) -> None:
        channel = held.channel
        if fetches(channel):
            found = self.puller.turn(held, wire)
            done.fetched, done.faults = found.fetched, found.faults
            if found.growing:
                done.again_in = min(done.again_in, channel.stable_seconds + 0.1)
        if sends(channel) and has_work(held):
            done.sent = push(held, wire)
        if channel.kind == ChannelKind.GATEWAY:
            gateway = FolderGateway(held, wire)
            done.receipts = settle_receipts(held, gateway)
            if channel.taken_folder:
                tell_taken(held, gateway)

    def _listen(self, held: Hold) -> Worked:
        """Keeps the door open and books what its threads counted."""
        channel = held.channel
        if self.listener is None:
            configured(channel)
            listener = Listener(channel)
            listener.open()
            self.listener = listener
            return Worked(asked=True)
        stored, fault = self.listener.tally.take()
        if fault and not stored:
            return Worked(faults=[fault])
        return Worked(fetched=stored, asked=stored > 0)

    def close(self) -> None:
        """Closes the door of a listener; everything else is closed after each turn."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None
