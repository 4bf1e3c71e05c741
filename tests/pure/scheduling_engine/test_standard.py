"""The Standard step, parameter by parameter: each test fails when its parameter is ignored.

Operations that are ready at once are planned forward in the order they are listed, so that is their planned start.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.pure.scheduling_engine.plant import (
    DAY_SHIFT,
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

COLOURS = [
    {"from": one, "to": other, "hours": 2}
    for one in ("RED*", "BLU*")
    for other in ("RED*", "BLU*")
    if one != other
]


def at(hour: int) -> str:
    return f"2026-11-23T{6 + hour:02d}:00"


def sequenced(keys: str, *, over: dict[str, Any] | None = None, **parameters: Any) -> list[str]:
    """The groups a step with these parameters makes of keys in planned order."""
    return groups(plan(problem(operations=keyed(keys), steps=[step(**parameters)], **(over or {}))))


# The frame of a step.


def test_step_id_the_lowest_comes_first() -> None:
    """Both steps want the same operations; who comes first has them."""
    by_colour, by_size = {"group_from": 1, "group_to": 3}, {"group_from": 4, "group_to": 4}
    keys = "RED1,BLU2,RED2,BLU1"
    for first, second, expected in ((by_colour, by_size, "A C B D"), (by_size, by_colour, "A D B C")):
        steps = [step(20, **{**second, "seq_from": None}), step(10, **{**first, "seq_from": None})]
        assert sequence(plan(problem(operations=keyed(keys), steps=steps))) == expected


def test_enable_a_disabled_step_does_nothing() -> None:
    data = problem(operations=keyed("RED,BLU,RED"), steps=[step(enabled=False)])
    done = plan(data)
    assert (sequence(done), {each.status for each in done.operations}) == ("A B C", {10})
    data["steps"] = [step(enabled=True)]
    done = plan(data)
    assert (sequence(done), {each.status for each in done.operations}) == ("A C B", {15})


def test_sequencing_control_switches_all_steps() -> None:
    data = problem(operations=keyed("RED,BLU,RED"), steps=[step()], initial_step={"sequencing": False})
    assert sequence(plan(data)) == "A B C"


def test_work_centre_only_its_operations_are_sequenced() -> None:
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    both = keyed("RED,BLU,RED") + [
        operation(f"{name}10", key=key, work_centre="SAW")
        for name, key in (("X", "RED"), ("Y", "BLU"), ("Z", "RED"))
    ]
    done = plan(problem(operations=both, resources=[press("M1"), saw], steps=[step()]))
    assert (sequence(done, "M1"), sequence(done, "S1")) == ("A C B", "X Y Z")


def test_work_centre_an_operation_forced_on_its_resource_is_sequenced_too() -> None:
    """The last one's own work centre is another; it is forced on the press."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    forced = operation("C10", key="RED", work_centre="SAW", resource="M1")
    done = plan(problem(operations=[*keyed("RED,BLU"), forced], resources=[press("M1"), saw], steps=[step()]))
    assert sequence(done, "M1") == "A C B"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(1, 3, ["A C", "B D"]), (4, 4, ["A D", "B C"]), (1, 4, ["A", "B", "C", "D"])],
)
def test_grouping_part(first: int, last: int, expected: list[str]) -> None:
    assert sequenced("RED1,BLU2,RED2,BLU1", group_from=first, group_to=last, seq_from=None) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(4, 4, ["C A B"]), (4, None, ["C B A"]), (5, 5, ["B C A"]), (None, None, ["A B C"])],
    ids=["one character", "open end", "later part", "none"],
)
def test_sequencing_part(first: int | None, last: int | None, expected: list[str]) -> None:
    assert sequenced("RED29,RED21,RED15", seq_from=first, seq_to=last) == expected


# Collecting a group.


def test_the_initiator_has_the_earliest_planned_start_and_the_rest_follow() -> None:
    assert sequenced("RED,BLU,RED,GRN,BLU,RED") == ["A C F", "B E", "D"]


def test_the_group_runs_on_the_resource_its_initiator_can_start_on_first() -> None:
    lock = operation("L10", 4, status=20, resource="M1", start=at(0))
    data = problem(
        operations=[*keyed("RED,RED,RED"), lock], resources=[press("M1"), press("M2")], steps=[step()]
    )
    assert sequence(plan(data), "M2") == "A B C"


def test_a_member_that_may_not_run_on_the_groups_resource_stays_out() -> None:
    data = problem(operations=keyed("RED,RED,RED"), resources=[press("M1"), press("M2")], steps=[step()])
    data["operations"][1]["resources"] = ["M2"]
    done = plan(data)
    assert (sequence(done, "M1"), sequence(done, "M2")) == ("A C", "B")


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(None, ["A C E", "B D F"]), (2, ["A C", "B D", "E", "F"]), (1.99, ["A", "B", "C", "D", "E", "F"])],
)
def test_maximum_time_allowed_for_grouping(limit: float | None, expected: list[str]) -> None:
    """Planned starts are an hour apart; a start right at the limit is inside."""
    assert sequenced("RED,BLU,RED,BLU,RED,BLU", max_group_hours=limit) == expected


def week_of_red(first: str, second: str, *, respect: bool) -> list[str]:
    """Two red operations three production days apart, with four days to group."""
    data = problem(
        operations=[
            operation("A10", key="RED", earliest=first),
            operation("B10", key="RED", earliest=second),
        ],
        calendar=DAY_SHIFT,
        steps=[step(max_group_hours=96, respect_delay_calendar=respect)],
    )
    return groups(plan(data))


@pytest.mark.parametrize("respect", [False, True], ids=["clock", "delay calendar"])
def test_grouping_time_according_to_the_delay_calendar(respect: bool) -> None:
    """Seed: with four days, grouping from a Monday or a Friday gives another group, but for the calendar."""
    monday = week_of_red("2026-11-23T08:00", "2026-11-26T08:00", respect=respect)
    friday = week_of_red("2026-11-27T08:00", "2026-12-02T08:00", respect=respect)
    assert (monday, friday) == (["A B"], ["A B"] if respect else ["A", "B"])


def test_holidays_count_in_the_delay_calendar() -> None:
    data = problem(
        operations=[operation("A10", key="RED", earliest="2026-12-23T08:00"),
                    operation("B10", key="RED", earliest="2026-12-28T08:00")],
        horizon_days=99, steps=[step(max_group_hours=48, respect_delay_calendar=True)],
    )  # fmt: skip
    assert groups(plan(data)) == ["A", "B"]
    data["delay_calendar"] = {"non_production": ["2026-12-25"]}
    assert groups(plan(data)) == ["A B"]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(None, ["A B C D"]), (3, ["A B C", "D"]), (2.99, ["A B", "C D"]), (0.5, ["A", "B", "C", "D"])],
)
def test_maximum_operation_time_within_group(limit: float | None, expected: list[str]) -> None:
    """A sum right at the limit passes none, and the initiator is always taken."""
    assert sequenced("RED,RED,RED,RED", max_operation_hours=limit) == expected


def test_maximum_operation_time_the_product_type_of_eighty_percent() -> None:
    """Seed: one type takes 80 % and would run four days of the week; cut into groups the others come earlier."""
    data = problem(
        operations=keyed("RED,RED,BLU,RED,RED,RED,GRN,RED,RED,RED"),
        calendar={"default": [["06:00", "08:00"]] * 5},
    )
    data["steps"] = [step()]
    assert sequence(plan(data)) == "A B D E F H I J C G"
    data["steps"] = [step(max_operation_hours=4)]
    assert sequence(plan(data)) == "A B D E C F H I J G"


def test_maximum_resource_time_within_group_counts_at_the_dated_capacity() -> None:
    """Four nominal hours each: two hours on the day of double capacity, four on the others."""
    red = [operation(f"{name}10", 4, key="RED") for name in "ABC"]
    parameters = {"max_resource_hours": 8}
    plain = problem(operations=red, steps=[step(**parameters)])
    assert groups(plan(plain)) == ["A B", "C"]
    double = problem(
        operations=red, resources=[press("M1", capacity=[["2026-11-23", 2.0]])], steps=[step(**parameters)]
    )
    assert groups(plan(double)) == ["A B C"]
    changing = problem(
        operations=red, resources=[press("M1", capacity=[["2026-11-23", 2.0], ["2026-11-24", 0.25]])],
        calendar={"default": [["06:00", "10:00"]] * 5}, steps=[step(**parameters)],
    )  # fmt: skip
    assert groups(plan(changing)) == ["A B", "C"], "two in Monday's four hours, the third would take sixteen"


def test_maximum_resource_time_counts_at_the_efficiency_and_operation_time_does_not() -> None:
    red = [operation(f"{name}10", 4, key="RED") for name in "ABC"]
    slow = [press("M1", efficiency=0.5)]
    for parameter, expected in (
        ("max_resource_hours", ["A", "B", "C"]),
        ("max_operation_hours", ["A B", "C"]),
    ):
        data = problem(operations=red, resources=slow, steps=[step(**{parameter: 8})])
        assert groups(plan(data)) == expected


def test_a_maximum_resource_time_right_at_the_limit_passes_none() -> None:
    assert sequenced("RED,RED,RED,RED", max_resource_hours=3) == ["A B C", "D"]
    assert sequenced("RED,RED,RED,RED", max_resource_hours=2.99) == ["A B", "C D"]


def test_redefine_sequencing_horizon() -> None:
    """Two production days of four hours: E is planned to end on Wednesday."""
    short = {"calendar": {"default": [["06:00", "08:00"]] * 5}}
    keys = "RED,BLU,RED,BLU,RED"
    assert sequenced(keys, over=short) == ["A C E", "B D"]
    assert sequenced(keys, over=short, horizon_days=2) == ["A C", "B D"]
    assert sequenced(keys, over={**short, "horizon_days": 1}, horizon_days=2) == ["A C", "B D"], (
        "the step's own counts"
    )
    assert sequenced(keys, over={**short, "horizon_days": 1}) == ["A", "B"]
    initial = {**short, "horizon_days": 1, "initial_step": {"horizon_days": 2}}
    assert sequenced(keys, over=initial) == ["A C", "B D"], "the initial step's default"


def test_the_horizon_counts_production_days() -> None:
    """From Friday one production day reaches Monday 06:00, so what ends on Saturday is inside."""
    data = problem(start="2026-11-27T06:00", operations=keyed("RED", hours=30), steps=[step(horizon_days=1)])
    assert groups(plan(data)) == ["A"]
    data["delay_calendar"] = {"weekend": [7]}
    assert groups(plan(data)) == []


def test_without_a_horizon_nothing_is_sequenced_and_it_is_told() -> None:
    done = plan(problem(horizon_days=None, operations=keyed("RED,BLU,RED"), steps=[step()]))
    assert (groups(done), done.warnings) == (
        [], ("Step 10 has no sequencing horizon: nothing is sequenced. Give horizon_days.",),
    )  # fmt: skip
    none = plan(problem(horizon_days=0, operations=keyed("RED,BLU,RED"), steps=[step()]))
    assert "found nothing to sequence" in none.warnings[0]


def numbered(numbers: str) -> list[dict[str, Any]]:
    """Orders A, B, C with these schedule numbers, `-` for none."""
    return [
        {"id": "ABCDEFGHIJKL"[place], "schedule_number": None if name == "-" else name}
        for place, name in enumerate(numbers)
    ]


def test_group_operations_with_same_schedule_number() -> None:
    """The mate of A is planned beyond the grouping time and comes all the same."""
    over = {"orders": numbered("7--7")}
    limited = {"max_group_hours": 2, "seq_from": None}
    assert sequenced("RED,RED,RED,RED", over=over, **limited) == ["A B C", "D"]
    assert sequenced("RED,RED,RED,RED", over=over, same_schedule_number=True, **limited) == ["A D B C"]


def test_mates_of_a_schedule_number_are_one_unit_for_the_limits() -> None:
    over = {"orders": numbered("-77")}
    limited = {"max_operation_hours": 2, "seq_from": None}
    assert sequenced("RED,RED,RED", over=over, **limited) == ["A B", "C"]
    assert sequenced("RED,RED,RED", over=over, same_schedule_number=True, **limited) == ["A", "B C"]


def test_a_mate_with_another_key_is_reported() -> None:
    data = problem(
        operations=keyed("RED,BLU"), orders=numbered("77"), steps=[step(same_schedule_number=True)]
    )
    done = plan(data)
    assert groups(done) == ["A", "B"]
    assert done.warnings[0] == (
        "Step 10: B10 has the schedule number 7 but another grouping part of its key; it is not grouped with it."
    )


def test_break_group_if_causing_delay() -> None:
    """C is pulled before B, whose order would miss its due time, which it kept in the forward plan."""
    data = problem(
        operations=[operation("A10", 1, key="RED1"), operation("X10", 1, key="BLU1"), operation("B10", 1, key="RED9"),
                    operation("C10", 3, key="RED3")],
        orders=[{"id": "A", "due": at(1)}, {"id": "X", "due": at(2)}, {"id": "B", "due": at(3)}, {"id": "C"}],
    )  # fmt: skip
    for breaks, expected in ((False, ["A C B", "X"]), (True, ["A C", "X", "B"])):
        data["steps"] = [step(break_if_delay=breaks)]
        assert groups(plan(data)) == expected


def test_an_order_that_was_late_anyway_breaks_nothing() -> None:
    """Later than due and not later than in the forward plan: that is not the sequencing's doing."""
    data = problem(
        operations=keyed("RED1,BLU1,RED9,RED3"),
        orders=[{"id": "A"}, {"id": "B"}, {"id": "C", "due": at(1)}, {"id": "D"}],
        steps=[step(break_if_delay=True)],
    )
    assert groups(plan(data)) == ["A D C", "B"]


def test_a_delay_further_down_the_order_breaks_the_group_too() -> None:
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[*keyed("RED1,BLU1,RED9,RED3"), operation("C20", 4, work_centre="SAW")],
        orders=[{"id": "A", "due": at(1)}, {"id": "B", "due": at(2)}, {"id": "C", "due": at(7)}, {"id": "D"}],
        resources=[press("M1"), saw],
    )
    data["operations"][3]["hours"] = 3
    for breaks, expected in ((False, ["A D C", "B"]), (True, ["A D", "B", "C"])):
        data["steps"] = [step(break_if_delay=breaks)]
        assert groups(plan(data)) == expected


def test_the_initiator_is_never_sent_back() -> None:
    data = problem(
        operations=[operation("A10", 1, key="RED9"), operation("B10", 3, key="RED3")],
        orders=[{"id": "A", "due": at(1)}, {"id": "B"}],
        steps=[step(break_if_delay=True)],
    )
    assert groups(plan(data)) == ["B A"]


# The order within a group.


@pytest.mark.parametrize(("order_by", "expected"), [("sort", "B E A D C"), ("group", "A D B E C")])
def test_sorting_and_grouping(order_by: str, expected: str) -> None:
    """Seed: forward b a c b a; sorting gives a a b b c, grouping b b a a c."""
    assert sequenced("REDb,REDa,REDc,REDb,REDa", order_by=order_by) == [expected]


def test_grouping_goes_by_planned_start_and_not_by_the_list() -> None:
    data = problem(operations=keyed("REDa,REDb,REDa"), steps=[step(order_by="group")])
    data["operations"][0]["earliest"] = at(8)
    assert groups(plan(data)) == ["B C A"] or groups(plan(data)) == ["C A B"]
    data["operations"][2]["earliest"] = at(4)
    assert groups(plan(data)) == ["B C A"]


@pytest.mark.parametrize(
    ("sort", "expected"), [("standard", "A B C D"), ("planned_start", "C A B D"), ("latest_start", "B C A D")]
)
def test_sorting_options(sort: str, expected: str) -> None:
    """D's sequencing part comes last by each; of the equal ones C is planned, and B has to start, first."""
    data = problem(
        operations=keyed("RED1,RED1,RED1,RED2"),
        orders=[{"id": name, "due": at(hour)} for name, hour in (("A", 17), ("B", 12), ("C", 16), ("D", 11))],
        steps=[step(sort=sort)],
    )  # fmt: skip
    for place, hour in ((0, 2), (1, 4)):
        data["operations"][place]["earliest"] = at(hour)
    assert groups(plan(data)) == [expected]


@pytest.mark.parametrize(
    ("sort_by", "sort", "expected"),
    [
        (["key"], "standard", "A B C D E"),
        (["-key"], "standard", "E A B C D"),
        (["key", "due"], "standard", "B C A D E"),
        (["key", "-due"], "standard", "D A C B E"),
        (["key", "-weight"], "standard", "C A B D E"),
        (["key", "-quantity", "hours"], "standard", "D B C A E"),
        (["-key", "-quantity", "hours"], "planned_start", "E D C B A"),
        (["-key", "-quantity", "hours"], "latest_start", "E B C A D"),
    ],
)
def test_sort_settings_of_the_initial_step(sort_by: list[str], sort: str, expected: str) -> None:
    """E's sequencing part is the last when rising; D has no due date and so is due last of all."""
    made = keyed("RED1,RED1,RED1,RED1,RED2")
    for each, hours, quantity, earliest in zip(
        made, (3, 1, 2, 2, 1), (5, 5, 5, 9, 1), (9, 6, 3, 1, 0), strict=True
    ):
        each |= {"hours": hours, "quantity": quantity, "earliest": at(earliest)}
    due = (("A", at(16)), ("B", at(12)), ("C", at(14)), ("D", None), ("E", at(17)))
    data = problem(
        operations=made,
        orders=[{"id": name, "due": day, "weight": 5 if name == "C" else 1} for name, day in due],
        steps=[step(sort=sort)],
        initial_step={"sort_settings": sort_by},
    )
    assert groups(plan(data)) == [expected]


def test_only_use_resources_common_to_step() -> None:
    """Its own work centre has a resource outside the step's, which would be free first."""
    outside = {"id": "X1", "work_centre": "OTHER", "state": ""}
    data = problem(
        operations=keyed("RED,BLU", hours=2, resources=["X1", "M1"]), resources=[outside, press("M1")]
    )
    data["operations"][0]["resources"] = ["X1"]
    for common, expected in ((False, "X1"), (True, "M1")):
        data["steps"] = [step(common_resources_only=common)]
        done = plan(data)
        assert (done.operations[1].group, done.operations[1].resource) == ("10-1", expected)


# Gaps.


def gapped(**parameters: Any) -> list[str]:
    """A, then C that is ready at six o'clock only, then D and the long E, by their keys."""
    data = problem(
        operations=[operation("A10", key="RED1"), operation("C10", key="RED2", earliest=at(6)),
                    operation("D10", key="RED3"), operation("E10", 4, key="RED4")],
        steps=[step(**parameters)],
    )  # fmt: skip
    return groups(plan(data))


@pytest.mark.parametrize(
    ("control", "expected"),
    [(" ", ["A C D E"]), ("S", ["A D E", "C"]), ("P", ["A D E C"]), ("Y", ["A", "C D E"])],
    ids=["accepted", "removed", "postponed", "new group"],
)
def test_gap_control(control: str, expected: list[str]) -> None:
    assert gapped(gap_control=control, max_gap_centihours=100) == expected


@pytest.mark.parametrize(
    ("most", "expected"), [(500, ["A C D E"]), (499, ["A D E", "C"]), (None, ["A D E", "C"])]
)
def test_maximum_gaps_allowed_within_groups(most: int | None, expected: list[str]) -> None:
    """From A's end to C's start are five hours, 500 centihours; no maximum allows no gap."""
    assert gapped(gap_control="S", max_gap_centihours=most) == expected


def test_the_gap_before_the_first_of_a_group_is_not_looked_at() -> None:
    data = problem(
        operations=[operation("A10", key="BLU"), operation("B10", key="RED", earliest=at(9))],
        steps=[step(gap_control="S")],
    )
    assert groups(plan(data)) == ["A", "B"]


def test_a_night_is_no_gap() -> None:
    data = problem(
        operations=[operation("A10", 16, key="RED"), operation("B10", key="RED")], calendar=DAY_SHIFT,
        steps=[step(gap_control="S")],
    )  # fmt: skip
    assert groups(plan(data)) == ["A B"]


def test_what_is_postponed_and_stays_too_far_is_treated_in_the_next_group() -> None:
    data = problem(
        operations=[
            operation("A10", key="RED1"),
            operation("C10", key="RED2", earliest=at(9)),
            operation("D10", key="RED3"),
        ],
        steps=[step(gap_control="P", max_gap_centihours=100)],
    )
    done = plan(data)
    assert groups(done) == ["A D", "C"]
    assert done.operations[1].rule.endswith("sent back from group 10-1: its gap of 7 h is above 1 h.")


@pytest.mark.parametrize(("same", "expected"), [(False, ["A C E D"]), (True, ["A E C D"])])
def test_gap_control_skips_a_whole_schedule_number(same: bool, expected: list[str]) -> None:
    """D has to wait; C of the same schedule number is skipped with it and taken again with it."""
    data = problem(
        operations=[operation("A10", key="RED1"), operation("C10", key="RED2"),
                    operation("D10", key="RED3", earliest=at(6)), operation("E10", 4, key="RED4")],
        orders=[{"id": "A"}, {"id": "C", "schedule_number": "7"}, {"id": "D", "schedule_number": "7"}, {"id": "E"}],
        steps=[step(gap_control="P", max_gap_centihours=100, same_schedule_number=same)],
    )  # fmt: skip
    assert groups(plan(data)) == expected


# What stands in the way, and more than one step.


def test_locked_operations_are_setup_predecessors_of_a_group_and_stay() -> None:
    lock = operation("L10", 1, key="BLU", status=20, resource="M1", start=at(1))
    data = problem(
        operations=[lock, *keyed("RED,RED")], resources=[press("M1", state="RED")], setup=COLOURS,
        steps=[step(gap_control="S")],
    )  # fmt: skip
    assert bars(plan(data)) == ["A10 M1 0-1", "L10 M1 1-4", "B10 M1 4-7"]


def test_an_operation_waits_in_its_group_for_the_one_before_it() -> None:
    """By its key A20 would come first; it needs A10, which is in the same group."""
    operations = [operation("A10", key="RED2"), operation("A20", key="RED1"), operation("B10", key="RED3")]
    done = plan(problem(operations=operations, steps=[step()]))
    assert groups(done) == ["A A20 B"]


def test_a_forbidden_transition_keeps_an_operation_out_of_its_place() -> None:
    data = problem(
        operations=keyed("RED1,RED2,RED3"), steps=[step()],
        setup=[{"from": "RED1", "to": "RED2", "forbidden": True}],
    )  # fmt: skip
    assert groups(plan(data)) == ["A C B"]


def test_three_orders_balance_lead_time_and_utilisation() -> None:
    """Seed: A and C of one colour come together: two hours of setup less on each resource, no gaps, and B is late."""
    hours = {"10": 2, "20": 3, "30": 4}
    data = problem(
        resources=[{"id": f"M{n}", "work_centre": f"W{n}", "state": "RED"} for n in (1, 2, 3)],
        setup=COLOURS,
        orders=[
            {"id": "A", "due": at(9)},
            {"id": "B", "due": at(17)},
            {"id": "C", "due": "2026-11-24T05:00"},
        ],
        operations=[
            operation(
                order + number,
                hours[number],
                key="BLU" if order == "B" else "RED",
                work_centre=f"W{number[0]}",
            )
            for order in "ABC"
            for number in hours
        ],
    )
    forward = plan(data)
    assert [bar for bar in bars(forward) if "M2" in bar] == ["A20 M2 2-5", "B20 M2 6-11", "C20 M2 11-16"]
    assert [bar for bar in bars(forward) if "M3" in bar] == ["A30 M3 5-9", "B30 M3 11-17", "C30 M3 17-23"]
    assert forward.after.late_orders == 0
    data["steps"] = [
        step(10, work_centre="W1"), {"id": 15, "type": "forward"}, step(20, work_centre="W2"),
        {"id": 25, "type": "forward"}, step(30, work_centre="W3"),
    ]  # fmt: skip
    done = plan(data)
    assert done.before == forward.after
    assert [sequence(done, name) for name in ("M1", "M2", "M3")] == ["A C B", "A20 C20 B20", "A30 C30 B30"]
    assert [bar for bar in bars(done) if "M2" in bar] == ["A20 M2 2-5", "C20 M2 5-8", "B20 M2 8-13"]
    assert [bar for bar in bars(done) if "M3" in bar] == ["A30 M3 5-9", "C30 M3 9-13", "B30 M3 13-19"]
    assert (done.before.setup_hours, done.after.setup_hours) == (12.0, 6.0)
    assert (done.after.late_orders, done.after.tardiness_hours) == (1, 2.0)
    assert all(done.after.utilisation[name] > done.before.utilisation[name] for name in ("M1", "M2", "M3"))


def test_forward_order_scheduling_gives_the_next_step_true_times() -> None:
    """Without it the second step goes by the starts of the plan before, in which B came second."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    data = problem(
        operations=[*keyed("RED,BLU,RED", hours=4)]
        + [operation(f"{name}20", key="X", work_centre="SAW") for name in "ABC"],
        resources=[press("M1"), saw],
    )
    steps = [step(10), step(20, work_centre="SAW", sort="planned_start")]
    data["steps"] = steps
    stale = plan(data)
    data["steps"] = [*steps, {"id": 15, "type": "forward"}]
    assert (sequence(stale, "S1"), sequence(plan(data), "S1")) == ("A20 B20 C20", "A20 C20 B20")
    assert sequence(stale, "M1") == "A C B"
    data["steps"] = [*steps, {"id": 15, "type": "forward", "enabled": False}]
    assert sequence(plan(data), "S1") == "A20 B20 C20"


def test_a_second_run_keeps_what_the_first_sequenced() -> None:
    data = problem(operations=keyed("RED,BLU,RED"), steps=[step()])
    first = plan(data)
    for each, placed in zip(data["operations"], first.operations, strict=True):
        each.update(status=placed.status, resource=placed.resource, start=placed.start)
    data["operations"].append(operation("D10", key="RED"))
    data["orders"].append({"id": "D"})
    second = plan(data)
    assert sequence(second) == "A C B D"
    assert [each.group for each in second.operations] == [None, None, None, "10-1"]


def test_every_operation_tells_the_rule_that_placed_it() -> None:
    done = plan(problem(operations=keyed("RED,BLU,RED"), steps=[step(sort="planned_start")], horizon_days=5))
    assert [each.rule for each in done.operations] == [
        "Step 10, group 10-1: opens the group: earliest planned start, M1 free first; sorted (planned_start).",
        "Step 10, group 10-2: opens the group: earliest planned start, M1 free first; sorted (planned_start).",
        "Step 10, group 10-1: grouping part 'RED' as A10; sorted (planned_start).",
    ]


def test_a_chain_of_thousands_of_components_is_followed() -> None:
    """The last press operation waits through 2,000 saw orders for the first one, which its group may move."""
    chain = [
        {"id": f"S{n}", "order": f"S{n}", "number": 10, "work_centre": "SAW", "hours": 0.01, "setup_standard": 0,
         "predecessors": [f"S{n - 1}" if n else "A10"]}
        for n in range(2000)
    ]  # fmt: skip
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    last = operation("B10", key="RED", predecessors=["S1999"])
    data = problem(
        operations=[operation("A10", key="RED"), *chain, last], resources=[press("M1"), saw], steps=[step()]
    )
    assert groups(plan(data)) == ["A B"]
