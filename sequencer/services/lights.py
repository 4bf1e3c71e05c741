"""Pick-to-light: what a station's lights should show follows from what its screen asks for, as commands in order.

A command is written in the transaction of the decision it follows, so no light ever shows what the server did not
decide. A driver takes commands by number and reports each one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext

from inventory.errors import Refused, Unknown
from sequencer.models import LightCommand, Rack, Station, StationLights
from sequencer.services.scans.slots import current_slot, needs_of, slot_is_asked
from sequencer.services.verdicts import Judged
from sequencer.states import RackStatus

# address key -> colour and quantity
Picture = dict[str, list[str | int]]
# What a light did is no trace of a part, the scan is.
KEPT = timedelta(days=7)
WORKED = frozenset({RackStatus.LOADING, RackStatus.REOPENED})


def lights_of(station: Station) -> StationLights | None:
    """The lights of a station; costs nothing when the station was read with them."""
    found: StationLights | None = getattr(station, "lights", None)
    return found if found is not None and found.active else None


def follow(station: Station, judged: Judged, *, at: datetime) -> int:
    """After a scan: what is no longer asked for goes out, what is asked for now lights up, STOP sounds the horn.

    Runs in the scan's transaction under the station's lock; returns how many commands were written.
    """
    lights = lights_of(station)
    if lights is None:
        return 0
    written = _show(lights, station, at)
    if lights.horn and not judged.accepted and judged.sound in {"", "stop"}:
        LightCommand.objects.create(station=station, kind=LightCommand.Kind.HORN, on=True, written_at=at)
        written += 1
    return written


def refresh_lights(*, at: datetime) -> int:
    """Sweep: a call changed while nobody scanned; the lights follow what is asked for now. Locks each station."""
    written = 0
    for pk in list(StationLights.objects.filter(active=True).values_list("station", flat=True)):
        with transaction.atomic():
            station = (
                Station.objects.select_for_update(no_key=True, of=("self",))
                .select_related("commodity__program__line__plant", "commodity__rack_type", "lights")
                .get(pk=pk)
            )
            lights = lights_of(station)
            written += _show(lights, station, at) if lights is not None else 0
    return written


def _show(lights: StationLights, station: Station, at: datetime) -> int:
    wanted, group_id = _wanted(lights, station)
    if wanted == lights.lit:
        return 0
    off = [
        _command(station, key, shown, False, group_id, at)
        for key, shown in lights.lit.items()
        if key not in wanted
    ]
    on = [
        _command(station, key, shown, True, group_id, at)
        for key, shown in wanted.items()
        if lights.lit.get(key) != shown
    ]
    LightCommand.objects.bulk_create([*off, *on])
    StationLights.objects.filter(pk=lights.pk).update(lit=wanted)
    lights.lit = wanted
    return len(off) + len(on)


def _wanted(lights: StationLights, station: Station) -> tuple[Picture, int | None]:
    """The bin of the piece that is asked for with how many, else the place it goes to; nothing at a locked station."""
    commodity = station.commodity
    if commodity is None or station.operator_id is None or station.rack_id is None or station.lock_code:
        return {}, None
    if station.replay_left:
        return {}, None
    if not Rack.objects.filter(pk=station.rack_id, status__in=sorted(WORKED)).exists():
        return {}, None
    slot = current_slot(station.rack_id)
    if slot is None or slot.group is None:
        return {}, None
    needs = needs_of(slot.group, commodity.program.line.plant.customer_id)
    if needs:
        bins: Picture = {f"BIN:{needs[0].bin}": [lights.colour, needs[0].left]} if needs[0].bin else {}
        return bins, slot.group_id
    if lights.slot_lights and slot_is_asked(commodity, slot):
        return {f"SLOT:{slot.number}": [lights.colour, 0]}, slot.group_id
    return {}, None


def _command(
    station: Station, key: str, shown: list[str | int], on: bool, group_id: int | None, at: datetime
) -> LightCommand:
    kind, _, address = key.partition(":")
    return LightCommand(
        station=station,
        kind=kind,
        address=address[:30],
        on=on,
        colour=str(shown[0]) if on else "",
        quantity=int(shown[1]) if on else 0,
        group_id=group_id if on else None,
        written_at=at,
    )


def waiting_commands(station_id: int, *, limit: int = 100) -> list[LightCommand]:
    """What the driver of a station has not reported yet, in the order it was written."""
    found = LightCommand.objects.filter(station=station_id, acknowledged_at__isnull=True)
    return list(found.order_by("pk")[:limit])


def acknowledge_light(command_id: int, *, at: datetime, by: str, problem: str = "") -> LightCommand:
    """The driver reports a command done, or what was in the way. Repeated, it changes nothing.

    Refuses (`not_in_order`) while an older command of the station is not reported: a late OFF would put out what is on.
    Locks the station.
    """
    with transaction.atomic(durable=True):
        command = LightCommand.objects.filter(pk=command_id).first()
        if command is None:
            raise Unknown(
                "no_light_command",
                gettext("there is no light command %(command_id)s") % {"command_id": command_id},
            )
        Station.objects.select_for_update(no_key=True).get(pk=command.station_id)
        older = LightCommand.objects.filter(
            station=command.station_id, acknowledged_at__isnull=True, pk__lt=command.pk
        ).order_by("pk")
        first = older.values_list("pk", flat=True).first()
        if first is not None:
            raise Refused(
                "not_in_order",
                gettext("light command %(first)s comes before %(command_id)s; report it first")
                % {"first": first, "command_id": command_id},
            )
        LightCommand.objects.filter(pk=command_id, acknowledged_at__isnull=True).update(
            acknowledged_at=at, acknowledged_by=by[:60] or "driver", problem=problem[:200]
        )
        command.refresh_from_db()
    return command


def forget_lights(*, at: datetime) -> int:
    """Sweep: commands of more than a week ago go, reported or not; returns how many."""
    return LightCommand.objects.filter(written_at__lt=at - KEPT).delete()[0]
