"""What one scan is judged with: the station, its rack under lock, the slot asked for, the overrides it used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User

from sequencer import rules
from sequencer.labels import Label
from sequencer.models import ComponentGroup, Override, Rack, Slot, Station
from sequencer.services.journal import record_event
from sequencer.services.overrides import in_force
from sequencer.services.racks import lock_rack_seen
from sequencer.services.scans.flow import Flow, Gate
from sequencer.services.scans.slots import Wanted, current_slot, wanted_of
from sequencer.services.scans.standing import Standing
from sequencer.states import OverrideWhat


@dataclass(slots=True)
class Judging:
    """One scan against what stands at the station: what every step may look at, and may ask for."""

    station: Station
    label: Label
    at: datetime
    shown: int | None = None
    flows: Mapping[str, Flow] = field(default_factory=dict)
    gates: Sequence[Gate] = ()
    raw: str = ""
    # The server's own time; what a scanner's clock says opens no door.
    now: datetime | None = None
    # Read once a scan, under the rack's lock.
    locked_rack: Rack | None = None
    slot_asked: Slot | None = None
    # Kept by a browser that was cut off: what ran then counts, though it has ended since.
    kept: bool = False
    # Where the scan is from, if not from a scanner now, and who packed what a sheet says.
    source: str = ""
    packer: User | None = None
    # What the asked slot's call wants; read with its label pattern.
    read: tuple[Slot, Wanted] | None = None
    standing: Standing = field(default_factory=Standing)
    # What let a check of this scan pass; counted when the scan is stored.
    overrides: list[Override] = field(default_factory=list)

    @property
    def line_id(self) -> int:
        commodity = self.station.commodity
        assert commodity is not None  # a packing station has one by constraint
        return commodity.program.line_id

    def rack(self) -> Rack | None:
        """The rack at the station, under its lock."""
        if self.station.rack_id is None:
            return None
        if self.locked_rack is None or self.locked_rack.pk != self.station.rack_id:
            seen = self.station.rack
            assert seen is not None
            self.locked_rack = lock_rack_seen(seen, self.station.commodity)
        return self.locked_rack

    def current(self, rack: Rack) -> Slot | None:
        """The slot whose part was asked for when the scan was made; nothing of this scan has moved it yet."""
        if self.slot_asked is None or self.slot_asked.rack_id != rack.pk:
            self.slot_asked = current_slot(rack.pk)
        return self.slot_asked

    def needs(self, group: ComponentGroup) -> list[rules.Need]:
        """What the group still wants, its numbers read in the words of the station's customer."""
        return self.wanted(group).needs

    def wanted(self, group: ComponentGroup) -> Wanted:
        """What the group wants; asked once for the slot asked for, and anew when that is looked for anew."""
        commodity = self.station.commodity
        assert commodity is not None  # a packing station has one by constraint
        slot = self.slot_asked
        mine = slot is not None and slot.group_id == group.pk
        if mine and self.read is not None and self.read[0] is slot:
            return self.read[1]
        wanted = wanted_of(group.pk, commodity.program.line.plant.customer_id)
        self.read = (slot, wanted) if mine and slot is not None else None
        return wanted

    def lets_pass(self, what: OverrideWhat, group: ComponentGroup | None = None) -> Override | None:
        """The override under which this check passes here and now; it counts with the scan. Asked only in need."""
        if not self.standing.overridden:
            return None
        group_id = group.pk if group else None
        found = in_force(self.station, what, at=self.at, group_id=group_id, kept=self.kept)
        if found is not None:
            self.overrides.append(found)
        return found

    def lock(self, code: str, need: str, got: str) -> None:
        station = self.station
        station.lock_code, station.lock_need, station.lock_got = code, need[:120], got[:120]
        station.locked_at = self.at
        station.pending_unit_part = ""
        record_event(f"line:{self.line_id}", "station_locked", station.code, at=self.at, need=need, got=got)

    def unlock(self) -> None:
        station = self.station
        station.lock_code = station.lock_need = station.lock_got = station.mode = ""
        station.locked_at = None
        record_event(f"line:{self.line_id}", "station_unlocked", station.code, at=self.at)

    def empty_hand(self) -> None:
        station = self.station
        station.hand_group = None
        station.hand_revision, station.hand_what, station.hand_bin = 0, "", ""

    def wait(self, flow: Flow, state: str = "") -> None:
        """The flow goes on with the next scan; what `state` means is the flow's own."""
        self.station.mode = f"{flow.command}:{state}"

    def leave(self) -> None:
        self.station.mode = ""

    def want_supervisor(self, flow: Flow, state: str = "") -> None:
        """The next two scans are a supervisor's badge and PIN; then `flow.authorised(..., state)` is called."""
        self.station.mode = f"SUPERVISOR:{flow.command}:{state}"
