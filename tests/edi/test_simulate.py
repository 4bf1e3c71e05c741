"""A file tried before it is applied: what it would change, and that nothing stays of the trial."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from edi.models import TradingPartner
from edi.services import simulate, simulate_delivery
from inventory.errors import Refused
from sequencer.models import SequencingProgram
from tests.edi.files import Call, Sender, deljit, interchange
from tests.edi.test_releases import delfor
from tests.factories import START, Plant


def everything() -> dict[str, list[str]]:
    """Every row of every table."""

    def plain(row: tuple[Any, ...]) -> str:
        return repr([bytes(value) if isinstance(value, memoryview) else value for value in row])

    return {
        model._meta.label: sorted(plain(row) for row in model._default_manager.values_list())
        for model in apps.get_models()
    }


def numbers() -> dict[str, Any]:
    """The numbers a database gives to rows by itself; SQLite takes them back with the transaction."""
    if connection.vendor != "sqlite":
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name")
        return dict(cursor.fetchall())


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Wake-ups that would have gone out."""
    told: list[str] = []
    monkeypatch.setattr("edi.wake.wake", lambda task, row_id: told.append(task))
    monkeypatch.setattr("edi.services.intake.wake", lambda task, row_id: told.append(task))
    return told


def rows(found: Any) -> list[tuple[Any, ...]]:
    return [
        (row.kind, row.subject, row.field, row.now, row.then, row.outcome, row.code) for row in found.rows
    ]


def test_nothing_stays_of_a_trial(sender: Sender, plant: Plant, silent: list[str], spool: Path) -> None:
    sender.send(Call(1), Call(2))
    plant.start_rack()
    plant.pack("A", 1)
    silent.clear()
    before, given, files = everything(), numbers(), sorted(spool.rglob("*"))
    raw = deljit([Call(1, "CHANGE", part="C-B"), Call(5), Call(2, "CANCEL"), Call(9, "CANCEL")], 2)
    found = simulate_delivery(raw, sender.partner, at=START)
    assert len(found.rows) > 4
    assert everything() == before
    assert numbers() == given
    assert sorted(spool.rglob("*")) == files
    assert silent == []


def test_the_same_file_then_does_what_was_shown(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    raw = deljit([Call(1, "CHANGE", part="C-B"), Call(4, "CANCEL")], 2)
    found = simulate_delivery(raw, sender.partner, at=START)
    assert found.counts == {"APPLIED": 1, "HELD": 1}
    assert not found.clean
    sender.send_raw(raw)
    assert sender.statuses()[1:] == [("V0001", "APPLIED", ""), ("V0004", "HELD", "unknown_call")]


def test_what_would_change_stands_beside_what_is(sender: Sender) -> None:
    sender.send(Call(1))
    found = simulate_delivery(deljit([Call(1, "CHANGE", part="C-B")], 2), sender.partner, at=START)
    assert rows(found) == [("call", "V0001", "parts DOOR", ["1 x C-A"], ["1 x C-B"], "APPLIED", "")]
    assert found.clean


def test_a_gap_and_a_task_are_foretold(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    plant.start_rack()
    plant.pack("A", 1)
    found = simulate_delivery(deljit([Call(1, "CHANGE", part="C-B"), Call(4)], 2), sender.partner, at=START)
    assert [(row.kind, row.subject) for row in found.rows if row.kind == "gap"] == [
        ("gap", "0002"),
        ("gap", "0003"),
    ]
    assert [row.field for row in found.rows if row.kind == "task"] == ["LATE_CHANGE"]


def test_events_that_would_be_freed_are_shown(sender: Sender) -> None:
    sender.send(Call(1))
    sender.send(Call(2, "CANCEL"))
    found = simulate_delivery(deljit([Call(2)], 3), sender.partner, at=START)
    assert ("call", "V0002", "stage", "FIRM", "CANCELLED", "APPLIED", "") in rows(found)


def test_a_repeat_a_conflict_and_rubbish_are_told(sender: Sender) -> None:
    raw = deljit([Call(1)], 7)
    sender.send_raw(raw)
    assert simulate_delivery(raw, sender.partner, at=START).status == "DUPLICATE"
    assert simulate_delivery(deljit([Call(2)], 7), sender.partner, at=START).status == "QUARANTINED"
    assert simulate_delivery(b"rubbish", sender.partner, at=START).status == "QUARANTINED"


def test_a_rejected_message_is_told(sender: Sender) -> None:
    found = simulate_delivery(deljit([Call(1)], 1).replace(b"UNT+11", b"UNT+10"), sender.partner, at=START)
    assert [(m["status"], m["problems"][0]["code"]) for m in found.messages] == [
        ("REJECTED", "count_mismatch")
    ]
    assert (found.rows, found.clean) == ((), False)


def test_a_release_shows_each_period(sender: Sender) -> None:
    sender.send_raw(interchange([delfor("1", ("20261124", "10"), ("20261125", "5"))], 1))
    raw = interchange([delfor("2", ("20261124", "12"), ("20261125", "5"))], 2)
    assert rows(simulate_delivery(raw, sender.partner, at=START)) == [
        ("part", "C-A", "release", "1", "2", "APPLIED", ""),
        ("part", "C-A", "2026-11-24", "10 firm", "12 firm", "APPLIED", ""),
    ]


def test_a_trial_is_short(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "EVENTS_AT_MOST", 2)
    found = simulate_delivery(deljit([Call(n) for n in range(1, 6)], 1), sender.partner, at=START)
    assert (found.left_out, found.counts) == (3, {"APPLIED": 2})
    monkeypatch.setattr(simulate, "BYTES_AT_MOST", 10)
    with pytest.raises(Refused) as refusal:
        simulate_delivery(deljit([Call(1)], 1), sender.partner, at=START)
    assert refusal.value.code == "too_large"


def test_the_command_prints_the_difference(sender: Sender, tmp_path: Path) -> None:
    sender.send(Call(1))
    file = tmp_path / "change.edi"
    file.write_bytes(deljit([Call(1, "CHANGE", part="C-B")], 2))
    before, out = everything(), io.StringIO()
    call_command("edi_receive", str(file), partner="OEM-D", dry_run=True, stdout=out)
    assert "would be PARSED; nothing was changed" in out.getvalue()
    assert "call V0001: parts DOOR ['1 x C-A'] → ['1 x C-B'] [APPLIED]" in out.getvalue()
    assert everything() == before


def test_the_command_ends_with_one_when_a_person_is_needed(sender: Sender, tmp_path: Path) -> None:
    SequencingProgram.objects.update(active=False)
    file = tmp_path / "new.edi"
    file.write_bytes(deljit([Call(1)], 2))
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("edi_receive", str(file), partner="OEM-D", dry_run=True, stdout=out)
    assert end.value.code == 1
    assert "QUARANTINED program_inactive" in out.getvalue()
    TradingPartner.objects.update(profile="nowhere")
    with pytest.raises(CommandError, match="profile"):
        call_command("edi_receive", str(file), partner="OEM-D", dry_run=True, stdout=out)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer; nobody can be in the way"
)
def test_a_trial_gives_way_to_whoever_holds_a_row(sender: Sender, plant: Plant) -> None:
    sender.send(Call(1))
    with connection.copy().cursor() as other:
        other.execute("BEGIN")
        other.execute("SELECT 1 FROM sequencer_sequencestream FOR UPDATE")
        began = time.monotonic()
        with pytest.raises(Refused, match="at work"):
            simulate_delivery(deljit([Call(2)], 2), sender.partner, at=START)
        assert time.monotonic() - began < 20
        other.execute("ROLLBACK")
        other.connection.close()
    assert simulate_delivery(deljit([Call(2)], 2), sender.partner, at=START).counts == {"APPLIED": 1}
