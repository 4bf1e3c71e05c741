"""The scheduling engine: a problem in, a plan out. Values alone: no database, no Django."""

from __future__ import annotations

from scheduling.engine.problem import Problem, read_problem
from scheduling.engine.reading import ProblemError
from scheduling.engine.result import Result
from scheduling.engine.solve import solve

__all__ = ["Problem", "ProblemError", "Result", "read_problem", "solve"]
