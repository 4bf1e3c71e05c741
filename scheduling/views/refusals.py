"""A refusal as the board's script reads it: the same JSON as the REST API gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from inventory.errors import Refused, Stale

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
            stale = isinstance(error, Stale)
            message = _("It was changed by someone else; read it again.") if stale else error.message
            facts = {"code": error.code, "message": message, "facts": error.facts}
            return JsonResponse(facts, status=error.status)

    return told
