"""The hash of an interchange's content: one for each that the reader finds, in whatever a file holds."""

from __future__ import annotations

import io
import random

import pytest

from edi import formats
from edi.formats import InterchangeStart, Profile
from edi.services.booking import content_prints
from tests.edi.files import Call, Sender, deljit
from tests.pure.edi.fuzzing import mutated, partner_seeds


def found(data: bytes, profile: Profile) -> int:
    parts = formats.read_stream(io.BytesIO(data), profile)
    return sum(isinstance(part, InterchangeStart) for part in parts)


def test_every_interchange_of_a_damaged_file_has_its_own() -> None:
    chance, seeds = random.Random(5), partner_seeds()
    for _ in range(400):
        data, profile = mutated(chance, seeds)
        assert len(content_prints(io.BytesIO(data), "whole", profile)) >= found(data, profile), data


@pytest.mark.django_db
def test_an_unb_run_into_what_follows_parks_the_file_and_stops_nothing(sender: Sender) -> None:
    raw = deljit([Call(1)], 1).replace(b"UNH+1", b"UNB:UN'\nUNH+1")
    assert (found(raw, Profile()), len(content_prints(io.BytesIO(raw), "whole", Profile()))) == (2, 2)
    assert sender.send_raw(raw).status == "QUARANTINED"
    assert sender.send(Call(1)).status == "PARSED"
