"""The work pack: what a station must know to judge alone for the next hours. Read-only, nothing is locked."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, Q, QuerySet, Value, When

from inventory import statements
from inventory.errors import Unknown
from inventory.models import CustomerPart, Part
from inventory.statements import Question
from sequencer.labels import GS
from sequencer.models import (
    Badge,
    CallComponent,
    Carrier,
    Commodity,
    ComponentGroup,
    LabelRecord,
    Override,
    Rack,
    SetRelease,
    Slot,
    Station,
    Unit,
)
from sequencer.services.challenge import shift_began
from sequencer.services.held import open_holds, told
from sequencer.services.racks.cutting_spec import keeps_places
from sequencer.services.sets import mates_of
from sequencer.states import (
    BOUND_RACKS,
    GroupStatus,
    OverrideScope,
    OverrideStatus,
    Priority,
    RackStatus,
    Stage,
    UnitStatus,
)

Facts = dict[str, Any]

VERSION = 1
# Never fewer than these racks, however long one lasts; never more, however short.
FEWEST, MOST = 2, 40
OPEN_RACKS = (RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED, RackStatus.SEALED)
# Labels voided longer ago are not on the floor any more.
VOIDED_WITHIN = timedelta(days=7)
# What can be done from the pack. Everything else needs the server and says so.
COMMANDS = ("BACK", "BOX-ASIDE", "CHANGE-OPERATOR", "RETURN", "SEAL")


def work_pack(station_id: int, *, at: datetime) -> Facts:
    """What the station may judge from while it is cut off, valid for JIS_OFFLINE_HOURS from now.

    Promise: the racks come in the order the station would take them. Refuses (`Unknown`) what is no packing station.
    """
    station = (
        Station.objects.select_related(
            "commodity__program__line__plant", "commodity__program__stream", "commodity__rack_type"
        )
        .filter(pk=station_id)
        .first()
    )
    if station is None or station.commodity is None:
        raise Unknown("no_packing_station", f"station {station_id} packs nothing, so it has no work pack")
    commodity = station.commodity
    hours = settings.OFFLINE_HOURS
    racks = _racks(station, commodity, hours)
    slots = list(
        Slot.objects.filter(rack__in=racks)
        .select_related("group__call_off__program__line__plant", "group__commodity")
        .order_by("rack", "number")
    )
    group_ids = [slot.group_id for slot in slots if slot.group_id is not None]
    components = _components(group_ids)
    words = _words(commodity, components)
    units = list(
        Unit.objects.filter(group__in=group_ids)
        .exclude(serial=None)
        .values_list("part_id", "serial", "group__call_off__sequence_number")
    )
    return {
        "version": VERSION,
        "id": f"{station.code}-{at:%Y%m%dT%H%M%S}",
        "station": station.pk,
        "code": station.code,
        "made_at": at.isoformat(),
        "valid_until": (at + timedelta(hours=hours)).isoformat(),
        "check_every": commodity.rack_type.slot_check_every,
        "rack_type": commodity.rack_type.code,
        "what": commodity.name,
        "keeps_places": keeps_places(commodity),
        "commands": list(COMMANDS),
        "badges": _badges(),
        "languages": _languages(),
        "carriers": _carriers(commodity),
        "racks": [
            _rack(rack, [slot for slot in slots if slot.rack_id == rack.pk], components, words)
            for rack in racks
        ],
        "parts": _known_parts(commodity, words),
        "serials": {f"{part} {serial}": f"is held for {sequence}" for part, serial, sequence in units},
        "labels": _labels(group_ids, slots),
        "void": _void(at),
        "holds": _holds(),
        "challenge": _challenge(station, at),
        "overrides": _overrides(station, at),
        "sets": _sets([slot.group for slot in slots if slot.group is not None], racks),
    }


@Question
def _stands() -> QuerySet[Station]:
    stations = Station.objects.select_related("operator", "rack__carrier")
    return stations.filter(pk=statements.number("station")).order_by()


@Question
def _standing_slots() -> QuerySet[Any, tuple[Any, ...]]:
    slots = Slot.objects.filter(rack=statements.number("rack"))
    return slots.values_list("number", "status", "group_id", "group__status")


@Question
def _standing_serials() -> QuerySet[Any, tuple[Any, ...]]:
    units = Unit.objects.filter(group__slot__rack=statements.number("rack")).exclude(serial=None)
    return units.values_list("part_id", "serial", "group__call_off__sequence_number")


def standing_of(station_id: int) -> Facts:
    """What stands at the station now, small enough for every page: the point from which a browser goes on alone."""
    (station,) = _stands.rows(station=station_id)
    rack = station.rack
    slots: dict[str, list[Any]] = {}
    left: dict[str, int] = {}
    units: dict[str, str] = {}
    if rack is not None:
        rows = _standing_slots.rows(rack=rack.pk)
        slots = {str(number): [status, group, group_status] for number, status, group, group_status in rows}
        units = {
            f"{part} {serial}": f"is in rack {rack.number} for {sequence}"
            for part, serial, sequence in _standing_serials.rows(rack=rack.pk)
        }
        begun = [row[1] for row in slots.values() if row[2] == GroupStatus.IN_WORK]
        if begun:
            left = {
                str(component.pk): max(component.quantity - component.have, 0)
                for component in CallComponent.objects.filter(group__in=begun).annotate(have=Count("units"))
            }
    operator = station.operator
    return {
        "operator": (operator.get_short_name() or operator.get_username()) if operator else "",
        "rack": rack.pk if rack else None,
        "rack_status": rack.status if rack else "",
        "carrier": rack.carrier.code if rack and rack.carrier else "",
        "slots": slots,
        "left": left,
        "serials": units,
        "pending": station.pending_unit_part,
        "hand": station.hand_group_id,
        "box": station.handling_unit_id,
        "pending_lot": station.pending_unit_lot.partition(GS)[0],
        "mode": station.mode,
        "aside": station.set_aside_id,
        "lock": {"code": station.lock_code, "need": station.lock_need, "got": station.lock_got}
        if station.lock_code
        else None,
    }


def _racks(station: Station, commodity: Commodity, hours: int) -> list[Rack]:
    """The rack in work, those left open, and the next planned ones until the hours are filled."""
    mine: QuerySet[Rack] = commodity.racks.select_related("carrier")
    here = list(mine.filter(pk__in=[pk for pk in (station.rack_id, station.set_aside_id) if pk]))
    others = Station.objects.exclude(pk=station.pk).exclude(rack=None).values("rack")
    opened = list(
        mine.filter(status__in=OPEN_RACKS, started_at__isnull=False)
        .exclude(pk__in=[rack.pk for rack in here])
        .exclude(pk__in=others)
        .order_by("low_position")[:MOST]
    )
    planned = (
        mine.filter(status=RackStatus.PLANNED, slots__group__isnull=False)
        .distinct()
        .order_by(Case(When(priority=Priority.RUSH, then=Value(0)), default=Value(1)), "low_position")
    )
    wanted = hours * 3600 / max(commodity.program.line.takt_seconds, 1)
    chosen: list[Rack] = []
    for rack in planned.annotate(pieces=Count("slots__group"))[:MOST]:
        if wanted <= 0 and len(chosen) >= FEWEST:
            break
        chosen.append(rack)
        wanted -= rack.pieces
    return [*here, *opened, *chosen]


def _components(group_ids: list[int]) -> dict[int, list[CallComponent]]:
    """What each group wants, in the order a station asks for it."""
    found: dict[int, list[CallComponent]] = defaultdict(list)
    rows = CallComponent.objects.filter(group__in=group_ids, required=True).select_related("part")
    for component in rows.annotate(have=Count("units")).order_by("pk"):
        found[component.group_id].append(component)
    return found


def _words(commodity: Commodity, components: dict[int, list[CallComponent]]) -> dict[int, set[str]]:
    """The customer's numbers of every part in the pack."""
    parts = {c.part_id for rows in components.values() for c in rows if c.part_id is not None}
    words: dict[int, set[str]] = defaultdict(set)
    customer = commodity.program.line.plant.customer_id
    rows = CustomerPart.objects.filter(part__in=parts, customer=customer)
    for part, number in rows.values_list("part_id", "number"):
        words[part].add(number)
    return words


def _rack(
    rack: Rack, slots: list[Slot], components: dict[int, list[CallComponent]], words: dict[int, set[str]]
) -> Facts:
    return {
        "id": rack.pk,
        "number": rack.number,
        "status": rack.status,
        "carrier": rack.carrier.code if rack.carrier else "",
        "rush": rack.priority == Priority.RUSH,
        "closed": rack.closed,
        "slots": [_slot(slot, components.get(slot.group_id or 0, []), words) for slot in slots],
    }


def _slot(slot: Slot, components: list[CallComponent], words: dict[int, set[str]]) -> Facts:
    group = slot.group
    if group is None:
        return {"number": slot.number, "status": slot.status, "group": None}
    call = group.call_off
    return {
        "number": slot.number,
        "status": slot.status,
        "group": group.pk,
        "group_status": group.status,
        "sequence": call.sequence_number,
        "attempt": group.attempt,
        "open": not group.on_hold and not call.held and call.stage == Stage.FIRM,
        "pattern": next((c.part.label_pattern for c in components if c.part and c.part.label_pattern), ""),
        "needs": [_need(c, words) for c in components if c.part is not None],
    }


def _need(component: CallComponent, words: dict[int, set[str]]) -> Facts:
    part = component.part
    assert part is not None
    return {
        "component": component.pk,
        "part": part.pk,
        "number": part.number,
        "accepts": sorted({part.number} | words.get(part.pk, set())),
        "serial": part.trace == Part.Trace.SERIAL,
        "lot": part.trace == Part.Trace.LOT,
        "description": part.description,
        "bin": part.storage_bin,
        "left": max(component.quantity - getattr(component, "have", 0), 0),
    }


def _languages() -> dict[str, str]:
    """What each badge is spoken to in; who has none is spoken to in the language of the page."""
    rows = Badge.objects.filter(active=True, user__is_active=True).exclude(language="")
    return dict(rows.values_list("code", "language"))


def _badges() -> dict[str, str]:
    rows = Badge.objects.filter(active=True, user__is_active=True).select_related("user")
    return {badge.code: badge.user.get_short_name() or badge.user.get_username() for badge in rows}


def _carriers(commodity: Commodity) -> dict[str, Facts]:
    """Every steel of the plant: which rack it holds now, and why it may not be taken."""
    bound = dict(
        Rack.objects.filter(status__in=sorted(BOUND_RACKS), carrier__isnull=False).values_list(
            "carrier_id", "pk"
        )
    )
    return {
        carrier.code: {
            "fits": carrier.rack_type_id == commodity.rack_type_id,
            "hold": carrier.kind == Carrier.Kind.HOLD,
            "blocked": carrier.blocked,
            "lost": carrier.lost_at is not None,
            "rack": bound.get(carrier.pk),
        }
        for carrier in Carrier.objects.all()
    }


def _known_parts(commodity: Commodity, words: dict[int, set[str]]) -> dict[str, str]:
    """Numbers of the commodity's parts in both languages, so that a wrong one is named and no serial."""
    names: dict[str, str] = {}
    rows = Part.objects.filter(family=commodity.family) | Part.objects.filter(pk__in=words)
    parts = {part.pk: f"{part.number} {part.description}".strip() for part in rows}
    names.update({part.number: parts[part.pk] for part in rows})
    for number, part in CustomerPart.objects.filter(part__in=parts).values_list("number", "part_id"):
        names.setdefault(number, parts[part])
    return names


def _labels(group_ids: list[int], slots: list[Slot]) -> dict[str, int]:
    """Numbered labels of ours that belong to one vehicle: of its piece or its slot."""
    live = LabelRecord.objects.filter(void_at__isnull=True, number__isnull=False)
    of_slot = {slot.pk: slot.group_id for slot in slots if slot.group_id is not None}
    found = {
        str(number): of_slot[subject]
        for number, subject in live.filter(subject_type="slot", subject_id__in=of_slot).values_list(
            "number", "subject_id"
        )
        if of_slot[subject] is not None
    }
    units = dict(
        Unit.objects.filter(group__in=group_ids, status=UnitStatus.ALLOCATED).values_list("pk", "group_id")
    )
    for number, subject in live.filter(subject_type="unit", subject_id__in=units).values_list(
        "number", "subject_id"
    ):
        found[str(number)] = units[subject]
    return {number: group for number, group in found.items() if group is not None}


def _holds() -> list[Facts]:
    """Open quality holds of pieces, with every number a label of the part may carry. A call's own is in its slot."""
    holds = [hold for hold in open_holds() if hold.group_id is None]
    numbers: dict[int, set[str]] = defaultdict(set)
    for hold in holds:
        if hold.part is not None:
            numbers[hold.part.pk].add(hold.part.number)
    for part, number in CustomerPart.objects.filter(part__in=numbers).values_list("part_id", "number"):
        numbers[part].add(number)
    return [
        {
            "told": told(hold),
            "numbers": sorted(numbers[hold.part_id]) if hold.part_id is not None else None,
            "serial": hold.serial,
            "lot": hold.lot,
            "from": hold.made_from.isoformat() if hold.made_from else None,
            "to": hold.made_to.isoformat() if hold.made_to else None,
        }
        for hold in holds
    ]


def _challenge(station: Station, at: datetime) -> Facts | None:
    """When the check was last proven and at which times, while the pack holds, it must be proven anew."""
    if not station.wants_challenge:
        return None
    began = {shift_began(station, at)}
    for quarter in range(1, settings.OFFLINE_HOURS * 4 + 1):
        began.add(shift_began(station, at + timedelta(minutes=15 * quarter)))
    passed = station.challenge_passed_at
    return {
        "passed": passed.isoformat() if passed else None,
        "shifts": [start.isoformat() for start in sorted(began)],
    }


def _overrides(station: Station, at: datetime) -> list[Facts]:
    """What a supervisor lets pass here now, the narrowest first. Nothing else is let pass while the server is away."""
    assert station.commodity is not None
    where = Q(scope=OverrideScope.LINE) | Q(station=station)
    rows = Override.objects.filter(
        where, line=station.commodity.program.line_id, until__gt=at,
        status__in=[OverrideStatus.GRANTED, OverrideStatus.USED],
    )  # fmt: skip
    return [
        {
            "id": row.pk,
            "what": row.what,
            "group": row.group_id,
            "until": row.until.isoformat(),
            "left": None if row.limit is None else max(0, row.limit - row.used),
            "units": sorted({use.group_id or 0 for use in row.uses.all()}),
        }
        for row in rows.prefetch_related("uses").order_by("-scope", "pk")
    ]


def _sets(groups: list[ComponentGroup], racks: list[Rack]) -> dict[int, list[Facts]]:
    """By group, what must be in its slot before the group's rack is sealed, unless somebody has let it go."""
    gone = set(
        SetRelease.objects.filter(rack__in=racks).values_list("rule_id", "call_off_id", "rack__slots__group")
    )
    call_of = {group.pk: group.call_off_id for group in groups}
    return {
        pk: [
            {"group": mate.group_id, "set": str(mate.rule), "missing": mate.missing}
            for mate in mates
            if (mate.rule.pk, call_of[pk], pk) not in gone
        ]
        for pk, mates in mates_of(groups).items()
    }


def _void(at: datetime) -> list[str]:
    rows = LabelRecord.objects.filter(void_at__gt=at - VOIDED_WITHIN, number__isnull=False)
    return [str(number) for number in rows.order_by("-void_at").values_list("number", flat=True)[:5000]]
