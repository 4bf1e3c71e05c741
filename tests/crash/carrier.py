"""Orders to the process that is killed, for what it carries over channels.

channel FILE              enters a channel of the partner from the fields in a JSON file
carry [failpoint[:count]] one worker gives each channel a turn, or dies at the failpoint; answers its exit status
carry_loop MILLISECONDS   one worker works the channels without end and is killed with -9 after that time
owe NAME                  a message to the partner waits to be sent under that name
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

# A claim of a dead process counts as stale after this.
STALE = 0.05


def channel(path: str) -> int:
    from edi.channels import claims
    from edi.models import PartnerChannel, TradingPartner

    claims.LEASE_SECONDS = STALE  # type: ignore[assignment]
    fields = json.loads(Path(path).read_text())
    partner = TradingPartner.objects.get()
    return int(PartnerChannel.objects.create(partner=partner, active=True, stable_seconds=0, **fields).pk)


def carry(failpoint: str = "") -> int:
    from edi import failpoints
    from edi.channels import work_once

    def task() -> None:
        failpoints._armed = failpoints.read_setting(failpoint, production=False)
        work_once(everything=True)

    time.sleep(STALE * 1.5)
    return _end_of(_child(task))


def carry_loop(milliseconds: str) -> int:
    from edi.channels import work_once

    def task() -> None:
        while True:
            work_once(everything=True)

    pid = _child(task)
    time.sleep(int(milliseconds) / 1000)
    os.kill(pid, signal.SIGKILL)
    return _end_of(pid)


def owe(name: str) -> int:
    from django.utils import timezone

    from edi.models import OutboundMessage, TradingPartner

    now = timezone.now()
    message = OutboundMessage.objects.create(
        partner=TradingPartner.objects.get(), kind="DESADV", control_ref=name, file_name=name,
        content=name.encode() * 1000, created_at=now, due_at=now,
    )  # fmt: skip
    return int(message.pk)


def _child(task: Any) -> int:
    from tests.crash.mortal import child

    return child(task)


def _end_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


ORDERS = {"channel": channel, "carry": carry, "carry_loop": carry_loop, "owe": owe}
