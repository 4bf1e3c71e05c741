"""Every page of ours says that scripts and styles come from files of this server."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from sequencer.middleware import ContentPolicyMiddleware


def policy_of(path: str, content_type: str = "text/html; charset=utf-8") -> dict[str, str]:
    answer = ContentPolicyMiddleware(lambda request: HttpResponse(content_type=content_type))
    header = answer(RequestFactory().get(path)).headers.get("Content-Security-Policy", "")
    return dict(rule.split(" ", 1) for rule in header.split("; ") if rule)


@pytest.mark.parametrize("path", ["/", "/lines/1/", "/station/1/", "/edi/", "/login/"])
def test_our_pages_run_no_inline_script_and_load_nothing_from_elsewhere(path: str) -> None:
    rules = policy_of(path)
    assert rules["default-src"] == "'self'"
    assert "script-src" not in rules, "scripts fall under default-src"
    assert rules["frame-ancestors"] == rules["object-src"] == "'none'"


def test_the_admin_may_evaluate_but_not_run_inline_script() -> None:
    assert policy_of("/admin/")["script-src"] == "'self' 'unsafe-eval'"


@pytest.mark.parametrize("path", ["/", "/admin/", "/api/docs/"])
def test_no_policy_names_another_host(path: str) -> None:
    assert not [value for value in policy_of(path).values() if "//" in value or "*" in value]


def test_a_pdf_carries_none() -> None:
    assert policy_of("/racks/1/manifest.pdf", "application/pdf") == {}
