"""Takes one file through the whole intake, as if its partner had dropped it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from edi.models import Delivery, InboundMessage, TradingPartner
from edi.services import receive_file
from edi.states import DeliveryStatus
from inventory.errors import Refused

WAIT_SECONDS = 60


class Command(BaseCommand):
    help = "Receives FILE from a partner: inbox, claim, storage, archive, reading, application."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--partner", required=True, metavar="CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = TradingPartner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"there is no partner {options['partner']}; enter it in the admin first")
        file: Path = options["file"]
        try:
            delivery = receive_file(partner, file.name, file.read_bytes(), wait_seconds=WAIT_SECONDS)
        except (OSError, Refused) as error:
            raise CommandError(str(error)) from error
        self.show(delivery)
        if delivery.status in (DeliveryStatus.RECEIVED, DeliveryStatus.PARSING):
            raise CommandError("another worker holds this partner's lane; the delivery is stored and waits")

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
