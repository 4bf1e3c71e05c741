"""What a problem file may say, and the sentence each mistake in it gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from scheduling.engine import solve
from scheduling.engine.keys import KeySlice
from scheduling.engine.problem import StepType, read_problem
from scheduling.engine.reading import ProblemError
from tests.pure.scheduling_engine.plant import operation, press, problem, step

A10 = operation("A10")
CYCLE = {"type": "cyclic"}
LEVELS = {"id": 10, "type": "multi_level", "work_centre": "PRESS"}
LEVEL = {"from": 1, "to": 2, "by": "group"}
OVEN = {"id": 10, "type": "oven", "work_centre": "PRESS", "group_from": 1, "group_to": 3}
FIVE = press("M1", oven={"unit": "pieces", "capacity": 5})
CIRCLE = [operation("A10", predecessors=["B10"]), operation("B10", predecessors=["A20"]), operation("A20")]


def every_key() -> dict[str, Any]:
    """A problem with every key of the format."""
    return {
        "start": "2026-11-23T06:00",
        "horizon_days": 10,
        "calendar": {"default": [["06:00", "22:00"]] * 5, "night": [["22:00", "06:00"]] * 5, "closed": []},
        "resources": [
            press("M1", calendar="night", capacity=[["2026-11-23", 1.0]], efficiency=1.0, priority=10,
                  setup_rule="sum", setup_standard=0.5, setup_reduced=0.1, group_maximum=None,
                  oven={"unit": "volume", "capacity": 2}),
            press("M2", calendar={"default": [[["06:00", "12:00"], ["13:00", "24:00"]], None] + [[]] * 5}),
        ],
        "delay_calendar": {"non_production": ["2026-12-25"], "weekend": [6, 7]},
        "initial_step": {"sequencing": True, "horizon_days": 5, "locked_horizon_hours": 0,
                         "start_control": "planned", "overlap": False, "same_secondary_resource": False,
                         "pull_up": False, "synchronise": False},
        "setup": [{"resource": "M1", "from": "RED*", "to": "BLUE*", "hours": 1.5, "valid_from": None,
                   "valid_to": "2026-12-01", "forbidden": False}],
        "orders": [{"id": "A", "due": "2026-11-24T06:00", "weight": 1, "schedule_number": None, "firm": False}],
        "operations": [
            {"id": "A10", "order": "A", "number": 10, "work_centre": "PRESS", "resources": ["M1"], "hours": 2.0,
             "quantity": 1, "key": "RED 001", "setup_standard": None, "setup_reduced": None, "secondary": [],
             "predecessors": [], "earliest": None, "status": 10, "operation_status": 20, "resource": None,
             "start": None, "volume": 1, "positions": 1}
        ],
        "steps": [
            step(group_to=3, seq_to=7, description="colour", max_group_hours=24, respect_delay_calendar=False,
                 max_operation_hours=None, max_resource_hours=None, horizon_days=None,
                 same_schedule_number=False, break_if_delay=False, order_by="sort", sort="standard",
                 common_resources_only=False, gap_control=" ", max_gap_centihours=None, profile=[],
                 batch_size=None, levels=[], never_later=False, enabled=True, **{"lambda": 1.0}),
            {"id": 20, "type": "oven", "enabled": False, "work_centre": "PRESS", "group_from": 1, "group_to": 3,
             "min_fill_percent": 50, "max_wait_hours": 4},
        ],
    }  # fmt: skip


def test_a_problem_with_every_key_of_the_format_is_read() -> None:
    read = read_problem(every_key())
    assert [resource.calendar.week[0] for resource in read.resources] == [
        ((1320, 1800),), ((360, 720), (780, 1440)),
    ]  # fmt: skip
    assert read.initial_step.horizon_days == 5
    assert (
        read.setup[0].valid_to
        == read.plant.seconds(read.plant.moment(read.start).replace(month=12, day=1)) + 64_799
    )


def test_steps_are_in_ascending_id() -> None:
    assert [each.id for each in read_problem(problem(steps=[step(20), step(5), step(10)])).steps] == [
        5,
        10,
        20,
    ]


def test_an_operation_waits_for_the_number_before_and_for_what_it_names() -> None:
    read = read_problem(
        problem(
            operations=[
                operation("A30", predecessors=["B10"]),
                operation("A10"),
                operation("A20"),
                operation("B10"),
            ]
        )
    )
    assert dict(read.routing) == {"A30": ("A20", "B10"), "A10": (), "A20": ("A10",), "B10": ()}


def test_an_open_sequencing_part_ends_with_the_key() -> None:
    read = read_problem(problem(steps=[step(seq_from=5), step(20, seq_from=5, seq_to=6)]))
    assert [each.sequence for each in read.steps] == [KeySlice(5, 20), KeySlice(5, 6)]
    assert KeySlice(5, 6).of("RED 12") == "12"
    assert KeySlice(5, 8).of("RED 12") == "12  "


# A step as the format prints it, every key with what the format prints there.
PRINTED: dict[str, Any] = {
    "id": 10, "description": None, "enabled": True, "work_centre": "PRESS", "group_from": 1, "group_to": 3,
    "seq_from": 4, "seq_to": 7, "max_group_hours": 24, "respect_delay_calendar": False, "max_operation_hours": None,
    "max_resource_hours": None, "horizon_days": None, "same_schedule_number": False, "break_if_delay": False,
    "order_by": "sort", "sort": "standard", "common_resources_only": False, "gap_control": " ",
    "max_gap_centihours": None, "lambda": 1.0, "never_later": False, "profile": [], "batch_size": None, "levels": [],
}  # fmt: skip
SLICES = ("seq_from", "seq_to")
NEEDED: dict[str, dict[str, Any]] = {
    "cyclic": {"profile": ["RED"]}, "batch_size": {"batch_size": 5}, "multi_level": {"levels": [LEVEL]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "unused"),
    [
        ("standard", ()), ("cyclic", ()), ("oven", SLICES), ("oven_repetition", SLICES), ("batch_size", SLICES),
        ("minimise_setup", (*SLICES, "max_group_hours")), ("multi_level", ("group_from", "group_to", *SLICES)),
        ("forward", ("group_from", "group_to", *SLICES, "max_group_hours")),
    ],
)  # fmt: skip
def test_every_type_takes_the_step_of_the_format(kind: str, unused: tuple[str, ...]) -> None:
    """A key without effect for a type is no mistake: what stands there but asks for something is named."""
    read = read_problem(problem(steps=[{**PRINTED, "type": kind, **NEEDED.get(kind, {})}]))
    assert read.steps[0].unused == unused


@pytest.mark.parametrize("kind", list(StepType))
def test_a_neutral_value_is_as_good_as_none(kind: StepType) -> None:
    """Null, or the key left out, is what every key may be that a type does not need."""
    kept = {"id", "work_centre", "enabled", *NEEDED.get(kind, {})} | (
        set() if kind in (StepType.FORWARD, StepType.MULTI_LEVEL) else {"group_from", "group_to"}
    )
    plain = {**{key: PRINTED[key] for key in kept}, "type": kind, **NEEDED.get(kind, {})}
    nulls = {**dict.fromkeys(PRINTED), **plain}
    assert read_problem(problem(steps=[plain])).steps == read_problem(problem(steps=[nulls])).steps


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("oven", "max_operation_hours", 8), ("oven", "reoptimise", True), ("oven", "gap_control", "Y"),
        ("batch_size", "gap_control", "S"), ("cyclic", "gap_control", "S"), ("cyclic", "break_if_delay", True),
        ("standard", "batch_size", 100), ("standard", "profile", ["RED"]), ("standard", "lambda", 2),
        ("multi_level", "sort", "latest_start"), ("forward", "gap_control", "S"),
    ],
)  # fmt: skip
def test_what_a_type_does_nothing_with_is_told(kind: str, key: str, value: object) -> None:
    entry = {**PRINTED, "type": kind, **NEEDED.get(kind, {})}
    plain, beside = (read_problem(problem(steps=[each])).steps[0] for each in (entry, {**entry, key: value}))
    assert set(beside.unused) - set(plain.unused) == {key}
    assert replace(beside, unused=()) == replace(plain, unused=())


def test_sorting_by_the_part_alone_says_nothing_beside_grouping() -> None:
    grouped, told = (step(order_by="group", sort=sort) for sort in (None, "standard"))
    assert read_problem(problem(steps=[grouped])).steps == read_problem(problem(steps=[told])).steps


def test_a_resource_may_have_the_week_alone() -> None:
    week = [["06:00", "10:00"]] * 7
    own = problem(
        calendar={"default": [["06:00", "22:00"]] * 7, "closed": ["2026-12-25"]},
        resources=[
            press("M1", calendar=week),
            press("M2", calendar={"default": week, "closed": ["2026-12-25"]}),
        ],
    )
    alone, whole = (resource.calendar for resource in read_problem(own).resources)
    assert alone == whole


def test_a_schedule_number_may_be_a_number() -> None:
    assert read_problem(problem(orders=[{"id": "A", "schedule_number": 7}])).orders[0].schedule_number == "7"


@pytest.mark.parametrize(
    ("changed", "place", "sentence"),
    [
        ({"opps": []}, "the problem", "unknown key 'opps'"),
        ({"operations": [{**A10, "hour": 2}]}, "operations[0]", "unknown key 'hour'; did you mean 'hours'?"),
        ({"resources": [press("M1", eficiency=2)]}, "resources[0]", "did you mean 'efficiency'?"),
        ({"steps": [step(colour=1)]}, "steps[0]", "unknown key 'colour'"),
        ({"initial_step": {"sequence": True}}, "initial_step", "did you mean 'sequencing'?"),
        ({"delay_calendar": {"weekends": [6]}}, "delay_calendar", "did you mean 'weekend'?"),
        ({"start": None}, "start", "is missing"),
        ({"start": "Monday"}, "start", "must be a moment as 2026-11-23T06:00, not 'Monday'"),
        ({"start": "2026-11-23T06:00+01:00"}, "start", "has an offset; name the plant's"),
        ({"zone": "Europe/Nowhere"}, "zone", "is no time zone"),
        ({"horizon_days": 1000}, "horizon_days", "from 0 to 999, not 1000"),
        ({"initial_step": {"horizon_days": -1}}, "initial_step.horizon_days", "from 0 to 999, not -1"),
        ({"steps": [step(horizon_days=1000)]}, "steps[0].horizon_days", "from 0 to 999, not 1000"),
        ({"steps": [step(0)]}, "steps[0].id", "must be larger than 0"),
        ({"steps": [step(10), step(10)]}, "steps", "'10' is there twice"),
        ({"steps": [step(group_from=4, group_to=3)]}, "steps[0].group_from", "is 4 and lies after group_to 3"),
        ({"steps": [step(group_from=None)]}, "steps[0].group_from", "is missing"),
        ({"steps": [step(group_to=21)]}, "steps[0].group_to", "from 1 to 20"),
        ({"steps": [step(seq_from=8, seq_to=4)]}, "steps[0].seq_from", "is 8 and lies after seq_to 4"),
        ({"steps": [step(order_by="group", sort="planned_start")]}, "steps[0].sort", "is not available when"),
        ({"steps": [step(gap_control="X")]}, "steps[0].gap_control", "must be one of"),
        ({"steps": [step(max_operation_hours=-1)]}, "steps[0].max_operation_hours", "at least 0"),
        ({"steps": [{**OVEN, "type": "batch_size"}]}, "steps[0].batch_size", "is missing"),
        ({"steps": [{**OVEN, "type": "batch_size", "batch_size": 0}]}, "steps[0].batch_size", "must be above 0"),
        ({"operations": [A10], "steps": [OVEN]}, "resources[0].oven", "step 10 loads M1; give capacity and unit"),
        ({"resources": [press("M1", oven={"unit": "kilos"})]}, "resources[0].oven.unit", "must be one of 'pieces'"),
        ({"resources": [press("M1", oven={"unit": "pieces"})]}, "resources[0].oven.capacity", "is missing"),
        ({"resources": [FIVE | {"oven": {"unit": "pieces", "capacity": 0}}]}, "resources[0].oven.capacity", "above 0"),
        ({"resources": [press("M1", oven={"unit": "pieces", "capacity": 1, "x": 1})]}, "resources[0].oven", "unknown"),
        (
            {"operations": [{**A10, "quantity": 6}], "steps": [OVEN], "resources": [FIVE]},
            "operations[0]", "A10 has 6 pieces, and no oven it may use takes that; split it",
        ),
        (
            {"operations": [A10], "steps": [OVEN], "resources": [press("M1", oven={"unit": "volume", "capacity": 5})]},
            "operations[0].volume", "operation A10 has none: the oven M1 is filled by volume",
        ),
        ({"steps": [{**OVEN, "min_fill_percent": 101}]}, "steps[0].min_fill_percent", "at most 100"),
        ({"steps": [step(**CYCLE, profile=[])]}, "steps[0].profile", "must list the key values in the order"),
        ({"steps": [step(**CYCLE, profile={})]}, "steps[0].profile", "must list the key values"),
        ({"steps": [step(**CYCLE)]}, "steps[0].profile", "is missing"),
        ({"steps": [step(**CYCLE, profile=["GREEN"])]}, "steps[0].profile[0]", "a text of at most 3 characters"),
        ({"steps": [step(**CYCLE, profile={"M9": ["RED"]})]}, "step 10.profile", "resource 'M9' is not in"),
        ({"steps": [LEVELS]}, "steps[0].levels", "must name from 1 to 20 levels, not 0"),
        ({"steps": [{**LEVELS, "levels": [LEVEL] * 21}]}, "steps[0].levels", "not 21"),
        ({"steps": [{**LEVELS, "levels": [{**LEVEL, "from": 3}]}]}, "steps[0].levels[0].from", "lies after to 2"),
        ({"steps": [{**LEVELS, "levels": [{**LEVEL, "to": None}]}]}, "steps[0].levels[0].to", "is missing"),
        ({"steps": [{**LEVELS, "levels": [{**LEVEL, "by": "size"}]}]}, "steps[0].levels[0].by", "must be one of"),
        ({"steps": [{**LEVELS, "levels": [{**LEVEL, "x": 1}]}]}, "steps[0].levels[0]", "unknown key 'x'"),
        ({"steps": [{**LEVELS, "levels": [LEVEL], "gap_control": "Y"}]}, "steps[0].gap_control", "Y is not available"),
        ({"steps": [step(work_centre="SAW")]}, "step 10", "no resource has the work centre 'SAW'"),
        ({"operations": [{**A10, "key": "X" * 21}]}, "operations[0].key", "at most 20"),
        ({"operations": [{**A10, "hours": -1}]}, "operations[0].hours", "at least 0"),
        ({"operations": [{**A10, "hours": True}]}, "operations[0].hours", "must be a number"),
        ({"operations": [{**A10, "status": 16}]}, "operations[0].status", "15 sequenced"),
        ({"operations": [{**A10, "status": 20}]}, "operations[0]", "name its resource"),
        ({"operations": [{**A10, "status": 17, "resource": "M1"}]}, "operations[0]", "give its start"),
        ({"operations": [{**A10, "operation_status": 90}]}, "operations[0].operation_status", "0 to 50"),
        ({"operations": [{**A10, "resources": ["M9"]}]}, "operations[0]", "resource 'M9' is not in resources"),
        ({"operations": [{**A10, "resource": "M9"}]}, "operations[0]", "resource 'M9' is not in resources"),
        ({"operations": [{**A10, "work_centre": "SAW"}]}, "operations[0]", "no resource has the work centre 'SAW'"),
        ({"operations": [{**A10, "predecessors": ["Z"]}]}, "operations[0].predecessors", "'Z' is not in operations"),
        ({"orders": [{"id": "A", "schedule_number": ["7"]}]}, "orders[0].schedule_number", "must be a text"),
        ({"operations": [A10], "orders": [{"id": "B"}]}, "operations[0].order", "'A' is not in orders"),
        ({"operations": [A10, A10]}, "operations", "'A10' is there twice"),
        ({"operations": CIRCLE}, "operations", "A10 → B10 → A20 → A10; take one predecessor out"),
        ({"operations": [{**A10, "secondary": ["M1"]}]}, "operations[0].secondary", "operations run on 'M1'"),
        ({"operations": [{**A10, "secondary": ["T9"]}]}, "operations[0].secondary", "'T9' is not in resources"),
        ({"initial_step": {"sort_settings": "key"}}, "initial_step.sort_settings", "must be a list of key, due"),
        ({"initial_step": {"sort_settings": ["key", "colour"]}}, "initial_step.sort_settings", "has 'colour'"),
        ({"initial_step": {"sort_settings": ["key", "due", "-due"]}}, "initial_step.sort_settings", "twice"),
        ({"initial_step": {"sort_settings": ["due", "key"]}}, "initial_step.sort_settings", "must begin with key"),
        ({"initial_step": {"sort_settings": []}}, "initial_step.sort_settings", "must begin with key"),
        ({"initial_step": {"start_control": "late"}}, "initial_step.start_control", "must be one of 'planned'"),
        ({"initial_step": {"locked_horizon_hours": -8}}, "initial_step.locked_horizon_hours", "at least 0"),
        ({"resources": [press("M1", efficiency=0)]}, "resources[0].efficiency", "must be above 0"),
        ({"resources": [press("M1", calendar="late")]}, "resources[0].calendar", "'late' is not in calendar"),
        (
            {"resources": [press("M1", capacity=[["2026-11-24", 1], ["2026-11-23", 1]])]},
            "resources[0].capacity", "in order",
        ),
        ({"resources": [press("M1", capacity=[["2026-11-24", 0]])]}, "resources[0].capacity", "ends with 0"),
        ({"resources": [press("M1", setup_rule="mean")]}, "resources[0].setup_rule", "must be one of"),
        ({"calendar": {"closed": []}}, "calendar", 'needs "default"'),
        ({"calendar": {"default": [["06:00", "22:00"]]}}, "calendar.default", "five to seven entries"),
        ({"calendar": {"default": [["6", "22:00"]] * 5}}, "calendar.default[0]", "must be a time as 06:00"),
        ({"calendar": {"default": [[["06:00", "12:00"], ["11:00", "22:00"]]] * 5}}, "calendar.default[0]", "overlap"),
        (
            {"calendar": {"default": [["06:00", "22:00"]] * 5, "closd": ["2026-12-25"]}},
            "calendar.closd", "five to seven",
        ),
        ({"delay_calendar": {"weekend": [0]}}, "delay_calendar.weekend", "1 Monday to 7 Sunday"),
        ({"delay_calendar": {"weekend": [1, 2, 3, 4, 5, 6, 7]}}, "delay_calendar.weekend", "no production day"),
        ({"setup": [{"from": "A", "to": "B"}]}, "setup[0].hours", "is missing"),
        ({"setup": [{"from": "A", "to": "B", "hours": 1, "resource": "M9"}]}, "setup[0].resource", "'M9' is not in"),
        (
            {"setup": [{"from": "A", "to": "B", "hours": 1, "valid_from": "2026-12-02", "valid_to": "2026-12-01"}]},
            "setup[0]", "never valid",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_place(changed: dict[str, Any], place: str, sentence: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_problem(problem(**changed))
    assert (refused.value.place, sentence in refused.value.sentence) == (place, True), str(refused.value)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(ProblemError, match="is not an object"):
        read_problem([])


ODD = [
    None,
    -1,
    0,
    1e300,
    10**30,
    True,
    "",
    "x",
    "9999-12-31T23:59",
    "0001-01-01",
    "2026-11-23",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from places(each, (*path, key))


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_whatever_stands_in_a_file_it_is_planned_or_refused_in_words(zone: str | None) -> None:
    tried = refused = 0
    for path in places(every_key()):
        for odd in ODD:
            data = {**every_key(), "zone": zone}
            inside: Any = data
            for key in path[:-1]:
                inside = inside[key]
            inside[path[-1]] = odd
            tried += 1
            try:
                solve(read_problem(data))
            except ProblemError:
                refused += 1
    assert tried > refused > tried / 2
