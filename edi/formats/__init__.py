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
    Receipt,
    Release,
    ReleaseLine,
    as_json,
)
from .inspection import Count, Inspection, count
from .profile import (
    Address,
    AsnRule,
    CallRule,
    ControlRule,
    Fields,
    FileRule,
    LayoutFile,
    Profile,
    ProfileError,
    ReleaseRule,
    SequenceRule,
)
from .profile_check import ProfileCheck, check_profile, differ
from .profile_draft import draft_profile
from .profile_loader import load_profile
from .reader import envelope_tags, is_complete, read, read_stream, segments, sniff
from .tokens import RawSegment
from .usage import Drift, Usage, drift, measure, merge
from .usage import as_lines as usage_lines
from .usage import from_json as usage_from_json
from .write_aperak import write_aperak
from .write_calls import write_866, write_deljit
from .write_despatch import write_despatch
from .write_verdicts import write_acknowledgement
from .write_x12_verdicts import write_824, write_997, write_999, write_ta1

__all__ = [
    "Acknowledged",
    "Address",
    "AsnRule",
    "CallOffEvent",
    "CallRule",
    "Component",
    "ControlRule",
    "Count",
    "Despatch",
    "DespatchLine",
    "DespatchPackage",
    "Drift",
    "Fields",
    "FileRule",
    "Inspection",
    "Interchange",
    "InterchangeEnd",
    "InterchangeStart",
    "LayoutFile",
    "Message",
    "Problem",
    "Profile",
    "ProfileCheck",
    "ProfileError",
    "RawSegment",
    "Reading",
    "Receipt",
    "Release",
    "ReleaseLine",
    "ReleaseRule",
    "SequenceRule",
    "Usage",
    "as_json",
    "check_profile",
    "count",
    "differ",
    "draft_profile",
    "drift",
    "envelope_tags",
    "is_complete",
    "load_profile",
    "measure",
    "merge",
    "read",
    "read_stream",
    "segments",
    "sniff",
    "usage_from_json",
    "usage_lines",
    "write_824",
    "write_866",
    "write_997",
    "write_999",
    "write_acknowledgement",
    "write_aperak",
    "write_deljit",
    "write_despatch",
    "write_ta1",
]
