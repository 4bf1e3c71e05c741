"""The Celery application: wake-ups that carry a row id, and the sweeps that find every due row again."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sequencer.settings")

app = Celery("sequencer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
