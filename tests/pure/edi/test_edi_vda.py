"""VDA transmissions: what is refused where, the codes that stand for dates, gaps, and what a despatch advice says."""

import io
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from edi.formats import (
    InterchangeStart,
    LayoutFile,
    Profile,
    ProfileError,
    ReleaseLine,
    load_profile,
    read,
    read_stream,
    segments,
    sniff,
)
from edi.formats.canonical import Message, Problem
from edi.formats.layout_choice import parse_layout
from edi.formats.vda_layout import shipped_layout
from tests.pure.edi.edi_golden import GOLDEN, layout_file, profile_for, with_layout

SCHEDULE = (GOLDEN / "vda4905.edi").read_bytes().split(b"\r\n")[:-1]
SHIPPED = ("vda4913", "vda4905", "example_vda4915", "example_vda4916")
HEADER, CALL, QUANTITIES = SCHEDULE[0], SCHEDULE[1], SCHEDULE[2]


def lf(*records: bytes) -> bytes:
    """Records, a line each."""
    return b"".join(record.ljust(128) + b"\n" for record in records)


def counted(*records: bytes) -> bytes:
    """The records between 511 and 519 with a true trailer; its counters stand in the order of the guide."""
    kinds = [b"511", *(record[:3] for record in records), b"519"]
    order = (b"511", b"512", b"513", b"514", b"517", b"518", b"519", b"515")
    return lf(HEADER, *records, b"51901" + b"".join(b"%07d" % kinds.count(kind) for kind in order))


def schedule(*pairs: str, interval: bytes = b"T") -> bytes:
    """One call-off whose dates and quantities are `pairs`, each of fifteen characters."""
    call = CALL[:105] + interval + CALL[106:]
    first, rest = pairs[:5], pairs[5:]
    records = [call, QUANTITIES[:47] + "".join(first).ljust(75).encode() + b" " * 6]
    for start in range(0, len(rest), 8):
        records.append(b"51401" + "".join(rest[start : start + 8]).encode())
    return counted(*records)


def changed(at: int, record: bytes) -> bytes:
    return lf(*SCHEDULE[:at], record, *SCHEDULE[at + 1 :])


def problems(data: bytes, profile: Profile | None = None) -> list[Problem]:
    found: list[Problem] = []
    for part in read_stream(io.BytesIO(data), profile):
        found += [part] if isinstance(part, Problem) else getattr(part, "problems", ())
    return found


def lines(data: bytes, profile: Profile | None = None) -> tuple[ReleaseLine, ...]:
    return read(data, profile).interchanges[0].messages[0].releases[0].lines


def test_widths_of_every_shipped_record_make_128() -> None:
    ends = {record.fields[-1].end for name in SHIPPED for record in shipped_layout(name).records.values()}
    assert ends == {128}


def test_counters_of_the_trailer_stand_in_the_order_of_the_guide_not_of_their_numbers() -> None:
    trailer = shipped_layout("vda4905").records["519"].fields
    assert [item.counts for item in trailer if item.counts] == [
        "511", "512", "513", "514", "517", "518", "519", "515",
    ]  # fmt: skip
    assert [item.counts for item in shipped_layout("vda4913").records["719"].fields if item.counts][-2:] == [
        "719", "717",
    ]  # fmt: skip


CUMULATIVE = "cumulative quantity received"
REFUSED = [
    # code, file, record number, record type, field, where it is booked
    ("count_mismatch", changed(9, SCHEDULE[9][:12] + b"0000003" + SCHEDULE[9][19:]), 10, "519", "count of 512"),
    ("count_mismatch", changed(9, SCHEDULE[9][:54] + b"0000000" + SCHEDULE[9][61:]), 10, "519", "count of 515"),
    ("missing_trailer", lf(*SCHEDULE[:-1]), 1, "511", None),
    ("outside_message", lf(*SCHEDULE, CALL), 11, "512", None),
    ("bad_header", changed(0, HEADER[:28] + b"     " + HEADER[33:]), 1, "511", "new transmission number"),
    ("unknown_record", lf(*SCHEDULE[:2], b"516" + b"01", *SCHEDULE[2:]), 3, "516", None),
    ("record_order", counted(CALL, SCHEDULE[4], QUANTITIES), 4, "513", None),
    ("record_order", counted(QUANTITIES, CALL, QUANTITIES), 2, "513", None),
    ("record_order", counted(CALL, QUANTITIES, QUANTITIES), 4, "513", None),
    ("missing_record", counted(CALL, CALL, QUANTITIES), 2, "512", None),
    ("missing_record", counted(), 1, "511", None),
    ("wrong_width", changed(1, CALL + b"ABC"), 2, "512", None),
    ("wrong_width", lf(*SCHEDULE[:2]) + QUANTITIES[:60] + b"\n" + lf(*SCHEDULE[3:]), 3, "513", "quantity 1"),
    ("wrong_width", lf(*SCHEDULE[:-1]) + SCHEDULE[-1][:43], 10, "519", "count of 518"),
    ("invalid_number", changed(2, QUANTITIES[:37] + b"000001942O" + QUANTITIES[47:]), 3, "513", CUMULATIVE),
    ("invalid_number", changed(2, QUANTITIES[:53] + b"   x     " + QUANTITIES[62:]), 3, "513", "quantity 1"),
    ("invalid_date", changed(1, CALL[:17] + b"261340" + CALL[23:]), 2, "512", "new call-off date"),
    ("missing_part", changed(1, CALL[:38] + b" " * 22 + CALL[60:]), 2, "512", "part number of the customer"),
    ("unknown_interval", changed(1, CALL[:105] + b"X" + CALL[106:]), 2, "512", "delivery interval"),
    ("unsettled_date", changed(2, QUANTITIES[:47] + b"666666" + QUANTITIES[53:]), 3, "513", "date 1"),
    ("invalid_character", changed(1, CALL[:40] + b"\x07" + CALL[41:]), 2, "512", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "data", "number", "kind", "name"), REFUSED, ids=[f"{row[0]} {row[3]}" for row in REFUSED]
)
def test_it_is_refused_with_record_type_and_field(
    code: str, data: bytes, number: int, kind: str, name: str | None
) -> None:
    found = next((problem for problem in problems(data) if problem.code == code), None)
    assert found is not None
    assert (found.severity, found.segment, found.tag, found.element) == ("reject", number, kind, name)
    assert len(found.text) > 20
    assert not read(data).accepted


def test_a_bad_call_off_parks_itself_and_the_one_beside_it_is_read() -> None:
    told = read(changed(1, CALL[:38] + b" " * 22 + CALL[60:])).interchanges[0]
    assert [message.accepted for message in told.messages] == [False, True]
    assert told.messages[1].releases[0].part_number == "7L6 881 106"
    assert told.problems == ()


def test_the_last_record_may_lack_its_blanks() -> None:
    data = lf(*SCHEDULE[:-1]) + SCHEDULE[-1].rstrip()
    assert [(found.code, found.severity) for found in problems(data)] == [("short_record", "warn")]
    assert read(data).interchanges[0].messages == read(lf(*SCHEDULE)).interchanges[0].messages


def test_a_sender_who_strips_blanks_is_a_matter_of_his_profile() -> None:
    data = b"\n".join(record.rstrip() for record in SCHEDULE) + b"\n"
    assert {found.code for found in problems(data)} == {"wrong_width", "short_record"}
    lenient = Profile(severity={"wrong_width": "warn"})
    told = read(data, lenient)
    assert told.accepted
    assert (
        told.interchanges[0].messages[0].releases == read(lf(*SCHEDULE)).interchanges[0].messages[0].releases
    )


def test_blank_customer_number_is_no_sender() -> None:
    told = read(changed(0, HEADER[:5] + b" " * 18 + HEADER[23:])).interchanges[0]
    assert (told.sender, told.recipient) == (None, None)
    assert [found.code for found in told.problems] == ["missing_party"]


def starts(data: bytes) -> list[tuple[str | None, str | None]]:
    parts = read_stream(io.BytesIO(data))
    return [(part.previous_ref, part.control_ref) for part in parts if isinstance(part, InterchangeStart)]


def test_old_and_new_transmission_number_are_told_for_the_gap_detector() -> None:
    assert starts(lf(*SCHEDULE)) == [("00041", "00042")]


def test_wrap_is_told_as_sent_99999_then_00001() -> None:
    wrapped = changed(0, HEADER[:23] + b"9999900001" + HEADER[33:])
    assert starts(wrapped) == [("99999", "00001")]


def test_two_transmissions_of_one_file_are_two_interchanges() -> None:
    second = HEADER[:23] + b"0004200043" + HEADER[33:]
    data = lf(*SCHEDULE) + lf(second, *SCHEDULE[1:])
    assert starts(data) == [("00041", "00042"), ("00042", "00043")]
    assert [len(item.messages) for item in read(data).interchanges] == [2, 2]


def test_a_transmission_that_was_cut_off_does_not_harm_the_next() -> None:
    told = read(lf(*SCHEDULE[:5]) + lf(*SCHEDULE)).interchanges
    assert [[found.code for found in item.problems] for item in told] == [["missing_trailer"], []]
    assert len(told[1].messages) == 2


def test_line_ends_in_some_places_only_change_nothing() -> None:
    mixed = b"".join(
        record + end for record, end in zip(SCHEDULE, (b"", b"\r\n", b"\n", b"", b"\r") * 2, strict=True)
    )
    assert read(mixed).interchanges == read(lf(*SCHEDULE)).interchanges


def test_trailing_ctrl_z_and_nul_are_nothing() -> None:
    assert read(lf(*SCHEDULE) + b"\x1a\x00\x00").interchanges == read(lf(*SCHEDULE)).interchanges


def test_a_file_out_of_step_ends_in_problems_and_not_in_memory() -> None:
    told = read(b"".join(SCHEDULE)[:1000] + b"x" * 500_000)
    assert not told.accepted
    assert sum(len(message.problems) for item in told.interchanges for message in item.messages) < 20


# codes that stand where a date is expected


def test_000000_ends_the_list_of_dates() -> None:
    assert [line.quantity for line in lines(schedule("261123000000001", "000000000000000"))] == ["1"]


def test_222222_is_no_requirement() -> None:
    data = schedule("222222000000000", "000000000000000")
    assert (lines(data), problems(data)) == ((), [])


@pytest.mark.parametrize(("code", "urgency"), [("333333", "backlog"), ("444444", "immediate")])
def test_backlog_and_immediate_are_firm_and_have_no_day(code: str, urgency: str) -> None:
    (line,) = lines(schedule(f"{code}000000007", "000000000000000"))
    assert line == ReleaseLine("7", firmness="firm", urgency=urgency)


@pytest.mark.parametrize("pair", ["000000000000001", "222222000000005", "555555000000005"])
def test_a_quantity_beside_a_code_that_has_none_is_refused(pair: str) -> None:
    assert [found.code for found in problems(schedule(pair))] == ["unsettled_date"]


def test_a_quantity_behind_the_end_is_refused() -> None:
    data = schedule("000000000000000", "261123000000005")
    assert [(found.code, found.element) for found in problems(data)] == [("unsettled_date", "date 2")]


@pytest.mark.parametrize("date", ["260047", "261200", "264849", "261123", "999999"])
def test_behind_555555_nothing_is_guessed_until_the_partner_says_how_periods_look(date: str) -> None:
    data = schedule("555555000000000", f"{date}000000005")
    assert [(found.code, found.element) for found in problems(data)] == [("unsettled_date", "date 2")]
    assert "[dates]" in problems(data)[0].text


def own_dates(**dates: str) -> Profile:
    return with_layout(LayoutFile("own.toml", {"format": "vda", "base": "vda4905", "dates": dates}))


def test_weeks_and_months_are_read_as_the_partners_layout_says() -> None:
    profile = own_dates(week="YY00WW", month="YYMM00")
    data = schedule(
        "261123000000001", "555555000000000", "260049000000002", "261200000000003", "000000000000000"
    )
    assert lines(data, profile) == (
        ReleaseLine("1", "2026-11-23", None, None, "day"),
        ReleaseLine("2", "2026-11-30", "2026-12-06", None, "week"),
        ReleaseLine("3", "2026-12-01", "2026-12-31", None, "month"),
    )


def test_a_span_of_weeks_is_read_behind_the_mark_only() -> None:
    profile = own_dates(span="YYWWWW")
    data = schedule("261112000000001", "555555000000000", "261112000000002", "000000000000000")
    assert lines(data, profile) == (
        ReleaseLine("1", "2026-11-12", None, None, "day"),
        ReleaseLine("2", "2026-03-09", "2026-03-22", None, "week"),
    )


def test_a_partner_may_give_a_code_another_meaning() -> None:
    assert lines(schedule("222222000000009"), own_dates(**{"222222": "immediate"}))[0].urgency == "immediate"


@pytest.mark.parametrize(("code", "interval"), [("L", "date"), ("T", "day"), ("W", "week"), ("M", "month")])
def test_the_delivery_interval_names_the_grid(code: str, interval: str) -> None:
    data = schedule("261123000000005", "000000000000000", interval=code.encode())
    assert lines(data)[0] == ReleaseLine("5", "2026-11-23", None, None, interval)


def test_dates_go_on_in_514() -> None:
    pairs = [f"2611{day:02d}{day:09d}" for day in range(2, 16)]
    assert [line.quantity for line in lines(schedule(*pairs))] == [str(day) for day in range(2, 16)]


def test_firmness_comes_from_the_authorisations_of_515_and_else_is_not_known() -> None:
    release = read(lf(*SCHEDULE)).interchanges[0].messages[0].releases[0]
    assert [line.firmness for line in release.lines] == ["firm"] * 4 + ["material", "planned"]
    assert {line.firmness for line in lines(schedule("261123000000005"))} == {None}


def test_call_off_numbers_and_the_other_facts_stand_beside_the_release() -> None:
    release = read(lf(*SCHEDULE)).interchanges[0].messages[0].releases[0]
    assert (release.release_number, release.previous_number) == ("000000310", "000000309")
    assert (release.supplier_part, release.order_ref, release.unit) == ("S-105", "4500001234", "ST")
    assert (release.line_feed, release.last_despatch) == ("BAND 3", "00021905")


# layouts of partners


def test_a_transmission_without_a_layout_is_refused_with_what_to_do() -> None:
    data = (GOLDEN / "example_vda4916.edi").read_bytes()
    (found,) = problems(data)
    assert (found.code, found.tag) == ("format_not_supported", "651")
    assert "[layouts]" in found.text


@pytest.mark.parametrize("name", ["example_vda4915", "example_vda4916"])
def test_the_examples_say_that_they_are_not_the_standard(name: str) -> None:
    assert layout_file(name).tables["about"] == "EXAMPLE, not the standard: enter your partner's"


def test_an_event_code_that_is_not_settled_is_refused() -> None:
    data = (GOLDEN / "example_vda4916.edi").read_bytes().replace(b"65301N", b"65301Q")
    (found,) = problems(data, profile_for("example_vda4916"))
    assert (found.code, found.segment, found.tag, found.element) == ("unknown_event_code", 3, "653", "event")


def test_each_call_may_be_a_message_of_its_own_and_keeps_what_stands_above_it() -> None:
    data = (GOLDEN / "example_vda4916.edi").read_bytes()
    messages = read(data, with_layout(example(message_starts="653"))).interchanges[0].messages
    assert [(item.document_number, item.ship_to, len(item.call_offs)) for item in messages] == [
        ("000000090", "054", 1),
        ("000000090", "054", 1),
    ]
    assert [(item.segment_first, item.segment_last) for item in messages] == [(3, 5), (6, 6)]


def base(**tables: object) -> LayoutFile:
    return LayoutFile("own.toml", {"format": "vda", "base": "vda4905", **tables})


def field(name: str, width: object, **more: object) -> dict[str, object]:
    return {"name": name, "width": width, **more}


def text_record(fields: list[dict[str, object]], **more: object) -> LayoutFile:
    return base(record=[{"type": "518", "name": "text", "fields": fields, **more}])


def example(**more: object) -> LayoutFile:
    return LayoutFile("own.toml", {**layout_file("example_vda4916").tables, **more})


WRONG = [
    (base(colour="red"), "colour: no such key"),
    (base(format="csv"), "format: write one of vda, flat"),
    (LayoutFile("own.toml", {"format": "vda", "base": "vda9999"}), "base: write one of"),
    (base(opens="999"), "opens: write the type"),
    (base(kind="invoice"), "kind: write one of"),
    (base(encoding="utf-8"), "encoding: fields are cut by bytes"),
    (base(dates={"22222": "none"}), "dates.22222: a date's code has six digits"),
    (base(dates={"222222": "maybe"}), "dates.222222: write one of"),
    (base(dates={"week": "YYWW"}), "dates.week: write six places"),
    (base(intervals={"T": "hour"}), "intervals.T: write one of"),
    (text_record([field("text", 100)]), "the widths make 103, they must make 128"),
    (text_record([field("text", 0)]), "width: write a whole number"),
    (text_record([field("x", 125, fact="colour")]), "fact: write one of"),
    (text_record([field("x", 125, typ="text")]), "no such key"),
    (text_record([field("x", 125)], under="516"), "there is no record 516"),
    (text_record([field("x", 125)], type="51"), "write three digits"),
    (text_record([field("x", 125)], type="511", role="header"), "has to carry control_ref"),
    (example(events={"N": "NEWS"}), "events.N: write one of"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "sentence"), WRONG, ids=[row[1][:30] for row in WRONG])
def test_a_layout_that_cannot_be_used_is_refused_with_file_key_and_remedy(
    wrong: LayoutFile, sentence: str
) -> None:
    with pytest.raises(ProfileError) as refusal:
        parse_layout(wrong)
    assert str(refusal.value).startswith("own.toml: ")
    assert sentence in str(refusal.value)


def test_a_profile_with_an_unusable_layout_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "oem"
    folder.mkdir()
    (folder / "profile.toml").write_text('[layouts]\nlab = "lab.toml"\n')
    (folder / "lab.toml").write_text('format = "vda"\nbase = "vda4905"\nkind = "invoice"\n')
    with pytest.raises(ProfileError, match=r"lab\.toml: kind"):
        load_profile(folder)


def test_a_header_of_a_partners_own_type_is_known_by_his_layout() -> None:
    tables = dict(layout_file("example_vda4916").tables)
    tables["opens"] = "7A1"
    rows = [dict(row) for row in tables["record"]]
    for row in rows:
        row["type"] = "7A1" if row["type"] == "651" else row["type"]
        row["under"] = "7A1" if row.get("under") == "651" else row.get("under", "")
        row["fields"] = [
            {**item, "counts": "7A1"} if item.get("counts") == "651" else item for item in row["fields"]
        ]
    tables["record"] = rows
    data = (GOLDEN / "example_vda4916.edi").read_bytes().replace(b"65101", b"7A101")
    profile = with_layout(LayoutFile("own.toml", tables))
    assert (sniff(data), sniff(data, profile)) == ("flat", "vda")
    assert len(read(data, profile).interchanges[0].messages[0].call_offs) == 2


# despatch advice read


def advice(*changes: tuple[bytes, bytes]) -> bytes:
    data = (GOLDEN / "vda4913.edi").read_bytes()
    for old, new in changes:
        assert len(old) == len(new)
        assert data.count(old) == 1
        data = data.replace(old, new)
    return data


def despatch_lines(data: bytes) -> list[tuple[str | None, str | None]]:
    message = read(data).interchanges[0].messages[0]
    assert message.despatch is not None
    return [(line.production_number, line.quantity) for line in message.despatch.packages[0].lines]


def test_as_many_pieces_as_production_numbers_are_one_each() -> None:
    assert despatch_lines(advice())[-1] == ("0000004012", "1")


def test_any_other_quantity_is_not_shared_out_by_guess() -> None:
    told = despatch_lines(advice((b"0000000012000ST", b"0000000024000ST")))
    assert told[0] == (None, "24")
    assert told[1] == ("0000004001", None)
    assert len(told) == 13


def test_a_transport_number_that_is_no_licence_plate_is_no_truck() -> None:
    data = advice((b"01B-XY 1234", b"08B-XY 1234"))
    message = read(data).interchanges[0].messages[0]
    assert message.despatch is not None
    assert message.despatch.truck is None


def test_an_item_in_a_range_of_packages_stands_in_none_of_them() -> None:
    data = advice((b"RACK1    RACK1    ", b"RACK1    RACK9    "))
    message = read(data).interchanges[0].messages[0]
    assert message.despatch is not None
    assert [package.number for package in message.despatch.packages] == [None, "RACK2"]


# what the monitor lists


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_monitor_lists_records_by_number_and_type(end: bytes) -> None:
    listed = list(segments(io.BytesIO(end.join(SCHEDULE))))
    assert [(item.number, item.tag) for item in listed[:3]] == [(1, "511"), (2, "512"), (3, "513")]
    assert (listed[1].text, len(listed)) == (CALL.decode(), 10)


def test_problems_and_listing_count_alike() -> None:
    data = b"".join(changed(2, QUANTITIES[:47] + b"666666" + QUANTITIES[53:]).split(b"\n"))
    (found,) = [problem for problem in problems(data) if problem.code == "unsettled_date"]
    assert list(segments(io.BytesIO(data)))[(found.segment or 0) - 1].tag == "513"


def test_memory_holds_one_message_however_long_the_file_is() -> None:
    def peak(calls: int) -> int:
        body = [SCHEDULE[1], SCHEDULE[2]] * calls
        data = io.BytesIO(counted(*body))
        tracemalloc.start()
        count = sum(isinstance(part, Message) and part.accepted for part in read_stream(data))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == calls
        return top

    assert peak(2500) < 500_000


def test_the_character_set_of_the_profile_is_used_when_it_has_single_bytes() -> None:
    named = changed(1, CALL[:38] + "Tür".encode("cp850").ljust(22) + CALL[60:])
    for encoding, part in (("cp850", "Tür"), ("iso8859-1", "T\x81r"), ("utf-8", "T\x81r")):
        release = read(named, replace(Profile(), encoding=encoding)).interchanges[0].messages[0].releases[0]
        assert release.part_number == part


PAGE = (GOLDEN.parents[3] / "docs" / "vda-layouts.md").read_text()


def test_the_page_about_layouts_names_every_role_and_the_facts_of_call_offs() -> None:
    layouts = [shipped_layout(name) for name in SHIPPED]
    roles = {record.role for layout in layouts for record in layout.records.values()}
    facts = {
        item.fact for layout in layouts[1:] for record in layout.records.values() for item in record.fields
    }
    assert [word for word in sorted(roles | (facts - {None})) if f"`{word}`" not in PAGE] == []
