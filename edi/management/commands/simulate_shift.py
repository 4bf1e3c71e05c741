"""The OEM twin: a scored shift in a plant of its own, or an endless one that joins the running demo plant."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from edi.twin import plant
from edi.twin.faults import FAULTS
from edi.twin.floor import Pace
from edi.twin.live import live
from edi.twin.shift import Shift, call_list, place_faults, report
from sequencer import wakeups
from sequencer.celery import app

# Set for the process that runs inside the scratch plant: when its parent began.
INSIDE = "JIS_TWIN_BEGAN"
VEHICLES_A_FAULT = 250


class Command(BaseCommand):
    help = "Plays an OEM's shift through real files and scans, and scores it by what the OEM received."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--vehicles", type=int, default=200)
        parser.add_argument("--rate", default="max", help="vehicles an hour, or max")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--faults", default="none", help=f"all, none, or of: {', '.join(FAULTS)}")
        parser.add_argument("--live", action="store_true", help="join the running plant, without end")
        parser.add_argument("--json", action="store_true", help="print the score as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        rate, faults = read_rate(options["rate"]), read_faults(options["faults"])
        if options["live"]:
            live(interval=rate or 15.0, seed=options["seed"])
        elif INSIDE in os.environ:
            self.play(options, rate, faults)
        else:
            sys.exit(in_scratch_plant(options))

    def play(self, options: dict[str, Any], interval: float, faults: list[str]) -> None:
        plant.make_tables()
        plant.lay_out()
        wakeups.declare_queue(app)
        seed, vehicles = options["seed"], options["vehicles"]
        calls = call_list(vehicles, seed, plant.feeds())
        placed = place_faults(faults, calls, seed, max(1, vehicles // VEHICLES_A_FAULT))
        crew = plant.Crew()
        crew.start()
        try:
            hands = plant.floor(seed=seed, nonces=f"s{seed}", pace=Pace(), live=False)
            shift = Shift(plant.oem(first_ref=1000), hands, crew, calls, interval, placed, self.tell)
            found = shift.play()
        finally:
            crew.stop()
        for finding in found.findings:
            self.tell(finding)
        result = report(shift, found, time.time() - float(os.environ[INSIDE]))
        self.stdout.write(json.dumps(result) if options["json"] else as_text(result))
        if found.findings or not found.clean:
            sys.exit(1)

    def tell(self, text: str) -> None:
        self.stderr.write(text)


def read_rate(text: str) -> float:
    """Seconds between vehicles; 0 for as fast as the plant takes them."""
    if text == "max":
        return 0.0
    try:
        return 3600 / float(text)
    except (ValueError, ZeroDivisionError):
        raise CommandError(f"--rate {text!r} is neither max nor vehicles an hour") from None


def read_faults(text: str) -> list[str]:
    if text in {"all", "none"}:
        return list(FAULTS) if text == "all" else []
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        raise CommandError(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    return names


def in_scratch_plant(options: dict[str, Any]) -> int:
    """Runs the same command in an environment of its own and hands its output through."""
    began = time.time()
    command = [
        *plant.MANAGE, "simulate_shift", "--vehicles", str(options["vehicles"]), "--rate", options["rate"],
        "--seed", str(options["seed"]), "--faults", options["faults"],
    ]  # fmt: skip
    if options["json"]:
        command.append("--json")

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with plant.scratch_environment() as env:
        inside = subprocess.Popen(command, env={**env, INSIDE: str(began)})
        try:
            return inside.wait()
        except KeyboardInterrupt:
            inside.send_signal(signal.SIGINT)
            inside.wait(15)
            return 130


def as_text(result: dict[str, Any]) -> str:
    return "\n".join(f"{key:<16} {value}" for key, value in result.items())
