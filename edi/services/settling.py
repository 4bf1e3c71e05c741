"""What a named person decides about what stands still: released, or given up for good, one by one or many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from edi.models import Delivery, InboundMessage
from edi.services.alarms import clear_alarm, journal
from edi.services.entered import said
from edi.services.events import discard_event, reprocess_event
from edi.states import DeliveryStatus, MessageStatus
from inventory.errors import Refused, Unknown

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one of many: its key, the state it is in now, and the sentence of a refusal."""

    key: str
    status: str = ""
    refusal: str = ""


def discard_delivery(delivery_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> None:
    """A named person gives up a quarantined file and says why. Its bytes and its book entry stay.

    Refuses a file that is not quarantined, one that is decided already, and an empty reason. Locks the file.
    """
    note = said(reason)
    with transaction.atomic(durable=True):
        delivery = quarantined_delivery(delivery_id)
        settle_delivery(delivery, by=by, note=note, at=at)
        journal(
            "delivery_discarded", delivery.file_name, at=at, by=str(by), reason=note, delivery=delivery.pk
        )


def discard_message(message_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> None:
    """A named person gives up a message that could not be read. Refuses like `discard_delivery`."""
    note = said(reason)
    with transaction.atomic(durable=True):
        message = rejected_message(message_id)
        settle_message_row(message, by=by, note=note, at=at)
        journal("message_discarded", str(message), at=at, by=str(by), reason=note, message=message.pk)


def quarantined_delivery(delivery_id: int) -> Delivery:
    """A file that waits for a decision, locked. Refuses every other one."""
    found: Delivery | None = (
        Delivery.objects.select_for_update(of=("self",), no_key=True)
        .select_related("partner", "settled_by")
        .filter(pk=delivery_id)
        .first()
    )
    if found is None:
        raise Unknown("unknown_delivery", f"there is no delivery {delivery_id}")
    if found.status != DeliveryStatus.QUARANTINED:
        raise Refused(
            "not_quarantined", f"the file is {found.status.lower()}; only one in quarantine is decided"
        )
    _refuse_settled(found)
    return found


def rejected_message(message_id: int) -> InboundMessage:
    """A message that waits for a decision, its file locked. Refuses every other one."""
    found: InboundMessage | None = (
        InboundMessage.objects.select_related("interchange__delivery__partner", "settled_by")
        .defer("interchange__delivery__raw")
        .filter(pk=message_id)
        .first()
    )
    if found is None:
        raise Unknown("unknown_message", f"there is no message {message_id}")
    Delivery.objects.select_for_update(no_key=True).values_list("pk").get(pk=found.interchange.delivery_id)
    found.refresh_from_db(fields=["status", "settled_at", "settled_by", "settled_note"])
    if found.status != MessageStatus.REJECTED:
        raise Refused(
            "not_rejected", f"the message is {found.status.lower()}; only a rejected one is decided"
        )
    _refuse_settled(found)
    return found


def _refuse_settled(row: Delivery | InboundMessage) -> None:
    if row.settled_at is not None:
        raise Refused("decided_already", f"{row.settled_by} decided this before: {row.settled_note}")


def settle_delivery(delivery: Delivery, *, by: AbstractBaseUser, note: str, at: datetime) -> None:
    """Writes the decision about a file and takes its task off the boards; in the caller's transaction."""
    Delivery.objects.filter(pk=delivery.pk).update(settled_at=at, settled_by=by, settled_note=note[:200])
    clear_alarm("EDI_DELIVERY", f"delivery {delivery.pk}", at=at, note=note)


def settle_message_row(message: InboundMessage, *, by: AbstractBaseUser, note: str, at: datetime) -> None:
    """The same for a message; the file's task goes with the last of its messages."""
    rows = InboundMessage.objects.filter(pk=message.pk)
    rows.update(settled_at=at, settled_by=by, settled_note=note[:200])
    delivery = message.interchange.delivery_id
    open_ones = InboundMessage.objects.filter(
        interchange__delivery=delivery, status=MessageStatus.REJECTED, settled_at__isnull=True
    )
    quarantined = Delivery.objects.filter(
        pk=delivery, status=DeliveryStatus.QUARANTINED, settled_at__isnull=True
    )
    if not open_ones.exists() and not quarantined.exists():
        clear_alarm("EDI_DELIVERY", f"delivery {delivery}", at=at, note=note)


# many at once


def release_many(keys: Iterable[str], *, by: AbstractBaseUser, at: datetime) -> list[Decided]:
    """Has chosen events tried again, each in a transaction of its own, oldest first; `keys` read "event:17".

    Promise: a refusal of one keeps none of the others from being released.
    """
    return [_release(key, by=by, at=at) for key in _sorted(keys)]


def _release(key: str, *, by: AbstractBaseUser, at: datetime) -> Decided:
    kind, number = _parts(key)
    if kind != "event":
        return Decided(key, refusal="a file or message that could not be read is corrected, not released")
    try:
        return Decided(key, status=str(reprocess_event(number, by=by, at=at)))
    except Refused as refusal:
        return Decided(key, refusal=refusal.message)


def discard_many(keys: Iterable[str], *, by: AbstractBaseUser, reason: str, at: datetime) -> list[Decided]:
    """Gives up chosen events, messages ("message:3") and files ("delivery:9") for one reason."""
    note = said(reason)
    return [_discard(key, by=by, reason=note, at=at) for key in _sorted(keys)]


def _discard(key: str, *, by: AbstractBaseUser, reason: str, at: datetime) -> Decided:
    kind, number = _parts(key)
    verbs = {"event": discard_event, "message": discard_message, "delivery": discard_delivery}
    try:
        verbs[kind](number, by=by, reason=reason, at=at)
    except Refused as refusal:
        return Decided(key, refusal=refusal.message)
    return Decided(key, status="DISCARDED")


def _sorted(keys: Iterable[str]) -> list[str]:
    chosen = sorted(set(keys), key=_parts)
    if not chosen:
        raise Refused("nothing_chosen", "choose at least one line of the list")
    if len(chosen) > MOST_AT_ONCE:
        raise Refused("too_many_chosen", f"at most {MOST_AT_ONCE} at once; {len(chosen)} were chosen")
    return chosen


def _parts(key: str) -> tuple[str, int]:
    kind, _, number = key.partition(":")
    if kind not in ("event", "message", "delivery") or not number.isdecimal():
        raise Refused("bad_choice", f"{key!r} is no line of this list")
    return kind, int(number)
