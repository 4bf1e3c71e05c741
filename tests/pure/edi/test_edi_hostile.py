"""Whatever bytes arrive, they become problems; nothing is thrown and nothing hangs."""

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.formats import Profile, groups, is_complete, read, segments
from edi.formats.rendering import EdifactFile
from tests.bounds import searched

from . import fuzzing
from .edi_samples import (
    APERAK,
    DELFOR_NEW,
    DELFOR_OLD,
    RECADV,
    SEQUENCE_866,
    deljit,
    interchange,
    message,
    x12,
)

RACK = ("CPS+1", "CPS+2+1+3", "PAC+1++T", "PCI+17", "GIN+ML+R1", "LIN+1++X:IN", "QTY+12:1")
DESADV = interchange(message("BGM+351+S1+9", *RACK, kind="DESADV:D:96A:UN"))
TREE = ("HL*1**S", "HL*2*1*T", "HL*3*2*I", "LIN**BP*X", "SN1**1*EA")
SHIP_NOTICE = x12("BSN*00*S1*20261121*1430", *TREE, kind="856")
VERDICTS = ("UCI+77+A+B+4+29", "UCM+1+DELJIT:D:97A:UN+4+18", "UCS+3+12")
CONTRL = interchange(message(*VERDICTS, kind="CONTRL:D:3:UN"))
X997 = x12("AK1*SQ*1", "AK2*866*0001", "AK3*LIN*3**8", "AK4*3**7*X", "AK5*R*5", "AK9*R*1*1*0", kind="997")
STARTS = [b"", b"UNA", b"UNB+UNOC:3+", b"ISA*", b"UNA:+.? 'UNB+"]
SEEDS = tuple(
    fuzzing.Seed("built here", data, Profile())
    for data in (
        *(deljit(), x12(*SEQUENCE_866), DESADV, SHIP_NOTICE, CONTRL, X997),
        *(DELFOR_OLD, DELFOR_NEW, RECADV, APERAK),
    )
)


def test_damaged_files_of_every_partner_throw_nothing() -> None:
    """A bounded slice of `make fuzz`."""
    tally = fuzzing.run(20261121, 600)
    assert not tally.broken, [text for text, _ in tally.broken]
    assert tally.inputs == 600


def test_damaged_files_of_every_message_throw_nothing() -> None:
    chance = random.Random(20261121)
    for _ in range(200):
        data, profile = fuzzing.mutated(chance, SEEDS)
        assert list(fuzzing.broken_promises(data, profile)) == []


@searched(300)
@given(rest=st.binary(max_size=300), start=st.sampled_from(STARTS))
def test_noise_throws_nothing(rest: bytes, start: bytes) -> None:
    read(start + rest).as_json()
    is_complete(io.BytesIO(start + rest))


def test_a_lost_character_never_loses_a_call_silently() -> None:
    sound = read(deljit()).interchanges[0].messages[0].call_offs
    for at in range(len(deljit())):
        cut = deljit()[:at] + deljit()[at + 1 :]
        reading = read(cut)
        if reading.accepted and reading.interchanges[0].messages[0].kind != "unknown":
            assert len(reading.interchanges[0].messages[0].call_offs) == len(sound), cut


def test_a_thousand_levels_of_hierarchy_do_not_recurse() -> None:
    levels = [f"HL*{at}*{at - 1 or ''}*T" for at in range(1, 5001)]
    data = x12("BSN*00*S1*20261121*1430", *levels, "HL*9999*5000*I", "LIN**BP*X", kind="856")
    found = read(data).interchanges[0].messages[0].despatch
    assert found is not None
    assert len(found.packages[0].lines) == 1


def test_escaping_survives_every_sign_at_every_place() -> None:
    for value in ("?", "'", "+", ":", "??", "?'", "a?", "?+:'", "'?"):
        file = EdifactFile(Profile())
        file.add("RFF", ("ON", value))
        data = b"UNB+UNOC:3+A+B+261121:1430+1'" + file.segments[0].encode() + b"'"
        assert list(segments(io.BytesIO(data)))[1].elements == [["ON", value]]


def test_a_group_cut_by_its_known_shape_is_cut_as_the_table_does(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(20261122)
    samples = [fuzzing.mutated(chance, fuzzing.partner_seeds()) for _ in range(150)]
    samples += [(seed.data, seed.profile) for seed in fuzzing.partner_seeds()]
    quick = [read(data, profile) for data, profile in samples]
    monkeypatch.setattr(groups, "_run", lambda heads, at: ())
    for (data, profile), found in zip(samples, quick, strict=True):
        assert read(data, profile) == found
