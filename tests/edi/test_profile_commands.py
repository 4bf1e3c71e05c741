"""`edi_check_profile` and `edi_draft_profile` as a newcomer runs them; neither needs a database."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

PARTNERS = Path(__file__).resolve().parents[2] / "edi" / "partners"


def run(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(*args, stdout=out)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_every_partner_passes_by_name() -> None:
    names = sorted(path.name for path in PARTNERS.iterdir() if path.is_dir())
    code, text = run("edi_check_profile", *names)
    assert code == 0, text
    assert "vw_syncro: Volkswagen SYNCRO, unverified," in text
    assert "DIFFERS" not in text


def test_a_difference_is_shown_and_ends_in_one(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PARTNERS / "jlr", tmp_path / "jlr"))
    path = folder / "synthetic_schedule.json"
    path.write_text(path.read_text().replace('"4200"', '"4201"'))
    code, text = run("edi_check_profile", str(folder))
    assert code == 1
    assert "DIFFERS synthetic_schedule.edi" in text
    assert 'releases[0].cumulative_received: expected "4201", read "4200"' in text
    code, text = run("edi_check_profile", str(folder), "--json")
    (found,) = json.loads(text)
    assert (code, found["good"], found["status"]) == (1, False, "unverified")
    assert [pair["ok"] for pair in found["pairs"]] == [True, False]


def test_a_profile_that_cannot_be_loaded_ends_in_two(tmp_path: Path) -> None:
    code, text = run("edi_check_profile", str(tmp_path))
    assert (code, "there is no such file" in text) == (2, True)
    (tmp_path / "profile.toml").write_text("colour = 'red'")
    code, text = run("edi_check_profile", str(tmp_path))
    assert (code, "colour: no such key" in text) == (2, True)


def test_a_draft_is_printed_or_written_and_can_be_checked(tmp_path: Path) -> None:
    sample = PARTNERS / "volvo_syncro" / "synthetic_direct.edi"
    code, text = run("edi_draft_profile", str(sample))
    assert code == 0
    assert 'id = "VOLVO"  # seen in 1 envelope(s)' in text
    code, text = run("edi_draft_profile", str(sample), "--code", "maker", "--into", str(tmp_path))
    assert code == 0
    folder = tmp_path / "maker"
    assert sorted(path.name for path in folder.iterdir()) == ["profile.toml", "sample_01.edi"]
    assert (folder / "sample_01.edi").read_bytes() == sample.read_bytes()
    code, text = run("edi_check_profile", str(folder))
    assert code == 1
    assert "FAULT   sample_01.edi: sample_01.json is missing" in text
    assert 'look at timezone is "UTC"' in text


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--code", "../x"], "no name for a folder"),
        (["--code", "jlr"], "is there already"),
    ],
)
def test_a_draft_never_overwrites(args: list[str], said: str) -> None:
    sample = PARTNERS / "volvo_syncro" / "synthetic_direct.edi"
    code, text = run("edi_draft_profile", str(sample), *args)
    assert (code, said in text) == (2, True)


def test_a_draft_needs_a_file_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x00\x01")
    assert run("edi_draft_profile", str(tmp_path / "a.bin"))[0] == 2
    assert run("edi_draft_profile", str(tmp_path / "missing"))[0] == 2
