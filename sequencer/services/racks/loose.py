"""Pieces that a move of the OEM left standing in a wrong place, and the list that brings them where they belong.

A piece counts as loose while its unit is in the buffer and nothing else was packed on the slot it stands in: who packs
a slot in the ordinary way has taken the old piece out of it, whatever the list says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from inventory.errors import Refused
from inventory.statements import Given, Question, number
from sequencer.models import CallComponent, Carrier, ComponentGroup, LoosePiece, Rack, Slot, Unit
from sequencer.rules import Standing, plan_moves
from sequencer.services.journal import close_tasks, record_event
from sequencer.states import GroupStatus, SlotStatus, Stage, UnitStatus


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a rack or of a hold cart. `number` 0: any free place of the cart; no carrier: any hold cart."""

    carrier: str
    number: int
    on_cart: bool = False

    def __str__(self) -> str:
        if not self.on_cart:
            return _("slot %(slot)s") % {"slot": self.number}
        if not self.carrier:
            return _("hold cart")
        told = _("hold cart %(cart)s place %(place)s") if self.number else _("hold cart %(cart)s")
        return told % {"cart": self.carrier, "place": self.number}


@dataclass(frozen=True, slots=True)
class RackMove:
    """One step of a move list: all pieces of one call, from where they stand to where they go."""

    ref: int
    sequence: str
    pieces: tuple[LoosePiece, ...]
    source: Spot
    target: Spot
    then: str = ""

    @property
    def lands(self) -> bool:
        """It ends in a slot, so that its pieces are verified on the way."""
        return not self.target.on_cart

    def __str__(self) -> str:
        return f"{self.sequence}: {self.source} → {self.target}"


def loose_pieces() -> QuerySet[LoosePiece]:
    """Every piece that stands in a wrong place now."""
    return LoosePiece.objects.filter(unit__status=UnitStatus.BUFFER).exclude(slot__status=SlotStatus.FILLED)


def stands_loose(rack_id: int | Given) -> QuerySet[LoosePiece]:
    """Loose pieces in the slots of a rack, and those on hold carts whose call has its slot there."""
    return loose_pieces().filter(
        Q(slot__rack=rack_id)
        | Q(cart__isnull=False, goes_on=True, group__slot__rack=rack_id, group__status=GroupStatus.RELEASED)
    )


@Question
def _loose_here() -> QuerySet[Any, tuple[int, bool]]:
    return stands_loose(number("rack")).values_list("pk", "goes_on")


def loose_of(rack_id: int) -> list[tuple[int, bool]]:
    """The same by key, and whether the call wants the piece still: what every page of a station asks."""
    return _loose_here.rows(rack=rack_id)


def must_move(rack: Rack, asked: Slot | None) -> bool:
    """Whether moving comes before anything else at the station; never with a part in the hand.

    While there is something to pack, only pieces that their calls still want come first: what merely has to be taken
    out is taken out when its slot is packed again. One query as long as every piece stands where it belongs.
    """
    if asked is not None and asked.group is not None and asked.group.status != GroupStatus.RELEASED:
        return False
    pieces = loose_of(rack.pk)
    return any(goes_on or asked is None for _, goes_on in pieces) and bool(move_list(rack))


def set_loose(slot: Slot, group: ComponentGroup, *, at: datetime, goes_on: bool, reason: str) -> None:
    """The pieces of a filled slot stay where they stand while the book takes them off it.

    `goes_on`: the call wants them still, elsewhere. Runs before the pieces are put back, under the rack's lock.
    """
    units = list(Unit.objects.filter(group=group, status=UnitStatus.PACKED))
    LoosePiece.objects.filter(Q(slot=slot) | Q(unit__in=units)).delete()
    LoosePiece.objects.bulk_create(
        LoosePiece(unit=unit, group=group, goes_on=goes_on, slot=slot, since=at, reason=reason[:120])
        for unit in units
    )


def move_list(rack: Rack) -> list[RackMove]:
    """The moves of a rack in work, in the order they are done. Reads only; it is planned anew after every scan."""
    pieces = stands_loose(rack.pk).select_related(
        "unit__part",
        "slot__rack__carrier",
        "cart",
        "group__call_off",
        "group__commodity",
        "group__slot__rack",
    )
    sets: dict[tuple[int, int | None], list[LoosePiece]] = {}
    for piece in pieces.order_by("pk"):
        # Pieces of one call that stand together move together.
        sets.setdefault((piece.group_id, piece.slot_id), []).append(piece)
    by_ref = {found[0].pk: tuple(found) for found in sets.values()}
    target = {ref: _target(found) for ref, found in by_ref.items()}
    # A call that came back to its slot is verified where it stands, like any other.
    by_ref = {
        ref: found for ref, found in by_ref.items() if target[ref] is None or target[ref] != found[0].slot
    }
    standing = [
        Standing(
            ref,
            found[0].slot.number if found[0].slot else None,
            slot.number if (slot := target[ref]) is not None and slot.rack_id == rack.pk else None,
        )
        for ref, found in by_ref.items()
    ]
    carrier = rack.carrier.code if rack.carrier else ""
    moves, cart = [], _roomy_cart()
    parked: set[int] = set()
    for step in plan_moves(standing):
        found = by_ref[step.ref]
        source = Spot(carrier, step.source) if step.source is not None else _cart_of(found[0])
        if step.ref in parked:
            source = Spot(cart, 0, on_cart=True)
        if step.target is None:
            parked.add(step.ref)
        goal = Spot(carrier, step.target) if step.target is not None else Spot(cart, 0, on_cart=True)
        moves.append(
            RackMove(step.ref, _sequence_of(found[0]), found, source, goal, _then(target[step.ref], rack))
        )
    return moves


def _target(pieces: tuple[LoosePiece, ...]) -> Slot | None:
    """The slot these pieces belong to; None while their call has none, is stopped, or wants another part."""
    group = pieces[0].group
    if not pieces[0].goes_on or group.status != GroupStatus.RELEASED or group.on_hold:
        return None
    call = group.call_off
    if call.held or call.stage != Stage.FIRM:
        return None
    slot: Slot | None = getattr(group, "slot", None)
    if slot is None or slot.status not in {SlotStatus.EMPTY, SlotStatus.REOPENED}:
        return None
    wanted = set(CallComponent.objects.filter(group=group, required=True).values_list("part_id", flat=True))
    return slot if wanted.issuperset(piece.unit.part_id for piece in pieces) else None


def _sequence_of(piece: LoosePiece) -> str:
    return piece.group.call_off.sequence_number


def _then(slot: Slot | None, rack: Rack) -> str:
    if slot is None or slot.rack_id == rack.pk:
        return ""
    return _("for %(rack)s slot %(slot)s") % {"rack": slot.rack.number, "slot": slot.number}


def _cart_of(piece: LoosePiece) -> Spot:
    return Spot(piece.cart.code if piece.cart else "", piece.place or 0, on_cart=True)


def _roomy_cart() -> str:
    """The first hold cart with a free place, or nothing."""
    for cart in Carrier.objects.filter(kind=Carrier.Kind.HOLD, blocked=False).select_related("rack_type"):
        if free_place(cart) is not None:
            return cart.code
    return ""


def free_place(cart: Carrier, wanted: int | None = None) -> int | None:
    """The place asked for if it is free, else the lowest free one; None when the cart has none."""
    taken = set(loose_pieces().filter(cart=cart).values_list("place", flat=True))
    free = (number for number in range(1, cart.rack_type.capacity + 1) if number not in taken)
    if wanted is not None:
        return wanted if wanted in set(free) else None
    return next(free, None)


def park(pieces: Iterable[LoosePiece], cart: Carrier, place: int | None, *, at: datetime) -> list[int]:
    """Puts pieces on a hold cart, each on a place of its own; returns the places. The caller has locked the cart.

    Refuses what is no hold cart, one in repair, and one without enough free places.
    """
    if cart.kind != Carrier.Kind.HOLD:
        raise Refused("no_hold_cart", _("%(cart)s is no hold cart") % {"cart": cart.code})
    if cart.blocked:
        raise Refused("blocked", _("%(cart)s is in repair; take another") % {"cart": cart.code})
    places = []
    for piece in pieces:
        free = free_place(cart, place)
        if free is None:
            told = (
                _("place %(place)s of %(cart)s is taken") % {"place": place, "cart": cart.code}
                if place
                else _("%(cart)s has no free place") % {"cart": cart.code}
            )
            raise Refused("cart_full", _("%(told)s; take another") % {"told": told})
        LoosePiece.objects.filter(pk=piece.pk).update(slot=None, cart=cart, place=free, since=at)
        places.append(free)
        place = None
    return places


def to_buffer(pieces: Iterable[LoosePiece]) -> None:
    """The pieces went into the return bin: they lie in the buffer like any other."""
    LoosePiece.objects.filter(pk__in=[piece.pk for piece in pieces]).delete()


def loose_reasons(rack: Rack) -> list[str]:
    """Sentences for pieces that still stand in a rack's slots though no slot holds them; they forbid the seal."""
    return [
        _("slot %(slot)s: %(sequence_of)s still stands there; scan MOVES")
        % {"slot": slot, "sequence_of": sequence}
        for _pk, slot, sequence in _left_standing.rows(rack=rack.pk)
    ]


@Question
def _left_standing() -> QuerySet[LoosePiece, tuple[int, int, str]]:
    pieces = loose_pieces().filter(slot__rack=number("rack")).order_by("slot__number")
    return pieces.values_list("pk", "slot__number", "group__call_off__sequence_number")


def place_of(unit: Unit) -> str:
    """Where a piece of the buffer stands, in words: a hold cart, the slot it was left in, or the buffer."""
    piece = loose_pieces().filter(unit=unit).select_related("cart", "slot__rack").first()
    if piece is None:
        return _("lies in the buffer")
    if piece.cart is not None:
        return _("is on hold cart %(cart)s place %(place)s") % {"cart": piece.cart.code, "place": piece.place}
    assert piece.slot is not None  # by constraint: a slot or a cart
    return _("still stands in rack %(rack)s slot %(slot)s") % {
        "rack": piece.slot.rack.number,
        "slot": piece.slot.number,
    }


def note_move(move: RackMove, rack: Rack, where: str, *, at: datetime, by: str) -> None:
    """A move of the list was done: who, when, which pieces, from where to where. A task to take them out is done."""
    group = move.pieces[0].group
    close_tasks(
        "TAKE_OUT", f"{group.call_off.call_number} {group.commodity.family}", at=at, note=f"in {where}"
    )
    record_event(
        f"line:{rack.commodity.program.line_id}",
        "piece_moved",
        rack.number,
        at=at,
        by=by,
        sequence=move.sequence,
        source=str(move.source),
        target=where,
        serials=[piece.unit.serial for piece in move.pieces if piece.unit.serial],
    )
