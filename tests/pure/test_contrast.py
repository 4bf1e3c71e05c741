"""The colours people read from two metres: 7:1 wherever a station writes text, in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "static/css/tokens.css").read_text()
HEX = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6});")
LIGHT = dict(HEX.findall(CSS.partition("@media")[0]))
ASKED, SWITCHED = (
    LIGHT | dict(HEX.findall(CSS.partition(start)[2].partition("\n}")[0]))
    for start in ("@media (prefers-color-scheme: dark) {\n", ':root[data-theme="dark"] {\n')
)
GROUNDS = ("ok", "stop", "soon", "info", "offline")
PAIRS = [
    *((f"{name}-deep", f"{name}-soft") for name in GROUNDS),
    *(("on-ground", f"{name}-ground") for name in GROUNDS),
    ("ink", "page"), ("ink", "surface"), ("ink", "raised"),
    ("muted-deep", "surface"), ("muted-deep", "raised"),
    ("on-bar", "bar"), ("on-bar-muted", "bar"),
    ("stop-deep", "surface"),
]  # fmt: skip


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [LIGHT, ASKED, SWITCHED], ids=["light", "dark", "switched"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_on_a_station_has_seven_to_one(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(theme[text], theme[ground]) >= 7, f"{text} on {ground}"


def test_the_dark_theme_is_the_same_by_system_and_by_switch() -> None:
    assert ASKED == SWITCHED
    assert ASKED["page"] != LIGHT["page"]
