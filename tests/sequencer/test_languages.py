"""The language of the badge: where it is kept, who is spoken to in it, and what never changes with it."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation
from django.utils.html import strip_tags

from sequencer.clocks import both_clocks
from sequencer.models import Badge, ScanEvent
from sequencer.services import station_view
from sequencer.templatetags.plant_words import due
from tests.factories import Plant


def speak(person: User, language: str) -> None:
    Badge.objects.filter(user=person).update(language=language)


def test_language_goes_round_and_stays_with_the_badge(plant: Plant) -> None:
    plant.scan("%B:OP")
    seen = [plant.scan("%C:LANGUAGE").seen for _ in range(5)]
    assert seen == ["Deutsch", "Español", "Français", "English", "Deutsch"]
    assert Badge.objects.get(code="OP").language == "de"
    assert Badge.objects.get(code="BOSS").language == ""
    assert translation.get_language() == "en", "nothing outside of the scan speaks it"


@pytest.mark.parametrize(
    ("badge", "browser", "spoken"),
    [("", "", "en"), ("", "fr", "fr"), ("de", "fr", "de"), ("xx", "es", "es"), ("", "pt", "en")],
)
def test_pages_speak_the_badge_then_the_browser_then_the_plant(
    plant: Plant, badge: str, browser: str, spoken: str
) -> None:
    speak(plant.supervisor, badge)
    client = Client(headers={"Accept-Language": browser} if browser else None)
    client.force_login(plant.supervisor)
    assert f'<html lang="{spoken}">' in client.get("/lines/").content.decode()


def test_a_person_chooses_in_the_top_bar_what_the_badge_speaks(plant: Plant) -> None:
    client = Client()
    client.force_login(plant.supervisor)
    page = client.get("/racks/?sort=age").content.decode()
    assert all(f'lang="{code}"' in page for code in ("en", "de", "es", "fr"))
    answer = client.post("/language/", {"language": "fr", "next": "/racks/?sort=age"}, follow=True)
    assert answer.redirect_chain == [("/racks/?sort=age", 302)]
    assert '<html lang="fr">' in answer.content.decode()
    assert Badge.objects.get(code="BOSS").language == "fr"
    assert plant.scan("%B:BOSS").hint == "Bienvenue", "at a station too"


def test_without_a_badge_the_browser_keeps_the_language(db: None) -> None:
    client = Client()
    assert (
        '<html lang="es">'
        in client.post("/language/", {"language": "es", "next": "/login/"}, follow=True).content.decode()
    )
    client.force_login(User.objects.create(username="root", is_superuser=True))
    assert '<html lang="es">' in client.get("/").content.decode()


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", ""])
def test_the_choice_of_a_language_leads_nowhere_else(db: None, back: str) -> None:
    assert Client().post("/language/", {"language": "de", "next": back})["Location"] == "/"


def test_a_language_the_plant_does_not_speak_is_refused(plant: Plant) -> None:
    client = Client()
    client.force_login(plant.supervisor)
    assert client.post("/language/", {"language": "tlh"}).status_code == 422
    assert Badge.objects.get(code="BOSS").language == ""


def test_a_station_speaks_the_badge_that_is_signed_on_not_the_log_in(plant: Plant) -> None:
    speak(plant.supervisor, "fr")
    speak(plant.operator, "es")
    client = Client()
    client.force_login(plant.supervisor)
    address = f"/station/{plant.station.pk}/"
    assert '<html lang="fr">' in client.get(address).content.decode()
    plant.scan("%B:OP")
    assert '<html lang="es">' in client.get(address).content.decode()


# (language, word of a wrong part, what is asked for afterwards)
SPOKEN = [
    ("de", "FALSCHES TEIL", "ZURÜCKLEGEN, RÜCKGABE SCANNEN"),
    ("es", "PIEZA ERRÓNEA", "DEVUÉLVALA, ESCANEE LA CAJA"),
    ("fr", "MAUVAISE PIÈCE", "REMETTRE, SCANNER LE BAC"),
]


@pytest.mark.parametrize(("language", "word", "asked"), SPOKEN)
def test_a_verdict_comes_in_the_operators_language_and_its_code_stays(
    plant: Plant, language: str, word: str, asked: str
) -> None:
    speak(plant.operator, language)
    plant.new(1)
    plant.start_rack()
    verdict = plant.scan("PB")
    assert (verdict.code, verdict.word) == ("WRONG_PART", word)
    assert ScanEvent.objects.get(pk=verdict.scan_id).hint == verdict.hint
    view = station_view(plant.station.pk, at=plant.at)
    assert (view["ask"]["code"], view["ask"]["text"]) == ("LOCKED", asked)


def test_the_answer_to_a_badge_is_in_its_own_language(plant: Plant) -> None:
    speak(plant.operator, "de")
    speak(plant.supervisor, "fr")
    assert [plant.scan(badge).hint for badge in ("%B:OP", "%B:BOSS")] == ["Willkommen", "Bienvenue"]


# New York leaves summer time a week after Berlin does: in that week the same hour stands nearer.
DUE = [
    ("2026-07-01T12:32+00:00", "Europe/Berlin", "America/New_York", "14:32 (OEM 08:32 EDT)"),
    ("2026-10-27T13:32+00:00", "Europe/Berlin", "America/New_York", "14:32 (OEM 09:32 EDT)"),
    ("2026-12-01T13:32+00:00", "Europe/Berlin", "America/New_York", "14:32 (OEM 08:32 EST)"),
    # The hour that comes twice is told apart by its zone; equal clocks are told once.
    ("2026-11-01T05:30+00:00", "UTC", "America/New_York", "05:30 (OEM 01:30 EDT)"),
    ("2026-11-01T06:30+00:00", "UTC", "America/New_York", "06:30 (OEM 01:30 EST)"),
    ("2026-07-01T12:32+00:00", "Europe/Berlin", "Europe/Madrid", "14:32"),
    ("2026-10-25T00:30+00:00", "Europe/Berlin", "America/New_York", "02:30 CEST (OEM 24.10. 20:30 EDT)"),
    ("2026-10-25T01:30+00:00", "Europe/Berlin", "America/New_York", "02:30 CET (OEM 24.10. 21:30 EDT)"),
    ("2026-10-25T01:30+00:00", "Europe/Berlin", "Europe/Madrid", "02:30 CET"),
]


@pytest.mark.parametrize(("moment", "ours", "theirs", "told"), DUE)
def test_a_due_time_stands_on_both_clocks(moment: str, ours: str, theirs: str, told: str) -> None:
    with timezone.override(ours):
        at = datetime.fromisoformat(moment)
        assert (both_clocks(at, theirs), strip_tags(due(at, theirs))) == (told, told)


def test_the_board_speaks_the_badge_and_says_nothing_where_there_is_nothing(plant: Plant) -> None:
    speak(plant.supervisor, "de")
    for n in (1, 2, 4):
        plant.new(n)
    client = Client()
    client.force_login(plant.supervisor)
    page = client.get(f"/lines/{plant.line.pk}/").content.decode()
    for told in ("Rückverfolgung", "Sequenzlücke entscheiden", "begrenzt durch", "Zu tun, nach Restminuten"):
        assert told in page
    assert "Project-Id-Version" not in page, "a catalogue answers an empty word with its head"
