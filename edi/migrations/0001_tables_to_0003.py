"""The gateway as it stood after 0003, each table made whole."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import migrations, models
from django.db.models import F, Q
from django.utils.timezone import now

from inventory.tables import CreateModels

TABLES = [
    migrations.CreateModel(
        name="TradingPartner",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "code",
                models.CharField(
                    max_length=20, unique=True, validators=[RegexValidator("^[A-Za-z0-9][A-Za-z0-9_-]*$")]
                ),
            ),
            ("name", models.CharField(max_length=120)),
            ("customer", models.ForeignKey(on_delete=models.PROTECT, related_name="partners", to="inventory.customer")),
            (
                "profile",
                models.CharField(
                    help_text="Folder below edi/partners",
                    max_length=60,
                    validators=[RegexValidator("^[A-Za-z0-9][A-Za-z0-9_-]*$")],
                ),
            ),
            ("active", models.BooleanField(default=True)),
            (
                "test_partner",
                models.BooleanField(
                    default=False,
                    help_text="Test side of this partner: interchanges with the test indicator are applied",
                ),
            ),
            (
                "test_side",
                models.OneToOneField(
                    blank=True,
                    help_text="The test partner that takes what arrives here marked as a test",
                    limit_choices_to={"test_partner": True},
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="production_side",
                    to="edi.tradingpartner",
                ),
            ),
            ("pulse_seconds", models.PositiveIntegerField(default=60, help_text="Expected time between files")),
            ("next_control_number", models.PositiveBigIntegerField(default=1)),
            (
                "resend_to",
                models.EmailField(
                    blank=True, help_text="Who sends missing calls again: of the ready request", max_length=254
                ),
            ),
            ("resend_subject", models.CharField(blank=True, help_text="Empty: ours; may hold {facts}", max_length=120)),
            (
                "resend_text",
                models.TextField(
                    blank=True,
                    help_text="Text of a resend request; empty: ours. Facts: {partner} {plant} {line} {counter} {first} {last} {numbers} {count} {by} {zone}",
                ),
            ),
            ("lane_worker", models.CharField(blank=True, editable=False, max_length=80)),
            ("lane_at", models.DateTimeField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["code"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(test_partner=False) | Q(test_side__isnull=True),
                    name="test_partner_has_no_test_side",
                    violation_error_message="A test partner is a test side itself.",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="CallOffRoute",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("partner", models.ForeignKey(on_delete=models.CASCADE, related_name="routes", to="edi.tradingpartner")),
            ("dock", models.CharField(blank=True, max_length=20)),
            ("line_feed", models.CharField(blank=True, max_length=20)),
            (
                "broadcast_point",
                models.CharField(
                    blank=True, help_text="DE 1159 of SEQ: each point of a line has a counter of its own", max_length=10
                ),
            ),
            (
                "program",
                models.ForeignKey(on_delete=models.PROTECT, related_name="+", to="sequencer.sequencingprogram"),
            ),
        ],
        options={
            "ordering": ["partner", "dock", "line_feed", "broadcast_point"],
            "constraints": [
                models.UniqueConstraint(
                    fields=("partner", "dock", "line_feed", "broadcast_point"), name="route_once_a_place"
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="Interchange",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("delivery", models.ForeignKey(on_delete=models.PROTECT, related_name="interchanges", to="edi.delivery")),
            ("number", models.PositiveIntegerField(default=1, help_text="Place in the file, from 1")),
            (
                "status",
                models.CharField(
                    choices=[
                        ("ACCEPTED", "accepted"),
                        ("DUPLICATE", "duplicate"),
                        ("CONFLICT", "conflict"),
                        ("REJECTED", "rejected"),
                    ],
                    default="ACCEPTED",
                    max_length=10,
                ),
            ),
            (
                "partner",
                models.ForeignKey(on_delete=models.PROTECT, related_name="interchanges", to="edi.tradingpartner"),
            ),
            ("message_type", models.CharField(max_length=20)),
            ("control_ref", models.CharField(max_length=35)),
            ("period", models.CharField(help_text="Year of preparation: control numbers roll over", max_length=10)),
            ("content_sha256", models.CharField(max_length=64)),
            ("sender", models.CharField(blank=True, max_length=40)),
            ("recipient", models.CharField(blank=True, max_length=40)),
            ("group_ref", models.CharField(blank=True, max_length=35)),
            ("prepared_at", models.CharField(blank=True, max_length=20)),
            ("test", models.BooleanField(default=False)),
            ("problems", models.JSONField(default=list)),
        ],
        options={
            "ordering": ["-id"],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(status="ACCEPTED"),
                    fields=("partner", "message_type", "control_ref", "period"),
                    name="interchange_once",
                ),
                models.UniqueConstraint(fields=("delivery", "number"), name="interchange_once_a_place"),
                models.CheckConstraint(
                    condition=Q(status__in=["ACCEPTED", "DUPLICATE", "CONFLICT", "REJECTED"]),
                    name="interchange_status_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="InboundMessage",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("interchange", models.ForeignKey(on_delete=models.PROTECT, related_name="messages", to="edi.interchange")),
            ("number", models.PositiveIntegerField(help_text="Place in the interchange, from 1")),
            ("type", models.CharField(max_length=20)),
            ("directory", models.CharField(blank=True, max_length=10)),
            ("ref", models.CharField(blank=True, max_length=35)),
            ("function", models.CharField(blank=True, max_length=20)),
            ("kind", models.CharField(max_length=24)),
            ("document_number", models.CharField(blank=True, max_length=40)),
            (
                "status",
                models.CharField(
                    choices=[
                        ("PENDING", "pending"),
                        ("APPLIED", "applied"),
                        ("PARTLY_APPLIED", "partly applied"),
                        ("REJECTED", "rejected"),
                        ("IGNORED", "ignored"),
                    ],
                    default="PENDING",
                    max_length=16,
                ),
            ),
            ("segment_first", models.PositiveIntegerField(default=0)),
            ("segment_last", models.PositiveIntegerField(default=0)),
            (
                "call_off_count",
                models.PositiveIntegerField(
                    default=0, help_text="Call-offs read; the ledger holds the events against it"
                ),
            ),
            ("problems", models.JSONField(default=list)),
            (
                "settled_at",
                models.DateTimeField(blank=True, help_text="A person decided about its rejection", null=True),
            ),
            (
                "settled_by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("settled_note", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["interchange", "number"],
            "indexes": [
                models.Index(condition=Q(status="PENDING"), fields=["id"], name="message_due"),
                models.Index(
                    condition=Q(settled_at__isnull=True, status="REJECTED"), fields=["id"], name="message_undecided"
                ),
            ],
            "constraints": [
                models.UniqueConstraint(fields=("interchange", "number"), name="message_once"),
                models.CheckConstraint(
                    condition=Q(status__in=["PENDING", "APPLIED", "PARTLY_APPLIED", "REJECTED", "IGNORED"]),
                    name="message_status_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="InboundEvent",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("message", models.ForeignKey(on_delete=models.PROTECT, related_name="events", to="edi.inboundmessage")),
            ("partner", models.ForeignKey(on_delete=models.PROTECT, related_name="events", to="edi.tradingpartner")),
            ("number", models.PositiveIntegerField(help_text="Place in the message, from 1")),
            ("event", models.CharField(max_length=12)),
            ("call_number", models.CharField(blank=True, max_length=40)),
            ("sequence_number", models.CharField(blank=True, max_length=20)),
            ("content", models.JSONField(help_text="The canonical reading (design page edi, section 3)")),
            (
                "status",
                models.CharField(
                    choices=[
                        ("PENDING", "pending"),
                        ("APPLIED", "applied"),
                        ("DUPLICATE", "duplicate"),
                        ("HELD", "held"),
                        ("QUARANTINED", "quarantined"),
                        ("DISCARDED", "discarded"),
                    ],
                    default="PENDING",
                    max_length=12,
                ),
            ),
            ("code", models.CharField(blank=True, help_text="Why it is held, quarantined or discarded", max_length=40)),
            ("note", models.CharField(blank=True, max_length=300)),
            (
                "by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("applied_at", models.DateTimeField(blank=True, null=True)),
            (
                "tried_at",
                models.DateTimeField(blank=True, help_text="A held event is tried again from here", null=True),
            ),
            ("attempts", models.PositiveIntegerField(default=0)),
            (
                "booked_at",
                models.DateTimeField(default=now, editable=False, help_text="The day whose closing counts it"),
            ),
            (
                "program",
                models.ForeignKey(
                    blank=True,
                    help_text="Where its route led; the pulse of a line is read from it",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="+",
                    to="sequencer.sequencingprogram",
                ),
            ),
        ],
        options={
            "ordering": ["id"],
            "indexes": [
                models.Index(fields=["status", "partner", "id"], name="event_due"),
                models.Index(fields=["partner", "call_number"], name="event_of_a_call"),
            ],
            "constraints": [
                models.UniqueConstraint(fields=("message", "number"), name="event_once"),
                models.CheckConstraint(
                    condition=Q(status__in=["PENDING", "APPLIED", "DUPLICATE", "HELD", "QUARANTINED", "DISCARDED"]),
                    name="event_status_known",
                ),
                models.CheckConstraint(
                    condition=~Q(status="DISCARDED") | (Q(by__isnull=False) & ~Q(note="")),
                    name="event_discarded_by_name_with_reason",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Delivery",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "partner",
                models.ForeignKey(on_delete=models.PROTECT, related_name="deliveries", to="edi.tradingpartner"),
            ),
            ("file_name", models.CharField(max_length=255)),
            ("inode", models.BigIntegerField()),
            ("mtime_ns", models.BigIntegerField()),
            ("size", models.BigIntegerField()),
            ("sha256", models.CharField(db_index=True, max_length=64)),
            ("raw", models.BinaryField()),
            (
                "status",
                models.CharField(
                    choices=[
                        ("RECEIVED", "received"),
                        ("PARSING", "parsing"),
                        ("PARSED", "parsed"),
                        ("DUPLICATE", "duplicate"),
                        ("QUARANTINED", "quarantined"),
                    ],
                    default="RECEIVED",
                    max_length=12,
                ),
            ),
            ("claimed_by", models.CharField(blank=True, max_length=80)),
            ("claimed_at", models.DateTimeField(blank=True, null=True)),
            ("attempts", models.PositiveIntegerField(default=0, help_text="How often reading it was begun")),
            ("written_at", models.DateTimeField(help_text="When the partner finished the file (rename or last write)")),
            ("received_at", models.DateTimeField()),
            ("parsed_at", models.DateTimeField(blank=True, null=True)),
            ("archived_at", models.DateTimeField(blank=True, null=True)),
            (
                "archive_path",
                models.CharField(
                    blank=True, help_text="Below the spool; fixed on receipt, true from archived_at on", max_length=400
                ),
            ),
            (
                "duplicate_of",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="duplicates", to="edi.delivery"
                ),
            ),
            ("problems", models.JSONField(default=list)),
            ("note", models.CharField(blank=True, max_length=300)),
            (
                "kind",
                models.CharField(
                    choices=[("FILE", "file"), ("MANUAL", "manual"), ("CORRECTION", "correction")],
                    default="FILE",
                    max_length=10,
                ),
            ),
            (
                "corrects",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="corrections", to="edi.delivery"
                ),
            ),
            (
                "corrects_message",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="corrections", to="edi.inboundmessage"
                ),
            ),
            (
                "corrects_event",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="corrections", to="edi.inboundevent"
                ),
            ),
            (
                "entered_by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("reason", models.CharField(blank=True, help_text="Why people made it", max_length=200)),
            ("settled_at", models.DateTimeField(blank=True, null=True)),
            (
                "settled_by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("settled_note", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "verbose_name_plural": "deliveries",
            "ordering": ["-id"],
            "indexes": [
                models.Index(fields=["status", "partner", "id"], name="delivery_due"),
                models.Index(fields=["partner", "received_at"], name="delivery_pulse"),
                models.Index(condition=Q(archived_at__isnull=True), fields=["partner"], name="delivery_unarchived"),
                models.Index(condition=Q(kind="MANUAL"), fields=["partner", "received_at"], name="delivery_by_hand"),
            ],
            "constraints": [
                models.UniqueConstraint(
                    fields=("partner", "file_name", "inode", "mtime_ns", "size"), name="delivery_once"
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["RECEIVED", "PARSING", "PARSED", "DUPLICATE", "QUARANTINED"]),
                    name="delivery_status_known",
                ),
                models.CheckConstraint(
                    condition=Q(kind__in=["FILE", "MANUAL", "CORRECTION"]), name="delivery_kind_known"
                ),
                models.CheckConstraint(
                    condition=Q(kind="FILE") | (Q(entered_by__isnull=False) & ~Q(reason="")),
                    name="delivery_made_by_name_with_reason",
                ),
                models.CheckConstraint(
                    condition=Q(settled_at__isnull=True) | (Q(settled_by__isnull=False) & ~Q(settled_note="")),
                    name="delivery_settled_by_name_with_reason",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="PartnerChannel",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("partner", models.ForeignKey(on_delete=models.PROTECT, related_name="channels", to="edi.tradingpartner")),
            (
                "name",
                models.CharField(
                    help_text="A plain word", max_length=30, validators=[RegexValidator("^[A-Za-z0-9][A-Za-z0-9_-]*$")]
                ),
            ),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("FOLDER", "folder"),
                        ("SFTP_PULL", "sftp pull"),
                        ("SFTP_PUSH", "sftp push"),
                        ("TCP_LISTEN", "tcp listen"),
                        ("GATEWAY", "gateway"),
                    ],
                    max_length=10,
                ),
            ),
            ("active", models.BooleanField(default=False)),
            (
                "test_side",
                models.BooleanField(
                    default=False, help_text="This wire leads to test systems; only a test partner may have it"
                ),
            ),
            (
                "host",
                models.CharField(
                    blank=True,
                    help_text="SFTP: a name on JIS_PARTNER_HOSTS. TCP: the address to listen on; empty is 127.0.0.1",
                    max_length=120,
                ),
            ),
            ("port", models.PositiveIntegerField(default=22, validators=[MaxValueValidator(65535)])),
            ("user", models.CharField(blank=True, help_text="SFTP: our log-in at the partner", max_length=60)),
            (
                "key_name",
                models.CharField(
                    blank=True, help_text="SFTP: name of the private key file in the secrets folder", max_length=60
                ),
            ),
            (
                "passphrase_name",
                models.CharField(
                    blank=True, help_text="File in the secrets folder that holds the key's passphrase", max_length=60
                ),
            ),
            (
                "known_hosts",
                models.TextField(
                    blank=True, help_text="SFTP: the server's public host keys, one a line: ssh-ed25519 AAAA..."
                ),
            ),
            (
                "in_folder",
                models.CharField(blank=True, help_text="Where the partner's files wait for us", max_length=200),
            ),
            ("out_folder", models.CharField(blank=True, help_text="Where we put what we send", max_length=200)),
            (
                "archive_folder",
                models.CharField(blank=True, help_text="Fetched files go here: ARCHIVE", max_length=200),
            ),
            ("receipt_folder", models.CharField(blank=True, help_text="Gateway: where receipts lie", max_length=200)),
            (
                "taken_folder",
                models.CharField(
                    blank=True,
                    help_text="Gateway: where we say that a file is safe, so that it confirms",
                    max_length=200,
                ),
            ),
            (
                "file_pattern",
                models.CharField(
                    blank=True, help_text="Regular expression of whole file names; empty fetches all", max_length=200
                ),
            ),
            (
                "after_fetch",
                models.CharField(
                    choices=[("ARCHIVE", "archive"), ("DELETE", "delete"), ("KEEP", "keep")],
                    default="ARCHIVE",
                    max_length=8,
                ),
            ),
            ("poll_seconds", models.PositiveIntegerField(default=15, validators=[MinValueValidator(1)])),
            (
                "stable_seconds",
                models.PositiveIntegerField(
                    default=3, help_text="A file unchanged for so long is finished; 0 where the partner renames"
                ),
            ),
            (
                "receipt_minutes",
                models.PositiveIntegerField(
                    default=20, help_text="Gateway: alarm without a receipt (EERP, MDN) after this; 0 expects none"
                ),
            ),
            (
                "framing",
                models.CharField(
                    choices=[("NEWLINE", "newline"), ("STX_ETX", "stx etx"), ("LENGTH", "length")],
                    default="NEWLINE",
                    max_length=8,
                ),
            ),
            (
                "ack",
                models.CharField(
                    blank=True,
                    default="\\x06",
                    help_text="TCP: answer to a safe telegram, as \\x06 or OK\\r\\n",
                    max_length=40,
                ),
            ),
            (
                "nak",
                models.CharField(
                    blank=True,
                    default="\\x15{reason}\\n",
                    help_text="TCP: answer to a refused telegram; {reason} is replaced by one word",
                    max_length=40,
                ),
            ),
            (
                "peers",
                models.CharField(
                    blank=True, help_text="TCP: addresses that may connect, as 10.1.2.0/24, by blanks", max_length=400
                ),
            ),
            ("max_telegram_bytes", models.PositiveIntegerField(default=65536, validators=[MinValueValidator(1)])),
            ("max_clients", models.PositiveIntegerField(default=16, validators=[MinValueValidator(1)])),
            ("idle_seconds", models.PositiveIntegerField(default=300, validators=[MinValueValidator(1)])),
            ("last_ok_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("last_error", models.CharField(blank=True, editable=False, max_length=300)),
            ("failures", models.PositiveIntegerField(default=0, editable=False, help_text="In a row")),
            ("next_try_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("held_by", models.CharField(blank=True, editable=False, max_length=80)),
            ("held_at", models.DateTimeField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["partner", "name"],
            "constraints": [
                models.UniqueConstraint(fields=("partner", "name"), name="channel_once_a_name"),
                models.CheckConstraint(
                    condition=Q(kind__in=["FOLDER", "SFTP_PULL", "SFTP_PUSH", "TCP_LISTEN", "GATEWAY"]),
                    name="channel_kind_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="OutboundMessage",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("partner", models.ForeignKey(on_delete=models.PROTECT, related_name="outbound", to="edi.tradingpartner")),
            ("kind", models.CharField(help_text="DESADV 856 CONTRL 997", max_length=12)),
            (
                "shipment",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="messages", to="sequencer.shipment"
                ),
            ),
            (
                "answers",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="answers", to="edi.interchange"
                ),
            ),
            (
                "answers_message",
                models.ForeignKey(
                    blank=True,
                    help_text="What an APERAK or 824 is about",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="answers",
                    to="edi.inboundmessage",
                ),
            ),
            ("control_ref", models.CharField(max_length=14)),
            ("file_name", models.CharField(max_length=120, unique=True)),
            ("content", models.BinaryField()),
            (
                "status",
                models.CharField(
                    choices=[
                        ("READY", "ready"),
                        ("SENDING", "sending"),
                        ("SENT", "sent"),
                        ("ACCEPTED", "accepted"),
                        ("REJECTED", "rejected"),
                        ("ATTENTION", "attention"),
                    ],
                    default="READY",
                    max_length=10,
                ),
            ),
            ("ack_expected", models.BooleanField(default=False)),
            ("created_at", models.DateTimeField()),
            ("due_at", models.DateTimeField(help_text="Next try not before")),
            ("claimed_by", models.CharField(blank=True, max_length=80)),
            ("claimed_at", models.DateTimeField(blank=True, null=True)),
            (
                "put_at",
                models.DateTimeField(
                    blank=True, help_text="From here on the partner may have it; before, he cannot", null=True
                ),
            ),
            ("sent_at", models.DateTimeField(blank=True, null=True)),
            ("answered_at", models.DateTimeField(blank=True, null=True)),
            ("attempts", models.PositiveIntegerField(default=0)),
            ("note", models.CharField(blank=True, max_length=300)),
            (
                "overdue_at",
                models.DateTimeField(
                    blank=True, help_text="When its missing acknowledgement or receipt was told", null=True
                ),
            ),
            (
                "channel",
                models.ForeignKey(
                    blank=True,
                    help_text="By which wire it went; empty: the partner's own out folder",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="sent",
                    to="edi.partnerchannel",
                ),
            ),
            (
                "receipt_status",
                models.CharField(
                    blank=True,
                    choices=[("DELIVERED", "delivered"), ("REFUSED", "refused")],
                    help_text="What the gateway heard: EERP, MDN",
                    max_length=10,
                ),
            ),
            ("receipt_at", models.DateTimeField(blank=True, null=True)),
            ("receipt_note", models.CharField(blank=True, max_length=200)),
            ("receipt_overdue_at", models.DateTimeField(blank=True, help_text="When its lack was told", null=True)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [models.Index(fields=["status", "due_at"], name="outbound_due")],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(shipment__isnull=False), fields=("shipment", "kind"), name="asn_once_a_shipment"
                ),
                models.UniqueConstraint(
                    condition=Q(answers__isnull=False), fields=("answers", "kind"), name="answer_once"
                ),
                models.UniqueConstraint(fields=("partner", "control_ref"), name="outbound_control_ref_once"),
                models.CheckConstraint(
                    condition=~Q(status__in=["SENT", "ACCEPTED", "REJECTED"]) | Q(sent_at__isnull=False),
                    name="outbound_sent_has_time",
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["READY", "SENDING", "SENT", "ACCEPTED", "REJECTED", "ATTENTION"]),
                    name="outbound_status_known",
                ),
                models.UniqueConstraint(
                    condition=Q(answers_message__isnull=False),
                    fields=("answers_message", "kind"),
                    name="business_answer_once",
                ),
                models.CheckConstraint(
                    condition=Q(receipt_status__in=["DELIVERED", "REFUSED"]) | Q(receipt_status=""),
                    name="outbound_receipt_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ManualEntry",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "partner",
                models.ForeignKey(on_delete=models.PROTECT, related_name="manual_entries", to="edi.tradingpartner"),
            ),
            ("calls", models.JSONField()),
            ("reason", models.CharField(help_text="Why by hand: who said so, and where it is written", max_length=200)),
            (
                "status",
                models.CharField(
                    choices=[("ENTERED", "entered"), ("APPROVED", "approved"), ("REFUSED", "refused")],
                    default="ENTERED",
                    max_length=10,
                ),
            ),
            ("entered_by", models.ForeignKey(on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ("entered_at", models.DateTimeField()),
            (
                "decided_by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("decided_at", models.DateTimeField(blank=True, null=True)),
            ("decided_note", models.CharField(blank=True, max_length=200)),
            (
                "delivery",
                models.OneToOneField(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="manual_entry", to="edi.delivery"
                ),
            ),
        ],
        options={
            "verbose_name_plural": "manual entries",
            "ordering": ["-id"],
            "indexes": [models.Index(fields=["status", "entered_at"], name="entry_due")],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(status__in=["ENTERED", "APPROVED", "REFUSED"]), name="entry_status_known"
                ),
                models.CheckConstraint(condition=~Q(reason=""), name="entry_has_reason"),
                models.CheckConstraint(
                    condition=~Q(status="APPROVED")
                    | (Q(decided_by__isnull=False) & ~Q(decided_by=F("entered_by")) & Q(delivery__isnull=False)),
                    name="entry_approved_by_another_person",
                ),
                models.CheckConstraint(
                    condition=~Q(status="REFUSED") | (Q(decided_by__isnull=False) & ~Q(decided_note="")),
                    name="entry_refused_by_name_with_reason",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="TransmissionCounter",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("partner", models.ForeignKey(on_delete=models.PROTECT, related_name="counters", to="edi.tradingpartner")),
            (
                "series",
                models.CharField(help_text="What is counted together: sender and recipient, or type", max_length=100),
            ),
            ("first_number", models.BigIntegerField(help_text="Where this count began for us, unwrapped")),
            ("last_number", models.BigIntegerField(help_text="Unwrapped")),
            ("last_ref", models.CharField(help_text="As sent", max_length=35)),
            (
                "last_prepared",
                models.CharField(blank=True, help_text="When the partner wrote the last one", max_length=20),
            ),
            ("seen_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["partner", "series"],
            "constraints": [models.UniqueConstraint(fields=("partner", "series"), name="counter_once_a_series")],
        },
    ),
    migrations.CreateModel(
        name="SequenceCycle",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("partner", models.ForeignKey(on_delete=models.PROTECT, related_name="cycles", to="edi.tradingpartner")),
            (
                "point",
                models.CharField(blank=True, help_text="Broadcast point, where the calls name one", max_length=10),
            ),
            ("number", models.IntegerField(help_text="Counted by us, from 1")),
            (
                "began",
                models.CharField(
                    blank=True,
                    help_text="When the partner wrote what began it; empty: before we listened",
                    max_length=25,
                ),
            ),
            ("last", models.BigIntegerField(default=0)),
            ("seen_at", models.DateTimeField(help_text="When we read that it began")),
        ],
        options={
            "ordering": ["partner", "point", "number"],
            "constraints": [models.UniqueConstraint(fields=("partner", "point", "number"), name="cycle_once_a_point")],
        },
    ),
    migrations.CreateModel(
        name="TransmissionGap",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "partner",
                models.ForeignKey(on_delete=models.PROTECT, related_name="transmission_gaps", to="edi.tradingpartner"),
            ),
            ("series", models.CharField(max_length=100)),
            ("first", models.BigIntegerField()),
            ("last", models.BigIntegerField()),
            ("first_ref", models.CharField(max_length=35)),
            ("last_ref", models.CharField(max_length=35)),
            (
                "status",
                models.CharField(
                    choices=[("OPEN", "open"), ("FILLED", "filled"), ("ACCEPTED", "accepted")],
                    default="OPEN",
                    max_length=10,
                ),
            ),
            ("since", models.DateTimeField()),
            (
                "shown_by",
                models.ForeignKey(
                    blank=True,
                    help_text="The file that came although these had not",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="+",
                    to="edi.delivery",
                ),
            ),
            (
                "filled_by",
                models.ForeignKey(blank=True, null=True, on_delete=models.PROTECT, related_name="+", to="edi.delivery"),
            ),
            ("hold_ref", models.CharField(blank=True, max_length=80)),
            ("closed_at", models.DateTimeField(blank=True, null=True)),
            (
                "by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("reason", models.CharField(blank=True, max_length=200)),
        ],
        options={
            "ordering": ["partner", "series", "first"],
            "indexes": [models.Index(fields=["status", "partner"], name="transmission_gap_open")],
            "constraints": [
                models.UniqueConstraint(fields=("partner", "series", "first"), name="transmission_gap_once"),
                models.CheckConstraint(condition=Q(last__gte=F("first")), name="transmission_gap_counts_up"),
                models.CheckConstraint(
                    condition=~Q(status="ACCEPTED") | (Q(by__isnull=False) & ~Q(reason="")),
                    name="transmission_gap_accepted_by_name_with_reason",
                ),
                models.CheckConstraint(
                    condition=Q(closed_at__isnull=True, status="OPEN")
                    | (~Q(status="OPEN") & Q(closed_at__isnull=False)),
                    name="transmission_gap_closed_has_time",
                ),
                models.CheckConstraint(
                    condition=Q(status__in=["OPEN", "FILLED", "ACCEPTED"]), name="transmission_gap_status_known"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="OemCalendar",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("plant", models.ForeignKey(on_delete=models.PROTECT, related_name="calendars", to="sequencer.oemplant")),
            ("name", models.CharField(help_text="For example: Line 1, two shifts", max_length=60)),
        ],
        options={
            "verbose_name": "OEM calendar",
            "ordering": ["plant", "name"],
            "constraints": [models.UniqueConstraint(fields=("plant", "name"), name="calendar_once_a_plant")],
        },
    ),
    migrations.CreateModel(
        name="WorkingHours",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("calendar", models.ForeignKey(on_delete=models.CASCADE, related_name="hours", to="edi.oemcalendar")),
            (
                "weekday",
                models.PositiveSmallIntegerField(
                    choices=[
                        (0, "Monday"),
                        (1, "Tuesday"),
                        (2, "Wednesday"),
                        (3, "Thursday"),
                        (4, "Friday"),
                        (5, "Saturday"),
                        (6, "Sunday"),
                    ]
                ),
            ),
            ("start", models.TimeField()),
            ("end", models.TimeField(help_text="Not after the start: on the next day; 00:00 is midnight")),
        ],
        options={
            "verbose_name_plural": "working hours",
            "ordering": ["weekday", "start"],
            "constraints": [
                models.UniqueConstraint(fields=("calendar", "weekday", "start"), name="shift_once_a_start"),
                models.CheckConstraint(condition=Q(weekday__lte=6), name="shift_weekday_known"),
            ],
        },
    ),
    migrations.CreateModel(
        name="PlannedBreak",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("calendar", models.ForeignKey(on_delete=models.CASCADE, related_name="breaks", to="edi.oemcalendar")),
            (
                "weekday",
                models.PositiveSmallIntegerField(
                    blank=True,
                    choices=[
                        (0, "Monday"),
                        (1, "Tuesday"),
                        (2, "Wednesday"),
                        (3, "Thursday"),
                        (4, "Friday"),
                        (5, "Saturday"),
                        (6, "Sunday"),
                    ],
                    null=True,
                ),
            ),
            ("start", models.TimeField()),
            ("end", models.TimeField()),
        ],
        options={
            "ordering": ["weekday", "start"],
        },
    ),
    migrations.CreateModel(
        name="SpecialDay",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "calendar",
                models.ForeignKey(on_delete=models.CASCADE, related_name="special_days", to="edi.oemcalendar"),
            ),
            ("day", models.DateField()),
            ("start", models.TimeField(blank=True, help_text="Both empty: nothing is built on this day", null=True)),
            ("end", models.TimeField(blank=True, null=True)),
            ("note", models.CharField(blank=True, max_length=60)),
        ],
        options={
            "ordering": ["day", "start"],
            "constraints": [
                models.CheckConstraint(
                    condition=Q(end__isnull=True, start__isnull=True) | Q(end__isnull=False, start__isnull=False),
                    name="special_day_has_both_times_or_none",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="LinePulse",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("partner", models.ForeignKey(on_delete=models.CASCADE, related_name="pulses", to="edi.tradingpartner")),
            (
                "line",
                models.ForeignKey(
                    blank=True,
                    help_text="Only call-offs of this line count; empty: any file of the partner",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="+",
                    to="sequencer.line",
                ),
            ),
            (
                "calendar",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: the line never stops",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="pulses",
                    to="edi.oemcalendar",
                ),
            ),
            ("expected_seconds", models.PositiveIntegerField(default=60, help_text="Usual time between two files")),
            (
                "allowed_seconds",
                models.PositiveIntegerField(default=600, help_text="Longer silence inside working time is an alarm"),
            ),
            ("active", models.BooleanField(default=True)),
            ("last_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ("last_event", models.BigIntegerField(default=0, editable=False)),
            ("silent_since", models.DateTimeField(blank=True, editable=False, null=True)),
        ],
        options={
            "ordering": ["partner", "line"],
            "constraints": [
                models.UniqueConstraint(fields=("partner", "line"), name="pulse_once_a_line"),
                models.UniqueConstraint(
                    condition=Q(line__isnull=True), fields=("partner",), name="pulse_once_a_partner"
                ),
                models.CheckConstraint(
                    condition=Q(expected_seconds__gte=1) & Q(allowed_seconds__gte=F("expected_seconds")),
                    name="pulse_allows_what_it_expects",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="LedgerClosing",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("day", models.DateField(unique=True)),
            ("closed_at", models.DateTimeField()),
            ("counts", models.JSONField(help_text="files, events, outbound: what they had come to at the closing")),
            ("balanced", models.BooleanField()),
            ("faults", models.JSONField(default=list)),
            (
                "digests",
                models.JSONField(help_text="Row class: number of rows and sha256 over what never changes in them"),
            ),
            ("previous", models.CharField(blank=True, help_text="Chain value of the day closed before", max_length=64)),
            ("chain", models.CharField(max_length=64, unique=True)),
        ],
        options={
            "ordering": ["day"],
        },
    ),
    migrations.CreateModel(
        name="FetchedFile",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("channel", models.ForeignKey(on_delete=models.PROTECT, related_name="fetched", to="edi.partnerchannel")),
            ("remote_path", models.CharField(max_length=400)),
            ("size", models.BigIntegerField()),
            ("mtime", models.BigIntegerField(help_text="As the other side tells it, in its own resolution")),
            ("sha256", models.CharField(max_length=64)),
            ("local_name", models.CharField(max_length=255)),
            ("hidden_name", models.CharField(max_length=80)),
            ("inode", models.BigIntegerField()),
            ("local_mtime_ns", models.BigIntegerField()),
            ("fetched_at", models.DateTimeField()),
            ("placed_at", models.DateTimeField(blank=True, null=True)),
            ("removed_at", models.DateTimeField(blank=True, null=True)),
            ("taken_at", models.DateTimeField(blank=True, help_text="When the gateway was told it is safe", null=True)),
            ("receipt_at", models.DateTimeField(blank=True, help_text="When the gateway sent our receipt", null=True)),
            ("overdue_at", models.DateTimeField(blank=True, help_text="When its missing receipt was told", null=True)),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [models.Index(condition=Q(removed_at__isnull=True), fields=["channel"], name="fetched_open")],
            "constraints": [
                models.UniqueConstraint(
                    condition=Q(removed_at__isnull=True),
                    fields=("channel", "remote_path", "size", "mtime"),
                    name="fetched_once",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="DeliveryConfirmation",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            (
                "event",
                models.OneToOneField(on_delete=models.PROTECT, related_name="confirmation", to="edi.inboundevent"),
            ),
            (
                "partner",
                models.ForeignKey(on_delete=models.PROTECT, related_name="confirmations", to="edi.tradingpartner"),
            ),
            ("despatch_number", models.CharField(blank=True, help_text="As the partner names it", max_length=35)),
            (
                "shipment",
                models.ForeignKey(
                    blank=True,
                    help_text="Empty: no shipment of ours has that number",
                    null=True,
                    on_delete=models.PROTECT,
                    related_name="confirmations",
                    to="sequencer.shipment",
                ),
            ),
            ("customer_part", models.CharField(blank=True, max_length=35)),
            ("order_ref", models.CharField(blank=True, max_length=35)),
            (
                "shipped",
                models.DecimalField(
                    blank=True, decimal_places=3, help_text="By our own books", max_digits=15, null=True
                ),
            ),
            ("received", models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True)),
            ("accepted", models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True)),
            (
                "difference",
                models.DecimalField(decimal_places=3, default=0, help_text="Confirmed less shipped", max_digits=15),
            ),
            ("discrepancy", models.CharField(blank=True, help_text="As sent", max_length=80)),
            ("received_on", models.CharField(blank=True, help_text="As sent", max_length=25)),
            ("booked_at", models.DateTimeField()),
        ],
        options={
            "ordering": ["-id"],
            "indexes": [models.Index(fields=["partner", "customer_part"], name="confirmation_of_a_part")],
        },
    ),
    migrations.CreateModel(
        name="FeedUsage",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("partner", models.ForeignKey(on_delete=models.CASCADE, related_name="usage", to="edi.tradingpartner")),
            ("message_type", models.CharField(help_text="UNB, ISA, VDA, flat: the feed's envelopes", max_length=20)),
            ("usage", models.JSONField(blank=True, default=dict)),
            ("told", models.JSONField(blank=True, default=list)),
            ("told_at", models.DateTimeField(blank=True, null=True)),
            (
                "accepted_by",
                models.ForeignKey(
                    blank=True, null=True, on_delete=models.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("accepted_at", models.DateTimeField(blank=True, null=True)),
            ("reason", models.CharField(blank=True, max_length=300)),
        ],
        options={
            "verbose_name_plural": "feed usage",
            "ordering": ["partner", "message_type"],
            "constraints": [
                models.UniqueConstraint(fields=("partner", "message_type"), name="usage_once_a_type"),
                models.CheckConstraint(
                    condition=Q(accepted_at__isnull=True) | Q(accepted_by__isnull=False), name="usage_accepted_by_name"
                ),
            ],
        },
    ),
]


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("edi", "0001_first_tables"),
        ("edi", "0002_gateway"),
        ("edi", "0003_sequence_cycles"),
    ]
    dependencies = [
        ("inventory", "0001_tables_to_0006"),
        ("sequencer", "0001_tables_to_0014"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateModels(TABLES),
    ]
