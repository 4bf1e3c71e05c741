"""Calls of a quantity: taken, changed, withdrawn, and brought to the status that their pieces say."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum

from inventory.errors import Invalid, Refused, Unknown
from sequencer.models import HandlingUnit, KanbanCard, Line, QuantityCall, UnloadingPoint
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.quantity.packing import packing_for
from sequencer.states import (
    DONE_QUANTITIES,
    HOUSE_BOXES,
    QUANTITY_MOVES,
    HandlingStatus,
    QuantityStatus,
    check_move,
)

EXCESS = "QUANTITY_EXCESS"
AT_MOST = 1_000_000
CARDS_AT_MOST = 500
WIDTHS = {"customer_part": 35, "line_feed": 35, "signal": 35, "order_ref": 35, "unit_code": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityNews:
    """One line of what a customer wants: `called` pieces; `open` of them still to ship where his count says so.

    With `cards` it is a kanban call: a full box for each card, and `called` may be left out.
    """

    unloading_point_id: int
    part_id: int
    customer_part: str
    due_at: datetime
    called: int = 0
    open: int | None = None
    line_feed: str = ""
    signal: str = ""
    order_ref: str = ""
    unit_code: str = ""
    cards: tuple[str, ...] = ()

    @property
    def key(self) -> dict[str, object]:
        """What makes two lines the same call."""
        return {
            "unloading_point_id": self.unloading_point_id, "customer_part": self.customer_part,
            "line_feed": self.line_feed, "signal": self.signal, "due_at": self.due_at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """Pieces of a call: in boxes in the house, of those in open boxes also the room that is promised, and shipped."""

    house: int
    promised: int
    shipped: int

    @property
    def done(self) -> int:
        return self.house + self.shipped


def progress_of(call: QuantityCall) -> Progress:
    """How far a call is, from its boxes. One query."""
    boxes = list(
        call.boxes.exclude(status=HandlingStatus.CANCELLED).values_list("status", "pieces", "capacity")
    )
    house = sum(pieces for status, pieces, _ in boxes if status in HOUSE_BOXES)
    waiting = sum(room - pieces for status, pieces, room in boxes if status == HandlingStatus.OPEN)
    return Progress(house, waiting, sum(p for status, p, _ in boxes if status == HandlingStatus.SHIPPED))


def call_quantity(
    news: QuantityNews, *, source: str, by: str, reason: str = "", at: datetime
) -> tuple[QuantityCall, bool]:
    """Takes a call from another system or a person; says whether it is new.

    Promise: the same call again changes nothing and is answered as the one that stands. Refuses `call_differs` when it
    stands with another quantity (change that one), `card_called` for a card that is out already, `no_packing` for a
    kanban call of a part without packing instruction, `bad_quantity`, `value_too_long`; by hand also without a
    reason. Locks the call.
    """
    if source == QuantityCall.Source.HAND and not reason.strip():
        raise Refused("reason_missing", "say why it is called by hand")
    news = checked(news)
    with transaction.atomic(durable=True):
        known = _locked(news)
        if known is not None and known.status != QuantityStatus.CANCELLED:
            if known.called != news.called:
                raise Refused(
                    "call_differs",
                    f"{known.number} stands with {known.called} pieces, not {news.called}; change that call",
                    number=known.number,
                )
            _take_cards(known, news.cards, at=at)
            return known, False
        call = _take(known, news, source=source, feed="", by=by, reason=reason, at=at)
        return call, True


def change_call(call_id: int, called: int, *, by: str, reason: str, at: datetime) -> QuantityCall:
    """Another quantity for a call that another system or a person made. Nothing that is packed is lost by it.

    Refuses without a reason, a call of a delivery schedule (the customer changes it), a kanban call (its cards are
    its quantity) and one that is done. Fewer than are packed already becomes a task. Locks the call.
    """
    with transaction.atomic(durable=True):
        call = _own_call(call_id, reason)
        if call.cards.exists():
            raise Refused(
                "has_cards",
                f"the quantity of {call.number} is that of its cards; withdraw cards or call more",
            )
        _amount(called)
        _set(call, called, max(called, progress_of(call).shipped), by=by, reason=reason, at=at)
    return call


def withdraw_call(call_id: int, *, by: str, reason: str, at: datetime) -> QuantityCall:
    """Nothing more is wanted under a call; what has left stays shipped, what is packed becomes a task. Locks it.

    Refuses without a reason, a call of a delivery schedule, and one that is done.
    """
    with transaction.atomic(durable=True):
        call = _own_call(call_id, reason)
        _withdraw(call, by=by, reason=reason, at=at)
    return call


def _own_call(call_id: int, reason: str) -> QuantityCall:
    if not reason.strip():
        raise Refused("reason_missing", "say why the call changes")
    call = lock_call(call_id)
    if call.source == QuantityCall.Source.RELEASE:
        raise Refused(
            "from_release",
            f"{call.number} comes from a delivery schedule of {call.feed}; the customer changes it",
        )
    if call.status in DONE_QUANTITIES:
        raise Refused("call_done", f"{call.number} is {call.status.lower()}; make a new call")
    return call


def follow_schedule(
    feed: str, customer_part: str, point_ids: Iterable[int], wanted: Sequence[QuantityNews], *, at: datetime
) -> list[str]:
    """Makes the open calls of a feed's part what his newest schedules say; returns sentences of what changed.

    Promise: said again it changes nothing; a call a person or another system entered for the same part, place and time
    becomes this one instead of a second; what the schedule names no more is withdrawn as far as it has not left, a
    card as far as no box is begun for it. Runs in the caller's transaction; locks the calls by key.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("follow_schedule needs the caller's transaction")
    by, told, points = f"schedule of {feed}", [], list(point_ids)
    kept = set()
    wanted = [checked(news) for news in wanted]
    # All of them by key before the first is changed: a truck that departs locks its calls so, too.
    mine = Q(due_at__in=[news.due_at for news in wanted]) | ~Q(status__in=sorted(DONE_QUANTITIES))
    rows = QuantityCall.objects.filter(mine, customer_part=customer_part, unloading_point__in=points)
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    _free_moved(KanbanCard.objects.filter(call__in=rows, call__feed=feed), wanted, at=at)
    for news in wanted:
        call = _locked(news) or _adopted(news)
        before = (call.called, call.quantity, call.status) if call is not None else None
        if call is None or call.status == QuantityStatus.CANCELLED:
            if news.open == 0:
                # All of it is on the road under an earlier call: nothing is left to deliver.
                kept.update([call.pk] if call is not None else [])
                continue
            call = _take(call, news, source=QuantityCall.Source.RELEASE, feed=feed, by=by, reason="", at=at)
        else:
            if news.cards:
                unnamed = _not_begun(call.cards.all()).exclude(number__in=news.cards)
                unnamed.update(withdrawn_at=at)
                _take_cards(call, news.cards, at=at)
            quantity = _in_all(call, news)
            names = {"source": QuantityCall.Source.RELEASE, "feed": feed, "signal": news.signal,
                     "order_ref": news.order_ref or call.order_ref}  # fmt: skip
            QuantityCall.objects.filter(pk=call.pk).update(**names)
            if (news.called, quantity) != (call.called, call.quantity):
                _set(call, news.called, quantity, by=by, reason="", at=at)
        kept.add(call.pk)
        if before != (call.called, call.quantity, call.status):
            told.append(f"{call.number}: {call.quantity} x {call.customer_part} {call.status.lower()}")
    gone = (
        QuantityCall.objects.select_for_update(no_key=True)
        .filter(feed=feed, customer_part=customer_part, unloading_point__in=points)
        .exclude(pk__in=kept)
        .exclude(status__in=sorted(DONE_QUANTITIES))
    )
    for call in gone.order_by("pk"):
        _withdraw(call, by=by, reason="the schedule names it no more", at=at)
        told.append(f"{call.number}: withdrawn")
    return told


# --- the row -------------------------------------------------------------------------------------------------


def lock_call(call_id: int) -> QuantityCall:
    call = (
        QuantityCall.objects.select_for_update(no_key=True, of=("self",))
        .select_related("unloading_point__plant", "part")
        .filter(pk=call_id)
        .first()
    )
    if call is None:
        raise Unknown("no_call", f"there is no quantity call {call_id}")
    return call


def checked(news: QuantityNews) -> QuantityNews:
    """The line with its cards in order and its quantity known. Refuses what no call can be."""
    for name, width in WIDTHS.items():
        if len(getattr(news, name)) > width:
            raise Invalid(
                "value_too_long", f"{name} is longer than {width} characters: {getattr(news, name)!r}"
            )
    if not news.customer_part:
        raise Invalid("no_part", "name the part")
    if not news.cards:
        _amount(news.called)
        return news
    cards = tuple(dict.fromkeys(card.strip() for card in news.cards))
    if len(cards) != len(news.cards) or not all(cards) or max(map(len, cards)) > 35:
        raise Invalid("bad_card", "each card once, 1 to 35 characters")
    if len(cards) > CARDS_AT_MOST:
        raise Invalid("bad_card", f"{len(cards)} cards; at most {CARDS_AT_MOST} in one call")
    packing = packing_for(news.part_id, news.unloading_point_id)
    if packing is None:
        raise Refused(
            "no_packing", f"{news.customer_part} has no packing instruction; a card is one full box of it"
        )
    total = packing.pieces * len(cards)
    if news.called not in {0, total}:
        raise Invalid(
            "bad_quantity", f"{len(cards)} cards of {packing.pieces} are {total} pieces, not {news.called}"
        )
    _amount(total)
    return replace(news, cards=cards, called=total)


def _amount(called: int) -> None:
    if not 1 <= called <= AT_MOST:
        raise Invalid("bad_quantity", f"{called} pieces cannot be called; 1 to {AT_MOST}")


def _locked(news: QuantityNews) -> QuantityCall | None:
    rows = QuantityCall.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("unloading_point__plant", "part").filter(**news.key).first()


def _adopted(news: QuantityNews) -> QuantityCall | None:
    """A call that was entered without signal before its schedule came: it is that one."""
    rows = QuantityCall.objects.select_for_update(no_key=True, of=("self",)).filter(
        **{**news.key, "signal": ""}, source__in=[QuantityCall.Source.HAND, QuantityCall.Source.API], feed=""
    )
    return (
        rows.exclude(status__in=sorted(DONE_QUANTITIES))
        .select_related("unloading_point__plant", "part")
        .first()
    )


def _take(
    known: QuantityCall | None,
    news: QuantityNews,
    *,
    source: str,
    feed: str,
    by: str,
    reason: str,
    at: datetime,
) -> QuantityCall:
    """A new call, or one that was cancelled and is wanted again."""
    if known is not None:
        quantity = _in_all(known, news)
        QuantityCall.objects.filter(pk=known.pk).update(source=source, feed=feed)
        known.source, known.feed = source, feed
        _set(known, news.called, quantity, by=by, reason=reason, at=at)
        _take_cards(known, news.cards, at=at)
        return known
    quantity = news.called if news.open is None else news.open
    try:
        with transaction.atomic():
            call: QuantityCall = QuantityCall.objects.create(
                **news.key, number=f"new-{uuid.uuid4().hex[:20]}", part_id=news.part_id, called=news.called,
                quantity=quantity, unit_code=news.unit_code, order_ref=news.order_ref, source=source, feed=feed,
                created_at=at, created_by=by[:60], changed_at=at, changed_by=by[:60], reason=reason[:200],
            )  # fmt: skip
    except IntegrityError:
        # Another system said the same in this moment: what it wrote stands.
        raise Refused(
            "call_busy", f"{news.customer_part} is being called for that time now; look again"
        ) from None
    call.number = f"Q-{call.pk:05d}"
    call.save(update_fields=["number"])
    _take_cards(call, news.cards, at=at)
    tell(call, "quantity_called", at=at, by=by, reason=reason, pieces=call.quantity)
    return call


def _in_all(call: QuantityCall, news: QuantityNews) -> int:
    """What a standing call delivers in all: what left under it, and what the line still wants.

    A card whose box has left is not wanted once more by the same call.
    """
    shipped = progress_of(call).shipped
    if news.cards:
        gone = call.cards.filter(box__status=HandlingStatus.SHIPPED, number__in=news.cards).count()
        return shipped + (len(news.cards) - gone) * (news.called // len(news.cards))
    return max(news.called, shipped) if news.open is None else shipped + news.open


def _not_begun(cards: QuerySet[KanbanCard]) -> QuerySet[KanbanCard]:
    """Those of the cards that are open and have no box."""
    begun = KanbanCard.objects.filter(box__isnull=False).values("pk")
    return cards.exclude(pk__in=begun).filter(closed_at__isnull=True, withdrawn_at__isnull=True)


def _free_moved(cards: QuerySet[KanbanCard], wanted: Sequence[QuantityNews], *, at: datetime) -> None:
    """Withdraws the cards that the schedule names under another call now, so that this one can have them."""
    owners = {number: news for news in wanted for number in news.cards}
    for card in _not_begun(cards.filter(number__in=owners)).select_related("call"):
        key = owners[card.number].key
        if any(getattr(card.call, name) != value for name, value in key.items()):
            KanbanCard.objects.filter(pk=card.pk).update(withdrawn_at=at)


def _take_cards(call: QuantityCall, cards: Sequence[str], *, at: datetime) -> None:
    known = {card.number: card for card in call.cards.all()}
    for number in cards:
        card = known.get(number)
        if card is not None and card.withdrawn_at is None:
            continue
        try:
            with transaction.atomic():
                if card is None:
                    KanbanCard.objects.create(call=call, number=number)
                else:
                    KanbanCard.objects.filter(pk=card.pk).update(withdrawn_at=None)
        except IntegrityError:
            out = KanbanCard.objects.select_related("call").get(
                number=number, closed_at__isnull=True, withdrawn_at__isnull=True
            )
            raise Refused(
                "card_called",
                f"card {number} is called with {out.call.number} and its box is not packed yet",
                card=number,
            ) from None


def _set(call: QuantityCall, called: int, quantity: int, *, by: str, reason: str, at: datetime) -> None:
    fields = {"called": called, "quantity": quantity, "revision": call.revision + 1, "changed_at": at,
              "changed_by": by[:60], "reason": reason[:200]}  # fmt: skip
    was = call.quantity
    QuantityCall.objects.filter(pk=call.pk).update(**fields)
    for name, value in fields.items():
        setattr(call, name, value)
    tell(call, "quantity_changed", at=at, by=by, reason=reason, was=was, pieces=quantity)
    settle_call(call, at=at)


def _withdraw(call: QuantityCall, *, by: str, reason: str, at: datetime) -> None:
    _not_begun(call.cards.all()).update(withdrawn_at=at)
    _set(call, call.called, progress_of(call).shipped, by=by, reason=reason, at=at)


def settle_call(call: QuantityCall, *, at: datetime) -> None:
    """Brings a locked call to the status its boxes say; more packed than wanted is a task until boxes are emptied."""
    progress = progress_of(call)
    status = _status(call, progress)
    if status != call.status:
        check_move(QUANTITY_MOVES, call.status, status, f"quantity call {call.number}")
        QuantityCall.objects.filter(pk=call.pk).update(status=status)
        call.status = status
        tell(call, f"quantity_{status.lower()}", at=at)
    extra = progress.done - call.quantity
    if extra > 0:
        line = line_of(call.unloading_point)
        wants = f"{call.number} wants {call.quantity} x {call.customer_part}"
        text = f"{wants}; {progress.done} are packed: empty boxes of {extra}"
        if line is not None:
            open_task(line, EXCESS, call.number, text, at=at, due_at=call.due_at)
    else:
        close_tasks(EXCESS, call.number, at=at, note="packed is what is wanted")


def _status(call: QuantityCall, progress: Progress) -> QuantityStatus:
    if call.quantity == 0:
        return QuantityStatus.CANCELLED
    if progress.shipped >= call.quantity:
        after = {QuantityStatus.CONFIRMED, QuantityStatus.CLOSED}
        return QuantityStatus(call.status) if call.status in after else QuantityStatus.SHIPPED
    if progress.done >= call.quantity:
        return QuantityStatus.PACKED
    return QuantityStatus.IN_WORK if progress.done else QuantityStatus.RELEASED


def tell(
    call: QuantityCall, kind: str, *, at: datetime, by: str = "", reason: str = "", **facts: object
) -> None:
    record_event(
        f"dock:{call.unloading_point_id}", kind, call.number, at=at, by=by, reason=reason,
        part=call.customer_part, **facts,
    )  # fmt: skip


def line_of(point: UnloadingPoint) -> Line | None:
    """On whose board a task about an unloading point stands."""
    lines = Line.objects.filter(programs__unloading_point=point).order_by("pk")
    return lines.first() or Line.objects.filter(plant=point.plant_id).order_by("pk").first()


def settle_deliveries(shipment_id: int, *, billed: bool, at: datetime) -> None:
    """What left with a truck is confirmed, and billed alike: its calls follow once nothing of them is under way."""
    for call in calls_on(shipment_id):
        shipments = call.boxes.filter(status=HandlingStatus.SHIPPED).values("shipment")
        waiting = HandlingUnit.objects.none()
        if call.status == QuantityStatus.SHIPPED:
            waiting = call.boxes.filter(shipment__in=shipments).exclude(shipment__status="CONFIRMED")
        if call.status == QuantityStatus.SHIPPED and not waiting.exists():
            move_call(call, QuantityStatus.CONFIRMED, at=at)
        if call.status == QuantityStatus.CONFIRMED and billed:
            move_call(call, QuantityStatus.CLOSED, at=at)


def calls_on(shipment_id: int) -> list[QuantityCall]:
    """The calls of a truck's boxes, locked."""
    ids = HandlingUnit.objects.filter(shipment=shipment_id).values("call")
    rows = QuantityCall.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids)
    return list(rows.select_related("unloading_point__plant", "part").order_by("pk"))


def move_call(call: QuantityCall, to: QuantityStatus, *, at: datetime) -> None:
    check_move(QUANTITY_MOVES, call.status, to, f"quantity call {call.number}")
    QuantityCall.objects.filter(pk=call.pk).update(status=to)
    call.status = to
    tell(call, f"quantity_{to.lower()}", at=at)


def shipped_pieces(customer_part: str, shipments: QuerySet[Any, Any]) -> int:
    """Pieces of a part that left in boxes on these trucks, for the cumulative count."""
    rows = HandlingUnit.objects.filter(
        status=HandlingStatus.SHIPPED, call__customer_part=customer_part, shipment__in=shipments
    )
    return int(rows.aggregate(total=Sum("pieces"))["total"] or 0)
