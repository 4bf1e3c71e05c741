"""Small synthetic files, built so that a test shows only what it is about."""

DELJIT_HEAD = ("BGM+242+CALL1+9", "DTM+137:202611211400:203", "NAD+BY+OEM::92")
ONE_CALL = (
    "SEQ+3+0042:3",
    "DTM+2:202611211430:203",
    "GIR+4+ZZZJ1S00000000042:VV+BODY42:AN",
    "LOC+11+D1",
    "LOC+159+S20",
    "LIN+1++7L6 881 105:IN",
    "QTY+131:1:PCE",
)
UNB = "UNB+UNOC:3+OEM:ZZ+SUP:ZZ+261121:1430+77"


def message(*segments: str, kind: str = "DELJIT:D:97A:UN", ref: str = "1") -> list[str]:
    """Wrap segments into UNH and a true UNT."""
    return [f"UNH+{ref}+{kind}", *segments, f"UNT+{len(segments) + 2}+{ref}"]


def interchange(*messages: list[str], head: str = UNB, ref: str = "77") -> bytes:
    """Wrap messages into UNB and a true UNZ, with the default separators."""
    flat = [segment for item in messages for segment in item]
    return "".join(f"{segment}'" for segment in [head, *flat, f"UNZ+{len(messages)}+{ref}"]).encode("latin-1")


def deljit(*call: str, kind: str = "DELJIT:D:97A:UN", head: tuple[str, ...] = DELJIT_HEAD) -> bytes:
    """Return a DELJIT interchange with one call, by default a sound one."""
    return interchange(message(*head, *(call or ONE_CALL), kind=kind))


def x12(*segments: str, kind: str = "866", functional_id: str = "SQ", test: str = "P") -> bytes:
    """Return a sound X12 interchange with one transaction set."""
    blank = " " * 10
    lines = [
        f"ISA*00*{blank}*00*{blank}*ZZ*{'OEM':15}*ZZ*{'SUP':15}*261121*1430*U*00401*000000077*0*{test}*>",
        f"GS*{functional_id}*OEM*SUP*20261121*1430*77*X*004010",
        f"ST*{kind}*0001",
        *segments,
        f"SE*{len(segments) + 2}*0001",
        "GE*1*77",
        "IEA*1*000000077",
    ]
    return "".join(f"{line}~" for line in lines).encode("latin-1")


SEQUENCE_866 = (
    "BSS*00*DOC1*20261121*JS*20261121*20261121",
    "DTM*002*20261121*1430",
    "LIN**BP*26550 ZK32A*JS*IPF0000042*VV*ZZZJ1S00000000042",
    "REF*DK*03",
    "REF*LF*K14R",
    "QTY*01*1",
    "CTT*1",
)
