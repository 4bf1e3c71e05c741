"""The despatch advice of one departed truck: DESADV (CPS tree) or X12 856 (HL tree), one package per rack."""

from datetime import datetime

from .canonical import Despatch, DespatchLine, DespatchPackage
from .despatch import PACKAGE_WEIGHTS, SHIPMENT_WEIGHTS, Weights
from .profile import Profile
from .rendering import EdifactFile, edifact_date, localised
from .write_856 import Write856
from .write_calls import Places, placed
from .write_vda import write_vda_despatch


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
    if profile.asn.format == "VDA4913":
        return write_vda_despatch(despatch, profile, control_ref=control_ref, prepared_at=prepared_at)
    if not despatch.shipment_number:
        raise ValueError("BGM element 2, BSN element 2: the despatch advice has no shipment number")
    weighed: tuple[Despatch | DespatchPackage, ...] = (despatch, *despatch.packages)
    if not despatch.weight_unit and any(item.gross_weight or item.net_weight for item in weighed):
        raise ValueError("MEA element 3.1, TD1 element 8: the weights have no unit")
    numbers: set[str | None] = set()
    for package in despatch.packages:
        if not package.number and not package.carrier_code:
            raise ValueError("PAC element 3, HL T: a package has neither number nor load carrier type")
        if package.parent is not None and package.parent not in numbers:
            raise ValueError(
                f"CPS element 2: {package.number!r} stands in {package.parent!r}, not written yet"
            )
        if package.labels and package.labels[0] != package.number:
            raise ValueError(
                f"GIN element 2.1: the first label of {package.number!r} is {package.labels[0]!r}"
            )
        numbers.add(package.number)
    at = localised(prepared_at, profile)
    if profile.asn.format == "856":
        return Write856(despatch, profile).file(control_ref, message_ref, at)
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
        # VDA 4987 says who gave the load carrier its code: the buyer (DE 3055).
        self.agency = "92" if profile.asn.directory == "D.07A" else None

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
        levels: dict[str | None, int] = {}
        for number, package in enumerate(self.despatch.packages, 2):
            self.package(number, package, levels.get(package.parent) if package.parent else None)
            levels[package.number] = number
        out.close_message()
        return out.close()

    def header(self, at: datetime) -> None:
        out, despatch = self.out, self.despatch
        out.add("BGM", "351", despatch.shipment_number, "9")
        out.add("DTM", ("137", f"{at:%Y%m%d%H%M}", "203"))
        if despatch.departed_at:
            out.add("DTM", edifact_date("11", despatch.departed_at, self.profile))
        self.weights(SHIPMENT_WEIGHTS, despatch)
        out.add("NAD", "BY", (self.profile.their.id, None, "92"))
        out.add("NAD", "SE", (despatch.supplier or self.profile.our.id, None, "92"))
        self.party("ship_from", despatch.ship_from, despatch.ship_from_name)
        self.party("ship_to", despatch.ship_to)
        if despatch.dock and not despatch.ship_to:
            # LOC hangs under a party.
            out.add("NAD", "ST")
        for qualifier, value in placed(self.profile.edifact, {"dock": despatch.dock}).get("LOC", ()):
            out.add("LOC", qualifier, value)

    def party(self, fact: str, code: str | None, name: str | None = None) -> None:
        for qualifier, value in placed(self.profile.edifact, {fact: code}).get("NAD", ()):
            self.out.add("NAD", qualifier, (value, None, "92"), None, name)

    def transport(self) -> None:
        despatch = self.despatch
        if despatch.carrier or despatch.truck:
            self.out.add("TDT", "12", None, "30", None, despatch.carrier, None, None, despatch.truck)
        if despatch.seal:
            # TE is a trailer (DE 8053).
            self.out.add("EQD", "TE", despatch.truck)
            self.out.add("SEL", despatch.seal)

    def package(self, number: int, package: DespatchPackage, parent: int | None) -> None:
        """Write one CPS; DE 7075 is 3 for a rack on the truck, 1 for a package inside another."""
        labels = package.labels or ((package.number,) if package.number else ())
        self.out.add("CPS", str(number), str(parent or 1), "1" if package.parent else "3")
        kind = (package.carrier_code, None, self.agency) if package.carrier_code else None
        self.out.add("PAC", str(max(len(labels), 1)), None, kind)
        self.weights(PACKAGE_WEIGHTS, package)
        if labels:
            self.out.add("PCI", "17")
        for label in labels:
            self.out.add("GIN", "ML", label)
        for line in package.lines:
            self.line(line)

    def weights(self, codes: Weights, told: Despatch | DespatchPackage) -> None:
        """Write MEA for each weight that is known."""
        unit = self.despatch.weight_unit
        for attribute, value in ((codes.gross, told.gross_weight), (codes.net, told.net_weight)):
            if value:
                self.out.add("MEA", codes.purpose, attribute, (unit, value))

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
        if line.cumulative:
            out.add("QTY", ("3", line.cumulative, line.unit))
        for start in range(0, len(line.serials), 5):
            out.add("GIN", "BN", *line.serials[start : start + 5])
        self.vehicle(by_tag)
        if line.cumulative_since:
            out.add("DTM", edifact_date("51", line.cumulative_since, self.profile))
        for qualifier, value in by_tag.get("RFF", ()):
            out.add("RFF", (qualifier, value))

    def vehicle(self, by_tag: Places) -> None:
        identities = by_tag.get("GIR", [])
        for start in range(0, len(identities), 5):
            self.out.add("GIR", "4", *((value, code) for code, value in identities[start : start + 5]))
