"""The small plant, for tests of the core."""

import pytest

from tests.factories import Plant, make_plant


@pytest.fixture
def plant(db: None) -> Plant:
    return make_plant()
