"""A piece against the call asked for: right, wrong, another vehicle's, or used before."""

from __future__ import annotations

from dataclasses import replace

from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from inventory.models import CustomerPart, Part
from inventory.statements import Insert
from sequencer import rules
from sequencer.documents.envelope import label_number
from sequencer.labels import GS
from sequencer.models import ComponentGroup, LabelRecord, Rack, Slot, Station, Unit
from sequencer.services.racks import move_group
from sequencer.services.scans import breaks
from sequencer.services.scans.hand import take_in_hand
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.packing import pack
from sequencer.services.scans.slots import slot_is_asked, where_is
from sequencer.services.verdicts import Judged
from sequencer.states import GroupStatus, OverrideWhat, UnitStatus

GROUP_ROWS = ("call_off", "commodity__program__line__plant")

# Which override lets a part pass without what its trace wants.
# A serial or a lot as a piece's row keeps it.
LONGEST = 40
WITHOUT = {"NEED_SERIAL": OverrideWhat.SERIAL_REQUIRED, "NEED_LOT": OverrideWhat.LOT_REQUIRED}


def judge_part(judging: Judging) -> Judged:
    rack = judging.rack()
    if rack is None:
        return Judged(
            "NOT_NOW",
            "RACK",
            seen=judging.label.shown,
            hint=gettext("Scan an empty rack first"),
            sound="check",
        )
    slot = judging.current(rack)
    if slot is None or slot.group is None:
        return Judged(
            "NOT_NOW",
            "PART",
            seen=judging.label.shown,
            hint=gettext("No part is asked for now"),
            sound="check",
            rack=rack,
        )
    group = slot.group
    if judging.shown not in {None, group.pk}:
        return Judged(
            "NOT_NOW",
            "PART",
            seen=judging.label.shown,
            hint=gettext("%(sequence)s came up first: look at the screen, scan again")
            % {"sequence": group.call_off.sequence_number},
            sound="check",
            rack=rack,
            slot=slot,
            group=group,
        )
    needs = judging.needs(group)
    if not needs:
        return Judged(
            "NOT_NOW",
            "PART",
            seen=judging.label.shown,
            hint=gettext("Put it into slot %(slot)s and scan the slot") % {"slot": slot.number},
            sound="check",
            rack=rack,
            slot=slot,
            group=group,
        )
    other = other_vehicle(judging, group)
    if other is not None:
        return breaks.take_break(judging, rack, slot, *other)
    judgement = rules.judge_part(judging.label, needs, judging.station.pending_unit_part)
    if judgement.code == "OK" and judging.station.pending_unit_part and is_a_part(judging):
        judgement = rules.PartJudgement("WRONG_PART")
    if judgement.code == "WRONG_PART" or judgement.need is None:
        return wrong_part(judging, rack, slot, group, needs)
    if too_long(judgement):
        return Judged(
            "UNKNOWN_LABEL",
            "PART",
            seen=judging.label.shown,
            hint=gettext("Too long: two labels read as one? Scan again"),
            sound="check",
            rack=rack,
            slot=slot,
            group=group,
        )
    need = judgement.need
    if judgement.code in {"NEED_SERIAL", "NEED_LOT"} and judging.lets_pass(WITHOUT[judgement.code], group):
        judgement = replace(judgement, code="OK")
    if judgement.code in {"NEED_SERIAL", "NEED_LOT"}:
        judging.station.pending_unit_part = need.number
        # The part's own label may say the lot, and the serial come by itself.
        judging.station.pending_unit_lot = GS.join((judgement.lot or "", judgement.supplier or ""))
        take_in_hand(judging, group, need)
        if group.status == GroupStatus.RELEASED:
            move_group(group, GroupStatus.IN_WORK)
        hint = gettext("Now its serial") if judgement.code == "NEED_SERIAL" else gettext("Now its lot")
        return Judged(
            judgement.code, "PART", seen=need.number, hint=hint, sound="wait",
            rack=rack, slot=slot, group=group,
        )  # fmt: skip
    return take_unit(judging, rack, slot, group, needs, judgement)


def too_long(judgement: rules.PartJudgement) -> bool:
    """More than a piece's row keeps: nothing is cut off a number that traces a part."""
    return len(judgement.serial or "") > LONGEST or len(judgement.lot or "") > LONGEST


def is_a_part(judging: Judging) -> bool:
    """While a serial is awaited, a known part number is a second part, never a serial."""
    numbers = judging.label.numbers
    known = Part.objects.filter(number__in=numbers).exists()
    return known or CustomerPart.objects.filter(number__in=numbers).exists()


def other_vehicle(judging: Judging, group: ComponentGroup) -> tuple[ComponentGroup, Unit | None] | None:
    """The vehicle a numbered label of ours was printed for, when it is not the one asked for.

    Asks the database only for labels that carry a number. A piece that lies in the buffer is nobody's.
    """
    number = label_number(judging.raw)
    if number is None:
        return None
    record = LabelRecord.objects.select_related("job").filter(number=number).first()
    if record is None:
        return None
    if record.subject_type == "unit":
        unit = Unit.objects.filter(pk=record.subject_id, status=UnitStatus.ALLOCATED).first()
        group_id = unit.group_id if unit is not None else None
    else:
        unit, group_id = None, _labelled(record, group)
    if group_id is None or group_id == group.pk:
        return None
    return whole(group_id), unit


def unit_of_other(judging: Judging, group: ComponentGroup) -> Unit | None:
    """A piece that is another vehicle's by its serial, though its part is not the one asked for."""
    if judging.label.serial is None:
        return None
    return (
        Unit.objects.filter(
            serial=judging.label.serial, part__number__in=judging.label.numbers, status=UnitStatus.ALLOCATED
        )
        .exclude(group=group)
        .first()
    )


def wrong_part(
    judging: Judging, rack: Rack, slot: Slot, group: ComponentGroup, needs: list[rules.Need]
) -> Judged:
    strayed = unit_of_other(judging, group)
    if strayed is not None:
        return breaks.take_break(judging, rack, slot, whole(strayed.group_id), strayed)
    got = judging.label.shown
    part = Part.objects.filter(number__in=judging.label.numbers).first()
    if part is None:
        reference = (
            CustomerPart.objects.filter(number__in=judging.label.numbers).select_related("part").first()
        )
        part = reference.part if reference else None
    got_text = f"{part.number} {part.description}".strip() if part else got
    need_text = f"{needs[0].number} {needs[0].description}".strip()
    judging.lock("WRONG_PART", need_text, got_text)
    return Judged(
        "WRONG_PART",
        "PART",
        expected=need_text,
        seen=got_text,
        hint=gettext("Put it into the return bin and scan the bin"),
        rack=rack,
        slot=slot,
        group=group,
    )


def take_unit(
    judging: Judging,
    rack: Rack,
    slot: Slot,
    group: ComponentGroup,
    needs: list[rules.Need],
    judgement: rules.PartJudgement,
    *,
    placed: bool = False,
) -> Judged:
    """A right piece is the group's. `placed`: its slot's label was what was scanned."""
    need = judgement.need
    assert need is not None
    unit = unit_for(judging, group, need, judgement)
    if isinstance(unit, Unit) and unit.group_id != group.pk:
        return breaks.take_break(judging, rack, slot, whole(unit.group_id), unit)
    if isinstance(unit, str):
        return Judged(
            "DUPLICATE", "PART", expected=need.number, seen=judgement.serial or "", hint=unit,
            rack=rack, slot=slot, group=group,
        )  # fmt: skip
    judging.station.pending_unit_part = judging.station.pending_unit_lot = ""
    # One piece less is wanted: whoever asks again in this scan reads it anew.
    judging.read = None
    last = len(needs) == 1 and need.left == 1
    begun = (GroupStatus.IN_WORK,) if group.status == GroupStatus.RELEASED else ()
    if last:
        move_group(group, *begun, GroupStatus.VERIFIED, verified_at=judging.at)
    else:
        move_group(group, *begun)
    judged = Judged(
        "OK", "PART", expected=need.number, seen=need.number, rack=rack, slot=slot, group=group, unit=unit
    )
    if last:
        commodity = judging.station.commodity
        assert commodity is not None
        asked = not placed and slot_is_asked(commodity, slot)
        if not asked or judging.lets_pass(OverrideWhat.SLOT_CHALLENGE, group):
            told = pack(judging, rack, slot, group)
            judged.hint = " · ".join(
                filter(
                    None,
                    (gettext("slot %(slot)s") % {"slot": slot.number}, group.call_off.sequence_number, told),
                )
            )
            judged.sound = "check" if told else ""
            return judged
        judged.hint = gettext("Into slot %(slot)s, scan the slot") % {"slot": slot.number}
    take_in_hand(judging, group, need)
    return judged


def unit_for(
    judging: Judging, group: ComponentGroup, need: rules.Need, judgement: rules.PartJudgement
) -> Unit | str:
    """The piece, new or from the buffer, or one that is another vehicle's; or where its serial stands, in words."""
    serial = judgement.serial
    if serial is not None:
        known = (
            Unit.objects.select_for_update(no_key=True).filter(part_id=need.part_id, serial=serial).first()
        )
        if known is not None and known.status == UnitStatus.ALLOCATED and known.group_id != group.pk:
            # In the hand at another station it cannot be here as well: one of the two labels is a copy.
            elsewhere = Station.objects.filter(hand_group=known.group_id).exclude(pk=judging.station.pk)
            return where_is(known) if elsewhere.exists() else known
        if known is not None and known.status != UnitStatus.BUFFER:
            return where_is(known)
        if known is not None:
            Unit.objects.filter(pk=known.pk).update(
                status=UnitStatus.ALLOCATED, group=group, component_id=need.component_id
            )
            known.refresh_from_db()
            return known
    if serial is None:
        return new_unit(judging, group, need, judgement)
    try:
        with transaction.atomic():
            return new_unit(judging, group, need, judgement)
    except IntegrityError:
        taken = Unit.objects.get(part_id=need.part_id, serial=serial)
        return where_is(taken)


def new_unit(
    judging: Judging, group: ComponentGroup, need: rules.Need, judgement: rules.PartJudgement
) -> Unit:
    said = judging.station.pending_unit_lot if judging.station.pending_unit_part else ""
    lot, _, supplier = said.partition(GS)
    return _TAKEN.run(
        part_id=need.part_id,
        serial=judgement.serial,
        lot=(judgement.lot or lot)[:40],
        supplier=(judgement.supplier or supplier)[:20],
        group=group,
        component_id=need.component_id,
        taken_at=judging.at,
    )


_TAKEN = Insert(Unit)


def whole(group_id: int | None) -> ComponentGroup:
    """A group with its call and line; a piece that was taken has one by constraint."""
    assert group_id is not None
    return ComponentGroup.objects.select_related(*GROUP_ROWS).get(pk=group_id)


def _labelled(record: LabelRecord, group: ComponentGroup) -> int | None:
    """The group a slot's sequence label was printed for: the call it says, in the words of the same commodity."""
    said = str(record.job.data.get("call_number", ""))
    if not said or said == group.call_off.call_number or record.subject_type != "slot":
        return None
    found = ComponentGroup.objects.filter(
        call_off__call_number=said, commodity__program=group.commodity.program_id
    )
    return found.order_by("-pk").values_list("pk", flat=True).first()
