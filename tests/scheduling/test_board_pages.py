"""Pages of the schedule: what they tell, what their verbs refuse, and what one can take away."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from inventory.errors import Refused
from scheduling import services
from scheduling.boards.matrix import matrix
from scheduling.boards.plan import gains, strip
from scheduling.models import Plan, PlannedOperation, SequencingStep, SetupTime
from scheduling.services.setup_matrix import (
    Entry,
    change_setup_times,
    entry_of,
    judge_setup_times,
    matrix_csv,
    read_matrix_csv,
)
from scheduling.services.steps import delete_step, move_step, switch_step
from tests.scheduling.shop import MONDAY, Shop, browser

AT = {"by": "planner", "at": MONDAY}


@pytest.fixture
def plan(transactional_db: None, shop: Shop) -> Plan:
    for number, key in enumerate(("RED 1", "BLUE 1", "RED 2", "BLUE 2")):
        shop.order(f"O{number}", key, due_hours=4 + number)
    return services.plan_from_orders(start=MONDAY, **AT)


def test_who_runs_a_plan_hears_that_the_steps_were_changed_since_it_was_made(
    transactional_db: None, shop: Shop
) -> None:
    """Its runs go by the steps it was made with: a planner who just changed one would see nothing of it."""
    shop.order("O1")
    step = shop.step(max_group_hours=12.5, more={"reoptimise": True})
    plan = services.plan_from_orders(start=MONDAY, **AT)

    planner = browser()

    def told() -> bool:
        page = planner.get(f"/schedule/plans/{plan.pk}/run/ask/", headers={"Accept-Language": "en"})
        return "The steps were changed after this plan was made" in page.content.decode()

    assert not told()
    switch_step(step.pk, enabled=False, **AT)
    assert told()
    switch_step(step.pk, enabled=True, **AT)
    assert not told()


def test_the_pages_answer(plan: Plan) -> None:
    client = browser()
    late, copy = (services.copy_plan(plan.pk, **AT) for _ in range(2))
    last = PlannedOperation.objects.filter(plan=late).latest("ends_at")
    last.ends_at += timedelta(hours=4)
    last.save()
    bar = PlannedOperation.objects.filter(plan=plan).first()
    assert bar is not None
    for page, told in (
        (f"/schedule/plans/{plan.pk}/", "data-schedule"),
        (f"/schedule/plans/{plan.pk}/live/", "late orders"),
        (f"/schedule/plans/{plan.pk}/cautions/", "Before you run"),
        (f"/schedule/plans/{plan.pk}/chosen/?operation={bar.operation_id}", "stands here"),
        (f"/schedule/plans/compare/?after={copy.pk}", "data-compare"),
        (f"/schedule/plans/compare/?before={plan.pk}&after={late.pk}", "+4.0 h"),
        (f"/schedule/plans/{copy.pk}/publish/", "No plan is published yet"),
        ("/schedule/plans/", "copy of 1"),
    ):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert told in answer.content.decode(), page
    assert client.get("/schedule/plans/999/").status_code == 404
    assert client.get("/schedule/").headers["Location"] == f"/schedule/plans/{copy.pk}/"


def test_what_the_engine_said_is_read_in_the_language_of_the_planner(plan: Plan) -> None:
    client = browser()
    bar = PlannedOperation.objects.filter(plan=plan).first()
    assert bar is not None
    SetupTime.objects.all().delete()
    again = services.plan_from_orders(start=MONDAY, **AT)
    german = {"Accept-Language": "de"}
    page = client.get(f"/schedule/plans/{again.pk}/cautions/", headers=german).content.decode()
    assert "keine Rüstzeit von Schlüssel" in page
    why = client.get(f"/schedule/plans/{plan.pk}/chosen/?operation={bar.operation_id}", headers=german)
    assert "Vorwärts: so früh, wie Vorgänger" in why.content.decode()
    for headers, words in ((german, "keine Rüstzeit"), ({"Accept-Language": "en"}, "no setup time")):
        row = client.get(f"/api/v1/plans/{again.pk}/", headers=headers).json()
        assert words in row["warnings"][0]
        assert (row["cautions"][0]["code"], row["cautions"][0]["text"]) == (
            "no-setup-time",
            row["warnings"][0],
        )
    bars = client.get(f"/api/v1/plan-bars/?plan={plan.pk}", headers=german).json()["results"]
    assert bars[0]["rule"].startswith("Vorwärts")
    PlannedOperation.objects.update(told=None, rule="As it was told before.")
    Plan.objects.update(warnings=["A warning of before."])
    assert (
        "As it was told before."
        in client.get(why.request["PATH_INFO"] + f"?operation={bar.operation_id}").content.decode()
    )
    old = client.get(f"/api/v1/plans/{again.pk}/", headers=german).json()["cautions"]
    assert old == [{"code": "", "values": {}, "text": "A warning of before."}]


def test_who_only_reads_changes_nothing(plan: Plan) -> None:
    reader = browser("logistics")
    assert reader.get(f"/schedule/plans/{plan.pk}/").status_code == 200
    for verb in ("publish/", "copy/", "move/", "run/ask/"):
        assert reader.post(f"/schedule/plans/{plan.pk}/{verb}").status_code == 403
    assert browser("operator").get(f"/schedule/plans/{plan.pk}/").status_code == 403


def test_a_plan_is_taken_away_as_table_and_as_paper(plan: Plan) -> None:
    client = browser()
    text = client.get(f"/schedule/plans/{plan.pk}/csv/?work_centre=PAINT").content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["resource"] for row in rows] == ["COAT"] * 4
    assert [row["position"] for row in rows] == ["1", "2", "3", "4"]
    assert {row["quantity"] for row in rows} == {"10"}
    paper = client.get(f"/schedule/plans/{plan.pk}/pdf/")
    assert paper.content.startswith(b"%PDF")
    assert paper.headers["Content-Type"] == "application/pdf"


def test_the_strip_joins_what_is_of_one_family(plan: Plan) -> None:
    told = strip(plan)
    assert told["families"] == ["BLUE", "RED"]
    assert sum(len(row) for row in told["rows"].values()) <= plan.operations.count()


@pytest.mark.parametrize(
    ("now", "before", "verdicts"),
    [
        ({"setup_hours": 1.0, "late_orders": 2}, {"setup_hours": 3.0, "late_orders": 1}, ["better", "worse"]),
        ({"setup_hours": 3.0, "late_orders": 1}, {"setup_hours": 3.04, "late_orders": 1}, ["same", "same"]),
        ({"setup_hours": 3.0, "late_orders": 1}, {}, ["same", "same"]),
    ],
)
def test_figures_are_grey_until_they_matter(now: Any, before: Any, verdicts: list[str]) -> None:
    assert [gain.verdict for gain in gains(now, before)] == verdicts


# the setup matrix


def test_a_file_comes_back_as_it_went(shop: Shop) -> None:
    SetupTime.objects.create(
        resource=shop.p1, from_key="RED", to_key="BLUE", hours=1.25, valid_to="2026-12-31"
    )
    SetupTime.objects.create(from_key="BLUE", to_key="RED", forbidden=True)
    entries = read_matrix_csv(matrix_csv(SetupTime.objects.select_related("resource")))
    assert len(entries) == SetupTime.objects.count()
    assert judge_setup_times(entries) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("from;to;hours", "columns"),
        ("resource,from_key,to_key,hours\nP9,A,B,1", "no_resource"),
        ("resource,from_key,to_key,hours\n,A,,1", "no_key"),
        ("resource,from_key,to_key,hours\n,A,B,soon", "no_hours"),
        ("resource,from_key,to_key,hours\n,A,B,nan", "no_hours"),
        ("resource,from_key,to_key,hours\n,A,B,-1", "no_hours"),
        (f"resource,from_key,to_key,hours\n,{'A' * 21},B,1", "key_too_long"),
        ("resource,from_key,to_key,hours,valid_from\n,A,B,1,soon", "no_day"),
        ("resource,from_key,to_key,hours,valid_from,valid_to\n,A,B,1,2026-02-01,2026-01-01", "days"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused(shop: Shop, text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        judge_setup_times(read_matrix_csv(text))
    assert refused.value.code == code


@pytest.mark.django_db(transaction=True)
def test_cells_are_written_changed_and_emptied(shop: Shop) -> None:
    def cell(hours: str) -> Entry:
        return entry_of({"resource": "P1", "from_key": "RED", "to_key": "BLUE", "hours": hours}, "cell")

    for told, stored in (("0,5", [(0.5, False)]), ("x", [(0.0, True)]), ("", [])):
        change_setup_times([cell(told)], reason="measured", **AT)
        rows = SetupTime.objects.filter(resource=shop.p1)
        assert list(rows.values_list("hours", "forbidden")) == stored
    for entries, reason, code in (([cell("1")], " ", "no_reason"), ([cell("")], "why", "nothing")):
        with pytest.raises(Refused) as refused:
            change_setup_times(entries, reason=reason, **AT)
        assert refused.value.code == code


def test_a_cell_shows_what_counts_without_it_and_what_differs_by_direction(shop: Shop) -> None:
    shop.p1.setup_standard = 2.0
    shop.p1.save()
    SetupTime.objects.create(resource=shop.p1, from_key="RED", to_key="BLUE", hours=0.5)
    SetupTime.objects.create(resource=shop.p1, from_key="BLUE", to_key="RED", hours=0.7)
    rows = dict(matrix("P1", day=MONDAY.date(), added=["GREEN"])["rows"])
    cells = {(cell.from_key, cell.to_key): cell for row in rows.values() for cell in row}
    assert (cells["RED", "BLUE"].text, cells["RED", "BLUE"].back) == ("0.5", "0.7")
    assert (cells["RED", "RED"].text, cells["RED", "RED"].default) == ("", "0")
    assert cells["RED", "GREEN"].default == "2"


# the steps


@pytest.mark.django_db(transaction=True)
def test_steps_change_places_are_switched_and_deleted(shop: Shop) -> None:
    first, second = shop.step(), SequencingStep.objects.create(number=20, type="forward")
    move_step(second.pk, earlier=True, **AT)
    assert list(SequencingStep.objects.values_list("pk", "number")) == [(second.pk, 10), (first.pk, 20)]
    with pytest.raises(Refused, match="end already"):
        move_step(second.pk, earlier=True, **AT)
    assert not switch_step(first.pk, enabled=False, **AT).enabled
    with pytest.raises(Refused, match="why"):
        delete_step(first.pk, reason="", **AT)
    delete_step(first.pk, reason="never used", **AT)
    with pytest.raises(Refused, match="gone"):
        switch_step(first.pk, enabled=True, **AT)
