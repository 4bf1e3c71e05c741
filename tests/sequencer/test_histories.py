"""Generated histories: whatever the OEM sends and the floor scans, only verified, ordered, complete racks leave."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from inventory.errors import Refused
from sequencer.models import CallOff, ComponentGroup, SequenceGap, Shipment, Unit
from sequencer.services import accept_gap, dock_view, plan_shipments, station_view
from tests.factories import Plant, make_plant

PARTS = ("A", "B", "C")

oem = st.one_of(
    st.tuples(st.just("next"), st.sampled_from(PARTS)),
    st.tuples(st.just("skip"), st.just("A")),
    st.tuples(st.just("fill"), st.integers(0, 20)),
    st.tuples(st.just("change"), st.integers(0, 20), st.sampled_from(PARTS)),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("swap"), st.integers(0, 20), st.integers(0, 20)),
    st.tuples(st.just("hold"), st.integers(0, 20)),
    st.tuples(st.just("accept"), st.integers(0, 20)),
    st.tuples(st.just("again"), st.integers(0, 20)),
)
floor = st.one_of(
    st.tuples(st.just("work"), st.integers(1, 12)),
    st.tuples(
        st.just("scan"), st.sampled_from(["PA", "PB", "%L:1", "%L:2", "%C:SEAL", "%R:R1", "%C:MISSING"])
    ),
    st.tuples(st.just("dock"), st.integers(1, 4)),
)


@dataclass
class History:
    """The OEM's own memory beside the plant: what it called last, and what left."""

    plant: Plant
    called: dict[str, str] = field(default_factory=dict)
    sequence: dict[str, int] = field(default_factory=dict)
    skipped: list[int] = field(default_factory=list)
    head: int = 0
    left: set[str] = field(default_factory=set)

    def pick(self, index: int) -> str | None:
        names = sorted(self.called)
        return names[index % len(names)] if names else None

    def tell(self, event: str, number: str, sequence: int | None, part: str) -> bool:
        text = f"{sequence:04d}" if sequence is not None else ""
        try:
            with transaction.atomic():
                self.plant.take(event, number, text, part, required=200)
        except Refused:
            return False
        return True

    def bring(self, sequence: int, part: str) -> None:
        number = f"V{sequence:04d}"
        if self.tell("NEW", number, sequence, f"C-{part}"):
            self.called[number], self.sequence[number] = part, sequence

    def step(self, action: tuple) -> None:  # type: ignore[type-arg]
        getattr(self, action[0])(*action[1:])
        self.look()

    def next(self, part: str) -> None:
        self.head += 1
        self.bring(self.head, part)

    def skip(self, part: str) -> None:
        self.head += 1
        self.skipped.append(self.head)
        self.next(part)

    def fill(self, index: int) -> None:
        if self.skipped:
            self.bring(self.skipped.pop(index % len(self.skipped)), "B")

    def change(self, index: int, part: str) -> None:
        number = self.pick(index)
        if (
            number
            and number not in self.left
            and self.tell("CHANGE", number, self.sequence[number], f"C-{part}")
        ):
            self.called[number] = part

    def cancel(self, index: int) -> None:
        number = self.pick(index)
        if number and number not in self.left:
            self.tell("CANCEL", number, None, "")
            del self.called[number]

    def swap(self, first: int, second: int) -> None:
        a, b = self.pick(first), self.pick(second)
        if a is None or b is None or a == b or {a, b} & self.left:
            return
        to_a, to_b = self.sequence[b], self.sequence[a]
        if self.tell("RESEQUENCE", a, to_a, "") and self.tell("RESEQUENCE", b, to_b, ""):
            self.sequence[a], self.sequence[b] = to_a, to_b

    def hold(self, index: int) -> None:
        number = self.pick(index)
        if number and number not in self.left:
            call = CallOff.objects.get(call_number=number)
            self.tell("RELEASE" if call.held else "HOLD", number, None, "")

    def accept(self, index: int) -> None:
        open_gaps = list(SequenceGap.objects.filter(status="OPEN").order_by("position"))
        if open_gaps:
            gap = open_gaps[index % len(open_gaps)]
            accept_gap(
                self.plant.stream.pk,
                gap.position,
                gap.position,
                by=self.plant.supervisor,
                reason="x",
                at=self.plant.at,
            )

    def again(self, index: int) -> None:
        number = self.pick(index)
        if number:
            self.tell("NEW", number, self.sequence[number], f"C-{self.called[number]}")

    def work(self, times: int) -> None:
        for _ in range(times):
            self.plant.scan(self.answer())

    def answer(self) -> str:
        """What an operator scans who does as the screen says."""
        view = station_view(self.plant.station.pk, at=self.plant.at)
        now, rack = view["now"], view["rack"]
        fixed = {
            "BADGE": "%B:OP",
            "LOCKED": "%C:RETURN",
            "REASON": "%M:EMPTY",
            "SUPERVISOR": "%C:BACK",
            "SEAL": "%C:SEAL",
        }
        code = view["ask"]["code"]
        if code in fixed:
            return fixed[code]
        if code == "RACK":
            return next(card["raw"] for card in view["tray"] if card["kind"] == "rack")
        if code == "STAGE":
            return f"%R:{rack['carrier']}"
        if code == "PART":
            return f"P{now['part']}"
        if code == "SLOT":
            return f"%L:{now['slot']}"
        return "%C:BACK"

    def scan(self, raw: str) -> None:
        self.plant.scan(raw)

    def dock(self, times: int) -> None:
        plan_shipments(at=self.plant.at)
        for _ in range(times):
            view = dock_view(self.plant.dock.pk, at=self.plant.at)
            cards = {card["kind"]: card["raw"] for card in reversed(view["tray"])}
            code = view["ask"]["code"]
            raw = {
                "BADGE": "%B:OP",
                "TRUCK": cards.get("rack"),
                "RACK": cards.get("rack"),
                "DEPART": "%C:DEPART",
            }.get(code)
            before = set(Shipment.objects.filter(status="DEPARTED").values_list("pk", flat=True))
            self.plant.scan(raw or "%C:BACK", station=self.plant.dock)
            for truck in Shipment.objects.filter(status="DEPARTED").exclude(pk__in=before):
                self.check_departure(truck)

    def check_departure(self, truck: Shipment) -> None:
        """The OEM opens the truck: each part is the one called last, in order, nothing before it missing."""
        groups = list(
            ComponentGroup.objects.filter(slot__rack__shipment=truck, status="SHIPPED")
            .select_related("call_off")
            .order_by("slot__rack__load_position", "slot__number")
        )
        normal = [g for g in groups if g.priority == "NORMAL"]
        positions = [g.call_off.position for g in normal]
        assert positions == sorted(positions), "out of sequence inside the truck"
        for group in groups:
            number = group.call_off.call_number
            assert number not in self.left, "shipped twice"
            built = list(group.units.values_list("part__number", flat=True))
            assert built == [self.called[number]], "not the part called last"
            assert not group.call_off.held, "held by the OEM"
        if positions:
            open_before = SequenceGap.objects.filter(status="OPEN", position__lt=max(positions))
            assert not open_before.exists(), "left past a gap"
            waiting = ComponentGroup.objects.filter(
                call_off__position__lt=min(positions), priority="NORMAL"
            ).exclude(status__in=["SHIPPED", "CANCELLED", "MISSING"])
            assert not waiting.exists(), "left before what comes earlier"
        self.left |= {g.call_off.call_number for g in groups}

    def look(self) -> None:
        """What must hold at every moment."""
        for group in ComponentGroup.objects.filter(status__in=["VERIFIED", "PACKED"]).select_related(
            "call_off"
        ):
            wanted = self.called.get(group.call_off.call_number)
            assert list(group.units.values_list("part__number", flat=True)) == [wanted]
        assert not Unit.objects.filter(status="PACKED").exclude(group__slot__status="FILLED").exists()
        assert (
            set(
                ComponentGroup.objects.filter(status="SHIPPED").values_list(
                    "call_off__call_number", flat=True
                )
            )
            == self.left
        )


@contextmanager
def undone() -> Iterator[None]:
    """Each history runs on the same empty tables."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # the verbs own durable transactions
    with block:
        yield
        transaction.set_rollback(True)


def run(actions: list[tuple], **kind: object) -> None:  # type: ignore[type-arg]
    with undone():
        history = History(make_plant(capacity=2, **kind))  # type: ignore[arg-type]
        for action in actions:
            history.step(action)


BOUNDED = settings(
    max_examples=1500 if os.environ.get("JIS_SOAK") else 25,
    deadline=None,
    # A history reads well as found; shrinking one takes minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.timeout(3600 if os.environ.get("JIS_SOAK") else 120)
@BOUNDED
@given(actions=st.lists(st.one_of(oem, floor, floor), min_size=10, max_size=40))
def test_forward_racks_keyed_by_position(db: None, actions: list[tuple]) -> None:  # type: ignore[type-arg]
    run(actions)


@pytest.mark.timeout(3600 if os.environ.get("JIS_SOAK") else 120)
@BOUNDED
@given(actions=st.lists(st.one_of(oem, floor, floor), min_size=10, max_size=40))
def test_sparse_racks_filled_by_count(db: None, actions: list[tuple]) -> None:  # type: ignore[type-arg]
    run(actions, dense=False, every_vehicle=False)
