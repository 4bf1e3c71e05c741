"""Printers that are slow, cut, stuck, dumb or replaced, on real sockets: no label is lost, none doubled unsaid."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from inventory.errors import Unreachable
from sequencer.boards.printing import queue as shown
from sequencer.channels import printers
from sequencer.models import LabelRecord, PlantEvent, Printer, PrintJob, Task
from sequencer.services import printing
from sequencer.services.printing import queue
from tests.bounds import seeds
from tests.factories import Plant, make_plant
from tests.printers import FakePrinter, free_port, printer
from tests.sequencer.test_print_queue import ask, install, label, state, sweep


@pytest.fixture
def plant(db: None) -> Plant:
    plant = make_plant()
    for n in range(1, 28):
        plant.new(n)
    return plant


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (
        ("CONNECT_SECONDS", 0.5),
        ("ANSWER_SECONDS", 0.3),
        ("STALL_SECONDS", 0.5),
        ("AFTER_LABEL_SECONDS", 5.0),
    ):
        monkeypatch.setattr(printers, name, seconds)


@pytest.fixture
def first() -> Iterator[FakePrinter]:
    with printer() as fake:
        yield fake


def told(plant: Plant) -> tuple[str, str, str]:
    """What the page of the queue shows of the one job and its printer."""
    page = shown(show="waiting", find="", at=timezone.now())
    (row,) = page["rows"]
    return row["job"].status, row["job"].problem, page["printers"][0]["printer"].state


def test_a_printer_that_takes_bytes_slowly_prints_each_label_once(plant: Plant) -> None:
    """It answers only after it has read the label: longer than a printer is given that has nothing to read."""
    with printer(slow=2_500) as slow:
        install(plant, slow)
        jobs = [ask(plant, low) for low in (1, 4)]
        began = time.monotonic()
        sweep()
        assert time.monotonic() - began > 2 * printers.ANSWER_SECONDS, "it was slow"
        assert slow.numbers() == [label(job) for job in jobs]
    assert [(state(job), job.attempt, job.warning) for job in jobs] == [("PRINTED", 1, "")] * 2


def test_sending_goes_on_as_long_as_something_is_taken_and_keeps_the_claim(plant: Plant) -> None:
    (row,) = install(plant, free_port())
    claimed = queue.claim_printer(row.pk, worker="w", at=timezone.now())
    assert claimed is not None
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    content, got = bytes(60_000), bytearray()

    def read() -> None:
        while len(got) < len(content):
            got.extend(theirs.recv(4096))
            time.sleep(0.05)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with ours, theirs:
        printers._send(ours, content, claimed, timezone.now)
        reader.join(60)
    assert bytes(got) == content


def test_a_printer_that_takes_nothing_any_more_is_given_up(plant: Plant) -> None:
    (row,) = install(plant, free_port())
    claimed = queue.claim_printer(row.pk, worker="w", at=timezone.now())
    assert claimed is not None
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        printers._send(ours, bytes(10_000_000), claimed, timezone.now)
    Printer.objects.update(claimed_by="another")
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(Unreachable, match="another worker"):
        printers._send(ours, b"^XA^XZ", claimed, timezone.now)


@pytest.mark.parametrize(("drip", "becomes"), [(0.001, "PRINTED"), (0.02, "QUEUED")])
def test_an_answer_that_dribbles_is_waited_for_as_a_whole(plant: Plant, drip: float, becomes: str) -> None:
    with printer(drip=drip) as fake:
        install(plant, fake)
        job = ask(plant)
        began = time.monotonic()
        sweep()
        assert state(job) == becomes
        assert time.monotonic() - began < 30, "not byte after byte for minutes"
        assert len(fake.labels) == (becomes == "PRINTED")


@pytest.mark.parametrize("bytes_taken", [3, 200, 600])
def test_half_a_label_is_no_part_of_the_next_one(plant: Plant, first: FakePrinter, bytes_taken: int) -> None:
    install(plant, first)
    first.cut_after = bytes_taken
    job = ask(plant)
    old = label(job)
    sweep()
    first.cut_after = None
    status, problem, printer_is = told(plant)
    assert (status, printer_is) == ("QUEUED", "OFFLINE")
    assert "lost while sending" in problem
    sweep(3)
    (out,) = first.labels
    assert (state(job), first.numbers()) == ("PRINTED", [label(job)])
    assert out.count("^XA") == 1
    assert old not in out
    assert printing.is_void(f"%R:R1#{old}")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("paper_out", "no paper"),
        ("head_open", "the print head is open"),
        ("ribbon_out", "no ribbon"),
        ("paused", "somebody paused it"),
    ],
)
def test_a_fault_with_the_label_inside_is_shown_and_the_label_comes_out_once(
    plant: Plant, first: FakePrinter, fault: str, words: str
) -> None:
    install(plant, first)
    first.fails_with = fault
    job = ask(plant)
    sweep()
    status, problem, printer_is = told(plant)
    assert (status, printer_is) == ("SENT", fault.upper())
    assert words in problem
    assert words in Task.objects.get(kind="PRINTER").text
    # Asked again after 1, 2, 5 seconds and then every 5: switched off and on, it would have forgotten the label.
    for seconds in (2, 5, 11, 17, 23, 29):
        sweep(seconds)
    assert (Printer.objects.get().failures, state(job)) == (7, "SENT")
    first.mend()
    sweep(35)
    assert (state(job), first.numbers(), job.warning) == ("PRINTED", [label(job)], "")


def test_a_printer_that_falls_silent_with_the_label_inside_is_not_believed(
    plant: Plant, first: FakePrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printers, "AFTER_LABEL_SECONDS", 0.3)
    install(plant, first)
    first.fails_with = "silent"
    job = ask(plant)
    old = label(job)
    sweep()
    assert told(plant)[::2] == ("QUEUED", "OFFLINE")
    (doubtful,) = shown(show="doubtful", find="", at=timezone.now())["rows"]
    assert old in doubtful["job"].warning
    first.mend()
    sweep(3)
    assert first.numbers() == [old, label(job)], "both came out: one counts, the other is refused and told of"
    assert printing.is_void(f"%R:R1#{old}")
    assert state(job) == "PRINTED"


def test_a_printer_that_never_answers_gets_nothing(plant: Plant, first: FakePrinter) -> None:
    install(plant, first)
    first.silent = True
    job = ask(plant)
    for seconds in (0, 2, 5, 11):
        sweep(seconds)
    assert told(plant)[0::2] == ("QUEUED", "FAULT")
    assert (first.labels, first.memory, state(job), job.attempt) == ([], [], "QUEUED", 0)


def test_another_device_knows_nothing_of_the_label_in_the_old_one(plant: Plant, first: FakePrinter) -> None:
    """The broken printer is carried away with a label in its memory; the one in its place stands elsewhere."""
    (row,) = install(plant, first)
    first.fails_with = "head_open"
    job = ask(plant)
    old = label(job)
    sweep()
    assert state(job) == "SENT"
    with printer() as new:
        Printer.objects.filter(pk=row.pk).update(port=new.port)
        sweep(2)
        assert (state(job), new.numbers()) == ("PRINTED", [label(job)])
    assert label(job) != old
    assert printing.is_void(f"%R:R1#{old}")
    assert old in job.warning
    assert "was replaced" in PlantEvent.objects.get(kind="label_doubtful").reason


def test_an_administrator_names_another_address_and_it_is_asked_at_once(
    plant: Plant, first: FakePrinter, admin_client: Client
) -> None:
    (row,) = install(plant, free_port())
    job = ask(plant)
    for seconds in (0, 2, 5, 11):
        sweep(seconds)
    row.refresh_from_db()
    assert row.retry_at is not None
    rows = {f"assignments-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    form = {
        "code": "P1", "name": "", "driver": "ZPL", "host": "127.0.0.1", "port": first.port, "dpi": 203,
        "answers": "on", "folder": "", "active": "on", **rows,
    }  # fmt: skip
    answer = admin_client.post(f"/admin/sequencer/printer/{row.pk}/change/", form)
    assert answer.status_code == 302, answer.content[:2000]
    sweep()
    assert (state(job), first.numbers()) == ("PRINTED", [label(job)])


@pytest.mark.parametrize("seed", seeds(6))
def test_whatever_a_printer_does_every_label_is_out_and_every_double_is_told(plant: Plant, seed: int) -> None:
    """A bad day, drawn by lot: cut, stuck, replaced. At its end each job has one label that counts."""
    chance = random.Random(seed)
    with printer() as one, printer() as two:
        (row,) = install(plant, one)
        jobs, clock = [], 0.0
        for low in (1, 4, 7, 10, 13, 16, 19, 22, 25):
            jobs.append(ask(plant, low))
            for fake in (one, two):
                fake.cut_after = chance.choice([None, None, None, chance.randrange(1, 900)])
                fake.cut_answer = chance.random() < 0.15
                fake.fails_with = chance.choice(["", "", "paper_out", "paused", "head_open"])
            if chance.random() < 0.25:
                Printer.objects.filter(pk=row.pk).update(port=chance.choice([one.port, two.port]))
            clock += 6
            sweep(clock)
            if chance.random() < 0.5:
                one.mend()
                two.mend()
        for _ in range(8):
            for fake in (one, two):
                fake.cut_after, fake.cut_answer, fake.fails_with = None, False, ""
                fake.mend()
            clock += 61
            sweep(clock)
        out = one.numbers() + two.numbers()
    assert {state(job) for job in jobs} == {"PRINTED"}
    live = set(LabelRecord.objects.filter(void_at__isnull=True).values_list("number", flat=True))
    assert live <= set(out), "no label is lost"
    assert len(out) == len(set(out)), "no number lies on two labels"
    warned = " ".join(PrintJob.objects.values_list("warning", flat=True)) + " ".join(
        str(event.facts["label"]) for event in PlantEvent.objects.filter(kind="label_doubtful")
    )
    for number in set(out) - live:
        assert number in warned, "a doubled label is told of"
        assert printing.is_void(f"%R:R1#{number}")
