"""The envelopes of both syntaxes: who sends what to whom, whether counts and references agree."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .advices import read_824, read_861, read_functional, read_ta1
from .aperak import read_aperak
from .canonical import InterchangeEnd, InterchangeStart, Message, Problem
from .delfor import read_delfor
from .deljit import read_deljit
from .despatch import read_desadv
from .drafts import Content, Draft
from .facts import edifact_time, element, x12_time
from .groups import Segment
from .problems import Findings
from .production_sequence import read_866
from .profile import Profile
from .recadv import read_recadv
from .schedules import read_schedule
from .ship_notice import read_856
from .tokens import COMPONENT, ELEMENT, REPETITION, Tokens
from .verdicts import read_contrl

Part = InterchangeStart | Message | InterchangeEnd | Problem

# 512 chunks of 64 KiB. The largest legal DELJIT (9999 SEQ) is far smaller; what is larger is no message.
MAX_MESSAGE_CHUNKS = 512
# A broken umlaut in a description must not stop a line; a broken character in a VIN must.
FREE_TEXT = {"FTX", "IMD", "NAD", "CTA", "COM", "PID", "PER", "N1", "N2", "N3", "N4", "MSG", "NTE"}

_AGAIN = "a part is missing or was cut off: ask for the file again"
_AGAIN_OR = "ask for the file again or, if he always does so, set [severity]"
_NO_CHARACTER = (
    "a byte is no character of the declared set; set `encoding` in the profile or ask for the file again"
)

MessageReader = Callable[[Draft, Profile, Findings], Content]
READERS: dict[str, MessageReader] = {
    "DELJIT": read_deljit,
    "DELFOR": read_delfor,
    "830": read_schedule,
    "862": read_schedule,
    "861": read_861,
    "824": read_824,
    "999": read_functional,
    "866": read_866,
    "DESADV": read_desadv,
    "856": read_856,
    "RECADV": read_recadv,
    "APERAK": read_aperak,
    "CONTRL": read_contrl,
    "997": read_functional,
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """One level of enveloping: where its opening segment keeps its reference, which segment closes it.

    All closing segments are alike in both syntaxes: count, then the reference again.
    """

    name: str
    opens: str
    closes: str
    ref: int


EDIFACT_ENVELOPES = (
    Envelope("interchange", "UNB", "UNZ", 5),
    Envelope("group", "UNG", "UNE", 5),
    Envelope("message", "UNH", "UNT", 1),
)
X12_ENVELOPES = (
    Envelope("interchange", "ISA", "IEA", 13),
    Envelope("group", "GS", "GE", 6),
    Envelope("message", "ST", "SE", 2),
)


@dataclass(slots=True)
class _Open:
    """An envelope that is open: its opening segment, its number in the file, how much is inside."""

    segment: Segment
    number: int
    ref: str | None
    count: int = 0


class EnvelopeReader:
    """Takes the envelopes off a stream of segments and hands each message to its own reader.

    Interchange, group and message open and close alike; whatever is left open when the next one of its level
    opens, or when the file ends, is closed without trailer and says so.
    """

    def __init__(self, tokens: Tokens, profile: Profile) -> None:
        self.tokens = tokens
        self.profile = profile
        self.is_x12 = tokens.format == "x12"
        self.interchange_level, self.group_level, self.message_level = (
            X12_ENVELOPES if self.is_x12 else EDIFACT_ENVELOPES
        )
        self.number = 0
        self.interchange: _Open | None = None
        self.group: _Open | None = None
        self.message: _Open | None = None
        self.body: list[str] = []
        self.chunks = 0
        self.overflow = False
        self.first_group: str | None = None
        self.groups = 0
        self.test = False
        self.findings = Findings(profile.severity)
        self.head_read: object = None

    def parts(self) -> Iterator[Part]:
        """Give out interchange starts, messages and interchange ends as the file holds them."""
        roles = {
            self.interchange_level.opens[:3]: self.open_interchange,
            self.interchange_level.closes[:3]: self.close_interchange,
            self._key(self.group_level.opens): self.open_group,
            self._key(self.group_level.closes): self.close_group,
            self._key(self.message_level.opens): self.open_message,
            self._key(self.message_level.closes): self.close_message,
        }
        if self.is_x12:
            roles["TA1"] = self.take_ta1
        first = min(roles)
        for batch in self.tokens.batches():
            self.bound_message()
            start = 0
            # Nearly every EDIFACT tag comes before UNB in the alphabet: no need to cut those texts.
            for place in [at for at, text in enumerate(batch) if text >= first and text[:3] in roles]:
                self.take_body(batch[start:place])
                self.number += 1
                start = place + 1
                yield from roles[batch[place][:3]](batch[place].split(ELEMENT))
            self.take_body(batch[start:])
        yield from self.end_of_file()

    def take_body(self, texts: list[str]) -> None:
        """Add segments to the open message; outside of one each is refused."""
        if self.message is not None:
            self.body += texts
            self.number += len(texts)
            return
        for text in texts:
            self.number += 1
            self.refuse_outside(text)

    def _key(self, tag: str) -> str:
        return tag if len(tag) == 3 else tag + ELEMENT

    def bound_message(self) -> None:
        self.chunks += 1
        if self.message is not None and self.chunks > MAX_MESSAGE_CHUNKS:
            self.overflow = True
            self.message.count += len(self.body)
            self.body.clear()

    def refuse_outside(self, text: str) -> None:
        tag = text.split(ELEMENT)[0][:6]
        sentence = f"{tag!r} stands outside every message; {_AGAIN}"
        self.findings.add("outside_message", sentence, segment=self.number, tag=tag)

    def end_of_file(self) -> Iterator[Part]:
        for problem in self.tokens.problems:
            # What stopped the tokens stands behind the last segment they gave out.
            self.findings.take(replace(problem, segment=self.number + 1))
        if self.interchange is not None:
            yield from self.close_interchange(None)
        elif self.number == 0 and not self.tokens.problems:
            self.findings.add("bad_header", "the file holds no segment")
        yield from self.findings.all()

    def open_interchange(self, segment: Segment) -> Iterator[Part]:
        if self.interchange is not None:
            yield from self.close_interchange(None)
        yield from self.findings.all()
        self.findings = Findings(self.profile.severity)
        level = self.interchange_level
        self.interchange = _Open(segment, self.number, element(segment, level.ref))
        self.groups, self.first_group = 0, None
        head = self.tokens.head
        assert head is not None
        for problem in head.problems if head is not self.head_read else ():
            self.findings.take(replace(problem, segment=self.number))
        self.head_read = head
        if self.interchange.ref is None:
            sentence = f"{level.opens} carries no control reference; the sender has to number what he sends"
            self.add("bad_header", sentence, level.opens, str(level.ref))
        start = self.x12_start(segment) if self.is_x12 else self.edifact_start(segment)
        self.test = start.test
        yield start

    def edifact_start(self, segment: Segment) -> InterchangeStart:
        date, time = element(segment, 4) or "", element(segment, 4, 2) or ""
        code = "203" if len(date) == 8 else "201"
        return self.start(
            element(segment, 2),
            element(segment, 3),
            edifact_time(date + time, code),
            element(segment, 11) == "1",
            # DE 0031: 1 asks for an acknowledgement, 2 says that he has received one.
            element(segment, 9) == "1",
        )

    def x12_start(self, segment: Segment) -> InterchangeStart:
        prepared_at = x12_time(element(segment, 9) or "", element(segment, 10) or "")
        test, asked = element(segment, 15) == "T", element(segment, 14) == "1"
        return self.start(element(segment, 6), element(segment, 8), prepared_at, test, asked)

    def start(
        self,
        sender: str | None,
        recipient: str | None,
        prepared_at: str | None,
        test: bool,
        ack_requested: bool,
    ) -> InterchangeStart:
        assert self.interchange is not None
        assert self.tokens.head is not None
        if sender is None:
            tag, position = ("ISA", "6") if self.is_x12 else ("UNB", "2")
            self.add(
                "missing_party", "nobody is named as sender; the sender has to name himself", tag, position
            )
        return InterchangeStart(
            format=self.tokens.format,
            encoding=self.tokens.head.encoding,
            sender=sender,
            recipient=recipient,
            control_ref=self.interchange.ref,
            prepared_at=prepared_at,
            test=test,
            segment_first=self.number,
            ack_requested=ack_requested,
        )

    def close_interchange(self, segment: Segment | None) -> Iterator[Part]:
        level, opened = self.interchange_level, self.interchange
        if opened is None:
            self.add("missing_header", f"{level.closes} closes what was never opened; {_AGAIN}", level.closes)
            return
        yield from self.close_message(None)
        yield from self.close_group(None)
        counted = self.groups if self.groups or self.is_x12 else opened.count
        if self.is_x12 and not self.groups and segment is not None and element(segment, 1) == "1":
            # IEA01 counts groups, and a lone TA1 is none; many programs write 1 all the same.
            counted = opened.count
        self.compare(level, opened, segment, counted, self.findings)
        if not opened.count:
            self.add("empty_interchange", "the interchange holds no message", level.opens)
        problems, self.findings = self.findings.all(), Findings(self.profile.severity)
        self.interchange = None
        yield InterchangeEnd(group_ref=self.first_group, problems=problems, segment_last=self.number)

    def open_group(self, segment: Segment) -> Iterator[Part]:
        yield from self.close_message(None)
        yield from self.close_group(None)
        if self.interchange is None:
            self.add("missing_header", f"{segment[0]} stands in no interchange; {_AGAIN}", segment[0])
            return
        self.groups += 1
        self.group = _Open(segment, self.number, element(segment, self.group_level.ref))
        if self.groups == 1:
            self.first_group = self.group.ref

    def close_group(self, segment: Segment | None) -> Iterator[Part]:
        yield from self.close_message(None)
        level, opened = self.group_level, self.group
        if opened is not None:
            self.compare(level, opened, segment, opened.count, self.findings)
        elif segment is not None:
            self.add("missing_header", f"{level.closes} closes what was never opened; {_AGAIN}", level.closes)
        self.group = None

    def take_ta1(self, segment: Segment) -> Iterator[Part]:
        """Read a TA1, the one message of X12 that has no set of its own; it belongs between ISA and GS."""
        if self.message is not None:
            self.body.append(ELEMENT.join(segment))
            return
        if self.interchange is None:
            self.add("missing_header", "TA1 stands in no interchange; it belongs behind an ISA", "TA1")
            return
        self.interchange.count += 1
        findings = Findings(self.profile.severity)
        content = read_ta1(segment, self.number, findings)
        opened = _Open(["ST", "TA1"], self.number, None)
        yield self.built(opened, content, findings, self.number)

    def open_message(self, segment: Segment) -> Iterator[Part]:
        yield from self.close_message(None)
        if self.interchange is None:
            self.add("missing_header", f"{segment[0]} stands in no interchange; {_AGAIN}", segment[0])
            return
        self.message = _Open(segment, self.number, element(segment, self.message_level.ref))
        self.body, self.chunks, self.overflow = [], 0, False
        self.interchange.count += 1
        if self.group is not None:
            self.group.count += 1

    def close_message(self, segment: Segment | None) -> Iterator[Part]:
        level, opened = self.message_level, self.message
        if opened is None:
            if segment is not None:
                sentence = f"{level.closes} closes what was never opened; {_AGAIN}"
                self.add("missing_header", sentence, level.closes)
            return
        findings = Findings(self.profile.severity)
        last = self.number if segment is not None else opened.number + opened.count + len(self.body)
        self.compare(level, opened, segment, opened.count + len(self.body) + 2, findings)
        self.message = None
        content = self.content(opened, findings)
        yield self.built(opened, content, findings, last)

    def content(self, opened: _Open, findings: Findings) -> Content:
        """Let the message's own reader at it, unless nobody could read it."""
        kind, directory, _ = self.named(opened.segment)
        if self.overflow:
            sentence = "the message is larger than 32 MiB; the sender has to split it"
            tag = opened.segment[0]
            findings.add("message_too_long", sentence, segment=opened.number, tag=tag)
            return Content()
        self.check_text(opened.number, findings)
        reader = READERS.get(kind)
        if reader is None:
            sentence = f"{kind or 'a message without type'} is not read here; it is kept as it came"
            findings.add("unsupported_message", sentence, segment=opened.number, tag=opened.segment[0])
            return Content()
        draft = Draft(type=kind, directory=directory, texts=self.body, number=opened.number, test=self.test)
        return reader(draft, self.profile, findings)

    def named(self, segment: Segment) -> tuple[str, str | None, str | None]:
        """Return a message's type, directory and association code (UNH S009; ST01 and GS08)."""
        if self.is_x12:
            version = element(self.group.segment, 8) if self.group is not None else None
            return element(segment, 1) or "", version, None
        version, release = element(segment, 2, 2), element(segment, 2, 3)
        directory = f"{version}.{release}" if version and release else None
        return element(segment, 2) or "", directory, element(segment, 2, 5)

    def check_text(self, number: int, findings: Findings) -> None:
        """Book characters the declared character set does not hold and repetitions nobody reads."""
        whole = "".join(self.body)
        if "\ufffd" not in whole and REPETITION not in whole:
            return
        for position, text in enumerate(self.body, number + 1):
            tag = text.split(ELEMENT)[0][:6]
            if "\ufffd" in text:
                code = "unreadable_text" if tag in FREE_TEXT else "invalid_character"
                findings.add(
                    code, _NO_CHARACTER, segment=position, tag=tag, element=_unreadable_element(text)
                )
            if REPETITION in text:
                sentence = "only the first repetition of an element is read"
                findings.add("repetition_ignored", sentence, segment=position, tag=tag)
                self.body[position - number - 1] = _first_repetitions(text)

    def built(self, opened: _Open, content: Content, findings: Findings, last: int) -> Message:
        kind, directory, association = self.named(opened.segment)
        return Message(
            type=kind,
            directory=directory,
            association=association,
            ref=opened.ref,
            function=content.function,
            kind=content.kind,
            document_number=content.document_number,
            issued_at=content.issued_at,
            buyer=content.buyer,
            supplier=content.supplier,
            ship_to=content.ship_to,
            call_offs=content.call_offs,
            releases=content.releases,
            despatch=content.despatch,
            acknowledged=content.acknowledged,
            receipts=content.receipts,
            problems=findings.all(),
            segment_first=opened.number,
            segment_last=last,
            group_ref=self.group.ref if self.group is not None else None,
            # UNG and GS name both ends at the same places.
            group_sender=element(self.group.segment, 2) if self.group is not None else None,
            group_recipient=element(self.group.segment, 3) if self.group is not None else None,
        )

    def add(self, code: str, text: str, tag: str, position: str | None = None) -> None:
        self.findings.add(code, text, segment=self.number, tag=tag, element=position)

    def compare(
        self, level: Envelope, opened: _Open, segment: Segment | None, counted: int, findings: Findings
    ) -> None:
        """Hold the closing segment against the opening one: count and reference have to agree."""
        if segment is None:
            sentence = f"the {level.name} that {level.opens} opens has no {level.closes}; {_AGAIN}"
            findings.add("missing_trailer", sentence, segment=opened.number, tag=level.opens)
            return
        stated = element(segment, 1) or ""
        if not stated.isdecimal() or int(stated[:12]) != counted:
            sentence = f"{level.closes} counts {stated!r}, there are {counted}; {_AGAIN_OR} count_mismatch"
            findings.add("count_mismatch", sentence, segment=self.number, tag=level.closes, element="1")
        ref = element(segment, 2)
        if ref != opened.ref:
            sentence = (
                f"{level.closes} says {ref!r}, {level.opens} said {opened.ref!r}; {_AGAIN_OR} ref_mismatch"
            )
            findings.add("ref_mismatch", sentence, segment=self.number, tag=level.closes, element="2")


def _unreadable_element(text: str) -> str:
    """Return the place of the first unreadable character as the standard counts it: "2", "2.1"."""
    before = text[: text.index("\ufffd")]
    composite = before.rpartition(ELEMENT)[2]
    rest = text[len(before) :].partition(ELEMENT)[0]
    position = str(before.count(ELEMENT))
    return f"{position}.{composite.count(COMPONENT) + 1}" if COMPONENT in composite + rest else position


def _first_repetitions(text: str) -> str:
    return ELEMENT.join(item.partition(REPETITION)[0] for item in text.split(ELEMENT))
