"""Sets: what belongs together on one vehicle is complete before a part of it is sealed, whatever line builds it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory import statements
from inventory.errors import Refused
from inventory.statements import Given, Question
from sequencer.models import CallOff, Commodity, ComponentGroup, Rack, SetRelease, SetRule, Station, Task
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.racks.locks import locked_rack
from sequencer.states import CLOSED_RACKS, SHIPPED_GROUPS, GroupStatus, RackStatus, SlotStatus, TaskStatus

# In its slot, or gone: nothing of the set is waited for.
DONE = frozenset({GroupStatus.PACKED, *SHIPPED_GROUPS})
# Racks that a set may still keep from being sealed.
BROKEN, DECIDE_WITHIN = "SET_BROKEN", timedelta(minutes=10)
UNSEALED = frozenset({RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED})


@dataclass(frozen=True, slots=True)
class OpenSet:
    """A set of one vehicle that is not complete, and what it waits for."""

    rule: SetRule
    call: CallOff
    missing: str

    def __str__(self) -> str:
        vehicle = (
            f"{self.call.sequence_number} ({self.call.vin})" if self.call.vin else self.call.sequence_number
        )
        return _("%(vehicle)s: set %(rule)s is not complete: %(missing)s") % {
            "vehicle": vehicle,
            "rule": self.rule,
            "missing": self.missing,
        }


@dataclass(frozen=True, slots=True)
class Mate:
    """One family a piece may not be sealed without: its group if it is called, and why it is not there (or nothing)."""

    rule: SetRule
    group_id: int | None
    missing: str


def mates_of(groups: list[ComponentGroup]) -> dict[int, list[Mate]]:
    """By group, what goes with it on its vehicle. One query without rules, for racks of any number."""
    commodities = {group.commodity_id for group in groups}
    rules = list(
        SetRule.objects.filter(active=True, commodities__in=commodities)
        .distinct()
        .prefetch_related("commodities__program__line__plant")
    )
    if not rules:
        return {}
    mates = _mates([group.call_off for group in groups], rules)
    found: dict[int, list[Mate]] = defaultdict(list)
    for group in groups:
        for rule in rules:
            families = {commodity.pk: commodity for commodity in rule.commodities.all()}
            if group.commodity_id not in families:
                continue
            here = mates[group.call_off_id]
            for pk, commodity in sorted(families.items()):
                if pk != group.commodity_id and (pk in here or commodity.every_vehicle):
                    mate = here.get(pk)
                    found[group.pk].append(Mate(rule, mate.pk if mate else None, _missing(commodity, here)))
    return found


def open_sets(rack: Rack) -> list[OpenSet]:
    """The sets of which a rack holds a part while another is not in its slot. One query without rules."""
    rules = _rules_of.rows(rack=rack.pk)
    if not rules:
        return []
    prefetch_related_objects(rules, "commodities__program__line__plant")
    held = list(
        ComponentGroup.objects.filter(slot__rack=rack, slot__status=SlotStatus.FILLED)
        .select_related("call_off__program__line__plant", "commodity")
        .order_by("slot__number")
    )
    mates = _mates([group.call_off for group in held], rules)
    found: dict[tuple[int, int], OpenSet] = {}
    for group in held:
        for rule in rules:
            families = {commodity.pk: commodity for commodity in rule.commodities.all()}
            if group.commodity_id not in families or (rule.pk, group.call_off_id) in found:
                continue
            wanted = [c for pk, c in sorted(families.items()) if pk != group.commodity_id]
            missing = [told for c in wanted if (told := _missing(c, mates[group.call_off_id]))]
            if missing:
                found[rule.pk, group.call_off_id] = OpenSet(rule, group.call_off, "; ".join(missing))
    return list(found.values())


@Question
def _rules_of() -> QuerySet[SetRule]:
    mine = SetRule.objects.filter(active=True, commodities__groups__slot__rack=statements.number("rack"))
    return mine.distinct()


def set_reasons(rack: Rack) -> list[str]:
    """Why a rack cannot be sealed: a sentence for each incomplete set that nobody has let go."""
    waiting = open_sets(rack)
    if not waiting:
        return []
    gone = set(SetRelease.objects.filter(rack=rack).values_list("rule_id", "call_off_id"))
    return [str(each) for each in waiting if (each.rule.pk, each.call.pk) not in gone]


def _mates(calls: Iterable[CallOff], rules: Iterable[SetRule]) -> dict[int, dict[int, ComponentGroup]]:
    """By call, the vehicle's piece of each family: of the call itself, and of calls of other lines for that vehicle.

    A vehicle is one by VIN or production number, within one customer. A re-order counts for what it replaces.
    """
    calls = list(calls)
    commodities = {c.pk for rule in rules for c in rule.commodities.all()}
    vins = {call.vin for call in calls if call.vin}
    numbers = {call.production_number for call in calls if call.production_number}
    groups = (
        ComponentGroup.objects.filter(
            Q(call_off__in=[call.pk for call in calls])
            | Q(call_off__vin__in=vins)
            | Q(call_off__production_number__in=numbers),
            commodity__in=commodities,
            replacement__isnull=True,
        )
        .exclude(status=GroupStatus.CANCELLED)
        .select_related("call_off__program__line__plant", "slot__rack", "commodity")
        .order_by("pk")
    )
    by_vehicle: dict[tuple[str, int, str], dict[int, ComponentGroup]] = defaultdict(dict)
    for group in groups:
        for key in _keys(group.call_off):
            by_vehicle[key][group.commodity_id] = group
    found: dict[int, dict[int, ComponentGroup]] = {}
    for call in calls:
        mates: dict[int, ComponentGroup] = {}
        for key in reversed(_keys(call)):
            mates |= by_vehicle[key]
        found[call.pk] = mates
    return found


def _keys(call: CallOff) -> list[tuple[str, int, str]]:
    """What a vehicle is known by; the call itself speaks first."""
    customer = call.program.line.plant.customer_id
    keys = [("call", call.pk, "")]
    if call.production_number:
        keys.append(("production", customer, call.production_number))
    if call.vin:
        keys.append(("vin", customer, call.vin))
    return keys


def _missing(commodity: Commodity, mates: dict[int, ComponentGroup]) -> str:
    """What is not there of a family and where it is, or nothing."""
    mate = mates.get(commodity.pk)
    if mate is None:
        # Not every vehicle has one: nothing was called, so nothing is missing.
        return _("%(commodity)s is not called") % {"commodity": commodity} if commodity.every_vehicle else ""
    # What is held does not leave, though it stands in its slot.
    if mate.status in DONE and not (mate.on_hold and mate.status == GroupStatus.PACKED):
        return ""
    slot = getattr(mate, "slot", None)
    why = _("on quality hold") if mate.on_hold else _(WORDS[GroupStatus(mate.status)])
    if slot is None:
        return _("%(commodity)s %(why)s, without a slot") % {"commodity": commodity, "why": why}
    place = {"rack": slot.rack.number, "slot": slot.number}
    return _("%(commodity)s %(why)s, for rack %(rack)s slot %(slot)s") % {
        "commodity": commodity,
        "why": why,
        **place,
    }


WORDS = {
    GroupStatus.CREATED: gettext_noop("not resolved yet"),
    GroupStatus.UNRESOLVED: gettext_noop("has an unknown part"),
    GroupStatus.RESOLVED: gettext_noop("not released yet"),
    GroupStatus.RELEASED: gettext_noop("not begun"),
    GroupStatus.IN_WORK: gettext_noop("in work"),
    GroupStatus.VERIFIED: gettext_noop("verified, not in its slot"),
    GroupStatus.MISSING: gettext_noop("missing"),
    GroupStatus.REPAIR: gettext_noop("in repair"),
}


def release_sets(rack_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> list[OpenSet]:
    """A named person lets a rack be sealed with its incomplete sets. Each is stored with what was missing, and told.

    Refuses without a reason (`reason_missing`) and when every set is complete (`sets_complete`). Locks the rack.
    """
    with transaction.atomic(durable=True):
        return release_sets_locked(locked_rack(rack_id), by=str(by), reason=reason, at=at)


def release_sets_locked(rack: Rack, *, by: str, reason: str, at: datetime) -> list[OpenSet]:
    """The decision, under the rack's lock that the caller holds."""
    if not reason.strip():
        raise Refused("reason_missing", _("say why the set goes apart"))
    waiting = open_sets(rack)
    if not waiting:
        raise Refused("sets_complete", _("every set in rack %(rack)s is complete") % {"rack": rack.number})
    for each in waiting:
        SetRelease.objects.update_or_create(
            rack=rack,
            rule=each.rule,
            call_off=each.call,
            defaults={
                "missing": each.missing[:200],
                "decided_by": by[:60],
                "decided_at": at,
                "reason": reason.strip()[:200],
            },
        )
    line_id = rack.commodity.program.line_id
    vehicles = [each.call.sequence_number for each in waiting]
    record_event(
        f"line:{line_id}", "sets_released", rack.number, at=at, by=by, reason=reason, vehicles=vehicles
    )
    return waiting


def tell_broken_sets(*, at: datetime) -> int:
    """Sweep: a closed rack whose set was broken after its seal is a task of its line; returns how many are.

    The task ends by itself when the set is whole again, was let go by name, or the rack is open or gone.
    """
    broken = racks_with_open_sets(CLOSED_RACKS) if SetRule.objects.filter(active=True).exists() else []
    open_tasks = dict(
        Task.objects.filter(kind=BROKEN).exclude(status=TaskStatus.DONE).values_list("subject", "text")
    )
    for rack, waiting in broken:
        text = f"Rack {rack.number} is sealed, and {waiting[0]}"[:300]
        if open_tasks.pop(rack.number, "") != text:
            open_task(
                rack.commodity.program.line, BROKEN, rack.number, text, at=at, due_at=at + DECIDE_WITHIN
            )
    for number in open_tasks:
        close_tasks(BROKEN, number, at=at, note="complete, let go or opened")
    return len(broken)


def broken_banner(station: Station, at: datetime) -> list[dict[str, Any]]:
    """Sealed racks of this line, or for this dock, whose set was broken."""
    if station.commodity is not None:
        told = _broken_on_line.rows(line=station.commodity.program.line_id)
    else:
        told = _broken_at_dock.rows(dock=station.unloading_point_id)
    return [{"kind": "moves", "word": "SET BROKEN", "text": text, "until": None} for _, text in told]


def _broken() -> QuerySet[Task]:
    return Task.objects.filter(kind=BROKEN).exclude(status=TaskStatus.DONE).order_by("pk")


def broken_on(line: Given | OuterRef) -> QuerySet[Task]:
    """The sets of a line that were broken after their rack was sealed."""
    return _broken().filter(line=line)


@Question
def _broken_on_line() -> QuerySet[Any, tuple[int, str]]:
    return broken_on(statements.number("line")).values_list("pk", "text")[:2]


@Question
def _broken_at_dock() -> QuerySet[Any, tuple[int, str]]:
    here = _broken().filter(line__programs__unloading_point=statements.number("dock"))
    # The key keeps two tasks of one text apart.
    return here.distinct().values_list("pk", "text")[:2]


def racks_with_open_sets(
    statuses: frozenset[RackStatus] = UNSEALED | CLOSED_RACKS,
) -> list[tuple[Rack, list[OpenSet]]]:
    """Racks that hold a part of an incomplete set which nobody has let go: in work, or sealed and broken since."""
    racks = (
        Rack.objects.filter(
            status__in=sorted(statuses),
            slots__status=SlotStatus.FILLED,
            slots__group__commodity__sets__active=True,
        )
        .distinct()
        .select_related("commodity__program__line__plant", "carrier")
        .order_by("low_position")
    )
    gone = set(SetRelease.objects.filter(rack__in=racks).values_list("rack_id", "rule_id", "call_off_id"))
    found = []
    for rack in racks:
        waiting = [s for s in open_sets(rack) if (rack.pk, s.rule.pk, s.call.pk) not in gone]
        if waiting:
            found.append((rack, waiting))
    return found
