"""What people do with boxes of called quantities, at the same stations and doors as racks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from sequencer.models import LabelIssuer, PackingInstruction
from sequencer.services import record_delivery
from sequencer.services.billing import take_billing
from sequencer.services.quantity import (
    QuantityNews,
    call_quantity,
    change_call,
    follow_schedule,
    withdraw_call,
)
from sequencer.services.quantity.emptying import empty_box
from sequencer.services.shipping import plan_box_truck
from tests.histories.truth import LEFT, Box, Place, Truth, World

if TYPE_CHECKING:
    from tests.factories import Plant

# A full box of each part that is called by quantity. C comes in racks alone.
PACKS = {"A": 2, "B": 3}
CARDS = ("K1", "K2", "K3", "K4", "K5")
FEED = "OEM-Q"

WEIGHTS = {
    "quantity": 3, "cards": 2, "schedule": 2, "more_or_less": 2, "withdraw": 1, "pack_box": 12, "other_box": 5,
    "too_many": 1, "wrong_in_box": 1, "short_box": 1, "empty": 1, "empty_by_office": 1, "card_again": 1,
    "box_at_dock": 2, "box_off": 1, "box_truck": 3, "box_through": 4, "receipt": 4, "bill": 3,
}  # fmt: skip


def with_boxes(plant: Plant, *, plates: bool) -> None:
    """Packing instructions, and licence plates where somebody gives them."""
    for part, pieces in PACKS.items():
        PackingInstruction.objects.create(part=plant.parts[part], pieces=pieces, package_type="KLT")
    if plates:
        LabelIssuer.objects.create(name="We", agency="UN", company="123456789")


class Boxes:
    """Acts with boxes; the floor they happen on is `tests.histories.floor.Floor`."""

    plant: Plant
    world: World
    truth: Truth
    parts: dict[int, str]
    serial: bool
    done: Counter[str]
    told: dict[int, tuple[str, str, str, str]]
    in_box: dict[int, tuple[str, str | None]]
    calls_made: int

    if TYPE_CHECKING:
        # What the floor has.
        def verb(self, name: str, do: Callable[[], Any]) -> bool: ...
        def scan(self, raw: str, at: int = 0, *, label: tuple[str, str | None] | None = None) -> str: ...
        def place(self, at: int) -> Place: ...
        def follow(self, at: int, times: int) -> None: ...
        def fresh(self, part: str) -> tuple[str, str | None]: ...
        def label(self, part: str, serial: str | None) -> str: ...
        def flow(self, *steps: Any, at: int = 0) -> None: ...
        def load(self, at: int, times: int) -> None: ...

    # --- the customer ----------------------------------------------------------------------------------------

    def news(self, index: int, pieces: int = 0, cards: Sequence[str] = ()) -> QuantityNews:
        part = "AB"[index % 2]
        self.calls_made += 1
        return QuantityNews(
            unloading_point_id=self.plant.program.unloading_point_id, part_id=self.plant.parts[part].pk,
            customer_part=f"C-{part}", due_at=self.plant.at + timedelta(minutes=20 + 45 * (index % 5)),
            called=pieces, signal=f"S{self.calls_made}", cards=tuple(cards),
        )  # fmt: skip

    def quantity(self, index: int, pieces: int, *_: int) -> None:
        news, at = self.news(index, 1 + pieces % 6), self.plant.at
        self.verb("quantity", lambda: call_quantity(news, source="API", by="erp", at=at))

    def cards(self, index: int, first: int, *_: int) -> None:
        names = [CARDS[(first + step) % len(CARDS)] for step in range(1 + index % 3)]
        news, at = self.news(index, cards=names), self.plant.at
        self.verb("cards", lambda: call_quantity(news, source="API", by="erp", at=at))

    def schedule(self, index: int, first: int, count: int) -> None:
        """A delivery schedule of a part: some lines, some of them by cards; what it names no more is withdrawn."""
        part = "AB"[index % 2]
        wanted = []
        for step in range(count % 3):
            due = self.plant.at.replace(minute=0, second=0) + timedelta(hours=1 + (first + step) % 3)
            card = (CARDS[(first + step) % len(CARDS)],) if (index + step) % 3 == 0 else ()
            wanted.append(QuantityNews(
                unloading_point_id=self.plant.program.unloading_point_id, part_id=self.plant.parts[part].pk,
                customer_part=f"C-{part}", due_at=due, called=0 if card else 1 + first % 7, cards=card,
            ))  # fmt: skip
        point, at = self.plant.program.unloading_point_id, self.plant.at

        def take() -> None:
            with transaction.atomic():
                follow_schedule(FEED, f"C-{part}", [point], wanted, at=at)

        # Two lines of one time are one call; a file that says so is the gateway's to add up.
        if len({news.due_at for news in wanted}) == len(wanted):
            self.verb("schedule", take)

    def more_or_less(self, index: int, pieces: int, *_: int) -> None:
        found = [call.id for call in self.world.quants.values()]
        if found:
            at, call = self.plant.at, found[index % len(found)]
            self.verb("more or less", lambda: change_call(call, 1 + pieces % 8, by="erp", reason="x", at=at))

    def withdraw(self, index: int, *_: int) -> None:
        found = [call.id for call in self.world.quants.values()]
        if found:
            at, call = self.plant.at, found[index % len(found)]
            self.verb("withdraw", lambda: withdraw_call(call, by="erp", reason="x", at=at))

    # --- a station -------------------------------------------------------------------------------------------

    def pack_box(self, index: int, how: int, *_: int) -> None:
        self.packs(0, 2 + index % 5, how)

    def other_box(self, index: int, how: int, *_: int) -> None:
        self.packs(1, 2 + index % 4, how)

    def packs(self, at: int, times: int, how: int) -> None:
        """Begins a box where none is here, and does as the screen says."""
        for _ in range(times):
            place = self.place(at)
            if (
                place.operator_id is None
                or place.lock_code
                or (place.mode and not place.mode.startswith("COUNT"))
            ):
                self.follow(at, 1)
                continue
            raw, label = self.next_in_box(at, how)
            if not raw or self.scan(raw, at, label=label) == "NOT_NOW":
                return

    def box_here(self, at: int) -> Box | None:
        return self.world.boxes.get(self.place(at).handling_unit_id or 0)

    def next_in_box(self, at: int, how: int = 0) -> tuple[str, tuple[str, str | None] | None]:
        """What is scanned next for the box that is here, or to have one."""
        box, place = self.box_here(at), self.place(at)
        if box is None:
            free = [
                card.number
                for card in self.world.cards.values()
                if not card.closed_at and not card.withdrawn_at
            ]
            return (f"%A:{free[how % len(free)]}" if free and how % 2 else "%C:BOX"), None
        if box.status != "OPEN":
            return f"%H:{box.number}", None
        if place.mode.startswith("COUNT"):
            return ("%Q:PACK" if how % 3 else "%Q:1"), self.in_box.get(place.id)
        if box.pieces == box.capacity:
            return "%C:SEAL", None
        if self.told.get(place.id, ("",))[0] == "OUT_OF_DATE_CALL":
            return "%C:SEAL" if box.pieces else "", None
        part = self.parts[self.world.quants[box.call_id].part_id]
        buffer = [
            u
            for u in self.world.units.values()
            if u.status == "BUFFER" and u.serial and self.parts[u.part_id] == part
        ]
        piece = (part, buffer[0].serial) if buffer and how % 2 else self.fresh(part)
        self.in_box[place.id] = piece
        return self.label(*piece), piece

    def too_many(self, _: int, extra: int, at: int) -> None:
        box = self.box_here(at % 2)
        if box is not None and self.place(at % 2).mode.startswith("COUNT"):
            over = f"%Q:{box.capacity - box.pieces + 1 + extra % 3}"
            self.scan(over, at % 2, label=self.in_box.get(self.place(at % 2).id))

    def wrong_in_box(self, index: int, _: int, at: int) -> None:
        """A part of another number, and a piece that stands in a slot or another box."""
        box = self.box_here(at % 2)
        if box is None:
            return
        part = self.parts[self.world.quants[box.call_id].part_id]
        used = [
            u
            for u in self.world.units.values()
            if u.serial and self.parts[u.part_id] == part and u.status != "BUFFER"
        ]
        if used and index % 2:
            piece: tuple[str, str | None] = (part, used[index % len(used)].serial)
        else:
            piece = self.fresh("C")
        self.scan(self.label(*piece), at % 2, label=piece)

    def short_box(self, _: int, __: int, at: int) -> None:
        """A box goes as it is; a kanban box never does."""
        if self.box_here(at % 2) is not None:
            self.scan("%C:SEAL", at % 2)

    def empty(self, index: int, _: int, at: int) -> None:
        found = list(self.world.boxes.values())
        if not found:
            return
        here = self.box_here(at % 2)
        box = found[index % len(found)]
        steps = ["%M:DAMAGED"] if here is not None else [f"%H:{box.number}", "%M:WRONG-COUNT"]
        self.flow("%C:EMPTY-BOX", *steps, at=at % 2)

    def empty_by_office(self, index: int, *_: int) -> None:
        found = list(self.world.boxes)
        if found:
            at, box = self.plant.at, found[index % len(found)]
            self.verb("empty", lambda: empty_box(box, by="office", reason="x", at=at))

    def card_again(self, index: int, _: int, at: int) -> None:
        """A card that was used, is out at the other station, or nobody called."""
        self.scan(f"%A:{(*CARDS, 'NOBODYS')[index % 6]}", at % 2)

    # --- the yard --------------------------------------------------------------------------------------------

    def box_at_dock(self, index: int, _: int, at: int) -> None:
        """Any box at a door, finished or not, of this truck or another."""
        found = list(self.world.boxes.values())
        if found:
            self.scan(f"%H:{found[index % len(found)].number}", 2 + at % 2)

    def box_off(self, index: int, _: int, at: int) -> None:
        loaded = [box for box in self.world.boxes.values() if box.status == "LOADED"]
        off = [f"%H:{loaded[index % len(loaded)].number}"] if loaded else []
        self.flow("%C:UNLOAD", "%M:DAMAGED", "%B:BOSS", "%P:4711", *off, "%C:BACK", at=2 + at % 2)

    def box_truck(self, *_: int) -> None:
        at, point = self.plant.at, self.plant.program.unloading_point_id
        self.verb("box truck", lambda: plan_box_truck(point, by="desk", at=at))

    def box_through(self, index: int, how: int, at: int) -> None:
        """A box on its whole way: called, packed, labelled, on a truck of its own and away, as far as it goes."""
        if not any(call.status in {"RELEASED", "IN_WORK"} for call in self.world.quants.values()):
            self.quantity(index, how)
        self.packs(at % 2, 8, how)
        if any(box.status == "STAGED" and box.shipment_id is None for box in self.world.boxes.values()):
            self.box_truck()
        self.load(2 + index % 2, 6)

    def receipt(self, index: int, part: int, *_: int) -> None:
        """The customer counts a truck: as a whole, or one part of it."""
        left = [truck for truck in self.world.trucks.values() if truck.status in LEFT]
        if not left:
            return
        truck, at = left[index % len(left)], self.plant.at
        named = "" if part % 3 else f"C-{'ABC'[part % 3]}"

        def count() -> None:
            with transaction.atomic():
                record_delivery(
                    truck.id,
                    source=f"r{self.world.scans}-{truck.id}",
                    customer_part=named,
                    quantity=None,
                    at=at,
                )

        self.verb("receipt", count)

    def bill(self, index: int, *_: int) -> None:
        """A self-billing note for everything a truck carried."""
        left = [truck for truck in self.world.trucks.values() if truck.status in LEFT]
        if not left:
            return
        truck, at = left[index % len(left)], self.plant.at
        lines = [
            f"B{truck.id},{number},{truck.number},{part},{pieces}"
            for number, (part, pieces) in enumerate(sorted(self.truth.shipped[truck.id].items()), 1)
        ]
        text = "\n".join(["document,line,despatch_number,part,quantity", *lines])
        self.verb("bill", lambda: take_billing(text.encode(), by="lou", at=at))
