"""What a partner's feed uses: accepted once by a named person, held against every file before it is read."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from edi.formats import Drift, Profile, Usage, drift, measure, merge, usage_from_json
from edi.models import Delivery, FeedUsage, TradingPartner
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.states import DeliveryKind, DeliveryStatus
from inventory.errors import Refused

log = logging.getLogger(__name__)

ALARM = "EDI_USAGE"
# Of a larger file only so much is measured: a new segment shows early, and intake must not wait.
MEASURED_BYTES = 8 * 1024 * 1024
# A feed that changed all over is told by its first few changes; the rest is in the report.
NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReport:
    """What the deliveries of a partner use, and what of it was not accepted."""

    files: int
    usage: Usage
    drift: list[Drift]
    accepted: bool


def feed_report(partner: TradingPartner, profile: Profile | None, *, last: int = 500) -> FeedReport:
    """Measure the partner's newest `last` files and hold them against what was accepted. Writes nothing."""
    usage, files = _measured(partner, profile, last=last)
    known = _accepted(partner)
    return FeedReport(
        files=files, usage=usage, drift=drift(known, usage) if known else [], accepted=bool(known)
    )


def accept_usage(
    partner: TradingPartner,
    profile: Profile | None,
    *,
    by: AbstractBaseUser,
    reason: str,
    at: datetime,
    last: int = 500,
) -> int:
    """A named person takes what the newest `last` files use, beside what was accepted, as known; returns the types.

    Clears the alarm. Refuses without a reason, and a partner of whom nothing came.
    """
    if not reason.strip():
        raise Refused("reason_missing", "say why this use of the feed is right")
    usage, files = _measured(partner, profile, last=last)
    if not files:
        raise Refused("no_files", f"no file of {partner} is here yet; there is nothing to accept")
    with transaction.atomic():
        merge(usage, _accepted(partner))
        for kind, row in usage.items():
            facts: dict[str, Any] = {
                "usage": row.as_json(),
                "told": [],
                "told_at": None,
                "accepted_by": by,
                "accepted_at": at,
                "reason": reason.strip()[:300],
            }
            FeedUsage.objects.update_or_create(partner=partner, message_type=kind, defaults=facts)
        journal(
            "usage_accepted", partner.code, at=at, by=str(by), reason=reason, types=sorted(usage), files=files
        )
        clear_alarm(ALARM, _subject(partner), at=at, note=f"accepted by {by}: {reason}")
    return len(usage)


def watch_usage(delivery: Delivery, profile: Profile, *, at: datetime) -> list[Drift]:
    """Tells a person what a file does that its feed never did, each once; returns what was told now.

    Works on the bare segments, so it tells what the reading takes without a word. Nothing is told before somebody
    accepted a first usage. Never raises and never holds the file up: a defect here is logged.
    """
    try:
        return _watch(delivery, profile, at=at)
    except Exception:
        log.exception("usage of delivery %s", delivery.pk)
        return []


def _watch(delivery: Delivery, profile: Profile, *, at: datetime) -> list[Drift]:
    partner = delivery.partner
    rows = {row.message_type: row for row in FeedUsage.objects.filter(partner=partner)}
    if delivery.kind != DeliveryKind.FILE or not any(row.accepted_at for row in rows.values()):
        return []
    known = _known(rows.values())
    told = {(item["type"], item["what"], item["text"]) for row in rows.values() for item in row.told}
    usage = measure(io.BytesIO(_beginning(delivery)), at.isoformat(timespec="seconds"), profile)
    news = [item for item in drift(known, usage) if (item.type, item.what, item.text) not in told]
    if not news:
        return []
    with transaction.atomic():
        for kind in {item.type for item in news}:
            row = rows.get(kind) or FeedUsage(partner=partner, message_type=kind)
            row.told = [*row.told, *(item.as_json() for item in news if item.type == kind)]
            row.told_at = at
            # Only what this file told: a person may have accepted the use since the row was read.
            row.save(update_fields=["told", "told_at"] if row.pk else None)
        raise_alarm(partner, ALARM, _subject(partner), _sentence(delivery, news), at=at)
    return news


def _sentence(delivery: Delivery, news: list[Drift]) -> str:
    named = "; ".join(f"{item.type}: {item.text}" for item in news[:NAMED])
    more = f"; and {len(news) - NAMED} more" if len(news) > NAMED else ""
    return f"the feed of {delivery.partner} changed with {delivery.file_name}: {named}{more}"


def _subject(partner: TradingPartner) -> str:
    return f"feed of {partner.code}"


def _known(rows: Iterable[FeedUsage]) -> Usage:
    return {
        row.message_type: usage_from_json(row.message_type, row.usage)
        for row in rows
        if row.accepted_at is not None
    }


def _accepted(partner: TradingPartner) -> Usage:
    return _known(FeedUsage.objects.filter(partner=partner))


def _measured(partner: TradingPartner, profile: Profile | None, *, last: int) -> tuple[Usage, int]:
    usage: Usage = {}
    files = 0
    rows = Delivery.objects.filter(partner=partner, kind=DeliveryKind.FILE)
    rows = rows.exclude(sha256="").exclude(status=DeliveryStatus.DUPLICATE)
    newest = list(rows.order_by("-pk").values_list("pk", flat=True)[:last])
    # One file after the other: a year of raw bytes would not fit into memory.
    for pk in newest:
        delivery = Delivery.objects.get(pk=pk)
        merge(
            usage,
            measure(
                io.BytesIO(_beginning(delivery)), delivery.received_at.isoformat(timespec="seconds"), profile
            ),
        )
        files += 1
    return usage, files


def _beginning(delivery: Delivery) -> bytes:
    """The bytes to measure, ending with a whole line or segment."""
    raw = bytes(delivery.raw)
    if len(raw) <= MEASURED_BYTES:
        return raw
    cut = raw[:MEASURED_BYTES]
    end = max(cut.rfind(sign) for sign in (b"'", b"~", b"\n"))
    return cut[: end + 1] if end > 0 else cut
