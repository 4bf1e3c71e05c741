"""The options of the initial step, of resources and of orders: each test fails when its option is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from scheduling.engine import Budget, Result, read_problem, solve
from tests.pure.scheduling_engine.plant import (
    bars,
    groups,
    keyed,
    operation,
    plan,
    press,
    problem,
    sequence,
    step,
)


def at(hour: int) -> str:
    return f"2026-11-23T{6 + hour:02d}:00"


# Operation start time control.


@pytest.mark.parametrize(
    ("control", "expected"),
    [("planned", ["A", "B", "C"]), ("earliest", ["B", "C", "A"]), ("latest", ["C", "A", "B"])],
)
def test_start_control_chooses_the_initiator(control: str, expected: list[str]) -> None:
    """A alone fits before what is locked; B and C could start before it; C has to, for the long saw job behind."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[operation("A10", 0.5, key="RED", earliest="2026-11-23T06:30"), operation("B10", 2, key="BLU"),
                    operation("C10", 2, key="GRN"), operation("C20", 20, work_centre="SAW"),
                    operation("L10", 1, status=20, resource="M1", start=at(1))],
        orders=[{"id": "A", "due": at(10)}, {"id": "B", "due": at(12)}, {"id": "C", "due": "2026-11-24T02:00"},
                {"id": "L"}],
        resources=[press("M1"), saw], steps=[step()], initial_step={"start_control": control},
    )  # fmt: skip
    assert groups(plan(data)) == expected


@pytest.mark.parametrize(("control", "expected"), [("planned", ["A", "B"]), ("earliest", ["A B"])])
def test_start_control_counts_in_the_grouping_time(control: str, expected: list[str]) -> None:
    """B could start at once and is planned behind two hours of A."""
    data = problem(operations=keyed("RED,RED", hours=2), steps=[step(max_group_hours=1)])
    data["initial_step"] = {"start_control": control}
    assert groups(plan(data)) == expected


# The locked sequence horizon.


def test_locked_horizon_hours_what_is_locked_behind_it_keeps_its_order_only() -> None:
    """L is locked at eight o'clock past the start, K at ten; with a horizon of nine hours K moves up behind L."""
    locked = [
        operation(name, 1, status=20, resource="M1", start=at(hour))
        for name, hour in (("L10", 8), ("K10", 10))
    ]
    data = problem(operations=locked)
    assert bars(plan(data)) == ["L10 M1 8-9", "K10 M1 10-11"]
    data["initial_step"] = {"locked_horizon_hours": 9}
    done = plan(data)
    assert bars(done) == ["K10 M1 0-1", "L10 M1 8-9"]
    assert [each.status for each in done.operations] == [20, 20]
    assert done.operations[1].rule.startswith("Locked (20) behind the locked horizon: keeps its resource")
    data["initial_step"] = {"locked_horizon_hours": 11}
    assert bars(plan(data)) == ["L10 M1 8-9", "K10 M1 10-11"]


def test_locked_horizon_hours_right_at_it_is_behind_it_and_running_work_never_moves() -> None:
    both = [
        operation("L10", 1, status=20, resource="M1", start=at(8)),
        operation("R10", 9, status=20, operation_status=50, resource="M2", start=at(8)),
    ]
    data = problem(
        operations=both, resources=[press("M1"), press("M2")], initial_step={"locked_horizon_hours": 8}
    )
    assert bars(plan(data)) == ["L10 M1 0-1", "R10 M2 8-17"]


# A group maximum of a resource.


@pytest.mark.parametrize(
    ("own", "steps", "expected"),
    [(None, None, ["A B C D"]), (3, None, ["A B C", "D"]), (3, 2, ["A B", "C D"]), (2, 3, ["A B", "C D"])],
)
def test_group_maximum_of_a_resource(own: float | None, steps: float | None, expected: list[str]) -> None:
    """Hours of the resource in one group; of two maxima the smaller counts."""
    data = problem(
        operations=keyed("RED,RED,RED,RED"), resources=[press("M1", group_maximum=own)],
        steps=[step(max_resource_hours=steps)],
    )  # fmt: skip
    assert groups(plan(data)) == expected


def test_group_maximum_counts_at_the_resources_efficiency() -> None:
    data = problem(operations=keyed("RED,RED,RED"), steps=[step()])
    data["resources"] = [press("M1", group_maximum=4, efficiency=0.5)]
    assert groups(plan(data)) == ["A B", "C"]


# Sequencing again what an earlier run sequenced.


def second_run(**over: Any) -> dict[str, Any]:
    """A, B and C were sequenced as listed by an earlier run; D is new."""
    data = problem(operations=keyed("RED,BLU,RED,RED"), steps=[step(**over)])
    for place, each in enumerate(data["operations"][:3]):
        each.update(status=15, resource="M1", start=at(place))
    return data


def test_reoptimise_sequences_status_15_again() -> None:
    kept = plan(second_run())
    assert (sequence(kept), groups(kept)) == ("A B C D", ["D"])
    again = plan(second_run(reoptimise=True))
    assert (sequence(again), groups(again)) == ("A C D B", ["A C D", "B"])
    assert {each.status for each in again.operations} == {15}


@pytest.mark.parametrize(
    "other",
    [
        {"type": "cyclic", "profile": ["RED", "BLU"]},
        {"type": "multi_level", "levels": [{"from": 1, "to": 3, "by": "group"}]},
    ],
    ids=["cyclic", "multi_level"],
)
def test_reoptimise_in_the_other_steps_that_group(other: dict[str, Any]) -> None:
    found = []
    for again in (False, True):
        data = second_run(reoptimise=again)
        shared = {name: data["steps"][0][name] for name in ("id", "work_centre", "reoptimise")}
        sliced = {"group_from": 1, "group_to": 3} if other["type"] == "cyclic" else {}
        data["steps"] = [{**shared, **sliced, **other}]
        found.append(groups(plan(data)))
    assert found == [["D"], ["A C D", "B"]]


def test_reoptimise_searches_again_too() -> None:
    """A kept order costs three changeovers of the search, which B at the end avoids."""
    changes = [{"from": one, "to": two, "hours": 0.1} for one, two in (("RED", "BLU"), ("BLU", "RED"))]
    search = {"id": 10, "type": "minimise_setup", "work_centre": "PRESS", "group_from": 1, "group_to": 3}
    for again, hours in ((False, 0.2), (True, 0.1)):
        data = second_run()
        data.update(
            setup=changes, resources=[press("M1", state="RED")], steps=[{**search, "reoptimise": again}]
        )
        assert plan(data).after.setup_hours == hours


def test_reoptimise_leaves_what_was_locked_by_hand() -> None:
    data = second_run(reoptimise=True)
    data["operations"][1]["status"] = 17
    done = plan(data)
    assert [each.group is None for each in done.operations] == [False, True, False, False]
    assert done.operations[1].rule.startswith("Sequence locked by hand (17)")


def test_reoptimise_may_take_another_resource() -> None:
    data = second_run(reoptimise=True)
    lock = operation("L10", 9, status=20, resource="M1", start=at(3))
    data.update(resources=[press("M1"), press("M2")], operations=[*data["operations"][:3], lock])
    data["operations"][1]["key"] = "RED"
    data["operations"][0]["resource"] = data["operations"][1]["resource"] = "M1"
    lock["start"] = at(0)
    for place, each in enumerate(data["operations"][:3]):
        each["start"] = at(10 + place)
    data["orders"][3]["id"] = "L"
    assert sequence(plan(data), "M2") == "A B C"


def test_reoptimise_takes_each_operation_once_a_run() -> None:
    data = second_run(reoptimise=True)
    data["steps"].append(step(20, reoptimise=True, group_from=4, group_to=4))
    assert groups(plan(data)) == ["A C D", "B"]


# Orders that start not before their delivery date allows.


def test_delivery_bound_starts_no_earlier_than_the_due_date_asks() -> None:
    """Due after ten hours with two and three hours of work and an hour of setup each: from three on."""
    data = problem(
        operations=[operation("A10", 2, setup_standard=1), operation("A20", 3, setup_standard=1)],
        orders=[{"id": "A", "due": at(10)}],
    )
    assert bars(plan(data)) == ["A10 M1 0-3", "A20 M1 3-7"]
    data["orders"][0]["delivery_bound"] = True
    done = plan(data)
    assert bars(done) == ["A10 M1 3-6", "A20 M1 6-10"]
    assert done.after.late_orders == 0


def test_delivery_bound_an_order_without_a_due_date_starts_at_once() -> None:
    data = problem(operations=[operation("A10", 2)], orders=[{"id": "A", "delivery_bound": True}])
    assert bars(plan(data)) == ["A10 M1 0-2"]


# Pull-up and material synchronisation.


def two_orders(**initial: Any) -> dict[str, Any]:
    """A and B go over the press, then the saw, where A keeps B waiting; nothing is sequenced."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    return problem(
        operations=[operation("A10", 1), operation("A20", 6, work_centre="SAW"), operation("B10", 1),
                    operation("B20", 2, work_centre="SAW")],
        resources=[press("M1"), saw], initial_step=initial,
    )  # fmt: skip


def test_pull_up_compacts_each_order_behind_its_last_operation() -> None:
    assert bars(plan(two_orders())) == ["A10 M1 0-1", "B10 M1 1-2", "A20 S1 1-7", "B20 S1 7-9"]
    done = plan(two_orders(pull_up=True))
    assert bars(done) == ["A10 M1 0-1", "A20 S1 1-7", "B10 M1 6-7", "B20 S1 7-9"]
    assert [(each.id, each.lead_time_before, each.lead_time_after, each.change) for each in done.orders] == [
        ("A", 7.0, 7.0, 0.0), ("B", 8.0, 3.0, -5.0),
    ]  # fmt: skip
    assert done.as_json()["orders"][1]["change"] == -5.0


def test_pull_up_keeps_the_sequence_the_setup_and_what_is_locked() -> None:
    """C follows B on the press at three and B may not come later; X is locked there."""
    data = two_orders(pull_up=True)
    data["operations"] += [operation("C10", 1, earliest=at(3), setup_standard=1),
                           operation("X10", 1, status=20, resource="M1", start=at(9))]  # fmt: skip
    data["orders"] += [{"id": "C"}, {"id": "X"}]
    assert [bar for bar in bars(plan(data)) if "M1" in bar] == [
        "A10 M1 0-1", "B10 M1 2-3", "C10 M1 3-5", "X10 M1 9-10",
    ]  # fmt: skip


def test_pull_up_reckons_with_shifts() -> None:
    """The saw goes on at six the next morning, and the press closes at ten in the evening."""
    data = two_orders(pull_up=True)
    data["operations"][1]["hours"] = 15
    data["calendar"] = {"default": [["06:00", "22:00"]] * 5}
    done = plan(data)
    assert [bar for bar in bars(done) if "B" in bar] == ["B10 M1 15-16", "B20 S1 24-26"]


def component(**initial: Any) -> dict[str, Any]:
    """C is a component of P, whose other component waits longer on another resource."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    return problem(
        operations=[operation("C10", 1), operation("C20", 1), operation("D10", 9, work_centre="SAW"),
                    operation("P10", 1, predecessors=["C20", "D10"])],
        resources=[press("M1"), saw], initial_step=initial,
    )  # fmt: skip


def test_synchronise_times_components_against_their_parents() -> None:
    assert [bar for bar in bars(plan(component())) if "C" in bar] == ["C10 M1 0-1", "C20 M1 1-2"]
    pulled = plan(component(pull_up=True))
    assert [bar for bar in bars(pulled) if "C" in bar] == ["C10 M1 0-1", "C20 M1 1-2"], "its last one stays"
    done = plan(component(synchronise=True))
    assert bars(done) == ["D10 S1 0-9", "C10 M1 7-8", "C20 M1 8-9", "P10 M1 9-10"]
    assert plan(two_orders(synchronise=True)).orders[1].change == 0, "no component"


def test_synchronise_gives_the_next_level_true_times() -> None:
    """As a forward step between would: the second step knows what the first one did."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[*keyed("RED,BLU,RED", hours=4)]
        + [operation(f"{name}20", key="X", work_centre="SAW") for name in "ABC"],
        resources=[press("M1"), saw],
        steps=[step(10), step(20, work_centre="SAW", sort="planned_start")],
    )
    for synchronise, expected in ((False, "A20 B20 C20"), (True, "A20 C20 B20")):
        data["initial_step"] = {"synchronise": synchronise}
        assert sequence(plan(data), "S1") == expected


def test_a_load_is_pulled_up_as_one() -> None:
    """A20 and B20 wait for a long X20 on the saw; their load comes closer, with one start and end."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[operation("A10", 1, key="RED"), operation("B10", 2, key="RED"),
                    operation("A20", 1, work_centre="SAW"), operation("B20", 1, work_centre="SAW"),
                    operation("X20", 9, work_centre="SAW", status=20, resource="S1", start=at(0))],
        resources=[press("M1", oven={"unit": "pieces", "capacity": 5}), saw], initial_step={"pull_up": True},
        steps=[{"id": 10, "type": "oven", "work_centre": "PRESS", "group_from": 1, "group_to": 3}],
    )  # fmt: skip
    done = plan(data)
    assert [bar for bar in bars(done) if "M1" in bar] == ["A10 M1 7-9", "B10 M1 7-9"]
    assert done.loads[0].start == "2026-11-23T13:00:00"


# Overlap of the operations of an order.


def overlapping(first: float, second: float, *, pieces: int = 4, **over: Any) -> list[str]:
    """A on the press and then the saw, so many hours each for so many pieces."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[operation("A10", first, quantity=pieces),
                    operation("A20", second, quantity=pieces, work_centre="SAW", **over)],
        resources=[press("M1"), saw], initial_step={"overlap": True},
    )  # fmt: skip
    return bars(plan(data))


def test_overlap_the_next_operation_starts_with_the_first_piece() -> None:
    assert overlapping(4, 8) == ["A10 M1 0-4", "A20 S1 1-9"]


def test_overlap_a_faster_operation_ends_a_piece_behind_the_one_before() -> None:
    """Two hours of sawing end half an hour, its own last piece, behind the press."""
    assert overlapping(4, 2) == ["A10 M1 0-4", "A20 S1 2.5-4.5"]


def test_overlap_a_single_piece_cannot() -> None:
    assert overlapping(4, 8, pieces=1) == ["A10 M1 0-4", "A20 S1 4-12"]


def test_overlap_only_within_an_order() -> None:
    data = problem(
        operations=[operation("B10", 4, quantity=4), operation("A10", 4, quantity=4, predecessors=["B10"])],
        resources=[press("M1"), press("M2")],
    )
    for overlap in (False, True):
        data["initial_step"] = {"overlap": overlap}
        assert bars(plan(data)) == ["B10 M1 0-4", "A10 M1 4-8"]


def test_overlap_begins_with_the_setup() -> None:
    assert overlapping(4, 8, setup_standard=1) == ["A10 M1 0-4", "A20 S1 1-10"]


def test_overlap_reckons_with_the_shifts_of_the_next_resource() -> None:
    """The saw works four hours a day: its last piece is done half an hour into the next one, so it starts at 2.5."""
    morning = {"default": [["06:00", "10:00"]] * 7}
    saw = {"id": "S1", "work_centre": "SAW", "state": "", "calendar": morning}
    data = problem(
        operations=[operation("A10", 4, quantity=4), operation("A20", 2, quantity=4, work_centre="SAW")],
        resources=[press("M1"), saw], initial_step={"overlap": True},
    )  # fmt: skip
    assert bars(plan(data)) == ["A10 M1 0-4", "A20 S1 2.5-24.5"]


def test_overlap_holds_in_a_step_and_after_it() -> None:
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[operation(f"{name}{number}", 4, quantity=4, key="RED", work_centre=centre)
                    for name in "AB" for number, centre in ((10, "PRESS"), (20, "SAW"))],
        resources=[press("M1"), saw],
        steps=[step(10), {"id": 15, "type": "forward"}, step(20, work_centre="SAW", gap_control="S")],
    )  # fmt: skip
    expected = {False: "B20 S1 8-12", True: "B20 S1 5-9"}
    for overlap, last in expected.items():
        data["initial_step"] = {"overlap": overlap}
        done = plan(data)
        assert (bars(done)[-1], groups(done)[-1]) == (last, "A20 B20")


# Secondary resources.


def tools(*names: str) -> list[dict[str, Any]]:
    return [{"id": name, "work_centre": "TOOLS", "state": ""} for name in names]


def beside(result: Any) -> dict[str, str | None]:
    return {each.id.removesuffix("10"): each.secondary for each in result.operations}


def test_a_secondary_resource_is_taken_beside_by_one_operation_at_a_time() -> None:
    """Two presses and one tool: B waits for it, C needs none."""
    data = problem(
        operations=[operation("A10", 2, secondary=["T1"]), operation("B10", 2, secondary=["T1"]), operation("C10", 1)],
        resources=[press("M1"), press("M2"), *tools("T1")],
    )  # fmt: skip
    done = plan(data)
    assert bars(done) == ["A10 M1 0-2", "C10 M2 0-1", "B10 M1 2-4"]
    assert beside(done) == {"A": "T1", "B": "T1", "C": None}


def test_a_secondary_resource_is_one_of_those_named() -> None:
    two = [operation(f"{name}10", 2, secondary=["T1", "T2"]) for name in "ABC"]
    data = problem(operations=two, resources=[press(f"M{n}") for n in (1, 2, 3)] + tools("T1", "T2"))
    done = plan(data)
    assert bars(done) == ["A10 M1 0-2", "B10 M2 0-2", "C10 M1 2-4"]
    assert beside(done) == {"A": "T1", "B": "T2", "C": "T1"}


def test_what_is_locked_holds_its_secondary_resource() -> None:
    data = problem(
        operations=[operation("L10", 2, secondary=["T1"], status=20, resource="M1", start=at(1)),
                    operation("A10", 2, secondary=["T1"], resource="M2")],
        resources=[press("M1"), press("M2"), *tools("T1")],
    )  # fmt: skip
    assert bars(plan(data)) == ["L10 M1 1-3", "A10 M2 3-5"]


def test_a_step_and_pull_up_reckon_with_secondary_resources() -> None:
    data = problem(
        operations=[operation("A10", 2, key="RED", secondary=["T1"]), operation("B10", 2, key="RED", secondary=["T1"]),
                    operation("A20", 1, key="GRN"), operation("L10", 9, status=20, resource="M2", start=at(0))],
        resources=[press("M1"), press("M2"), *tools("T1")],
        steps=[step()], initial_step={"pull_up": True},
    )  # fmt: skip
    data["operations"][1]["resource"], data["operations"][1]["earliest"] = "M3", at(2)
    data["resources"].append(press("M3"))
    data["operations"][2]["earliest"] = at(8)
    done = plan(data)
    assert [bar for bar in bars(done) if "A10" in bar or "B10" in bar] == ["A10 M1 0-2", "B10 M3 2-4"]


@pytest.mark.parametrize(("same", "expected"), [(False, ["T1", "T2", "T1"]), (True, ["T1", "T1", "T1"])])
def test_same_secondary_resource_within_a_group(same: bool, expected: list[str]) -> None:
    """T1 is held elsewhere from the second hour to the fourth: B takes the other tool, or waits."""
    held = operation("L10", 2, secondary=["T1"], status=20, resource="M2", start=at(1))
    group = [operation(f"{name}10", 1, key="RED", secondary=["T1", "T2"], resources=["M1"]) for name in "ABC"]
    data = problem(
        operations=[*group, held], resources=[press("M1"), press("M2"), *tools("T1", "T2")], steps=[step()],
        initial_step={"same_secondary_resource": same},
    )  # fmt: skip
    group[2]["earliest"] = at(3)
    done = plan(data)
    assert [beside(done)[name] for name in "ABC"] == expected
    assert bars(done)[1:3] == (["B10 M1 1-2", "L10 M2 1-3"] if not same else ["L10 M2 1-3", "B10 M1 3-4"])


def test_a_new_group_chooses_its_secondary_resource_anew() -> None:
    """The second group starts while T1 is held, and takes T2."""
    held = operation("L10", 2, secondary=["T1"], status=20, resource="M2", start=at(1))
    two = [operation(f"{name}10", 1, key=key, secondary=["T1", "T2"], resources=["M1"])
           for name, key in (("A", "RED"), ("B", "BLU"))]  # fmt: skip
    data = problem(
        operations=[*two, held], resources=[press("M1"), press("M2"), *tools("T1", "T2")], steps=[step()],
        initial_step={"same_secondary_resource": True},
    )  # fmt: skip
    assert beside(plan(data)) == {"A": "T1", "B": "T2", "L": "T1"}


def searched(group: list[dict[str, Any]], *, same: bool = True) -> Result:
    """A Minimise setup step over M1, while a locked operation on M2 holds T1 from the first hour to the third."""
    held = operation("L10", 2, secondary=["T1"], status=20, resource="M2", start=at(1))
    search = {"id": 10, "type": "minimise_setup", "work_centre": "PRESS", "group_from": 1, "group_to": 3}
    data = problem(
        operations=[*group, held], resources=[press("M1"), press("M2"), *tools("T1", "T2")], steps=[search],
        initial_step={"same_secondary_resource": same},
    )  # fmt: skip
    return solve(read_problem(data), Budget(iterations=200))


def on_m1(name: str, key: str, *secondary: str, hour: int = 0) -> dict[str, Any]:
    return operation(f"{name}10", 1, key=key, secondary=[*secondary], resources=["M1"], earliest=at(hour))


@pytest.mark.parametrize(("same", "expected"), [(False, ["T1", "T2", "T1"]), (True, ["T1", "T1", "T1"])])
def test_minimise_setup_continues_at_the_same_secondary_resource(same: bool, expected: list[str]) -> None:
    """The seed: "whether or not scheduling is continued at same secondary resource within each new sequence group"."""
    group = [on_m1(name, "RED", "T1", "T2", hour=3 * (name == "C")) for name in "ABC"]
    done = searched(group, same=same)
    # B and C are of one state: which is second is the search's affair.
    assert sorted(beside(done)[name] for name in "ABC") == sorted(expected)
    assert not any("secondary" in warning for warning in done.warnings)


def test_a_new_group_of_minimise_setup_chooses_its_secondary_resource_anew() -> None:
    """The second group starts while T1 is held, and takes T2."""
    done = searched([on_m1("A", "RED", "T1", "T2"), on_m1("B", "BLU", "T2", "T1", hour=1)])
    assert beside(done) == {"A": "T1", "B": "T2", "L": "T1"}


def test_what_may_not_continue_at_the_secondary_resource_of_its_group_is_told() -> None:
    done = searched([on_m1("A", "RED", "T1"), on_m1("B", "RED", "T2", hour=1)])
    assert beside(done) == {"A": "T1", "B": "T2", "L": "T1"}
    assert (
        "Step 10: 1 of its operations may not use the secondary resource their group began with and take another, for "
        "example B10." in done.warnings
    )
