"""The inside of a trailer: where the n-th rack stands and which racks stand in the way of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fill(StrEnum):
    LANE = "LANE"
    ROW = "ROW"

    @property
    def words(self) -> str:
        return {"LANE": "lane by lane", "ROW": "row by row across the lanes"}[self.value]


class Door(StrEnum):
    REAR = "REAR"
    SIDE = "SIDE"

    @property
    def words(self) -> str:
        return {"REAR": "rear door", "SIDE": "side curtain: every place is reached"}[self.value]


@dataclass(frozen=True, slots=True)
class Layout:
    """Lanes are counted from the left as seen through the door, places from the cab.

    `taken`: so many positions are filled before the first one counted here, for stops that are unloaded later.
    """

    lanes: int
    places: int
    fill: Fill = Fill.LANE
    door: Door = Door.REAR
    taken: int = 0

    @property
    def capacity(self) -> int:
        return self.lanes * self.places

    def spot(self, position: int) -> tuple[int, int]:
        """(lane, place) of a loading position, 1 = loaded first. Past the last place it counts on in the last lane."""
        position += self.taken
        if self.fill is Fill.ROW:
            return (position - 1) % self.lanes + 1, (position - 1) // self.lanes + 1
        lane = min((position - 1) // self.places + 1, self.lanes)
        return lane, position - (lane - 1) * self.places

    def position(self, lane: int, place: int) -> int:
        """The loading position of a spot."""
        if self.fill is Fill.ROW:
            return (place - 1) * self.lanes + lane - self.taken
        return (lane - 1) * self.places + place - self.taken

    def in_the_way(self, stands: int, other: int) -> bool:
        """Whether a rack at position `other` must come off before the one at `stands` can."""
        if self.door is Door.SIDE:
            return False
        (lane, place), (other_lane, other_place) = self.spot(stands), self.spot(other)
        return lane == other_lane and other_place > place


def come_off(layout: Layout, standing: Mapping[int, int], wanted: Mapping[int, int]) -> list[int]:
    """Racks to take off a truck, in the order they can be reached, so that loading goes on as wanted.

    `standing`: rack -> position it stands at; `wanted`: rack -> position it should have; a rack that is not wanted
    comes off. A rack that stands right comes off only when it stands in the way of one that does not, or of a place
    behind it that another rack is to have.
    """
    wrong = {position for rack, position in standing.items() if wanted.get(rack) != position}
    needed = {position for rack, position in wanted.items() if standing.get(rack) != position}
    off = {
        rack: position
        for rack, position in standing.items()
        if position in wrong or any(layout.in_the_way(hole, position) for hole in wrong | needed)
    }
    return sorted(off, key=lambda rack: (-layout.spot(off[rack])[1], layout.spot(off[rack])[0]))
