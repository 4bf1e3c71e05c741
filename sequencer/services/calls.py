"""One verb for everything an OEM says of a call: `take_call_off`. What it means depends on how far the work is."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from inventory import bom
from inventory.errors import Invalid, Refused, Unknown
from inventory.models import BomLine, CustomerPart, Part
from inventory.services import master_for
from sequencer.models import (
    CallComponent,
    CallOff,
    Commodity,
    ComponentGroup,
    FloorException,
    Heartbeat,
    Rack,
    SequenceGap,
    SequenceStream,
    SequencingProgram,
    Slot,
)
from sequencer.rules import CalledPart, CallNews, missing_between
from sequencer.services.exceptions import note_exception, resolve_exceptions
from sequencer.services.journal import close_tasks, open_task, record_event
from sequencer.services.masters import recall
from sequencer.services.pacing import is_due, release, take_position
from sequencer.services.racks import (
    BEFORE_FIRST,
    CALL_CHANGED,
    ask_for_sealed,
    begin_again,
    close_up,
    cut_again,
    lapse_sealed,
    lock_racks,
    move_group,
    needed_by,
    place_group,
    reopen_locked,
    vacate,
    waits_for_sealed,
)
from sequencer.states import (
    CALL_MOVES,
    CLOSED_RACKS,
    GONE_RACKS,
    GROUP_MOVES,
    SHIPPED_GROUPS,
    TOUCHED_GROUPS,
    GapStatus,
    GroupStatus,
    Priority,
    RackStatus,
    SlotStatus,
    Stage,
    check_move,
)

log = logging.getLogger(__name__)

# An event refused with one of these waits and is tried again: what it needs may still arrive.
HOLD_CODES = frozenset({"unknown_call", "unknown_family", "sequence_jump", "other_counter", "stale"})
MASTER_SEEN, CALLS_SEEN = "unresolved: master seen", "unresolved: calls seen"
# Tasks of a call that end with it.
NOT_WANTED = ("REPAIR", "SCRAP", "LATE_CHANGE", "LATE_CALL", "SEQUENCE_BREAK")
# Only events that carry the whole call may bring a call into being.
CREATING = frozenset({"NEW", "CHANGE", "PREVIEW", "FIRM"})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event: APPLIED, DUPLICATE (known already, no effect) or IGNORED (says nothing to do)."""

    outcome: str
    event: str
    call_off_id: int | None
    text: str


def take_call_off(program_id: int, news: CallNews, *, at: datetime, by: str = "") -> Taken:
    """Applies one event to one call, inside the caller's transaction so that its book entry commits with it.

    Promise: a repeated event changes nothing; a later stage never doubles; parts not known hold their own group
    only. Refuses (`Refused.code`): `unknown_call`, `unknown_family`, `sequence_jump`, `other_counter` (all in
    HOLD_CODES), `bad_sequence`, `no_parts`, `call_differs`, `program_inactive`. Locks the stream, then racks that
    are concerned.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("take_call_off needs the caller's transaction")
    if news.event in {"NOCHANGE", "DELIVERED", "TEST"}:
        return Taken("IGNORED", news.event, None, f"{news.event} asks for nothing")
    program = recall(("program", program_id), lambda: _program(program_id))
    if news.event == "POSITION":
        line_at = take_position(program, news, at=at, by=by)
        if line_at is None:
            return Taken("IGNORED", news.event, None, f"{news.event} asks for nothing")
        return Taken("APPLIED", news.event, line_at.pk, f"the line is at {line_at.sequence_number}")
    if not program.active:
        raise Refused("program_inactive", f"program {program.code} is not active")
    program.stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=program.stream_id)
    _check_counter(program, news)
    # Without an order of its own: the model's would join line and plant for one row.
    call = CallOff.objects.filter(program=program, call_number=news.call_number).order_by().first()
    if call is not None:
        call.program, call.stream = program, program.stream
    return _Taking(program, news, call, at, by).take()


def _program(program_id: int) -> SequencingProgram:
    found = SequencingProgram.objects.select_related("line__plant", "unloading_point")
    program = found.filter(pk=program_id).order_by().first()
    if program is None:
        raise Unknown("no_program", f"there is no program {program_id}")
    return program


def _check_counter(program: SequencingProgram, news: CallNews) -> None:
    """Each broadcast point of a line counts for itself: its numbers mean nothing in another point's counter."""
    point = program.stream.broadcast_point
    if point and news.sequence_number and news.sequence_source and news.sequence_source != point:
        raise Refused(
            "other_counter",
            f"sequence {news.sequence_number} was counted at broadcast point {news.sequence_source}; {program.code} "
            f"goes by point {point}. Give {news.sequence_source} a route to a program of its own, or discard this",
            point=news.sequence_source,
        )


@dataclass(slots=True)
class _Taking:
    """One event on its way in; its methods are the branches of `take_call_off`."""

    program: SequencingProgram
    news: CallNews
    call: CallOff | None
    at: datetime
    by: str

    def take(self) -> Taken:
        if self.call is None:
            if self.news.event not in CREATING:
                raise Refused(
                    "unknown_call",
                    f"{self.news.event} for call {self.news.call_number}, which has not been called yet",
                )
            return self.create()
        if self.call.stage == Stage.CANCELLED and self.news.event in {"NEW", "FIRM", "CHANGE"}:
            return self.reinstate(self.call)
        handlers = {
            "NEW": self.again,
            "PREVIEW": self.again,
            "FIRM": self.again,
            "CHANGE": self.change,
            "RESEQUENCE": self.resequence,
            "CANCEL": self.cancel,
            "HOLD": self.hold,
            "RELEASE": self.release_hold,
            "REORDER": self.reorder,
        }
        handler = handlers.get(self.news.event)
        if handler is None:
            raise Invalid("unknown_event", f"event {self.news.event} is not one this plant knows")
        return handler(self.call)

    # --- a call comes into being -------------------------------------------------------------------------

    def create(self) -> Taken:
        news = self.news
        if not news.call_number:
            raise Invalid("no_call_number", "the event names no call")
        if not news.parts:
            raise Invalid("no_parts", f"call {news.call_number} names no part")
        self.enter_cycle(news)
        position = self.position_of(news)
        if position is None and news.stage is not Stage.PREVIEW:
            raise Invalid("bad_sequence", f"call {news.call_number} has no sequence number")
        required_at, computed = self.required(position)
        by_family = self.resolve_families(news.parts, required_at or self.at)
        holder = self.holder(position)
        call = CallOff.objects.create(
            program=self.program,
            stream=self.program.stream,
            call_number=news.call_number,
            sequence_number=news.sequence_number,
            position=None if holder else position,
            vin=news.vin,
            production_number=news.production_number,
            document_number=news.document_number,
            dock=news.dock,
            line_feed=news.line_feed,
            stage=news.stage,
            required_at=required_at,
            required_computed=computed,
            created_at=self.at,
            changed_at=self.at,
        )
        self.call = call
        if holder:
            self.tell_displaced(
                call, f"sequence {news.sequence_number} is already taken by {holder.call_number}"
            )
        elif position is not None:
            self.advance_stream(position, required_at or self.at)
        for commodity, resolved in by_family.items():
            self.add_group(call, commodity, resolved)
        return self.told("NEW", f"call {call.sequence_number} taken")

    @property
    def dense(self) -> bool:
        """Whether a missing number is a gap: the stream counts every vehicle and the partner says no otherwise."""
        return self.program.stream.dense and not self.news.sparse

    def position_of(self, news: CallNews) -> int | None:
        stream = self.program.stream
        if not news.sequence_number:
            return None
        position = stream.counter.position(news.sequence_number, self.near(news))
        if self.dense and stream.last_position is not None:
            self.check_jump(position, stream.first_position or stream.last_position, stream.last_position)
        return position

    def near(self, news: CallNews) -> int | None:
        """Which round of the counter a number is read in: the present one, or an older one that it names."""
        stream = self.program.stream
        if not news.cycle or news.cycle >= stream.cycle or stream.cycle_from is None:
            return stream.last_position
        before = CallOff.objects.filter(stream=stream, position__lt=stream.cycle_from)
        last: int | None = before.aggregate(last=Max("position"))["last"]
        return stream.last_position if last is None else last

    def enter_cycle(self, news: CallNews) -> None:
        """A new call of the next cycle whose number does not go on from the last one: the OEM counts anew.

        A number that is still missing is late, not new, and one that follows the last belongs to the old count.
        """
        stream = self.program.stream
        if not news.cycle or not news.sequence_number or news.cycle <= stream.cycle:
            return
        last, begins = stream.last_position, stream.first_position
        if stream.cycle and last is not None:
            position = stream.counter.position(news.sequence_number, last)
            late = SequenceGap.objects.filter(stream=stream, position=position).exclude(
                status=GapStatus.FILLED
            )
            goes_on = last < position <= last + (stream.max_jump if self.dense else stream.counter.span)
            if goes_on or late.exists():
                return
            begins = begin_again(stream, stream.first, at=self.at)
            record_event(f"line:{stream.line_id}", "cycle_began", news.cycle, at=self.at, by=self.by)
        SequenceStream.objects.filter(pk=stream.pk).update(cycle=news.cycle, cycle_from=begins)
        stream.cycle, stream.cycle_from = news.cycle, begins

    def check_jump(self, position: int, first: int, last: int) -> None:
        """A step far outside of what was ever called is a reset or another line's number: a person looks at it.

        Inside the known range every place is legal; moves of built-ahead calls reach far back.
        """
        stream = self.program.stream
        away = max(position - last, first - position)
        if away > stream.max_jump:
            raise Refused(
                "sequence_jump",
                f"sequence {self.news.sequence_number} is {away} outside of {stream.counter.text(first)} to "
                f"{stream.counter.text(last)}; more than {stream.max_jump} is held for a person (reset or wrong line?)",
                position=position,
            )

    def required(self, position: int | None) -> tuple[datetime | None, bool]:
        """When the line needs it: as sent, else from the call before and the takt, else from the program's lead."""
        if self.news.required_at is not None:
            return self.news.required_at, False
        if position is None:
            return None, False
        takt = timedelta(seconds=self.program.line.takt_seconds)
        before = (
            CallOff.objects.filter(
                stream=self.program.stream, position__lt=position, required_at__isnull=False
            )
            .order_by("-position")
            .first()
        )
        if before is not None and before.position is not None and before.required_at is not None:
            due = before.required_at + takt * (position - before.position)
            if due > self.at:
                return due, True
        return self.at + timedelta(minutes=self.program.lead_minutes), True

    def holder(self, position: int | None) -> CallOff | None:
        if position is None:
            return None
        return CallOff.objects.filter(stream=self.program.stream, position=position).order_by().first()

    def advance_stream(self, position: int, required_at: datetime) -> None:
        """Fills the gap at `position`, or opens the gaps that a step over numbers of a dense stream leaves."""
        stream = self.program.stream
        # Beyond the last number ever called nothing can be missing yet.
        if stream.last_position is not None and position <= stream.last_position:
            self.fill_gap(position)
        if self.dense:
            self.open_gaps(missing_between(stream.last_position, position), position, required_at)
            if stream.first_position is not None and position < stream.first_position:
                self.open_gaps(range(position + 1, stream.first_position), position, required_at)
        first = position if stream.first_position is None else min(position, stream.first_position)
        last = position if stream.last_position is None else max(position, stream.last_position)
        if (first, last) != (stream.first_position, stream.last_position):
            SequenceStream.objects.filter(pk=stream.pk).update(first_position=first, last_position=last)
            stream.first_position, stream.last_position = first, last

    def fill_gap(self, position: int) -> None:
        """A missing number has come, however late; an accepted one may still come, too."""
        gaps = SequenceGap.objects.filter(stream=self.program.stream, position=position)
        if gaps.exclude(status=GapStatus.FILLED).update(status=GapStatus.FILLED, closed_at=self.at):
            topic = f"line:{self.program.stream.line_id}"
            record_event(topic, "gap_filled", self.news.sequence_number, at=self.at, by=self.by)

    def open_gaps(self, positions: range, reference: int, required_at: datetime) -> None:
        if not positions:
            return
        stream, line = self.program.stream, self.program.line
        counter, transit = stream.counter, line.plant.transit_minutes
        SequenceGap.objects.bulk_create(
            SequenceGap(
                stream=stream,
                position=p,
                sequence_number=counter.text(p),
                opened_at=self.at,
                needed_by=needed_by(required_at, reference - p, line.takt_seconds, transit),
            )
            for p in positions
        )
        Slot.objects.filter(
            rack__commodity__program__stream=stream,
            position__in=positions,
            status=SlotStatus.CANCELLED,
            reason=BEFORE_FIRST,
        ).update(status=SlotStatus.EMPTY, reason="")
        span = f"{counter.text(positions[0])}-{counter.text(positions[-1])}"
        record_event(f"line:{line.pk}", "gap_opened", span, at=self.at, by=self.by, count=len(positions))

    def open_vacated(self, position: int, required_at: datetime) -> None:
        """A call left its place and nobody holds it: the number is missing until someone does."""
        stream = self.program.stream
        if not self.dense or self.holder(position) is not None:
            return
        due = needed_by(required_at, 0, 0, self.program.line.plant.transit_minutes)
        gap = SequenceGap.objects.filter(stream=stream, position=position).first()
        if gap is None:
            self.open_gaps(range(position, position + 1), position, required_at)
        elif gap.status == GapStatus.FILLED:
            SequenceGap.objects.filter(pk=gap.pk).update(
                status=GapStatus.OPEN, closed_at=None, opened_at=self.at, needed_by=due
            )

    # --- parts ---------------------------------------------------------------------------------------------

    def resolve_families(
        self, parts: tuple[CalledPart, ...], needed: datetime
    ) -> dict[Commodity, list[tuple[CalledPart, bom.Resolution]]]:
        """Each called part under its commodity. Refuses (held) when a part's commodity cannot be told."""
        plant = self.program.line.plant
        on = needed.astimezone(plant.zone).date()
        numbers = tuple(sorted({p.customer_part for p in parts}))
        customer = plant.customer_id
        master = recall(("master", customer, numbers), lambda: master_for(customer, numbers))
        commodities = recall(("commodities", self.program.pk), lambda: _commodities(self.program))
        for commodity in commodities:
            commodity.program = self.program
        families = recall(("families", customer, numbers), lambda: _families_of(master))
        grouped: dict[Commodity, list[tuple[CalledPart, bom.Resolution]]] = defaultdict(list)
        for part in parts:
            resolution = bom.resolve(part.customer_part, part.quantity, part.options, master, on)
            family = part.family or (families.get(resolution.part_id, "") if resolution.part_id else "")
            grouped[self.commodity_of(family, part, commodities)].append((part, resolution))
        return dict(grouped)

    def commodity_of(self, family: str, part: CalledPart, commodities: list[Commodity]) -> Commodity:
        fitting = [c for c in commodities if c.family == family]
        if fitting:
            return fitting[0]
        if len(commodities) == 1 and not family:
            return commodities[0]
        raise Refused(
            "unknown_family",
            f"part {part.customer_part} of call {self.news.call_number} belongs to no commodity of "
            f"{self.program.code}; enter the part with its family, then it is taken by itself",
            part=part.customer_part,
            family=family,
        )

    def add_group(
        self,
        call: CallOff,
        commodity: Commodity,
        resolved: list[tuple[CalledPart, bom.Resolution]],
        *,
        replaces: ComponentGroup | None = None,
    ) -> ComponentGroup:
        priority = Priority.RUSH if replaces else Priority.NORMAL
        group = ComponentGroup(call_off=call, commodity=commodity, replaces=replaces, priority=priority)
        group.status, group.problem = _status_of(resolved)
        if group.status == GroupStatus.RESOLVED and is_due(group, call, at=self.at):
            # Nobody has seen it yet: what `release` would do in a second statement.
            check_move(GROUP_MOVES, group.status, GroupStatus.RELEASED, f"group {group}")
            group.status = GroupStatus.RELEASED
        group.save()
        _write_components(group, resolved)
        place_group(group, call, at=self.at)
        # Its place may have gone already: then it is a rush by now and waits for nothing.
        release(group, call, at=self.at)
        return group

    # --- a call changes ------------------------------------------------------------------------------------

    def again(self, call: CallOff) -> Taken:
        """NEW, PREVIEW or FIRM for a known call: a repeat, a further stage, or a further family."""
        news = self.news
        required_at = news.required_at or call.required_at
        by_family = self.resolve_families(news.parts, required_at or self.at)
        groups = {g.commodity_id: g for g in _live_groups(call)}
        differing = [c for c, r in by_family.items() if c.pk in groups and _differs(groups[c.pk], r)]
        if differing:
            if call.stage == Stage.PREVIEW:
                return self.change(call)
            raise Refused(
                "call_differs",
                f"call {call.call_number} is known with other parts; a change must come as a change",
                families=[c.family for c in differing],
            )
        added = [(c, r) for c, r in by_family.items() if c.pk not in groups]
        staged = self.advance_stage(call)
        moved = bool(news.sequence_number) and news.sequence_number != call.sequence_number
        if moved and call.stage != Stage.PREVIEW and call.position is not None:
            raise Refused(
                "call_differs",
                f"call {call.call_number} is known at sequence {call.sequence_number}, not {news.sequence_number}",
            )
        if moved or (news.sequence_number and call.position is None):
            self.move_call(call)
        for commodity, resolved in added:
            self.add_group(call, commodity, resolved)
        if not (added or staged or moved):
            return Taken("DUPLICATE", news.event, call.pk, f"call {call.call_number} is known, nothing new")
        return self.told("NEW" if added else str(call.stage), f"call {call.sequence_number} extended")

    def advance_stage(self, call: CallOff) -> bool:
        if self.news.stage == call.stage or self.news.stage is Stage.PREVIEW:
            return False
        check_move(CALL_MOVES, call.stage, self.news.stage, f"call {call.call_number}")
        call.stage = self.news.stage
        if self.news.required_at:
            call.required_at = self.news.required_at
        elif call.required_at is None:
            call.required_at, call.required_computed = self.required(call.position)
        self.save(call)
        for group in _live_groups(call):
            release(group, call, at=self.at)
        return True

    def change(self, call: CallOff) -> Taken:
        """CHANGE: parts, sequence or time. Only what differs is touched; after departure a person decides."""
        news = self.news
        required_at = news.required_at or call.required_at or self.at
        by_family = self.resolve_families(news.parts, required_at) if news.parts else {}
        groups = {g.commodity_id: g for g in _live_groups(call)}
        back = {
            c: r for c, r in by_family.items()
            if c.pk in groups and groups[c.pk].status == GroupStatus.CANCELLED
        }  # fmt: skip
        differing = {
            c: r
            for c, r in by_family.items()
            if c.pk in groups and c not in back and _differs(groups[c.pk], r)
        }
        added = {c: r for c, r in by_family.items() if c.pk not in groups}
        dropped = _not_named(groups.values(), by_family) if news.whole else []
        moved = bool(news.sequence_number) and (
            news.sequence_number != call.sequence_number or call.position is None
        )
        retimed = news.required_at is not None and news.required_at != call.required_at
        if not (differing or added or back or dropped or moved or retimed):
            return Taken("DUPLICATE", "CHANGE", call.pk, f"call {call.call_number} already stands like this")
        for commodity, resolved in differing.items():
            self.change_group(call, groups[commodity.pk], resolved)
        if moved:
            self.move_call(call)
        for commodity, resolved in added.items():
            self.add_group(call, commodity, resolved)
        for commodity, resolved in back.items():
            groups[commodity.pk].commodity = commodity
            self.start_again(call, groups[commodity.pk], resolved)
        for group in dropped:
            self.cancel_group(call, group, "not called any more")
        if retimed:
            call.required_at, call.required_computed = news.required_at, False
        call.revision += 1
        self.save(call)
        self.cut_again_by_content(call)
        event = "CHANGE" if differing or added or back or dropped else "RESEQUENCE"
        return self.told(event, f"call {call.sequence_number}: {event.lower()}")

    def cut_again_by_content(self, call: CallOff) -> None:
        """Colour, option or time of a call may put it into another rack, as long as nobody has started its own."""
        for group in _live_groups(call):
            lead = group.commodity.lead
            if not lead.cut_spec.by_content:
                continue
            planned = Slot.objects.filter(
                group=group, rack__priority=Priority.NORMAL, rack__status=RackStatus.PLANNED
            )
            if planned.exists():
                cut_again(lead)

    def change_group(
        self, call: CallOff, group: ComponentGroup, resolved: list[tuple[CalledPart, bom.Resolution]]
    ) -> None:
        """New parts for one group: its slot alone opens, the old piece goes to the buffer."""
        slot = self.locked_slot(group)
        group.refresh_from_db()
        wanted = ", ".join(part.customer_part for part, _ in resolved)
        if group.status in SHIPPED_GROUPS:
            self.ask_person(call, group, "CHANGE_AFTER_DEPARTURE", f"now {wanted}; the old part has left")
            return
        touched = group.status in TOUCHED_GROUPS
        if slot is not None and touched:
            vacate(slot, at=self.at, to=SlotStatus.REOPENED, by=self.by, reason=f"{CALL_CHANGED} {wanted}")
            self.ask_person(call, group, "LATE_CHANGE", f"now {wanted}", closes_with_slot=True)
        group.components.all().delete()
        _write_components(group, resolved)
        status, problem = _status_of(resolved)
        if group.status == GroupStatus.REPAIR:
            # The piece in repair is not what is wanted any more; it comes back to the buffer.
            subject = f"{call.call_number} {group.commodity.family}"
            close_tasks("REPAIR", subject, at=self.at, note=f"{CALL_CHANGED} {wanted}")
            Slot.objects.filter(group=group).update(reason=f"call changed to {wanted}"[:120], announced="")
        stopped = {GroupStatus.MISSING, GroupStatus.REPAIR}
        if group.status in {*TOUCHED_GROUPS, *stopped, GroupStatus.RELEASED}:
            move_group(group, GroupStatus.RELEASED if status is GroupStatus.RESOLVED else status)
        elif group.status != status:
            move_group(group, status)
        ComponentGroup.objects.filter(pk=group.pk).update(problem=problem, revision=group.revision + 1)
        group.problem, group.revision = problem, group.revision + 1
        if slot is not None and slot.rack.status in GONE_RACKS:
            # It left as a hole: what is called now goes after it.
            Slot.objects.filter(pk=slot.pk).update(group=None)
            place_group(group, call, at=self.at)
        elif slot is not None and slot.status == SlotStatus.HOLE:
            Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.EMPTY, reason="")
            self.open_again(slot.rack, "a hole is called with another part")
        release(group, call, at=self.at)

    def resequence(self, call: CallOff) -> Taken:
        return self.change(call)

    def move_call(self, call: CallOff) -> None:
        """Gives a call its new position; the call that held it is displaced until its own news comes.

        Positions are unique, so both are set to null before the new one is written.
        """
        target = self.position_of(self.news)
        if target is None or target == call.position:
            return
        if any(g.status in SHIPPED_GROUPS for g in _live_groups(call)):
            self.ask_person(call, None, "MOVE_AFTER_DEPARTURE", f"now sequence {self.news.sequence_number}")
            return
        left, required_at = call.position, call.required_at or self.at
        holder = self.holder(target)
        if holder is not None:
            self.displace(holder)
        self.leave_slots(call, f"moved to {self.news.sequence_number}", to=target)
        call.position, call.sequence_number = target, self.news.sequence_number
        self.save(call)
        if left is not None:
            self.open_vacated(left, required_at)
        self.advance_stream(target, required_at)
        close_tasks("DISPLACED", call.call_number, at=self.at, note="placed again")
        for group in _live_groups(call):
            if group.status != GroupStatus.CANCELLED and not waits_for_sealed(group, call, at=self.at):
                place_group(group, call, at=self.at)

    def displace(self, holder: CallOff) -> None:
        holder.program, holder.stream = self.program, self.program.stream
        if any(g.status in SHIPPED_GROUPS for g in _live_groups(holder)):
            raise Refused(
                "place_has_left",
                f"sequence {self.news.sequence_number} was built for {holder.call_number} and has left",
            )
        self.leave_slots(holder, f"sequence given to {self.news.call_number}", to=None)
        holder.position = None
        self.save(holder)
        if holder.stage != Stage.CANCELLED:
            self.tell_displaced(
                holder, f"its sequence {holder.sequence_number} was given to {self.news.call_number}"
            )

    def leave_slots(self, call: CallOff, reason: str, *, to: int | None) -> None:
        """Takes every group of a call off its slot; touched pieces go to the buffer, and a move list follows them.

        Out of a closed rack nothing is taken: a person decides whether it opens or goes as it was sealed.
        """
        for group in _live_groups(call):
            slot = self.locked_slot(group)
            # A rush rack holds one call and no order: a new sequence takes nothing out of it.
            if slot is None or slot.rack.priority == Priority.RUSH:
                continue
            group.refresh_from_db()
            touched = group.status in TOUCHED_GROUPS
            if touched and slot.rack.status in CLOSED_RACKS:
                ask_for_sealed(slot, group, call, to, at=self.at)
                continue
            if group.status == GroupStatus.CANCELLED or not touched:
                _clear(slot)
                if group.status == GroupStatus.MISSING:
                    # Nobody said yet that its part is missing at the new place.
                    move_group(group, GroupStatus.RELEASED, problem="")
                    subject = f"{call.call_number} {group.commodity.family}"
                    close_tasks("MISSING", subject, at=self.at, note=reason)
                    kind = FloorException.Kind.MISSING
                    resolve_exceptions(kind, group=group, at=self.at, by=self.by or "the OEM", how=reason)
            else:
                vacate(slot, at=self.at, to=SlotStatus.EMPTY, by=self.by, reason=reason, goes_on=True)
                move_group(group, GroupStatus.RELEASED)
            close_up(slot, call.position, at=self.at)

    def locked_slot(self, group: ComponentGroup) -> Slot | None:
        """The group's slot with its rack's row locked, or None."""
        rack_id = Slot.objects.filter(group=group).values_list("rack_id", flat=True).first()
        if rack_id is None:
            return None
        rack = lock_racks([rack_id])[rack_id]
        slot = Slot.objects.select_related("group__call_off").filter(group=group, rack=rack).first()
        if slot is not None:
            slot.rack = rack
        return slot

    def cancel(self, call: CallOff) -> Taken:
        """CANCEL: the call leaves rack and ASN; a built piece goes to the buffer; after departure a person decides."""
        if call.stage == Stage.CANCELLED:
            return Taken("DUPLICATE", "CANCEL", call.pk, f"call {call.call_number} is cancelled already")
        for group in _live_groups(call):
            self.cancel_group(call, group, "call cancelled")
        check_move(CALL_MOVES, call.stage, Stage.CANCELLED, f"call {call.call_number}")
        call.stage = Stage.CANCELLED
        call.revision += 1
        self.save(call)
        return self.told("CANCEL", f"call {call.sequence_number} cancelled")

    def cancel_group(self, call: CallOff, group: ComponentGroup, reason: str) -> None:
        """One family leaves rack and ASN; its piece goes to the buffer. After departure a person decides."""
        slot = self.locked_slot(group)
        group.refresh_from_db()
        if group.status in SHIPPED_GROUPS:
            self.ask_person(call, group, "CANCEL_AFTER_DEPARTURE", "the part has left")
            return
        if group.status == GroupStatus.CANCELLED:
            return
        lapse_sealed(group, at=self.at, reason=reason)
        if slot is not None:
            built = group.status in TOUCHED_GROUPS
            vacate(slot, at=self.at, to=SlotStatus.CANCELLED, by=self.by, reason=reason)
            if built:
                self.ask_person(
                    call, group, "TAKE_OUT", f"take its part out of {slot}", closes_with_slot=True
                )
                note_exception(
                    FloorException.Kind.CANCELLED, line=self.program.line, at=self.at, by=self.by or "the OEM",
                    text=f"{call.sequence_number} was built in {slot} and is not wanted: buffer or scrap",
                    reason=reason, group=group, rack=slot.rack, slot=slot, due_at=call.required_at,
                )  # fmt: skip
        move_group(group, GroupStatus.CANCELLED)
        # What was waited for is not wanted any more; only taking its piece out is still to be done.
        subject = f"{call.call_number} {group.commodity.family}"
        close_tasks("MISSING", subject, at=self.at, note=reason, also=NOT_WANTED)
        kind = FloorException.Kind.MISSING
        resolve_exceptions(kind, group=group, at=self.at, by=self.by or "the OEM", how=reason)

    def reinstate(self, call: CallOff) -> Taken:
        """A cancelled call comes back (set-out vehicle put back): its groups start again."""
        if call.groups.filter(status__in=sorted(SHIPPED_GROUPS)).exists():
            raise Refused("call_differs", f"call {call.call_number} was cancelled after it had left")
        call.stage = Stage.FIRM if self.news.stage is Stage.PREVIEW else self.news.stage
        if self.news.required_at is not None:
            call.required_at = self.news.required_at
        elif call.required_at is None:
            call.required_at, call.required_computed = self.required(self.position_of(self.news))
        call.revision += 1
        self.save(call)
        by_family = self.resolve_families(self.news.parts, call.required_at or self.at)
        if self.news.sequence_number and self.news.sequence_number != call.sequence_number:
            self.move_call(call)
        cancelled = {g.commodity_id: g for g in _live_groups(call) if g.status == GroupStatus.CANCELLED}
        for commodity, resolved in by_family.items():
            group = cancelled.get(commodity.pk)
            if group is None:
                self.add_group(call, commodity, resolved)
            else:
                group.commodity = commodity
                self.start_again(call, group, resolved)
        return self.told("NEW", f"call {call.sequence_number} reinstated")

    def start_again(
        self, call: CallOff, group: ComponentGroup, resolved: list[tuple[CalledPart, bom.Resolution]]
    ) -> None:
        move_group(group, GroupStatus.CREATED)
        group.components.all().delete()
        _write_components(group, resolved)
        status, problem = _status_of(resolved)
        move_group(group, status, problem=problem, revision=group.revision + 1)
        release(group, call, at=self.at)
        slot = self.locked_slot(group)
        if slot is not None and slot.rack.status not in {RackStatus.CANCELLED, *GONE_RACKS}:
            Slot.objects.filter(pk=slot.pk).update(status=SlotStatus.EMPTY, reason="")
            self.open_again(slot.rack, "call reinstated")
            return
        if slot is not None:
            Slot.objects.filter(pk=slot.pk).update(group=None)
        place_group(group, call, at=self.at)

    def open_again(self, rack: Rack, reason: str) -> None:
        """A slot of a locked rack is to be filled after all: a full or closed one opens for it."""
        if rack.status in {RackStatus.FULL, *CLOSED_RACKS}:
            reopen_locked(rack, at=self.at, reason=reason, by=self.by)

    def hold(self, call: CallOff) -> Taken:
        return self.set_held(call, True)

    def release_hold(self, call: CallOff) -> Taken:
        return self.set_held(call, False)

    def set_held(self, call: CallOff, held: bool) -> Taken:
        """HOLD / RELEASE: the OEM sets a vehicle out and puts it back; nothing of it is picked, sealed or sent."""
        if call.held == held:
            return Taken("DUPLICATE", self.news.event, call.pk, f"call {call.call_number} is so already")
        call.held = held
        self.save(call)
        return self.told(
            self.news.event, f"call {call.sequence_number} {'held' if held else 'released'} by the OEM"
        )

    def reorder(self, call: CallOff) -> Taken:
        """REORDER: another piece for a vehicle already called. What has left keeps its status; what is still here is
        withdrawn, so that never two pieces go to one vehicle.
        """
        parts = self.news.parts
        by_family = self.resolve_families(parts, self.at) if parts else {}
        wanted = {c.pk for c in by_family}
        done = []
        for group in _live_groups(call):
            if wanted and group.commodity_id not in wanted:
                continue
            resolved = next((r for c, r in by_family.items() if c.pk == group.commodity_id), None)
            if resolved is None:
                called = tuple(_called(group))
                resolved = self.resolve_families(called, self.at)[group.commodity]
            # What left as a hole stays one: its slot is on the road.
            gone = Slot.objects.filter(group=group, rack__status__in=sorted(GONE_RACKS)).exists()
            if group.status not in SHIPPED_GROUPS and not gone:
                self.cancel_group(call, group, "ordered again")
            done.append(self.add_group(call, group.commodity, resolved, replaces=group))
        if not done:
            raise Refused("unknown_family", f"call {call.call_number} has no group of what is re-ordered")
        return self.told("REORDER", f"call {call.sequence_number} re-ordered")

    # --- telling -------------------------------------------------------------------------------------------

    def save(self, call: CallOff) -> None:
        call.changed_at = self.at
        call.save()

    def told(self, event: str, text: str) -> Taken:
        call = self.call
        subject = self.news.call_number
        record_event(
            f"line:{self.program.line_id}",
            event.lower(),
            subject,
            at=self.at,
            by=self.by,
            sequence=self.news.sequence_number,
            text=text,
        )
        return Taken("APPLIED", event, call.pk if call else None, text)

    def tell_displaced(self, call: CallOff, why: str) -> None:
        text = f"CALL {call.call_number} has no place: {why}"
        open_task(self.program.line, "DISPLACED", call.call_number, text, at=self.at, due_at=call.required_at)

    def ask_person(
        self,
        call: CallOff,
        group: ComponentGroup | None,
        kind: str,
        what: str,
        *,
        closes_with_slot: bool = False,
    ) -> None:
        subject = f"{call.call_number} {group.commodity.family}" if group else call.call_number
        due = call.required_at
        if due is not None and closes_with_slot:
            due -= timedelta(minutes=self.program.line.plant.transit_minutes)
        text = f"{kind.replace('_', ' ')} {call.sequence_number}: {what}"
        open_task(self.program.line, kind, subject, text, at=self.at, due_at=due, group=group)


def _live_groups(call: CallOff) -> list[ComponentGroup]:
    """The last group of each re-order chain: the one that is worked for now."""
    return list(
        call.groups.filter(replacement__isnull=True)
        .select_related("commodity__rack_type", "commodity__program__line__plant")
        .order_by("pk")
    )


def _commodities(program: SequencingProgram) -> list[Commodity]:
    found = program.commodities.select_related("rack_type", "rides_with__rack_type")
    return list(found.prefetch_related("cut_rules", "rides_with__cut_rules"))


def _not_named(
    groups: Iterable[ComponentGroup], by_family: Mapping[Commodity, object]
) -> list[ComponentGroup]:
    """Groups of families a whole call-off names no more, those that left or are cancelled already left out.

    One that names no part at all speaks of none.
    """
    named = {commodity.pk for commodity in by_family}
    over = {GroupStatus.CANCELLED, *SHIPPED_GROUPS}
    return [g for g in groups if by_family and g.commodity_id not in named and g.status not in over]


def _families_of(master: bom.Master) -> dict[int, str]:
    ids = {r.part_id for r in master.references} | set(master.own.values())
    return dict(Part.objects.filter(pk__in=ids).values_list("pk", "family"))


def _status_of(resolved: list[tuple[CalledPart, bom.Resolution]]) -> tuple[GroupStatus, str]:
    problems = [resolution.problem for _, resolution in resolved if resolution.problem]
    return (GroupStatus.UNRESOLVED, "; ".join(problems)[:200]) if problems else (GroupStatus.RESOLVED, "")


def _write_components(group: ComponentGroup, resolved: list[tuple[CalledPart, bom.Resolution]]) -> None:
    rows: list[CallComponent] = []
    for part, resolution in resolved:
        exploded = resolution.pieces != ((resolution.part_id, part.quantity),)
        rows.append(
            CallComponent(
                group=group,
                customer_part=part.customer_part,
                part_id=resolution.part_id,
                quantity=part.quantity,
                unit_code=part.unit_code,
                options=" ".join(part.options),
                order_ref=part.order_ref,
                required=bool(resolution.pieces) and not exploded,
            )
        )
        if exploded:
            rows += [
                CallComponent(
                    group=group, customer_part=part.customer_part, part_id=pid, quantity=n, called=False
                )
                for pid, n in resolution.pieces
            ]
    CallComponent.objects.bulk_create(rows)


def _called(group: ComponentGroup) -> list[CalledPart]:
    return [
        CalledPart(
            c.customer_part,
            c.quantity,
            c.unit_code,
            tuple(c.options.split()),
            c.order_ref,
            group.commodity.family,
        )
        for c in group.components.all()
        if c.called
    ]


def _differs(group: ComponentGroup, resolved: list[tuple[CalledPart, bom.Resolution]]) -> bool:
    """Whether the call names other parts, quantities or options than the group was built for."""
    known = sorted((p.customer_part, p.quantity, sorted(p.options)) for p in _called(group))
    told = sorted((p.customer_part, p.quantity, sorted(p.options)) for p, _ in resolved)
    return known != told


def _clear(slot: Slot) -> None:
    """Takes an untouched group off its slot; the place stays."""
    Slot.objects.filter(pk=slot.pk).update(
        group=None, status=SlotStatus.EMPTY, packed_revision=None, packed_at=None, reason=""
    )
    slot.group, slot.status = None, SlotStatus.EMPTY


def resolve_unresolved(*, at: datetime, limit: int = 500) -> int:
    """Sweep: resolves groups again whose part was unknown, once the master or the calls changed since the last look.

    Each group in a transaction of its own; returns how many were resolved.
    """
    ids = list(
        ComponentGroup.objects.filter(status=GroupStatus.UNRESOLVED)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
    if not ids:
        return 0
    # Each stamp is compared with an earlier one of the same clock, never with another machine's.
    stamps = {MASTER_SEEN: _master_changed_at(), CALLS_SEEN: _calls_changed_at(ids)}
    seen = dict(Heartbeat.objects.filter(name__in=stamps).values_list("name", "at"))
    if all(seen.get(name) == stamp for name, stamp in stamps.items()):
        return 0
    done = 0
    for group_id in ids:
        try:
            done += _resolve_again(group_id, at)
        except Refused as no:
            # Its commodity cannot be told any more, say; the others do not wait for it.
            log.warning("group %s is not resolved: %s", group_id, no)
    for name, stamp in stamps.items():
        if stamp is not None:
            Heartbeat.objects.update_or_create(name=name, defaults={"at": stamp})
    return done


def _master_changed_at() -> datetime | None:
    stamps = [
        model._default_manager.aggregate(newest=Max("updated_at"))["newest"]
        for model in (Part, CustomerPart, BomLine)
    ]
    return max((s for s in stamps if s is not None), default=None)


def _calls_changed_at(group_ids: list[int]) -> datetime | None:
    newest: datetime | None = CallOff.objects.filter(groups__in=group_ids).aggregate(
        newest=Max("changed_at")
    )["newest"]
    return newest


def _resolve_again(group_id: int, at: datetime) -> int:
    with transaction.atomic(durable=True):
        group = ComponentGroup.objects.select_related(
            "call_off__program__line__plant", "commodity__rack_type"
        ).get(pk=group_id)
        call = group.call_off
        stream = SequenceStream.objects.select_for_update(no_key=True).get(pk=call.stream_id)
        call.program.stream = stream
        group.refresh_from_db(fields=["status"])
        if group.status != GroupStatus.UNRESOLVED:
            return 0
        taking = _Taking(call.program, CallNews("NEW", call.call_number), call, at, "master data")
        called = tuple(_called(group))
        resolved = taking.resolve_families(called, call.required_at or at).get(group.commodity, [])
        status, _problem = _status_of(resolved)
        if status is GroupStatus.UNRESOLVED:
            return 0
        group.components.all().delete()
        _write_components(group, resolved)
        move_group(group, status, problem="", revision=group.revision + 1)
        release(group, call, at=at)
        record_event(f"line:{call.program.line_id}", "resolved", call.call_number, at=at, by="master data")
    return 1
