"""The line board in Chromium: it lives, it says when it does not, and a decision is taken on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from sequencer.models import SequenceGap
from sequencer.services import open_task
from tests.factories import Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def board(visit: Callable[..., Any], plant: Plant) -> Any:
    """The board at a desk, its stream open."""
    plant.new(1)
    plant.new(4)
    floor = visit(plant.supervisor, width=1920, height=1080)
    floor.page.goto(f"{floor.address}/lines/{plant.line.pk}/")
    floor.page.wait_for_selector("#stream-light[data-state=live]")
    return floor.page


def wait_for_text(page: Any, part: str, text: str) -> None:
    page.wait_for_function(
        "([part, text]) => document.querySelector(`[data-part=${part}]`).innerText.includes(text)",
        arg=[part, text],
    )


def test_what_happens_on_the_floor_appears_by_itself(board: Any, plant: Plant) -> None:
    wait_for_text(board, "todo", "GAP 0002–0003")
    board.evaluate("() => document.addEventListener('plant', () => (window.told = true))")
    open_task(plant.line, "LATE_CHANGE", "V0001", "now black", at=timezone.now())
    # A look by the clock would find it too, later: it is the stream that says so.
    board.wait_for_function("() => window.told")
    wait_for_text(board, "todo", "LATE CHANGE V0001")
    plant.new(5)
    wait_for_text(board, "strip", "0005")


def test_a_gap_is_accepted_on_the_board(board: Any, plant: Plant) -> None:
    board.click("text=Decide gap")
    assert "we have not received sequence 0002–0003" in board.inner_text("#resend-text")
    board.fill("#reason", "dispatcher by phone")
    board.click("text=Accept 2 missing calls")
    board.wait_for_selector("#act:not([open])", state="attached")
    wait_for_text(board, "todo", "Nothing waits for a person")
    assert set(SequenceGap.objects.values_list("status", "accepted_by__username")) == {("ACCEPTED", "boss")}


def test_a_refusal_stays_in_the_dialog_in_words(board: Any, plant: Plant) -> None:
    board.click("text=Decide gap")
    board.fill("#reason", "too late")
    plant.new(2)
    plant.new(3)
    board.click("text=Accept 2 missing calls")
    board.wait_for_selector("#act [data-refused]")
    assert board.is_visible("#act")


def test_an_open_dialog_survives_news(board: Any, plant: Plant) -> None:
    board.click("text=Decide gap")
    board.fill("#reason", "half a sent")
    plant.new(5)
    wait_for_text(board, "strip", "0005")
    assert board.input_value("#reason") == "half a sent"


def test_without_a_stream_the_board_polls_and_says_so(visit: Callable[..., Any], plant: Plant) -> None:
    floor = visit(plant.supervisor)
    floor.page.route("**/events/**", lambda route: route.abort())
    floor.page.goto(f"{floor.address}/lines/{plant.line.pk}/")
    floor.page.wait_for_selector("#stream-light[data-state=polling]")
    plant.new(7)
    wait_for_text(floor.page, "strip", "0007")


def test_old_data_turn_grey_with_their_age(visit: Callable[..., Any], plant: Plant) -> None:
    floor = visit(plant.supervisor)
    page = floor.page
    page.clock.install()
    page.route("**/events/**", lambda route: route.abort())
    page.goto(f"{floor.address}/lines/{plant.line.pk}/")
    page.route("**/live/**", lambda route: route.abort())
    page.clock.run_for(20_000)
    page.wait_for_selector("[data-live].stale")
    assert "s old" in page.get_attribute("[data-live]", "data-age")
    assert page.get_attribute("#stream-light", "data-state") == "offline"


def test_the_whole_board_fits_a_wall_screen(board: Any, plant: Plant) -> None:
    width, height = board.evaluate("() => [document.body.scrollWidth, document.body.scrollHeight]")
    assert width <= 1920
    assert height <= 1080


def test_the_theme_is_kept(board: Any, plant: Plant) -> None:
    board.click("[data-theme-switch]")
    chosen = board.get_attribute("html", "data-theme")
    board.reload()
    assert chosen in {"dark", "light"}
    assert board.get_attribute("html", "data-theme") == chosen
