"""Setup matrix and sequencing steps in Chromium: walked by arrows, filled from a spreadsheet, refused at the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scheduling.models import SequencingStep, SetupTime
from tests.browser.keyboard import faults_by_tab
from tests.browser.test_accessibility import faults
from tests.factories import Plant, person
from tests.scheduling.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]
PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const pasted = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(pasted);
}"""


@pytest.fixture
def page(plant: Plant, visit: Callable[..., Any]) -> Any:
    Shop()
    SetupTime.objects.create(from_key="RED", to_key="BLUE", hours=0.5)
    SetupTime.objects.create(from_key="BLUE", to_key="RED", hours=1.5)
    return visit(person("planner", "planner", "B6001")).page


def test_a_block_of_a_spreadsheet_is_pasted_shown_and_saved(page: Any) -> None:
    page.goto("/schedule/matrix/")
    assert faults(page) + faults_by_tab(page) == []
    red_to_blue = page.locator("[data-from=RED][data-to=BLUE]")
    assert red_to_blue.input_value() == "0.5"
    assert "the other way: 1.5" in red_to_blue.get_attribute("aria-label")
    page.focus("[data-from=BLUE][data-to=BLUE]")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.activeElement.dataset.from") == "RED"
    page.evaluate(PASTE, "0,75\tx\n")
    page.click("[data-save]")
    page.wait_for_selector("#act[open] >> text=2 setup times change")
    page.click("#act button.primary")
    assert SetupTime.objects.get(from_key="RED", to_key="BLUE").hours == 0.5, "a reason is asked for"
    page.fill("#reason", "measured in week 46")
    page.click("#act button.primary")
    page.wait_for_function(
        "() => document.querySelector('[data-from=RED][data-to=BLUE]')?.dataset.was === '0.75'"
    )
    assert SetupTime.objects.get(from_key="RED", to_key="BLUE").hours == 0.75
    assert SetupTime.objects.get(from_key="RED", to_key="RED").forbidden
    page.fill("[data-from=BLUE][data-to=RED]", "soon")
    page.keyboard.press("Tab")
    assert page.locator("[data-save]").is_disabled()
    page.fill("[data-from=BLUE][data-to=RED]", "1.5")


def test_a_file_with_a_refused_cell_names_it_and_saves_nothing(page: Any) -> None:
    page.goto("/schedule/matrix/")
    head = "resource,from_key,to_key,hours\n"
    file = {"name": "matrix.csv", "mimeType": "text/csv"}
    page.set_input_files("#matrix-file", {**file, "buffer": f"{head},RED,BLUE,1\n,BLUE,RED,soon\n".encode()})
    page.wait_for_selector("text=line 3: soon is no time in hours")
    assert page.locator("#act button.primary").count() == 0
    assert SetupTime.objects.get(from_key="RED", to_key="BLUE").hours == 0.5
    page.keyboard.press("Escape")
    page.set_input_files("#matrix-file", {**file, "buffer": f"{head},RED,BLUE,1\n".encode()})
    page.wait_for_selector("#act[open] >> text=1 setup time changes")
    page.fill("#reason", "measured anew")
    page.click("#act button.primary")
    page.wait_for_function(
        "() => document.querySelector('[data-from=RED][data-to=BLUE]')?.dataset.was === '1'"
    )


def test_a_pasted_cell_that_is_no_time_is_marked_and_keeps_save_shut(page: Any) -> None:
    page.goto("/schedule/matrix/")
    page.focus("[data-from=BLUE][data-to=BLUE]")
    page.evaluate(PASTE, "0,75\tsoon\n1\t2\n")
    page.wait_for_selector("[data-from=BLUE][data-to=RED][aria-invalid=true]")
    assert page.locator("[data-save]").is_disabled()
    page.fill("[data-from=BLUE][data-to=RED]", "3")
    page.keyboard.press("Tab")
    page.click("[data-save]")
    page.wait_for_selector("#act[open] >> text=4 setup times change")


def test_a_step_is_refused_at_its_field_and_shows_what_its_type_knows(page: Any) -> None:
    page.goto("/schedule/steps/new/")
    assert page.locator("[name=group_from]").is_visible()
    page.select_option("[name=type]", "forward")
    assert not page.locator("[name=group_from]").is_visible()
    page.select_option("[name=type]", "standard")
    page.select_option("[name=work_centre]", label="PRESS")
    page.fill("[name=group_from]", "4")
    page.fill("[name=group_to]", "2")
    page.click("button:has-text('Save')")
    page.wait_for_selector(".step-field.wrong [name=group_from]")
    assert "lies after group_to 2" in page.inner_text(".step-field.wrong .field-error")
    assert faults(page) == []
    page.fill("[name=group_to]", "6")
    page.click("button:has-text('Save')")
    page.wait_for_selector("text=Sequencing steps >> nth=0")
    step = SequencingStep.objects.get()
    assert (step.group_from, step.group_to, step.number) == (4, 6, 10)
    page.click("text=Switch off")
    page.wait_for_selector("text=Switch on")
    assert not SequencingStep.objects.get().enabled
