"""The canonical JSON of a file, written piece by piece so that a file of any size can be inspected."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .canonical import InterchangeEnd, InterchangeStart, Json, Message, Problem, as_json
from .profile import Profile
from .reader import read_stream
from .tokens import HEAD_BYTES, sniff


@dataclass(slots=True)
class Count:
    """How much a file holds; `accepted` as in the canonical reading."""

    segments: int = 0
    messages: int = 0
    call_offs: int = 0
    accepted: bool = True


def count(source: BinaryIO, profile: Profile | None = None) -> Count:
    """Read a file of any size to canonical messages and keep nothing but the numbers."""
    found = Count()
    for part in read_stream(source, profile):
        if isinstance(part, Message):
            found.messages += 1
            found.call_offs += len(part.call_offs)
        elif isinstance(part, InterchangeEnd):
            found.segments = part.segment_last
        found.accepted = found.accepted and not _refuses(part)
    return found


def _refuses(part: InterchangeStart | Message | InterchangeEnd | Problem) -> bool:
    problems = (part,) if isinstance(part, Problem) else getattr(part, "problems", ())
    return any(problem.severity == "reject" for problem in problems)


class Inspection:
    """Reads a seekable file and gives out its canonical JSON; afterwards `accepted` tells the verdict."""

    def __init__(self, source: BinaryIO, profile: Profile | None = None) -> None:
        self.source = source
        self.profile = profile
        self.accepted = True

    def pieces(self) -> Iterator[str]:
        """Give out one JSON object with exactly the keys of the canonical reading."""
        digest = self._digest()
        parts = read_stream(self.source, self.profile)
        problems: list[Json] = []
        first = next(parts, None)
        start = first if isinstance(first, InterchangeStart) else None
        yield f'{{"format": {json.dumps(start.format if start else self._format())}'
        yield f', "encoding": {json.dumps(start.encoding if start else None)}, "sha256": "{digest}"'
        yield ', "interchanges": ['
        between = ""
        part = first
        while part is not None:
            self.accepted = self.accepted and not _refuses(part)
            if isinstance(part, Problem):
                problems.append(as_json(part))
            elif isinstance(part, InterchangeStart):
                yield f"{between}{_opening(part)}"
                between = ""
            elif isinstance(part, Message):
                yield f"{between}{json.dumps(as_json(part))}"
                between = ", "
            else:
                yield _closing(part)
                between = ", "
            part = next(parts, None)
        yield f'], "problems": {json.dumps(problems)}}}\n'

    def _digest(self) -> str:
        digest = hashlib.sha256()
        while data := self.source.read(1 << 20):
            digest.update(data)
        self.source.seek(0)
        return digest.hexdigest()

    def _format(self) -> str | None:
        self.source.seek(0)
        return sniff(self.source.read(HEAD_BYTES))


def _opening(start: InterchangeStart) -> str:
    head = {
        "sender": start.sender,
        "recipient": start.recipient,
        "control_ref": start.control_ref,
        "prepared_at": start.prepared_at,
        "test": start.test,
    }
    return json.dumps(head)[:-1] + ', "messages": ['


def _closing(end: InterchangeEnd) -> str:
    tail = {"group_ref": end.group_ref, "problems": [as_json(problem) for problem in end.problems]}
    return "], " + json.dumps(tail)[1:]
