"""The action net of the floor as one machine, explored whole: every state one call, its slot, its piece, its rack and
its truck can be in together, by the rows of the tables in `sequencer.states` and by nothing else.

An `Act` is one thing that is done: the rows it walks in each net, and what must be so before it. What other calls do to
the same rack and truck is left open: they may be ready at any moment, or not.
"""

# One act a line, however long: they are read as the table they are.
# ruff: noqa: E501
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sequencer.states import NETS


class State(NamedTuple):
    """`unit` NONE: no piece of this call yet. `proven`: its label was scanned for the call as it is now. `checked`: the
    host check stands for what is in the rack.
    """

    call: str = "PREVIEW"
    group: str = "CREATED"
    slot: str = "EMPTY"
    unit: str = "NONE"
    rack: str = "PLANNED"
    truck: str = "PLANNED"
    proven: bool = False
    checked: bool = False


# State fields and the net each is a state of.
NET_OF = {
    "call": "CallOff", "group": "ComponentGroup", "slot": "Slot", "unit": "Unit", "rack": "Rack", "truck": "Shipment",
}  # fmt: skip
Moves = Mapping[str, Mapping[str, Mapping[str, str]]]
Needs = Callable[[State], bool]


def tables() -> dict[str, dict[str, dict[str, str]]]:
    """The nets as plain words, so that a test may damage a copy."""
    return {
        net: {str(old): {str(new): verb for new, verb in to.items()} for old, to in NETS[net].items()}
        for net in NET_OF.values()
    }


def always(_: State) -> bool:
    return True


@dataclass(frozen=True)
class Act:
    """`walks`: net -> to; only where the state has another value. `only`: net -> where it may begin."""

    name: str
    only: Mapping[str, Iterable[str]]
    walks: Mapping[str, str]
    needs: Needs = always
    then: Mapping[str, bool] = field(default_factory=dict)
    # Nets in which something new begins (a piece, a rack, a truck): no row leads there.
    born: tuple[str, ...] = ()


CLOSED = ("SEALED", "STAGED", "LOADED")
OPEN_RACK = ("LOADING", "REOPENED")
GONE = ("IN_TRANSIT", "AT_OEM", "RETURNED")
TOUCHED = ("IN_WORK", "VERIFIED", "PACKED")
IN_HAND_OR_SLOT = ("ALLOCATED", "PACKED")


def wanted(state: State) -> bool:
    return state.call == "FIRM"


def slot_is_right(state: State) -> bool:
    """What the host check asks of this slot: filled for the call as it is now, a hole somebody answers for, or given up."""
    if state.slot == "FILLED":
        return state.call == "FIRM" and state.group == "PACKED"
    return state.slot in {"HOLE", "CANCELLED"}


def decided(state: State) -> bool:
    return state.slot in {"FILLED", "HOLE", "CANCELLED"}


def opened(name: str, group: str, slot: str, *, only: Mapping[str, Iterable[str]], unit: str = "BUFFER", needs: Needs = always, call: str = "") -> list[Act]:  # fmt: skip
    """A built piece leaves its slot. Each way the rack may stand: open, full, closed, on a truck that is complete."""
    walks = {"group": group, "slot": slot, "unit": unit, **({"call": call} if call else {})}
    acts = []
    for rack, truck in (("LOADING", None), ("REOPENED", None), ("FULL", None), *((closed, None) for closed in CLOSED), ("LOADED", "LOADED")):  # fmt: skip
        more = dict(walks)
        if rack not in OPEN_RACK:
            more["rack"] = "REOPENED"
        begins = {**only, "rack": (rack,), "unit": IN_HAND_OR_SLOT}
        if truck is not None:
            more["truck"], begins["truck"] = "OPEN", (truck,)
        elif rack == "LOADED":
            begins["truck"] = ("OPEN",)
        in_slot: Needs = (lambda s: s.slot == "FILLED") if rack not in OPEN_RACK else always

        def both(state: State, first: Needs = in_slot) -> bool:
            return first(state) and needs(state)

        stays = {key: value for key, value in more.items() if not (key == "slot" and value == "REOPENED")}
        acts.append(Act(f"{name} ({rack.lower()})", {**begins, "slot": ("FILLED",)}, more, both, {"proven": False, "checked": False}))  # fmt: skip
        if rack in OPEN_RACK:
            hand = {**begins, "slot": ("EMPTY", "REOPENED"), "unit": ("ALLOCATED",)}
            acts.append(Act(f"{name} (in hand, {rack.lower()})", hand, stays, both, {"proven": False}))
    return acts


def hole_called_anew(name: str, group: str) -> list[Act]:
    """The missing part is not the one any more: its hole is an empty slot again, and no rack stays closed over it."""
    only = {"group": ("MISSING",), "slot": ("HOLE",)}
    walks = {"group": group, "slot": "EMPTY"}
    full = {**only, "rack": ("FULL", "SEALED", "STAGED")}
    on_truck = {**only, "rack": ("LOADED",), "truck": ("OPEN", "LOADED")}
    opens = {"proven": False, "checked": False}
    return [
        Act(f"{name}, missing", {**only, "rack": OPEN_RACK}, walks),
        Act(f"{name}, missing in a full rack", full, {**walks, "rack": "REOPENED"}, then=opens),
        Act(
            f"{name}, missing on a truck",
            on_truck,
            {**walks, "rack": "REOPENED", "truck": "OPEN"},
            then=opens,
        ),
    ]


def acts() -> list[Act]:
    """Everything that is done to one call and what carries it."""
    at_work = {"group": TOUCHED}
    return [
        # the OEM
        Act("sequence", {"call": ("PREVIEW",)}, {"call": "PLANNED"}),
        Act("firm", {"call": ("PREVIEW", "PLANNED")}, {"call": "FIRM"}),
        Act("set back", {"call": ("FIRM",)}, {"call": "PLANNED"}, lambda s: s.group not in {"SHIPPED", "CONFIRMED", "CLOSED"}),
        Act("resolve", {"group": ("CREATED", "UNRESOLVED")}, {"group": "RESOLVED"}),
        Act("part unknown", {"group": ("CREATED",)}, {"group": "UNRESOLVED"}),
        Act("release", {"group": ("RESOLVED",)}, {"group": "RELEASED"}, wanted),
        *hole_called_anew("change", "RELEASED"),
        *hole_called_anew("change to unknown part", "UNRESOLVED"),
        Act("change to unknown part", {"group": ("RESOLVED", "RELEASED")}, {"group": "UNRESOLVED"}),
        Act("change to unknown part, in repair", {"group": ("REPAIR",)}, {"group": "UNRESOLVED"}),
        *opened("change", "RELEASED", "REOPENED", only=at_work),
        *opened("change to unknown part", "UNRESOLVED", "REOPENED", only=at_work),
        *opened("cancel", "CANCELLED", "CANCELLED", only={**at_work, "call": ("PLANNED", "FIRM")}, call="CANCELLED"),
        *opened("move away", "RELEASED", "EMPTY", only=at_work),
        Act("cancel, nothing built", {"call": ("PREVIEW", "PLANNED", "FIRM"), "group": ("UNRESOLVED", "RESOLVED", "RELEASED", "MISSING", "REPAIR")},
            {"call": "CANCELLED", "group": "CANCELLED", "slot": "CANCELLED"}),
        Act("reinstate", {"call": ("CANCELLED",), "group": ("CANCELLED",)}, {"call": "FIRM", "group": "CREATED", "slot": "EMPTY"},
            lambda s: s.rack in {"PLANNED", *OPEN_RACK}),
        Act("reinstate into a full or closed rack", {"call": ("CANCELLED",), "group": ("CANCELLED",), "rack": ("FULL", "SEALED", "STAGED")},
            {"call": "FIRM", "group": "CREATED", "slot": "EMPTY", "rack": "REOPENED"}, then={"checked": False}),
        Act("reinstate into a loaded rack", {"call": ("CANCELLED",), "group": ("CANCELLED",), "rack": ("LOADED",)},
            {"call": "FIRM", "group": "CREATED", "slot": "EMPTY", "rack": "REOPENED", "truck": "OPEN"}, then={"checked": False}),
        Act("reinstate, its rack is gone", {"call": ("CANCELLED",), "group": ("CANCELLED",), "rack": ("CANCELLED", *GONE)},
            {"call": "FIRM", "group": "CREATED", "slot": "EMPTY", "rack": "PLANNED", "truck": "PLANNED"}, born=("rack", "truck")),
        Act("order again what left as a hole", {"group": ("MISSING",), "slot": ("HOLE",), "rack": GONE},
            {"group": "RESOLVED", "slot": "EMPTY", "rack": "PLANNED", "truck": "PLANNED", "unit": "NONE"}, born=("group", "unit", "rack", "truck")),
        Act("reinstate as planned", {"call": ("CANCELLED",), "group": ("CANCELLED",)}, {"call": "PLANNED", "group": "CREATED", "slot": "EMPTY"},
            lambda s: s.rack == "PLANNED"),
        # the station
        Act("start a rack", {"rack": ("PLANNED",)}, {"rack": "LOADING"}),
        Act("take a part", {"group": ("RELEASED",), "rack": OPEN_RACK, "slot": ("EMPTY", "REOPENED"), "unit": ("NONE", "SCRAPPED", "REPAIR", "BUFFER")},
            {"group": "IN_WORK", "unit": "ALLOCATED"}, wanted, {"proven": True}, born=("unit",)),
        Act("take it again", {"group": ("RELEASED",), "rack": OPEN_RACK, "slot": ("EMPTY", "REOPENED"), "unit": ("BUFFER",)},
            {"group": "IN_WORK", "unit": "ALLOCATED"}, wanted, {"proven": True}),
        Act("verify", {"group": ("IN_WORK",), "unit": ("ALLOCATED",)}, {"group": "VERIFIED"}, lambda s: s.proven),
        Act("pack", {"group": ("VERIFIED",), "unit": ("ALLOCATED",), "slot": ("EMPTY", "REOPENED"), "rack": OPEN_RACK},
            {"group": "PACKED", "unit": "PACKED", "slot": "FILLED"}),
        Act("report missing", {"group": ("RELEASED",), "rack": OPEN_RACK, "slot": ("EMPTY", "REOPENED")}, {"group": "MISSING", "slot": "HOLE"}, wanted),
        Act("report missing, in hand", {"group": ("IN_WORK",), "rack": OPEN_RACK, "slot": ("EMPTY", "REOPENED")},
            {"group": "MISSING", "slot": "HOLE", "unit": "BUFFER"}, then={"proven": False}),
        Act("put the verified piece back", {"group": ("VERIFIED",), "rack": OPEN_RACK, "unit": ("ALLOCATED",)},
            {"group": "RELEASED", "unit": "BUFFER"}, then={"proven": False}),
        Act("found", {"group": ("MISSING",), "slot": ("HOLE",), "rack": OPEN_RACK}, {"group": "RELEASED", "slot": "EMPTY"}),
        Act("found in a full rack", {"group": ("MISSING",), "slot": ("HOLE",), "rack": ("FULL",)},
            {"group": "RELEASED", "slot": "EMPTY", "rack": "LOADING"}, then={"checked": False}),
        Act("last slot", {"rack": OPEN_RACK}, {"rack": "FULL"}, decided),
        Act("all calls withdrawn", {"rack": ("PLANNED", *OPEN_RACK)}, {"rack": "CANCELLED"}, lambda s: s.slot == "CANCELLED"),
        Act("the last other call moves away", {"rack": ("FULL",)}, {"rack": "CANCELLED"}, lambda s: s.slot == "CANCELLED"),
        Act("seal", {"rack": ("FULL",)}, {"rack": "SEALED"}, slot_is_right, {"checked": True}),
        Act("stage", {"rack": ("SEALED",)}, {"rack": "STAGED"}),
        *opened("repack", "RELEASED", "REOPENED", only={"group": ("PACKED",)}),
        *opened("scrap", "RELEASED", "REOPENED", only=at_work, unit="SCRAPPED"),
        *opened("send to repair", "REPAIR", "REOPENED", only=at_work, unit="REPAIR"),
        Act("back from repair", {"group": ("REPAIR",), "unit": ("REPAIR",)}, {"group": "RELEASED", "unit": "BUFFER"}),
        Act("scrap what is in repair", {"group": ("REPAIR",), "unit": ("REPAIR",)}, {"group": "RELEASED", "unit": "SCRAPPED"}),
        Act("repaired, nobody waits", {"unit": ("REPAIR",)}, {"unit": "BUFFER"}, lambda s: s.group != "REPAIR"),
        Act("scrap a loose piece", {"unit": ("BUFFER",)}, {"unit": "SCRAPPED"}, lambda s: s.group not in TOUCHED),
        Act("send a loose piece to repair", {"unit": ("BUFFER",)}, {"unit": "REPAIR"}, lambda s: s.group not in TOUCHED),
        # the other calls of the rack
        Act("another slot is opened", {"rack": ("FULL", "SEALED", "STAGED")}, {"rack": "REOPENED"}, then={"checked": False}),
        Act("another slot is opened on the truck", {"rack": ("LOADED",), "truck": ("OPEN",)}, {"rack": "REOPENED"}, then={"checked": False}),
        # the dock
        Act("open the truck", {"truck": ("PLANNED",)}, {"truck": "OPEN"}),
        Act("close it again", {"truck": ("OPEN",)}, {"truck": "PLANNED"}, lambda s: s.rack != "LOADED"),
        Act("call the truck off", {"truck": ("PLANNED", "OPEN")}, {"truck": "CANCELLED"}, lambda s: s.rack != "LOADED"),
        Act("another truck is planned", {"truck": ("CANCELLED",)}, {"truck": "PLANNED"}, born=("truck",)),
        Act("load", {"rack": ("STAGED",), "truck": ("OPEN",)}, {"rack": "LOADED"}),
        Act("unload", {"rack": ("LOADED",), "truck": ("OPEN",)}, {"rack": "STAGED"}),
        Act("unload from a full truck", {"rack": ("LOADED",), "truck": ("LOADED",)}, {"rack": "STAGED", "truck": "OPEN"}),
        Act("last rack", {"truck": ("OPEN",), "rack": ("LOADED",)}, {"truck": "LOADED"}),
        Act("depart", {"truck": ("LOADED",), "rack": ("LOADED",), "group": ("PACKED",), "unit": ("PACKED",), "slot": ("FILLED",)},
            {"truck": "DEPARTED", "rack": "IN_TRANSIT", "group": "SHIPPED", "unit": "SHIPPED"}, slot_is_right),
        Act("depart without it", {"truck": ("LOADED",), "rack": ("LOADED",), "slot": ("HOLE", "CANCELLED")},
            {"truck": "DEPARTED", "rack": "IN_TRANSIT"}, slot_is_right),
        # the OEM's yard
        Act("arrive", {"truck": ("DEPARTED",), "rack": ("IN_TRANSIT",)}, {"truck": "ARRIVED", "rack": "AT_OEM"}),
        Act("arrive, the rack is back already", {"truck": ("DEPARTED",), "rack": ("RETURNED",)}, {"truck": "ARRIVED"}),
        Act("carrier back", {"rack": ("IN_TRANSIT", "AT_OEM")}, {"rack": "RETURNED"}),
        Act("confirm", {"truck": ("ARRIVED",)}, {"truck": "CONFIRMED"}),
        Act("confirm delivery", {"group": ("SHIPPED",), "truck": ("CONFIRMED",)}, {"group": "CONFIRMED"}),
        Act("bill", {"group": ("CONFIRMED",)}, {"group": "CLOSED"}),
        Act("sent back by the OEM", {"unit": ("SHIPPED",)}, {"unit": "RETURNED"}),
        Act("good again", {"unit": ("RETURNED",)}, {"unit": "BUFFER"}),
        Act("scrap what came back", {"unit": ("RETURNED",)}, {"unit": "SCRAPPED"}),
    ]  # fmt: skip


Row = tuple[str, str, str]


@dataclass
class Explored:
    """Every state that can be reached, by which act from which; which rows were walked; what no table allows."""

    came: dict[State, tuple[State, str] | None]
    after: dict[State, set[State]]
    walked: set[Row]
    unlawful: dict[Row, str]

    def path(self, state: State) -> str:
        """The shortest way to a state, one act a line."""
        steps = []
        at: State | None = state
        while at is not None:
            came = self.came[at]
            steps.append(f"{came[1]:<36} {at}" if came is not None else f"{'begin':<36} {at}")
            at = came[0] if came is not None else None
        return "\n".join(reversed(steps))

    def first(self, bad: Callable[[State], bool]) -> State | None:
        """The nearest state of which something is true; states were found in order of their distance."""
        return next((state for state in self.came if bad(state)), None)

    def cannot_reach(self, goal: Callable[[State], bool]) -> State | None:
        """The nearest state from which no act leads on to a goal, however long it takes."""
        back: dict[State, set[State]] = {}
        for state, nexts in self.after.items():
            for found in nexts:
                back.setdefault(found, set()).add(state)
        good = {state for state in self.came if goal(state)}
        todo = deque(good)
        while todo:
            for state in back.get(todo.popleft(), ()):
                if state not in good:
                    good.add(state)
                    todo.append(state)
        return self.first(lambda state: state not in good)


def explore(moves: Moves, what: Iterable[Act]) -> Explored:
    """Breadth first from a call that has just come. A row no table has is noted and not walked."""
    begin = State()
    found = Explored({begin: None}, {}, set(), {})
    todo = deque([begin])
    what = list(what)
    while todo:
        state = todo.popleft()
        found.after[state] = set()
        for act in what:
            new = _done(act, state, moves, found)
            if new is None or new == state:
                continue
            found.after[state].add(new)
            if new not in found.came:
                found.came[new] = (state, act.name)
                todo.append(new)
    return found


def _done(act: Act, state: State, moves: Moves, found: Explored) -> State | None:
    now = state._asdict()
    if any(now[net] not in begins for net, begins in act.only.items()) or not act.needs(state):
        return None
    rows = [
        (NET_OF[net], str(now[net]), to)
        for net, to in act.walks.items()
        if now[net] != to and net not in act.born
    ]
    unlawful = [row for row in rows if row[2] not in moves[row[0]][row[1]]]
    for row in unlawful:
        found.unlawful.setdefault(row, act.name)
    if unlawful:
        return None
    found.walked.update(rows)
    return state._replace(**act.walks, **act.then)  # type: ignore[arg-type]
