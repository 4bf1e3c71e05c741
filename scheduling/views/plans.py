"""What the board asks and does, as JSON: bars between two moments, a move tried and made, plans compared."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid
from scheduling import services
from scheduling.views.refusals import as_json
from sequencer.access import guarded
from sequencer.views.board import person


@guarded
@as_json
@require_safe
def bars(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """`?from=&to=` (moments, the plan's own horizon without) and `?resource=` (ids, several or with commas)."""
    shown = services.picture(
        plan_id,
        begin=_moment(request, "from"),
        end=_moment(request, "to"),
        resources=[
            _id(text, "resource") for text in ",".join(request.GET.getlist("resource")).split(",") if text
        ],
    )
    return JsonResponse(shown)


@guarded
@as_json
@require_POST
def move(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """POST operation, resource, position, version."""
    said = _said(request, "operation", "resource", "position", "version")
    moved = services.move_operation(plan_id, **said, by=_by(request), at=timezone.now())
    return _answer(moved)


@guarded
@as_json
@require_POST
def preview(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """What a move would change; nothing is stored."""
    said = _said(request, "operation", "resource", "position", "version")
    return JsonResponse({"delta": asdict(services.preview_move(plan_id, **said))})


@guarded
@as_json
@require_POST
def lock(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """POST operations (ids), locked (true or false), version."""
    said = _said(request, "version")
    operations, locked = _operations(request), _body(request).get("locked")
    if not isinstance(locked, bool):
        raise Invalid("bad_body", "locked must be true or false")
    moved = services.lock_operations(
        plan_id, operations, lock=locked, **said, by=_by(request), at=timezone.now()
    )
    return _answer(moved)


@guarded
@as_json
@require_POST
def arrange(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """POST operations (ids, in the order wanted), version."""
    said = _said(request, "version")
    moved = services.arrange_operations(
        plan_id, _operations(request), **said, by=_by(request), at=timezone.now()
    )
    return _answer(moved)


@guarded
@as_json
@require_POST
def undo(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """POST version."""
    said = _said(request, "version")
    return _answer(services.undo_move(plan_id, **said, by=_by(request), at=timezone.now()))


@guarded
@as_json
@require_safe
def compare(request: HttpRequest, plan_id: int, other_id: int) -> HttpResponseBase:
    """The second plan against the first."""
    return JsonResponse(asdict(services.compare_plans(plan_id, other_id)))


@guarded
@require_safe
def export(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """One row an order of a published plan, as the ERP reads it."""
    text = services.export_csv(plan_id)
    headers = {"Content-Disposition": f'attachment; filename="plan-{plan_id}-orders.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@guarded
@as_json
@require_POST
def run(request: HttpRequest, plan_id: int) -> HttpResponseBase:
    """Queues a run of the engine: POST version and, if wanted, seconds (whole), seed and keep."""
    body = _body(request)
    for name in ("seconds", "seed"):
        if name in body and (type(body[name]) is not int or not 0 <= body[name] < 2**31):
            raise Invalid("bad_body", f"{name} must be a whole number")
    made = services.request_run(
        plan_id, version=_said(request, "version")["version"], seconds=body.get("seconds"),
        seed=body.get("seed", 0), keep=body.get("keep") is True, by=_by(request), at=timezone.now(),
    )  # fmt: skip
    return JsonResponse({"run": made.pk, "status": made.status}, status=201)


@guarded
@as_json
@require_POST
def run_cancel(request: HttpRequest, run_id: int) -> HttpResponseBase:
    ended = services.cancel_run(run_id, by=_by(request), at=timezone.now())
    return JsonResponse({"run": ended.pk, "status": ended.status})


def _answer(moved: services.Moved) -> JsonResponse:
    return JsonResponse({"version": moved.version, "bars": moved.bars, "delta": asdict(moved.delta)})


def _by(request: HttpRequest) -> str:
    return person(request).get_username()


def _body(request: HttpRequest) -> dict[str, Any]:
    """The posted JSON object; refuses what is none (422)."""
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Invalid("bad_body", "Post a JSON object.")
    return body


def _operations(request: HttpRequest) -> list[int]:
    operations = _body(request).get("operations")
    if not isinstance(operations, list) or not all(type(one) is int for one in operations):
        raise Invalid("bad_body", "operations must be a list of ids")
    return operations


def _said(request: HttpRequest, *names: str) -> dict[str, int]:
    """Whole numbers of the posted object."""
    body = _body(request)
    for name in names:
        if type(body.get(name)) is not int or not 0 <= body[name] < 2**31:
            raise Invalid("bad_body", f"{name} must be a whole number")
    return {name: body[name] for name in names}


def _moment(request: HttpRequest, name: str) -> datetime | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None:
        raise Invalid("bad_moment", f"{name} must be a moment as 2026-11-23T06:00Z, not {text!r}")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _id(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("bad_id", f"{name} must be an id, not {text!r}")
    return int(text)
