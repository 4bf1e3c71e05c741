"""`make bench`: every measurement of this folder, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# `schedule` compares with packages that are not installed by default; `make bench-schedule` runs it.
NO_MEASUREMENTS = {"__init__", "__main__", "screenshots", "bare", "bare_urls", "schedule"}


def main() -> int:
    failed = 0
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem in NO_MEASUREMENTS:
            continue
        print(f"== {path.stem}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"bench.{path.stem}"]).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
