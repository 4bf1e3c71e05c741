"""WCAG 2.2 AA by axe, and by Tab alone: one page of every kind that a link of the program leads to, in the demo plant.

With JIS_PICTURES naming a folder each page is kept as a picture.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import Error as BrowserError

from tests.browser.keyboard import faults_by_tab
from tests.factories import Plant

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("JIS_PICTURES", "")
LAW = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
}
# Pages of other makers, and what is no page.
ELSEWHERE = ("/admin/", "/api/", "/static/", "/logout/")
# Pages that nobody may lose sight of: a crawl that no longer finds them proves nothing.
SEEN_AT_LEAST = {
    *("home", "lines", "line", "racks", "rack", "station", "dock", "shipping", "shipment", "trace", "trace-subject"),
    *("edi", "edi-gaps", "edi-usage", "quarantine", "manual", "exceptions", "quality", "quality-hold"),
    *("overrides", "bypass", "offline", "paper", "sets", "kits", "routes", "printing", "demand", "quantity"),
    *("returnables", "deliveries", "recall", "share-links"),
    *("schedule", "schedule-plans", "schedule-matrix", "schedule-steps", "schedule-step-new"),
}  # fmt: skip


def kind_of(address: str) -> str:
    """One page of each kind is looked at: the name of its route, and of a life whose life it is."""
    path = urlsplit(address).path
    if path.startswith(ELSEWHERE):
        return ""
    try:
        found = resolve(path)
    except Resolver404:
        return ""
    return f"{found.view_name} {found.kwargs.get('kind', '')}".strip()


def opens(page: Any, address: str) -> bool:
    """Goes to an address and says whether a page stands there; papers and files only start a download."""
    try:
        answer = page.goto(address)
    except BrowserError as error:
        if "Download is starting" not in error.message:
            raise
        return False
    return answer.ok and answer.headers.get("content-type", "").startswith("text/html")


def faults(page: Any) -> list[str]:
    found = Axe().run(page, options=LAW).response["violations"]
    return [
        f"{one['id']} ({one['help']}): {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
        for one in found
        for node in one["nodes"][:3]
    ]


def test_no_page_shuts_anybody_out(visit: Callable[..., Any], plant: Plant) -> None:
    call_command("seed_demo", history=True, verbosity=0)
    for n in range(1, 7):
        plant.new(n)
    plant.start_rack()
    for n in (1, 2, 3):
        plant.pack("A", n, serial=f"1{n}")
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]
    plant.plan()
    root = User.objects.create(username="root", is_superuser=True, is_staff=True)
    page = visit(root).page
    stranger = visit().page
    stranger.goto("/login/")
    wrong = {"login": found} if (found := faults(stranger)) else {}
    seen: set[str] = {"logout", "login"}
    life = reverse("trace-subject", args=["call", plant.call(1).pk])
    waiting = ["/", reverse("rack", args=[plant.rack(1).pk]), life]
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if not kind or kind in seen or kind.startswith("events"):
            continue
        seen.add(kind)
        if not opens(page, address):
            continue
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{PICTURES}/{kind.replace(' ', '-')}.png", full_page=True)
        if found := faults(page) + faults_by_tab(page):
            wrong[f"{kind} {address}"] = found
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))")
        waiting += [link for link in links if link.startswith("/")]
    assert wrong == {}, "\n".join(f"{kind}: {one}" for kind, some in wrong.items() for one in some)
    assert {name.split()[0] for name in seen} >= SEEN_AT_LEAST
