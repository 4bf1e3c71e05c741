"""The segment-group machine: a message's flat segments become its groups, by a table and without recursion.

A table is written as the directory's branching diagram in one line: `TAG` a segment, `TAG!` a mandatory one,
`( ... )` a group that its first segment opens, `(! ... )` one that has to occur, `*` any other segment in any
order (X12 hierarchical levels). Everything may repeat: what a partner may not repeat is a matter for his
guide, not for reading. Where a segment could belong to two places the nearest one takes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .problems import Findings
from .tokens import ELEMENT, SEGMENT

Segment = list[str]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a run of segments is cut: where in the run a group begins, how many are its own, what is inside."""

    tag: str
    begins: int
    own: int
    length: int
    inner: "tuple[Shape, ...]"


_EMPTY = Shape("", 0, 0, 0, ())


class Group:
    """One occurrence of a group: its own segments, their numbers in the file, the groups inside it.

    One that goes through the table begins empty and grows segment by segment. One of a known shape is a place in the
    message and is cut when somebody asks; most of it never is.
    """

    __slots__ = ("_at", "_groups", "_message", "_number", "_numbers", "_segments", "_shape", "_texts", "tag")

    def __init__(
        self, tag: str, shape: Shape = _EMPTY, message: Sequence[str] = (), at: int = 0, number: int = 0
    ) -> None:
        self.tag = tag
        self._shape = shape
        self._message = message
        self._at = at
        self._number = number
        self._texts: list[str] | None = None
        self._numbers: list[int] | None = None
        self._groups: list[Group] | None = None
        self._segments: list[Segment] | None = None

    @property
    def texts(self) -> list[str]:
        """This group's own segments as they came."""
        if self._texts is None:
            self._texts = list(self._message[self._at : self._at + self._shape.own])
        return self._texts

    @property
    def numbers(self) -> list[int]:
        """The places of this group's own segments in the file."""
        if self._numbers is None:
            first = self._number + self._at + 1
            self._numbers = list(range(first, first + self._shape.own))
        return self._numbers

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
        if self._groups is None:
            message, at, number = self._message, self._at, self._number
            self._groups = [
                Group(inner.tag, inner, message, at + inner.begins, number) for inner in self._shape.inner
            ]
        return self._groups

    def whole(self) -> Sequence[str]:
        """Every text of this group and those inside it."""
        if self._shape is not _EMPTY:
            return self._message[self._at : self._at + self._shape.length]
        return [text for group in self.everything() for text in group.texts]

    def first(self, tag: str) -> Segment:
        """Return this group's own first segment with a tag, the bare tag when there is none."""
        for segment in self.segments:
            if segment[0] == tag:
                return segment
        return [tag]

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
    shapes: "dict[str, tuple[Shape, State]]" = field(default_factory=dict)


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
    heads = _heads(texts)
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
            lesson = lessons.pop(depth, None)
            if lesson is not None:
                lesson.learn(at, before, findings)
            run = _run(heads, at)
            known = state.shapes.get(run)
            group = Group(tag) if known is None else Group(tag, known[0], texts, at - 1, number)
            if depth > 1:
                stack[-1].groups.append(group)
            stack.append(group)
            if known is not None:
                shape, state = known
                at += shape.length - 1
                continue
            if run and len(state.shapes) < SHAPES:
                lessons[depth] = _Lesson(state, run, at + len(run) // STEP + 1, group, findings.seen)
        elif depth != len(stack):
            if depth == 1:
                yield stack[1]
            del stack[depth:]
            group = stack[-1]
        group.texts.append(text)
        group.numbers.append(number + at)
    for lesson in lessons.values():
        lesson.learn(end + 1, state, findings)
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
STEP = HEAD + 1
LONGEST_RUN = 64
SHAPES = 500


def _heads(texts: Sequence[str]) -> str:
    """Return the beginnings of all texts, STEP characters for each, so that a run of them is a piece of it."""
    heads = f"%.{HEAD}s{SEGMENT}" * len(texts) % tuple(texts)
    if len(heads) != STEP * len(texts):
        # "UNS" alone and "UNS" in front of an empty element are the same tag.
        heads = "".join(text[:HEAD].ljust(HEAD, ELEMENT) + SEGMENT for text in texts)
    return heads


def _run(heads: str, at: int) -> str:
    """Return the heads behind a group's first segment (the one before `at`) up to the next such segment or the end."""
    begins = STEP * at
    # A head ends with the separator of segments, which is in no text: it is found only where one begins.
    ends = heads.find(heads[begins - STEP : begins], begins, begins + STEP * LONGEST_RUN)
    if ends < 0 and len(heads) < begins + STEP * LONGEST_RUN:
        ends = len(heads)
    return heads[begins:ends] if ends > 0 else ""


@dataclass(slots=True)
class _Lesson:
    """A group on its way through the table that may be an example for others."""

    state: State
    run: str
    until: int
    group: Group
    seen: int

    def learn(self, at: int, after: State, findings: Findings) -> None:
        """Keep the group's shape if it ended where its run ends, whole and without a finding."""
        whole = at == self.until and findings.seen == self.seen
        # Four characters name a tag only when its separator is among them.
        if not whole or not all(ELEMENT in head for head in self.run.split(SEGMENT)[:-1]):
            return
        shape = _shape(self.group, self.group.numbers[0])
        if shape.length == len(self.run) // STEP + 1:
            self.state.shapes[self.run] = (shape, after)


def _shape(group: Group, outer: int) -> Shape:
    """Return a group's shape; its length is 0, which fits no run, when its own segments are not side by side."""
    first, own = group.numbers[0], len(group.numbers)
    inner = tuple(_shape(item, first) for item in group.groups)
    is_one_piece = group.numbers[-1] - first + 1 == own and all(item.length for item in inner)
    length = own + sum(item.length for item in inner) if is_one_piece else 0
    return Shape(group.tag, first - outer, own, length, inner)
