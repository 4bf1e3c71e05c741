"""The Minimise setup step: each parameter in a plant where ignoring it gives another plan, and small plants in which
every order of the operations on every resource is tried.
"""

from __future__ import annotations

from itertools import permutations
from random import Random
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from scheduling.engine import Budget, ProblemError, Result, minimise, read_problem, solve
from scheduling.engine.arrays import States, clocks_of
from scheduling.engine.passes import Shop, Timeline, backward, forward
from scheduling.engine.search import Found, exact, lines
from scheduling.engine.search.running import search as search_freely
from scheduling.engine.search.timing import FORBIDDEN, MISSING, OPENS, between, change, finish, stretch
from scheduling.engine.setups import Source
from tests.bounds import seeds
from tests.pure.scheduling_engine.plant import (
    DAY_SHIFT,
    bars,
    groups,
    operation,
    press,
    problem,
    sequence,
)
from tests.pure.scheduling_engine.test_legal_plans import generated, judge

MATRIX = [
    {"from": one, "to": other, "hours": hours}
    for one, other, hours in (
        ("RED*", "BLU*", 2), ("BLU*", "RED*", 2), ("RED*", "GRN*", 1), ("GRN*", "RED*", 4), ("GRN*", "BLU*", 1),
        ("BLU*", "GRN*", 4),
    )
]  # fmt: skip


def least(number: int = 10, **over: Any) -> dict[str, Any]:
    plain = {"id": number, "type": "minimise_setup", "work_centre": "PRESS"}
    return {**plain, **over}


def keyed(keys: str, hours: float = 1.0, **over: Any) -> list[dict[str, Any]]:
    """Orders A, B, C and so on with these keys, an hour each."""
    return [
        operation(f"{'ABCDEFGH'[place]}10", hours, key=key, **{"setup_standard": None, **over})
        for place, key in enumerate(keys.split(","))
    ]


def plant(keys: str = "", **over: Any) -> dict[str, Any]:
    plain = {"setup": MATRIX, "resources": [press("M1", state="RED")], "steps": [least()]}
    if keys:
        plain["operations"] = keyed(keys)
    return problem(**{**plain, **over})


def plan(data: dict[str, Any], **limits: Any) -> Result:
    return solve(read_problem(data), Budget(**{"iterations": 3000, **limits}))


def orders(*due: str | None, **over: Any) -> list[dict[str, Any]]:
    return [{"id": "ABCDEFGH"[place], "due": each, **over} for place, each in enumerate(due)]


def at(hour: int) -> str:
    return f"2026-11-23T{6 + hour:02d}:00"


def test_enable_a_disabled_search_does_nothing() -> None:
    for enabled, status in ((True, 15), (False, 10)):
        assert plan(plant("RED,BLU", steps=[least(enabled=enabled)])).operations[0].status == status


# What it is for.


def test_it_sets_up_least_from_the_resources_last_state() -> None:
    """From red, green and then blue takes 1 + 1 hours; blue first would take 2 + 4."""
    done = plan(plant("BLU,GRN,RED,BLU,GRN"))
    assert sequence(done) == "C B E A D"
    assert (done.before.setup_hours, done.after.setup_hours) == (2 + 4 + 4 + 2 + 4, 2)
    assert sequence(plan(plant("BLU,GRN,RED", resources=[press("M1", state="GRN")]))) == "B A C"


def test_what_it_placed_is_sequenced_and_tells_its_rule_and_group() -> None:
    done = plan(plant("BLU,RED,BLU"))
    assert {each.status for each in done.operations} == {15}
    assert groups(done) == ["B", "A C"]
    rules = {each.id: each.rule for each in done.operations}
    assert rules["A10"].startswith(
        "Step 10, group 10-2: least setup + 1 x weighted tardiness, 3000 moves tried"
    )
    assert "2 h of setup on M1" in rules["A10"]
    assert done.iterations == 3000


def test_grouping_part_names_the_groups_and_reduces_the_setup() -> None:
    """Without a matrix: half an hour where the colours are equal, two hours else."""
    reduced = [press("M1", state="RED 9", setup_rule="resource", setup_standard=2, setup_reduced=0.5)]
    data = plant(
        "BLU 1,RED 1,BLU 2,RED 2", setup=[], resources=reduced, steps=[least(group_from=1, group_to=3)]
    )
    done = plan(data)
    assert done.after.setup_hours == 0.5 + 0.5 + 2 + 0.5
    assert sorted(sorted(group.split()) for group in groups(done)) == [["A", "C"], ["B", "D"]]
    data["steps"] = [least(group_from=5, group_to=5)]
    assert sorted(sorted(group.split()) for group in groups(plan(data))) == [["A", "B"], ["C", "D"]]


# Parameters.


def test_lambda_weighs_tardiness_against_setup() -> None:
    """Red before blue saves two hours of setup, and makes the blue order three hours late."""
    late = orders(at(4), None, None)
    data = plant("BLU,RED,RED", orders=late, steps=[least(**{"lambda": 0})])
    assert (sequence(plan(data)), plan(data).after.late_orders) == ("B C A", 1)
    data["steps"] = [least(**{"lambda": 10})]
    done = plan(data)
    assert (sequence(done), done.after.late_orders, done.after.setup_hours) == ("A B C", 0, 4)


def test_weight_of_the_order_says_who_may_be_late() -> None:
    for weights, first in (((9, 1), "A"), ((1, 9), "B")):
        both = [
            {"id": name, "due": at(2), "weight": weight} for name, weight in zip("AB", weights, strict=True)
        ]
        data = plant("RED,RED", orders=both)
        data["operations"][0]["hours"] = data["operations"][1]["hours"] = 2
        assert sequence(plan(data))[0] == first


def test_never_later_than_in_the_forward_plan() -> None:
    """On one machine what saves a setup makes something later; on two, both orders gain by changing machines."""
    data = plant("BLU,RED,BLU,RED")
    assert sequence(plan(data)) != "A B C D"
    data["steps"] = [least(never_later=True)]
    assert sequence(plan(data)) == "A B C D"
    data = plant("BLU,RED", resources=[press("M1", state="RED"), press("M2", state="BLU")])
    data["operations"].append(operation("L10", status=20, resource="M2", start=at(0), key="BLU"))
    data["orders"] = [*orders(None, None), {"id": "L"}]
    data["steps"] = [least(never_later=True)]
    before = {each.id: each.end or "" for each in plan({**data, "steps": []}).operations}
    done = plan(data)
    assert all((each.end or "") <= before[each.id] for each in done.operations)
    assert (done.before.setup_hours, done.after.setup_hours) == (4, 0)


GAPS = [
    operation("A10", 1, key="RED", earliest=at(0), setup_standard=None),
    operation("B10", 1, key="RED", earliest=at(6), setup_standard=None),
    operation("C10", 1, key="BLU", earliest=at(0), setup_standard=None),
]


@pytest.mark.parametrize(
    ("control", "most", "expected", "setup"),
    [
        (" ", None, "A B C", 2),
        ("P", None, "A C B", 4),
        ("P", 500, "A B C", 2),
        ("S", None, "A C B", 4),
        ("S", 500, "A B C", 2),
        ("Y", 100, "A C B", 4),
        ("Y", 500, "A B C", 2),
    ],
)
def test_gap_control_and_maximum_gap(control: str, most: float | None, expected: str, setup: float) -> None:
    """A is due at once. Red stays red only over a gap of five hours, which counts as setup where it is not allowed."""
    gap = least(gap_control=control, max_gap_centihours=most)
    done = plan(plant(operations=GAPS, orders=orders(at(1), None, None), steps=[gap]))
    assert (sequence(done), done.after.setup_hours) == (expected, setup)


@pytest.mark.parametrize(
    ("control", "expected", "grouped"),
    [("P", "A B C", ["A B", "C"]), ("S", "A C B", ["A", "C", "B"]), ("Y", "A B C", ["A", "B", "C"])],
)
def test_gap_controls_differ_in_what_becomes_of_a_gap_that_is_worth_it(
    control: str, expected: str, grouped: list[str]
) -> None:
    """Four hours are allowed, five are best. P leaves it so, S takes B out for the next group, Y begins it with B."""
    gap = least(gap_control=control, max_gap_centihours=400)
    done = plan(plant(operations=GAPS, orders=orders(at(1), None, None), steps=[gap]))
    assert (sequence(done), groups(done)) == (expected, grouped)
    told = "its gap of 5 h was above 4 h" in done.operations[1].rule
    assert told == (control != "P")


def test_horizon_leaves_what_ends_behind_it() -> None:
    data = plant("BLU,RED,BLU", operations=keyed("BLU,RED,BLU", 20), steps=[least(horizon_days=2)])
    assert [each.status for each in plan(data).operations] == [15, 15, 10]
    data["steps"] = [least()]
    assert [each.status for each in plan(data).operations] == [15, 15, 15]


def test_status_only_active_operations_are_sequenced_and_kept_ones_stay() -> None:
    kept = operation("K10", 1, key="BLU", status=17, resource="M1", start=at(0), setup_standard=None)
    data = plant(operations=[*keyed("RED,BLU"), kept])
    done = plan(data)
    assert sequence(done) == "K B A"
    assert next(each for each in done.operations if each.id == "K10").status == 17


def test_locked_and_running_operations_are_what_a_setup_starts_from() -> None:
    data = plant("RED,BLU,GRN")
    data["operations"] += [
        operation("R10", 1, key="GRN", operation_status=50, resource="M1", start=at(0)),
        operation("L10", 1, key="BLU", status=20, resource="M1", start=at(6), setup_standard=None),
    ]
    data["orders"] = [{"id": name} for name in "ABCRL"]
    done = plan(data)
    # Green runs until 1, the lock on blue begins at 6 and needs an hour from green: red comes behind it.
    assert [bar for bar in bars(done) if not bar.startswith("A")] == [
        "R10 M1 0-1",
        "C10 M1 1-2",
        "B10 M1 2-4",
        "L10 M1 6-7",
    ]
    assert sequence(done) == "R C B L A"


def test_precedence_the_search_knows_when_its_operations_are_ready() -> None:
    """Red B waits for its sawing until 5. Who did not know would take it before the blue one, which is due at 5."""
    saw = {"id": "S1", "work_centre": "SAW", "state": ""}
    first = operation("B5", 5, work_centre="SAW")
    data = plant("RED,RED,BLU", resources=[press("M1", state="RED"), saw])
    data["operations"].append(first)
    data["orders"] = orders(None, None, at(5))
    data["steps"] = [least(**{"lambda": 2})]
    assert plan(data).after.late_orders == 0


def test_operations_of_one_order_on_the_same_resource_keep_their_order() -> None:
    chain = [operation("A10", key="BLU", setup_standard=None), operation("A20", key="RED", setup_standard=None),
             operation("B10", key="RED", setup_standard=None)]  # fmt: skip
    done = plan(plant(operations=chain))
    names = [bar.split()[0] for bar in bars(done)]
    assert names.index("A10") < names.index("A20")
    assert not done.warnings


def test_common_resources_only() -> None:
    """The operations may use a saw as well, where they would need no setup."""
    data = plant(
        "BLU,BLU", resources=[press("M1", state="RED"), {"id": "S1", "work_centre": "SAW", "state": "BLU"}]
    )
    for each in data["operations"]:
        each["resources"] = ["M1", "S1"]
    # The saw opens late, so the press has them in the forward plan.
    data["resources"][1]["calendar"] = {"default": [["12:00", "22:00"]] * 5}
    assert sorted(sequence(plan(data), "S1").split()) == ["A", "B"]
    data["steps"] = [least(common_resources_only=True)]
    assert sorted(sequence(plan(data), "M1").split()) == ["A", "B"]


def test_work_centre_only_its_operations_are_sequenced() -> None:
    saw = {"id": "S1", "work_centre": "SAW", "state": "RED"}
    data = plant("BLU,RED", resources=[press("M1", state="RED"), saw])
    data["operations"] += [operation(f"{name}10", key=key, work_centre="SAW", setup_standard=None)
                           for name, key in (("X", "BLU"), ("Y", "RED"))]  # fmt: skip
    data["orders"] = [{"id": name} for name in "ABXY"]
    done = plan(data)
    assert (sequence(done, "M1"), sequence(done, "S1")) == ("B A", "X Y")


def test_parallel_resources_share_the_colours_by_their_states() -> None:
    machines = [press("M1", state="RED"), press("M2", state="BLU")]
    done = plan(plant("BLU,RED,BLU,RED", resources=machines))
    assert (sequence(done, "M1"), sequence(done, "M2"), done.after.setup_hours) == ("B D", "A C", 0)


def test_efficiency_decides_between_resources() -> None:
    """Both machines are red; only on the fast one both orders are in time."""
    for fast, other in (("M1", "M2"), ("M2", "M1")):
        machines = [press(name, state="RED", efficiency=4 if name == fast else 0.25) for name in ("M1", "M2")]
        data = plant("RED,RED", resources=machines, orders=orders(at(1), at(1)))
        done = plan(data)
        assert (sorted(sequence(done, fast).split()), sequence(done, other)) == (["A", "B"], "")


def test_dated_capacity_and_calendars_time_every_move() -> None:
    """Four hours of work at 20:00: they end at 24:00 only where the machine works at night or at double capacity."""
    machines = [press("M1", state="RED", calendar="night"), press("M2", state="RED"),
                press("M3", state="RED", capacity=[["2026-11-23", 2.0]])]  # fmt: skip
    data = plant(
        operations=[operation("A10", 4, key="RED", earliest=at(14), setup_standard=None)],
        orders=orders("2026-11-24T00:00"), resources=machines[:2],
        calendar={**DAY_SHIFT, "night": [["20:00", "06:00"]] * 5},
    )  # fmt: skip
    assert sequence(plan(data), "M1") == "A"
    data["resources"] = machines[1:]
    assert sequence(plan(data), "M3") == "A"


def test_forbidden_and_dated_records() -> None:
    """Blue comes first while green to blue is dear or forbidden, and last once it is cheap."""
    rest = [record for record in MATRIX if (record["from"], record["to"]) != ("GRN*", "BLU*")]
    dear = {"from": "GRN*", "to": "BLU*", "hours": 9, "valid_to": "2026-11-23"}
    cheap = {"from": "GRN*", "to": "BLU*", "hours": 1, "valid_from": "2026-11-24"}
    data = plant("BLU,GRN", setup=[*rest, dear, cheap])
    assert sequence(plan(data)) == "A B"
    for each in data["operations"]:
        each["earliest"] = "2026-11-24T06:00"
    assert sequence(plan(data)) == "B A"
    data["setup"] = [*rest, {**cheap, "forbidden": True}]
    assert sequence(plan(data)) == "A B"


def test_a_pair_nobody_defined_is_not_taken_as_free() -> None:
    """Grey to blue has no record and counts 0 h in the plan; the search keeps away from it all the same."""
    data = plant("GRY,BLU,RED", setup=[*MATRIX, {"from": "RED*", "to": "GRY*", "hours": 1},
                                       {"from": "BLU*", "to": "GRY*", "hours": 1}])  # fmt: skip
    done = plan(data)
    assert sequence(done) == "C B A"
    assert not any("no setup time" in warning for warning in done.warnings)


def test_shades_of_one_colour_stay_together_though_the_matrix_has_colours_only() -> None:
    """RED 1 to RED 2 stands nowhere: with equal grouping parts that is no setup, and nothing dear to the search."""
    data = plant("RED 1,BLU 1,RED 2,BLU 2,RED 3,BLU 3", steps=[least(group_from=1, group_to=3)])
    done = plan(data, iterations=500)
    assert (done.before.setup_hours, done.after.setup_hours) == (10.0, 2.0)
    assert not any("no setup time" in warning for warning in done.warnings)


def test_two_steps_share_the_budget() -> None:
    saw = {"id": "S1", "work_centre": "SAW", "state": "RED"}
    data = plant(
        "BLU,RED", resources=[press("M1", state="RED"), saw], steps=[least(), least(20, work_centre="SAW")]
    )
    data["operations"].append(operation("A20", key="BLU", work_centre="SAW"))
    assert plan(data, iterations=1000).iterations == 1000


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("seq_from", 4), ("max_group_hours", 8), ("max_operation_hours", 8), ("max_resource_hours", 8),
     ("same_schedule_number", True), ("break_if_delay", True), ("sort", "latest_start"), ("profile", ["RED"])],
)  # fmt: skip
def test_a_parameter_of_another_type_counts_nothing_and_is_told(parameter: str, value: object) -> None:
    keys = "RED,BLU,RED,BLU"
    alone, beside = plan(plant(keys, steps=[least()])), plan(plant(keys, steps=[least(**{parameter: value})]))
    assert beside.operations == alone.operations
    said = f"Step 10: a step of its type does nothing with {parameter}; leave it out."
    assert said in [caution.sentence for caution in beside.cautions]
    assert said not in [caution.sentence for caution in alone.cautions]


def test_weights_that_could_not_be_summed_are_refused() -> None:
    data = plant("RED,BLU", orders=orders(at(1), at(1), weight=1e6), steps=[least(**{"lambda": 1e6})])
    with pytest.raises(ProblemError, match="step 10: lambda times the orders' weights is too large"):
        plan(data)


# Anytime.


def large(count: int = 150) -> dict[str, Any]:
    random = Random(3)
    made = [
        {"id": f"O{n}", "order": f"O{n}", "number": 10, "work_centre": "PRESS", "hours": random.choice([0.5, 1, 2]),
         "key": random.choice(["RED", "BLU", "GRN"])}
        for n in range(count)
    ]  # fmt: skip
    due = [{"id": f"O{n}", "due": f"2026-11-{random.randint(24, 30)}T12:00"} for n in range(count)]
    machines = [press(f"M{n}", state="RED") for n in range(3)]
    return plant(operations=made, orders=due, resources=machines, horizon_days=90)


def test_seed_and_iterations_decide_and_more_of_them_are_no_worse() -> None:
    data = large()
    one, same, other = plan(data, seed=1), plan(data, seed=1), plan(data, seed=2)
    assert one.operations == same.operations != other.operations
    assert (one.seed, other.seed) == (1, 2)
    heard: list[Found] = []
    plan(data, iterations=20_000, progress=heard.append)
    objectives = [each.objective for each in heard]
    assert objectives == sorted(set(objectives), reverse=True)
    assert len(objectives) > 1


def test_a_time_limit_ends_the_search() -> None:
    data = large()
    plan(data, iterations=1)
    begun = perf_counter()
    assert plan(data, iterations=None, seconds=0.2).iterations > 1
    assert perf_counter() - begun < 5


def test_a_cancelled_search_ends_and_its_run_with_it() -> None:
    """Told after its first better order, it stops long before its hundred million moves."""
    heard: list[Found] = []
    limits = {"iterations": 100_000_000, "progress": heard.append, "cancelled": lambda: len(heard) > 1}
    done = plan(large(), **limits)
    assert 0 < done.iterations < 50_000_000
    assert (done.cancelled, done.operations) == (True, ())
    assert plan(large(), iterations=None, seconds=3600, cancelled=lambda: True).iterations == 0


def test_a_bare_run_is_cut_by_its_ceiling_and_repeated_by_its_iterations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(minimise, "MOVES_EACH", 1_000_000)
    done = plan(large(), iterations=None, ceiling=1.0)
    told = [warning for warning in done.warnings if "cut" in warning]
    assert told == [
        f"Step 10: the search was cut after {done.iterations} moves, as neither seconds nor iterations were given; "
        "name one to search longer, or so many iterations to get this plan again."
    ]
    again = plan(large(), iterations=done.iterations)
    assert again.operations == done.operations
    assert not any("cut" in warning for warning in again.warnings)


def test_a_ceiling_does_not_bound_a_run_that_has_a_limit_or_is_done_before() -> None:
    few = plan(plant("RED,BLU,GRN"), iterations=None, ceiling=600.0)
    assert few.iterations <= minimise.LEAST_MOVES
    assert not any("cut" in warning for warning in few.warnings)
    assert plan(plant("RED,BLU,GRN"), iterations=500, ceiling=1e-9).iterations == 500


# Secondary resources.


TOOL = {"id": "T", "work_centre": "TOOLS"}


def test_what_would_wait_for_a_tool_lets_others_go_first() -> None:
    """A and B need one tool and are due at 1. On each machine the other order is due at 2: B waits, D need not."""
    machines = [press("M1", state="RED"), press("M2", state="BLU"), TOOL]
    data = plant("RED,BLU,RED,BLU", resources=machines, orders=orders(at(1), at(1), at(2), at(2)))
    for each in data["operations"][:2]:
        each["secondary"] = ["T"]
    done = plan(data)
    assert (done.after.setup_hours, done.after.late_orders, done.after.tardiness_hours) == (0, 1, 1)


def test_a_tool_that_is_taken_elsewhere_is_waited_for_by_one_only() -> None:
    """A is due first, and its tool is with a locked operation until 2."""
    machines = [press("M1", state="RED"), {"id": "X1", "work_centre": "OTHER"}, TOOL]
    data = plant("RED,RED,RED", resources=machines, orders=[*orders(at(1), at(2), at(2)), {"id": "L"}])
    locked = operation("L10", 2, work_centre="OTHER", status=20, resource="X1", start=at(0), secondary=["T"])
    data["operations"][0]["secondary"] = ["T"]
    data["operations"].append(locked)
    done = plan(data)
    assert (sequence(done)[-1], done.after.tardiness_hours) == ("A", 2)


def test_what_shares_a_tool_shares_a_machine_where_that_is_better() -> None:
    """Four machines and three tools, half of the operations need one. Served in turn where the colours and due dates
    alone would put them they cost 83 h of setup and tardiness, each tool with a machine of its own 47.5 h."""
    random = Random(1)
    made = [
        {"id": f"O{n}", "order": f"O{n}", "number": 10, "work_centre": "PRESS", "hours": random.choice([0.5, 1, 2]),
         "key": random.choice(["RED", "BLU", "GRN"]),
         "secondary": [f"T{random.randrange(3)}"] if random.random() < 0.5 else []}
        for n in range(30)
    ]  # fmt: skip
    due = [{"id": f"O{n}", "due": at(random.randrange(12))} for n in range(30)]
    machines = [press(f"M{n}", state="RED") for n in range(4)]
    fixtures = [{"id": f"T{n}", "work_centre": "TOOLS"} for n in range(3)]
    after = plan(
        plant(operations=made, orders=due, resources=[*machines, *fixtures]), iterations=20_000
    ).after
    assert after.setup_hours + after.tardiness_hours < 60


# Every plan is a legal one.


def searched(seed: int) -> dict[str, Any]:
    """A generated week in which steps of this type, with every parameter, stand in place of most others."""
    random = Random(seed)
    data = generated(random)
    for each in data["steps"]:
        if each["type"] == "standard" and random.random() < 0.8:
            both = ("id", "work_centre", "group_from", "group_to", "gap_control", "max_gap_centihours",
                    "horizon_days", "common_resources_only")  # fmt: skip
            parameters = {name: each[name] for name in both}
            each.clear()
            each.update(parameters, type="minimise_setup", never_later=random.random() < 0.3)
            each["lambda"] = random.choice([0, 0.5, 10])
    for record in data["setup"]:
        if random.random() < 0.2:
            record["valid_from"] = "2026-11-24T10:00"
        if random.random() < 0.2:
            record["valid_to"] = "2026-11-26"
    return data


@pytest.mark.parametrize("seed", seeds(60))
def test_every_plan_is_legal_and_the_same_again(seed: int) -> None:
    made = read_problem(searched(seed))
    done = solve(made, Budget(iterations=300))
    judge(made, done)
    assert solve(made, Budget(iterations=300)).operations == done.operations


# Against the plain arithmetic, and against every order there is.


@pytest.mark.parametrize("seed", range(12))
def test_arrays_say_what_calendars_and_setups_say(seed: int) -> None:
    random = Random(seed)
    data = generated(random)
    for record in data["setup"]:
        if random.random() < 0.5:
            record["valid_from"] = "2026-11-24T10:00"
        if random.random() < 0.3:
            record["valid_to"] = "2026-11-26"
    made = read_problem(data)
    shop = Shop(made)
    states = States(shop.setups)
    ready = [made.start + random.randrange(5 * 86_400) for _ in made.operations]
    new = [states.of(each, moment) for each, moment in zip(made.operations, ready, strict=True)]
    keys = [*(each.key for each in made.operations), *(each.state for each in made.resources)]
    old = [states.left(key) for key in keys]
    changes = states.changes()
    said = {Source.FORBIDDEN: FORBIDDEN, Source.MISSING: MISSING}
    for place, each in enumerate(made.operations):
        for key, before in zip(keys, old, strict=True):
            for resource in range(len(made.resources)):
                setup = shop.setups.between(key, each, resource, ready[place])
                assert change(changes, resource, before, new[place]) == said.get(setup.source, setup.seconds)
    clocks = clocks_of(shop, [200 * 3600.0] * len(made.resources))
    for _ in range(60):
        resource = random.randrange(len(made.resources))
        clock, first = shop.clocks[resource], clocks.first[resource]
        moment = made.start + random.randrange(7 * 86_400)
        where = stretch(clocks, first, moment)
        begin = max(moment, int(clocks.stretches[where, OPENS]))
        assert begin == clock.opens(moment)
        setup, work = random.choice([0, 900, 30_000]), random.random() * 72_000
        assert finish(clocks, where, begin, setup, work)[0] == clock.make(clock.add(begin, setup), work)
        later = moment + random.randrange(3 * 86_400)
        assert between(clocks, first, moment, later) == clock.between(moment, later)


def objective(shop: Shop, data: dict[str, Any], lines: list[list[int]], due: list[int]) -> float | None:
    """What lines cost in hours, by the plain timelines, and a thousandth of their length; None where one is barred."""
    parameters = data["steps"][0]
    total = 0.0
    for resource, line in enumerate(lines):
        timeline, last = Timeline(shop, resource), 0
        for number in line:
            fit = timeline.fit(number, shop.earliest[number], last)
            if fit is None:
                return None
            if last and parameters["gap_control"] == "P":
                total += max(0, timeline.idle(last, fit.start) - 36 * parameters["max_gap_centihours"])
            timeline.put(fit)
            total += (fit.end - max(last, shop.start)) / 1000
            last = fit.end
            weight = parameters["lambda"] * shop.order[shop.operations[number].order].weight
            total += fit.setup + weight * max(0, fit.end - due[number])
    return total / 3600


@pytest.mark.parametrize("seed", range(10))
def test_small_plants_get_the_best_plan_there_is(seed: int) -> None:
    """Two resources with calendars, efficiency and states; all orders of five operations on both are tried."""
    random = Random(seed)
    made = [operation(f"{name}10", random.choice([0.5, 1, 3, 5]), key=random.choice(["RED", "BLU", "GRN"]),
                      earliest=random.choice([None, at(random.randint(1, 12))]), setup_standard=None)
            for name in "ABCDE"]  # fmt: skip
    due = [
        {"id": name, "due": at(random.randint(1, 15)), "weight": random.choice([1, 2, 5])} for name in "ABCDE"
    ]
    machines = [
        press("M1", state="RED", efficiency=0.5),
        press("M2", state="BLU", capacity=[["2026-11-24", 2.0]]),
    ]
    parameters = {
        "lambda": random.choice([0, 0.2, 2]),
        "gap_control": random.choice([" ", "P"]),
        "max_gap_centihours": 50,
    }
    data = plant(operations=made, orders=due, resources=machines, calendar=DAY_SHIFT, horizon_days=90,
                 steps=[least(**parameters)])  # fmt: skip
    checked = read_problem(data)
    shop = Shop(checked)
    _, latest = backward(shop, forward(shop, {}))
    best = min(
        cost
        for order in permutations(range(5))
        for cut in range(6)
        if (cost := objective(shop, data, [list(order[:cut]), list(order[cut:])], latest)) is not None
    )
    done = solve(checked, Budget(iterations=4000))
    lines = [[int(np.flatnonzero([each.id == bar.split()[0] for each in checked.operations])[0])
              for bar in bars(done) if f" {name} " in bar] for name in ("M1", "M2")]  # fmt: skip
    assert objective(shop, data, lines, latest) == pytest.approx(best)


# What is proven.


@pytest.mark.parametrize("seed", seeds(40))
def test_no_order_costs_less_than_the_bound(seed: int) -> None:
    """Small plants, every order tried: setup and lateness of the best one is never below what is called proven."""
    random = Random(1000 + seed)
    made = [operation(f"{name}10", random.choice([0.5, 1, 3, 5]), key=random.choice(["RED", "BLU", "GRN"]),
                      earliest=random.choice([None, at(random.randint(1, 12))]), setup_standard=None)
            for name in "ABCDE"]  # fmt: skip
    due = [
        {"id": name, "due": at(random.randint(1, 15)), "weight": random.choice([1, 5])} for name in "ABCDE"
    ]
    forbidden = [{"resource": "M2", "from": "RED*", "to": "GRN*", "forbidden": True}]
    machines = [press("M1", state="RED"), press("M2", state="BLU", efficiency=0.5)]
    data = plant(operations=made, orders=due, resources=machines, calendar=DAY_SHIFT, horizon_days=90,
                 setup=[*MATRIX, *random.choice([[], forbidden])],
                 steps=[least(**{"lambda": random.choice([0, 0.2]), "gap_control": " "})])  # fmt: skip
    checked = read_problem(data)
    shop = Shop(checked)
    _, latest = backward(shop, forward(shop, {}))
    best = min(
        cost
        for order in permutations(range(5))
        for cut in range(6)
        if (cost := objective(shop, data, [list(order[:cut]), list(order[cut:])], latest)) is not None
    )
    (search,) = solve(checked, Budget(iterations=2000)).searches
    if search.bound_hours is not None:
        assert search.bound_hours <= best
        assert search.bound_hours <= search.hours


# Back and forth between two colours costs less each way than any order of all three.
UNPROVEN = "BLU,GRN,BLU,RED"


@pytest.mark.parametrize(
    ("solver", "keys", "note"),
    [(False, UNPROVEN, "no-proof-tried"), (True, UNPROVEN, None), (False, "BLU,GRN,RED", None)],
    ids=["not proven", "the solver was there", "proven without it"],
)
def test_that_no_proof_was_tried_is_told_where_one_would_have_been(
    monkeypatch: pytest.MonkeyPatch, solver: bool, keys: str, note: str | None
) -> None:
    """A note beside what the search found, and no warning: the plan is as good as before."""
    monkeypatch.setattr(exact, "available", lambda: solver)
    monkeypatch.setattr(exact, "search", search_freely)
    result = plan(plant(keys, steps=[least(**{"lambda": 0})]))
    (search,) = result.as_json()["searches"]
    assert (search["note"] or {}).get("code") == note
    assert "no-proof-tried" not in {each["code"] for each in result.as_json()["told"]}


def test_a_plan_that_cannot_be_better_is_proven_so() -> None:
    """Red, green, blue is 1 + 1 h from red on: the assignment alone shows that nothing is below 2 h."""
    (search,) = plan(plant("BLU,GRN,RED", steps=[least(**{"lambda": 0})])).searches
    assert (search.step, search.operations, search.hours, search.bound_hours, search.gap_percent) == (
        10, 3, 2.0, 2.0, 0.0,
    )  # fmt: skip


def test_lateness_nobody_can_help_is_part_of_the_bound() -> None:
    """Due before it can be done: two hours late in every order."""
    data = plant("RED", orders=[{"id": "A", "due": at(1), "weight": 1}], steps=[least(**{"lambda": 1})])
    data["operations"][0]["hours"] = 3
    (search,) = plan(data).searches
    assert (search.hours, search.bound_hours, search.gap_percent) == (2.0, 2.0, 0.0)


def test_where_something_stays_out_nothing_is_called_proven() -> None:
    walls = [{"resource": None, "from": "RED*", "to": "GRN*", "forbidden": True}]
    data = plant("GRN", setup=walls, steps=[least(reoptimise=True)])
    data["operations"][0] |= {"status": 15, "resource": "M1", "start": at(2)}
    (search,) = plan(data).searches
    assert (search.hours, search.bound_hours, search.gap_percent) == (0.0, None, None)


def test_many_operations_of_few_colours_are_bounded_by_kinds() -> None:
    """Above what is assigned exactly, each operation takes its cheapest: one change into each colour but the first."""
    made = [
        operation(f"A{number}", 0.1, order=str(number), key=("GRN", "BLU")[number % 2], setup_standard=None)
        for number in range(450)
    ]
    data = plant(
        operations=made,
        orders=[{"id": each["order"]} for each in made],
        steps=[least(**{"lambda": 0})],
        horizon_days=90,
        setup=[*MATRIX, *({"from": f"{key}*", "to": f"{key}*", "hours": 0.01} for key in ("GRN", "BLU"))],
    )
    (search,) = plan(data, iterations=2_000).searches
    assert (search.operations, search.hours) == (450, pytest.approx(1 + 1 + 448 * 0.01))
    # One press alone has to go through all its states.
    assert search.gap_percent == 0.0
    (search,) = plan({**data, "resources": [press("M1", state="RED"), press("M2", state="RED")]}).searches
    assert search.bound_hours == pytest.approx(450 * 0.01)


def test_warming_up_compiles_what_a_plan_needs() -> None:
    """One kind of arrays for each loop: a second one would be compiled while a time limit runs."""
    lines.warm_up()
    plan(large(), iterations=200)
    for loop in (lines.wander, lines.urgent_first, lines.times, lines.nearest, lines.retime):
        assert len(loop.signatures) == 1
