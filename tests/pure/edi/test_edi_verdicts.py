"""What partners say about ours (RECADV, APERAK, CONTRL) and what we say about theirs (CONTRL, APERAK)."""

import io
from datetime import datetime
from typing import Any

import pytest
from pydifact.segmentcollection import Interchange as PydifactInterchange

from edi.formats import (
    Acknowledged,
    Message,
    Problem,
    Profile,
    Receipt,
    read,
    segments,
    write_acknowledgement,
    write_aperak,
)

from .edi_samples import DELJIT_HEAD, ONE_CALL, deljit, interchange, message

NOW = datetime(2026, 11, 21, 14, 0)
RECADV = "RECADV:D:96A:UN"
APERAK = "APERAK:D:96A:UN"
RECADV_HEAD = ("BGM+632+REC1+9", "DTM+137:202611211600:203", "DTM+50:202611211530:203", "RFF+AAK:SH1")
PARTIES = ("NAD+BY+OEM::92", "NAD+SE+SUP::92")


def only_message(*lines: str, kind: str, profile: Profile | None = None) -> Message:
    data = interchange(message(*lines, kind=kind))
    ((found,),) = (part.messages for part in read(data, profile).interchanges)
    return found


def test_a_receiving_advice_gives_a_receipt_for_every_part() -> None:
    found = only_message(
        *(*RECADV_HEAD, *PARTIES, "CPS+1", "PAC+1", "PCI+17", "GIN+ML+R1"),
        *("LIN+1++X1:IN", "PIA+1+S1:SA", "QTY+12:8:PCE", "QTY+48:8:PCE", "QTY+194:7:PCE"),
        *("QVR+-1:194+BP", "DTM+50:202611211540:203", "RFF+ON:4500017:10", "RFF+AAU:DN7"),
        *("LIN+2++X2:IN", "QTY+48:5", "CNT+2:2"),
        kind=RECADV,
    )
    assert (found.problems, found.kind, found.document_number) == ((), "receiving_advice", "REC1")
    assert (found.buyer, found.supplier, found.issued_at) == ("OEM", "SUP", "2026-11-21T16:00")
    assert found.receipts == (
        Receipt("DN7", "X1", "S1", "4500017/10", "8", "8", "7", "-1", "2026-11-21T15:40"),
        Receipt("SH1", "X2", None, None, None, "5", None, None, "2026-11-21T15:30"),
    )
    assert found.acknowledged == (Acknowledged("DN7", False, ("BP",)), Acknowledged("SH1", True))


def test_a_receiving_advice_of_d07a_names_the_despatch_in_its_package() -> None:
    found = only_message(
        *("BGM+632+REC1+9", "DTM+137:202611211600:203", *PARTIES),
        *("CPS+1", "RFF+AAK:SH9", "LIN+1++X1:IN", "QTY+12:8", "QTY+194:8"),
        kind="RECADV:D:07A:UN:GAVE10",
    )
    assert (found.problems, found.receipts[0].despatch_number) == ((), "SH9")
    assert found.acknowledged == (Acknowledged("SH9", True),)


def test_a_receiving_advice_without_details_accepts_the_whole_despatch() -> None:
    found = only_message(*RECADV_HEAD, *PARTIES, kind=RECADV)
    assert (found.receipts, found.acknowledged) == ((), (Acknowledged("SH1", True),))


@pytest.mark.parametrize(
    ("lines", "code", "tag"),
    [
        (("LIN+1++:IN", "QTY+48:1"), "missing_part", "LIN"),
        (("LIN+1++X1:IN", "QTY+48:many"), "invalid_number", "QTY"),
        (("LIN+1++X1:IN", "QTY+48:1", "QVR+some:194"), "invalid_number", "QVR"),
        (("LIN+1++X1:IN", "QTY+48:1", "DTM+50:noon:203"), "invalid_date", "DTM"),
    ],
)
def test_a_receipt_nobody_can_count_is_refused(lines: tuple[str, ...], code: str, tag: str) -> None:
    found = only_message(*RECADV_HEAD, *PARTIES, "CPS+1", *lines, kind=RECADV)
    assert [(item.code, item.severity, item.tag) for item in found.problems] == [(code, "reject", tag)]


APERAK_HEAD = ("DTM+137:202611211600:203", "RFF+ACW:SH1", "NAD+BY+OEM::92")


@pytest.mark.parametrize(
    ("bgm", "errors", "accepted"),
    [
        ("BGM+312+A1+9", (), True),
        ("BGM+312+A1+9", ("ERC+OK", "FTX+AAO+++TAKEN"), True),
        ("BGM+313+A1+9", ("ERC+E12", "FTX+AAO+++PART UNKNOWN"), False),
        ("BGM+313+A1+9+AP", ("ERC+E12",), False),
        ("BGM+305+A1+9+RE", ("ERC+E12",), False),
        ("BGM+305+A1+9+AP", ("ERC+OK",), True),
        ("BGM+305+A1+9", (), True),
    ],
)
def test_an_aperak_accepts_or_refuses(bgm: str, errors: tuple[str, ...], accepted: bool) -> None:
    found = only_message(bgm, *APERAK_HEAD, *errors, kind=APERAK)
    assert (found.problems, found.kind) == ((), "application_error")
    (verdict,) = found.acknowledged
    assert (verdict.ref, verdict.accepted) == ("SH1", accepted)


def test_an_aperak_tells_each_error_with_its_text_and_what_it_concerns() -> None:
    found = only_message(
        *("BGM+313+A1+9", *APERAK_HEAD, "ERC+E12::92", "FTX+AAO+++PART UNKNOWN:AT US", "RFF+ON:4500017"),
        *("ERC+E13", "FTX+AAO+++LATE"),
        kind=APERAK,
    )
    assert found.acknowledged[0].errors == ("E12: PART UNKNOWN AT US (4500017)", "E13: LATE")


def test_an_aperak_that_says_neither_yes_nor_no_goes_to_a_person() -> None:
    lines = ("BGM+305+A1+9", *APERAK_HEAD, "ERC+1", "FTX+AAO+++FINE")
    (problem,) = only_message(*lines, kind=APERAK).problems
    assert (problem.code, problem.severity, problem.segment, problem.element) == (
        "unclear_verdict",
        "reject",
        3,
        "1.1",
    )
    assert only_message(*lines, kind=APERAK, profile=Profile(severity={"unclear_verdict": "warn"})).accepted


def test_an_aperak_prefers_the_reference_to_the_message() -> None:
    found = only_message("BGM+312+A1+9", "DTM+137:20261121:102", "RFF+ON:1", "RFF+ACW:SH1", kind=APERAK)
    assert found.acknowledged == (Acknowledged("SH1", True),)


@pytest.mark.parametrize("kind", ["CONTRL:D:3:UN", "CONTRL:4:1:UN"])
def test_a_contrl_is_read_down_to_the_element(kind: str) -> None:
    found = only_message(
        *("UCI+77+SUP:ZZ+OEM:ZZ+8", "UCF+55+SUP+OEM+4+29+UNE+2"),
        *(
            "UCM+1+DESADV:D:96A:UN+4",
            "UCS+3+13",
            "UCS+17",
            "UCD+12+4:2",
            "UCD+39+2",
            "UCM+2+DESADV:D:96A:UN+7",
        ),
        kind=kind,
    )
    assert found.acknowledged == (
        Acknowledged("77", True),
        Acknowledged("55", False, ("29 at UNE, element 1",)),
        Acknowledged(
            "1", False, ("13 at segment 3", "12 at segment 17, element 3.2", "39 at segment 17, element 1")
        ),
        Acknowledged("2", True),
    )


def contrl(data: bytes, profile: Profile | None = None, **how: Any) -> list[str]:
    chosen = profile or Profile(acknowledge="CONTRL")
    (received,) = read(data, chosen).interchanges
    ours = write_acknowledgement(received, chosen, control_ref="9", prepared_at=NOW, **how)
    assert read(ours, chosen).accepted
    pydifact = list(PydifactInterchange.from_str(ours.decode("latin-1")).get_messages())
    assert len(pydifact) == 1
    return [item.text for item in segments(io.BytesIO(ours)) if item.tag[:2] == "UC"]


def test_our_contrl_names_segment_element_and_component() -> None:
    bad = deljit().replace(b"202611211430:203", b"tomorrow:203").replace(b"QTY+131:1", b"QTY+131:one")
    assert contrl(bad) == [
        "UCI+77+OEM:ZZ+SUP+7",
        "UCM+1+DELJIT:D:97A:UN+4",
        "UCS+6",
        "UCD+12+2:2",
        "UCS+11",
        "UCD+12+2:2",
    ]


def test_our_contrl_tells_a_missing_segment_at_the_one_before_its_place() -> None:
    bad = interchange(message(*DELJIT_HEAD[1:], *ONE_CALL))
    assert contrl(bad)[1:] == ["UCM+1+DELJIT:D:97A:UN+4", "UCS+1+13"]


def test_our_contrl_tells_a_segment_that_has_no_place() -> None:
    bad = deljit().replace(b"LOC+11+D1", b"ZZZ+11+D1")
    assert contrl(bad)[1:] == ["UCM+1+DELJIT:D:97A:UN+4", "UCS+8+15"]


def test_our_contrl_tells_a_wrong_trailer_in_its_own_level() -> None:
    assert contrl(deljit().replace(b"UNT+12", b"UNT+13"))[1:] == ["UCM+1+DELJIT:D:97A:UN+4+29+UNT+2"]
    assert contrl(deljit().replace(b"UNZ+1+77", b"UNZ+1+78")) == ["UCI+77+OEM:ZZ+SUP+4+28+UNZ+3"]


def test_our_contrl_has_one_level_for_each_group() -> None:
    groups = []
    for ref in ("55", "56"):
        groups += [
            f"UNG+DELJIT+OEMGRP+SUPGRP+261121:1430+{ref}+UN+D:97A",
            *message(*DELJIT_HEAD, *ONE_CALL, ref=ref),
        ]
        groups += [f"UNE+1+{ref}"]
    data = interchange(groups).replace(b"UNZ+1", b"UNZ+2")
    assert contrl(data) == [
        "UCI+77+OEM:ZZ+SUP+7",
        *("UCF+55+OEMGRP+SUPGRP+7", "UCM+55+DELJIT:D:97A:UN+7"),
        *("UCF+56+OEMGRP+SUPGRP+7", "UCM+56+DELJIT:D:97A:UN+7"),
    ]


def test_our_contrl_follows_the_syntax_of_the_profile() -> None:
    data = deljit()
    for syntax, expected in (("UNOC:3", "UNH+1+CONTRL:D:3:UN"), ("UNOC:4", "UNH+1+CONTRL:4:1:UN")):
        profile = Profile(acknowledge="CONTRL", syntax=syntax)
        ours = write_acknowledgement(read(data).interchanges[0], profile, control_ref="9", prepared_at=NOW)
        assert expected in [item.text for item in segments(io.BytesIO(ours))]


def aperak(found: Message, errors: list[Problem] | None = None, profile: Profile | None = None) -> Message:
    chosen = profile or Profile()
    ours = write_aperak(
        *(found, chosen),
        control_ref="9",
        message_ref="1",
        document_number="A1",
        prepared_at=NOW,
        errors=errors,
    )
    reading = read(ours, chosen)
    assert reading.accepted, reading
    assert len(list(PydifactInterchange.from_str(ours.decode("latin-1")).get_messages())) == 1
    return reading.interchanges[0].messages[0]


def test_our_aperak_accepts_what_has_no_error() -> None:
    found = aperak(only_message(*DELJIT_HEAD, *ONE_CALL, kind="DELJIT:D:97A:UN"))
    assert found.acknowledged == (Acknowledged("CALL1", True),)
    assert (found.buyer, found.supplier, found.document_number) == ("OEM", "SUPPLIER", "A1")


def test_our_aperak_tells_every_error_by_code_place_and_sentence() -> None:
    bad = only_message(*DELJIT_HEAD, "SEQ+77+0042:3", *ONE_CALL[1:], kind="DELJIT:D:97A:UN")
    (verdict,) = aperak(bad).acknowledged
    assert (verdict.ref, verdict.accepted) == ("CALL1", False)
    assert verdict.errors[0].startswith("EVENT: segment 6 SEQ 1: code '77' means nothing")


def test_our_aperak_tells_what_the_floor_refused() -> None:
    sound = only_message(*DELJIT_HEAD, *ONE_CALL, kind="DELJIT:D:97A:UN")
    refused = Problem(
        "overtaken", "reject", text="call BODY42 was shipped at 13:40; " + "it stays as it is " * 30
    )
    (verdict,) = aperak(sound, [refused]).acknowledged
    assert verdict.errors[0].startswith("TOOLATE: call BODY42 was shipped at 13:40")
    assert verdict.errors[0].endswith("..."), "five lines of seventy are all there is"


def test_our_aperak_writes_a_sentence_in_the_letters_its_level_has() -> None:
    sound = only_message(*DELJIT_HEAD, *ONE_CALL, kind="DELJIT:D:97A:UN")
    (verdict,) = aperak(
        sound, [Problem("x", "reject", text="not „so“")], Profile(syntax="UNOA:3")
    ).acknowledged
    assert verdict.errors == ("REFUSED: NOT .SO.",)


@pytest.mark.parametrize(
    ("lines", "kind", "named"),
    [
        (("UCI+77+A+B+7",), "CONTRL:D:3:UN", "never acknowledged"),
        (("BGM+312+A1+9", *APERAK_HEAD), APERAK, "never acknowledged"),
    ],
)
def test_an_answer_is_never_answered(lines: tuple[str, ...], kind: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        aperak(only_message(*lines, kind=kind))


def test_what_has_no_name_cannot_be_spoken_of() -> None:
    with pytest.raises(ValueError, match="neither document number nor reference"):
        aperak(Message(type="DELJIT"))


def test_the_answer_to_a_test_is_a_test() -> None:
    data = interchange(
        message(*DELJIT_HEAD, *ONE_CALL), head="UNB+UNOC:3+OEM:ZZ+SUP:ZZ+261121:1430+77++++++1"
    )
    profile = Profile(acknowledge="CONTRL")
    (received,) = read(data, profile).interchanges
    contrl_bytes = write_acknowledgement(received, profile, control_ref="9", prepared_at=NOW)
    ours = {"control_ref": "9", "message_ref": "1", "document_number": "A1", "prepared_at": NOW}
    aperak_bytes = write_aperak(received.messages[0], profile, **ours, test=True)  # type: ignore[arg-type]
    assert [read(answer).interchanges[0].test for answer in (contrl_bytes, aperak_bytes)] == [True, True]
