"""ASGI entry point (uvicorn)."""

import os

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from sequencer import env
from sequencer.postgres.kept import keep_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sequencer.settings")
# As many as threads ask at once in a busy second; more open for themselves.
if most := env.number("JIS_KEPT_CONNECTIONS", 16):
    keep_connections(most)
application = get_asgi_application()
# Every page is loaded before the process takes its first scan, not while an operator waits for it.
_ = get_resolver().url_patterns
