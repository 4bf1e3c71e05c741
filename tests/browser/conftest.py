"""Chromium in front of the real server: uvicorn in a thread of the test process, on the test database.

Skipped where no Chromium is installed: `apt-get install chromium`, or point JIS_CHROMIUM at one, and
`pip install -e '.[test]'` for Playwright; then `pytest tests/browser`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Error as BrowserError

from sequencer.views import floor
from tests.factories import Plant, make_plant

HOW = "no Chromium: apt-get install chromium (or set JIS_CHROMIUM), pip install playwright, pytest tests/browser"
FOUND = (
    os.environ.get("JIS_CHROMIUM"),
    *map(shutil.which, ("chromium", "chromium-browser", "google-chrome")),
)
CONTROL = {"\x1d": "Control+]", "\x1e": "Control+^", "\x04": "Control+d"}


LAST_WORDS = """() => [
    `${location.href} after ${Math.round(performance.now())} ms, ${document.visibilityState},`
    + ` ${navigator.onLine ? "online" : "offline"}, focus on ${document.activeElement?.tagName}`,
    ...(window.said ?? []),
    ...Object.entries(localStorage).map(([name, kept]) => `kept: ${name} ${kept}`),
].join("\\n")"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A test that fails says what its pages said: a wait in vain explains nothing by itself."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("chromium")
    if report.when == "call" and report.failed and browser is not None:
        for page in [page for context in browser.contexts for page in context.pages]:
            try:
                words = page.evaluate(LAST_WORDS)
            except BrowserError as error:  # a page that is gone or hangs must not hide the failure
                words = f"{page.url}: {error}"
            report.sections.append(("the page's last words", words))
    return report


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    path = next((path for path in FOUND if path), None)
    if path is None:
        pytest.skip(HOW)
    sync_api = pytest.importorskip("playwright.sync_api", reason=HOW)
    # Playwright runs an event loop in this thread; Django's guard against that is for servers, not for tests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Server:
    """The program under uvicorn. Real ASGI, because pages live by a stream that a WSGI test server cannot give."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.running = 0
        self.address = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.running += 1
        try:
            await self.application(scope, receive, send)
        finally:
            self.running -= 1

    def settle(self) -> None:
        """Waits until no request is under way: emptying the tables would lock against it."""
        until = time.monotonic() + 40
        while self.running and time.monotonic() < until:
            time.sleep(0.02)
        assert self.running == 0, "a request outlived its browser"


@pytest.fixture(scope="package")
def server(chromium: Any) -> Iterator[Server]:
    import uvicorn

    from sequencer.asgi import application

    counted = Server(application)
    listener = socket.create_server(("127.0.0.1", 0))
    counted.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(counted, lifespan="off", log_level="warning", timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield counted
    running.should_exit = True
    thread.join(5)


# A green lasts 0.8 s; on a busy machine the test may look later. The page remembers its colours since the last scan,
# and what it said last: a wait that ends in vain tells the words in order.
REMEMBER = """
window.colours = new Set();
window.said = [];
const SAYS = {
  now: "[data-part=ask] strong", judged: "[data-part=judged] strong", alone: "#alone-band strong", quiet: "#quiet",
  stripe: ".alone-stripe", light: "#light", told: "[data-told]", raw: "#raw",
};
document.addEventListener("DOMContentLoaded", () => {
    const seen = () => window.colours.add(document.body.dataset.ground);
    new MutationObserver(seen).observe(document.body, { attributes: true, attributeFilter: ["data-ground"] });
    seen();
    const before = {};
    const listen = () => {
        for (const [name, where] of Object.entries(SAYS)) {
            const text = document.querySelector(where)?.textContent.replace(/\\s+/g, " ").trim() ?? "";
            if (text === (before[name] ?? "")) continue;
            before[name] = text;
            window.said.push(`${Math.round(performance.now())} ms ${name}: ${text || "(nothing)"}`);
            if (window.said.length > 60) window.said.shift();
        }
    };
    const deep = { childList: true, subtree: true, characterData: true };
    new MutationObserver(listen).observe(document.body, deep);
    listen();
});
"""
TURNED = """ground => document.body.dataset.ground === ground || (ground !== "wait" && window.colours?.has(ground))"""


@dataclass
class Floor:
    """A browser at a station. `scan` types as a scanner does: fast, with Enter behind, no field in focus."""

    page: Any
    address: str

    def open(self, path: str) -> Floor:
        self.page.goto(self.address + path)
        self.page.wait_for_selector("#light:not([data-state=quiet])")
        return self

    def scan(self, *codes: str) -> Floor:
        self.page.evaluate("() => window.colours?.clear()")
        for code in codes:
            for run in re.findall(r"[\x00-\x1f]|[^\x00-\x1f]+", code):
                if run in CONTROL:
                    self.page.keyboard.press(CONTROL[run])
                else:
                    self.page.keyboard.type(run)
            self.page.keyboard.press("Enter")
        return self

    def asked(self, text: str) -> Floor:
        """Waits until the band asks for this."""
        self.page.wait_for_function(
            "text => document.querySelector('[data-part=ask]').innerText.toUpperCase().includes(text)",
            arg=text,
        )
        return self

    def told(self, text: str) -> Floor:
        """Waits until the judgement says this."""
        self.page.wait_for_function(
            "text => document.querySelector('[data-part=judged]').innerText.includes(text)", arg=text
        )
        return self

    def turned(self, ground: str) -> Floor:
        """Waits until the whole page has this colour; a flash since the last scan counts, resting does not."""
        self.page.wait_for_function(TURNED, arg=ground)
        return self

    @property
    def ground(self) -> str:
        return str(self.page.evaluate("() => document.body.dataset.ground"))

    def answered(self) -> Floor:
        """Waits until the server has judged every scan of this browser and the page shows it."""
        self.page.wait_for_function("() => !Object.keys(localStorage).some(name => name.startsWith('scan '))")
        return self

    def waits(self) -> int:
        """Scans kept in the browser that the server has not answered."""
        return int(
            self.page.evaluate("() => Object.keys(localStorage).filter(k => k.startsWith('scan ')).length")
        )


@pytest.fixture
def plant(chromium: Any, transactional_db: None) -> Plant:
    return make_plant(serial=True)


@pytest.fixture(autouse=True)
def slow_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys sent through a debugger on a busy machine come slower than from a scanner: the page is told so.

    A machine that stands still for three seconds within the four keys of a slot's label made them "typed by hand".
    """
    monkeypatch.setitem(floor.WEDGE, "gap", 20_000)
    monkeypatch.setitem(floor.WEDGE, "silence", 20_000)


@pytest.fixture
def service_workers() -> str:
    """Blocked: a test that plays the network's part must see each request. What is about the worker says "allow"."""
    return "block"


@pytest.fixture
def visit(
    chromium: Any, server: Server, plant: Plant, service_workers: str
) -> Iterator[Callable[..., Floor]]:
    """Opens a browser of one's own, as a person or as nobody; a script error in any of them fails the test."""
    contexts, errors = [], []

    def open_browser(user: User | None = None, *, width: int = 1280, height: int = 800) -> Floor:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            base_url=server.address,
            service_workers=service_workers,
        )
        context.set_default_timeout(30_000)
        context.add_init_script(REMEMBER)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            name = django_settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": server.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return Floor(page, server.address)

    yield open_browser
    for context in contexts:
        context.close()
    server.settle()
    assert errors == []


@pytest.fixture
def station(visit: Callable[..., Floor], plant: Plant) -> Floor:
    """The packing station's page, opened by an operator's log-in."""
    return visit(plant.operator).open(f"/station/{plant.station.pk}/")
