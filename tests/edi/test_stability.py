"""When a dropped file is finished: one row a case."""

from __future__ import annotations

import pytest

from edi.stability import Limits, Sighting, State, Watch, judge

# What was seen of a file in, whether it is finished out.
pytestmark = pytest.mark.engine_free

LIMITS = Limits(stable_seconds=3, stuck_seconds=300, max_bytes=1000)
FILE = Sighting("a.edi", regular=True, links=1, inode=1, size=100, mtime_ns=10, ctime_ns=10)


def change(**facts: object) -> Sighting:
    return Sighting(**{**{name: getattr(FILE, name) for name in FILE.__slots__}, **facts})  # type: ignore[arg-type]


CASES = [
    # what, file, unchanged for, by rename, trailer, state, code
    ("arrived whole", FILE, 0, True, True, State.READY, ""),
    ("arrived without trailer", FILE, 0, True, False, State.WAIT, ""),
    ("written in place", FILE, 0, False, True, State.WAIT, ""),
    ("renamed after the last write", change(ctime_ns=11), 0, False, True, State.READY, ""),
    ("written in place, still", FILE, 3, False, True, State.READY, ""),
    ("still, without trailer", FILE, 3, False, False, State.WAIT, ""),
    ("never finished", FILE, 300, False, False, State.STUCK, "no_trailer"),
    ("no format, fresh", FILE, 3, False, None, State.WAIT, ""),
    ("no format, for long", FILE, 300, False, None, State.READY, "unknown_format"),
    ("empty", change(size=0), 3, True, False, State.WAIT, ""),
    ("empty for long", change(size=0), 300, True, False, State.STUCK, "no_trailer"),
    ("hidden", change(name=".a.edi"), 300, True, True, State.IGNORE, ""),
    ("being written", change(name="a.edi.filepart"), 300, True, True, State.IGNORE, ""),
    ("being written, shouting", change(name="A.EDI.TMP"), 300, True, True, State.IGNORE, ""),
    ("no file", change(regular=False), 0, True, True, State.REFUSE, "not_a_file"),
    ("too large", change(size=1001), 0, False, False, State.REFUSE, "too_large"),
    ("linked, fresh", change(links=2), 0, True, True, State.WAIT, ""),
    ("linked, still", change(links=2), 3, True, True, State.REFUSE, "several_links"),
    ("bad name, fresh", change(name="a\nb"), 0, True, True, State.WAIT, ""),
    ("bad name, still", change(name="a\nb"), 3, True, True, State.REFUSE, "bad_name"),
    ("name too long", change(name="a" * 130), 3, True, True, State.REFUSE, "bad_name"),
]


@pytest.mark.parametrize(
    ("seen", "unchanged", "moved_in", "trailer", "state", "code"),
    [row[1:] for row in CASES],
    ids=[str(row[0]) for row in CASES],
)
def test_judge(
    seen: Sighting, unchanged: float, moved_in: bool, trailer: bool | None, state: State, code: str
) -> None:
    verdict = judge(seen, unchanged=unchanged, moved_in=moved_in, trailer=lambda: trailer, limits=LIMITS)
    assert (verdict.state, verdict.code) == (state, code)


def test_the_trailer_is_not_looked_for_while_the_file_changes() -> None:
    def opened() -> bool:
        raise AssertionError("the file was opened")

    assert judge(FILE, unchanged=1, moved_in=False, trailer=opened, limits=LIMITS).state is State.WAIT


def test_watch_counts_from_the_last_change() -> None:
    watch = Watch()
    now_wall = 10 / 1e9
    assert watch.unchanged(FILE, now=100, wall=now_wall) == 0
    assert watch.unchanged(FILE, now=102, wall=now_wall) == 2
    assert watch.unchanged(change(size=101), now=103, wall=now_wall) == 0


def test_watch_believes_an_old_change_time_at_first_sight() -> None:
    assert Watch().unchanged(FILE, now=100, wall=50 + 10 / 1e9) == pytest.approx(50)


def test_watch_is_not_fooled_by_a_clock_that_is_ahead() -> None:
    watch = Watch()
    ahead = change(ctime_ns=10**12)
    watch.unchanged(ahead, now=100, wall=0)
    assert watch.unchanged(ahead, now=104, wall=4) == 4


def test_watch_forgets_what_is_gone() -> None:
    watch = Watch()
    watch.unchanged(FILE, now=100, wall=0)
    watch.forget_others([])
    assert watch.unchanged(FILE, now=200, wall=0) == 0
