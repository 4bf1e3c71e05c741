"""Whether the records of a VDA transmission stand in the order their layout gives."""

from dataclasses import dataclass, field
from typing import NamedTuple

from .vda_layout import VdaLayout, VdaRecord


class Fault(NamedTuple):
    """A record that is missing or stands wrong: problem code, number of the record it is told at, its type."""

    code: str
    number: int
    type: str
    text: str


@dataclass(slots=True)
class _Frame:
    record: VdaRecord
    number: int
    place: int = -1
    seen: set[str] = field(default_factory=set)


class Order:
    """Follows the records of one transmission; a record that stands wrong is told and its place taken as it is."""

    def __init__(self, layout: VdaLayout, number: int) -> None:
        self.layout = layout
        self.path = [_Frame(layout.records[layout.opens], number)]

    def take(self, record: VdaRecord, number: int) -> list[Fault]:
        """Enter one record; returns what is wrong with its place and what the records it closes are missing."""
        faults: list[Fault] = []
        depth = next((at for at, frame in enumerate(self.path) if frame.record.type == record.under), None)
        if depth is None:
            above = self.layout.records[record.under]
            text = f"a {record.type} ({record.name}) belongs under a {above.type} ({above.name}); there is none here"
            return [Fault("record_order", number, record.type, text)]
        faults += self.close(depth + 1)
        frame = self.path[-1]
        if record.place < frame.place and not frame.record.any_order:
            behind = next(item.type for item in self.layout.records.values() if item.place == frame.place)
            text = f"a {record.type} ({record.name}) stands behind a {behind}; it belongs before it"
            faults.append(Fault("record_order", number, record.type, text))
        if record.type in frame.seen and record.occurs in ("1", "?"):
            text = f"a second {record.type} ({record.name}) stands under one {frame.record.type}"
            faults.append(Fault("record_order", number, record.type, text))
        frame.place = max(frame.place, record.place)
        frame.seen.add(record.type)
        self.path.append(_Frame(record, number))
        return faults

    def inside(self, kind: str) -> bool:
        """Tell whether the record entered last stands under (or is) a record of this type."""
        return any(frame.record.type == kind for frame in self.path)

    def close(self, depth: int) -> list[Fault]:
        """Leave the records below `depth` of the path; returns what they are missing."""
        faults: list[Fault] = []
        while len(self.path) > depth:
            frame = self.path.pop()
            for wanted in self.layout.below(frame.record.type):
                if wanted.occurs in ("1", "+") and wanted.type not in frame.seen:
                    text = f"{frame.record.type} has no {wanted.type} ({wanted.name}) under it"
                    faults.append(Fault("missing_record", frame.number, frame.record.type, text))
        return faults
