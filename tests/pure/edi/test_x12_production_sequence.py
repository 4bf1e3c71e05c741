"""The 866 line by line: where each fact may stand, and that lines alike share nothing they should not."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edi.formats import CallOffEvent, Component, Message, Profile, read
from edi.formats.profile import Fields
from tests.bounds import searched

from .edi_samples import x12

BSS = "BSS*00*DOC1*20261121*JS*20261121*20261121"
DTM = "DTM*002*20261121*1430"


def message(*segments: str, profile: Profile | None = None) -> Message:
    return read(x12(BSS, DTM, *segments), profile).interchanges[0].messages[0]


def call(*segments: str, profile: Profile | None = None) -> CallOffEvent:
    found = message(*segments, profile=profile)
    assert found.problems == (), found.problems
    (only,) = found.call_offs
    return only


def profile_with(**places: tuple[str, ...]) -> Profile:
    profile = Profile()
    return replace(profile, x12=replace(profile.x12, **places))


def test_js_is_the_sequence_and_vv_the_vehicle() -> None:
    found = call(
        "LIN**BP*26550 ZK32A*JS*IPF0000042*VV*ZZZJ1S00000000042", "REF*DK*03", "REF*LF*K14R", "QTY*01*1*EA"
    )
    assert (found.sequence_number, found.vin, found.dock, found.line_feed) == (
        "IPF0000042",
        "ZZZJ1S00000000042",
        "03",
        "K14R",
    )
    assert found.components == (Component("26550 ZK32A", quantity="1", unit="EA"),)


def test_the_most_trusted_place_wins_wherever_it_stands() -> None:
    both = ("LIN**BP*X*VV*INLIN", "REF*VT*INREF")
    assert call(*both).vin == "INLIN"
    assert call(*both, profile=profile_with(vin=("REF VT", "LIN VV"))).vin == "INREF"


def test_an_empty_place_leaves_it_to_the_next() -> None:
    assert call("LIN**BP*X*VV*", "REF*VT*INREF").vin == "INREF"
    assert call("LIN**BP**IN*X*VV*V1").components[0].part_number == "X"


def test_one_place_may_carry_two_facts() -> None:
    found = call("LIN**BP*X*JS*0042", profile=profile_with(production_number=("LIN JS",)))
    assert (found.sequence_number, found.production_number, found.call_number) == ("0042", "0042", "0042")


def test_references_inside_a_reference_are_facts_of_the_line() -> None:
    found = call("LIN**BP*X*VV*V1", "REF*P5***DK> 21>LF>K1>PO>4500")
    assert (found.dock, found.line_feed, found.components[0].order_ref) == ("21", "K1", "4500")


def test_an_order_line_stands_behind_its_order() -> None:
    assert call("LIN**BP*X*VV*V1", "REF*PO*4500*10").components[0].order_ref == "4500/10"


def test_a_bad_quantity_is_told_at_every_line_that_has_it() -> None:
    lines = ("LIN**BP*X*VV*V1", "QTY*01*many", "LIN**BP*X*VV*V2", "QTY*01*many")
    found = message(*lines)
    assert [(item.code, item.segment) for item in found.problems] == [
        ("invalid_number", 7),
        ("invalid_number", 9),
    ]


def test_fractions_and_units_of_several_parts() -> None:
    found = call("LIN**BP*X*VV*V1", "QTY*01*.500*PC>>>LB>>3.25")
    assert (found.components[0].quantity, found.components[0].unit) == (".500", "PC")


def test_lines_of_one_call_are_its_components() -> None:
    lines = (
        "LIN**BP*X*JS*1*VV*V1",
        "REF*DK*D",
        "LIN**BP*Y*JS*1*VV*V1",
        "REF*DK*D",
        "LIN**BP*Z*JS*2*VV*V2",
        "REF*DK*D",
    )
    found = message(*lines).call_offs
    assert [(item.vin, [part.part_number for part in item.components]) for item in found] == [
        ("V1", ["X", "Y"]),
        ("V2", ["Z"]),
    ]


TEXT = st.text("AZ09 -", min_size=1, max_size=6).filter(lambda text: text == text.strip())
LINE = st.fixed_dictionaries(
    {"BP": TEXT, "VV": TEXT},
    optional={"JS": TEXT, "DK": TEXT, "LF": TEXT, "PO": TEXT, "QTY": st.integers(0, 9).map(str), "PID": TEXT},
)


def written(facts: dict[str, str]) -> list[str]:
    pairs = [f"{key}*{facts[key]}" for key in ("BP", "JS", "VV") if key in facts]
    lines = ["LIN**" + "*".join(pairs)]
    lines += [f"REF*{key}*{facts[key]}" for key in ("DK", "LF", "PO") if key in facts]
    lines += [f"QTY*01*{facts['QTY']}*EA"] if "QTY" in facts else []
    return lines + ([f"PID*F****{facts['PID']}"] if "PID" in facts else [])


@searched(60)
@given(st.lists(LINE, min_size=1, max_size=12, unique_by=lambda facts: facts["VV"]))
def test_what_was_read_of_one_line_never_shows_in_another(lines: list[dict[str, str]]) -> None:
    found = message(*[segment for facts in lines for segment in written(facts)]).call_offs
    assert [
        (item.vin, item.sequence_number, item.dock, item.line_feed, item.components) for item in found
    ] == [
        (facts["VV"], facts.get("JS"), facts.get("DK"), facts.get("LF"), (component(facts),))
        for facts in lines
    ]


def component(facts: dict[str, str]) -> Component:
    unit = "EA" if "QTY" in facts else None
    options = (facts["PID"],) if "PID" in facts else ()
    return Component(facts["BP"], None, facts.get("QTY"), unit, None, facts.get("PO"), options)


def test_a_profile_without_places_reads_nothing_and_throws_nothing() -> None:
    found = message("LIN**BP*X*VV*V1", profile=replace(Profile(), x12=Fields()))
    assert [item.code for item in found.problems] == ["missing_identity", "missing_part"]
