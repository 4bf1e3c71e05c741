"""A profile that cannot be used says which file, which key, and what to write instead."""

from pathlib import Path

import pytest

from edi.formats import Profile, ProfileError, load_profile


def load(folder: Path, text: str) -> Profile:
    (folder / "profile.toml").write_text(text)
    return load_profile(folder)


def test_an_empty_profile_is_the_defaults_under_its_folder_name(tmp_path: Path) -> None:
    profile = load(tmp_path, "")
    assert (profile.code, profile.status) == (tmp_path.name, "unverified")


def test_a_profile_changes_only_what_it_says(tmp_path: Path) -> None:
    profile = load(tmp_path, '[events.1229]\n21 = "HOLD"\n[edifact]\nvin = ["GIR CN"]\n')
    assert (profile.events_1229["21"], profile.events_1229["1"]) == ("HOLD", "NEW")
    assert (profile.edifact.vin, profile.edifact.dock) == (("GIR CN",), ("LOC 11",))


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("colour = 'red'", "colour", "no such key"),
        ("status = 'fine'", "status", "verified"),
        ("timezone = 'Mars/Base'", "timezone", "Europe/Berlin"),
        ("encoding = 'utf-16'", "encoding", "ASCII-compatible"),
        ("syntax = 'UNOX:3'", "syntax", "UNOC:3"),
        ("acknowledge = 'always'", "acknowledge", "CONTRL"),
        ("identity = ['colour']", "identity", "production_number"),
        ("event_element = '1'", "event_element", "1245"),
        ("[sequence]\nwide = 4", "sequence.wide", "no such key"),
        ("[sequence]\nwidth = '4'", "sequence.width", "type int"),
        ("[sequence]\ndense = 1", "sequence.dense", "type bool"),
        ("[sequence]\nwidth = 3", "sequence", "last fits the width"),
        ("[events.9999]\n1 = 'NEW'", "events.9999", "1245"),
        ("[events.1245]\n1 = 'MAKE'", "events.1245.1", "NEW"),
        ("[stages]\n242 = 'maybe'", "stages.242", "call_off"),
        ("[severity]\nall = 'warn'", "severity.all", "no such key"),
        ("[severity]\ncount_mismatch = 'fatal'", "severity.count_mismatch", "warn"),
        ("[edifact]\nvin = 'GIR VV'", "edifact.vin", "list of places"),
        ("[edifact]\nvin = ['REF VV']", "edifact.vin", "GIR VV"),
        ("[x12]\ndock = ['GIR VV']", "x12.dock", "REF DK"),
        ("[asn]\nformat = 'PDF'", "asn.format", "DESADV"),
        ("[asn]\ndirectory = 'D.99Z'", "asn.directory", "D.07A"),
        ("[our]\nid = ''", "our.id", "envelope"),
        ("sequence = 4", "sequence", "table"),
        ("[[[", "TOML", ""),
    ],
)
def test_an_unusable_profile_is_refused_with_its_remedy(
    tmp_path: Path, text: str, key: str, remedy: str
) -> None:
    with pytest.raises(ProfileError) as refused:
        load(tmp_path, text)
    said = str(refused.value)
    assert str(tmp_path / "profile.toml") in said
    assert key in said
    assert remedy in said


def test_a_missing_profile_says_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="copy edi/partners/generic_deljit"):
        load_profile(tmp_path)
