"""Generated histories of a dock: loads, unloads, moves, runs and departures in any order. No piece is on two trucks,
none is lost between them, nothing leaves out of sequence, and the books say what the trucks carried.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from inventory.errors import Refused
from sequencer.models import (
    Carrier,
    CarrierMovement,
    ComponentGroup,
    DeliveryLine,
    Rack,
    Shipment,
    Station,
    TrailerType,
    Unit,
    UnloadingPoint,
)
from sequencer.services import (
    cancel_shipment,
    close_again,
    dock_view,
    insert_rack,
    move_group,
    move_rack_to,
    plan_emergency_run,
    plan_shipments,
    record_arrival,
    record_delivery,
    seal_rack,
    send_short,
)
from tests.bounds import SOAK
from tests.factories import Plant, make_plant
from tests.histories.floor import undone

RACKS = 4
LEFT = ("DEPARTED", "ARRIVED", "CONFIRMED")

some = st.integers(0, 9)
acts = st.one_of(
    st.tuples(st.just("follow"), st.integers(1, 6)),
    st.tuples(st.just("follow"), st.integers(1, 6)),
    st.tuples(st.just("second_door"), st.integers(1, 6)),
    st.tuples(st.just("wrong"), some),
    st.tuples(st.just("plan"), some),
    st.tuples(st.just("insert"), some, some),
    st.tuples(st.just("move"), some, some),
    st.tuples(st.just("wait"), some),
    st.tuples(st.just("emergency"), some),
    st.tuples(st.just("cancel"), some),
    st.tuples(st.just("close"), some),
    st.tuples(st.just("short"), some),
    st.tuples(st.just("unload"), some),
    st.tuples(st.just("piece"), some, some),
    st.tuples(st.just("change"), some),
    st.tuples(st.just("arrive"), some),
)


@dataclass
class Yard:
    plant: Plant
    doors: list[Station] = field(default_factory=list)
    left: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def shipments(self) -> list[int]:
        return list(Shipment.objects.order_by("pk").values_list("pk", flat=True))

    def racks(self) -> list[int]:
        return list(Rack.objects.order_by("pk").values_list("pk", flat=True))

    def act(self, name: str, *given: int) -> None:
        try:
            getattr(self, name)(*given)
            self.done[name] += 1
        except Refused:
            self.done[f"{name} refused"] += 1
        self.look()

    # --- hands --------------------------------------------------------------------------------------------

    def follow(self, times: int) -> None:
        self._follow(self.doors[0], times)

    def second_door(self, times: int) -> None:
        self._follow(self.doors[1], times)

    def _follow(self, door: Station, times: int) -> None:
        """Does what the page asks for, as the tray of labels would."""
        for _ in range(times):
            view = dock_view(door.pk, at=self.plant.at)
            code, shipment = view["ask"]["code"], view["shipment"]
            racks = shipment["racks"] if shipment else []
            raw = {
                "BADGE": "%B:OP",
                "TRUCK": f"%T:{shipment['number']}" if shipment else "",
                "RACK": next((f"%R:{r['carrier']}" for r in racks if r["next"]), ""),
                "UNLOAD": next((f"%R:{r['carrier']}" for r in racks if r["off_first"]), ""),
                "PLACE": next((f"%Z:{r['lane']}-{r['place']}" for r in racks if r["next"]), ""),
                "DOOR_SEAL": f"SEAL{shipment['id']}" if shipment else "",
                "DRIVER": "%D:JO",
                "DEPART": "%C:DEPART",
            }.get(code) or "%C:BACK"
            self.plant.scan(raw, station=door)
            self.look()

    def wrong(self, index: int) -> None:
        raw = [
            "%R:R1",
            "%R:R2",
            "%R:R3",
            "%R:R9",
            "%Z:2-2",
            "%C:DEPART",
            "X-1",
            "%D:JO",
            "%C:UNLOAD",
            "%C:BACK",
        ]
        self.plant.scan(raw[index], station=self.doors[index % 2])

    def unload(self, index: int) -> None:
        carriers = [f"%R:R{n}" for n in (1, 2, 3, 4)]
        for raw in ("%C:UNLOAD", "%M:DAMAGED", "%B:BOSS", "%P:4711", carriers[index % 4], "%C:BACK"):
            self.plant.scan(raw, station=self.doors[0])

    # --- verbs --------------------------------------------------------------------------------------------

    def plan(self, _: int) -> None:
        plan_shipments(at=self.plant.tick(minutes=30))

    def _pick(self, ids: list[int], index: int) -> int:
        if not ids:
            raise Refused("none", "nothing to choose")
        return ids[index % len(ids)]

    def insert(self, truck: int, rack: int) -> None:
        insert_rack(
            self._pick(self.shipments(), truck), self._pick(self.racks(), rack), by="boss", reason="x",
            at=self.plant.tick(),
        )  # fmt: skip

    def move(self, rack: int, truck: int) -> None:
        to = self._pick(self.shipments(), truck)
        move_rack_to(self._pick(self.racks(), rack), to, by="boss", reason="x", at=self.plant.tick())

    def wait(self, rack: int) -> None:
        move_rack_to(self._pick(self.racks(), rack), None, by="boss", reason="x", at=self.plant.tick())

    def emergency(self, rack: int) -> None:
        point = self.doors[0].unloading_point_id
        assert point is not None
        plan_emergency_run(
            point,
            [self._pick(self.racks(), rack)],
            cost_reason="OTHER",
            note="x",
            by="boss",
            at=self.plant.tick(),
        )

    def cancel(self, truck: int) -> None:
        cancel_shipment(self._pick(self.shipments(), truck), by="boss", reason="x", at=self.plant.tick())

    def close(self, truck: int) -> None:
        close_again(self._pick(self.shipments(), truck), by="boss", at=self.plant.tick())

    def short(self, truck: int) -> None:
        send_short(self._pick(self.shipments(), truck), by="boss", reason="x", at=self.plant.tick())

    def piece(self, group: int, carrier: int) -> None:
        ids = list(ComponentGroup.objects.order_by("pk").values_list("pk", flat=True))
        move_group(
            self._pick(ids, group),
            f"R{carrier}",
            shipment_id=None,
            by="boss",
            reason="x",
            at=self.plant.tick(),
        )
        for rack in Rack.objects.filter(status="FULL"):
            seal_rack(rack.pk, by=self.plant.supervisor, at=self.plant.tick())

    def change(self, sequence: int) -> None:
        """A late change, and back again: its rack is opened and must be verified anew; here it stays open."""
        self.plant.take(
            "CHANGE", f"V{sequence + 1:04d}", f"{sequence + 1:04d}", "C-B", required=121 + sequence
        )

    def arrive(self, truck: int) -> None:
        shipment = self._pick(self.shipments(), truck)
        record_arrival(shipment, at=self.plant.tick(), by="lou")
        with transaction.atomic():
            record_delivery(
                shipment, source=f"s{shipment}", customer_part="C-A", quantity=Decimal(1), at=self.plant.at
            )

    # --- what must hold at every moment ---------------------------------------------------------------------

    def look(self) -> None:
        self._pieces()
        self._trucks()
        self._books()

    def _pieces(self) -> None:
        """Every packed piece lies in one slot of one rack, on one truck or on none that has gone."""
        for unit in Unit.objects.filter(status__in=["PACKED", "SHIPPED"]).select_related(
            "group__slot__rack__shipment"
        ):
            assert unit.group is not None
            rack = unit.group.slot.rack
            gone = rack.shipment is not None and rack.shipment.status in LEFT
            assert (unit.status == "SHIPPED") == gone, f"{unit} is {unit.status} on {rack.shipment}"
            assert unit.group.slot.status == "FILLED"
        slots = ComponentGroup.objects.filter(status__in=["PACKED", "SHIPPED", "CONFIRMED"]).values_list(
            "slot"
        )
        assert max(Counter(slots).values(), default=1) == 1

    def _trucks(self) -> None:
        assert not Rack.objects.filter(shipment__status="CANCELLED").exists(), (
            "left on a truck that does not go"
        )
        for shipment in Shipment.objects.filter(status__in=LEFT):
            racks = list(shipment.racks.order_by("load_position"))
            assert racks
            assert all(rack.truck_place == rack.load_position for rack in racks), "stood where it may not"
            assert {rack.status for rack in racks} <= {"IN_TRANSIT", "AT_OEM", "RETURNED"}
            if shipment.pk in self.left:
                continue
            self.left[shipment.pk] += 1
            first = min((rack.low_position for rack in racks if rack.priority == "NORMAL"), default=None)
            if first is not None:
                here = Rack.objects.filter(
                    priority="NORMAL", low_position__lt=first, shipment__departed_at=None
                )
                assert not here.exclude(status="CANCELLED").exists(), "left before what comes earlier"
        assert (
            not Rack.objects.filter(status__in=["IN_TRANSIT", "AT_OEM"])
            .exclude(shipment__status__in=LEFT)
            .exists()
        )

    def _books(self) -> None:
        shipped = ComponentGroup.objects.filter(status__in=["SHIPPED", "CONFIRMED", "CLOSED"]).count()
        booked = DeliveryLine.objects.aggregate(sum=Sum("shipped"))["sum"] or 0
        assert booked == shipped, "the books differ from what left"
        for carrier in Carrier.objects.filter(movements__isnull=False).distinct():
            moves = Counter(CarrierMovement.objects.filter(carrier=carrier).values_list("kind", flat=True))
            away = Rack.objects.filter(carrier=carrier, status__in=["IN_TRANSIT", "AT_OEM"]).count()
            assert moves["OUT"] - moves["BACK"] == away


def yard(**kind: object) -> Yard:
    """Four staged racks of two, two doors of one dock, trailers of two."""
    plant = make_plant(capacity=2, racks_per_truck=2, **kind)  # type: ignore[arg-type]
    for n in range(RACKS):
        plant.build([2 * n + 1, 2 * n + 2], f"R{n + 1}")
    other = Station.objects.create(
        code="E", name="Door E", kind="DOCK", unloading_point=plant.dock.unloading_point
    )
    for door in (plant.dock, other):
        plant.scan("%B:OP", station=door)
    plan_shipments(at=plant.tick())
    return Yard(plant, [plant.dock, other])


@pytest.mark.timeout(3600 if SOAK else 120)
@settings(
    max_examples=1500 if SOAK else 6,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    actions=st.lists(acts, min_size=8, max_size=25),
    reverse=st.booleans(),
    lanes=st.integers(1, 2),
    asks=st.booleans(),
)
def test_no_piece_is_on_two_trucks_or_on_none(
    db: None, actions: list[tuple[str, int]], reverse: bool, lanes: int, asks: bool
) -> None:
    with undone():
        place = yard(load_order="REVERSE" if reverse else "FORWARD")
        trailer = TrailerType.objects.create(
            code="T", lanes=lanes, places=2 // lanes, scan_place=asks, needs_seal=asks, needs_driver=asks
        )
        UnloadingPoint.objects.update(trailer_type=trailer)
        Shipment.objects.update(trailer_type=trailer)
        for name, *given_to in actions:
            place.act(name, *given_to)
