"""The list of racks as its address asks for it, and one rack with its slots, moves and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from inventory.errors import Unknown
from sequencer.boards.units import Board, level, minutes
from sequencer.models import Carrier, Commodity, PlantEvent, Rack, SealedMove, Slot
from sequencer.services.racks import loose_pieces, move_list, open_moves
from sequencer.services.racks.picture import rack_view
from sequencer.states import CLOSED_RACKS, GONE_RACKS, HOUSE_RACKS, RackStatus, SealedChoice, SlotStatus

PAGE = 40
SOON = timedelta(hours=1)
IN_WORK = frozenset({RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED})

# value -> what it shows
STATUSES = (
    ("open", gettext_noop("not gone")),
    ("work", gettext_noop("in work")),
    ("closed", gettext_noop("sealed, staged, loaded")),
    ("gone", gettext_noop("gone")),
    *((status.value.lower(), status.value.replace("_", " ").lower()) for status in RackStatus),
)
FILLS = (
    ("empty", gettext_noop("empty")),
    ("part", gettext_noop("partly filled")),
    ("full", gettext_noop("every slot filled")),
)
NEEDS = (
    ("holes", gettext_noop("with holes")),
    ("reopened", gettext_noop("with reopened slots")),
    ("loose", gettext_noop("with pieces to move")),
    ("decide", gettext_noop("waits for a decision")),
)
DUES = (
    ("late", gettext_noop("late")),
    ("hour", gettext_noop("due within an hour")),
    ("later", gettext_noop("due later")),
)
AGES = (
    ("1", gettext_noop("open over 1 h")),
    ("4", gettext_noop("open over 4 h")),
    ("24", gettext_noop("open over a day")),
)
SORTS = (
    ("due", gettext_noop("by due time")),
    ("age", gettext_noop("oldest first")),
    ("number", gettext_noop("by number")),
)


def _told(choices: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(code, _(words)) for code, words in choices]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; a value the list does not know shows everything."""

    q: str = ""
    status: str = "open"
    commodity: str = ""
    fill: str = ""
    needs: str = ""
    due: str = ""
    age: str = ""
    sort: str = "due"
    page: int = 1


def rack_list(asked: Asked, *, at: datetime) -> Board:
    """One page of racks, with what a person filters by."""
    found = _narrowed(asked, at)
    pages = Paginator(found, PAGE)
    page = pages.get_page(asked.page)
    racks = list(page.object_list)
    loose = set(loose_pieces().filter(slot__rack__in=racks).values_list("slot__rack_id", flat=True))
    decide = set(
        SealedMove.objects.filter(rack__in=racks, choice=SealedChoice.OPEN).values_list("rack_id", flat=True)
    )
    return {
        "rows": [_row(rack, loose, decide, at) for rack in racks],
        "count": pages.count,
        "page": page.number,
        "pages": pages.num_pages,
        "choices": {
            "status": _told(STATUSES),
            "commodity": [(str(c.pk), str(c)) for c in Commodity.objects.select_related("program__line")],
            "fill": _told(FILLS),
            "needs": _told(NEEDS),
            "due": _told(DUES),
            "age": _told(AGES),
            "sort": _told(SORTS),
        },
    }


def _narrowed(asked: Asked, at: datetime) -> QuerySet[Any]:
    found = Rack.objects.select_related(
        "commodity__rack_type",
        "commodity__program__stream",
        "commodity__program__line__plant",
        "carrier",
        "shipment",
    ).annotate(
        needed_at=Min("slots__group__call_off__required_at", filter=~Q(slots__status=SlotStatus.CANCELLED)),
        slot_count=Count("slots", filter=~Q(slots__status=SlotStatus.CANCELLED)),
        filled=Count("slots", filter=Q(slots__status=SlotStatus.FILLED)),
        holes=Count("slots", filter=Q(slots__status=SlotStatus.HOLE)),
        reopened=Count("slots", filter=Q(slots__status=SlotStatus.REOPENED)),
    )
    found = _by_status(found, asked.status)
    if asked.q:
        found = found.filter(
            Q(number__icontains=asked.q)
            | Q(carrier__code__iexact=asked.q)
            | Q(shipment__number__iexact=asked.q)
            | Q(pk__in=Slot.objects.filter(group__call_off__sequence_number=asked.q).values("rack"))
        )
    if asked.commodity.isdecimal():
        found = found.filter(commodity=int(asked.commodity))
    fills = {
        "empty": Q(filled=0),
        "part": Q(filled__gt=0, filled__lt=F("slot_count")),
        "full": Q(filled=F("slot_count")),
    }
    open_moves = SealedMove.objects.filter(choice=SealedChoice.OPEN).values("rack")
    needs = {
        "holes": Q(holes__gt=0),
        "reopened": Q(reopened__gt=0),
        "loose": Q(pk__in=loose_pieces().filter(slot__isnull=False).values("slot__rack")),
        "decide": Q(pk__in=open_moves),
    }
    dues = {
        "late": Q(needed_at__lt=at),
        "hour": Q(needed_at__gte=at, needed_at__lt=at + SOON),
        "later": Q(needed_at__gte=at + SOON),
    }
    for table, value in ((fills, asked.fill), (needs, asked.needs), (dues, asked.due)):
        if value in table:
            found = found.filter(table[value])
    if asked.age in dict(AGES):
        found = found.filter(started_at__lt=at - timedelta(hours=int(asked.age)))
    orders: dict[str, list[Any]] = {
        "age": [F("started_at").asc(nulls_last=True), "pk"],
        "number": ["number"],
    }
    return found.order_by(
        *orders.get(asked.sort, [F("needed_at").asc(nulls_last=True), "low_position", "pk"])
    )


def _by_status(found: QuerySet[Any], status: str) -> QuerySet[Any]:
    if status == "work":
        return found.filter(status__in=sorted(IN_WORK))
    if status == "closed":
        return found.filter(status__in=sorted(CLOSED_RACKS))
    if status == "gone":
        return found.filter(status__in=sorted(GONE_RACKS))
    if status.upper() in set(RackStatus):
        return found.filter(status=status.upper())
    return found.filter(status__in=sorted(HOUSE_RACKS))


def _row(rack: Any, loose: set[int], decide: set[int], at: datetime) -> Board:
    counter = rack.commodity.program.stream.counter
    line = rack.commodity.program.line
    leaves = rack.needed_at - timedelta(minutes=line.plant.transit_minutes) if rack.needed_at else None
    gone = rack.status in GONE_RACKS or rack.status == RackStatus.CANCELLED
    left = None if gone else minutes(leaves, at)
    return {
        "id": rack.pk,
        "number": rack.number,
        "rush": rack.priority == "RUSH",
        "commodity": rack.commodity.name,
        "line": line.name,
        "key": rack.cut_key,
        "type": rack.commodity.rack_type.code,
        "low": counter.text(rack.low_position),
        "high": counter.text(rack.high_position),
        "status": rack.status,
        "filled": rack.filled,
        "capacity": rack.slot_count,
        "holes": rack.holes,
        "reopened": rack.reopened,
        "loose": rack.pk in loose,
        "decide": rack.pk in decide,
        "carrier": rack.carrier.code if rack.carrier else "",
        "shipment": rack.shipment.number if rack.shipment else "",
        "started_at": rack.started_at,
        "needed_at": rack.needed_at,
        "zone": line.plant.time_zone,
        "minutes": left,
        "level": "" if rack.status in CLOSED_RACKS else level(left, 0),
    }


def rack_detail(rack_id: int, *, at: datetime) -> Board:
    """One rack: its drawing, slots, move list, what is to be decided and what was. Refuses one that is not there."""
    found = Rack.objects.select_related(
        "carrier",
        "shipment",
        "commodity__rack_type",
        "commodity__program__stream",
        "commodity__program__line__plant",
    )
    rack = found.filter(pk=rack_id).first()
    if rack is None:
        raise Unknown("no_rack", f"There is no rack {rack_id}; it may have been cut again.")
    slots = list(rack.slots.select_related("group__call_off", "group__commodity").order_by("number"))
    view = rack_view(rack, slots)
    program = rack.commodity.program
    to_decide = open_moves(rack)
    for move in to_decide:
        old = move.from_position
        move.was = program.stream.counter.text(old) if old is not None else ""  # type: ignore[attr-defined]
    return {
        "rack": rack,
        "view": view,
        "slots": [_slot_row(slot, drawn) for slot, drawn in zip(slots, view["slots"], strict=True)],
        "moves": move_list(rack) if rack.status in IN_WORK else [],
        "moved": _moved(rack),
        "to_decide": to_decide,
        "due_at": next((move.due_at for move in to_decide if move.due_at), None),
        "decided": list(
            SealedMove.objects.filter(rack=rack)
            .exclude(choice=SealedChoice.OPEN)
            .select_related("group__call_off")
            .order_by("-decided_at")[:12]
        ),
        "as_is_allowed": program.ship_as_sealed,
        "line": program.line,
        "counter": program.stream.counter,
        "rules": [str(rule) for rule in rack.commodity.cut_rules.all()],
        "carts": Carrier.objects.filter(kind=Carrier.Kind.HOLD, blocked=False).exists(),
        "at": at,
    }


def _slot_row(slot: Slot, drawn: Board) -> Board:
    group = slot.group
    return {
        **drawn,
        "call": group.call_off.call_number if group else "",
        "family": group.commodity.family if group else "",
        "group_status": group.status if group else "",
        "packed_at": slot.packed_at,
        "reason": slot.reason,
    }


def _moved(rack: Rack) -> list[PlantEvent]:
    """The moves of the list that were done, newest first."""
    events = PlantEvent.objects.filter(kind="piece_moved", subject=rack.number)
    return list(events.order_by("-id")[:20])
