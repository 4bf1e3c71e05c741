"""What is particular about one partner: data from `edi/partners/<folder>/profile.toml`, never a code path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

Sources = tuple[str, ...]
Table = Mapping[str, str]

EVENTS = (
    "NEW", "CHANGE", "RESEQUENCE", "CANCEL", "HOLD", "RELEASE", "REORDER", "NOCHANGE", "DELIVERED", "TEST",
    "PREVIEW", "FIRM",
)  # fmt: skip
IDENTITIES = ("production_number", "vin", "sequence_cycle", "document_sequence")
COUNTERS = ("sequence", "transmission", "message", "none")
# What a feed may say beside: the count of the vehicles begins anew here. No call hears of it, so nobody enters it.
FEED_EVENTS = (*EVENTS, "RESET")
CYCLES = ("", "year", "month", "day", "model_year", "dates", "wrap", "reset")
# Rounds that no time tells: the gateway counts them while it books (`edi.services.cycles`).
COUNTED_CYCLES = ("wrap", "reset")
# What [stages] may say of a document code, and the kind of message that makes it.
STAGE_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "call_off": "call_off",
        "cancellation": "call_off",
        "sequence_forecast": "sequence_forecast",
        "reference": "sequence_forecast",
        "release": "release",
    }
)


def _table(**entries: str) -> Table:
    return MappingProxyType({key.lstrip("_"): value for key, value in entries.items()})


# Same position, same digits, other meaning: DE 1245 up to D.98A, DE 1229 from D.98B.
EVENTS_1245 = _table(
    _1="CHANGE", _2="CANCEL", _3="NEW", _4="NOCHANGE", _5="CHANGE", _9="TEST", _10="DELIVERED"
)
EVENTS_1229 = _table(
    _1="NEW", _2="CANCEL", _3="CHANGE", _4="NOCHANGE",
    _37="CANCEL", _38="CHANGE", _39="NEW", _42="DELIVERED",
)  # fmt: skip
EVENTS_BSS = _table(_00="NEW", _01="CANCEL", _02="NEW", _03="CANCEL", _04="CHANGE", _05="CHANGE")
STAGES = _table(_240="call_off", _241="call_off", _242="call_off")
# DE 1225 codes that say more than the SEQ code below them.
FUNCTION_EVENTS = _table(_53="TEST")
# What a SEQ without a code means; everything else is NEW.
BARE_FUNCTION_EVENTS = _table(_1="CANCEL", _40="CANCEL", _50="CANCEL")


class ProfileError(ValueError):
    """A profile that cannot be used: the sentence names the file, the key and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRule:
    """How the partner counts: prefix text, digits, first and last number, whether the counter is dense.

    `max_jump` is the largest step that still counts as a gap; a larger one is a misread or a reset.
    `cycle` says when the count begins again whatever its height: each "year", "month", "day" or "model_year"
    (on `cycle_start`, month-day), on the days of `cycle_dates`, or when the partner says so ("reset": by the event
    RESET, or by a new call with `reset_number` more than `max_jump` behind the last one; 0 for the event alone).
    "wrap": each time the count goes past `last`. "" when a number needs no round to name a call.
    """

    prefix: str = ""
    width: int = 4
    first: int = 1
    last: int = 9999
    dense: bool = False
    max_jump: int = 500
    cycle: str = ""
    cycle_start: str = "01-01"
    cycle_dates: tuple[str, ...] = ()
    reset_number: int = 0

    @property
    def counted(self) -> bool:
        """True when rounds are counted as they come, as no time tells them."""
        return self.cycle in COUNTED_CYCLES

    def cycle_of(self, moment: str | None) -> str | None:
        """Return the name of the cycle an ISO 8601 time lies in, None without a cycle or a time.

        A model year has the name of the calendar year in which it ends, as the trade counts it; a cycle of dates has
        that of its first day, and a time before the first of them lies in none.
        """
        if not self.cycle or self.counted or moment is None:
            return None
        if self.cycle == "dates":
            return max((day for day in self.cycle_dates if day <= moment[:10]), default=None)
        if self.cycle == "model_year":
            later = self.cycle_start != "01-01" and moment[5:10] >= self.cycle_start
            return str(int(moment[:4]) + later)
        return moment[: {"year": 4, "month": 7, "day": 10}[self.cycle]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRule:
    """The count of transmissions or messages, for a partner whose dense counter it is.

    `on_gap` "hold" keeps what comes behind a gap from sealing, "warn" only tells. After `wrap` (0: the largest
    number of `transmission_width` digits) the count goes on with 1.
    """

    on_gap: str = "hold"
    transmission_width: int = 5
    wrap: int = 0

    @property
    def last(self) -> int:
        """The number after which the count begins again."""
        return self.wrap or 10**self.transmission_width - 1

    def after(self, number: int) -> int:
        """The number that has to follow this one."""
        return 1 if number >= self.last else number + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRule:
    """Names of files, as regular expressions for the whole name; no `accept` accepts every name.

    `test` marks what belongs to the test side whatever the envelope says. `out` names what we send, with
    {kind} {partner} {number} {our} {their} {date} {time}; empty for the names of the program.
    """

    accept: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    out: str = ""

    def accepts(self, name: str) -> bool:
        """True when the partner may send a file of this name."""
        return not self.accept or any(re.fullmatch(pattern, name) for pattern in self.accept)

    def is_test(self, name: str) -> bool:
        """True when a file of this name is a test."""
        return any(re.fullmatch(pattern, name) for pattern in self.test)

    def out_name(self, kind: str, partner: str, number: int, *, our: str, their: str, at: datetime) -> str:
        """Return the name of a file we send; `kind` is DESADV, CONTRL and so on."""
        pattern = self.out or "{kind}_{partner}_{number:09d}.edi"
        facts = {"kind": kind, "partner": partner, "number": number, "our": our, "their": their}
        return pattern.format(**facts, date=f"{at:%Y%m%d}", time=f"{at:%H%M%S}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRule:
    """What a new delivery schedule does to the old one, and on which day (MM-DD) cumulative figures restart.

    "replace": the new one is all there is. "amend": it speaks only of the days it names. `calls` makes its lines
    calls of a quantity: "firm" those that are firm, "short" only of short-range call-offs, "none" none of them; each
    `call_hours` before it is due.
    """

    mode: str = "replace"
    cumulative_reset: str = ""
    calls: str = "none"
    call_hours: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRule:
    """What a new call-off of a known call does to the parts it does not name.

    "amend": nothing, it speaks of the families it names. "replace": it is the whole call; families it does not name
    any more are called off no longer. Calls it does not name are never touched.
    """

    mode: str = "amend"


@dataclass(frozen=True, slots=True)
class LayoutFile:
    """A record layout in the partner's folder: its file and the tables it holds."""

    path: str
    tables: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsnRule:
    """The despatch advice this partner wants; `directory` matters for DESADV only, `hierarchy` for 856.

    `hierarchy` gives the HL levels from the shipment down, such as "SOTPI"; empty for the program's own. It has
    to be with the partner `due_minutes` after departure; 0 when he set no time. `cumulative`: each line carries what
    was shipped of its part since the count began. `weights` "all" tells those of the truck and of each rack,
    "shipment" the truck's alone, "none" none; `weight_unit` is his code for it, empty for the kilogram of the
    syntax. A weight that is not known is left out.
    """

    format: str = "DESADV"
    directory: str = "D.96A"
    expects_ack: bool = False
    hierarchy: str = ""
    due_minutes: int = 0
    cumulative: bool = False
    weights: str = "all"
    weight_unit: str = ""

    @property
    def unit(self) -> str:
        """The code weights are told in: UN/ECE Recommendation 20 in EDIFACT and VDA, DE 355 in X12."""
        return self.weight_unit or ("KG" if self.format == "856" else "KGM")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One end of an envelope: UNB S002/S003 or ISA05-08, and GS02/GS03 (the id again when empty)."""

    id: str = ""
    qualifier: str = ""
    group_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where each fact stands, most trusted place first: "<tag> <qualifier>", such as "GIR VV" or "REF DK"."""

    vin: Sources = ()
    production_number: Sources = ()
    sequence_number: Sources = ()
    call_number: Sources = ()
    slot: Sources = ()
    dock: Sources = ()
    line_feed: Sources = ()
    required_at: Sources = ()
    part_number: Sources = ()
    supplier_part: Sources = ()
    quantity: Sources = ()
    order_ref: Sources = ()
    family: Sources = ()
    buyer: Sources = ()
    supplier: Sources = ()
    ship_to: Sources = ()
    ship_from: Sources = ()
    release_number: Sources = ()
    previous_number: Sources = ()
    cumulative_received: Sources = ()
    cumulative_required: Sources = ()
    cumulative_shipped: Sources = ()
    last_despatch: Sources = ()
    kanban_card: Sources = ()
    kanban_last: Sources = ()


# A DELJIT's sequence number is SEQ itself; "RFF ZZZ" carries it in a despatch advice, where no code exists.
EDIFACT_FIELDS = Fields(
    vin=("GIR VV",),
    production_number=("GIR AN",),
    sequence_number=("RFF ZZZ",),
    call_number=("RFF CR",),
    slot=("GIR AO",),
    dock=("LOC 11",),
    line_feed=("LOC 159",),
    required_at=("DTM 2",),
    part_number=("LIN IN", "LIN BP", "PIA IN", "PIA BP"),
    supplier_part=("PIA SA", "LIN SA"),
    quantity=("QTY 131", "QTY 1", "QTY 113"),
    order_ref=("RFF ON",),
    buyer=("NAD BY",),
    supplier=("NAD SE", "NAD SU", "NAD CZ"),
    ship_to=("NAD ST", "NAD CN", "NAD DP"),
    ship_from=("NAD SF", "NAD CZ"),
    release_number=("RFF AAN",),
    previous_number=("RFF AIF",),
    cumulative_received=("QTY 70",),
    cumulative_required=("QTY 71", "QTY 78"),
    last_despatch=("RFF AAU", "RFF AAK"),
    kanban_card=("GIR AL", "GIN AL"),
)
X12_FIELDS = Fields(
    vin=("LIN VV", "REF VT"),
    production_number=("REF MH",),
    sequence_number=("LIN JS",),
    call_number=("REF CR",),
    slot=("REF LU",),
    dock=("REF DK",),
    line_feed=("REF LF",),
    required_at=("DTM 002", "DTM 106"),
    part_number=("LIN BP", "LIN IN"),
    supplier_part=("LIN VP",),
    quantity=("QTY 01",),
    order_ref=("REF PO",),
    buyer=("N1 BY", "N1 BT"),
    supplier=("N1 SU", "N1 SE"),
    ship_to=("N1 ST",),
    ship_from=("N1 SF",),
    kanban_card=("REF KB",),
    kanban_last=("REF KE",),
)
EDIFACT_SOURCE = re.compile(r"(GIR|GIN|LOC|DTM|QTY|RFF|PIA|LIN|NAD|IMD) [A-Z0-9]{1,3}")
X12_SOURCE = re.compile(r"(LIN|REF|DTM|QTY|N1|PID) [A-Z0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One partner's dialect. The defaults are settled point 4; a profile says only what differs.

    `event_element` forces the SEQ code list ("1245" or "1229") where a partner's directory lies about it;
    `encoding` does the same for the character set. `stages` turns BGM 1001 into the kind of a DELJIT, and
    `stages_function` ("<BGM 1001>/<DE 1225>") overrides it; `functions` turns DE 1225 into an event that
    overrides the SEQ codes. `counter` names the one number without holes; `sequence.dense` is its switch
    for "sequence". `acknowledge` is the answer to the syntax, on every interchange or only `acknowledge_when`
    UNB 0031 asks for it; `acknowledge_interchange` is the one to the envelope alone (TA1), which ISA14 asks for;
    `acknowledge_business` the one to the content; later than `acknowledge_minutes` (0: not agreed) either side's
    answer is overdue.
    """

    code: str = "generic"
    name: str = "Generic partner"
    status: str = "unverified"
    timezone: str = "UTC"
    encoding: str | None = None
    syntax: str = "UNOC:3"
    identity: tuple[str, ...] = ("production_number", "vin", "document_sequence")
    counter: str = "none"
    sequence: SequenceRule = SequenceRule()
    control: ControlRule = ControlRule()
    event_element: str | None = None
    events_1245: Table = field(default_factory=lambda: EVENTS_1245)
    events_1229: Table = field(default_factory=lambda: EVENTS_1229)
    events_bss: Table = field(default_factory=lambda: EVENTS_BSS)
    functions: Table = field(default_factory=lambda: FUNCTION_EVENTS)
    stages: Table = field(default_factory=lambda: STAGES)
    stages_function: Table = field(default_factory=lambda: MappingProxyType({}))
    edifact: Fields = EDIFACT_FIELDS
    x12: Fields = X12_FIELDS
    severity: Table = field(default_factory=lambda: MappingProxyType({}))
    files: FileRule = FileRule()
    release: ReleaseRule = ReleaseRule()
    calls: CallRule = CallRule()
    layouts: Mapping[str, LayoutFile] = field(default_factory=lambda: MappingProxyType({}))
    acknowledge: str = "none"
    acknowledge_when: str = "always"
    acknowledge_interchange: str = "none"
    acknowledge_business: str = "none"
    acknowledge_minutes: int = 0
    asn: AsnRule = AsnRule()
    our: Address = Address(id="SUPPLIER", qualifier="ZZ")
    their: Address = Address(id="OEM", qualifier="ZZ")

    def __post_init__(self) -> None:
        if self.counter in ("sequence", "none"):
            object.__setattr__(self, "counter", "sequence" if self.sequence.dense else "none")

    def answers_to(self, *, requested: bool) -> tuple[str, ...]:
        """Return what is sent back for an interchange that asks for an acknowledgement or does not.

        A TA1 goes to who asks for it and nobody else (X12.5); the answer to the syntax as was agreed.
        """
        envelope = (self.acknowledge_interchange,) if requested else ()
        syntax = (self.acknowledge,) if requested or self.acknowledge_when == "always" else ()
        return tuple(kind for kind in (*envelope, *syntax) if kind != "none")

    def stage_of(self, document_code: str | None, function: str | None) -> str | None:
        """Return what the profile calls a document (BGM 1001) with a function (DE 1225); None if nothing."""
        both = self.stages_function.get(f"{document_code or ''}/{function or ''}")
        return both or self.stages.get(document_code or "")

    def kind_of(self, document_code: str | None, function: str | None) -> str | None:
        """Return the kind of a message by BGM 1001 and DE 1225; None when the profile does not know them."""
        stage = self.stage_of(document_code, function)
        return None if stage is None else STAGE_KINDS[stage]

    def event_of(
        self, document_code: str | None, function: str | None, code: str | None, codes: Table
    ) -> str | None:
        """Return the event of one SEQ group; None for a code that neither the profile nor its list knows.

        A document that cancels comes first, then what [functions] says of DE 1225, then the SEQ's own `code`
        by the list `codes`. A SEQ without a code is new, unless the whole message takes something back.
        """
        if self.stage_of(document_code, function) == "cancellation":
            return "CANCEL"
        override = self.functions.get(function or "")
        if override:
            return override
        if code is None:
            return BARE_FUNCTION_EVENTS.get(function or "", "NEW")
        return codes.get(code)
