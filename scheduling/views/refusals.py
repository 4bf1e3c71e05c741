"""A refusal as the board's script reads it: the same JSON as the REST API gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from inventory.errors import Refused

P = ParamSpec("P")


def as_json(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """View decorator: code, message and facts with the refusal's status instead of a page."""

    @wraps(view)
    def told(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except Refused as error:
            facts = {"code": error.code, "message": error.message, "facts": error.facts}
            return JsonResponse(facts, status=error.status)

    return told
