"""The bypass register: approved alternates for a time, every piece made meanwhile known, closed by a restart check."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from inventory.errors import Refused
from sequencer.models import Bypass, BypassUnit, ChallengeLabel, Override, ProcessControl, Station, Task
from sequencer.services import (
    close_bypass,
    dock_view,
    expire_overrides,
    fail_again,
    open_bypass,
    pass_restart_check,
    station_view,
    tell_overdue_bypasses,
)
from sequencer.services.overrides import grant_override
from tests.factories import Plant, person


@pytest.fixture
def control(plant: Plant) -> ProcessControl:
    return ProcessControl.objects.create(
        line=plant.line, code="TQ-1", device="Torque gun", alternate="click wrench", max_minutes=60,
        restart_check="master joint", approved_by="quality", approved_on=date(2026, 1, 12),
    )  # fmt: skip


def opened(plant: Plant, control: ProcessControl, **more: Any) -> Bypass:
    said = {
        "owner": plant.supervisor,
        "minutes": 30,
        "reason": "no pulse",
        "by": plant.supervisor,
        "at": plant.at,
    }
    return open_bypass(control.pk, **(said | more))


def packed(plant: Plant, *slots: int) -> None:
    for slot in slots:
        plant.pack("A", slot)


def test_exactly_the_pieces_packed_under_it_are_linked(plant: Plant, control: ProcessControl) -> None:
    for number in (1, 2, 3):
        plant.new(number)
    plant.start_rack()
    packed(plant, 1)
    bypass = opened(plant, control)
    packed(plant, 2)
    pass_restart_check(bypass.pk, result="3 times 5 Nm", by=plant.supervisor, at=plant.tick())
    close_bypass(bypass.pk, note="piece 2 checked", by=plant.supervisor, at=plant.tick())
    packed(plant, 3)
    assert [link.unit for link in BypassUnit.objects.all()] == [plant.group(2).units.get()]


def test_every_way_a_piece_comes_into_a_slot_counts(plant: Plant, control: ProcessControl) -> None:
    """Exchanged under the bypass, packed again after REPACK, and scanned offline while it stood but judged after."""
    for number in (1, 2, 3):
        plant.new(number)
    plant.start_rack()
    packed(plant, 1, 2)
    bypass = opened(plant, control)
    assert plant.scans("%C:SWAP", "%L:1", "%L:2") == ["OK"] * 3
    assert set(bypass.units.values_list("unit__group__call_off__sequence_number", flat=True)) == {
        "0001",
        "0002",
    }
    offline = plant.tick()
    pass_restart_check(bypass.pk, result="3 times 5 Nm", by=plant.supervisor, at=plant.tick())
    close_bypass(bypass.pk, note="checked", by=plant.supervisor, at=plant.tick())
    back, plant.at = plant.at, offline - timedelta(seconds=20)
    packed(plant, 3)
    assert bypass.units.filter(unit__group=plant.group(3)).count() == 1
    plant.at = back
    again = opened(plant, control)
    assert plant.scans("%C:REPACK", "%M:CHECK") == ["OK", "OK"]
    packed(plant, 1, 2, 3)
    assert again.units.count() == 3


def test_a_bypass_of_another_station_links_nothing(plant: Plant, control: ProcessControl) -> None:
    other = Station.objects.create(code="S2", name="Doors 2", commodity=plant.commodity)
    opened(plant, control, station=Station.objects.select_related("commodity__program").get(pk=other.pk))
    plant.new(1)
    plant.new(2)
    plant.new(3)
    plant.start_rack()
    packed(plant, 1)
    assert not BypassUnit.objects.exists()


def test_it_closes_by_a_restart_check_and_not_before(plant: Plant, control: ProcessControl) -> None:
    bypass, who, at = opened(plant, control), plant.supervisor, plant.tick()
    with pytest.raises(Refused, match="First the restart check: master joint"):
        close_bypass(bypass.pk, note="works", by=who, at=at)
    with pytest.raises(Refused, match="what the restart check showed"):
        pass_restart_check(bypass.pk, result=" ", by=who, at=at)
    assert pass_restart_check(bypass.pk, result="fine", by=who, at=at).status == "RESTARTED"
    again = fail_again(bypass.pk, reason="stuck again", by=who, at=at)
    assert (again.status, again.check_result) == ("OPEN", "")
    with pytest.raises(Refused, match="First the restart check"):
        close_bypass(bypass.pk, note="works", by=who, at=at)
    pass_restart_check(bypass.pk, result="fine", by=who, at=at)
    with pytest.raises(Refused, match="what became of the pieces"):
        close_bypass(bypass.pk, note="", by=who, at=at)
    assert close_bypass(bypass.pk, note="all checked", by=who, at=at).status == "CLOSED"
    with pytest.raises(Refused, match="cannot become"):
        pass_restart_check(bypass.pk, result="fine", by=who, at=at)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"minutes": 61}, "too_long"),
        ({"minutes": 0}, "too_long"),
        ({"reason": " "}, "reason_missing"),
    ],
    ids=["too long", "no time", "no reason"],
)
def test_what_is_refused(plant: Plant, control: ProcessControl, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as no:
        opened(plant, control, **more)
    assert no.value.code == code
    assert not Bypass.objects.exists()


def test_one_device_is_bypassed_once(plant: Plant, control: ProcessControl) -> None:
    opened(plant, control, station=Station.objects.get(pk=plant.station.pk))
    with pytest.raises(Refused, match="bypassed already"):
        opened(plant, control)


def test_every_screen_of_the_line_says_what_to_do_instead(plant: Plant, control: ProcessControl) -> None:
    opened(plant, control)
    for view in (station_view(plant.station.pk, at=plant.at), dock_view(plant.dock.pk, at=plant.at)):
        (banner,) = view["banners"]
        assert banner["word"] == "BYPASS TORQUE GUN"
        assert banner["text"] == "line · do instead: click wrench · owner boss"


def test_past_its_time_it_is_a_task_until_it_is_closed(plant: Plant, control: ProcessControl) -> None:
    bypass = opened(plant, control)
    assert tell_overdue_bypasses(at=plant.at + timedelta(minutes=29)) == 0
    late = plant.tick(minutes=31)
    tell_overdue_bypasses(at=late)
    tell_overdue_bypasses(at=late)
    assert Task.objects.get(kind="BYPASS_OVERDUE").status == "OPEN"
    assert "OVER ITS TIME" in station_view(plant.station.pk, at=late)["banners"][0]["text"]
    pass_restart_check(bypass.pk, result="fine", by=plant.supervisor, at=late)
    close_bypass(bypass.pk, note="checked", by=plant.supervisor, at=late)
    assert Task.objects.get(kind="BYPASS_OVERDUE").status == "DONE"


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(plant: Plant, client: Client) -> Client:
    client.force_login(plant.supervisor)
    return client


def test_the_register_from_open_to_closed_by_its_page(
    plant: Plant, control: ProcessControl, boss: Client
) -> None:
    form = {
        "control": control.pk,
        "station": "",
        "owner": plant.supervisor.pk,
        "minutes": "30",
        "reason": "no pulse",
    }
    assert boss.post("/bypass/open/", form).status_code == 302
    bypass = Bypass.objects.get()
    assert "no pulse" in boss.get("/bypass/").content.decode()
    refused = boss.post(f"/bypass/{bypass.pk}/do/close/", {"words": "works"})
    assert "First the restart check" in refused.content.decode()
    boss.post(f"/bypass/{bypass.pk}/do/restart/", {"words": "fine"})
    boss.post(f"/bypass/{bypass.pk}/do/close/", {"words": "all checked"})
    bypass.refresh_from_db()
    assert (bypass.status, bypass.checked_by, bypass.closed_by) == ("CLOSED", "boss", "boss")
    assert boss.get(f"/bypass/{bypass.pk}/units.csv").content.startswith(b"part,serial")


@pytest.mark.parametrize("bad", [{"minutes": "soon"}, {"owner": "0"}, {"station": "999"}, {"control": ""}])
def test_a_form_with_nonsense_is_told_so(
    plant: Plant, control: ProcessControl, boss: Client, bad: dict[str, str]
) -> None:
    form = {
        "control": control.pk,
        "station": "",
        "owner": plant.supervisor.pk,
        "minutes": "30",
        "reason": "x",
    } | bad
    assert boss.post("/bypass/open/", form).status_code in {400, 404, 409, 422}
    assert not Bypass.objects.exists()


def test_overrides_are_reviewed_on_their_page_by_another(plant: Plant, boss: Client) -> None:
    station = Station.objects.select_related("commodity__program__line").get(pk=plant.station.pk)
    override = grant_override(
        station,
        "SLOT_CHALLENGE",
        extent="LINE-10-MIN",
        reason="LABEL-DAMAGED",
        by=plant.supervisor,
        at=plant.at,
    )
    expire_overrides(at=plant.tick(minutes=11))
    assert "another person reviews yours" in boss.get("/overrides/").content.decode()
    assert boss.post(f"/overrides/{override.pk}/review/", {"note": "fine"}).status_code != 302
    boss.force_login(person("quinn", "quality", "QUINN"))
    assert boss.post(f"/overrides/{override.pk}/review/", {"note": "printer cleaned"}).status_code == 302
    override.refresh_from_db()
    assert (override.status, override.review_note) == ("REVIEWED", "printer cleaned")
    assert "printer cleaned" in boss.get("/overrides/").content.decode()


def test_an_operator_may_not_open_or_review(plant: Plant, control: ProcessControl, client: Client) -> None:
    client.force_login(plant.operator)
    assert client.get("/overrides/").status_code == 403
    assert client.post("/bypass/open/", {}).status_code == 403
    assert not Override.objects.exists()


def test_the_line_board_counts_the_shift_and_shows_what_runs(plant: Plant, boss: Client) -> None:
    station = Station.objects.select_related("commodity__program__line").get(pk=plant.station.pk)
    from django.utils import timezone

    grant_override(
        station, "SLOT_CHALLENGE", extent="LINE-10-MIN", reason="LABEL-DAMAGED", by=plant.supervisor,
        at=timezone.now(),
    )  # fmt: skip
    page = boss.get(f"/lines/{plant.line.pk}/live/").content.decode()
    assert "OVERRIDE SLOT CHALLENGE" in page
    assert "override this shift" in page


def test_challenge_labels_are_printed(plant: Plant, boss: Client) -> None:
    assert boss.get("/stations/S1/challenge-labels.pdf").status_code != 200
    ChallengeLabel.objects.create(
        station=plant.station, kind="BAD_PART", name="Master bad", raw="PMASTER-BAD"
    )
    answer = boss.get("/stations/S1/challenge-labels.pdf")
    assert answer.content.startswith(b"%PDF")


@pytest.mark.parametrize("name", ["overrides", "bypasses", "error-proofing"])
def test_the_api_reads(plant: Plant, control: ProcessControl, boss: Client, name: str) -> None:
    opened(plant, control)
    assert boss.get(f"/api/v1/{name}/").status_code == 200
