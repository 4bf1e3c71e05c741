"""The EDI pages: what came in, what went out, and what a person does about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from edi import monitor as facts
from edi import services
from sequencer.access import guarded


@guarded
@require_safe
def monitor(request: HttpRequest) -> HttpResponseBase:
    page = _page(request) | {"choices": facts.choices(at=timezone.now()), "section": "edi"}
    return render(request, "edi/monitor.html", page)


@guarded
@require_safe
def monitor_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/_monitor.html", _page(request))


def _page(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    wanted = _wanted(request)
    query = request.GET.copy()
    query.pop("until", None)
    return {
        "at": now,
        "partners": facts.partners(at=now),
        "traffic": facts.traffic(wanted),
        "wanted": wanted,
        "query": request.GET.urlencode(),
        "query_without_until": query.urlencode(),
    }


def _wanted(request: HttpRequest) -> facts.Wanted:
    names = ("partner", "direction", "type", "status", "q")
    asked = {name: request.GET.get(name, "").strip() for name in names}
    return facts.Wanted(**asked, until=_moment(request.GET.get("until", "")))


def _moment(text: str) -> datetime | None:
    """A time of the address; one without zone, or none at all, filters nothing."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


@guarded
@require_safe
def pulse(request: HttpRequest) -> HttpResponseBase:
    """The partners of one line, for its board."""
    line = request.GET.get("line", "")
    rows = facts.partners(at=timezone.now(), line=int(line) if line.isdecimal() else None)
    return render(request, "edi/_pulse.html", {"partners": [row for row in rows if row["direction"] == "in"]})


@guarded
@require_safe
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    page = facts.delivery_facts(delivery_id, start=_start(request))
    return render(request, "edi/delivery.html", page | {"section": "edi"})


@guarded
@require_safe
def delivery_raw(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    found = facts.delivery_facts(delivery_id)["delivery"]
    return _attachment(bytes(found.raw), found.file_name)


@guarded
@require_POST
def delivery_reprocess(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    services.reprocess_delivery(delivery_id, by=_person(request), at=timezone.now())
    return _again()


@guarded
@require_safe
def event_preview(request: HttpRequest, event_id: int) -> HttpResponseBase:
    preview = services.preview_event(event_id, at=timezone.now())
    return render(request, "edi/_preview.html", {"event_id": event_id, "preview": preview})


@guarded
@require_POST
def event_reprocess(request: HttpRequest, event_id: int) -> HttpResponseBase:
    services.reprocess_event(event_id, by=_person(request), at=timezone.now())
    return _again()


@guarded
def event_discard(request: HttpRequest, event_id: int) -> HttpResponseBase:
    if request.method != "POST":
        return render(request, "edi/_discard.html", {"event_id": event_id})
    services.discard_event(event_id, by=_person(request), reason=_reason(request), at=timezone.now())
    return _again()


@guarded
@require_safe
def outbound(request: HttpRequest, message_id: int) -> HttpResponseBase:
    page = facts.outbound_facts(message_id, start=_start(request))
    return render(request, "edi/outbound.html", page | {"section": "edi"})


@guarded
@require_safe
def outbound_raw(request: HttpRequest, message_id: int) -> HttpResponseBase:
    found = facts.outbound_facts(message_id)["message"]
    return _attachment(bytes(found.content), found.file_name)


@guarded
@require_POST
def outbound_resend(request: HttpRequest, message_id: int) -> HttpResponseBase:
    services.resend(message_id, by=_person(request), reason=_reason(request), at=timezone.now())
    return _again()


def _start(request: HttpRequest) -> int:
    """First segment to list."""
    asked = request.GET.get("from", "")
    return max(1, int(asked)) if asked.isdecimal() else 1


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()


def _person(request: HttpRequest) -> AbstractBaseUser:
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def _attachment(content: bytes, name: str) -> HttpResponse:
    """Raw bytes leave as a file to keep, never as a page to run."""
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)
    response["Content-Disposition"] = f'attachment; filename="{plain}"'
    return response


def _again() -> HttpResponse:
    """Done: the page loads again and shows the new state."""
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
