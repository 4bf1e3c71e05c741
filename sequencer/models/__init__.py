"""The core's facts: master data, calls, racks, shipments, the shop floor and the journal."""

from sequencer.models.calls import CallComponent, CallOff, ComponentGroup, SequenceGap, StreamHold
from sequencer.models.floor import Badge, ScanEvent, Station
from sequencer.models.journal import Heartbeat, PlantEvent, Task
from sequencer.models.logins import LoginTries
from sequencer.models.plant import (
    Carrier,
    Commodity,
    Line,
    OemPlant,
    RackType,
    SequenceStream,
    SequencingProgram,
    UnloadingPoint,
)
from sequencer.models.racks import Rack, Slot, Unit
from sequencer.models.shipping import Shipment

__all__ = [
    "Badge",
    "CallComponent",
    "CallOff",
    "Carrier",
    "Commodity",
    "ComponentGroup",
    "Heartbeat",
    "Line",
    "LoginTries",
    "OemPlant",
    "PlantEvent",
    "Rack",
    "RackType",
    "ScanEvent",
    "SequenceGap",
    "SequenceStream",
    "SequencingProgram",
    "Shipment",
    "Slot",
    "Station",
    "StreamHold",
    "Task",
    "Unit",
    "UnloadingPoint",
]
