"""Writes delivery schedules and receipts as partners do, one part a file. Independent of the program's own writers."""

from __future__ import annotations

from tests.edi.files import interchange

# What each syntax leaves of a release: how the plant knows the place it speaks of.
DOCKS = {"DELFOR": "DEL", "830": "830", "862": "862", "4905": "49"}


def delfor(number: int, quantity: int, part: str = "C-A") -> bytes:
    body = [
        f"BGM+241+{number}+9", f"DTM+137:{_issued(number)}:203", "NAD+ST+P1::92", f"LIN+1++{part}:IN", "LOC+11+DEL",
        "SCC+1", f"QTY+113:{quantity}:PCE", "DTM+2:20261130:102",
    ]  # fmt: skip
    return interchange([["UNH+1+DELFOR:D:97A:UN", *body, f"UNT+{len(body) + 2}+1"]], number)


def x12(kind: str, group: str, number: int, body: list[str]) -> bytes:
    """One set in its envelopes; the control number is the release's."""
    isa = (
        "ISA", "00", " " * 10, "00", " " * 10, "ZZ", "OEM".ljust(15), "ZZ", "SUPPLIER".ljust(15), "261123", "0600",
        "U", "00401", f"{number:09d}", "0", "P", ">",
    )  # fmt: skip
    lines = [
        "*".join(isa), f"GS*{group}*OEM*SUPPLIER*20261123*0600*{number}*X*004010", f"ST*{kind}*0001", *body,
        f"SE*{len(body) + 2}*0001", f"GE*1*{number}", f"IEA*1*{number:09d}",
    ]  # fmt: skip
    return "".join(f"{line}~" for line in lines).encode()


def release_830(number: int, quantity: int, part: str = "C-A") -> bytes:
    body = [
        f"BFR*05*{number}**DL*A*20261123*20261231*{_issued(number)[:8]}", "N1*ST**92*P1", f"LIN**BP*{part}", "UIT*EA",
        "REF*DK*830", f"FST*{quantity}*C*D*20261130",
    ]  # fmt: skip
    return x12("830", "PS", number, body)


def release_862(number: int, quantity: int, part: str = "C-A") -> bytes:
    body = [
        f"BSS*05*{number}*{_issued(number)[:8]}*DL*20261123*20261231**{number}***A", "N1*ST**92*P1",
        f"LIN**BP*{part}", "UIT*EA", "REF*DK*862", f"FST*{quantity}*C*D*20261130",
    ]  # fmt: skip
    return x12("862", "SS", number, body)


def release_4905(number: int, quantity: int, part: str = "C-A") -> bytes:
    """Transmission and call-off count together."""
    day, part = _issued(number)[2:8], part.ljust(22)
    old = number - 1
    records = [
        f"51102{'VWAG':9}{'0012345':9}{old:05d}{number:05d}{day}260101",
        f"51201{'P1':3}{number:09d}{day}{old:09d}{day}{part}{'':22}{'':12}{'49':5}{'':4}STT",
        f"51301{day}{'4711':8}{day}{0:012d}{0:010d}261130{quantity:09d}{'0' * 60}",
        "51902" + "".join(f"{count:07d}" for count in (1, 1, 1, 0, 0, 0, 1, 0)),
    ]
    return "".join(f"{record:128}\r\n" for record in records).encode()


def release_4915(
    old: int, new: int, quantities: dict[str, int], part: str = "C-A", cards: tuple[str, ...] = ()
) -> bytes:
    """In the invented layout `example_vda4915`; `quantities` are YYMMDDHHMM -> pieces, `cards` those of each."""
    kanban = "".join(f"{card:12}" for card in cards)
    records = [
        f"55101{'KD4711':9}{'LF0815':9}{old:05d}{new:05d}261123",
        f"55201{'P1':3}{new:09d}261123{old:09d}{part:22}{'T12':5}{'F1':14}ST{0:010d}",
        *(f"55301{moment}{quantity:09d}{kanban}" for moment, quantity in quantities.items()),
        "55901" + "".join(f"{count:07d}" for count in (1, 1, len(quantities), 1)),
    ]
    return "".join(f"{record:128}" for record in records).encode()


def advice_861(number: int, shipment: str, received: dict[str, str]) -> bytes:
    """A receiving advice: `received` are customer part -> pieces counted of that shipment."""
    body = [
        f"BRA*RCV{number}*20261123*00*1*0540",
        f"REF*SI*{shipment}",
        "DTM*050*20261123*0512",
        "N1*ST**92*P1",
    ]
    for line, (part, pieces) in enumerate(received.items(), 1):
        body += [f"RCD*{line}*{pieces}*EA", f"LIN**BP*{part}"]
    return x12("861", "RC", number, [*body, f"CTT*{len(received)}"])


WRITERS = {"DELFOR": delfor, "830": release_830, "862": release_862, "4905": release_4905}


def _issued(number: int) -> str:
    """A later release is written later: minute after minute, and from hour to hour."""
    return f"20261123{number // 60 % 24:02d}{number % 60:02d}"
