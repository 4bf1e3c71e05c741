"""Racks, their slots and the pieces in them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Part
from sequencer.models.calls import CallComponent, ComponentGroup, choices
from sequencer.models.plant import Carrier, Commodity
from sequencer.models.shipping import Shipment
from sequencer.states import (
    BOUND_RACKS,
    CLOSED_RACKS,
    GONE_RACKS,
    HOUSE_RACKS,
    LOOSE_UNITS,
    Priority,
    RackStatus,
    SealedChoice,
    SlotStatus,
    UnitStatus,
)


class Rack(models.Model):
    """One filling of a carrier: a run of positions of one commodity, cut by the rack type's capacity."""

    number = models.CharField(max_length=30, unique=True)
    commodity = models.ForeignKey(Commodity, on_delete=models.PROTECT, related_name="racks")
    status = models.CharField(max_length=12, choices=choices(RackStatus), default=RackStatus.PLANNED)
    priority = models.CharField(max_length=8, choices=choices(Priority), default=Priority.NORMAL)
    low_position = models.BigIntegerField(help_text="Lowest position this rack may hold")
    high_position = models.BigIntegerField(help_text="Highest position this rack may hold")
    cut_key = models.CharField(
        max_length=80, blank=True, help_text="Dock, line, colour or option that these racks are cut apart by"
    )
    closed = models.BooleanField(default=False, help_text="Cut short by CLOSE or shift end: takes no more")
    carrier = models.ForeignKey(
        Carrier, on_delete=models.PROTECT, null=True, blank=True, related_name="racks"
    )
    shipment = models.ForeignKey(
        Shipment, on_delete=models.PROTECT, null=True, blank=True, related_name="racks"
    )
    load_position = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 = loaded first")
    truck_place = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Loading position it was put on the truck at; it stands there"
    )
    holes_approved_by = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    sealed_at = models.DateTimeField(null=True, blank=True)
    loaded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["commodity", "low_position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["commodity", "low_position"],
                condition=Q(priority=Priority.NORMAL) & ~Q(status=RackStatus.CANCELLED),
                name="rack_cut_once",
            ),
            models.UniqueConstraint(
                fields=["carrier"],
                condition=Q(status__in=sorted(BOUND_RACKS)),
                name="carrier_in_one_rack",
                violation_error_message="This carrier already holds a rack that has not come back.",
            ),
            models.UniqueConstraint(
                fields=["shipment", "load_position"],
                condition=Q(shipment__isnull=False),
                name="load_position_once_a_shipment",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(CLOSED_RACKS | GONE_RACKS)) | Q(sealed_at__isnull=False),
                name="rack_sealed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(BOUND_RACKS)) | Q(carrier__isnull=False),
                name="rack_in_work_has_carrier",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[RackStatus.LOADED, *sorted(GONE_RACKS)])
                | (Q(shipment__isnull=False) & Q(loaded_at__isnull=False)),
                name="rack_loaded_is_on_a_shipment",
            ),
            models.CheckConstraint(condition=Q(status__in=list(RackStatus)), name="rack_status_known"),
        ]
        indexes = [
            models.Index(fields=["commodity", "status", "low_position"], name="rack_work"),
            # What stands in the house among the racks of years, and what was sealed lately.
            models.Index(
                fields=["commodity", "low_position"],
                condition=Q(status__in=sorted(HOUSE_RACKS)),
                name="rack_in_house",
            ),
            models.Index(
                fields=["commodity", "sealed_at"], condition=Q(sealed_at__isnull=False), name="rack_sealed"
            ),
            models.Index(
                fields=["commodity", "cut_key", "low_position"], condition=~Q(cut_key=""), name="rack_of_key"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Slot(models.Model):
    """A place in a rack. `number` counts in loading order; `position` is the sequence it is kept for."""

    rack = models.ForeignKey(Rack, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    position = models.BigIntegerField(null=True, blank=True)
    mark = models.CharField(max_length=1, blank=True, help_text="Commodity it is kept for in a mixed rack")
    group = models.OneToOneField(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="slot"
    )
    status = models.CharField(max_length=10, choices=choices(SlotStatus), default=SlotStatus.EMPTY)
    packed_revision = models.PositiveIntegerField(
        null=True, blank=True, help_text="Revision that was verified"
    )
    packed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)
    announced = models.CharField(
        max_length=60,
        blank=True,
        help_text="Out of its turn by decision (repair, QA pull): stations do not alarm again",
    )

    class Meta:
        ordering = ["rack_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["rack", "number"], name="slot_number_once_a_rack"),
            models.CheckConstraint(
                condition=~Q(status=SlotStatus.FILLED)
                | (Q(group__isnull=False) & Q(packed_revision__isnull=False) & Q(packed_at__isnull=False)),
                name="slot_filled_holds_a_verified_group",
            ),
            models.CheckConstraint(condition=Q(status__in=list(SlotStatus)), name="slot_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rack} slot {self.number}"


class Unit(models.Model):
    """A physical piece: one serial, one unit, for ever; at a time it belongs to one group, one box, or nobody."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="units", db_index=False)
    serial = models.CharField(max_length=40, null=True, blank=True)
    lot = models.CharField(max_length=40, blank=True, help_text="As its label says it (DI 1T, else T)")
    supplier = models.CharField(max_length=20, blank=True, help_text="Whose lot it is (DI V, 12V or 18V)")
    status = models.CharField(max_length=10, choices=choices(UnitStatus), default=UnitStatus.ALLOCATED)
    group = models.ForeignKey(
        ComponentGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="units"
    )
    component = models.ForeignKey(
        CallComponent, on_delete=models.SET_NULL, null=True, blank=True, related_name="units"
    )
    handling_unit = models.ForeignKey(
        "sequencer.HandlingUnit", on_delete=models.PROTECT, null=True, blank=True, related_name="units",
        help_text="The box it is packed in, for a call of a quantity",
    )  # fmt: skip
    # When it was first taken: what a hold or a recall by time goes by, however often it changes its call.
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["part", "serial"], condition=Q(serial__isnull=False), name="serial_once_a_part"
            ),
            models.CheckConstraint(
                condition=Q(status=UnitStatus.ALLOCATED, group__isnull=False, handling_unit__isnull=True)
                | Q(
                    status__in=[UnitStatus.PACKED, UnitStatus.SHIPPED],
                    group__isnull=False,
                    handling_unit__isnull=True,
                )
                | Q(
                    status__in=[UnitStatus.PACKED, UnitStatus.SHIPPED],
                    group__isnull=True,
                    handling_unit__isnull=False,
                )
                | Q(status__in=sorted(LOOSE_UNITS), group__isnull=True, handling_unit__isnull=True),
                name="unit_has_its_place",
            ),
            models.CheckConstraint(condition=Q(status__in=list(UnitStatus)), name="unit_status_known"),
        ]
        # How a recall asks: by serial or lot alone, or by part in a window of time.
        indexes = [
            models.Index(fields=["serial"], condition=Q(serial__isnull=False), name="unit_serial"),
            models.Index(fields=["lot"], condition=~Q(lot=""), name="unit_lot"),
            models.Index(fields=["part", "taken_at"], name="unit_made"),
            models.Index(fields=["taken_at"], name="unit_taken"),
            # Whether a recall is complete: pieces that do not say what they are of.
            models.Index(fields=["part", "taken_at"], condition=Q(lot=""), name="unit_without_lot"),
            models.Index(
                fields=["part", "taken_at"], condition=Q(serial__isnull=True), name="unit_without_serial"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.serial or self.lot}".strip()


class LoosePiece(models.Model):
    """A piece that belongs to no slot by the book while it still stands somewhere: in the slot it had, or on a cart.

    `group` is the call it was verified for; `goes_on`: that call wants it still, so that the move list brings it to the
    slot the call has now.
    """

    unit = models.OneToOneField(Unit, on_delete=models.CASCADE, related_name="loose")
    group = models.ForeignKey(ComponentGroup, on_delete=models.CASCADE, related_name="loose_pieces")
    goes_on = models.BooleanField(default=False)
    slot = models.ForeignKey(
        Slot, on_delete=models.CASCADE, null=True, blank=True, related_name="loose_pieces"
    )
    cart = models.ForeignKey(
        Carrier, on_delete=models.PROTECT, null=True, blank=True, related_name="loose_pieces"
    )
    place = models.PositiveSmallIntegerField(null=True, blank=True)
    since = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(slot__isnull=False, cart__isnull=True, place__isnull=True)
                | Q(slot__isnull=True, cart__isnull=False, place__isnull=False),
                name="loose_piece_stands_in_one_place",
            ),
        ]

    def __str__(self) -> str:
        where = f"{self.cart} place {self.place}" if self.cart else str(self.slot)
        return f"{self.unit} at {where}"


class SealedMove(models.Model):
    """The OEM moved a call whose rack was closed already. A named person reopens the rack or ships it as it is.

    Until then the rack is neither loaded nor departs. `slot` is where the piece stands, empty for a call that wants a
    place there; `to_position` is empty while the call has no place at all.
    """

    rack = models.ForeignKey(Rack, on_delete=models.PROTECT, related_name="sealed_moves")
    group = models.ForeignKey(ComponentGroup, on_delete=models.PROTECT, related_name="sealed_moves")
    slot = models.ForeignKey(Slot, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    from_position = models.BigIntegerField(null=True, blank=True)
    to_position = models.BigIntegerField(null=True, blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    choice = models.CharField(max_length=8, choices=choices(SealedChoice), default=SealedChoice.OPEN)
    decided_by = models.CharField(max_length=60, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["group"], condition=Q(choice=SealedChoice.OPEN), name="sealed_move_open_once_a_group"
            ),
            models.CheckConstraint(
                condition=Q(choice=SealedChoice.OPEN, decided_at__isnull=True)
                | (
                    ~Q(choice=SealedChoice.OPEN)
                    & Q(decided_at__isnull=False)
                    & ~Q(decided_by="")
                    & ~Q(reason="")
                ),
                name="sealed_move_decided_by_name_with_reason",
            ),
            models.CheckConstraint(condition=Q(choice__in=list(SealedChoice)), name="sealed_choice_known"),
        ]

    def __str__(self) -> str:
        return f"{self.rack} {self.group}"
