"""The inside of a trailer: where racks stand and which come off first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.trailer import Door, Fill, Layout, come_off

layouts = st.builds(
    Layout,
    st.integers(1, 4),
    st.integers(1, 8),
    st.sampled_from(list(Fill)),
    st.sampled_from(list(Door)),
)


@given(layouts)
def test_every_position_has_its_own_spot_and_back(layout: Layout) -> None:
    spots = [layout.spot(n) for n in range(1, layout.capacity + 1)]
    assert len(set(spots)) == layout.capacity
    assert [layout.position(*spot) for spot in spots] == list(range(1, layout.capacity + 1))
    assert all(1 <= lane <= layout.lanes and 1 <= place <= layout.places for lane, place in spots)


@given(layouts)
def test_what_is_loaded_in_order_is_never_in_the_way_of_what_came_before(layout: Layout) -> None:
    """Rear door: a rack stands nearer to the door than those loaded before it in its lane."""
    if layout.door is Door.SIDE:
        return
    for later in range(2, layout.capacity + 1):
        assert not any(layout.in_the_way(later, earlier) for earlier in range(1, later))


@pytest.mark.parametrize(
    ("fill", "position", "spot"),
    [
        (Fill.LANE, 1, (1, 1)),
        (Fill.LANE, 4, (1, 4)),
        (Fill.LANE, 5, (2, 1)),
        (Fill.ROW, 2, (2, 1)),
        (Fill.ROW, 3, (1, 2)),
    ],
)
def test_spots(fill: Fill, position: int, spot: tuple[int, int]) -> None:
    assert Layout(2, 4, fill).spot(position) == spot


def test_a_rack_that_belongs_deeper_takes_off_what_stands_before_it_in_its_lane() -> None:
    one_lane = Layout(1, 4)
    # Racks 10 and 11 stand at 1 and 2; rack 9 now belongs to 1.
    assert come_off(one_lane, {10: 1, 11: 2}, {9: 1, 10: 2, 11: 3}) == [11, 10]


def test_another_lane_is_left_alone() -> None:
    two_lanes = Layout(2, 2)
    assert come_off(two_lanes, {10: 1, 11: 2, 12: 3}, {10: 1, 12: 3}) == [11]


def test_behind_a_side_curtain_only_the_wrong_one_comes_off() -> None:
    assert come_off(Layout(1, 4, door=Door.SIDE), {10: 1, 11: 2}, {11: 2}) == [10]


def test_nothing_comes_off_a_truck_loaded_as_wanted() -> None:
    assert come_off(Layout(1, 4), {10: 1, 11: 2}, {10: 1, 11: 2, 12: 3}) == []


@given(layouts, st.data())
def test_after_taking_off_every_rack_left_stands_right_and_every_hole_is_reached(
    layout: Layout, data: st.DataObject
) -> None:
    positions = list(range(1, layout.capacity + 1))
    racks = data.draw(st.permutations(positions))
    count = data.draw(st.integers(0, layout.capacity))
    standing = dict(zip(racks[:count], data.draw(st.permutations(positions)), strict=False))
    wanted = dict(zip(racks, data.draw(st.permutations(positions)), strict=False))
    off = come_off(layout, standing, wanted)
    left = {rack: place for rack, place in standing.items() if rack not in off}
    assert all(wanted[rack] == place for rack, place in left.items())
    holes = [place for rack, place in wanted.items() if rack not in left]
    assert not any(layout.in_the_way(hole, place) for hole in holes for place in left.values())
    # Each one is free when its turn comes.
    stand = dict(standing)
    for rack in off:
        place = stand.pop(rack)
        assert not any(
            layout.in_the_way(place, other) for other in stand.values() if other in [standing[r] for r in off]
        )
