"""What we send: ASNs of departed shipments and acknowledgements. `OutboundMessage` owns the sending.

Number, name and bytes are fixed before the first attempt, so every attempt sends the same thing under the
same name. Bytes go out in three steps: claimed (SENDING), written under a hidden name, `put_at` committed,
renamed, SENT. A worker that dies before `put_at` has certainly sent nothing; after it the folder tells, or
a person decides. Over a channel the folder is the partner's own, and it is looked at only after a while.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from edi import failpoints, formats, transport
from edi.formats import Acknowledged, Profile, ProfileError
from edi.models import Interchange, OutboundMessage, PartnerChannel, TradingPartner, move_row
from edi.services.alarms import clear_alarm, journal, raise_alarm
from edi.services.despatch import despatch_of
from edi.services.profiles import profile_of
from edi.stability import NAME
from edi.states import OUTBOUND_MOVES, ChannelKind, OutboundStatus, ReceiptStatus
from edi.transport import Outbox, worker_name
from inventory.errors import Refused, Stale, Unknown, Unreachable
from sequencer.models import SequencingProgram, Shipment
from sequencer.services import record_asn_status
from sequencer.services.held import held_in_shipment
from sequencer.states import LEFT_SHIPMENTS, AsnStatus

log = logging.getLogger(__name__)

# A shipment that may have no message yet; ATTENTION is one whose message could not be written.
UNISSUED = (AsnStatus.NONE, AsnStatus.DUE, AsnStatus.ATTENTION)
BACK_OFF_SECONDS = (2, 5, 15, 60, 300)
# What the partner may answer to: he can have it although we have not booked it as sent.
ANSWERABLE = (OutboundStatus.SENT, OutboundStatus.SENDING, OutboundStatus.ATTENTION)
OVERDUE_ALARM, RECEIPT_ALARM = "EDI_OVERDUE", "EDI_RECEIPT"


class Way(Protocol):
    """Where a message is put: the partner's `out` folder here, or a folder of his behind a channel.

    `settles_at_once`: after a failed rename a look tells at once what became of it.
    """

    settles_at_once: bool

    def prepare(self, name: str, content: bytes) -> None:
        """Writes the bytes durably under a name the partner does not fetch."""

    def publish(self, name: str) -> None:
        """Gives the file its name. After this the partner may have it."""

    def is_prepared(self, name: str) -> bool:
        """The hidden file is still there: this attempt was never published."""

    def holds(self, name: str, content: bytes) -> bool:
        """The published file is there with exactly these bytes."""


# what is due


def issue_due_asns(*, at: datetime) -> list[int]:
    """Writes the ASN of every departed shipment that has none; returns the ids of the new messages.

    Reads shipments, so nothing has to call upward and a crash after departure loses nothing.
    """
    # By status first: whether years of trucks have a message each is not asked every two seconds.
    unsent = Shipment.objects.filter(status__in=sorted(LEFT_SHIPMENTS), asn_status__in=UNISSUED)
    due = unsent.filter(messages__isnull=True).order_by("departed_at")
    issued = []
    for shipment_id in due.values_list("pk", flat=True):
        message = issue_asn(shipment_id, at=at)
        if message is not None:
            issued.append(message.pk)
    return issued


def issue_asn(shipment_id: int, *, at: datetime) -> OutboundMessage | None:
    """The ASN of one departed shipment: control number, name and bytes, READY to be sent.

    Promise: one a shipment, however often it is called. Without a partner or with data the message cannot
    carry it is a matter for a person (None, shipment's ASN at ATTENTION) and is tried again by the sweep.
    Locks the partner.
    """
    shipment = Shipment.objects.select_related("unloading_point__plant").get(pk=shipment_id)
    try:
        held = held_in_shipment(shipment.pk)
        if held:
            raise Refused("quality_hold", f"the ASN waits: {held[0]}")
        partner = partner_of(shipment)
        profile = profile_of(partner)
        with transaction.atomic(durable=True):
            message = _issue(shipment, partner, profile, at=at)
    except IntegrityError:
        return OutboundMessage.objects.get(shipment=shipment_id)
    except (Refused, ProfileError, ValueError) as error:
        _tell_unissued(shipment, str(error), at=at)
        return None
    return message


def partner_of(shipment: Shipment) -> TradingPartner:
    """The active partner whose routes lead to the shipment's programs. Refuses none and two."""
    programs = SequencingProgram.objects.filter(commodities__racks__shipment=shipment)
    if not shipment.racks.exists():
        # Boxes alone: whoever called them, else whose routes lead to the unloading point.
        feeds = shipment.boxes.exclude(call__feed="").values("call__feed")
        called = TradingPartner.objects.filter(active=True, code__in=feeds)
        if called.count() == 1:
            return called.get()
        programs = shipment.unloading_point.programs.all()
    fitting = TradingPartner.objects.filter(active=True, routes__program__in=programs.values("pk")).distinct()
    productive = [partner for partner in fitting if not partner.test_partner]
    candidates = productive or list(fitting)
    if not candidates:
        raise Refused("no_partner", f"no active partner has a route to the calls of {shipment.number}")
    if len(candidates) > 1:
        codes = ", ".join(partner.code for partner in candidates)
        raise Refused("several_partners", f"{codes} all have routes to the calls of {shipment.number}")
    return candidates[0]


def _issue(shipment: Shipment, partner: TradingPartner, profile: Profile, *, at: datetime) -> OutboundMessage:
    number = next_control_number(partner)
    content = formats.write_despatch(
        despatch_of(shipment, partner, profile),
        profile,
        control_ref=str(number),
        message_ref="1",
        prepared_at=at,
    )
    message = OutboundMessage.objects.create(
        partner=partner,
        kind=profile.asn.format,
        shipment=shipment,
        control_ref=str(number),
        file_name=_file_name(profile.asn.format, partner, number, profile, at=at),
        content=content,
        ack_expected=profile.asn.expects_ack,
        created_at=at,
        due_at=at,
    )
    _report(message, at=at)
    journal("outbound_ready", message.file_name, at=at, partner=partner.code, shipment=shipment.number)
    return message


def next_control_number(partner: TradingPartner) -> int:
    """The next number of what we send to a partner; its row is locked until the caller's transaction ends."""
    TradingPartner.objects.filter(pk=partner.pk).update(next_control_number=F("next_control_number") + 1)
    number: int = TradingPartner.objects.values_list("next_control_number", flat=True).get(pk=partner.pk)
    return number - 1


def _file_name(kind: str, partner: TradingPartner, number: int, profile: Profile, *, at: datetime) -> str:
    """The fixed name of a file we send, by the partner's rule. ValueError for one that cannot be or is taken."""
    ends = {"our": profile.our.id, "their": profile.their.id}
    moment = at.astimezone(ZoneInfo(profile.timezone))
    name = profile.files.out_name(kind, partner.code, number, **ends, at=moment)
    if not NAME.fullmatch(name):
        raise ValueError(f"[files] out makes {name!r}, which is no file name; leave out what holds its signs")
    if OutboundMessage.objects.filter(file_name=name).exists():
        raise ValueError(f"[files] out makes {name!r} a second time; put {{partner}} and {{number}} into it")
    return name


def _tell_unissued(shipment: Shipment, text: str, *, at: datetime) -> None:
    """Once a reason: the sweep comes by every two seconds."""
    if shipment.asn_status == AsnStatus.ATTENTION and shipment.asn_note == text[:200]:
        return
    with transaction.atomic():
        record_asn_status(shipment.pk, AsnStatus.ATTENTION, at=at, note=text)
        journal("asn_not_issued", shipment.number, at=at, text=text)


def issue_acknowledgement(
    row: Interchange, received: formats.Interchange, profile: Profile, *, kind: str, at: datetime
) -> OutboundMessage | None:
    """CONTRL, 997, 999 or TA1 for a received interchange, in the caller's transaction (receipt and answer are one).

    A number used before for other content is answered as rejected duplicate; a repeat is answered like the
    first.
    """
    conflict = row.status == "CONFLICT"
    number = next_control_number(row.partner)
    try:
        content = formats.write_acknowledgement(
            received, profile, control_ref=str(number), prepared_at=at, duplicate=conflict, kind=kind
        )
        file_name = _file_name(kind, row.partner, number, profile, at=at)
    except ValueError as error:
        text = f"interchange {row.control_ref} cannot be acknowledged: {error}"
        raise_alarm(row.partner, "EDI_ANSWER", f"interchange {row.pk}", text, at=at)
        return None
    message, _ = OutboundMessage.objects.update_or_create(
        answers=row,
        kind=kind,
        defaults={
            "partner": row.partner,
            "control_ref": str(number),
            "file_name": file_name,
            "content": content,
            "status": OutboundStatus.READY,
            "created_at": at,
            "due_at": at,
            "put_at": None,
        },
    )
    return message


# sending


def by_channel() -> QuerySet[PartnerChannel]:
    """Channels that carry what we send. While one is entered, active or not, its partner's `out` gets nothing:
    a wire switched off for an hour must not send the hour's messages to a folder nobody looks into.
    """
    kinds = [ChannelKind.SFTP_PUSH, ChannelKind.FOLDER, ChannelKind.GATEWAY]
    return PartnerChannel.objects.filter(kind__in=kinds).exclude(out_folder="").order_by("pk")


def deliver_due(*, at: datetime) -> list[int]:
    """Sends every READY message whose time has come, oldest first; returns the ids that went out.

    Messages of a partner with a channel wait for `manage.py edi_channels`.
    """
    due = OutboundMessage.objects.filter(status=OutboundStatus.READY, due_at__lte=at).order_by("pk")
    due = due.exclude(partner__in=by_channel().values("partner"))
    return [pk for pk in due.values_list("pk", flat=True) if deliver(pk, at=at)]


def deliver(
    outbound_id: int, *, at: datetime, outbox: Way | None = None, channel: PartnerChannel | None = None
) -> bool:
    """Puts one READY message into the partner's `out`, or where `outbox` leads; False when it was not READY or
    could not be put.

    Promise: the file appears whole, under its fixed name; a folder that does not answer leaves it READY
    with a later due time. Claims by conditional update, so two workers send it once.
    """
    message = _claim(outbound_id, at=at, channel=channel)
    if message is None:
        return False
    try:
        outbox = outbox or Outbox(message.partner.code)
        outbox.prepare(message.file_name, bytes(message.content))
    except Unreachable as error:
        _postpone(message, str(error), at=at)
        return False
    if not _still_mine(message).update(put_at=at):
        return False
    message.put_at = at
    try:
        outbox.publish(message.file_name)
    except Unreachable as error:
        log.warning("%s: %s", message.file_name, error)
        return outbox.settles_at_once and _settle_stale(message, outbox, at=at)
    failpoints.reach("before_mark")
    try:
        _move(message, OutboundStatus.SENT, at=at, sent_at=at, note="")
    except Stale:
        # A quick partner's answer came first, or a sweep found the file in `out`: either says it was sent.
        log.info("%s: marked by someone else after it was sent", message.file_name)
    return True


def _claim(
    outbound_id: int, *, at: datetime, channel: PartnerChannel | None = None
) -> OutboundMessage | None:
    message = OutboundMessage.objects.select_related("partner", "shipment").filter(pk=outbound_id).first()
    if message is None:
        raise Unknown("no_message", f"there is no outgoing message {outbound_id}")
    if message.status != OutboundStatus.READY:
        return None
    try:
        _move(
            message, OutboundStatus.SENDING, at=at,
            claimed_by=worker_name(), claimed_at=at, attempts=message.attempts + 1, put_at=None,
            channel=channel,
        )  # fmt: skip
    except Stale:
        return None
    return message


def _still_mine(message: OutboundMessage) -> QuerySet[OutboundMessage]:
    return OutboundMessage.objects.filter(
        pk=message.pk,
        status=OutboundStatus.SENDING,
        claimed_by=message.claimed_by,
        claimed_at=message.claimed_at,
    )


def _postpone(message: OutboundMessage, text: str, *, at: datetime) -> None:
    wait = BACK_OFF_SECONDS[min(message.attempts, len(BACK_OFF_SECONDS)) - 1]
    _move(message, OutboundStatus.READY, at=at, due_at=at + timedelta(seconds=wait), note=text[:300])


def settle_stale(*, at: datetime, partner_id: int | None = None, outbox: Way | None = None) -> int:
    """Decides what became of messages whose sender gave no sign for ten seconds; returns how many.

    Those of a partner with a channel are decided by whoever works the channel, who names partner and `outbox`;
    only then `Unreachable` is raised when the other side cannot be looked at. They stay SENDING until it can.
    """
    stale = OutboundMessage.objects.filter(
        status=OutboundStatus.SENDING, claimed_at__lt=at - timedelta(seconds=transport.STALE_SECONDS)
    ).select_related("partner", "shipment")
    if partner_id is None:
        stale = stale.exclude(partner__in=by_channel().values("partner"))
    else:
        stale = stale.filter(partner=partner_id)
    for message in stale:
        try:
            _settle_stale(message, outbox or Outbox(message.partner.code), at=at)
        except Stale:
            continue
        except Unreachable as error:
            if outbox is not None:
                raise
            # One partner's folder that is away keeps nobody else's message in doubt.
            log.warning("%s: %s", message.file_name, error)
    return len(stale)


def _settle_stale(message: OutboundMessage, outbox: Way, *, at: datetime) -> bool:
    """SENT when the file is there with our bytes, READY when it never was, else a person decides."""
    if message.put_at is None or outbox.is_prepared(message.file_name):
        _move(message, OutboundStatus.READY, at=at, due_at=at, note="the sender stopped before sending")
        return False
    if outbox.holds(message.file_name, bytes(message.content)):
        _move(message, OutboundStatus.SENT, at=at, sent_at=message.put_at, note="")
        return True
    text = "the sender stopped while sending; ask the partner whether he has it, then resend or leave it"
    _move(message, OutboundStatus.ATTENTION, at=at, note=text)
    return False


# what becomes of it


def take_answer(
    partner: TradingPartner, kind: str, verdicts: tuple[Acknowledged, ...], *, at: datetime
) -> bool:
    """A partner's verdict on something we sent: ACCEPTED or REJECTED. Runs in the caller's transaction.

    The first verdict names our interchange or group, the others what is inside; one refusal refuses the
    whole, as we send one message at a time. False when it answers nothing we know or was told before; the
    journal keeps it.
    """
    ref, accepted = verdicts[0].ref or "", all(verdict.accepted for verdict in verdicts)
    message = _answered(partner, kind, ref)
    if message is None:
        journal("answer_unmatched", ref or "?", at=at, partner=partner.code, accepted=accepted)
        return False
    if message.status in (OutboundStatus.SENDING, OutboundStatus.ATTENTION):
        # He answers, so he has it.
        _move(message, OutboundStatus.SENT, at=at, sent_at=message.put_at or at)
    if accepted and kind == "TA1":
        # The envelope arrived; whether anyone could read what is inside is for the 997 to say.
        return True
    if accepted and message.status == OutboundStatus.ACCEPTED:
        # The syntax was accepted before, now the content is: nothing moves.
        return True
    status = OutboundStatus.ACCEPTED if accepted else OutboundStatus.REJECTED
    errors = [error for verdict in verdicts for error in verdict.errors]
    _move(
        message,
        status,
        at=at,
        answered_at=at,
        note=f"error codes {', '.join(errors)}"[:300] if errors else "",
    )
    return True


def _answered(partner: TradingPartner, kind: str, ref: str) -> OutboundMessage | None:
    """The message an answer speaks of: ours to this partner, of the syntax that is answered this way."""
    if kind in ("APERAK", "824"):
        # An application does not know our envelope; it names the despatch advice by the shipment's number.
        advices = OutboundMessage.objects.select_related("partner", "shipment").filter(
            partner=partner,
            kind__in=["DESADV", "856"],
            status__in=(*ANSWERABLE, OutboundStatus.ACCEPTED),
            shipment__number=ref.strip(),
        )
        return advices.first() if ref.strip() else None
    syntax = ["DESADV"] if kind == "CONTRL" else ["856"]
    wanted = ref.strip().lstrip("0")
    rows = OutboundMessage.objects.select_related("partner", "shipment").filter(
        partner=partner, kind__in=syntax, status__in=ANSWERABLE, control_ref=wanted
    )
    return rows.first() if wanted else None


def take_receipt(
    partner: TradingPartner, file_name: str, status: ReceiptStatus, kind: str, reason: str, *, at: datetime
) -> bool:
    """A gateway's receipt (EERP, NERP, MDN) for a file we handed over. Runs in the caller's transaction.

    Promise: it is kept at the message; a bad one is a matter for a person; a repeated one changes nothing, and a
    good one is not taken back by a bad one that comes later, which is told. False when we sent no such file.
    """
    rows = OutboundMessage.objects.select_related("partner", "shipment")
    message = rows.filter(partner=partner, file_name=file_name).exclude(status=OutboundStatus.READY).first()
    if message is None:
        return False
    if message.receipt_status == status:
        return True
    if status == ReceiptStatus.REFUSED:
        text = (
            f"{kind} for {file_name}: {reason or 'no reason given'}; ask the partner, then resend or leave it"
        )
        raise_alarm(partner, RECEIPT_ALARM, file_name, text, at=at)
        if message.receipt_status:
            return True
    else:
        clear_alarm(RECEIPT_ALARM, file_name, at=at, note=f"{kind} received")
        if message.status in (OutboundStatus.SENDING, OutboundStatus.ATTENTION):
            _move(message, OutboundStatus.SENT, at=at, sent_at=message.put_at or at)
    OutboundMessage.objects.filter(pk=message.pk).update(
        receipt_status=status, receipt_at=at, receipt_note=f"{kind} {reason}".strip()[:200]
    )
    journal(
        "receipt", file_name, at=at, partner=partner.code, receipt=kind, status=str(status), reason=reason
    )
    return True


def resend(outbound_id: int, *, by: AbstractBaseUser, reason: str, at: datetime) -> None:
    """A named person has a message sent again: same number, same name, same bytes. Refuses without a reason.

    For what is at SENT, REJECTED or ATTENTION; another state is refused.
    """
    if not reason.strip():
        raise Refused("reason_missing", "say why the message is sent again")
    with transaction.atomic(durable=True):
        message = OutboundMessage.objects.select_related("partner", "shipment").filter(pk=outbound_id).first()
        if message is None:
            raise Unknown("no_message", f"there is no outgoing message {outbound_id}")
        if message.status == OutboundStatus.SENDING:
            raise Refused("being_sent", "the message is being sent just now")
        note = f"sent again by {by}: {reason.strip()}"[:300]
        _move(
            message, OutboundStatus.READY, at=at, due_at=at, put_at=None, note=note,
            receipt_status="", receipt_at=None, receipt_note="", receipt_overdue_at=None,
        )  # fmt: skip
        clear_alarm(RECEIPT_ALARM, message.file_name, at=at, note="sent again")
        journal("outbound_resent", message.file_name, at=at, by=str(by), reason=reason)


def _move(message: OutboundMessage, status: OutboundStatus, *, at: datetime, **fields: object) -> None:
    """One move of a message and the report to its shipment, together. What was overdue before is not any more."""
    with transaction.atomic():
        if message.overdue_at is not None:
            fields["overdue_at"] = None
            clear_alarm(OVERDUE_ALARM, message.file_name, at=at, note=f"it is {status.lower()} now")
        move_row(message, OUTBOUND_MOVES, status, **fields)
        _report(message, at=at)


def _report(message: OutboundMessage, *, at: datetime) -> None:
    if message.shipment_id is not None:
        record_asn_status(
            message.shipment_id,
            AsnStatus(message.status),
            at=at,
            note=message.note,
            answered=message.ack_expected,
        )
        if message.status in (OutboundStatus.SENT, OutboundStatus.ACCEPTED) and message.shipment:
            clear_alarm(
                "ASN", message.shipment.number, at=at, note=f"{message.kind} is {message.status.lower()}"
            )
        return
    subject = f"{message.kind} {message.file_name}"
    if message.status == OutboundStatus.ATTENTION:
        raise_alarm(message.partner, "EDI_ANSWER", subject, message.note, at=at)
    elif message.status == OutboundStatus.SENT:
        clear_alarm("EDI_ANSWER", subject, at=at)


def sweep_outbound(*, at: datetime) -> int:
    """Everything due on the way out: stale senders, missing ASNs, messages to send; returns how many went."""
    settle_stale(at=at)
    issue_due_asns(at=at)
    return len(deliver_due(at=at))
