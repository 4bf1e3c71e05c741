"""How fast EDI is read: `python bench/edi_formats.py [megabytes]` on synthetic files it makes itself.

Every row runs in a process of its own, so that the memory figure (growth of the largest resident size) is its
own. Streaming rows read from disk; pydifact keeps all segments and gets a smaller slice.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CALLS_PER_MESSAGE = 1000
PYDIFACT_BYTES = 1_000_000
LARGE_BYTES = 500_000_000


def deljit(size: int) -> str:
    """Return a DELJIT interchange of about `size` bytes, ten segments a call, a few released characters."""
    messages: list[str] = []
    length, call = 0, 0
    while length < size:
        lines = ["BGM+242+CALL7001+9", "DTM+137:202611211400:203", "NAD+BY+OEM::92", "NAD+SE+SUP::92"]
        for _ in range(CALLS_PER_MESSAGE):
            call += 1
            lines += [
                f"SEQ+3+{call % 10000:04}:3",
                f"DTM+2:20261121{call // 60 % 24:02}{call % 60:02}:203",
                f"GIR+4+ZZZJ1S{call:011}:VV+BODY{call:07}:AN",
                "LOC+11+T3",
                "LOC+159+S20-L",
                "LIN+1++26 550 ZK32A:IN",
                f"PIA+1+SEAT?+FL-{call % 50}:SA",
                "IMD+F++:::LEATHER BLACK HEATED",
                "RFF+ON:4500017:10",
                "QTY+131:1:PCE",
            ]
        number = len(messages) + 1
        lines = [f"UNH+{number}+DELJIT:D:97A:UN", *lines, f"UNT+{len(lines) + 2}+{number}"]
        messages.append("'\r\n".join(lines))
        length += len(messages[-1])
    head = "UNA:+.? '\r\nUNB+UNOC:3+OEM:ZZ+SUP:ZZ+261121:0555+1'\r\n"
    return head + "'\r\n".join(messages) + f"'\r\nUNZ+{len(messages)}+1'\r\n"


def large_deljit(path: Path, size: int) -> None:
    """Write one DELJIT interchange of about `size` bytes without holding it: the same messages again and again."""
    head, *messages = deljit(10_000_000).split("'\r\nUNH+")
    messages[-1] = messages[-1].split("'\r\nUNZ+")[0]
    written = count = 0
    with path.open("w", newline="", encoding="latin-1") as target:
        target.write(head)
        while written < size:
            for text in messages:
                written += target.write(f"'\r\nUNH+{text}")
            count += len(messages)
        target.write(f"'\r\nUNZ+{count}+1'\r\n")


def production_sequence(size: int) -> str:
    """Return an 866 interchange of about `size` bytes, four segments a call."""
    sets: list[str] = []
    length, call = 0, 0
    while length < size:
        lines = ["BSS*05*SP1*20261121*JS*20261121*20261121", "DTM*002*20261121*1200"]
        for _ in range(CALLS_PER_MESSAGE):
            call += 1
            lines += [
                f"LIN**BP*26550 ZK32A*JS*IPF{call:07}*VV*ZZZJ1S{call:011}",
                "REF*DK*03",
                "REF*LF*K14R",
                "QTY*01*1",
            ]
        number = f"{len(sets) + 1:04}"
        lines = [f"ST*866*{number}", *lines, f"CTT*{CALLS_PER_MESSAGE}", f"SE*{len(lines) + 3}*{number}"]
        sets.append("~\n".join(lines))
        length += len(sets[-1])
    blank = " " * 10
    head = (
        f"ISA*00*{blank}*00*{blank}*ZZ*{'OEM':15}*ZZ*{'SUP':15}*261121*1200*U*00401*000000001*0*P*>~\n"
        "GS*SQ*OEM*SUP*20261121*1200*1*X*004010~\n"
    )
    return head + "~\n".join(sets) + f"~\nGE*{len(sets)}*1~\nIEA*1*000000001~\n"


def tokens(path: Path) -> int:
    """Split into segments, elements and components, streamed; nothing is kept."""
    from edi.formats.tokens import COMPONENT, ELEMENT, Tokens, sniff

    count = 0
    with path.open("rb") as source:
        found = sniff(source.read(256))
        assert found is not None
        source.seek(0)
        for batch in Tokens(source, found).batches():
            for text in batch:
                [item.split(COMPONENT) for item in text.split(ELEMENT)]
                count += 1
    return count


def canonical(path: Path) -> int:
    """Read to canonical call-offs, streamed; nothing is kept."""
    from edi.formats import Message, read_stream

    count = 0
    with path.open("rb") as source:
        for part in read_stream(source):
            if isinstance(part, Message):
                assert part.accepted, part.problems
                count += len(part.call_offs)
    return count


def monitor(path: Path) -> int:
    """List raw segments as the EDI monitor does."""
    from edi.formats import segments

    with path.open("rb") as source:
        return sum(1 for _ in segments(source))


def pydifact(path: Path) -> int:
    """Split with pydifact, which keeps all segments and gives no meaning to them."""
    from pydifact.segmentcollection import Interchange

    interchange = Interchange.from_str(path.read_text(encoding="latin-1"))
    return sum(len(message.segments) for message in interchange.get_messages())


def pyx12(path: Path) -> int:
    """Split with pyx12, which checks envelopes, streams and gives no meaning to segments."""
    from pyx12.x12file import X12Reader

    with path.open(encoding="ascii") as source:
        return sum(1 for _ in X12Reader(source))


def ansi_x12(path: Path) -> int:
    """Read with ansi-x12, which keeps all segments, checks envelopes and gives no meaning to segments."""
    from x12 import parse_x12_interchange, tokenize_x12

    document = tokenize_x12(path.read_bytes())
    parse_x12_interchange(document)
    return len(document.segments)


X12_LIBRARIES = ("pyx12", "ansi-x12")
TASKS: dict[str, Callable[[Path], int]] = {
    "pyx12": pyx12,
    "ansi-x12": ansi_x12,
    "tokens": tokens,
    "canonical": canonical,
    "monitor": monitor,
    "pydifact": pydifact,
}


def peak_kib() -> int:
    """Return this process's largest resident size so far (VmHWM; ru_maxrss would count the parent's)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def run_one(task: str, path: Path) -> None:
    """Run one task three times (pydifact once); print the best time and the memory it took."""
    work = TASKS[task]
    before = peak_kib()
    seconds = []
    for _ in range(1 if task == "pydifact" else 3):
        start = time.perf_counter()
        count = work(path)
        seconds.append(time.perf_counter() - start)
    grown = peak_kib() - before
    print(json.dumps({"seconds": min(seconds), "count": count, "kib": grown}))


def measure(task: str, path: Path) -> dict[str, float]:
    """Run one task in a fresh process and return MB/s, things counted and memory growth in MB."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", task, str(path)], capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    speed = path.stat().st_size / 1e6 / result["seconds"]
    return {"speed": speed, "count": result["count"], "memory": result["kib"] / 1024}


def flat_memory(folder: Path, small: Path) -> None:
    """Print what `edi_inspect --count` needs for 10 MB and for 500 MB: memory must not follow the size."""
    large = folder / "large.edi"
    large_deljit(large, LARGE_BYTES)
    peaks = []
    for path in (small, large):
        command = [sys.executable, "manage.py", "edi_inspect", "--count", str(path)]
        root = Path(__file__).resolve().parents[1]
        figures = json.loads(
            subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
        )
        peaks.append(figures["peak_mb"])
        speed = figures["bytes"] / 1e6 / figures["seconds"]
        print(
            f"edi_inspect --count: {figures['bytes'] / 1e6:.0f} MB, {figures['call_offs']} call-offs, "
            f"{speed:.1f} MB/s, peak {figures['peak_mb']:.0f} MB"
        )
    print(f"memory of the large file against the small one: ratio {peaks[1] / peaks[0]:.2f}")


def main() -> None:
    """Make the files, run every row, print one table."""
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], Path(sys.argv[3]))
        return
    size = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        files = {"DELJIT": Path(folder, "deljit.edi"), "866": Path(folder, "866.edi")}
        files["DELJIT"].write_text(deljit(size), newline="")
        files["866"].write_text(production_sequence(size), newline="")
        small = Path(folder, "small.edi")
        small.write_text(deljit(min(size, PYDIFACT_BYTES)), newline="")
        oracle = measure("pydifact", small)
        rows = [("pydifact, DELJIT slice", small, oracle)]
        for name, path in files.items():
            rows += [
                (f"{task}, {name}", path, measure(task, path)) for task in ("tokens", "canonical", "monitor")
            ]
        others = [(f"{task}, 866", files["866"], measure(task, files["866"])) for task in X12_LIBRARIES]
        rows += others
        print(f"{'what':<26}{'MB':>7}{'MB/s':>8}{'x pydifact':>12}{'count':>10}{'RSS growth MB':>15}")
        for name, path, row in rows:
            ratio = row["speed"] / oracle["speed"]
            print(
                f"{name:<26}{path.stat().st_size / 1e6:>7.1f}{row['speed']:>8.2f}{ratio:>12.1f}"
                f"{row['count']:>10}{row['memory']:>15.1f}"
            )
        best = max(others, key=lambda row: row[2]["speed"])
        ours = next(row["speed"] for name, _, row in rows if name == "canonical, 866")
        print(f"canonical 866 against the best other reader ({best[0]}): ratio {ours / best[2]['speed']:.2f}")
        flat_memory(Path(folder), files["DELJIT"])


if __name__ == "__main__":
    main()
