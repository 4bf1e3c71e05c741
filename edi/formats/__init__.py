"""EDI files in and out: bytes to frozen dataclasses and back. Pure: no Django, no clock."""

from .canonical import (
    Acknowledged,
    CallOffEvent,
    Component,
    Despatch,
    DespatchLine,
    DespatchPackage,
    Interchange,
    InterchangeEnd,
    InterchangeStart,
    Message,
    Problem,
    Reading,
    Release,
    ReleaseLine,
    as_json,
)
from .inspection import Inspection
from .profile import Address, AsnRule, Fields, Profile, ProfileError, SequenceRule, load_profile
from .reader import read, read_stream, segments
from .tokens import RawSegment, is_complete, sniff
from .write_calls import write_866, write_deljit
from .write_despatch import write_despatch
from .write_verdicts import write_acknowledgement

__all__ = [
    "Acknowledged",
    "Address",
    "AsnRule",
    "CallOffEvent",
    "Component",
    "Despatch",
    "DespatchLine",
    "DespatchPackage",
    "Fields",
    "Inspection",
    "Interchange",
    "InterchangeEnd",
    "InterchangeStart",
    "Message",
    "Problem",
    "Profile",
    "ProfileError",
    "RawSegment",
    "Reading",
    "Release",
    "ReleaseLine",
    "SequenceRule",
    "as_json",
    "is_complete",
    "load_profile",
    "read",
    "read_stream",
    "segments",
    "sniff",
    "write_866",
    "write_acknowledgement",
    "write_deljit",
    "write_despatch",
]
