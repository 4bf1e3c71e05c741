"""The request a person sends when something did not come: as text, or as a mail he only has to send.

Each partner may have its own subject and text (master data of the partner); without them ours is used. Nothing is
sent by the program: a request goes out under a person's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from edi.models import RESEND_FACTS, TradingPartner

SUBJECT = "{plant} {line}: {counter} {numbers} not received"
TEXT = (
    "Plant {plant}, line {line}: we have not received {counter} {numbers} ({count}). "
    "What comes before and after has arrived.\n\n"
    "Please send it again by {by} ({zone}), or confirm that it will not come.\n"
)


@dataclass(frozen=True, slots=True)
class Missing:
    """What a request asks for. `counter` says what the numbers count."""

    counter: str
    first: str
    last: str
    count: int
    plant: str
    line: str
    zone: str
    by: datetime | None

    @property
    def numbers(self) -> str:
        return self.first if self.count == 1 else f"{self.first} to {self.last}"

    def facts(self, partner: TradingPartner) -> dict[str, str]:
        """What stands for each name in braces."""
        by = (
            self.by.astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%d %H:%M") if self.by else "the next hour"
        )
        known = {
            "partner": partner.name, "plant": self.plant, "line": self.line, "counter": self.counter,
            "first": self.first, "last": self.last, "numbers": self.numbers, "count": str(self.count), "by": by,
            "zone": self.zone,
        }  # fmt: skip
        return {f"{{{name}}}": value for name, value in known.items()}


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is ready to send."""

    partner: TradingPartner
    subject: str
    text: str

    @property
    def name(self) -> str:
        """Of the file, without its ending."""
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in self.subject)
        return "-".join(part for part in plain.split("-") if part)[:80] or "resend"

    def as_mail(self) -> bytes:
        """A mail that opens in the person's own program, unsent."""
        mail = EmailMessage()
        mail["Subject"] = " ".join(self.subject.split())
        if self.partner.resend_to:
            mail["To"] = self.partner.resend_to
        mail["X-Unsent"] = "1"
        mail.set_content(self.text)
        return bytes(mail)


def resend_request(partner: TradingPartner, missing: Missing) -> Request:
    """The request for what is missing, in the partner's own words where he has any."""
    facts = missing.facts(partner)
    return Request(
        partner,
        _filled(partner.resend_subject or SUBJECT, facts),
        _filled(partner.resend_text or TEXT, facts),
    )


def _filled(text: str, facts: dict[str, str]) -> str:
    for name in RESEND_FACTS:
        text = text.replace(name, facts[name])
    return text
