"""The page of manufacturing orders in Chromium: a file is chosen, checked, mended and taken by the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scheduling.models import ManufacturingOrder
from tests.browser.keyboard import faults_by_tab
from tests.browser.test_accessibility import faults
from tests.factories import Plant, person
from tests.scheduling.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]
GOOD = "number;part;quantity;due_at\nN-1;HOUSING;12,5;2026-11-24\nN-2;HOUSING;3;\n"


@pytest.fixture
def page(plant: Plant, visit: Callable[..., Any]) -> Any:
    Shop()
    return visit(person("planner", "planner", "B6001")).page


def choose(page: Any, text: str) -> None:
    """A file from the dialog of the machine, then Tab and Enter to the button behind it."""
    file = {"name": "orders.csv", "mimeType": "text/csv", "buffer": text.encode("utf-8-sig")}
    page.set_input_files("#order-file", file)
    page.focus("#order-file")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def told(page: Any, text: str) -> None:
    """Waits until the answer says this and has the focus, which comes a moment after it."""
    page.wait_for_function("text => document.activeElement.innerText.startsWith(text)", arg=text)


def test_a_file_is_checked_mended_and_taken(page: Any) -> None:
    page.goto("/schedule/")
    page.click(".schedule-tabs >> text=Orders")
    assert faults(page) + faults_by_tab(page) == []
    choose(page, GOOD + "N-2;WHEEL;soon;\n")
    told(page, "✕ 1 line cannot be taken, so nothing is")
    row = page.inner_text("#orders-judged tbody tr >> nth=0")
    assert "N-2 stands in line 3 already" in row
    assert page.locator("#orders-judged button").count() == 0
    assert faults(page) == []
    choose(page, GOOD)
    told(page, "2 new, 0 changed, 0 as they are.")
    assert not ManufacturingOrder.objects.exists()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    told(page, "✓ Taken: 2 new")
    assert ManufacturingOrder.objects.count() == 2
    choose(page, GOOD)
    page.wait_for_selector("text=The file changes nothing")


def test_what_is_no_text_is_told_and_the_template_comes(page: Any) -> None:
    page.goto("/schedule/orders/")
    file = {"name": "orders.xlsx", "mimeType": "text/csv", "buffer": b"PK\x03\x04 workbook"}
    page.set_input_files("#order-file", file)
    page.click("text=Check the file")
    page.wait_for_selector("text=Save it as CSV UTF-8")
    with page.expect_download() as download:
        page.click("text=Template")
    assert download.value.suggested_filename == "manufacturing-orders.csv"
