"""What stands still at the gate, with its reason in plain words and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from edi import overview
from edi.formats.profile import EVENTS
from edi.models import Delivery, InboundEvent, InboundMessage, TradingPartner
from edi.states import EventStatus, InterchangeStatus
from sequencer.services import HOLD_CODES

Rows = list[dict[str, Any]]

LIST_ROWS = 200
KINDS = (("event", "calls"), ("message", "messages"), ("delivery", "files"))

# code -> (what it is, what to do)
REASONS: Mapping[str, tuple[str, str]] = {
    # held: what it needs may still arrive
    "unknown_call": (
        "It speaks of a call that has not come",
        "Ask the partner for the call, or enter it by hand; this applies by itself then.",
    ),
    "unknown_family": (
        "A part of it belongs to no commodity",
        "Enter the part with its family in Admin; this applies by itself then.",
    ),
    "sequence_jump": (
        "The sequence jumps far outside of what was called",
        "A reset, or a number of another line: raise the stream's largest step, or correct the number; then release.",
    ),
    "other_counter": (
        "It was counted at another broadcast point than its program goes by",
        "Give that point a route to a program of its own, or correct the broadcast point; then release.",
    ),
    "profile_unusable": (
        "The partner's profile cannot be used",
        "Mend the profile (`manage.py edi_check_profile`); this applies by itself then.",
    ),
    "stale": ("The floor changed the call at the same moment", "It is tried again by itself."),
    "behind_held": ("It waits behind an earlier event of the same call", "Decide the earlier one first."),
    # refused by the rules
    "overtaken": (
        "A later word on the same call was applied already",
        "Discard it, unless the partner says that this older one counts; then correct it.",
    ),
    "call_differs": (
        "The call is known with other content, and this is no change",
        "Ask the partner which one holds. If this one does, correct the event to CHANGE.",
    ),
    "no_route": (
        "No program is meant for this dock and line feed",
        "Enter a route of the partner in Admin, or correct the dock; then release.",
    ),
    "ambiguous_route": (
        "Two programs are meant equally well for this dock and line feed",
        "Make one route of the partner more exact in Admin; then release.",
    ),
    "test_indicator": (
        "The interchange is marked as a test",
        "Discard it. Tests belong to a test partner.",
    ),
    "bad_sequence": ("The sequence number cannot be read", "Correct it; it must fit the stream's counter."),
    "no_parts": ("A new call names no part", "Correct it, or ask the partner to send it again."),
    "no_call_number": ("Nothing in it names the vehicle", "Correct it: production number or VIN."),
    "bad_quantity": ("A quantity is no whole number of pieces", "Correct the quantity."),
    "value_too_long": ("A value is longer than any this plant stores", "Correct it, or ask the partner."),
    "program_inactive": ("The program is switched off", "Switch it on in Admin, then release; or discard."),
    "place_has_left": (
        "Its place in the sequence was built for another call and has left",
        "Ask the partner for the true sequence; correct it or discard.",
    ),
    "forbidden_move": ("The call has gone too far for this", "Ask the partner; then discard."),
    "unknown_event": (
        "An event this plant does not know",
        "Correct the event, or the code table of the profile.",
    ),
    "defect": (
        "The program failed on it three times",
        "Tell whoever maintains the program; its log has the trace. Release it after the repair.",
    ),
    "copy_differs": (
        "The message calls itself a copy, but it differs from what is known",
        "Ask the partner which one holds; discard it, or correct the event to CHANGE.",
    ),
    # demand of parts
    "unknown_part": (
        "A release of a part that is not entered",
        "Enter the customer's part number in Admin; this applies by itself then.",
    ),
    "no_part": ("The release names no part", "Ask the partner; discard it."),
    "no_lines": ("The release names no period", "Ask the partner whether it withdraws the part."),
    "bad_period": ("A period of the release is no period", "Ask the partner to send the release again."),
    "release_conflict": (
        "This release number came before with other quantities",
        "Ask the partner which one counts; discard the other.",
    ),
    "release_twice": (
        "The message speaks of a part twice",
        "Ask the partner which one counts; discard the other.",
    ),
    "nothing_to_withdraw": ("It withdraws a release that never came", "Ask the partner; discard it."),
    # files and envelopes
    "control_number_reused": (
        "Its control number came before with other content",
        "Ask the partner: a corrected file needs a new number. Correct the number if the file is right.",
    ),
    "count_mismatch": (
        "A count in a trailer is not what was sent",
        "The file may be cut: ask for it again. If it is whole, correct the count.",
    ),
    "ref_mismatch": (
        "Opening and closing reference differ",
        "Ask for the file again, or correct the reference.",
    ),
    "truncated": ("The file ends in the middle", "Ask the partner to send it again."),
    "missing_trailer": ("The file ends without its trailer", "Ask the partner to send it again."),
    "missing_header": ("A segment stands outside of any envelope", "Ask the partner to send it again."),
    "unknown_format": (
        "The first bytes are of no format we know",
        "Look at the file: a text by mistake, or compressed? Discard it, or ask for it again.",
    ),
    "format_not_supported": (
        "There is no layout for this format",
        "Enter the partner's layout in its profile.",
    ),
    "bad_separators": ("The file does not say how it is cut", "Ask the partner; correct its first segment."),
    "unknown_event_code": (
        "A status code is in no table of this partner",
        "Ask the partner what it means, enter it in the profile, read the file again.",
    ),
    "missing_identity": ("A call in it has nothing that names it", "Correct it, or ask the partner."),
    "missing_part": ("A line of it names no part", "Correct it, or ask the partner."),
    "missing_segment": ("A segment that must be there is missing", "Correct it, or ask the partner."),
    "missing_element": ("An element that must be there is empty", "Correct it, or ask the partner."),
    "unexpected_segment": ("A segment stands where none may", "Correct it, or ask the partner."),
    "invalid_date": ("A date cannot be read", "Correct it, or ask the partner."),
    "invalid_number": ("A number cannot be read", "Correct it, or ask the partner."),
    "invalid_character": ("A character its character set does not have", "Correct it, or ask the partner."),
    "unknown_document_code": (
        "A document code that the profile does not know",
        "Enter what it means in the profile's stages, then read the file again.",
    ),
    "segment_too_long": ("A segment does not end", "The file is damaged: ask the partner to send it again."),
    "bad_header": ("The first segment of an envelope is not whole", "Correct it, or ask the partner."),
    "outside_message": ("Something stands between the messages", "Correct it, or ask the partner."),
    "message_too_long": ("A message is longer than any that is allowed", "Ask the partner to split it."),
    "unknown_directory": (
        "The profile has no status codes for this directory",
        "Say in the profile which code list the partner means, then read the file again.",
    ),
    "unknown_function": (
        "A function code that the profile does not know",
        "Enter what it means in the profile, then read the file again.",
    ),
    "unknown_record": ("A record type that the layout does not have", "Mend the layout, or ask the partner."),
    "record_order": ("A record stands where none of its type may", "Ask the partner to send the file again."),
    "missing_record": ("A record that must be there is missing", "Ask the partner to send the file again."),
    "wrong_width": ("A record is not as long as its layout says", "Mend the layout, or ask the partner."),
    "unsettled_date": (
        "A code stands for a date, and nobody said what it means",
        "Settle it with the partner, enter it in the profile, then read the file again.",
    ),
    "unknown_interval": (
        "A period of demand that nobody knows",
        "Enter it in the profile, or ask the partner.",
    ),
    "bad_line": ("A line is not as the layout says", "Correct it, mend the layout, or ask the partner."),
    "missing_field": ("A field that must be there is empty", "Correct it, or ask the partner."),
    "too_many_lines": ("The file has more lines than are read", "Ask the partner to split it."),
    "unsafe_xml": ("The XML defines entities, which is never read", "Ask the partner for plain XML."),
    "unclear_verdict": ("An answer that says neither yes nor no", "Ask the partner what was meant."),
    "bad_hierarchy": ("Packages stand in no tree", "Ask the partner to send it again."),
    "too_large": ("The file is larger than the plant takes", "Ask the partner to split it."),
    "bad_name": ("The name of the file is not allowed", "Ask the partner for another name."),
    "not_a_file": ("It is no regular file", "Discard it and tell the partner."),
    "several_links": (
        "The file could still be changed under a second name",
        "Ask the partner to send it again.",
    ),
}


def reason_of(code: str) -> tuple[str, str]:
    """What a reason code means and what to do; a code without words says itself."""
    plain = code.replace("_", " ").capitalize() or "No reason was given"
    return REASONS.get(code, (plain, "Read the sentence beside it; correct, release or discard."))


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of the address."""

    partner: str = ""
    kind: str = ""
    status: str = ""
    code: str = ""


def quarantine(asked: Asked, *, at: datetime) -> dict[str, Any]:
    """The rows, those that wait longest first, how many there are, and how often each reason occurs."""
    rows: Rows = []
    zones = overview.zones_of(TradingPartner.objects.all())
    reasons: Counter[str] = Counter()
    total = 0
    for kind, found in (("delivery", _files), ("message", _messages), ("event", _events)):
        if asked.kind in ("", kind):
            part, count, codes = found(asked)
            rows += part
            total += count
            reasons += codes
    rows.sort(key=lambda row: row["since"])
    for row in rows:
        what, remedy = reason_of(row["code"])
        row |= {"what": what, "remedy": remedy, "age": (at - row["since"]).total_seconds()}
        row["zone"] = zones.get(row.pop("partner_id"), "")
    chips = [
        {"code": code, "count": count, "what": reason_of(code)[0]} for code, count in reasons.most_common(12)
    ]
    return {"rows": rows[:LIST_ROWS], "total": total, "more": max(0, total - LIST_ROWS), "reasons": chips}


def _files(asked: Asked) -> tuple[Rows, int, Counter[str]]:
    if asked.status == EventStatus.HELD:
        return [], 0, Counter()
    files = overview.stopped_files().defer("raw").select_related("partner").prefetch_related("interchanges")
    if asked.partner:
        files = files.filter(partner__code=asked.partner)
    found = [(delivery, _code_of(delivery)) for delivery in files.order_by("received_at")[: LIST_ROWS * 2]]
    codes = Counter(code for _, code in found)
    rows = [_file(delivery, code) for delivery, code in found if asked.code in ("", code)]
    return rows, len(rows), codes


def _code_of(delivery: Delivery) -> str:
    """The first thing that rejected a file: of the file itself, else of an envelope of it."""
    for problems in [delivery.problems, *(row.problems for row in delivery.interchanges.all())]:
        for problem in problems:
            if problem.get("severity") == "reject":
                return str(problem["code"])
    return ""


def _file(delivery: Delivery, code: str) -> dict[str, Any]:
    return {
        "key": f"delivery:{delivery.pk}",
        "kind": "file",
        "id": delivery.pk,
        "delivery": delivery.pk,
        "anchor": "",
        "partner": delivery.partner.code,
        "partner_id": delivery.partner_id,
        "name": delivery.file_name,
        "sequence": "",
        "status": "QUARANTINED",
        "level": "stop",
        "code": code,
        "note": delivery.note,
        "since": delivery.received_at,
        "correct": bool(delivery.sha256),
        "release": False,
        "again": bool(delivery.sha256),
    }


def _messages(asked: Asked) -> tuple[Rows, int, Counter[str]]:
    if asked.status == EventStatus.HELD:
        return [], 0, Counter()
    messages = overview.rejected_messages().select_related("interchange__partner", "interchange__delivery")
    messages = messages.defer("interchange__delivery__raw")
    if asked.partner:
        messages = messages.filter(interchange__partner__code=asked.partner)
    found = [(message, _first_reject(message)) for message in messages.order_by("pk")[: LIST_ROWS * 2]]
    codes = Counter(str(problem.get("code") or "") for _, problem in found)
    rows = [_message(m, problem) for m, problem in found if asked.code in ("", problem.get("code") or "")]
    return rows, len(rows), codes


def _first_reject(message: InboundMessage) -> dict[str, Any]:
    return next((p for p in message.problems if p.get("severity") == "reject"), {})


def _message(message: InboundMessage, problem: Mapping[str, Any]) -> dict[str, Any]:
    interchange = message.interchange
    return {
        "key": f"message:{message.pk}",
        "kind": "message",
        "id": message.pk,
        "delivery": interchange.delivery_id,
        "anchor": f"#s{problem.get('segment') or message.segment_first}",
        "partner": interchange.partner.code,
        "partner_id": interchange.partner_id,
        "name": f"{message.type} {message.ref}",
        "sequence": "",
        "status": "REJECTED",
        "level": "stop",
        "code": str(problem.get("code") or ""),
        "note": str(problem.get("text") or ""),
        "since": interchange.delivery.received_at,
        "correct": interchange.status == InterchangeStatus.ACCEPTED,
        "release": False,
        "again": True,
    }


def _events(asked: Asked) -> tuple[Rows, int, Counter[str]]:
    events = _wanted_events(asked)
    codes = Counter(dict(events.order_by().values_list("code").annotate(Count("pk"))))
    if asked.code:
        events = events.filter(code=asked.code)
    found = events.select_related("partner", "message__interchange__delivery").defer(
        "message__interchange__delivery__raw"
    )
    rows = [_event(event) for event in found.order_by("pk")[:LIST_ROWS]]
    return rows, events.count(), codes


def _wanted_events(asked: Asked) -> QuerySet[InboundEvent]:
    wanted = Q(status__in=overview.WAITING)
    if asked.status:
        wanted &= Q(status=asked.status)
    if asked.partner:
        wanted &= Q(partner__code=asked.partner)
    return InboundEvent.objects.filter(wanted)


def _event(event: InboundEvent) -> dict[str, Any]:
    held = event.status == EventStatus.HELD
    return {
        "key": f"event:{event.pk}",
        "kind": "call",
        "id": event.pk,
        "delivery": event.message.interchange.delivery_id,
        "anchor": f"#e{event.pk}",
        "partner": event.partner.code,
        "partner_id": event.partner_id,
        "name": f"{event.event} {event.call_number}",
        "sequence": event.sequence_number,
        "status": event.status,
        "level": "soon" if held else "stop",
        "code": event.code,
        "note": event.note,
        "since": event.message.interchange.delivery.received_at,
        "correct": event.event in EVENTS,
        "release": True,
        "again": False,
        "by_itself": held and event.code in HOLD_CODES,
    }


def choices() -> dict[str, Any]:
    """What the filters offer."""
    return {
        "partners": list(TradingPartner.objects.order_by("code").values_list("code", flat=True)),
        "kinds": KINDS,
        "statuses": ("QUARANTINED", "HELD"),
    }
