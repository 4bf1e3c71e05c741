"""The batch-size step, parameter by parameter: each test fails when its parameter is ignored."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from scheduling.engine import Result
from scheduling.engine.batches import distribute
from scheduling.engine.packing import fullest
from tests.pure.scheduling_engine.plant import DAY_SHIFT, bars, groups, operation, plan, press, problem


def batching(number: int = 10, **over: Any) -> dict[str, Any]:
    """A batch step of the press shop: the first three characters group."""
    plain = {"id": number, "type": "batch_size", "work_centre": "PRESS", "group_from": 1, "group_to": 3}
    return {**plain, "batch_size": 100, **over}


def components(*quantities: float, **over: Any) -> list[dict[str, Any]]:
    """Component orders A, B, C of one key with these quantities, a minute a piece."""
    return [
        operation(f"{name}10", quantity / 60, key="RED", quantity=quantity, **over)
        for name, quantity in zip("ABCDEF", quantities, strict=False)
    ]


def parent(name: str, quantity: float, *predecessors: str, hours: float = 1.0) -> dict[str, Any]:
    waits = [f"{each}10" for each in predecessors]
    return operation(f"{name}10", hours, quantity=quantity, work_centre="ASSEMBLY", predecessors=waits)


def batched(*operations: dict[str, Any], over: dict[str, Any] | None = None, **step: Any) -> Result:
    assembly = {"id": "Z1", "work_centre": "ASSEMBLY", "state": ""}
    data = problem(operations=list(operations), resources=[press("M1"), assembly], steps=[batching(**step)])
    return plan({**data, **(over or {})})


def changes(result: Result, level: str = "components") -> list[list[tuple[str, float, float]]]:
    return [
        [(each.order, each.before, each.after) for each in getattr(batch, level)] for batch in result.batches
    ]


def test_fifty_and_forty_make_a_batch_of_a_hundred() -> None:
    """Seed: a surplus of ten, distributed among the parent orders."""
    done = batched(*components(50, 40), parent("X", 50, "A"), parent("Y", 40, "B"))
    (batch,) = done.batches
    assert (batch.id, batch.resource, batch.size, batch.surplus, batch.stock) == ("10-1", "M1", 100, 10, 0)
    assert changes(done) == [[("A", 50, 56), ("B", 40, 44)]]
    assert changes(done, "parents") == [[("X", 50, 56), ("Y", 40, 44)]]
    assert groups(done) == ["A B"]


def test_hours_scale_with_the_quantity() -> None:
    """A takes its sixty minutes for sixty; its parent an hour for fifty pieces, so 1.2 h for sixty."""
    done = batched(*components(50, 40), parent("X", 50, "A"))
    assert bars(done) == ["A10 M1 0-1", "B10 M1 1-1.66667", "X10 Z1 1-2.2"]


def test_the_surplus_goes_by_the_components_that_have_parents() -> None:
    """B's parents take nothing, so all ten go to A; none has parents: in proportion, and into stock."""
    done = batched(*components(50, 40), parent("X", 50, "A"))
    assert (changes(done), changes(done, "parents")) == (
        [[("A", 50, 60), ("B", 40, 40)]], [[("X", 50, 60)]],
    )  # fmt: skip
    alone = batched(*components(50, 40))
    assert (changes(alone), alone.batches[0].stock) == ([[("A", 50, 56), ("B", 40, 44)]], 10)


def test_one_component_shares_among_its_parents_by_the_largest_remainder() -> None:
    done = batched(*components(90), parent("X", 30, "A"), parent("Y", 30, "A"), parent("Z", 30, "A"))
    assert changes(done, "parents") == [[("X", 30, 34), ("Y", 30, 33), ("Z", 30, 33)]]


def test_a_parent_grows_by_whole_pieces_and_the_rest_is_stock() -> None:
    """Four components go into each of twenty: ten more make two more, and two components are left."""
    done = batched(*components(80, 10), parent("X", 20, "A"), over={"orders": [
        {"id": "A"}, {"id": "B", "firm": True}, {"id": "X"}]}, batch_size=90)  # fmt: skip
    assert (changes(done, "parents"), done.batches[0].stock) == ([[("X", 20, 22)]], 2)


@pytest.mark.parametrize(
    ("quantities", "size", "own", "after"), [((50, 40), 100, 90, 100), ((50, 50), 110, 50, 55)]
)
def test_a_parent_of_several_components_grows_once(
    quantities: tuple[float, float], size: float, own: float, after: float
) -> None:
    """Two lots of one part make it up, or a left and a right one go into each: it grows by what both give."""
    done = batched(*components(*quantities), parent("X", own, "A", "B"), batch_size=size)
    assert (changes(done, "parents"), done.batches[0].stock) == ([[("X", own, after)]], 0)
    assert bars(done)[-1] == f"X10 Z1 {size / 60:g}-{size / 60 + after / own:g}"


@pytest.mark.parametrize(
    ("size", "expected"),
    [(100, ["A B", "C"]), (110, ["A C", "B"]), (89, ["A", "B", "C"]), (150, ["A B C"])],
)
def test_batch_size_the_nearest_total_and_never_above(size: float, expected: list[str]) -> None:
    """50, 40 and 60: what would pass the size opens the next batch."""
    done = batched(*components(50, 40, 60), batch_size=size)
    assert groups(done) == expected
    assert all(sum(each.after for each in batch.components) == size for batch in done.batches)


def test_an_order_above_the_size_is_left_as_it_is() -> None:
    done = batched(*components(120, 40))
    assert (groups(done), changes(done)) == (["A", "B"], [[("B", 40, 100)]])
    assert done.warnings[0] == (
        "Step 10: A10 has 120, more than the fixed batch size of 100; its quantity is left as it is."
    )


def test_firm_orders_are_never_touched() -> None:
    """B is firm and stays out of the batch; the firm parent X takes nothing, so its share is stock."""
    orders = [{"id": "A"}, {"id": "B", "firm": True}, {"id": "X", "firm": True}]
    done = batched(*components(50, 40), parent("X", 50, "A"), over={"orders": orders})
    assert (groups(done), changes(done), changes(done, "parents")) == (["A"], [[("A", 50, 100)]], [[]])
    assert done.batches[0].stock == 50
    assert [each.status for each in done.operations] == [15, 10, 10]


def test_an_order_that_has_begun_counts_as_firm() -> None:
    begun = {"operation_status": 50, "resource": "M1", "start": "2026-11-23T06:00"}
    data = [*components(50, 40), {**operation("B20", 1, work_centre="PRESS", key="BLU"), **begun}]
    assert changes(batched(*data)) == [[("A", 50, 100)]]


def test_a_batch_starts_when_its_last_order_is_ready() -> None:
    late = components(50, 50)
    late[1]["earliest"] = "2026-11-23T10:00"
    assert bars(batched(*late))[0].startswith("A10 M1 4-4.83")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["A C", "B"]),
        ({"group_to": 4}, ["A", "B", "C"]),
        ({"group_from": 4, "group_to": 4}, ["A B", "C"]),
        ({"max_group_hours": 1}, ["A", "B", "C"]),
        ({"enabled": False}, []),
        ({"horizon_days": 0}, []),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_collecting(parameters: dict[str, Any], expected: list[str]) -> None:
    three = components(40, 40, 40)
    for each, key in zip(three, ("RED1", "BLU1", "RED2"), strict=True):
        each.update(key=key, hours=1)
    assert groups(batched(*three, **parameters)) == expected


@pytest.mark.parametrize("respect", [False, True], ids=["clock", "delay calendar"])
def test_grouping_time_according_to_the_delay_calendar(respect: bool) -> None:
    two = components(50, 40)
    for each, day in zip(two, ("2026-11-27T08:00", "2026-12-01T08:00"), strict=True):
        each["earliest"] = day
    done = batched(*two, over={"calendar": DAY_SHIFT}, max_group_hours=48, respect_delay_calendar=respect)
    assert groups(done) == (["A B"] if respect else ["A", "B"])


def test_only_use_resources_common_to_step() -> None:
    outside = {"id": "X1", "work_centre": "OTHER", "state": ""}
    both = components(60, 60, resources=["X1", "M1"])
    both[0]["resources"] = ["X1"]
    for common, expected in ((False, "X1"), (True, "M1")):
        data = problem(operations=both, resources=[outside, press("M1")])
        data["steps"] = [batching(common_resources_only=common)]
        assert plan(data).operations[1].resource == expected


@pytest.mark.parametrize(
    ("sizes", "room", "chosen"),
    [
        ([40, 60, 50], 100, (0, 1)),
        ([50, 40, 60], 50, (0,)),
        ([30, 30, 30], 60, (0, 1)),
        ([7, 5, 5], 10, (1, 2)),
        ([11], 10, ()),
        ([0.1] * 3 + [0.25], 0.3, (0, 1, 2)),
    ],
)  # fmt: skip
def test_the_fullest_choice(sizes: list[float], room: float, chosen: tuple[int, ...]) -> None:
    assert fullest(sizes, room) == chosen


def test_a_whole_surplus_is_distributed_in_whole_parts() -> None:
    assert distribute(10, [50, 40]) == [6, 4]
    assert distribute(10, [1, 1, 1]) == [4, 3, 3]
    assert distribute(0.5, [1, 3]) == [0.125, 0.375]


@pytest.mark.parametrize("seed", range(4))
def test_many_sizes_with_decimals_fill_the_room_as_well(seed: int) -> None:
    """Volumes to the cubic centimetre make more totals than are kept; the first few would be half a load."""
    random = Random(seed)
    sizes = [round(random.uniform(0.5, 3), 3) for _ in range(40)]
    assert 49.9 <= round(sum(sizes[each] for each in fullest(sizes, 50)), 6) <= 50
