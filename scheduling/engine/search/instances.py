"""Reads the public benchmark files: TSPLIB asymmetric tours, and weighted tardiness with setups (wtsds)."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from scheduling.engine.search import tours
from scheduling.engine.search.tardiness import TardinessProblem
from scheduling.engine.search.tours import TourProblem


class Unreadable(ValueError):
    """A file that is not what it is said to be; the message names the place."""


EXPECTED = {"TYPE": "ATSP", "EDGE_WEIGHT_TYPE": "EXPLICIT", "EDGE_WEIGHT_FORMAT": "FULL_MATRIX"}
IGNORED = {"NAME", "COMMENT", "DISPLAY_DATA_TYPE"}


def whole(text: str, what: str) -> int:
    """Return a whole number, or say what should have been one."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise Unreadable(f"{what} is no whole number: {text[:40]!r}")
    return int(text)


def read_atsp(text: str) -> TourProblem:
    """Read a TSPLIB file of TYPE ATSP with an EXPLICIT FULL_MATRIX of whole numbers.

    Refuses by name every other type, weight type and format, every other key and section, a missing or doubled key,
    a matrix of the wrong length and anything after it but EOF.
    """
    head, found, rest = text.partition("EDGE_WEIGHT_SECTION")
    if not found:
        raise Unreadable("no EDGE_WEIGHT_SECTION; this is no TSPLIB file with a matrix")
    keys: dict[str, str] = {}
    for line in filter(None, map(str.strip, head.splitlines())):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or key not in {*EXPECTED, *IGNORED, "DIMENSION"}:
            raise Unreadable(f"{line[:40]!r} is no key that is read here")
        if key in keys and key != "COMMENT":
            raise Unreadable(f"{key} stands twice")
        keys[key] = value
    for key, value in EXPECTED.items():
        if key not in keys:
            raise Unreadable(f"{key} is missing")
        if keys[key] != value:
            raise Unreadable(f"{key} {keys[key]!r} is not read; only {value} is")
    if "DIMENSION" not in keys:
        raise Unreadable("DIMENSION is missing")
    size = whole(keys["DIMENSION"], "DIMENSION")
    if not 1 <= size <= tours.MOST_OPERATIONS:
        raise Unreadable(f"DIMENSION {size} is not between 1 and {tours.MOST_OPERATIONS}")
    words = rest.split()
    if words and words[-1] == "EOF":
        words.pop()
    if len(words) != size * size:
        raise Unreadable(f"DIMENSION {size} needs {size * size} weights; there are {len(words)}")
    try:
        return TourProblem(np.array([whole(word, "a weight") for word in words]).reshape(size, size))
    except ValueError as error:
        raise Unreadable(str(error)) from None


def read_wtsds(text: str) -> TardinessProblem:
    """Read a wtsds file: process times, weights, due dates, and setups `from to time`, -1 being the first state.

    Refuses a missing part, lists of another length than the problem size, a pair that is unknown, missing or doubled.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]

    def part(begin: str, end: str) -> list[str]:
        try:
            start = lines.index(begin) + 1
            return lines[start : lines.index(end, start)]
        except ValueError:
            raise Unreadable(f"no part from {begin!r} to {end!r}; this is no wtsds file") from None

    sizes = [line.partition(":")[2].strip() for line in lines if line.startswith("Problem Size:")]
    if len(sizes) != 1:
        raise Unreadable("no Problem Size, or several; this is no wtsds file")
    size = whole(sizes[0], "Problem Size")
    lists = []
    for begin, end in (
        ("Process Times:", "Weights:"), ("Weights:", "Duedates:"), ("Duedates:", "Setup Times:")
    ):  # fmt: skip
        values = [whole(line, f"{begin} {line[:20]!r}") for line in part(begin, end)]
        if len(values) != size:
            raise Unreadable(f"{begin} holds {len(values)} numbers; Problem Size is {size}")
        lists.append(np.array(values, dtype=np.int64))
    try:
        process, weight, due = lists
        setup = setups(part("Setup Times:", "End Problem Specification"), size)
        return TardinessProblem(setup, process, weight, due)
    except ValueError as error:
        raise Unreadable(str(error)) from None


def setups(lines: list[str], size: int) -> NDArray[np.int64]:
    """Return the setups with the first state as the last row; what stays in its place needs none."""
    setup = np.full((size + 1, size), -1, dtype=np.int64)
    for line in lines:
        words = line.split()
        if len(words) != 3:
            raise Unreadable(f"a setup is `from to time`, not {line[:40]!r}")
        last, job, time = (whole(word, "a setup") for word in words)
        if not (-1 <= last < size and 0 <= job < size and last != job) or time < 0:
            raise Unreadable(f"setup {line[:40]!r} is not between two of {size} operations, or negative")
        if setup[last, job] >= 0:
            raise Unreadable(f"setup from {last} to {job} stands twice")
        setup[last, job] = time
    np.fill_diagonal(setup[:size], 0)
    if (setup < 0).any():
        last, job = (int(one) for one in np.argwhere(setup < 0)[0])
        raise Unreadable(f"the setup from {last if last < size else -1} to {job} is missing")
    return setup
