"""The segment-group machine: a message's flat segments become its groups, by a table and without recursion.

A table is written as the directory's branching diagram in one line: `TAG` a segment, `TAG!` a mandatory one,
`( ... )` a group that its first segment opens, `(! ... )` one that has to occur, `*` any other segment in any
order (X12 hierarchical levels). Everything may repeat: what a partner may not repeat is a matter for his
guide, not for reading. Where a segment could belong to two places the nearest one takes it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .problems import Findings
from .tokens import ELEMENT

Segment = list[str]


@dataclass(slots=True)
class Group:
    """One occurrence of a group: its own segments, their numbers in the file, the groups inside it."""

    tag: str
    segments: list[Segment] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    groups: list["Group"] = field(default_factory=list)

    def everything(self) -> Iterator["Group"]:
        """Give out this group and all groups inside it, in document order."""
        waiting = [self]
        while waiting:
            group = waiting.pop()
            yield group
            waiting += reversed(group.groups)


@dataclass(slots=True)
class _Item:
    tag: str
    mandatory: bool
    inner: "list[_Item] | None" = None


@dataclass(slots=True)
class State:
    """A place in the table: where each tag leads from here, and what is still missing if the message ends."""

    moves: "dict[str, tuple[State, int, bool, tuple[str, ...]]]" = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def compile_table(diagram: str) -> State:
    """Return the start state of a branching diagram such as `BGM! DTM! ( SEQ! DTM ( LIN! QTY ) )`."""
    states: dict[tuple[int, ...], State] = {}
    items = _parse(diagram)
    start = State()
    waiting: list[tuple[State, list[tuple[list[_Item], int]]]] = [(start, [(items, -1)])]
    while waiting:
        state, path = waiting.pop()
        for tag, target, opens, missing in _next_segments(path, state):
            key = tuple(index for _, index in target)
            if key not in states:
                states[key] = State()
                waiting.append((states[key], target))
            state.moves.setdefault(tag, (states[key], len(target) - opens, opens, missing))
    return start


def _parse(diagram: str) -> list[_Item]:
    levels: list[tuple[bool, list[_Item]]] = [(False, [])]
    for word in diagram.split():
        if word.startswith("("):
            levels.append((word == "(!", []))
        elif word == ")":
            mandatory, inner = levels.pop()
            levels[-1][1].append(_Item(inner[0].tag, mandatory, inner))
        else:
            levels[-1][1].append(_Item(word.rstrip("!"), word.endswith("!")))
    return levels[0][1]


_Step = tuple[str, list[tuple[list[_Item], int]], bool, tuple[str, ...]]


def _next_segments(path: list[tuple[list[_Item], int]], state: State) -> Iterator[_Step]:
    """Give out what may follow a place, nearest first; what a step passes over and had to come is missing."""
    missing: tuple[str, ...] = ()
    for depth in range(len(path) - 1, -1, -1):
        items, here = path[depth]
        is_trigger = depth == len(path) - 1 and here == 0 and depth > 0
        for index in range(max(here + is_trigger, 0), len(items)):
            item = items[index]
            step = [*path[:depth], (items, index)]
            if item.inner is not None:
                yield item.tag, [*step, (item.inner, 0)], True, missing
            else:
                yield item.tag, step, False, missing
            if item.mandatory and index > here:
                missing += (item.tag,)
    state.missing = missing


def walk(table: State, texts: Iterable[str], root: Group, number: int, findings: Findings) -> Iterator[Group]:
    """Give out the outermost groups of a message one by one; segments outside every group go to `root`.

    `number` is the place in the file of the segment before the first. A segment the table has no place for is
    booked as `unexpected_segment` and left out; one that had to come first as `missing_segment`.
    """
    state = table
    stack = [root]
    group = root
    for text in texts:
        number += 1
        segment = text.split(ELEMENT)
        move = state.moves.get(segment[0]) or state.moves.get("*")
        if move is None:
            tag = segment[0][:6]
            findings.add("unexpected_segment", f"{tag!r} has no place here", segment=number, tag=tag)
            continue
        state, depth, opens, missing = move
        for tag in missing:
            findings.add("missing_segment", f"{tag} has to stand before this", segment=number, tag=tag)
        if opens:
            if depth == 1 and len(stack) > 1:
                yield stack[1]
            del stack[depth:]
            group = Group(segment[0])
            if depth > 1:
                stack[-1].groups.append(group)
            stack.append(group)
        elif depth != len(stack):
            if depth == 1:
                yield stack[1]
            del stack[depth:]
            group = stack[-1]
        group.segments.append(segment)
        group.numbers.append(number)
    if len(stack) > 1:
        yield stack[1]
    for tag in state.missing:
        findings.add("missing_segment", f"the message ends without {tag}", segment=number, tag=tag)
