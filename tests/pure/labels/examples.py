"""One example of every design, with the data a plant really puts on it."""

from __future__ import annotations

from dataclasses import replace

from sequencer.documents.drawing import draw
from sequencer.documents.elements import Document
from sequencer.documents.facts import (
    Card,
    Facts,
    Kit,
    KitLine,
    KitPart,
    Lading,
    LadingLine,
    Manifest,
    Piece,
    RackPaper,
    Section,
    Sheet,
    SlotLine,
    Transport,
)

PLATE, OWN = "UN123456789A000000123", "L000000123"
TRANSPORT = frozenset({"aiag-b10", "odette-otl", "vda-4902", "gtl-a5", "gtl-210x74"})

PIECE = Piece(
    part="DL-4410-A", customer_part="8R0-853-651 A", description="CHROME · HEATED · LHD", serial="1234567890",
    sequence="0412", vin="WAUZZZ8R0BA012345", call_number="C-99", rack="DPL-3406", slot="7", plant="Plant 1",
    line="Line 2", dock="D4", supplier="ACME Interior, Ingolstadt", reason="SCRATCHED", by="J. Novak",
    at="21.11. 09:32",
)  # fmt: skip
RACK = RackPaper(
    rack="DPL-3406", carrier="C-0007", low="3406", high="3417", plant="Plant 1", plant_code="P1", line="Line 2",
    line_code="L2", dock="D4", commodity="Door panels LH", build_order="reverse", filled=11, slots=12,
    sealed="21.11. 09:32", shipment="S-000031", place="2", leaves="21.11. 14:55",
    leaves_oem="08:55 EST", holes=("3409",),
)  # fmt: skip
MANIFEST = Manifest(
    RACK,
    tuple(
        SlotLine(
            str(n),
            f"{3405 + n}",
            "WAUZZZ8R0BA012345",
            ("8R0-853-651 A CHROME · HEATED · LHD",),
            (f"SN-{n:06d}",),
        )
        if n != 4
        else SlotLine("4", "3409", empty="HOLE · EMPTY-BIN")
        for n in range(1, 13)
    ),
)
LOAD = Transport(
    from_name="ACME Interior GmbH", from_address="Ringstr. 4, 85055 Ingolstadt, DE", to_name="OEM Plant 1",
    to_code="P1", dock="D4", line="LF-12", supplier="0012345678", advice="S-000031", part="8R0-853-651 A",
    description="CHROME · HEATED · LHD", supplier_part="DL-4410-A", quantity=12, date="20261121", country="DE",
    low="3406", high="3417", rack="DPL-3406", engineering="002", batch="B-2231", gross_kg="214.5", net_kg="160",
)  # fmt: skip
MIXED = replace(LOAD, mixed=True, part="", supplier_part="", description="")
LADING = Lading(
    shipment="S-000031", from_name="ACME Interior GmbH", from_address="Ringstr. 4, Ingolstadt", to_name="OEM Plant 1",
    to_code="P1", dock="D4", truck="IN-AB 123", driver="M. Weiss", seal="778812", leaves="21.11. 14:55",
    leaves_oem="08:55 EST", departed="21.11. 14:51", net_kg="403.2", gross_kg="1083.2",
    lines=tuple(
        LadingLine(str(n), f"DPL-{3406 + 12 * n}", f"C-{n:04d}", "Door panels LH", str(3406 + 12 * n),
                   str(3417 + 12 * n), 12, "270.8")
        for n in range(1, 5)
    ),
)  # fmt: skip
SHEET = Sheet(
    "SEQ-04 · Door panels LH",
    "Laminate, and hang it where the scanner hangs",
    (
        Section(
            "Commands",
            tuple(Card(w, f"%C:{w}", "what it does") for w in ("SEAL", "MISSING", "CHANGE-OPERATOR")),
        ),
        Section(
            "Reasons for MISSING",
            tuple(Card(w, f"%M:{w}", "after MISSING") for w in ("EMPTY-BIN", "DAMAGED")),
        ),
        Section("Slots", tuple(Card(f"SLOT {n}", f"%L:{n}") for n in range(1, 25))),
    ),
)
KIT = Kit(
    "R-3418",
    "Door panels LH",
    "Line 1",
    "14:20",
    (
        KitLine("1", "3418", "9HT0042", (KitPart("DPL-3418", "Door panel LH black", "A-12", 1),)),
        KitLine("2", "3419", "9HT0043", (KitPart("DPL-3419", "Door panel LH beige", "A-14", 2),)),
        KitLine("3", "3420", "9HT0044", note="quality hold"),
    ),
    (
        KitPart("DPL-3418", "Door panel LH black", "A-12", 1),
        KitPart("DPL-3419", "Door panel LH beige", "A-14", 2),
    ),
)

EXAMPLES: dict[str, Facts] = {
    "part-50x25": PIECE,
    "part-102x51": PIECE,
    "sequence-102x51": PIECE,
    "rack-102x152": RACK,
    "nok-102x51": PIECE,
    "aiag-b10": LOAD,
    "odette-otl": LOAD,
    "vda-4902": LOAD,
    "gtl-a5": LOAD,
    "gtl-210x74": LOAD,
    "manifest-a4": MANIFEST,
    "bill-of-lading-a4": LADING,
    "kit-list-a4": KIT,
    "badges-a4": Sheet("Badges for SEQ-04", "Cut out", (Section("", (Card("Op", "%B:B1001", "badge"),)),)),
    "commands-a4": SHEET,
}


def example(design: str, facts: Facts | None = None) -> Document:
    number = PLATE if design in TRANSPORT else OWN
    return draw(design, facts or EXAMPLES[design], number=number, key="123-1", printed="21.11. 09:40")
