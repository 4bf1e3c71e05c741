"""Orders that concern an outage: a station's log to replay, a server that is killed over it, and what the rows say."""

from __future__ import annotations

import itertools
import os
import signal
from datetime import timedelta
from typing import Any

RACKS = 7


def calls(count: str) -> None:
    """So many racks of one call each are called for."""
    from django.db import transaction

    from sequencer.models import SequencingProgram
    from sequencer.rules import CalledPart, CallNews
    from sequencer.services import take_call_off
    from tests.factories import START

    program = SequencingProgram.objects.get()
    for n in range(1, int(count) + 1):
        news = CallNews(
            event="NEW", call_number=f"V{n}", sequence_number=f"{n:07d}", parts=(CalledPart("C-A"),),
            required_at=START + timedelta(hours=2, minutes=n),
        )  # fmt: skip
        with transaction.atomic():
            take_call_off(program.pk, news, at=START, by="test")


def log() -> list[Any]:
    """What a browser would hold: every rack taken, filled, sealed and staged while it was alone."""
    from sequencer.services.offline import KeptScan
    from tests.factories import START

    raws = [("%B:OP", "BADGE")]
    for n in range(1, RACKS + 1):
        raws += [
            (f"%R:R{n}", "RACK"),
            ("PA", "PART"),
            ("%L:1", "SLOT"),
            ("%C:SEAL", "SEAL"),
            (f"%R:R{n}", "STAGE"),
        ]
    return [
        KeptScan(n, f"crash{n:06d}", raw, START + timedelta(seconds=n), "OK", step)
        for n, (raw, step) in enumerate(raws, 1)
    ]


def _send() -> None:
    """One post of the whole log, as the browser makes it again until it is answered."""
    from sequencer.models import Station
    from sequencer.services.offline import replay
    from tests.factories import START

    now = START + timedelta(hours=1)
    replay(
        Station.objects.get(code="S1").pk, "outage", log(), client="browser", pack="p", since=START, skew=0.0,
        last=True, now=now,
    )  # fmt: skip


def send(statement: str = "") -> int:
    """A server at work on the post: killed with -9 before that statement of its database, or left alone."""
    from django.db import connection

    from tests.crash.mortal import child

    left = itertools.count(int(statement or 0), -1)

    def die(execute: Any, *asked: Any) -> Any:
        if next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*asked)

    def task() -> None:
        with connection.execute_wrapper(die):
            _send()

    return os.waitstatus_to_exitcode(os.waitpid(child(task), 0)[1])


def certificate() -> dict[str, Any]:
    from sequencer.models import OfflineSpell, Rack, ScanEvent, Station, Task, Unit

    row = OfflineSpell.objects.get()
    return {
        "sent": row.sent, "taken": row.taken, "doubled": row.doubled, "holes": row.holes, "tasks": row.tasks,
        "closed": row.closed_at is not None, "left": Station.objects.get(code="S1").replay_left,
        "scans": ScanEvent.objects.count(), "refused": ScanEvent.objects.filter(accepted=False).count(),
        "nonces": ScanEvent.objects.values("nonce").distinct().count(),
        "staged": Rack.objects.filter(status="STAGED").count(), "units": Unit.objects.filter(status="PACKED").count(),
        "opened": Task.objects.filter(kind="OFFLINE_CONFLICT").count(),
    }  # fmt: skip


ORDERS = {"calls": calls, "send": send, "certificate": certificate}
