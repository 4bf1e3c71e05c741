"""After departure: arrival, what the customer confirmed, what he billed himself for. Shipped = confirmed = billed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext

from inventory.errors import Invalid, Refused, Unknown
from sequencer.models import BillingLine, ComponentGroup, DeliveryLine, DeliveryReceipt, Rack, Shipment
from sequencer.services.journal import record_event
from sequencer.services.quantity.calls import settle_deliveries
from sequencer.services.racks import lock_racks, move_rack
from sequencer.services.shipping import lock_shipment, move_shipment
from sequencer.spoken import in_words
from sequencer.states import LEFT_SHIPMENTS, GroupStatus, RackStatus, ShipmentStatus

# A note of one delivery has some hundred lines; a file beyond this is not one.
MOST_LINES = 20_000
COLUMNS = ("document", "line", "despatch_number", "part", "quantity", "amount", "currency", "date")
NEEDED = COLUMNS[:5]
LENGTHS = {"document": 40, "line": 10, "despatch_number": 35, "part": 35, "currency": 3}


# --- arrival and confirmation --------------------------------------------------------------------------


def record_arrival(shipment_id: int, *, at: datetime, by: str) -> Shipment:
    """The truck stands at the OEM. Refuses one that has not left; one that has arrived stays as it is."""
    with transaction.atomic(durable=True):
        shipment = lock_shipment(shipment_id)
        if shipment.status not in LEFT_SHIPMENTS:
            raise Refused(
                "not_departed",
                gettext("shipment %(shipment)s is %(status)s")
                % {"shipment": shipment.number, "status": in_words(shipment.status)},
            )
        _arrive(shipment, at=at, by=by)
    return shipment


def _arrive(shipment: Shipment, *, at: datetime, by: str) -> None:
    """Racks that are back already stay back: the empties may be faster than the message."""
    if shipment.status != ShipmentStatus.DEPARTED:
        return
    assert shipment.departed_at is not None
    racks = lock_racks(Rack.objects.filter(shipment=shipment).values_list("pk", flat=True))
    for rack in racks.values():
        if rack.status == RackStatus.IN_TRANSIT:
            move_rack(rack, RackStatus.AT_OEM)
    move_shipment(shipment, ShipmentStatus.ARRIVED, arrived_at=max(at, shipment.departed_at))
    record_event(f"dock:{shipment.unloading_point_id}", "arrived", shipment.number, at=at, by=by)


def record_delivery(
    shipment_id: int,
    *,
    source: str,
    customer_part: str,
    quantity: Decimal | None,
    discrepancy: str = "",
    at: datetime,
    by: str = "",
) -> None:
    """What the customer received of one part, or of all parts of a shipment when he names none.

    Promise: the same `source` counts once; several receipts of a part add up; with the last part the shipment is
    CONFIRMED and its calls with it. A part that was never on the shipment becomes a difference of its own. Runs in
    the caller's transaction; refuses a shipment that has not left. Locks the shipment, then its racks.
    """
    shipment = lock_shipment(shipment_id)
    if shipment.status not in LEFT_SHIPMENTS:
        raise Refused(
            "not_departed",
            gettext("shipment %(shipment)s is %(status)s")
            % {"shipment": shipment.number, "status": in_words(shipment.status)},
        )
    try:
        with transaction.atomic():
            DeliveryReceipt.objects.create(
                source=source[:60], shipment=shipment, customer_part=customer_part[:35], quantity=quantity,
                discrepancy=discrepancy[:80], at=at, by=by[:60],
            )  # fmt: skip
    except IntegrityError:
        return
    _arrive(shipment, at=at, by=by)
    if not customer_part:
        _confirm_whole(shipment, discrepancy, at=at)
    else:
        _confirm_part(shipment, customer_part[:35], at=at)
    told = gettext("dock:%(unloading_point_id)s") % {"unloading_point_id": shipment.unloading_point_id}
    record_event(told, "delivery_confirmed", shipment.number, at=at, by=by, part=customer_part)
    _settle_states(shipment, at=at)


def _confirm_whole(shipment: Shipment, discrepancy: str, *, at: datetime) -> None:
    """A receipt that names no part confirms the delivery as it left, unless it names a discrepancy."""
    open_lines = shipment.lines.filter(confirmed__isnull=True)
    if discrepancy:
        shipment.lines.update(discrepancy=discrepancy[:80])
        return
    open_lines.update(confirmed=F("shipped"), confirmed_at=at)


def _confirm_part(shipment: Shipment, part: str, *, at: datetime) -> None:
    receipts = DeliveryReceipt.objects.filter(shipment=shipment, customer_part=part)
    total = receipts.aggregate(sum=Sum("quantity"))["sum"]
    said = (
        receipts.exclude(discrepancy="").order_by("-id").values_list("discrepancy", flat=True).first() or ""
    )
    line, _ = DeliveryLine.objects.get_or_create(
        shipment=shipment, customer_part=part, defaults={"shipped": Decimal(0)}
    )
    DeliveryLine.objects.filter(pk=line.pk).update(
        confirmed=total, confirmed_at=at if total is not None else None, discrepancy=said
    )


def confirm_by_hand(
    shipment_id: int, *, customer_part: str, quantity: Decimal, by: str, reason: str, at: datetime
) -> None:
    """A person enters what the customer confirmed by telephone or paper: the quantity is the whole one.

    Refuses without a reason and a negative quantity.
    """
    if not reason.strip():
        raise Refused("reason_missing", gettext("say how the customer confirmed it"))
    if quantity < 0:
        raise Invalid(
            "bad_quantity", gettext("%(quantity)s pieces cannot have been received") % {"quantity": quantity}
        )
    with transaction.atomic(durable=True):
        lock_shipment(shipment_id)
        before = DeliveryReceipt.objects.filter(shipment_id=shipment_id, customer_part=customer_part)
        had = before.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)
        record_delivery(
            shipment_id, source=f"hand:{shipment_id}:{at.isoformat()}:{customer_part}"[:60],
            customer_part=customer_part, quantity=quantity - had, at=at, by=by,
        )  # fmt: skip
        record_event("deliveries", "confirmed_by_hand", str(shipment_id), at=at, by=by, reason=reason)


def _settle_states(shipment: Shipment, *, at: datetime) -> None:
    """A shipment whose every part is confirmed is CONFIRMED; its calls are, and CLOSED once it is billed alike."""
    lines = list(shipment.lines.all())
    if lines and all(line.confirmed is not None for line in lines):
        if shipment.status == ShipmentStatus.ARRIVED:
            move_shipment(shipment, ShipmentStatus.CONFIRMED, confirmed_at=at)
        groups = ComponentGroup.objects.filter(slot__rack__shipment=shipment)
        groups.filter(status=GroupStatus.SHIPPED).update(status=GroupStatus.CONFIRMED)
        billed = all(line.billed is not None and _even(line) for line in lines)
        settle_deliveries(shipment.pk, billed=billed, at=at)
        if billed:
            groups.filter(status=GroupStatus.CONFIRMED).update(status=GroupStatus.CLOSED)


def _even(line: DeliveryLine) -> bool:
    return line.settled_at is not None or line.shipped == line.confirmed == line.billed


# --- self-billing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BilledLine:
    """One line of a self-billing note as read, with where it stood in the file."""

    row: int
    document: str
    line: str
    despatch_number: str
    customer_part: str
    quantity: Decimal
    amount: Decimal | None
    currency: str
    billed_on: date | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: lines taken, lines that stood there already, lines that fit no delivery of ours."""

    taken: int
    known: int
    unmatched: int


def read_billing(content: bytes) -> list[BilledLine]:
    """Reads a self-billing CSV (comma or semicolon, first row the column names). Refuses the file as a whole.

    Columns: document, line, despatch_number, part, quantity; optional amount, currency, date (YYYY-MM-DD).
    """
    try:
        text = content.decode("utf-8-sig")
        if "\x00" in text:
            raise ValueError
    except ValueError:
        raise Invalid("bad_file", gettext("the file is no UTF-8 text; save it as CSV (UTF-8)")) from None
    delimiter = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    names = [name.strip().lower() for name in rows.fieldnames or []]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise Invalid(
            "bad_file",
            gettext("column %(missing)s is missing; the first row names %(needed)s")
            % {"missing": missing[0], "needed": ", ".join(NEEDED)},
        )
    rows.fieldnames = names
    try:
        found = list(_billed_lines(rows))
    except csv.Error as error:
        raise Invalid("bad_file", gettext("the file is no CSV: %(error)s") % {"error": error}) from None
    if not found:
        raise Invalid("bad_file", gettext("the file has no line under its column names"))
    return found


def _billed_lines(rows: Iterable[dict[str, str | None]]) -> Iterator[BilledLine]:
    for number, row in enumerate(rows, start=2):
        if number > MOST_LINES + 1:
            raise Invalid(
                "bad_file",
                gettext("more than %(most)s lines; split the file") % {"most": MOST_LINES},
            )
        said = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if not any(said.values()):
            continue
        empty = next((name for name in NEEDED if not said[name]), None)
        if empty is not None:
            raise Invalid(
                "bad_file", gettext("row %(number)s: %(empty)s is empty") % {"number": number, "empty": empty}
            )
        # Nothing is cut off: two lines that differ in their last digits would be one.
        long = next((name for name, most in LENGTHS.items() if len(said[name]) > most), None)
        if long is not None:
            raise Invalid(
                "bad_file",
                gettext("row %(number)s: %(long)s is longer than %(LENGTHS)s signs")
                % {"number": number, "long": long, "LENGTHS": LENGTHS[long]},
            )
        yield BilledLine(
            number, said["document"], said["line"], said["despatch_number"], said["part"],
            _number(said["quantity"], number, "quantity", 3),
            _number(said["amount"], number, "amount", 2) if said["amount"] else None,
            said["currency"].upper(), _day(said["date"], number),
        )  # fmt: skip


def _number(text: str, row: int, name: str, places: int) -> Decimal:
    """A comma is a decimal comma only when no point stands beside it; anything else with both is refused."""
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Invalid(
            "bad_file",
            gettext("row %(row)s: %(name)s %(text)s is no number")
            % {"row": row, "name": name, "text": repr(text)},
        ) from None
    if not value.is_finite() or abs(value) >= 10**12 or value != round(value, places):
        raise Invalid(
            "bad_file",
            gettext("row %(row)s: %(name)s %(text)s cannot be kept")
            % {"row": row, "name": name, "text": repr(text)},
        )
    return value


def _day(text: str, row: int) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "bad_file",
            gettext("row %(row)s: date %(text)s is not YYYY-MM-DD") % {"row": row, "text": repr(text)},
        ) from None


def take_billing(content: bytes, *, by: str, at: datetime) -> Imported:
    """Stores a self-billing note and matches it with what was shipped.

    Promise: all lines or none; a line (document, line) counts once however often the file is given. A line that fits
    no delivery is kept and listed as a difference. Refuses a file that cannot be read, and one that says something
    else in a line known already (`line_differs`). Locks the shipments it names.
    """
    lines = read_billing(content)
    with transaction.atomic(durable=True):
        stored = BillingLine.objects.filter(document__in={line.document for line in lines})
        known = {(row.document, row.line): _content(row) for row in stored}
        taken = set(known)
        fresh: dict[tuple[str, str], BilledLine] = {}
        for line in lines:
            key = (line.document, line.line)
            if known.setdefault(key, _content(line)) != _content(line):
                raise Invalid(
                    "line_differs",
                    gettext("row %(row)s: line %(line)s of %(document)s is known with other figures")
                    % {"row": line.row, "line": line.line, "document": line.document},
                )
            if key not in taken:
                fresh[key] = line
        shipments = _shipments_named({line.despatch_number for line in fresh.values()})
        locked = {pk: lock_shipment(pk) for pk in sorted({s.pk for s in shipments.values()})}
        deliveries = {
            (row.shipment_id, row.customer_part): row
            for row in DeliveryLine.objects.filter(shipment__in=list(locked))
        }
        rows = []
        for line in fresh.values():
            shipment = shipments.get(line.despatch_number)
            delivery = deliveries.get((shipment.pk, line.customer_part)) if shipment else None
            rows.append(_billing_row(line, delivery, by=by, at=at))
        BillingLine.objects.bulk_create(rows)
        for pk in {row.delivery_id for row in rows if row.delivery_id}:
            _bill(pk, at=at)
        for shipment in locked.values():
            _settle_states(shipment, at=at)
        unmatched = sum(row.delivery_id is None for row in rows)
        document = next(iter(fresh), ("", ""))[0] or lines[0].document
        record_event(
            "deliveries", "billing_taken", document, at=at, by=by, lines=len(rows), unmatched=unmatched
        )
    return Imported(len(rows), len(lines) - len(rows), unmatched)


def _content(line: BilledLine | BillingLine) -> tuple[str, str, Decimal]:
    """What a billed line says; the same line with something else is another bill."""
    return line.despatch_number, line.customer_part, line.quantity


def _shipments_named(numbers: set[str]) -> dict[str, Shipment]:
    left = Shipment.objects.filter(departed_at__isnull=False, number__in=numbers)
    return {shipment.number: shipment for shipment in left}


def _billing_row(line: BilledLine, delivery: DeliveryLine | None, *, by: str, at: datetime) -> BillingLine:
    return BillingLine(
        document=line.document, line=line.line, despatch_number=line.despatch_number,
        customer_part=line.customer_part, quantity=line.quantity, amount=line.amount, currency=line.currency,
        billed_on=line.billed_on, delivery=delivery, taken_at=at, taken_by=by[:60],
    )  # fmt: skip


def _bill(delivery_id: int, *, at: datetime) -> None:
    total = BillingLine.objects.filter(delivery=delivery_id).aggregate(sum=Sum("quantity"))["sum"]
    DeliveryLine.objects.filter(pk=delivery_id).update(billed=total, billed_at=at)


def match_billing(billing_id: int, delivery_id: int, *, by: str, reason: str, at: datetime) -> BillingLine:
    """A person says which delivery a billed line belongs to. Refuses without a reason, and one that is matched."""
    if not reason.strip():
        raise Refused("reason_missing", gettext("say how you know which delivery it is"))
    with transaction.atomic(durable=True):
        line = DeliveryLine.objects.filter(pk=delivery_id).first()
        if line is None:
            raise Unknown(
                "no_delivery",
                gettext("there is no delivery line %(delivery_id)s") % {"delivery_id": delivery_id},
            )
        shipment = lock_shipment(line.shipment_id)
        moved = BillingLine.objects.filter(pk=billing_id, delivery__isnull=True).update(delivery=line)
        if not moved:
            raise Refused("matched", gettext("this billed line is matched already or does not exist"))
        _bill(line.pk, at=at)
        _settle_states(shipment, at=at)
        record_event("deliveries", "billing_matched", str(shipment), at=at, by=by, reason=reason)
    return BillingLine.objects.get(pk=billing_id)


def settle_difference(delivery_id: int, *, by: str, reason: str, at: datetime) -> DeliveryLine:
    """A named person closes a difference of a delivery: agreed, credited, replaced. Refuses without a reason."""
    if not reason.strip():
        raise Refused("reason_missing", gettext("say how the difference was settled"))
    with transaction.atomic(durable=True):
        line = DeliveryLine.objects.filter(pk=delivery_id).first()
        if line is None:
            raise Unknown(
                "no_delivery",
                gettext("there is no delivery line %(delivery_id)s") % {"delivery_id": delivery_id},
            )
        shipment = lock_shipment(line.shipment_id)
        DeliveryLine.objects.filter(pk=line.pk).update(
            settled_by=by[:60], settled_at=at, settled_reason=reason.strip()[:200]
        )
        _settle_states(shipment, at=at)
        record_event("deliveries", "difference_settled", str(line), at=at, by=by, reason=reason)
    return DeliveryLine.objects.get(pk=delivery_id)


def settle_billing(billing_id: int, *, by: str, reason: str, at: datetime) -> BillingLine:
    """A named person closes a billed line that fits no delivery of ours. Refuses without a reason."""
    if not reason.strip():
        raise Refused("reason_missing", gettext("say how the billed line was settled"))
    with transaction.atomic(durable=True):
        changed = BillingLine.objects.filter(pk=billing_id, delivery__isnull=True).update(
            settled_by=by[:60], settled_at=at, settled_reason=reason.strip()[:200]
        )
        if not changed:
            raise Refused("matched", gettext("this billed line is matched to a delivery or does not exist"))
        record_event("deliveries", "billing_settled", str(billing_id), at=at, by=by, reason=reason)
    return BillingLine.objects.get(pk=billing_id)
