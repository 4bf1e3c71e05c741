"""A partner's test side: made in one go beside production, and compared with it while both get the same messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from edi.models import CallOffRoute, InboundEvent, TradingPartner
from edi.services.alarms import journal
from edi.services.pictures import Difference, compare, pictures_of
from edi.states import EventStatus
from inventory.errors import Refused
from sequencer.models import Commodity, Line, SequenceStream, SequencingProgram, UnloadingPoint

SUFFIX = "-T"


@dataclass(frozen=True, slots=True)
class ParallelRun:
    """What both sides read of the same period, call by call. `same`: calls that stand, and stand alike, on both."""

    production: int
    test: int
    same: int
    differences: tuple[Difference, ...]
    waiting: int

    @property
    def agrees(self) -> bool:
        """True when both sides know the same calls alike and the test side left nothing undecided."""
        return self.test > 0 and not self.differences and not self.waiting


def compare_sides(partner: TradingPartner, since: datetime, until: datetime) -> ParallelRun:
    """Compares how the calls of a period stand on the test side and in production.

    Calls count that either side heard of in files received in the period. Refuses a partner without a test side.
    """
    side = partner.test_side
    if side is None:
        raise Refused(
            "no_test_side", f"{partner} has no test side; `manage.py edi_test_side {partner}` makes it"
        )
    numbers = [_called(one, since, until) for one in (partner, side)]
    both = numbers[0] | numbers[1]
    here, there = (pictures_of(_programs(one), both) for one in (partner, side))
    differences = compare(here, there)
    apart = {item.call_number for item in differences}
    waiting = _heard(side, since, until).filter(status__in=[EventStatus.HELD, EventStatus.QUARANTINED])
    return ParallelRun(
        len(numbers[0]),
        len(numbers[1]),
        len((here.keys() & there.keys()) - apart),
        tuple(differences),
        waiting.count(),
    )


def _programs(partner: TradingPartner) -> list[int]:
    return list(partner.routes.values_list("program", flat=True).distinct())


def _heard(partner: TradingPartner, since: datetime, until: datetime) -> QuerySet[InboundEvent]:
    return InboundEvent.objects.filter(
        partner=partner,
        message__interchange__delivery__received_at__gte=since,
        message__interchange__delivery__received_at__lt=until,
    ).exclude(event__in=["SCHEDULE", "RECEIPT", "TEST"])


def _called(partner: TradingPartner, since: datetime, until: datetime) -> set[str]:
    return set(_heard(partner, since, until).order_by().values_list("call_number", flat=True).distinct()) - {
        ""
    }


def make_test_side(partner: TradingPartner, *, profile: str = "", at: datetime) -> TradingPartner:
    """Gives a partner a test side with programs, streams, lines and docks of its own, shaped like production's.

    Promise: made again, it changes nothing that stands. Nothing of it shares a lock, a counter, a rack or a truck
    with production. `profile`: the folder to be certified; empty for the partner's own. Refuses a test partner.
    """
    if partner.test_partner:
        raise Refused("is_test_side", f"{partner} is a test side itself")
    with transaction.atomic(durable=True):
        partner = TradingPartner.objects.select_for_update(no_key=True, of=("self",)).get(pk=partner.pk)
        side, made = TradingPartner.objects.get_or_create(
            code=f"{partner.code[:18]}{SUFFIX}",
            defaults={
                "name": f"{partner.name[:110]} (test)", "customer": partner.customer, "test_partner": True,
                "profile": profile or partner.profile, "pulse_seconds": partner.pulse_seconds,
            },
        )  # fmt: skip
        if not side.test_partner:
            raise Refused("code_taken", f"{side.code} exists and is no test partner")
        if profile and side.profile != profile:
            TradingPartner.objects.filter(pk=side.pk).update(profile=profile)
        if partner.test_side_id != side.pk:
            TradingPartner.objects.filter(pk=partner.pk).update(test_side=side)
        for route in partner.routes.select_related("program"):
            CallOffRoute.objects.get_or_create(
                partner=side, dock=route.dock, line_feed=route.line_feed, broadcast_point=route.broadcast_point,
                defaults={"program": _beside(route.program)},
            )  # fmt: skip
        if made:
            journal("test_side_made", side.code, at=at, partner=partner.code)
    return TradingPartner.objects.get(pk=side.pk)


def _beside(program: SequencingProgram) -> SequencingProgram:
    """A program of the same shape for tests, with its own line, stream, dock and families."""
    found = SequencingProgram.objects.filter(code=f"{program.code[:18]}{SUFFIX}").first()
    if found is not None:
        return found
    line, _ = Line.objects.get_or_create(
        plant=program.line.plant, code=f"{program.line.code[:18]}{SUFFIX}",
        defaults={"name": f"{program.line.name[:110]} (test)", "takt_seconds": program.line.takt_seconds},
    )  # fmt: skip
    stream, _ = SequenceStream.objects.get_or_create(
        line=line, broadcast_point=program.stream.broadcast_point,
        defaults={
            name: getattr(program.stream, name)
            for name in ("prefix", "width", "first", "last", "dense", "max_jump")
        },
    )  # fmt: skip
    point = program.unloading_point
    dock, _ = UnloadingPoint.objects.get_or_create(
        plant=point.plant, code=f"{point.code[:18]}{SUFFIX}",
        defaults={
            "name": f"{point.name[:110]} (test)", "racks_per_truck": point.racks_per_truck,
            "load_order": point.load_order,
        },
    )  # fmt: skip
    copy: SequencingProgram = SequencingProgram.objects.create(
        code=f"{program.code[:18]}{SUFFIX}", name=f"{program.name[:110]} (test)", line=line, stream=stream,
        unloading_point=dock, lead_minutes=program.lead_minutes,
    )  # fmt: skip
    # Those that ride in another's racks come after it.
    for commodity in program.commodities.order_by(F("rides_with").asc(nulls_first=True), "pk"):
        lead = commodity.rides_with
        twin = Commodity.objects.create(
            program=copy, family=commodity.family, name=f"{commodity.name[:50]} (test)",
            rack_prefix=f"{commodity.rack_prefix[:8]}{SUFFIX}", rack_type=commodity.rack_type,
            every_vehicle=commodity.every_vehicle, mark=commodity.mark,
            rides_with=copy.commodities.get(family=lead.family) if lead else None,
        )  # fmt: skip
        for rule in commodity.cut_rules.all():
            twin.cut_rules.create(kind=rule.kind, value=rule.value)
    return copy
