"""What happened in the demo plant yesterday."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from inventory.models import CustomerPart, Part
from sequencer.models import (
    FloorException,
    Override,
    ProcessControl,
    QualityHold,
    Station,
    UnloadingPoint,
)
from sequencer.services import expire_overrides, open_bypass, pass_restart_check
from sequencer.services.exceptions import note_exception
from sequencer.services.overrides import grant_override
from sequencer.services.quality import Caught, place_hold
from sequencer.services.quantity import QuantityNews, call_quantity


def add_demo_history(*, at: datetime) -> None:
    """What happened yesterday, so that a newcomer sees lists with something in them. Once, and only on a new plant.

    Nothing of it stops anybody: the hold is on a serial that never comes, the override has run out and waits for its
    review, the bypass passed its restart check.
    """
    if QualityHold.objects.exists() or FloorException.objects.exists() or Override.objects.exists():
        return
    station, yesterday = Station.objects.get(code="SEQ-01"), at - timedelta(hours=20)
    assert station.commodity is not None  # a packing station has one by constraint
    line, supervisor = station.commodity.program.line, User.objects.get(username="supervisor")
    part = Part.objects.filter(family=station.commodity.family).order_by("pk")[0]
    held = Caught(part=part.number, serial="DEMO-0001")
    place_hold(held, by="quality", reason="demo: cracked clip at incoming inspection", at=yesterday)
    kinds = FloorException.Kind
    with transaction.atomic():
        for kind, text, reason, ended in (
            (kinds.MISSING, "bin empty, one place left open", "empty bin", "packed when the bin was filled"),
            (kinds.SCRAP, "a console scratched, built again", "damaged", "built again, attempt 2"),
            (
                kinds.REPACK,
                "a rack opened, 6 slots verified again",
                "damaged rack",
                "opened; the seal closes it",
            ),
            (kinds.REPAIR, "a console waits for its hinge", "loose hinge", ""),
        ):
            note_exception(kind, line=line, station=station, text=f"demo: {text}", reason=reason, at=yesterday,
                           by="operator", due_at=at + timedelta(hours=4), resolution=ended)  # fmt: skip
        grant_override(
            station,
            "SLOT_CHALLENGE",
            extent="STATION-10-MIN",
            reason="LABEL-DAMAGED",
            by=supervisor,
            at=yesterday,
        )
    control = ProcessControl.objects.get(code="TQ-SEQ-01")
    bypass = open_bypass(
        control.pk,
        owner=supervisor,
        minutes=60,
        reason="demo: no pulse",
        by=supervisor,
        at=yesterday,
        station=station,
    )
    pass_restart_check(
        bypass.pk, result="3 times within 5 Nm", by=supervisor, at=yesterday + timedelta(minutes=30)
    )
    expire_overrides(at=at)
    _called_by_quantity(at)


def _called_by_quantity(at: datetime) -> None:
    """One call of pieces, and one of kanban cards, for the station where the twin does not work."""
    clip, screw = (Part.objects.get(number=number) for number in ("CL-9001", "SC-9002"))
    point = UnloadingPoint.objects.get(code="D3", plant__code="NORTH-1")
    for part, called, cards in ((clip, 120, ()), (screw, 0, ("K-4711", "K-4712"))):
        name = CustomerPart.objects.filter(part=part).values_list("number", flat=True)[0]
        news = QuantityNews(
            unloading_point_id=point.pk, part_id=part.pk, customer_part=name, due_at=at + timedelta(hours=6),
            called=called, cards=cards, line_feed="L1-ARM",
        )  # fmt: skip
        call_quantity(news, source="HAND", by="logistics", reason="demo: called by telephone", at=at)
