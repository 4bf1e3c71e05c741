"""Scans cut by month on PostgreSQL: nothing is lost on the way into a month, an archive or back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from inventory.errors import Refused
from sequencer.migrations._scan_months import cut, join
from sequencer.models import PlantEvent, ScanArchive, ScanEvent, ScanNonce
from sequencer.services import archive_month, bring_back_month, forget_nonces, make_months, record_scan
from sequencer.services.scan_months import month_text, months
from tests.factories import START, Plant

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL cuts by month")
LATER = START + timedelta(days=200)


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "archive"


def scans_of(*moments: datetime, plant: Plant) -> list[int]:
    return [
        record_scan(plant.station.pk, "%B:OP", f"m{n}", at=moment).scan_id for n, moment in enumerate(moments)
    ]


def where(scan_id: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM sequencer_scanevent WHERE id = %s", [scan_id])
        return str(cursor.fetchone()[0])


def test_a_repeat_is_answered_from_the_first_scan_whatever_came_between(plant: Plant) -> None:
    first = record_scan(plant.station.pk, "%B:OP", "same", at=START)
    record_scan(plant.station.pk, "%R:R1", "other", at=START)
    again = record_scan(plant.station.pk, "%B:OP", "same", at=START, now=START + timedelta(days=30))
    assert again.repeated
    assert again.scan_id == first.scan_id
    assert ScanEvent.objects.count() == 2


def test_two_stations_may_use_the_same_nonce(plant: Plant) -> None:
    assert not record_scan(plant.station.pk, "%B:OP", "same", at=START).repeated
    assert not record_scan(plant.dock.pk, "%B:OP", "same", at=START).repeated


def test_a_nonce_is_forgotten_only_when_its_repeat_is_refused(plant: Plant) -> None:
    record_scan(plant.station.pk, "%B:OP", "same", at=START)
    assert forget_nonces(at=START + timedelta(days=34)) == 0
    assert forget_nonces(at=START + timedelta(days=36)) == 1
    with pytest.raises(Refused, match="older than 31 days") as refusal:
        record_scan(plant.station.pk, "%B:OP", "same", at=START, now=START + timedelta(days=36))
    assert refusal.value.code == "scan_too_old"
    assert ScanEvent.objects.count() == 1


def test_the_database_refuses_a_second_row_of_one_nonce(plant: Plant) -> None:
    from django.db import IntegrityError, transaction

    record_scan(plant.station.pk, "%B:OP", "same", at=START)
    known = ScanNonce.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        ScanNonce.objects.create(station=known.station, nonce="same", scan_id=7, recorded_at=LATER)


def test_without_months_every_verb_says_so(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL has months")
    assert make_months(at=START) == []
    assert months() == []
    with pytest.raises(Refused) as refusal:
        archive_month(date(2026, 1, 1), at=START, by="anna", reason="old")
    assert refusal.value.code == "no_months"


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "march", "2026-03-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="write it like 2026-03"):
        month_text(text)


@postgres
def test_a_scan_lies_in_its_month_and_one_nobody_made_waits_until_it_is(plant: Plant) -> None:
    near, far = scans_of(START, LATER, plant=plant)
    assert where(near) == "sequencer_scanevent_2026_11"
    assert where(far) == "sequencer_scanevent_default"
    assert "sequencer_scanevent_2027_06" in make_months(at=LATER)
    assert where(far) == "sequencer_scanevent_2027_06"
    assert ScanEvent.objects.count() == 2
    assert make_months(at=LATER) == []


@postgres
def test_an_archived_month_leaves_the_table_and_comes_back_the_same(plant: Plant, folder: Path) -> None:
    make_months(at=START)
    scans_of(START, START + timedelta(hours=1), plant=plant)
    before = list(ScanEvent.objects.order_by("id").values())
    archive = archive_month(date(2026, 11, 1), at=LATER, by="anna", reason="retention")
    assert not ScanEvent.objects.exists()
    assert (archive.scan_count, archive.first_id) == (2, before[0]["id"])
    assert (folder / archive.file).exists()
    assert PlantEvent.objects.get(kind="scans_archived").facts["sha256"] == archive.sha256
    assert bring_back_month(date(2026, 11, 1), at=LATER, by="anna", reason="audit") == 2
    assert list(ScanEvent.objects.order_by("id").values()) == before
    assert not ScanArchive.objects.exists()


@postgres
def test_a_changed_archive_is_not_taken_back(plant: Plant, folder: Path) -> None:
    import gzip

    make_months(at=START)
    scans_of(START, plant=plant)
    archive = archive_month(date(2026, 11, 1), at=LATER, by="anna", reason="retention")
    text = gzip.decompress((folder / archive.file).read_bytes())
    (folder / archive.file).write_bytes(gzip.compress(text.replace(b"%B:OP", b"%B:XX")))
    with pytest.raises(Refused) as refusal:
        bring_back_month(date(2026, 11, 1), at=LATER, by="anna", reason="audit")
    assert refusal.value.code == "archive_changed"


@postgres
@pytest.mark.parametrize(
    ("month", "at", "reason", "code"),
    [
        (date(2026, 11, 1), LATER, " ", "no_reason"),
        (date(2026, 11, 1), START + timedelta(days=20), "old", "month_in_use"),
        (date(2020, 1, 1), LATER, "old", "no_month"),
    ],
)
def test_archive_refusals(
    plant: Plant, folder: Path, month: date, at: datetime, reason: str, code: str
) -> None:
    make_months(at=START)
    with pytest.raises(Refused) as refusal:
        archive_month(month, at=at, by="anna", reason=reason)
    assert refusal.value.code == code


@postgres
def test_the_migration_moves_every_scan_there_and_back(plant: Plant) -> None:
    scans_of(START, LATER, plant=plant)
    before = list(ScanEvent.objects.order_by("id").values())
    with connection.schema_editor(atomic=False) as editor:
        join(apps, editor)
        assert months() == []
        assert list(ScanEvent.objects.order_by("id").values()) == before
        joined = record_scan(plant.station.pk, "%R:R1", "between", at=START)
        cut(apps, editor)
    assert where(before[0]["id"]) == "sequencer_scanevent_2026_11"
    assert where(before[1]["id"]) == "sequencer_scanevent_2027_06"
    assert joined.scan_id > before[1]["id"]
    assert record_scan(plant.station.pk, "%R:R1", "after", at=START).scan_id > joined.scan_id
    assert record_scan(plant.station.pk, "%R:R1", "between", at=START).repeated


@postgres
def test_the_command_archives_by_a_name(
    plant: Plant, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_months(at=START)
    with pytest.raises(CommandError, match="--by"):
        call_command("scan_months", "archive", "2026-11")
    call_command("scan_months")
    assert "2026-11" in capsys.readouterr().out


def test_no_foreign_key_to_a_scan_is_left_to_the_database() -> None:
    """The database's key of a scan is (id, month): a constraint on the id alone cannot be made."""
    links = [
        field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model is ScanEvent
    ]
    assert [str(link) for link in links if link.db_constraint] == []
