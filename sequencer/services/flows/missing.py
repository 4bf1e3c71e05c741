"""MISSING: the part asked for is not there. A hole is a decision with a reason, and a task with the minutes left."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Refused
from sequencer.labels import Kind
from sequencer.models import ComponentGroup, FloorException, Rack, Slot, Station, Unit
from sequencer.services.exceptions import latest_time, note_exception
from sequencer.services.journal import open_task
from sequencer.services.racks import move_group, put_back, settle_rack
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.parts import judge_part
from sequencer.services.scans.slots import current_slot, needs_of
from sequencer.services.search import Found, find_pieces
from sequencer.services.swap import lend_locked
from sequencer.services.verdicts import Judged
from sequencer.states import GroupStatus, SlotStatus, UnitStatus

REASONS = ("EMPTY-BIN", "DAMAGED")


class Missing(Flow):
    """MISSING, then the reason: the slot is a hole, the group is MISSING, building goes on behind it."""

    command = "MISSING"
    title = gettext_noop("Part is missing")
    of_the_unit = True

    def begin(self, judging: Judging) -> Judged:
        rack = judging.rack()
        slot = current_slot(rack.pk) if rack else None
        if slot is None:
            return Judged("NOT_NOW", "MISSING", hint=_("No part is asked for now"), sound="check")
        judging.wait(self)
        found = search(judging.station, slot)
        hint = (
            _("%(found)s: take that, or scan the reason") % {"found": found[0]}
            if found
            else _("None found anywhere: scan the reason")
        )
        return Judged("OK", "MISSING", hint=hint, sound="wait", rack=rack, slot=slot, group=slot.group)

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        cards = tuple((word, f"%M:{word}", "command") for word in REASONS)
        slot = current_slot(station.rack_id) if station.rack_id is not None else None
        found = search(station, slot) if slot is not None else []
        if found:
            detail = "; ".join(str(one) for one in found[:2])
            return Ask("REASON", _("SCAN IT, OR A REASON"), detail, cards)
        return Ask(
            "REASON", _("SCAN THE REASON"), _("none in buffer or racks; why is it missing? or BACK"), cards
        )

    def step(self, judging: Judging, state: str) -> Judged:
        if judging.label.kind is Kind.GOODS:
            return self.take(judging)
        if judging.label.kind is not Kind.REASON or judging.label.value not in REASONS:
            return Judged(
                "NOT_NOW", "REASON", seen=judging.label.shown, hint=_("Scan a reason, or BACK"), sound="check"
            )
        judging.leave()
        rack = judging.rack()
        slot = current_slot(rack.pk) if rack else None
        if rack is None or slot is None or slot.group is None:
            return Judged("NOT_NOW", "MISSING", hint=_("No part is asked for now"), sound="check")
        group, reason = slot.group, judging.label.value
        put_back(group)
        if group.status == GroupStatus.VERIFIED:
            move_group(group, GroupStatus.RELEASED)
        move_group(group, GroupStatus.MISSING, problem=reason)
        Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.HOLE, reason=reason[:120])
        # Who let earlier holes of this rack go knew nothing of this one.
        Rack.objects.filter(pk=rack.pk).update(holes_approved_by="")
        rack.holes_approved_by = ""
        tell_missing(rack, slot, group, reason, judging.at)
        note_exception(
            FloorException.Kind.MISSING, line=rack.commodity.program.line, at=judging.at,
            text=f"{group.call_off.sequence_number} is a hole in {rack.number} slot {slot.number}",
            reason=reason.lower(), by=str(judging.station.operator), station=judging.station, group=group, rack=rack,
            slot=slot, due_at=latest_time(group),
        )  # fmt: skip
        settle_rack(rack, at=judging.at)
        return Judged(
            "OK",
            "MISSING",
            hint=_("Slot %(slot)s is a hole: %(reason)s") % {"slot": slot.number, "reason": reason.lower()},
            sound="check",
            rack=rack,
            slot=slot,
            group=group,
        )

    def take(self, judging: Judging) -> Judged:
        """A piece was found. One that a later call was built of is taken from that call, which is built again."""
        rack = judging.rack()
        slot = current_slot(rack.pk) if rack else None
        if rack is None or slot is None or slot.group is None:
            raise Refused("no_part", _("No part is asked for now"))
        judging.leave()
        unit = self.offered(judging, slot)
        if unit is not None and all(number == judging.label.value for number in judging.label.numbers):
            # The serial alone names the piece that is offered: it is judged as the serial of that part.
            judging.station.pending_unit_part = unit.part.number
        if unit is not None and unit.status == UnitStatus.PACKED:
            by = str(judging.station.operator)
            lend_locked(unit, slot.group, by=by, at=judging.at, station=judging.station, mine=rack)
        judging.slot_asked = None
        for gate in judging.gates:
            stopped = gate(judging)
            if stopped is not None:
                raise Refused("held", stopped.hint)
        judged = judge_part(judging)
        if unit is not None and unit.status == UnitStatus.PACKED and not judged.accepted:
            # The later call keeps what is not taken here.
            raise Refused("not_taken", judged.hint)
        return judged

    def offered(self, judging: Judging, slot: Slot) -> Unit | None:
        """The piece scanned, if it is one that was offered: loose, or of a later call in an open rack."""
        serial = judging.label.serial or judging.label.value.removeprefix("S")
        found = (one.unit for one in search(judging.station, slot, limit=50) if one.unit.serial == serial)
        return next(found, None)


def search(station: Station, slot: Slot, *, limit: int = 2) -> list[Found]:
    """What the plant holds of the part that is asked for now."""
    if station.commodity is None or slot.group is None:
        return []
    needs = needs_of(slot.group, station.commodity.program.line.plant.customer_id)
    return find_pieces(slot.group, needs[0].part_id, limit=limit) if needs else []


def tell_missing(rack: Rack, slot: Slot, group: ComponentGroup, reason: str, at: datetime) -> None:
    call = group.call_off
    line = rack.commodity.program.line
    transit = timedelta(minutes=line.plant.transit_minutes)
    due = call.required_at - transit if call.required_at else None
    text = f"MISSING PART for {call.sequence_number}, rack {rack.number} slot {slot.number}: {reason.lower()}"
    open_task(line, "MISSING", f"{call.call_number} {group.commodity.family}", text, at=at, due_at=due,
              group=group)  # fmt: skip
