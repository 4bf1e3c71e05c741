"""An answer goes to who asks for it, where the profile has agreed to it: TA1 by ISA14, CONTRL by UNB 0031."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi import formats
from edi.formats import InterchangeStart, ProfileError, load_profile
from edi.models import OutboundMessage, TradingPartner
from edi.services import sweep_outbound
from edi.transport import partner_folders
from tests.edi.files import Call, Sender, deljit
from tests.factories import START

pytestmark = pytest.mark.django_db

WITH_TA1 = "[acknowledge]\nsyntax = '997'\ninterchange = 'TA1'\n"
TA1_ALONE = "[acknowledge]\ninterchange = 'TA1'\n"
WITHOUT = "acknowledge = '997'\n"
ON_REQUEST = "[acknowledge]\nsyntax = 'CONTRL'\nwhen = 'requested'\n"
ALWAYS = "acknowledge = 'CONTRL'\n"


def use(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the partner a profile of these lines."""
    (folder / "made_up").mkdir(exist_ok=True)
    (folder / "made_up" / "profile.toml").write_text(text)
    monkeypatch.setattr("edi.services.profiles.PARTNERS", folder)
    TradingPartner.objects.update(profile="made_up")


def sequence(number: int, *, isa14: str, vin: str = "VIN1", total: int = 1) -> bytes:
    """An 866 of one vehicle."""
    blank = " " * 10
    lines = [
        f"ISA*00*{blank}*00*{blank}*ZZ*OEM            *ZZ*SUPPLIER       *261123*0601*U*00401*{number:09}*{isa14}*P*>",
        f"GS*SQ*OEM*SUPPLIER*20261123*0601*{number}*X*004010", "ST*866*0001", "BSS*00*D1*20261123*JS*20261123*20261123",
        "DTM*002*20261123*1400", f"LIN**BP*C-A*JS*0001*VV*{vin}", "REF*DK*D1", "QTY*01*1*EA", "CTT*1", "SE*8*0001",
        f"GE*1*{number}", f"IEA*{total}*{number:09}",
    ]  # fmt: skip
    return "".join(f"{line}~" for line in lines).encode()


def asking(control: int) -> bytes:
    """The DELJIT of `tests.edi.files` whose UNB asks for an acknowledgement (element 9, DE 0031)."""
    raw = deljit([Call(1)], control)
    return raw.replace(f"0600+{control}'".encode(), f"0600+{control}++++1'".encode(), 1)


def answers() -> list[str]:
    return sorted(OutboundMessage.objects.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("profile", "isa14", "sent"),
    [
        (WITH_TA1, "1", ["997", "TA1"]),
        (WITH_TA1, "0", ["997"]),
        (TA1_ALONE, "1", ["TA1"]),
        (TA1_ALONE, "0", []),
        (WITHOUT, "1", ["997"]),
        (WITHOUT, "0", ["997"]),
    ],
)
def test_a_ta1_goes_to_who_asks_for_it_where_it_was_agreed(
    profile: str, isa14: str, sent: list[str], sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(profile, tmp_path, monkeypatch)
    sender.send_raw(sequence(7, isa14=isa14))
    assert answers() == sent


@pytest.mark.parametrize(
    ("profile", "raw", "sent"),
    [
        (ON_REQUEST, asking(42), ["CONTRL"]),
        (ON_REQUEST, deljit([Call(1)], 42), []),
        (ALWAYS, asking(42), ["CONTRL"]),
        (ALWAYS, deljit([Call(1)], 42), ["CONTRL"]),
    ],
)
def test_a_contrl_goes_always_or_to_who_asks_for_it(
    profile: str, raw: bytes, sent: list[str], sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(profile, tmp_path, monkeypatch)
    sender.send_raw(raw)
    assert answers() == sent


def test_the_ta1_names_his_interchange_and_says_what_became_of_it(
    sender: Sender, partner: TradingPartner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(TA1_ALONE, tmp_path, monkeypatch)
    sender.send_raw(sequence(7, isa14="1"))
    sender.send_raw(sequence(7, isa14="1", vin="VIN2"))
    sender.send_raw(sequence(8, isa14="1", total=3))
    sweep_outbound(at=START.replace(year=2030))
    told = []
    for file in sorted(partner_folders(partner.code).out.iterdir()):
        assert file.name.startswith("TA1_")
        (found,) = formats.read(file.read_bytes()).interchanges[0].messages
        told += [(item.ref, item.accepted, item.errors) for item in found.acknowledged]
    # 025: the number was used before; 021: the number of groups is wrong.
    assert told == [("000000007", True, ()), ("000000007", False, ("025",)), ("000000008", False, ("021",))]


def test_an_acknowledgement_that_asks_for_one_gets_none(
    sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(WITH_TA1, tmp_path, monkeypatch)
    raw = sequence(7, isa14="1").split(b"~")[0] + b"~TA1*000000031*261123*0600*A*000~IEA*0*000000007~"
    sender.send_raw(raw)
    assert answers() == []


@pytest.mark.parametrize(
    ("raw", "asked"),
    [
        (sequence(7, isa14="1"), True),
        (sequence(7, isa14="0"), False),
        (asking(42), True),
        (asking(42).replace(b"++++1", b"++++2"), False),
        (deljit([Call(1)], 42), False),
        (deljit([Call(1)], 42, test=True), False),
    ],
)
def test_the_envelope_tells_whether_an_answer_is_wanted(raw: bytes, asked: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)
    with path.open("rb") as stream:
        (start,) = [part for part in formats.read_stream(stream) if isinstance(part, InterchangeStart)]
    assert start.ack_requested is asked


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[acknowledge]\nwhen = 'requested'", "acknowledge.when"),
        ("[acknowledge]\nsyntax = '997'\nwhen = 'requested'", "acknowledge.when"),
        ("[acknowledge]\nwhen = 'asked'", "acknowledge.when"),
        ("[acknowledge]\ninterchange = '997'", "acknowledge.interchange"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(text: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(text)
    with pytest.raises(ProfileError, match=named):
        load_profile(tmp_path)
