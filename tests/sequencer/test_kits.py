"""Kit lists: what the cart takes, in the rack's loading order, on the page and on paper."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from pypdfium2 import PdfDocument

from inventory.errors import Invalid, Refused, Unknown
from inventory.models import Part
from sequencer.documents import pdf
from sequencer.documents.facts import Kit, KitLine, KitPart
from sequencer.documents.kit import kit_list
from sequencer.models import (
    CommodityRoute,
    ComponentGroup,
    PlantEvent,
    Printer,
    PrinterAssignment,
    Rack,
    ReleasePace,
    RouteSwitch,
)
from sequencer.services import station_view
from sequencer.services.kits import kit_of, kit_pdf, racks_to_kit, switch_from_next_rack, switch_route
from sequencer.services.printing import DocumentKind, document_of, print_document
from tests.factories import START, Plant, make_plant


def stored(plant: Plant) -> None:
    Part.objects.filter(number="A").update(storage_bin="A-01")
    Part.objects.filter(number="B").update(storage_bin="B-02")


def test_a_kit_follows_the_loading_order_and_adds_up_by_bin(db: None) -> None:
    plant = make_plant(build_order="REVERSE")
    stored(plant)
    for n, part in ((1, "C-A"), (2, "C-B"), (3, "C-A")):
        plant.new(n, part)
    kit = kit_of(plant.rack(1).pk, at=START)
    by_slot = [(line.slot, line.sequence, [p.bin for p in line.parts]) for line in kit.lines]
    assert by_slot == [("1", "0003", ["A-01"]), ("2", "0002", ["B-02"]), ("3", "0001", ["A-01"])]
    assert [(p.bin, p.part, p.quantity) for p in kit.totals] == [("A-01", "A", 2), ("B-02", "B", 1)]


def test_what_is_not_picked_now_says_why_and_what_is_packed_is_left_out(plant: Plant) -> None:
    ReleasePace.objects.create(program=plant.program, lead_minutes=121)
    for n in (1, 2, 3):
        plant.new(n, required=120 + n)
    plant.start_rack()
    plant.pack("A", 1)
    ComponentGroup.objects.filter(pk=plant.group(2).pk).update(on_hold=True)
    kit = kit_of(plant.rack(1).pk, at=START)
    assert [(line.sequence, line.note) for line in kit.lines] == [
        ("0002", "quality hold"),
        ("0003", "waits until 06:02"),
    ]
    assert kit.totals == ()


def test_the_list_begins_with_the_rack_that_is_needed_first(plant: Plant) -> None:
    for n in (4, 1):
        plant.new(n)
    assert [rack.low_position for rack in racks_to_kit()] == sorted(r.low_position for r in racks_to_kit())
    with pytest.raises(Unknown, match="no rack 99999"):
        kit_of(99999, at=START)


def test_a_vehicle_is_never_cut_over_two_sheets() -> None:
    parts = tuple(KitPart(f"P{n}", "", "B", 1) for n in range(7))
    lines = tuple(KitLine(str(n), f"{n:04d}", "", parts) for n in range(1, 9))
    document = kit_list(Kit("R-1", "Doors", "Line 1", "06:00", lines))
    assert len(document.pages) == 2
    for page in document.pages:
        texts = [e.text for e in page.elements if hasattr(e, "text")]
        assert sum(text.startswith("P") and text[1:].isdigit() for text in texts) % 7 == 0


def test_the_page_and_its_paper_open_for_the_floor(plant: Plant, client: Client) -> None:
    stored(plant)
    plant.new(1)
    client.force_login(plant.operator)
    rack = plant.rack(1)
    assert "A-01" in client.get(reverse("kit", args=[rack.pk])).content.decode()
    assert rack.number in client.get(reverse("kits")).content.decode()
    answer = client.get(reverse("kit-pdf", args=[rack.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert BytesIO(kit_pdf(rack.pk, at=START)).read(5) == b"%PDF-"


def test_a_call_that_is_built_is_not_picked_and_keeps_its_slot(plant: Plant) -> None:
    plant.new(1)
    plant.new(2)
    switch_route(plant.group(1).pk, "BUILD", by=plant.supervisor, reason="stock is out", at=START)
    kit = kit_of(plant.rack(1).pk, at=START)
    assert [(line.slot, line.note, len(line.parts)) for line in kit.lines] == [
        ("1", "built at the station", 0),
        ("2", "", 1),
    ]
    CommodityRoute.objects.create(commodity=plant.commodity, route="BUILD")
    switch_route(plant.group(1).pk, "PICK", by=plant.supervisor, reason="stock is back", at=START)
    kit = kit_of(plant.rack(1).pk, at=START)
    assert [line.note for line in kit.lines] == ["", "built at the station"]
    told = PlantEvent.objects.filter(kind="route_switched").values_list("reason", flat=True)
    assert list(told.order_by("pk")) == ["stock is out", "stock is back"]


def test_the_station_shows_the_steps_of_a_call_that_is_built(plant: Plant) -> None:
    plant.new(1)
    switch_route(plant.group(1).pk, "BUILD", by=plant.supervisor, reason="stock is out", at=START)
    plant.start_rack()
    now = station_view(plant.station.pk, at=plant.at)["now"]
    assert [step["part"] for step in now["steps"]] == ["A", ""]
    plant.pack("A", 1)
    assert plant.group(1).status == "PACKED"


def test_a_switch_is_refused_without_a_reason_and_once_it_is_packed(plant: Plant) -> None:
    plant.new(1)
    with pytest.raises(Refused, match="say why"):
        switch_route(plant.group(1).pk, "BUILD", by=plant.supervisor, reason=" ", at=START)
    with pytest.raises(Refused, match="PICK or BUILD"):
        switch_route(plant.group(1).pk, "WAIT", by=plant.supervisor, reason="x", at=START)
    plant.start_rack()
    plant.pack("A", 1)
    with pytest.raises(Refused, match="its way is decided"):
        switch_route(plant.group(1).pk, "BUILD", by=plant.supervisor, reason="x", at=START)


def test_a_kit_list_is_a_paper_of_the_printing(plant: Plant) -> None:
    """It goes to the printer of its kind, says what it said when it was asked for, and a newer one voids nothing."""
    Printer.objects.create(code="OFFICE", driver="FOLDER")
    PrinterAssignment.objects.create(kind="KIT_LIST", printer=Printer.objects.get())
    stored(plant)
    for n, part in ((1, "C-A"), (2, "C-B"), (3, "C-A")):
        plant.new(n, part)
    rack = plant.rack(1)
    first = print_document(DocumentKind.KIT_LIST, rack, at=START, by="anna")
    plant.start_rack()
    plant.pack("A", 1)
    second = print_document(DocumentKind.KIT_LIST, rack, at=plant.tick(), by="anna")
    first.refresh_from_db()
    assert (first.status, first.printer.code if first.printer else "", second.status) == (
        "QUEUED",
        "OFFICE",
        "QUEUED",
    )
    assert not first.labels.exists()
    pages = [PdfDocument(pdf.render(document_of(job))) for job in (first, second)]
    texts = [document[0].get_textpage().get_text_bounded() for document in pages]
    assert ["0001" in text for text in texts] == [True, False]
    assert all(f"KIT LIST {rack.number}" in text for text in texts)


def test_a_planner_switches_from_the_next_rack_nobody_started(plant: Plant) -> None:
    for n, part in enumerate(("C-A", "C-B", "C-A", "C-A", "C-B", "C-A"), 1):
        plant.new(n, part)
    plant.start_rack()
    begun, next_rack = plant.rack(1), plant.rack(4)

    def notes(rack: Rack) -> list[str]:
        return [line.note for line in kit_of(rack.pk, at=START).lines]

    made = switch_from_next_rack(
        plant.commodity.pk, "BUILD", by="anna", reason="press is down", at=plant.tick()
    )
    assert (made.from_rack, made.decided_by) == (next_rack.number, "anna")
    built = "built at the station"
    assert (notes(begun), notes(next_rack)) == (["", "", ""], [built] * 3)
    # One part goes its own way, and later as its commodity again.
    switch_from_next_rack(
        plant.commodity.pk, "PICK", part_number="B", by="anna", reason="stock", at=plant.tick()
    )
    assert notes(next_rack) == [built, "", built]
    switch_from_next_rack(
        plant.commodity.pk, "", part_number="B", by="anna", reason="stock is out", at=plant.tick()
    )
    assert notes(next_rack) == [built] * 3
    # What was decided for one call goes before all of it.
    switch_route(plant.group(4).pk, "PICK", by=plant.supervisor, reason="one is left", at=plant.tick())
    assert notes(next_rack) == ["", built, built]
    assert PlantEvent.objects.filter(kind="route_switched", by="anna").count() == 3


SWITCHES = [
    ({"route": "FLY"}, "no_route"),
    ({"route": ""}, "no_route"),
    ({"route": "BUILD", "reason": " "}, "reason_missing"),
    ({"route": "BUILD", "part_number": "NOBODY"}, "unknown_part"),
]


@pytest.mark.parametrize(("said", "code"), SWITCHES)
def test_a_switch_that_cannot_be_is_refused(plant: Plant, said: dict[str, str], code: str) -> None:
    fields = {"reason": "stock", **said}
    route = fields.pop("route")
    with pytest.raises((Refused, Invalid)) as no:
        switch_from_next_rack(plant.commodity.pk, route, by="anna", at=plant.tick(), **fields)
    assert no.value.code == code
    assert not RouteSwitch.objects.exists()


def test_the_page_switches_by_name(plant: Plant, client: Client) -> None:
    client.force_login(plant.supervisor)
    answer = client.post(
        reverse("routes-switch", args=[plant.commodity.pk]),
        {"route": "BUILD", "part": "", "reason": "press is down"},
    )
    assert answer.status_code == 302
    page = client.get(reverse("routes")).content.decode()
    assert "press is down" in page
    assert "boss" in page
    client.force_login(plant.operator)
    assert client.post(reverse("routes-switch", args=[plant.commodity.pk])).status_code == 403
