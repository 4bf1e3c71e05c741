"""A worker that plans dies at any moment: another finishes its run, and the plan is written once."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.crash.conftest import Mortal
from tests.crash.test_intake_outbound import SOAK

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800 if SOAK else 180)]
KILLS = 200 if SOAK else 6


def test_a_run_survives_workers_killed_at_any_moment(mortal: Mortal) -> None:
    chance = random.Random(3)
    mortal.order("plan")
    for _ in range(KILLS):
        assert mortal.order("schedule", str(chance.randint(50, 1400))) == -9
    assert mortal.order("schedule") == 0
    facts = mortal.order("planned")
    assert facts["claims"] > 1, "no worker died while it planned: the test proves nothing"
    assert (facts["status"], facts["version"], facts["runs_written"]) == ("DONE", 2, 1)
    assert len(facts["keys"]) == 12, "each operation has one bar"
    assert len(list(itertools.groupby(facts["keys"]))) == 3, (
        "colours together: the search's plan, not the first"
    )
