"""What a station or dock shows: read-only pictures for pages and API, built from the same rules that judge scans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from inventory.errors import Unknown
from inventory.models import Part
from inventory.statements import Question, moment, number
from sequencer import rules
from sequencer.clocks import both_clocks, on_both
from sequencer.demo import SUPERVISOR_PIN as DEMO_PIN
from sequencer.languages import language_of, speaking_to
from sequencer.models import (
    Badge,
    CallComponent,
    CallOff,
    Carrier,
    Commodity,
    ComponentGroup,
    OemPlant,
    QualityHold,
    Rack,
    ScanEvent,
    SequenceGap,
    Slot,
    Station,
)
from sequencer.services.bypass import bypass_banner, open_on
from sequencer.services.flows import BANNERS, FLOWS
from sequencer.services.kits import is_built
from sequencer.services.overrides import override_banner, running_on
from sequencer.services.pacing import rack_waits_until
from sequencer.services.quality import hold_banner
from sequencer.services.quantity.picture import ask_box, box_cards, box_view, calls_ahead
from sequencer.services.racks import must_move, slots_of
from sequencer.services.racks.picture import rack_view
from sequencer.services.scans import current_slot, needs_of, next_rack, slot_is_asked
from sequencer.services.scans.flow import Banner
from sequencer.services.scans.slots import hand_end, next_rush, set_aside
from sequencer.services.sets import broken_banner, broken_on
from sequencer.spoken import in_words, spoken
from sequencer.states import (
    BOUND_RACKS,
    CLOSED_RACKS,
    GONE_RACKS,
    OPEN_GROUPS,
    GapStatus,
    GroupStatus,
    Priority,
    RackStatus,
    SlotStatus,
    Stage,
)

View = dict[str, Any]

# How far back the buffer's arrow looks, and how many minutes of difference are none.
TREND, STEADY = timedelta(minutes=15), 2


def _station(station_id: int, at: datetime) -> Station:
    station: Station | None = _whole_station.first(station=station_id, at=at)
    if station is None:
        raise Unknown(
            "no_station", gettext("there is no station %(station_id)s") % {"station_id": station_id}
        )
    return station


# Which banners are seldom, and what of a packing station's row says whether there is one.
SELDOM: Mapping[Banner, str] = {
    override_banner: "overridden",
    bypass_banner: "bypassed",
    hold_banner: "held",
    broken_banner: "broken",
}


@Question
def _whole_station() -> QuerySet[Any, Any]:
    line = OuterRef("commodity__program__line")
    joined = (
        "operator__badge",
        "commodity__program__line__plant",
        "commodity__program__stream",
        "commodity__rack_type",
        "rack__carrier",
        "rack__shipment",
    )
    return (
        Station.objects.select_related(*joined)
        .annotate(
            overridden=Exists(running_on(line)),
            bypassed=Exists(open_on(line)),
            held=Exists(QualityHold.objects.filter(released_at__isnull=True)),
            broken=Exists(broken_on(line)),
        )
        .filter(pk=number("station"))
        .order_by()
    )


def _parts_of(groups: Iterable[ComponentGroup]) -> dict[int, list[CallComponent]]:
    """What each of up to three groups is made of. One query."""
    keys = [group.pk for group in groups]
    one, two, three = [*keys, None, None, None][:3]
    found: dict[int, list[CallComponent]] = {key: [] for key in keys}
    for component in _parts_of_three.rows(one=one, two=two, three=three) if keys else ():
        found[component.group_id].append(component)
    return found


@Question
def _parts_of_three() -> QuerySet[CallComponent]:
    theirs = Q(group=number("one")) | Q(group=number("two")) | Q(group=number("three"))
    return CallComponent.objects.select_related("part").filter(theirs, required=True).order_by("pk")


def station_view(station_id: int, *, at: datetime) -> View:
    """The whole picture of a packing station at one moment. Refuses (`Unknown`) a station that does not exist."""
    station = _station(station_id, at)
    with speaking_to(station.operator):
        return _station_view(station, at)


def _station_view(station: Station, at: datetime) -> View:
    commodity = station.commodity
    if commodity is None:
        raise Unknown(
            "no_station", gettext("%(station)s is a dock, not a packing station") % {"station": station.code}
        )
    rack = _rack(station)
    slot = current_slot(rack.pk) if rack and rack.status in {"LOADING", "REOPENED"} else None
    needs = needs_of(slot.group, commodity.program.line.plant.customer_id) if slot and slot.group else []
    slots = slots_of(rack.pk) if rack else []
    coming = _coming(slots, slot)
    parts = _parts_of(([slot.group] if slot and slot.group else []) + coming)
    late = _late(station, slot)
    view: View = {
        "station": _head(station, commodity.program.line.name, commodity.program.line.plant),
        **_person(station),
        "ask": _ask(station, rack, slot, needs, at, late),
        "now": _now(station, slot, needs, commodity, parts) if slot else None,
        "late": late,
        "rush": _rush(station, rack, commodity),
        "then": [_words(group, parts[group.pk]) for group in coming],
        "rack": rack_view(rack, slots, slot) if rack else None,
        "last": _last(station),
        "lock": _lock(station),
        "buffer": buffer_of(commodity, at),
        "banners": _banners(station, at),
        "tray": [],
    }
    view["box"] = box_view(station) if station.operator else None
    view["by_quantity"] = calls_ahead(station, but=view["box"]["call"] if view["box"] else "")
    if view["box"] is not None:
        view["now"] = None
    view["then_waits"] = _then_waits(rack, at) if rack and slot and not view["then"] else ""
    view["upcoming"] = None if slot else _upcoming(station)
    flow = FLOWS.get(station.mode.partition(":")[0])
    if view["ask"]["code"] == "MOVES" or (flow is not None and not flow.of_the_unit):
        # The hand moves pieces, types in a sheet, names another piece: what is packed after it would only mislead.
        view["now"] = None
    view["tray"] = _tray(station, rack, slot, needs, view["ask"]) if settings.DEMO else []
    return view


def _person(station: Station) -> View:
    """Who is signed on, and which language that badge wants; empty: what the browser asks for."""
    person = station.operator
    name = person.get_short_name() or person.get_username() if person is not None else None
    return {"operator": name, "language": language_of(person)}


def _head(station: Station, place: str, plant: OemPlant) -> View:
    return {
        "id": station.pk,
        "code": station.code,
        "name": station.name,
        "kind": station.kind,
        "line": place,
        "plant": plant.name,
        "zone": plant.time_zone,
    }


def _rack(station: Station) -> Rack | None:
    """The rack at the station, which mostly is one of what the station builds: then its masters are known."""
    rack, commodity = station.rack, station.commodity
    if rack is not None and commodity is not None and rack.commodity_id == commodity.pk:
        rack.commodity = commodity
    return rack


def _ask(
    station: Station,
    rack: Rack | None,
    slot: Slot | None,
    needs: list[rules.Need],
    at: datetime,
    late: View | None,
) -> View:
    """The one question of the screen: what do I do now?"""
    mode = station.mode.partition(":")[0]
    decides = _decides(station.mode)
    if mode == "PIN":
        whose = gettext("of the supervisor whose badge was scanned")
        return {**_asked("PIN", gettext("ENTER PIN"), decides or whose), "decides": decides}
    if mode == "SUPERVISOR":
        return {
            **_asked("SUPERVISOR", gettext("SCAN SUPERVISOR BADGE"), gettext("or BACK")),
            "decides": decides,
        }
    if station.operator is None:
        return _asked("BADGE", gettext("SCAN YOUR BADGE"), gettext("new scanner? scan KEYBOARD TEST first"))
    if late is not None and not station.lock_code:
        return _asked(
            "PUT_BACK",
            gettext("PUT BACK %(back)s") % {"back": late["back"]},
            gettext("and scan bin %(bin)s") % {"bin": late["bin"] or "RETURN"},
        )
    flow = _flow_asks(station, at)
    if flow is not None:
        return flow
    if station.replay_left:
        return _asked(
            "WAIT",
            gettext("WAIT: %(replay_left)s KEPT SCANS") % {"replay_left": station.replay_left},
            gettext("of the outage are still to come"),
        )
    if station.lock_code:
        detail = (
            gettext("or a supervisor")
            if station.lock_code != "WRONG_PART" or station.handling_unit_id is not None
            else gettext("a supervisor or its own open slot")
        )
        return _asked("LOCKED", gettext("PUT IT BACK, SCAN RETURN BIN"), detail)
    if station.handling_unit_id is not None:
        return _asked(*ask_box(station))
    if rack is None or rack.status in {RackStatus.STAGED, RackStatus.CANCELLED}:
        return _ask_rack(station, at)
    if rack.status in {"LOADING", "REOPENED", "FULL"} and must_move(rack, slot):
        return _asked("MOVES", gettext("SCAN MOVES"), gettext("a call of this rack changed"))
    if rack.status == RackStatus.FULL:
        return _asked("SEAL", gettext("SCAN SEAL"), gettext("rack is full"))
    if rack.status == RackStatus.SEALED:
        return _asked("STAGE", gettext("HANG MANIFEST, SCAN RACK"), rack.carrier.code if rack.carrier else "")
    if rack.status in {RackStatus.LOADED, *GONE_RACKS}:
        return _ask_rack(station, at)
    if slot is None:
        return _asked("WAIT", gettext("WAIT"), _waits_for(rack, at))
    if not needs:
        return _asked("SLOT", gettext("SCAN SLOT %(slot)s") % {"slot": slot.number})
    if station.pending_unit_part:
        lot = any(n.lot and n.number == station.pending_unit_part for n in needs)
        return _asked(
            *(("LOT", gettext("SCAN LOT")) if lot else ("SERIAL", gettext("SCAN SERIAL"))),
            station.pending_unit_part,
        )
    return _asked("PART", gettext("SCAN PART"), needs[0].number)


def _decides(mode: str) -> str:
    """What the supervisor lets happen whose badge or PIN is asked for, in words; empty where no flow asks."""
    head, _, purpose = mode.partition(":")
    if head == "PIN":
        purpose = purpose.partition(":")[2]
    command, _, state = purpose.partition(":")
    return FLOWS[command].decides(state) if command in FLOWS else ""


def _flow_asks(station: Station, at: datetime) -> View | None:
    """A flow under way asks before anything else does."""
    command, _, state = station.mode.partition(":")
    if command not in FLOWS:
        return None
    ask = FLOWS[command].ask(station, state, at)
    cards = [_card(*card) for card in ask.cards]
    return {**_asked(ask.code, ask.text, ask.detail), "cards": cards, "flow": gettext(FLOWS[command].title)}


def _banners(station: Station, at: datetime) -> list[View]:
    """What stands over a station or dock. What a packing station's row says there is none of is not asked about."""
    dock = station.commodity is None
    asked = [said for said in BANNERS if dock or getattr(station, SELDOM.get(said, ""), True)]
    return [banner for banners in asked for banner in banners(station, at)]


def _asked(code: str, text: str, detail: str = "") -> View:
    return {"code": code, "text": text, "detail": detail}


def _rack_to_take(station: Station) -> tuple[Rack | None, bool]:
    """The rack that comes to this station now, and whether it is the one that was left for a rush."""
    rack = next_rack(station.commodity) if station.commodity else None
    aside = set_aside(station)
    if aside is not None and (rack is None or rack.priority != Priority.RUSH):
        return aside, True
    return rack, False


def _ask_rack(station: Station, at: datetime) -> View:
    rack, left = _rack_to_take(station)
    if rack is not None and left:
        return _asked(
            "RACK",
            gettext("SCAN RACK %(carrier)s") % {"carrier": rack.carrier},
            gettext("go on with %(aside)s") % {"aside": rack.number},
        )
    if rack is None:
        by_quantity = calls_ahead(station)
        if by_quantity:
            return _ask_for_box(by_quantity[0])
        return _asked("WAIT", gettext("NOTHING TO BUILD"), gettext("the next call brings a rack"))
    waits = None if current_slot(rack.pk) else rack_waits_until(rack, at=at)
    if waits is not None:
        here, there = on_both(waits, rack.commodity.program.line.plant.time_zone)
        then = gettext("then %(rack)s") % {"rack": rack.number}
        return _asked(
            "WAIT",
            gettext("WAIT UNTIL %(waits)s") % {"waits": here},
            f"OEM {there} · {then}" if there else then,
        )
    return _asked("RACK", gettext("SCAN EMPTY RACK"), gettext("for %(rack)s") % {"rack": rack.number})


def _ask_for_box(call: View) -> View:
    detail = gettext("%(pack)s x %(part)s, due %(due)s") % {
        "pack": call["pack"],
        "part": call["part"],
        "due": call["due"],
    }
    return _asked("BOX", gettext("SCAN KANBAN CARD") if call["cards"] else gettext("SCAN BOX"), detail)


def _waits_for(rack: Rack, at: datetime) -> str:
    """Why an unfinished rack has nothing to pick, in the operator's words."""
    gap = SequenceGap.objects.filter(
        stream=rack.commodity.program.stream_id,
        status=GapStatus.OPEN,
        position__gte=rack.low_position,
        position__lte=rack.high_position,
    ).first()
    if gap is not None:
        return gettext("call %(sequence)s is missing; the supervisor knows") % {
            "sequence": gap.sequence_number
        }
    open_slots = rack.slots.filter(status__in=[SlotStatus.EMPTY, SlotStatus.REOPENED])
    if open_slots.filter(group__on_hold=True).exists():
        return gettext("quality hold")
    if open_slots.filter(group__call_off__held=True).exists():
        return gettext("held by the OEM")
    repair = open_slots.filter(group__status=GroupStatus.REPAIR).first()
    if repair is not None:
        return gettext("slot %(repair)s %(reason)s") % {"repair": repair.number, "reason": repair.reason}
    if open_slots.filter(group__status=GroupStatus.UNRESOLVED).exists():
        return gettext("unknown part; the planner knows")
    waits = rack_waits_until(rack, at=at)
    if waits is not None:
        return gettext("waits until %(waits)s") % {"waits": _both_clocks(waits, rack)}
    return gettext("for the next call")


def _now(
    station: Station,
    slot: Slot,
    needs: list[rules.Need],
    commodity: Commodity,
    parts_of: Mapping[int, list[CallComponent]],
) -> View | None:
    group = slot.group
    if group is None:
        return None
    component = needs[0] if needs else None
    parts = parts_of[group.pk]
    first = next((c.part for c in parts if component is None or c.part_id == component.part_id), None)
    checks = _checks(station, parts, needs, slot_is_asked(commodity, slot))
    return {
        "group": group.pk,
        "sequence": group.call_off.sequence_number,
        "part": first.number if first else "",
        "part_id": first.pk if first else None,
        "description": first.description if first else "",
        "bin": first.storage_bin if first else "",
        "picture": first.picture.name if first else "",
        "slot": slot.number,
        "slot_asked": slot_is_asked(commodity, slot),
        "checks": checks,
        "steps": _steps(parts, needs, slot, checks) if station.shows_steps or is_built(group) else [],
    }


def _steps(components: list[Any], needs: list[rules.Need], slot: Slot, checks: list[View]) -> list[View]:
    """A build station's table: what is taken from where, what proves it, and how far it is."""
    left = {need.component_id: need.left for need in needs}
    asked = needs[0].component_id if needs else None
    steps = [
        {
            "what": component.part.description or component.part.number,
            "part": component.part.number,
            "count": gettext("%(quantity)s of %(quantity_2)s")
            % {"quantity": component.quantity - left.get(component.pk, 0), "quantity_2": component.quantity},
            "bin": component.part.storage_bin,
            "check": {"SERIAL": gettext("part and serial"), "LOT": gettext("part and lot")}.get(
                component.part.trace, gettext("part")
            ),
            "picture": component.part.picture.name,
            "part_id": component.part_id,
            "state": "done" if component.pk not in left else "now" if component.pk == asked else "todo",
        }
        for component in components
        if component.part is not None
    ]
    placed = {
        "what": gettext("Into slot %(slot)s") % {"slot": slot.number},
        "part": "",
        "count": "",
        "bin": "",
        "picture": "",
        "part_id": None,
    }
    state = "now" if not needs else "todo"
    asked_for = any(check["name"] == gettext("slot") for check in checks)
    return [
        *steps,
        {**placed, "check": gettext("slot label") if asked_for else gettext("by order"), "state": state},
    ]


def _late(station: Station, slot: Slot | None) -> View | None:
    """The piece in the hand is not wanted any more: what changed, and where it goes back."""
    if station.hand_group_id is None:
        return None
    own = slot if slot is not None and slot.group_id == station.hand_group_id else None
    end = hand_end(station, own)
    group = station.hand_group
    if group is None or end is None or end is rules.HandEnd.DONE:
        return None
    wanted = group.components.filter(required=True, part__isnull=False).select_related("part").first()
    part = wanted.part if wanted is not None else None
    return {
        "sequence": group.call_off.sequence_number,
        "why": str(end),
        "now": (part.description or part.number) if part and end is rules.HandEnd.CHANGED else "",
        "back": station.hand_what,
        "bin": station.hand_bin,
    }


def _rush(station: Station, rack: Rack | None, commodity: Commodity) -> View | None:
    """The rush that waits for this station; `free`: it may be taken now, between two units."""
    rush = next_rush(commodity)
    if rush is None or (rack is not None and rack.priority == Priority.RUSH):
        return None
    slot = rush.slots.select_related("group__call_off").filter(group__isnull=False).first()
    if slot is None or slot.group is None:
        return None
    due = slot.group.call_off.required_at
    transit = timedelta(minutes=commodity.program.line.plant.transit_minutes)
    return {
        "rack": rush.number,
        **_brief(slot.group),
        "due": due - transit if due else None,
        "free": station.hand_group_id is None,
    }


def _checks(station: Station, components: list[Any], needs: list[rules.Need], asked: bool) -> list[View]:
    """The chips under the part: what is done, what is asked, what follows."""
    open_ids = [n.component_id for n in needs]
    checks = []
    for component in components:
        waiting = component.pk in open_ids
        now = bool(open_ids) and component.pk == open_ids[0]
        pending = now and bool(station.pending_unit_part)
        name = gettext("part") if len(components) == 1 else component.part.number
        checks.append({"name": name, "state": "done" if not waiting or pending else "now" if now else "todo"})
        if component.part.trace != Part.Trace.NONE:
            state = "done" if not waiting else "now" if pending else "todo"
            checks.append({"name": in_words(component.part.trace), "state": state})
    if asked:
        checks.append({"name": gettext("slot"), "state": "todo" if needs else "now"})
    return checks


def _both_clocks(moment: datetime, rack: Rack) -> str:
    return both_clocks(moment, rack.commodity.program.line.plant.time_zone)


def _then_waits(rack: Rack, at: datetime) -> str:
    """Until when the rest of the rack waits; empty when nothing does."""
    waits = rack_waits_until(rack, at=at)
    return _both_clocks(waits, rack) if waits is not None else ""


def _coming(slots: Iterable[Slot], current: Slot | None) -> list[ComponentGroup]:
    """The next two in loading order."""
    workable = {GroupStatus.RELEASED, GroupStatus.IN_WORK}
    after = [
        s
        for s in slots
        if s.group is not None
        and s.group.status in workable
        and s.status in {SlotStatus.EMPTY, SlotStatus.REOPENED}
        and (current is None or s.number > current.number)
    ]
    return [s.group for s in after[:2] if s.group is not None]


def _brief(group: ComponentGroup) -> View:
    return _words(group, _parts_of([group])[group.pk])


def _words(group: ComponentGroup, components: list[CallComponent]) -> View:
    """A call in few words: its sequence, and the first of its parts."""
    component = components[0] if components else None
    part = component.part if component else None
    return {
        "sequence": group.call_off.sequence_number,
        "part": part.number if part else component.customer_part if component else "",
        "description": part.description if part else group.problem,
    }


def _upcoming(station: Station) -> View | None:
    rack, left = _rack_to_take(station)
    if rack is None:
        return None
    slot = current_slot(rack.pk)
    carrier = rack.carrier.code if left and rack.carrier else ""
    return {"rack": rack.number, "left": carrier, **(_brief(slot.group) if slot and slot.group else {})}


def _last(station: Station) -> list[View]:
    return [
        {
            "sequence": scan.group.call_off.sequence_number if scan.group else "",
            "accepted": scan.accepted,
            "code": scan.code,
            "text": scan.hint or scan.seen,
            "raw": scan.raw,
            "at": scan.scanned_at,
        }
        for scan in _last_scans.rows(station=station.pk)
    ]


@Question
def _last_scans() -> QuerySet[ScanEvent]:
    scans = ScanEvent.objects.filter(station=number("station")).select_related("group__call_off", "rack")
    # In the order of the station's own index: the scans are many, and cut by month.
    return scans.order_by("-recorded_at", "-id")[:3]


def _lock(station: Station) -> View | None:
    if not station.lock_code:
        return None
    return {"code": station.lock_code, "need": station.lock_need, "got": station.lock_got}


def buffer_of(commodity: Commodity, at: datetime) -> View:
    """Minutes until the OEM's line takes the first piece that is not yet in a sealed rack, less transit.

    `trend` compares with a quarter of an hour ago, from what was known and not sealed then: up, flat, down or nothing.
    """
    first = _first_unsealed.first(commodity=commodity.pk)
    if first is None or first.required_at is None:
        return {"minutes": None, "limit": None, "trend": ""}
    sealed_since = _first_sealed_since.first(commodity=commodity.pk, since=at - TREND)
    transit = timedelta(minutes=commodity.program.line.plant.transit_minutes)
    before = [c.required_at for c in (first, sealed_since) if c is not None and c.created_at <= at - TREND]
    then = min((due for due in before if due is not None), default=None)
    minutes = _minutes(first.required_at - transit, at)
    trend = _trend(minutes, _minutes(then - transit, at - TREND)) if then is not None else ""
    return {"minutes": minutes, "limit": first.sequence_number, "trend": trend}


def _firm() -> QuerySet[CallOff]:
    return CallOff.objects.filter(stage=Stage.FIRM, held=False).order_by("required_at")


@Question
def _first_unsealed() -> QuerySet[CallOff]:
    safe = Q(slot__status=SlotStatus.FILLED, slot__rack__status__in=sorted(CLOSED_RACKS | GONE_RACKS))
    open_ = ComponentGroup.objects.filter(commodity=number("commodity"), status__in=sorted(OPEN_GROUPS))
    groups = open_.exclude(safe)
    return _firm().filter(pk__in=groups.values("call_off"))[:1]


@Question
def _first_sealed_since() -> QuerySet[CallOff]:
    sealed = _firm().filter(
        groups__commodity=number("commodity"),
        groups__slot__status=SlotStatus.FILLED,
        groups__slot__rack__sealed_at__gt=moment("since"),
    )
    return sealed[:1]


def _minutes(until: datetime, at: datetime) -> int:
    return int((until - at).total_seconds() // 60)


def _trend(now: int, before: int) -> str:
    if abs(now - before) <= STEADY:
        return "flat"
    return "up" if now > before else "down"


def _tray(
    station: Station, rack: Rack | None, slot: Slot | None, needs: list[rules.Need], ask: View
) -> list[View]:
    """Labels a newcomer without scanner can click. What fits now comes first; the wrong ones are there to be tried."""
    cards: list[View] = []
    asked = ask["code"]
    badge = Badge.objects.filter(active=True, user__groups__name="operator").order_by("pk").first()
    boss = Badge.objects.filter(active=True, user__groups__name="supervisor").order_by("pk").first()
    if badge:
        cards.append(_card(gettext("My badge"), f"%B:{badge.code}", "badge"))
    if boss and asked in {"SUPERVISOR", "LOCKED"}:
        cards.append(_card(gettext("Supervisor badge"), f"%B:{boss.code}", "badge"))
    if ask.get("cards"):
        return [*cards, *ask["cards"], _card(spoken("BACK"), "%C:BACK", "command")]
    boxes = [_card(*box) for box in box_cards(station, asked)] if station.operator else []
    carrier = None if station.handling_unit_id else _carrier_for(station, rack)
    cards += boxes
    if carrier:
        cards.append(_card(gettext("Rack %(carrier)s") % {"carrier": carrier}, f"%R:{carrier}", "rack"))
    if station.handling_unit_id is None:
        cards += _part_cards(station, slot, needs)
    if slot and station.handling_unit_id is None:
        cards.append(_card(gettext("Slot %(slot)s") % {"slot": slot.number}, f"%L:{slot.number}", "slot"))
    if asked == "PIN":
        cards.append(_card(f"PIN {DEMO_PIN}", f"%P:{DEMO_PIN}", "command"))
    commands = {
        "LOCKED": ["RETURN", "SUPERVISOR"],
        "PUT_BACK": ["RETURN"],
        "SEAL": ["SEAL"],
        "MOVES": ["MOVES", "SEAL"],
        "SUPERVISOR": ["BACK"],
        "PIN": ["BACK"],
    }
    if "cards" in ask:
        return [*cards, _card(spoken("BACK"), "%C:BACK", "command")]
    cards += [
        _card(spoken(word), f"%C:{word}", "command")
        for word in commands.get(asked, ["SEAL", "MISSING", "RETURN", "ANDON"])
    ]
    return cards


def _card(label: str, raw: str, kind: str) -> View:
    return {"label": label, "raw": raw, "kind": kind}


def _carrier_for(station: Station, rack: Rack | None) -> str | None:
    if rack is not None and rack.carrier and rack.status not in {RackStatus.STAGED, *GONE_RACKS}:
        return rack.carrier.code
    commodity, (coming, left) = station.commodity, _rack_to_take(station)
    if left and coming is not None and coming.carrier:
        return coming.carrier.code
    if commodity is None:
        return None
    bound = Rack.objects.filter(status__in=sorted(BOUND_RACKS), carrier__isnull=False).values("carrier")
    free = Carrier.objects.filter(rack_type=commodity.rack_type, blocked=False).exclude(pk__in=bound)
    carrier = free.order_by("code").first()
    return carrier.code if carrier else None


def _part_cards(station: Station, slot: Slot | None, needs: list[rules.Need]) -> list[View]:
    if slot is None or not needs:
        return []
    need = needs[0]
    if station.pending_unit_part and need.lot:
        return [_card("Lot", f"1T{need.number[-4:]}{(slot.group_id or 0) // 100:05d}", "serial")]
    if station.pending_unit_part:
        return [_card("Serial", f"S{need.number[-4:]}{slot.group_id or 0:07d}", "serial")]
    cards = [_card(gettext("Part %(need)s") % {"need": need.number}, f"P{need.number}", "part")]
    other = (
        Part.objects.filter(family=Part.objects.get(pk=need.part_id).family, active=True)
        .exclude(pk=need.part_id)
        .order_by("number")
        .first()
    )
    if other:
        cards.append(
            _card(gettext("Wrong part %(other)s") % {"other": other.number}, f"P{other.number}", "wrong")
        )
    return cards
