"""What goes wrong in a shift. Each fault waits for its moment by what can be seen, never by the clock.

A fault is a generator that is stepped by the shift: it yields while it waits and returns whether the plant behaved.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING

from edi.twin.floor import Trick, When
from edi.twin.oem import Call, Sent

if TYPE_CHECKING:
    from edi.twin.shift import Shift

Waiting = Generator[None, None, bool]
Fault = Callable[["Shift", Call], Waiting]


def duplicate_files(shift: Shift, call: Call) -> Waiting:
    """The same bytes again, under another name and under the same one."""
    sent = yield from _sent_with(shift, call)
    yield from _applied(shift, sent)
    for name in (f"AGAIN_{sent.name}", sent.name):
        again = shift.oem.put(sent.partner, name, sent.ref, sent.content, sent.events)
        while not shift.settled(again):
            yield
    return True


def same_number_other_content(shift: Shift, call: Call) -> Waiting:
    """A used control number with something else in it: nothing of it may be applied."""
    sent = yield from _sent_with(shift, call)
    yield from _applied(shift, sent)
    other = next(part for part in call.feed.parts if part != call.part)
    forged = replace(call, part=other)
    events = [(forged if known is call else known).event("NEW") for known in shift.calls_in(sent)]
    content = shift.oem.written(sent.partner, sent.ref, events)
    put = shift.oem.put(sent.partner, f"OTHER_{sent.name}", sent.ref, content, sent.events)
    while not shift.oem.refused(put):
        yield
    return True


def gap_late_fill(shift: Shift, call: Call) -> Waiting:
    """One call is missing: building goes on, its rack cannot be closed; then it comes and all goes on."""
    shift.floor.probe_gap(call.feed.program, call.sequence)
    shift.withhold(call)
    while not shift.floor.probed(call.feed.program, call.sequence):
        yield
    sent = shift.oem.call(call.feed.partner, [call.event("NEW")])
    yield from _applied(shift, sent)
    return True


def change_after_pick(shift: Shift, call: Call) -> Waiting:
    return (yield from _change_at(shift, call, When.PACKED))


def change_after_seal(shift: Shift, call: Call) -> Waiting:
    return (yield from _change_at(shift, call, When.STAGED))


def _change_at(shift: Shift, call: Call, when: When) -> Waiting:
    """The part changes when its piece already stands in the rack."""
    stop = shift.floor.stop_at(call.feed.program, call.sequence, when)
    while not stop.reached.is_set():
        yield
    call.part = next(part for part in call.feed.parts if part != call.part)
    sent = shift.oem.call(call.feed.partner, [call.event("CHANGE")])
    yield from _applied(shift, sent)
    stop.let_go.set()
    return True


def cancel_before_pick(shift: Shift, call: Call) -> Waiting:
    return (yield from _cancel_at(shift, call, When.ASKED))


def cancel_after_pick(shift: Shift, call: Call) -> Waiting:
    return (yield from _cancel_at(shift, call, When.PACKED))


def _cancel_at(shift: Shift, call: Call, when: When) -> Waiting:
    stop = shift.floor.stop_at(call.feed.program, call.sequence, when)
    while not stop.reached.is_set():
        yield
    call.cancelled = True
    sent = shift.oem.call(call.feed.partner, [call.event("CANCEL")])
    yield from _applied(shift, sent)
    stop.let_go.set()
    return True


def resequence(shift: Shift, call: Call) -> Waiting:
    """Two neighbours change places while the first of them is asked for."""
    stop = shift.floor.stop_at(call.feed.program, call.sequence, When.ASKED)
    while not stop.reached.is_set() or shift.neighbour(call) is None:
        yield
    other = shift.neighbour(call)
    assert other is not None
    yield from _applied(shift, shift.file_of(other))
    call.position, other.position = other.position, call.position
    call.required_at, other.required_at = other.required_at, call.required_at
    sent = shift.oem.call(call.feed.partner, [call.event("CHANGE"), other.event("CHANGE")])
    yield from _applied(shift, sent)
    stop.let_go.set()
    return True


def wrong_part(shift: Shift, call: Call) -> Waiting:
    return (yield from _trick(shift, call, Trick.WRONG_PART))


def duplicate_serial(shift: Shift, call: Call) -> Waiting:
    return (yield from _trick(shift, call, Trick.USED_SERIAL))


def _trick(shift: Shift, call: Call, trick: Trick) -> Waiting:
    played = shift.floor.play(call.feed.program, call.sequence, trick)
    while played.caught is None:
        yield
    return played.caught


def offline_cut(shift: Shift, call: Call) -> Waiting:
    """A station is cut off for some units, works from its pack, and sends its log with lost answers and doubled."""
    return (yield from _trick(shift, call, Trick.CUT_OFF))


def killed_worker(shift: Shift, call: Call) -> Waiting:
    """kill -9 of the worker and of the watcher while files are on their way."""
    yield from _sent_with(shift, call)
    shift.crew.kill("worker")
    yield
    shift.crew.kill("watcher")
    return True


def late_file_order(shift: Shift, call: Call) -> Waiting:
    """A file is overtaken by the next one."""
    shift.hold_back_file_of(call)
    sent = yield from _sent_with(shift, call)
    yield from _applied(shift, sent)
    return True


def _sent_with(shift: Shift, call: Call) -> Generator[None, None, Sent]:
    while (sent := shift.file_of(call)) is None:
        yield
    return sent


def _applied(shift: Shift, sent: Sent | None) -> Generator[None, None, None]:
    while sent is None or not shift.applied(sent):
        yield


# Order matters only for reading; each fault gets calls of its own.
FAULTS: dict[str, Fault] = {
    "duplicate_files": duplicate_files,
    "same_number_other_content": same_number_other_content,
    "gap_late_fill": gap_late_fill,
    "change_after_pick": change_after_pick,
    "change_after_seal": change_after_seal,
    "cancel_before_pick": cancel_before_pick,
    "cancel_after_pick": cancel_after_pick,
    "resequence": resequence,
    "wrong_part": wrong_part,
    "duplicate_serial": duplicate_serial,
    "offline_cut": offline_cut,
    "killed_worker": killed_worker,
    "late_file_order": late_file_order,
}
# Where an X12 866 cannot say it (one kind of event a file) or a station asks no serial, doors play it.
DOORS_ONLY = frozenset({"resequence", "duplicate_serial", "late_file_order"})
