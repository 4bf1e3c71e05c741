"""The books of the gate: what came in equals what became of it, file by file and event by event."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from edi import transport
from edi.models import Delivery, InboundEvent, InboundMessage, TradingPartner
from edi.states import DeliveryStatus, EventStatus
from edi.transport import partner_folders


@dataclass(frozen=True, slots=True)
class Files:
    received: int
    archived: int
    duplicate: int
    quarantined: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Events:
    received: int
    applied: int
    duplicate: int
    held: int
    quarantined: int
    discarded: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The balance, and under `faults` a sentence for everything that does not add up."""

    files: Files
    events: Events
    faults: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        return not self.faults

    def as_json(self) -> dict[str, object]:
        return {"files": asdict(self.files), "events": asdict(self.events), "balanced": self.balanced}


def take_ledger() -> Ledger:
    """Counts and compares. Balanced means all of this:

    * files: received = parsed + duplicate + quarantined + waiting. `received` counts deliveries and what
      lies in inboxes and work folders; `waiting` what lies there and what is not read yet. `archived`
      counts the deliveries whose file lies at its place with the hash it was received with; every delivery
      that is not waiting is archived, and the archive holds no file without a delivery.
    * events: received = applied + duplicate + held + quarantined + discarded. `received` is the sum of
      call-offs that the readers counted in accepted messages, not a count of event rows, so a lost or
      doubled row shows. An event still pending is in none of the columns: the books do not balance until
      the lane is drained.
    """
    faults: list[str] = []
    files = _files(faults)
    events = _events(faults)
    return Ledger(files, events, tuple(faults))


def _files(faults: list[str]) -> Files:
    counts = _counts(Delivery)
    unread = counts.get(DeliveryStatus.RECEIVED, 0) + counts.get(DeliveryStatus.PARSING, 0)
    lying = sum(_lying(partner.code) for partner in TradingPartner.objects.all())
    files = Files(
        received=sum(counts.values()) + lying,
        archived=_archived(faults),
        duplicate=counts.get(DeliveryStatus.DUPLICATE, 0),
        quarantined=counts.get(DeliveryStatus.QUARANTINED, 0),
        waiting=unread + lying,
    )
    parsed = counts.get(DeliveryStatus.PARSED, 0)
    if files.received != parsed + files.duplicate + files.quarantined + files.waiting:
        faults.append("files: received is not parsed + duplicate + quarantined + waiting")
    return files


def _lying(code: str) -> int:
    """Files in the inbox and in work folders, unfinished names left out."""
    folders = partner_folders(code)
    claimed = sum(len(transport.claims_in(folder)) for folder in folders.work.iterdir())
    return claimed + sum(not item.name.startswith(".") for item in transport.look(folders.inbox))


def _archived(faults: list[str]) -> int:
    """Deliveries whose file lies where the row says, unaltered."""
    spool = Path(settings.SPOOL_DIR)
    found = archive_faults(Delivery.objects.all())
    faults += found
    known = set(Delivery.objects.values_list("archive_path", flat=True))
    for path in spool.glob("*/archive/*/*"):
        if str(path.relative_to(spool)) not in known:
            faults.append(f"{path.relative_to(spool)} lies in the archive without a delivery")
    unmarked = sum(fault.endswith("not archived") for fault in found)
    return Delivery.objects.filter(archived_at__isnull=False).count() - (len(found) - unmarked)


def archive_faults(rows: QuerySet[Delivery]) -> list[str]:
    """A sentence for each of these deliveries whose file does not lie where the row says, as it was received."""
    spool = Path(settings.SPOOL_DIR)
    found = []
    facts = rows.order_by("pk").values_list("pk", "archive_path", "sha256", "status", "archived_at")
    for pk, relative, sha256, status, archived_at in facts.iterator():
        if archived_at is None:
            if status not in (DeliveryStatus.RECEIVED, DeliveryStatus.PARSING):
                found.append(f"delivery {pk} is {status.lower()} but not archived")
        elif not transport.placed(relative):
            found.append(f"delivery {pk}: {relative} is not in the archive")
        elif sha256 and transport.digest(spool / relative) != sha256:
            found.append(f"delivery {pk}: {relative} is not what was received")
    return found


def _events(faults: list[str]) -> Events:
    counts = _counts(InboundEvent)
    received = InboundMessage.objects.aggregate(n=Sum("call_off_count"))["n"] or 0
    events = Events(
        received=received,
        applied=counts.get(EventStatus.APPLIED, 0),
        duplicate=counts.get(EventStatus.DUPLICATE, 0),
        held=counts.get(EventStatus.HELD, 0),
        quarantined=counts.get(EventStatus.QUARANTINED, 0),
        discarded=counts.get(EventStatus.DISCARDED, 0),
    )
    settled = sum(asdict(events).values()) - received
    if pending := counts.get(EventStatus.PENDING, 0):
        faults.append(f"events: {pending} are not applied yet")
    if received != settled + pending:
        faults.append(f"events: {received} were read, {settled + pending} are booked")
    return events


def _counts(model: type[Delivery] | type[InboundEvent]) -> dict[str, int]:
    return dict(model._default_manager.order_by().values_list("status").annotate(n=Count("pk")))
