"""Decision tables of the station: sequence breaks, the piece in the hand, keyboards set otherwise than the scanner."""

from __future__ import annotations

import itertools

import pytest

from sequencer.labels import KEYBOARD_TEST, LAYOUTS, wrong_layout
from sequencer.rules import BreakAction, HandEnd, HandFacts, judge_break, judge_hand
from sequencer.states import BreakPolicy, GroupStatus, Stage

P, A = BreakPolicy, BreakAction
# (policy, after, passed, what is done)
BREAKS = [
    (P.STOP, 0, 0, A.STOP),
    (P.STOP, 3, 9, A.STOP),
    (P.WARN, 0, 0, A.WARN),
    (P.WARN, 3, 9, A.WARN),
    (P.DETAIN_NOW, 3, 0, A.DETAIN),
    (P.IGNORE, 0, 0, A.NOTE),
    (P.DELAYED_THEN_DETAIN, 3, 0, A.WAIT),
    (P.DELAYED_THEN_DETAIN, 3, 2, A.WAIT),
    (P.DELAYED_THEN_DETAIN, 3, 3, A.DETAIN),
    (P.DELAYED_THEN_DETAIN, 0, 0, A.DETAIN),
    (P.DELAYED_THEN_SCRAP, 3, 0, A.WAIT),
    (P.DELAYED_THEN_SCRAP, 3, 2, A.WAIT),
    (P.DELAYED_THEN_SCRAP, 3, 3, A.SCRAP),
    (P.DELAYED_THEN_SCRAP, 0, 0, A.SCRAP),
]


@pytest.mark.parametrize(("policy", "after", "passed", "action"), BREAKS)
def test_what_a_policy_does(policy: P, after: int, passed: int, action: A) -> None:
    assert judge_break(policy, after=after, passed=passed, announced=False) is action


def test_every_policy_is_in_the_table() -> None:
    assert {row[0] for row in BREAKS} == set(P)


@pytest.mark.parametrize("policy", P)
def test_an_announced_break_never_alarms_again(policy: P) -> None:
    assert judge_break(policy, after=0, passed=9, announced=True) is A.QUIET


def test_no_policy_ever_takes_the_piece() -> None:
    """Whatever is configured, there is no action by which the piece becomes the other vehicle's."""
    cases = itertools.product(P, range(4), range(5), (True, False))
    done = {judge_break(p, after=a, passed=n, announced=said) for p, a, n, said in cases}
    assert done == set(A)
    assert not {"TAKE", "ASSIGN", "ACCEPT"} & set(A)


G, H = GroupStatus, HandEnd
HANDS = [
    (HandFacts(1, G.IN_WORK, Stage.FIRM), None),
    (HandFacts(1, G.VERIFIED, Stage.FIRM), None),
    (HandFacts(2, G.RELEASED, Stage.FIRM), H.CHANGED),
    (HandFacts(2, G.UNRESOLVED, Stage.FIRM), H.CHANGED),
    (HandFacts(1, G.UNRESOLVED, Stage.FIRM), H.CHANGED),
    (HandFacts(1, G.CANCELLED, Stage.CANCELLED), H.CANCELLED),
    (HandFacts(2, G.CANCELLED, Stage.FIRM), H.CANCELLED),
    (HandFacts(1, G.RELEASED, Stage.FIRM), H.MOVED),
    (HandFacts(1, G.IN_WORK, Stage.FIRM, here=False), H.MOVED),
    (HandFacts(1, G.VERIFIED, Stage.FIRM, held=True), H.HELD),
    (HandFacts(1, G.VERIFIED, Stage.PLANNED), H.HELD),
    (HandFacts(1, G.VERIFIED, Stage.FIRM, on_hold=True), H.ON_HOLD),
    (HandFacts(2, G.VERIFIED, Stage.FIRM, on_hold=True), H.CHANGED),
    *((HandFacts(1, status, Stage.FIRM), H.DONE) for status in (G.PACKED, G.SHIPPED, G.MISSING, G.REPAIR)),
]  # fmt: skip


@pytest.mark.parametrize(("now", "end"), HANDS)
def test_what_becomes_of_the_piece_in_the_hand(now: HandFacts, end: H | None) -> None:
    assert judge_hand(1, now) is end


@pytest.mark.parametrize("country", LAYOUTS)
def test_the_test_label_tells_the_layout(country: str) -> None:
    assert country in wrong_layout(KEYBOARD_TEST.translate(LAYOUTS[country]))


@pytest.mark.parametrize("country", ["German", "French", "Spanish"])
def test_a_bent_badge_tells_the_layout_at_log_in_only(country: str) -> None:
    badge = "%B:B1001".translate(LAYOUTS[country])
    assert country in wrong_layout(badge, at_log_in=True)
    assert wrong_layout(badge) == "", "later the same signs may be a part's number"


@pytest.mark.parametrize("text", [KEYBOARD_TEST, "%B:B1001", "P8R0-853-651 B", "rubbish", ""])
def test_what_is_read_as_printed_is_not_complained_of(text: str) -> None:
    assert wrong_layout(text, at_log_in=True) == ""


def test_caps_lock_is_told() -> None:
    assert wrong_layout(KEYBOARD_TEST.swapcase()).startswith("Caps Lock is on")


def test_an_unknown_layout_is_told_at_log_in() -> None:
    assert wrong_layout("x" + "K" + "?" * (len(KEYBOARD_TEST) - 2), at_log_in=True)
