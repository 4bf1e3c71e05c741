"""The brokerless queue: Celery messages as files in one folder, for a plant on one machine.

kombu's file system transport writes a message under its final name, so a reader may take a file that is still
empty and die of it. Here a message gets its name when it is whole.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

SCHEME = "wakeups"
TRANSPORT_ALIASES[SCHEME] = "sequencer.wakeups:Transport"


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        staged = Path(self.control_folder) / f"{name}.part"
        staged.write_bytes(str_to_bytes(dumps(payload)))
        os.replace(staged, Path(self.data_folder_out) / name)


class Transport(filesystem.Transport):
    Channel = Channel
    driver_type = SCHEME
    driver_name = SCHEME


def declare_queue(app: Celery) -> None:
    """Makes the queue's entry before any process looks for it: two that make it at once read half a table."""
    with app.connection_for_write() as connection, connection.channel() as channel:
        app.amqp.queues[app.conf.task_default_queue](channel).declare()
