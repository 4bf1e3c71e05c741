"""Paper mode: sheets drawn ahead to a folder, read back by a decoder, and typed in against the latest calls."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from sequencer.models import (
    Badge,
    Carrier,
    Line,
    PaperFolder,
    PaperRow,
    PaperSheet,
    Rack,
    ScanEvent,
    Station,
    Task,
)
from sequencer.services import paper, station_view
from sequencer.services.paper import sheet_of
from sequencer.services.paper.folder import ALL, folder_of
from sequencer.services.paper.sheets import pdf_of
from sequencer.services.quality import Caught, place_hold
from tests.decoding import codes, words
from tests.factories import Plant, make_plant


@pytest.fixture
def plant(db: None, settings: Any, tmp_path: Path) -> Plant:
    settings.PAPER_DIR = tmp_path / "paper"
    made = make_plant()
    for number, part in ((1, "C-A"), (2, "C-B"), (3, "C-A"), (4, "C-C")):
        made.new(number, part)
    return made


def render(plant: Plant, **later: float) -> PaperFolder:
    return paper.render_line(Line.objects.get(), at=plant.tick(**later))


def files(plant: Plant) -> list[str]:
    return sorted(file.name for file in folder_of(plant.line).iterdir())


def first_sheet(plant: Plant) -> PaperSheet:
    """The newest sheet of rack R-1."""
    render(plant)
    found = paper.latest_sheet(plant.rack(1).pk)
    assert found is not None
    return found


def begin(plant: Plant, sheet: PaperSheet, carrier: str = "R1") -> None:
    assert plant.scans("%B:OP", f"%W:{sheet.code}", "%B:BOSS", f"%R:{carrier}") == ["OK"] * 4


def test_a_sheet_says_what_to_pack_and_every_code_is_read_back(plant: Plant) -> None:
    sheet = first_sheet(plant)
    pdf = pdf_of([sheet], printed=plant.at)
    head = f"%W:{sheet.code}"
    assert codes(pdf) == [head, head, *(f"{head}:{slot}" for slot in (1, 2, 3))]
    text = " ".join(words(pdf).split())
    assert "PAPER MODE: only while the server is away" in text
    assert "0001 – 0003" in text
    for said in (
        "R-1 version 1",
        "calls as of 23.11. 06:0",
        "C-B",
        "black",
        "V0002",
        "23.11. 08:02",
        "PACKED BY",
    ):
        assert said in text
    assert pdf == pdf_of([sheet], printed=plant.at)


def test_the_folder_holds_the_next_racks_whole_and_nothing_out_of_date(plant: Plant) -> None:
    folder = render(plant)
    assert folder.problem == ""
    assert files(plant) == [ALL, "R-1_v1.pdf", "R-4_v1.pdf"]
    everything = (folder_of(plant.line) / ALL).read_bytes()
    # A sheet's code stands on it more than once.
    read = dict.fromkeys(code for code in codes(everything) if code.count(":") == 1)
    assert list(read) == [f"%W:{c}" for c in folder.sheets]
    before = (folder_of(plant.line) / "R-1_v1.pdf").stat().st_mtime_ns
    # A call changes: one rack has a new version, the other's file is not touched.
    plant.take("CHANGE", "V0004", "0004", "C-A", required=124)
    (folder_of(plant.line) / "foreign.txt").write_text("stays")
    (folder_of(plant.line) / ".R-9_v1.pdf.tmp").write_text("half")
    render(plant)
    assert files(plant) == [ALL, "R-1_v1.pdf", "R-4_v2.pdf", "foreign.txt"]
    assert (folder_of(plant.line) / "R-1_v1.pdf").stat().st_mtime_ns == before
    # Packed by scan and gone from the next racks: its sheet stays a day.
    Rack.objects.filter(pk=plant.rack(1).pk).update(status="CANCELLED")
    os.utime(folder_of(plant.line) / "R-1_v1.pdf", (plant.at.timestamp(),) * 2)
    render(plant, hours=23)
    assert "R-1_v1.pdf" in files(plant)
    render(plant, hours=2)
    assert files(plant) == [ALL, "R-4_v2.pdf", "foreign.txt"]


def test_it_is_rendered_every_quarter_of_an_hour(plant: Plant) -> None:
    assert [paper.render_due(at=plant.tick(minutes=step)) for step in (0, 1, 13, 2)] == [1, 0, 0, 1]
    assert paper.tell_stale(at=plant.tick(minutes=30)) == 0
    assert paper.tell_stale(at=plant.tick(minutes=1)) == 1
    assert "rendering does not run" in Task.objects.get(kind="PAPER_FOLDER").text
    render(plant)
    assert Task.objects.get(kind="PAPER_FOLDER").status == "DONE"


@pytest.mark.parametrize("trouble", ["no folder", "full disk"])
def test_a_folder_that_cannot_be_written_is_an_alarm_and_no_crash(
    plant: Plant, tmp_path: Path, trouble: str
) -> None:
    if trouble == "no folder":
        (tmp_path / "file").write_text("")
        plant.line.paper_folder = str(tmp_path / "file" / "sheets")
        plant.line.save()
        said = "Not a directory"
    else:
        render(plant)
        plant.take("CHANGE", "V0001", "0001", "C-C", required=121)
        # The device that is always full.
        (folder_of(plant.line) / ".R-1_v2.pdf.tmp").symlink_to("/dev/full")
        said = "No space left on device"
    folder = render(plant)
    assert said in folder.problem
    task = Task.objects.get(kind="PAPER_FOLDER")
    assert said in task.text
    assert task.due_at is not None
    if trouble == "full disk":
        assert files(plant) == [ALL, "R-1_v1.pdf", "R-4_v1.pdf"], "what stood there stays"
        assert render(plant).problem == ""
        assert files(plant) == [ALL, "R-1_v2.pdf", "R-4_v1.pdf"]


def test_a_sheet_is_typed_in_and_the_rack_sealed_by_the_host_check(plant: Plant) -> None:
    sheet = first_sheet(plant)
    begin(plant, sheet)
    row = f"%W:{sheet.code}"
    assert station_view(plant.station.pk, at=plant.at)["ask"]["text"] == "SCAN ROW 1"
    assert plant.scans(f"{row}:1", f"{row}:1", f"{row}:3") == ["OK", "DUPLICATE", "OK"]
    # The browser is closed, somebody else goes on: what is typed in stays.
    assert plant.scans("%C:BACK", "%B:OP", row, f"{row}:3", f"{row}:2") == [
        "OK",
        "OK",
        "OK",
        "DUPLICATE",
        "OK",
    ]
    sheet.refresh_from_db()
    assert (sheet.packed_by, sheet.done_at) == (plant.supervisor, plant.at)
    rack = plant.rack(1)
    assert (rack.status, rack.carrier.code if rack.carrier else "") == ("FULL", "R1")
    typed = PaperRow.objects.filter(sheet=sheet, outcome="PACKED", typed_by=plant.operator)
    assert typed.count() == 3
    scans = ScanEvent.objects.filter(source="PAPER", accepted=True)
    assert [scan.operator for scan in scans] == [plant.supervisor] * 3
    assert plant.scans("%C:SEAL", "%R:R1") == ["OK", "OK"]


def test_traced_parts_are_scanned_from_the_rack(db: None, settings: Any, tmp_path: Path) -> None:
    settings.PAPER_DIR = tmp_path
    plant = make_plant(serial=True)
    for number in (1, 2, 3):
        plant.new(number)
    sheet = first_sheet(plant)
    begin(plant, sheet)
    row = f"%W:{sheet.code}"
    label = "[)>\x1e06\x1dPA\x1dS{}\x1e\x04"
    place_hold(Caught(part="A", serial="BAD"), by="boss", reason="cracks", at=plant.tick())
    told = plant.scans(
        f"{row}:1", label.format("S1"), f"{row}:2", "PA", "SS1", f"{row}:3", label.format("BAD")
    )  # fmt: skip
    assert told == ["OK", "OK", "OK", "NEED_SERIAL", "DUPLICATE", "OK", "ON_HOLD"]
    assert list(plant.rack(1).slots.values_list("status", flat=True)) == ["FILLED", "EMPTY", "EMPTY"]
    assert Task.objects.filter(kind="PAPER_DIFFERENCE").count() == 2
    assert Station.objects.get(pk=plant.station.pk).lock_code == ""
    # The sheet is done, the open slots are packed by scan as ever.
    assert plant.scans(label.format("S2"), "%L:2") == ["OK", "OK"]


def test_every_difference_to_the_latest_calls_is_told_and_a_task(plant: Plant) -> None:
    sheet = first_sheet(plant)
    plant.take("CHANGE", "V0001", "0001", "C-C", required=121)
    plant.take("CANCEL", "V0002", "0002")
    plant.hold(3)
    begin(plant, sheet)
    row = f"%W:{sheet.code}"
    verdicts = [plant.scan(f"{row}:{slot}") for slot in (1, 2, 3)]
    assert {verdict.code for verdict in verdicts} == {"OUT_OF_DATE_CALL"}
    said = [verdict.seen for verdict in verdicts]
    assert said[0] == "the call was changed to C grey"
    assert said[2] == "the call is held or withdrawn now"
    tasks = Task.objects.filter(kind="PAPER_DIFFERENCE").order_by("subject")
    assert [task.subject for task in tasks] == [f"R-1 v1 slot {n}" for n in (1, 2, 3)]
    assert not plant.rack(1).slots.filter(status="FILLED").exists()
    assert plant.scan("%C:SEAL").code != "OK"


def test_an_older_version_is_recognised(plant: Plant) -> None:
    old = first_sheet(plant)
    plant.take("CHANGE", "V0001", "0001", "C-C", required=121)
    new = first_sheet(plant)
    assert (new.version, sheet_of(old.code.lower())) == (2, old)
    plant.scan("%B:OP")
    assert "OLDER one" in plant.scan(f"%W:{old.code}").hint
    assert plant.scans("%B:BOSS", "%R:R1", f"%W:{old.code}:2", f"%W:{old.code}:1") == [
        "OK", "OK", "OK", "OUT_OF_DATE_CALL",
    ]  # fmt: skip
    # The rack was packed by the old sheet: the new one is not typed in as well.
    assert plant.scans("%C:BACK", f"%W:{new.code}") == ["OK", "DUPLICATE"]


REFUSED = [
    ("%W:NOSUCHXX", "UNKNOWN_LABEL", "not known here"),
    ("done", "DUPLICATE", "was typed in at"),
    ("sealed", "NOT_NOW", "nothing is typed into it"),
    ("other rack", "NOT_NOW", "First finish rack"),
    ("other station", "NOT_NOW", "Station S2 works on rack"),
    ("other commodity", "WRONG_RACK", "at its own station"),
]


@pytest.mark.parametrize(("what", "code", "said"), REFUSED, ids=[what for what, _, _ in REFUSED])
def test_what_is_no_sheet_for_this_station_now_is_refused(
    plant: Plant, what: str, code: str, said: str
) -> None:
    sheet = first_sheet(plant)
    plant.scan("%B:OP")
    raw = what if what.startswith("%") else f"%W:{sheet.code}"
    if what == "done":
        PaperSheet.objects.update(done_at=plant.at)
    elif what == "sealed":
        Rack.objects.filter(pk=plant.rack(1).pk).update(status="CANCELLED")
    elif what == "other rack":
        Station.objects.filter(pk=plant.station.pk).update(rack=plant.rack(4))
        Rack.objects.filter(pk=plant.rack(4).pk).update(
            status="LOADING", carrier=Carrier.objects.get(code="R9"), started_at=plant.at
        )
    elif what == "other station":
        Station.objects.create(code="S2", name="Other", commodity=plant.commodity, rack=plant.rack(1))
    elif what == "other commodity":
        other = plant.commodity
        other.pk, other.family, other.rack_prefix = None, "SEAT", "Q"
        other.save()
        Station.objects.filter(pk=plant.station.pk).update(commodity=other)
    verdict = plant.scan(raw)
    assert (verdict.code, said in verdict.hint) == (code, True), verdict
    assert not PaperRow.objects.exists()


@pytest.mark.parametrize("scan", ["PA", "%L:1", "%C:SEAL", "%R:R2", "%W:NOSUCHXX:1"])
def test_a_sheet_takes_only_its_own_rows(plant: Plant, scan: str) -> None:
    begin(plant, first_sheet(plant))
    assert plant.scan(scan).code == "NOT_NOW"
    assert not PaperRow.objects.exists()


def test_a_steel_that_is_not_free_is_refused(plant: Plant) -> None:
    sheet = first_sheet(plant)
    assert plant.scans("%B:OP", f"%W:{sheet.code}", "%R:R1", "%B:BOSS", "PA", "%R:NONE") == [
        "OK", "OK", "NOT_NOW", "OK", "NOT_NOW", "UNKNOWN_LABEL",
    ]  # fmt: skip


def test_the_page_shows_age_racks_and_files(plant: Plant, client: Client) -> None:
    client.force_login(plant.supervisor)
    assert b"never rendered" in client.get("/offline/paper/").content
    assert client.post(f"/offline/paper/lines/{plant.line.pk}/render/").status_code == 302
    page = client.get("/offline/paper/").content.decode()
    sheet = PaperSheet.objects.get(rack=plant.rack(1))
    assert "0 min old" in page
    assert sheet.code in page
    one = client.get(f"/offline/paper/{sheet.code}.pdf")
    everything = client.get(f"/offline/paper/lines/{plant.line.pk}/all.pdf")
    assert codes(one.content)[0] == f"%W:{sheet.code}"
    assert len(codes(everything.content)) == len(codes(one.content)) + 3
    assert client.get("/offline/paper/NOSUCHXX.pdf").status_code == 404
    PaperFolder.objects.update(rendered_at=PaperFolder.objects.get().rendered_at - timedelta(minutes=31))
    assert "31 min old" in client.get("/offline/paper/").content.decode()
    api = client.get("/api/v1/paper-sheets/", {"rack": "R-1"}).json()
    assert [row["code"] for row in api["results"]] == [sheet.code]


def test_the_differences_and_the_end_of_a_sheet_are_told_in_the_typists_language(plant: Plant) -> None:
    sheet = first_sheet(plant)
    Badge.objects.filter(code="BOSS").update(language="de")
    Badge.objects.filter(code="OP").update(language="de")
    begin(plant, sheet)
    plant.take("CHANGE", "V0002", "0002", "C-C")
    assert "der Abruf wurde geändert auf C grey" in plant.scan(f"%W:{sheet.code}:2").hint
    assert plant.scan(f"%W:{sheet.code}").hint.startswith("Blatt fertig: 0 gepackt, 1 Aufgaben, 2 noch offen")
