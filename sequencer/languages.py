"""The language a person is told things in: that of the badge. Codes, logs, EDI and exports have none."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils import translation

KEPT = 365 * 24 * 3600


def language_of(person: Any) -> str:
    """What stands on this person's badge; empty for nobody, for who has none, and for a language we do not speak."""
    chosen = str(getattr(getattr(person, "badge", None), "language", ""))
    return chosen if chosen in dict(settings.LANGUAGES) else ""


def speaking_to(person: Any) -> AbstractContextManager[None]:
    """What is said inside is said in this person's language; without one, in the one that was spoken before."""
    return translation.override(language_of(person) or translation.get_language())


def speaking_on_paper() -> AbstractContextManager[None]:
    """A paper is read by whoever stands before it, and laminated ones for years: it speaks the plant's language."""
    return translation.override(settings.LANGUAGE_CODE)


def name_of(code: str) -> str:
    """The language's name as those who speak it write it."""
    return str(translation.get_language_info(code)["name_local"]).capitalize()


def speak_here(answer: HttpResponseBase, code: str) -> None:
    """This browser asks for it from now on: for who has no badge, and where nobody has signed on yet."""
    answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, code, max_age=KEPT, samesite="Lax")


def following(code: str) -> str:
    """The next of the plant's languages, round and round."""
    codes = [known for known, _ in settings.LANGUAGES]
    return codes[(codes.index(code) + 1) % len(codes)] if code in codes else codes[0]
