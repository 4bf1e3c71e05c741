"""Damaged files by the thousand over every format and partner: `make fuzz`; the suite runs a bounded slice.

`python -m tests.pure.edi.fuzzing --inputs 100000 --seed 1` prints one line of figures and exits 1 with the inputs that
broke a promise, each kept as a file that can be read again with `manage.py edi_inspect`.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from edi.formats import Profile, is_complete, load_profile, read, segments
from edi.formats.problems import SEVERITIES
from tests.pure.edi.edi_golden import GOLDEN, profile_for

ROOT = Path(__file__).resolve().parents[3]
PARTNERS = ROOT / "edi" / "partners"
# Of the processor: a busy machine makes no file slow.
SECONDS = 1.0
GROWTH_MB = 200
SIGNS = b"'+:?*~>|,;\"{}[]<&\r\n\x00\x1a\x1c\x1d\x1f \xff\xef\x80019AZ"


@dataclass(frozen=True)
class Seed:
    """A sound file and the profile its partner reads it with."""

    name: str
    data: bytes
    profile: Profile


@cache
def partner_seeds() -> tuple[Seed, ...]:
    """Every golden sample of every partner, and of every layout that no partner here uses."""
    profiles: dict[Path, Profile] = {}
    found = []
    for path in sorted(PARTNERS.glob("*/synthetic_*")):
        if path.suffix != ".json" or (not path.with_suffix(".edi").exists() and _is_sample(path)):
            folder = path.parent
            profiles[folder] = profiles.get(folder) or load_profile(folder)
            found.append(Seed(f"{folder.name}/{path.name}", path.read_bytes(), profiles[folder]))
    for path in sorted(GOLDEN.glob("*.edi")):
        found.append(Seed(f"layouts/{path.name}", path.read_bytes(), profile_for(path.stem)))
    return tuple(found)


def _is_sample(path: Path) -> bool:
    """A JSON broadcast is a sample, the reading expected of a sample is not."""
    content = json.loads(path.read_text())
    return not (isinstance(content, dict) and "interchanges" in content)


def mutated(chance: random.Random, seeds: tuple[Seed, ...]) -> tuple[bytes, Profile]:
    """One seed with one to eight injuries: lost, doubled, foreign, swapped, endless, cut off."""
    seed = chance.choice(seeds)
    data = bytearray(seed.data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(9):
            case 0:
                data[at : at + chance.randint(1, 30)] = b""
            case 1:
                data[at:at] = bytes(chance.choice(SIGNS) for _ in range(chance.randint(1, 4)))
            case 2:
                data[at : at + 1] = bytes([chance.choice(SIGNS)])
            case 3:
                other = chance.choice(seeds).data
                start = chance.randrange(len(other))
                data[at:at] = other[start : start + chance.randint(1, 200)]
            case 4:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 5:
                piece = data[at : at + chance.randint(1, 60)]
                data[at:at] = piece * chance.choice((1, 2, 50, 2000))
            case 6:
                digits = str(chance.choice((0, -1, 10**9, 10**30, "1e9", "٣", "1.0.0"))).encode()
                data[at : at + chance.randint(0, 6)] = digits
            case 7:
                del data[at:]
            case _:
                to = chance.randrange(len(data) + 1)
                piece = data[at : at + 128]
                del data[at : at + 128]
                data[to:to] = piece
        data = data[:300_000] or bytearray(b"U")
    return bytes(data), seed.profile if chance.random() < 0.9 else Profile()


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a slow disk or socket does."""

    def __init__(self, data: bytes, step: int) -> None:
        self.rest = io.BytesIO(data)
        self.step = step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.rest.read(self.step if size < 0 else min(size, self.step))


def broken_promises(data: bytes, profile: Profile, step: int = 0) -> Iterator[str]:
    """What reading these bytes did that it must never do. `step` reads them a second time in small pieces."""
    begun = time.process_time()
    try:
        reading = read(data, profile)
        took = time.process_time() - begun
        found = reading.as_json()
        json.dumps(found)
        for problem in problems_of(found):
            if problem["code"] not in SEVERITIES or not problem["text"]:
                yield f"a problem without known code or sentence: {problem}"
        is_complete(io.BytesIO(data))
        for segment in segments(io.BytesIO(data)):
            str(segment)
        if took > SECONDS:
            yield f"took {took:.1f} s"
        if step and read(Dribble(data, step), profile).as_json() != found:  # type: ignore[arg-type]
            yield f"read otherwise in pieces of {step} bytes"
    except Exception as error:  # noqa: BLE001 - any exception is the finding
        yield f"{type(error).__name__}: {error}"[:300]


def problems_of(value: object) -> Iterator[dict[str, str]]:
    """Every problem anywhere in a canonical reading."""
    if isinstance(value, list):
        for item in value:
            yield from problems_of(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "problems":
                yield from item
            else:
                yield from problems_of(item)


@dataclass
class Tally:
    """What a run came to."""

    inputs: int = 0
    accepted: int = 0
    worst: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[str, bytes]] = field(default_factory=list)


def run(seed: int, inputs: int) -> Tally:
    """Damage and read `inputs` files; the same seed gives the same files."""
    chance, tally, seeds = random.Random(seed), Tally(), partner_seeds()
    for number in range(inputs):
        data, profile = mutated(chance, seeds)
        step = chance.choice((1, 7, 64, 129, 4096)) if number % 10 == 0 and len(data) < 20_000 else 0
        begun = time.process_time()
        found = list(broken_promises(data, profile, step))
        tally.worst = max(tally.worst, 0.0 if step else time.process_time() - begun)
        tally.inputs += 1
        tally.broken += [(f"seed {seed} input {number}: {text}", data) for text in found]
        if len(tally.broken) > 20:
            break
    return tally


def peak_mb() -> float:
    """The largest resident size of this process so far."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def _share(seed: int, inputs: int) -> tuple[Tally, float]:
    partner_seeds()
    before = peak_mb()
    tally = run(seed, inputs)
    return tally, peak_mb() - before


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--processes", type=int, default=2)
    chosen = options.parse_args()
    begun = time.perf_counter()
    share = -(-chosen.inputs // chosen.processes)
    with ProcessPoolExecutor(chosen.processes) as pool:
        done = list(
            pool.map(_share, range(chosen.seed, chosen.seed + chosen.processes), [share] * chosen.processes)
        )
    broken = [item for tally, _ in done for item in tally.broken]
    grown = max(growth for _, growth in done)
    print(
        f"{sum(tally.inputs for tally, _ in done)} damaged files of {len(partner_seeds())} samples: "
        f"{len(broken)} broken promises, worst {max(tally.worst for tally, _ in done):.2f} s, "
        f"memory grew {grown:.0f} MB, {time.perf_counter() - begun:.0f} s"
    )
    if broken:
        folder = Path(tempfile.mkdtemp(prefix="jis-fuzz-"))
        for number, (text, data) in enumerate(broken):
            path = folder / f"{number}.edi"
            path.write_bytes(data)
            print(f"{path}: {text}")
    return 1 if broken or grown > GROWTH_MB else 0


if __name__ == "__main__":
    sys.exit(main())
