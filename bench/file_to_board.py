"""A file's name in the inbox to its calls on the board, at a plant's pace: embedded, and with PostgreSQL and Redis.

Plays a twin shift without faults at one vehicle every two seconds and prints what the OEM twin measured.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SERVICES = {"DATABASE_URL": "postgres://127.0.0.1:5432/postgres", "REDIS_URL": "redis://127.0.0.1:6379/9"}
VEHICLES, AN_HOUR = 40, 1800


def shift(name: str, target: float, environment: dict[str, str]) -> bool:
    command = [
        sys.executable,
        "manage.py",
        "simulate_shift",
        "--vehicles",
        str(VEHICLES),
        "--rate",
        str(AN_HOUR),
        "--json",
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        print(f"{name}: the shift failed\n{done.stderr[-1000:]}")
        return False
    board, scans = (json.loads(done.stdout)[key] for key in ("file_to_board_s", "scan_verdict_ms"))
    print(
        f"{name:<22} file to board p50 {board['p50']:.2f} s, p95 {board['p95']:.2f} s (target {target:.0f} s, "
        f"ratio {board['p95'] / target:.2f}); scan verdict p95 {scans['p95']:.0f} ms"
    )
    return True


def reachable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main() -> int:
    plain = {k: v for k, v in os.environ.items() if k not in {*SERVICES, "CELERY_BROKER_URL"}}
    good = shift("embedded", 5, plain)
    if not (reachable(5432) and reachable(6379)):
        print("PostgreSQL and Redis: not measured, one of them does not answer on 127.0.0.1")
        return 0 if good else 1
    given = {name: os.environ.get(name, address) for name, address in SERVICES.items()}
    return 0 if shift("PostgreSQL and Redis", 1, {**plain, **given}) and good else 1


if __name__ == "__main__":
    sys.exit(main())
