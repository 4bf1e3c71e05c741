"""An embedded plant beyond its size: a scan that gets no turn to write is answered in words and asked again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from sequencer.models import ScanEvent
from tests.factories import Plant

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has many writers"),
]


@pytest.fixture
def other_writer() -> Iterator[sqlite3.Connection]:
    """Another process that is allowed to write just now; nobody waits long for it."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=20")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        yield other
    connection.close()


def scan(plant: Plant) -> dict[str, Any]:
    return {"raw": "PA", "nonce": "a-scan-of-its-own", "scanned_at": timezone.now().isoformat()}


def test_a_station_is_told_in_words_and_its_scan_counts_once(
    plant: Plant, other_writer: sqlite3.Connection
) -> None:
    plant.new(1)
    plant.start_rack()
    browser, body = Client(), scan(plant)
    browser.force_login(User.objects.get(username="op"))
    before = ScanEvent.objects.count()
    other_writer.execute("BEGIN IMMEDIATE")
    answer = browser.post(f"/station/{plant.station.pk}/scan", body)
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "database is busy; nothing was stored, ask again" in answer.content.decode()
    assert ScanEvent.objects.count() == before
    other_writer.execute("ROLLBACK")
    again = [browser.post(f"/station/{plant.station.pk}/scan", body).json()["verdict"] for _ in range(2)]
    assert [(verdict["code"], verdict["repeated"]) for verdict in again] == [("OK", False), ("OK", True)]
    assert plant.group(1).status == "VERIFIED"


def test_a_scanner_at_the_api_is_told_alike(plant: Plant, other_writer: sqlite3.Connection) -> None:
    plant.new(1)
    plant.start_rack()
    api, body = APIClient(), {**scan(plant), "station": plant.station.pk}
    api.force_authenticate(User.objects.get(username="op"))
    other_writer.execute("BEGIN IMMEDIATE")
    answer = api.post("/api/v1/scans/", body, format="json")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "busy", "1")
    other_writer.execute("ROLLBACK")
    assert api.post("/api/v1/scans/", body, format="json").json()["code"] == "OK"


def test_what_is_wrong_with_the_database_itself_is_not_called_busy(plant: Plant, monkeypatch: Any) -> None:
    from django.db import OperationalError

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("disk I/O error")

    monkeypatch.setattr("sequencer.services.record_scan", broken)
    api = APIClient(raise_request_exception=False)
    api.force_authenticate(User.objects.get(username="op"))
    assert (
        api.post("/api/v1/scans/", {**scan(plant), "station": plant.station.pk}, format="json").status_code
        == 500
    )
