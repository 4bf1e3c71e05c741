"""Rounds of a partner's vehicle count that no calendar tells: a wrap, and a count set back when the OEM likes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edi.formats import CallOffEvent, ProfileError, SequenceRule, load_profile
from edi.models import InboundEvent, SequenceCycle, TradingPartner
from edi.services import take_ledger
from edi.services.corrections import identity_of
from sequencer.models import CallOff, SequenceStream
from tests.edi.files import Call, Sender, deljit
from tests.factories import Plant

Use = Callable[[str], None]

pytestmark = pytest.mark.django_db

IDENTITY = "identity = ['sequence_cycle']\n[sequence]\nwidth = 4\nlast = 20\nmax_jump = 5\n"
RESET = "[events.1245]\n8 = 'RESET'\n"


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Plant, partner: TradingPartner) -> Use:
    """Give the partner a profile of these lines, and his stream a counter of twenty numbers."""
    SequenceStream.objects.update(last=20, max_jump=5, dense=False)
    monkeypatch.setattr("edi.services.profiles.PARTNERS", tmp_path)
    (tmp_path / "made_up").mkdir()
    TradingPartner.objects.update(profile="made_up")

    def write(text: str) -> None:
        (tmp_path / "made_up" / "profile.toml").write_text(text)

    return write


def send(sender: Sender, *numbers: int, at: str = "0600", event: str = "NEW", point: str = "3") -> list[str]:
    """One interchange written at that time of the day; returns the call numbers it was booked under."""
    sender.control += 1
    calls = [Call(number, event=event) for number in numbers]
    raw = deljit(calls, sender.control).replace(b"261123:0600", f"261123:{at}".encode(), 1)
    raw = raw.replace(b":3'\nDTM+2", f":{point}'\nDTM+2".encode()).replace(b"SEQ+9+", b"SEQ+8+")
    delivery = sender.send_raw(raw)
    assert delivery.status == "PARSED", delivery.note
    rows = InboundEvent.objects.filter(message__interchange__delivery=delivery).order_by("number")
    return list(rows.values_list("call_number", flat=True))


def rounds() -> list[tuple[str, int, int]]:
    return list(SequenceCycle.objects.values_list("point", "number", "last"))


# the count wraps


def test_a_number_that_comes_again_behind_the_wrap_is_another_call(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'wrap'")
    assert send(sender, 18, 19, 20, 1, 2) == [
        "c0001-3-0018", "c0001-3-0019", "c0001-3-0020", "c0002-3-0001", "c0002-3-0002",
    ]  # fmt: skip
    send(sender, *range(3, 18))
    assert send(sender, 18) == ["c0002-3-0018"]
    assert rounds() == [("3", 1, 20), ("3", 2, 18)]
    assert CallOff.objects.filter(sequence_number="0018").count() == 2
    assert take_ledger().balanced


def test_a_late_number_has_the_round_its_vehicle_had(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'wrap'")
    send(sender, 18, 20, 1, 2)
    assert send(sender, 19) == ["c0001-3-0019"]
    assert send(sender, 18, event="CANCEL") == ["c0001-3-0018"]
    assert rounds() == [("3", 1, 20), ("3", 2, 2)]
    assert CallOff.objects.get(call_number="c0001-3-0018").stage == "CANCELLED"


def test_each_broadcast_point_has_rounds_of_its_own(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'wrap'")
    assert send(sender, 19, 2) == ["c0001-3-0019", "c0002-3-0002"]
    assert send(sender, 18, point="1") == ["c0001-1-0018"]


def test_a_number_of_no_count_names_no_call(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'wrap'")
    assert send(sender, 21) == [""]
    assert sender.statuses() == [("", "QUARANTINED", "no_call_number")]


# the partner sets it back


def test_the_partners_reset_begins_the_next_round(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'reset'\n" + RESET)
    assert send(sender, 7, 8, 9) == ["c0001-3-0007", "c0001-3-0008", "c0001-3-0009"]
    assert send(sender, 1, event="TEST", at="0700") == ["c0002-3-0001"]
    assert send(sender, 1, 2, at="0701") == ["c0002-3-0001", "c0002-3-0002"]
    assert rounds() == [("3", 1, 9), ("3", 2, 2)]
    assert [row[1:] for row in sender.statuses()][3] == ("APPLIED", "no_effect")
    # The plant's own count begins anew with it: 0001 stands behind 0009 on the line.
    positions = CallOff.objects.order_by("position").values_list("call_number", flat=True)
    assert list(positions)[-2:] == ["c0002-3-0001", "c0002-3-0002"]
    assert SequenceStream.objects.get().cycle == "c0002"


def test_what_was_written_before_the_reset_belongs_to_the_round_before(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'reset'\n" + RESET)
    send(sender, 7, 8, at="0600")
    send(sender, 1, event="TEST", at="0700")
    send(sender, 7, at="0710")
    assert send(sender, 9, at="0630") == ["c0001-3-0009"]
    assert send(sender, 7, at="0640", event="CANCEL") == ["c0001-3-0007"]
    assert send(sender, 8, at="0720") == ["c0002-3-0008"]


def test_a_reset_told_again_or_late_resets_once(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'reset'\n" + RESET)
    send(sender, 7, at="0600")
    for at in ("0700", "0700", "0650"):
        send(sender, 1, event="TEST", at=at)
    assert rounds() == [("3", 1, 7), ("3", 2, 0)]
    send(sender, 1, event="TEST", at="0900")
    assert [number for _, number, _ in rounds()] == [1, 2, 3]


def test_a_count_may_begin_again_with_its_number(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'reset'\nreset_number = 1")
    send(sender, *range(1, 13))
    # Told again, changed, or a step back within reach: the same round.
    assert send(sender, 1, at="0610", event="CHANGE") == ["c0001-3-0001"]
    assert send(sender, 9, at="0615") == ["c0001-3-0009"]
    assert send(sender, 1, 2, at="0620") == ["c0002-3-0001", "c0002-3-0002"]
    assert send(sender, 1, at="0630") == ["c0002-3-0001"]
    assert CallOff.objects.filter(sequence_number="0001").count() == 2


def test_an_interchange_that_is_refused_begins_nothing(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'reset'\n" + RESET)
    send(sender, 7)
    raw = deljit([Call(1, event="TEST")], 50).replace(b"SEQ+9+", b"SEQ+8+").replace(b"0600+50", b"0700+50")
    assert sender.send_raw(raw.replace(b"UNZ+1+50", b"UNZ+2+50")).status == "QUARANTINED"
    assert rounds() == [("3", 1, 7)]


def test_the_same_file_again_moves_no_round(use: Use, sender: Sender) -> None:
    use(IDENTITY + "cycle = 'wrap'")
    raw = deljit([Call(20), Call(1)], 5)
    sender.send_raw(raw)
    for name in ("again.edi", "and again.edi"):
        assert sender.send_raw(raw, name).status == "DUPLICATE"
    assert rounds() == [("3", 1, 20), ("3", 2, 1)]


def test_a_call_written_by_hand_is_of_the_present_round(
    use: Use, sender: Sender, partner: TradingPartner
) -> None:
    use(IDENTITY + "cycle = 'wrap'")
    send(sender, 20, 1)
    partner.refresh_from_db()
    assert identity_of(partner, CallOffEvent("NEW", "0002", "3"), "") == "c0002-3-0002"
    assert rounds() == [("3", 1, 20), ("3", 2, 1)]


# the days of the model years


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-07-05T23:59", "2025-07-07"),
        ("2026-07-06T00:00", "2026-07-06"),
        ("2027-12-31", "2026-07-06"),
        ("2025-07-06", None),
        (None, None),
    ],
)
def test_a_cycle_of_dates_begins_on_each_of_them(moment: str | None, name: str | None) -> None:
    rule = SequenceRule(cycle="dates", cycle_dates=("2025-07-07", "2026-07-06"))
    assert rule.cycle_of(moment) == name


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cycle = 'dates'", "sequence.cycle_dates"),
        ("cycle_dates = ['2026-07-06']", "sequence.cycle_dates"),
        ("cycle = 'dates'\ncycle_dates = ['07-06']", "sequence.cycle_dates"),
        ("cycle = 'dates'\ncycle_dates = '2026-07-06'", "sequence.cycle_dates"),
        ("cycle = 'wrap'\nreset_number = 1", "sequence.reset_number"),
        ("cycle = 'reset'\nreset_number = 10000", "sequence.reset_number"),
        ("cycle = 'round'", "sequence.cycle"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(text: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "profile.toml").write_text(f"[sequence]\n{text}\n")
    with pytest.raises(ProfileError, match=named):
        load_profile(tmp_path)
