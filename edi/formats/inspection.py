"""The canonical JSON of a file, written piece by piece so that a file of any size can be inspected."""

import hashlib
import json
from collections.abc import Iterator
from typing import BinaryIO

from .canonical import InterchangeEnd, InterchangeStart, Json, Message, Problem, as_json
from .profile import Profile
from .reader import read_stream
from .tokens import HEAD_BYTES, sniff


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
            self._judge(part)
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

    def _judge(self, part: InterchangeStart | Message | InterchangeEnd | Problem) -> None:
        found = (part,) if isinstance(part, Problem) else getattr(part, "problems", ())
        self.accepted = self.accepted and not any(problem.severity == "reject" for problem in found)


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
