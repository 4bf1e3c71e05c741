"""For health checks: `manage.py alive web`, `alive worker`, `alive watch_inbox`; exit code 1 when not."""

from __future__ import annotations

import http.client
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from sequencer.models import Heartbeat


class Command(BaseCommand):
    help = "Says whether a process of the plant works: the web answers, or a heartbeat row is fresh."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="web, or the first word of a heartbeat: worker, watch_inbox")
        parser.add_argument("--within", type=int, default=40, help="seconds a heartbeat counts")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, name: str, within: int, port: int, **options: Any) -> None:
        fault = web_fault(port) if name == "web" else heartbeat_fault(name, timedelta(seconds=within))
        if fault:
            raise CommandError(fault)
        self.stdout.write(f"{name} is alive")


def web_fault(port: int) -> str:
    """Why the log-in page does not come; asked as the proxy in front asks."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    host = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    try:
        asked.request("GET", settings.LOGIN_URL, headers={"Host": host, "X-Forwarded-Proto": "https"})
        status = asked.getresponse().status
        return "" if status < 400 else f"the log-in page answers {status}"
    except (OSError, http.client.HTTPException) as error:
        return f"the web does not answer on port {port}: {error}"
    finally:
        asked.close()


def heartbeat_fault(name: str, within: timedelta) -> str:
    """Why a process counts as dead. A worker that lives but consumes nothing writes no heartbeat."""
    last = Heartbeat.objects.filter(name__startswith=name).order_by("-at").first()
    if last is None:
        return f"{name} has never written a heartbeat"
    age = timezone.now() - last.at
    return "" if age <= within else f"the last heartbeat of {last.name} is {age.total_seconds():.0f} s old"
