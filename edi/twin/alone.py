"""A station that is cut off: judged from its work pack, its log sent with lost answers and doubled sends.

The twin of the browser's side (`static/js/offline/`), for shifts without a browser: the same pack, counters,
idempotency keys and verb.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from inventory.errors import Stale
from sequencer import rules
from sequencer.labels import Kind, read_label
from sequencer.models import OfflineSpell
from sequencer.services.offline import KeptScan, replay, standing_of, work_pack

WANTED = {"RELEASED", "IN_WORK", "VERIFIED"}
BATCH = 3


@dataclass
class Alone:
    """One outage of one station. What it judges by is what the server said before the cut, nothing newer."""

    station_id: int
    spell: str
    pack: dict[str, Any]
    slots: list[dict[str, Any]]
    pending: str
    locked: bool = False
    used: set[str] = field(default_factory=set)
    log: list[KeptScan] = field(default_factory=list)
    since: datetime = field(default_factory=timezone.now)

    @classmethod
    def cut(cls, station_id: int, spell: str) -> Alone:
        """As it is in a browser: both went through JSON."""
        standing = json.loads(json.dumps(standing_of(station_id)))
        pack = json.loads(json.dumps(work_pack(station_id, at=timezone.now())))
        rack = next(rack for rack in pack["racks"] if rack["id"] == standing["rack"])
        for slot in rack["slots"]:
            slot["status"], _, slot["group_status"] = standing["slots"][str(slot["number"])]
            for need in slot.get("needs", ()):
                need["left"] = standing["left"].get(str(need["component"]), need["left"])
        return cls(
            station_id, spell, pack, rack["slots"], standing["pending"],
            used={*pack["serials"], *standing["serials"]},
        )  # fmt: skip

    def current(self) -> dict[str, Any] | None:
        """The slot asked for, as the server asks: in the hand, built again, the lowest."""
        wanted = [
            slot for slot in self.slots
            if slot["group"] and slot["open"] and slot["status"] in {"EMPTY", "REOPENED"}
            and slot["group_status"] in WANTED
        ]  # fmt: skip
        wanted.sort(key=lambda slot: (slot["group_status"] == "RELEASED", -slot["attempt"], slot["number"]))
        return wanted[0] if wanted else None

    def asks_slot(self, slot: dict[str, Any]) -> bool:
        every = self.pack["check_every"]
        return every > 0 and slot["number"] % every == 0

    def scan(self, raw: str, nonce: str) -> str:
        """Judged, and in the log under the next number of its counter."""
        slot = self.current()
        code, step = self._judged(raw, slot)
        shown = slot["group"] if slot is not None and step in {"PART", "SLOT"} else None
        self.log.append(KeptScan(len(self.log) + 1, nonce, raw, timezone.now(), code, step, shown))
        return code

    def _judged(self, raw: str, slot: dict[str, Any] | None) -> tuple[str, str]:
        label = read_label(raw)
        if self.locked:
            if label.kind is Kind.COMMAND and label.value == "RETURN":
                self.locked = False
                return "OK", "RETURN"
            return "LOCKED", "LOCKED"
        if slot is None:
            return "NOT_NOW", "PART"
        if label.kind is Kind.SLOT:
            if slot["group_status"] != "VERIFIED":
                return "NOT_NOW", "SLOT"
            if label.slot != slot["number"]:
                return "WRONG_POSITION", "SLOT"
            slot["status"], slot["group_status"] = "FILLED", "PACKED"
            return "OK", "SLOT"
        needs = self.needs(slot)
        if not needs:
            return "NOT_NOW", "PART"
        judgement = rules.judge_part(label, needs, self.pending)
        if judgement.need is None or judgement.code == "WRONG_PART":
            self.locked, self.pending = True, ""
            return "WRONG_PART", "PART"
        if judgement.code in {"NEED_SERIAL", "NEED_LOT"}:
            self.pending, slot["group_status"] = judgement.need.number, "IN_WORK"
            return judgement.code, "PART"
        return self._taken(slot, needs, judgement)

    def needs(self, slot: dict[str, Any]) -> list[rules.Need]:
        return [
            rules.Need(
                need["component"], need["part"], need["number"], frozenset(need["accepts"]), need["serial"],
                need["description"], need["left"], need["lot"], need["bin"],
            )
            for need in slot["needs"] if need["left"] > 0
        ]  # fmt: skip

    def _taken(
        self, slot: dict[str, Any], needs: list[rules.Need], judgement: rules.PartJudgement
    ) -> tuple[str, str]:
        need = judgement.need
        assert need is not None
        key = f"{need.part_id} {judgement.serial}"
        if judgement.serial is not None and key in self.used:
            return "DUPLICATE", "PART"
        self.used.add(key)
        self.pending = ""
        whole = len(needs) == 1 and need.left == 1
        row = next(row for row in slot["needs"] if row["component"] == need.component_id)
        row["left"] -= 1
        slot["group_status"] = "VERIFIED" if whole else "IN_WORK"
        if whole and not self.asks_slot(slot):
            slot["status"], slot["group_status"] = "FILLED", "PACKED"
        return "OK", "PART"

    def come_back(self, meanwhile: Callable[[], str]) -> OfflineSpell:
        """The log in small batches. Every answer but the last is lost, so each batch comes again with the next one;
        `meanwhile` is what another browser tries while the rest is still to come."""
        row = None
        for end in range(BATCH, len(self.log) + BATCH, BATCH):
            # From the batch before: its answer was lost.
            row = self._send(max(0, end - 2 * BATCH), end)
            if end < len(self.log) and meanwhile() != "REPLAYING":
                raise RuntimeError("another browser scanned while the log was half sent")
        row = self._send(0, len(self.log))
        assert row is not None
        return row

    def _send(self, begin: int, end: int) -> OfflineSpell:
        while True:
            # A rack that changed trucks at this moment: the batch is sent again, what was judged is judged.
            with suppress(Stale):
                return replay(
                    self.station_id, self.spell, self.log[begin:end], client=self.spell,
                    pack=self.pack["id"], since=self.since, skew=0.0, last=end >= len(self.log),
                    now=timezone.now(), until=self.log[-1].counter,
                )  # fmt: skip
