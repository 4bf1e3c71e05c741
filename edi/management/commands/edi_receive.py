"""Takes one file through the whole intake, as if its partner had dropped it, or shows what that would change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edi.formats import ProfileError
from edi.models import Delivery, InboundMessage, TradingPartner
from edi.services import profile_of, receive_file, simulate_delivery
from edi.services.simulate import Row
from edi.states import DeliveryStatus
from inventory.errors import Refused

WAIT_SECONDS = 60


class Command(BaseCommand):
    help = "Receives FILE from a partner: inbox, claim, storage, archive, reading, application."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--partner", required=True, metavar="CODE")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="change nothing, show what would change; exit 1 if a person is needed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        partner = TradingPartner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"there is no partner {options['partner']}; enter it in the admin first")
        file: Path = options["file"]
        if options["dry_run"]:
            self.rehearse(partner, file)
            return
        try:
            delivery = receive_file(partner, file.name, file.read_bytes(), wait_seconds=WAIT_SECONDS)
        except (OSError, Refused) as error:
            raise CommandError(str(error)) from error
        self.show(delivery)
        if delivery.status in (DeliveryStatus.RECEIVED, DeliveryStatus.PARSING):
            raise CommandError(f"the delivery is stored and waits: {why_waiting(partner)}")

    def rehearse(self, partner: TradingPartner, file: Path) -> None:
        try:
            found = simulate_delivery(file.read_bytes(), partner, at=timezone.now(), name=file.name)
        except (OSError, Refused) as error:
            raise CommandError(str(error)) from error
        note = f" ({found.note})" if found.note else ""
        self.stdout.write(f"would be {found.status}{note}; nothing was changed")
        for message in found.messages:
            problems = " ".join(f"{item['severity']}:{item['code']}" for item in message["problems"])
            facts = (message["type"], message["control_ref"], message["ref"], message["status"], problems)
            self.stdout.write(f"  {' '.join(fact for fact in facts if fact)}")
        for row in found.rows:
            self.stdout.write(f"    {rehearsed(row)}")
        if found.left_out:
            self.stdout.write(f"  {found.left_out} more events were not tried")
        if not found.clean:
            sys.exit(1)

    def show(self, delivery: Delivery) -> None:
        note = f" ({delivery.note})" if delivery.note else ""
        self.stdout.write(f"delivery {delivery.pk} {delivery.status}{note}")
        rows = InboundMessage.objects.filter(interchange__delivery=delivery).select_related("interchange")
        for message in rows.order_by("interchange__number", "number"):
            self.stdout.write(f"  {self.line(message)}")

    def line(self, message: InboundMessage) -> str:
        counts: dict[str, int] = {}
        for status in message.events.values_list("status", flat=True):
            counts[status.lower()] = counts.get(status.lower(), 0) + 1
        events = " ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        problems = " ".join(f"{item['severity']}:{item['code']}" for item in message.problems)
        facts = (message.type, message.interchange.control_ref, message.ref, message.status, events, problems)
        return " ".join(fact for fact in facts if fact)


def why_waiting(partner: TradingPartner) -> str:
    try:
        profile_of(partner)
    except ProfileError as error:
        return f"the profile of {partner} cannot be used: {error}"
    return "another worker holds this partner's lane"


def rehearsed(row: Row) -> str:
    """One line: what, now and then, and what the event would come to."""
    why = " ".join(word for word in (row.code, row.text) if word)
    if not row.field:
        return f"{row.kind} {row.subject}: {row.outcome} {why}".rstrip()
    change = f"{row.field} {'—' if row.now is None else row.now} → {'—' if row.then is None else row.then}"
    return f"{row.kind} {row.subject}: {change} [{row.outcome or row.text}]"
