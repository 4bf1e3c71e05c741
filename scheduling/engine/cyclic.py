"""The cyclic step: each resource walks its profile of key values, round and round, from where it stands.

At each stop run all candidates of that value that are planned in the grouping time; a stop without any costs nothing.
A group starts when the last of its operations is ready, so there are no gaps inside.
"""

from __future__ import annotations

from collections.abc import Sequence

from scheduling.engine.passes import Fit, Plan, Shop
from scheduling.engine.problem import Step
from scheduling.engine.sentences import Sentence
from scheduling.engine.sequencing import Bounds, Grouping


class Cyclic(Grouping):
    """Stops of a profile. A value that no profile of its resources has is told and left to the forward pass."""

    def __init__(
        self,
        shop: Shop,
        plan: Plan,
        step: Step,
        chains: dict[int, list[int]],
        found: Sequence[int],
        bounds: Bounds,
    ) -> None:
        super().__init__(shop, plan, step, chains, found, bounds)
        self._profiles = [
            step.profile.get(resource.id, step.profile.get(None, ())) for resource in shop.resources
        ]
        self._at: dict[int, int] = {}
        self._usable = {
            number: tuple(
                each for each in self._usable[number] if self._group_part[number] in self._profiles[each]
            )
            for number in found
        }
        self._leave_strangers()

    def _stop_at(self, start: Fit) -> int:
        """The stop to try first: on behind the last one served, else where the operation before leaves the resource."""
        if start.resource not in self._at:
            profile, key = self._profiles[start.resource], self._timelines[start.resource].key(start.behind)
            value = None if key is None else self._step.group.of(key)
            self._at[start.resource] = profile.index(value) if value in profile else 0
        return self._at[start.resource]

    def _leave_strangers(self) -> None:
        strangers = [number for number in self._found if not self._usable[number]]
        for value in dict.fromkeys(self._group_part[number] for number in strangers):
            count = sum(self._group_part[number] == value for number in strangers)
            self._outcome.warnings.append(
                Sentence("not-in-profile", step=self._step.id, value=value.rstrip(), count=count)
            )
        self._open.difference_update(strangers)

    def _run_group(self, initiator: int) -> bool:
        """Serve the next stop that has work, on the resource where the initiator could start first."""
        start = self._first_place(initiator)
        if start is None:
            return False
        profile, until = self._profiles[start.resource], self._until(initiator)
        for ahead in range(len(profile)):
            stop = (self._stop_at(start) + ahead) % len(profile)
            if self._serve(stop, start, until):
                self._at[start.resource] = (stop + 1) % len(profile)
                return True
        return False

    def _serve(self, stop: int, start: Fit, until: int) -> bool:
        """Place what waits for a stop; False when nothing does or can."""
        step, resource = self._step, start.resource
        value = self._profiles[resource][stop]
        waiting = [
            number
            for number in self._buckets.get(value, ())
            if number in self._open
            and resource in self._usable[number]
            and self._start[number] <= until
            and self._ready(number) is not None
        ]
        if not waiting:
            return False
        members = self._arranged(self._within_limits(waiting, start))
        name = f"{step.id}-{self._groups + 1}"
        said = Sentence("rule-cyclic", step=step.id, group=name, stop=stop + 1, part=value.rstrip())
        placed = self._place_together(name, resource, members, said)
        self._groups += bool(placed)
        return bool(placed)
