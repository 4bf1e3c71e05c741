"""The scheduling board in Chromium: bars are moved by hand, by keys and by table, and what is refused is put back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from scheduling import services
from scheduling.models import Plan, PlannedOperation, PlanningRules
from tests.browser.keyboard import faults_by_tab
from tests.browser.test_accessibility import faults
from tests.factories import Plant, person
from tests.scheduling.shop import MONDAY, Shop

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]
AT = {"by": "planner", "at": MONDAY}
BAR = """([order, number]) => {
  const bar = [...window.board.rows.bars.values()].find((one) => one.order === order && one.number === number);
  const box = window.board.gantt.boxOf(bar);
  const canvas = window.board.gantt.over.getBoundingClientRect();
  return { x: canvas.x + box.x, y: canvas.y + box.y, w: box.w, h: box.h, status: bar.status };
}"""


# What the canvas shows of one bar at this many days a window: middle and upper edge of its setup, middle of its work.
COLOURS = """([order, days, faded]) => {
  const { gantt, scale, rows } = window.board;
  scale.last = Math.max(scale.last, scale.first + days * 86_400_000);
  gantt.filter = () => !faded;
  scale.show(scale.first, days * 86_400_000);
  gantt.draw();
  const bar = [...rows.bars.values()].find((one) => one.order === order);
  const { x, y, h } = gantt.boxOf(bar);
  const [work, end] = [scale.x(bar.work), scale.x(bar.end)];
  const pen = gantt.base.getContext("2d");
  const at = (x, y) => [...pen.getImageData(Math.round(x), Math.round(y), 1, 1).data].slice(0, 3);
  const setup = (x + work) / 2 - 1;
  return { wide: end - work, colours: [at(setup, y + h / 2), at(setup, y + 1), at((work + end) / 2 - 1, y + h / 2)] };
}"""


@dataclass
class Screen:
    """The board of one plan in a browser."""

    page: Any
    plan: Plan

    def box(self, order: str, number: int = 10) -> dict[str, float]:
        return dict(self.page.evaluate(BAR, [order, number]))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def click(self, order: str, **more: Any) -> None:
        box = self.box(order)
        self.page.mouse.click(box["x"] + box["w"] / 2, box["y"] + box["h"] / 2, **more)

    def pull(self, order: str, to: str, *, behind: bool = True) -> None:
        """Takes one bar by its middle to just behind (or before) the middle of another."""
        start, end = self.box(order), self.box(to)
        side = 12 if behind else -12
        self.page.mouse.move(start["x"] + start["w"] / 2, start["y"] + start["h"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(end["x"] + end["w"] / 2 + side, end["y"] + end["h"] / 2, steps=5)

    def told(self, text: str) -> None:
        self.page.wait_for_function(
            "text => !document.querySelector('[data-told]').hidden"
            " && document.querySelector('[data-told]').innerText.includes(text)",
            arg=text,
        )

    def sequence(self, code: str) -> list[str]:
        """Orders on a resource, as the database has them."""
        rows = PlannedOperation.objects.filter(plan=self.plan, resource__code=code).order_by("position")
        return list(rows.values_list("operation__order__number", flat=True))

    def shown(self, code: str) -> list[str]:
        """Orders on a resource, as the canvas has them."""
        row = "window.board.rows.list.find((row) => row.resource.code === code)"
        return list(self.page.evaluate(f"code => {row}.bars.map((bar) => bar.order)", code))


@pytest.fixture
def screen(plant: Plant, visit: Callable[..., Any]) -> Screen:
    """RED, BLUE, RED, BLUE on press P1, by due date; P2 is free."""
    shop = Shop()
    for n, key in enumerate(("RED", "BLUE", "RED", "BLUE")):
        order = shop.order(f"A{n}", key, due_hours=20 + n)
        order.operations.get(number=10).resources.set([shop.p1])
    shop.order("B0", "RED", due_hours=40).operations.get(number=10).resources.set([shop.p1, shop.p2])
    plan = services.plan_from_orders(start=MONDAY, **AT)
    planner = person("planner", "planner", "B6001")
    floor = visit(planner, width=1600, height=1000)
    floor.page.goto(f"/schedule/plans/{plan.pk}/")
    floor.page.wait_for_selector("[data-schedule][data-ready]")
    floor.page.wait_for_selector("#stream-light[data-state=live]")
    return Screen(floor.page, plan)


def test_a_bar_is_pulled_and_taken_back(screen: Screen) -> None:
    assert screen.sequence("P1") == ["A0", "A1", "A2", "A3"]
    screen.pull("A2", "A0")
    screen.page.wait_for_function("() => /setup −2/.test(window.board.moving.ghost?.words ?? '')")
    screen.page.mouse.up()
    screen.told("setup −2")
    assert screen.sequence("P1") == screen.shown("P1") == ["A0", "A2", "A1", "A3"]
    assert screen.box("A2")["status"] == 17
    screen.press("Control+z")
    screen.told("setup +2")
    assert screen.sequence("P1") == screen.shown("P1") == ["A0", "A1", "A2", "A3"]
    screen.press("Control+z")
    screen.told("Nobody has moved anything")


@pytest.mark.parametrize("faded", [False, True])
def test_a_bar_too_thin_for_corners_has_the_colours_of_a_wide_one(screen: Screen, faded: bool) -> None:
    wide, thin = (screen.page.evaluate(COLOURS, ["A1", days, faded]) for days in (1, 20))
    assert thin["wide"] < 14 < wide["wide"]
    assert len({tuple(colour) for colour in wide["colours"]}) == 3, "setup stands thin before the work"
    for one, other in zip(thin["colours"], wide["colours"], strict=True):
        assert max(abs(here - there) for here, there in zip(one, other, strict=True)) <= 2


def test_a_drop_on_a_plan_that_changed_is_put_back(screen: Screen) -> None:
    other = PlannedOperation.objects.get(
        plan=screen.plan, operation__order__number="B0", operation__number=10
    )
    screen.page.evaluate(
        "() => { window.board.heard = () => {}; }"
    )  # what the stream would tell comes too late
    services.lock_operations(screen.plan.pk, [other.operation_id], lock=True, version=1, **AT)
    screen.pull("A2", "A0")
    screen.page.mouse.up()
    screen.told("changed by someone else")
    assert screen.sequence("P1") == screen.shown("P1") == ["A0", "A1", "A2", "A3"]
    screen.page.wait_for_function("() => window.board.plan.version === 2")
    assert screen.box("B0")["status"] == 17, "the board shows what the other did"
    screen.pull("A2", "A0")
    screen.page.mouse.up()
    screen.told("setup −2")


def test_hearing_of_an_own_change_before_its_answer_fetches_no_bars(screen: Screen) -> None:
    page, asked = screen.page, []
    page.on("request", lambda request: "/bars/" in request.url and asked.append(request.url))

    def late(route: Any) -> None:
        answer = route.fetch()
        page.wait_for_selector("[data-version='2']", state="attached")
        route.fulfill(response=answer)

    page.route("**/lock/", late)
    screen.click("A1")
    screen.press("l")
    screen.told("1 operation is locked")
    assert page.evaluate("() => [window.board.plan.version, window.board.source.timer ?? null]") == [2, None]
    assert asked == []


def test_what_the_rules_forbid_is_told_and_put_back(screen: Screen) -> None:
    screen.pull("A1", "B0")
    screen.page.wait_for_function("() => window.board.moving.ghost?.refused")
    screen.page.mouse.up()
    screen.told("may not run on P2")
    assert screen.shown("P1") == ["A0", "A1", "A2", "A3"]
    locked = PlannedOperation.objects.filter(plan=screen.plan, operation__order__number="A0")
    locked.update(status=20)
    screen.page.reload()
    screen.page.wait_for_selector("[data-ready]")
    screen.pull("A0", "A2")
    screen.told("stays where it is")
    screen.page.mouse.up()
    assert screen.page.evaluate("() => window.board.moving.busy") is False


def test_the_keyboard_does_all_of_it(screen: Screen) -> None:
    page = screen.page
    assert faults(page) + faults_by_tab(page) == []
    page.focus(".gantt canvas[tabindex]")
    screen.press("ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('[data-whisper]').innerText.startsWith('A0 10, RED, on P1')"
    )
    screen.press("ArrowRight", "ArrowRight")
    page.wait_for_selector("text=Why A2 · 10 stands here")
    screen.press("Enter", "ArrowLeft", "Enter")
    screen.told("setup −2")
    assert screen.sequence("P1") == ["A0", "A2", "A1", "A3"]
    screen.press("Control+ArrowLeft")
    page.wait_for_function("() => window.board.rows.list[0].bars[0].order === 'A2'")
    screen.press("l")
    page.wait_for_function("() => window.board.selection.focused.status === 10")
    screen.press("m")
    page.wait_for_selector("#move-to[open]")
    page.select_option("#move-place", index=3)
    page.wait_for_function("() => /setup/.test(document.querySelector('[data-delta]').innerText)")
    page.focus("#move-place")
    screen.press("Tab", "Enter")
    page.wait_for_function("() => !document.querySelector('#move-to').open")
    assert screen.sequence("P1") == ["A0", "A1", "A3", "A2"]
    screen.press("?")
    page.wait_for_selector("#keys[open]")
    assert faults(page) == []
    screen.press("Escape")


def test_the_table_has_the_same_acts(screen: Screen) -> None:
    page = screen.page
    page.click("text=The same as a table")
    page.click("[aria-label='Lock A1 10']")
    page.wait_for_selector("[aria-label='Let go A1 10']")
    page.click("[aria-label='Move A3 10']")
    page.select_option("#move-place", index=0)
    page.click("#move-to button:has-text('Move')")
    page.wait_for_function("() => window.board.rows.list[0].bars[0].order === 'A3'")
    assert screen.sequence("P1") == ["A3", "A0", "A1", "A2"]
    assert faults(page) == []


def test_the_best_order_of_what_is_chosen(screen: Screen) -> None:
    page = screen.page
    screen.click("A0")
    page.keyboard.down("Shift")
    screen.click("A3")
    page.keyboard.up("Shift")
    page.wait_for_selector("text=Chosen: 4 operations on P1")
    assert "3.0 h" in page.inner_text(".side-figure")
    page.click("[data-do=best]")
    page.wait_for_function("() => /1.0 h/.test(document.querySelector('.side-figure').innerText)")
    assert "was 3.0 h" in page.inner_text(".side-figure")
    assert screen.sequence("P1") in (
        ["A0", "A2", "A1", "A3"],
        ["A0", "A2", "A3", "A1"],
        ["A2", "A0", "A1", "A3"],
    )


def test_what_others_do_appears_and_a_plan_is_published(screen: Screen) -> None:
    page = screen.page
    moved = PlannedOperation.objects.get(
        plan=screen.plan, operation__order__number="A2", operation__number=10
    )
    services.move_operation(screen.plan.pk, moved.operation_id, moved.resource_id, 2, version=1, **AT)
    page.wait_for_function("() => window.board.rows.list[0].bars[1].order === 'A2'")
    copy = services.copy_plan(screen.plan.pk, **AT)
    page.wait_for_selector("[data-do=undo]:not([disabled])")
    page.click("text=Publish …")
    page.wait_for_selector("#act[open] >> text=No plan is published yet")
    page.click("#act button.primary")
    page.wait_for_selector(".gain .badge >> text=published")
    screen.plan.refresh_from_db()
    assert screen.plan.status == "PUBLISHED"
    services.move_operation(copy.pk, moved.operation_id, moved.resource_id, 4, version=1, **AT)
    page.goto(f"/schedule/plans/compare/?after={copy.pk}")
    page.wait_for_selector("[data-compare][data-ready]")
    assert faults(page) == []
    page.check("[data-moved]")
    page.focus(".gantt canvas[tabindex] >> nth=0")
    for _ in range(3):
        page.keyboard.press("+")
    before = page.evaluate("() => window.sides.map(({ gantt }) => gantt.scale.from)")
    page.keyboard.press("ArrowRight")
    after = page.evaluate("() => window.sides.map(({ gantt }) => gantt.scale.from)")
    assert after[0] == after[1] > before[0]


def test_a_run_is_asked_for_followed_and_cancelled(screen: Screen) -> None:
    page = screen.page
    page.wait_for_selector("text=Before you run")
    page.click("text=Run …")
    page.fill("#run-seconds", "1")
    page.click("#act button.primary")
    page.wait_for_selector("text=Run waits for a worker")
    assert faults(page) == []
    screen.pull("A2", "A0")
    page.mouse.up()
    screen.told("A run works on plan")
    page.click("text=Cancel the run")
    page.wait_for_selector("text=The last run was cancelled by planner")
    page.click("text=Run …")
    page.fill("#run-seconds", "1")
    page.click("#act button.primary")
    page.wait_for_selector("text=Run waits for a worker")
    services.run_schedule(screen.plan.runs.get(status="QUEUED").pk)
    page.wait_for_selector("text=Last run: seed 0")
    page.wait_for_function("() => window.board.plan.version > 1")


def test_the_frozen_time_takes_nothing_and_gives_nothing(screen: Screen) -> None:
    page = screen.page
    PlanningRules.objects.create(locked_horizon_hours=2.0)
    frozen = services.plan_from_orders(start=MONDAY, **AT)
    page.goto(f"/schedule/plans/{frozen.pk}/")
    page.wait_for_selector("[data-ready]")
    screen.pull("A0", "A2")
    screen.told("starts in the frozen time")
    page.mouse.up()
    screen.pull("A2", "A0", behind=False)
    page.mouse.up()
    screen.told("setup −2")
    assert screen.shown("P1") == ["A0", "A2", "A1", "A3"], "what is put there goes behind it"
    moved = PlannedOperation.objects.get(plan=frozen, operation__order__number="A2", operation__number=10)
    assert moved.starts_at >= MONDAY + timedelta(hours=2)


def test_a_plan_made_on_a_free_day_opens_where_its_work_begins(screen: Screen) -> None:
    """Its own beginning would be a day without a bar."""
    window = "() => [window.board.scale.from, window.board.scale.to]"
    begin, _ = screen.page.evaluate(window)
    assert begin < MONDAY.timestamp() * 1000
    for bar in PlannedOperation.objects.filter(plan=screen.plan):
        bar.starts_at, bar.ends_at = bar.starts_at + timedelta(days=2), bar.ends_at + timedelta(days=2)
        bar.save()
    services.forget_boards()
    screen.page.reload()
    screen.page.wait_for_selector("[data-schedule][data-ready]")
    begin, end = screen.page.evaluate(window)
    next_day, first = ((MONDAY + timedelta(days=days)).timestamp() * 1000 for days in (1, 2))
    assert next_day < begin < first < end


def test_the_table_stays_beside_the_panel_at_a_small_screen(screen: Screen) -> None:
    """It scrolls in itself, and its acts are in reach without scrolling."""
    page = screen.page
    page.set_viewport_size({"width": 1280, "height": 800})
    page.click("[data-bars] summary")
    lock = page.locator("[data-bars] tbody tr").first.locator("button").last
    lock.scroll_into_view_if_needed()
    side, table = page.locator(".schedule-side").bounding_box(), page.locator("[data-bars]").bounding_box()
    assert table["x"] + table["width"] <= side["x"]
    box = lock.bounding_box()
    assert box["x"] + box["width"] <= table["x"] + table["width"]


def test_what_is_chosen_is_told_anew_when_a_run_has_moved_it(screen: Screen) -> None:
    page = screen.page
    screen.click("A3")
    page.wait_for_selector("[data-chosen] dl")
    assert "P1 · place 4" in page.inner_text("[data-chosen]")
    operation = PlannedOperation.objects.get(
        plan=screen.plan, operation__order__number="A3", operation__number=10
    )
    services.move_operation(screen.plan.pk, operation.operation_id, operation.resource_id, 1, version=1, **AT)
    page.wait_for_function("() => document.querySelector('[data-chosen]').innerText.includes('place 1')")


def test_the_field_for_an_order_shows_what_it_asks_for(screen: Screen) -> None:
    """Also where there is least room, with the cross that empties a search beside it."""
    screen.page.set_viewport_size({"width": 1280, "height": 800})
    room = """() => {
      const [field, pen] = [document.querySelector("#find"), document.createElement("canvas").getContext("2d")];
      const style = getComputedStyle(field);
      pen.font = `${style.fontSize} ${style.fontFamily}`;
      const inside = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      return inside - pen.measureText(field.placeholder).width;
    }"""
    assert screen.page.evaluate(room) > 14
