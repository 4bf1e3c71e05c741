"""The frame of a run: what stays, what is planned forward, and the figures."""

from __future__ import annotations

from typing import Any

import pytest

from scheduling.engine.passes import NEVER, Shop, backward, forward
from scheduling.engine.problem import read_problem
from scheduling.engine.reading import ProblemError
from tests.pure.scheduling_engine.plant import (
    DAY_SHIFT,
    bars,
    operation,
    plan,
    press,
    problem,
    sequence,
    step,
)

MATRIX = [{"from": "*", "to": "*", "hours": 1.0}]


def at(hour: int) -> str:
    return f"2026-11-23T{6 + hour:02d}:00"


def saws(*names: str, **over: Any) -> list[dict[str, Any]]:
    return [{"id": name, "work_centre": "SAW", "state": "", **over} for name in names]


def test_operations_of_an_order_follow_their_numbers() -> None:
    data = problem(
        operations=[operation("A20", 2), operation("A10", 3)], resources=[press("M1"), press("M2")]
    )
    assert bars(plan(data)) == ["A10 M1 0-3", "A20 M1 3-5"]


def test_a_parent_waits_for_its_component_order() -> None:
    data = problem(
        operations=[operation("A10", 2, predecessors=["B10"]), operation("B10", 3)],
        resources=[press("M1"), press("M2")],
    )
    assert bars(plan(data)) == ["B10 M1 0-3", "A10 M1 3-5"]


def test_nothing_begins_before_its_earliest_start_or_the_plans() -> None:
    data = problem(
        operations=[operation("A10", earliest=at(4)), operation("B10", earliest="2026-11-20T06:00")]
    )
    assert bars(plan(data)) == ["B10 M1 0-1", "A10 M1 4-5"]


def test_one_resource_works_on_one_operation_and_the_earlier_due_goes_first() -> None:
    data = problem(
        operations=[operation("A10", 2), operation("B10", 2)],
        orders=[{"id": "A", "due": at(9)}, {"id": "B", "due": at(3)}],
    )
    assert bars(plan(data)) == ["B10 M1 0-2", "A10 M1 2-4"]


def test_parallel_resources_share_and_a_forced_one_is_kept() -> None:
    two = [press("M1"), press("M2")]
    free = [operation("A10", 2), operation("B10", 2), operation("C10", 2)]
    assert bars(plan(problem(operations=free, resources=two))) == ["A10 M1 0-2", "B10 M2 0-2", "C10 M1 2-4"]
    forced = [{**each, "resource": "M2"} for each in free]
    assert bars(plan(problem(operations=forced, resources=two))) == ["A10 M2 0-2", "B10 M2 2-4", "C10 M2 4-6"]


def test_an_operation_may_only_run_where_it_is_allowed() -> None:
    data = problem(operations=[operation("A10", 2, resources=["M2"]), operation("B10", 2, resources=["M2"])],
                   resources=[press("M1"), press("M2")])  # fmt: skip
    assert bars(plan(data)) == ["A10 M2 0-2", "B10 M2 2-4"]


def test_efficiency_and_dated_capacity_change_the_time_but_not_the_setup() -> None:
    fast = problem(
        operations=[operation("A10", 4, setup_standard=1)], resources=[press("M1", efficiency=2.0)]
    )
    assert bars(plan(fast)) == ["A10 M1 0-3"]
    many = problem(
        operations=[operation("A10", 4, setup_standard=1)],
        resources=[press("M1", capacity=[["2026-11-23", 0.5]])],
    )
    assert bars(plan(many)) == ["A10 M1 0-9"]


def test_work_pauses_with_the_calendar_and_goes_on() -> None:
    data = problem(operations=[operation("A10", 18)], calendar=DAY_SHIFT)
    assert bars(plan(data)) == ["A10 M1 0-26"]


def locked(name: str, hours: float, hour: int, status: int = 20, **over: Any) -> dict[str, Any]:
    return operation(name, hours, status=status, resource="M1", start=at(hour), **over)


def test_a_locked_operation_never_moves_and_others_go_around_it() -> None:
    data = problem(operations=[operation("A10", 3), operation("B10", 2), locked("C10", 2, 2)])
    assert bars(plan(data)) == ["B10 M1 0-2", "C10 M1 2-4", "A10 M1 4-7"]


def test_locked_and_running_operations_are_setup_predecessors() -> None:
    colours = [{"from": "RED", "to": "BLU", "hours": 2}, {"from": "GRN", "to": "BLU", "hours": 5}]
    running = operation("R10", 2, key="RED", operation_status=50, resource="M1", start="2026-11-23T05:00")
    data = problem(
        resources=[press("M1", state="GRN")], operations=[running, operation("B10", key="BLU")], setup=colours
    )
    assert bars(plan(data)) == ["R10 M1 -1-1", "B10 M1 1-4"], (
        "its own setup is behind it; the next one follows RED"
    )
    held = locked("L10", 2, 0, key="RED")
    data = problem(
        resources=[press("M1", state="GRN")], operations=[held, operation("B10", key="BLU")], setup=colours
    )
    assert bars(plan(data)) == ["L10 M1 0-2", "B10 M1 2-5"]


def test_running_work_that_should_be_over_ends_no_earlier_than_now() -> None:
    running = operation("R10", 2, operation_status=50, resource="M1", start="2026-11-22T05:00")
    assert bars(plan(problem(operations=[running, operation("A10")]))) == ["R10 M1 -25-0", "A10 M1 0-1"]


def test_nothing_is_put_before_a_locked_operation_that_lengthens_its_setup() -> None:
    """GREEN would fit before the locked BLUE, which then would need more setup than it has and move its end."""
    colours = [{"from": "RED", "to": "*", "hours": 1}, {"from": "GRN", "to": "BLU", "hours": 2}]
    data = problem(
        resources=[press("M1", state="RED")],
        operations=[operation("A10", 1, key="GRN"), locked("L10", 2, 8, key="BLU")],
        setup=colours,
    )
    assert bars(plan(data))[0] == "L10 M1 8-11"
    colours[1]["hours"] = 0.5
    assert bars(plan(data)) == ["A10 M1 0-2", "L10 M1 8-10.5"], (
        "with less setup it starts as locked and ends sooner"
    )


def test_the_order_of_earlier_runs_and_of_hands_is_kept_and_moves_in_time() -> None:
    """B before A by the old starts, though A is due first; both as early as they can be."""
    for status in (15, 17):
        data = problem(
            operations=[locked("A10", 2, 9, status), locked("B10", 2, 5, status)],
            orders=[{"id": "A", "due": at(2)}, {"id": "B"}],
            steps=[step()],
        )
        done = plan(data)
        assert bars(done) == ["B10 M1 0-2", "A10 M1 2-4"]
        assert [each.status for each in done.operations] == [status, status]
        assert [each.group for each in done.operations] == [None, None], "no step takes them again"


def test_an_operation_uses_the_pause_kept_ones_leave() -> None:
    data = problem(
        operations=[locked("K10", 2, 0, 15, earliest=at(5)), operation("A10", 4), operation("B10", 6)]
    )
    assert bars(plan(data)) == ["A10 M1 0-4", "K10 M1 5-7", "B10 M1 7-13"]


@pytest.mark.parametrize(("first", "second"), [("A", "B"), ("B", "A")])
def test_the_resource_of_the_lowest_sequencing_priority_is_planned_first(first: str, second: str) -> None:
    """Both kept operations wait for the one saw: it works for the resource that comes first in the flow."""
    priority = {first: 10, second: 20}
    machines = [press("M1", priority=priority["A"]), press("M2", priority=priority["B"])]
    sawn = [operation("A10", 3, work_centre="SAW"), operation("B10", 3, work_centre="SAW")]
    kept = [locked("A20", 1, 0, 15), {**locked("B20", 1, 0, 15), "resource": "M2"}]
    done = plan(problem(operations=sawn + kept, resources=machines + saws("S1")))
    assert sequence(done, "S1") == f"{first} {second}"


def test_a_kept_order_that_contradicts_the_routing_gives_way() -> None:
    data = problem(operations=[locked("A10", 1, 5, 15), locked("A20", 1, 0, 15)])
    done = plan(data)
    assert bars(done) == ["A10 M1 0-1", "A20 M1 1-2"]
    assert done.warnings == (
        "The order kept on M1 gave way: A10 no longer waits for A20, which its routing or a forbidden setup holds up.",
    )


def test_locks_that_cannot_be_are_told() -> None:
    late = problem(
        operations=[operation("A10", 5, resources=["M2"]), locked("A20", 1, 2)],
        resources=[press("M1"), press("M2")],
    )
    assert plan(late).warnings == ("A20 does not move and starts before A10 ends, which it waits for.",)
    double = problem(operations=[locked("A10", 3, 0), locked("B10", 1, 1)])
    assert plan(double).warnings == ("B10 is locked where M1 is still occupied.",)


def test_an_operation_without_time_is_left_out_of_sequencing_and_told() -> None:
    data = problem(operations=[operation("A10", 0), operation("A20", 2), operation("B10", 1)], steps=[step()])
    done = plan(data)
    assert done.warnings[0] == "1 operations have no operation time and are not sequenced: A10."
    zero = done.operations[0]
    assert (zero.start, zero.end, zero.status, zero.group) == (
        "2026-11-23T06:00:00",
        "2026-11-23T06:00:00",
        10,
        None,
    )
    assert [each.status for each in done.operations[1:]] == [15, 15]


def test_latest_starts_go_back_from_the_due_date_without_capacity() -> None:
    read = read_problem(
        problem(
            operations=[
                operation("A10", 3),
                operation("A20", 4),
                operation("B10", 4),
                operation("C10", predecessors=["B10"]),
            ],
            orders=[
                {"id": "A", "due": "2026-11-24T10:00"},
                {"id": "B"},
                {"id": "C", "due": "2026-11-23T12:00"},
            ],
            calendar=DAY_SHIFT,
        )
    )
    shop = Shop(read)
    starts, ends = backward(shop, forward(shop, {}))
    written = [read.plant.text(moment)[5:16] for moment in (*starts, *ends)]
    assert written == [
        "11-23T19:00", "11-24T06:00", "11-23T07:00", "11-23T11:00",
        "11-24T06:00", "11-24T10:00", "11-23T11:00", "11-23T12:00",
    ]  # fmt: skip
    free = Shop(read_problem(problem(operations=[operation("A10")])))
    assert backward(free, forward(free, {})) == ([NEVER], [NEVER])


@pytest.mark.parametrize("flag", [False, True], ids=["due", "delivery bound"])
def test_a_due_date_far_behind_all_calendars_is_one_like_any_other(flag: bool) -> None:
    """Orders without a date come with 2099 from many a system."""
    never = {"due": "2099-12-31T00:00"}
    data = problem(operations=[operation("A10"), operation("B10")], steps=[step(sort="latest_start")])
    data["orders"] = [{"id": "A", **never}, {"id": "B", **never, "delivery_bound": flag}]
    if not flag:
        assert bars(plan(data)) == ["A10 M1 0-1", "B10 M1 1-2"]
    else:
        with pytest.raises(ProblemError, match=r"B10 needs 1 h and its setup.* check its hours, its dates"):
            plan(data)


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"status": 20, "resource": "M1", "start": "2190-01-01T00:00"}, "A10 needs 1 h"),
        ({"operation_status": 50, "resource": "M1", "start": "2190-01-01T00:00"}, "A10 needs 1 h"),
        ({"earliest": "2190-01-01T00:00"}, "A10 needs 1 h"),
        ({"earliest": "2190-01-01T00:00", "hours": 0}, "the plan runs more than 20 years"),
        ({"hours": 1_000_000}, "A10 needs 1000000 h"),
    ],
    ids=["locked", "in progress", "earliest", "zero time", "hours"],
)
def test_what_lies_behind_all_calendars_is_refused(over: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ProblemError, match=sentence) as refused:
        plan(problem(operations=[operation("A10", **over)], steps=[step()]))
    assert refused.value.place == "calendar"


def test_the_figures_count_setup_lateness_makespan_and_work() -> None:
    data = problem(
        operations=[operation("A10", 3), operation("B10", 4)],
        orders=[{"id": "A", "due": at(4)}, {"id": "B", "due": at(6)}],
        resources=[press("M1", state="X"), press("M2")],
        setup=MATRIX,
    )
    for each in data["operations"]:
        each["resources"] = ["M1"]
    after = plan(data).after
    assert (after.setup_hours, after.late_orders, after.tardiness_hours, after.makespan) == (2.0, 1, 3.0, 9.0)
    assert after.utilisation == {"M1": round(7 / 9, 6), "M2": 0.0}


def test_the_result_is_written_as_the_file_format_has_it() -> None:
    done = plan(problem(operations=[operation("A10", 2, key="RED")], steps=[step()])).as_json()
    assert list(done) == [
        "before", "after", "operations", "orders", "loads", "batches", "searches", "warnings", "told",
        "seed", "iterations", "seconds",
    ]  # fmt: skip
    assert list(done["before"]) == [
        "setup_hours",
        "late_orders",
        "tardiness_hours",
        "makespan",
        "utilisation",
    ]
    (placed,) = done["operations"]
    told = placed.pop("told")
    assert (told["code"], told["values"]["group"], told["text"]) == ("rule-standard", "10-1", placed["rule"])
    assert [placed] == [
        {
            "id": "A10", "resource": "M1", "start": "2026-11-23T06:00:00", "end": "2026-11-23T08:00:00",
            "setup_hours": 0.0, "status": 15, "group": "10-1",
            "rule": "Step 10, group 10-1: opens the group: earliest planned start, M1 free first; sorted (standard).",
            "secondary": None,
        }
    ]  # fmt: skip
