"""What every page's top bar shows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from sequencer.languages import name_of


def plant(request: HttpRequest) -> dict[str, object]:
    return {
        "demo": settings.DEMO,
        "plant_zone": settings.TIME_ZONE,
        "LANGUAGE_CODE": translation.get_language(),
        "our_languages": [(code, name_of(code)) for code, _ in settings.LANGUAGES],
    }
