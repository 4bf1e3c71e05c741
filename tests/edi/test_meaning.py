"""One message type, several meanings: forecast, reference and call-off, functions, replacing and amending."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edi.formats import Profile
from edi.formats.profile import CallRule
from edi.models import InboundEvent, TradingPartner
from edi.services import profile_of, take_ledger
from inventory.models import CustomerPart, Part
from sequencer.models import CallOff, Commodity, Task
from tests.edi.files import Call, Sender, interchange, message
from tests.factories import Plant

# The document codes of these tests: 242 calls off, 600 forecasts the sequence, 601 is a reference record.
STAGES = {"600": "sequence_forecast", "601": "reference"}


@pytest.fixture
def dialect(monkeypatch: pytest.MonkeyPatch, partner: TradingPartner) -> Any:
    """Gives the partner's profile other rules."""
    plain = profile_of(partner)
    plain = replace(plain, stages={**plain.stages, **STAGES})

    def change(**rules: Any) -> Profile:
        profile = replace(plain, **rules)
        for place in ("lanes", "meaning", "counters", "simulate"):
            monkeypatch.setattr(f"edi.services.{place}.profile_of", lambda partner: profile)
        return profile

    change()
    return change


class Feed:
    """A partner that sends one call a file, under a document code and a function."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.control = 0

    def send(self, *calls: Call, document: str = "242", function: str = "9") -> None:
        self.control += 1
        lines = message(list(calls), document=document)
        lines[1] = f"BGM+{document}+DOC1+{function}"
        self.sender.send_raw(interchange([lines], self.control))

    def outcomes(self) -> list[str]:
        return [f"{status} {code}".strip() for _, status, code in self.sender.statuses()]


@pytest.fixture
def feed(sender: Sender, dialect: Any) -> Feed:
    return Feed(sender)


def stands() -> list[tuple[str, str, str, list[str]]]:
    """(call, stage, sequence, parts of families that are still wanted)."""
    found = []
    for call in CallOff.objects.order_by("call_number"):
        groups = call.groups.exclude(status="CANCELLED").order_by("commodity__family")
        parts = [c.customer_part for group in groups for c in group.components.filter(called=True)]
        found.append((call.call_number, call.stage, call.sequence_number, parts))
    return found


NEW, B = Call(1), Call(1, part="C-B")
Step = tuple[Call, str]

STAGES_TABLE: list[tuple[str, list[Step], list[str], tuple[str, str, list[str]]]] = [
    ("a forecast is planned", [(NEW, "600")], ["APPLIED"], ("PLANNED", "0001", ["C-A"])),
    ("a reference record too", [(NEW, "601")], ["APPLIED"], ("PLANNED", "0001", ["C-A"])),
    ("a call-off is firm", [(NEW, "242")], ["APPLIED"], ("FIRM", "0001", ["C-A"])),
    ("the call-off moves the forecast on", [(NEW, "600"), (NEW, "242")], ["APPLIED"] * 2, ("FIRM", "0001", ["C-A"])),
    ("with another part", [(NEW, "600"), (B, "242")], ["APPLIED"] * 2, ("FIRM", "0001", ["C-B"])),
    (
        "at another place",
        [(NEW, "600"), (Call(1, sequence="0007"), "242")],
        ["APPLIED"] * 2,
        ("FIRM", "0007", ["C-A"]),
    ),
    ("by a change", [(NEW, "600"), (Call(1, "CHANGE", part="C-B"), "242")], ["APPLIED"] * 2, ("FIRM", "0001", ["C-B"])),
    ("a forecast told again", [(NEW, "600"), (NEW, "600")], ["APPLIED", "DUPLICATE"], ("PLANNED", "0001", ["C-A"])),
    ("a forecast told otherwise", [(NEW, "600"), (B, "600")], ["APPLIED"] * 2, ("PLANNED", "0001", ["C-B"])),
    ("a forecast behind", [(NEW, "242"), (B, "600")], ["APPLIED", "APPLIED no_effect"], ("FIRM", "0001", ["C-A"])),
    (
        "a cancel in a forecast behind",
        [(NEW, "242"), (Call(1, "CANCEL"), "600")],
        ["APPLIED", "APPLIED no_effect"],
        ("FIRM", "0001", ["C-A"]),
    ),
    (
        "a forecast of what was cancelled",
        [(NEW, "242"), (Call(1, "CANCEL"), "242"), (NEW, "600")],
        ["APPLIED", "APPLIED", "APPLIED no_effect"],
        ("CANCELLED", "0001", []),
    ),
    (
        "a cancelled forecast comes back",
        [(NEW, "600"), (Call(1, "CANCEL"), "600"), (NEW, "600")],
        ["APPLIED"] * 3,
        ("PLANNED", "0001", ["C-A"]),
    ),
    ("the call-off again", [(NEW, "242"), (NEW, "242")], ["APPLIED", "DUPLICATE"], ("FIRM", "0001", ["C-A"])),
    (
        "another call-off",
        [(NEW, "242"), (B, "242")],
        ["APPLIED", "QUARANTINED call_differs"],
        ("FIRM", "0001", ["C-A"]),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sent", "outcomes", "stand"), STAGES_TABLE, ids=[row[0] for row in STAGES_TABLE]
)
def test_stages_of_one_message_type(
    name: str, sent: list[Step], outcomes: list[str], stand: tuple[str, str, list[str]], feed: Feed
) -> None:
    for call, document in sent:
        feed.send(call, document=document)
    assert feed.outcomes() == outcomes
    assert stands() == [("V0001", *stand)]
    assert take_ledger().balanced


def test_only_the_call_off_is_released(feed: Feed) -> None:
    feed.send(NEW, document="600")
    assert CallOff.objects.get().groups.get().status == "RESOLVED"
    feed.send(NEW)
    assert CallOff.objects.get().groups.get().status == "RELEASED"


FIRM, GONE = [("FIRM", ["C-A"])], [("CANCELLED", [])]
DIFFERS = ["APPLIED", "QUARANTINED copy_differs"]
CHANGE_TO_B, CANCEL, NOCHANGE = Call(1, "CHANGE", part="C-B"), Call(1, "CANCEL"), Call(1, "NOCHANGE")

FUNCTIONS_TABLE: list[tuple[str, list[tuple[Call, str]], list[str], list[tuple[str, list[str]]]]] = [
    ("original", [(NEW, "9")], ["APPLIED"], FIRM),
    ("cancellation", [(NEW, "9"), (NEW, "1")], ["APPLIED"] * 2, GONE),
    ("deletion request", [(NEW, "9"), (NEW, "40")], ["APPLIED"] * 2, GONE),
    ("withdraw", [(NEW, "9"), (Call(1, "CHANGE"), "50")], ["APPLIED"] * 2, GONE),
    ("withdraw of what never came", [(NEW, "50")], ["HELD unknown_call"], []),
    ("cancellation that says so twice", [(NEW, "9"), (CANCEL, "1")], ["APPLIED"] * 2, GONE),
    ("no change is no cancel", [(NEW, "9"), (NOCHANGE, "1")], ["APPLIED", "APPLIED no_effect"], FIRM),
    ("duplicate", [(NEW, "9"), (NEW, "7")], ["APPLIED", "DUPLICATE"], FIRM),
    ("copy", [(NEW, "9"), (NEW, "31")], ["APPLIED", "DUPLICATE"], FIRM),
    ("retransmission", [(NEW, "9"), (NEW, "35")], ["APPLIED", "DUPLICATE"], FIRM),
    ("retransmission of what never came", [(NEW, "35")], ["APPLIED"], FIRM),
    ("a copy that differs", [(NEW, "9"), (B, "31")], DIFFERS, FIRM),
    ("a changed copy", [(NEW, "9"), (CHANGE_TO_B, "35")], DIFFERS, FIRM),
    ("a copied cancel", [(NEW, "9"), (CANCEL, "31")], DIFFERS, FIRM),
    ("a test", [(NEW, "53")], ["APPLIED no_effect"], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sent", "outcomes", "stand"), FUNCTIONS_TABLE, ids=[row[0] for row in FUNCTIONS_TABLE]
)
def test_functions_of_a_message(
    name: str,
    sent: list[tuple[Call, str]],
    outcomes: list[str],
    stand: list[tuple[str, list[str]]],
    feed: Feed,
) -> None:
    for call, function in sent:
        feed.send(call, function=function)
    assert feed.outcomes() == outcomes
    assert [(stage, parts) for _, stage, _, parts in stands()] == stand
    assert take_ledger().balanced


def test_a_profile_says_what_its_function_means(feed: Feed, dialect: Any) -> None:
    feed.send(NEW)
    profile = dialect()
    dialect(functions={**profile.functions, "1": ""})
    feed.send(NEW, function="1")
    assert feed.outcomes() == ["APPLIED", "DUPLICATE"]


# replace or amend


@pytest.fixture
def mirrors(plant: Plant) -> Commodity:
    """A second family of the vehicle."""
    rack_type = plant.commodity.rack_type
    commodity = Commodity.objects.create(
        program=plant.program, family="MIRROR", name="Mirrors", rack_prefix="M", rack_type=rack_type
    )
    for name in ("M", "N"):
        part = Part.objects.create(number=name, family="MIRROR")
        CustomerPart.objects.create(customer=plant.customer, number=f"C-{name}", part=part)
    return commodity


def lines(*parts: str, event: str = "3") -> list[str]:
    """One call, one SEQ group, these parts."""
    body = ["BGM+242+DOC1+9", "DTM+137:202611230600:203", *seq(*parts, event=event)]
    return ["UNH+1+DELJIT:D:97A:UN", *body, f"UNT+{len(body) + 2}+1"]


def seq(*parts: str, event: str = "3") -> list[str]:
    head = [
        f"SEQ+{event}+0001:3",
        "DTM+2:202611231400:203",
        "GIR+4+VIN00000000000001:VV+V0001:AN",
        "LOC+11+D1",
    ]
    return head + [line for part in parts for line in (f"LIN+1++{part}:IN", "QTY+131:1:PCE")]


MODES: list[tuple[str, str, list[str], list[str], str]] = [
    ("amend", "3", ["C-A"], ["C-A", "C-M"], "DUPLICATE"),
    ("amend", "5", ["C-B"], ["C-B", "C-M"], "APPLIED"),
    ("amend", "3", ["C-B"], ["C-A", "C-M"], "QUARANTINED"),
    ("replace", "3", ["C-A"], ["C-A"], "APPLIED"),
    ("replace", "5", ["C-B"], ["C-B"], "APPLIED"),
    ("replace", "3", ["C-B", "C-N"], ["C-B", "C-N"], "APPLIED"),
    ("replace", "3", ["C-A", "C-M"], ["C-A", "C-M"], "DUPLICATE"),
]


@pytest.mark.parametrize(("mode", "event", "named", "left", "outcome"), MODES)
def test_a_new_call_off_replaces_or_amends(
    mode: str, event: str, named: list[str], left: list[str], outcome: str,
    sender: Sender, dialect: Any, mirrors: Commodity,
) -> None:  # fmt: skip
    dialect(calls=CallRule(mode=mode))
    sender.send_raw(interchange([lines("C-A", "C-M")], 1))
    sender.send_raw(interchange([lines(*named, event=event)], 2))
    assert sender.statuses()[-1][1] == outcome
    assert stands()[0][3] == left


def test_a_family_that_was_dropped_comes_back(sender: Sender, dialect: Any, mirrors: Commodity) -> None:
    dialect(calls=CallRule(mode="replace"))
    for control, parts in enumerate((("C-A", "C-M"), ("C-A",), ("C-A", "C-N")), 1):
        sender.send_raw(interchange([lines(*parts)], control))
    assert stands()[0][3] == ["C-A", "C-N"]
    assert [status for _, status, _ in sender.statuses()] == ["APPLIED"] * 3


def test_families_told_one_by_one_in_a_message_are_one_call(
    sender: Sender, dialect: Any, mirrors: Commodity
) -> None:
    dialect(calls=CallRule(mode="replace"))
    sender.send_raw(interchange([lines("C-A", "C-M")], 1))
    body = ["BGM+242+DOC1+9", "DTM+137:202611230600:203", *seq("C-B"), *seq("C-N")]
    sender.send_raw(interchange([["UNH+1+DELJIT:D:97A:UN", *body, f"UNT+{len(body) + 2}+1"]], 2))
    assert stands()[0][3] == ["C-B", "C-N"]


def test_a_dropped_family_that_was_built_is_a_task(
    sender: Sender, dialect: Any, mirrors: Commodity, plant: Plant
) -> None:
    dialect(calls=CallRule(mode="replace"))
    sender.send_raw(interchange([lines("C-A", "C-M")], 1))
    plant.start_rack()
    plant.pack("A", 1)
    sender.send_raw(interchange([lines("C-M")], 2))
    assert stands()[0][3] == ["C-M"]
    assert Task.objects.get(kind="TAKE_OUT").status == "OPEN"


def test_forecasts_never_call_twice(feed: Feed) -> None:
    """Whatever order the stages come in, a vehicle is one call with one door."""
    documents = ("600", "601", "242")
    for first in documents:
        for second in documents:
            for third in documents:
                number = 1 + len({*CallOff.objects.values_list("pk", flat=True)})
                for document in (first, second, third):
                    feed.send(Call(number), document=document)
                call = CallOff.objects.get(call_number=f"V{number:04d}")
                assert call.groups.count() == 1
                assert (call.stage == "FIRM") == ("242" in (first, second, third))
    assert CallOff.objects.count() == 27
    assert not InboundEvent.objects.filter(status="QUARANTINED").exists()
