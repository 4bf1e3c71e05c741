"""Wake-ups for workers. They only save waiting: the row is the truth and a sweep finds every due row."""

from __future__ import annotations

import logging
import time

from celery import Celery
from kombu.exceptions import KombuError

log = logging.getLogger(__name__)

# While the broker is away each wake-up would cost a connection attempt; intake must not wait for it.
PAUSE_SECONDS = 5.0
_silent_until = 0.0


def wake(task: str, row_id: int) -> bool:
    """Tells a worker to look at a row; False when the broker is away. Call it after the commit."""
    global _silent_until
    from sequencer.celery import app

    if time.monotonic() < _silent_until:
        return False
    errors: tuple[type[BaseException], ...] = (KombuError, OSError, *_transport_errors(app))
    try:
        app.send_task(task, args=[row_id], retry=False, ignore_result=True)
    except errors as error:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        log.warning("no wake-up for %s %s, the sweep will find it: %s", task, row_id, error)
        return False
    return True


def _transport_errors(app: Celery) -> tuple[type[BaseException], ...]:
    """What the configured broker's client raises when it cannot be reached."""
    connection = app.connection_for_write()
    return (*connection.connection_errors, *connection.channel_errors)
