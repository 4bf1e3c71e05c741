"""The shop of the scheduling tests."""

from __future__ import annotations

import pytest

from scheduling.services import forget_boards
from tests.scheduling.shop import Shop


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


@pytest.fixture(autouse=True)
def no_boards_of_other_tests() -> None:
    """Tables begin anew with each test, and so do the ids of plans."""
    forget_boards()
