"""Authority in Chromium: the challenge before work, an override seen on every screen, the bypass register."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from sequencer.models import Bypass, ChallengeLabel, ErrorProofingCheck, Override, ProcessControl
from tests.factories import Plant

pytestmark = [pytest.mark.browser, pytest.mark.engine_free, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS", "")


def label(serial: str) -> str:
    return f"[)>\x1e06\x1dPA\x1dS{serial}\x1e\x04"


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")


def test_challenge_override_and_bypass_of_one_shift(visit: Callable[..., Any], plant: Plant) -> None:
    for number in (1, 2, 3):
        plant.new(number)
    plant.station.wants_challenge = True
    plant.station.save()
    for kind, name, raw in (
        ("BAD_PART", "Master bad part", "PMASTER-BAD"),
        ("WRONG_SLOT", "Master slot", "%L:MASTER:1"),
    ):
        ChallengeLabel.objects.create(station=plant.station, kind=kind, name=name, raw=raw)
    ProcessControl.objects.create(
        line=plant.line, code="TQ-1", device="Torque gun", alternate="Click wrench, second person marks",
        restart_check="Master joint, three times", approved_by="Quality", approved_on=date(2026, 1, 12),
    )  # fmt: skip
    station = visit(plant.operator).open(f"/station/{plant.station.pk}/")
    station.scan("%B:OP")
    station.scan("%R:R1").asked("SCAN PART")
    station.page.wait_for_selector("text=CHALLENGE DUE")
    station.scan(label("1")).told("CHALLENGE FIRST")
    shot(station.page, "challenge-due")
    station.scan("%C:CHALLENGE").asked("SCAN MASTER BAD PART")
    shot(station.page, "challenge-asks")
    station.scan("PMASTER-BAD").asked("SCAN MASTER SLOT")
    station.scan("%L:MASTER:1").asked("SCAN PART")
    assert ErrorProofingCheck.objects.get().passed

    station.scan("%C:OVERRIDE").asked("SCAN WHICH CHECK")
    shot(station.page, "override-what")
    station.scan("%M:SLOT-CHALLENGE").asked("SCAN THE REASON")
    station.scan("%M:LABEL-DAMAGED").asked("SCAN HOW FAR")
    station.scan("%M:LINE-10-MIN").asked("SCAN SUPERVISOR BADGE")
    station.scan("%B:BOSS").asked("ENTER PIN")
    station.scan("%P:4711").asked("SCAN PART")
    station.page.wait_for_selector("text=OVERRIDE SLOT CHALLENGE")
    station.scan(label("1")).told("OK BY OVERRIDE")
    shot(station.page, "override-runs")
    assert Override.objects.get().used == 1

    boss = visit(plant.supervisor)
    page = boss.page
    page.goto(f"{boss.address}/bypass/")
    page.fill("input[name=reason]", "no pulse from the gun")
    page.click("text=Open bypass")
    page.wait_for_selector("text=no pulse from the gun")
    shot(page, "bypass")
    page.goto(f"{boss.address}/lines/{plant.line.pk}/")
    page.wait_for_selector("text=BYPASS TORQUE GUN")
    page.wait_for_selector("text=OVERRIDE SLOT CHALLENGE")
    shot(page, "board")
    page.goto(f"{boss.address}/dock/{plant.dock.pk}/")
    page.wait_for_selector("text=BYPASS TORQUE GUN")
    shot(page, "dock")
    page.goto(f"{boss.address}/overrides/")
    page.fill("input[name=reason]", "label printed anew")
    shot(page, "overrides-running")
    page.click("text=Revoke")
    page.wait_for_selector("text=another person reviews yours")
    shot(page, "overrides")
    assert Override.objects.get().status == "REVOKED"
    station.scan(label("2")).asked("SCAN SLOT 2")
    assert Bypass.objects.get().units.count() == 0
    station.scan("%L:2").asked("SCAN PART")
    assert Bypass.objects.get().units.count() == 1
    shot(station.page, "station-bypass")
