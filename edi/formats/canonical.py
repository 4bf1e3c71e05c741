"""The canonical reading: what every format turns into (docs: edi.md section 3).

All classes are frozen. An absent fact is None, never guessed. Strings keep leading zeros and inner blanks.
Times are ISO 8601 text, local to the OEM's plant unless the message itself carried an offset.
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import Literal, NamedTuple

Severity = Literal["reject", "warn"]
Json = dict[str, "Json"] | list["Json"] | str | int | bool | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file: a stable code, where it stands, and a sentence a person can act on.

    `segment` counts the segments of the whole file from 1; `element` is the standard's position: "2", "2.1".
    """

    code: str
    severity: Severity
    segment: int | None = None
    tag: str | None = None
    element: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One part wanted at one vehicle."""

    part_number: str
    supplier_part: str | None = None
    quantity: str | None = None
    unit: str | None = None
    family: str | None = None
    order_ref: str | None = None
    options: tuple[str, ...] = ()


class CallOffEvent(NamedTuple):
    """What one message says about one call: NEW, CHANGE, CANCEL and so on (settled point 4).

    `call_number` is the call's identity by the profile's rule; it is no key of the canonical JSON. A tuple with names,
    for a file holds ten thousands of them and a frozen dataclass takes four times as long to make.
    """

    event: str
    sequence_number: str | None = None
    sequence_source: str | None = None
    vin: str | None = None
    production_number: str | None = None
    dock: str | None = None
    line_feed: str | None = None
    required_at: str | None = None
    components: tuple[Component, ...] = ()
    call_number: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """One quantity of a delivery schedule in one period; JSON names the two ends `from` and `to`.

    `order_ref` is the delivery order of this quantity alone. `urgency` is "backlog" or "immediate" for a quantity
    without a date because it is due already, `kanban_cards` are the cards it is called by, one full box each. None
    of them is a key of the canonical JSON.
    """

    quantity: str
    from_: str | None = None
    to: str | None = None
    firmness: str | None = None
    interval: str | None = None
    order_ref: str | None = None
    urgency: str | None = None
    kanban_cards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """The delivery schedule of one part at one place.

    Everything from `supplier_part` on is no key of the canonical JSON. `release_number` and `previous_number` name
    this call-off and the one it follows; the three cumulative figures are the partner's count, never ours. Where
    `is_cumulative` each line counts from the start of the period; `schedules.discrete_lines` tells them apart.
    """

    part_number: str
    ship_to: str | None = None
    dock: str | None = None
    cumulative_received: str | None = None
    lines: tuple[ReleaseLine, ...] = ()
    supplier_part: str | None = None
    unit: str | None = None
    order_ref: str | None = None
    line_feed: str | None = None
    release_number: str | None = None
    previous_number: str | None = None
    cumulative_shipped: str | None = None
    cumulative_required: str | None = None
    last_despatch: str | None = None
    is_cumulative: bool = False


@dataclass(frozen=True, slots=True)
class DespatchLine:
    """One delivered part: which call and vehicle it is for and where in the rack it stands.

    `cumulative` is what was shipped of the part in all, this truck included, since `cumulative_since`. Neither is a
    key of the canonical JSON.
    """

    call_number: str | None = None
    production_number: str | None = None
    vin: str | None = None
    sequence_number: str | None = None
    part_number: str | None = None
    supplier_part: str | None = None
    quantity: str | None = None
    unit: str | None = None
    slot: str | None = None
    serials: tuple[str, ...] = ()
    order_ref: str | None = None
    cumulative: str | None = None
    cumulative_since: str | None = None


@dataclass(frozen=True, slots=True)
class DespatchPackage:
    """One rack, or one package inside it: its number, the load carrier's type code, its lines in loading order.

    `parent` is the number of the package it stands in; `labels` are all label numbers where one entry speaks of
    several alike, `number` being the first; the weights are in the despatch's unit, gross with the empty carrier.
    None of these is a key of the canonical JSON.
    """

    number: str | None = None
    carrier_code: str | None = None
    lines: tuple[DespatchLine, ...] = ()
    parent: str | None = None
    labels: tuple[str, ...] = ()
    gross_weight: str | None = None
    net_weight: str | None = None


@dataclass(frozen=True, slots=True)
class Despatch:
    """A despatch advice; `lines` are only those that stand in no package.

    Everything from `seal` on is no key of the canonical JSON. `supplier` is how the plant knows us where that is not
    our address in the envelope; it is written only, a reading tells it in the message. `ship_from_name` needs
    `ship_from`, the weights need `weight_unit`: KGM or LBR in EDIFACT, KG or LB in X12.
    """

    shipment_number: str | None = None
    departed_at: str | None = None
    ship_from: str | None = None
    ship_to: str | None = None
    dock: str | None = None
    carrier: str | None = None
    truck: str | None = None
    packages: tuple[DespatchPackage, ...] = ()
    lines: tuple[DespatchLine, ...] = ()
    seal: str | None = None
    supplier: str | None = None
    ship_from_name: str | None = None
    gross_weight: str | None = None
    net_weight: str | None = None
    weight_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a partner says he received of one part of one despatch; quantities as sent, absent ones None."""

    despatch_number: str | None = None
    part_number: str | None = None
    supplier_part: str | None = None
    order_ref: str | None = None
    shipped: str | None = None
    received: str | None = None
    accepted: str | None = None
    discrepancy: str | None = None
    received_at: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a partner says about something we sent: the reference as he wrote it, verdict, error codes."""

    ref: str | None
    accepted: bool
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message or transaction set; `segment_first` and `segment_last` are its place in the file.

    `group_ref` is the functional group it came in, sent by `group_sender` to `group_recipient`; these and `receipts`
    are no keys of the canonical JSON.
    """

    type: str
    directory: str | None = None
    association: str | None = None
    ref: str | None = None
    function: str | None = None
    kind: str = "unknown"
    document_number: str | None = None
    issued_at: str | None = None
    buyer: str | None = None
    supplier: str | None = None
    ship_to: str | None = None
    call_offs: tuple[CallOffEvent, ...] = ()
    releases: tuple[Release, ...] = ()
    despatch: Despatch | None = None
    acknowledged: tuple[Acknowledged, ...] = ()
    problems: tuple[Problem, ...] = ()
    segment_first: int = 0
    segment_last: int = 0
    group_ref: str | None = None
    group_sender: str | None = None
    group_recipient: str | None = None
    receipts: tuple[Receipt, ...] = ()

    @property
    def accepted(self) -> bool:
        """True when nothing in this message rejects it."""
        return not any(problem.severity == "reject" for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interchange:
    """One envelope with its messages; `group_ref` is its first functional group, if it has any."""

    sender: str | None = None
    recipient: str | None = None
    control_ref: str | None = None
    prepared_at: str | None = None
    test: bool = False
    group_ref: str | None = None
    problems: tuple[Problem, ...] = ()
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterchangeStart:
    """The stream reached an envelope: who sends what to whom, before the first message is read.

    `previous_ref` is the number of the transmission before this one, where the format says it (VDA).
    `ack_requested`: the envelope asks for an acknowledgement (UNB 0031, ISA14).
    """

    format: str
    encoding: str
    sender: str | None = None
    recipient: str | None = None
    control_ref: str | None = None
    prepared_at: str | None = None
    test: bool = False
    segment_first: int = 0
    previous_ref: str | None = None
    ack_requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InterchangeEnd:
    """The stream left an envelope: its first group and what was wrong with the envelope itself."""

    group_ref: str | None = None
    problems: tuple[Problem, ...] = ()
    segment_last: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One file, read."""

    format: str | None
    encoding: str | None
    sha256: str
    problems: tuple[Problem, ...] = ()
    interchanges: tuple[Interchange, ...] = ()

    @property
    def accepted(self) -> bool:
        """True when no problem anywhere in the file has severity "reject"."""
        found = [*self.problems]
        for interchange in self.interchanges:
            found += interchange.problems
            for message in interchange.messages:
                found += message.problems
        return not any(problem.severity == "reject" for problem in found)

    def as_json(self) -> dict[str, Json]:
        """Return exactly the keys of the canonical JSON, ready for `json.dumps`."""
        return {
            "format": self.format,
            "encoding": self.encoding,
            "sha256": self.sha256,
            "problems": [as_json(problem) for problem in self.problems],
            "interchanges": [as_json(interchange) for interchange in self.interchanges],
        }


_UNPRINTED = {
    CallOffEvent: {"call_number"},
    Message: {"group_ref", "group_sender", "group_recipient", "segment_first", "segment_last", "receipts"},
    Despatch: {"seal", "supplier", "ship_from_name", "gross_weight", "net_weight", "weight_unit"},
    DespatchPackage: {"parent", "labels", "gross_weight", "net_weight"},
    DespatchLine: {"cumulative", "cumulative_since"},
    ReleaseLine: {"order_ref", "urgency", "kanban_cards"},
    Release: {
        "supplier_part",
        "unit",
        "order_ref",
        "line_feed",
        "release_number",
        "previous_number",
        "cumulative_shipped",
        "cumulative_required",
        "last_despatch",
        "is_cumulative",
    },
}


def as_json(value: object) -> Json:
    """Return a canonical object as JSON: tuples become lists, `from_` becomes "from"."""
    if type(value) is tuple:
        return [as_json(item) for item in value]
    if value is None or isinstance(value, str | int | bool):
        return value
    return {key: as_json(getattr(value, name)) for name, key in _keys(type(value))}  # type: ignore[arg-type]


@cache
def _keys(kind: type) -> tuple[tuple[str, str], ...]:
    hidden = _UNPRINTED.get(kind, set())
    names: tuple[str, ...] = getattr(kind, "_fields", ()) or tuple(item.name for item in fields(kind))
    return tuple((name, name.rstrip("_")) for name in names if name not in hidden)
