"""The pages on which a person writes: corrections, call-offs entered by hand, and trying a file out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from edi import desk, services
from edi.views import _again, _person, _reason
from inventory.errors import Refused
from sequencer.access import guarded

# corrections


@guarded
def event_correct(request: HttpRequest, event_id: int) -> HttpResponseBase:
    """The facts of a call that waits: written, checked, then put in place of the original."""
    page = desk.event_page(event_id)
    if request.method != "POST":
        return render(request, "edi/correct_event.html", page)
    page["row"], page["parts"], page["reason"] = _row(request), _parts(request), _reason(request)
    try:
        facts = desk.merged(page["original"], _call(page["row"], page["parts"]))
        if request.POST.get("action") == "apply":
            done = services.correct_event(
                event_id, facts, by=_person(request), reason=page["reason"], at=timezone.now()
            )
            messages.success(request, "The correction is stored and goes through the intake now.")
            return redirect("delivery", done.pk)
        page["preview"] = services.preview_correction(event_id, facts, at=timezone.now())
        page["changed"] = desk.changed_facts(page["original"], facts)
    except Refused as refusal:
        page["refusal"] = refusal
    status = page["refusal"].status if "refusal" in page else 200
    return render(request, "edi/correct_event.html", page, status=status)


@guarded
def delivery_correct(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    return _correct_text(request, desk.delivery_text(delivery_id), services.correct_delivery, delivery_id)


@guarded
def message_correct(request: HttpRequest, message_id: int) -> HttpResponseBase:
    return _correct_text(request, desk.message_text(message_id), services.correct_message, message_id)


def _correct_text(request: HttpRequest, page: dict[str, Any], verb: Any, pk: int) -> HttpResponseBase:
    """A text, what is wrong with it, and what the corrected one would say before it is stored."""
    if request.method != "POST":
        return render(request, "edi/correct_text.html", page)
    page["text"] = request.POST.get("text", "").replace("\r\n", "\n")
    page["reason"] = _reason(request)
    try:
        if request.POST.get("action") == "apply":
            done = verb(pk, page["text"], by=_person(request), reason=page["reason"], at=timezone.now())
            messages.success(request, "The correction is stored and goes through the intake now.")
            return redirect("delivery", done.pk)
        page["checked"] = desk.read_text(page["delivery"].partner, page["original"], page["text"])
    except Refused as refusal:
        page["refusal"] = refusal
    status = page["refusal"].status if "refusal" in page else 200
    return render(request, "edi/correct_text.html", page, status=status)


# by hand


@guarded
@require_safe
def manual(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/manual.html", desk.entries(at=timezone.now()) | {"section": "edi"})


@guarded
@require_safe
def manual_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/_entries.html", desk.entries(at=timezone.now()))


@guarded
def manual_new(request: HttpRequest) -> HttpResponseBase:
    """The form, or a pasted table: checked as often as wanted, then entered for a second person."""
    asked = request.POST if request.method == "POST" else request.GET
    page = desk.entry_form(asked.get("partner", "")) | {"section": "edi"}
    way = "table" if asked.get("way") == "table" else "form"
    page |= {"way": way, "row": {}, "table": "", "reason": ""}
    if request.method != "POST" or page["partner"] is None:
        return render(request, "edi/manual_new.html", page)
    page["reason"] = _reason(request)
    page["table"] = request.POST.get("table", "")
    page["row"], page["parts"] = _row(request), _parts(request)
    try:
        calls = services.read_csv(page["table"]) if way == "table" else [_call(page["row"], page["parts"])]
        if request.POST.get("action") == "enter":
            entry = services.enter_calls(
                page["partner"].pk, calls, by=_person(request), reason=page["reason"], at=timezone.now()
            )
            return redirect("manual-entry", entry.pk)
        page["checks"] = services.check_calls(page["partner"], calls, at=timezone.now())
        page["good"] = all(check.good for check in page["checks"])
        page["errors"] = {f.field: f for check in page["checks"] for f in check.findings if way == "form"}
    except Refused as refusal:
        page["refusal"] = refusal
    status = page["refusal"].status if "refusal" in page else 200
    return render(request, "edi/manual_new.html", page, status=status)


def _row(request: HttpRequest) -> dict[str, str]:
    row = {name: request.POST.get(name, "").strip() for name in services.CALL_COLUMNS}
    return row | {"required_at": row["required_at"].replace(" ", "T", 1)}


def _parts(request: HttpRequest) -> list[dict[str, str]]:
    columns = [request.POST.getlist(name) for name in ("part_number", "quantity", "options")]
    rows = [
        {"part_number": part.strip(), "quantity": quantity.strip(), "options": options.strip()}
        for part, quantity, options in zip(*columns, strict=False)
    ][: desk.PART_ROWS * 4]
    return rows + [{}] * max(0, desk.PART_ROWS - len(rows))


def _call(row: Mapping[str, str], parts: list[dict[str, str]]) -> dict[str, Any]:
    named = [part for part in parts if part.get("part_number")]
    components = [
        {**part, "quantity": part["quantity"] or None, "options": part["options"].split()} for part in named
    ]
    return {**{name: value or None for name, value in row.items()}, "components": components}


@guarded
@require_safe
def manual_entry(request: HttpRequest, entry_id: int) -> HttpResponseBase:
    page = desk.entry_page(entry_id, request.user, at=timezone.now())
    return render(request, "edi/manual_entry.html", page | {"section": "edi"})


@guarded
@require_POST
def manual_approve(request: HttpRequest, entry_id: int) -> HttpResponseBase:
    services.approve_entry(
        entry_id, by=_person(request), at=timezone.now(), note=request.POST.get("note", "")
    )
    return _again()


@guarded
@require_POST
def manual_refuse(request: HttpRequest, entry_id: int) -> HttpResponseBase:
    services.refuse_entry(entry_id, by=_person(request), reason=_reason(request), at=timezone.now())
    return _again()


# before anything is written


@guarded
def simulate(request: HttpRequest) -> HttpResponseBase:
    """What a file would change: one that is uploaded, or one that was received. Nothing is written."""
    asked = request.POST if request.method == "POST" else request.GET
    page = desk.simulation_form(asked.get("partner", ""), asked.get("delivery", "")) | {"section": "edi"}
    if request.method == "POST":
        try:
            page |= desk.simulated(page, request.FILES.get("file"), at=timezone.now())
        except Refused as refusal:
            page["refusal"] = refusal
    status = page["refusal"].status if "refusal" in page else 200
    return render(request, "edi/simulate.html", page, status=status)
