"""Two at once on one rack: a decision is taken once, and a rack that is being started is not cut again."""

from __future__ import annotations

import pytest

from sequencer.models import Rack, SealedMove, Slot
from sequencer.services import record_scan
from sequencer.services.racks import decide_sealed
from sequencer.states import SealedChoice
from tests.concurrency.test_core_at_once import at_once, take
from tests.factories import Plant
from tests.sequencer.test_rack_moves import floor, sealed, swap

pytestmark = pytest.mark.django_db(transaction=True)


def decided(plant: Plant, rack: Rack, reason: str) -> str:
    decide_sealed(rack.pk, SealedChoice.REOPEN, by=plant.supervisor, reason=reason, at=plant.at)
    return "decided"


def test_two_supervisors_decide_once(transactional_db: None) -> None:
    plant = floor()
    sealed(plant)
    swap(plant, 1, 3)
    rack = plant.rack(1)
    told = at_once(lambda: decided(plant, rack, "one"), lambda: decided(plant, rack, "two"))
    assert sorted(told) == ["decided", "nothing_moved"]
    assert len(set(SealedMove.objects.values_list("reason", flat=True))) == 1
    assert plant.rack(1).status == "REOPENED"


def test_a_decision_at_the_dock_meets_a_call(transactional_db: None) -> None:
    """Station and stream are locked in the other order here: nothing waits for ever, and nothing is lost."""
    plant = floor()
    sealed(plant)
    swap(plant, 1, 3)
    plant.scans("%B:OP", "%C:REOPEN-RACK", "%R:R1", "%B:BOSS")
    pin = [lambda: record_scan(plant.station.pk, "%P:4711", "pin", at=plant.at).code]
    told = at_once(*pin, lambda: take(plant, "CHANGE", "V0002", "0002", "C-B"))
    assert told[1] in {"APPLIED", "stale"}
    assert told[0] in {"OK", "stale"}
    if told[0] == "OK":
        assert plant.rack(1).status == "REOPENED"


def test_a_rack_that_is_started_is_not_cut_again(transactional_db: None) -> None:
    """A call between two others meets the operator who starts their rack: it joins, or it comes too late."""
    plant = floor(every_vehicle=False, dense=False)
    for n in (1, 3):
        plant.new(n)
    plant.scan("%B:OP")
    told = at_once(
        lambda: record_scan(plant.station.pk, "%R:R1", "start", at=plant.at).code,
        lambda: take(plant, "NEW", "V0002", "0002", "C-A"),
    )
    assert told[0] == "OK"
    assert told[1] in {"APPLIED", "stale"}
    order = list(
        Slot.objects.filter(rack__carrier__code="R1", group__isnull=False)
        .order_by("number")
        .values_list("group__call_off__position", flat=True)
    )
    assert order in ([1, 3], [1, 2, 3])
    if told[1] == "APPLIED" and order == [1, 3]:
        assert plant.group(2).slot.rack.priority == "RUSH"
