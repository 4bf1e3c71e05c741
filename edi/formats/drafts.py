"""What the envelope hands to a message's own reader, and what it gets back."""

from dataclasses import dataclass

from .canonical import Acknowledged, CallOffEvent, Despatch, Receipt, Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message still in segments (normal form, without UNH/UNT or ST/SE); `number` is that of UNH or ST."""

    type: str
    directory: str | None
    texts: list[str]
    number: int
    test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message says once its envelope is taken off."""

    function: str | None = None
    kind: str = "unknown"
    document_number: str | None = None
    issued_at: str | None = None
    buyer: str | None = None
    supplier: str | None = None
    ship_to: str | None = None
    call_offs: tuple[CallOffEvent, ...] = ()
    releases: tuple[Release, ...] = ()
    despatch: Despatch | None = None
    acknowledged: tuple[Acknowledged, ...] = ()
    receipts: tuple[Receipt, ...] = ()
