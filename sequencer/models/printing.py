"""Printers, what is printed where, every document ever asked for, and the number each label carries."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from sequencer.documents.designs import DESIGNS
from sequencer.documents.kinds import NUMBERED, SHEETS, WORDS, DocumentKind
from sequencer.models.calls import choices
from sequencer.models.floor import Station
from sequencer.models.plant import OemPlant
from sequencer.states import PrintStatus

KINDS = [(kind.value, WORDS[kind]) for kind in DocumentKind]
# Subjects whose later label makes the earlier one void.
LIVE = Q(void_at__isnull=True, kind__in=sorted(NUMBERED))

# ISO/IEC 15459: a plate has at most 35 signs; ours ends with nine digits.
LONGEST_PLATE, SERIAL_DIGITS = 35, 9


def design_choices() -> list[tuple[str, str]]:
    return [(design.code, design.title) for design in DESIGNS.values()]


class LabelIssuer(models.Model):
    """Who we are on labels, and whose licence plates we give (ISO/IEC 15459).

    A plate is agency + company + series + number. The number comes from the row of the label and is never given
    twice; `series` is raised after a restore from a backup, so that numbers printed after the backup stay unique.
    """

    name = models.CharField(max_length=60, help_text="As printed under From")
    address = models.CharField(max_length=120, blank=True, help_text="Street, city, country")
    country_of_origin = models.CharField(max_length=2, blank=True, help_text="ISO 3166, two letters: DE")
    agency = models.CharField(
        max_length=3, help_text="Issuing agency code: UN for a D-U-N-S number, OD for Odette, LE ..."
    )
    company = models.CharField(max_length=20, help_text="Our identification at that agency")
    series = models.CharField(
        max_length=4, blank=True, default="", help_text="Letters or digits; raise it after a restore"
    )
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = "label issuer"
        constraints = [
            models.UniqueConstraint(
                fields=["active"],
                condition=Q(active=True),
                name="one_active_issuer",
                violation_error_message="One issuer is active already; end that first.",
            ),
        ]

    def __str__(self) -> str:
        return self.prefix

    @property
    def prefix(self) -> str:
        """What every plate of ours begins with."""
        return f"{self.agency}{self.company}{self.series}"

    def clean(self) -> None:
        if not (self.prefix.isascii() and self.prefix.isalnum() and self.prefix == self.prefix.upper()):
            raise ValidationError("A licence plate has capital letters and digits only.")
        if len(self.prefix) + SERIAL_DIGITS > LONGEST_PLATE:
            raise ValidationError(f"Agency, company and series leave no room for {SERIAL_DIGITS} digits.")


class LabelLayout(models.Model):
    """Which design a kind of label takes, for one OEM plant or for all."""

    kind = models.CharField(max_length=16, choices=KINDS)
    plant = models.ForeignKey(
        OemPlant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="layouts",
        help_text="Empty: every plant",
    )
    design = models.CharField(max_length=30, choices=design_choices)
    copies = models.PositiveSmallIntegerField(
        default=1, help_text="Same number on each, for two sides of a rack"
    )
    supplier_code = models.CharField(max_length=20, blank=True, help_text="As this customer numbers us")

    class Meta:
        ordering = ["kind", "plant"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "plant"],
                name="layout_once_a_plant",
                violation_error_message="This plant has a layout of that kind already.",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(plant__isnull=True),
                name="layout_once_for_all",
                violation_error_message="There is a layout of that kind for every plant already.",
            ),
            models.CheckConstraint(condition=Q(copies__gte=1, copies__lte=9), name="layout_copies_few"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.design}"

    def clean(self) -> None:
        design = DESIGNS.get(self.design)
        if design is not None and self.kind not in design.kinds:
            raise ValidationError({"design": f"{design.title} is no {self.get_kind_display().lower()}."})


class Printer(models.Model):
    """A printer and what it last said of itself. Its row is claimed by the one worker that talks to it."""

    class Driver(models.TextChoices):
        ZPL = "ZPL", "label printer: ZPL over TCP"
        PDF = "PDF", "page printer: PDF over TCP"
        FOLDER = "FOLDER", "folder: PDF files"

    class State(models.TextChoices):
        UNKNOWN = "UNKNOWN", "not asked yet"
        READY = "READY", "ready"
        BUSY = "BUSY", "busy"
        PAPER_OUT = "PAPER_OUT", "paper out"
        RIBBON_OUT = "RIBBON_OUT", "ribbon out"
        HEAD_OPEN = "HEAD_OPEN", "head open"
        PAUSED = "PAUSED", "paused"
        FAULT = "FAULT", "fault"
        OFFLINE = "OFFLINE", "does not answer"

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60, blank=True, help_text="Where it stands")
    driver = models.CharField(max_length=6, choices=Driver.choices, default=Driver.ZPL)
    host = models.CharField(max_length=120, blank=True)
    port = models.PositiveIntegerField(default=9100)
    dpi = models.PositiveSmallIntegerField(choices=[(203, "203 dpi"), (300, "300 dpi")], default=203)
    answers = models.BooleanField(
        default=True, help_text="Answers ~HS; off for printers that only take what is sent"
    )
    folder = models.CharField(
        max_length=60, blank=True, help_text="Below var/print; empty: the printer's code"
    )
    active = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.UNKNOWN, editable=False)
    state_note = models.CharField(max_length=200, blank=True, editable=False)
    state_at = models.DateTimeField(null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    claimed_by = models.CharField(max_length=80, blank=True, editable=False)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(driver="FOLDER") | ~Q(host=""),
                name="printer_has_address",
                violation_error_message="A network printer needs a host.",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by="", claimed_at__isnull=True)
                | (~Q(claimed_by="") & Q(claimed_at__isnull=False)),
                name="printer_claim_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def address(self) -> str:
        """Where the device stands; another one is another device, with another memory."""
        return f"{self.host}:{self.port}" if self.host else ""


class PrinterAssignment(models.Model):
    """Which printer prints a kind at a station. Rank 1 prints; the next takes over when it cannot."""

    kind = models.CharField(max_length=16, choices=KINDS)
    station = models.ForeignKey(
        Station,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="printers",
        help_text="Empty: every other",
    )
    printer = models.ForeignKey(Printer, on_delete=models.PROTECT, related_name="assignments")
    rank = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["kind", "station", "rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "station", "rank"],
                name="assignment_once_a_rank",
                violation_error_message="Another printer has that rank there.",
            ),
            models.UniqueConstraint(
                fields=["kind", "rank"],
                condition=Q(station__isnull=True),
                name="assignment_once_a_rank_for_all",
                violation_error_message="Another printer has that rank for every station.",
            ),
            models.UniqueConstraint(
                fields=["kind", "station", "printer"],
                name="assignment_once_a_printer",
                violation_error_message="That printer is assigned there already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.station or 'every station'}: {self.printer} ({self.rank})"

    def clean(self) -> None:
        if self.kind in SHEETS and self.printer_id and self.printer.driver == Printer.Driver.ZPL:
            raise ValidationError({"printer": "A label printer cannot print sheets of paper."})


class PrintJob(models.Model):
    """A document somebody needs on paper. Written in the transaction of the act; the queue's worker sends it.

    `data` is what the paper says, taken when it was asked for: a preview years later shows the same.
    """

    kind = models.CharField(max_length=16, choices=KINDS)
    subject_type = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    subject = models.CharField(
        max_length=80, help_text="For people: the rack's number, the part and serial ..."
    )
    station = models.ForeignKey(
        Station, on_delete=models.PROTECT, null=True, blank=True, related_name="print_jobs"
    )
    design = models.CharField(max_length=30, blank=True)
    data = models.JSONField(default=dict)
    copies = models.PositiveSmallIntegerField(default=1)
    printer = models.ForeignKey(Printer, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    status = models.CharField(max_length=8, choices=choices(PrintStatus), default=PrintStatus.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Times a printer was handed the label")
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Printers asked in vain since it was queued"
    )
    problem = models.CharField(max_length=300, blank=True, help_text="Why it is not out yet")
    warning = models.CharField(max_length=200, blank=True, help_text="A doubled label that may lie about")
    due_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=60)
    reason = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_to = models.CharField(
        max_length=130, blank=True, editable=False, help_text="Where that printer stood"
    )
    printed_at = models.DateTimeField(null=True, blank=True)
    void_at = models.DateTimeField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )

    labels: models.Manager[LabelRecord]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(PrintStatus)), name="print_status_known"),
            models.CheckConstraint(
                condition=~Q(status=PrintStatus.PRINTED) | Q(printed_at__isnull=False),
                name="printed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status=PrintStatus.VOID, void_at__isnull=False)
                | (~Q(status=PrintStatus.VOID) & Q(void_at__isnull=True)),
                name="print_void_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[PrintStatus.SENDING, PrintStatus.SENT]) | Q(printer__isnull=False),
                name="print_sent_has_printer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["printer", "id"],
                condition=Q(status__in=[PrintStatus.QUEUED, PrintStatus.SENDING, PrintStatus.SENT]),
                name="print_work",
            ),
            models.Index(fields=["subject_type", "subject_id", "kind"], name="print_subject"),
            models.Index(
                fields=["status"],
                condition=Q(
                    status__in=[s for s in PrintStatus if s not in {PrintStatus.PRINTED, PrintStatus.VOID}]
                ),
                name="print_open",
            ),
            models.Index(fields=["id"], condition=~Q(warning=""), name="print_doubtful"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}"

    @property
    def key(self) -> str:
        """Printed small on every label: the same key twice on the floor is one label printed twice."""
        return f"{self.pk}-{max(self.attempt, 1)}"


class LabelRecord(models.Model):
    """One number on one label, for ever. Void: another label has taken its place."""

    number = models.CharField(max_length=40, unique=True, null=True)
    job = models.ForeignKey(PrintJob, on_delete=models.PROTECT, related_name="labels")
    kind = models.CharField(max_length=16, choices=KINDS)
    subject_type = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    issued_at = models.DateTimeField()
    void_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id"], condition=LIVE, name="one_live_label"
            ),
        ]

    def __str__(self) -> str:
        return self.number or ""


def subject_type(subject: Any) -> str:
    """How a job names the model of its subject."""
    return str(subject._meta.model_name)
