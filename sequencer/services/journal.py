"""The plant's journal, the tasks that wait for people, and who is alive."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from inventory.errors import Refused, Stale, Unknown
from inventory.statements import Change, Insert, field, text
from sequencer.models import ComponentGroup, Heartbeat, Line, PlantEvent, Task
from sequencer.states import TaskStatus


def record_event(
    topic: str, kind: str, subject: str, *, at: datetime, by: str = "", reason: str = "", **facts: object
) -> None:
    """Adds a journal row in the caller's transaction; it becomes visible with the effect it tells of."""
    _EVENT.run(
        at=at, topic=topic, kind=kind, subject=subject[:80], by=by[:60], reason=reason[:200], facts=facts
    )


_EVENT = Insert(PlantEvent)


def open_task(
    line: Line,
    kind: str,
    subject: str,
    text: str,
    *,
    at: datetime,
    due_at: datetime | None = None,
    group: ComponentGroup | None = None,
) -> Task:
    """Stores what waits for a person. The same open condition is one row: its text and deadline are refreshed."""
    fields = {"text": text[:300], "due_at": due_at}
    try:
        with transaction.atomic():
            task = Task.objects.create(
                line=line, kind=kind, subject=subject[:80], group=group, opened_at=at, **fields
            )
    except IntegrityError:
        task = Task.objects.exclude(status=TaskStatus.DONE).get(kind=kind, subject=subject[:80])
        Task.objects.filter(pk=task.pk).update(**fields)
        return task
    record_event(f"line:{line.pk}", "task_opened", subject, at=at, task=kind, text=text)
    return task


def close_tasks(kind: str, subject: str, *, at: datetime, note: str = "", also: tuple[str, ...] = ()) -> int:
    """Closes a condition that cleared by itself, and further kinds of it. Runs in the caller's transaction."""
    return _closing((kind, *also)).run(subject=subject[:80], closed_at=at, note=note[:200])


@cache
def _closing(kinds: tuple[str, ...]) -> Change:
    def closed() -> tuple[QuerySet[Task], dict[str, Any]]:
        open_ones = Task.objects.filter(kind__in=kinds, subject=text("subject")).exclude(
            status=TaskStatus.DONE
        )
        told = {name: field(Task, name) for name in ("closed_at", "note")}
        return open_ones, {"status": TaskStatus.DONE, **told}

    return Change(closed)


def acknowledge_task(task_id: int, *, by: AbstractBaseUser, at: datetime, note: str = "") -> Task:
    """A named person takes a task over. Refuses one that is done."""
    return _move_task(task_id, TaskStatus.ACKNOWLEDGED, {TaskStatus.OPEN}, by=by, at=at, note=note)


def close_task(task_id: int, *, by: AbstractBaseUser, at: datetime, note: str) -> Task:
    """A named person reports a task done and says how. Refuses without a note."""
    if not note.strip():
        raise Refused("note_missing", "say in a few words what was done")
    return _move_task(
        task_id, TaskStatus.DONE, {TaskStatus.OPEN, TaskStatus.ACKNOWLEDGED}, by=by, at=at, note=note
    )


def _move_task(
    task_id: int, to: TaskStatus, allowed: set[TaskStatus], *, by: AbstractBaseUser, at: datetime, note: str
) -> Task:
    with transaction.atomic(durable=True):
        task = Task.objects.filter(pk=task_id).first()
        if task is None:
            raise Unknown("no_task", f"there is no task {task_id}")
        if task.status not in allowed:
            raise Refused("task_moved", f"the task is already {task.status.lower()}")
        moved = Task.objects.filter(pk=task_id, status=task.status).update(
            status=to, owner=by, note=note[:200], closed_at=at if to is TaskStatus.DONE else None
        )
        if not moved:
            raise Stale(f"task {task_id}")
        record_event(
            f"line:{task.line_id}", f"task_{to.value.lower()}", task.subject, at=at, by=str(by), reason=note
        )
    task.refresh_from_db()
    return task


def beat(name: str, *, at: datetime) -> None:
    """Notes that a process is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})


def link(previous: str, event: PlantEvent) -> str:
    """The chain value of an event: sha256 over the link before it and everything the row says."""
    body = [
        previous,
        event.pk,
        event.at.isoformat(),
        event.topic,
        event.kind,
        event.subject,
        event.by,
        event.reason,
        event.facts,
    ]
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def seal_journal(*, limit: int = 2000, settled_before: datetime) -> int:
    """Chains unsealed events in id order; the one sealer of the plant.

    Events younger than `settled_before` wait: PostgreSQL ids may commit out of order. Two sealers at once are
    harmless: the conditional update lets only one link stand, the other stops.
    """
    last = PlantEvent.objects.exclude(chain="").order_by("-id").first()
    previous = last.chain if last else ""
    sealed = 0
    for event in PlantEvent.objects.filter(chain="", at__lt=settled_before).order_by("id")[:limit]:
        chain = link(previous, event)
        if not PlantEvent.objects.filter(pk=event.pk, chain="").update(chain=chain):
            break
        previous, sealed = chain, sealed + 1
    return sealed


def broken_link() -> int | None:
    """The id of the first event whose chain does not follow from the one before it; None when the journal is whole."""
    previous = ""
    for event in PlantEvent.objects.exclude(chain="").order_by("id").iterator():
        if link(previous, event) != event.chain:
            return event.pk
        previous = event.chain
    return None
