"""A scan is judged once: who posts it again gets the first answer. Kept as long as a repeat is still taken.

The scans themselves are cut by month, and no unique key can stand over all months. So the pair (station, nonce)
is a small table of its own that is pruned; exactness past the pruning comes from refusing what is too old to be
new. Both run inside `record_scan`, under the station's lock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from inventory.errors import Refused
from inventory.statements import Insert
from sequencer.models import ScanEvent, ScanNonce, Station

# A station that was cut off longer than this has its log entered by hand.
REPLAY_TAKEN = timedelta(days=31)
# Longer by more than any clock is wrong, so that nothing is taken whose nonce is forgotten.
NONCES_KEPT = REPLAY_TAKEN + timedelta(days=4)
LENGTH = 40


def judged_before(station: Station, nonce: str) -> ScanEvent | None:
    """The scan of this nonce, if the station sent it before."""
    known = ScanNonce.objects.filter(station=station, nonce=nonce[:LENGTH]).first()
    return ScanEvent.objects.get(pk=known.scan_id, recorded_at=known.recorded_at) if known else None


def refuse_too_old(*, at: datetime, now: datetime) -> None:
    """Refuses a scan whose own time is older than a repeat is taken: whether it was judged is no longer known."""
    if at < now - REPLAY_TAKEN:
        raise Refused(
            "scan_too_old",
            _("this scan is older than %(days)s days; enter what it did by hand")
            % {"days": REPLAY_TAKEN.days},
            scanned_at=at.isoformat(),
        )


def remember(scan: ScanEvent) -> None:
    """Binds the nonce to its scan. Two at once: the unique key lets one stand, the other transaction fails."""
    _REMEMBERED.run(
        station_id=scan.station_id, nonce=scan.nonce, scan_id=scan.pk, recorded_at=scan.recorded_at
    )


_REMEMBERED = Insert(ScanNonce)


def forget_nonces(*, at: datetime) -> int:
    """Removes nonces that no accepted repeat can carry any more; for a sweep, safe to run twice."""
    return ScanNonce.objects.filter(recorded_at__lt=at - NONCES_KEPT).delete()[0]
