"""ASGI entry point (uvicorn)."""

import os

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import get_resolver

from sequencer import env
from sequencer.postgres.kept import keep_connections


class Handler(ASGIHandler):
    """Django's own, with all that a request passes in one thread.

    Django takes a request out of its thread and back around the view, for the sake of views that wait without one. A
    view of ours talks to the database; the one that waits, the stream of a live page, does so in its answer.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response)(request)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sequencer.settings")
# As many as threads ask at once in a busy second; more open for themselves.
if most := env.number("JIS_KEPT_CONNECTIONS", 16):
    keep_connections(most)
django.setup(set_prefix=False)
application = Handler()
# Every page is loaded before the process takes its first scan, not while an operator waits for it.
_ = get_resolver().url_patterns
