"""How calls stand, as plain facts, and where two plants' pictures of the same calls differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sequencer.models import CallComponent, CallOff
from sequencer.states import GroupStatus, Stage

Picture = dict[str, str]
FACTS = ("stage", "sequence_number", "held", "vin", "production_number", "dock", "line_feed")


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact of one call that is not the same on both sides; a side that lacks the call says so."""

    call_number: str
    fact: str
    here: str
    there: str


def pictures_of(programs: Iterable[int], numbers: Iterable[str]) -> dict[str, Picture]:
    """What these programs know of calls, by call number: stage, sequence, held, vehicle, place and called parts."""
    wanted = sorted(set(numbers))
    found: dict[str, Picture] = {}
    for start in range(0, len(wanted), 500):
        calls = CallOff.objects.filter(program__in=programs, call_number__in=wanted[start : start + 500])
        by_id = {call.pk: call for call in calls}
        for call in by_id.values():
            facts = {name: str(getattr(call, name)) for name in FACTS}
            facts["required_at"] = f"{call.required_at:%Y-%m-%dT%H:%MZ}" if call.required_at else ""
            # Computed from the clock of the day it came: another plant's clock gives another time.
            if call.required_computed:
                facts["required_at"] = "computed"
            found[call.call_number] = facts
        for number, family, parts in _parts(by_id):
            found[number][f"parts {family}"] = parts
    return found


def _parts(calls: Mapping[int, CallOff]) -> list[tuple[str, str, str]]:
    rows = CallComponent.objects.filter(
        group__call_off__in=calls, group__replacement__isnull=True, called=True
    ).order_by("pk")
    named: dict[tuple[int, str], list[str]] = {}
    for call, family, part, quantity, status in rows.values_list(
        "group__call_off", "group__commodity__family", "customer_part", "quantity", "group__status"
    ):
        gone = status == GroupStatus.CANCELLED and calls[call].stage != Stage.CANCELLED
        named.setdefault((call, family), []).extend([] if gone else [f"{quantity} x {part}"])
    return [
        (calls[call].call_number, family, ", ".join(sorted(parts)))
        for (call, family), parts in named.items()
        if parts
    ]


def compare(here: Mapping[str, Picture], there: Mapping[str, Picture]) -> list[Difference]:
    """Every fact that differs, call by call."""
    found = []
    for number in sorted({*here, *there}):
        if number not in here or number not in there:
            known = ("known", "unknown") if number in here else ("unknown", "known")
            found.append(Difference(number, "call", *known))
            continue
        mine, theirs = here[number], there[number]
        found += [
            Difference(number, fact, mine.get(fact, ""), theirs.get(fact, ""))
            for fact in sorted({*mine, *theirs})
            if mine.get(fact, "") != theirs.get(fact, "")
        ]
    return found
