"""The gaps page: what is missing, since when, what needs it by when, and a request that is ready to send."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from edi.models import LinePulse, TradingPartner, TransmissionCounter, TransmissionGap
from edi.services import close_books, profiles
from edi.templatetags.edi_pages import left
from sequencer.models import SequenceGap
from tests.edi.files import Call, Sender
from tests.factories import Plant, person

COUNTED = 'counter = "transmission"\n[control]\ntransmission_width = 5\n'


@pytest.fixture
def counted(sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sender:
    folder = tmp_path / "partners" / "generic_deljit"
    folder.mkdir(parents=True)
    (folder / "profile.toml").write_text(COUNTED)
    monkeypatch.setattr(profiles, "PARTNERS", tmp_path / "partners")
    return sender


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def clerk(plant: Plant) -> Client:
    return as_user(person("clerk", "logistics", "LOG"))


@pytest.fixture
def boss(plant: Plant) -> Client:
    return as_user(plant.supervisor)


def page(client: Client, address: str = "/edi/gaps/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def soon(n: int) -> str:
    """A required time of today, as a DELJIT writes it."""
    return f"{timezone.now() + timedelta(minutes=120 + n):%Y%m%d%H%M}"


def test_an_empty_page_says_what_it_is_for(clerk: Client) -> None:
    text = page(clerk)
    assert "No call is missing." in text
    assert "No transmission is missing." in text
    assert "No pulse is watched." in text


def test_a_run_shows_numbers_rack_age_and_minutes(clerk: Client, sender: Sender) -> None:
    sender.send(Call(1, required=soon(1)), Call(4, required=soon(4)))
    SequenceGap.objects.update(opened_at=timezone.now() - timedelta(minutes=12, seconds=5))
    text = page(clerk)
    for told in ("0002–0003", "needed in rack R-1", "P1 · L1", "12:0", "Ask again"):
        assert told in text


def test_the_requests_of_a_run_come_in_the_partners_own_words(
    clerk: Client, sender: Sender, partner: TradingPartner
) -> None:
    sender.send(Call(1), Call(4))
    stream = SequenceGap.objects.first().stream_id
    address = f"/edi/gaps/{stream}/2/3/request/"
    assert "we have not received sequence 0002 to 0003 (2)" in page(clerk, address)
    partner.resend_to, partner.resend_subject = "edi@oem.example", "Fehlende Abrufe {numbers}"
    partner.resend_text = (
        "Bitte {first} bis {last} ({count}) für {plant}/{line} bis {by} {zone} erneut senden."
    )
    partner.full_clean()
    partner.save()
    text = page(clerk, address)
    assert "Bitte 0002 bis 0003 (2) für P1/L1 bis 2026-11-23" in text
    mail = message_from_bytes(clerk.get(f"{address}OEM-D.eml").content)
    assert (mail["To"], mail["Subject"], mail["X-Unsent"]) == (
        "edi@oem.example",
        "Fehlende Abrufe 0002 to 0003",
        "1",
    )
    assert "für P1/L1" in mail.get_payload(decode=True).decode()
    answer = clerk.get(f"{address}OEM-D.txt")
    assert answer["Content-Disposition"] == 'attachment; filename="Fehlende-Abrufe-0002-to-0003.txt"'
    assert "Bitte 0002 bis 0003" in answer.content.decode()


def test_a_line_without_partner_keeps_the_boards_own_text(clerk: Client, plant: Plant) -> None:
    plant.new(1)
    plant.new(3)
    assert clerk.get(f"/edi/gaps/{plant.stream.pk}/2/2/request/").status_code == 204


def test_the_board_offers_the_request_beside_the_decision(boss: Client, sender: Sender, plant: Plant) -> None:
    sender.send(Call(1), Call(3))
    text = page(boss, f"/gaps/{plant.stream.pk}/2/2/")
    assert f"/edi/gaps/{plant.stream.pk}/2/2/request/" in text
    assert "Missing for" in text


@pytest.mark.parametrize("text", ["{nonsense}", "{first.__class__}", "{0}"])
def test_a_request_that_names_a_fact_there_is_none_of_is_refused(partner: TradingPartner, text: str) -> None:
    partner.resend_text = f"Please send {text}"
    with pytest.raises(ValidationError, match="stands for nothing"):
        partner.full_clean()


def missing_transmission(counted: Sender) -> TransmissionGap:
    counted.send(Call(1, required=soon(1)), control=41)
    counted.send(Call(2, required=soon(2)), control=44)
    return TransmissionGap.objects.get()


def test_a_missing_transmission_shows_what_it_holds(clerk: Client, counted: Sender) -> None:
    gap = missing_transmission(counted)
    text = page(clerk)
    for told in ("42 to 43", "OEM-D", "Line 1: sealing and departing past 0001"):
        assert told in text
    dialog = page(clerk, f"/edi/gaps/transmissions/{gap.pk}/")
    assert "we have not received transmission 42 to 43 (2)" in dialog
    assert "A supervisor may accept" in dialog
    assert "Subject: P1 Line 1" in clerk.get(f"/edi/gaps/transmissions/{gap.pk}/OEM-D.eml").content.decode()


def test_the_board_shows_the_hold_with_its_minutes(boss: Client, counted: Sender, plant: Plant) -> None:
    missing_transmission(counted)
    text = page(boss, f"/lines/{plant.line.pk}/?show=hold")
    assert "WAITS Line 1: transmissions 42 to 43 of OEM-D are missing" in text
    assert "sealing and departing past 0001 wait" in text
    assert 'href="/edi/gaps/"' in text


def test_a_supervisor_accepts_a_missing_transmission_by_name(
    boss: Client, counted: Sender, plant: Plant
) -> None:
    gap = missing_transmission(counted)
    address = f"/edi/gaps/transmissions/{gap.pk}/accept/"
    assert boss.post(address, {"reason": " "}).status_code == 409
    assert boss.post(address, {"reason": "never sent"}).status_code == 204
    gap.refresh_from_db()
    assert (gap.status, gap.by, gap.reason) == ("ACCEPTED", plant.supervisor, "never sent")
    text = page(boss)
    assert "No transmission is missing." in text
    assert "Boss: never sent" in text
    assert boss.get(f"/edi/gaps/transmissions/{gap.pk}/").status_code == 404


def test_nobody_else_accepts(clerk: Client, counted: Sender) -> None:
    gap = missing_transmission(counted)
    assert clerk.post(f"/edi/gaps/transmissions/{gap.pk}/accept/", {"reason": "x"}).status_code == 403
    gap.refresh_from_db()
    assert gap.status == "OPEN"


def test_a_supervisor_says_that_a_count_began_anew(boss: Client, counted: Sender) -> None:
    counted.send(Call(1), control=500)
    counter = TransmissionCounter.objects.get()
    address = f"/edi/counters/{counter.pk}/restart/"
    assert "The last number of the old count was 500" in page(boss, address)
    assert boss.post(address, {"number": "x", "reason": "new server"}).status_code == 422
    assert boss.post(address, {"number": "7", "reason": ""}).status_code == 409
    assert boss.post(address, {"number": "7", "reason": "new server"}).status_code == 204
    counted.send(Call(2), control=8)
    assert not TransmissionGap.objects.exists()


def test_a_pulse_shows_its_silence(clerk: Client, sender: Sender, partner: TradingPartner) -> None:
    LinePulse.objects.create(
        partner=partner, last_at=timezone.now() - timedelta(minutes=11), allowed_seconds=600
    )
    text = page(clerk)
    assert "✕ 11:0" in text
    assert "never stops" in text


def test_closed_days_are_listed(clerk: Client, sender: Sender) -> None:
    assert "No day is closed yet." in page(clerk, "/edi/closings/")
    sender.send(Call(1))
    close_books(at=timezone.now() + timedelta(days=2))
    assert "✓ balanced" in page(clerk, "/edi/closings/")


def test_the_live_part_is_the_page(clerk: Client, counted: Sender) -> None:
    missing_transmission(counted)
    assert "42 to 43" in page(clerk, "/edi/gaps/live/")


@pytest.mark.parametrize(
    ("minutes", "words"), [(12, "12 min"), (-5, "−5 min"), (179, "179 min"), (180, "3 h"), (3108, "51 h")]
)
def test_time_left_is_told_in_minutes_as_long_as_they_matter(minutes: int, words: str) -> None:
    assert left(minutes) == words
