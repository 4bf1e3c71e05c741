"""Deliveries that people of ours made: entered by hand, or a correction of what came.

The bytes are in the database first and go to the archive after the commit; from there on such a delivery is
read, booked and applied like any file.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser

from edi import formats
from edi.formats.envelopes import Part
from edi.formats.manual import is_manual, read_manual
from edi.models import Delivery, InboundEvent, InboundMessage, TradingPartner
from edi.services.alarms import journal
from edi.services.intake import PROCESS_TASK, settle_in_archive
from edi.states import DeliveryKind, DeliveryStatus
from edi.wake import wake
from inventory.errors import Refused

REASON_LENGTH = 200


def enter_delivery(
    partner: TradingPartner,
    name: str,
    raw: bytes,
    *,
    kind: DeliveryKind,
    by: AbstractBaseUser,
    reason: str,
    at: datetime,
    corrects: Delivery | None = None,
    message: InboundMessage | None = None,
    event: InboundEvent | None = None,
) -> Delivery:
    """Stores bytes that people made as a delivery, in the caller's transaction; `release_delivery` follows.

    Promise: it carries who made it, why, and what it corrects; a crash after the commit is made good by the
    sweep. Locks nothing: `name` must be unique to the decision it comes from.
    """
    delivery: Delivery = Delivery.objects.create(
        partner=partner,
        file_name=name,
        inode=0,
        mtime_ns=int(at.timestamp() * 1_000_000) * 1000,
        size=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        raw=raw,
        status=DeliveryStatus.RECEIVED,
        written_at=at,
        received_at=at,
        kind=kind,
        entered_by_id=by.pk,
        reason=said(reason),
        corrects=corrects,
        corrects_message=message,
        corrects_event=event,
    )
    place = f"{partner.code}/archive/{at:%Y-%m-%d}/{delivery.pk:09d}-{delivery.sha256[:12]}"
    delivery.archive_path = place
    Delivery.objects.filter(pk=delivery.pk).update(archive_path=place)
    journal(
        f"delivery_{kind.value.lower()}", name, at=at, by=str(by), reason=delivery.reason,
        partner=partner.code, delivery=delivery.pk, corrects=corrects.pk if corrects else None,
    )  # fmt: skip
    return delivery


def release_delivery(delivery: Delivery, *, at: datetime) -> None:
    """After the commit: the bytes go to the archive and a worker is woken. The sweep does both as well."""
    settle_in_archive(delivery, None, at=at)
    wake(PROCESS_TASK, delivery.pk)


def parts_of(delivery: Delivery, profile: formats.Profile) -> Iterator[Part]:
    """The parts of a delivery: what people made by our own words is read as such, all else by its format."""
    raw = bytes(delivery.raw)
    if delivery.kind != DeliveryKind.FILE and is_manual(raw):
        return read_manual(io.BytesIO(raw))
    return formats.read_stream(io.BytesIO(raw), profile)


def booked_ref(delivery: Delivery, control_ref: str | None) -> str:
    """The control number an envelope is booked under.

    The correction of one message keeps the number of the envelope it stood in, which that used up: its own
    number in the books says so ("77/k12"). A corrected file stands in place of one that used no number up.
    """
    ref = control_ref or ""
    return f"{ref[:24]}/k{delivery.pk}" if delivery.corrects_message_id else ref[:35]


def said(reason: str) -> str:
    """A person's reason as it is stored. Refuses an empty one."""
    words = " ".join(reason.split())
    if not words:
        raise Refused("reason_missing", "say in a few words why")
    return words[:REASON_LENGTH]
