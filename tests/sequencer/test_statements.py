"""A statement's words are kept, its answers never; it answers and changes what the query set would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, NotSupportedError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler, SQLUpdateCompiler
from django.db.transaction import TransactionManagementError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from inventory.statements import Change, Insert, Question, field, moment, number, text
from sequencer.models import PlantEvent, Rack, ScanEvent, ScanNonce, Slot, Station
from sequencer.postgres import kept
from sequencer.services.scans import current_slot
from sequencer.views.enrolment import COOKIE, enrol
from tests.factories import Plant

POSTGRES = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps no plans for us")


def with_rack() -> QuerySet[Station, Any]:
    nonces = ScanNonce.objects.filter(
        station=OuterRef("pk"), nonce=text("nonce"), recorded_at__lt=moment("at")
    )
    stations = Station.objects.select_related("rack__carrier", "commodity", "shipment")
    return stations.annotate(known=Exists(nonces)).filter(pk=number("station"))


def test_a_question_makes_the_rows_that_its_query_set_makes(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    (found,) = Question(with_rack).rows(station=plant.station.pk, nonce="none", at=plant.at)
    real = Station.objects.select_related("rack__carrier", "commodity").get(pk=plant.station.pk)
    assert [getattr(found, f.attname) for f in Station._meta.concrete_fields] == [
        getattr(real, f.attname) for f in Station._meta.concrete_fields
    ]
    assert (found.rack, found.rack.carrier, found.shipment) == (real.rack, real.rack.carrier, None)
    assert not found.known
    assert not found._state.adding


def test_an_answer_is_read_anew_each_time(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    asked = Question(with_rack)
    scan = ScanEvent.objects.latest("pk")
    said = {"station": plant.station.pk, "nonce": scan.nonce, "at": plant.tick(minutes=1)}
    assert asked.first(**said).known
    ScanNonce.objects.all().delete()
    Station.objects.update(name="moved")
    again = asked.first(**said)
    assert (again.known, again.name) == (False, "moved")
    assert asked.first(**{**said, "station": 0}) is None


def test_a_lock_outside_of_a_transaction_is_refused(transactional_db: None) -> None:
    asked = Question(lambda: Rack.objects.select_for_update().filter(pk=number("rack")))
    with transaction.atomic():
        assert asked.rows(rack=1) == []
    with pytest.raises(TransactionManagementError, match="no"):
        asked.rows(rack=1)


def test_a_change_says_how_many_rows_it_changed(plant: Plant) -> None:
    plant.new(1)
    plant.new(2)
    renamed = Change(
        lambda: (
            Slot.objects.filter(rack=number("rack"), status="EMPTY"),
            {"status": "HOLE", **{name: field(Slot, name) for name in ("reason", "group")}},
        )
    )
    rack = plant.rack(1)
    assert renamed.run(rack=rack.pk, reason="gone", group=None) == rack.slots.count()
    assert set(rack.slots.values_list("status", "reason", "group")) == {("HOLE", "gone", None)}
    assert renamed.run(rack=rack.pk, reason="again", group=None) == 0


def test_a_new_row_has_its_key_and_the_models_defaults(plant: Plant) -> None:
    new = Insert(PlantEvent)
    first = new.run(at=plant.at, topic="t", kind="k", subject="s", facts={"a": [1, None]})
    second = new.run(at=plant.at, topic="t", kind="k", subject="s")
    assert first.pk != second.pk
    read = PlantEvent.objects.get(pk=first.pk)
    assert (read.facts, read.at, read.chain) == ({"a": [1, None]}, plant.at, "")
    assert PlantEvent.objects.get(pk=second.pk).facts == {}


def test_a_new_row_that_may_not_be_is_refused(plant: Plant) -> None:
    plant.new(1)
    plant.start_rack()
    scan = ScanEvent.objects.latest("pk")
    said = {"station": scan.station, "nonce": scan.nonce, "scan_id": scan.pk, "recorded_at": plant.at}
    with pytest.raises(IntegrityError), transaction.atomic():
        Insert(ScanNonce).run(**said)


def test_a_part_and_its_slot_put_no_question_together_twice(
    plant: Plant, django_assert_num_queries: Any
) -> None:
    """The words of every statement of an ordinary scan are known from the one before."""
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    api = APIClient()
    token = Token.objects.create(user=User.objects.get(username="op"))
    api.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")

    def post(raw: str, nonce: str) -> str:
        body = {
            "station": plant.station.pk,
            "raw": raw,
            "nonce": nonce,
            "scanned_at": timezone.now().isoformat(),
        }
        answer: str = api.post("/api/v1/scans/", body, format="json").json()["code"]
        return answer

    assert [post("PA", "a"), post("%L:1", "b")] == ["OK", "OK"]
    with counted_compilers() as put_together:
        # The transaction's begin and end are two of them.
        with django_assert_num_queries(16):
            assert post("PA", "c") == "OK"
        with django_assert_num_queries(19):
            assert post("%L:2", "d") == "OK"
    assert sum(put_together) == 0


def test_a_rack_is_begun_sealed_and_staged_without_putting_a_question_together(plant: Plant) -> None:
    """The few scans that are no part and no slot: known from the rack before, like those."""
    plant.build([1, 2, 3], "R1")
    for n in (4, 5, 6):
        plant.new(n)
    rack = ["%R:R2", *(label for slot in (1, 2, 3) for label in ("PA", f"%L:{slot}")), "%C:SEAL", "%R:R2"]
    with counted_compilers() as put_together:
        assert plant.scans(*rack) == ["OK"] * len(rack)
    assert sum(put_together) == 0


def test_the_page_of_a_station_puts_no_question_together_twice(
    plant: Plant, settings: Any, django_assert_max_num_queries: Any
) -> None:
    """What an enrolled browser posts all day: the scan, and the page as it stands after it."""
    settings.DEMO = False
    for n in (1, 2, 3):
        plant.new(n)
    plant.start_rack()
    browser, answer = Client(), HttpResponse()
    enrol(answer, plant.station)
    browser.cookies[COOKIE] = answer.cookies[COOKIE].value

    def post(raw: str, nonce: str) -> str:
        body = {"raw": raw, "nonce": f"page-{nonce}-post", "scanned_at": timezone.now().isoformat()}
        code: str = browser.post(f"/station/{plant.station.pk}/scan", body).json()["verdict"]["code"]
        return code

    assert [post("PA", "a"), post("%L:1", "b")] == ["OK", "OK"]
    with counted_compilers() as put_together, django_assert_max_num_queries(31):
        assert post("PA", "c") == "OK"
    assert sum(put_together) == 0


def test_a_key_larger_than_any_finds_nothing(plant: Plant) -> None:
    browser = Client()
    browser.force_login(User.objects.get(username="op"))
    assert browser.get(f"/station/{10**20}/").status_code == 404
    assert Question(with_rack).rows(station=2**63, nonce="", at=plant.at) == []


@contextmanager
def counted_compilers() -> Iterator[list[int]]:
    """How often SQL was put together inside, a one for each time."""
    count: list[int] = []

    def counting(real: Any) -> Any:
        def as_sql(*args: Any, **options: Any) -> Any:
            count.append(1)
            return real(*args, **options)

        return as_sql

    with ExitStack() as patches:
        for kind in (SQLCompiler, SQLInsertCompiler, SQLUpdateCompiler):
            patches.enter_context(patch.object(kind, "as_sql", counting(kind.as_sql)))
        yield count


@pytest.fixture
def kept_line(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Any]:
    """A connection of its own whose statements are prepared, as the web process has them."""
    monkeypatch.setattr(kept, "kept", kept.Kept(2))
    connection.close()
    yield connection
    connection.close()
    while kept.kept is not None and (last := kept.kept.take(connection._key())) is not None:
        last[0].close()


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


@POSTGRES
def test_a_kept_connection_prepares_a_statement_once(kept_line: Any, plant: Plant) -> None:
    plant.new(1)
    slot = current_slot(plant.rack(1).pk)
    assert slot is not None
    before = prepared()
    assert [s for s in before if "sequencer_slot" in s and "$1" in s]
    kept_line.close()
    assert current_slot(plant.rack(1).pk) == slot
    assert prepared() == before


@POSTGRES
def test_a_plan_that_no_longer_fits_costs_one_scan_and_not_every_one(kept_line: Any) -> None:
    """A migration gave a column another type while the web process ran: the connection goes, the next plans anew."""
    asked = Question(lambda: Station.objects.filter(pk=number("station")).values_list("name"))
    assert asked.rows(station=0) == []
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sequencer_station ALTER COLUMN name TYPE text")
    try:
        with pytest.raises(NotSupportedError, match="cached plan"):
            asked.rows(station=0)
        kept_line.close()
        assert asked.rows(station=0) == []
    finally:
        size = Station._meta.get_field("name").max_length
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE sequencer_station ALTER COLUMN name TYPE varchar({size})")
