"""Workers die, at every failpoint and at any moment; what came in and what goes out is the same in the end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edi import failpoints
from sequencer.env import EnvError
from tests.bounds import SOAK
from tests.crash.conftest import ROOT, Mortal
from tests.edi.files import Call, deljit
from tests.edi.schedules import DOCKS, WRITERS

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800 if SOAK else 240)]


class Traffic:
    """Counts what the OEM sent, so that the plant is held against that and not against itself."""

    def __init__(self, mortal: Mortal) -> None:
        self.mortal = mortal
        self.calls = 0
        self.files = 0
        self.repeats = 0
        self.releases = dict.fromkeys(WRITERS, 0)

    def drop(self, files: int, events: int) -> None:
        for _ in range(files):
            calls = [Call(self.calls + n) for n in range(1, events + 1)]
            self.calls += events
            self.files += 1
            self.mortal.drop(f"f{self.files}.edi", deljit(calls, self.files))
            self.last = calls

    def repeat(self) -> None:
        self.repeats += 1
        self.mortal.drop(f"repeat{self.repeats}.edi", deljit(self.last, self.files))

    def release(self, kind: str) -> None:
        """The next schedule of that kind; each is of a place of its own and replaces the one before it there."""
        self.releases[kind] += 1
        self.files += 1
        self.mortal.drop(f"f{self.files}.txt", self._schedule(kind))

    def release_again(self, kind: str) -> None:
        self.repeats += 1
        self.mortal.drop(f"repeat{self.repeats}.txt", self._schedule(kind))

    def _schedule(self, kind: str) -> bytes:
        number = self.releases[kind]
        return WRITERS[kind](number, wanted(number))

    def demand(self) -> list[list[Any]]:
        """Every release that was sent, of each place the last one current."""
        return sorted(
            [DOCKS[kind], number, number == last, wanted(number), "2026-11-30"]
            for kind, last in self.releases.items()
            for number in range(1, last + 1)
        )

    def check(self, books: dict[str, Any]) -> None:
        """Every call once and unchanged, every release once, every file archived, every interchange answered once."""
        assert books["calls"] == [[f"V{n:04d}", 1] for n in range(1, self.calls + 1)]
        assert books["demand"] == self.demand()
        assert books["events"] == {"APPLIED": self.calls + sum(self.releases.values())}
        repeats = {"DUPLICATE": self.repeats} if self.repeats else {}
        assert books["deliveries"] == {"PARSED": self.files, **repeats}
        assert books["files"]["archived"] == self.files + self.repeats
        assert books["out"] == books["sent"]
        assert books["faults"] == []


def wanted(number: int) -> int:
    """The pieces a release wants: each another quantity, so that none passes for its neighbour."""
    return 100 + number


# A file whose reader died five times is parked for a person. On a slow machine a worker may not come to the end of one
# in the time it is given, so after each four kills one comes through.
KILLS = 4

# How often a run over two files of two events, or the answers to them, comes by.
COUNTS = {
    "after_list": 1, "after_claim": 2, "after_read": 2, "after_insert_raw": 2, "before_commit": 8,
    "after_commit": 8, "before_archive": 2, "after_archive": 2, "out_tmp": 2, "out_fsync": 2, "out_rename": 2,
    "before_mark": 2,
}  # fmt: skip


def counts(most: int) -> list[int]:
    """The first time a failpoint comes by, one in the middle and the last; in a soak each."""
    return list(range(1, most + 1)) if SOAK else sorted({1, (most + 1) // 2, most})


def test_every_failpoint_ends_in_the_same_state(mortal: Mortal) -> None:
    traffic = Traffic(mortal)
    for name in failpoints.NAMES:
        for count in counts(COUNTS[name]):
            traffic.drop(2, 2)
            assert mortal.order("work", f"{name}:{count}") == 137, f"{name}:{count} was not reached"
            traffic.check(mortal.work_until_quiet())


# The same for a schedule of each kind and a file of one call: five files, five interchanges, five events.
SCHEDULE_COUNTS = {
    "after_claim": 5, "after_insert_raw": 5, "before_commit": 15, "after_commit": 15, "before_archive": 5,
    "after_archive": 5,
}  # fmt: skip


def test_schedules_beside_call_offs_at_every_failpoint(mortal: Mortal) -> None:
    traffic = Traffic(mortal)
    for name, most in SCHEDULE_COUNTS.items():
        for count in counts(most):
            traffic.drop(1, 1)
            for kind in WRITERS:
                traffic.release(kind)
            assert mortal.order("work", f"{name}:{count}") == 137, f"{name}:{count} was not reached"
            traffic.check(mortal.work_until_quiet())


def test_kill_9_with_schedules_in_the_stream(mortal: Mortal) -> None:
    """Releases of four syntaxes between the call-offs, some sent twice, and a worker killed at any moment."""
    traffic, chance = Traffic(mortal), random.Random(17)
    for round_ in range(800 if SOAK else 20):
        traffic.drop(chance.randint(0, 2), chance.randint(1, 3))
        for kind in chance.sample(sorted(WRITERS), chance.randint(1, 4)):
            traffic.release(kind)
            if chance.random() < 0.2:
                traffic.release_again(kind)
        assert mortal.order("loop", str(chance.randint(1, 150))) == -9
        if round_ % KILLS == KILLS - 1:
            traffic.check(mortal.work_until_quiet())
    traffic.check(mortal.work_until_quiet())
    assert all(traffic.releases.values()), "every syntax was in the stream"
    assert traffic.repeats, "some came twice"


def test_a_worker_that_dies_again_and_again_at_the_same_place(mortal: Mortal) -> None:
    traffic = Traffic(mortal)
    for name in failpoints.NAMES:
        traffic.drop(1, 1)
        for _ in range(2):
            assert mortal.order("work", name) in (0, 137)
    traffic.check(mortal.work_until_quiet())


def test_kill_9_at_any_moment(mortal: Mortal) -> None:
    traffic, chance = Traffic(mortal), random.Random(7)
    rounds = 800 if SOAK else 20
    departed = 0
    for round_ in range(rounds):
        traffic.drop(chance.randint(1, 3), chance.randint(1, 4))
        if chance.random() < 0.2:
            traffic.repeat()
        assert mortal.order("loop", str(chance.randint(1, 150))) == -9
        if round_ % KILLS == KILLS - 1:
            traffic.check(mortal.work_until_quiet())
            if departed < 8:
                departed += 1
                mortal.order("depart", str(departed))
    books = mortal.work_until_quiet()
    traffic.check(books)
    assert books["asn"] == {"SENT": departed}
    assert sum(name.startswith("DESADV") for name in books["out"]) == departed


def test_the_environment_arms_a_failpoint(tmp_path: Path, database: str, mortal: Mortal) -> None:
    file = tmp_path / "a.edi"
    file.write_bytes(deljit([Call(1)], 1))
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.crash.scratch_settings",
        "DATABASE_URL": database,
        "JIS_VAR": str(tmp_path / "var"),
        "JIS_SPOOL": str(mortal.inbox.parents[1]),
        "JIS_FAILPOINT": "after_commit:2",
    }
    command = [sys.executable, "manage.py", "edi_receive", str(file), "--partner", "OEM-D"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 137
    assert mortal.order("books")["deliveries"] == {"PARSED": 1}
    assert mortal.order("books")["events"] == {"PENDING": 1}
    books = mortal.work_until_quiet()
    assert books["events"] == {"APPLIED": 1}


@pytest.mark.parametrize(
    ("value", "production"), [("nowhere", False), ("after_list:x", False), ("after_list", True)]
)
def test_a_failpoint_is_refused(value: str, production: bool) -> None:
    with pytest.raises(EnvError):
        failpoints.read_setting(value, production=production)


def test_no_failpoint_is_armed_here() -> None:
    assert failpoints.read_setting("", production=True) is None
