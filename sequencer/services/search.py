"""Where a part that is not in its bin may be found: loose pieces first, then racks of calls that are due later."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from sequencer.models import ComponentGroup, Unit
from sequencer.services.held import open_holds, pieces_of
from sequencer.services.racks import place_of
from sequencer.states import RackStatus, UnitStatus

OPEN_RACKS = [RackStatus.LOADING, RackStatus.FULL, RackStatus.REOPENED]


@dataclass(frozen=True, slots=True)
class Found:
    """A piece that would do, where it is, and the sequence it would be missing for; empty: nobody's."""

    unit: Unit
    place: str
    sequence: str = ""

    def __str__(self) -> str:
        named = {"serial": self.unit.serial, "part": self.unit.part.number, "place": self.place}
        return (_("serial %(serial)s %(place)s") if self.unit.serial else _("a %(part)s %(place)s")) % named


def find_pieces(group: ComponentGroup, part_id: int, *, limit: int = 3) -> list[Found]:
    """Pieces of a part that are not held: the buffer first, then open racks, the call that is due last first."""
    pieces = Unit.objects.select_related("part").filter(part=part_id)
    for hold in open_holds():
        if hold.group_id is None:
            pieces = pieces.exclude(pieces_of(hold))
    loose = list(pieces.filter(status=UnitStatus.BUFFER).order_by("pk")[:limit])
    found = [Found(unit, place_of(unit)) for unit in loose]
    if len(found) < limit:
        racks = pieces.filter(
            status=UnitStatus.PACKED,
            group__slot__rack__status__in=OPEN_RACKS,
            group__on_hold=False,
            group__call_off__required_at__gt=group.call_off.required_at,
        ).exclude(group=group)
        rows = racks.select_related("group__call_off", "group__slot__rack")
        for unit in rows.order_by("-group__call_off__required_at", "-pk")[: limit - len(found)]:
            assert unit.group is not None  # packed, by constraint
            slot, sequence = unit.group.slot, unit.group.call_off.sequence_number
            found.append(
                Found(
                    unit,
                    _("stands in %(rack)s slot %(slot)s for %(sequence)s")
                    % {"rack": slot.rack.number, "slot": slot.number, "sequence": sequence},
                    sequence,
                )
            )
    return found
