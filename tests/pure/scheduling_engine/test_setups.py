"""Setup(a, b, resource, t): which record counts, and what counts without one."""

from __future__ import annotations

from typing import Any

import pytest

from scheduling.engine.problem import read_problem
from scheduling.engine.setups import Setup, Setups, Source
from tests.pure.scheduling_engine.plant import MONDAY, bars, operation, plan, press, problem, step

HOUR = 3600


def record(before: str, after: str, hours: float, **over: Any) -> dict[str, Any]:
    return {"from": before, "to": after, "hours": hours, **over}


def setup(
    before: str | None,
    after: str,
    records: list[dict[str, Any]],
    ready: str = "2026-11-23T06:00",
    **over: Any,
) -> Setup:
    """The setup from one key to another on M1, by records and standard times."""
    machine, standard = over.pop("machine", {}), {"setup_standard": None, **over}
    read = read_problem(
        problem(
            resources=[press("M1", **machine), press("M2")],
            operations=[operation("A10", key=after, earliest=ready, **standard)],
            setup=records,
            steps=[step()],
        )
    )
    moment = read.operations[0].earliest
    assert moment is not None
    return Setups(read).between(before, read.operations[0], 0, moment)


@pytest.mark.parametrize(
    ("records", "hours"),
    [
        ([record("RED 1", "BLU 1", 1)], 1),
        ([record("RED*", "BLU*", 2), record("*", "*", 9)], 2),
        ([record("*", "*", 9), record("RED*", "*", 3), record("RED*", "BLU*", 2)], 2),
        ([record("RED*", "BLU*", 2), record("RED 1", "BLU*", 1)], 1),
        ([record("RED ?", "BLU ?", 2), record("RED 1", "BLU 1", 1)], 1),
        ([record("RED 1", "BLU 1", 2), record("*", "*", 7, resource="M1")], 7),
        ([record("RED 1", "BLU 1", 2), record("RED 1", "BLU 1", 7, resource="M2")], 2),
        ([record("RED 1*", "BLU 1", 3), record("RED 1", "BLU 1", 4)], 4),
    ],
    ids=["exact", "pattern", "most spelt out", "one spelt out", "one letter open", "own resource first",
         "others", "no wildcard"],
)  # fmt: skip
def test_the_most_specific_record_counts(records: list[dict[str, Any]], hours: float) -> None:
    for order in (records, records[::-1]):
        assert setup("RED 1", "BLU 1", order) == Setup(round(hours * HOUR), Source.RECORD)


@pytest.mark.parametrize(
    ("ready", "hours"),
    [("2026-11-30T23:59", 9), ("2026-12-01T00:00", 1), ("2026-12-31T23:59", 1), ("2027-01-01T00:00", 9)],
)
def test_a_record_counts_where_it_is_valid_at_the_earliest_start(ready: str, hours: float) -> None:
    records = [record("RED*", "BLU*", 1, valid_from="2026-12-01", valid_to="2026-12-31"), record("*", "*", 9)]
    assert setup("RED 1", "BLU 1", records, ready).seconds == hours * HOUR


def test_validity_goes_by_the_earliest_start_and_not_by_the_place_in_the_queue() -> None:
    """B could begin on Monday and gets its turn on Tuesday, when the matrix has other times: Monday's count."""
    done = plan(
        problem(
            operations=[operation("A10", 24, key="RED"), operation("B10", 1, key="BLU", setup_standard=None)],
            setup=[
                record("RED", "BLU", 2, valid_to="2026-11-23"),
                record("RED", "BLU", 5, valid_from="2026-11-24"),
            ],
        )
    )
    assert bars(done) == ["A10 M1 0-24", "B10 M1 24-27"]


def test_nothing_goes_before_an_operation_whose_later_record_would_make_its_setup_longer() -> None:
    """G20 waits for G10 until Tuesday, when a record begins: E, placed after it, would cost it an hour instead of a
    quarter, though on Monday, its own earliest start, no record was valid.
    """
    quarter = {"setup_standard": 0.25}
    data = problem(
        resources=[press("M1", state="BLU"), press("M2")],
        operations=[
            operation("G10", 30, key="X", resource="M2", start=MONDAY, status=17),
            operation("G20", 2, key="YEL", resource="M1", start="2026-11-24T12:00", status=17, **quarter),
            operation("E10", 2, key="RED", resources=["M1"], **quarter),
        ],
        setup=[record("RED", "*", 1, resource="M1", valid_from="2026-11-24")],
    )
    assert bars(plan(data)) == ["G10 M2 0-30", "G20 M1 30-32.25", "E10 M1 32.25-34.5"]


STANDARD = {
    "setup_standard": 2.0,
    "setup_reduced": 0.5,
    "machine": {"setup_standard": 3.0, "setup_reduced": 0.25},
}


@pytest.mark.parametrize(
    ("rule", "other_key", "equal_part"),
    [("operation", 2, 0.5), ("resource", 3, 0.25), ("longest", 3, 0.5), ("sum", 5, 0.75)],
)
def test_the_standard_times_count_by_the_resources_rule(
    rule: str, other_key: float, equal_part: float
) -> None:
    over: dict[str, Any] = {**STANDARD, "machine": {**STANDARD["machine"], "setup_rule": rule}}
    assert setup("BLU 1", "RED 1", [], **over) == Setup(round(other_key * HOUR), Source.STANDARD)
    assert setup("RED 2", "RED 1", [], **over) == Setup(round(equal_part * HOUR), Source.REDUCED)


def test_without_a_reduced_time_the_standard_stays() -> None:
    assert setup("RED 2", "RED 1", [], setup_standard=2.0) == Setup(2 * HOUR, Source.STANDARD)


@pytest.mark.parametrize("rule", ["operation", "resource", "longest", "sum"])
@pytest.mark.parametrize(
    ("own", "machine", "other_key", "equal_part"),
    [
        ({}, {"setup_standard": 3.0, "setup_reduced": 0.25}, 3, 0.25),
        ({"setup_standard": 2.0, "setup_reduced": 0.5}, {}, 2, 0.5),
        ({"setup_reduced": 0.5}, {"setup_standard": 3.0}, 3, None),
    ],
    ids=["the resource's", "the operation's", "one each"],
)
def test_where_one_alone_gives_a_time_it_counts_whatever_the_rule(
    rule: str, own: dict[str, Any], machine: dict[str, Any], other_key: float, equal_part: float | None
) -> None:
    """The rule chooses between two times; a time that stands in the file is never passed over for none."""
    over: dict[str, Any] = {**own, "machine": {**machine, "setup_rule": rule}}
    assert setup("BLU 1", "RED 1", [], **over) == Setup(round(other_key * HOUR), Source.STANDARD)
    if equal_part is None:
        equal_part = {"operation": 0.5, "resource": 3.0, "longest": 3.0, "sum": 3.5}[rule]
    assert setup("RED 2", "RED 1", [], **over).seconds == round(equal_part * HOUR)


def test_an_equal_grouping_part_needs_nothing_where_nothing_is_given() -> None:
    """What is set up for is the grouping part; the shade behind it is sorted, not changed over."""
    assert setup("RED 2", "RED 1", []) == Setup(0, Source.SAME)
    assert setup("RED 2", "RED 1", [record("RED*", "RED*", 0.5)]) == Setup(HOUR // 2, Source.RECORD)


def test_a_missing_pair_is_not_silently_nothing() -> None:
    assert setup("RED", "BLU", []) == Setup(0, Source.MISSING)
    assert setup("RED", "RED", []) == Setup(0, Source.SAME), "the same key needs no changeover"
    done = plan(
        problem(
            resources=[press("M1", state="RED")],
            operations=[
                operation(f"{name}10", key=key, setup_standard=None)
                for name, key in (("A", "BLU"), ("B", "GRN"))
            ],
        )
    )
    assert done.warnings == (
        "M1: no setup time from key 'RED' to 'BLU' (2 such in all); 0 h was counted. Add a matrix record or a "
        "standard time.",
    )


def test_a_resource_whose_state_is_not_known_needs_the_whole_setup() -> None:
    assert (
        setup(None, "RED", [record("*", "RED", 9)], setup_standard=2.0, setup_reduced=0.0).seconds == 2 * HOUR
    )
    done = plan(
        problem(resources=[press("M1", state=None)], operations=[operation("A10", setup_standard=None)])
    )
    assert "'(not known)' to ''" in done.warnings[0]


def test_the_first_operation_follows_the_last_known_state() -> None:
    data = problem(
        resources=[press("M1", state="RED")],
        operations=[operation("A10", key="BLU")],
        setup=[record("RED", "BLU", 1.5)],
    )
    assert bars(plan(data)) == ["A10 M1 0-2.5"]


def test_a_forbidden_transition_waits_for_another_operation_between() -> None:
    data = problem(
        resources=[press("M1", state="BLK")],
        operations=[operation("A10", key="WHT"), operation("B10", 2, key="GRY", earliest="2026-11-23T09:00")],
        setup=[record("BLK", "WHT", 0, forbidden=True)],
    )
    assert bars(plan(data)) == ["B10 M1 3-5", "A10 M1 5-6"]


def test_what_only_forbidden_transitions_lead_to_is_left_out_and_said() -> None:
    data = problem(
        resources=[press("M1", state="BLK")],
        operations=[operation("A10", key="WHT"), operation("A20", key="BLK", work_centre="PRESS")],
        setup=[{"from": "*", "to": "WHT", "forbidden": True}],
    )
    done = plan(data)
    assert bars(done) == []
    assert done.warnings == (
        "A10 is left out: on each resource it may use only a forbidden setup leads to it.",
        "A20 is left out: it waits for an operation that has no place.",
    )
