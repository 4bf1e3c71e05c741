"""Calls rebuilt from the raw archive: the same bytes through the same intake in an empty plant, then compared.

The plant at work writes a job (`gather`): its master data, the files of the period with what people entered and
discarded, and how its calls stand. The scratch plant plays it (`play`) and says how its own stand.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core import serializers
from django.db import transaction
from django.db.models import Model, QuerySet

from edi.models import CallOffRoute, Delivery, InboundEvent, InboundMessage, TradingPartner
from edi.services.events import discard_event
from edi.services.lanes import run_lane
from edi.services.pictures import Difference, Picture, compare, pictures_of
from edi.states import DeliveryKind, DeliveryStatus, EventStatus
from inventory.errors import Refused
from inventory.models import BomLine, Customer, CustomerPart, Part
from sequencer.models import (
    Commodity,
    Line,
    OemPlant,
    RackType,
    SequenceStream,
    SequencingProgram,
    UnloadingPoint,
)

MASTERS: tuple[type[Model], ...] = (
    Customer, Part, CustomerPart, BomLine, OemPlant, UnloadingPoint, Line, SequenceStream, SequencingProgram,
    RackType, Commodity, TradingPartner, CallOffRoute,
)  # fmt: skip
# What a plant has counted so far; the scratch plant begins at nothing.
COUNTED: dict[type[Model], tuple[str, ...]] = {
    SequenceStream: ("first_position", "last_position"),
    Commodity: ("cut_from",),
    TradingPartner: ("lane_at",),
}
NO_CALL = ("SCHEDULE", "RECEIPT")
COPIED = ("partner_id", "file_name", "inode", "mtime_ns", "size", "sha256", "kind", "reason")
MASTER_FILE, FILES_FILE, RESULT_FILE = "masters.json", "files.jsonl", "result.json"
PLAYER = "replay"


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a replay. `left_out`: calls that were also heard of outside the period, which cannot compare."""

    files: int
    calls: int
    left_out: int
    differences: tuple[Difference, ...]


# in the plant at work


def gather(folder: Path, partners: Iterable[TradingPartner], since: datetime, until: datetime) -> int:
    """Writes the job into `folder`: master data, and the files these partners sent in the period. Returns how many.

    Reads only. Files nobody has read yet, and those the gate refused unread, are no part of it.
    """
    with (folder / MASTER_FILE).open("w", encoding="utf-8") as stream:
        serializers.serialize("json", _masters(), stream=stream)
    count = 0
    with (folder / FILES_FILE).open("w", encoding="utf-8") as stream:
        for delivery in _deliveries(partners, since, until).iterator(chunk_size=50):
            stream.write(json.dumps(_job(delivery)) + "\n")
            count += 1
    return count


def _masters() -> Iterator[Model]:
    for model in MASTERS:
        for row in model._default_manager.order_by("pk").iterator():
            for name in COUNTED.get(model, ()):
                setattr(row, name, None)
            if isinstance(row, TradingPartner):
                row.lane_worker = ""
            yield row


def _deliveries(partners: Iterable[TradingPartner], since: datetime, until: datetime) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(partner__in=partners, received_at__gte=since, received_at__lt=until)
    return rows.filter(parsed_at__isnull=False).exclude(sha256="").order_by("pk")


def _job(delivery: Delivery) -> dict[str, Any]:
    assert delivery.parsed_at is not None
    facts = {name: getattr(delivery, name) for name in COPIED}
    discarded = InboundEvent.objects.filter(
        message__interchange__delivery=delivery, status=EventStatus.DISCARDED
    )
    return {
        **facts,
        "pk": delivery.pk,
        "raw": base64.b64encode(bytes(delivery.raw)).decode(),
        "written_at": delivery.written_at.isoformat(),
        "received_at": delivery.received_at.isoformat(),
        "parsed_at": delivery.parsed_at.isoformat(),
        "corrects": delivery.corrects_id,
        "corrects_message": _place(delivery.corrects_message),
        "corrects_event": _event_place(delivery.corrects_event),
        "discarded": [_event_place(event) for event in discarded.select_related("message__interchange")],
    }


def _place(message: InboundMessage | None) -> list[int] | None:
    """A message by what it has in every plant: its file, its envelope's place in it and its own."""
    if message is None:
        return None
    interchange = message.interchange
    return [interchange.delivery_id, interchange.number, message.number]


def _event_place(event: InboundEvent | None) -> list[int] | None:
    place = _place(event.message) if event is not None else None
    return [*place, event.number] if place is not None and event is not None else None


def live_pictures(
    partners: Iterable[TradingPartner], since: datetime, until: datetime
) -> tuple[dict[str, Picture], set[str]]:
    """How the calls of the period stand now, by "partner call", and those that cannot compare.

    A call that was heard of before the period or after it does not follow from the period's files alone.
    """
    found: dict[str, Picture] = {}
    apart: set[str] = set()
    for partner in partners:
        heard = (
            InboundEvent.objects.filter(partner=partner).exclude(event__in=NO_CALL).exclude(call_number="")
        )
        when = "message__interchange__delivery__received_at"
        inside = heard.filter(**{f"{when}__gte": since, f"{when}__lt": until})
        outside = heard.filter(**{f"{when}__lt": since}) | heard.filter(**{f"{when}__gte": until})
        numbers = set(inside.order_by().values_list("call_number", flat=True).distinct())
        elsewhere = numbers & set(outside.order_by().values_list("call_number", flat=True).distinct())
        apart |= {f"{partner.code} {number}" for number in elsewhere}
        found |= pictures_by_partner(partner, numbers - elsewhere)
    return found, apart


def pictures_by_partner(partner: TradingPartner, numbers: Iterable[str]) -> dict[str, Picture]:
    programs = list(partner.routes.values_list("program", flat=True).distinct())
    return {f"{partner.code} {number}": facts for number, facts in pictures_of(programs, numbers).items()}


def judge(folder: Path, files: int, live: dict[str, Picture], apart: set[str]) -> Replay:
    """Holds what the scratch plant wrote against how the calls stand here."""
    rebuilt: dict[str, Picture] = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
    rebuilt = {name: facts for name, facts in rebuilt.items() if name not in apart}
    return Replay(files, len({*live, *rebuilt}), len(apart), tuple(compare(live, rebuilt)))


# in the scratch plant


def play(folder: Path) -> None:
    """Plays a job in an empty plant, file after file at the time it was read, and writes how the calls stand.

    Refuses a plant that is not empty: nothing of a replay may ever reach rows that are at work.
    """
    if TradingPartner.objects.exists() or Delivery.objects.exists():
        raise Refused("not_empty", "a replay needs an empty database of its own")
    with (folder / MASTER_FILE).open(encoding="utf-8") as stream, transaction.atomic():
        for row in serializers.deserialize("json", stream):
            row.save()
    player = User.objects.create(username=PLAYER)
    heard: set[int] = set()
    with (folder / FILES_FILE).open(encoding="utf-8") as stream:
        for line in stream:
            heard.add(_play_file(json.loads(line), player))
    partners = TradingPartner.objects.all()
    result: dict[str, Picture] = {}
    for partner in partners:
        numbers = InboundEvent.objects.filter(partner=partner).exclude(event__in=NO_CALL)
        result |= pictures_by_partner(partner, set(numbers.values_list("call_number", flat=True)))
    (folder / RESULT_FILE).write_text(json.dumps(result), encoding="utf-8")


def _play_file(job: dict[str, Any], player: User) -> int:
    at = datetime.fromisoformat(job["parsed_at"])
    kind = job["kind"]
    message, event = _message_at(job["corrects_message"]), _event_at(job["corrects_event"])
    Delivery.objects.create(
        **{name: job[name] for name in COPIED},
        pk=job["pk"],
        raw=base64.b64decode(job["raw"]),
        status=DeliveryStatus.RECEIVED,
        written_at=job["written_at"],
        received_at=job["received_at"],
        archived_at=job["received_at"],
        entered_by=None if kind == DeliveryKind.FILE else player,
        corrects=Delivery.objects.filter(pk=job["corrects"] or 0).first(),
        corrects_message=message,
        corrects_event=event,
    )
    run_lane(job["partner_id"], clock=lambda: at)
    for place in job["discarded"]:
        waiting = _event_at(place)
        if waiting is not None and waiting.status in (EventStatus.HELD, EventStatus.QUARANTINED):
            discard_event(waiting.pk, by=player, reason="as it was", at=at)
    return int(job["partner_id"])


def _message_at(place: list[int] | None) -> InboundMessage | None:
    if place is None:
        return None
    delivery, interchange, number = place[:3]
    return InboundMessage.objects.filter(
        interchange__delivery=delivery, interchange__number=interchange, number=number
    ).first()


def _event_at(place: list[int] | None) -> InboundEvent | None:
    message = _message_at(place)
    if message is None or place is None:
        return None
    return message.events.filter(number=place[3]).first()
