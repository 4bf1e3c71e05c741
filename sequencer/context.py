"""What every page's top bar shows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation


def plant(request: HttpRequest) -> dict[str, object]:
    return {
        "demo": settings.DEMO,
        "plant_zone": settings.TIME_ZONE,
        "LANGUAGE_CODE": translation.get_language(),
    }
