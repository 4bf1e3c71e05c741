"""What customers say about what we sent, in X12: 861 receiving advice, 824 application advice, 997 and 999, TA1."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from .canonical import Acknowledged, Receipt
from .drafts import Content, Draft
from .facts import Facts, check_ctt, element, order, pick, x12_facts, x12_moment, x12_time
from .groups import Group, Segment, compile_table, walk
from .problems import Findings
from .production_sequence import FUNCTIONS
from .profile import Profile

_PARTY = "( N1! N2 N3 N4 REF PER FOB )"
_CODES = "( LM! LQ )"
_CARRIER = "TD1 TD5 TD3 TD4 MAN"

RECEIVING_ADVICE = compile_table(f"""
    BRA! NTE CUR REF PER DTM PRF {_CARRIER} REF DTM {_PARTY} {_CODES}
    (! RCD! SN1 CUR LIN CTP PID PO4 REF PER DTM PRF INV MEA PWK PKG {_CARRIER} REF DTM
       ( SLN! PID ) {_CODES} {_PARTY} )
    CTT
""")
APPLICATION_ADVICE = compile_table("""
    BGN! REF ( N1! N2 N3 N4 REF PER )
    (! OTI! REF DTM PER AMT QTY NM1 ( TED! CTX NTE RED ) ( LM! ( LQ! RED ) ) )
""")
FUNCTIONAL_ACKNOWLEDGEMENT = compile_table("""
    AK1! ( AK2! ( AK3! AK4 ) AK5! ) AK9!
""")
IMPLEMENTATION_ACKNOWLEDGEMENT = compile_table("""
    AK1! ( AK2! ( IK3! CTX ( IK4! CTX ) ) IK5! ) AK9!
""")
_FUNCTIONAL = {
    "997": (FUNCTIONAL_ACKNOWLEDGEMENT, ("AK3", "AK4", "AK5")),
    "999": (IMPLEMENTATION_ACKNOWLEDGEMENT, ("IK3", "IK4", "IK5")),
}

# DE 128: how customers name the despatch they received, and DE 374: when they received it.
_DESPATCH = ("REF SI", "REF PK", "REF DJ", "REF BM")
_RECEIVED = ("DTM 050", "DTM 058")
# DE 412: 03 came beyond what was sent, 07 is in good condition; everything else (01 damaged, 02 short) is missing.
_OVER, _GOOD = "03", "07"
# DE 718 and 715: A accepts, E accepts with errors, anything else does not.
ACCEPTING_CODES = ("A", "E")
# DE 110: the second letter is the verdict of batch, group, item or set; C is with changes, P is part of it.
_ACCEPTING_ADVICE = ("A", "C", "E")
_NO_NOTE = "000"


def read_861(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what an 861 says was received, and for each despatch it names whether all was in order."""
    header = Group("")
    reader = _Received(profile, findings)
    lines: list[Group] = []
    for group in walk(RECEIVING_ADVICE, draft.texts, header, draft.number, findings):
        if group.tag == "RCD":
            lines.append(group)
        else:
            for inner in group.everything():
                x12_facts(inner.segments, reader.header_facts)
    x12_facts(header.segments, reader.header_facts)
    begin, at, facts = header.first("BRA"), draft.number + 1, reader.header_facts
    reader.received_at = x12_moment(facts, _RECEIVED, (header,), findings)
    for line in lines:
        reader.line(line)
    check_ctt(header, (len(lines),), f"lines, there are {len(lines)}", findings)
    code = element(begin, 3) or ""
    return Content(
        function=FUNCTIONS.get(code, code) or None,
        kind="receiving_advice",
        document_number=element(begin, 1),
        issued_at=_moment(begin, 2, 5, at, findings),
        buyer=pick(facts, profile.x12.buyer),
        supplier=pick(facts, profile.x12.supplier),
        ship_to=pick(facts, profile.x12.ship_to),
        receipts=tuple(reader.receipts),
        acknowledged=reader.acknowledged(),
    )


class _Received:
    """Reads the RCD loops; what the header says holds for all lines that do not say otherwise."""

    def __init__(self, profile: Profile, findings: Findings) -> None:
        self.places = profile.x12
        self.findings = findings
        self.header_facts: Facts = {}
        self.received_at: str | None = None
        self.receipts: list[Receipt] = []
        self.errors: dict[str, list[str]] = {}

    def line(self, group: Group) -> None:
        facts = x12_facts(group.segments, {})
        orders = (*self.places.order_ref, "PRF")
        number = pick(facts, _DESPATCH) or pick(self.header_facts, _DESPATCH)
        segment, at = group.segments[0], group.numbers[0]
        contested = list(self.contested(segment, at))
        good = [quantity for quantity, code in contested if code == _GOOD]
        wrong = [(quantity if code == _OVER else -quantity) for quantity, code in contested if code != _GOOD]
        if returned := self.number(segment, 4, at):
            wrong.append(-Decimal(returned))
        self.receipts.append(
            Receipt(
                despatch_number=number,
                part_number=pick(facts, self.places.part_number),
                supplier_part=pick(facts, self.places.supplier_part),
                order_ref=order(facts, orders) or order(self.header_facts, orders),
                shipped=self.number(group.first("SN1"), 2, at),
                received=self.number(segment, 2, at),
                accepted=str(sum(good)) if good else None,
                discrepancy=str(sum(wrong)) if wrong else None,
                received_at=x12_moment(facts, _RECEIVED, (group,), self.findings) or self.received_at,
            )
        )
        if number is not None:
            self.errors.setdefault(number, []).extend(code or "" for _, code in contested if code != _GOOD)
            if returned:
                self.errors[number].append("returned")

    def contested(self, segment: Segment, at: int) -> Iterator[tuple[Decimal, str | None]]:
        """Give out up to five quantities in question and what is wrong with them (RCD06 to RCD20)."""
        for position in range(6, min(len(segment), 21), 3):
            if quantity := self.number(segment, position, at):
                yield Decimal(quantity), element(segment, position + 2)

    def number(self, segment: Segment, position: int, at: int) -> str | None:
        """Return a quantity as sent; book `invalid_number` for one nobody can count and leave it out."""
        text = element(segment, position)
        if text is None:
            return None
        try:
            if Decimal(text).is_finite():
                return text
        except InvalidOperation:
            pass
        sentence = f"{text!r} is no quantity; it takes digits and at most one point"
        self.findings.add("invalid_number", sentence, segment=at, tag=segment[0], element=str(position))
        return None

    def acknowledged(self) -> tuple[Acknowledged, ...]:
        return tuple(
            Acknowledged(number, not errors, tuple(dict.fromkeys(error for error in errors if error)))
            for number, errors in self.errors.items()
        )


def read_824(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return an 824's verdicts, one for each OTI, with every TED's code, place and text."""
    header = Group("")
    facts: Facts = {}
    verdicts = []
    for group in walk(APPLICATION_ADVICE, draft.texts, header, draft.number, findings):
        if group.tag == "OTI":
            verdicts.append(_advice(group, findings))
        else:
            for inner in group.everything():
                x12_facts(inner.segments, facts)
    begin = header.first("BGN")
    code = element(begin, 1) or ""
    return Content(
        function=FUNCTIONS.get(code, code) or None,
        kind="application_error",
        document_number=element(begin, 2),
        issued_at=_moment(begin, 3, 4, draft.number + 1, findings),
        buyer=pick(facts, profile.x12.buyer),
        supplier=pick(facts, profile.x12.supplier),
        ship_to=pick(facts, profile.x12.ship_to),
        acknowledged=tuple(verdicts),
    )


def _advice(group: Group, findings: Findings) -> Acknowledged:
    segment, at = group.segments[0], group.numbers[0]
    code = element(segment, 1) or ""
    if len(code) != 2:
        sentence = f"OTI01 {code!r} is no verdict (DE 110: TA, TE, TR and the like); read as a refusal"
        findings.add("unknown_function", sentence, segment=at, tag="OTI", element="1")
    # OTI03 is the document's own number; OTI09, the set's, is there where a partner has none.
    ref = element(segment, 3)
    if ref in (None, "NA", "N/A"):
        ref = element(segment, 9) or ref
    errors = tuple(error for inner in group.everything() for error in _errors(inner))
    return Acknowledged(ref, code[1:2] in _ACCEPTING_ADVICE, errors)


def _errors(group: Group) -> Iterator[str]:
    """Give out a TED loop's error as code, place and text, and an LM loop's industry codes."""
    for segment in group.segments:
        if segment[0] == "TED":
            notes = (element(item, 2) for item in group.segments if item[0] == "NTE")
            text = "".join(part for part in (element(segment, 2), *notes) if part)
            told = _at(
                element(segment, 1) or "", element(segment, 3), element(segment, 4), element(segment, 5)
            )
            yield f"{told}: {text}" if text else told
        elif segment[0] == "LQ" and (code := element(segment, 2)):
            yield code


def _at(code: str, tag: str | None, position: str | None, place: str | None) -> str:
    """Return an error code with the place it was found at, as far as that is said."""
    where = (tag, f"segment {position}" if position else None, f"element {place}" if place else None)
    told = ", ".join(part for part in where if part)
    return f"{code} at {told}" if told else code


def read_functional(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return the verdicts of a 997 or 999: first the group's (AK1, AK9), then each transaction set's.

    "P" (part of the group is refused) does not accept the group. Errors are the codes of AK5 and AK9, and those
    of AK3 and AK4 with their place.
    """
    header = Group("")
    table, tags = _FUNCTIONAL[draft.type]
    sets = list(walk(table, draft.texts, header, draft.number, findings))
    verdict = header.first("AK9")
    accepted = element(verdict, 1) in ACCEPTING_CODES
    verdicts = [Acknowledged(element(header.first("AK1"), 2), accepted, _codes(verdict, 5))]
    verdicts += [_set_verdict(group, tags) for group in sets]
    return Content(kind="acknowledgement", acknowledged=tuple(verdicts))


def _set_verdict(group: Group, tags: tuple[str, str, str]) -> Acknowledged:
    in_segment, in_element, closing = tags
    errors: list[str] = []
    verdict: Segment = [closing]
    tag = position = None
    for inner in group.everything():
        for segment in inner.segments:
            if segment[0] == closing:
                verdict = segment
            elif segment[0] == in_segment:
                tag, position = element(segment, 1), element(segment, 2)
                errors += [_at(code, tag, position, None) for code in _codes(segment, 4)]
            elif segment[0] == in_element and (code := element(segment, 3)):
                # C030: the element's position, then the component's.
                place = ".".join(part for at in (1, 2) if (part := element(segment, 1, at)))
                errors.append(_at(code, tag, position, place or None))
    accepted = element(verdict, 1) in ACCEPTING_CODES
    return Acknowledged(element(group.segments[0], 2), accepted, (*_codes(verdict, 2), *errors))


def read_ta1(segment: Segment, number: int, findings: Findings) -> Content:
    """Return the verdict a TA1 passes on one of our interchanges (TA101 is our ISA13, TA105 the reason)."""
    ref, code, note = element(segment, 1), element(segment, 4), element(segment, 5)
    if ref is None:
        sentence = "TA101 is empty; it has to name the interchange (ISA13) this answers"
        findings.add("missing_element", sentence, segment=number, tag="TA1", element="1")
    if code not in (*ACCEPTING_CODES, "R"):
        sentence = f"TA104 {code!r} is neither A, E nor R; read as a refusal"
        findings.add("unknown_function", sentence, segment=number, tag="TA1", element="4")
    errors = (note,) if note and note != _NO_NOTE else ()
    issued = x12_time(element(segment, 2) or "", element(segment, 3) or "")
    verdict = Acknowledged(ref, code in ACCEPTING_CODES, errors)
    return Content(kind="acknowledgement", issued_at=issued, acknowledged=(verdict,))


def _codes(segment: Segment, first: int) -> tuple[str, ...]:
    return tuple(code for at in range(first, len(segment)) if (code := element(segment, at)))


def _moment(segment: Segment, date: int, time: int, at: int, findings: Findings) -> str | None:
    """Return the date and time of a beginning segment; book `invalid_date` for something else."""
    day, clock = element(segment, date), element(segment, time)
    if day is None:
        return None
    moment = x12_time(day, clock or "")
    if moment is None:
        sentence = f"{day!r} {clock or ''!r} is no date (YYMMDD or CCYYMMDD) and time (HHMM)"
        findings.add("invalid_date", sentence, segment=at, tag=segment[0], element=str(date))
    return moment
