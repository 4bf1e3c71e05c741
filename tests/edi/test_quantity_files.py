"""Each kind of schedule on its whole way: the file, the call, boxes by scan, the truck, the advice read back."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from edi import formats
from edi.formats import LayoutFile, Profile
from edi.formats.profile import AsnRule, ReleaseRule
from edi.models import TradingPartner
from edi.services import issue_asn, profile_of
from inventory.models import DemandLine
from sequencer.models import HandlingUnit, KanbanCard, LabelRecord, PackingInstruction, QuantityCall, Task
from sequencer.services.quantity.emptying import empty_box
from sequencer.services.shipping import plan_box_truck
from tests.edi.files import Sender, interchange
from tests.edi.schedules import release_4905, release_4915, x12
from tests.edi.test_quantity_calls import FAR, calls, pack_and_ship
from tests.factories import Plant

PATCHED = ("releases", "receipts", "lanes", "quantities", "outbound")
VDA_4915 = LayoutFile("vda4915.toml", {"format": "vda", "base": "example_vda4915"})


def use(
    monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, name: str, calls: str, asn: AsnRule
) -> Profile:
    """A partner's dialect that calls what it schedules."""
    partner.profile = name
    partner.save()
    found = replace(
        profile_of(partner), timezone="UTC", release=ReleaseRule(calls=calls, call_hours=FAR), asn=asn,
        stages=MappingProxyType({"241": "release"}), layouts={"vda4915": VDA_4915},
    )  # fmt: skip
    for place in PATCHED:
        monkeypatch.setattr(f"edi.services.{place}.profile_of", lambda partner: found)
    return found


def delfor(number: int, *segments: str, cards: str = "") -> bytes:
    head = [f"BGM+241+{number}+9", f"DTM+137:20261123060{number}:203", "NAD+ST+P1::92", "LIN+1++C-A:IN"]
    body = [*head, *([cards] if cards else []), "LOC+11+D1", *segments]
    return interchange([["UNH+1+DELFOR:D:97A:UN", *body, f"UNT+{len(body) + 2}+1"]], number)


def deljit(number: int, *segments: str) -> bytes:
    body = [f"BGM+241+{number}+9", f"DTM+137:20261123060{number}:203", "NAD+ST+P1::92", *segments]
    return interchange([["UNH+1+DELJIT:D:04B:UN", *body, f"UNT+{len(body) + 2}+1"]], number)


def planning_830(number: int, *segments: str) -> bytes:
    head = [
        f"BFR*05*{number}**DL*A*20261123*20261231*2026112{number}",
        "N1*ST**92*P1",
        "LIN**BP*C-A",
        "UIT*EA",
        "REF*DK*D1",
    ]
    return x12("830", "PS", number, [*head, *segments])


def with_authorisation(number: int, pieces: int, until: str) -> bytes:
    """A 4905 whose production authorisation (515) ends on a day (YYMMDD)."""
    records = release_4905(number, pieces).decode().split("\r\n")[:-1]
    own = f"51501261101{until}{0:010d}261101{until}{0:010d}"
    counts = "".join(f"{count:07d}" for count in (1, 1, 1, 0, 0, 0, 1, 1))
    return "".join(f"{record:128}\r\n" for record in [*records[:-1], own, f"51902{counts}"]).encode()


FIRM = [
    ("830", "generic_866", planning_830(1, "FST*48*C*D*20261123", "FST*99*D*D*20261124", "FST*500*C*W*20261130"),
     AsnRule(format="856"), "23 23:59"),
    ("DELFOR", "generic_deljit",
     delfor(1, "SCC+1++Y", "QTY+113:48:PCE", "DTM+2:202611231000:203", "SCC+4++Y", "QTY+113:99:PCE",
            "DTM+2:202611241000:203", "SCC+1++W", "QTY+113:500:PCE", "DTM+2:20261130:102"),
     AsnRule(format="DESADV", directory="D.07A"), "23 10:00"),
    ("VDA 4905", "vw_vda", with_authorisation(1, 48, "261231"), AsnRule(format="VDA4913"), "30 23:59"),
    ("VDA 4915", "vw_vda", release_4915(0, 1, {"2611231000": 48}), AsnRule(format="VDA4913"), "23 10:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "raw", "asn", "due"), [row[1:] for row in FIRM], ids=[row[0] for row in FIRM]
)
def test_firm_days_of_a_schedule_are_called_packed_and_told(
    name: str, raw: bytes, asn: AsnRule, due: str,
    monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, sender: Sender, plant: Plant,
) -> None:  # fmt: skip
    """A planned day, a week and a month are no delivery."""
    profile = use(monkeypatch, partner, name, "firm", asn)
    sender.send_raw(raw)
    assert calls() == [(due, 48, 48, "RELEASED")]
    truck = pack_and_ship(plant, 2)
    assert calls() == [(due, 48, 48, "SHIPPED")]
    message = issue_asn(truck.pk, at=plant.tick())
    assert message is not None, list(Task.objects.values_list("kind", "text"))
    said = formats.read(bytes(message.content), profile).interchanges[0].messages[0].despatch
    assert said is not None
    plates = list(
        LabelRecord.objects.filter(subject_type="handlingunit")
        .order_by("pk")
        .values_list("number", flat=True)
    )
    # VDA 4913 has nine places: of a licence plate the number we count.
    assert [package.number for package in said.packages] == [
        plate[-9 if name == "vw_vda" else 0 :] for plate in plates
    ]
    lines = [line for package in said.packages for line in package.lines]
    assert sum(int(line.quantity or 0) for line in lines) == 48
    assert {line.part_number for line in lines} == {"C-A"}


def test_a_plan_without_authorisation_calls_nothing(
    monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, sender: Sender, plant: Plant
) -> None:
    use(monkeypatch, partner, "vw_vda", "firm", AsnRule(format="VDA4913"))
    sender.send_raw(release_4905(1, 48))
    assert calls() == []
    sender.send_raw(with_authorisation(2, 48, "261129"))
    assert calls() == []
    sender.send_raw(with_authorisation(3, 48, "261130"))
    assert calls() == [("30 23:59", 48, 48, "RELEASED")]


def test_call_offs_count_before_the_firm_days_behind_them(
    monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, sender: Sender, plant: Plant
) -> None:
    use(monkeypatch, partner, "generic_866", "firm", AsnRule(format="856"))
    sender.send_raw(planning_830(1, "FST*48*C*D*20261123", "FST*24*C*D*20261124"))
    assert calls() == [("23 23:59", 48, 48, "RELEASED"), ("24 23:59", 24, 24, "RELEASED")]
    body = [
        "BSS*05*2*20261123*DL*20261123*20261231**2***A",
        "N1*ST**92*P1",
        "LIN**BP*C-A",
        "UIT*EA",
        "REF*DK*D1",
    ]
    sender.send_raw(x12("862", "SS", 2, [*body, "FST*30*C*D*20261123**010*1000"]))
    now = [row for row in calls() if row[3] != "CANCELLED"]
    assert now == [("23 10:00", 30, 30, "RELEASED"), ("24 23:59", 24, 24, "RELEASED")]


TWO_CARDS = [
    ("DELFOR", "generic_deljit",
     delfor(1, "SCC+1++Y", "QTY+113:48:PCE", "DTM+2:202611231000:203", cards="GIR+3+K1:AL+K2:AL")),
    ("DELJIT", "generic_deljit",
     deljit(1, "SEQ+1", "PAC+2", "PCI+17", "GIN+AL+K1:K2", "LIN+1++C-A:IN", "LOC+11+D1", "QTY+113:48:PCE",
            "DTM+2:202611231000:203")),
    ("862", "generic_866",
     x12("862", "SS", 1, ["BSS*05*1*20261123*DL*20261123*20261231**1***A", "N1*ST**92*P1", "LIN**BP*C-A", "UIT*EA",
                          "REF*DK*D1", "FST*48*C*D*20261123", "JIT*48*1000", "REF*KB*K1", "REF*KE*K2"])),
    ("830", "generic_866", planning_830(1, "REF*KB*K1", "REF*KE*K2", "FST*48*C*D*20261123")),
    ("VDA 4915", "vw_vda", release_4915(0, 1, {"2611231000": 48}, cards=("K1", "K2"))),
]  # fmt: skip


@pytest.fixture
def packing(plant: Plant) -> PackingInstruction:
    return PackingInstruction.objects.create(part=plant.parts["A"], pieces=24, package_type="KLT4314")


@pytest.mark.parametrize(("name", "raw"), [row[1:] for row in TWO_CARDS], ids=[row[0] for row in TWO_CARDS])
def test_cards_of_a_file_are_the_cards_of_the_call(
    name: str, raw: bytes, packing: PackingInstruction,
    monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, sender: Sender, plant: Plant,
) -> None:  # fmt: skip
    use(monkeypatch, partner, name, "firm", AsnRule(format="856"))
    sender.send_raw(raw)
    assert DemandLine.objects.get().kanban_cards == ["K1", "K2"]
    assert [card.number for card in QuantityCall.objects.get().cards.all()] == ["K1", "K2"]
    assert plant.scans("%B:OP", "%A:K1", "PA", "%Q:PACK") == ["OK"] * 4
    assert HandlingUnit.objects.get().card == KanbanCard.objects.get(number="K1")


class Kanban:
    """Says at which times (HHMM) which cards are wanted, release after release; a card is 24 pieces."""

    def __init__(self, sender: Sender) -> None:
        self.sender, self.number = sender, 0

    def says(self, pieces: int = 24, **times: str) -> None:
        self.number += 1
        lines = []
        for clock, names in times.items():
            cards = names.split()
            lines += [
                f"JIT*{pieces * len(cards)}*{clock.removeprefix('at_')}",
                *(f"REF*KB*{card}" for card in cards),
            ]
        total = sum(pieces * len(names.split()) for names in times.values())
        body = [f"BSS*05*{self.number}*2026112{2 + self.number}*DL*20261123*20261231**{self.number}***A",
                "N1*ST**92*P1", "LIN**BP*C-A", "UIT*EA", "REF*DK*D1", f"FST*{total}*C*D*20261123", *lines]  # fmt: skip
        self.sender.send_raw(x12("862", "SS", self.number, body))


@pytest.fixture
def kanban(
    monkeypatch: pytest.MonkeyPatch, partner: TradingPartner, sender: Sender, packing: PackingInstruction
) -> Kanban:
    use(monkeypatch, partner, "generic_866", "short", AsnRule(format="856"))
    return Kanban(sender)


def standing() -> list[tuple[str, str, str]]:
    """(due, card, state) of every card."""
    rows = KanbanCard.objects.select_related("call").order_by("call__due_at", "number")
    state = {(False, False): "open", (True, False): "withdrawn", (False, True): "used"}
    return [
        (f"{card.call.due_at:%H:%M}", card.number, state[bool(card.withdrawn_at), bool(card.closed_at)])
        for card in rows
    ]


def test_cards_follow_the_schedule(kanban: Kanban, plant: Plant) -> None:
    kanban.says(at_1000="K1 K2", at_1400="K3")
    assert standing() == [("10:00", "K1", "open"), ("10:00", "K2", "open"), ("14:00", "K3", "open")]
    # K2 is wanted later, K3 no more, K4 is new.
    kanban.says(at_1000="K1", at_1400="K2 K4")
    assert standing() == [
        ("10:00", "K1", "open"), ("10:00", "K2", "withdrawn"),
        ("14:00", "K2", "open"), ("14:00", "K3", "withdrawn"), ("14:00", "K4", "open"),
    ]  # fmt: skip
    assert calls() == [("23 10:00", 24, 24, "RELEASED"), ("23 14:00", 48, 48, "RELEASED")]


def test_a_card_whose_box_has_left_is_not_called_again_by_the_same_line(kanban: Kanban, plant: Plant) -> None:
    kanban.says(at_1000="K1 K2")
    plant.scans("%B:OP", "%A:K1", "PA", "%Q:PACK")
    box = HandlingUnit.objects.get()
    plant.scans(f"%H:{box.number}")
    pack_truck(plant, box)
    kanban.says(at_1000="K1 K2")
    assert (standing(), calls()) == (
        [("10:00", "K1", "used"), ("10:00", "K2", "open")], [("23 10:00", 48, 48, "IN_WORK")],
    )  # fmt: skip
    # Only what is open is named: the other one stays wanted, though fewer are called than have left.
    kanban.says(at_1000="K2")
    assert calls() == [("23 10:00", 24, 48, "IN_WORK")]


def test_a_card_with_a_box_begun_stays_where_it_is_and_is_told(kanban: Kanban, plant: Plant) -> None:
    kanban.says(at_1000="K1")
    assert plant.scans("%B:OP", "%A:K1", "PA", "%Q:5") == ["OK"] * 4
    kanban.says(at_1400="K1")
    assert standing() == [("10:00", "K1", "open")]
    assert "K1" in Task.objects.exclude(status="DONE").get(kind="QUANTITY_CALL").text
    empty_box(HandlingUnit.objects.get().pk, by="anna", reason="moved", at=plant.tick())
    kanban.says(at_1400="K1")
    assert ("14:00", "K1", "open") in standing()
    assert Task.objects.get(kind="QUANTITY_CALL").status == "DONE"


def test_cards_that_are_not_full_boxes_are_told_and_change_nothing(kanban: Kanban, plant: Plant) -> None:
    kanban.says(at_1000="K1")
    kanban.says(pieces=20, at_1000="K1 K2")
    assert calls() == [("23 10:00", 24, 24, "RELEASED")]
    assert "48 pieces, not 40" in Task.objects.get(kind="QUANTITY_CALL").text


def pack_truck(plant: Plant, box: HandlingUnit) -> None:
    truck = plan_box_truck(plant.program.unloading_point_id, by="desk", at=plant.tick())
    codes = plant.scans("%B:OP", f"%T:{truck.number}", f"%H:{box.number}", "%C:DEPART", station=plant.dock)
    assert codes == ["OK"] * 4
