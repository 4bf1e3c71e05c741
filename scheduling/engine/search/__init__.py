"""The search for good sequences: problems as arrays in, the best sequence and what is proven about it out.

A kind of problem is a `Problem`: it bounds itself and starts walks; `search` runs them. Only whole numbers go in.
"""

from scheduling.engine.search.instances import Unreadable, read_atsp, read_wtsds
from scheduling.engine.search.running import Found, Limits, Problem, Walk, search
from scheduling.engine.search.tardiness import TardinessProblem
from scheduling.engine.search.tours import TourProblem

__all__ = [
    "Found", "Limits", "Problem", "TardinessProblem", "TourProblem", "Unreadable", "Walk", "read_atsp",
    "read_wtsds", "search",
]  # fmt: skip
