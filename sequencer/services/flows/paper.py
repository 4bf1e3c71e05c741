"""PAPER: a sheet that was packed while the server was away is typed in, slot by slot, against the latest calls.

Begun by the sheet's own barcode. Nothing is sealed by it: the rack stands at the station afterwards, and SEAL asks the
host check as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext, gettext_noop

from inventory.errors import Refused
from sequencer import rules
from sequencer.clocks import our_clock
from sequencer.labels import GS, Kind
from sequencer.models import Badge, Carrier, PaperRow, PaperSheet, Rack, Slot, Station
from sequencer.services.flows.hold import quality_hold
from sequencer.services.flows.loading import lost_carrier
from sequencer.services.journal import open_task, record_event
from sequencer.services.paper.sheets import Row, latest_sheet, row_of, sheet_of
from sequencer.services.racks import lock_racks
from sequencer.services.scans.carriers import bind, unfit
from sequencer.services.scans.flow import Ask, Flow
from sequencer.services.scans.judging import Judging
from sequencer.services.scans.parts import is_a_part, other_vehicle, take_unit
from sequencer.services.scans.slots import workable_slots
from sequencer.services.verdicts import Judged
from sequencer.spoken import in_words
from sequencer.states import BOUND_RACKS, GroupStatus, RackStatus, SlotStatus

SOURCE, TASK = "PAPER", "PAPER_DIFFERENCE"
TYPED = frozenset({RackStatus.PLANNED, RackStatus.LOADING, RackStatus.REOPENED, RackStatus.FULL})
IN_WORK = TYPED - {RackStatus.PLANNED}
DECIDE_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class State:
    """`sheet` its code, `packer` the badge's row, `slot` the row whose part labels are scanned now."""

    sheet: str
    packer: int = 0
    slot: int = 0

    @classmethod
    def read(cls, text: str) -> State:
        sheet, packer, slot = text.split(",")
        return cls(sheet, int(packer), int(slot))

    def __str__(self) -> str:
        return f"{self.sheet},{self.packer},{self.slot}"


class Paper(Flow):
    """Sheet, badge of who packed, carrier, then each row: as printed, or its part's labels where they are traced."""

    command = "PAPER"
    printed = False
    takes_badges = True
    title = gettext_noop("Type in a paper sheet")

    def begin(self, judging: Judging) -> Judged:
        """Refuses what is no sheet of this station, what is typed in, and while another rack is in work here."""
        sheet = sheet_of(judging.label.value.partition(":")[0])
        seen = judging.label.value
        if sheet is None:
            hint = gettext(
                "This sheet is not known here: it was printed after the last backup. Load the rack anew, by scan"
            )
            return Judged("UNKNOWN_LABEL", "PAPER", seen=seen, hint=hint)
        station, rack = judging.station, sheet.rack
        if station.commodity_id != rack.commodity_id:
            hint = gettext("%(rack)s is %(commodity)s: type it in at its own station") % {
                "rack": rack.number,
                "commodity": rack.commodity.name,
            }
            return Judged("WRONG_RACK", "PAPER", seen=rack.number, hint=hint)
        if sheet.done_at is not None:
            hint = gettext("%(sheet)s was typed in at %(done_at)s") % {
                "sheet": sheet,
                "done_at": our_clock(sheet.done_at),
            }
            return Judged("DUPLICATE", "PAPER", seen=rack.number, hint=hint)
        begun = PaperSheet.objects.filter(rack=rack, begun_at__isnull=False).exclude(pk=sheet.pk).first()
        if begun is not None:
            hint = gettext(
                "%(begun)s of this rack is typed in already: two sheets of one rack, look which was packed"
            ) % {"begun": begun}
            return Judged("DUPLICATE", "PAPER", seen=str(sheet), hint=hint)
        if rack.status not in TYPED:
            hint = gettext("Rack %(rack)s is %(status)s: nothing is typed into it") % {
                "rack": rack.number,
                "status": in_words(rack.status),
            }
            return Judged("NOT_NOW", "PAPER", seen=rack.number, hint=hint, sound="check")
        busy = judging.rack()
        if judging.station.hand_group_id is not None:
            raise Refused("in_hand", gettext("First finish the part in your hand"))
        if busy is not None and busy.pk != rack.pk and busy.status in IN_WORK | {RackStatus.SEALED}:
            raise Refused("rack_in_work", gettext("First finish rack %(busy)s") % {"busy": busy.number})
        other = Station.objects.filter(rack=rack).exclude(pk=station.pk).first()
        if other is not None:
            raise Refused(
                "elsewhere",
                gettext("Station %(other)s works on rack %(rack)s")
                % {"other": other.code, "rack": rack.number},
            )
        packer = sheet.packed_by.badge.pk if sheet.packed_by is not None else 0
        judging.wait(self, str(State(sheet.code, packer)))
        newest = latest_sheet(rack.pk)
        told = (
            gettext("version %(version)s of %(version_2)s: an OLDER one, differences will be told")
            % {"version": sheet.version, "version_2": newest.version}
            if (newest is not None and newest.version > sheet.version)
            else gettext("version %(version)s") % {"version": sheet.version}
        )
        return Judged("OK", "PAPER", seen=rack.number, hint=f"{rack.number}, {told}", sound="wait")

    def ask(self, station: Station, state: str, at: object) -> Ask:
        now = State.read(state)
        sheet = sheet_of(now.sheet)
        if sheet is None:
            return Ask("PAPER", gettext("SCAN BACK"))
        if not now.packer:
            return Ask(
                "PAPER_BADGE",
                gettext("SCAN BADGE OF WHO PACKED"),
                gettext("it is written on %(sheet)s") % {"sheet": sheet},
            )
        if station.rack_id != sheet.rack_id:
            return Ask(
                "PAPER_RACK",
                gettext("SCAN THE RACK"),
                gettext("that holds %(rack)s") % {"rack": sheet.rack.number},
            )
        if now.slot:
            return Ask(
                "PAPER_PART",
                gettext("SLOT %(slot)s: SCAN PART LABEL") % {"slot": now.slot},
                station.pending_unit_part,
            )
        left = _left(sheet)
        if not left:
            return Ask("PAPER", gettext("SCAN SHEET"), gettext("every row is typed in"))
        cards = ((gettext("Row %(row)s") % {"row": left[0]}, f"%W:{sheet.code}:{left[0]}", "slot"),)
        return Ask(
            "PAPER_ROW",
            gettext("SCAN ROW %(left)s") % {"left": left[0]},
            gettext("%(count)s of %(sheet)s left; an empty one is not scanned")
            % {"count": len(left), "sheet": sheet},
            cards,
        )

    def step(self, judging: Judging, state: str) -> Judged:
        now = State.read(state)
        sheet = sheet_of(now.sheet)
        assert sheet is not None
        if not now.packer:
            return self._badge(judging, sheet)
        if judging.station.rack_id != sheet.rack_id:
            return self._carrier(judging, sheet)
        judging.source, judging.packer = SOURCE, sheet.packed_by
        label = judging.label
        code, _, row = label.value.partition(":")
        if label.kind is Kind.PAPER and code.upper() == sheet.code and row.isdecimal():
            if judging.station.pending_unit_part:
                judging.station.pending_unit_part = judging.station.pending_unit_lot = ""
            return self._row(judging, sheet, now, int(row))
        if label.kind is Kind.PAPER and code.upper() == sheet.code:
            return self._end(judging, sheet)
        if label.kind is Kind.GOODS and now.slot:
            return self._piece(judging, sheet, now)
        hint = gettext("Scan the next row of the sheet, the sheet's own code when it ends, or BACK")
        return Judged("NOT_NOW", "PAPER", seen=label.shown, hint=hint, sound="check")

    # --- who, and into which steel -----------------------------------------------------------------------------

    def _badge(self, judging: Judging, sheet: PaperSheet) -> Judged:
        label = judging.label
        known = Badge.objects.select_related("user").filter(code=label.value, user__is_active=True).first()
        if label.kind is not Kind.BADGE or known is None:
            hint = gettext("Scan the badge that is written on the sheet")
            return Judged("NOT_NOW", "PAPER", seen=label.shown, hint=hint, sound="check")
        PaperSheet.objects.filter(pk=sheet.pk).update(
            packed_by=known.user, begun_at=judging.at, station=judging.station
        )
        rack = lock_racks([sheet.rack_id])[sheet.rack_id]
        if rack.status != RackStatus.PLANNED:
            judging.station.rack = rack
        judging.wait(self, str(State(sheet.code, known.pk)))
        record_event(
            f"line:{judging.line_id}", "paper_begun", str(sheet), at=judging.at, by=str(judging.station.operator),
            packed_by=str(known.user), version=sheet.version,
        )  # fmt: skip
        return Judged(
            "OK",
            "PAPER",
            seen=str(known.user),
            hint=gettext("Packed by %(user)s") % {"user": known.user},
            sound="wait",
        )

    def _carrier(self, judging: Judging, sheet: PaperSheet) -> Judged:
        if judging.label.kind is not Kind.CARRIER:
            hint = gettext("Scan the rack that holds %(rack)s") % {"rack": sheet.rack.number}
            return Judged("NOT_NOW", "PAPER", seen=judging.label.shown, hint=hint, sound="check")
        lost = lost_carrier(judging)
        if lost is not None:
            return lost
        carrier = (
            Carrier.objects.select_for_update(no_key=True, of=("self",))
            .select_related("rack_type")
            .filter(code=judging.label.value)
            .first()
        )
        if carrier is None:
            hint = gettext("No rack has this label")
            return Judged("UNKNOWN_LABEL", "PAPER", seen=judging.label.value, hint=hint)
        rack = lock_racks([sheet.rack_id])[sheet.rack_id]
        if rack.status != RackStatus.PLANNED:
            if rack.carrier_id != carrier.pk:
                code = rack.carrier.code if rack.carrier else ""
                hint = gettext("%(rack)s stands on %(code)s") % {"rack": rack.number, "code": code}
                return Judged("WRONG_RACK", "PAPER", expected=code, seen=carrier.code, hint=hint)
            judging.station.rack = rack
            return Judged("OK", "PAPER", seen=carrier.code, hint=gettext("Scan the rows"), rack=rack)
        commodity = judging.station.commodity
        assert commodity is not None
        bound = Rack.objects.filter(carrier=carrier, status__in=sorted(BOUND_RACKS)).first()
        if bound is not None:
            return Judged(
                "WRONG_RACK",
                "PAPER",
                seen=carrier.code,
                hint=gettext("%(carrier)s holds rack %(bound)s")
                % {"carrier": carrier.code, "bound": bound.number},
            )
        return unfit(carrier, commodity) or bind(judging, rack, carrier)

    # --- the rows ----------------------------------------------------------------------------------------------

    def _row(self, judging: Judging, sheet: PaperSheet, now: State, number: int) -> Judged:
        printed = next((row for row in sheet.picture if row["slot"] == number), None)
        if printed is None or printed["group"] is None:
            return Judged(
                "NOT_NOW",
                "PAPER",
                hint=gettext("Nothing was called for slot %(number)s") % {"number": number},
                sound="check",
            )
        known = PaperRow.objects.filter(sheet=sheet, slot=number).first()
        if known is not None:
            return Judged(
                "DUPLICATE",
                "PAPER",
                seen=gettext("slot %(slot)s") % {"slot": number},
                hint=gettext("This row is typed in already"),
            )
        rack = judging.rack()
        assert rack is not None
        slot = rack.slots.select_related("group__call_off", "group__commodity").get(number=number)
        if printed["filled"] or (slot.status == SlotStatus.FILLED and slot.group_id == printed["group"]):
            hint = gettext("Slot %(number)s was packed by scan before") % {"number": number}
            return Judged(
                "DUPLICATE",
                "PAPER",
                seen=gettext("slot %(slot)s") % {"slot": number},
                hint=hint,
                rack=rack,
                slot=slot,
            )
        why = difference(printed, slot)
        if why:
            return self._different(judging, sheet, slot, printed, why)
        group = slot.group
        assert group is not None
        judging.slot_asked = slot
        if any(part["label"] for part in printed["parts"]):
            judging.wait(self, str(State(sheet.code, now.packer, number)))
            hint = gettext("Now the part's label")
            return Judged(
                "OK",
                "PAPER",
                seen=gettext("slot %(slot)s") % {"slot": number},
                hint=hint,
                sound="wait",
                rack=rack,
                slot=slot,
            )
        judged = Judged(
            "NOT_NOW",
            "PAPER",
            hint=gettext("Nothing is wanted for this slot"),
            sound="check",
            rack=rack,
            slot=slot,
        )
        while needs := judging.needs(group):
            judged = take_unit(
                judging, rack, slot, group, needs, rules.PartJudgement("OK", needs[0]), placed=True
            )
            if not judged.accepted:
                return judged
        return self._packed(judging, sheet, slot, judged)

    def _piece(self, judging: Judging, sheet: PaperSheet, now: State) -> Judged:
        """The label of a traced part. One that does not fit is told; the piece stands in the rack, nobody is locked."""
        rack = judging.rack()
        assert rack is not None
        slot = rack.slots.select_related("group__call_off", "group__commodity").get(number=now.slot)
        printed = next(row for row in sheet.picture if row["slot"] == now.slot)
        why = difference(printed, slot)
        if why:
            return self._different(judging, sheet, slot, printed, why)
        group = slot.group
        assert group is not None
        judging.slot_asked = slot
        held = quality_hold(judging)
        if held is not None:
            return self._different(judging, sheet, slot, printed, held.hint, code="ON_HOLD")
        other = other_vehicle(judging, group)
        if other is not None:
            why = gettext("its label is of %(sequence)s") % {"sequence": other[0].call_off.sequence_number}
            return self._different(judging, sheet, slot, printed, why, code="OUT_OF_SEQUENCE")
        station, needs = judging.station, judging.needs(group)
        judgement = rules.judge_part(judging.label, needs, station.pending_unit_part)
        if judgement.code == "OK" and station.pending_unit_part and is_a_part(judging):
            judgement = rules.PartJudgement("WRONG_PART")
        if judgement.need is None or judgement.code == "WRONG_PART":
            why = gettext("its label says %(label)s") % {"label": judging.label.shown}
            return self._different(judging, sheet, slot, printed, why, code="WRONG_PART")
        if judgement.code in {"NEED_SERIAL", "NEED_LOT"}:
            station.pending_unit_part = judgement.need.number
            station.pending_unit_lot = GS.join((judgement.lot or "", judgement.supplier or ""))
            hint = gettext("Now its serial") if judgement.code == "NEED_SERIAL" else gettext("Now its lot")
            return Judged(
                judgement.code, "PAPER", seen=judgement.need.number, hint=hint, sound="wait", rack=rack,
                slot=slot, group=group,
            )  # fmt: skip
        judged = take_unit(judging, rack, slot, group, needs, judgement, placed=True)
        judged.step = "PAPER"
        if not judged.accepted:
            return self._different(judging, sheet, slot, printed, judged.hint, code=judged.code)
        if judging.needs(group):
            return judged
        return self._packed(judging, sheet, slot, judged)

    def _packed(self, judging: Judging, sheet: PaperSheet, slot: Slot, judged: Judged) -> Judged:
        self._note(judging, sheet, slot.number, PaperRow.Outcome.PACKED)
        judged.step = "PAPER"
        return self._next(judging, sheet, judged)

    def _different(
        self,
        judging: Judging,
        sheet: PaperSheet,
        slot: Slot,
        printed: Row,
        why: str,
        code: str = "OUT_OF_DATE_CALL",
    ) -> Judged:
        """What stands in the slot is not what is wanted there: told, a task, and the slot stays open."""
        told = gettext("slot %(slot)s of %(sheet)s: %(sequence)s %(parts)s was packed, but %(why)s") % {
            "slot": slot.number,
            "sheet": sheet,
            "sequence": printed["sequence"],
            "parts": _parts(printed),
            "why": why,
        }
        self._note(judging, sheet, slot.number, PaperRow.Outcome.DIFFERENT, why)
        self._tell(judging, sheet, slot, told)
        station = judging.station
        station.pending_unit_part = station.pending_unit_lot = ""
        judging.empty_hand()
        judged = Judged(
            code,
            "PAPER",
            expected=f"{printed['sequence']} {_parts(printed)}",
            seen=why,
            hint=gettext("Slot %(slot)s: %(why)s. Take the piece out; a task says so")
            % {"slot": slot.number, "why": why},
            rack=judging.locked_rack,
            slot=slot,
            group=slot.group,
        )
        return self._next(judging, sheet, judged)

    def _note(
        self, judging: Judging, sheet: PaperSheet, number: int, outcome: PaperRow.Outcome, why: str = ""
    ) -> None:
        PaperRow.objects.create(
            sheet=sheet, slot=number, outcome=outcome, told=why[:200], typed_by=judging.station.operator,
            typed_at=judging.at,
        )  # fmt: skip

    def _tell(self, judging: Judging, sheet: PaperSheet, slot: Slot, text: str) -> None:
        commodity = judging.station.commodity
        assert commodity is not None
        group = slot.group
        due = group.call_off.required_at if group is not None else None
        open_task(
            commodity.program.line, TASK, f"{sheet} slot {slot.number}", text, at=judging.at,
            due_at=due or judging.at + DECIDE_WITHIN, group=group,
        )  # fmt: skip

    def _next(self, judging: Judging, sheet: PaperSheet, judged: Judged) -> Judged:
        """On to the next row; with the last one the sheet is done."""
        judging.wait(self, str(State(sheet.code, State.read(judging.station.mode.partition(":")[2]).packer)))
        return judged if _left(sheet) else self._end(judging, sheet, judged)

    def _end(self, judging: Judging, sheet: PaperSheet, judged: Judged | None = None) -> Judged:
        """The sheet ends: rows that were not scanned stay open, calls that came after the printing are told."""
        rack = judging.rack()
        assert rack is not None
        printed = {row["slot"]: row for row in sheet.picture}
        for slot in rack.slots.select_related("group__call_off").filter(group__isnull=False):
            if (printed.get(slot.number) or {"group": None})["group"] is None:
                assert slot.group is not None
                wanted = slot.group.call_off.sequence_number
                told = gettext("slot %(slot)s of %(sheet)s: nothing was printed, now it wants %(wanted)s") % {
                    "slot": slot.number,
                    "sheet": sheet,
                    "wanted": wanted,
                }
                self._tell(judging, sheet, slot, told)
        PaperSheet.objects.filter(pk=sheet.pk).update(done_at=judging.at)
        judging.leave()
        left, rows = len(_left(sheet)), PaperRow.objects.filter(sheet=sheet)
        different = rows.filter(outcome=PaperRow.Outcome.DIFFERENT).count()
        record_event(
            f"line:{judging.line_id}", "paper_done", str(sheet), at=judging.at, by=str(judging.station.operator),
            packed_by=str(sheet.packed_by), packed=rows.count() - different, different=different, left=left,
        )  # fmt: skip
        said = gettext(
            "Sheet done: %(packed)s packed, %(different)s tasks, %(left)s left open; go on by scan"
        ) % {"packed": rows.count() - different, "different": different, "left": left}
        if judged is not None:
            judged.hint = f"{judged.hint}. {said}"
            return judged
        return Judged("OK", "PAPER", seen=str(sheet), hint=said, rack=rack)


def difference(printed: Row, slot: Slot) -> str:
    """Why a printed row is not what its slot wants now, in words; empty when it is."""
    now = row_of(slot)
    if now["group"] is None:
        return gettext("the slot waits for no call now")
    if now["group"] != printed["group"]:
        return gettext("the slot waits for %(call)s now") % {"call": f"{now['sequence']} {_parts(now)}"}
    if now["parts"] != printed["parts"]:
        return gettext("the call was changed to %(parts)s") % {"parts": _parts(now)}
    if now["sequence"] != printed["sequence"]:
        return gettext("the call is %(what)s now") % {"what": now["sequence"]}
    group = slot.group
    assert group is not None
    if not now["open"]:
        return gettext("the call is held or withdrawn now")
    if group.status not in {GroupStatus.RELEASED, GroupStatus.IN_WORK, GroupStatus.VERIFIED}:
        return gettext("the call is %(what)s now") % {"what": in_words(group.status)}
    if not workable_slots(slot.rack_id).filter(pk=slot.pk).exists():
        return gettext("the slot is %(what)s now") % {"what": in_words(slot.status)}
    return ""


def _parts(row: Row) -> str:
    return " + ".join(f"{part['number']} {part['colour']}".strip() for part in row["parts"])


def _left(sheet: PaperSheet) -> list[int]:
    """Rows that are neither typed in nor were packed before."""
    known = set(PaperRow.objects.filter(sheet=sheet).values_list("slot", flat=True))
    wanted = [row["slot"] for row in sheet.picture if row["group"] is not None and not row["filled"]]
    return [number for number in wanted if number not in known]
