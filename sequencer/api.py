"""REST API of the core (DRF). The scan endpoint is the same verb as the page."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler

from inventory.errors import Refused


def refused_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The one DRF handler of `Refused`: its status, code, sentence and facts."""
    if isinstance(error, Refused):
        body = {"code": error.code, "message": error.message, "facts": error.facts}
        return Response(body, status=error.status)
    return exception_handler(error, context)
