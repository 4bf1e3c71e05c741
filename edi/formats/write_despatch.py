"""The despatch advice of one departed truck: DESADV (CPS tree) or X12 856 (HL tree), one package per rack."""

from datetime import datetime
from itertools import chain

from .canonical import Despatch, DespatchLine, DespatchPackage
from .profile import Profile
from .rendering import EdifactFile, X12File, edifact_date, localised, x12_date
from .write_calls import Places, placed


def write_despatch(
    despatch: Despatch,
    profile: Profile,
    *,
    control_ref: str,
    message_ref: str,
    prepared_at: datetime,
) -> bytes:
    """Return one interchange with the ASN the profile asks for (DESADV D.96A, D.07A or 856), from us to them.

    `read` reads it back equal. A rack without number and type, a missing shipment number and data the syntax
    cannot carry raise ValueError naming the element.
    """
    if not despatch.shipment_number:
        raise ValueError("BGM element 2, BSN element 2: the despatch advice has no shipment number")
    for package in despatch.packages:
        if not package.number and not package.carrier_code:
            raise ValueError("PAC element 3, HL T: a package has neither number nor load carrier type")
    at = localised(prepared_at, profile)
    if profile.asn.format == "856":
        return _Write856(despatch, profile).file(control_ref, message_ref, at)
    return _WriteDesadv(despatch, profile).file(control_ref, message_ref, at)


def _identities(line: DespatchLine) -> dict[str, str | None]:
    return {
        "vin": line.vin,
        "production_number": line.production_number,
        "sequence_number": line.sequence_number,
        "call_number": line.call_number,
        "slot": line.slot,
        "order_ref": line.order_ref,
    }


class _WriteDesadv:
    def __init__(self, despatch: Despatch, profile: Profile) -> None:
        self.despatch = despatch
        self.profile = profile
        self.out = EdifactFile(profile)
        self.lines = 0

    def file(self, control_ref: str, message_ref: str, at: datetime) -> bytes:
        out, directory = self.out, self.profile.asn.directory
        out.open(self.profile.our, self.profile.their, control_ref, at)
        out.open_message(message_ref, "DESADV", *directory.split("."), "UN")
        self.header(at)
        self.transport()
        # The truck is the root of the packaging tree; what stands in no rack stands directly on it.
        out.add("CPS", "1", None, "4" if self.despatch.lines else None)
        for line in self.despatch.lines:
            self.line(line)
        for number, package in enumerate(self.despatch.packages, 2):
            self.package(number, package)
        out.close_message()
        return out.close()

    def header(self, at: datetime) -> None:
        out, despatch = self.out, self.despatch
        out.add("BGM", "351", despatch.shipment_number, "9")
        out.add("DTM", ("137", f"{at:%Y%m%d%H%M}", "203"))
        if despatch.departed_at:
            out.add("DTM", edifact_date("11", despatch.departed_at, self.profile))
        out.add("NAD", "BY", (self.profile.their.id, None, "92"))
        out.add("NAD", "SE", (self.profile.our.id, None, "92"))
        places = placed(self.profile.edifact, {"ship_from": despatch.ship_from, "ship_to": despatch.ship_to})
        for qualifier, value in places.get("NAD", ()):
            out.add("NAD", qualifier, (value, None, "92"))
        if despatch.dock and not despatch.ship_to:
            # LOC hangs under a party.
            out.add("NAD", "ST")
        for qualifier, value in placed(self.profile.edifact, {"dock": despatch.dock}).get("LOC", ()):
            out.add("LOC", qualifier, value)

    def transport(self) -> None:
        despatch = self.despatch
        if despatch.carrier or despatch.truck:
            self.out.add("TDT", "12", None, "30", None, despatch.carrier, None, None, despatch.truck)

    def package(self, number: int, package: DespatchPackage) -> None:
        self.out.add("CPS", str(number), "1", "3")
        self.out.add("PAC", "1", None, package.carrier_code)
        if package.number:
            self.out.add("PCI", "17")
            self.out.add("GIN", "ML", package.number)
        for line in package.lines:
            self.line(line)

    def line(self, line: DespatchLine) -> None:
        out = self.out
        self.lines += 1
        parts = {"part_number": line.part_number, "supplier_part": line.supplier_part}
        by_tag = placed(self.profile.edifact, {**parts, **_identities(line)})
        out.add("LIN", str(self.lines), None, *((value, code) for code, value in by_tag.get("LIN", ())))
        for qualifier, value in by_tag.get("PIA", ()):
            out.add("PIA", "1", (value, qualifier))
        if line.quantity:
            out.add("QTY", ("12", line.quantity, line.unit))
        for start in range(0, len(line.serials), 5):
            out.add("GIN", "BN", *line.serials[start : start + 5])
        self.vehicle(by_tag)
        for qualifier, value in by_tag.get("RFF", ()):
            out.add("RFF", (qualifier, value))

    def vehicle(self, by_tag: Places) -> None:
        identities = by_tag.get("GIR", [])
        for start in range(0, len(identities), 5):
            self.out.add("GIR", "4", *((value, code) for code, value in identities[start : start + 5]))


class _Write856:
    def __init__(self, despatch: Despatch, profile: Profile) -> None:
        self.despatch = despatch
        self.profile = profile
        self.out = X12File()
        self.levels = 0

    def file(self, control_ref: str, message_ref: str, at: datetime) -> bytes:
        out, despatch = self.out, self.despatch
        out.open("SH", self.profile.our, self.profile.their, control_ref, at)
        out.open_set("856", message_ref)
        out.add("BSN", "00", despatch.shipment_number, f"{at:%Y%m%d}", f"{at:%H%M}")
        shipment = self.level(None, "S")
        self.shipment()
        for line in despatch.lines:
            self.item(shipment, line)
        for package in despatch.packages:
            tare = self.level(shipment, "T")
            for qualifier, value in (("98", package.carrier_code), ("LS", package.number)):
                if value:
                    out.add("REF", qualifier, value)
            for line in package.lines:
                self.item(tare, line)
        out.add("CTT", str(self.levels))
        out.close_set()
        return out.close()

    def level(self, parent: str | None, kind: str) -> str:
        self.levels += 1
        self.out.add("HL", str(self.levels), parent, kind)
        return str(self.levels)

    def shipment(self) -> None:
        out, despatch = self.out, self.despatch
        if despatch.carrier:
            out.add("TD5", None, "2", despatch.carrier)
        if despatch.truck:
            out.add("TD3", "TL", None, despatch.truck)
        parties = {"dock": despatch.dock, "ship_from": despatch.ship_from, "ship_to": despatch.ship_to}
        by_tag = placed(self.profile.x12, parties)
        for qualifier, value in by_tag.get("REF", ()):
            out.add("REF", qualifier, value)
        if despatch.departed_at:
            out.add("DTM", "011", *x12_date(despatch.departed_at, self.profile))
        for qualifier, value in by_tag.get("N1", ()):
            out.add("N1", qualifier, None, "92", value)

    def item(self, parent: str, line: DespatchLine) -> None:
        out = self.out
        self.level(parent, "I")
        parts = {"part_number": line.part_number, "supplier_part": line.supplier_part}
        by_tag = placed(self.profile.x12, {**parts, **_identities(line)})
        pairs = by_tag.get("LIN", [])
        if pairs:
            out.add("LIN", None, *chain.from_iterable(pairs))
        if line.quantity:
            out.add("SN1", None, line.quantity, line.unit)
        for qualifier, value in by_tag.get("REF", ()):
            out.add("REF", qualifier, value)
        for serial in line.serials:
            out.add("REF", "SE", serial)
