"""A call-off entered by hand when its message did not come: one person enters, another approves.

The approved entry is a delivery like any other. The partner's later message for the same vehicle is reconciled
with it (`edi.services.reconcile`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from edi.formats import CallOffEvent, ProfileError
from edi.formats.manual import TYPE, ManualHead, call_facts, call_of, write_manual
from edi.models import (
    Delivery,
    InboundEvent,
    InboundMessage,
    Interchange,
    ManualEntry,
    TradingPartner,
    move_row,
)
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.corrections import identity_of
from edi.services.entered import enter_delivery, release_delivery, said
from edi.services.events import Preview, decide, facts_of, plant_time, route
from edi.services.intake import flushed_commit
from edi.services.rehearsal import taken_back
from edi.states import ENTRY_MOVES, DeliveryKind, EntryStatus, EventStatus
from inventory.errors import Invalid, Refused, Unknown
from inventory.models import CustomerPart
from sequencer.models import SequencingProgram

EVENTS = ("NEW", "CHANGE", "CANCEL")
COLUMNS = (
    "event", "production_number", "vin", "sequence_number", "sequence_source", "dock", "line_feed", "required_at",
    "part_number", "quantity", "unit", "family", "order_ref", "options",
)  # fmt: skip
CALL_COLUMNS = COLUMNS[:8]
MOST_CALLS = 200
VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
ALARM = "EDI_MANUAL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong or odd about one field of one call: "reject" stops the entry, "warn" is for the eyes."""

    severity: str
    field: str
    text: str


@dataclass(slots=True)
class Check:
    """One call as entered: its facts with the identity found, what was found, and what it would change."""

    facts: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    preview: Preview | None = None

    @property
    def call_number(self) -> str:
        return str(self.facts.get("call_number") or "")

    @property
    def good(self) -> bool:
        return not any(item.severity == "reject" for item in self.findings)

    def reject(self, name: str, text: str) -> None:
        self.findings.append(Finding("reject", name, text))

    def warn(self, name: str, text: str) -> None:
        self.findings.append(Finding("warn", name, text))


# the three verbs


def enter_calls(
    partner_id: int,
    calls: Sequence[Mapping[str, Any]],
    *,
    by: AbstractBaseUser,
    reason: str,
    at: datetime,
) -> ManualEntry:
    """Stores call-offs that one person entered; nothing is built before another approves.

    Refuses calls with a finding that rejects (`check_calls` tells them all), none, and too many. Locks nothing.
    """
    why = said(reason)
    partner = _partner(partner_id)
    checks = check_calls(partner, calls, at=at)
    _refuse_bad(checks)
    with transaction.atomic(durable=True):
        entry: ManualEntry = ManualEntry.objects.create(
            partner=partner,
            calls=[check.facts for check in checks],
            reason=why,
            entered_by_id=by.pk,
            entered_at=at,
        )
        numbers = ", ".join(check.call_number for check in checks)
        journal("manual_entered", _subject(entry), at=at, by=str(by), reason=why, calls=numbers[:200])
        text = f"{partner}: {len(checks)} call-off(s) entered by {by} wait for a second person: {numbers}"
        raise_alarm(partner, ALARM, _subject(entry), text, at=at)
    return entry


def approve_entry(entry_id: int, *, by: AbstractBaseUser, at: datetime, note: str = "") -> Delivery:
    """Another person agrees: the entry becomes a delivery of kind MANUAL and goes through the intake.

    Promise: approval and delivery commit together, so no crash enters it twice or not at all. Refuses the person
    who entered it, an entry that is decided, and calls that a check rejects by now. Locks the entry.
    """
    _refuse_bad_by_now(entry_id, at=at)
    with flushed_commit():
        entry = _open_entry(entry_id)
        if entry.entered_by_id == by.pk:
            raise Refused(
                "same_person", "you entered this yourself; another person must look at it and approve"
            )
        calls = [call_of(facts) for facts in entry.calls]
        head = ManualHead(control_ref=f"manual-{entry.pk}", prepared_at=at.isoformat(timespec="seconds"))
        delivery = enter_delivery(
            entry.partner, f"manual-entry-{entry.pk}.json", write_manual(head, calls),
            kind=DeliveryKind.MANUAL, by=entry.entered_by, reason=entry.reason, at=at,
        )  # fmt: skip
        move_row(
            entry, ENTRY_MOVES, EntryStatus.APPROVED,
            decided_by=by, decided_at=at, decided_note=note.strip()[:200], delivery=delivery,
        )  # fmt: skip
        journal("manual_approved", _subject(entry), at=at, by=str(by), reason=note, delivery=delivery.pk)
        clear_alarm(ALARM, _subject(entry), at=at, note=f"approved by {by}")
    release_delivery(delivery, at=at)
    return delivery


def _refuse_bad_by_now(entry_id: int, *, at: datetime) -> None:
    """Hours may lie between entry and approval: what the checks refuse today is not approved."""
    entry = ManualEntry.objects.select_related("partner").filter(pk=entry_id).first()
    if entry is not None and entry.status == EntryStatus.ENTERED:
        _refuse_bad(check_calls(entry.partner, entry.calls, at=at, besides=entry.pk))


def refuse_entry(entry_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> None:
    """A person turns an entry down, or takes his own back, and says why. Locks the entry."""
    why = said(reason)
    with transaction.atomic(durable=True):
        entry = _open_entry(entry_id)
        move_row(entry, ENTRY_MOVES, EntryStatus.REFUSED, decided_by=by, decided_at=at, decided_note=why)
        journal("manual_refused", _subject(entry), at=at, by=str(by), reason=why)
        clear_alarm(ALARM, _subject(entry), at=at, note=f"refused by {by}")


def _subject(entry: ManualEntry) -> str:
    return f"manual entry {entry.pk}"


def _partner(partner_id: int) -> TradingPartner:
    partner = TradingPartner.objects.filter(pk=partner_id, active=True).first()
    if partner is None:
        raise Unknown("unknown_partner", "choose an active partner")
    return partner


def _open_entry(entry_id: int) -> ManualEntry:
    entry: ManualEntry | None = (
        ManualEntry.objects.select_for_update(of=("self",), no_key=True)
        .select_related("partner", "entered_by", "decided_by")
        .filter(pk=entry_id)
        .first()
    )
    if entry is None:
        raise Unknown("unknown_entry", f"there is no manual entry {entry_id}")
    if entry.status != EntryStatus.ENTERED:
        raise Refused("decided_already", f"{entry.decided_by} {entry.status.lower()} this entry before")
    return entry


def _refuse_bad(checks: Sequence[Check]) -> None:
    if not checks:
        raise Invalid("no_calls", "enter at least one call-off")
    if len(checks) > MOST_CALLS:
        raise Invalid("too_many_calls", f"at most {MOST_CALLS} calls in one entry; {len(checks)} were given")
    for check in checks:
        for finding in check.findings:
            if finding.severity == "reject":
                who = f"call {check.call_number}: " if check.call_number else ""
                raise Invalid("entry_rejected", f"{who}{finding.text}")


# the checks


def check_calls(
    partner: TradingPartner, calls: Sequence[Mapping[str, Any]], *, at: datetime, besides: int | None = None
) -> list[Check]:
    """Everything a second pair of eyes wants to know of entered calls, and what they would change.

    `besides`: the entry these calls belong to, which they do not stand against. Writes nothing.
    """
    waiting = _numbers_waiting(partner, besides)
    seen: set[str] = set()
    checks = [_checked(partner, facts, at=at) for facts in calls]
    for check in checks:
        number = check.call_number
        if number and number in seen:
            check.reject("production_number", f"call {number} stands twice in this entry")
        if number and number in waiting:
            check.reject("production_number", f"call {number} waits for approval in another entry already")
        seen.add(number)
    good = [check for check in checks if check.good]
    for check, preview in zip(good, rehearse(partner, [call_of(c.facts) for c in good], at=at), strict=True):
        check.preview = preview
        if preview.status == EventStatus.QUARANTINED:
            check.reject("event", f"it would be put into quarantine: {preview.text}")
        elif preview.status == EventStatus.HELD:
            check.warn("event", f"it would wait: {preview.text}")
        elif preview.status == EventStatus.DUPLICATE:
            check.warn("event", f"it would change nothing: {preview.text}")
    return checks


def _numbers_waiting(partner: TradingPartner, besides: int | None) -> set[str]:
    entries = ManualEntry.objects.filter(partner=partner, status=EntryStatus.ENTERED).exclude(pk=besides or 0)
    return {
        str(call.get("call_number")) for calls in entries.values_list("calls", flat=True) for call in calls
    }


def _checked(partner: TradingPartner, facts: Mapping[str, Any], *, at: datetime) -> Check:
    check = Check(dict(facts))
    try:
        call = call_of(facts)
    except ValueError as error:
        check.reject("event", str(error))
        return check
    check.facts = call_facts(call)
    if call.event not in EVENTS:
        check.reject("event", f"by hand a call is {', '.join(EVENTS).lower()}; {call.event} is not offered")
        return check
    _check_identity(check, partner, call)
    _check_form(check, call)
    if check.good:
        _check_place(check, partner, call, at=at)
    return check


def _check_identity(check: Check, partner: TradingPartner, call: CallOffEvent) -> None:
    try:
        number = identity_of(partner, call, "")
    except ProfileError as error:
        check.reject("event", f"the partner's profile cannot be used: {error}")
        return
    check.facts["call_number"] = number
    if not number:
        check.reject("production_number", "give what names the vehicle: its production number or its VIN")
    elif not call.production_number:
        check.warn("production_number", "without it the partner's message is matched by VIN or sequence")


def _check_form(check: Check, call: CallOffEvent) -> None:
    if call.vin and not VIN.fullmatch(call.vin):
        odd = "".join(sorted(set(re.sub(r"[A-HJ-NPR-Z0-9]", "", call.vin))))
        found = f"this holds {odd}" if len(call.vin) == 17 else f"this has {len(call.vin)}"
        check.warn("vin", f"a VIN has 17 letters and digits without I, O and Q; {found}")
    if call.event == "NEW" and not call.components:
        check.reject("part_number", "a new call names at least one part")
    if call.event == "NEW" and not call.sequence_number:
        check.reject("sequence_number", "a new call has a sequence number")
    if call.required_at:
        try:
            datetime.fromisoformat(call.required_at)
        except ValueError:
            check.reject("required_at", f"{call.required_at!r} is no time; write 2026-11-23 14:30")
    for part in call.components:
        if part.quantity and not (part.quantity.isascii() and part.quantity.isdigit() and int(part.quantity)):
            check.reject("quantity", f"{part.quantity!r} of {part.part_number} is no whole number of pieces")


def _check_place(check: Check, partner: TradingPartner, call: CallOffEvent, *, at: datetime) -> None:
    try:
        program = route(InboundEvent(partner=partner, content=check.facts))
    except Refused as refusal:
        check.reject("dock", refusal.message)
        return
    if call.sequence_number:
        try:
            program.stream.counter.read(call.sequence_number)
        except Invalid as refusal:
            check.reject("sequence_number", refusal.message)
    needed = plant_time(call.required_at, program.line.plant.zone, after=at)
    if needed is not None and needed < at:
        check.warn("required_at", f"{call.required_at} lies in the past at plant {program.line.plant}")
    elif needed is None and call.event == "NEW":
        check.warn("required_at", "without a time the takt of the line gives one")
    _check_parts(check, program, call, needed or at)


def _check_parts(check: Check, program: SequencingProgram, call: CallOffEvent, needed: datetime) -> None:
    plant = program.line.plant
    day = needed.astimezone(plant.zone).date()
    numbers = {part.part_number for part in call.components}
    rows = CustomerPart.objects.filter(customer=plant.customer_id, number__in=numbers)
    known = {
        row.number
        for row in rows
        if row.valid_from <= day and (row.valid_until is None or row.valid_until >= day)
    }
    for number in sorted(numbers - known):
        check.warn(
            "part_number", f"{number} is no part of {plant.customer} on that day; the call would wait for it"
        )


def rehearse(partner: TradingPartner, calls: Sequence[CallOffEvent], *, at: datetime) -> list[Preview]:
    """What entering calls by hand would do now, one after the other, found by doing it and taking it back."""
    if not calls:
        return []
    with taken_back():
        return [_rehearsed(event, at=at) for event in _scratch_events(partner, calls, at=at)]


def _rehearsed(event: InboundEvent, *, at: datetime) -> Preview:
    before = facts_of(event)
    outcome = decide(event, at=at, by="preview", hold_stale=True)
    after = facts_of(event)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    changes = {key: (before.get(key), after.get(key)) for key in keys}
    return Preview(outcome.status, outcome.code, outcome.note, changes)


def _scratch_events(
    partner: TradingPartner, calls: Sequence[CallOffEvent], *, at: datetime
) -> Iterable[InboundEvent]:
    # A delivery needs a name behind it; this one never leaves its transaction.
    delivery = Delivery(
        partner=partner, file_name="rehearsal", inode=0, mtime_ns=0, size=0, written_at=at, received_at=at,
        kind=DeliveryKind.FILE,
    )  # fmt: skip
    delivery.save()
    delivery.kind = DeliveryKind.MANUAL
    interchange = Interchange.objects.create(delivery=delivery, partner=partner, message_type=TYPE)
    message = InboundMessage.objects.create(interchange=interchange, number=1, type=TYPE, kind="call_off")
    for number, call in enumerate(calls, 1):
        yield InboundEvent.objects.create(
            message=message,
            partner=partner,
            number=number,
            event=call.event,
            call_number=call.call_number or "",
            sequence_number=call.sequence_number or "",
            content=call_facts(call),
        )


# several at once


def read_csv(text: str) -> list[dict[str, Any]]:
    """Calls from lines with the columns of COLUMNS in any order, split by semicolon, comma or tab.

    Lines that agree in production number, VIN and sequence are parts of one call. Refuses unknown columns, a
    call whose lines disagree, and text without a head line, each with its line number.
    """
    lines = text.lstrip("\ufeff").strip("\r\n")
    if not lines.strip():
        raise Invalid("no_calls", "the table is empty; its first line names the columns")
    head = lines.splitlines()[0]
    sign = max(";\t,", key=head.count)
    table = csv.reader(io.StringIO(lines), delimiter=sign)
    names = [name.strip().lower().replace(" ", "_") for name in next(table)]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "part_number" not in names:
        wrong = f"{unknown[0]!r} is no column" if unknown else "there is no column part_number"
        raise Invalid("bad_columns", f"{wrong}; use {', '.join(COLUMNS)}")
    calls: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, cells in enumerate(table, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names):
            raise Invalid("bad_line", f"line {number} has {len(cells)} fields, the head has {len(names)}")
        _take_line(calls, dict(zip(names, (cell.strip() for cell in cells), strict=False)), number)
    return list(calls.values())


def _take_line(calls: dict[tuple[str, ...], dict[str, Any]], row: dict[str, str], number: int) -> None:
    facts: dict[str, Any] = {name: row.get(name) or None for name in CALL_COLUMNS}
    facts["event"] = (row.get("event") or "NEW").upper()
    if facts["required_at"]:
        facts["required_at"] = facts["required_at"].replace(" ", "T")
    key = tuple(facts[name] or "" for name in ("production_number", "vin", "sequence_number"))
    call = calls.setdefault(key, {**facts, "components": []})
    for name in CALL_COLUMNS:
        if call[name] != facts[name]:
            raise Invalid("bad_line", f"line {number}: {name} differs from the line before of the same call")
    if row.get("part_number"):
        part: dict[str, Any] = {name: row.get(name) or None for name in COLUMNS[8:13]}
        call["components"].append({**part, "options": (row.get("options") or "").split()})
