"""Writes the files of a partner and drops them as he would. Independent of the program's own writers."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils import timezone

from edi import formats
from edi.models import Delivery, InboundEvent, InboundMessage, Interchange, TradingPartner
from edi.services import receive_file

CODES = {"NEW": "3", "CHANGE": "5", "CANCEL": "2", "NOCHANGE": "4", "DELIVERED": "10", "TEST": "9"}


@dataclass(frozen=True)
class Call:
    """One SEQ group of a DELJIT D.97A."""

    number: int
    event: str = "NEW"
    part: str = "C-A"
    dock: str = "D1"
    line_feed: str = "F1"
    required: str = "202611231400"
    quantity: str = "1"
    sequence: str = ""

    def segments(self) -> list[str]:
        lines = [
            f"SEQ+{CODES[self.event]}+{self.sequence or f'{self.number:04d}'}:3",
            f"DTM+2:{self.required}:203",
            f"GIR+4+VIN{self.number:014d}:VV+V{self.number:04d}:AN",
            f"LOC+11+{self.dock}",
            f"LOC+159+{self.line_feed}",
        ]
        if self.part:
            lines += [f"LIN+1++{self.part}:IN", f"QTY+131:{self.quantity}:PCE"]
        return [line for line in lines if line]


def message(calls: list[Call], ref: str = "1", document: str = "242") -> list[str]:
    body = [f"BGM+{document}+DOC{ref}+9", "DTM+137:202611230600:203"]
    body += [line for call in calls for line in call.segments()]
    return [f"UNH+{ref}+DELJIT:D:97A:UN", *body, f"UNT+{len(body) + 2}+{ref}"]


def interchange(messages: list[list[str]], control: int, *, test: bool = False) -> bytes:
    flag = "++++++1" if test else ""
    lines = [f"UNB+UNOC:3+OEM:ZZ+SUPPLIER:ZZ+261123:0600+{control}{flag}"]
    lines += [line for item in messages for line in item]
    lines.append(f"UNZ+{len(messages)}+{control}")
    return "".join(f"{line}'\n" for line in lines).encode()


def deljit(calls: list[Call], control: int, *, test: bool = False) -> bytes:
    return interchange([message(calls)], control, test=test)


def contrl(control: int, ref: str, *, action: str = "7") -> bytes:
    body = [f"UNH+1+CONTRL:D:3:UN'UCI+{ref}+SUPPLIER:ZZ+OEM:ZZ+{action}'UNT+3+1'"]
    return f"UNB+UNOC:3+OEM:ZZ+SUPPLIER:ZZ+261123:0600+{control}'{body[0]}UNZ+1+{control}'".encode()


@dataclass
class Sender:
    """A partner that drops files; control numbers count up unless one is given."""

    partner: TradingPartner
    control: int = field(default=0)

    def send(self, *calls: Call, control: int = 0, name: str = "", test: bool = False) -> Delivery:
        self.control = control or self.control + 1
        return self.send_raw(deljit(list(calls), self.control, test=test), name)

    def send_raw(self, raw: bytes, name: str = "") -> Delivery:
        self.sent = getattr(self, "sent", 0) + 1
        return receive_file(self.partner, name or f"file{self.sent}.edi", raw, wait_seconds=5)

    def statuses(self) -> list[tuple[str, str, str]]:
        """(call number, status, code) of every event, in the order received."""
        rows = InboundEvent.objects.filter(partner=self.partner).order_by("pk")
        return list(rows.values_list("call_number", "status", "code"))


def stored(partner: TradingPartner, raw: bytes) -> Delivery:
    """A file of one message as if it had been applied, its first thirty calls held: quick, for pages of many rows."""
    now = timezone.now()
    delivery = Delivery.objects.create(
        partner=partner, file_name="large.edi", inode=1, mtime_ns=1, size=len(raw), sha256="0" * 64, raw=raw,
        status="PARSED", written_at=now, received_at=now, parsed_at=now,
    )  # fmt: skip
    (read,) = formats.read(raw).interchanges
    (found,) = read.messages
    envelope = Interchange.objects.create(
        delivery=delivery, partner=partner, message_type=found.type, control_ref=read.control_ref or ""
    )
    row = InboundMessage.objects.create(
        interchange=envelope, number=1, type=found.type, kind=found.kind, status="PARTLY_APPLIED",
        segment_first=found.segment_first, segment_last=found.segment_last, call_off_count=len(found.call_offs),
    )  # fmt: skip
    InboundEvent.objects.bulk_create(
        InboundEvent(
            message=row, partner=partner, number=number, event=call.event, call_number=call.call_number or "",
            sequence_number=call.sequence_number or "", content=formats.as_json(call),
            status="HELD" if number <= 30 else "APPLIED",
        )
        for number, call in enumerate(found.call_offs, 1)
    )  # fmt: skip
    return delivery
