"""Plans in Chromium: filters of the address, a run followed and stopped, a published plan taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from scheduling import services
from scheduling.models import Plan, ScheduleRun
from tests.browser.test_accessibility import faults
from tests.factories import Plant, person
from tests.scheduling.shop import MONDAY, Shop

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]
AT = {"by": "planner", "at": MONDAY}
SHOWN = "() => window.board.rows.list.map((row) => row.resource.code).join()"


@pytest.fixture
def plan(plant: Plant) -> Plan:
    """RED and BLUE on P1, the last of them late; P2 and COAT have work too."""
    shop = Shop()
    for n, due_hours in enumerate((40, 40, 1)):
        order = shop.order(f"A{n}", "RED" if n % 2 else "BLUE", due_hours=due_hours)
        order.operations.get(number=10).resources.set([shop.p1])
    shop.order("B0").operations.get(number=10).resources.set([shop.p2])
    return services.plan_from_orders(start=MONDAY, **AT)


@pytest.fixture
def page(plan: Plan, visit: Callable[..., Any]) -> Any:
    return visit(person("planner", "planner", "B6001"), width=1600, height=1000).page


def ready(page: Any) -> None:
    page.wait_for_selector("[data-schedule][data-ready]")


def test_filters_are_kept_in_the_address(page: Any, plan: Plan) -> None:
    page.goto(f"/schedule/plans/{plan.pk}/?zoom=week")
    ready(page)
    assert page.evaluate(SHOWN) == "P1,P2,COAT"
    page.select_option("[name=work_centre]", "PRESS")
    page.wait_for_url("**/?zoom=week&work_centre=PRESS")
    ready(page)
    assert page.evaluate(SHOWN) == "P1,P2"
    page.fill("#find", "A2")
    page.keyboard.press("Enter")
    page.wait_for_url("**&work_centre=PRESS&order=A2")
    page.select_option("[name=late]", "1")
    page.wait_for_url("**&late=1&order=A2")
    page.reload()
    ready(page)
    assert [page.input_value(f"[name={one}]") for one in ("work_centre", "late", "order")] == [
        "PRESS",
        "1",
        "A2",
    ]
    assert page.get_attribute("[data-zoom=week]", "aria-pressed") == "true"
    page.go_back()
    page.wait_for_url("**&work_centre=PRESS&order=A2")
    ready(page)
    assert page.input_value("[name=late]") == "", "back, the choice says what the address says"


def test_a_published_plan_is_taken_back_after_a_question(page: Any, plan: Plan) -> None:
    services.publish_plan(plan.pk, version=1, **AT)
    copy = services.copy_plan(plan.pk, **AT)
    services.publish_plan(copy.pk, version=copy.version, **AT)
    page.goto(f"/schedule/plans/{copy.pk}/")
    ready(page)
    page.click("text=Take back …")
    page.wait_for_selector("#act[open] >> text=the plan published before it holds for the floor")
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.wait_for_selector("#act", state="hidden")
    copy.refresh_from_db()
    assert copy.status == "PUBLISHED", "who only looked took nothing back"
    page.click("text=Take back …")
    page.click("#act button.danger")
    page.wait_for_selector("text=Publish …")
    plan.refresh_from_db()
    copy.refresh_from_db()
    assert (plan.status, copy.status) == ("PUBLISHED", "DRAFT")


def test_a_run_tells_its_progress_and_is_cancelled_while_it_works(page: Any, plan: Plan) -> None:
    """The worker's part is played by rows as it writes them."""
    run = services.request_run(plan.pk, **AT)
    page.goto(f"/schedule/plans/{plan.pk}/")
    page.wait_for_selector("text=Run waits for a worker")
    row = ScheduleRun.objects.filter(pk=run.pk)
    now = timezone.now()
    row.update(status="RUNNING", worker="w", claimed_at=now, heartbeat_at=now, claim_count=1, progress=0.4)
    page.wait_for_selector("text=Run is under way")
    page.wait_for_selector("text=40 % · 0 iterations")
    row.update(progress=0.8, iteration_count=1234)
    page.wait_for_selector("text=80 % · 1234 iterations")
    assert page.evaluate("() => document.querySelector('.run-bar').value") == 80
    page.click("text=Cancel the run")
    page.wait_for_selector("text=It is being cancelled.")
    run.refresh_from_db()
    assert (run.status, run.cancel_requested_by) == ("RUNNING", "planner"), "the worker ends it, not the page"
    row.update(status="CANCELLED", finished_at=now)
    page.wait_for_selector("text=The last run was cancelled by planner.")
    assert page.locator("[data-part=run][hx-get]").count() == 0, "nothing asks on"


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
def test_the_bar_of_a_planner_is_one_line_in_each_language(page: Any, settings: Any, language: str) -> None:
    settings.DEMO = True
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/schedule/plans/")
    page.evaluate(
        "language => document.querySelector(`button[name=language][value=${language}]`).form.requestSubmit("
        "document.querySelector(`button[name=language][value=${language}]`))",
        language,
    )
    page.wait_for_function("language => document.documentElement.lang === language", arg=language)
    page.wait_for_load_state()
    for state, said in (("live", "live"), ("polling", "polling · 14 s"), ("offline", "offline · 120 s")):
        bar = page.evaluate(
            "([state, said]) => { const light = document.getElementById('stream-light');"
            " light.dataset.state = state; light.lastElementChild.textContent = said;"
            " const bar = document.querySelector('.topbar');"
            " return [bar.offsetHeight, bar.scrollWidth - bar.clientWidth]; }",
            [state, said],
        )
        assert (state, bar) == (state, [48, 0])
