"""The server dies over a browser's log: each scan is judged once, and nobody scans in between."""

from __future__ import annotations

import pytest

from tests.crash.conftest import Mortal
from tests.crash.outage import RACKS, log

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def test_a_log_survives_a_server_killed_over_it(mortal: Mortal) -> None:
    whole = len(log())
    mortal.order("calls", str(RACKS))
    for statement in (30, 41, 52, 63, 74, 85):
        # Before, between and inside the transactions of a scan and of the certificate.
        assert mortal.order("send", str(statement)) == -9
        half = mortal.order("certificate")
        assert half["left"] == whole - half["sent"] > 0
        assert half["scans"] in {half["sent"], half["sent"] + 1}
    assert mortal.order("send") == 0
    assert mortal.order("certificate") == {
        "sent": whole, "taken": whole, "doubled": 0, "holes": 0, "tasks": 0, "closed": True, "left": 0,
        "scans": whole, "refused": 0, "nonces": whole, "staged": RACKS, "units": RACKS, "opened": 0,
    }  # fmt: skip
