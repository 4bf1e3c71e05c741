"""Parts called by quantity at a station, by key events alone; each state is seen by axe, and nothing is clipped.

With JIS_PICTURES naming a folder each state is kept as a picture, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from inventory.models import Part
from sequencer.models import HandlingUnit, LabelIssuer, LabelRecord, PackingInstruction, QuantityCall, Unit
from sequencer.services.quality import Caught, place_hold, release_hold
from sequencer.services.quantity import QuantityNews, call_quantity
from tests.browser.conftest import Floor
from tests.browser.test_accessibility import faults
from tests.browser.test_station_states import CLIPPED
from tests.factories import Plant, person

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.timeout(300)]
PICTURES = os.environ.get("JIS_PICTURES", "")


@pytest.fixture
def calls(plant: Plant) -> tuple[QuantityCall, QuantityCall]:
    """60 of A, which has a lot, in boxes of 24; two kanban cards of B."""
    Part.objects.filter(number="A").update(trace=Part.Trace.LOT)
    Part.objects.filter(number="B").update(trace=Part.Trace.NONE)
    LabelIssuer.objects.create(name="We", agency="UN", company="123456789")
    due = timezone.now() + timedelta(hours=3)
    made = []
    for name, called, cards in (("A", 60, ()), ("B", 0, ("K-1", "K-2"))):
        PackingInstruction.objects.create(part=plant.parts[name], pieces=24, package_type="KLT4314")
        news = QuantityNews(
            unloading_point_id=plant.dock.unloading_point_id or 0, part_id=plant.parts[name].pk,
            customer_part=f"C-{name}", due_at=due, called=called, cards=cards, line_feed="L1-DOOR-7",
        )  # fmt: skip
        made.append(call_quantity(news, source="API", by="erp", at=timezone.now())[0])
    return made[0], made[1]


class Eye:
    """Looks at each state: the law of axe, nothing clipped, and a picture when one is wanted."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.seen = 0

    def look(self, page: Any, name: str) -> None:
        self.seen += 1
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{PICTURES}/box-{self.seen:02d}-{name}.png")
        self.wrong += [f"{name}: {fault}" for fault in faults(page)]
        if page.query_selector(".stage"):
            self.wrong += [f"{name}: clipped {what}" for what in page.evaluate(CLIPPED)]


def part(number: str) -> str:
    return f"[)>\x1e06\x1dP{number}\x1e\x04"


def plate(box: HandlingUnit) -> str:
    """The licence plate as the scanner sends it."""
    return f"1J{LabelRecord.objects.get(subject_type='handlingunit', subject_id=box.pk, void_at=None).number}"


def test_boxes_are_filled_labelled_and_emptied_by_the_scanner_alone(
    visit: Callable[..., Floor], plant: Plant, calls: tuple[QuantityCall, QuantityCall]
) -> None:
    eye = Eye()
    floor = visit(plant.operator).open(f"/station/{plant.station.pk}/")
    page = floor.page
    floor.scan("%B:OP").asked("SCAN BOX").turned("wait")
    eye.look(page, "called")

    # The lot is asked before the count, and stands with every piece.
    floor.scan("%C:BOX").asked("SCAN PART").turned("wait")
    eye.look(page, "box-open")
    floor.scan(part("A")).asked("SCAN LOT")
    eye.look(page, "lot")
    floor.scan("1TL-77").asked("SCAN PACK OR A COUNT")
    eye.look(page, "count")
    chips = [chip.strip() for chip in page.locator(".checks li").all_inner_texts()]
    assert chips == ["✓ part", "✓ lot", "▶ how many", "label"]
    floor.scan("%Q:25").told("TOO MANY").turned("stop")
    eye.look(page, "too-many")
    floor.scan("%Q:20").asked("SCAN PART")
    floor.scan(part("B")).told("WRONG PART")
    eye.look(page, "wrong-part")
    floor.scan("%C:RETURN").asked("SCAN PART")

    # Quality holds the lot: the box is not closed, and no label prints.
    hold = place_hold(Caught(part="A", lot="L-77"), by="quinn", reason="cracks", at=timezone.now())
    floor.scan("%C:SEAL").told("QUALITY HOLD")
    eye.look(page, "held")
    release_hold(hold.pk, by="quinn", reason="measured good", at=timezone.now())
    floor.scan(part("A")).asked("SCAN LOT").scan("1TL-78").asked("SCAN PACK").scan("%Q:PACK").asked(
        "STICK THE LABEL"
    )
    eye.look(page, "label")
    box = HandlingUnit.objects.get()
    floor.scan(plate(box)).told("ready for the dock").asked("SCAN BOX")
    lots = Unit.objects.filter(handling_unit=box).values_list("lot", flat=True)
    assert sorted(lots) == ["L-77"] * 20 + ["L-78"] * 4

    # A card is one full box; the same card again says whose box it was.
    floor.scan("%A:K-1").asked("SCAN PART")
    eye.look(page, "card")
    floor.scan(part("B")).asked("SCAN PACK").scan("%Q:20").asked("SCAN PART")
    floor.scan("%C:SEAL").told("card K-1 wants 24")
    eye.look(page, "card-not-full")
    floor.scan(part("B")).asked("SCAN PACK").scan("%Q:PACK").asked("STICK THE LABEL")
    second = HandlingUnit.objects.latest("pk")
    floor.scan(plate(second)).asked("SCAN BOX")
    floor.scan("%A:K-1").told("CARD ALREADY USED")
    eye.look(page, "card-used")

    # Emptied by name: its label is void.
    old = plate(second)
    floor.scan("%C:EMPTY-BOX").asked("SCAN THE BOX").scan(old).asked("SCAN THE REASON")
    eye.look(page, "empty-reason")
    floor.scan("%M:DAMAGED").told("is empty")
    floor.scan(old).told("VOID LABEL")
    second.refresh_from_db()
    assert (second.status, second.card) == ("CANCELLED", None)

    desk = visit(person("lou", "logistics", "LOU")).page
    for name, address in (
        ("list", reverse("quantity")),
        ("call", reverse("quantity-call", args=[calls[0].pk])),
        ("cards", reverse("quantity-call", args=[calls[1].pk])),
    ):
        desk.goto(address)
        eye.look(desk, f"page-{name}")
    assert floor.waits() == 0
    assert not eye.wrong, "\n".join(eye.wrong)
