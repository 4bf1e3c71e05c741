"""The catalogues as they are shipped: compiled, nothing doubtful, every place kept, complete for the floor."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from django.utils import translation

from sequencer.management.commands.messages import DOMAINS, TRANSLATED, po_file, read_po, script_words
from sequencer.models import Station
from sequencer.services.flows import FLOWS
from sequencer.services.printing.sheets import PLAIN, reasons_of
from sequencer.services.verdicts import WORDS
from sequencer.spoken import spoken

pytestmark = pytest.mark.engine_free

ROOT = Path(__file__).parents[2]
# What a person with a scanner reads. The office's pages follow language by language and fall back to English.
FLOOR = (
    "sequencer/services/scans/", "sequencer/services/flows/", "sequencer/services/view.py", "sequencer/services/dock",
    "sequencer/services/verdicts.py", "sequencer/services/racks/", "sequencer/services/quality.py",
    "sequencer/services/quantity/", "sequencer/services/challenge", "sequencer/services/overrides.py",
    "sequencer/services/kits.py", "sequencer/services/paper/", "sequencer/services/printing/sheets.py",
    "sequencer/documents/", "sequencer/spoken.py",
    "sequencer/views/picture.py", "sequencer/views/dock_picture.py", "sequencer/views/rack_picture.py",
    "sequencer/rules.py", "sequencer/labels.py", "templates/station/", "templates/dock/", "templates/components/",
    "static/js/",
)  # fmt: skip
CATALOGUES = [(language, domain) for language in TRANSLATED for domain in DOMAINS]


def places(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s|<[^>]+>", text))


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_what_is_shipped_is_what_was_written(language: str, domain: str) -> None:
    source = po_file(language, domain)
    assert "#, fuzzy" not in source.read_text()
    with source.with_suffix(".mo").open("rb") as compiled:
        shipped = gettext.GNUTranslations(compiled)
    wrong = [
        one
        for (one, many), forms in read_po(source).items()
        if one and forms[0]
        and (shipped.ngettext(one, many, 1) if many else shipped.gettext(one)) != forms[0]
    ]  # fmt: skip
    assert wrong == [], "run make messages"


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_a_translation_keeps_every_place(language: str, domain: str) -> None:
    wrong = [
        (one, form)
        for (one, many), forms in read_po(po_file(language, domain)).items()
        for form in forms
        if one
        and form
        and not places(one) & places(many or one) <= places(form) <= places(one) | places(many)
    ]
    assert wrong == []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_nothing_on_the_floor_is_left_in_english(language: str, domain: str) -> None:
    source = po_file(language, domain)
    on_the_floor = set()
    for block in source.read_text().split("\n\n"):
        named = re.search(r'^msgid "(.*)"$', block, re.M)
        seen = re.findall(r"^#: (.*)$", block, re.M)
        if named and any(place.startswith(FLOOR) for line in seen for place in line.split()):
            on_the_floor.add(named.group(1).replace('\\"', '"'))
    assert len(on_the_floor) > 50
    left = [one for (one, _), forms in read_po(source).items() if one in on_the_floor and not all(forms)]
    assert left == []


def test_scripts_carry_the_same_words() -> None:
    assert (ROOT / "static/js/catalogue.js").read_text() == script_words(), "run make messages"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_code_a_station_shows_has_a_word(language: str) -> None:
    """A flow that is added says its command and its reasons in every language, or this names it."""
    known = {one for one, _ in read_po(po_file(language, "django"))}
    codes = {word for kind in Station.Kind for word, _ in PLAIN[kind]} | set(FLOWS)
    codes |= {reason for flow in FLOWS.values() for reason in reasons_of(flow)}
    with translation.override("en"):
        assert {spoken(code) for code in codes} - known == set()
    assert set(WORDS.values()) - known == set()
