"""Hands on the keys alone: what opens is closed by Escape, and one is again where one was. The walk by Tab over every
page stands in `test_accessibility`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from tests.browser.conftest import Floor
from tests.browser.keyboard import faults_by_tab
from tests.factories import Plant

# Where the focus goes is decided in the browser.
pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def racks(visit: Callable[..., Floor], plant: Plant) -> Any:
    """The rack list of a supervisor, with three racks."""
    for n in range(1, 10):
        plant.new(n)
    page = visit(plant.supervisor).page
    page.goto(reverse("racks"))
    return page


def focused(page: Any) -> str:
    return str(page.evaluate("() => document.activeElement.innerText || document.activeElement.localName"))


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def reach(page: Any, selector: str) -> None:
    """By Tab until the focus is there; a trap ends the test."""
    for _ in range(80):
        press(page, "Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


BAD = {
    "focus is not seen": "<button style='outline: none'>one</button>",
    "focus is covered": "<button>one</button><p style='position: fixed; inset: 0; margin: 0'>over it</p>",
    "the order goes back": "<a href=# tabindex=1>one</a><a href=# tabindex=3>two</a><a href=# tabindex=2>three</a>",
    "Tab does not reach": "<button onfocus='blur()'>one</button><a href='#'>two</a>",
}


@pytest.mark.parametrize("fault", BAD)
def test_the_walk_sees_a_page_that_fails_by_keyboard(visit: Callable[..., Floor], fault: str) -> None:
    page = visit().page
    page.set_content(BAD[fault])
    assert [one for one in faults_by_tab(page) if one.startswith(fault)]


def test_the_first_tab_leads_past_the_bar(racks: Any) -> None:
    press(racks, "Tab")
    skip = racks.locator(".skip")
    assert focused(racks) == "Skip to the content"
    assert skip.bounding_box()["width"] > 100, "seen while it has the focus"
    press(racks, "Enter", "Tab")
    assert racks.evaluate("() => document.activeElement.closest('#main') !== null")
    assert skip.bounding_box()["width"] <= 1


def test_the_menu_opens_by_enter_and_closes_by_escape_and_by_going_on(racks: Any) -> None:
    reach(racks, ".topbar-more summary")
    press(racks, "Enter", "Tab", "Tab")
    assert racks.evaluate("() => document.activeElement.closest('.topbar-menu') !== null")
    press(racks, "Escape")
    assert racks.locator(".topbar-more[open]").count() == 0
    assert racks.evaluate("() => document.activeElement.matches('.topbar-more summary')")
    press(racks, "Enter")
    reach(racks, "#main *")
    assert racks.locator(".topbar-more[open]").count() == 0


def test_a_dialog_keeps_the_focus_and_gives_it_back(racks: Any) -> None:
    reach(racks, "tr:nth-of-type(2) button[hx-get]")
    opener = racks.evaluate("() => document.activeElement.getAttribute('hx-get')")
    press(racks, "Enter")
    racks.wait_for_selector("dialog[open]")
    for _ in range(12):
        press(racks, "Tab")
        assert racks.evaluate("() => !document.activeElement.closest('main, header')"), "behind the dialog"
    press(racks, "Escape")
    racks.wait_for_selector("dialog:not([open])", state="attached")
    assert racks.evaluate("() => document.activeElement.getAttribute('hx-get')") == opener


def test_a_list_is_filtered_by_arrows_and_sent_by_enter(racks: Any) -> None:
    reach(racks, "select[name=status]")
    press(racks, "ArrowDown", "ArrowDown")
    chosen = racks.evaluate("() => document.activeElement.value")
    assert "status=" not in racks.url, "an arrow goes on choosing"
    with racks.expect_navigation():
        press(racks, "Enter")
    assert f"status={chosen}" in racks.url


def test_a_refresh_leaves_the_focus_where_it_is(visit: Callable[..., Floor], plant: Plant) -> None:
    for n in (1, 2, 3, 6, 9):
        plant.new(n)
    page = visit(plant.supervisor).page
    page.goto(reverse("line", args=[plant.line.pk]))
    page.wait_for_selector("#stream-light[data-state=live]")
    reach(page, "[data-part=todo] tr:nth-of-type(2) button")
    opener = page.evaluate("() => document.activeElement.getAttribute('hx-get')")
    plant.new(12)
    page.wait_for_function("() => document.querySelectorAll('[data-kind=gap]').length === 3")
    assert page.evaluate("() => document.activeElement.getAttribute('hx-get')") == opener
    press(page, "Enter")
    page.wait_for_selector("dialog[open]")
    plant.new(15)
    page.wait_for_function("() => document.querySelectorAll('[data-kind=gap]').length === 4")
    press(page, "Escape")
    page.wait_for_function("wanted => document.activeElement.getAttribute('hx-get') === wanted", arg=opener)
