"""Call-offs as an OEM sends them: DELJIT and X12 866. Our OEM twin writes them; plants only read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from .canonical import CallOffEvent, Component
from .deljit import event_codes
from .profile import Fields, Profile, Table
from .rendering import EdifactFile, X12File, edifact_date, localised, x12_date


def write_deljit(
    call_offs: Sequence[CallOffEvent],
    profile: Profile,
    *,
    control_ref: str,
    message_ref: str,
    document_number: str,
    prepared_at: datetime,
    directory: str = "D.97A",
) -> bytes:
    """Return one interchange with one DELJIT, sent by the partner to us, that `read` reads back equal.

    Each fact goes to the first place the profile names for it. An event without a code in the directory's
    list, a fact without a place and data the character set cannot carry raise ValueError.
    """
    at = localised(prepared_at, profile)
    codes = event_codes(directory, profile)
    if codes is None:
        raise ValueError(f"UNH element 2.3: no SEQ code list is known for {directory!r}")
    file = EdifactFile(profile)
    file.open(profile.their, profile.our, control_ref, at)
    file.open_message(message_ref, "DELJIT", *directory.split("."), "UN")
    file.add("BGM", "242", document_number, "9")
    file.add("DTM", ("137", f"{at:%Y%m%d%H%M}", "203"))
    file.add("NAD", "BY", (profile.their.id, None, "92"))
    file.add("NAD", "SE", (profile.our.id, None, "92"))
    for call in call_offs:
        _write_seq(file, call, profile, codes)
    file.close_message()
    return file.close()


def _write_seq(file: EdifactFile, call: CallOffEvent, profile: Profile, codes: Table) -> None:
    places = profile.edifact
    file.add("SEQ", _code(codes, call.event, "SEQ element 1"), (call.sequence_number, call.sequence_source))
    vehicle = {"vin": call.vin, "production_number": call.production_number, "dock": call.dock}
    by_tag = placed(places, {**vehicle, "line_feed": call.line_feed, "required_at": call.required_at})
    for qualifier, value in by_tag.get("DTM", ()):
        file.add("DTM", edifact_date(qualifier, value, profile))
    _write_identities(file, by_tag)
    for qualifier, value in by_tag.get("LOC", ()):
        file.add("LOC", qualifier, value)
    for qualifier, value in by_tag.get("RFF", ()):
        file.add("RFF", (qualifier, value))
    for number, component in enumerate(call.components, 1):
        _write_lin(file, number, component, places)


def _write_identities(file: EdifactFile, by_tag: "Places") -> None:
    """Write GIR+4, the vehicle reference set; it holds five numbers."""
    identities = by_tag.get("GIR", [])
    for start in range(0, len(identities), 5):
        file.add("GIR", "4", *((value, qualifier) for qualifier, value in identities[start : start + 5]))


def _write_lin(file: EdifactFile, number: int, component: Component, places: Fields) -> None:
    by_tag = placed(
        places,
        {
            "part_number": component.part_number,
            "supplier_part": component.supplier_part,
            "family": component.family,
            "quantity": component.quantity,
            "order_ref": component.order_ref,
        },
    )
    file.add("LIN", str(number), None, *((value, qualifier) for qualifier, value in by_tag.get("LIN", ())))
    for qualifier, value in by_tag.get("PIA", ()):
        file.add("PIA", "1", (value, qualifier))
    for option in component.options:
        if len(option) > 70:
            raise ValueError(f"IMD element 3.4: {option!r} is longer than 70 characters")
        file.add("IMD", "F", None, (None, None, None, option[:35], option[35:]))
    _write_identities(file, by_tag)
    for qualifier, value in by_tag.get("RFF", ()):
        file.add("RFF", (qualifier, value))
    for qualifier, value in by_tag.get("QTY", ()):
        file.add("QTY", (qualifier, value, component.unit))


def write_866(
    call_offs: Sequence[CallOffEvent],
    profile: Profile,
    *,
    control_ref: str,
    message_ref: str,
    document_number: str,
    prepared_at: datetime,
) -> bytes:
    """Return one interchange with one 866, sent by the partner to us, that `read` reads back equal.

    BSS01 holds one function for the whole message, so all calls have to say the same event. A call without a
    part and data X12 cannot carry raise ValueError; `sequence_source` is EDIFACT's alone and is left out.
    """
    at = localised(prepared_at, profile)
    events = {call.event for call in call_offs}
    if len(events) != 1:
        raise ValueError(f"BSS element 1: one 866 says one event, not {sorted(events)}")
    file = X12File()
    file.open("SQ", profile.their, profile.our, control_ref, at)
    file.open_set("866", message_ref)
    function = _code(profile.events_bss, events.pop(), "BSS element 1")
    today = f"{at:%Y%m%d}"
    file.add("BSS", function, document_number, today, "JS", today, today)
    for required_at, bucket in groupby(call_offs, key=lambda call: call.required_at):
        _write_bucket(file, required_at, list(bucket), profile, today)
    file.add("CTT", str(sum(len(call.components) for call in call_offs)))
    file.close_set()
    return file.close()


def _write_bucket(
    file: X12File, required_at: str | None, calls: list[CallOffEvent], profile: Profile, today: str
) -> None:
    if required_at is None:
        # The loop needs a DTM: 097, when the message was made, promises nothing.
        file.add("DTM", "097", today)
    else:
        tag, qualifier = _source(profile.x12, "required_at")
        file.add(tag, qualifier, *x12_date(required_at, profile))
    for call in calls:
        if not call.components:
            raise ValueError(f"LIN element 3: call {call.call_number or call.vin!r} names no part")
        for component in call.components:
            _write_x12_line(file, call, component, profile.x12)


def _write_x12_line(file: X12File, call: CallOffEvent, component: Component, places: Fields) -> None:
    by_tag = placed(
        places,
        {
            "part_number": component.part_number,
            "sequence_number": call.sequence_number,
            "vin": call.vin,
            "supplier_part": component.supplier_part,
            "production_number": call.production_number,
            "dock": call.dock,
            "line_feed": call.line_feed,
            "order_ref": component.order_ref,
            "family": component.family,
            "quantity": component.quantity,
        },
    )
    file.add("LIN", None, *(item for pair in by_tag.get("LIN", ()) for item in pair))
    for qualifier, value in by_tag.get("REF", ()):
        file.add("REF", qualifier, value)
    for qualifier, value in by_tag.get("QTY", ()):
        file.add("QTY", qualifier, value, component.unit)
    for option in component.options:
        file.add("PID", "F", None, None, None, option)


Places = dict[str, list[tuple[str, str]]]


def placed(places: Fields, facts: Mapping[str, str | None]) -> Places:
    """Sort the facts that are there by the segment of their first place: tag to (qualifier, value) pairs."""
    by_tag: Places = {}
    for name, value in facts.items():
        if value:
            tag, qualifier = _source(places, name)
            by_tag.setdefault(tag, []).append((qualifier, value))
    return by_tag


def _source(places: Fields, name: str) -> tuple[str, str]:
    sources: tuple[str, ...] = getattr(places, name)
    if not sources:
        raise ValueError(f"the profile has no place for {name}; name one in [edifact] or [x12]")
    tag, _, qualifier = sources[0].partition(" ")
    return tag, qualifier


def _code(codes: Table, event: str, where: str) -> str:
    for code, meaning in codes.items():
        if meaning == event:
            return code
    raise ValueError(f"{where}: no code means {event}; add one to [events] in the profile")
