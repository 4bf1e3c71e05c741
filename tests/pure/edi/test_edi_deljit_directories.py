"""DELJIT from D.95A to D.24A: where the directories differ, and what a message's function and stage make of it."""

import pytest

from edi.formats import CallOffEvent, Message, Profile, read

from .edi_samples import DELJIT_HEAD, ONE_CALL, interchange, message

DIRECTORIES = [
    "95A",
    "95B",
    "96A",
    "96B",
    "97A",
    "97B",
    "98A",
    "98B",
    "99B",
    "00A",
    "02B",
    "04A",
    "04B",
    "24A",
]
NEW = {"95A": "3", "95B": "3", "96A": "3", "96B": "3", "97A": "3", "97B": "3", "98A": "3"}


def only_message(*segments: str, kind: str, profile: Profile | None = None) -> Message:
    data = interchange(message(*segments, kind=kind))
    ((found,),) = (part.messages for part in read(data, profile).interchanges)
    return found


def only_call(*segments: str, directory: str) -> CallOffEvent:
    found = only_message(*segments, kind=f"DELJIT:D:{directory}:UN")
    assert found.problems == ()
    (call,) = found.call_offs
    return call


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_a_new_call_is_new_in_every_directory(directory: str) -> None:
    call = only_call(
        *DELJIT_HEAD, f"SEQ+{NEW.get(directory, '1')}+0042:3", *ONE_CALL[1:], directory=directory
    )
    assert (call.event, call.vin, call.components[0].quantity) == ("NEW", "ZZZJ1S00000000042", "1")


@pytest.mark.parametrize("directory", ["95A", "96A", "96B"])
def test_up_to_d96b_the_free_text_stands_behind_the_calls(directory: str) -> None:
    call = only_call(*DELJIT_HEAD, *ONE_CALL, "FTX+AAI+++END", "FTX+AAI+++OF MESSAGE", directory=directory)
    assert len(call.components) == 1


def test_a_trailing_free_text_behind_a_call_without_parts_belongs_to_no_call() -> None:
    call = only_call(*DELJIT_HEAD, "SEQ+2+0042:3", "GIR+4+V1:VV", "FTX+AAI+++END", directory="96A")
    assert (call.event, call.components) == ("CANCEL", ())


@pytest.mark.parametrize("directory", ["97A", "98B", "04B"])
def test_from_d97a_on_the_free_text_stands_in_the_header(directory: str) -> None:
    head = (*DELJIT_HEAD[:2], "FTX+AAI+++START", *DELJIT_HEAD[2:])
    assert only_call(*head, *ONE_CALL, directory=directory).call_number == "BODY42"


def test_a_free_text_of_a_part_stays_with_its_part() -> None:
    lines = ("LIN+1++X1:IN", "FTX+AAI+++CARE", "QTY+131:1", "LIN+2++X2:IN", "QTY+131:2")
    call = only_call(*DELJIT_HEAD, *ONE_CALL[:5], *lines, directory="97A")
    assert [(part.part_number, part.quantity) for part in call.components] == [("X1", "1"), ("X2", "2")]


def test_tdt_belongs_to_the_part_up_to_d03b() -> None:
    lines = (
        "LIN+1++X1:IN",
        "TDT+20",
        "FTX+AAI+++CARE",
        "PAC+1",
        "DTM+2:20261121:102",
        "RFF+ON:1",
        "QTY+131:1",
    )
    assert only_call(*DELJIT_HEAD, *ONE_CALL[:5], *lines, directory="96A").components[0].order_ref == "1"


def test_d04a_widens_and_adds_tmd_and_prices() -> None:
    call = only_call(
        *DELJIT_HEAD,
        *("SEQ+39+0042:3", *("DTM+2:202611211430:203", *ONE_CALL[2:5])),
        *("LIN+1++X1:IN", *(f"IMD+F++:::OPTION {at}" for at in range(20)), "FTX+AAI+++CARE", *("PAC+1",) * 9),
        *(*(f"DTM+{at}:20261121:102" for at in (2, 10, 63, 64, 94, 137, 171, 194, 206)), "RFF+ON:1"),
        *("TDT+20++30", "TMD+3", "TDT+10", "LOC+7+P", "LOC+11+D9", "CTA+IC", "COM+1:TE"),
        *(
            "QTY+131:1:PCE",
            "SCC+1",
            "DTM+2:20261121:102",
            "RFF+AAN:2",
            "PRI+AAA:12.5",
            "CUX+2:EUR",
            "DTM+194:20261101:102",
        ),
        *("LIN+2++X2:IN", "QTY+131:2"),
        directory="04A",
    )
    assert call.event == "NEW"
    assert [part.part_number for part in call.components] == ["X1", "X2"]
    assert len(call.components[0].options) == 20


def test_d24a_has_references_under_party_and_call() -> None:
    head = (
        *DELJIT_HEAD[:2],
        "NAD+BY+OEM::92",
        "LOC+11+D1",
        "RFF+VA:DE123",
        "CTA+IC",
        "NAD+SE+SUP::92",
        "RFF+ADE:7",
    )
    lines = (*ONE_CALL[:3], "RFF+ON:4500017:10", "DTM+171:20261101:102", *ONE_CALL[5:])
    call = only_call(*head, *lines, directory="24A")
    assert (call.dock, call.components[0].order_ref) == ("D1", None)


@pytest.mark.parametrize("association", ["A09051", "GAVA31", "GAVB11", "GMI020", "SYNCRO", ""])
def test_an_association_code_falls_back_to_the_base_table(association: str) -> None:
    found = only_message(*DELJIT_HEAD, *ONE_CALL, kind=f"DELJIT:D:97A:UN:{association}".rstrip(":"))
    assert (found.problems, found.association, len(found.call_offs)) == ((), association or None, 1)


@pytest.mark.parametrize(
    ("function", "code", "expected"),
    [
        ("9", "3", "NEW"),
        ("9", "", "NEW"),
        ("41", "", "NEW"),
        ("1", "", "CANCEL"),
        ("40", "", "CANCEL"),
        ("50", "", "CANCEL"),
        ("53", "", "TEST"),
        ("53", "2", "TEST"),
        ("7", "3", "NEW"),
        ("35", "3", "NEW"),
        ("", "2", "CANCEL"),
    ],
)
def test_what_the_message_function_does_to_a_call(function: str, code: str, expected: str) -> None:
    head = (f"BGM+242+CALL1+{function}", *DELJIT_HEAD[1:])
    assert only_call(*head, f"SEQ+{code}+0042", *ONE_CALL[1:], directory="97A").event == expected


def test_a_profile_gives_a_function_its_own_event() -> None:
    profile = Profile(functions={"50": "CANCEL", "53": ""})
    for function, expected in (("50", "CANCEL"), ("53", "NEW")):
        head = (f"BGM+242+CALL1+{function}", *DELJIT_HEAD[1:])
        found = only_message(*head, *ONE_CALL, kind="DELJIT:D:97A:UN", profile=profile)
        assert found.call_offs[0].event == expected


@pytest.mark.parametrize(
    ("document", "function", "kind", "event"),
    [
        ("242", "9", "call_off", "NEW"),
        ("Z1", "9", "sequence_forecast", "NEW"),
        ("Z2", "9", "sequence_forecast", "NEW"),
        ("Z3", "9", "call_off", "CANCEL"),
        ("242", "31", "sequence_forecast", "NEW"),
        ("Z4", "9", "release", None),
    ],
)
def test_document_code_and_function_tell_call_forecast_reference_cancellation_and_release_apart(
    document: str, function: str, kind: str, event: str | None
) -> None:
    profile = Profile(
        stages={
            "242": "call_off",
            "Z1": "sequence_forecast",
            "Z2": "reference",
            "Z3": "cancellation",
            "Z4": "release",
        },
        stages_function={"242/31": "sequence_forecast"},
    )
    head = (f"BGM+{document}+CALL1+{function}", *DELJIT_HEAD[1:])
    found = only_message(*head, *ONE_CALL, kind="DELJIT:D:97A:UN", profile=profile)
    assert (found.problems, found.kind) == ((), kind)
    assert [call.event for call in found.call_offs] == ([event] if event else [])
    assert len(found.releases) == (kind == "release")


def test_a_document_code_nobody_explained_is_refused_with_the_remedy() -> None:
    found = only_message("BGM+Z9+CALL1+9", *DELJIT_HEAD[1:], *ONE_CALL, kind="DELJIT:D:97A:UN")
    (problem,) = found.problems
    assert (problem.code, problem.segment, problem.tag, problem.element) == (
        "unknown_document_code",
        3,
        "BGM",
        "1.1",
    )
    assert "[stages]" in problem.text


@pytest.mark.parametrize("source", ["1", "2", "3", "4", "5", "6", ""])
def test_the_source_of_a_sequence_number_tells_line_from_transmission(source: str) -> None:
    call = only_call(*DELJIT_HEAD, f"SEQ+3+00A42:{source}", *ONE_CALL[1:], directory="97A")
    assert (call.sequence_number, call.sequence_source) == ("00A42", source or None)
