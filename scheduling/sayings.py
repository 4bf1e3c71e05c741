"""What the engine said, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext

from inventory.errors import Invalid, Refused
from scheduling.engine import ProblemError
from scheduling.engine.sentences import TEMPLATES, Sentence, spoken

# As a row keeps it: a text of old, or code, values and text.
Said = str | Mapping[str, Any]


def say(said: Said) -> str:
    """The sentence in the active language.

    A text without a code is told as it stands, and so is the text of a sentence this version knows no template for,
    or another one.
    """
    if isinstance(said, Sentence):
        code, values, text = said.code, said.values, str(said)
    elif isinstance(said, str):
        return said
    else:
        code, values, text = said.get("code", ""), said.get("values") or {}, str(said.get("text", ""))
    if code not in TEMPLATES:
        return text
    try:
        return spoken(code, values, gettext)
    except (KeyError, TypeError, ValueError):
        return text


def refusal(code: str, error: ProblemError, kind: type[Refused] = Invalid) -> Refused:
    """A problem the engine refuses, in the active language, with its code and values among the facts."""
    return kind(code, say(error.said), place=error.place, said=error.said.as_json())


def said_as_json(said: Iterable[Said]) -> list[dict[str, Any]]:
    """Code, values and the text in the active language, as the API tells them; an old text has no code."""
    return [
        {
            "code": one.get("code", "") if isinstance(one, Mapping) else "",
            "values": one.get("values", {}) if isinstance(one, Mapping) else {},
            "text": say(one),
        }
        for one in said
    ]
