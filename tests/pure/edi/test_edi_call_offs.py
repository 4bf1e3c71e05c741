"""What a call-off says in DELJIT and 866, and how a profile changes that."""

from dataclasses import replace

import pytest

from edi.formats import CallOffEvent, Message, Profile, read
from edi.formats.profile import EDIFACT_FIELDS

from .edi_samples import DELJIT_HEAD, ONE_CALL, SEQUENCE_866, deljit, interchange, message, x12


def only_message(data: bytes, profile: Profile | None = None) -> Message:
    ((found,),) = (part.messages for part in read(data, profile).interchanges)
    return found


def only_call(data: bytes, profile: Profile | None = None) -> CallOffEvent:
    found = only_message(data, profile)
    assert found.accepted, found.problems
    (call,) = found.call_offs
    return call


def event(code: str, directory: str, profile: Profile | None = None) -> str:
    kind = "DELJIT:" + directory.replace(".", ":") + ":UN"
    return only_call(deljit(f"SEQ+{code}+0042", *ONE_CALL[1:], kind=kind), profile).event


@pytest.mark.parametrize(
    ("code", "until_98a", "from_98b"),
    [
        ("1", "CHANGE", "NEW"),
        ("2", "CANCEL", "CANCEL"),
        ("3", "NEW", "CHANGE"),
        ("4", "NOCHANGE", "NOCHANGE"),
    ],
)
def test_the_same_digit_means_something_else_from_d98b_on(code: str, until_98a: str, from_98b: str) -> None:
    assert (event(code, "D.98A"), event(code, "D.98B")) == (until_98a, from_98b)


@pytest.mark.parametrize("directory", ["D.96A", "D.96B", "D.97A", "D.98A"])
def test_three_creates_a_call_in_the_old_directories(directory: str) -> None:
    assert event("3", directory) == "NEW"


@pytest.mark.parametrize("directory", ["D.98B", "D.99A", "D.00A", "D.04A", "D.04B"])
def test_three_changes_a_call_in_the_new_directories(directory: str) -> None:
    assert event("3", directory) == "CHANGE"


@pytest.mark.parametrize(
    ("code", "directory", "expected"),
    [
        ("5", "D.97A", "CHANGE"),
        ("9", "D.97A", "TEST"),
        ("10", "D.97A", "DELIVERED"),
        ("37", "D.04B", "CANCEL"),
        ("38", "D.04B", "CHANGE"),
        ("39", "D.04B", "NEW"),
        ("42", "D.04B", "DELIVERED"),
    ],
)
def test_the_other_codes_of_each_list(code: str, directory: str, expected: str) -> None:
    assert event(code, directory) == expected


def test_a_partner_who_lies_about_his_directory_is_read_by_his_profile() -> None:
    assert event("3", "D.04B", Profile(event_element="1245")) == "NEW"


@pytest.mark.parametrize(
    ("function", "code", "expected"),
    [("9", "", "NEW"), ("1", "", "CANCEL"), ("1", "3", "NEW"), ("53", "", "TEST"), ("53", "3", "TEST")],
)
def test_the_message_function_speaks_where_seq_is_silent_and_a_test_is_always_a_test(
    function: str, code: str, expected: str
) -> None:
    head = (f"BGM+242+CALL1+{function}", *DELJIT_HEAD[1:])
    assert only_call(deljit(f"SEQ+{code}+0042", *ONE_CALL[1:], head=head)).event == expected


def test_an_association_code_nobody_knows_falls_back_to_the_directory() -> None:
    found = only_message(deljit(kind="DELJIT:D:97A:UN:A09051"))
    assert (found.accepted, found.association, found.directory) == (True, "A09051", "D.97A")


def test_a_call_off_carries_all_its_facts() -> None:
    call = only_call(deljit())
    assert (call.sequence_number, call.sequence_source) == ("0042", "3")
    assert (call.vin, call.production_number) == ("ZZZJ1S00000000042", "BODY42")
    assert (call.dock, call.line_feed, call.required_at) == ("D1", "S20", "2026-11-21T14:30")


def test_a_part_number_keeps_its_inner_blanks() -> None:
    assert only_call(deljit()).components[0].part_number == "7L6 881 105"


def test_places_given_per_part_hold_for_the_call() -> None:
    lines = (
        "SEQ+3+0042",
        "GIR+4+V1:VV",
        "LIN+1++X:IN",
        "LOC+11+D9",
        "LOC+159+S9",
        "QTY+1:1:PCE",
        "DTM+2:20261121:102",
    )
    call = only_call(deljit(*lines))
    assert (call.dock, call.line_feed, call.required_at) == ("D9", "S9", "2026-11-21")


def test_a_free_text_behind_the_last_part_is_no_error() -> None:
    assert only_call(deljit(*ONE_CALL, "FTX+AAI+++END", kind="DELJIT:D:96A:UN")).vin is not None


def test_an_offset_in_the_message_goes_onto_its_times() -> None:
    head = (*DELJIT_HEAD[:2], "DTM+735:?+0200:406")
    assert only_call(deljit(head=head)).required_at == "2026-11-21T14:30+02:00"


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (("production_number", "vin"), "BODY42"),
        (("vin", "production_number"), "ZZZJ1S00000000042"),
        (("document_sequence",), "CALL1-0042"),
    ],
)
def test_the_profile_says_what_names_a_call(identity: tuple[str, ...], expected: str) -> None:
    assert only_call(deljit(), Profile(identity=identity)).call_number == expected


def test_the_profile_says_where_a_fact_stands() -> None:
    profile = Profile(edifact=replace(EDIFACT_FIELDS, vin=("GIR CN",), dock=("LOC 7",)))
    lines = (*ONE_CALL[:2], "GIR+4+CHASSIS:CN", "LOC+7+GATE", *ONE_CALL[5:])
    call = only_call(deljit(*lines), profile)
    assert (call.vin, call.dock) == ("CHASSIS", "GATE")


def test_a_forecast_is_no_call_off() -> None:
    profile = Profile(stages={"242": "call_off", "999": "sequence_forecast"})
    head = ("BGM+999+F1+9", *DELJIT_HEAD[1:])
    assert only_message(deljit(head=head), profile).kind == "sequence_forecast"


def test_a_message_may_hold_many_calls() -> None:
    calls = [
        line.replace("0042", f"{at:04}").replace("BODY42", f"B{at}") for at in range(50) for line in ONE_CALL
    ]
    found = only_message(interchange(message(*DELJIT_HEAD, *calls)))
    assert [call.sequence_number for call in found.call_offs] == [f"{at:04}" for at in range(50)]


def test_an_866_line_is_a_call() -> None:
    call = only_call(x12(*SEQUENCE_866))
    assert (call.event, call.sequence_number, call.vin) == ("NEW", "IPF0000042", "ZZZJ1S00000000042")
    assert (call.dock, call.line_feed, call.required_at) == ("03", "K14R", "2026-11-21T14:30")
    assert call.components[0].part_number == "26550 ZK32A"


@pytest.mark.parametrize(
    ("function", "expected"), [("00", "NEW"), ("01", "CANCEL"), ("04", "CHANGE"), ("05", "CHANGE")]
)
def test_an_866_says_its_event_in_bss(function: str, expected: str) -> None:
    assert (
        only_call(x12(SEQUENCE_866[0].replace("*00*", f"*{function}*"), *SEQUENCE_866[1:])).event == expected
    )


def test_two_866_lines_of_one_vehicle_are_one_call_with_two_parts() -> None:
    second = SEQUENCE_866[2].replace("26550", "26551")
    call = only_call(x12(*SEQUENCE_866[:6], second, *SEQUENCE_866[3:6], "CTT*2"))
    assert [part.part_number for part in call.components] == ["26550 ZK32A", "26551 ZK32A"]


def test_two_866_lines_of_two_vehicles_are_two_calls() -> None:
    second = SEQUENCE_866[2].replace("0042", "0043")
    found = only_message(x12(*SEQUENCE_866[:6], second, *SEQUENCE_866[3:6], "CTT*2"))
    assert [call.sequence_number for call in found.call_offs] == ["IPF0000042", "IPF0000043"]
