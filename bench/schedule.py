"""`make bench-schedule`: our search beside OR-Tools routing, CP-SAT and PyVRP, equal time, on this machine.

`python -m bench.schedule [--seconds 1 --seconds 5] [FILE...]` takes TSPLIB `.atsp` files and wtsds `.instance` files;
without any it draws plant-like ones itself. Ours and CP-SAT have two threads, OR-Tools routing and PyVRP know one only.
A solver's time is that of its search: the time to build its model comes on top, for ours it is inside. No solver is
given a start. Behind each figure stands how soon it was found; between two equal ones the sooner is the better, the
planner waits less for it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scheduling.engine.search import (
    Found,
    Limits,
    TardinessProblem,
    TourProblem,
    read_atsp,
    read_wtsds,
    search,
)
from scheduling.management.commands.schedule_bench import read_best, warm_up

INSTALL = '.venv/bin/python -m pip install "ortools>=9.12,<10" "pyvrp>=0.14,<0.15"'
WORKERS = 2
# More arcs than this make a model that CP-SAT and PyVRP do not even load in the seconds given.
MOST_ARCS = 250_000


class Best(NamedTuple):
    """What a solver found, and how many seconds after its search began."""

    objective: int
    at: float


def routing(problem: TourProblem, seconds: float) -> Best | None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    size = len(problem.costs)
    nodes = pywrapcp.RoutingIndexManager(size, 1, 0)
    model = pywrapcp.RoutingModel(nodes)
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(problem.costs.tolist()))
    how = pywrapcp.DefaultRoutingSearchParameters()
    how.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    how.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    how.time_limit.FromMilliseconds(int(1000 * seconds))
    better: list[Best] = []

    def note() -> None:
        total = model.CostVar().Max()
        if not better or total < better[-1].objective:
            better.append(Best(total, time.perf_counter() - begun))

    model.AddAtSolutionCallback(note)
    model.CloseModelWithParameters(how)
    begun = time.perf_counter()
    found = model.SolveWithParameters(how)
    assert not found or found.ObjectiveValue() == better[-1].objective
    return better[-1] if found else None


def solve(model: Any, seconds: float) -> Best | None:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = WORKERS
    better: list[Best] = []

    class Note(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            better.append(Best(round(self.objective_value), time.perf_counter() - begun))

    begun = time.perf_counter()
    known = solver.solve(model, Note()) in {cp_model.OPTIMAL, cp_model.FEASIBLE}
    assert not known or round(solver.objective_value) == better[-1].objective
    return better[-1] if known else None


def cp_sat(problem: TourProblem, seconds: float) -> Best | None:
    from ortools.sat.python import cp_model

    size = len(problem.costs)
    if size * size > MOST_ARCS:
        return None
    model = cp_model.CpModel()
    arcs = [(a, b, model.new_bool_var("")) for a in range(size) for b in range(size) if a != b]
    model.add_circuit(arcs)
    model.minimize(sum(int(problem.costs[a, b]) * taken for a, b, taken in arcs))
    return solve(model, seconds)


def cp_sat_late(problem: TardinessProblem, seconds: float) -> Best | None:
    """Arcs imply times; the first state is the node after the operations."""
    from ortools.sat.python import cp_model

    size = len(problem.process)
    latest = int(problem.process.sum() + problem.setup.max(axis=0).sum())
    model = cp_model.CpModel()
    ends = [model.new_int_var(0, latest, "") for _ in range(size)]
    late = [model.new_int_var(0, latest, "") for _ in range(size)]
    arcs = [(a, size, model.new_bool_var("")) for a in range(size)]
    for a in range(size + 1):
        for b in range(size):
            if a == b:
                continue
            taken = model.new_bool_var("")
            arcs.append((a, b, taken))
            begin = ends[a] if a < size else 0
            duration = int(problem.setup[a, b] + problem.process[b])
            model.add(ends[b] >= begin + duration).only_enforce_if(taken)
    for job in range(size):
        model.add(late[job] >= ends[job] - int(problem.due[job]))
    model.add_circuit(arcs)
    model.minimize(sum(int(problem.weight[job]) * late[job] for job in range(size)))
    return solve(model, seconds)


def pyvrp(problem: TourProblem, seconds: float) -> Best | None:
    import pyvrp
    from pyvrp.stop import MaxRuntime

    size = len(problem.costs)
    if size * size > MOST_ARCS:
        return None
    model = pyvrp.Model()
    places = [model.add_location(x=0, y=0) for _ in range(size)]
    model.add_depot(places[0])
    for place in places[1:]:
        model.add_client(place)
    model.add_vehicle_type(1)
    for a in range(size):
        for b in range(size):
            if a != b:
                model.add_edge(places[a], places[b], distance=int(problem.costs[a, b]))
    data = model.data()
    over = MaxRuntime(seconds)
    better: list[tuple[int, float]] = []

    def note(best_cost: int) -> bool:
        if not better or best_cost < better[-1][0]:
            better.append((best_cost, time.perf_counter() - begun))
        return over(best_cost)

    begun = time.perf_counter()
    found = pyvrp.solve(data, note, display=False)
    return Best(round(found.cost()), better[-1][1]) if found.is_feasible() else None


def ours(problem: TourProblem | TardinessProblem, seconds: float) -> Found:
    return search(problem, Limits(seconds=seconds, workers=WORKERS, prove=True))


def atcs(problem: TardinessProblem, seconds: float) -> Best:
    begun = time.perf_counter()
    objective = problem.objective(problem.start)
    return Best(objective, time.perf_counter() - begun)


Solver = tuple[str, str | None, Callable[[Any, float], Best | None]]
TOUR: list[Solver] = [
    ("routing", "ortools", routing),
    ("CP-SAT", "ortools", cp_sat),
    ("PyVRP", "pyvrp", pyvrp),
]
LATE: list[Solver] = [("ATCS", None, atcs), ("CP-SAT", "ortools", cp_sat_late)]


def paint(size: int, seed: int) -> TourProblem:
    """Colours, tools and carriers: each has a change of its own, and what is equal needs none."""
    chance = np.random.default_rng(seed)
    total = np.zeros((size, size), dtype=np.int64)
    for kinds, most in ((12, 60), (25, 90), (4, 10)):
        change = chance.integers(most // 6, most, (kinds, kinds))
        np.fill_diagonal(change, 0)
        of = chance.integers(0, kinds, size)
        total += change[of[:, None], of]
    return TourProblem(total)


def racks(size: int, seed: int) -> TourProblem:
    """A crane between 30 racks: small whole costs with many ties."""
    chance = np.random.default_rng(seed)
    pick, drop = chance.integers(0, 30, (2, size))
    return TourProblem(np.abs(drop[:, None] - pick) + chance.integers(0, 3, (size, size)))


def crane(size: int, seed: int) -> TourProblem:
    """A crane over a yard: from where one load is dropped to where the next is picked."""
    pick, drop = np.random.default_rng(seed).integers(0, 100, (2, size, 2))
    return TourProblem(np.abs(drop[:, None] - pick).max(axis=2))


def no_wait(size: int, seed: int) -> TourProblem:
    """Eight machines in a row without waiting between them: how much later one order starts than the one before."""
    process = np.random.default_rng(seed).integers(1, 100, (size, 8))
    ends = process.cumsum(axis=1)
    return TourProblem((ends[:, None] - (ends - process)).max(axis=2))


def press(size: int, seed: int) -> TardinessProblem:
    """One press with tool changes and due dates that bind."""
    chance = np.random.default_rng(seed)
    process = chance.integers(50, 150, size)
    tools = chance.integers(5, 80, (9, 9))
    np.fill_diagonal(tools, 0)
    of = chance.integers(0, 9, size)
    before = np.append(of, 0)
    return TardinessProblem(
        tools[before[:, None], of], process, chance.integers(1, 10, size),
        chance.integers(process.sum() // 4, process.sum(), size),
    )  # fmt: skip


def instances(files: list[Path]) -> dict[str, TourProblem | TardinessProblem]:
    if not files:
        return {
            "paint 60": paint(60, 1),
            "paint 200": paint(200, 2),
            "racks 443": racks(443, 2),
            "crane 403": crane(403, 3),
            "no-wait 250": no_wait(250, 4),
            "press 40": press(40, 3),
            "press 60": press(60, 4),
        }
    return {
        path.stem: (read_atsp if path.suffix == ".atsp" else read_wtsds)(path.read_text(encoding="latin-1"))
        for path in files
    }


def cell(found: Best | None, best: int) -> str:
    """The objective, how far it lies above the best, and how soon it was found."""
    if found is None:
        return "none"
    above = 100 * (found.objective - best) / max(best, 1)
    return f"{found.objective} (+{above:.2f}) {found.at:.3f} s"


def proven(found: Found) -> str:
    """What ours proves about itself."""
    gap = found.proven_gap_percent
    return "nothing proven" if gap is None else "proven" if gap == 0 else f"proven to {gap:.2f} percent"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--seconds", action="append", type=float, help="may stand several times; 1 and 5")
    parser.add_argument(
        "--best", type=Path, help="CSV of instance,best to measure by, else the best of the row"
    )
    options = parser.parse_args()
    missing = [name for name in ("ortools", "pyvrp") if find_spec(name) is None]
    if missing:
        print(f"{' and '.join(missing)} not installed, left out; to compare: {INSTALL}")
    known = read_best(options.best) if options.best else {}
    budgets = options.seconds or [1.0, 5.0]
    print(
        f"{'instance':<14}{'seconds':>8}  objective (percent above the best known or of the row) and when found; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    # Without a time limit: one that ran out over the compiler would leave it busy in the rows below.
    warm_up()
    rows, worse, later = 0, 0, 0
    # How much of its limit ours took beyond it, and in which row.
    latest = (-1.0, "")
    totals: dict[float, dict[str, int]] = {seconds: {} for seconds in budgets}
    for name, problem in instances(options.files).items():
        for seconds in budgets:
            solvers = TOUR if isinstance(problem, TourProblem) else LATE
            begun = time.perf_counter()
            found = ours(problem, seconds)
            late = (time.perf_counter() - begun) / seconds - 1
            latest = max(latest, (late, f"{name} at {seconds:g} s, load {os.getloadavg()[0]:.1f}"))
            own = Best(found.objective, found.at)
            row: dict[str, Best | None] = {"ours": own}
            for title, needs, run in solvers:
                if needs not in missing:
                    row[title] = run(problem, seconds)
            best = min(one for one in row.values() if one is not None)
            rows += 1
            worse += own.objective > best.objective
            later += own.objective == best.objective and own != best
            cells = [f"{title} {cell(one, known.get(name, best.objective))}" for title, one in row.items()]
            print(f"{name:<14}{seconds:>8g}  {'   '.join([*cells, proven(found)])}", flush=True)
            if isinstance(problem, TardinessProblem):
                for title, one in row.items():
                    if one is not None:
                        totals[seconds][title] = totals[seconds].get(title, 0) + one.objective
    for seconds, total in totals.items():
        if total:
            cells = [f"{title} {one}" for title, one in total.items()]
            print(f"{'late in all':<14}{seconds:>8g}  {'   '.join(cells)}")
    print(
        f"ours is the best in {rows - worse} of {rows} rows, in {later} of them another found as much sooner; "
        f"the time limit was passed by {max(0.0, 100 * latest[0]):.1f} percent at most ({latest[1]})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
