"""System checks for what breaks a plant. The core does not know the gate: see `edi.checks` for its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

PLANT = "plant"


@register(PLANT)
def check_plant(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*database(), *broker(), *production(), *spool()]


def database() -> Iterator[CheckMessage]:
    if not settings.EMBEDDED_DATABASE:
        return
    if settings.WORKER_HOSTS > 1:
        yield Error(
            f"SQLite cannot serve {settings.WORKER_HOSTS} worker hosts; its locks end at the machine.",
            hint="Set DATABASE_URL=postgres://..., or JIS_WORKER_HOSTS=1.",
            id="jis.E001",
        )
    if settings.PRODUCTION:
        yield Warning(
            "This plant runs on SQLite: one machine, no standby.",
            hint="Set DATABASE_URL=postgres://... before the plant needs a second machine.",
            id="jis.W001",
        )


def broker() -> Iterator[CheckMessage]:
    if settings.BROKERLESS and settings.WORKER_HOSTS > 1:
        yield Error(
            f"The brokerless queue is a folder of one machine, not of {settings.WORKER_HOSTS} worker hosts.",
            hint="Set REDIS_URL=redis://..., or JIS_WORKER_HOSTS=1.",
            id="jis.E002",
        )
    if settings.BROKERLESS and settings.PRODUCTION:
        yield Error(
            "Production has no broker: wake-ups would wait for a poll.",
            hint="Set REDIS_URL=redis://... (append-only file on, maxmemory-policy noeviction).",
            id="jis.E003",
        )
    seen = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout")
    if isinstance(seen, int) and seen <= settings.CELERY_TASK_TIME_LIMIT:
        yield Error(
            f"The broker repeats a task after {seen} s; it may run {settings.CELERY_TASK_TIME_LIMIT} s.",
            hint="Keep CELERY_TASK_TIME_LIMIT below the visibility timeout.",
            id="jis.E004",
        )


def production() -> Iterator[CheckMessage]:
    if not settings.PRODUCTION:
        return
    if settings.DEBUG:
        yield Error(
            "DEBUG shows the plant's secrets to who provokes an error.",
            hint="Unset JIS_DEBUG.",
            id="jis.E005",
        )
    if settings.DEMO:
        yield Error(
            "Demo log-ins have public passwords and stations show the scan tray.",
            hint="Unset JIS_DEMO.",
            id="jis.E006",
        )


def spool() -> Iterator[CheckMessage]:
    if not os.access(settings.SPOOL_DIR, os.R_OK | os.X_OK):
        yield Error(
            f"The spool {settings.SPOOL_DIR} cannot be entered by this user.",
            hint="Give this user the folder, or set JIS_SPOOL.",
            id="jis.E007",
        )
