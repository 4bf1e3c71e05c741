"""A feed that changes is told before it is read; what it may use is accepted by a named person."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from edi.models import FeedUsage, TradingPartner
from edi.services import accept_usage, feed_report, profile_of
from edi.services import usage as watching
from inventory.errors import Refused
from sequencer.models import PlantEvent, Task
from tests.edi.files import Call, Sender
from tests.factories import Plant


@pytest.fixture
def person(plant: Plant) -> User:
    return plant.supervisor


def accept(partner: TradingPartner, person: User, plant: Plant) -> None:
    accept_usage(partner, profile_of(partner), by=person, reason="first week looked through", at=plant.at)


def told() -> list[str]:
    return list(Task.objects.filter(kind="EDI_USAGE").exclude(status="DONE").values_list("text", flat=True))


def test_nothing_is_told_before_a_first_usage_was_accepted(sender: Sender, partner: TradingPartner) -> None:
    sender.send(Call(1))
    sender.send(Call(2, "CHANGE"))
    assert not FeedUsage.objects.exists()
    assert told() == []


def test_a_new_code_is_told_once_and_the_file_is_read_all_the_same(
    sender: Sender, partner: TradingPartner, person: User, plant: Plant
) -> None:
    sender.send(Call(1))
    accept(partner, person, plant)
    sender.send(Call(1, "CANCEL"))
    assert sender.statuses()[-1][1] == "APPLIED"
    (text,) = told()
    assert "SEQ 1 says '2', which never came before" in text
    assert "file2.edi" in text
    alarms = PlantEvent.objects.filter(kind="alarm", facts__alarm="EDI_USAGE")
    assert alarms.count() == 1
    sender.send(Call(2))
    sender.send(Call(2, "CANCEL"))
    assert alarms.count() == 1


def test_it_is_told_of_a_file_that_cannot_be_read(
    sender: Sender, partner: TradingPartner, person: User, plant: Plant
) -> None:
    delivery = sender.send(Call(1))
    accept(partner, person, plant)
    spoiled = bytes(delivery.raw).replace(b"LOC+11", b"XYZ+1'LOC+11").replace(b"+1'", b"+2'", 1)
    refused = sender.send_raw(spoiled)
    assert refused.status == "QUARANTINED" or refused.interchanges.get().messages.get().status == "REJECTED"
    assert "segment XYZ never came before" in told()[0]


def test_a_new_message_type_is_told(
    sender: Sender, partner: TradingPartner, person: User, plant: Plant
) -> None:
    raw = bytes(sender.send(Call(1)).raw)
    accept(partner, person, plant)
    sender.send_raw(raw.replace(b"DELJIT", b"INVOIC"))
    assert "messages of type INVOIC never came before" in told()[0]
    assert FeedUsage.objects.get(message_type="INVOIC").accepted_at is None


def test_accepting_again_clears_the_alarm_and_keeps_what_was_known(
    sender: Sender, partner: TradingPartner, person: User, plant: Plant
) -> None:
    sender.send(Call(1))
    accept(partner, person, plant)
    sender.send(Call(1, "CANCEL"))
    accept_usage(partner, None, by=person, reason="he told us", at=plant.at, last=1)
    assert told() == []
    row = FeedUsage.objects.get(message_type="DELJIT")
    assert (row.accepted_by, row.reason, row.told) == (person, "he told us", [])
    assert set(row.usage["codes"]["SEQ 1"]) == {"2", "3"}
    assert feed_report(partner, None).drift == []


@pytest.mark.parametrize(("files", "reason", "code"), [(0, "x", "no_files"), (1, " ", "reason_missing")])
def test_an_acceptance_needs_files_and_a_reason(
    sender: Sender, partner: TradingPartner, person: User, plant: Plant, files: int, reason: str, code: str
) -> None:
    for number in range(files):
        sender.send(Call(number + 1))
    with pytest.raises(Refused) as refused:
        accept_usage(partner, None, by=person, reason=reason, at=plant.at)
    assert refused.value.code == code


def test_a_defect_of_the_watch_does_not_stop_the_file(
    sender: Sender, partner: TradingPartner, person: User, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender.send(Call(1))
    accept(partner, person, plant)

    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(watching, "measure", broken)
    sender.send(Call(2))
    assert sender.statuses()[-1][1] == "APPLIED"


def test_only_the_beginning_of_a_huge_file_is_measured(
    sender: Sender, partner: TradingPartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = sender.send(*[Call(number) for number in range(1, 40)])
    monkeypatch.setattr(watching, "MEASURED_BYTES", 1500)
    report = feed_report(partner, None)
    assert 1 < report.usage["DELJIT"].segments["SEQ"] < 39
    assert delivery.size > 1500
    assert {len(tag) for tag in report.usage["DELJIT"].segments} == {3}, "no half segment"


def run(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("edi_usage", *args, stdout=out)
    except SystemExit as left:
        return int(left.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_reports_accepts_and_shows_what_is_new(
    sender: Sender, partner: TradingPartner, person: User
) -> None:
    sender.send(Call(1))
    code, text = run("--partner", partner.code)
    assert code == 0
    assert "nobody accepted this use yet" in text
    code, text = run(
        "--partner", partner.code, "--accept", "--by", person.username, "--reason", "looked through"
    )
    assert (code, "2 type(s) accepted by" in text) == (0, True)
    sender.send(Call(1, "CHANGE"))
    code, text = run("--partner", partner.code)
    assert code == 1
    assert "NEW  DELJIT: SEQ 1 says '5', which never came before" in text
    code, text = run("--partner", partner.code, "--json")
    found = json.loads(text)
    assert (code, found["files"], found["drift"][0]["where"]) == (1, 2, "SEQ 1")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--partner", "NOBODY"], "there is no partner NOBODY"),
        (["--partner", "OEM-D", "--accept"], "name an active user"),
        (["--partner", "OEM-D", "--accept", "--by", "nobody"], "name an active user"),
    ],
)
def test_the_command_refuses_with_a_remedy(partner: TradingPartner, args: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run(*args)
