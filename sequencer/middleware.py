"""One place that turns a verb's refusal into an answer for a browser."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inventory.errors import Refused


class RefusedMiddleware:
    """`Refused` raised by a page becomes its own page, or a fragment for HTMX, with the verb's status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            return None
        template = "components/_refused.html" if getattr(request, "htmx", False) else "refused.html"
        return render(request, template, {"error": error}, status=error.status)
