"""The designs a plant may choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sequencer.documents.kinds import DocumentKind


@dataclass(frozen=True, slots=True)
class Design:
    """One way to lay a kind out. `licence_plate`: carries an ISO 15459 number, so an issuer must be known."""

    code: str
    title: str
    kinds: frozenset[DocumentKind]
    licence_plate: bool = False


def _of(code: str, title: str, *kinds: DocumentKind, licence_plate: bool = False) -> Design:
    return Design(code, title, frozenset(kinds), licence_plate)


MASTER = DocumentKind.MASTER_LABEL

DESIGNS: Mapping[str, Design] = {
    design.code: design
    for design in (
        _of("part-50x25", "Part label 50 x 25 mm", DocumentKind.PART_LABEL),
        _of("part-102x51", "Part label 102 x 51 mm (4 x 2 in)", DocumentKind.PART_LABEL),
        _of("sequence-102x51", "Sequence label 102 x 51 mm (4 x 2 in)", DocumentKind.SEQUENCE_LABEL),
        _of("rack-102x152", "Rack label 102 x 152 mm (4 x 6 in)", DocumentKind.RACK_LABEL),
        _of("aiag-b10", "AIAG B-10, 102 x 152 mm (4 x 6 in)", MASTER, licence_plate=True),
        _of("odette-otl", "Odette OTL, 210 x 148 mm (A5)", MASTER, licence_plate=True),
        _of("vda-4902", "VDA 4902, 210 x 148 mm (A5)", MASTER),
        _of("gtl-a5", "GTL / VDA 4994, 210 x 148 mm (A5)", MASTER, licence_plate=True),
        _of("gtl-210x74", "GTL / VDA 4994, 210 x 74 mm", MASTER, licence_plate=True),
        _of("nok-102x51", "NOK sticker 102 x 51 mm", DocumentKind.NOK_STICKER),
        _of("manifest-a4", "Manifest, A4", DocumentKind.MANIFEST),
        _of("bill-of-lading-a4", "Bill of lading, A4", DocumentKind.BILL_OF_LADING),
        _of("badges-a4", "Badge sheet, A4", DocumentKind.BADGE_SHEET),
        _of("commands-a4", "Command sheet, A4", DocumentKind.COMMAND_SHEET),
        _of("kit-list-a4", "Kit list, A4", DocumentKind.KIT_LIST),
    )
}

# Taken where nobody has chosen.
USUAL: Mapping[DocumentKind, str] = {
    DocumentKind.PART_LABEL: "part-102x51",
    DocumentKind.SEQUENCE_LABEL: "sequence-102x51",
    DocumentKind.RACK_LABEL: "rack-102x152",
    DocumentKind.MASTER_LABEL: "gtl-a5",
    DocumentKind.MANIFEST: "manifest-a4",
    DocumentKind.BILL_OF_LADING: "bill-of-lading-a4",
    DocumentKind.NOK_STICKER: "nok-102x51",
    DocumentKind.BADGE_SHEET: "badges-a4",
    DocumentKind.COMMAND_SHEET: "commands-a4",
    DocumentKind.KIT_LIST: "kit-list-a4",
}
