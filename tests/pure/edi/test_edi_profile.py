"""A profile that cannot be used says which file, which key, and what to write instead."""

from datetime import datetime
from pathlib import Path

import pytest

from edi.formats import ControlRule, Profile, ProfileError, SequenceRule, load_profile, read
from edi.formats.calls import identify


def load(folder: Path, text: str) -> Profile:
    (folder / "profile.toml").write_text(text)
    return load_profile(folder)


def test_an_empty_profile_is_the_defaults_under_its_folder_name(tmp_path: Path) -> None:
    profile = load(tmp_path, "")
    assert (profile.code, profile.status) == (tmp_path.name, "unverified")


def test_a_profile_changes_only_what_it_says(tmp_path: Path) -> None:
    profile = load(tmp_path, '[events.1229]\n21 = "HOLD"\n[edifact]\nvin = ["GIR CN"]\n')
    assert (profile.events_1229["21"], profile.events_1229["1"]) == ("HOLD", "NEW")
    assert (profile.edifact.vin, profile.edifact.dock) == (("GIR CN",), ("LOC 11",))


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ("colour = 'red'", "colour", "no such key"),
        ("status = 'fine'", "status", "verified"),
        ("timezone = 'Mars/Base'", "timezone", "Europe/Berlin"),
        ("encoding = 'utf-16'", "encoding", "ASCII-compatible"),
        ("syntax = 'UNOX:3'", "syntax", "UNOC:3"),
        ("acknowledge = 'always'", "acknowledge", "CONTRL"),
        ("identity = ['colour']", "identity", "production_number"),
        ("event_element = '1'", "event_element", "1245"),
        ("[sequence]\nwide = 4", "sequence.wide", "no such key"),
        ("[sequence]\nwidth = '4'", "sequence.width", "type int"),
        ("[sequence]\ndense = 1", "sequence.dense", "type bool"),
        ("[sequence]\nwidth = 3", "sequence", "last fits the width"),
        ("[events.9999]\n1 = 'NEW'", "events.9999", "1245"),
        ("[events.1245]\n1 = 'MAKE'", "events.1245.1", "NEW"),
        ("[stages]\n242 = 'maybe'", "stages.242", "call_off"),
        ("[severity]\nall = 'warn'", "severity.all", "no such key"),
        ("[severity]\ncount_mismatch = 'fatal'", "severity.count_mismatch", "warn"),
        ("[edifact]\nvin = 'GIR VV'", "edifact.vin", "list of places"),
        ("[edifact]\nvin = ['REF VV']", "edifact.vin", "GIR VV"),
        ("[x12]\ndock = ['GIR VV']", "x12.dock", "REF DK"),
        ("[asn]\nformat = 'PDF'", "asn.format", "DESADV"),
        ("[asn]\ndirectory = 'D.99Z'", "asn.directory", "D.07A"),
        ("[our]\nid = ''", "our.id", "envelope"),
        ("counter = 'clock'", "counter", "transmission"),
        ("counter = 'message'\n[sequence]\ndense = true", "counter", "keep one"),
        ("identity = ['sequence_cycle']", "identity", "[sequence] cycle"),
        ("[sequence]\ncycle = 'decade'", "sequence.cycle", '"year"'),
        ("[sequence]\ncycle_start = '02-29'", "sequence.cycle_start", "07-01"),
        ("[control]\non_gap = 'stop'", "control.on_gap", '"hold" or "warn"'),
        ("[control]\ntransmission_width = 0", "control.transmission_width", "digits"),
        ("[control]\ntransmission_width = 2\nwrap = 100", "control.wrap", "fit the width"),
        ("[functions]\n1 = 'DROP'", "functions.1", "an empty text"),
        ("[stages_function]\n242 = 'call_off'", "stages_function.242", "242/1"),
        ("[stages_function]\n'242/1' = 'maybe'", "stages_function.242/1", "cancellation"),
        ("[files]\naccept = '.*'", "files.accept", "list of regular expressions"),
        ("[files]\ntest = ['(']", "files.test", "list of regular expressions"),
        ("[files]\nout = 'asn.edi'", "files.out", "{number}"),
        ("[files]\nout = '../{number}'", "files.out", "bare file name"),
        ("[files]\nout = '{colour}{number}'", "files.out", "{partner}"),
        ("[release]\nmode = 'add'", "release.mode", '"amend"'),
        ("[release]\ncumulative_reset = '13-01'", "release.cumulative_reset", "01-01"),
        ("[calls]\nmode = 'add'", "calls.mode", '"replace"'),
        ("[layouts]\nx = '../a.toml'", "layouts.x", ".toml file in this folder"),
        ("[layouts]\nx = 'a.toml'", "a.toml", "write the layout"),
        ("[acknowledge]\nsyntax = 'APERAK'", "acknowledge.syntax", "CONTRL"),
        ("[acknowledge]\nbusiness = '997'", "acknowledge.business", "824"),
        ("[acknowledge]\nwithin_minutes = -1", "acknowledge.within_minutes", "minutes"),
        ("[acknowledge]\nhow = 'x'", "acknowledge.how", "within_minutes"),
        ("[asn]\nhierarchy = 'OTPI'", "asn.hierarchy", "SOTPI"),
        ("[asn]\nhierarchy = 'STT'", "asn.hierarchy", "SOTPI"),
        ("[asn]\nhierarchy = 'SOT'", "asn.hierarchy", "items"),
        ("[asn]\ndue_minutes = -5", "asn.due_minutes", "after departure"),
        ("sequence = 4", "sequence", "table"),
        ("[[[", "TOML", ""),
    ],
)
def test_an_unusable_profile_is_refused_with_its_remedy(
    tmp_path: Path, text: str, key: str, remedy: str
) -> None:
    with pytest.raises(ProfileError) as refused:
        load(tmp_path, text)
    said = str(refused.value)
    assert str(tmp_path / "profile.toml") in said
    assert key in said
    assert remedy in said


def test_a_missing_profile_says_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="copy edi/partners/generic_deljit"):
        load_profile(tmp_path)


def test_dense_is_the_switch_of_the_sequence_counter(tmp_path: Path) -> None:
    assert load(tmp_path, "").counter == "none"
    assert load(tmp_path, "[sequence]\ndense = true").counter == "sequence"
    assert load(tmp_path, "counter = 'sequence'").sequence.dense
    shared = load(tmp_path, "counter = 'transmission'")
    assert (shared.counter, shared.sequence.dense) == ("transmission", False)


@pytest.mark.parametrize(
    ("document", "function", "kind"),
    [
        ("241", "9", "call_off"),
        ("220", "9", "sequence_forecast"),
        ("226", "9", "sequence_forecast"),
        ("230", "9", "call_off"),
        ("241", "5", "release"),
        ("999", "9", None),
        (None, None, None),
    ],
)
def test_document_code_and_function_tell_the_kind(
    tmp_path: Path, document: str | None, function: str | None, kind: str | None
) -> None:
    profile = load(
        tmp_path,
        "[stages]\n220 = 'reference'\n226 = 'sequence_forecast'\n230 = 'cancellation'\n"
        "[stages_function]\n'241/5' = 'release'",
    )
    assert profile.kind_of(document, function) == kind


@pytest.mark.parametrize(
    ("document", "function", "code", "event"),
    [
        ("242", "9", "3", "CHANGE"),
        ("242", "9", None, "NEW"),
        ("242", "1", "1", "NEW"),  # the code list goes before a function the profile says nothing of
        ("242", "1", None, "CANCEL"),
        ("242", "40", None, "CANCEL"),
        ("242", "50", None, "CANCEL"),
        ("242", "53", "1", "TEST"),
        ("242", "5", "1", "CHANGE"),  # [functions]
        ("230", "9", "1", "CANCEL"),  # a document that cancels
        ("230", "53", "1", "CANCEL"),
        ("242", "9", "77", None),
    ],
)
def test_document_function_and_code_tell_the_event(
    tmp_path: Path, document: str, function: str, code: str | None, event: str | None
) -> None:
    profile = load(tmp_path, "[stages]\n230 = 'cancellation'\n[functions]\n5 = 'CHANGE'")
    assert profile.event_of(document, function, code, profile.events_1229) == event


def test_an_empty_function_takes_an_override_back(tmp_path: Path) -> None:
    profile = load(tmp_path, "[functions]\n53 = ''")
    assert profile.event_of("242", "53", "1", profile.events_1229) == "NEW"


@pytest.mark.parametrize(
    ("cycle", "moment", "name"),
    [
        ("", "2026-11-21T06:00", None),
        ("year", "2026-11-21T06:00", "2026"),
        ("month", "2026-11-21", "2026-11"),
        ("day", "2026-11-21T06:00", "2026-11-21"),
        ("model_year", "2026-06-30T23:59", "2026"),
        ("model_year", "2026-07-01", "2027"),
        ("year", None, None),
    ],
)
def test_a_time_lies_in_a_cycle(cycle: str, moment: str | None, name: str | None) -> None:
    assert SequenceRule(cycle=cycle, cycle_start="07-01").cycle_of(moment) == name


def test_a_number_that_comes_again_next_year_is_another_call(tmp_path: Path) -> None:
    profile = load(tmp_path, "identity = ['sequence_cycle']\n[sequence]\ncycle = 'year'")
    named = [
        identify(profile, "P1", "VIN", "D1", "0042", source=source, moment=moment)
        for source, moment in (("1", "2026-12-31T23:00"), ("1", "2027-01-01T00:10"), ("2", "2026-12-31"))
    ]
    assert named == ["2026-1-0042", "2027-1-0042", "2026-2-0042"]
    assert identify(profile, "P1", "VIN", "D1", "0042", source="1", moment=None) is None


def test_a_transmission_counter_wraps_to_one() -> None:
    assert [ControlRule().after(number) for number in (1, 99998, 99999)] == [2, 99999, 1]
    assert ControlRule(wrap=500).after(500) == 1


def test_names_of_files(tmp_path: Path) -> None:
    rule = load(
        tmp_path,
        "[files]\naccept = ['JIS_[0-9]+[.]edi', 'T_.*']\ntest = ['T_.*']\nout = '{our}.{kind}.{number:05d}'",
    ).files
    assert [rule.accepts(name) for name in ("JIS_7.edi", "JIS_7.edi.bak", "T_1")] == [True, False, True]
    assert [rule.is_test(name) for name in ("JIS_7.edi", "T_1")] == [False, True]
    at = datetime(2026, 11, 21, 6, 0)
    assert rule.out_name("DESADV", "vw", 42, our="S1", their="VW", at=at) == "S1.DESADV.00042"
    plain = Profile().files.out_name("997", "gm", 42, our="S1", their="GM", at=at)
    assert (plain, Profile().files.accepts("anything")) == ("997_gm_000000042.edi", True)


def test_acknowledgement_rules_may_be_a_word_or_a_table(tmp_path: Path) -> None:
    word = load(tmp_path, "acknowledge = 'CONTRL'")
    table = load(tmp_path, "[acknowledge]\nsyntax = 'CONTRL'\nbusiness = 'APERAK'\nwithin_minutes = 20")
    assert (word.acknowledge, word.acknowledge_business, word.acknowledge_minutes) == ("CONTRL", "none", 0)
    assert (table.acknowledge, table.acknowledge_business, table.acknowledge_minutes) == (
        "CONTRL", "APERAK", 20,
    )  # fmt: skip


def test_a_layout_is_read_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "broadcast.toml").write_text("format = 'vda'\nbase = 'vda4905'\n")
    layout = load(tmp_path, "[layouts]\nbroadcast = 'broadcast.toml'").layouts["broadcast"]
    assert (Path(layout.path), layout.tables["base"]) == (tmp_path / "broadcast.toml", "vda4905")


CYCLE = """UNB+UNOC:3+OEM+SUP+261231:2330+7'UNH+1+DELJIT:D:97A:UN'BGM+242+D1+9'DTM+137:202612312330:203'
SEQ+3+0042:1'DTM+2:202612312350:203'LIN+1++P:IN'QTY+131:1'SEQ+2+0042:1'UNT+9+1'UNZ+1+7'"""


def test_a_cancel_without_a_time_names_the_same_call(tmp_path: Path) -> None:
    profile = load(tmp_path, "identity = ['sequence_cycle']\n[sequence]\ncycle = 'year'")
    message = read(CYCLE.encode(), profile).interchanges[0].messages[0]
    assert message.problems == ()
    assert [(call.event, call.call_number) for call in message.call_offs] == [
        ("NEW", "2026-1-0042"),
        ("CANCEL", "2026-1-0042"),
    ]


def test_an_866_may_be_a_forecast_by_its_schedule_type(tmp_path: Path) -> None:
    partner = Path(__file__).resolve().parents[3] / "edi" / "partners" / "nissan_866"
    sample = (partner / "synthetic_sequence.edi").read_bytes()
    kinds = {
        text: read(sample, load(tmp_path, text)).interchanges[0].messages[0].kind
        for text in ("", "[stages]\nJS = 'sequence_forecast'", "[stages_function]\n'JS/05' = 'reference'")
    }
    assert list(kinds.values()) == ["call_off", "sequence_forecast", "sequence_forecast"]
