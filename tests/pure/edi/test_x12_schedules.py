"""What an 830 or 862 says of quantities, days, places and counts, rule by rule."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edi.formats import Message, Problem, Profile, Release, ReleaseLine, read
from edi.formats.schedules import discrete_lines

from .edi_samples import x12

BFR = "BFR*00*SYN1**SH*A*20261123*20270228*20261121"
BSS = "BSS*00*SYN1*20261121*SH*20261123*20261127"
LIN = "LIN**BP*X"
PLACED = ("N1*ST**92*PLANT7", LIN)


def message(*segments: str, kind: str = "830", profile: Profile | None = None) -> Message:
    functional_id = {"830": "PS", "862": "SS"}[kind]
    data = x12(*segments, kind=kind, functional_id=functional_id)
    return read(data, profile).interchanges[0].messages[0]


def release(*segments: str, **how: str) -> Release:
    begin = BSS if how.get("kind") == "862" else BFR
    found = message(begin, LIN, *segments, **how)  # type: ignore[arg-type]
    assert found.problems == (), found.problems
    (only,) = found.releases
    return only


def line(*segments: str, **how: str) -> ReleaseLine:
    (only,) = release(*segments, **how).lines
    return only


def told(*segments: str, kind: str = "830") -> Problem:
    begin = BSS if kind == "862" else BFR
    (only,) = message(begin, LIN, *segments, kind=kind).problems
    return only


@pytest.mark.parametrize(
    ("code", "firmness"),
    [
        ("A", "firm"),
        ("C", "firm"),
        ("H", "firm"),
        ("Q", "firm"),
        ("D", "planned"),
        ("B", "planned"),
        ("P", "planned"),
    ],
)
def test_fst02_tells_how_firm(code: str, firmness: str) -> None:
    assert line(f"FST*5*{code}*D*20261123").firmness == firmness


@pytest.mark.parametrize(
    ("code", "interval"),
    [("D", "day"), ("C", "day"), ("W", "week"), ("M", "month"), ("F", "date"), ("Q", None), ("Z", None)],
)
def test_fst03_tells_the_interval(code: str, interval: str | None) -> None:
    assert line(f"FST*5*C*{code}*20261123*20261129").interval == interval


@pytest.mark.parametrize("code", ["G", "M", "N", "S", "T", "W"])
def test_a_capacity_or_a_cancelled_quantity_is_no_demand_and_is_told(code: str) -> None:
    found = message(BFR, LIN, f"FST*5*{code}*D*20261123")
    assert [item.lines for item in found.releases] == [()]
    assert [(item.code, item.severity, item.element) for item in found.problems] == [
        ("quantity_left_out", "warn", "2")
    ]


def test_a_commitment_nobody_knows_is_kept_without_one() -> None:
    found = message(BFR, LIN, "FST*5*Z*D*20261123")
    assert [item.firmness for item in found.releases[0].lines] == [None]
    assert [item.code for item in found.problems] == ["unknown_commitment"]


def test_dates_of_six_digits_and_of_eight_say_the_same() -> None:
    assert line("FST*5*C*D*261123") == line("FST*5*C*D*20261123")


@pytest.mark.parametrize("of", ["002001", "003050", "004010", "005010"])
@pytest.mark.parametrize("kind", ["830", "862"])
def test_a_schedule_of_every_release_says_the_same(kind: str, of: str) -> None:
    begin = BSS if kind == "862" else BFR
    data = x12(begin, LIN, "FST*5*C*F*20261123*20261129", kind=kind, functional_id="PS")
    data = data.replace(b"X*004010", b"X*" + of.encode())
    if of < "004010":
        data = re.sub(rb"\*20(\d{6})(?=[*~])", rb"*\1", data)
    (found,) = read(data).interchanges[0].messages
    assert (found.problems, found.directory, found.issued_at) == ((), of, "2026-11-21")
    assert found.releases[0].lines == (ReleaseLine("5", "2026-11-23", "2026-11-29", "firm", "date"),)


def test_figures_may_stand_before_the_forecast() -> None:
    found = release("SHP*02*24*050*20261120", "FST*5*C*D*20261123")
    assert (found.cumulative_received, len(found.lines)) == ("24", 1)


def test_a_profile_says_where_the_order_of_a_single_quantity_stands() -> None:
    places = replace(Profile().x12, order_ref=("REF RE",))
    segments = (BSS, LIN, "FST*5*C*D*20261123", "JIT*5*0700", "REF*RE*PO-7")
    found = message(*segments, kind="862", profile=replace(Profile(), x12=places))
    assert found.releases[0].lines[0].order_ref == "PO-7"


def test_times_of_a_day_come_from_jit02_with_fractions_of_a_second() -> None:
    found = release("FST*3.5*C*D*20261123", "JIT*.500*1952", "JIT*3*06523075", kind="862")
    assert [(item.quantity, item.from_) for item in found.lines] == [
        (".500", "2026-11-23T19:52"),
        ("3", "2026-11-23T06:52:30"),
    ]


def test_jits_that_are_not_the_whole_forecast_are_told() -> None:
    problem = told("FST*4*C*D*20261123", "JIT*1*0600", "JIT*2*0700", kind="862")
    assert (problem.code, problem.severity, problem.tag, problem.segment) == (
        "share_mismatch",
        "warn",
        "FST",
        7,
    )


def test_destinations_that_are_not_the_whole_forecast_are_told() -> None:
    assert told("FST*4*C*D*20261123", "SDQ*EA*92*P1*1*P2*2").code == "share_mismatch"


def test_a_delivery_window_of_the_forecast_itself() -> None:
    assert line("FST*4*C*D*20261123**002*0630").from_ == "2026-11-23T06:30"
    latest = line("FST*4*C*D*20261123**063*0630")
    assert (latest.from_, latest.to) == ("2026-11-23", "2026-11-23T06:30")


def test_a_delivery_window_of_the_dates_below_it() -> None:
    window = ("DTM*064*20261123*0500", "DTM*063*20261123*0630")
    found = line("FST*4*C*D*20261123", *window, kind="862")
    assert (found.from_, found.to) == ("2026-11-23T05:00", "2026-11-23T06:30")


def test_a_week_of_a_delivery_order_stays_as_it_was_written() -> None:
    assert line("FST*4*C*W*20261123****DO*2648").order_ref == "2648"


def test_a_composite_reference_is_taken_apart_by_the_files_own_separator() -> None:
    reference = "REF*P5***DO> SU14685>LU>SL>DK> 21"
    found = release("FST*4*C*D*20261123", "JIT*4*0630", reference, kind="862")
    assert (found.order_ref, found.line_feed, found.dock) == ("SU14685", "SL", "21")


def test_a_composite_unit_gives_its_first_unit() -> None:
    assert release("UIT*PC>>>LB>>3.25*432.65", "FST*4*C*D*20261123").unit == "PC"


def test_the_nearest_level_names_the_place() -> None:
    found = message(
        BSS,
        "N1*ST**92*HEAD",
        LIN,
        "FST*1*C*D*20261123",
        "LIN**BP*Y",
        "REF*DK*D2",
        "N1*ST**92*PART",
        "FST*1*C*D*20261123",
        kind="862",
    )
    assert [(item.ship_to, item.dock) for item in found.releases] == [("HEAD", None), ("PART", "D2")]


def test_one_part_at_two_docks_is_two_releases() -> None:
    found = message(
        BSS, LIN, "FST*3*C*D*20261123", "JIT*1*0600", "REF*DK*D1", "JIT*2*0700", "REF*DK*D2", kind="862"
    )
    assert [(item.dock, [line.quantity for line in item.lines]) for item in found.releases] == [
        ("D1", ["1"]),
        ("D2", ["2"]),
    ]


def test_shp_counts_by_receipt_by_shipment_or_since_a_day() -> None:
    for qualifier, received, shipped in (("050", "24", None), ("051", "24", None), ("011", "24", "24")):
        found = release(f"SHP*02*24*{qualifier}*20260101")
        assert (found.cumulative_received, found.cumulative_shipped) == (received, shipped)
    both = release("SHP*02*30*011*20261120", "SHP*02*24*050*20261120")
    assert (both.cumulative_received, both.cumulative_shipped) == ("24", "30")


def test_a_last_shipment_is_no_cumulative_figure() -> None:
    found = release("SHP*01*12*011*20261120", "REF*SI*S77")
    assert (found.cumulative_received, found.last_despatch) == (None, "S77")


def test_ath_pq_is_what_was_required_before_the_first_period() -> None:
    assert release("ATH*FI*20261201*99", "ATH*PQ*20261120*480").cumulative_required == "480"


def test_a_part_without_forecast_is_a_release_without_lines() -> None:
    assert release("SHP*02*24*050*20261120").lines == ()


def cumulative(*segments: str, kind: str = "830") -> Message:
    begin = BFR.replace("*A*", "*C*") if kind == "830" else f"{BSS}*****C"
    return message(begin, LIN, *segments, kind=kind)


@pytest.mark.parametrize("kind", ["830", "862"])
def test_cumulative_quantities_stay_as_sent_and_are_marked(kind: str) -> None:
    found = cumulative("FST*110*C*D*20261123", "FST*150*C*D*20261124", "SHP*02*100*050*20261120", kind=kind)
    (only,) = found.releases
    assert [item.quantity for item in only.lines] == ["110", "150"]
    assert only.is_cumulative
    assert [(item.code, item.severity) for item in found.problems] == [("cumulative_quantities", "warn")]
    assert [item.quantity for item in discrete_lines(only)] == ["10", "40"]


def test_a_count_starts_at_the_requirement_before_the_first_period() -> None:
    counts = Release("X", cumulative_received="100", cumulative_required="105", is_cumulative=True)
    assert [item.quantity for item in discrete_lines(replace(counts, lines=(ReleaseLine("110"),)))] == ["5"]


def test_a_count_that_falls_is_for_a_person() -> None:
    counts = Release("X", lines=(ReleaseLine("10"), ReleaseLine("9", "2026-11-23")), is_cumulative=True)
    with pytest.raises(ValueError, match="falls from 10 to 9 at 2026-11-23"):
        discrete_lines(counts)


@given(st.lists(st.integers(0, 10**6), max_size=20), st.integers(0, 10**6))
def test_what_is_taken_apart_adds_up_again(steps: list[int], start: int) -> None:
    totals, at = [], start
    for step in steps:
        at += step
        totals.append(ReleaseLine(str(at)))
    counts = Release("X", cumulative_received=str(start), lines=tuple(totals), is_cumulative=True)
    assert [int(item.quantity) for item in discrete_lines(counts)] == steps


def test_discrete_quantities_are_left_alone() -> None:
    single = Release("X", lines=(ReleaseLine("10"), ReleaseLine("9")))
    assert discrete_lines(single) == single.lines


REFUSED = {
    "a quantity nobody can count": ("FST*many*C*D*20261123", "invalid_number", "FST", "1"),
    "a quantity below nothing": ("FST*-5*C*D*20261123", "invalid_number", "FST", "1"),
    "a day that is none": ("FST*5*C*D*20261323", "invalid_date", "FST", "4"),
    "an end that is none": ("FST*5*C*F*20261123*20261323", "invalid_date", "FST", "5"),
    "no day at all": ("FST*5*C*D", "missing_element", "FST", "4"),
    "a cumulative figure that is none": ("SHP*02*lots*050*20261120", "invalid_number", "SHP", "2"),
    "a requirement that is none": ("ATH*PQ*20261120*all", "invalid_number", "ATH", "3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_at_its_segment_and_element(case: str) -> None:
    segment, code, tag, element = REFUSED[case]
    problem = told(segment)
    where = (problem.code, problem.severity, problem.segment, problem.tag, problem.element)
    assert where == (code, "reject", 6, tag, element)
    assert len(problem.text.split()) >= 5


def test_a_time_of_day_that_is_none_is_refused() -> None:
    problem = told("FST*5*C*D*20261123", "JIT*5*2500", kind="862")
    assert (problem.code, problem.tag, problem.element) == ("invalid_date", "JIT", "2")


def test_a_line_without_part_is_refused_and_the_others_go_on() -> None:
    found = message(BFR, "LIN**VP*OURS", "FST*5*C*D*20261123", LIN, "FST*6*C*D*20261123")
    assert [item.part_number for item in found.releases] == ["X"]
    assert [(item.code, item.segment, item.element) for item in found.problems] == [("missing_part", 5, "3")]


def test_a_purpose_nobody_knows_is_refused() -> None:
    found = message(BFR.replace("*00*", "*99*"), LIN, "FST*6*C*D*20261123")
    assert [(item.code, item.segment, item.tag) for item in found.problems] == [
        ("unknown_function", 4, "BFR")
    ]


def test_a_wrong_total_is_told() -> None:
    found = message(BFR, LIN, "FST*6*C*D*20261123", "CTT*7")
    assert [(item.code, item.severity) for item in found.problems] == [("total_mismatch", "warn")]


def test_profiles_name_their_own_places() -> None:
    profile = Profile()
    places = replace(profile.x12, part_number=("LIN RC",), dock=("REF ZZ",))
    found = message(
        BFR, "LIN**BP*X*RC*K77", "REF*ZZ*D9", "FST*6*C*D*20261123", profile=replace(profile, x12=places)
    )
    assert [(item.part_number, item.dock) for item in found.releases] == [("K77", "D9")]
