"""Closed days stay closed: a row altered, added or missing afterwards names its day and class."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from edi.models import Delivery, InboundEvent, InboundMessage, LedgerClosing, OutboundMessage
from edi.services import close_books, reprocess_event, verify_closings
from edi.services.closing import day_bounds
from edi.transport import partner_folders
from inventory.errors import Refused
from tests.edi.files import Call, Sender
from tests.factories import Plant

TODAY = timezone.localdate


def shift_rows(days: int) -> None:
    """Moves everything stored into the past."""
    back = timedelta(days=days)
    for delivery in Delivery.objects.all():
        Delivery.objects.filter(pk=delivery.pk).update(received_at=delivery.received_at - back)
    for event in InboundEvent.objects.all():
        InboundEvent.objects.filter(pk=event.pk).update(booked_at=event.booked_at - back)
    for message in OutboundMessage.objects.all():
        OutboundMessage.objects.filter(pk=message.pk).update(created_at=message.created_at - back)


@pytest.fixture
def three_days(sender: Sender) -> list[datetime]:
    """Three days with a file each, all over."""
    moments = []
    for number in (1, 2, 3):
        sender.send(Call(number))
        shift_rows(1)
    moments = [row.received_at for row in Delivery.objects.order_by("pk")]
    assert len({timezone.localdate(moment) for moment in moments}) == 3
    return moments


def ledger(*words: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("edi_ledger", *words, stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_each_day_is_closed_once_in_a_chain(three_days: list[datetime]) -> None:
    closed = close_books(at=timezone.now())
    assert [c.day for c in closed] == [timezone.localdate(moment) for moment in three_days]
    assert all(c.balanced for c in closed), [c.faults for c in closed]
    assert [c.previous for c in closed] == ["", closed[0].chain, closed[1].chain]
    assert close_books(at=timezone.now()) == []
    assert LedgerClosing.objects.count() == 3
    assert verify_closings() is None


def test_what_a_closing_counts(three_days: list[datetime]) -> None:
    counts = close_books(at=timezone.now())[0].counts
    assert (counts["files"]["received"], counts["files"]["parsed"], counts["files"]["archived"]) == (1, 1, 1)
    assert (counts["events"]["received"], counts["events"]["applied"]) == (1, 1)
    assert sum(counts["outbound"].values()) == OutboundMessage.objects.count() / 3


def test_a_quiet_day_between_is_closed_too(sender: Sender) -> None:
    sender.send(Call(1))
    shift_rows(3)
    closed = close_books(at=timezone.now())
    assert [c.counts["files"]["received"] for c in closed] == [1, 0, 0]


def alter_bytes() -> None:
    Delivery.objects.filter(pk=Delivery.objects.order_by("pk")[1].pk).update(raw=b"other")


def rename_a_file() -> None:
    Delivery.objects.filter(pk=Delivery.objects.order_by("pk")[1].pk).update(file_name="other.edi")


def lose_an_event() -> None:
    InboundEvent.objects.order_by("pk")[1].delete()


def alter_a_call() -> None:
    event = InboundEvent.objects.order_by("pk")[1]
    InboundEvent.objects.filter(pk=event.pk).update(content=event.content | {"sequence_number": "0009"})


def add_an_event() -> None:
    event = InboundEvent.objects.order_by("pk")[1]
    event.pk, event.number = None, 2
    event.save()


def alter_what_was_sent() -> None:
    OutboundMessage.objects.filter(pk=OutboundMessage.objects.order_by("pk")[1].pk).update(content=b"other")


def alter_the_counts() -> None:
    second = LedgerClosing.objects.order_by("day")[1]
    LedgerClosing.objects.filter(pk=second.pk).update(counts={})


def lose_a_closing() -> None:
    LedgerClosing.objects.order_by("day")[1].delete()


def lose_the_last_closing() -> None:
    LedgerClosing.objects.order_by("-day")[0].delete()


def close_the_last_again() -> None:
    """The altered day is closed anew as if nothing had been: only the journal knows better."""
    OutboundMessage.objects.filter(pk=OutboundMessage.objects.order_by("pk")[2].pk).update(content=b"other")
    from edi.services.closing import digests, link

    last = LedgerClosing.objects.order_by("-day")[0]
    last.digests = digests(last.day)
    last.chain = link(last)
    last.save()


def cover_the_tracks() -> None:
    """Closes the altered day again with a hash that fits; day after and journal do not."""
    alter_bytes()
    from edi.services.closing import digests, link

    second = LedgerClosing.objects.order_by("day")[1]
    second.digests = digests(second.day)
    second.chain = link(second)
    second.save()


@pytest.mark.parametrize(
    ("tamper", "place", "row_class"),
    [
        (alter_bytes, 1, "deliveries"),
        (rename_a_file, 1, "deliveries"),
        (lose_an_event, 1, "events"),
        (alter_a_call, 1, "events"),
        (add_an_event, 1, "events"),
        (alter_what_was_sent, 1, "outbound"),
        (alter_the_counts, 1, "closing"),
        (lose_a_closing, 1, "closing"),
        (cover_the_tracks, 1, "closing"),
        (lose_the_last_closing, 2, "closing"),
        (close_the_last_again, 2, "closing"),
    ],
)
def test_the_first_day_and_class_that_differ_are_named(
    three_days: list[datetime], tamper: Callable[[], None], place: int, row_class: str
) -> None:
    close_books(at=timezone.now())
    tamper()
    found = verify_closings()
    assert found is not None
    assert (found.day, found.row_class) == (timezone.localdate(three_days[place]), row_class)
    status, _, told = ledger("--verify")
    assert status == 1
    assert told.startswith(f"{found.day} {row_class}: ")


def test_what_becomes_of_a_call_later_is_no_difference(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    sender.send(Call(2, part="C-A", event="CHANGE"), Call(900))
    shift_rows(1)
    (closing,) = close_books(at=timezone.now())
    assert closing.counts["events"]["held"] == 1
    reprocess_event(InboundEvent.objects.get(status="HELD").pk, by=plant.supervisor, at=timezone.now())
    OutboundMessage.objects.update(status="SENT", sent_at=timezone.now())
    assert verify_closings() is None


def test_a_day_that_does_not_balance_is_closed_and_says_so(sender: Sender) -> None:
    sender.send(Call(1))
    archived = partner_folders("OEM-D").root.parent / Delivery.objects.get().archive_path
    archived.unlink()
    shift_rows(1)
    (closing,) = close_books(at=timezone.now())
    assert not closing.balanced
    assert "not in the archive" in closing.faults[0]
    assert verify_closings() is None


@pytest.mark.parametrize(("hours", "closed"), [(0.1, 0), (0.3, 0), (5.9, 0), (6.1, 1)])
def test_a_file_still_being_read_keeps_its_day_open_for_a_while(
    sender: Sender, hours: float, closed: int
) -> None:
    sender.send(Call(1))
    shift_rows(1)
    Delivery.objects.update(status="PARSING", claimed_at=Delivery.objects.get().received_at)
    midnight = day_bounds(timezone.localdate(Delivery.objects.get().received_at))[1]
    done = close_books(at=midnight + timedelta(hours=hours))
    assert len(done) == closed
    assert all(not c.balanced for c in done)


@pytest.mark.parametrize(("minutes", "closed"), [(1, 0), (14, 0), (16, 1)])
def test_a_day_is_closed_a_while_after_midnight(sender: Sender, minutes: int, closed: int) -> None:
    sender.send(Call(1))
    shift_rows(1)
    midnight = day_bounds(timezone.localdate(Delivery.objects.get().received_at))[1]
    assert len(close_books(at=midnight + timedelta(minutes=minutes))) == closed


def test_a_day_that_is_not_over_is_refused(sender: Sender) -> None:
    sender.send(Call(1))
    with pytest.raises(Refused, match="is not over"):
        close_books(at=timezone.now(), until=TODAY())


def test_a_plant_without_any_file_has_no_day_to_close(db: None) -> None:
    assert close_books(at=timezone.now()) == []


# the command


def test_the_command_closes_and_verifies(three_days: list[datetime]) -> None:
    status, out, _ = ledger("--close", f"{timezone.localdate(three_days[0])}")
    assert (status, LedgerClosing.objects.count()) == (0, 1)
    status, out, _ = ledger("--close", "--verify")
    assert status == 0
    assert LedgerClosing.objects.count() == 3
    assert "every closed day is what it was" in out
    assert "no day to close" in ledger("--close")[1]


@pytest.mark.parametrize("word", ["yesterday", "2026-13-01", "2999-01-01"])
def test_the_command_refuses_a_day_it_cannot_close(db: None, word: str) -> None:
    with pytest.raises(CommandError):
        call_command("edi_ledger", "--close", word)


def test_the_json_keeps_its_keys(sender: Sender) -> None:
    sender.send(Call(1))
    status, out, _ = ledger("--json")
    told = json.loads(out)
    assert status == 0
    assert set(told) == {"files", "events", "balanced"}
    assert set(told["files"]) == {"received", "archived", "duplicate", "quarantined", "waiting"}
    assert set(told["events"]) == {"received", "applied", "duplicate", "held", "quarantined", "discarded"}


def test_a_lost_event_unbalances_the_books(sender: Sender) -> None:
    sender.send(Call(1), Call(2))
    InboundEvent.objects.first().delete()
    assert InboundMessage.objects.get().call_off_count == 2
    status, out, told = ledger("--json")
    assert (status, json.loads(out)["balanced"]) == (1, False)
    assert "2 were read, 1 are booked" in told
