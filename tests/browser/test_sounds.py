"""The four sounds as they leave the speaker, drawn by Chromium without one and measured.

A person at a noisy station hears how high, how long, how often and how loud; a pair that differs in nothing of it is
one sound.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings

# Drawn and measured in the browser.
pytestmark = [pytest.mark.browser, pytest.mark.engine_free]

MEASURE = """async source => {
  const sounds = await import("data:text/javascript;base64," + source);
  const rate = 16000, window = 160, heard = {};
  for (const pitch of sounds.PITCHES) for (const name of ["ok", "wait", "check", "stop"]) {
    const context = new OfflineAudioContext(1, rate * 1.2, rate);
    sounds.draw(context, name, pitch);
    const wave = (await context.startRendering()).getChannelData(0);
    const loud = [];
    for (let at = 0; at + window <= wave.length; at += window) {
      let sum = 0;
      for (let i = at; i < at + window; i++) sum += wave[i] ** 2;
      loud.push(Math.sqrt(sum / window));
    }
    const tones = [];
    for (let from = 0; from < loud.length; from++) {
      if (loud[from] < 0.01) continue;
      let to = from;
      while (loud[to] >= 0.01) to++;
      tones.push([from, to]);
      from = to;
    }
    const hertz = (from, to) => {
      let times = [];
      for (let i = from + 1; i < to; i++) {
        if (wave[i - 1] < 0 && wave[i] >= 0) times.push(i - wave[i] / (wave[i] - wave[i - 1]));
      }
      return ((times.length - 1) * rate) / (times[times.length - 1] - times[0]);
    };
    const [first, last] = [tones[0], tones[tones.length - 1]].map(pair => pair.map(at => at * window));
    const eighth = (last[1] - first[0]) >> 3;
    heard[name] ??= [];
    heard[name].push([
      hertz(first[0], Math.min(first[1], first[0] + 2 * eighth + window * 4)),
      hertz(Math.max(last[0], last[1] - 2 * eighth - window * 4), last[1]),
      (last[1] - first[0]) / rate, tones.length, 20 * Math.log10(Math.max(...loud)),
    ]);
  }
  return heard;
}"""


class Heard(NamedTuple):
    begins: float
    ends: float
    seconds: float
    tones: int
    decibel: float


def apart(one: Heard, other: Heard) -> list[str]:
    """In what two sounds differ enough for somebody who thinks of something else."""
    return [
        name
        for name, told in (
            ("pitch", max(one.begins / other.begins, other.begins / one.begins) > 1.25),
            ("length", max(one.seconds / other.seconds, other.seconds / one.seconds) > 1.5),
            ("count", one.tones != other.tones),
            ("level", abs(one.decibel - other.decibel) > 5),
        )
        if told
    ]


def test_the_four_sounds_are_told_apart_by_two_things_at_least(chromium: Any) -> None:
    source = Path(settings.BASE_DIR, "static/js/sounds.js").read_bytes()
    page = chromium.new_page()
    measured = page.evaluate(MEASURE, base64.b64encode(source).decode())
    page.close()
    heard = {name: [Heard(*row) for row in rows] for name, rows in measured.items()}
    own = {name: rows[0] for name, rows in heard.items()}
    alike = {
        (one, other): found
        for one in own
        for other in own
        if one < other and len(found := apart(own[one], own[other])) < 2
    }
    assert alike == {}
    stop = own["stop"]
    assert stop.begins / stop.ends > 1.25, "STOP falls: one long tone is a forklift's horn"
    assert stop.decibel == max(row.decibel for row in own.values()), "STOP is the one nobody may miss"
    assert stop.seconds > 2 * max(own[name].seconds for name in own if name != "stop")
    # A neighbour has another pitch. Whose ever it is, STOP stays the lowest and OK stays above CHECK.
    lowest = min(row.ends for name in heard if name != "stop" for row in heard[name])
    assert max(row.begins for row in heard["stop"]) < lowest
    assert max(row.begins for row in heard["check"]) < min(row.begins for row in heard["ok"])
