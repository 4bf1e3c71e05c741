"""What a dock shows: the truck at this door in its true loading order, what is missing where, the ASNs behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Unknown
from sequencer.demo import SUPERVISOR_PIN as DEMO_PIN
from sequencer.languages import speaking_to
from sequencer.models import Badge, Rack, Shipment, Station
from sequencer.services.dock import wants
from sequencer.services.moves import belongs_before
from sequencer.services.quantity.picture import truck_boxes
from sequencer.services.quantity.trucks import boxes_on
from sequencer.services.shipping import next_to_load, racks_to_come_off
from sequencer.services.trips import loaded_after, loaded_before, stops_of
from sequencer.services.view import _asked as asked_for
from sequencer.services.view import _banners as banners_of
from sequencer.services.view import _card as card
from sequencer.services.view import _flow_asks as flow_asks
from sequencer.services.view import _head as head_of
from sequencer.services.view import _last as last_scans
from sequencer.services.view import _lock as lock_of
from sequencer.services.view import _person as person_of
from sequencer.services.view import _station as station_row
from sequencer.spoken import in_words
from sequencer.states import (
    OPEN_SHIPMENTS,
    AsnStatus,
    HandlingStatus,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
)

View = dict[str, Any]
TRUCKS_AHEAD, TRUCKS_GONE = 4, 6


def dock_view(station_id: int, *, at: datetime) -> View:
    """The whole picture of a dock at one moment: the truck being loaded, the ones after, the last that left."""
    station = station_row(station_id, at)
    with speaking_to(station.operator):
        return _dock_view(station, at)


def _dock_view(station: Station, at: datetime) -> View:
    point = station.unloading_point
    if point is None:
        raise Unknown("no_station", _("%(station)s is no dock") % {"station": station.code})
    stops = Shipment.objects.filter(unloading_point=point, trip__isnull=False).values("trip")
    mine = Shipment.objects.filter(Q(unloading_point=point) | Q(trip__in=stops)).select_related(
        "trailer_type", "unloading_point__plant"
    )
    current = mine.filter(pk=station.shipment_id or 0).filter(status__in=sorted(OPEN_SHIPMENTS)).first()
    ahead = _ahead(mine, station)
    shown = current or (ahead[0] if ahead else None)
    off = racks_to_come_off(shown) if shown else []
    view: View = {
        "station": head_of(station, point.name or point.code, point.plant),
        **person_of(station),
        "ask": _ask(station, current, shown, off, at),
        "shipment": shipment_view(shown, at, off) if shown else None,
        "opened": current is not None,
        "queue": [_truck_brief(s, at) for s in ahead if shown is None or s.pk != shown.pk],
        "departed": [departed_view(s, at) for s in _gone(mine)],
        "last": last_scans(station),
        "lock": lock_of(station),
        "banners": banners_of(station, at),
        "tray": [],
    }
    view["tray"] = _tray(station, current, shown, view["ask"], off) if settings.DEMO else []
    return view


def _gone(mine: QuerySet[Shipment]) -> QuerySet[Shipment]:
    """The last that left. Their racks are counted once they are known: not of every truck that ever left."""
    last = mine.filter(departed_at__isnull=False).order_by("-departed_at").values_list("pk", flat=True)
    return (
        mine.filter(pk__in=list(last[:TRUCKS_GONE]))
        .annotate(rack_count=Count("racks"))
        .order_by("-departed_at")
    )


def _ahead(mine: QuerySet[Shipment], station: Station) -> list[Shipment]:
    """Trucks this door may take: none that stands at another; an emergency run before the planned ones."""
    elsewhere = Station.objects.filter(shipment__isnull=False).exclude(pk=station.pk).values("shipment")
    found = mine.filter(status__in=sorted(OPEN_SHIPMENTS)).exclude(pk__in=elsewhere)
    ahead = list(found.annotate(rack_count=Count("racks")).order_by("kind", "pk")[:TRUCKS_AHEAD])
    # Of one truck the stop that is loaded now stands for the others; what is loaded of it is on nobody's list.
    return [
        one for one in ahead if one.trip_id is None or (one.status != "LOADED" and loaded_before(one) is None)
    ]


def _ask(
    station: Station, current: Shipment | None, shown: Shipment | None, off: Sequence[Rack], at: datetime
) -> View:
    mode = station.mode.partition(":")[0]
    if mode == "PIN":
        return asked_for("PIN", _("ENTER PIN"), _("of the supervisor whose badge was scanned"))
    if mode == "SUPERVISOR":
        return asked_for("SUPERVISOR", _("SCAN SUPERVISOR BADGE"), _("or BACK"))
    if station.operator is None:
        return asked_for("BADGE", _("SCAN YOUR BADGE"))
    flow = flow_asks(station, at)
    if flow is not None:
        return flow
    if current is None:
        if shown is None:
            return asked_for(
                "WAIT", _("NO TRUCK PLANNED"), _("racks bring one; empties can be scanned back in")
            )
        return asked_for("TRUCK", _("SCAN TRUCK %(shown)s") % {"shown": shown.number})
    if off:
        return asked_for(
            "UNLOAD",
            _("TAKE OFF %(off)s") % {"off": _name(off[0])},
            f"{_spot(current, off[0])}; {_why_off(off[0])}",
        )
    wanted = next_to_load(current)
    boxes = [box for box in boxes_on(current) if box.status == HandlingStatus.STAGED]
    if boxes and (wanted is None or wanted.status != RackStatus.STAGED):
        # Boxes have no order: they go on while a rack is waited for.
        return asked_for(
            "BOX",
            _("LOAD BOX %(number)s") % {"number": boxes[0].number},
            _("%(count)s to go, in any order") % {"count": len(boxes)},
        )
    following = loaded_after(current) if wanted is None else None
    if following is not None:
        return asked_for(
            "TRUCK",
            _("SCAN TRUCK %(shown)s") % {"shown": following.number},
            _("%(point)s is loaded next, before the door") % {"point": following.unloading_point.code},
        )
    if wanted is None:
        return _ask_close(current)
    if wanted.status != RackStatus.STAGED:
        return asked_for("WAIT", _("WAIT FOR %(wanted)s") % {"wanted": wanted.number}, where(wanted))
    return asked_for(
        "RACK",
        _("LOAD RACK %(wanted)s") % {"wanted": _name(wanted)},
        _("%(wanted)s on %(spot)s") % {"wanted": wanted.number, "spot": _spot(current, wanted)},
    )


def _ask_close(current: Shipment) -> View:
    needed = wants(current)
    if needed == "SEAL":
        return asked_for(
            "DOOR_SEAL",
            _("SCAN THE SEAL"),
            _("%(current)s is complete; close the door") % {"current": current.number},
        )
    if needed == "DRIVER":
        return asked_for(
            "DRIVER",
            _("SCAN THE DRIVER'S CARD"),
            _("%(current)s, or type the name") % {"current": current.number},
        )
    return asked_for("DEPART", _("SCAN DEPART"), _("%(current)s is complete") % {"current": current.number})


def _why_off(rack: Rack) -> str:
    if rack.status == RackStatus.REOPENED:
        return _("it was opened again")
    return _("it stands in the way") if rack.load_position is not None else _("it goes with the next truck")


def _name(rack: Rack) -> str:
    return rack.carrier.code if rack.carrier else rack.number


def _spot(shipment: Shipment, rack: Rack) -> str:
    lane, place = shipment.layout.spot(rack.truck_place or rack.load_position or 1)
    return (
        _("lane %(lane)s place %(place)s") % {"lane": lane, "place": place}
        if shipment.layout.lanes > 1
        else _("place %(place)s") % {"place": place}
    )


def where(rack: Rack) -> str:
    """Where a rack is to be looked for, in words."""
    if rack.status == RackStatus.LOADED:
        return _("on the truck")
    if rack.status == RackStatus.STAGED:
        return in_words("STAGED")
    if rack.status == RackStatus.PLANNED:
        return _("not started")
    station = Station.objects.filter(rack=rack).values_list("code", flat=True).first()
    state = in_words(rack.status)
    return _("%(state)s at %(station)s") % {"state": state, "station": station} if station else state


def minutes_left(shipment: Shipment, at: datetime) -> int:
    return int((shipment.leaves_at - at).total_seconds() // 60)


def _truck_brief(shipment: Shipment, at: datetime) -> View:
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "status": shipment.status,
        "emergency": shipment.kind == Shipment.Kind.EMERGENCY,
        "racks": shipment.rack_count,  # type: ignore[attr-defined]
        "leaves_at": shipment.leaves_at,
        "minutes_left": minutes_left(shipment, at),
    }


def shipment_view(shipment: Shipment, at: datetime, off: Sequence[Rack] | None = None) -> View:
    """One truck with its racks in loading order and the drawing of its trailer."""
    racks = (
        Rack.objects.filter(shipment=shipment)
        .select_related("carrier", "commodity__program__stream")
        .annotate(slot_count=Count("slots"), filled=Count("slots", filter=Q(slots__status=SlotStatus.FILLED)))
        .order_by("load_position", "pk")
    )
    comes_off = racks_to_come_off(shipment) if off is None else off
    wanted = None if comes_off else next_to_load(shipment)
    first = (
        belongs_before(shipment) if shipment.status in {ShipmentStatus.OPEN, ShipmentStatus.LOADED} else None
    )
    layout = shipment.layout
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "status": shipment.status,
        "emergency": shipment.kind == Shipment.Kind.EMERGENCY,
        "leaves_at": shipment.leaves_at,
        "minutes_left": minutes_left(shipment, at),
        "truck": shipment.truck,
        "seal": shipment.seal_number,
        "driver": shipment.driver,
        "trailer": {
            "type": shipment.trailer_type.code if shipment.trailer_type else "",
            "lanes": layout.lanes,
            "places": layout.places,
            "door": layout.door.value,
        },
        "asn_status": shipment.asn_status,
        "asn_note": shipment.asn_note,
        "belongs_before": {"number": first.number, "where": where(first)} if first else None,
        "boxes": truck_boxes(shipment, at),
        "point": shipment.unloading_point.code,
        "stops": _stops(shipment),
        "behind": _behind(shipment),
        "racks": [_loading_rack(shipment, rack, wanted, [r.pk for r in comes_off]) for rack in racks],
    }


def _stops(shipment: Shipment) -> list[View]:
    """A truck with several unloading points: its stops in the order it is loaded, last stop first."""
    stops = stops_of(shipment)
    if len(stops) < 2:
        return []
    return [
        {
            "id": stop.pk,
            "number": stop.number,
            "point": stop.unloading_point.code,
            "stop": stop.stop,
            "loaded": stop.status == ShipmentStatus.LOADED,
            "here": stop.pk == shipment.pk,
        }
        for stop in reversed(stops)
    ]


def _behind(shipment: Shipment) -> list[View]:
    """Where racks of other stops stand in the same trailer: lane, place, rack, unloading point."""
    found = []
    for stop in stops_of(shipment):
        for rack in stop.racks.select_related("carrier") if stop.pk != shipment.pk else ():
            lane, place = stop.layout.spot(rack.truck_place or rack.load_position or 1)
            point = stop.unloading_point.code
            loaded = rack.status == RackStatus.LOADED
            found.append(
                {"lane": lane, "place": place, "name": _name(rack), "point": point, "loaded": loaded}
            )
    return found


def _loading_rack(shipment: Shipment, rack: Rack, wanted: Rack | None, off: Sequence[int]) -> View:
    counter = rack.commodity.program.stream.counter
    lane, place = shipment.layout.spot(rack.load_position or rack.truck_place or 1)
    return {
        "id": rack.pk,
        "number": rack.number,
        "commodity": rack.commodity.name,
        "carrier": rack.carrier.code if rack.carrier else None,
        "load_position": rack.load_position,
        "lane": lane,
        "place": place,
        "status": rack.status,
        "rush": rack.priority == "RUSH",
        "fill": rack.filled,  # type: ignore[attr-defined]
        "capacity": rack.slot_count,  # type: ignore[attr-defined]
        "where": where(rack),
        "point": shipment.unloading_point.code,
        "low": counter.text(rack.low_position),
        "high": counter.text(rack.high_position),
        "next": wanted is not None and wanted.pk == rack.pk,
        "off": rack.pk in off,
        "off_first": bool(off) and off[0] == rack.pk,
    }


def departed_view(shipment: Shipment, at: datetime) -> View:
    """A truck that left and how its ASN stands."""
    waited = shipment.departed_at and (at - shipment.departed_at).total_seconds() / 60
    return {
        "id": shipment.pk,
        "number": shipment.number,
        "status": shipment.status,
        "racks": shipment.rack_count,  # type: ignore[attr-defined]
        "departed_at": shipment.departed_at,
        "asn_status": shipment.asn_status,
        "asn_status_at": shipment.asn_status_at,
        "asn_note": shipment.asn_note,
        "asn_done": shipment.asn_status == AsnStatus.ACCEPTED
        or (shipment.asn_status == AsnStatus.SENT and not shipment.asn_answered),
        "minutes_since": int(waited or 0),
    }


# --- labels for a newcomer without scanner ---------------------------------------------------------------


def _tray(
    station: Station, current: Shipment | None, shown: Shipment | None, ask: View, off: Sequence[Rack]
) -> list[View]:
    if "cards" in ask:
        return [*ask["cards"], card("BACK", "%C:BACK", "command")]
    asked = ask["code"]
    if asked == "SUPERVISOR":
        boss = Badge.objects.filter(active=True, user__groups__name="supervisor").order_by("pk").first()
        shows = [card(_("Supervisor badge"), f"%B:{boss.code}", "badge")] if boss else []
        return [*shows, card("BACK", "%C:BACK", "command")]
    if asked == "PIN":
        return [card(f"PIN {DEMO_PIN}", f"%P:{DEMO_PIN}", "command"), card("BACK", "%C:BACK", "command")]
    cards: list[View] = []
    badge = Badge.objects.filter(active=True, user__groups__name="logistics").order_by("pk").first()
    if badge:
        cards.append(card(_("My badge"), f"%B:{badge.code}", "badge"))
    if shown is not None and current is None:
        cards.append(card(_("Truck %(shown)s") % {"shown": shown.number}, f"%T:{shown.number}", "rack"))
    if current is None:
        return cards
    if asked == "DOOR_SEAL":
        cards.append(card("Seal", f"SEAL-{current.pk:05d}", "door-seal"))
    if asked == "DRIVER":
        cards.append(card("Driver's card", "%D:DRIVER 7", "driver"))
    for box in boxes_on(current)[:4]:
        if box.status == HandlingStatus.STAGED:
            cards.append(card(_("Box %(box)s") % {"box": box.number}, f"%H:{box.number}", "box"))
    return [*cards, *_rack_cards(current, off), *(card(w, f"%C:{w}", "command") for w in _commands(asked))]


def _commands(asked: str) -> tuple[str, ...]:
    return ("DEPART", "UNLOAD") if asked == "DEPART" else ("SHORT", "UNLOAD")


def _rack_cards(current: Shipment, off: Sequence[Rack]) -> list[View]:
    racks = list(off) or list(
        Rack.objects.filter(shipment=current, carrier__isnull=False)
        .exclude(status=RackStatus.LOADED)
        .select_related("carrier")
        .order_by("load_position")[:4]
    )
    return [
        card(_("Rack %(rack)s") % {"rack": _name(rack)}, f"%R:{_name(rack)}", "rack") for rack in racks[:4]
    ]
