"""The action net checked whole from its tables: no dead end, nothing ships unproven, no row stands there for show."""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sequencer.states import NETS
from tests.histories.net import Act, Explored, State, acts, always, explore, tables

# Where a call has come to its end. What ended may still be taken back by the OEM: that is a beginning.
DELIVERED: Callable[[State], bool] = lambda s: s.group == "CLOSED"  # noqa: E731
WITHDRAWN: Callable[[State], bool] = lambda s: s.call == s.group == "CANCELLED"  # noqa: E731
LEFT_AS_HOLE: Callable[[State], bool] = lambda s: s.rack == "RETURNED" and s.slot == "HOLE"  # noqa: E731

# States no row leads out of, each because nothing more is ever done with it.
FINAL = {
    "ComponentGroup": {"CLOSED"},
    "Rack": {"RETURNED", "CANCELLED"},
    "Shipment": {"CONFIRMED", "CANCELLED"},
    "Unit": {"SCRAPPED"},
    "HandlingUnit": {"SHIPPED", "CANCELLED"},
    "PrintJob": {"VOID"},
    "Override": {"REVIEWED"},
    "Bypass": {"CLOSED"},
}

# What is answered by no, whatever else is so: (net, verb, the states it is refused in). Any other state has a row.
REFUSED = [
    ("Unit", "scrap", {"SHIPPED", "SCRAPPED"}),
    ("Unit", "send to repair", {"REPAIR", "SCRAPPED", "SHIPPED", "RETURNED"}),
    ("Unit", "depart", {"ALLOCATED", "BUFFER", "REPAIR", "SCRAPPED", "SHIPPED", "RETURNED"}),
    ("Unit", "sent back by the OEM", {"ALLOCATED", "PACKED", "BUFFER", "REPAIR", "SCRAPPED", "RETURNED"}),
    ("ComponentGroup", "depart", {"CREATED", "UNRESOLVED", "RESOLVED", "RELEASED", "IN_WORK", "VERIFIED", "MISSING",
                                  "REPAIR", "SHIPPED", "CONFIRMED", "CLOSED", "CANCELLED"}),
    ("ComponentGroup", "cancel", {"CREATED", "SHIPPED", "CONFIRMED", "CLOSED", "CANCELLED"}),
    ("ComponentGroup", "report missing", {"CREATED", "UNRESOLVED", "RESOLVED", "VERIFIED", "PACKED", "MISSING", "REPAIR",
                                          "SHIPPED", "CONFIRMED", "CLOSED", "CANCELLED"}),
    ("Rack", "seal", {"PLANNED", "LOADING", "REOPENED", "SEALED", "STAGED", "LOADED", "IN_TRANSIT", "AT_OEM", "RETURNED",
                      "CANCELLED"}),
    ("Rack", "depart", {"PLANNED", "LOADING", "FULL", "REOPENED", "SEALED", "STAGED", "IN_TRANSIT", "AT_OEM", "RETURNED",
                        "CANCELLED"}),
    ("Rack", "reopen", {"PLANNED", "LOADING", "REOPENED", "IN_TRANSIT", "AT_OEM", "RETURNED", "CANCELLED"}),
    ("Shipment", "depart", {"PLANNED", "OPEN", "DEPARTED", "ARRIVED", "CONFIRMED", "CANCELLED"}),
    ("Shipment", "cancel", {"LOADED", "DEPARTED", "ARRIVED", "CONFIRMED", "CANCELLED"}),
]  # fmt: skip


def shipped_unproven(state: State) -> bool:
    """The piece left and was not scanned for the call as it is, or the rack's host check did not stand."""
    return state.unit == "SHIPPED" and not (state.proven and state.checked)


def shipped_unwanted(state: State) -> bool:
    """It left while the OEM did not want it, or from a slot or rack that was not closed over it."""
    return state.group == "SHIPPED" and (state.call != "FIRM" or state.slot != "FILLED")


@pytest.fixture(scope="module")
def found() -> Explored:
    return explore(tables(), acts())


def test_every_act_walks_by_the_tables(found: Explored) -> None:
    assert found.unlawful == {}


def test_no_row_stands_there_for_show(found: Explored) -> None:
    rows = {(net, old, new) for net, moves in tables().items() for old, to in moves.items() for new in to}
    assert rows - found.walked == set()


@pytest.mark.parametrize("bad", [shipped_unproven, shipped_unwanted])
def test_nothing_leaves_unproven_or_unchecked(found: Explored, bad: Callable[[State], bool]) -> None:
    state = found.first(bad)
    assert state is None, found.path(state)


def test_from_every_state_the_call_can_still_be_delivered(found: Explored) -> None:
    """Withdrawn, missing, in repair, on a truck called off, in a rack that left without it: there is always a way on."""
    stuck = found.cannot_reach(DELIVERED)
    assert stuck is None, found.path(stuck)


@pytest.mark.parametrize("end", [DELIVERED, WITHDRAWN, LEFT_AS_HOLE])
def test_every_end_is_reached(found: Explored, end: Callable[[State], bool]) -> None:
    assert found.first(end) is not None


@pytest.mark.parametrize("net", NETS)
def test_only_final_states_have_no_way_out_and_every_state_a_way_in(net: str) -> None:
    moves = NETS[net]
    assert {str(state) for state, to in moves.items() if not to} == FINAL.get(net, set())
    entered = {next(iter(moves)), *(state for to in moves.values() for state in to)}
    assert set(moves) == entered


@pytest.mark.parametrize(("net", "verb", "states"), REFUSED)
def test_what_is_refused_is_meant_to_be(net: str, verb: str, states: set[str]) -> None:
    assert {str(state) for state, to in NETS[net].items() if verb not in to.values()} == states


# --- the checker itself: a damaged net must be found out -----------------------------------------------------


def without_guard(name: str) -> list[Act]:
    return [replace(act, needs=always) if act.name == name else act for act in acts()]


def by_hand(state: str) -> list[Act]:
    """Somebody books the piece as packed without a scan, where a table allowed it."""
    given = Act("book as packed", {"group": (state,), "slot": ("EMPTY",), "rack": ("LOADING",)},
                {"group": "PACKED", "slot": "FILLED", "unit": "PACKED"}, born=("unit",))  # fmt: skip
    return [*acts(), given]


def test_a_net_that_packs_without_verifying_is_found_out_with_the_shortest_way() -> None:
    damaged = tables()
    damaged["ComponentGroup"]["RELEASED"]["PACKED"] = "book as packed"
    checked = explore(damaged, by_hand("RELEASED"))
    state = checked.first(shipped_unproven)
    assert state is not None
    path = checked.path(state)
    said = [line[:36].strip() for line in path.splitlines()]
    assert said[0] == "begin"
    assert "book as packed" in said
    assert "verify" not in said
    assert said[-1] == "depart"
    assert explore(tables(), by_hand("RELEASED")).unlawful == {
        ("ComponentGroup", "RELEASED", "PACKED"): "book as packed"
    }


def test_a_seal_without_host_check_is_found_out() -> None:
    """The seal is the moment a rack counts as checked; a departure without one is no delivery."""
    blind = [replace(act, then={}) if act.name == "seal" else act for act in acts()]
    assert explore(tables(), blind).first(shipped_unproven) is not None


def test_a_departure_that_asks_nothing_is_found_out() -> None:
    checked = explore(tables(), without_guard("depart"))
    state = checked.first(shipped_unwanted)
    assert state is not None
    assert "set back" in checked.path(state)


def test_a_removed_row_leaves_a_dead_end_that_is_named() -> None:
    damaged = tables()
    del damaged["Rack"]["REOPENED"]["FULL"]
    checked = explore(damaged, [act for act in acts() if not act.name.startswith("cancel")])
    stuck = checked.cannot_reach(DELIVERED)
    assert stuck is not None
    assert stuck.rack == "REOPENED"
    assert checked.path(stuck).splitlines()[0].startswith("begin")


def test_a_row_nobody_walks_is_found_out() -> None:
    damaged = tables()
    damaged["Rack"]["PLANNED"]["SEALED"] = "by magic"
    assert ("Rack", "PLANNED", "SEALED") not in explore(damaged, acts()).walked
