"""What we send, over a channel: the same four verbs as the partner's own out folder, so the same states hold.

`prepare` writes under a hidden name, `put_at` is committed by the outbound service, `publish` renames. When the
line breaks at the rename nobody knows at once; the message stays SENDING and is settled by looking, ten seconds
later, or by a person.
"""

from __future__ import annotations

import hashlib
import posixpath
from datetime import timedelta

from edi import failpoints, transport
from edi.channels.claims import Hold
from edi.channels.wires import Wire, digest_of, unique_name
from edi.models import OutboundMessage
from edi.services.outbound import deliver, settle_stale
from edi.states import OutboundStatus
from inventory.errors import Unreachable


class WireOutbox:
    """A folder on the other side as the outbound service sees it."""

    # After a broken line the old session may still be at work over there.
    settles_at_once = False

    def __init__(self, held: Hold, wire: Wire) -> None:
        self.held = held
        self.wire = wire
        self.folder = held.channel.out_folder
        self.fault: Unreachable | None = None

    def _hidden(self, name: str) -> str:
        return posixpath.join(self.folder, f".{name}.tmp")

    def _named(self, name: str) -> str:
        return posixpath.join(self.folder, name)

    def prepare(self, name: str, content: bytes) -> None:
        failpoints.reach("out_tmp")
        try:
            self.wire.put(self._hidden(name), content, self.held.pace)
        except Unreachable as error:
            self.fault = error
            raise
        failpoints.reach("out_fsync")

    def publish(self, name: str) -> None:
        try:
            self.wire.publish(self._hidden(name), self._named(name))
        except Unreachable as error:
            self.fault = error
            raise
        failpoints.reach("out_rename")

    def is_prepared(self, name: str) -> bool:
        return self.wire.facts(self._hidden(name)) is not None

    def holds(self, name: str, content: bytes) -> bool:
        wanted = hashlib.sha256(content).hexdigest()
        named = self._named(name)
        places = (named, unique_name(named, wanted))
        return any(digest_of(self.wire, place, self.held.pace) == wanted for place in places)


def has_work(held: Hold) -> bool:
    """Whether anything waits to go out by this channel, or was left half sent."""
    at = held.clock()
    rows = OutboundMessage.objects.filter(partner=held.channel.partner_id)
    stale = at - timedelta(seconds=transport.STALE_SECONDS)
    return (
        rows.filter(status=OutboundStatus.READY, due_at__lte=at).exists()
        or rows.filter(status=OutboundStatus.SENDING, claimed_at__lt=stale).exists()
    )


def push(held: Hold, wire: Wire) -> int:
    """Sends what is due to the channel's partner, oldest first; returns how many went out.

    Raises `Unreachable` at the first that does not go, so that none overtakes it; it stays READY, or SENDING when
    nobody can know yet.
    """
    outbox, at, partner = WireOutbox(held, wire), held.clock(), held.channel.partner_id
    settle_stale(at=at, partner_id=partner, outbox=outbox)
    due = OutboundMessage.objects.filter(partner=partner, status=OutboundStatus.READY, due_at__lte=at)
    sent = 0
    for pk in due.order_by("pk").values_list("pk", flat=True):
        held.renew()
        went = deliver(pk, at=held.clock(), outbox=outbox, channel=held.channel)
        if outbox.fault is not None:
            raise outbox.fault
        sent += went
    return sent
