"""Orders from a file: what each row would do, all of it or nothing, and the same file twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from inventory.errors import Refused
from inventory.models import Part
from scheduling import services
from scheduling.models import ManufacturingOrder, Operation, Routing, RoutingOperation
from tests.scheduling.shop import MONDAY, Shop, browser

AT = {"by": "planner", "at": MONDAY}
GOOD = """number;part;quantity;due_at;schedule_number;parent
A-1;HOUSING;20;2026-11-24;S1;
A-2;HOUSING;12.5;2026-11-24 14:00;S1;A-1
"""


@pytest.fixture
def routed(transactional_db: None, shop: Shop) -> Shop:
    routing = Routing.objects.create(part=shop.part)
    RoutingOperation.objects.create(routing=routing, number=10, work_centre=shop.press, hours_each=0.1)
    return shop


def test_a_file_makes_orders_with_operations_once(routed: Shop) -> None:
    assert [(row.line, row.does) for row in services.judge_orders(GOOD)] == [(2, "create"), (3, "create")]
    assert not ManufacturingOrder.objects.exists(), "judging stores nothing"
    services.import_orders(GOOD, **AT)
    first, second = ManufacturingOrder.objects.order_by("number")
    assert (first.source, second.parent) == ("CSV", first)
    assert second.due_at == datetime(2026, 11, 24, 14, tzinfo=UTC)
    assert second.operations.get().hours == 1.25
    assert {row.does for row in services.import_orders(GOOD, **AT)} == {"same"}
    changed = services.import_orders(GOOD.replace(";20;", ";30;"), **AT)
    assert [(row.does, row.column, row.words) for row in changed] == [
        ("change", "quantity", "20 → 30"),
        ("same", "", ""),
    ]
    assert first.operations.get().hours == 3.0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A-1,WHEEL,1", "there is no part 'WHEEL'"),
        ("A-1,HOUSING,-1", "quantity must be a number"),
        ("A-1,HOUSING,NaN", "quantity must be a number"),
        (",HOUSING,1", "the number is empty"),
        ("A-1,HOUSING,1,24.11.2026", "due_at must be as 2026-11-23"),
        ("A-1,HOUSING,1,2026-13-01", "due_at must be as 2026-11-23"),
        ("A-1,HOUSING,1,,X", "there is no order 'X' above it"),
        ("A-1,HOUSING,1,,A-1", "A-1 would be a component of itself"),
        ("TOP,HOUSING,10,2026-11-25 06:00,LOW", "TOP would be a component of itself"),
        ("A-1,HOUSING,1.2345", "at most three decimals"),
        ('A-1,HOUSING,"1,5"', "quantity must be a number"),
        ("A-1,HOUSING,1,,,7", "more cells than columns"),
        (f"{'A' * 41},HOUSING,1", "number has more than 40 characters"),
        ("GOOD,HOUSING,1", "GOOD stands in line 2 already"),
        ("OLD,HOUSING,7", "OLD stands: it is released"),
    ],
)
def test_a_row_that_is_refused_keeps_the_whole_file_out(routed: Shop, row: str, words: str) -> None:
    routed.order("OLD", status="RELEASED", released_at=MONDAY)
    top = routed.order("TOP")
    middle = routed.order("MIDDLE", parent=top)
    routed.order("LOW", parent=middle)
    text = f"number,part,quantity,due_at,parent\nGOOD,HOUSING,1\n{row}\n"
    assert [one.does for one in services.judge_orders(text)] == ["create", "refuse"]
    with pytest.raises(Refused, match="1 rows cannot be taken") as refusal:
        services.import_orders(text, **AT)
    assert words in refusal.value.message
    assert ManufacturingOrder.objects.count() == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("number,part\nA,HOUSING\n", "missing column quantity"),
        ("number,part,quantity,colour\n", "unknown column colour"),
        ("number,part,quantity,part\n", "The column part is there twice"),
        ("", "missing column"),
        ("number,part,quantity\n\n", "no rows"),
        ('number,part,quantity\nA,"HOUSING,1\n', "Line 2 is no CSV"),
    ],
)
def test_a_head_or_a_quote_that_cannot_be_read_is_refused(db: None, text: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        services.judge_orders(text)


def test_the_command_tries_and_takes(routed: Shop, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(GOOD + "A-2;HOUSING;1;;;\n")
    out = StringIO()
    with pytest.raises(CommandError, match="1 lines cannot be taken"):
        call_command("schedule_orders", path, "--dry-run", stdout=out)
    assert "4: refuse A-2 number A-2 stands in line 3 already" in out.getvalue()
    path.write_text(GOOD)
    call_command("schedule_orders", path, stdout=out)
    assert out.getvalue().endswith("2 create, 0 change, 0 same, 0 refuse\n")
    assert ManufacturingOrder.objects.count() == 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("number;part\nÄ;B\n".encode("latin-1"), "Line 2 holds a character that is not UTF-8"),
        (GOOD.encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 a workbook", "perhaps a workbook"),
        (b"x" * 5_000_001, "at most 5 MB"),
    ],
)
def test_what_is_no_utf_8_is_refused_by_its_place(raw: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words):
        services.read_order_file(raw)


def test_a_spreadsheets_mark_semicolons_and_decimal_comma_are_read(routed: Shop) -> None:
    text = services.read_order_file(GOOD.replace("12.5", "12,5").encode("utf-8-sig"))
    second = services.import_orders(text, **AT)[1]
    assert dict(second.facts)["quantity"] == Decimal("12.5")
    thousand = services.judge_orders(text.replace("12,5", "1.000"))[1]
    assert (thousand.does, thousand.column) == ("refuse", "quantity")
    assert "may be a thousand or one" in thousand.words


def test_the_template_is_taken_once_its_parts_are_known(routed: Shop) -> None:
    text = services.read_order_file(services.order_template())
    assert {row.column for row in services.judge_orders(text)} == {"part"}
    for number in ("PART-1", "PART-2"):
        Part.objects.create(number=number)
    assert services.counts_of(services.import_orders(text, **AT))["create"] == 2


def test_a_long_file_is_taken_in_few_statements(
    routed: Shop, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    rows = "".join(f"L-{n},HOUSING,{n % 90 + 1}\n" for n in range(3_000))
    with django_assert_max_num_queries(200):
        services.import_orders(f"number,part,quantity\n{rows}", **AT)
    assert Operation.objects.count() == 3_000
    with django_assert_max_num_queries(40):
        assert (
            services.counts_of(services.import_orders(f"number,part,quantity\n{rows}", **AT))["same"] == 3_000
        )


def test_operations_follow_the_resources_of_the_routing(routed: Shop) -> None:
    step = RoutingOperation.objects.get()
    step.resources.set([routed.p1])
    services.import_orders(GOOD, **AT)
    operation = Operation.objects.get(order__number="A-1")
    assert list(operation.resources.all()) == [routed.p1]
    step.resources.set([routed.p2])
    assert services.write_operations(*ManufacturingOrder.objects.all()) == 2
    assert list(operation.resources.all()) == [routed.p2]


# the page and the API


def uploaded(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("orders.csv", text.encode())


def test_a_file_is_shown_before_it_is_taken(routed: Shop) -> None:
    client = browser()
    shown = client.post("/schedule/orders/check/", {"file": uploaded(GOOD)}).content.decode()
    assert "Take 2 orders" in shown
    assert not ManufacturingOrder.objects.exists()
    seen = hashlib.sha256(GOOD.encode()).hexdigest()
    other = client.post("/schedule/orders/take/", {"file": uploaded(GOOD + "\n"), "seen": seen})
    assert (other.status_code, ManufacturingOrder.objects.count()) == (409, 0)
    assert client.post("/schedule/orders/take/", {"seen": seen}).status_code == 422
    taken = client.post("/schedule/orders/take/", {"file": uploaded(GOOD), "seen": seen})
    assert "Taken: 2 new" in taken.content.decode()
    assert "Open: 2 planned" in client.get("/schedule/orders/").content.decode()


def test_a_refused_line_leaves_no_button_to_take(routed: Shop) -> None:
    shown = browser().post("/schedule/orders/check/", {"file": uploaded(GOOD + "A-3;WHEEL;1;;;\n")})
    text = shown.content.decode()
    assert "1 line cannot be taken, so nothing is" in text
    assert "enter it in admin first" in text
    assert "schedule/orders/take" not in text


def test_who_only_reads_takes_no_file(routed: Shop) -> None:
    client = browser("quality")
    page = client.get("/schedule/orders/").content.decode()
    assert "Take orders from a file" not in page
    for verb in ("check", "take"):
        assert client.post(f"/schedule/orders/{verb}/", {"file": uploaded(GOOD)}).status_code == 403


def test_other_programs_take_a_file_as_the_page_does(routed: Shop) -> None:
    client = browser()
    address = "/api/v1/manufacturing-orders/take-file/"
    tried = client.post(address, {"file": uploaded(GOOD), "dry_run": "true"})
    assert tried.json()["counts"] == {"create": 2, "change": 0, "same": 0, "refuse": 0}
    assert not ManufacturingOrder.objects.exists()
    refused = client.post(address, {"file": uploaded(GOOD + "A-3;WHEEL;1;;;\n")})
    assert refused.status_code == 422
    assert refused.json()["facts"]["rows"][0] == {
        "line": 4, "number": "A-3", "column": "part", "message": "there is no part 'WHEEL'; enter it in admin first",
    }  # fmt: skip
    assert not ManufacturingOrder.objects.exists()
    assert client.post(address, {"file": uploaded(GOOD)}).json()["rows"][1]["does"] == "create"
    assert browser("quality").post(address, {"file": uploaded(GOOD)}).status_code == 403
