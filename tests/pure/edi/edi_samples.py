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

SCHEDULE_HEAD = ("BGM+241+CALL-8+5", "DTM+137:202611210600:203", "NAD+BY+OEM::92", "NAD+SE+SUP::92")
DELFOR_OLD = interchange(
    message(
        *(*SCHEDULE_HEAD, "UNS+D", "NAD+CN+PLANT7::92", "LOC+11+D3", "LIN+1++X1:IN", "QTY+70:9600:PCE"),
        *("QTY+113:120:PCE", "SCC+1++W", "DTM+2:20261123:102", "UNS+S", "CNT+2:1"),
        kind="DELFOR:D:96A:UN",
    )
)
DELFOR_NEW = interchange(
    message(
        *(*SCHEDULE_HEAD, "GEI+5", "NAD+ST+PLANT7::92", "LIN+1++X1:IN", "RFF+AIF:1", "QTY+70:9600:PCE"),
        *("SCC+1++F", "QTY+113:120:PCE", "DTM+64:20261123:102", "DTM+63:20261127:102", "SCC+4", "QTY+83:4"),
        kind="DELFOR:D:04A:UN:GAVB11",
    )
)
RECADV = interchange(
    message(
        *("BGM+632+REC1+9", "DTM+137:202611211600:203", "RFF+AAK:SH1", "NAD+BY+OEM::92", "CPS+1", "PAC+1"),
        *("LIN+1++X1:IN", "QTY+12:8:PCE", "QTY+194:7:PCE", "QVR+-1:194+BP", "CNT+2:1"),
        kind="RECADV:D:96A:UN",
    )
)
APERAK = interchange(
    message(
        *("BGM+313+A1+9", "DTM+137:202611211600:203", "RFF+ACW:SH1", "NAD+BY+OEM::92", "ERC+E12"),
        *("FTX+AAO+++PART UNKNOWN", "RFF+ON:1"),
        kind="APERAK:D:96A:UN",
    )
)
