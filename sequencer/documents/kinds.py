"""What the plant prints."""

from __future__ import annotations

from enum import StrEnum


class DocumentKind(StrEnum):
    PART_LABEL = "PART_LABEL"
    SEQUENCE_LABEL = "SEQUENCE_LABEL"
    RACK_LABEL = "RACK_LABEL"
    MASTER_LABEL = "MASTER_LABEL"
    MANIFEST = "MANIFEST"
    BILL_OF_LADING = "BILL_OF_LADING"
    NOK_STICKER = "NOK_STICKER"
    BADGE_SHEET = "BADGE_SHEET"
    COMMAND_SHEET = "COMMAND_SHEET"
    KIT_LIST = "KIT_LIST"


# One of these lies on one thing. A second one for the same thing makes the first void; laminated sheets may hang
# twice, and a kit list is taken anew whenever the calls have changed.
NUMBERED = frozenset(DocumentKind) - {
    DocumentKind.BADGE_SHEET,
    DocumentKind.COMMAND_SHEET,
    DocumentKind.KIT_LIST,
}
# A4, for page printers.
SHEETS = frozenset(
    {
        DocumentKind.MANIFEST,
        DocumentKind.BILL_OF_LADING,
        DocumentKind.BADGE_SHEET,
        DocumentKind.COMMAND_SHEET,
        DocumentKind.KIT_LIST,
    }
)

WORDS = {
    DocumentKind.PART_LABEL: "Part label",
    DocumentKind.SEQUENCE_LABEL: "Sequence label",
    DocumentKind.RACK_LABEL: "Rack label",
    DocumentKind.MASTER_LABEL: "Transport label",
    DocumentKind.MANIFEST: "Manifest",
    DocumentKind.BILL_OF_LADING: "Bill of lading",
    DocumentKind.NOK_STICKER: "NOK sticker",
    DocumentKind.BADGE_SHEET: "Badge sheet",
    DocumentKind.COMMAND_SHEET: "Command sheet",
    DocumentKind.KIT_LIST: "Kit list",
}
