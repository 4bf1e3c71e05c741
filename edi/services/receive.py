"""One file through the whole intake in this process: dropped, claimed, stored, read, applied."""

from __future__ import annotations

import time

from django.conf import settings
from django.utils import timezone

from edi import transport
from edi.models import Delivery, TradingPartner
from edi.services.intake import accept_file
from edi.services.lanes import run_lane
from edi.stability import Limits, State, judge
from edi.transport import partner_folders, worker_name
from inventory.errors import Refused, Unreachable


def receive_file(partner: TradingPartner, name: str, raw: bytes, *, wait_seconds: float = 60) -> Delivery:
    """Drops bytes into the partner's inbox and sees them through, unless another worker keeps the lane.

    Whoever calls says that the file is whole, so a missing trailer is judged by its reader, not waited
    for. A watcher that is quicker than we are does no harm: the delivery is known by its identity.
    """
    folders = partner_folders(partner.code)
    seen = transport.drop(folders, name, raw)
    deadline = time.monotonic() + wait_seconds
    mine = transport.claim(folders, seen, worker_name())
    if mine is not None:
        limits = Limits(0, 0, settings.EDI_MAX_BYTES)
        verdict = judge(seen, unchanged=0, moved_in=True, trailer=lambda: True, limits=limits)
        refusal = Refused(verdict.code, verdict.text) if verdict.state is State.REFUSE else None
        accept_file(partner, mine, at=timezone.now(), refusal=refusal)
    transport.leave(folders, worker_name())
    delivery = None
    while time.monotonic() < deadline:
        delivery = Delivery.objects.defer("raw").filter(
            partner=partner, file_name=name, inode=seen.inode, mtime_ns=seen.mtime_ns, size=seen.size
        ).first()  # fmt: skip
        if delivery is not None and run_lane(partner.pk):
            delivery.refresh_from_db(fields=["status", "note", "problems", "duplicate_of", "archived_at"])
            return delivery
        time.sleep(0.1)
    if delivery is None:
        raise Unreachable(f"{name} lies in the inbox of {partner}, but nobody took it in")
    return delivery
