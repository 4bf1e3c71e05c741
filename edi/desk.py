"""What the pages show on which a person writes: plain dictionaries, nothing is changed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q

from edi import detail, overview, services
from edi.formats.profile import EVENTS
from edi.models import Delivery, InboundEvent, InboundMessage, ManualEntry, TradingPartner
from edi.quarantine import reason_of
from edi.services import simulate
from edi.services.corrections import Original, original_of_delivery, original_of_message, read_again
from edi.states import EntryStatus
from inventory.errors import Refused, Unknown
from inventory.models import CustomerPart
from sequencer.models import SequenceStream

LOOKUP_ROWS = 400
ENTRY_ROWS = 100
CALLS_SHOWN = 20
CHANGES_SHOWN = 150
# Parts of one call on the form; a call with more is pasted as a table.
PART_ROWS = 6
EVENT_WORDS = (("NEW", "a new call"), ("CHANGE", "a change of a known call"), ("CANCEL", "a cancellation"))


# corrections


def event_page(event_id: int) -> dict[str, Any]:
    """A call that waits, its facts as text, why it waits and what to do about that."""
    event = (
        InboundEvent.objects.select_related("partner", "message__interchange__delivery", "by")
        .defer("message__interchange__delivery__raw")
        .filter(pk=event_id)
        .first()
    )
    if event is None:
        raise Unknown("no_event", f"There is no event {event_id}.")
    what, remedy = reason_of(event.code)
    return {
        "event": event,
        "delivery": event.message.interchange.delivery,
        "original": event.content,
        **_lookups(event.partner),
        "row": {name: event.content.get(name) or "" for name in services.CALL_COLUMNS},
        "parts": part_rows(event.content.get("components") or []),
        "event_choices": [(code, code.lower()) for code in EVENTS],
        "errors": {},
        "what": what,
        "remedy": remedy,
        "tree": detail.tree(event.content),
        "zone": overview.zones_of([event.partner]).get(event.partner_id, ""),
        "reason": "",
        "section": "edi",
    }


def part_rows(components: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Parts as rows of the form, with empty ones behind them."""
    rows = [{**part, "options": " ".join(part.get("options") or [])} for part in components]
    return rows + [{}] * max(2, PART_ROWS - len(rows))


def merged(original: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of the form over those that came: what the form does not show of a part is kept with that part."""
    known = {part.get("part_number"): part for part in original.get("components") or []}
    was = original.get("components") or []
    parts = []
    for number, part in enumerate(facts["components"]):
        before = known.get(part["part_number"]) or (was[number] if number < len(was) else {})
        parts.append({**before, **part})
    return {**original, **facts, "components": parts}


def changed_facts(original: Mapping[str, Any], facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(fact, as it came, as corrected) for each fact that differs."""
    before = {line["name"]: line["text"] for line in _flat(original)}
    after = {line["name"]: line["text"] for line in _flat(facts)}
    names = [name for name in {**before, **after} if name != "call_number"]
    return [(n, before.get(n, "—"), after.get(n, "—")) for n in names if before.get(n) != after.get(n)]


def _flat(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """The lines of a reading with their whole path as name."""
    path: list[str] = []
    rows = []
    for line in detail.tree(dict(facts)):
        path = [*path[: line["depth"]], line["name"]]
        if line["text"]:
            rows.append({"name": " · ".join(path), "text": line["text"]})
    return rows


def delivery_text(delivery_id: int) -> dict[str, Any]:
    """A file in quarantine as text, with everything that is wrong with it."""
    delivery = detail.stored_delivery(delivery_id)
    original = original_of_delivery(delivery)
    interchanges = list(delivery.interchanges.order_by("number"))
    found = InboundMessage.objects.filter(interchange__in=interchanges).order_by(
        "interchange__number", "number"
    )
    problems = detail.numbered_problems(delivery, interchanges, list(found))
    return _text_page(delivery, original, problems) | {"what": "file", "name": delivery.file_name}


def message_text(message_id: int) -> dict[str, Any]:
    """A rejected message as text in its envelope, with everything that is wrong with it."""
    message = (
        InboundMessage.objects.select_related("interchange__delivery__partner").filter(pk=message_id).first()
    )
    if message is None:
        raise Unknown("unknown_message", f"There is no message {message_id}.")
    original = original_of_message(message)
    problems = detail.numbered_problems(Delivery(), [], [message])
    first = message.segment_first
    page = _text_page(message.interchange.delivery, original, problems)
    return page | {"what": "message", "name": str(message), "message": message, "first": first}


def _text_page(delivery: Delivery, original: Original, problems: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "delivery": delivery,
        "original": original,
        "text": original.text,
        "form": original.form,
        "problems": problems,
        "zone": overview.zones_of([delivery.partner]).get(delivery.partner_id, ""),
        "reason": "",
        "section": "edi",
    }


def read_text(partner: TradingPartner, original: Original, text: str) -> dict[str, Any]:
    """What the corrected text would be read as: its problems, and the calls it would bring."""
    reading = read_again(partner, original, text)
    problems = [*reading.problems]
    calls = []
    for interchange in reading.interchanges:
        problems += interchange.problems
        for message in interchange.messages:
            problems += message.problems
            calls += [call for call in message.call_offs if message.accepted]
    return {
        "accepted": reading.accepted,
        "problems": problems,
        "messages": sum(len(interchange.messages) for interchange in reading.interchanges),
        "calls": calls[:CALLS_SHOWN],
        "count": len(calls),
    }


# by hand


def entries(*, at: datetime) -> dict[str, Any]:
    """Entries that wait for a second person, the oldest first, then what was decided."""
    found = ManualEntry.objects.select_related("partner", "entered_by", "decided_by", "delivery")
    found = found.defer("delivery__raw")
    zones = overview.zones_of(TradingPartner.objects.all())
    waiting = list(found.filter(status=EntryStatus.ENTERED).order_by("entered_at")[:ENTRY_ROWS])
    decided = list(found.exclude(status=EntryStatus.ENTERED).order_by("-decided_at")[:ENTRY_ROWS])
    counts = _outcomes([entry.delivery_id for entry in decided if entry.delivery_id])
    return {
        "at": at,
        "waiting": [_entry(entry, zones, counts) for entry in waiting],
        "decided": [_entry(entry, zones, counts) for entry in decided],
    }


def _outcomes(deliveries: list[int]) -> dict[int, dict[str, int]]:
    rows = (
        InboundEvent.objects.filter(message__interchange__delivery__in=deliveries)
        .order_by()
        .values_list("message__interchange__delivery", "status")
        .annotate(Count("pk"))
    )
    found: dict[int, dict[str, int]] = {}
    for delivery, status, count in rows:
        found.setdefault(delivery, {})[status.lower()] = count
    return found


def _entry(
    entry: ManualEntry, zones: Mapping[int, str], counts: Mapping[int, Mapping[str, int]]
) -> dict[str, Any]:
    became = counts.get(entry.delivery_id or 0, {})
    first = entry.calls[0] if entry.calls else {}
    return {
        "row": entry,
        "zone": zones.get(entry.partner_id, ""),
        "numbers": ", ".join(str(call.get("call_number")) for call in entry.calls[:3]),
        "more": max(0, len(entry.calls) - 3),
        "sequence": first.get("sequence_number") or "",
        "became": " · ".join(f"{count} {status}" for status, count in sorted(became.items())),
        "level": "stop" if became.get("quarantined") else "soon" if became.get("held") else "",
    }


def entry_form(code: str) -> dict[str, Any]:
    """The choices of the form for one partner: what it is called, where it goes, which parts there are."""
    partners = list(TradingPartner.objects.filter(active=True).order_by("code"))
    partner = next((row for row in partners if row.code == code), None)
    if partner is None and len(partners) == 1:
        partner = partners[0]
    page: dict[str, Any] = {
        "partners": partners,
        "partner": partner,
        "good": False,
        "checks": [],
        "errors": {},
        "columns": services.COLUMNS,
        "event_choices": EVENT_WORDS,
        "parts": part_rows([]),
    }
    return page | (_lookups(partner) if partner else {})


def _lookups(partner: TradingPartner) -> dict[str, Any]:
    routes = partner.routes.select_related("program__line__plant", "program__unloading_point")
    parts = CustomerPart.objects.filter(
        customer__in={route.program.line.plant.customer_id for route in routes}, part__active=True
    ).select_related("part")
    streams = SequenceStream.objects.filter(programs__in=[route.program_id for route in routes])
    streams = streams.select_related("line").distinct()
    return {
        "zone": overview.zones_of([partner]).get(partner.pk, ""),
        "docks": sorted({route.dock or route.program.unloading_point.code for route in routes}),
        "line_feeds": sorted({route.line_feed for route in routes if route.line_feed}),
        "parts_known": list(parts.order_by("number")[:LOOKUP_ROWS]),
        "streams": [
            {
                "line": stream.line.name,
                "point": stream.broadcast_point,
                "last": "" if stream.last_position is None else stream.counter.text(stream.last_position),
            }
            for stream in streams
        ],
    }


def entry_page(entry_id: int, person: Any, *, at: datetime) -> dict[str, Any]:
    """One entry as the second person sees it: its calls, what they would change now, who did what."""
    entry = (
        ManualEntry.objects.select_related("partner", "entered_by", "decided_by", "delivery")
        .defer("delivery__raw")
        .filter(pk=entry_id)
        .first()
    )
    if entry is None:
        raise Unknown("unknown_entry", f"There is no manual entry {entry_id}.")
    waits = entry.status == EntryStatus.ENTERED
    checks = services.check_calls(entry.partner, entry.calls, at=at, besides=entry.pk) if waits else []
    applied = []
    if entry.delivery_id:
        applied = list(
            InboundEvent.objects.filter(message__interchange__delivery=entry.delivery_id).order_by("number")
        )
    return {
        "entry": entry,
        "waits": waits,
        "own": entry.entered_by_id == person.pk,
        "checks": checks or [{"facts": call} for call in entry.calls],
        "good": all(check.good for check in checks),
        "applied": applied,
        "later": _later(entry),
        "zone": overview.zones_of([entry.partner]).get(entry.partner_id, ""),
    }


def _later(entry: ManualEntry) -> list[InboundEvent]:
    """What the partner said of these calls afterwards, and how it was reconciled."""
    numbers = [str(call.get("call_number")) for call in entry.calls]
    vins = [call.get("vin") for call in entry.calls if call.get("vin")]
    if entry.delivery_id is None:
        return []
    about = Q(call_number__in=numbers) | Q(content__vin__in=vins)
    events = InboundEvent.objects.filter(
        about, partner=entry.partner_id, code__startswith="reconciled"
    ).select_related("message__interchange__delivery")
    return list(events.defer("message__interchange__delivery__raw").order_by("pk")[:CALLS_SHOWN])


# before anything is written


def simulation_form(code: str, delivery: str) -> dict[str, Any]:
    """Who the file is from, or which file of ours it is."""
    page: dict[str, Any] = {
        "partners": list(TradingPartner.objects.filter(active=True).order_by("code")),
        "partner": TradingPartner.objects.filter(code=code).first(),
        "delivery": None,
        "simulation": None,
    }
    if delivery.isdecimal():
        page["delivery"] = found = detail.stored_delivery(int(delivery))
        page["partner"] = found.partner
    return page


def simulated(page: Mapping[str, Any], file: UploadedFile | None, *, at: datetime) -> dict[str, Any]:
    """What the chosen file would do. Refuses no file, an unchosen partner, and a moment the plant is too busy."""
    partner, delivery = page["partner"], page["delivery"]
    if partner is None:
        raise Refused("no_partner_chosen", "choose the partner whose profile reads the file")
    if delivery is None and file is None:
        raise Refused("no_file_chosen", "choose a file, or come here from a delivery")
    if file is not None and delivery is None:
        if (file.size or 0) > simulate.BYTES_AT_MOST:
            raise Refused("too_large", f"{file.size} bytes; at most {simulate.BYTES_AT_MOST} are simulated")
        raw, name = file.read(), file.name or "uploaded"
    else:
        raw, name = bytes(delivery.raw), delivery.file_name
    found = services.simulate_delivery(raw, partner, at=at, name=name)
    groups = _grouped(found.rows)
    return {
        "simulation": found,
        "name": name,
        "rejected": [message for message in found.messages if message["status"] == "REJECTED"],
        "changes": groups[:CHANGES_SHOWN],
        "changes_more": max(0, len(groups) - CHANGES_SHOWN),
        "zone": overview.zones_of([partner]).get(partner.pk, ""),
    }


def _grouped(rows: Sequence[simulate.Row]) -> list[dict[str, Any]]:
    """Rows of the same subject together, in the order they would happen."""
    groups: list[dict[str, Any]] = []
    for row in rows:
        if not groups or (groups[-1]["kind"], groups[-1]["subject"]) != (row.kind, row.subject):
            groups.append(
                {
                    "kind": row.kind,
                    "subject": row.subject,
                    "outcome": row.outcome,
                    "text": row.text,
                    "rows": [],
                }
            )
        groups[-1]["rows"].append(row)
    for group in groups:
        group["new"] = len(group["rows"]) > 1 and all(row.now is None for row in group["rows"])
    return groups
