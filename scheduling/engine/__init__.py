"""The scheduling engine: a problem in, a plan out. Values alone: no database, no Django."""

from __future__ import annotations

from scheduling.engine.linter import Caution, lint
from scheduling.engine.minimise import Budget
from scheduling.engine.problem import Problem, read_problem
from scheduling.engine.reading import ProblemError
from scheduling.engine.result import Result
from scheduling.engine.solve import solve, warm_up

__all__ = [
    "Budget",
    "Caution",
    "Problem",
    "ProblemError",
    "Result",
    "lint",
    "read_problem",
    "solve",
    "warm_up",
]
