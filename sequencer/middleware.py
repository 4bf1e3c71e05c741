"""What every answer to a browser passes: a refusal becomes a page, each page says what it may load."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from inventory.errors import Refused
from sequencer.busy import AGAIN, Busy, is_busy
from sequencer.languages import language_of


class BadgeLanguageMiddleware:
    """Pages speak the language of the badge of who is logged in; others get what `LocaleMiddleware` found.

    A station asks its own badge again (`views/floor.py`): who works there is not who once logged in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request.user)
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        return self.get_response(request)


class RefusedMiddleware:
    """`Refused` raised by a page becomes its own page, or a fragment for HTMX, with the verb's status.

    So does a database that had no turn for it: a station's queue posts the same scan again after any 5xx.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_busy(error):
            error = Busy()
        if not isinstance(error, Refused):
            return None
        template = "components/_refused.html" if getattr(request, "htmx", False) else "refused.html"
        answer = render(request, template, {"error": error}, status=error.status)
        if isinstance(error, Busy):
            answer.headers["Retry-After"] = AGAIN
        return answer


# Scripts and styles come from files of this server only. A style attribute may size a bar, nothing more.
OWN_PAGES: Mapping[str, str] = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "style-src-attr": "'unsafe-inline'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# Pages of packages: the admin evaluates expressions in attributes, the API pages carry their own styles.
POLICIES: Mapping[str, Mapping[str, str]] = {
    "/admin/": {
        **OWN_PAGES,
        "script-src": "'self' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
    },
    "/api/": {**OWN_PAGES, "style-src": "'self' 'unsafe-inline'", "worker-src": "'self' blob:"},
    "/": OWN_PAGES,
}


def policy(path: str) -> str:
    """The Content-Security-Policy of a page, by the first prefix that fits."""
    rules = next(rules for prefix, rules in POLICIES.items() if path.startswith(prefix))
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class ContentPolicyMiddleware:
    """Adds the policy to HTML; a PDF or a stream loads nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", policy(request.path))
        return response
