"""The language of a person: it stands on the badge and goes with it to every station and page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from inventory.errors import Invalid
from sequencer.models import Badge


def choose_language(person: Any, code: str) -> bool:
    """Writes it on the badge; False for who has none. Refuses (`Invalid`) a language the plant does not speak."""
    if code not in dict(settings.LANGUAGES):
        raise Invalid("no_language", _("this plant does not speak %(code)s") % {"code": code[:10]})
    kept = Badge.objects.filter(user=person).update(language=code) if person.is_authenticated else 0
    if kept and hasattr(person, "badge"):
        person.badge.language = code
    return bool(kept)
