"""Live pages: one reader a process follows the journal and tells every open browser what changed.

A browser gets `topic` and `kind` only and fetches its fragment; the rights of the data stay with the
fragment. Ids of PostgreSQL can become visible out of order, so an id that was skipped is asked for again for
a while, and the id handed to a browser never lies behind one that may still appear.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.db import Error, connection
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from sequencer.access import may
from sequencer.models import PlantEvent
from sequencer.views import enrolment

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
HEARTBEAT_SECONDS = 10.0
# Longer than any transaction of ours: an id still missing then was rolled back.
MISSING_SECONDS = 20.0
MISSING_MOST = 500
REPLAY_MOST = 500
QUEUE_MOST = 1000

Row = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class News:
    """One journal row as a browser hears it. `resume` is the id from which nothing is lost."""

    resume: int
    topic: str
    kind: str


@dataclass(slots=True)
class Follower:
    """Reads what is new in the journal, in any order of commit, each row once."""

    last: int | None = None
    missing: dict[int, float] = field(default_factory=dict)

    def read(self, now: float) -> list[News]:
        """New rows since the last call. The first call only takes its place at the end."""
        if self.last is None:
            self._start(now)
            return []
        self.missing = {i: since for i, since in self.missing.items() if now - since < MISSING_SECONDS}
        wanted = Q(id__gt=self.last)
        if self.missing:
            wanted |= Q(id__in=list(self.missing))
        rows = list(PlantEvent.objects.filter(wanted).order_by("id").values_list("id", "topic", "kind"))
        return self._take(rows, now)

    def _start(self, now: float) -> None:
        ids = set(PlantEvent.objects.order_by("-id").values_list("id", flat=True)[:MISSING_MOST])
        self.last = max(ids, default=0)
        self.missing = dict.fromkeys(set(range(min(ids, default=1), self.last)) - ids, now)

    def _take(self, rows: list[Row], now: float) -> list[News]:
        assert self.last is not None
        for number, _, _ in rows:
            self.missing.pop(number, None)
            skipped = range(max(self.last + 1, number - MISSING_MOST), number)
            self.missing.update(dict.fromkeys(skipped, now))
            self.last = max(self.last, number)
        low = min(self.missing, default=self.last + 1) - 1
        return [News(min(number, low), topic, kind) for number, topic, kind in rows]


class Hub:
    """One poller for all open streams of this process; it sleeps when nobody listens."""

    def __init__(self) -> None:
        self.queues: dict[asyncio.Queue[News | None], frozenset[str]] = {}
        self.task: asyncio.Task[None] | None = None
        self.placed = asyncio.Event()

    async def join(self, topics: frozenset[str]) -> asyncio.Queue[News | None]:
        """A queue that misses nothing from the moment this returns."""
        queue: asyncio.Queue[News | None] = asyncio.Queue(QUEUE_MOST)
        self.queues[queue] = topics
        if self.task is None or self.task.done():
            self.placed.clear()
            self.task = asyncio.get_running_loop().create_task(self._poll())
        try:
            await self.placed.wait()
        except asyncio.CancelledError:
            self.leave(queue)
            raise
        return queue

    def leave(self, queue: asyncio.Queue[News | None]) -> None:
        self.queues.pop(queue, None)

    def tell(self, news: News) -> None:
        for queue, topics in list(self.queues.items()):
            if news.topic in topics:
                self._put(queue, news)

    def _put(self, queue: asyncio.Queue[News | None], news: News) -> None:
        try:
            queue.put_nowait(news)
        except asyncio.QueueFull:
            # A browser that no longer reads: it comes back and refreshes everything.
            self._end(queue)

    def end_all(self) -> None:
        """Ends every stream; browsers come back by themselves."""
        for queue in list(self.queues):
            self._end(queue)

    def _end(self, queue: asyncio.Queue[News | None]) -> None:
        self.leave(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        follower = Follower()
        # One thread with one connection of its own, as long as somebody listens.
        thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        try:
            while self.queues:
                for news in await loop.run_in_executor(thread, _read, follower):
                    self.tell(news)
                if follower.last is not None:
                    self.placed.set()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            thread.submit(_give_back)
            thread.shutdown(wait=False)
            self.end_all()


def _read(follower: Follower) -> list[News]:
    """A database that is away is no reason to end a stream: pages show their age meanwhile."""
    try:
        return follower.read(time.monotonic())
    except Error as error:
        log.warning("journal not readable, trying again: %s", error)
        connection.close()
        return []


def _give_back() -> None:
    """Closes the connection of the thread this runs in (`connection` is another one in every thread)."""
    connection.close()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this event loop (a server process has one loop)."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        _end_before_stopping(loop, _hubs[loop])
    return _hubs[loop]


def _end_before_stopping(loop: asyncio.AbstractEventLoop, streams: Hub) -> None:
    """A server that is told to stop waits for its answers, and a stream never ends by itself: end it first.

    Only where a server took the signals; its own handler runs after ours.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not callable(signal.getsignal(signal.SIGTERM)):
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def stop(received: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(streams.end_all)
            before(received, frame)

        signal.signal(number, stop)


def replay(after: int, topics: frozenset[str]) -> list[News]:
    """What a returning browser missed, the oldest `REPLAY_MOST` of it."""
    rows = PlantEvent.objects.filter(id__gt=after, topic__in=topics).order_by("id")
    return [News(*row) for row in rows.values_list("id", "topic", "kind")[:REPLAY_MOST]]


def message(news: News) -> str:
    data = json.dumps({"topic": news.topic, "kind": news.kind})
    return f"id: {news.resume}\nevent: plant\ndata: {data}\n\n"


HELLO = "retry: 2000\nevent: hello\ndata: {}\n\n"
# A comment keeps proxies from closing the line; the event beside it lets the page know the line is alive.
BEAT = ": beat\nevent: beat\ndata: {}\n\n"


async def listen(
    topics: frozenset[str], after: int | None, *, heartbeat: float = HEARTBEAT_SECONDS
) -> AsyncIterator[str]:
    """The body of one stream: hello, what was missed, then news as they come, with a beat between."""
    queue = await hub().join(topics)
    try:
        yield HELLO
        if after is not None:
            for news in await sync_to_async(_closing(replay))(after, topics):
                yield message(news)
        async for text in _news(queue, heartbeat):
            yield text
    finally:
        hub().leave(queue)


async def _news(queue: asyncio.Queue[News | None], heartbeat: float) -> AsyncIterator[str]:
    while True:
        try:
            # Not wait_for: before Python 3.12 it loses a disconnect that comes together with news.
            async with asyncio.timeout(heartbeat):
                news = await queue.get()
        except TimeoutError:
            yield BEAT
            continue
        if news is None:
            return
        yield message(news)


def _closing(read: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a read and gives its connection back: a stream must hold none while it waits."""

    def run(*args: object) -> object:
        try:
            return read(*args)
        finally:
            # Inside a caller's transaction (tests) the connection is not ours to close.
            if not connection.in_atomic_block:
                connection.close()

    return run


def allowed(request: HttpRequest, topics: frozenset[str]) -> bool:
    """Every topic needs its page's right; stations and docks are heard by their enrolled browsers too."""
    return all(_may_hear(request, topic) for topic in topics)


def _may_hear(request: HttpRequest, topic: str) -> bool:
    name = {"edi": "edi-pulse"}.get(topic, "events")
    return may(request.user, name) or enrolment.hears(request, topic)


def read_topics(request: HttpRequest) -> frozenset[str]:
    return frozenset(word for word in request.GET.get("topics", "").split(",") if word)


def read_after(request: HttpRequest) -> int | None:
    with contextlib.suppress(ValueError):
        return int(request.headers.get("Last-Event-ID", ""))
    return None


async def events(request: HttpRequest) -> HttpResponseBase:
    """`/events/?topics=line:3,edi`: server-sent events for the topics, if the person may hear them."""
    topics = read_topics(request)
    if not topics:
        return HttpResponse("Name the topics: ?topics=line:1,edi", status=422, content_type="text/plain")
    if not await sync_to_async(_closing(allowed))(request, topics):
        return HttpResponse("Log in to listen.", status=403, content_type="text/plain")
    response = StreamingHttpResponse(
        listen(topics, read_after(request)), content_type="text/event-stream; charset=utf-8"
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response
