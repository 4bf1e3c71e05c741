"""The print queue against printers on real sockets: nothing is lost, and of a doubled label one counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from inventory.errors import Stale
from sequencer import tasks
from sequencer.celery import app
from sequencer.channels import printers
from sequencer.models import LabelRecord, PlantEvent, Printer, PrinterAssignment, PrintJob, Task
from sequencer.services import printing
from sequencer.services.printing import DocumentKind, queue
from sequencer.states import PrintStatus, TaskStatus
from tests.factories import Plant, make_plant
from tests.printers import FakePrinter, free_port, printer


@pytest.fixture
def plant(db: None) -> Plant:
    plant = make_plant()
    for n in range(1, 10):
        plant.new(n)
    return plant


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printers, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(printers, "ANSWER_SECONDS", 0.3)


@pytest.fixture
def first() -> Iterator[FakePrinter]:
    with printer() as fake:
        yield fake


@pytest.fixture
def second() -> Iterator[FakePrinter]:
    with printer() as fake:
        yield fake


def install(plant: Plant, *fakes: FakePrinter | int, driver: str = "ZPL", **more: object) -> list[Printer]:
    found = []
    for rank, fake in enumerate(fakes, 1):
        port = fake if isinstance(fake, int) else fake.port
        row = Printer.objects.create(code=f"P{rank}", driver=driver, host="127.0.0.1", port=port, **more)
        PrinterAssignment.objects.create(
            kind=DocumentKind.RACK_LABEL, station=plant.station, printer=row, rank=rank
        )
        found.append(row)
    return found


def ask(plant: Plant, low: int = 1) -> PrintJob:
    return printing.print_document(
        DocumentKind.RACK_LABEL, plant.rack(low), at=timezone.now(), by="op", station=plant.station
    )


def label(job: PrintJob) -> str:
    return str(LabelRecord.objects.filter(job=job).latest("pk"))


def later(seconds: float) -> Callable[[], object]:
    """The clock of a sweep so many seconds from now."""
    return lambda: timezone.now() + timedelta(seconds=seconds)


def sweep(seconds: float = 0.0) -> int:
    """One sweep: everybody who is due is talked to."""
    at = later(seconds)
    return sum(printers.work_off(pk, now=at) for pk in queue.due_printers(at=at()))  # type: ignore[arg-type]


def state(job: PrintJob) -> str:
    job.refresh_from_db()
    return str(job.status)


def test_a_label_is_printed_once_and_only_then_called_printed(plant: Plant, first: FakePrinter) -> None:
    (row,) = install(plant, first)
    job = ask(plant)
    sweep()
    assert first.numbers() == [label(job)]
    assert (state(job), job.attempt, job.problem) == ("PRINTED", 1, "")
    row.refresh_from_db()
    assert (row.state, row.failures, row.claimed_by) == ("READY", 0, "")
    assert PlantEvent.objects.get(kind="printed").subject == "R-1"
    assert sweep(60) == 0
    assert len(first.labels) == 1


def test_labels_come_out_in_the_order_they_were_asked_for(plant: Plant, first: FakePrinter) -> None:
    install(plant, first)
    jobs = [ask(plant, low) for low in (7, 1, 4)]
    sweep()
    assert first.numbers() == [label(job) for job in jobs]


def test_copies_carry_the_same_number(plant: Plant, first: FakePrinter) -> None:
    install(plant, first)
    job = ask(plant)
    PrintJob.objects.filter(pk=job.pk).update(copies=2)
    sweep()
    assert first.numbers() == [label(job)] * 2


@pytest.mark.parametrize("fault", ["paper_out", "head_open", "ribbon_out", "paused"])
def test_nothing_is_sent_to_a_printer_that_cannot_print(plant: Plant, first: FakePrinter, fault: str) -> None:
    (row,) = install(plant, first)
    setattr(first, fault, True)
    job = ask(plant)
    sweep()
    row.refresh_from_db()
    assert (row.state, first.memory, first.labels) == (fault.upper(), [], [])
    assert (state(job), job.attempt) == ("QUEUED", 0)
    assert Task.objects.get(kind="PRINTER").subject == "P1"
    first.mend()
    assert sweep() == 0, "it is asked again when its time has come"
    sweep(2)
    assert (state(job), first.numbers()) == ("PRINTED", [label(job)])
    assert Task.objects.get(kind="PRINTER").status == TaskStatus.DONE


def test_the_second_printer_of_the_station_takes_over(
    plant: Plant, first: FakePrinter, second: FakePrinter
) -> None:
    install(plant, first, second)
    first.paper_out = True
    job = ask(plant)
    sweep()
    sweep()
    assert (state(job), job.printer.code) == ("PRINTED", "P2")
    assert second.numbers() == [label(job)]
    assert not Task.objects.filter(kind="PRINTER").exclude(status=TaskStatus.DONE).exists()


def test_a_printer_that_is_gone_hands_its_queue_over_in_order(plant: Plant, second: FakePrinter) -> None:
    install(plant, free_port(), second)
    jobs = [ask(plant, low) for low in (1, 4, 7)]
    sweep()
    sweep()
    assert second.numbers() == [label(job) for job in jobs]


def test_a_printer_that_comes_back_prints_again(plant: Plant, second: FakePrinter) -> None:
    port = free_port()
    row, _ = install(plant, port, second)
    ask(plant)
    sweep()
    row.refresh_from_db()
    assert (row.state, row.failures) == ("OFFLINE", 1)
    with printer(port=port) as back:
        sweep(5)
        row.refresh_from_db()
        assert (row.state, row.failures) == ("READY", 0)
        job = ask(plant, 4)
        sweep(6)
        assert back.numbers() == [label(job)]


def test_a_dead_printer_is_asked_ever_less_often(plant: Plant) -> None:
    (row,) = install(plant, free_port())
    job = ask(plant)
    waits, seconds = [], 0.0
    for _ in range(7):
        at = later(seconds)
        printers.work_off(row.pk, now=at)  # type: ignore[arg-type]
        row.refresh_from_db()
        waits.append(round((row.retry_at - at()).total_seconds()))  # type: ignore[operator]
        seconds += waits[-1] + 1
    assert waits == [1, 2, 5, 10, 30, 60, 60]
    assert state(job) == "QUEUED"


def test_after_half_an_hour_a_person_decides(plant: Plant) -> None:
    (row,) = install(plant, free_port())
    job = ask(plant)
    printers.work_off(row.pk, now=later(31 * 60))  # type: ignore[arg-type]
    assert state(job) == "FAILED"
    assert "30 minutes" in job.problem
    assert printing.retry(job.pk, at=timezone.now(), by="boss").status == "QUEUED"


def test_a_busy_printer_is_waited_for(plant: Plant, first: FakePrinter) -> None:
    (row,) = install(plant, first)
    first.busy = True
    job = ask(plant)
    sweep()
    row.refresh_from_db()
    assert (row.state, row.failures, state(job), first.memory) == ("BUSY", 0, "QUEUED", [])
    first.busy = False
    sweep(2)
    assert state(job) == "PRINTED"


def test_cut_in_mid_send_repeats_with_a_new_number(plant: Plant, first: FakePrinter) -> None:
    """Half a label went over the wire: nobody knows, so the first number counts no longer."""
    install(plant, first)
    first.cut_after = 200
    job = ask(plant)
    old = label(job)
    sweep()
    assert (state(job), job.attempt) == ("QUEUED", 1)
    assert label(job) != old
    assert old in job.warning
    assert printing.is_void(f"%R:R1#{old}")
    first.cut_after = None
    sweep(3)
    assert (state(job), first.numbers()) == ("PRINTED", [label(job)])


def test_a_label_that_came_out_twice_counts_once_and_says_so(plant: Plant, first: FakePrinter) -> None:
    """The printer prints and dies before it answers: two labels on the floor, one of them void, two keys."""
    install(plant, first)
    first.cut_answer = True
    job = ask(plant)
    sweep()
    first.cut_answer = False
    sweep(3)
    one, two = first.numbers()
    assert one != two
    assert printing.is_void(f"%R:R1#{one}")
    assert printing.is_void(f"%R:R1#{two}") is None
    assert (state(job), f"job {job.pk}-1" in first.labels[0], f"job {job.pk}-2" in first.labels[1]) == (
        "PRINTED", True, True,
    )  # fmt: skip
    assert f"job {job.pk}-1" in job.warning
    doubtful = PlantEvent.objects.get(kind="label_doubtful")
    assert doubtful.facts["label"] == one


def test_a_label_in_the_printers_memory_is_not_called_printed(plant: Plant, first: FakePrinter) -> None:
    install(plant, first)
    first.holding = True
    job = ask(plant)
    sweep()
    assert state(job) == "SENT"
    sweep(2)
    assert state(job) == "SENT"
    first.mend()
    sweep(4)
    assert (state(job), len(first.labels)) == ("PRINTED", 1)


def test_a_label_stuck_without_paper_goes_to_the_second_printer(
    plant: Plant, first: FakePrinter, second: FakePrinter
) -> None:
    install(plant, first, second)
    first.holding = True
    job = ask(plant)
    old = label(job)
    sweep()
    first.paper_out = True
    sweep(2)
    assert state(job) == "SENT", "somebody may just be loading paper"
    sweep(30)
    sweep(31)
    assert (state(job), job.printer.code, second.numbers()) == ("PRINTED", "P2", [label(job)])
    first.mend()
    assert first.numbers() == [old]
    assert printing.is_void(f"%R:R1#{old}")


def test_a_printer_switched_off_with_a_label_inside_is_not_believed(plant: Plant) -> None:
    with printer(holding=True) as gone:
        install(plant, gone)
        job = ask(plant)
        old = label(job)
        sweep()
        assert state(job) == "SENT"
    sweep(2)
    assert state(job) == "QUEUED"
    assert label(job) != old


def test_a_printer_that_says_nothing_is_told_to_a_person(plant: Plant, first: FakePrinter) -> None:
    """Without paper some take connections and do not answer."""
    (row,) = install(plant, first)
    first.silent = True
    job = ask(plant)
    sweep()
    row.refresh_from_db()
    assert (row.state, state(job)) == ("FAULT", "QUEUED")
    assert "paper, ribbon and head" in Task.objects.get(kind="PRINTER").text


def test_a_worker_that_died_while_sending_loses_nothing(plant: Plant, first: FakePrinter) -> None:
    (row,) = install(plant, first)
    job = ask(plant)
    old = label(job)
    dead = queue.claim_printer(row.pk, worker="dead", at=timezone.now())
    assert dead is not None
    assert queue.next_job(dead, at=timezone.now()) is not None
    assert sweep() == 0, "the claim is fresh"
    sweep(31)
    assert (state(job), first.numbers()) == ("PRINTED", [label(job)])
    assert label(job) != old
    assert printing.is_void(f"%R:R1#{old}")


def test_two_workers_do_not_talk_to_one_printer(plant: Plant, first: FakePrinter) -> None:
    (row,) = install(plant, first)
    assert queue.claim_printer(row.pk, worker="one", at=timezone.now()) is not None
    assert queue.claim_printer(row.pk, worker="two", at=timezone.now()) is None


def test_a_worker_that_was_given_up_stops_sending(plant: Plant, first: FakePrinter) -> None:
    (row,) = install(plant, first)
    slow = queue.claim_printer(row.pk, worker="slow", at=timezone.now())
    assert slow is not None
    queue.claim_printer(row.pk, worker="other", at=timezone.now() + queue.STALE * 2)
    assert not queue.keep_claim(slow, at=timezone.now())


def test_data_a_label_cannot_say_fails_by_name_and_holds_nobody_up(plant: Plant, first: FakePrinter) -> None:
    install(plant, first)
    bad, good = ask(plant, 1), ask(plant, 4)
    PrintJob.objects.filter(pk=bad.pk).update(design="vda-4902", data={"part": "ä", "quantity": 1})
    sweep()
    assert state(bad) == "FAILED"
    assert "Code 39 cannot say 'ä'" in bad.problem
    assert state(good) == "PRINTED"


def test_a_label_that_became_void_while_it_waited_is_not_printed(plant: Plant, first: FakePrinter) -> None:
    install(plant, first)
    old = ask(plant)
    new = printing.reprint(old.pk, at=timezone.now(), by="op", reason="torn")
    sweep()
    assert first.numbers() == [label(new)]


def test_a_label_replaced_while_it_was_being_sent_stays_void(
    plant: Plant, first: FakePrinter, second: FakePrinter
) -> None:
    """The reprint comes between the worker's claim and its booking: both labels come out, one counts."""
    (row,) = install(plant, first)
    old = ask(plant)
    number = label(old)
    worker = queue.claim_printer(row.pk, worker="one", at=timezone.now())
    assert worker is not None
    held = queue.next_job(worker, at=timezone.now())
    assert held is not None
    new = printing.reprint(old.pk, at=timezone.now(), by="op", reason="torn")
    for book in (
        lambda: queue.book_printed(held, at=timezone.now()),
        lambda: queue.book_unsure(held, "lost", at=timezone.now()),
    ):
        with pytest.raises(Stale):
            book()
    queue.release_printer(worker)
    sweep()
    assert (state(old), state(new), first.numbers()) == ("VOID", "PRINTED", [label(new)])
    assert printing.is_void(f"%R:R1#{number}")


def test_a_printer_that_answers_nothing_by_design_is_sent_and_believed(
    plant: Plant, first: FakePrinter
) -> None:
    install(plant, first, answers=False)
    job = ask(plant)
    sweep()
    assert (state(job), first.asked) == ("PRINTED", 0)


def test_a_page_printer_gets_pdf(plant: Plant) -> None:
    import socket
    import threading

    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            wire, _ = listener.accept()
            while piece := wire.recv(65536):
                got.extend(piece)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        install(plant, listener.getsockname()[1], driver="PDF")
        job = ask(plant)
        sweep()
        thread.join(5)
    assert state(job) == "PRINTED"
    assert got.startswith(b"%PDF")
    assert got.rstrip().endswith(b"%%EOF")


def test_a_folder_gets_whole_files(plant: Plant, settings: object, tmp_path: object) -> None:
    settings.VAR_DIR = tmp_path  # type: ignore[attr-defined]
    row = Printer.objects.create(code="P/../x", driver="FOLDER", folder="../../etc")
    PrinterAssignment.objects.create(kind=DocumentKind.RACK_LABEL, printer=row)
    job = ask(plant)
    sweep()
    assert state(job) == PrintStatus.PRINTED
    folder = printers.folder_of(row)
    assert folder.is_relative_to(tmp_path)  # type: ignore[arg-type]
    (paper,) = folder.iterdir()
    assert paper.name == f"{job.pk}-1-rack-label-r-1.pdf"
    assert paper.read_bytes().startswith(b"%PDF")


def test_a_sheet_of_paper_is_not_sent_to_a_label_printer(plant: Plant, first: FakePrinter) -> None:
    (row,) = install(plant, first)
    PrinterAssignment.objects.create(kind=DocumentKind.MANIFEST, printer=row)
    job = printing.print_document(DocumentKind.MANIFEST, plant.rack(1), at=timezone.now(), by="op")
    sweep()
    assert (state(job), first.labels) == ("FAILED", [])
    assert "no sheets of paper" in job.problem


def test_the_sweep_finds_what_waits_and_hands_each_printer_to_a_worker(
    plant: Plant, first: FakePrinter, second: FakePrinter
) -> None:
    one, _ = install(plant, first, second)
    job = ask(plant)
    app.conf.task_always_eager = True
    try:
        tasks.sweep_printing()
    finally:
        app.conf.task_always_eager = False
    assert (state(job), job.printer) == ("PRINTED", one)
    assert second.asked == 0, "nobody waits for the second"
