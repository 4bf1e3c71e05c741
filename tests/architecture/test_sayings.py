"""What the engine says can be said in every language: each code has a template, and each template its translations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from scheduling.engine import ProblemError, read_problem
from scheduling.engine.sentences import TEMPLATES, Sentence
from scheduling.sayings import said_as_json, say
from sequencer.management.commands.messages import TRANSLATED

pytestmark = pytest.mark.engine_free

ROOT = Path(__file__).parents[2] / "scheduling"
# Codes that are put together of a word and a value.
MADE = ("sorted-", "level-")
UNITS = {"pieces", "volume", "positions"}
# Figures between two sentences.
ALIKE = UNITS | {"refused-at"}
# What refuses a problem in English alone: only a file written by hand can cause it.
BY_HAND = {
    "_calendar_of", "_calendars", "_capacity", "_check_names", "_check_once", "_day_windows", "_key", "_minute",
    "_resource", "_status", "_week", "_window", "_zone", "operation", "read_day", "read_moment", "read_problem",
    "setup_record",
}  # fmt: skip


def places(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


def sentences() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sentence":
                yield str(path.relative_to(ROOT)), node


def codes_of(call: ast.Call) -> set[str]:
    """The codes a call may make, as far as they stand there in letters."""
    return {
        node.value
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in TEMPLATES
    }


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("code", TEMPLATES)
def test_every_code_is_translated_with_the_same_places(code: str, language: str) -> None:
    template = TEMPLATES[code]
    with translation.override(language):
        told = translation.gettext(template)
    assert places(told) == places(template)
    assert told != template or code in ALIKE, "run make messages and translate it"


def test_every_sentence_has_a_template_and_the_values_it_asks() -> None:
    used = set[str]()
    for path, call in sentences():
        codes = codes_of(call)
        used |= codes
        assert codes or isinstance(call.args[0], ast.Name | ast.JoinedStr | ast.IfExp | ast.Attribute), path
        named = {keyword.arg for keyword in call.keywords}
        if len(codes) == 1 and isinstance(call.args[0], ast.Constant) and None not in named:
            (code,) = codes
            assert named == places(TEMPLATES[code]), (path, code)
    assert len(used) > 50


def test_no_template_is_left_over() -> None:
    text = "".join(path.read_text() for path in sorted(ROOT.rglob("*.py")) if path.name != "sentences.py")
    unused = {code for code in TEMPLATES if f'"{code}"' not in text and not code.startswith(MADE)}
    assert unused <= UNITS


def test_a_warning_of_the_engine_is_a_sentence_with_a_code() -> None:
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            appended = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("warnings.append", "gave_way.append")
            )
            if appended and isinstance(node, ast.Call):
                assert not isinstance(node.args[0], ast.JoinedStr | ast.Constant), (
                    f"{path.name}: {ast.unparse(node)}"
                )


def test_a_refusal_that_plant_data_can_cause_is_a_sentence_with_a_code() -> None:
    untold = set[str]()
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "ProblemError":
                    made = ast.unparse(node.args[1])
                    untold |= set() if made.startswith("Sentence(") else {function.name}
    assert untold == BY_HAND


def test_a_refused_problem_is_told_in_the_language_of_its_reader() -> None:
    data = {"start": "2026-01-05T06:00", "steps": [{"id": 10, "type": "standard", "work_centre": "PRESS"}]}
    with pytest.raises(ProblemError) as refused:
        read_problem(data)
    said = refused.value.said
    assert str(refused.value) == said == (
        "steps[0].group_from: is missing; name the first character of that part of the key"
    )  # fmt: skip
    assert (said.as_json()["code"], said.as_json()["values"]["said"]["code"]) == (
        "refused-at",
        "first-missing",
    )
    with translation.override("de"):
        assert say(said.as_json()) == (
            "steps[0].group_from: fehlt; nennen Sie das erste Zeichen dieses Teils des Schlüssels"
        )
        with pytest.raises(ProblemError) as by_hand:
            read_problem({**data, "zone": "Nowhere"})
        assert say(by_hand.value.said).startswith("zone: 'Nowhere' is no time zone")


def test_a_sentence_is_said_in_the_language_of_its_reader() -> None:
    closed = Sentence("would-wait", hours=2.5)
    sentence = Sentence(
        "below-fill", step=10, load="10-1", resource="OVEN 50 %", percent=30, least=62.5, closed=closed
    )
    assert sentence == (
        "Step 10: load 10-1 on OVEN 50 % is 30% full, below the minimum fill of 62.5 %; waiting on would pass 2.5 h."
    )
    kept = sentence.as_json()
    with translation.override("de"):
        assert (
            say(kept)
            == say(sentence)
            == (
                "Schritt 10: Charge 10-1 auf OVEN 50 % ist zu 30% voll, unter der Mindestfüllung von 62.5 %; weiteres "
                "Warten würde 2.5 h überschreiten."
            )
        )
        (told,) = said_as_json([kept])
        assert (told["code"], told["values"]["closed"]["code"]) == ("below-fill", "would-wait")
        assert told["text"] == say(kept)


def test_what_is_of_old_or_of_another_version_is_told_as_it_stands() -> None:
    with translation.override("de"):
        assert say("Step 10 found nothing.") == "Step 10 found nothing."
        assert say({"code": "from-tomorrow", "values": {}, "text": "Something new."}) == "Something new."
        assert say({"code": "full", "values": {}, "text": "full"}) == "voll"
        assert say({"code": "locked", "text": "Locked."}) == "Fixiert (20): bewegt sich nie."
        assert say({"code": "occupied", "values": {"resource": "M1"}, "text": "as kept"}) == "as kept"
