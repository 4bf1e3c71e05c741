"""Whoever prints dies at any moment: every label comes out, and of those that came out twice one counts."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.crash.conftest import Mortal
from tests.crash.test_intake_outbound import SOAK
from tests.printers import printer

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800 if SOAK else 120)]
LABELS, KILLS = (2000, 400) if SOAK else (120, 15)


def test_labels_survive_a_worker_killed_at_any_moment(mortal: Mortal) -> None:
    chance = random.Random(8)
    with printer() as fake:
        mortal.order("printer", str(fake.port))
        mortal.order("label", str(LABELS))
        for _ in range(KILLS):
            assert mortal.order("press", str(chance.randint(320, 420))) == -9
        assert mortal.order("press") == 0
        facts = mortal.order("papers")
        out = Counter(fake.numbers())
    assert facts["states"] == ["PRINTED"]
    assert len(facts["live"]) == LABELS
    assert all(out[number] == 1 for number in facts["live"]), "each label that counts came out once"
    doubled = set(out) - set(facts["live"])
    assert doubled <= set(facts["void"]), "what came out beside them is void"
    assert len(facts["void"]) == sum(attempt - 1 for attempt in facts["attempts"]), (
        "a number for each attempt"
    )
    assert facts["warned"] == sum(attempt > 1 for attempt in facts["attempts"]), "and a person is told"
    assert sum(facts["attempts"]) > LABELS, "no worker died while it sent: the test proves nothing"
