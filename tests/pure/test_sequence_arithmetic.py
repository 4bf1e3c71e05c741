"""Sequence numbers: text as sent, an unwrapped position beside it, and the cut into racks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import Invalid
from sequencer.rules import Counter, cut, missing_between

FOUR = Counter("", 4, 1, 9999)
NISSAN_LIKE = Counter("IPF", 7, 1, 9_999_999)


def test_text_keeps_prefix_and_zeros() -> None:
    assert NISSAN_LIKE.read("IPF2434976") == 2434976
    assert NISSAN_LIKE.text(42) == "IPF0000042"


@pytest.mark.parametrize("text", ["", "12A4", "XY0001", "0000", "10000", "-001", " 0012", "٣"])
def test_unreadable_sequence_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="sequence") as error:
        FOUR.read(text)
    assert error.value.code == "bad_sequence"


@pytest.mark.parametrize(
    ("text", "near", "position"),
    [
        ("0001", None, 1),
        ("0001", 9999, 10000),
        ("9999", 10000, 9999),
        ("0005", 9998, 10004),
        ("9998", 10003, 9998),
        ("0001", 3 * 9999, 3 * 9999 + 1),
        ("5000", 9999, 5000),
    ],
)
def test_wrap_takes_the_nearest_value(text: str, near: int | None, position: int) -> None:
    assert FOUR.position(text, near) == position


@given(last=st.integers(0, 10**7), step=st.integers(-4000, 4000))
def test_position_and_text_are_inverse_near_the_last(last: int, step: int) -> None:
    position = last + step
    assert FOUR.position(FOUR.text(position), last) == position


@given(position=st.integers(-500, 500), start=st.integers(-50, 50), capacity=st.integers(1, 30))
def test_cut_is_a_partition_that_never_moves(position: int, start: int, capacity: int) -> None:
    low, high = cut(position, start, capacity)
    assert low <= position <= high
    assert high - low + 1 == capacity
    assert cut(low, start, capacity) == cut(high, start, capacity) == (low, high)


def test_missing_between() -> None:
    assert list(missing_between(None, 7)) == []
    assert list(missing_between(6, 7)) == []
    assert list(missing_between(4, 7)) == [5, 6]
    assert list(missing_between(9, 7)) == []
