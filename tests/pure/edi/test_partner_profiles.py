"""Every partner's folder holds: it loads, its pairs read as written by hand; and the check says what is wrong."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from edi.formats import ProfileError, check_profile, differ, load_profile

PARTNERS = Path(__file__).resolve().parents[3] / "edi" / "partners"
FOLDERS = sorted(path for path in PARTNERS.iterdir() if path.is_dir())
PUBLISHED = {
    "vw_syncro", "vw_vda", "skoda_jdc", "volvo_syncro", "ford_ilvs", "gm_deljit", "nissan_866", "toyota_830",
    "stellantis_caldel", "jlr", "adient_jis_d04b", "generic_4986", "flat_broadcast",
}  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_partner_reads_as_its_pairs_say(folder: Path) -> None:
    check = check_profile(folder)
    assert check.faults == []
    assert {pair.sample: pair.differences for pair in check.pairs if pair.differences} == {}


def test_the_partners_that_ship() -> None:
    assert {folder.name for folder in FOLDERS} >= PUBLISHED


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_nothing_is_claimed_that_no_traffic_has_shown(name: str) -> None:
    check = check_profile(PARTNERS / name)
    assert check.status == "unverified"
    assert check.guessed, "a profile from public sources alone guesses something"
    assert all(pair.sample.startswith("synthetic_") for pair in check.pairs)
    text = (PARTNERS / name / "profile.toml").read_text()
    assert name == "flat_broadcast" or "known:" in text


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_address_is_marked_to_be_filled_in(name: str) -> None:
    lines = (PARTNERS / name / "profile.toml").read_text().splitlines()
    assert all("fill in" in line for line in lines if line.startswith("id = "))


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_value_says_whether_it_is_known_or_guessed(name: str) -> None:
    lines = (PARTNERS / name / "profile.toml").read_text().splitlines()
    values = [line for line in lines if " = " in line.partition("#")[0]]
    silent = [line for line in values if not re.search("# .*(known|guessed): ", line)]
    own = re.compile("(code|name|status|broadcast) = ")
    assert [line for line in silent if not own.match(line)] == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a good folder, to be spoiled."""
    return Path(shutil.copytree(PARTNERS / "adient_jis_d04b", tmp_path / "adient_jis_d04b"))


def expected_json(folder: Path) -> tuple[Path, dict[str, Any]]:
    path = folder / "synthetic_cancel.json"
    return path, json.loads(path.read_text())


def test_a_wrong_expectation_is_shown_at_its_place(folder: Path) -> None:
    path, expected = expected_json(folder)
    message = expected["interchanges"][0]["messages"][0]
    message["call_offs"][0]["event"] = "CHANGE"
    del message["call_offs"][0]["dock"]
    message["colour"] = "red"
    message["problems"] = [{"code": "x"}]
    path.write_text(json.dumps(expected))
    check = check_profile(folder)
    pair = next(pair for pair in check.pairs if pair.sample == "synthetic_cancel.edi")
    place = "interchanges[0].messages[0]"
    assert pair.differences == (
        f'{place}.call_offs[0].event: expected "CHANGE", read "CANCEL"',
        f"{place}.call_offs[0].dock: read null, but nothing is said about it",
        f'{place}.problems: expected 1 entries, read 0; from there on {{"code": "x"}}',
        f'{place}.colour: expected "red", but there is no such key',
    )
    assert not check.good


def test_the_hash_may_be_left_out(folder: Path) -> None:
    path, expected = expected_json(folder)
    del expected["sha256"]
    path.write_text(json.dumps(expected))
    assert check_profile(folder).good


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        (1, 1, []),
        (True, 1, ["a: expected true, read 1"]),
        ("0042", "42", ['a: expected "0042", read "42"']),
        (None, "", ['a: expected null, read ""']),
        ([1, 2], [1, 2, 3], ["a: expected 2 entries, read 3; from there on 3"]),
    ],
)
def test_values_are_compared_as_they_stand(expected: Any, found: Any, said: list[str]) -> None:
    assert list(differ({"a": expected}, {"a": found})) == said


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda folder: (folder / "synthetic_new.json").unlink(), "synthetic_new.json is missing"),
        (lambda folder: (folder / "synthetic_new.edi").unlink(), "the sample it belongs to is missing"),
        (lambda folder: (folder / "synthetic_new.json").write_text("{"), "this is no JSON"),
        (lambda folder: [path.unlink() for path in folder.glob("synth*")], "no sample"),
        (lambda folder: replace(folder, '"unverified"', '"verified"'), "only his own traffic verifies"),
        (lambda folder: replace(folder, '["GIR AN"]', '["GIR VV"]'), "one of them is wrong"),
        (lambda folder: replace(folder, 'vin = ["GIR VV"]', "vin = []"), "identity names vin"),
        (
            lambda folder: replace(folder, 'id = "ADIENT"', 'id = "ADI\\u00cbNT"'),
            "[asn] DESADV: it cannot be written",
        ),
    ],
)
def test_what_has_to_be_mended(folder: Path, spoil: Any, fault: str) -> None:
    spoil(folder)
    check = check_profile(folder)
    assert any(fault in text for text in check.faults), check.faults
    assert not check.good


@pytest.mark.parametrize(
    ("old", "new", "advice"),
    [
        ('code = "adient_jis_d04b"', 'code = "other"', "name them alike"),
        ('"Europe/Berlin"', '"UTC"', "every time is read wrong"),
        ('id = "SUB01"', 'id = "SUPPLIER"', "write the id of the envelope"),
        ('acknowledge = "none"', 'acknowledge = "997"', "two syntaxes"),
    ],
)
def test_what_a_person_should_look_at(folder: Path, old: str, new: str, advice: str) -> None:
    replace(folder, old, new)
    check = check_profile(folder)
    assert any(advice in text for text in check.advice), check.advice
    assert check.good


def test_what_no_pair_shows_is_said(folder: Path) -> None:
    replace(folder, '39 = "NEW"', '39 = "NEW"\n38 = "CHANGE"')
    replace(folder, '242 = "call_off"', '242 = "call_off"\n241 = "sequence_forecast"')
    replace(folder, 'vin = ["GIR VV"]', 'vin = ["GIR VV"]\nfamily = ["GIR PN"]')
    assert check_profile(folder).untested == {
        "events": ["CHANGE"],
        "kinds": ["sequence_forecast"],
        "codes": ["1229 38", "stages 241"],
        "facts": ["family"],
    }


def test_a_guess_is_listed_with_its_line(folder: Path) -> None:
    lines = (folder / "profile.toml").read_text().splitlines()
    number = 1 + next(at for at, line in enumerate(lines) if line.startswith("timezone"))
    assert f"line {number}: the plant called for stands in Germany" in check_profile(folder).guessed


def test_a_layout_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PARTNERS / "flat_broadcast", tmp_path / "flat_broadcast"))
    replace(folder, 'shape = "fixed"', 'shape = "round"', "broadcast.toml")
    with pytest.raises(ProfileError, match="shape"):
        check_profile(folder)


def test_both_meanings_of_a_digit_live_side_by_side() -> None:
    profile = load_profile(PARTNERS / "gm_deljit")
    assert (profile.events_1245["3"], profile.events_1229["3"]) == ("NEW", "CHANGE")


def replace(folder: Path, old: str, new: str, name: str = "profile.toml") -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
