"""The label of a steel rack: the next rack is taken, an open one gone on with, a sealed one staged."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from inventory.statements import Question, number, text
from sequencer.models import Carrier, Commodity, Rack, Station
from sequencer.services import printing
from sequencer.services.journal import record_event
from sequencer.services.printing import DocumentKind
from sequencer.services.racks import lock_rack_seen, move_rack, settle_rack
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.slots import next_rack, next_rush, set_aside
from sequencer.services.verdicts import Judged
from sequencer.spoken import in_words
from sequencer.states import BOUND_RACKS, Priority, RackStatus


def judge_rack_label(judging: Judging) -> Judged:
    """A rack label: takes the next rack, goes back to an open one, or stages the sealed one."""
    # Locked: the same steel scanned at two stations at once is bound by one of them.
    carrier = _CARRIER.first(code=judging.label.value)
    if carrier is None:
        return Judged("UNKNOWN_LABEL", "RACK", seen=judging.label.value, hint=_("No rack has this label"))
    rack = judging.rack()
    if rack is None or rack.status in {RackStatus.STAGED, RackStatus.CANCELLED}:
        return take_rack(judging, carrier)
    if rack.carrier_id != carrier.pk:
        rush = take_rush(judging, rack, carrier)
        if rush is not None:
            return rush
        code = rack.carrier.code if rack.carrier else ""
        return Judged(
            "WRONG_RACK",
            "RACK",
            expected=code,
            seen=carrier.code,
            hint=_("You are working on rack %(code)s") % {"code": code},
            rack=rack,
        )
    if rack.status == RackStatus.SEALED:
        return stage(judging, rack)
    return Judged(
        "OK", "RACK", seen=carrier.code, hint=_("This is your rack; go on"), sound="wait", rack=rack
    )


def _locked_carrier() -> QuerySet[Carrier]:
    carriers = Carrier.objects.select_for_update(no_key=True, of=("self",)).select_related("rack_type")
    return carriers.filter(code=text("code")).order_by()


def _rack_in_carrier() -> QuerySet[Rack]:
    # At most one, by constraint.
    return Rack.objects.filter(carrier=number("carrier"), status__in=sorted(BOUND_RACKS)).order_by()


_CARRIER, _BOUND = Question(_locked_carrier), Question(_rack_in_carrier)


def stage(judging: Judging, rack: Rack) -> Judged:
    move_rack(rack, RackStatus.STAGED)
    record_event(
        f"line:{judging.line_id}", "rack_staged", rack.number, at=judging.at, by=str(judging.station.operator)
    )
    judging.station.rack = None
    aside = set_aside(judging.station)
    told = _("Rack is ready for the dock")
    if aside is not None:
        told = _("Rack is ready for the dock; go on with %(rack)s: scan its rack") % {"rack": aside.number}
    return Judged(
        "OK",
        "STAGE",
        seen=rack.number,
        hint=told,
        rack=rack,
    )


def take_rush(judging: Judging, rack: Rack, carrier: Carrier) -> Judged | None:
    """A rush may be taken between two units, never inside one: its own rack, while this one waits.

    None when none is due, the rack in work is a rush itself, or the steel scanned is not free.
    """
    commodity = judging.station.commodity
    assert commodity is not None
    rush = next_rush(commodity)
    if rush is None or rack.priority == Priority.RUSH or rack.status == RackStatus.SEALED:
        return None
    if _BOUND.first(carrier=carrier.pk) is not None:
        return None
    if judging.station.hand_group_id is not None:
        slot = judging.current(rack)
        sequence = slot.group.call_off.sequence_number if slot and slot.group else _("the part in your hand")
        return Judged(
            "NOT_NOW",
            "RUSH",
            seen=carrier.code,
            hint=_("First finish %(sequence)s, then the rush") % {"sequence": sequence},
            sound="check",
            rack=rack,
        )
    judged = take_rack(judging, carrier)
    if judged.accepted:
        judging.station.set_aside = rack
        record_event(
            f"line:{judging.line_id}", "rack_set_aside", rack.number, at=judging.at,
            by=str(judging.station.operator), rush=rush.number,
        )  # fmt: skip
    return judged


def take_rack(judging: Judging, carrier: Carrier) -> Judged:
    commodity = judging.station.commodity
    assert commodity is not None
    bound = _BOUND.first(carrier=carrier.pk)
    if bound is not None:
        return continue_rack(judging, bound, carrier, commodity)
    refused = unfit(carrier, commodity)
    if refused is not None:
        return refused
    rack = next_rack(commodity)
    aside = set_aside(judging.station)
    if (
        aside is not None
        and judging.station.rack_id is None
        and (rack is None or rack.priority != Priority.RUSH)
    ):
        code = aside.carrier.code if aside.carrier else ""
        return Judged(
            "WRONG_RACK",
            "RACK",
            expected=code,
            seen=carrier.code,
            hint=_("First finish %(aside)s: scan its rack %(code)s") % {"aside": aside.number, "code": code},
            rack=aside,
        )
    if rack is None:
        return Judged(
            "NOT_NOW",
            "RACK",
            seen=carrier.code,
            hint=_("No rack is due; calls will bring one"),
            sound="wait",
        )
    rack = lock_rack_seen(rack, commodity)
    if rack.status != RackStatus.PLANNED:
        return Judged("NOT_NOW", "RACK", seen=carrier.code, hint=_("Scan the rack again"), sound="wait")
    return bind(judging, rack, carrier)


def unfit(carrier: Carrier, commodity: Commodity) -> Judged | None:
    """Why a carrier that holds nothing may not be filled with this; None when it may."""
    if carrier.kind == Carrier.Kind.HOLD:
        return Judged("WRONG_RACK", "RACK", seen=carrier.code, hint=_("This is a hold cart; take a rack"))
    if carrier.blocked:
        return Judged("WRONG_RACK", "RACK", seen=carrier.code, hint=_("This rack is in repair; take another"))
    if carrier.rack_type_id != commodity.rack_type_id:
        return Judged(
            "WRONG_RACK",
            "RACK",
            expected=commodity.rack_type.code,
            seen=carrier.rack_type.code,
            hint=_("%(commodity)s goes into %(rack_type)s")
            % {"commodity": commodity.name, "rack_type": commodity.rack_type.code},
        )
    return None


def bind(judging: Judging, rack: Rack, carrier: Carrier) -> Judged:
    """A planned rack, locked, begins in a carrier that is free and fits."""
    move_rack(rack, RackStatus.LOADING, carrier=carrier, started_at=judging.at)
    settle_rack(rack, at=judging.at)
    judging.station.rack = rack
    judging.station.pending_unit_part = ""
    record_event(
        f"line:{judging.line_id}",
        "rack_started",
        rack.number,
        at=judging.at,
        by=str(judging.station.operator),
    )
    print_papers(judging, rack, DocumentKind.MANIFEST)
    return Judged("OK", "RACK", seen=carrier.code, hint=_("Rack %(rack)s") % {"rack": rack.number}, rack=rack)


def print_papers(judging: Judging, rack: Rack, *kinds: DocumentKind) -> None:
    """What hangs on the rack, where the plant has a printer for it; elsewhere the page prints it."""
    for kind in kinds:
        if printing.is_assigned(kind, judging.station):
            by = str(judging.station.operator)
            printing.print_document(kind, rack, at=judging.at, by=by, station=judging.station)


def continue_rack(judging: Judging, bound: Rack, carrier: Carrier, commodity: Commodity) -> Judged:
    """A carrier that holds an unfinished rack is taken up again where it stands."""
    resumable = {RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED, RackStatus.SEALED}
    if bound.commodity_id != commodity.pk or bound.status not in resumable:
        return Judged(
            "WRONG_RACK",
            "RACK",
            seen=carrier.code,
            hint=_("Holds rack %(bound)s, which is %(status)s")
            % {"bound": bound.number, "status": in_words(bound.status)},
            rack=bound,
        )
    other = Station.objects.filter(rack=bound).exclude(pk=judging.station.pk).first()
    if other is not None:
        return Judged(
            "WRONG_RACK",
            "RACK",
            seen=carrier.code,
            hint=_("Station %(other)s works on it") % {"other": other.code},
            rack=bound,
        )
    judging.station.rack = bound
    if judging.station.set_aside_id == bound.pk:
        judging.station.set_aside = None
    return Judged(
        "OK", "RACK", seen=carrier.code, hint=_("Rack %(bound)s: go on") % {"bound": bound.number}, rack=bound
    )
