"""`record_scan`: one verb for every scan at every station. A wrong scan is a value and is stored like a right one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Case, When

from inventory.errors import Stale, Unknown
from inventory.models import CustomerPart, Part
from sequencer import rules
from sequencer.labels import Kind, Label, read_label
from sequencer.models import (
    Badge,
    CallComponent,
    Carrier,
    Commodity,
    ComponentGroup,
    Rack,
    ScanEvent,
    Slot,
    Station,
    Unit,
)
from sequencer.services import dock
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.racks import (
    approve_holes_locked,
    lock_racks,
    move_group,
    move_rack,
    seal_locked,
    settle_rack,
)
from sequencer.services.verdicts import WORDS, Judged, Verdict
from sequencer.states import (
    BOUND_RACKS,
    GroupStatus,
    Priority,
    RackStatus,
    SlotStatus,
    Stage,
    UnitStatus,
)

SUPERVISORS = ("supervisor", "administrator")
# What stands at a station now; master data beside it may be edited at the same time.
FLOOR_FIELDS = [
    "operator",
    "rack",
    "shipment",
    "pending_unit_part",
    "lock_code",
    "lock_need",
    "lock_got",
    "locked_at",
    "mode",
    "last_scan_at",
]
STALE_TRIES = 4
PIN_TRIES, PIN_WINDOW = 5, timedelta(minutes=5)


def record_scan(
    station_id: int,
    raw: str,
    nonce: str,
    *,
    at: datetime,
    now: datetime | None = None,
    shown: int | None = None,
) -> Verdict:
    """Judges and stores one scan at one station; the only way anything is scanned.

    Promise: every scan is stored, accepted or not; the same (station, nonce) is judged once and answered alike ever
    after; a part is never matched to another group than the one asked for. Refuses (`Unknown`) a station that does
    not exist. Locks the station, then shipment, then rack. `at` is the scanner's time, `now` the server's; `shown`
    is the group the operator saw asked for: a part is never credited to another one that came up meanwhile.
    """
    for _ in range(STALE_TRIES - 1):
        try:
            return _record_once(station_id, raw, nonce, at, now or at, shown)
        except Stale:
            # A rack changed trucks between the look and the lock: judge again, the operator notices nothing.
            continue
    return _record_once(station_id, raw, nonce, at, now or at, shown)


def _record_once(
    station_id: int, raw: str, nonce: str, at: datetime, now: datetime, shown: int | None
) -> Verdict:
    with transaction.atomic(durable=True):
        station = (
            Station.objects.select_for_update(no_key=True, of=("self",))
            .select_related(
                "operator", "commodity__program__line__plant", "commodity__rack_type", "unloading_point"
            )
            .filter(pk=station_id)
            .first()
        )
        if station is None:
            raise Unknown("no_station", f"there is no station {station_id}")
        known = ScanEvent.objects.filter(station=station, nonce=nonce).first()
        if known is not None:
            return _verdict_of(known, repeated=True)
        label = read_label(raw, _pattern(station))
        judged = _Judging(station, label, at, shown).judge()
        station.last_scan_at = at
        station.save(update_fields=FLOOR_FIELDS)
        scan = _store(station, raw, nonce, label, judged, at, now)
    return _verdict_of(scan, sound=judged.sound)


def _pattern(station: Station) -> str:
    if station.rack_id is None or station.kind != Station.Kind.PACK:
        return ""
    slot = current_slot(station.rack_id)
    if slot is None or slot.group is None:
        return ""
    need = CallComponent.objects.filter(group=slot.group, required=True).exclude(part__label_pattern="")
    return need.values_list("part__label_pattern", flat=True).first() or ""


def _store(
    station: Station, raw: str, nonce: str, label: Label, judged: Judged, at: datetime, now: datetime
) -> ScanEvent:
    # A PIN is a secret: the scan is stored, its digits are not.
    stored = "%P:****" if label.kind is Kind.PIN else raw
    scan = ScanEvent.objects.create(
        station=station,
        nonce=nonce[:40],
        raw=stored[:400],
        code=judged.code,
        accepted=judged.accepted,
        step=judged.step,
        expected=judged.expected[:200],
        seen=judged.seen[:200],
        hint=judged.hint[:300],
        operator=station.operator,
        rack=judged.rack,
        slot=judged.slot,
        group=judged.group,
        unit=judged.unit,
        shipment=judged.shipment,
        scanned_at=at,
        recorded_at=now,
    )
    record_event(
        f"station:{station.pk}",
        "scan",
        station.code,
        at=now,
        by=str(station.operator or ""),
        code=judged.code,
        step=judged.step,
    )
    return scan


def _verdict_of(scan: ScanEvent, *, repeated: bool = False, sound: str = "") -> Verdict:
    sound = sound or ("ok" if scan.accepted else "stop")
    return Verdict(
        accepted=scan.accepted,
        code=scan.code,
        word=WORDS.get(scan.code, scan.code.replace("_", " ")),
        step=scan.step,
        expected=scan.expected,
        seen=scan.seen,
        hint=scan.hint,
        sound=sound,
        scan_id=scan.pk,
        repeated=repeated,
    )


def current_slot(rack_id: int) -> Slot | None:
    """The slot the operator fills now: the one whose part is in the hand, else the lowest in loading order.

    Missing calls, holes, held and unresolved ones are passed over: building goes on behind them. A call that arrives
    for a lower slot waits until the hand is empty.
    """
    workable = {GroupStatus.RELEASED, GroupStatus.IN_WORK, GroupStatus.VERIFIED}
    return (
        Slot.objects.select_related("group__call_off", "group__commodity")
        .filter(
            rack_id=rack_id,
            status__in=[SlotStatus.EMPTY, SlotStatus.REOPENED],
            group__status__in=workable,
            group__on_hold=False,
            group__call_off__held=False,
            group__call_off__stage=Stage.FIRM,
        )
        .annotate(in_hand=Case(When(group__status=GroupStatus.RELEASED, then=1), default=0))
        .order_by("in_hand", "number")
        .first()
    )


def needs_of(group: ComponentGroup) -> list[rules.Need]:
    """Pieces a group still wants, each with every number its label may carry."""
    components = list(
        group.components.filter(required=True, part__isnull=False).select_related("part").order_by("pk")
    )
    have: dict[int, int] = {}
    for component_id in group.units.values_list("component_id", flat=True):
        if component_id is not None:
            have[component_id] = have.get(component_id, 0) + 1
    customer_numbers: dict[int, set[str]] = {}
    part_ids = [c.part_id for c in components if c.part_id is not None]
    customer = group.call_off.program.line.plant.customer_id
    for part_id, number in CustomerPart.objects.filter(
        part_id__in=part_ids, customer_id=customer
    ).values_list("part_id", "number"):
        customer_numbers.setdefault(part_id, set()).add(number)
    return [
        rules.Need(
            c.pk,
            c.part_id or 0,
            c.part.number,
            frozenset({c.part.number} | customer_numbers.get(c.part_id or 0, set())),
            c.part.trace == Part.Trace.SERIAL,
            c.part.description,
        )
        for c in components
        if c.part is not None and have.get(c.pk, 0) < c.quantity
    ]


def slot_is_asked(commodity: Commodity, slot: Slot) -> bool:
    """Whether this slot's label must be scanned, or its place is implied by the loading order."""
    every = commodity.rack_type.slot_check_every
    return every > 0 and slot.number % every == 0


@dataclass(slots=True)
class _Judging:
    """One scan against what stands at the station. Each method is one row of the operator's possibilities."""

    station: Station
    label: Label
    at: datetime
    shown: int | None = None

    def judge(self) -> Judged:
        kind, station = self.label.kind, self.station
        if kind is Kind.PIN:
            return self.pin()
        if kind is Kind.BADGE:
            return self.badge()
        if station.operator is None:
            return Judged("NO_BADGE", "BADGE", hint="Scan your badge first", sound="check")
        if station.lock_code:
            return self.while_locked()
        if station.mode == "MISSING":
            return self.missing_reason()
        if kind is Kind.COMMAND:
            return self.command()
        if station.kind == Station.Kind.DOCK:
            return dock.judge(station, self.label, self.at)
        branches: dict[Kind, Callable[[], Judged]] = {
            Kind.CARRIER: self.carrier,
            Kind.SLOT: self.slot,
            Kind.GOODS: self.goods,
        }
        branch = branches.get(kind)
        if branch is None:
            return Judged(
                "NOT_NOW", "LABEL", seen=self.label.value, hint="This label is for the dock", sound="check"
            )
        return branch()

    # --- people ----------------------------------------------------------------------------------------------

    def badge(self) -> Judged:
        badge = (
            Badge.objects.select_related("user")
            .filter(code=self.label.value, active=True, user__is_active=True)
            .first()
        )
        if badge is None:
            return Judged(
                "UNKNOWN_LABEL", "BADGE", seen=self.label.value, hint="This badge is not known or blocked"
            )
        if self.station.mode.startswith("SUPERVISOR"):
            return self.supervisor_badge(badge)
        self.station.operator = badge.user
        self.station.mode = ""
        return Judged(
            "OK", "BADGE", seen=badge.user.get_short_name() or badge.user.get_username(), hint="Welcome"
        )

    def supervisor_badge(self, badge: Badge) -> Judged:
        if not badge.user.groups.filter(name__in=SUPERVISORS).exists():
            return Judged(
                "NOT_ALLOWED", "SUPERVISOR", seen=str(badge.user), hint="This badge is not a supervisor's"
            )
        purpose = self.station.mode.partition(":")[2]
        self.station.mode = f"PIN:{badge.pk}:{purpose}"
        return Judged("OK", "SUPERVISOR", seen=str(badge.user), hint="Enter the PIN", sound="wait")

    def pin(self) -> Judged:
        mode, _, rest = self.station.mode.partition(":")
        if mode != "PIN":
            return Judged("NOT_NOW", "PIN", hint="Scan SUPERVISOR and the badge first", sound="check")
        badge_id, _, purpose = rest.partition(":")
        badge = Badge.objects.select_related("user").get(pk=int(badge_id))
        if self.too_many_tries():
            return Judged("BAD_PIN", "PIN", hint="Too many wrong PINs; wait five minutes")
        if not badge.pin_fits(self.label.value):
            return Judged("BAD_PIN", "PIN", hint="The PIN does not fit this badge")
        self.station.mode = ""
        return self.authorised(badge, purpose)

    def too_many_tries(self) -> bool:
        wrong = ScanEvent.objects.filter(
            station=self.station, code="BAD_PIN", scanned_at__gt=self.at - PIN_WINDOW
        )
        return wrong.count() >= PIN_TRIES

    def authorised(self, badge: Badge, purpose: str) -> Judged:
        """A supervisor has shown badge and PIN: what stood in the way is decided and noted by name."""
        station, by = self.station, badge.user.get_username()
        if station.kind == Station.Kind.DOCK:
            return dock.authorised(station, purpose, by, self.at)
        if station.lock_code:
            record_event(
                f"line:{self.line_id}",
                "lock_cleared",
                station.code,
                at=self.at,
                by=by,
                reason=station.lock_code,
            )
            self.unlock()
            return Judged("OK", "UNLOCK", hint=f"Released by {by}")
        rack = self.rack()
        if rack is not None and rack.slots.filter(status=SlotStatus.HOLE).exists():
            approve_holes_locked(rack, by=by, reason="at the station", at=self.at)
            return Judged("OK", "HOLES", hint=f"Holes approved by {by}; scan SEAL", rack=rack)
        return Judged("NOT_NOW", "SUPERVISOR", hint="Nothing here needs a supervisor", sound="check")

    # --- locks -----------------------------------------------------------------------------------------------

    @property
    def line_id(self) -> int:
        commodity = self.station.commodity
        assert commodity is not None  # a packing station has one by constraint
        return commodity.program.line_id

    def lock(self, code: str, need: str, got: str) -> None:
        station = self.station
        station.lock_code, station.lock_need, station.lock_got = code, need[:120], got[:120]
        station.locked_at = self.at
        station.pending_unit_part = ""
        record_event(f"line:{self.line_id}", "station_locked", station.code, at=self.at, need=need, got=got)

    def unlock(self) -> None:
        station = self.station
        station.lock_code = station.lock_need = station.lock_got = ""
        station.locked_at = None
        record_event(f"line:{self.line_id}", "station_unlocked", station.code, at=self.at)

    def while_locked(self) -> Judged:
        """Only the return bin or a supervisor opens a lock; the right part does not (it proves nothing)."""
        station = self.station
        if self.label.kind is Kind.COMMAND and self.label.value == "RETURN":
            self.unlock()
            return Judged("OK", "RETURN", seen=station.lock_got, hint="Part put back; go on")
        if self.label.kind is Kind.COMMAND and self.label.value == "SUPERVISOR":
            station.mode = "SUPERVISOR"
            return Judged("OK", "SUPERVISOR", hint="Scan the supervisor's badge", sound="wait")
        return Judged(
            "LOCKED",
            "LOCKED",
            expected=station.lock_need,
            seen=station.lock_got,
            hint="Put the wrong part into the return bin and scan the bin",
        )

    # --- commands --------------------------------------------------------------------------------------------

    def command(self) -> Judged:
        value, station = self.label.value, self.station
        if value == "CHANGE-OPERATOR":
            station.operator = None
            station.mode = ""
            return Judged("OK", "OPERATOR", hint="Scan your badge", sound="wait")
        if value == "SUPERVISOR":
            station.mode = "SUPERVISOR"
            return Judged("OK", "SUPERVISOR", hint="Scan the supervisor's badge", sound="wait")
        if value == "BACK":
            return self.back()
        if station.kind == Station.Kind.DOCK:
            return dock.command(station, value, self.at)
        if value == "SEAL":
            return self.seal()
        if value == "MISSING":
            return self.missing()
        if value == "RETURN":
            return Judged("NOT_NOW", "RETURN", hint="The station is not locked", sound="check")
        return Judged("UNKNOWN_LABEL", "COMMAND", seen=value, hint="This command is not known here")

    def back(self) -> Judged:
        """Steps out of a half-done command or serial; nothing verified is undone by it."""
        self.station.mode = ""
        self.station.pending_unit_part = ""
        return Judged("OK", "BACK", sound="wait")

    # --- the rack --------------------------------------------------------------------------------------------

    def rack(self) -> Rack | None:
        if self.station.rack_id is None:
            return None
        return lock_racks([self.station.rack_id])[self.station.rack_id]

    def carrier(self) -> Judged:
        """A rack label: takes the next rack, goes back to an open one, or stages the sealed one."""
        # Locked: the same steel scanned at two stations at once is bound by one of them.
        carrier = (
            Carrier.objects.select_for_update(no_key=True, of=("self",))
            .select_related("rack_type")
            .filter(code=self.label.value)
            .first()
        )
        if carrier is None:
            return Judged("UNKNOWN_LABEL", "RACK", seen=self.label.value, hint="No rack has this label")
        rack = self.rack()
        if rack is None or rack.status in {RackStatus.STAGED, RackStatus.CANCELLED}:
            return self.take_rack(carrier)
        if rack.carrier_id != carrier.pk:
            code = rack.carrier.code if rack.carrier else ""
            return Judged(
                "WRONG_RACK",
                "RACK",
                expected=code,
                seen=carrier.code,
                hint=f"You are working on rack {code}",
                rack=rack,
            )
        if rack.status == RackStatus.SEALED:
            return self.stage(rack)
        return Judged(
            "OK", "RACK", seen=carrier.code, hint="This is your rack; go on", sound="wait", rack=rack
        )

    def stage(self, rack: Rack) -> Judged:
        move_rack(rack, RackStatus.STAGED)
        record_event(
            f"line:{self.line_id}", "rack_staged", rack.number, at=self.at, by=str(self.station.operator)
        )
        self.station.rack = None
        return Judged("OK", "STAGE", seen=rack.number, hint="Rack is ready for the dock", rack=rack)

    def take_rack(self, carrier: Carrier) -> Judged:
        commodity = self.station.commodity
        assert commodity is not None
        bound = Rack.objects.filter(carrier=carrier, status__in=sorted(BOUND_RACKS)).first()
        if bound is not None:
            return self.continue_rack(bound, carrier, commodity)
        if carrier.blocked:
            return Judged(
                "WRONG_RACK", "RACK", seen=carrier.code, hint="This rack is in repair; take another"
            )
        if carrier.rack_type_id != commodity.rack_type_id:
            return Judged(
                "WRONG_RACK",
                "RACK",
                expected=commodity.rack_type.code,
                seen=carrier.rack_type.code,
                hint=f"{commodity.name} goes into {commodity.rack_type.code}",
            )
        rack = next_rack(commodity)
        if rack is None:
            return Judged(
                "NOT_NOW",
                "RACK",
                seen=carrier.code,
                hint="No rack is due; calls will bring one",
                sound="wait",
            )
        rack = lock_racks([rack.pk])[rack.pk]
        if rack.status != RackStatus.PLANNED:
            return Judged("NOT_NOW", "RACK", seen=carrier.code, hint="Scan the rack again", sound="wait")
        move_rack(rack, RackStatus.LOADING, carrier=carrier, started_at=self.at)
        settle_rack(rack, at=self.at)
        self.station.rack = rack
        self.station.pending_unit_part = ""
        record_event(
            f"line:{self.line_id}", "rack_started", rack.number, at=self.at, by=str(self.station.operator)
        )
        return Judged("OK", "RACK", seen=carrier.code, hint=f"Rack {rack.number}", rack=rack)

    def continue_rack(self, bound: Rack, carrier: Carrier, commodity: Commodity) -> Judged:
        """A carrier that holds an unfinished rack is taken up again where it stands."""
        resumable = {RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED, RackStatus.SEALED}
        if bound.commodity_id != commodity.pk or bound.status not in resumable:
            return Judged(
                "WRONG_RACK",
                "RACK",
                seen=carrier.code,
                hint=f"Holds rack {bound.number}, which is {bound.status.lower().replace('_', ' ')}",
                rack=bound,
            )
        other = Station.objects.filter(rack=bound).exclude(pk=self.station.pk).first()
        if other is not None:
            return Judged(
                "WRONG_RACK", "RACK", seen=carrier.code, hint=f"Station {other.code} works on it", rack=bound
            )
        self.station.rack = bound
        return Judged("OK", "RACK", seen=carrier.code, hint=f"Rack {bound.number}: go on", rack=bound)

    # --- the part --------------------------------------------------------------------------------------------

    def goods(self) -> Judged:
        rack = self.rack()
        if rack is None:
            return Judged(
                "NOT_NOW", "RACK", seen=self.label.shown, hint="Scan an empty rack first", sound="check"
            )
        slot = current_slot(rack.pk)
        if slot is None or slot.group is None:
            return Judged(
                "NOT_NOW",
                "PART",
                seen=self.label.shown,
                hint="No part is asked for now",
                sound="check",
                rack=rack,
            )
        group = slot.group
        if self.shown not in {None, group.pk}:
            return Judged(
                "NOT_NOW",
                "PART",
                seen=self.label.shown,
                hint=f"{group.call_off.sequence_number} came up first: look at the screen, scan again",
                sound="check",
                rack=rack,
                slot=slot,
                group=group,
            )
        needs = needs_of(group)
        if not needs:
            return Judged(
                "NOT_NOW", "PART", seen=self.label.shown, hint=f"Put it into slot {slot.number} and scan the slot",
                sound="check", rack=rack, slot=slot, group=group,
            )  # fmt: skip
        judgement = rules.judge_part(self.label, needs, self.station.pending_unit_part)
        if judgement.code == "OK" and self.station.pending_unit_part and self.is_a_part():
            judgement = rules.PartJudgement("WRONG_PART")
        if judgement.code == "WRONG_PART" or judgement.need is None:
            return self.wrong_part(rack, slot, group, needs)
        if judgement.code == "NEED_SERIAL":
            self.station.pending_unit_part = judgement.need.number
            if group.status == GroupStatus.RELEASED:
                move_group(group, GroupStatus.IN_WORK)
            return Judged(
                "NEED_SERIAL", "PART", seen=judgement.need.number, hint="Now its serial", sound="wait",
                rack=rack, slot=slot, group=group,
            )  # fmt: skip
        return self.take_unit(rack, slot, group, needs, judgement)

    def is_a_part(self) -> bool:
        """While a serial is awaited, a known part number is a second part, never a serial."""
        numbers = self.label.numbers
        known = Part.objects.filter(number__in=numbers).exists()
        return known or CustomerPart.objects.filter(number__in=numbers).exists()

    def wrong_part(self, rack: Rack, slot: Slot, group: ComponentGroup, needs: list[rules.Need]) -> Judged:
        got = self.label.shown
        part = Part.objects.filter(number__in=self.label.numbers).first()
        if part is None:
            reference = (
                CustomerPart.objects.filter(number__in=self.label.numbers).select_related("part").first()
            )
            part = reference.part if reference else None
        got_text = f"{part.number} {part.description}".strip() if part else got
        need_text = f"{needs[0].number} {needs[0].description}".strip()
        self.lock("WRONG_PART", need_text, got_text)
        return Judged(
            "WRONG_PART",
            "PART",
            expected=need_text,
            seen=got_text,
            hint="Put it into the return bin and scan the bin",
            rack=rack,
            slot=slot,
            group=group,
        )

    def take_unit(
        self,
        rack: Rack,
        slot: Slot,
        group: ComponentGroup,
        needs: list[rules.Need],
        judgement: rules.PartJudgement,
    ) -> Judged:
        need = judgement.need
        assert need is not None
        unit = self.unit_for(group, need, judgement.serial)
        if isinstance(unit, str):
            return Judged(
                "DUPLICATE", "PART", expected=need.number, seen=judgement.serial or "", hint=unit,
                rack=rack, slot=slot, group=group,
            )  # fmt: skip
        self.station.pending_unit_part = ""
        if group.status == GroupStatus.RELEASED:
            move_group(group, GroupStatus.IN_WORK)
        judged = Judged(
            "OK", "PART", expected=need.number, seen=need.number, rack=rack, slot=slot, group=group, unit=unit
        )
        if len(needs) == 1 and self.enough(unit, need):
            move_group(group, GroupStatus.VERIFIED, verified_at=self.at)
            commodity = self.station.commodity
            assert commodity is not None
            if slot_is_asked(commodity, slot):
                judged.hint = f"Into slot {slot.number}, scan the slot"
            else:
                self.pack(rack, slot, group)
                judged.hint = f"slot {slot.number} · {group.call_off.sequence_number}"
        return judged

    def enough(self, unit: Unit, need: rules.Need) -> bool:
        component = CallComponent.objects.get(pk=need.component_id)
        return Unit.objects.filter(component=component).count() >= component.quantity

    def unit_for(self, group: ComponentGroup, need: rules.Need, serial: str | None) -> Unit | str:
        """The piece, new or from the buffer; or where its serial is already used, in words."""
        if serial is not None:
            known = (
                Unit.objects.select_for_update(no_key=True)
                .filter(part_id=need.part_id, serial=serial)
                .first()
            )
            if known is not None and known.status != UnitStatus.BUFFER:
                return where_is(known)
            if known is not None:
                Unit.objects.filter(pk=known.pk).update(
                    status=UnitStatus.ALLOCATED, group=group, component_id=need.component_id, taken_at=self.at
                )
                known.refresh_from_db()
                return known
        try:
            with transaction.atomic():
                return Unit.objects.create(
                    part_id=need.part_id,
                    serial=serial,
                    group=group,
                    component_id=need.component_id,
                    taken_at=self.at,
                )
        except IntegrityError:
            taken = Unit.objects.get(part_id=need.part_id, serial=serial)
            return where_is(taken)

    # --- the slot --------------------------------------------------------------------------------------------

    def slot(self) -> Judged:
        rack = self.rack()
        if rack is None:
            return Judged("NOT_NOW", "SLOT", hint="Scan an empty rack first", sound="check")
        if self.station.pending_unit_part:
            return Judged("NOT_NOW", "SLOT", hint="First the serial of the part", sound="check", rack=rack)
        here = self.label.value in {"", rack.carrier.code if rack.carrier else ""}
        slot = current_slot(rack.pk)
        if here and self.label.slot is not None and self.is_hole(rack, slot):
            return self.fill_hole(rack)
        if slot is None or slot.group is None:
            return Judged("NOT_NOW", "SLOT", hint="No slot is asked for now", sound="check", rack=rack)
        if slot.group.status != GroupStatus.VERIFIED:
            return Judged(
                "NOT_NOW",
                "SLOT",
                hint="First scan the part",
                sound="check",
                rack=rack,
                slot=slot,
                group=slot.group,
            )
        if not here or self.label.slot != slot.number:
            seen = (
                f"{self.label.value} slot {self.label.slot}".strip()
                if not here
                else f"slot {self.label.slot}"
            )
            return Judged(
                "WRONG_POSITION", "SLOT", expected=f"slot {slot.number}", seen=seen,
                hint=f"{slot.group.call_off.sequence_number} goes into slot {slot.number}",
                rack=rack, slot=slot, group=slot.group,
            )  # fmt: skip
        group = slot.group
        self.pack(rack, slot, group)
        return Judged(
            "OK", "SLOT", seen=f"slot {slot.number}", hint=f"slot {slot.number} · {group.call_off.sequence_number}",
            rack=rack, slot=slot, group=group,
        )  # fmt: skip

    def pack(self, rack: Rack, slot: Slot, group: ComponentGroup) -> None:
        """The verified pieces stand in their slot; the revision they were judged by is kept for the host check."""
        move_group(group, GroupStatus.PACKED)
        Slot.objects.filter(pk=slot.pk).update(
            status=SlotStatus.FILLED, packed_revision=group.revision, packed_at=self.at, reason=""
        )
        slot.status = SlotStatus.FILLED
        Unit.objects.filter(group=group, status=UnitStatus.ALLOCATED).update(status=UnitStatus.PACKED)
        subject = f"{group.call_off.call_number} {group.commodity.family}"
        close_tasks("LATE_CHANGE", subject, at=self.at, note="built again")
        record_event(
            f"line:{self.line_id}",
            "packed",
            group.call_off.call_number,
            at=self.at,
            by=str(self.station.operator),
            rack=rack.number,
            slot=slot.number,
        )
        settle_rack(rack, at=self.at)

    def is_hole(self, rack: Rack, current: Slot | None) -> bool:
        busy = (
            current is not None and current.group is not None and current.group.status != GroupStatus.RELEASED
        )
        number = self.label.slot or 0
        return not busy and rack.slots.filter(number=number, status=SlotStatus.HOLE).exists()

    def fill_hole(self, rack: Rack) -> Judged:
        """The part was found: the hole's own slot is worked again."""
        slot = rack.slots.select_related("group__call_off").get(number=self.label.slot or 0)
        if rack.status == RackStatus.FULL:
            move_rack(rack, RackStatus.LOADING)
        Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.EMPTY, reason="")
        group = slot.group
        if group is not None and group.status == GroupStatus.MISSING:
            move_group(group, GroupStatus.RELEASED, problem="")
            close_tasks(
                "MISSING", f"{group.call_off.call_number} {rack.commodity.family}", at=self.at, note="found"
            )
        Rack.objects.filter(pk=rack.pk).update(holes_approved_by="")
        return Judged(
            "OK", "SLOT", hint=f"Slot {slot.number} is open again", sound="wait", rack=rack, slot=slot
        )

    # --- holes and seal --------------------------------------------------------------------------------------

    def missing(self) -> Judged:
        rack = self.rack()
        slot = current_slot(rack.pk) if rack else None
        if slot is None:
            return Judged("NOT_NOW", "MISSING", hint="No part is asked for now", sound="check")
        self.station.mode = "MISSING"
        return Judged(
            "OK", "MISSING", hint="Scan the reason", sound="wait", rack=rack, slot=slot, group=slot.group
        )

    def missing_reason(self) -> Judged:
        """The second scan of MISSING: a hole is a decision with a reason, and a task with the minutes left."""
        if self.label.kind is Kind.COMMAND and self.label.value == "BACK":
            return self.back()
        if self.label.kind is not Kind.REASON:
            return Judged(
                "NOT_NOW", "REASON", seen=self.label.shown, hint="Scan a reason, or BACK", sound="check"
            )
        self.station.mode = ""
        rack = self.rack()
        slot = current_slot(rack.pk) if rack else None
        if rack is None or slot is None or slot.group is None:
            return Judged("NOT_NOW", "MISSING", hint="No part is asked for now", sound="check")
        group, reason = slot.group, self.label.value
        for unit in group.units.exclude(status=UnitStatus.SHIPPED):
            Unit.objects.filter(pk=unit.pk).update(status=UnitStatus.BUFFER, group=None, component=None)
        if group.status == GroupStatus.VERIFIED:
            move_group(group, GroupStatus.RELEASED)
        move_group(group, GroupStatus.MISSING, problem=reason)
        Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.HOLE, reason=reason[:120])
        self.tell_missing(rack, slot, group, reason)
        settle_rack(rack, at=self.at)
        return Judged(
            "OK", "MISSING", hint=f"Slot {slot.number} is a hole: {reason.lower()}", sound="check",
            rack=rack, slot=slot, group=group,
        )  # fmt: skip

    def tell_missing(self, rack: Rack, slot: Slot, group: ComponentGroup, reason: str) -> None:
        call = group.call_off
        line = rack.commodity.program.line
        transit = timedelta(minutes=line.plant.transit_minutes)
        due = call.required_at - transit if call.required_at else None
        text = f"MISSING PART for {call.sequence_number}, rack {rack.number} slot {slot.number}: {reason.lower()}"
        open_task(line, "MISSING", f"{call.call_number} {rack.commodity.family}", text, at=self.at, due_at=due,
                  group=group)  # fmt: skip

    def seal(self) -> Judged:
        rack = self.rack()
        if rack is None:
            return Judged("NOT_NOW", "SEAL", hint="There is no rack to seal", sound="check")
        if rack.status != RackStatus.FULL:
            return Judged("NOT_NOW", "SEAL", hint="The rack is not full yet", sound="check", rack=rack)
        reasons = seal_locked(rack, at=self.at, by=str(self.station.operator))
        if not reasons:
            return Judged(
                "OK", "SEAL", seen=rack.number, hint="Hang the manifest on and scan the rack", rack=rack
            )
        if any("hole" in reason for reason in reasons):
            self.station.mode = "SUPERVISOR"
            return Judged(
                "NOT_ALLOWED",
                "SEAL",
                hint=f"{reasons[0]}: scan the supervisor's badge",
                sound="check",
                rack=rack,
            )
        return Judged("OUT_OF_DATE_CALL", "SEAL", hint="; ".join(reasons[:2]), rack=rack)


def next_rack(commodity: Commodity) -> Rack | None:
    """The rack to take now: rush first, then the lowest sequence that holds anything to build."""
    planned = Rack.objects.filter(
        commodity=commodity, status=RackStatus.PLANNED, slots__group__isnull=False
    ).distinct()
    rush = planned.filter(priority=Priority.RUSH).order_by("pk").first()
    return rush or planned.filter(priority=Priority.NORMAL).order_by("low_position").first()


def where_is(unit: Unit) -> str:
    """Where a used serial is, for the operator who holds its twin."""
    group = unit.group
    if group is None:
        return f"serial {unit.serial} lies in the buffer"
    slot = Slot.objects.select_related("rack__shipment").filter(group=group).first()
    sequence = group.call_off.sequence_number
    if unit.status == UnitStatus.SHIPPED:
        shipment = slot.rack.shipment.number if slot and slot.rack.shipment else "a truck"
        return f"serial {unit.serial} left with {shipment} for {sequence}"
    if slot is None:
        return f"serial {unit.serial} is held for {sequence}"
    return f"serial {unit.serial} is in rack {slot.rack.number} slot {slot.number} for {sequence}"
