"""The planner's table: what counts where, the filters of the address, and the same by the API."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from inventory.demand import Count, Wanted
from inventory.errors import Refused
from inventory.models import DemandSchedule
from inventory.services import ReleaseNews, record_balance, take_release
from sequencer.boards.demand import Asked, columns, demand_table
from tests.factories import Plant

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 29)
AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def line(
    day: date | None,
    quantity: str = "10",
    firmness: str = "firm",
    interval: str = "",
    last: date | None = None,
) -> Wanted:
    return Wanted(Decimal(quantity), day, last, firmness, interval)


class Releases:
    """Releases handed over as the gate does."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.count = 0

    def take(self, *lines: Wanted, **more: Any) -> DemandSchedule:
        self.count += 1
        facts: dict[str, Any] = {
            "customer_id": self.plant.customer.pk, "feed": "OEM-D", "horizon": "PLAN", "customer_part": "C-A",
            "ship_to": "P1", "source": f"event {self.count}", "message": f"message {self.count}",
            "received_at": AT, "today": MONDAY, "lines": lines, "release_number": str(self.count),
        }  # fmt: skip
        with transaction.atomic():
            return take_release(ReleaseNews(**(facts | more)), at=AT).schedule


@pytest.fixture
def releases(plant: Plant) -> Releases:
    return Releases(plant)


@pytest.fixture
def planner(db: None) -> Client:
    user = User.objects.create(username="planner")
    user.groups.add(Group.objects.get_or_create(name="logistics")[0])
    client = Client()
    client.force_login(user)
    return client


def cells(today: date = MONDAY, **asked: Any) -> list[dict[str, str]]:
    """Of each row: column -> pieces, planned ones in brackets; empty columns are left out."""
    table = demand_table(Asked(**asked), today=today)
    return [
        {
            span.title: _cell(cell)
            for span, cell in zip(table["columns"], row["cells"], strict=True)
            if cell["firm"] or cell["planned"]
        }
        for row in table["rows"]
    ]


def _cell(cell: dict[str, Decimal]) -> str:
    firm = f"{cell['firm']:f}" if cell["firm"] else ""
    return firm + (f"({cell['planned']:f})" if cell["planned"] else "")


def plain(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{title: text.replace(".000", "") for title, text in row.items()} for row in rows]


def test_columns_leave_no_day_out() -> None:
    for today in (MONDAY, date(2026, 11, 26), date(2026, 11, 29)):
        spans = columns(today)[1:]
        assert spans[0].first == today
        for before, after in itertools.pairwise(spans):
            assert before.last is not None
            assert after.first is not None
            assert (after.first - before.last).days == 1
        assert spans[-1].last is None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(MONDAY)], {"Mon 23 Nov": "10"}),
        ([line(SUNDAY), line(date(2026, 11, 30), "7", "planned")], {"Sun 29 Nov": "10", "to 6 Dec": "(7)"}),
        ([line(date(2026, 12, 6)), line(date(2026, 12, 7), "8")], {"to 6 Dec": "10", "to 13 Dec": "8"}),
        ([line(None, "3")], {"at once": "3"}),
        ([line(date(2027, 3, 1), "9", "material")], {"later": "(9)"}),
        ([line(date(2026, 11, 22))], {}),
        ([line(date(2026, 11, 18), "50", "planned", "week")], {"Mon 23 Nov": "(50)"}),
        ([line(MONDAY), line(MONDAY, "5"), line(MONDAY, "2", "planned")], {"Mon 23 Nov": "15(2)"}),
    ],
    ids=[
        "a day", "last day and first week", "two weeks", "at once", "later", "gone by", "a week that runs", "sums",
    ],
)  # fmt: skip
def test_where_a_quantity_stands(lines: list[Wanted], expected: dict[str, str], releases: Releases) -> None:
    releases.take(*lines)
    assert plain(cells()) == [expected]


def test_call_offs_and_plan_of_a_part_are_one_row_and_count_once(releases: Releases) -> None:
    releases.take(line(MONDAY, "99", "planned"), line(date(2026, 11, 30), "50", "planned", "week"))
    releases.take(line(MONDAY, "12"), line(date(2026, 11, 24), "13"), horizon="CALL")
    releases.take(line(MONDAY, "1"), horizon="CALL", order_ref="RUSH")
    assert plain(cells()) == [{"Mon 23 Nov": "13", "Tue 24 Nov": "13", "to 6 Dec": "(50)"}]


def test_filters(releases: Releases, plant: Plant) -> None:
    releases.take(line(MONDAY))
    releases.take(line(MONDAY, "12"))
    releases.take(line(MONDAY), customer_part="C-B", feed="OEM-E", ship_to="P2")
    releases.take(line(MONDAY), customer_part="C-C", feed="OEM-D-T", test=True)
    record_balance(
        customer_id=plant.customer.pk, feed="OEM-E", part="C-B", ship_to="P2", dock="", since=None,
        count=Count(Decimal(3), Decimal(0), Decimal(1)), note="", at=AT,
    )  # fmt: skip

    def parts(**asked: Any) -> list[str]:
        return [row["customer_part"] for row in demand_table(Asked(**asked), today=MONDAY)["rows"]]

    assert parts() == ["C-A", "C-B"]
    assert parts(q="c-a") == parts(q="chrome") == parts(feed="OEM-D") == parts(ship_to="P1") == ["C-A"]
    assert parts(show="changed") == ["C-A"]
    assert parts(show="differs") == ["C-B"]
    assert parts(q="nothing") == []


def test_pages(releases: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequencer.boards.demand.ROWS_A_PAGE", 1)
    releases.take(line(MONDAY))
    releases.take(line(MONDAY), customer_part="C-B")
    tables = [demand_table(Asked(page=page), today=MONDAY) for page in (1, 2, 3)]
    assert [[row["customer_part"] for row in table["rows"]] for table in tables] == [["C-A"], ["C-B"], []]
    assert (tables[0]["pages"], tables[0]["count"]) == (2, 2)


def test_the_table_asks_the_database_a_fixed_number_of_times(
    releases: Releases, django_assert_num_queries: Any
) -> None:
    for number in range(12):
        releases.take(line(MONDAY), ship_to=f"P{number}")
    with django_assert_num_queries(4):
        demand_table(Asked(), today=MONDAY)


def test_the_page(releases: Releases, planner: Client, plant: Plant) -> None:
    assert "No release received yet" in planner.get(reverse("demand")).content.decode()
    releases.take(line(MONDAY))
    releases.take(line(MONDAY, "12.5"))
    record_balance(
        customer_id=plant.customer.pk, feed="OEM-D", part="C-A", ship_to="P1", dock="", since=None,
        count=Count(Decimal(3), Decimal(1), Decimal(4)), note="as of S-1", at=AT,
    )  # fmt: skip
    page = planner.get(reverse("demand"), {"q": "C-A", "show": "differs"}).content.decode()
    assert "+2.5 on 23 Nov" in page
    assert "⚠ −2" in page
    assert "3 left, 1 on the road, 4 received" in page
    assert "Nothing matches" in planner.get(reverse("demand"), {"q": "no such part"}).content.decode()
    assert planner.get(reverse("demand"), {"page": "x"}).status_code == 200


def test_the_api(releases: Releases, planner: Client) -> None:
    releases.take(line(MONDAY))
    releases.take(line(MONDAY, "12"))
    releases.take(line(MONDAY), customer_part="C-B", test=True)
    found = planner.get(reverse("api-demand-list"), {"part": "A"}).json()["results"]
    assert [(row["release_number"], row["lines"][0]["quantity"]) for row in found] == [("2", "12.000")]
    old = planner.get(reverse("api-demand-list"), {"current": "false"}).json()["results"]
    assert [row["release_number"] for row in old] == ["1"]
    assert planner.get(reverse("api-balance-list")).json()["results"] == []
    assert planner.get(reverse("api-demand-list"), {"horizon": "SOON"}).status_code == 422
    assert planner.post(reverse("api-demand-list"), {}).status_code in (403, 405)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no part", {"customer_part": ""}, "no_part"),
    ("unknown part", {"customer_part": "C-X"}, "unknown_part"),
    ("below nothing", {"lines": (line(MONDAY, "-1"),)}, "bad_quantity"),
    ("ends before it begins", {"lines": (line(MONDAY, last=date(2026, 11, 22)),)}, "bad_period"),
    ("too long a number", {"release_number": "9" * 41}, "value_too_long"),
    ("too long a unit", {"unit": "PIECE"}, "value_too_long"),
    ("too many periods", {"lines": (line(MONDAY),) * 5001}, "too_many_lines"),
    ("nothing amended", {"lines": (), "mode": "amend"}, "no_lines"),
    ("nothing to withdraw", {"withdraws": True}, "nothing_to_withdraw"),
]


@pytest.mark.parametrize(("name", "facts", "code"), BAD, ids=[row[0] for row in BAD])
def test_what_take_release_refuses(name: str, facts: dict[str, Any], code: str, releases: Releases) -> None:
    with pytest.raises(Refused) as refusal:
        releases.take(**facts)
    assert refusal.value.code == code
    assert not DemandSchedule.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_take_release_needs_the_callers_transaction(plant: Plant) -> None:
    news = ReleaseNews(
        customer_id=plant.customer.pk, feed="OEM-D", horizon="PLAN", customer_part="C-A", source="1", message="1",
        received_at=AT, today=MONDAY, lines=(),
    )  # fmt: skip
    with pytest.raises(RuntimeError):
        take_release(news, at=AT)
