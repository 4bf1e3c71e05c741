"""Call-offs that people of ours made, written and read back in the words of the canonical reading.

It is no format a partner may send: only a delivery that this program made is read with it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from .canonical import (
    CallOffEvent,
    Component,
    InterchangeEnd,
    InterchangeStart,
    Json,
    Message,
    Problem,
    as_json,
)
from .problems import make_problem
from .profile import EVENTS

MARK = b'{"format": "manual"'
TYPE = "MANUAL"
CALL_KINDS = ("call_off", "sequence_forecast")
CALL_TEXTS = (
    "sequence_number", "sequence_source", "vin", "production_number", "dock", "line_feed", "required_at",
    "call_number",
)  # fmt: skip
PART_TEXTS = ("supplier_part", "quantity", "unit", "family", "order_ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualHead:
    """What stands in place of an envelope: our own number, when it was decided, and what was called for."""

    control_ref: str
    prepared_at: str
    kind: str = "call_off"
    document_number: str | None = None
    test: bool = False


def is_manual(head: bytes) -> bool:
    """Tell whether bytes were written by `write_manual`."""
    return head.startswith(MARK)


def write_manual(head: ManualHead, calls: Sequence[CallOffEvent]) -> bytes:
    """Write call-offs as the bytes of a delivery: one JSON object, a call a line, so that people can read it."""
    facts = {
        "control_ref": head.control_ref,
        "prepared_at": head.prepared_at,
        "kind": head.kind,
        "document_number": head.document_number,
        "test": head.test,
    }
    lines = ",\n".join(json.dumps(call_facts(call), ensure_ascii=False) for call in calls)
    start = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items())
    return b'%s, %s, "call_offs": [\n%s\n]}\n' % (MARK, start.encode(), lines.encode())


def call_facts(call: CallOffEvent) -> dict[str, Json]:
    """The canonical facts of a call with its identity beside them."""
    facts = as_json(call)
    assert isinstance(facts, dict)
    return {**facts, "call_number": call.call_number}


def read_manual(source: BinaryIO) -> Iterator[InterchangeStart | Message | InterchangeEnd | Problem]:
    """Give out what `write_manual` wrote as the parts of a stream; anything else is one Problem."""
    try:
        found = json.loads(source.read())
        calls = tuple(call_of(item) for item in found["call_offs"])
        if found["format"] != "manual" or found["kind"] not in CALL_KINDS:
            raise ValueError("its head is not that of a manual entry")
        start = InterchangeStart(
            format="manual",
            encoding="utf-8",
            control_ref=str(found["control_ref"]),
            prepared_at=str(found["prepared_at"]),
            test=bool(found["test"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        yield make_problem("unknown_format", f"this is no manual entry of ours: {error}")
        return
    yield start
    last = len(calls) + 2
    yield Message(
        type=TYPE,
        ref="1",
        function="original",
        kind=found["kind"],
        document_number=found["document_number"],
        issued_at=start.prepared_at,
        call_offs=calls,
        segment_first=1,
        segment_last=last,
    )
    yield InterchangeEnd(segment_last=last)


def call_of(facts: Mapping[str, Any]) -> CallOffEvent:
    """A call-off from its canonical facts; a ValueError names the fact that cannot be taken and why."""
    event = facts.get("event")
    if event not in EVENTS:
        raise ValueError(f"event {event!r} is none of {', '.join(EVENTS)}")
    texts = {name: _text(facts, name) for name in CALL_TEXTS}
    parts = facts.get("components") or []
    if not isinstance(parts, list):
        raise ValueError("components must be a list of parts")
    return CallOffEvent(event=event, components=tuple(_component(part) for part in parts), **texts)


def _component(facts: Any) -> Component:
    if not isinstance(facts, Mapping):
        raise ValueError("a component must be an object with a part_number")
    part = _text(facts, "part_number")
    if part is None:
        raise ValueError("a component has no part_number")
    options = facts.get("options") or []
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise ValueError(f"the options of part {part} must be a list of texts")
    return Component(part, options=tuple(options), **{name: _text(facts, name) for name in PART_TEXTS})


def _text(facts: Mapping[str, Any], name: str) -> str | None:
    """A fact as text; numbers are refused, for they would have lost their leading zeros."""
    value = facts.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name} must be written as text, in quotes: {value!r}")
    return value
