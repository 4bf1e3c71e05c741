"""The planner's linter: each caution where it belongs, and none where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from scheduling.engine import lint, read_problem
from tests.pure.scheduling_engine.plant import keyed, operation, plan, press, problem, step

SAW = {"id": "S1", "work_centre": "SAW", "state": ""}
COLOURS = [{"from": "*", "to": "*", "hours": 1}]


def plain(**over: Any) -> dict[str, Any]:
    """Three red, two blue and two green operations on one press with an hour of setup each: nothing to say about it."""
    data = problem(
        operations=keyed("RED,BLU,RED,GRN,BLU,RED,GRN"), setup=COLOURS, steps=[step(max_group_hours=24)]
    )
    return {**data, **over}


def flow(*, first: str = "SAW", over: dict[str, Any] | None = None) -> dict[str, Any]:
    """Orders that go through one centre and then the other, both sequenced with a forward step between."""
    second = "PRESS" if first == "SAW" else "SAW"
    operations = [
        operation(f"{name}{number}", key=key, work_centre=centre)
        for name, key in (("A", "RED"), ("B", "BLU"))
        for number, centre in ((10, first), (20, second))
    ]
    steps = [
        step(10, work_centre="SAW", max_group_hours=9),
        {"id": 15, "type": "forward"},
        step(20, max_group_hours=9),
    ]
    data = plain(
        operations=operations, orders=[{"id": "A"}, {"id": "B"}], resources=[press("M1"), SAW], steps=steps
    )
    return {**data, **(over or {})}


def codes(data: dict[str, Any]) -> list[str]:
    return [caution.code for caution in lint(read_problem(data))]


def due(hours: str, **over: Any) -> list[dict[str, Any]]:
    return [{"id": name, "due": hours, **over} for name in "ABCDEFG"]


def forced(resource: str, **over: Any) -> dict[str, Any]:
    """The plain problem with a saw, and the first operation bound to a resource."""
    data = plain(resources=[press("M1"), SAW])
    data["operations"][0].update(resource=resource, **over)
    return data


def test_nothing_is_said_about_a_plain_problem() -> None:
    assert (codes(plain()), codes(flow())) == ([], [])


@pytest.mark.parametrize(
    ("data", "code", "sentence"),
    [
        (
            plain(horizon_days=None), "no-horizon",
            "Step 10 has no sequencing horizon: nothing is sequenced. Give horizon_days.",
        ),
        (
            plain(steps=[step(max_group_hours=24, max_wait_hours=4, levels=[{"from": 1, "to": 3}])]), "unused",
            "Step 10: a step of its type does nothing with max_wait_hours, levels; leave it out.",
        ),
        (
            plain(operations=[*keyed("RED,BLU,GRN,RED"), operation("G10", 0)]), "zero-time",
            "1 operations have no operation time and are not sequenced: G10.",
        ),
        (
            flow(over={"steps": [flow()["steps"][0], flow()["steps"][2]]}), "no-forward-between",
            "Step 20 on PRESS goes by the times before step 10 on SAW; put a forward step between them.",
        ),
        (
            flow(first="PRESS"), "step-order",
            "Step 10 on SAW runs before step 20 on PRESS, but 2 orders go through PRESS first; let the steps follow "
            "the flow.",
        ),
        (
            flow(over={"resources": [press("M1", priority=1), {**SAW, "priority": 2}]}), "priority",
            "The sequencing priority of SAW (2) is behind that of PRESS (1), but 2 orders go through SAW first; follow "
            "the flow.",
        ),
        (
            flow(over={"resources": [press("M1", priority=1), {**SAW, "priority": 2}],
                       "operations": [{**each, "hours": 9 if each["work_centre"] == "PRESS" else 1}
                                      for each in flow()["operations"]]}),
            "before-bottleneck",
            "SAW works ahead of the bottleneck PRESS in 2 orders, but its sequencing priority 2 lets it be planned "
            "after it (1); give it a lower one.",
        ),
        (
            plain(resources=[press("M1"), press("M2")]), "several-resources",
            "Step 10: PRESS has 2 resources, and each group runs on one of them; limit the groups, or give each "
            "resource a step of its own.",
        ),
        (
            plain(orders=due("2026-11-25T06:00")), "buffer",
            "Step 10: half of the operations on PRESS have less than 1.7 days of buffer before they get late, and the "
            "horizon is 10 days; shorten it, or plan with more buffer.",
        ),
        (
            plain(setup=[]), "little-setup",
            "Step 10: 7 h of work on PRESS need 0 h of setup as planned forward; there is next to nothing to save.",
        ),
        (
            plain(resources=[press("M1", order_on_floor=True)]), "on-the-floor",
            "Step 10: on M1 the order is decided on the floor; what the step plans there will not be run.",
        ),
        (
            forced("S1", resources=["M1"]), "forced-elsewhere",
            "Forced on a resource that is none of their own, and planned there: A10 on S1 (1 in all); take the force "
            "away if that is not meant.",
        ),
        (
            plain(resources=[press("M1", fill_up=True)]), "fill-up",
            "M1 is a fill-up resource, and PRESS is sequenced; what fills up needs no order. Take the step or the mark "
            "away.",
        ),
        (
            plain(operations=keyed("RED,BLU,RED,RED"), steps=[step()]), "dominating-key",
            "Step 10: the key part 'RED' has 75% of the hours on PRESS, so others wait for its end; set a maximum time "
            "for grouping or a maximum operation time.",
        ),
        (
            plain(orders=due("2027-03-01T06:00", delivery_bound=True)), "delivery-bound",
            "Step 10: 7 orders start not before their delivery date allows, for example A, which leaves gaps on PRESS; "
            "set a gap control and a maximum gap.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)  # fmt: skip
def test_each_caution_has_one_sentence(data: dict[str, Any], code: str, sentence: str) -> None:
    found = {caution.code: caution.sentence for caution in lint(read_problem(data))}
    assert found.get(code) == sentence, found


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (plain(horizon_days=None, steps=[step(horizon_days=5, max_group_hours=24)]), "no-horizon"),
        (flow(over={"initial_step": {"sequencing": False}, "steps": [step(20), step(10, work_centre="SAW")]}),
         "no-forward-between"),
        (plain(steps=[step(10, max_group_hours=9), step(20, max_group_hours=9)]), "no-forward-between"),
        (flow(over={"resources": [press("M1", priority=2), {**SAW, "priority": 1}]}), "priority"),
        (plain(resources=[press("M1"), press("M2")], steps=[step(type="minimise_setup", seq_from=None)]),
         "several-resources"),
        (plain(orders=due("2027-03-01T06:00")), "buffer"),
        (plain(orders=due("2026-11-25T06:00"), horizon_days=1), "buffer"),
        (plain(resources=[press("M1"), {**SAW, "fill_up": True, "order_on_floor": True}]), "fill-up"),
        (plain(resources=[press("M1"), {**SAW, "fill_up": True, "order_on_floor": True}]), "on-the-floor"),
        (plain(operations=keyed("RED,BLU,RED,RED"), steps=[step(max_operation_hours=2)]), "dominating-key"),
        (plain(orders=due("2027-03-01T06:00", delivery_bound=True), steps=[step(gap_control="S")]), "delivery-bound"),
        (forced("M1", resources=["M1"]), "forced-elsewhere"),
        (forced("M1"), "forced-elsewhere"),
        (forced("S1", status=17, start="2026-11-23T06:00"), "forced-elsewhere"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_no_caution_where_it_is_taken_care_of(data: dict[str, Any], code: str) -> None:
    assert code not in codes(data)


def test_a_result_has_the_cautions_and_its_file_their_sentences_before_the_warnings_once() -> None:
    done = plan(plain(horizon_days=None, setup=[]))
    assert [caution.code for caution in done.cautions] == ["no-horizon", "little-setup"]
    assert done.as_json()["warnings"] == [caution.sentence for caution in done.cautions]
