"""The live stream: nothing missed, nothing told twice, no connection held, quick."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import AsyncClient, Client
from django.utils import timezone

from sequencer.models import PlantEvent, Station
from sequencer.services import record_event
from sequencer.views import stream
from sequencer.views.enrolment import enrol
from sequencer.views.stream import Follower, News, hub, listen, replay
from tests.factories import Plant, make_plant


def event(topic: str = "line:1", kind: str = "x", *, pk: int | None = None) -> PlantEvent:
    return PlantEvent.objects.create(pk=pk, at=timezone.now(), topic=topic, kind=kind, subject="s")


# reading the journal


def test_a_follower_begins_at_the_end_and_tells_each_row_once(db: None) -> None:
    event()
    follower = Follower()
    assert follower.read(0) == []
    row = event(kind="new")
    assert follower.read(1) == [News(row.pk, "line:1", "new")]
    assert follower.read(2) == []


def test_a_row_that_commits_after_a_later_one_is_told(db: None) -> None:
    """PostgreSQL hands out ids at insert and shows rows at commit."""
    first = event()
    follower = Follower()
    follower.read(0)
    event(kind="later", pk=first.pk + 3)
    assert [news.kind for news in follower.read(1)] == ["later"]
    event(kind="earlier", pk=first.pk + 1)
    assert [news.kind for news in follower.read(2)] == ["earlier"]
    event(kind="between", pk=first.pk + 2)
    assert [news.kind for news in follower.read(3)] == ["between"]
    assert follower.read(4) == []
    assert follower.missing == {}


def test_a_row_not_yet_committed_at_the_start_is_told(db: None) -> None:
    first = event(pk=100)
    event(pk=first.pk + 2)
    follower = Follower()
    follower.read(0)
    event(kind="late", pk=first.pk + 1)
    assert [news.kind for news in follower.read(1)] == ["late"]


def test_the_id_to_resume_from_never_skips_a_row_that_may_still_come(db: None) -> None:
    first = event()
    follower = Follower()
    follower.read(0)
    event(kind="later", pk=first.pk + 3)
    (news,) = follower.read(1)
    assert news.resume == first.pk


def test_an_id_that_was_rolled_back_is_given_up(db: None) -> None:
    first = event()
    follower = Follower()
    follower.read(0)
    event(pk=first.pk + 2)
    follower.read(1)
    assert set(follower.missing) == {first.pk + 1}
    follower.read(1 + stream.MISSING_SECONDS)
    assert follower.missing == {}
    row = event(kind="next", pk=first.pk + 3)
    (news,) = follower.read(2 + stream.MISSING_SECONDS)
    assert news.resume == row.pk


def test_what_was_missed_is_replayed_for_the_topics_asked(db: None) -> None:
    first = event()
    event(kind="a")
    event("edi", "b")
    event("station:9", "c")
    assert [n.kind for n in replay(first.pk, frozenset({"line:1", "edi"}))] == ["a", "b"]


# streams


async def told(body: AsyncIterator[str]) -> dict[str, Any]:
    """The next event of a stream as its fields; `comment` for a bare beat."""
    text = await asyncio.wait_for(anext(body), 30)
    return dict(line.split(": ", 1) for line in text.strip().splitlines() if not line.startswith(":"))


def run(scenario: Callable[[], Any]) -> None:
    asyncio.run(scenario())


async def later(topic: str, kind: str) -> float:
    """A row committed by another thread, as a station's request would; returns when it was committed."""

    def commit() -> float:
        record_event(topic, kind, "s", at=timezone.now())
        done = time.monotonic()
        connection.close()
        return done

    result: list[float] = []
    thread = threading.Thread(target=lambda: result.append(commit()))
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(0.005)
    return result[0]


@pytest.mark.django_db(transaction=True)
def test_a_committed_event_reaches_every_listener_of_its_topic_within_a_second() -> None:
    async def scenario() -> None:
        bodies = [listen(frozenset({"line:1"}), None) for _ in range(20)]
        other = listen(frozenset({"line:2"}), None, heartbeat=0.6)
        for body in [*bodies, other]:
            assert (await told(body))["event"] == "hello"
        waits = []
        for n in range(5):
            committed = await later("line:1", f"k{n}")
            for body in bodies:
                news = await told(body)
                assert (news["event"], json.loads(news["data"])["kind"]) == ("plant", f"k{n}")
            waits.append(time.monotonic() - committed)
        # One that came late had to wait for a busy machine; if all five do, it is the stream.
        assert min(waits) < 1.0
        assert (await told(other))["event"] == "beat"
        for body in [*bodies, other]:
            await body.aclose()

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_a_returning_browser_gets_what_it_missed_and_then_the_news() -> None:
    first = event()
    event(kind="missed")

    async def scenario() -> None:
        body = listen(frozenset({"line:1"}), first.pk)
        assert (await told(body))["event"] == "hello"
        assert json.loads((await told(body))["data"])["kind"] == "missed"
        await later("line:1", "fresh")
        assert json.loads((await told(body))["data"])["kind"] == "fresh"
        await body.aclose()

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_the_poller_sleeps_when_nobody_listens_and_wakes_again() -> None:
    async def scenario() -> None:
        for _ in range(2):
            body = listen(frozenset({"line:1"}), None)
            await told(body)
            task = hub().task
            await body.aclose()
            assert task is not None
            await asyncio.wait_for(asyncio.shield(task), 30)
            assert hub().queues == {}

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_the_poller_gives_its_connection_back() -> None:
    opened: list[Any] = []

    def note(connection: Any, **_: Any) -> None:
        if threading.current_thread().name.startswith("journal"):
            opened.append(connection)

    async def scenario() -> None:
        body = listen(frozenset({"line:1"}), None)
        await told(body)
        task = hub().task
        await body.aclose()
        await asyncio.wait_for(asyncio.shield(task), 30)  # type: ignore[arg-type]
        await asyncio.sleep(0.2)

    connection_created.connect(note)
    try:
        run(scenario)
    finally:
        connection_created.disconnect(note)
    assert [wrapper.connection for wrapper in opened] == [None]


@pytest.mark.django_db(transaction=True)
def test_a_browser_that_does_not_read_is_let_go_and_the_others_go_on(monkeypatch: Any) -> None:
    monkeypatch.setattr(stream, "QUEUE_MOST", 3)

    async def scenario() -> None:
        slow, quick = (listen(frozenset({"line:1"}), None) for _ in range(2))
        await told(slow)
        await told(quick)
        for n in range(5):
            hub().tell(News(n, "line:1", f"k{n}"))
            assert json.loads((await told(quick))["data"])["kind"] == f"k{n}"
        with pytest.raises(StopAsyncIteration):
            await told(slow)
        await quick.aclose()

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_a_stream_comes_through_the_whole_server_stack() -> None:
    plant = make_plant()

    client = AsyncClient()
    client.force_login(plant.supervisor)

    async def scenario() -> None:
        answer = await client.get(f"/events/?topics=line:{plant.line.pk},edi")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/event-stream")
        body = aiter(answer.streaming_content)

        async def next_text() -> str:
            return (await asyncio.wait_for(anext(body), 30)).decode()

        assert "event: hello" in await next_text()
        await later("edi", "delivery_parsed")
        assert '"topic": "edi"' in await next_text()
        await body.aclose()

    run(scenario)


@pytest.mark.django_db(transaction=True)
def test_what_a_stream_reads_gives_its_connection_back() -> None:
    event()

    def read() -> tuple[int, bool]:
        rows = stream._closing(replay)(0, frozenset({"line:1"}))
        return len(rows), connection.connection is None

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(read).result() == (1, True)


@pytest.fixture
def plant_client(db: None) -> tuple[Plant, Client]:
    return make_plant(), Client()


def test_a_stranger_may_not_listen(plant_client: tuple[Plant, Client]) -> None:
    plant, client = plant_client
    for topic in (f"line:{plant.line.pk}", f"station:{plant.station.pk}", "edi"):
        assert client.get(f"/events/?topics={topic}").status_code == 403


def test_one_forbidden_topic_forbids_the_stream(plant_client: tuple[Plant, Client]) -> None:
    plant, client = plant_client
    station = Station.objects.get(pk=plant.station.pk)
    answer = client.get("/login/")
    enrol(answer, station)
    client.cookies.update(answer.cookies)
    assert client.get(f"/events/?topics=station:{station.pk},edi").status_code == 403


def test_no_topic_is_said(plant_client: tuple[Plant, Client]) -> None:
    plant, client = plant_client
    client.force_login(plant.operator)
    assert client.get("/events/").status_code == 422
    assert client.get("/events/?topics=,").status_code == 422


def test_somebody_without_a_role_may_not_listen(plant_client: tuple[Plant, Client]) -> None:
    plant, client = plant_client
    client.force_login(User.objects.create(username="nobody"))
    assert client.get(f"/events/?topics=line:{plant.line.pk}").status_code == 403
