"""What customers say in X12 about what we sent: which answers accept, and what a ship notice's tree means."""

import time

import pytest

from edi.formats import Acknowledged, Despatch, Message, Receipt, read

from .edi_samples import x12

IDS = {"861": "RC", "824": "AG", "997": "FA", "999": "FA", "856": "SH"}


def message(*segments: str, kind: str) -> Message:
    return read(x12(*segments, kind=kind, functional_id=IDS[kind])).interchanges[0].messages[0]


@pytest.mark.parametrize(
    ("code", "accepted"), [("A", True), ("E", True), ("P", False), ("R", False), ("X", False)]
)
@pytest.mark.parametrize("kind", ["997", "999"])
def test_a_group_accepted_in_part_is_not_accepted(kind: str, code: str, accepted: bool) -> None:
    found = message("AK1*SH*42", f"AK9*{code}*2*2*1*5", kind=kind)
    assert found.acknowledged == (Acknowledged("42", accepted, ("5",)),)
    assert found.kind == "acknowledgement"


@pytest.mark.parametrize(
    ("code", "accepted"), [("A", True), ("E", True), ("R", False), ("M", False), ("W", False)]
)
def test_a_set_refused_for_any_reason_is_refused(code: str, accepted: bool) -> None:
    for kind, verdict in (("997", "AK5"), ("999", "IK5")):
        found = message("AK1*SH*42", "AK2*856*0001", f"{verdict}*{code}", "AK9*A*1*1*1", kind=kind)
        assert found.acknowledged[1] == Acknowledged("0001", accepted)


def test_errors_of_segments_and_elements_carry_their_place() -> None:
    details = ("AK3*LIN*12*ITEM*8", "AK4*3>2*234*7*XX", "AK4*5**1", "AK3*REF*13**2*3")
    found = message("AK1*SH*42", "AK2*856*0001", *details, "AK5*R*5*4", "AK9*R*1*1*0", kind="997")
    assert found.acknowledged[1].errors == (
        "5",
        "4",
        "8 at LIN, segment 12",
        "7 at LIN, segment 12, element 3.2",
        "1 at LIN, segment 12, element 5",
        "2 at REF, segment 13",
        "3 at REF, segment 13",
    )


@pytest.mark.parametrize(
    ("code", "accepted"),
    [
        ("TA", True),
        ("TE", True),
        ("TC", True),
        ("TR", False),
        ("TP", False),
        ("IA", True),
        ("IR", False),
        ("GR", False),
    ],
)
def test_the_second_letter_of_oti01_is_the_verdict(code: str, accepted: bool) -> None:
    found = message("BGN*11*ADV1*20261121", f"OTI*{code}*SI*S0099", kind="824")
    assert found.acknowledged == (Acknowledged("S0099", accepted),)
    assert (found.kind, found.document_number) == ("application_error", "ADV1")


def test_an_824_that_names_no_document_names_the_set() -> None:
    found = message("BGN*11*ADV1*20261121", "OTI*TR*TN*NA*****42*0007*856", kind="824")
    assert found.acknowledged == (Acknowledged("0007", False),)


def test_industry_codes_are_errors_too() -> None:
    found = message("BGN*11*ADV1*20261121", "OTI*TR*SI*S1", "TED*024", "LM*92", "LQ*ZZ*E17", kind="824")
    assert found.acknowledged[0].errors == ("024", "E17")


def test_an_oti_without_verdict_is_refused_here_and_read_as_a_refusal() -> None:
    found = message("BGN*11*ADV1*20261121", "OTI**SI*S1", kind="824")
    assert not found.acknowledged[0].accepted
    assert [(item.code, item.tag, item.element) for item in found.problems] == [
        ("unknown_function", "OTI", "1")
    ]


BRA = "BRA*R1*20261121*00*1*0540"


def receipts(*segments: str) -> tuple[Receipt, ...]:
    found = message(BRA, *segments, kind="861")
    assert found.problems == ()
    return found.receipts


@pytest.mark.parametrize(
    ("line", "accepted", "discrepancy"),
    [
        ("RCD*1*10*EA", None, None),
        ("RCD*1*8*EA***2*EA*02", None, "-2"),
        ("RCD*1*12*EA***2*EA*03", None, "2"),
        ("RCD*1*10*EA***1*EA*01*2*EA*04", None, "-3"),
        ("RCD*1*10*EA***9*EA*07*1*EA*01", "9", "-1"),
        ("RCD*1*10*EA*4*EA", None, "-4"),
    ],
)
def test_what_is_missing_or_contested_counts_down(
    line: str, accepted: str | None, discrepancy: str | None
) -> None:
    (found,) = receipts("REF*SI*S1", line, "LIN**BP*X")
    assert (found.despatch_number, found.accepted, found.discrepancy) == ("S1", accepted, discrepancy)


def test_a_line_without_a_despatch_is_a_receipt_without_a_verdict() -> None:
    found = message(BRA, "RCD*1*10*EA", "LIN**BP*X", kind="861")
    assert (len(found.receipts), found.acknowledged) == (1, ())


def test_one_despatch_of_several_lines_has_one_verdict() -> None:
    lines = (
        "RCD*1*10*EA",
        "LIN**BP*X",
        "RCD*2*8*EA***2*EA*02",
        "LIN**BP*Y",
        "RCD*3*8*EA***2*EA*02",
        "LIN**BP*Z",
    )
    found = message(BRA, "REF*SI*S1", *lines, kind="861")
    assert found.acknowledged == (Acknowledged("S1", False, ("02",)),)


def test_a_wrong_total_of_a_receiving_advice_is_told() -> None:
    found = message(BRA, "RCD*1*10*EA", "LIN**BP*X", "CTT*4", kind="861")
    assert [(item.code, item.severity) for item in found.problems] == [("total_mismatch", "warn")]


def test_a_quantity_nobody_can_count_is_refused() -> None:
    found = message(BRA, "RCD*1*ten*EA", "LIN**BP*X", kind="861")
    (problem,) = found.problems
    assert (problem.code, problem.segment, problem.tag, problem.element) == ("invalid_number", 5, "RCD", "2")


BSN = "BSN*00*S1*20261121*1430"


def despatch(*tree: str) -> Despatch:
    found = message(BSN, *tree, kind="856")
    assert found.problems == (), found.problems
    assert found.despatch is not None
    return found.despatch


def told(found: Despatch) -> tuple[dict[str | None, list[str | None]], list[str | None]]:
    racks = {rack.number: [line.part_number for line in rack.lines] for rack in found.packages}
    return racks, [line.part_number for line in found.lines]


TREES = {
    "S>O>I": (("HL*1**S", "HL*2*1*O", "PRF*PO1", "HL*3*2*I", "LIN**BP*X"), {}, ["X"]),
    "S>T>I": (("HL*1**S", "HL*2*1*T", "REF*LS*R1", "HL*3*2*I", "LIN**BP*X"), {"R1": ["X"]}, []),
    "S>T>I>P": (
        ("HL*1**S", "HL*2*1*T", "REF*LS*R1", "HL*3*2*I", "LIN**BP*X", "HL*4*3*P", "REF*SE*N1"),
        {"R1": ["X"]},
        [],
    ),
    "S>O>P>I": (("HL*1**S", "HL*2*1*O", "HL*3*2*P", "MAN*GM*R1", "HL*4*3*I", "LIN**BP*X"), {"R1": ["X"]}, []),
    "S>T>P>I": (
        ("HL*1**S", "HL*2*1*T", "REF*LS*R1", "HL*3*2*P", "REF*LS*BOX", "HL*4*3*I", "LIN**BP*X"),
        {"R1": ["X"]},
        [],
    ),
    "levels out of order": (
        ("HL*1**S", "HL*2*1*T", "REF*LS*R1", "HL*3*1*T", "REF*LS*R2", "HL*4*3*I", "LIN**BP*Y", "HL*5*2*I", "LIN**BP*X"),
        {"R1": ["X"], "R2": ["Y"]},
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_parents_make_the_tree_and_not_the_order_of_the_levels(name: str) -> None:
    tree, racks, loose = TREES[name]
    assert told(despatch(*tree)) == (racks, loose)


def test_a_rack_told_once_for_each_order_is_one_rack() -> None:
    tree = ("HL*1**S", "HL*2*1*O", "PRF*PO1", "HL*3*2*T", "REF*LS*R1", "HL*4*3*I", "LIN**BP*X",
            "HL*5*1*O", "PRF*PO2", "HL*6*5*T", "REF*LS*R1", "HL*7*6*I", "LIN**BP*Y")  # fmt: skip
    found = despatch(*tree)
    assert told(found) == ({"R1": ["X", "Y"]}, [])
    assert [line.order_ref for line in found.packages[0].lines] == ["PO1", "PO2"]


def test_serial_numbers_stand_at_the_item_or_at_its_pieces() -> None:
    tree = ("HL*1**S", "HL*2*1*I", "LIN**BP*X", "REF*SE*N1", "HL*3*2*P", "REF*SE*N2", "HL*4*2*P", "MAN*CP*N3")
    assert despatch(*tree).lines[0].serials == ("N1", "N2", "N3")


def test_a_vin_stands_in_lin_or_in_a_reference() -> None:
    for line in ("LIN**BP*X*VV*VIN1", "REF*VT*VIN1"):
        assert despatch("HL*1**S", "HL*2*1*I", line).lines[0].vin == "VIN1"


@pytest.mark.parametrize(
    ("stated", "codes"), [("3", []), ("1", []), ("4", ["total_mismatch"]), ("", ["total_mismatch"])]
)
def test_ctt_of_a_ship_notice_counts_levels_or_items(stated: str, codes: list[str]) -> None:
    found = message(BSN, "HL*1**S", "HL*2*1*T", "HL*3*2*I", "LIN**BP*X", f"CTT*{stated}*1", kind="856")
    assert [item.code for item in found.problems] == codes
    assert found.accepted


@pytest.mark.parametrize("kind", ["T", "P", "I"])
def test_a_hostile_tree_of_one_chain_is_read_in_a_moment(kind: str) -> None:
    chain = [f"HL*{at}*{at - 1 or ''}*{kind}" for at in range(1, 15_001)]
    began = time.process_time()
    found = message(BSN, *chain, "HL*50000*15000*I", "LIN**BP*X", kind="856")
    assert time.process_time() - began < 3
    assert found.accepted
