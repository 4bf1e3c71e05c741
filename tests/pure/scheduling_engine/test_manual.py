"""A bar put elsewhere by hand: whatever is moved, the plan stays one that could be worked, and little else changes."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine import Problem, Result, read_problem, solve
from scheduling.engine.manual import Board, MoveError, Place, layout, positions
from scheduling.engine.oven import size_of
from scheduling.engine.problem import Status
from scheduling.engine.result import Placed, PlacedLoad
from scheduling.engine.setups import Source
from tests.bounds import searched, seeds
from tests.pure.scheduling_engine.plant import operation, press
from tests.pure.scheduling_engine.plant import problem as small
from tests.pure.scheduling_engine.test_legal_plans import FEW, generated, grown_orders, judge, other_steps

HOUR = 3600


def board(data: dict[str, Any], frozen_hours: float = 0.0) -> Board:
    """The plan a run gives for a problem, laid out for moving."""
    problem = read_problem(data)
    return laid_out(problem, solve(problem), frozen_hours)


def laid_out(problem: Problem, result: Result, frozen_hours: float = 0.0) -> Board:
    """A run's result on the board."""
    starts = {
        placed.id: (
            placed.resource,
            *(problem.plant.seconds(datetime.fromisoformat(text)) for text in (placed.start, placed.end)),
        )
        for placed in result.operations
        if placed.resource and placed.start and placed.end
    }
    position = positions(problem.operations, starts)
    places = {
        placed.id: Place(
            starts[placed.id][0], position[placed.id], *starts[placed.id][1:], round(placed.setup_hours * HOUR),
            placed.status, placed.secondary or "",
        )
        for placed in result.operations if placed.id in starts
    }  # fmt: skip
    shop = layout(problem, places, grown_orders(problem, result))
    return Board.of(shop, places, problem.start + round(frozen_hours * HOUR))


def plant(seed: int, locked: bool = False) -> dict[str, Any]:
    """Three machines, one shift, two operations an order, colours; with `locked` some stand fast."""
    random = Random(seed)
    operations: list[dict[str, Any]] = []
    for number in range(random.randint(2, 8)):
        for step in (10, 20):
            operations.append(
                {"id": f"O{number}/{step}", "order": f"O{number}", "number": step, "work_centre": "W",
                 "hours": random.choice([0.5, 1, 2]), "key": random.choice(["RED", "BLU"])}
            )  # fmt: skip
    if locked:
        operations[0] |= {"status": 20, "resource": "M1", "start": "2026-11-23T09:00"}
    orders = [{"id": f"O{number}", "due": "2026-11-23T14:00"} for number in range(len(operations) // 2)]
    return {
        "start": "2026-11-23T06:00", "calendar": {"default": [["06:00", "14:00"]] * 5},
        "resources": [{"id": f"M{number}", "work_centre": "W", "state": "RED"} for number in (1, 2, 3)],
        "setup": [{"from": "RED", "to": "BLU", "hours": 0.5}, {"from": "BLU", "to": "RED", "hours": 1}],
        "orders": orders, "operations": operations,
    }  # fmt: skip


def workable(board: Board) -> None:
    """No overlap on a resource, nobody before what it waits for, setups as the matrix says, times as calendars say."""
    shop = board.shop
    for resource, sequence in enumerate(board.sequences):
        places = [standing(board, number) for number in sequence]
        assert [place.position for place in places] == list(range(1, len(sequence) + 1))
        for earlier, later in itertools.pairwise(places):
            assert earlier.end <= later.start
        for number, place in zip(sequence, places, strict=True):
            assert place.resource == shop.resources[resource].id
            assert place.start >= max(
                [shop.earliest[number], *(_end(board, each) for each in shop.before[number])]
            )
            if not shop.operations[number].in_progress:
                assert place.setup == board.setup_of(number).seconds
            clock = shop.clocks[resource]
            assert place.end == shop.finish(number, resource, clock.add(place.start, place.setup))


def standing(board: Board, number: int) -> Place:
    place = board.places[number]
    assert place is not None
    return place


def _end(board: Board, number: int) -> int:
    place = board.places[number]
    return place.end if place else 0


@searched(120)
@given(st.integers(0, 10_000), st.booleans(), st.data())
def test_any_sequence_of_moves_leaves_a_workable_plan(seed: int, locked: bool, data: st.DataObject) -> None:
    now = board(plant(seed, locked))
    workable(now)
    for _ in range(3):
        name = data.draw(st.sampled_from([operation.id for operation in now.shop.operations]))
        resource, position = data.draw(st.sampled_from(["M1", "M2", "M3"])), data.draw(st.integers(1, 9))
        before = now
        with contextlib.suppress(MoveError):
            now = before.move(name, resource, position)
        if now is before:
            continue
        workable(now)
        number = now.shop.number[name]
        place = standing(now, number)
        assert (place.resource, place.status) == (resource, 17)
        if not locked:
            assert place.position == min(position, len(now.sequences[now.shop.resource_number[resource]]))
        changed = set(now.changed(before))
        assert {each for each, old in enumerate(before.places) if old != now.places[each]} <= changed
        assert now.delta(before).setup_hours == pytest.approx(_setups(now) - _setups(before))
        late = [sum(one.lateness(one.shop.order).values()) / HOUR for one in (before, now)]
        assert now.delta(before).tardiness_hours == pytest.approx(late[1] - late[0], abs=1e-5)


def _setups(board: Board) -> float:
    return sum(place.setup for place in board.places if place) / HOUR


def test_a_move_looks_at_no_line_it_does_not_reach_or_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """B before A on M0 reaches M1, where A goes on, and never M2; M1 is looked at again once something moved there."""
    on = {"A10": "M0", "B10": "M0", "A20": "M1", "C10": "M1", "D10": "M2", "E10": "M2"}
    rows = [operation(name, resources=[machine], key="RED") for name, machine in on.items()]
    now = board(small(operations=rows, resources=[press(f"M{number}") for number in range(3)], steps=[]))
    asked: list[str] = []
    work_out = Board._line_of

    def heard(self: Board, line: tuple[int, ...]) -> Any:
        asked.append(" ".join(self.shop.operations[number].id for number in line))
        return work_out(self, line)

    monkeypatch.setattr(Board, "_line_of", heard)
    for move, lines in (
        (("B10", "M0", 1), ["B10 A10", "C10 A20"]),
        (("B10", "M0", 2), ["A10 B10"]),
        (("C10", "M1", 2), ["A20 C10"]),
        (("B10", "M0", 1), ["B10 A10", "A20 C10"]),
    ):
        now = now.move(*move)
        assert asked == lines
        asked.clear()


def test_what_a_move_does_not_touch_keeps_a_pause_before_it() -> None:
    """M2's only operation waits for nobody: it is not pulled forward because somebody moved a bar on M1."""
    data = plant(0)
    data["operations"] = [
        {"id": name, "order": "O0", "number": 10, "work_centre": "W", "resources": [machine], "hours": 1, "key": "RED"}
        for name, machine in (("a", "M1"), ("b", "M1"), ("c", "M2"))
    ]  # fmt: skip
    now = board(data)
    number = now.shop.number["c"]
    place = standing(now, number)
    later = Place("M2", 1, place.start + HOUR, place.end + HOUR, 0, 10)
    places = {name: now.places[now.shop.number[name]] for name in ("a", "b")}
    now = Board.of(now.shop, {**{name: one for name, one in places.items() if one}, "c": later})
    assert now.move("b", "M1", 1).places[number] == later


# The judge of runs.


def as_a_run_tells(problem: Problem, first: Result, now: Board) -> Result:
    """A board as the result of a run: what the judge of runs asks for."""
    shop, text = now.shop, problem.plant.text
    was = {load.operations for load in first.loads if load.id.startswith("kept")}
    operations, loads, warnings = [], [], []
    for number, (one, place) in enumerate(zip(problem.operations, now.places, strict=True)):
        if place is None:
            operations.append(Placed(one.id, None, None, None, 0.0, one.status, None, ""))
            continue
        operations.append(
            Placed(
                one.id, place.resource, text(place.start), text(place.end), place.setup / HOUR, place.status, None, "",
                place.secondary or None,
            )
        )  # fmt: skip
        load = now.load(number)
        oven = shop.resources[shop.resource_number[place.resource]].oven
        if number == load[0] and len(load) > 1 and oven is not None:
            names = tuple(shop.operations[each].id for each in load)
            size = sum(size_of(shop.operations[each], oven) for each in load)
            kept = "kept" if names in was and place.resource == first_resource(first, one.id) else "load"
            loads.append(
                PlacedLoad(
                    kept, place.resource, text(place.start), text(place.end), names, size / oven.capacity
                )
            )
        heads = place.position and number == load[0] and not one.in_progress
        if heads and now.setup_of(number).source is Source.FORBIDDEN:
            warnings.append(f"{one.id} follows the key")
    warnings += [each for each in first.warnings if "follows the key" not in each]
    return replace(
        first, operations=tuple(operations), loads=tuple(loads), warnings=tuple(warnings), after=now.figures()
    )


def first_resource(result: Result, name: str) -> str | None:
    return next(each.resource for each in result.operations if each.id == name)


def free_to_move(problem: Problem) -> Problem:
    """The problem as hands have it: what was put in order may be put elsewhere."""
    operations = (
        replace(each, resource=None, start=None, status=Status.ACTIVE, loose=False) if each.kept else each
        for each in problem.operations
    )
    return replace(problem, operations=tuple(operations))


@pytest.mark.parametrize("others", [False, True], ids=["standard", "all types"])
@pytest.mark.parametrize("seed", seeds(70))
def test_every_move_leaves_a_plan_the_judge_of_runs_passes(seed: int, others: bool) -> None:
    """Loads, secondary resources, overlap, batches and locked operations of generated plants, eight tries each."""
    random = Random(seed)
    data = generated(Random(seed))
    if others:
        other_steps(Random(seed), data)
    problem = read_problem(data)
    first = solve(problem, FEW())
    now = laid_out(problem, first)
    free = free_to_move(problem)
    for _ in range(8):
        in_loads = [each for number, each in enumerate(problem.operations) if len(now.load(number)) > 1]
        one = random.choice(in_loads if in_loads and random.random() < 0.4 else problem.operations)
        where = random.choice(now.shop.allowed[now.shop.number[one.id]])
        before = now
        with contextlib.suppress(MoveError):
            now = before.move(one.id, now.shop.resources[where].id, random.randint(1, 9))
        if now is not before:
            told = as_a_run_tells(problem, first, now)
            judge(free, told)
            was = {each for each in as_a_run_tells(problem, first, before).warnings if "follows" in each}
            assert {each for each in told.warnings if "follows" in each} <= was, "a new forbidden transition"


def tooled(*hours: float, **over: Any) -> dict[str, Any]:
    """Operations A, B, C and so on that all take the tool T, in turns on M1 and M2."""
    made = [
        operation(
            f"{'ABCDEF'[place]}10", each, resources=[("M1", "M2")[place % 2]], secondary=["T"], key="RED"
        )
        for place, each in enumerate(hours)
    ]
    machines = [press("M1", state="RED"), press("M2", state="RED"), {"id": "T", "work_centre": "TOOLS"}]
    return small(operations=made, resources=machines, steps=[], **over)


def shown(now: Board) -> list[str]:
    """Each operation as `A M1 0-2`, in order of time."""
    rows = [
        (place.start, f"{one.id.removesuffix('10')} {place.resource} "
         f"{(place.start - now.shop.start) / HOUR:g}-{(place.end - now.shop.start) / HOUR:g}")
        for one, place in zip(now.shop.operations, now.places, strict=True) if place
    ]  # fmt: skip
    return [text for _, text in sorted(rows)]


def test_a_secondary_resource_is_taken_by_one_at_a_time() -> None:
    """C goes first on M1 with the tool at once; A, behind it, waits for B on M2, which has the tool until 3."""
    now = board(tooled(2, 1, 1))
    assert shown(now) == ["A M1 0-2", "B M2 2-3", "C M1 3-4"]
    assert shown(now.move("C10", "M1", 1)) == ["C M1 0-1", "B M2 2-3", "A M1 3-5"]


def test_of_several_secondary_resources_a_free_one_is_taken() -> None:
    data = tooled(2, 1, 1)
    data["resources"].append({"id": "U", "work_centre": "TOOLS"})
    data["operations"][0]["secondary"] = ["T", "U"]
    now = board(data)
    moved = now.move("C10", "M1", 1)
    assert shown(moved) == ["C M1 0-1", "A M1 1-3", "B M2 2-3"], "A need not wait until B gives T back"
    number = now.shop.number["A10"]
    assert (standing(now, number).secondary, standing(moved, number).secondary) == ("T", "U")


@pytest.mark.parametrize(("secondary", "same", "tool", "expected"), [
    (["U", "T"], False, "U", "D M1 2-3"), (["U", "T"], True, "T", "D M1 3-4"), (["U"], True, "U", "D M1 2-3"),
])  # fmt: skip
def test_what_is_moved_into_a_group_continues_at_its_secondary_resource(
    secondary: list[str], same: bool, tool: str, expected: str
) -> None:
    """The seed: "continued at same secondary resource within each new sequence group". D took U; now it is behind A.

    B has T on M2 from the second hour on: with the flag D waits for it, as its group began with T, if it may take it.
    """
    data = tooled(2, 1, 1, 1, initial_step={"same_secondary_resource": same})
    data["resources"].append({"id": "U", "work_centre": "TOOLS"})
    data["operations"][2] |= {"key": "BLU", "secondary": []}
    data["operations"][3] |= {"resources": ["M1"], "secondary": secondary}
    now = board(data)
    assert shown(now) == ["A M1 0-2", "B M2 2-3", "C M1 2-3", "D M1 3-4"]
    moved = now.move("D10", "M1", 2)
    assert standing(moved, moved.shop.number["D10"]).secondary == tool
    assert expected in shown(moved)


def test_groups_a_plan_had_apart_keep_their_secondary_resources() -> None:
    """A and C of one key stand behind each other at T and U; what goes before both changes nothing of that."""
    data = tooled(2, 1, 1, 1, 1, initial_step={"same_secondary_resource": True})
    data["resources"].append({"id": "U", "work_centre": "TOOLS"})
    data["operations"][2]["secondary"] = ["U", "T"]
    data["operations"][4] |= {"key": "BLU", "secondary": []}
    now = board(data)
    moved = now.move("E10", "M1", 1)
    for plan in (now, moved):
        assert [standing(plan, number).secondary for number in (0, 2)] == ["T", "U"]
    assert standing(moved, 2).start > standing(now, 2).start


def test_operations_of_an_order_overlap_as_in_a_run() -> None:
    """Ten pieces an hour each way: the second operation starts when the first piece is done."""
    made = [operation("A10", 1, quantity=10, resources=["M1"]), operation("A20", 1, quantity=10, resources=["M2"]),
            operation("B10", 1, resources=["M1"])]  # fmt: skip
    data = small(
        operations=made, resources=[press("M1"), press("M2")], steps=[], initial_step={"overlap": True}
    )
    now = board(data)
    assert shown(now) == ["A M1 0-1", "A20 M2 0.1-1.1", "B M1 1-2"]
    assert shown(now.move("A10", "M1", 2)) == ["B M1 0-1", "A M1 1-2", "A20 M2 1.1-2.1"]


def loaded(**over: Any) -> dict[str, Any]:
    """A and B, an oven's one load; C and D, which run behind it on their own; M2 is an oven for five pieces."""
    ovens = [press(name, oven={"unit": "pieces", "capacity": most}) for name, most in (("M1", 10), ("M2", 5))]
    made = [
        operation(f"{name}10", hours, quantity=pieces, key=key, status=15, resource="M1", start=f"2026-11-23T{at}:00")
        for name, hours, pieces, key, at in (
            ("A", 1, 2, "RED", "06"), ("B", 2, 2, "RED", "06"), ("C", 1, 6, "BLU", "08"), ("D", 1, 1, "BLU", "09"),
        )
    ]  # fmt: skip
    return small(operations=made, resources=[*ovens, press("M3")], steps=[], **over)


def test_a_member_of_a_load_moves_with_all_of_its_load() -> None:
    now = board(loaded())
    assert shown(now) == ["A M1 0-2", "B M1 0-2", "C M1 2-3", "D M1 3-4"]
    for member in ("A10", "B10"):
        moved = now.move(member, "M1", 2)
        assert shown(moved) == ["C M1 0-1", "A M1 1-3", "B M1 1-3", "D M1 3-4"]
        assert [place.status for place in moved.places if place] == [17, 17, 15, 15]
        assert [place.position for place in moved.places if place] == [2, 3, 1, 4]
    assert shown(now.move("A10", "M2", 1)) == ["A M2 0-2", "B M2 0-2", "C M1 0-1", "D M1 1-2"]


def test_nothing_is_put_between_the_members_of_a_load() -> None:
    assert shown(board(loaded()).move("D10", "M1", 2)) == ["A M1 0-2", "B M1 0-2", "D M1 2-3", "C M1 3-4"]


def test_a_load_is_locked_whole() -> None:
    locked = board(loaded()).with_status(["A10"], Status.SEQUENCE_LOCKED)
    assert [place.status for place in locked.places if place] == [17, 17, 15, 15]


def test_what_waits_for_a_member_waits_for_its_load() -> None:
    """E waits for A, the short one of the load, and is pushed by the long one."""
    data = loaded()
    data["operations"].append(operation("E10", predecessors=["A10"], resources=["M3"]))
    data["orders"].append({"id": "E"})
    now = board(data)
    assert "E M3 2-3" in shown(now)
    assert "E M3 3-4" in shown(now.move("B10", "M1", 2))


def test_a_batch_moves_with_the_time_of_its_quantity() -> None:
    """Ordered are 50 and 40, made 56 and 44: A takes 5.6 hours wherever it is put."""
    made = [
        operation("A10", 5, quantity=50),
        operation("B10", 4, quantity=40),
        operation("C10", 1, quantity=7),
    ]
    data = small(operations=made, resources=[press("M1")],
                 steps=[{"id": 10, "type": "batch_size", "work_centre": "PRESS", "batch_size": 100,
                         "group_from": 1, "group_to": 3}])  # fmt: skip
    data["orders"][2]["firm"] = True
    now = board(data)
    assert shown(now)[0] == "A M1 0-5.6"
    assert "A M1 1-6.6" in shown(now.move("C10", "M1", 1))


def test_what_would_lengthen_the_setup_of_a_locked_one_steps_behind_it() -> None:
    """As in a run: L needs no setup behind RED and three hours behind BLU."""
    locked = operation(
        "L10", key="RED", setup_standard=None, status=20, resource="M1", start="2026-11-23T10:00"
    )
    other = operation("B10", key="BLU", setup_standard=None, resources=["M1", "M2"])
    data = small(
        operations=[locked, other], resources=[press("M1", state="RED"), press("M2", state="BLU")], steps=[],
        setup=[{"from": "BLU", "to": "RED", "hours": 3}, {"from": "RED", "to": "BLU", "hours": 1}],
    )  # fmt: skip
    now = board(data)
    assert shown(now) == ["B M2 0-1", "L M1 4-5"]
    assert shown(now.move("B10", "M1", 1)) == ["L M1 4-5", "B M1 5-7"]


def test_what_starts_in_the_frozen_time_stays_and_nothing_is_put_before_it() -> None:
    data = plant(0)
    data["operations"] = [
        {
            "id": name,
            "order": "O0",
            "number": 10,
            "work_centre": "W",
            "resources": ["M1"],
            "hours": 1,
            "key": "RED",
        }
        for name in ("a", "b", "c")
    ]
    now = board(data, frozen_hours=1)
    with pytest.raises(MoveError, match="frozen") as refusal:
        now.move("a", "M1", 3)
    assert refusal.value.code == "frozen"
    moved = now.move("c", "M1", 1)
    assert [moved.shop.operations[number].id for number in moved.sequences[0]] == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("code", "move"),
    [
        ("not_in_plan", ("x", "M1", 1)),
        ("unknown_resource", ("O1/10", "M9", 1)),
        ("not_allowed_there", ("O1/10", "M2", 1)),
        ("never_moves", ("O0/10", "M1", 1)),
        ("no_time", ("O1/20", "M1", 1)),
        ("against_routing", ("O0/20", "M1", 1)),
    ],
)
def test_what_is_refused(code: str, move: tuple[str, str, int]) -> None:
    data = plant(0)
    data["orders"] = [{"id": name} for name in ("O0", "O1", "O2")]
    data["operations"] = [
        {"id": f"{order}/{number}", "order": order, "number": number, "work_centre": "W", "resources": ["M1"],
         "hours": 1, "key": "RED"}
        for order in ("O0", "O1", "O2") for number in (10, 20)
    ]  # fmt: skip
    data["operations"][0] |= {"status": 20, "resource": "M1", "start": "2026-11-23T09:00"}
    data["operations"][3]["hours"] = 0
    if code == "against_routing":
        data["operations"][0] |= {"status": 10, "start": None, "resource": None}
    with pytest.raises(MoveError) as refusal:
        board(data).move(*move)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("code", "move"),
    [
        ("not_allowed_there", ("A10", "M2", 1)),
        ("no_oven", ("A10", "M3", 1)),
        ("load_too_large", ("C10", "M2", 1)),
    ],
)
def test_where_a_load_may_not_go(code: str, move: tuple[str, str, int]) -> None:
    data = loaded()
    if code == "not_allowed_there":
        data["operations"][1]["resources"] = ["M1"]
    if code == "load_too_large":
        data["operations"][3]["start"] = data["operations"][2]["start"]
    with pytest.raises(MoveError) as refusal:
        board(data).move(*move)
    assert refusal.value.code == code


def test_what_never_moves_is_not_made_to_start_before_what_it_waits_for() -> None:
    made = [operation("A10", resources=["M1"]), operation("B10", 5, resources=["M1"]),
            operation("A20", resources=["M2"], status=20, resource="M2", start="2026-11-23T08:00")]  # fmt: skip
    data = small(operations=made, resources=[press("M1"), press("M2")], steps=[])
    now = board(data)
    assert shown(now) == ["A M1 0-1", "B M1 1-6", "A20 M2 2-3"]
    with pytest.raises(MoveError, match="A20 keeps its start") as refusal:
        now.move("A10", "M1", 2)
    assert refusal.value.code == "waits_for_it"


def test_a_transition_that_taking_one_out_would_make_is_refused_if_forbidden() -> None:
    made = [operation(f"{name}10", key=key, resources=["M1", "M2"], status=15, resource="M1",
                      start=f"2026-11-23T0{6 + at}:00")
            for at, (name, key) in enumerate((("A", "RED"), ("B", "BLU"), ("C", "GRN")))]  # fmt: skip
    data = small(operations=made, resources=[press("M1"), press("M2")], steps=[],
                 setup=[{"from": "RED", "to": "GRN", "forbidden": True}])  # fmt: skip
    with pytest.raises(MoveError, match=r"C10 .'GRN'. may not follow 'RED' on M1"):
        board(data).move("B10", "M2", 1)


def test_nothing_starts_anew_in_the_frozen_time() -> None:
    """B would start at once when A is taken out before it; the first three hours are frozen."""
    made = [operation(f"{name}10", earliest=f"2026-11-23T{at}:00") for name, at in (("A", "10"), ("B", "06"))]
    problem = read_problem(small(operations=made, resources=[press("M1"), press("M2")], steps=[]))
    places = {"A10": Place("M1", 1, problem.start + 4 * HOUR, problem.start + 5 * HOUR, 0, 10),
              "B10": Place("M1", 2, problem.start + 5 * HOUR, problem.start + 6 * HOUR, 0, 10)}  # fmt: skip
    now = Board.of(layout(problem, places), places, problem.start + 3 * HOUR)
    assert shown(now.move("A10", "M2", 1)) == ["B M1 3-4", "A M2 4-5"]


def pulled(**initial: bool) -> dict[str, Any]:
    """A20 and B20 on M2, held until the sixth hour, wait for A10 and B10 on M1, which may come closer to them."""
    on = {"A10": "M1", "B10": "M1", "A20": "M2", "B20": "M2"}
    rows = [operation(name, resources=[machine], key="RED") for name, machine in on.items()]
    held = operation(
        "L10", 6, resources=["M2"], key="RED", status=20, resource="M2", start="2026-11-23T06:00"
    )
    machines = [press("M1", state="RED"), press("M2", state="RED")]
    return small(operations=[*rows, held], resources=machines, steps=[], initial_step=initial)


def names(now: Board) -> list[str]:
    """Each operation as `A10 4-5`, in order of time, without the one that holds M2."""
    rows = [
        (place.start, f"{one.id} {(place.start - now.shop.start) / HOUR:g}-{(place.end - now.shop.start) / HOUR:g}")
        for one, place in zip(now.shop.operations, now.places, strict=True) if place and one.id != "L10"
    ]  # fmt: skip
    return [text for _, text in sorted(rows)]


@pytest.mark.parametrize(
    ("pull_up", "before", "after"),
    [
        (False, ["A10 0-1", "B10 1-2", "A20 6-7", "B20 7-8"], ["B10 0-1", "A10 1-2", "A20 6-7", "B20 7-8"]),
        (True, ["A10 5-6", "A20 6-7", "B10 6-7", "B20 7-8"], ["B10 4-5", "A10 5-6", "A20 6-7", "B20 7-8"]),
    ],
)
def test_what_was_pulled_up_is_pulled_up_again(pull_up: bool, before: list[str], after: list[str]) -> None:
    """As a run does: each starts as late as what waits for it, and what is behind it on its resource, let it."""
    now = board(pulled(pull_up=pull_up))
    assert names(now) == before
    moved = now.move("B10", "M1", 1)
    assert names(moved) == after
    assert names(moved.move("B10", "M1", 2)) == before


def test_pull_up_leaves_what_is_locked_by_hand_and_what_is_frozen() -> None:
    plain = board(pulled())
    shop = board(pulled(pull_up=True)).shop
    locked = replace(plain, shop=shop).with_status(["A10"], Status.LOCKED)
    assert names(locked.move("B20", "M2", 1)) == ["A10 0-1", "B10 5-6", "B20 6-7", "A20 7-8"]
    frozen = replace(plain, shop=shop, frozen_until=shop.start + HOUR)
    assert names(frozen.move("B20", "M2", 1)) == ["A10 0-1", "B10 5-6", "B20 6-7", "A20 7-8"]
