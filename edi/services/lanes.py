"""A partner's lane: his deliveries are worked off in the order received, by one worker at a time.

The lane is a claim with a heartbeat on the partner's row. Every transaction that works in it renews the
claim first (the fence), so a worker that was thought dead and comes back can commit nothing.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from edi import transport
from edi.formats import ProfileError
from edi.models import Delivery, InboundEvent, InboundMessage, TradingPartner, move_row
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.booking import book_delivery, read_as
from edi.services.events import apply_event, in_oem_order, settle_message
from edi.services.intake import PROCESS_TASK
from edi.services.profiles import profile_of
from edi.services.usage import watch_usage
from edi.states import DELIVERY_MOVES, EVENT_MOVES, DeliveryStatus, EventStatus, MessageStatus
from edi.transport import worker_name
from edi.wake import wake
from inventory.errors import Refused, Unknown
from sequencer.models import SequenceStream
from sequencer.services import shared_masters

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

# A delivery that ends its reader so often is parked; an event that fails so often likewise.
DELIVERY_TRIES = 5
EVENT_TRIES = 3
RETRY_SECONDS = 15
RETRY_BATCH = 200
# A worker keeps a lane so long at a time, well below the time limit of a task.
LANE_SECONDS = 60.0
ORDER_FIELDS = ("pk", "call_number", "sequence_number")
# How fast a file is read at least; a large one buys its lane that much time.
BYTES_A_SECOND = 500_000
UNREAD = (DeliveryStatus.RECEIVED, DeliveryStatus.PARSING)


class LaneLost(Exception):
    """Another worker took the lane over; whatever was not committed is his now."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One partner's lane while it is ours."""

    partner: TradingPartner
    holder: str
    clock: Clock
    until: float = math.inf

    @property
    def spent(self) -> bool:
        """The worker's time for this lane is over; what is left goes to the next wake-up."""
        return time.monotonic() > self.until

    def renew(self, until: datetime | None = None) -> None:
        """Renews the claim; raises `LaneLost` when it is no longer ours. Locks the partner's row."""
        mine = TradingPartner.objects.filter(pk=self.partner.pk, lane_worker=self.holder)
        if not mine.update(lane_at=until or self.clock()):
            raise LaneLost(f"the lane of {self.partner} was taken over")

    def release(self) -> None:
        TradingPartner.objects.filter(pk=self.partner.pk, lane_worker=self.holder).update(lane_worker="")


def process_delivery(delivery_id: int, *, clock: Clock = timezone.now) -> None:
    """Works off the lane of a delivery's partner, this delivery too unless another worker holds it.

    Safe to call any number of times, from anywhere: it is only the occasion to look at what is due. After a
    minute it wakes another worker for the rest, so that no backlog runs into the time limit of a task.
    """
    partner_id = Delivery.objects.filter(pk=delivery_id).values_list("partner_id", flat=True).first()
    if partner_id is None:
        raise Unknown("no_delivery", f"there is no delivery {delivery_id}")
    over = time.monotonic() + LANE_SECONDS
    worked = run_lane(partner_id, clock=clock, seconds=LANE_SECONDS)
    # Files that wait for a usable profile are due for hours; waking for them would go round in a circle.
    if worked and time.monotonic() > over and has_due(partner_id):
        wake(PROCESS_TASK, delivery_id)


def run_lane(
    partner_id: int, *, clock: Clock = timezone.now, retry: bool = False, seconds: float = math.inf
) -> bool:
    """Takes the lane and does everything that is due in it; False when another worker holds it.

    With `seconds` it stops between two events when they have passed.

    `retry`: held events are tried again even when nothing new came. After release it looks again, so that a
    delivery whose wake-up found the lane taken does not wait for the sweep.
    """
    first, until = True, time.monotonic() + seconds
    while (first and retry) or has_due(partner_id):
        lane = take_lane(partner_id, clock=clock, until=until)
        if lane is None:
            return False
        try:
            with shared_masters():
                ready = _drain(lane, retry=first and retry)
        except LaneLost:
            log.warning("the lane of partner %s was taken over", partner_id)
            return False
        finally:
            lane.release()
        if not ready or lane.spent:
            return True
        first = False
    return _run_test_side(partner_id, clock=clock, seconds=until - time.monotonic())


def _run_test_side(partner_id: int, *, clock: Clock, seconds: float) -> bool:
    """What arrived marked as a test is booked for the test side and applied in a lane of its own."""
    side = TradingPartner.objects.filter(production_side=partner_id).values_list("pk", flat=True).first()
    if side is not None and has_due(side):
        run_lane(side, clock=clock, seconds=seconds)
    return True


def take_lane(partner_id: int, *, clock: Clock, until: float = math.inf) -> Lane | None:
    """Claims the lane if it is free or its holder gave no sign for ten seconds."""
    now = clock()
    holder = f"{worker_name()}:{uuid.uuid4().hex[:8]}"
    stale = now - timedelta(seconds=transport.STALE_SECONDS)
    free = Q(lane_worker="") | Q(lane_at__isnull=True) | Q(lane_at__lt=stale)
    if not TradingPartner.objects.filter(free, pk=partner_id).update(lane_worker=holder, lane_at=now):
        return None
    return Lane(TradingPartner.objects.get(pk=partner_id), holder, clock, until)


def has_due(partner_id: int) -> bool:
    """Whether a delivery waits to be read or a message has events to apply."""
    return (
        Delivery.objects.filter(partner=partner_id, status__in=UNREAD).exists()
        or _open_messages(partner_id).exists()
    )


def _open_messages(partner_id: int) -> QuerySet[InboundMessage]:
    return InboundMessage.objects.filter(interchange__partner=partner_id, status=MessageStatus.PENDING)


def _drain(lane: Lane, *, retry: bool) -> bool:
    """Applies what is booked, then one delivery after the other; False when the profile is unusable."""
    _apply_booked(lane)
    if retry:
        retry_held(lane)
    while not lane.spent and (delivery := _next_delivery(lane)) is not None:
        if not _read(lane, delivery):
            return False
        if _apply_booked(lane):
            retry_held(lane)
    return True


def _next_delivery(lane: Lane) -> Delivery | None:
    rows = Delivery.objects.select_related("partner").filter(partner=lane.partner, status__in=UNREAD)
    return rows.order_by("pk").first()


def _read(lane: Lane, delivery: Delivery) -> bool:
    """Reads one delivery (T2). A profile that cannot be used leaves it waiting and tells a person."""
    partner, at = lane.partner, lane.clock()
    subject = f"profile of {partner.code}"
    try:
        profile = profile_of(read_as(delivery, profile_of(partner)))
    except ProfileError as error:
        with transaction.atomic():
            raise_alarm(partner, "EDI_PROFILE", subject, f"files of {partner} wait: {error}", at=at)
        return False
    if _begin(lane, delivery, at=at):
        clear_alarm("EDI_PROFILE", subject, at=at)
        watch_usage(delivery, profile, at=at)
        book_delivery(delivery, profile, at=lane.clock(), fence=lane.renew)
    return True


def _begin(lane: Lane, delivery: Delivery, *, at: datetime) -> bool:
    """Moves a delivery to PARSING; one that ended its reader too often is parked instead."""
    with transaction.atomic(durable=True):
        lane.renew(until=at + timedelta(seconds=delivery.size / BYTES_A_SECOND))
        if delivery.status == DeliveryStatus.PARSING:
            # We hold the lane, so whoever was reading it is gone.
            move_row(delivery, DELIVERY_MOVES, DeliveryStatus.RECEIVED)
        attempts = delivery.attempts + 1
        move_row(
            delivery, DELIVERY_MOVES, DeliveryStatus.PARSING,
            claimed_by=lane.holder, claimed_at=at, attempts=attempts,
        )  # fmt: skip
        if attempts <= DELIVERY_TRIES:
            return True
        text = f"reading {delivery.file_name} failed {DELIVERY_TRIES} times; see the log of the workers"
        move_row(delivery, DELIVERY_MOVES, DeliveryStatus.QUARANTINED, note=text, parsed_at=at)
        raise_alarm(lane.partner, "EDI_DELIVERY", f"delivery {delivery.pk}", text, at=at)
        return False


def _apply_booked(lane: Lane) -> int:
    """Applies the pending events of every open message, oldest message first; returns how many."""
    done = 0
    span = counter_span(lane.partner)
    for message_id in list(_open_messages(lane.partner.pk).order_by("pk").values_list("pk", flat=True)):
        pending = InboundEvent.objects.filter(message=message_id, status=EventStatus.PENDING).order_by(
            "number"
        )
        for event_id in in_oem_order(list(pending.values_list(*ORDER_FIELDS)), span=span):
            if lane.spent:
                return done
            _attempt(lane, event_id)
            done += 1
        with transaction.atomic(durable=True):
            lane.renew()
            settle_message(message_id, at=lane.clock())
    return done


def counter_span(partner: TradingPartner) -> int:
    """After how many numbers the partner's counter begins anew; 0 when his streams differ."""
    programs = partner.routes.values("program")
    streams = SequenceStream.objects.filter(programs__in=programs).order_by()
    spans = {last - first + 1 for first, last in streams.values_list("first", "last")}
    return spans.pop() if len(spans) == 1 else 0


def _attempt(lane: Lane, event_id: int) -> EventStatus:
    """One event (T3). A database that does not answer is no fault of the event; a defect counts."""
    try:
        return apply_event(event_id, at=lane.clock(), fence=lane.renew)
    except (LaneLost, OperationalError, InterfaceError):
        raise
    except Exception as error:
        _count_failure(event_id, error, at=lane.clock())
        raise


def _count_failure(event_id: int, error: Exception, *, at: datetime) -> None:
    """Counts an attempt that ended in a defect; too many park the event so that those behind it move on."""
    with transaction.atomic():
        InboundEvent.objects.filter(pk=event_id).update(attempts=F("attempts") + 1, tried_at=at)
        event = InboundEvent.objects.get(pk=event_id)
        if event.attempts >= EVENT_TRIES and event.status in (EventStatus.PENDING, EventStatus.HELD):
            note = f"{type(error).__name__}: {error}"[:300]
            if event.status == EventStatus.HELD:
                move_row(event, EVENT_MOVES, EventStatus.PENDING)
            move_row(event, EVENT_MOVES, EventStatus.QUARANTINED, code="defect", note=note)


def retry_held(lane: Lane) -> int:
    """Tries held events of the lane again, those that waited longest first; returns how many are settled."""
    held = InboundEvent.objects.filter(partner=lane.partner, status=EventStatus.HELD).order_by(
        "tried_at", "pk"
    )
    ids = sorted(held.values_list("pk", flat=True)[:RETRY_BATCH])
    settled = 0
    for event_id in ids:
        settled += _attempt(lane, event_id) != EventStatus.HELD
    return settled


def sweep_lanes(*, clock: Clock = timezone.now) -> int:
    """Runs every lane in which something is due; returns how many partners had work.

    One partner's defect does not keep the others waiting: it is logged and its own lane is tried again
    next time.
    """
    stale = clock() - timedelta(seconds=RETRY_SECONDS)
    held = InboundEvent.objects.filter(partner=OuterRef("pk"), status=EventStatus.HELD, tried_at__lt=stale)
    partners = TradingPartner.objects.annotate(has_held=Exists(held)).values_list("pk", "has_held")
    due = [(pk, has_held) for pk, has_held in partners if has_held or has_due(pk)]
    failed: list[Exception] = []
    for partner_id, has_held in due:
        try:
            run_lane(partner_id, clock=clock, retry=has_held, seconds=LANE_SECONDS)
        except Exception as error:
            log.exception("lane of partner %s", partner_id)
            failed.append(error)
    if failed:
        raise failed[0]
    return len(due)


def reprocess_delivery(delivery_id: int, *, by: AbstractBaseUser, at: datetime) -> None:
    """A named person has a PARSED or QUARANTINED delivery read again, say with a corrected profile.

    Promise: what was taken already stays as it is; only messages and envelopes that were rejected are
    looked at anew. Refuses a delivery without bytes and one that is being read.
    """
    with transaction.atomic(durable=True):
        delivery = Delivery.objects.defer("raw").select_for_update(no_key=True).filter(pk=delivery_id).first()
        if delivery is None:
            raise Unknown("no_delivery", f"there is no delivery {delivery_id}")
        if delivery.settled_at is not None:
            raise Refused("decided_already", f"this file was decided before: {delivery.settled_note}")
        if not delivery.sha256:
            raise Refused("no_bytes", "the file was refused unread; there is nothing to read again")
        move_row(delivery, DELIVERY_MOVES, DeliveryStatus.RECEIVED, attempts=0)
        journal("delivery_reprocessed", delivery.file_name, at=at, by=str(by), delivery=delivery.pk)
    wake(PROCESS_TASK, delivery_id)
