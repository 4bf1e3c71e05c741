"""Operations a person chose on one resource: the setup of their order, a better order of them, and that order made.

They change places among themselves; what stands between them stays. Counted is the setup of the chosen and of what
follows each of them, for that changes with their order as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduling.engine.calendars import HOUR
from scheduling.engine.manual import Board, MoveError
from scheduling.engine.sentences import Sentence
from scheduling.engine.setups import Source

# So many are tried in every order (5,040); more are improved from the order they have.
PROVEN = 7
MOST = 40
FORBIDDEN = 10_000 * HOUR


@dataclass(frozen=True, slots=True)
class Weighed:
    """The setup seconds as placed and in the best order found. `proven`: no order of them needs less."""

    resource: str
    placed: int
    best: int
    order: tuple[str, ...]
    proven: bool


def weigh(board: Board, operations: Sequence[str]) -> Weighed:
    """Refuses (MoveError) fewer than two, too many, several resources, what never moves, and loads of an oven."""
    numbers, resource = _checked(board, operations)
    chain = _Chain(board, resource, numbers)
    placed = chain.cost(numbers)
    proven = len(numbers) <= PROVEN
    best = min(itertools.permutations(numbers), key=chain.cost) if proven else chain.improved(numbers)
    if chain.cost(best) >= placed:
        best = tuple(numbers)
    names = tuple(board.shop.operations[number].id for number in best)
    return Weighed(board.shop.resources[resource].id, placed, chain.cost(best), names, proven)


def arrange(board: Board, operations: Sequence[str]) -> Board:
    """The board with these in this order on the places they take together, locked by hand. Refuses like a move."""
    numbers, resource = _checked(board, operations)
    name = board.shop.resources[resource].id
    slots = [board.sequences[resource].index(number) + 1 for number in numbers]
    wanted = [board.shop.operations[board.shop.number[one]].id for one in operations]
    for operation, position in zip(wanted, slots, strict=True):
        board = board.move(operation, name, position)
    return board


def _checked(board: Board, operations: Sequence[str]) -> tuple[list[int], int]:
    """The operations in the order they stand, and their resource."""
    if not 2 <= len(set(operations)) <= MOST:
        raise MoveError("how_many", Sentence("how-many", most=MOST))
    numbers = [_placed(board, name) for name in dict.fromkeys(operations)]
    resources = {place.resource for number in numbers if (place := board.places[number])}
    if len(resources) != 1:
        raise MoveError("several_resources", Sentence("on-several"))
    for number in numbers:
        if board.fixed(number):
            raise MoveError(
                "never_moves", Sentence("never-moves", operation=board.shop.operations[number].id)
            )
        if len(board.load(number)) > 1:
            raise MoveError("load", Sentence("in-a-load", operation=board.shop.operations[number].id))
    resource = board.shop.resource_number[resources.pop()]
    chosen = set(numbers)
    return [number for number in board.sequences[resource] if number in chosen], resource


def _placed(board: Board, name: str) -> int:
    number = board.shop.number.get(name)
    place = None if number is None else board.places[number]
    if number is None or place is None or not place.position:
        raise MoveError("not_in_plan", Sentence("not-in-sequence", operation=name))
    return number


class _Chain:
    """The sequence of a resource with some places that may change hands."""

    def __init__(self, board: Board, resource: int, numbers: Iterable[int]) -> None:
        self._board, self._resource = board, resource
        self._sequence = board.heads(resource)
        self._slots = [self._sequence.index(number) for number in numbers]
        behind = {slot + 1 for slot in self._slots if slot + 1 < len(self._sequence)}
        self._counted = sorted(behind.union(self._slots))
        self._known: dict[tuple[int | None, int], int] = {}

    def cost(self, order: Sequence[int]) -> int:
        """The setup of an order of the chosen."""
        sequence = self._sequence
        for slot, number in zip(self._slots, order, strict=True):
            sequence[slot] = number
        return sum(
            self._setup(sequence[slot - 1] if slot else None, sequence[slot]) for slot in self._counted
        )

    def improved(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Takes one out and puts it in elsewhere as long as that saves setup."""
        best, least = list(numbers), self.cost(numbers)
        found = True
        while found:
            found = False
            for one, other in itertools.permutations(range(len(best)), 2):
                tried = [*best[:one], *best[one + 1 :]]
                tried.insert(other, best[one])
                if (cost := self.cost(tried)) < least:
                    best, least, found = tried, cost, True
        return tuple(best)

    def _setup(self, before: int | None, number: int) -> int:
        pair = before, number
        if pair not in self._known:
            shop, place = self._board.shop, self._board.places[number]
            assert place is not None  # it stands in a sequence
            key = shop.resources[self._resource].state if before is None else shop.operations[before].key
            setup = shop.setups.between(key, shop.operations[number], self._resource, place.start)
            self._known[pair] = FORBIDDEN if setup.source is Source.FORBIDDEN else setup.seconds
        return self._known[pair]
