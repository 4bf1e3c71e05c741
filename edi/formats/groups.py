"""The segment-group machine: a message's flat segments become its groups, by a table and without recursion.

A table is written as the directory's branching diagram in one line: `TAG` a segment, `TAG!` a mandatory one,
`( ... )` a group that its first segment opens, `(! ... )` one that has to occur, `*` any other segment in any
order (X12 hierarchical levels). Everything may repeat: what a partner may not repeat is a matter for his
guide, not for reading. Where a segment could belong to two places the nearest one takes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .problems import Findings
from .tokens import ELEMENT

Segment = list[str]


class Group:
    """One occurrence of a group: its own segments, their numbers in the file, the groups inside it.

    Texts are split into elements, and a group of a known shape into its groups, when somebody asks: most never
    are.
    """

    __slots__ = ("_groups", "_later", "_segments", "numbers", "tag", "texts")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.texts: list[str] = []
        self.numbers: Sequence[int] = []
        self._groups: list[Group] = []
        self._segments: list[Segment] | None = None
        self._later: tuple[Shape, Sequence[str], int, int] | None = None

    @property
    def segments(self) -> list[Segment]:
        """This group's own segments, split into elements."""
        found = self._segments
        if found is None or len(found) != len(self.texts):
            found = self._segments = [text.split(ELEMENT) for text in self.texts]
        return found

    @property
    def groups(self) -> "list[Group]":
        """The groups inside this one, in document order."""
        if self._later is not None:
            (shape, texts, first, number), self._later = self._later, None
            self._groups = [part.group(texts, first, number) for part in shape.inner]
        return self._groups

    def whole(self) -> Sequence[str]:
        """Every text of this group and those inside it."""
        if self._later is not None:
            shape, texts, first, _ = self._later
            return texts[first : first + shape.length]
        return [text for group in self.everything() for text in group.texts]

    def first(self, tag: str) -> Segment:
        """Return this group's own first segment with a tag, the bare tag when there is none."""
        return next((segment for segment in self.segments if segment[0] == tag), [tag])

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
    shapes: "dict[tuple[str, ...], tuple[Shape, State]]" = field(default_factory=dict)


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


def walk(table: State, texts: Sequence[str], root: Group, number: int, findings: Findings) -> Iterator[Group]:
    """Give out the outermost groups of a message one by one; segments outside every group go to `root`.

    `number` is the place in the file of the segment before the first. A segment the table has no place for is
    booked as `unexpected_segment` and left out; one that had to come first as `missing_segment`.
    """
    state = table
    stack = [root]
    group = root
    heads = [text[:HEAD] for text in texts]
    lessons: dict[int, _Lesson] = {}
    at, end = 0, len(texts)
    while at < end:
        text = texts[at]
        tag = text.partition(ELEMENT)[0]
        move = state.moves.get(tag) or (state.moves.get("*") if tag.isupper() else None)
        at += 1
        if move is None:
            findings.add("unexpected_segment", _no_place(tag[:6]), segment=number + at, tag=tag[:6])
            continue
        before, (state, depth, opens, missing) = state, move
        for name in missing:
            sentence = f"{name} has to stand before this; ask the partner to send it"
            findings.add("missing_segment", sentence, segment=number + at, tag=name)
        if opens:
            if depth == 1 and len(stack) > 1:
                yield stack[1]
            del stack[depth:]
            group = Group(tag)
            if depth > 1:
                stack[-1].groups.append(group)
            stack.append(group)
            lesson = lessons.pop(depth, None)
            if lesson is not None:
                lesson.learn(at, before, findings)
            run = _run(heads, at)
            known = state.shapes.get(run)
            if known is not None:
                shape, state = known
                shape.fill(group, texts, at - 1, number)
                at += len(run)
                continue
            if run and len(state.shapes) < SHAPES:
                lessons[depth] = _Lesson(state, run, at + len(run) + 1, group, findings.seen)
        elif depth != len(stack):
            if depth == 1:
                yield stack[1]
            del stack[depth:]
            group = stack[-1]
        group.texts.append(text)
        group.numbers.append(number + at)  # type: ignore[attr-defined]
    if len(stack) > 1:
        yield stack[1]
    for tag in state.missing:
        sentence = f"the message ends without {tag}; ask the partner to send it"
        findings.add("missing_segment", sentence, segment=number + end, tag=tag)


def _no_place(tag: str) -> str:
    if not tag.isupper():
        return (
            f"{tag!r} is no segment tag: tags are two or three capital letters and digits; have it sent again"
        )
    return f"{tag!r} has no place here; where this partner means it, set unexpected_segment in [severity]"


# A vehicle follows the other and each says the same things in the same order. Once one of them went through
# the table without a finding, the next with the same run of tags is cut into the same groups at once.
HEAD = 4
LONGEST_RUN = 64
SHAPES = 500


def _run(heads: list[str], at: int) -> tuple[str, ...]:
    """Return the tags that follow a group's first segment (the one before `at`) up to the next such segment."""
    try:
        return tuple(heads[at : heads.index(heads[at - 1], at, at + LONGEST_RUN)])
    except ValueError:
        return ()


@dataclass(frozen=True, slots=True)
class Shape:
    """How a run of segments is cut: where in the run a group begins, how many are its own, what is inside."""

    tag: str
    begins: int
    own: int
    length: int
    inner: "tuple[Shape, ...]"

    def group(self, texts: Sequence[str], first: int, number: int) -> Group:
        group = Group(self.tag)
        self.fill(group, texts, first + self.begins, number)
        return group

    def fill(self, group: Group, texts: Sequence[str], at: int, number: int) -> None:
        """Let a group be what stands from `at` on."""
        group.texts = list(texts[at : at + self.own])
        group.numbers = range(number + at + 1, number + at + self.own + 1)
        if self.inner:
            group._later = (self, texts, at, number)


@dataclass(slots=True)
class _Lesson:
    """A group on its way through the table that may be an example for others."""

    state: State
    run: tuple[str, ...]
    until: int
    group: Group
    seen: int

    def learn(self, at: int, after: State, findings: Findings) -> None:
        """Keep the group's shape if it ended where its run ends, whole and without a finding."""
        whole = at == self.until and findings.seen == self.seen
        # Four characters name a tag only when its separator is among them.
        if not whole or not all(ELEMENT in head or len(head) < HEAD for head in self.run):
            return
        shape = _shape(self.group, self.group.numbers[0])
        if shape.length == len(self.run) + 1:
            self.state.shapes[self.run] = (shape, after)


def _shape(group: Group, outer: int) -> Shape:
    """Return a group's shape; its length is 0, which fits no run, when its own segments are not side by side."""
    first, own = group.numbers[0], len(group.numbers)
    inner = tuple(_shape(item, first) for item in group.groups)
    is_one_piece = group.numbers[-1] - first + 1 == own and all(item.length for item in inner)
    length = own + sum(item.length for item in inner) if is_one_piece else 0
    return Shape(group.tag, first - outer, own, length, inner)
