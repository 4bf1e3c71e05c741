"""The co-sorting key generator: what each rule does, and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from scheduling.engine.keys import KeySlice, read_key_rules
from scheduling.engine.problem import read_problem
from scheduling.engine.reading import ProblemError
from tests.pure.scheduling_engine.plant import operation, problem

COLOUR = {"attribute": "colour", "length": 3, "map": {"white": "010", "black": "990"}}


@pytest.mark.parametrize(
    ("rules", "attributes", "key"),
    [
        ([{"attribute": "size", "length": 4}], {"size": "XL"}, "XL  "),
        ([{"attribute": "size", "length": 4, "align": "right"}], {"size": "XL"}, "  XL"),
        ([{"attribute": "size", "length": 4, "align": "right", "pad": "0"}], {"size": "17"}, "0017"),
        ([{"attribute": "part", "from": 3, "length": 2}], {"part": "ABCDE"}, "CD"),
        ([{"attribute": "part", "from": 5, "length": 3}], {"part": "ABCDE"}, "E  "),
        ([COLOUR], {"colour": "black"}, "990"),
        (
            [COLOUR, {"attribute": "size", "length": 2}],
            {"size": "S", "colour": "white", "unused": "x" * 99}, "010S ",
        ),
        ([{"attribute": "a", "length": 20}], {"a": "x"}, "x" + 19 * " "),
    ],
)  # fmt: skip
def test_a_key_is_built_from_attributes(
    rules: list[dict[str, Any]], attributes: dict[str, str], key: str
) -> None:
    assert read_key_rules(rules).key(attributes) == key


def test_each_attribute_knows_its_characters() -> None:
    rules = read_key_rules([COLOUR, {"attribute": "size", "length": 2}])
    assert rules.slices() == (("colour", KeySlice(1, 3)), ("size", KeySlice(4, 5)))


@pytest.mark.parametrize(
    ("rule", "place", "sentence"),
    [
        ({"length": 3}, "key_rules[0].attribute", "is missing"),
        ({"attribute": "a"}, "key_rules[0].length", "is missing"),
        ({"attribute": "a", "length": 0}, "key_rules[0].length", "from 1 to 20"),
        ({"attribute": "a", "length": 21}, "key_rules[0].length", "from 1 to 20"),
        ({"attribute": "a", "length": 1, "from": 0}, "key_rules[0].from", "at least 1"),
        ({"attribute": "a", "length": 1, "pad": ""}, "key_rules[0].pad", "one character"),
        ({"attribute": "a", "length": 1, "align": "middle"}, "key_rules[0].align", "must be one of"),
        ({"attribute": "a", "length": 1, "colour": 1}, "key_rules[0]", "unknown key 'colour'"),
        ({"attribute": "a", "length": 1, "map": ["x"]}, "key_rules[0].map", "texts by value"),
        ({"attribute": "a", "length": 2, "map": {"x": "123"}}, "key_rules[0].map.x", "has 3 characters"),
        ({"attribute": "a", "length": 2, "map": {"x": ""}}, "key_rules[0].map.x", "is empty"),
        ({**COLOUR, "from": 1}, "key_rules[0].from", "no meaning beside a map"),
    ],
)
def test_a_rule_is_refused_with_its_place(rule: dict[str, Any], place: str, sentence: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_key_rules([rule])
    assert (refused.value.place, sentence in refused.value.sentence) == (place, True), str(refused.value)


def test_more_than_twenty_characters_are_refused_at_the_rule_that_passes_them() -> None:
    with pytest.raises(ProblemError, match=r"key_rules\[1\].length: makes 21 characters"):
        read_key_rules([{"attribute": "a", "length": 18}, {"attribute": "b", "length": 3}])


@pytest.mark.parametrize(
    ("attributes", "place", "sentence"),
    [
        ({"size": "M"}, "operations[0].attributes", "has no 'colour'"),
        ({"colour": "pink", "size": "M"}, "operations[0].attributes.colour", "'pink' has no entry in the map"),
        ({"colour": "white", "size": "XXL"}, "operations[0].attributes.size", "'XXL' has 3 characters; size has 2"),
        (["white"], "operations[0].attributes", "a text by attribute"),
        ({"colour": 7}, "operations[0].attributes", "a text by attribute"),
    ],
)  # fmt: skip
def test_what_does_not_fit_into_the_key_is_refused_with_its_place(
    attributes: Any, place: str, sentence: str
) -> None:
    rules = [COLOUR, {"attribute": "size", "length": 2}]
    with pytest.raises(ProblemError) as refused:
        read_problem(problem(operations=[operation("A10", attributes=attributes)], key_rules=rules))
    assert (refused.value.place, sentence in refused.value.sentence) == (place, True), str(refused.value)


def test_a_problem_file_gives_attributes_instead_of_a_key() -> None:
    white = operation("A10", attributes={"colour": "white"})
    read = read_problem(problem(operations=[white, operation("B10", key="RED")], key_rules=[COLOUR]))
    assert [each.key for each in read.operations] == ["010", "RED"]
    with pytest.raises(ProblemError, match="stands beside a key"):
        read_problem(problem(operations=[{**white, "key": "RED"}], key_rules=[COLOUR]))
    with pytest.raises(ProblemError, match="needs key_rules"):
        read_problem(problem(operations=[white]))
