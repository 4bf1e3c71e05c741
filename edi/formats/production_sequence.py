"""X12 866 production sequence: one LIN is one part of one call-off (X12 SQ, DTM loop over LIN loop)."""

from dataclasses import dataclass, field

from .calls import identify
from .canonical import CallOffEvent, Component
from .drafts import Content, Draft
from .facts import Facts, amount, check_ctt, element, pick, x12_facts, x12_moment, x12_time
from .groups import Group, compile_table, walk
from .problems import Findings
from .profile import Profile
from .tokens import COMPONENT, ELEMENT

PRODUCTION_SEQUENCE = compile_table("""
    BSS! UIT ( N1! N2 N3 N4 REF PER FOB )
    (! DTM! UIT QTY REF
       ( LIN! REF QTY PID OQS ( SLN! N1 N2 N3 N4 PID ( QTY! MEA ) ) ) )
    CTT
""")

# DE 353
FUNCTIONS = {
    "00": "original",
    "01": "cancellation",
    "02": "addition",
    "03": "deletion_request",
    "04": "change",
    "05": "replace",
    "06": "confirmation",
    "07": "duplicate",
}

_LINE_FACTS = (
    "vin", "sequence_number", "production_number", "dock", "line_feed", "part_number",
    "supplier_part", "family", "quantity", "order_ref",
)  # fmt: skip
_COMPONENT = _LINE_FACTS.index("supplier_part")
_QUANTITY, _ORDER = _LINE_FACTS.index("quantity"), _LINE_FACTS.index("order_ref")
_NOTHING: list[str | None] = [None] * len(_LINE_FACTS)
_UNRANKED = [99] * len(_LINE_FACTS)
# How many different tails of lines, and different components of one tail, are kept while a message is read.
MAX_RESTS = 2000

# The facts two lines must share to be parts of one call, in the order of CallOffEvent.
_Call = tuple[str, str | None, None, str | None, str | None, str | None, str | None, str | None]


def read_866(draft: Draft, profile: Profile, findings: Findings) -> Content:
    """Return what an 866 says; neighbouring LINs of the same call and sequence are parts of one call-off."""
    header = Group("")
    reader = _ProductionSequence(profile, findings, header)
    for group in walk(PRODUCTION_SEQUENCE, draft.texts, header, draft.number, findings):
        if group.tag == "DTM":
            reader.bucket(group)
        else:
            x12_facts(group.segments, reader.header_facts)
    return reader.content(draft)


class _ProductionSequence:
    def __init__(self, profile: Profile, findings: Findings, header: Group) -> None:
        self.profile = profile
        self.places = profile.x12
        self.findings = findings
        self.header = header
        self.header_facts: Facts = {}
        self.calls: list[CallOffEvent] = []
        self.open: tuple[_Call, str] | None = None
        self.parts: list[Component] = []
        self.lines = 0
        self.rests: dict[tuple[str, ...], _Rest] = {}
        self.uses: dict[str, dict[str, list[tuple[int, int]]]] = {"LIN": {}}
        for fact, name in enumerate(_LINE_FACTS):
            for rank, source in enumerate(getattr(self.places, name)):
                tag, _, qualifier = source.partition(" ")
                if tag in ("LIN", "REF", "QTY", "DTM"):
                    self.uses.setdefault(tag, {}).setdefault(qualifier, []).append((fact, rank))

    def content(self, draft: Draft) -> Content:
        self.close_call()
        beginning = self.beginning()
        code = element(beginning, 1) or ""
        if code not in self.profile.events_bss:
            sentence = f"function {code!r} has no meaning here; add it to [events.BSS] in the profile"
            self.findings.add("unknown_function", sentence, segment=draft.number + 1, tag="BSS", element="1")
        check_ctt(self.header, (self.lines,), f"lines, there are {self.lines}", self.findings)
        return Content(
            function=FUNCTIONS.get(code, code) or None,
            kind=self.profile.kind_of(element(beginning, 4), code) or "call_off",
            document_number=element(beginning, 2),
            issued_at=self.issued_at(beginning),
            buyer=pick(self.header_facts, self.places.buyer),
            supplier=pick(self.header_facts, self.places.supplier),
            ship_to=pick(self.header_facts, self.places.ship_to),
            call_offs=tuple(self.calls),
        )

    def beginning(self) -> list[str]:
        return next((item for item in self.header.segments if item[0] == "BSS"), ["BSS"])

    def issued_at(self, beginning: list[str]) -> str | None:
        return x12_time(element(beginning, 3) or "")

    def bucket(self, group: Group) -> None:
        """Read one time bucket; what it says holds for all lines below it that do not say otherwise."""
        places = self.places
        outer = x12_facts(group.segments, {})
        for source, rest in self.header_facts.items():
            outer.setdefault(source, rest)
        beginning = self.beginning()
        required_at = x12_moment(outer, places.required_at, (group, self.header), self.findings)
        bucket = _Bucket(
            self.profile.events_bss.get(element(beginning, 1) or ""),
            element(beginning, 2),
            pick(outer, places.dock),
            pick(outer, places.line_feed),
            required_at,
            required_at or self.issued_at(beginning),
        )
        for inner in group.groups:
            if inner.tag == "LIN":
                self.lines += 1
                self.line(inner, bucket)

    def line(self, group: Group, bucket: "_Bucket") -> None:
        texts = group.texts
        key = tuple(texts[1:])
        rest = self.rests.get(key)
        if rest is None:
            rest = self.rest(group, key)
        facts = self.named(texts[0], rest)
        vin, sequence, production_number, dock, line_feed, part = facts[:_COMPONENT]
        call_number = identify(
            self.profile, production_number, vin, bucket.document, sequence, moment=bucket.moment
        )
        if call_number is None:
            sentence = "neither production number, VIN nor document and sequence: nobody could name it"
            self.findings.add("missing_identity", sentence, segment=group.numbers[0], tag="LIN")
        if part is None:
            sentence = "the line names no part of the buyer; check [x12] part_number"
            self.findings.add("missing_part", sentence, segment=group.numbers[0], tag="LIN", element="3")
            return
        made = tuple(facts[_COMPONENT - 1 :])
        component = rest.components.get(made) or self.component(group, made, rest)
        if bucket.event is None or call_number is None:
            return
        dock, line_feed = dock or bucket.dock, line_feed or bucket.line_feed
        call = (bucket.event, sequence, None, vin, production_number, dock, line_feed, bucket.required_at)
        if (call, call_number) != self.open:
            self.close_call()
            self.open = (call, call_number)
        self.parts.append(component)

    def named(self, text: str, rest: "_Rest") -> list[str | None]:
        """Return a line's facts in the order of _LINE_FACTS: those of its LIN, and of the segments below it."""
        found, lin = rest.found.copy(), text.split(ELEMENT)
        if COMPONENT in text:
            lin = [item.partition(COMPONENT)[0] for item in lin]
        shape: tuple[int | str, ...] = (len(lin), *lin[2::2])
        plan = rest.plans.get(shape)
        if plan is None:
            plan = rest.plans[shape] = self.plan(lin, rest)
        for fact, places in plan:
            for at in places:
                # An empty place leaves it to the next one.
                if value := lin[at].strip():
                    found[fact] = value
                    break
        return found

    def plan(self, lin: list[str], rest: "_Rest") -> list[tuple[int, list[int]]]:
        """Return where the LINs with these qualifiers have which facts, the most trusted place first."""
        places: dict[int, list[tuple[int, int]]] = {}
        for at in range(2, len(lin) - 1, 2):
            for fact, rank in self.uses["LIN"].get(lin[at], ()):
                if rank < rest.ranks[fact]:
                    places.setdefault(fact, []).append((rank, at + 1))
        return [(fact, [at for _, at in sorted(found)]) for fact, found in places.items()]

    def rest(self, group: Group, key: tuple[str, ...]) -> "_Rest":
        """Read what stands below a LIN; the lines of a file repeat it, so it is kept for the next one."""
        rest = _Rest(_NOTHING.copy(), _UNRANKED.copy())
        for segment in group.segments[1:]:
            uses = self.uses.get(segment[0], {})
            pairs = [(segment[1], segment[2])] if len(segment) > 2 else []
            if segment[0] == "REF" and len(segment) > 4:
                # C040: up to three more references, qualifier and value in turn.
                parts = segment[4].split(COMPONENT)
                pairs += zip(map(str.strip, parts[::2]), parts[1::2], strict=False)
            for qualifier, text in pairs:
                for fact, rank in uses.get(qualifier, ()):
                    if rank < rest.ranks[fact] and (value := text.partition(COMPONENT)[0].strip()):
                        rest.found[fact], rest.ranks[fact] = value, rank
                        if fact == _ORDER and (line := element(segment, 3)):
                            rest.found[fact] = f"{value}/{line}"
                        elif fact == _QUANTITY:
                            rest.unit = element(segment, 3)
            if segment[0] == "PID" and (option := element(segment, 5)):
                rest.options.append(option)
        if len(self.rests) < MAX_RESTS:
            self.rests[key] = rest
        return rest

    def component(self, group: Group, facts: tuple[str | None, ...], rest: "_Rest") -> Component:
        """Make the component of a line's last facts; kept for lines alike unless something is wrong with it."""
        part, supplier_part, family, quantity, order_ref = facts
        unit, is_counted = rest.unit, quantity is None or (quantity.isascii() and quantity.isdecimal())
        if not is_counted:
            found = x12_facts(group.segments, {})
            quantity, unit = amount(found, self.places.quantity, group, self.findings)
        options = tuple(rest.options)
        component = Component(part or "", supplier_part, quantity, unit, family, order_ref, options)
        if is_counted and len(rest.components) < MAX_RESTS:
            rest.components[facts] = component
        return component

    def close_call(self) -> None:
        """Book the call whose parts have been gathered."""
        if self.open is not None:
            call, call_number = self.open
            self.calls.append(CallOffEvent(*call, tuple(self.parts), call_number))
            self.open, self.parts = None, []


@dataclass(slots=True)
class _Rest:
    """What the segments below a LIN say: facts, how trusted each place is, and what was made of them before."""

    found: list[str | None]
    ranks: list[int]
    unit: str | None = None
    options: list[str] = field(default_factory=list)
    components: dict[tuple[str | None, ...], Component] = field(default_factory=dict)
    plans: dict[tuple[int | str, ...], list[tuple[int, list[int]]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Bucket:
    """What one DTM loop says about all its lines; `moment` tells the cycle their numbers belong to."""

    event: str | None
    document: str | None
    dock: str | None
    line_feed: str | None
    required_at: str | None
    moment: str | None
