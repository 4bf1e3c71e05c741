"""Seal, open by hand, and holes that a named person lets go."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from inventory.errors import Refused
from sequencer import rules
from sequencer.models import Rack, Slot
from sequencer.services.holds import holds_before
from sequencer.services.journal import close_tasks, record_event
from sequencer.services.racks.filling import put_back, reopen_locked, slot_facts
from sequencer.services.racks.locks import locked_rack, move_group, move_rack
from sequencer.services.racks.loose import loose_reasons
from sequencer.services.sets import set_reasons
from sequencer.spoken import in_words
from sequencer.states import CLOSED_RACKS, GroupStatus, RackStatus, SlotStatus


def seal_locked(rack: Rack, *, at: datetime, by: str) -> list[str]:
    """The host check and the seal of a locked rack; returns the reasons that forbid it, or an empty list."""
    reasons = rules.host_check(slot_facts(rack), holes_approved=bool(rack.holes_approved_by), say=_)
    reasons += holds_before(rack) + loose_reasons(rack) + set_reasons(rack)
    if reasons:
        return reasons
    move_rack(rack, RackStatus.SEALED, sealed_at=at)
    close_tasks("REOPENED_RACK", rack.number, at=at, note="sealed again")
    record_event(f"line:{rack.commodity.program.line_id}", "rack_sealed", rack.number, at=at, by=by)
    return []


def seal_rack(rack_id: int, *, by: AbstractBaseUser, at: datetime) -> Rack:
    """Seals a full rack after checking every slot against the latest call-off.

    Refuses (`not_full`, `host_check`) with the slots that are wrong. Locks the rack.
    """
    with transaction.atomic(durable=True):
        rack = locked_rack(rack_id)
        if rack.status != RackStatus.FULL:
            raise Refused(
                "not_full",
                _("rack %(rack)s is %(status)s; it is sealed when full")
                % {"rack": rack.number, "status": in_words(rack.status)},
            )
        reasons = seal_locked(rack, at=at, by=str(by))
        if reasons:
            raise Refused("host_check", "; ".join(reasons[:3]), reasons=reasons)
    return rack


def reopen_rack(rack_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> Rack:
    """Opens a rack by hand; every slot is verified again. Refuses without a reason and after departure."""
    if not reason.strip():
        raise Refused("reason_missing", _("say why the rack is opened"))
    with transaction.atomic(durable=True):
        rack = locked_rack(rack_id)
        repack_locked(rack, by=str(by), reason=reason, at=at)
    return rack


def repack_locked(rack: Rack, *, by: str, reason: str, at: datetime) -> int:
    """The work of `reopen_rack` on a locked rack; returns how many slots are verified again."""
    if rack.status not in CLOSED_RACKS | {RackStatus.FULL}:
        raise Refused(
            "not_closed",
            _("rack %(rack)s is %(status)s; only a full one is opened")
            % {"rack": rack.number, "status": in_words(rack.status)},
        )
    reopen_locked(rack, at=at, reason=reason, by=by)
    filled = list(rack.slots.filter(status=SlotStatus.FILLED).select_related("group"))
    for slot in filled:
        if slot.group is not None:
            put_back(slot.group)
            move_group(slot.group, GroupStatus.RELEASED)
        Slot.objects.filter(pk=slot.pk).update(
            status=SlotStatus.REOPENED, packed_revision=None, packed_at=None, reason=reason[:120]
        )
    return len(filled)


def approve_holes(rack_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> Rack:
    """A named person lets a rack go with its holes. Refuses a rack without holes."""
    with transaction.atomic(durable=True):
        rack = locked_rack(rack_id)
        approve_holes_locked(rack, by=str(by), reason=reason, at=at)
    return rack


def approve_holes_locked(rack: Rack, *, by: str, reason: str, at: datetime) -> None:
    holes = list(rack.slots.filter(status=SlotStatus.HOLE).values_list("number", flat=True))
    if not holes:
        raise Refused("no_holes", _("rack %(rack)s has no hole to approve") % {"rack": rack.number})
    Rack.objects.filter(pk=rack.pk).update(holes_approved_by=by[:60])
    rack.holes_approved_by = by[:60]
    line = rack.commodity.program.line_id
    record_event(f"line:{line}", "holes_approved", rack.number, at=at, by=by, reason=reason, slots=holes)
