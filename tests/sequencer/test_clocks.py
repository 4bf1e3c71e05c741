"""A plant in Germany delivers to New York: whoever reads a due time reads it on both clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from sequencer.boards.todo import gap_runs
from sequencer.clocks import both_clocks, his_first, on_both
from sequencer.documents import pdf
from sequencer.models import CallOff, OemPlant, ReleasePace, SequenceGap, Shipment
from sequencer.services import paper, share, station_view, token_of
from sequencer.services.kits import kit_pdf
from sequencer.services.paper.sheets import pdf_of
from sequencer.services.printing import DocumentKind
from sequencer.services.printing.asking import drawn_now
from sequencer.services.reorders import reorder_group
from tests.decoding import words
from tests.factories import START, Plant

NEW_YORK = "America/New_York"


@pytest.fixture
def abroad(plant: Plant, settings: Any) -> Plant:
    """Six hours lie between. The first rack is sealed and on a truck's list, the second in work, 0010 is missing."""
    settings.TIME_ZONE = "Europe/Berlin"
    OemPlant.objects.update(time_zone=NEW_YORK)
    plant.build([1, 2, 3])
    plant.plan()
    for n in (4, 5, 6, 7, 8, 9, 11):
        plant.new(n)
    plant.scan("%R:R2")
    return plant


def needed(sequence: int) -> datetime:
    moment = CallOff.objects.get(sequence_number=f"{sequence:04d}").required_at
    assert moment is not None
    return moment


def leaves() -> datetime:
    return Shipment.objects.order_by("pk")[0].leaves_at


# (page, the due moment it tells)
PAGES: list[tuple[Callable[[Plant], str], Callable[[], datetime]]] = [
    (lambda plant: reverse("racks"), lambda: needed(4)),
    (lambda plant: reverse("rack", args=[plant.rack(1).pk]), leaves),
    (
        lambda plant: reverse("station", args=[plant.station.pk]),
        lambda: Shipment.objects.order_by("pk")[1].leaves_at,
    ),
    (lambda plant: reverse("dock", args=[plant.dock.pk]), leaves),
    (lambda plant: reverse("kits"), lambda: needed(4)),
    (lambda plant: reverse("shipping"), lambda: needed(1)),
    (lambda plant: reverse("trace-subject", args=["call", plant.call(5).pk]), lambda: needed(5)),
    (lambda plant: reverse("trace") + "?q=V0005", lambda: needed(5)),
    (lambda plant: reverse("line", args=[plant.line.pk]), lambda: SequenceGap.objects.get().needed_by),
]


@pytest.mark.parametrize(("address", "moment"), PAGES)
def test_a_page_tells_a_due_time_on_both_clocks(
    abroad: Plant, address: Callable[[Plant], str], moment: Callable[[], datetime]
) -> None:
    abroad.plan()
    client = Client()
    client.force_login(User.objects.create(username="root", is_superuser=True))
    page = " ".join(strip_tags(client.get(address(abroad), follow=True).content.decode()).split())
    here, there = on_both(moment(), NEW_YORK)
    assert f"{here} (OEM {there})" in page
    assert there.endswith(" EST")


def test_a_page_of_admin_tells_the_due_time_of_its_row_on_both_clocks(abroad: Plant) -> None:
    client = Client()
    client.force_login(User.objects.create(username="root", is_superuser=True))
    call = abroad.call(5)
    page = strip_tags(client.get(reverse("admin:sequencer_calloff_change", args=[call.pk])).content.decode())
    assert both_clocks(needed(5), NEW_YORK, day=True) in " ".join(page.split())


def test_what_happened_has_day_and_hour_of_one_clock(plant: Plant, settings: Any) -> None:
    """Half past eleven at night in Los Angeles; in New York and by UTC the next day has begun."""
    settings.TIME_ZONE = "America/Los_Angeles"
    OemPlant.objects.update(time_zone=NEW_YORK)
    plant.build([1, 2, 3])
    plant.at = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    reorder_group(plant.group(1).pk, by="boss", reason="scratched", at=plant.at)
    client = Client()
    client.force_login(User.objects.create(username="root", is_superuser=True))
    row = client.get(reverse("exceptions")).content.decode().partition("<tbody>")[2]
    assert '<td class="num">23:30<small>23.11.</small></td>' in row


def test_the_oem_reads_his_own_clock_first(abroad: Plant) -> None:
    link = share(abroad.line.plant_id, name="Dispatcher", days=7, by="boss", at=timezone.now())
    page = strip_tags(Client().get(f"/share/{token_of(link)}/").content.decode())
    his, ours = his_first(needed(1), NEW_YORK)
    assert f"{his} (supplier {ours})" in page


def test_a_station_that_waits_says_our_time_large_and_the_oems_beside(plant: Plant, settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    OemPlant.objects.update(time_zone=NEW_YORK)
    ReleasePace.objects.create(program=plant.program, lead_minutes=60)
    plant.new(1, required=121)
    plant.scan("%B:OP")
    ask = station_view(plant.station.pk, at=START)["ask"]
    assert (ask["text"], ask["detail"]) == ("WAIT UNTIL 08:01", "OEM 02:01 EST · then R-1")
    plant.scan("%R:R1")
    assert station_view(plant.station.pk, at=START)["ask"]["detail"] == "waits until 08:01 (OEM 02:01 EST)"


def test_papers_tell_the_departure_and_the_need_on_both_clocks(abroad: Plant) -> None:
    here, there = on_both(leaves(), NEW_YORK, day=True)
    rack = abroad.rack(1)
    truck = Shipment.objects.order_by("pk")[0]
    for kind, subject in (
        (DocumentKind.MANIFEST, rack), (DocumentKind.RACK_LABEL, rack), (DocumentKind.BILL_OF_LADING, truck),
    ):  # fmt: skip
        text = " ".join(words(pdf.render(drawn_now(kind, subject, at=abroad.at))).split())
        assert all(said in text for said in (here, f"OEM {there}")), kind
    kit = " ".join(words(kit_pdf(abroad.rack(4).pk, at=abroad.at)).split())
    here, there = on_both(needed(4), NEW_YORK, day=True)
    assert f"needed {here}" in kit
    assert f"OEM {there}" in kit
    paper.render_line(abroad.line, at=abroad.tick())
    sheet = paper.latest_sheet(abroad.rack(4).pk)
    assert sheet is not None
    drawn = " ".join(words(pdf_of([sheet])).split())
    assert here in drawn
    assert f"OEM {there}" in drawn


def test_what_is_stored_in_words_names_both_clocks(abroad: Plant) -> None:
    gap = gap_runs(at=abroad.at)[0]
    assert both_clocks(SequenceGap.objects.get().needed_by, NEW_YORK) in gap["text"]
