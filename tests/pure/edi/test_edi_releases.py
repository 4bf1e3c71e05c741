"""Delivery schedules: what DELFOR says in its old and its new structure, and DELJIT where a profile makes it one."""

from dataclasses import replace

import pytest

from edi.formats import Message, Profile, Release, ReleaseLine, read
from edi.formats.profile import EDIFACT_FIELDS

from .edi_samples import interchange, message

OLD = "DELFOR:D:96A:UN"
D97A = "DELFOR:D:97A:UN"
VDA4984 = "DELFOR:D:04A:UN:GAVB11"
HEAD = ("BGM+241+CALL-8+5", "DTM+137:202611210600:203", "NAD+BY+OEM::92", "NAD+SE+SUP::92")
PART = "LIN+1++7L6 881 105:IN"


def only_message(*segments: str, kind: str, profile: Profile | None = None) -> Message:
    ((found,),) = (
        part.messages for part in read(interchange(message(*segments, kind=kind)), profile).interchanges
    )
    return found


def releases(*segments: str, kind: str = D97A, profile: Profile | None = None) -> tuple[Release, ...]:
    found = only_message(*HEAD, *segments, kind=kind, profile=profile)
    assert found.accepted, found.problems
    assert found.kind == "release"
    return found.releases


def lines(*segments: str, kind: str = D97A, profile: Profile | None = None) -> tuple[ReleaseLine, ...]:
    (release,) = releases(*segments, kind=kind, profile=profile)
    return release.lines


def codes(*segments: str, kind: str = D97A) -> list[str]:
    return [problem.code for problem in only_message(*HEAD, *segments, kind=kind).problems]


def test_a_d96a_schedule_hangs_parts_under_their_place_and_scc_behind_its_quantity() -> None:
    found = releases(
        *("UNS+D", "NAD+CN+PLANT7::92", "LOC+11+D3", "LIN+1++X1:IN", "PIA+1+S-1:SA", "RFF+ON:4500017:10"),
        *("QTY+70:9600:PCE", "DTM+51:20260101:102"),
        *("QTY+113:120:PCE", "SCC+1", "DTM+2:20261123:102"),
        *("QTY+113:80:PCE", "SCC+4++W", "DTM+2:20261130:102"),
        *("NAD+CN+PLANT8::92", "LIN+2++X1:IN", "QTY+113:5:PCE", "SCC+1", "DTM+2:20261124:102"),
        *("UNS+S", "CNT+2:2"),
        kind=OLD,
    )
    first, second = found
    assert (first.part_number, first.ship_to, first.dock, first.supplier_part) == (
        "X1",
        "PLANT7",
        "D3",
        "S-1",
    )
    assert (first.cumulative_received, first.unit, first.order_ref) == ("9600", "PCE", "4500017/10")
    assert first.lines == (
        ReleaseLine("120", "2026-11-23", None, "firm", "date"),
        ReleaseLine("80", "2026-11-30", None, "planned", "week"),
    )
    assert (second.ship_to, second.lines[0].quantity) == ("PLANT8", "5")


def test_a_d96a_schedule_may_hang_places_under_their_part() -> None:
    found = releases(
        *("UNS+D", "LIN+1++X1:IN", "NAD+CN+P1::92", "QTY+113:5", "SCC+1", "DTM+2:20261123:102"),
        *("NAD+CN+P2::92", "LOC+11+D9", "QTY+113:7", "SCC+1", "DTM+2:20261123:102", "UNS+S"),
        kind=OLD,
    )
    assert [(item.part_number, item.ship_to, item.dock, item.lines[0].quantity) for item in found] == [
        ("X1", "P1", None, "5"),
        ("X1", "P2", "D9", "7"),
    ]


def test_a_d97a_schedule_is_routed_by_gis_and_scc_opens_its_quantities() -> None:
    found = releases(
        *("GIS+37", "NAD+ST+PLANT7::92", PART, "LOC+11+D3", "LOC+159+S20", "RFF+ON:4500017"),
        *("QTY+70:9600:PCE", "DTM+51:20260101:102", "QTY+71:9800:PCE"),
        *("SCC+1++F", "QTY+113:120:PCE", "DTM+64:20261123:102", "DTM+63:20261127:102"),
        *("QTY+113:60:PCE", "DTM+64:20261130:102", "DTM+63:20261204:102"),
        *("SCC+4++M", "QTY+113:900:PCE", "DTM+2:202701:610"),
        *("GIS+37", "NAD+ST+PLANT8::92", PART, "SCC+1", "QTY+1:4", "DTM+10:20261123:102"),
    )
    first, second = found
    assert (first.ship_to, first.dock, first.line_feed) == ("PLANT7", "D3", "S20")
    assert (first.cumulative_received, first.cumulative_required) == ("9600", "9800")
    assert first.lines == (
        ReleaseLine("120", "2026-11-23", "2026-11-27", "firm", "date"),
        ReleaseLine("60", "2026-11-30", "2026-12-04", "firm", "date"),
        ReleaseLine("900", "2027-01-01", "2027-01-31", "planned", "month"),
    )
    assert (second.ship_to, second.lines) == (
        "PLANT8",
        (ReleaseLine("4", "2026-11-23", None, "firm", "date"),),
    )


def test_a_4984_is_routed_by_gei_and_names_this_call_off_and_the_one_before() -> None:
    (release,) = releases(
        *(
            "GEI+5",
            "NAD+ST+PLANT7::92",
            PART,
            "RFF+AAN:1000006413",
            "RFF+AIF:1000006412",
            "DTM+171:20261114:102",
        ),
        *("QTY+48:200:PCE", "DTM+50:20261120:102", "RFF+AAU:DN4711", "QTY+70:9600:PCE", "QTY+71:9720:PCE"),
        *("SCC+4", "QTY+113:120:PCE", "DTM+64:20261123:102", "DTM+63:20261129:102"),
        *("SCC+4", "QTY+113:130:PCE", "DTM+64:20261130:102", "DTM+63:20261206:102"),
        kind=VDA4984,
    )
    assert (release.release_number, release.previous_number) == ("1000006413", "1000006412")
    assert (release.cumulative_received, release.cumulative_required) == ("9600", "9720")
    assert (release.last_despatch, release.cumulative_shipped) == ("DN4711", None)
    assert [line.quantity for line in release.lines] == ["120", "130"]


def test_empty_placeholder_segments_fill_nothing_and_hide_nothing() -> None:
    found = only_message(
        *("BGM+241::6:LAB+112+9", "DTM+137:202611210600:203", "DTM+2", "NAD+BY", "NAD+BY+OEM::92"),
        *("GEI+5", "NAD+ST", "NAD+ST+P7::92", PART, "SCC+1", "QTY+113:1", "DTM+2", "DTM+2:20261123:102"),
        kind=VDA4984,
    )
    assert (found.problems, found.buyer) == ((), "OEM")
    (release,) = found.releases
    assert (release.ship_to, release.lines) == ("P7", (ReleaseLine("1", "2026-11-23", None, "firm", "date"),))


@pytest.mark.parametrize("kind", [OLD, D97A, VDA4984])
def test_uns_and_cnt_are_never_swallowed_by_the_last_part(kind: str) -> None:
    detail = ("UNS+D",) if kind == OLD else ("GIS+37",) if kind == D97A else ("GEI+5",)
    found = only_message(
        *HEAD,
        *detail,
        PART,
        "QTY+113:5",
        "DTM+2:20261123:102",
        "UNS+S",
        "CNT+2:1",
        "FTX+AAI+++END",
        kind=kind,
    )
    assert (found.problems, len(found.releases)) == ((), 1)


def test_a_d97a_schedule_without_gis_is_read_too() -> None:
    assert [item.part_number for item in releases(PART, "QTY+1:5", "LIN+2++X2:IN", "QTY+1:6")] == [
        "7L6 881 105",
        "X2",
    ]


@pytest.mark.parametrize(
    ("code", "firmness"),
    [
        ("1", "firm"),
        ("10", "firm"),
        ("2", "material"),
        ("3", "material"),
        ("4", "planned"),
        ("12", "planned"),
    ],
)
def test_scc_says_how_firm_a_requirement_is(code: str, firmness: str) -> None:
    (line,) = lines("GIS+37", PART, f"SCC+{code}", "QTY+113:5", "DTM+2:20261123:102")
    assert line.firmness == firmness


def test_a_commitment_nobody_defined_is_kept_without_firmness_and_told() -> None:
    found = only_message(*HEAD, "GIS+37", PART, "SCC+9", "QTY+113:5", "DTM+2:20261123:102", kind=D97A)
    assert (found.accepted, found.releases[0].lines[0].firmness) == (True, None)
    assert [(item.code, item.segment, item.tag) for item in found.problems] == [
        ("unknown_commitment", 9, "SCC")
    ]


@pytest.mark.parametrize("code", ["6", "14", "17", "20"])
def test_a_capacity_is_no_requirement(code: str) -> None:
    assert lines("GIS+37", PART, f"SCC+{code}", "QTY+113:999", "SCC+1", "QTY+113:5") == (
        ReleaseLine("5", None, None, "firm", None),
    )


@pytest.mark.parametrize(
    ("date", "frequency", "expected"),
    [
        ("DTM+2:20261123:102", "", ("2026-11-23", None, "date")),
        ("DTM+2:20261123:102", "Y", ("2026-11-23", None, "day")),
        ("DTM+2:20261123:102", "W", ("2026-11-23", None, "week")),
        ("DTM+2:261123:101", "M", ("2026-11-23", None, "month")),
        ("DTM+2:202611231430:203", "", ("2026-11-23T14:30", None, "date")),
        ("DTM+2:202648:616", "", ("2026-11-23", "2026-11-29", "week")),
        ("DTM+2:2648:615", "W", ("2026-11-23", "2026-11-29", "week")),
        ("DTM+2:202612:610", "", ("2026-12-01", "2026-12-31", "month")),
        ("DTM+2:2602:609", "", ("2026-02-01", "2026-02-28", "month")),
        ("DTM+2:2026112320261129:718", "", ("2026-11-23", "2026-11-29", "date")),
        ("DTM+2:20261123-20261129:711", "W", ("2026-11-23", "2026-11-29", "week")),
        ("DTM+2:202648202650:716", "", ("2026-11-23", "2026-12-13", "week")),
        ("DTM+10:20261123:102", "Q", ("2026-11-23", None, None)),
        ("DTM+63:20261127:102", "", (None, "2026-11-27", "date")),
    ],
)
def test_every_way_to_say_a_period(date: str, frequency: str, expected: tuple[str | None, ...]) -> None:
    (line,) = lines("GIS+37", PART, f"SCC+1++{frequency}", "QTY+113:5", date)
    assert (line.from_, line.to, line.interval) == expected


@pytest.mark.parametrize(
    "date", ["DTM+2:202654:616", "DTM+2:202613:610", "DTM+2:soon:102", "DTM+2:20261123:999"]
)
def test_a_period_that_is_none_is_refused_at_its_place(date: str) -> None:
    found = only_message(*HEAD, "GIS+37", PART, "SCC+1", "QTY+113:5", date, kind=D97A)
    (problem,) = found.problems
    assert (problem.code, problem.severity, problem.segment, problem.tag) == (
        "invalid_date",
        "reject",
        11,
        "DTM",
    )
    assert [line.quantity for line in found.releases[0].lines] == ["5"], (
        "the quantity is not lost with its day"
    )


@pytest.mark.parametrize("kind", [OLD, D97A, VDA4984])
@pytest.mark.parametrize(
    "detail", [("UNS+D", "NAD+CN+P7::92"), ("GIS+37", "NAD+ST+P7::92"), ("GEI+5", "NAD+ST+P7::92")]
)
@pytest.mark.parametrize("scc_first", [False, True])
def test_places_and_order_of_another_directory_are_read_all_the_same(
    kind: str, detail: tuple[str, ...], scc_first: bool
) -> None:
    schedule = [("SCC+1", "QTY+113:5", "DTM+2:20261123:102"), ("SCC+4++W", "QTY+113:9", "DTM+2:20261130:102")]
    if not scc_first:
        schedule = [(quantity, scc, day) for scc, quantity, day in schedule]
    (release,) = releases(
        *detail, PART, "QTY+70:1", "DTM+51:20260101:102", *schedule[0], *schedule[1], kind=kind
    )
    assert (release.ship_to, release.cumulative_received) == ("P7", "1")
    assert [(line.quantity, line.from_, line.firmness, line.interval) for line in release.lines] == [
        ("5", "2026-11-23", "firm", "date"),
        ("9", "2026-11-30", "planned", "week"),
    ]


def test_a_day_with_the_digits_of_another_format_is_read_and_told() -> None:
    found = only_message(*HEAD, "GIS+37", PART, "SCC+1", "QTY+113:5", "DTM+2:20261123:203", kind=D97A)
    assert (found.releases[0].lines[0].from_, found.accepted) == ("2026-11-23", True)
    assert [item.code for item in found.problems] == ["date_format"]


@pytest.mark.parametrize(("code", "urgency"), [("83", "backlog"), ("84", "immediate")])
def test_what_is_due_already_is_firm_and_has_no_day(code: str, urgency: str) -> None:
    found = lines("GIS+37", PART, f"QTY+{code}:40:PCE", "SCC+4", "QTY+113:5", "DTM+2:20261123:102")
    assert found[0] == ReleaseLine("40", None, None, "firm", None, urgency=urgency)


@pytest.mark.parametrize(("code", "urgency"), [("5", "backlog"), ("10", "immediate"), ("1", None)])
def test_a_commitment_says_how_urgent_a_quantity_without_a_day_is(code: str, urgency: str | None) -> None:
    assert lines("GIS+37", PART, f"SCC+{code}", "QTY+113:5")[0] == ReleaseLine(
        "5", None, None, "firm", urgency=urgency
    )


def test_a_delivery_order_of_one_quantity_stays_with_it() -> None:
    (line,) = lines("GIS+37", PART, "SCC+1", "QTY+113:5", "DTM+2:20261123:102", "RFF+ON:4500018:20")
    assert line.order_ref == "4500018/20"


def test_a_total_beside_a_schedule_is_no_second_requirement() -> None:
    found = lines("GIS+37", PART, "QTY+113:500", "SCC+1", "QTY+113:5", "DTM+2:20261123:102")
    assert [line.quantity for line in found] == ["5"]


def test_a_schedule_told_only_in_cumulative_figures_is_not_taken_for_requirements() -> None:
    found = only_message(*HEAD, "GIS+37", PART, "SCC+1", "QTY+3:9605", "DTM+2:20261123:102", kind=D97A)
    assert (found.releases[0].lines, [item.code for item in found.problems]) == ((), ["quantity_left_out"])


def test_figures_may_stand_in_a_scc_of_their_own() -> None:
    found = only_message(
        *(*HEAD, "GIS+37", PART, "SCC+1", "QTY+70:9600", "QTY+48:20", "RFF+AAU:DN7", "SCC+1", "QTY+113:5"),
        kind=D97A,
    )
    (release,) = found.releases
    assert (found.problems, release.cumulative_received, release.last_despatch) == ((), "9600", "DN7")


def test_the_profile_names_other_quantities_and_cumulative_figures() -> None:
    profile = Profile(edifact=replace(EDIFACT_FIELDS, quantity=("QTY 21",), cumulative_received=("QTY 3",)))
    (release,) = releases("GIS+37", PART, "QTY+3:77", "SCC+1", "QTY+21:5", profile=profile)
    assert (release.cumulative_received, release.lines[0].quantity) == ("77", "5")


def test_lines_told_in_cumulative_figures_say_so_where_the_profile_takes_them() -> None:
    profile = Profile(edifact=replace(EDIFACT_FIELDS, quantity=("QTY 3",)))
    (release,) = releases("GIS+37", PART, "SCC+1", "QTY+3:9605", "DTM+2:20261123:102", profile=profile)
    assert (release.is_cumulative, release.lines[0].quantity) == (True, "9605")


JIT = ("BGM+245+JIT-1+9", *HEAD[1:])


def test_a_deljit_the_profile_calls_a_release_gives_a_release_a_part() -> None:
    profile = Profile(stages={"245": "release"})
    found = only_message(
        *(*JIT, "SEQ+1+1", "DTM+2:20261123:102", "LOC+11+D3"),
        *("LIN+1++X1:IN", "RFF+ON:4500017", "LOC+159+S20", "QTY+131:40:PCE", "SCC+1"),
        *("LIN+2++X2:IN", "QTY+131:7:PCE", "DTM+2:202611240600:203"),
        kind="DELJIT:D:04B:UN",
        profile=profile,
    )
    assert (found.kind, found.call_offs, found.problems) == ("release", (), ())
    first, second = found.releases
    assert (first.dock, first.line_feed, first.order_ref, first.release_number) == (
        "D3",
        "S20",
        "4500017",
        "JIT-1",
    )
    assert first.lines == (ReleaseLine("40", "2026-11-23", None, "firm", "date"),)
    assert second.lines == (ReleaseLine("7", "2026-11-24T06:00", None, None, "date"),)


def test_a_deljit_release_that_is_cancelled_wants_nothing_any_more() -> None:
    found = only_message(
        *(*JIT, "SEQ+2+1", "LIN+1++X1:IN", "QTY+131:40:PCE"),
        kind="DELJIT:D:04B:UN",
        profile=Profile(stages={"245": "release"}),
    )
    assert found.releases == (Release("X1", unit="PCE", release_number="JIT-1"),)


def test_a_part_number_is_needed() -> None:
    assert codes("GIS+37", "LIN+1++:IN", "QTY+1:5") == ["missing_part"]


def test_a_decimal_comma_is_a_decimal_mark() -> None:
    assert lines("GIS+37", PART, "QTY+1:1,5:KGM")[0].quantity == "1.5"


def test_hidden_facts_stay_out_of_the_canonical_json() -> None:
    data = interchange(message(*HEAD, "GIS+37", PART, "QTY+1:5", kind=D97A))
    told = read(data).as_json()["interchanges"][0]["messages"][0]  # type: ignore[index,call-overload]
    assert list(told["releases"][0]) == ["part_number", "ship_to", "dock", "cumulative_received", "lines"]  # type: ignore[index,call-overload,arg-type]
    assert "receipts" not in told  # type: ignore[operator]
