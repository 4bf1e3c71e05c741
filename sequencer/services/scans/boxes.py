"""Scans of a box at a packing station: card or BOX, the part, how many, the label. A rack there waits meanwhile."""

from __future__ import annotations

from django.utils.translation import gettext

from inventory.errors import Refused, Stale
from inventory.models import CustomerPart, Part
from sequencer import rules
from sequencer.labels import GS, Kind
from sequencer.models import HandlingUnit, Unit
from sequencer.services.held import held_boxes, hold_on, open_holds, told
from sequencer.services.quantity.boxes import (
    box_of,
    close_box,
    lock_box,
    move_box,
    open_box,
    open_card,
    put_in,
    where_is_card,
)
from sequencer.services.quantity.calls import progress_of, tell
from sequencer.services.quantity.packing import calls_for
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.parts import is_a_part, too_long
from sequencer.services.scans.slots import where_is
from sequencer.services.verdicts import Judged
from sequencer.states import HandlingStatus, QuantityStatus

# While its number of pieces is awaited the part that was scanned is kept as `COUNT:<lot>GS<supplier>`.
COUNT = "COUNT"
# A whole standard pack, or what is left of it.
PACK = "PACK"
# A part's own label may bring a customer's kanban card: ANSI MH10.8.2 data identifier 15K.
CARD_IDENTIFIER = "15K"


def judge_box(judging: Judging) -> Judged | None:
    """What a scan means for a box. None: it is not about one."""
    kind, station = judging.label.kind, judging.station
    if kind is Kind.BOX or (kind is Kind.GOODS and box_of(judging.label, judging.raw) is not None):
        return _label(judging)
    card = _card_number(judging)
    if card:
        return _card(judging, card)
    if station.handling_unit_id is None:
        if kind is Kind.QUANTITY:
            return Judged(
                "NOT_NOW",
                "COUNT",
                seen=judging.label.value,
                hint=gettext("First a box: scan BOX or the card"),
                sound="check",
            )
        return None
    box = lock_box(station.handling_unit_id)
    if box.status != HandlingStatus.OPEN:
        return Judged("NOT_NOW", "BOX", seen=judging.label.shown, sound="check",
                      hint=gettext("Stick the label on %(box)s and scan it") % {"box": box.number})  # fmt: skip
    if kind is Kind.GOODS:
        return _goods(judging, box)
    if kind is Kind.QUANTITY:
        return _count(judging, box)
    return Judged(
        "NOT_NOW",
        "BOX",
        seen=judging.label.shown,
        sound="check",
        hint=gettext("%(box)s is open: fill it, or SEAL closes it as it is") % {"box": box.number},
    )


def begin_box(judging: Judging) -> Judged:
    """BOX: the box this station left open, else a new one for the call due first. Refuses in the middle of a unit."""
    refused = _busy(judging)
    if refused is not None:
        return refused
    calls = calls_for(judging.station)
    left = HandlingUnit.objects.filter(
        status__in=[HandlingStatus.OPEN, HandlingStatus.CLOSED], stations__isnull=True, call__in=calls.values("pk"),
    )  # fmt: skip
    waiting = left.order_by("pk").first() or _unlabelled(judging)
    if waiting is not None:
        return _take(judging, lock_box(waiting.pk), gettext("go on with it"))
    for call in calls:
        # What other stations have promised to open boxes is not wanted twice.
        progress = progress_of(call)
        if call.cards.exists() or call.quantity <= progress.done + progress.promised:
            continue
        try:
            box = open_box(call.pk, by=str(judging.station.operator), at=judging.at)
        except Refused as no:
            if no.code != "nothing_open":
                raise
            # Another station promised the rest of it in this moment; the next call may be open.
            continue
        return _take(judging, box, gettext("scan the part"))
    raise Refused(
        "nothing_open", gettext("Nothing is called by quantity here; a kanban box begins with its card")
    )


def seal_box(judging: Judging) -> Judged:
    """SEAL with a box at the station: it goes as it is, the rest of its call stays open."""
    box = lock_box(judging.station.handling_unit_id or 0)
    if box.status != HandlingStatus.OPEN:
        return Judged(
            "NOT_NOW",
            "SEAL",
            hint=gettext("Stick the label on %(box)s and scan it") % {"box": box.number},
            sound="check",
        )
    try:
        return _closed(
            judging,
            box,
            gettext("%(pieces)s of %(capacity)s") % {"pieces": box.pieces, "capacity": box.capacity},
        )
    except Stale:
        raise
    except Refused as no:
        return Judged("NOT_NOW", "SEAL", seen=box.number, hint=no.message, sound="check")


def _unlabelled(judging: Judging) -> HandlingUnit | None:
    """A full box of this station whose label nobody scanned, though its call is packed."""
    rows = HandlingUnit.objects.filter(status=HandlingStatus.CLOSED, stations__isnull=True)
    family = judging.station.commodity.family if judging.station.commodity else ""
    return (
        rows.filter(call__part__family=family, closed_by=str(judging.station.operator)).order_by("pk").first()
    )


def _busy(judging: Judging) -> Judged | None:
    station = judging.station
    if station.handling_unit_id is not None:
        box = HandlingUnit.objects.get(pk=station.handling_unit_id)
        return Judged(
            "NOT_NOW",
            "BOX",
            seen=box.number,
            hint=gettext("First finish %(box)s") % {"box": box.number},
            sound="check",
        )
    if station.hand_group_id is not None or station.pending_unit_part:
        return Judged("NOT_NOW", "BOX", hint=gettext("First finish the unit in your hand"), sound="check")
    return None


def _take(judging: Judging, box: HandlingUnit, hint: str) -> Judged:
    """The box comes to this station; its call is locked, so nobody else takes it now. Stale when somebody just did."""
    taken = box.stations.exclude(pk=judging.station.pk).exists()
    if taken or box.status not in {HandlingStatus.OPEN, HandlingStatus.CLOSED}:
        raise Stale(f"box {box.number}")
    judging.station.handling_unit = box
    judging.station.pending_unit_part = judging.station.pending_unit_lot = ""
    call = box.call
    return Judged(
        "OK",
        "BOX",
        expected=call.part.number,
        seen=box.number,
        hint=gettext("%(capacity)s x %(part)s for %(call)s: %(hint)s")
        % {"capacity": box.capacity, "part": call.part.number, "call": call.number, "hint": hint},
    )


# --- card and label ------------------------------------------------------------------------------------------


def _card_number(judging: Judging) -> str:
    """The number of a kanban card: our own label, the identifier 15K, or a bare number that is an open card's."""
    label = judging.label
    if label.kind is Kind.CARD:
        return label.value
    if label.kind is not Kind.GOODS:
        return ""
    if label.value.startswith(CARD_IDENTIFIER) and (
        open_card(label.value[3:]) is not None or where_is_card(label.value[3:])
    ):
        return label.value[3:]
    if judging.station.rack_id is not None or judging.station.handling_unit_id is not None:
        # Among parts a bare number is a part: there a card needs its identifier.
        return ""
    return label.value if open_card(label.value) is not None else ""


def _card(judging: Judging, number: str) -> Judged:
    refused = _busy(judging)
    if refused is not None:
        return refused
    card = open_card(number)
    if card is None:
        used = where_is_card(number)
        code = "CARD_USED" if used else "UNKNOWN_LABEL"
        return Judged(code, "CARD", seen=number, hint=used or gettext("This card is not called"))
    box = HandlingUnit.objects.filter(card=card).first()
    if box is not None:
        other = box.stations.first()
        if other is not None:
            return Judged(
                "CARD_USED",
                "CARD",
                seen=number,
                hint=gettext("its box %(box)s is open at %(other)s") % {"box": box, "other": other.code},
            )
        return _take(judging, lock_box(box.pk), gettext("go on with it"))
    if not calls_for(judging.station).filter(pk=card.call_id).exists():
        return Judged("WRONG_PART", "CARD", expected=gettext("a card of this station"), seen=number,
                      hint=gettext("%(part)s is not packed here") % {"part": card.call.part})  # fmt: skip
    try:
        box = open_box(card.call_id, card=card, by=str(judging.station.operator), at=judging.at)
    except Stale:
        raise
    except Refused as no:
        return Judged("NOT_NOW", "CARD", seen=number, hint=no.message, sound="check")
    return _take(judging, box, gettext("scan the part"))


def _label(judging: Judging) -> Judged:
    """A box's label: the one just printed makes it ready for the dock; that of an open box takes it up again."""
    found = box_of(judging.label, judging.raw)
    if found is None:
        return Judged("UNKNOWN_LABEL", "BOX", seen=judging.label.value, hint=gettext("No box has this label"))
    station = judging.station
    if station.handling_unit_id is not None and station.handling_unit_id != found.pk:
        mine = HandlingUnit.objects.get(pk=station.handling_unit_id)
        return Judged(
            "WRONG_BOX",
            "BOX",
            expected=mine.number,
            seen=found.number,
            hint=gettext("%(mine)s is packed here") % {"mine": mine.number},
        )
    box = lock_box(found.pk)
    other = box.stations.exclude(pk=station.pk).first()
    if other is not None:
        return Judged(
            "WRONG_BOX",
            "BOX",
            seen=box.number,
            hint=gettext("Station %(other)s works on it") % {"other": other.code},
        )
    if box.status == HandlingStatus.CLOSED:
        move_box(box, HandlingStatus.STAGED)
        station.handling_unit = None
        tell(box.call, "box_staged", at=judging.at, by=str(station.operator), box=box.number)
        return Judged("OK", "STAGE", seen=box.number, hint=gettext("Box is ready for the dock"))
    if box.status == HandlingStatus.OPEN:
        busy = _busy(judging) if station.handling_unit_id is None else None
        return busy or _take(judging, box, gettext("go on"))
    return Judged(
        "NOT_NOW",
        "BOX",
        seen=box.number,
        hint=gettext("%(box)s is %(status)s") % {"box": box.number, "status": box.status.lower()},
        sound="check",
    )


# --- pieces --------------------------------------------------------------------------------------------------


def need_of(box: HandlingUnit) -> rules.Need:
    """What a box still takes, in the words of its customer."""
    part, call = box.call.part, box.call
    customer = call.unloading_point.plant.customer_id
    names = CustomerPart.objects.filter(part=part, customer=customer).values_list("number", flat=True)
    return rules.Need(
        0, part.pk, part.number, frozenset({part.number, call.customer_part, *names}),
        part.trace == Part.Trace.SERIAL, part.description, box.capacity - box.pieces, part.trace == Part.Trace.LOT,
        part.storage_bin,
    )  # fmt: skip


def _goods(judging: Judging, box: HandlingUnit) -> Judged:
    station, label = judging.station, judging.label
    need = need_of(box)
    if box.pieces == box.capacity:
        hint = gettext("%(box)s is full: SEAL closes it") % {"box": box.number}
        return Judged("NOT_NOW", "PART", seen=label.shown, hint=hint, sound="check")
    if station.mode.startswith(COUNT):
        # The same part or lot again is no second answer: how many is asked, and only that is taken.
        lot = station.mode.partition(":")[2].partition(GS)[0]
        if need.accepts.intersection(label.numbers) or (lot and lot in {label.lot, label.value}):
            return Judged(
                "NOT_NOW",
                "COUNT",
                seen=label.shown,
                hint=gettext("Scan how many: PACK or a count"),
                sound="check",
            )
        station.mode = ""
        return _wrong(judging, box, need)
    changed = _changed(box)
    if changed:
        return Judged("OUT_OF_DATE_CALL", "PART", seen=label.shown, hint=changed)
    judgement = rules.judge_part(label, [need], station.pending_unit_part)
    if judgement.code == "OK" and station.pending_unit_part and is_a_part(judging):
        judgement = rules.PartJudgement("WRONG_PART")
    if judgement.code == "WRONG_PART" or judgement.need is None:
        return _wrong(judging, box, need)
    if too_long(judgement):
        hint = gettext("Too long: two labels read as one? Scan again")
        return Judged("UNKNOWN_LABEL", "PART", seen=label.shown, hint=hint, sound="check")
    if judgement.code in {"NEED_SERIAL", "NEED_LOT"}:
        station.pending_unit_part = need.number
        station.pending_unit_lot = GS.join((judgement.lot or "", judgement.supplier or ""))[:64]
        hint = gettext("Now its serial") if judgement.code == "NEED_SERIAL" else gettext("Now its lot")
        return Judged(judgement.code, "PART", seen=need.number, hint=hint, sound="wait")
    said_lot, _, said_supplier = (
        station.pending_unit_lot.partition(GS) if station.pending_unit_part else ("", "", "")
    )
    station.pending_unit_part = station.pending_unit_lot = ""
    lot, supplier = judgement.lot or said_lot, judgement.supplier or said_supplier
    if need.serial:
        unit = put_in(box, 1, at=judging.at, serial=judgement.serial, lot=lot, supplier=supplier)
        if unit is None:
            used = Unit.objects.get(part_id=need.part_id, serial=judgement.serial)
            return Judged(
                "DUPLICATE", "PART", expected=need.number, seen=judgement.serial or "", hint=where_is(used)
            )
        return _packed(judging, box, 1, unit)
    station.mode = f"{COUNT}:{GS.join((lot, supplier))}"[:200]
    return Judged("OK", "PART", expected=need.number, seen=need.number, sound="wait",
                  hint=gettext("How many? PACK is %(left)s") % {"left": need.left})  # fmt: skip


def _count(judging: Judging, box: HandlingUnit) -> Judged:
    """How many pieces of the part that was just scanned: PACK, or a count."""
    station, said = judging.station, judging.label.value.strip().upper()
    if not station.mode.startswith(COUNT):
        return Judged("NOT_NOW", "COUNT", seen=said, hint=gettext("First scan the part"), sound="check")
    left = box.capacity - box.pieces
    if said != PACK and not (said.isascii() and said.isdigit() and int(said) > 0):
        return Judged(
            "NOT_NOW", "COUNT", seen=said, hint=gettext("Scan PACK or a count of pieces"), sound="check"
        )
    count = left if said == PACK else int(said)
    if count > left:
        return Judged(
            "TOO_MANY",
            "COUNT",
            expected=gettext("%(left)s or fewer") % {"left": left},
            seen=said,
            hint=gettext("%(box)s takes %(left)s more; nothing was counted")
            % {"box": box.number, "left": left},
        )
    changed = _changed(box, count)
    if changed:
        station.mode = ""
        return Judged("OUT_OF_DATE_CALL", "COUNT", seen=said, hint=changed)
    lot, _, supplier = station.mode.partition(":")[2].partition(GS)
    station.mode = ""
    held = _caught_since(judging, box.call.part_id, lot)
    if held:
        hint = gettext("%(told)s: put them aside, nothing was counted") % {"told": held}
        return Judged("ON_HOLD", "COUNT", seen=said, hint=hint)
    unit = put_in(box, count, at=judging.at, lot=lot, supplier=supplier)
    return _packed(judging, box, count, unit)


def _caught_since(judging: Judging, part_id: int, lot: str) -> str:
    """The hold that was placed between the scan of the part and that of its count, in words; empty without one."""
    parts, lots = frozenset({part_id}), frozenset({lot} - {""})
    for hold in open_holds() if judging.standing.held else ():
        if hold_on(hold, part_ids=parts, serials=frozenset(), lots=lots, at=judging.at):
            return told(hold)
    return ""


def _changed(box: HandlingUnit, count: int = 1) -> str:
    """Why the call wants these pieces no more; empty while it does."""
    call = box.call
    left = call.quantity - progress_of(call).done
    if call.status == QuantityStatus.CANCELLED:
        return gettext("%(call)s was withdrawn: scan EMPTY-BOX") % {"call": call.number}
    if count > left:
        return gettext("%(call)s wants %(left)s more now: SEAL closes the box, EMPTY-BOX empties it") % {
            "call": call.number,
            "left": max(left, 0),
        }
    return ""


def _packed(judging: Judging, box: HandlingUnit, count: int, unit: Unit | None) -> Judged:
    tell(
        box.call,
        "pieces_packed",
        at=judging.at,
        by=str(judging.station.operator),
        box=box.number,
        pieces=count,
    )
    held = _held(judging, box)
    if box.pieces == box.capacity and held is None:
        judged = _closed(judging, box, gettext("full"))
        judged.unit = unit
        return judged
    said = gettext("%(pieces)s of %(capacity)s in %(box)s") % {
        "pieces": box.pieces,
        "capacity": box.capacity,
        "box": box.number,
    }
    # The piece is good and stands in the box, so it is not refused; only the box has to wait.
    hint = said if box.pieces < box.capacity else f"{said}. {_not_closed(box, held)}"
    return Judged("OK", "COUNT", seen=f"{count} x {box.call.part.number}", unit=unit, hint=hint)


def _held(judging: Judging, box: HandlingUnit) -> str | None:
    """The quality hold on a piece of the box, in words."""
    return held_boxes([box.pk]).get(box.pk) if judging.standing.held else None


def _not_closed(box: HandlingUnit, held: str | None) -> str:
    return gettext("%(box)s is not closed: %(held)s") % {"box": box.number, "held": held}


def _closed(judging: Judging, box: HandlingUnit, how: str) -> Judged:
    held = _held(judging, box)
    if held is not None:
        # As at a rack: what was put in before the hold was placed is not closed and gets no label.
        return Judged("ON_HOLD", "SEAL", seen=box.number, hint=_not_closed(box, held))
    close_box(box, by=str(judging.station.operator), at=judging.at, station=judging.station)
    judging.station.mode = judging.station.pending_unit_part = judging.station.pending_unit_lot = ""
    return Judged(
        "OK",
        "SEAL",
        seen=box.number,
        hint=gettext("%(box)s is %(how)s: stick the label on and scan it") % {"box": box.number, "how": how},
    )


def _wrong(judging: Judging, box: HandlingUnit, need: rules.Need) -> Judged:
    """Another part has no place in this box: the station locks as at a rack."""
    got = judging.label.shown
    part = Part.objects.filter(number__in=judging.label.numbers).first()
    got_text = f"{part.number} {part.description}".strip() if part else got
    need_text = f"{need.number} {need.description}".strip()
    judging.lock("WRONG_PART", need_text, got_text)
    return Judged("WRONG_PART", "PART", expected=need_text, seen=got_text,
                  hint=gettext("Put it into the return bin and scan the bin"))  # fmt: skip
