"""A draft from sample files: it loads, reads them, says what it concluded and what a person must decide."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.formats import Profile, as_json, check_profile, draft_profile, load_profile, read
from tests.bounds import searched

PARTNERS = Path(__file__).resolve().parents[3] / "edi" / "partners"

UNKNOWN = b"""UNB+UNOC:3+MAKER:14+PLANT9:ZZ+261121:0600+9++++1'
UNH+1+DELJIT:D:97A:UN'BGM+226+DOC1+5'DTM+137:202611210600:203'NAD+CZ+S1::92'
SEQ+3+0042'DTM+10:202611210700:203'GIR+4+ZZZJ1S00000000042:CN'LOC+7+GATE'LIN+1++AB:EN'QTY+12:1:PCE'
SEQ+7+0043'DTM+10:202611210701:203'GIR+4+ZZZJ1S00000000043:CN'LOC+7+GATE'LIN+1++AB:EN'QTY+12:1:PCE'
SEQ+3+0044'DTM+10:202611210702:203'GIR+4+ZZZJ1S00000000044:CN'LOC+7+GATE'LIN+1++AB:EN'QTY+12:1:PCE'
UNT+22+1'UNZ+1+9'"""


def samples(*names: str) -> list[tuple[str, bytes]]:
    paths = [path for name in names for path in sorted((PARTNERS / name).iterdir())]
    return [(path.name, path.read_bytes()) for path in paths if path.suffix not in (".toml", ".json")]


def loaded(text: str, folder: Path) -> Profile:
    (folder / "profile.toml").write_text(text)
    return load_profile(folder)


@pytest.mark.parametrize("name", sorted(path.name for path in PARTNERS.iterdir() if path.is_dir()))
def test_every_partner_s_samples_make_a_profile_that_loads(name: str, tmp_path: Path) -> None:
    profile = loaded(draft_profile(name, samples(name)), tmp_path)
    assert (profile.code, profile.status) == (name, "unverified")


@pytest.mark.parametrize(
    "name", ["gm_deljit", "skoda_jdc", "adient_jis_d04b", "nissan_866", "toyota_830", "vw_vda"]
)
def test_a_draft_reads_what_the_finished_profile_reads(name: str, tmp_path: Path) -> None:
    drafted = loaded(draft_profile(name, samples(name)), tmp_path)
    finished = load_profile(PARTNERS / name)
    for sample, data in samples(name):
        assert as_json(read(data, drafted).interchanges) == as_json(read(data, finished).interchanges), sample


def test_what_the_standard_does_not_say_is_asked(tmp_path: Path) -> None:
    text = draft_profile("maker", [("a.edi", UNKNOWN)])
    profile = loaded(text, tmp_path)
    assert '# 226 = ""  # fill in: call_off, sequence_forecast' in text
    assert '# 7 = ""  # fill in: what does this code do to a call?' in text
    assert 'timezone = "UTC"  # fill in' in text
    assert "# Functions seen (DE 1225): 5" in text
    assert (profile.edifact.vin, profile.edifact.required_at) == (("GIR CN",), ("DTM 10",))
    assert (profile.edifact.dock, profile.edifact.part_number) == (("LOC 7",), ("LIN EN",))
    assert profile.edifact.supplier == ("NAD CZ",)
    assert (profile.their.id, profile.their.qualifier) == ("MAKER", "14")
    assert (profile.our.id, profile.acknowledge) == ("PLANT9", "CONTRL")
    assert (profile.sequence.width, profile.sequence.last, profile.counter) == (4, 9999, "sequence")
    assert "guessed: the usual place is empty; 3 value(s) at 3 call(s)" in text
    assert "#   1 x reject unknown_event_code: code '7'" in text
    assert "#   1 x reject unknown_document_code: document code '226'" in text


def test_a_number_outside_seq_is_found(tmp_path: Path) -> None:
    profile = loaded(draft_profile("adient", samples("adient_jis_d04b")), tmp_path)
    assert (profile.edifact.sequence_number, profile.sequence.width) == (("GIR BN",), 6)


def test_holes_keep_the_counter_from_being_dense(tmp_path: Path) -> None:
    text = draft_profile("maker", [("a.edi", UNKNOWN.replace(b"0043", b"0053"))])
    assert "dense = false  # guessed: 2 hole(s) in 3 numbers" in text
    assert loaded(text, tmp_path).counter == "none"


def test_a_test_indicator_and_an_unread_type_are_pointed_out() -> None:
    data = UNKNOWN.replace(b"DELJIT", b"INVOIC").replace(b"++++1", b"++++1++1")
    text = draft_profile("maker", [("a.edi", data)])
    assert "# INVOIC has no reader here" in text
    assert "1 interchange(s) carry the test indicator" in text


def test_text_of_no_syntax_asks_for_a_layout(tmp_path: Path) -> None:
    text = draft_profile("line", [("b.txt", b"D0001VIN\nD0002VIN\n")])
    assert "docs/flat-layouts.md" in text
    assert loaded(text, tmp_path).layouts == {}


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02"])
def test_nothing_is_drafted_from_nothing(data: bytes) -> None:
    with pytest.raises(ValueError, match="edi_inspect"):
        draft_profile("x", [("a", data)])


def test_a_draft_can_be_checked_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "maker"
    folder.mkdir()
    (folder / "profile.toml").write_text(draft_profile("maker", [("a.edi", UNKNOWN)]))
    (folder / "sample_01.edi").write_bytes(UNKNOWN)
    check = check_profile(folder)
    assert check.faults == ["sample_01.edi: sample_01.json is missing; write by hand what it should say"]
    assert check.guessed


HOSTILE = st.text(st.characters(codec="latin-1"), max_size=12).filter(
    lambda text: not set("'+:?") & set(text)
)


@given(HOSTILE, HOSTILE, HOSTILE)
@searched(150)
def test_no_content_breaks_out_of_its_line(one: str, two: str, three: str) -> None:
    data = (
        f"UNB+UNOC:3+{one}:{two}+{three}+261121:0600+9'UNH+1+DELJIT:D:97A:UN'BGM+{two}+D+{one}'SEQ+{three}+{one}'"
        f"GIR+4+ZZZJ1S00000000042:{two}'LOC+{one}+{two}'LIN+1++{one}:{three}'UNT+7+1'UNZ+1+9'"
    ).encode("latin-1")
    text = draft_profile("maker", [("a\nb", data)])
    assert tomllib.loads(text)["status"] == "unverified"
