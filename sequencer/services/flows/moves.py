"""MOVES: the OEM changed the order of a rack in work. Piece by piece, each by scan, to where it stands now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext, gettext_noop, ngettext

from inventory.errors import Refused, Stale
from inventory.models import CustomerPart, Part
from sequencer.labels import Kind, Label
from sequencer.models import Carrier, ComponentGroup, FloorException, LoosePiece, Rack, Slot, Station, Unit
from sequencer.services.exceptions import resolve_exceptions
from sequencer.services.racks import (
    RackMove,
    loose_of,
    move_group,
    move_list,
    note_move,
    park,
    to_buffer,
)
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.packing import pack
from sequencer.services.verdicts import Judged
from sequencer.states import GroupStatus, RackStatus, UnitStatus

IN_WORK = frozenset({RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED})
FROM, PIECE, TO = "FROM", "PIECE", "TO"


class Moves(Flow):
    """At most three scans a move: where the piece stands, the piece itself if it goes into a slot, where it goes.

    The state is `<step>:<set>:<pieces verified>`. The list is planned anew at every scan: when the OEM changed it
    meanwhile, the operator is sent back to the place the piece was taken from.
    """

    command = "MOVES"
    title = gettext_noop("Move pieces as the OEM changed the order")

    def begin(self, judging: Judging) -> Judged:
        rack = judging.rack()
        if rack is None or rack.status not in IN_WORK:
            raise Refused("no_rack", gettext("Scan the rack first"))
        if in_hand(rack):
            raise Refused("in_hand", gettext("First finish the part in your hand"))
        moves = move_list(rack)
        if not moves:
            raise Refused("nothing_loose", gettext("Every piece of this rack stands where it belongs"))
        return self.next(judging, rack, moves, gettext("%(count)s to move") % {"count": len(moves)})

    def next(self, judging: Judging, rack: Rack, moves: list[RackMove], done: str) -> Judged:
        """Asks for the first move of the list, or ends."""
        if not moves:
            judging.leave()
            return Judged(
                "OK", "MOVES", hint=gettext("%(done)s; everything is moved") % {"done": done}, rack=rack
            )
        judging.wait(self, f"{FROM}:{moves[0].ref}:0")
        return Judged(
            "OK",
            "MOVES",
            hint=gettext("%(done)s; now %(moves)s") % {"done": done, "moves": moves[0]},
            sound="wait",
            rack=rack,
        )

    def ask(self, station: Station, state: str, at: datetime) -> Ask:
        step, move, verified = self.standing(station, state)
        if move is None:
            return Ask(
                "MOVES",
                gettext("SCAN MOVES"),
                gettext("the list changed"),
                (("MOVES", "%C:MOVES", "command"),),
            )
        told = " ".join(filter(None, (str(move), move.then)))
        if step == FROM:
            label = _label_of(move.source.carrier if move.source.on_cart else "", move.source.number)
            return Ask(
                "MOVE_FROM",
                (gettext("TAKE FROM %(place)s") % {"place": move.source}).upper(),
                told,
                ((str(move.source), label, "move"),),
            )
        if step == PIECE:
            unit = move.pieces[verified].unit
            return Ask(
                "MOVE_PIECE",
                gettext("SCAN THE PIECE"),
                told,
                ((unit.part.number, piece_label(unit), "move"),),
            )
        label = _label_of(move.target.carrier if move.target.on_cart else "", move.target.number)
        asks = gettext("PUT ON %(place)s") if move.target.on_cart else gettext("PUT INTO %(place)s")
        cards: tuple[tuple[str, str, str], ...] = ((str(move.target), label, "move"),)
        if move.target.on_cart:
            cards += (("RETURN", "%C:RETURN", "command"),)
        return Ask("MOVE_TO", (asks % {"place": move.target}).upper(), told, cards)

    def standing(self, station: Station, state: str) -> tuple[str, RackMove | None, int]:
        """The step under way and its move as the list stands now; None when that is no more the next one."""
        step, _, rest = state.partition(":")
        ref, _, count = rest.partition(":")
        rack = station.rack
        moves = move_list(rack) if rack is not None else []
        move = moves[0] if moves and str(moves[0].ref) == ref else None
        return step, move, int(count or 0)

    def step(self, judging: Judging, state: str) -> Judged:
        rack = judging.rack()
        if rack is None or rack.status not in IN_WORK:
            raise Refused("no_rack", gettext("This rack is not in work any more"))
        step, move, verified = self.standing(judging.station, state)
        if move is None:
            return self.next(judging, rack, move_list(rack), gettext("The OEM changed the list: put it back"))
        if step == FROM:
            return self.taken(judging, rack, move)
        if step == PIECE:
            return self.piece(judging, rack, move, verified)
        return self.put(judging, rack, move)

    def taken(self, judging: Judging, rack: Rack, move: RackMove) -> Judged:
        label, spot = judging.label, move.source
        here = (
            _is_slot(label, rack, spot.number)
            if not spot.on_cart
            else _is_cart(label, spot.carrier, spot.number)
        )
        if not here:
            return _wrong_place(label, str(spot), rack)
        judging.wait(self, f"{PIECE if move.lands else TO}:{move.ref}:0")
        hint = (
            gettext("Scan the piece")
            if move.lands
            else gettext("Now onto %(target)s") % {"target": move.target}
        )
        return Judged("OK", "MOVES", seen=str(spot), hint=hint, sound="wait", rack=rack)

    def piece(self, judging: Judging, rack: Rack, move: RackMove, verified: int) -> Judged:
        for gate in judging.gates:
            stopped = gate(judging)
            if stopped is not None:
                return stopped
        unit = move.pieces[verified].unit
        if not is_this(judging.label, unit, rack):
            return self.wrong_piece(judging, rack, unit)
        if verified + 1 < len(move.pieces):
            judging.wait(self, f"{PIECE}:{move.ref}:{verified + 1}")
            return Judged(
                "OK",
                "MOVES",
                seen=judging.label.shown,
                hint=gettext("And the next piece"),
                sound="wait",
                rack=rack,
            )
        judging.wait(self, f"{TO}:{move.ref}:0")
        return Judged(
            "OK",
            "MOVES",
            seen=judging.label.shown,
            hint=gettext("Into %(target)s") % {"target": move.target},
            sound="wait",
            rack=rack,
        )

    def wrong_piece(self, judging: Judging, rack: Rack, unit: Unit) -> Judged:
        """Another piece is in the hand: the station locks, and only putting it back (or a supervisor) opens it."""
        if judging.label.kind is not Kind.GOODS:
            return _wrong_place(judging.label, gettext("the piece's label"), rack)
        need = f"{unit.part.number} {unit.serial or unit.part.description}".strip()
        judging.leave()
        judging.lock("WRONG_PIECE", need, judging.label.shown)
        return Judged(
            "WRONG_PIECE", "MOVES", expected=need, seen=judging.label.shown,
            hint=gettext("Put it back where it stood and scan the return bin"), rack=rack,
        )  # fmt: skip

    def put(self, judging: Judging, rack: Rack, move: RackMove) -> Judged:
        if move.lands:
            if not _is_slot(judging.label, rack, move.target.number):
                return _wrong_place(judging.label, str(move.target), rack)
            land(judging, rack, move)
            where = str(move.target)
        elif judging.label.kind is Kind.COMMAND and judging.label.value == "RETURN":
            to_buffer(move.pieces)
            where = gettext("return bin")
        else:
            cart = _cart(judging.label)
            if cart is None:
                return _wrong_place(judging.label, str(move.target), rack)
            places = park(move.pieces, cart, judging.label.slot, at=judging.at)
            where = gettext("hold cart %(cart)s place %(place)s") % {
                "cart": cart.code,
                "place": ", ".join(map(str, places)),
            }
        by = str(judging.station.operator)
        note_move(move, rack, where, at=judging.at, by=by)
        gone = move.pieces[0].group
        resolve_exceptions(FloorException.Kind.CANCELLED, group=gone, at=judging.at, by=by, how=f"in {where}")
        return self.next(
            judging,
            rack,
            move_list(rack),
            gettext("%(sequence)s is in %(place)s") % {"sequence": move.sequence, "place": where},
        )


def land(judging: Judging, rack: Rack, move: RackMove) -> None:
    """The verified pieces stand in the slot of their call; what the call still wants is scanned as ever."""
    group = ComponentGroup.objects.select_related("call_off", "commodity", "slot").get(
        pk=move.pieces[0].group_id
    )
    slot: Slot = group.slot
    needs = {need.part_id: need for need in judging.needs(group)}
    left = sum(need.left for need in needs.values())
    for piece in move.pieces:
        need = needs.get(piece.unit.part_id)
        taken = need is not None and Unit.objects.filter(pk=piece.unit_id, status=UnitStatus.BUFFER).update(
            status=UnitStatus.ALLOCATED, group=group, component_id=need.component_id
        )
        if not taken:
            raise Stale(f"unit {piece.unit_id}")
        left -= 1
    LoosePiece.objects.filter(pk__in=[piece.pk for piece in move.pieces]).delete()
    move_group(group, GroupStatus.IN_WORK)
    if left:
        return
    move_group(group, GroupStatus.VERIFIED, verified_at=judging.at)
    pack(judging, rack, slot, group)


def in_hand(rack: Rack) -> bool:
    """Whether a part of this rack is scanned and not yet in its slot."""
    return rack.slots.filter(group__status__in=[GroupStatus.IN_WORK, GroupStatus.VERIFIED]).exists()


def is_this(label: Label, unit: Unit, rack: Rack) -> bool:
    """Whether a label is the piece's own: its serial where it has one, else its number, ours or the customer's."""
    if label.kind is not Kind.GOODS:
        return False
    customer = rack.commodity.program.line.plant.customer_id
    numbers = {unit.part.number}
    numbers.update(
        CustomerPart.objects.filter(part=unit.part_id, customer=customer).values_list("number", flat=True)
    )
    named = numbers.intersection(label.numbers)
    if unit.part.trace == Part.Trace.SERIAL and unit.serial:
        others = [number for number in label.numbers if number not in {label.value, label.value[1:]}]
        right = label.serial == unit.serial or label.value in {unit.serial, f"S{unit.serial}"}
        return right and (bool(named) or not others)
    return bool(named)


def piece_label(unit: Unit) -> str:
    """A label that a demo or a test scans for the piece."""
    return f"S{unit.serial}" if unit.serial else f"P{unit.part.number}"


def _is_slot(label: Label, rack: Rack, number: int) -> bool:
    carriers = {"", rack.carrier.code if rack.carrier else ""}
    return label.kind is Kind.SLOT and label.slot == number and label.value in carriers


def _is_cart(label: Label, code: str, place: int) -> bool:
    """The cart's label, or the place's own; the list names a place only when a piece stands there already."""
    if label.kind is Kind.CARRIER:
        return label.value == code
    return label.kind is Kind.SLOT and label.value == code and place in {0, label.slot}


def _cart(label: Label) -> Carrier | None:
    if label.kind not in {Kind.CARRIER, Kind.SLOT} or not label.value:
        return None
    # Locked: two stations may bring pieces to the same cart.
    carts = Carrier.objects.select_for_update(no_key=True, of=("self",)).select_related("rack_type")
    return carts.filter(code=label.value, kind=Carrier.Kind.HOLD).first()


def _label_of(carrier: str, number: int) -> str:
    if not carrier:
        return f"%L:{number}" if number else "%C:RETURN"
    return f"%L:{carrier}:{number}" if number else f"%R:{carrier}"


def _wrong_place(label: Label, expected: str, rack: Rack) -> Judged:
    seen = (
        (gettext("%(label)s slot %(slot)s") % {"label": label.value, "slot": label.slot}).strip()
        if label.kind is Kind.SLOT
        else label.shown
    )
    return Judged(
        "WRONG_POSITION",
        "MOVES",
        expected=expected,
        seen=seen,
        hint=gettext("Scan %(expected)s") % {"expected": expected},
        rack=rack,
    )


def moves_waiting(station: Station, at: datetime) -> list[dict[str, Any]]:
    """Banner: pieces of the rack at this station stand where they do not belong any more."""
    if station.rack_id is None or station.rack is None or station.rack.status not in IN_WORK:
        return []
    count = len(loose_of(station.rack_id))
    if not count:
        return []
    text = ngettext(
        "%(count)s piece of this rack stands wrong: scan MOVES",
        "%(count)s pieces of this rack stand wrong: scan MOVES",
        count,
    ) % {"count": count}
    return [{"kind": "moves", "word": gettext("ORDER CHANGED"), "text": text, "until": None}]
