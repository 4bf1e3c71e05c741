"""What a label printer says of itself when it is asked with ~HS."""

from __future__ import annotations

import re
from dataclasses import dataclass

QUESTION = b"~HS"
STRING = re.compile(rb"\x02([^\x03]*)\x03")
# aaa,b,c,dddd,eee,f,g,h,iii,j,k,l / mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www / xxxx,y
STRINGS, FIRST, SECOND = 3, 12, 11


@dataclass(frozen=True, slots=True)
class HostStatus:
    """`formats` wait in the buffer, `remaining` labels of the running batch are not out yet."""

    paper_out: bool = False
    paused: bool = False
    formats: int = 0
    buffer_full: bool = False
    head_open: bool = False
    ribbon_out: bool = False
    waiting: bool = False
    remaining: int = 0

    @property
    def state(self) -> str:
        """One word, the one a person must mend first."""
        faults = (
            (self.head_open, "HEAD_OPEN"),
            (self.paper_out, "PAPER_OUT"),
            (self.ribbon_out, "RIBBON_OUT"),
            (self.paused, "PAUSED"),
            (self.buffer_full, "BUSY"),
        )
        return next((word for true, word in faults if true), "READY")

    @property
    def done(self) -> bool:
        """Everything handed over is on paper and taken off."""
        return self.state == "READY" and not (self.formats or self.remaining or self.waiting)


def is_whole(answer: bytes) -> bool:
    return len(STRING.findall(answer)) >= STRINGS


def read(answer: bytes) -> HostStatus:
    """The three strings of a host status. ValueError for anything else."""
    strings = [found.decode("ascii", "replace").split(",") for found in STRING.findall(answer)]
    if len(strings) < STRINGS or len(strings[0]) < FIRST or len(strings[1]) < SECOND:
        raise ValueError(f"no host status: {answer[:80]!r}")
    one, two = strings[0], strings[1]
    try:
        return HostStatus(
            paper_out=bool(int(one[1])),
            paused=bool(int(one[2])),
            formats=int(one[4]),
            buffer_full=bool(int(one[5])),
            head_open=bool(int(two[2])),
            ribbon_out=bool(int(two[3])),
            waiting=bool(int(two[7])),
            remaining=int(two[8]),
        )
    except ValueError as error:
        raise ValueError(f"no host status: {answer[:80]!r}") from error
