"""Pure tests see no database: `make test` runs them, `make test-services` need not run them again."""

from __future__ import annotations

import pytest


@pytest.fixture
def spool() -> None:
    """Nobody hands files over here: no folder is made for each of thousands of tests."""


@pytest.fixture(autouse=True)
def no_database(request: pytest.FixtureRequest) -> None:
    asked = {"db", "transactional_db"} & set(request.fixturenames)
    assert not asked, f"a test that asks for {asked} belongs outside tests/pure"
    assert request.node.get_closest_marker("django_db") is None, "a marked test belongs outside tests/pure"
