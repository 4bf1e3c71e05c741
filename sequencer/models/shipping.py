"""Trailers, a truck's load, what the customer confirmed and billed of it, and the steel that comes back.

Physical facts only; the message beside a shipment belongs to edi.
"""

from __future__ import annotations

from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, F, Q

from sequencer.models.plant import Carrier, Commodity, OemPlant, UnloadingPoint
from sequencer.states import LEFT_SHIPMENTS, OPEN_SHIPMENTS, AsnStatus, ShipmentStatus
from sequencer.trailer import Door, Fill, Layout


class TrailerType(models.Model):
    """A kind of trailer: its lanes and places, how they are filled and what is asked before it leaves."""

    class LoadOrder(models.TextChoices):
        AS_DOCK = "", "as the unloading point says"
        FORWARD = "FORWARD", "lowest sequence first"
        REVERSE = "REVERSE", "last stop and highest sequence first (unloads last in, first out)"

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60, blank=True)
    lanes = models.PositiveSmallIntegerField(default=1, help_text="Seen from the door, lane 1 is on the left")
    places = models.PositiveSmallIntegerField(default=4, help_text="Places in each lane; 1 is at the cab")
    fill = models.CharField(
        max_length=4, choices=[(f.value, f.words) for f in Fill], default=Fill.LANE, verbose_name="filled"
    )
    door = models.CharField(max_length=4, choices=[(d.value, d.words) for d in Door], default=Door.REAR)
    load_order = models.CharField(max_length=10, choices=LoadOrder.choices, default="", blank=True)
    scan_place = models.BooleanField(
        default=False, help_text="After the rack its place in the trailer is scanned as well"
    )
    needs_seal = models.BooleanField(default=False, help_text="No departure without a seal number")
    needs_driver = models.BooleanField(default=False, help_text="No departure without a driver")
    max_load_kg = models.PositiveIntegerField(
        "payload (kg)",
        null=True,
        blank=True,
        help_text="A truck that weighs more does not leave; empty: no limit",
    )

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(lanes__gte=1) & Q(places__gte=1), name="trailer_has_places"),
            models.CheckConstraint(condition=Q(fill__in=[f.value for f in Fill]), name="trailer_fill_known"),
            models.CheckConstraint(condition=Q(door__in=[d.value for d in Door]), name="trailer_door_known"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def layout(self) -> Layout:
        return Layout(self.lanes, self.places, Fill(self.fill), Door(self.door))


class TruckStop(models.Model):
    """Where a truck of an unloading point drops a commodity. Stops are driven in order, the last is loaded first."""

    unloading_point = models.ForeignKey(UnloadingPoint, on_delete=models.CASCADE, related_name="stops")
    commodity = models.OneToOneField(Commodity, on_delete=models.CASCADE, related_name="stop")
    number = models.PositiveSmallIntegerField(help_text="1 = the first stop at the OEM")
    name = models.CharField(max_length=40, blank=True, help_text="Line feed or hall")

    class Meta:
        ordering = ["unloading_point", "number"]
        constraints = [models.CheckConstraint(condition=Q(number__gte=1), name="stop_counts_from_one")]

    def __str__(self) -> str:
        return f"{self.unloading_point} stop {self.number}"

    def clean(self) -> None:
        if self.commodity_id and self.commodity.program.unloading_point_id != self.unloading_point_id:
            raise ValidationError({"commodity": "This commodity goes to another unloading point."})


class Trip(models.Model):
    """One truck that unloads at several points of a plant: a shipment for each, in the order it drives to them."""

    number = models.CharField(max_length=30, unique=True)
    planned_at = models.DateTimeField()
    planned_by = models.CharField(max_length=60)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.number


class Shipment(models.Model):
    """Racks of one unloading point in loading order. Departure is one moment and never undone."""

    class Kind(models.TextChoices):
        NORMAL = "NORMAL", "planned truck"
        EMERGENCY = "EMERGENCY", "emergency run"

    class CostReason(models.TextChoices):
        LATE_CALL = "LATE_CALL", "call or change came late"
        OUR_DELAY = "OUR_DELAY", "we were late"
        OUR_QUALITY = "OUR_QUALITY", "quality of ours"
        CARRIER = "CARRIER", "carrier failed"
        OEM_DAMAGE = "OEM_DAMAGE", "damaged at the OEM"
        OTHER = "OTHER", "other, see the reason"

    number = models.CharField(max_length=30, unique=True)
    unloading_point = models.ForeignKey(UnloadingPoint, on_delete=models.PROTECT, related_name="shipments")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.NORMAL)
    trailer_type = models.ForeignKey(
        TrailerType, on_delete=models.PROTECT, null=True, blank=True, related_name="shipments"
    )
    trip = models.ForeignKey(
        Trip, on_delete=models.PROTECT, null=True, blank=True, related_name="shipments",
        help_text="The truck it shares with shipments of other unloading points",
    )  # fmt: skip
    stop = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="On a trip: 1 is unloaded first and loaded last"
    )
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.value.lower()) for s in ShipmentStatus],
        default=ShipmentStatus.PLANNED,
    )
    planned_at = models.DateTimeField()
    leaves_at = models.DateTimeField(help_text="Latest departure that still reaches the line in time")
    opened_at = models.DateTimeField(null=True, blank=True)
    departed_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    truck = models.CharField(max_length=20, blank=True)
    seal_number = models.CharField(max_length=20, blank=True)
    driver = models.CharField(max_length=60, blank=True)
    short_reason = models.CharField(max_length=120, blank=True, help_text="Why racks were left behind")
    cost_reason = models.CharField(max_length=12, choices=CostReason.choices, blank=True)
    cost_note = models.CharField(max_length=200, blank=True)
    asn_status = models.CharField(
        max_length=10, choices=[(s.value, s.value.lower()) for s in AsnStatus], default=AsnStatus.NONE
    )
    asn_status_at = models.DateTimeField(null=True, blank=True)
    asn_answered = models.BooleanField(
        default=True, help_text="The partner acknowledges ASNs; otherwise SENT is the last word"
    )
    asn_note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=sorted(LEFT_SHIPMENTS), departed_at__isnull=False)
                | (~Q(status__in=sorted(LEFT_SHIPMENTS)) & Q(departed_at__isnull=True)),
                name="shipment_departed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[ShipmentStatus.ARRIVED, ShipmentStatus.CONFIRMED])
                | Q(arrived_at__isnull=False),
                name="shipment_arrived_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=ShipmentStatus.CONFIRMED) | Q(confirmed_at__isnull=False),
                name="shipment_confirmed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status=ShipmentStatus.CANCELLED) | Q(cancelled_at__isnull=False),
                name="shipment_cancelled_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(LEFT_SHIPMENTS)) | Q(asn_status=AsnStatus.NONE),
                name="no_asn_before_departure",
            ),
            models.CheckConstraint(
                condition=~Q(kind="EMERGENCY") | ~Q(cost_reason=""), name="emergency_run_says_who_pays"
            ),
            models.CheckConstraint(
                condition=Q(trip__isnull=True, stop__isnull=True) | Q(trip__isnull=False, stop__gte=1),
                name="shipment_on_a_trip_has_its_stop",
            ),
            models.UniqueConstraint(fields=["trip", "stop"], name="one_shipment_a_stop"),
            models.CheckConstraint(
                condition=Q(status__in=list(ShipmentStatus)), name="shipment_status_known"
            ),
            models.CheckConstraint(
                condition=Q(asn_status__in=list(AsnStatus)), name="shipment_asn_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "asn_status"], name="shipment_asn_due"),
            models.Index(fields=["seal_number"], condition=~Q(seal_number=""), name="shipment_seal"),
            # The trucks of today among those of years.
            models.Index(
                fields=["unloading_point"],
                condition=Q(status__in=sorted(OPEN_SHIPMENTS)),
                name="shipment_open",
            ),
            models.Index(
                fields=["departed_at"], condition=Q(departed_at__isnull=False), name="shipment_departed"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def layout(self) -> Layout:
        """Its places; without a trailer type one row of as many as its dock's trucks hold, each within reach.

        On a trip they begin behind the racks of the stops that are unloaded later.
        """
        taken, room = 0, self.unloading_point.racks_per_truck
        if self.trip_id is not None:
            stops = Shipment.objects.filter(trip=self.trip_id).exclude(status=ShipmentStatus.CANCELLED)
            taken = stops.filter(stop__gt=self.stop).aggregate(n=Count("racks"))["n"]
            room = max(room + taken, stops.aggregate(n=Count("racks"))["n"])
        if self.trailer_type is not None:
            return replace(self.trailer_type.layout, taken=taken)
        return Layout(1, room, door=Door.SIDE, taken=taken)


class CarrierMovement(models.Model):
    """Append-only ledger of returnable racks: out with a truck, back, lost by a named person, found again."""

    class Kind(models.TextChoices):
        OUT = "OUT", "left with a truck"
        BACK = "BACK", "came back empty"
        LOST = "LOST", "reported lost"
        FOUND = "FOUND", "found again"

    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="carrier_movements"
    )
    plant = models.ForeignKey(
        OemPlant, on_delete=models.PROTECT, null=True, blank=True, related_name="carrier_movements"
    )
    loop_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="BACK: how long it was out; one loop is done"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="LOST") | (~Q(by="") & ~Q(reason="")), name="carrier_lost_by_a_name"
            ),
        ]
        indexes = [models.Index(fields=["carrier", "kind", "-at"], name="carrier_ledger")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.kind}"


class DeliveryLine(models.Model):
    """One called part on one shipment: what left, what the customer confirmed, what he billed himself for."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    customer_part = models.CharField(max_length=35)
    shipped = models.DecimalField(max_digits=15, decimal_places=3)
    confirmed = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    billed = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    billed_at = models.DateTimeField(null=True, blank=True)
    discrepancy = models.CharField(max_length=80, blank=True, help_text="In the customer's words")
    settled_by = models.CharField(max_length=60, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["shipment", "customer_part"]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "customer_part"], name="delivery_line_once_a_shipment"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | (~Q(settled_by="") & ~Q(settled_reason="")),
                name="difference_settled_by_a_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shipment} {self.customer_part}"


class DeliveryReceipt(models.Model):
    """What a customer confirmed of a delivery, message by message; `source` makes a repeated one the same."""

    source = models.CharField(max_length=60, unique=True)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="receipts")
    customer_part = models.CharField(max_length=35, blank=True)
    quantity = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    discrepancy = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.source


class BillingLine(models.Model):
    """One line of a customer's self-billing note as he sent it, and the delivery it belongs to if there is one."""

    document = models.CharField(max_length=40)
    line = models.CharField(max_length=10)
    despatch_number = models.CharField(max_length=35)
    customer_part = models.CharField(max_length=35)
    quantity = models.DecimalField(max_digits=15, decimal_places=3)
    amount = models.DecimalField(max_digits=15, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    billed_on = models.DateField(null=True, blank=True)
    delivery = models.ForeignKey(
        DeliveryLine, on_delete=models.PROTECT, null=True, blank=True, related_name="billing_lines"
    )
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=60)
    settled_by = models.CharField(max_length=60, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["document", "line"], name="billing_line_once_a_document"),
        ]

    def __str__(self) -> str:
        return f"{self.document} {self.line}"


class DockSignal(models.Model):
    """Something a dock's hardware is to do; whoever drives it writes `done_at`. The horn follows a refused scan."""

    class Kind(models.TextChoices):
        HORN = "HORN", "horn"

    station = models.ForeignKey("sequencer.Station", on_delete=models.CASCADE, related_name="signals")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.HORN)
    why = models.CharField(max_length=24, help_text="Code of the scan that was refused")
    seconds = models.PositiveSmallIntegerField(default=2)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["station"], condition=Q(done_at__isnull=True), name="signal_due")]

    def __str__(self) -> str:
        return f"{self.station} {self.kind} {self.why}"


class ShareLink(models.Model):
    """A link with which an OEM sees his shipments without a log-in. It expires and can be withdrawn at once."""

    name = models.CharField(max_length=60, help_text="Who has it")
    plant = models.ForeignKey(OemPlant, on_delete=models.CASCADE, related_name="share_links")
    nonce = models.CharField(max_length=22, unique=True, editable=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=60, blank=True)
    opened_count = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="share_link_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.plant} · {self.name}"
