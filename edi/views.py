"""The EDI pages: what came in, what went out, and what a person does about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from edi import detail, overview, services
from edi import monitor as facts
from edi import quarantine as parked
from edi.formats import ProfileError
from edi.services.outbound import resend
from inventory.errors import Refused
from sequencer.access import guarded

# The most pressing thing stands large; so many more are listed beside it.
MORE_NEEDS = 5
PIECES = 50


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
    needs = overview.needs(at=now)
    partners = facts.partners(at=now)
    return {
        "at": now,
        "need": needs[0] if needs else None,
        "needs": needs[1 : MORE_NEEDS + 1],
        "needs_more": max(0, len(needs) - MORE_NEEDS - 1),
        "counts": overview.counts(at=now),
        "latest": min((row["silent"] for row in partners if row["silent"] is not None), default=None),
        "partners": partners,
        "channels": overview.channels(at=now),
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


# one file


@guarded
@require_safe
def delivery(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    page = detail.delivery_facts(delivery_id, start=_start(request))
    return render(request, "edi/delivery.html", page | {"section": "edi"})


@guarded
@require_safe
def delivery_raw(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    found = detail.stored_delivery(delivery_id)
    return _attachment(bytes(found.raw), found.file_name)


@guarded
@require_safe
def delivery_canonical(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """The canonical JSON as a file, written out while it is read: a large file needs no large memory."""
    try:
        found, pieces = detail.canonical(delivery_id)
    except ProfileError as error:
        raise Refused("profile_unusable", f"the partner's profile cannot be used: {error}") from error
    response = StreamingHttpResponse(_poured(pieces), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_plain(found.file_name)}.canonical.json"'
    return response


async def _poured(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Some pieces at a time, each time in a thread: reading is work, and the server goes on serving."""

    def some() -> str:
        return "".join(islice(pieces, PIECES))

    while text := await sync_to_async(some)():
        yield text


@guarded
@require_POST
def delivery_reprocess(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    services.reprocess_delivery(delivery_id, by=_person(request), at=timezone.now())
    return _again()


@guarded
def delivery_discard(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    if request.method != "POST":
        page = {
            "what": "file",
            "action": request.path,
            "subject": detail.stored_delivery(delivery_id).file_name,
        }
        return render(request, "edi/_discard.html", page)
    services.discard_delivery(delivery_id, by=_person(request), reason=_reason(request), at=timezone.now())
    return _again()


@guarded
def message_discard(request: HttpRequest, message_id: int) -> HttpResponseBase:
    if request.method != "POST":
        page = {"what": "message", "action": request.path, "subject": ""}
        return render(request, "edi/_discard.html", page)
    services.discard_message(message_id, by=_person(request), reason=_reason(request), at=timezone.now())
    return _again()


# one call


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
        return render(request, "edi/_discard.html", {"what": "event", "action": request.path, "subject": ""})
    services.discard_event(event_id, by=_person(request), reason=_reason(request), at=timezone.now())
    return _again()


# quarantine


@guarded
@require_safe
def quarantine(request: HttpRequest) -> HttpResponseBase:
    page = _parked(request) | {"choices": parked.choices(), "section": "edi"}
    return render(request, "edi/quarantine.html", page)


@guarded
@require_safe
def quarantine_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/_quarantine.html", _parked(request))


def _parked(request: HttpRequest) -> dict[str, Any]:
    asked = parked.Asked(
        **{name: request.GET.get(name, "").strip() for name in ("partner", "kind", "status", "code")}
    )
    query = request.GET.copy()
    query.pop("code", None)
    return {
        **parked.quarantine(asked, at=timezone.now()),
        "asked": asked,
        "query": request.GET.urlencode(),
        "query_without_code": query.urlencode(),
    }


@guarded
@require_POST
def quarantine_release(request: HttpRequest) -> HttpResponseBase:
    keys = request.POST.getlist("key")
    return _decided(request, services.release_many(keys, by=_person(request), at=timezone.now()))


@guarded
@require_POST
def quarantine_discard(request: HttpRequest) -> HttpResponseBase:
    decided = services.discard_many(
        request.POST.getlist("key"), by=_person(request), reason=_reason(request), at=timezone.now()
    )
    return _decided(request, decided)


def _decided(request: HttpRequest, decided: list[Any]) -> HttpResponse:
    """What became of each of many; the list behind it refreshes by itself."""
    counts: dict[str, int] = {}
    for item in decided:
        if not item.refusal:
            counts[item.status] = counts.get(item.status, 0) + 1
    refused = [item for item in decided if item.refusal]
    response = render(request, "edi/_decided.html", {"counts": counts, "refused": refused})
    response["HX-Trigger"] = "acted"
    return response


# what we send


@guarded
@require_safe
def outbound(request: HttpRequest, message_id: int) -> HttpResponseBase:
    page = detail.outbound_facts(message_id, start=_start(request))
    return render(request, "edi/outbound.html", page | {"section": "edi"})


@guarded
@require_safe
def outbound_raw(request: HttpRequest, message_id: int) -> HttpResponseBase:
    found = detail.outbound_facts(message_id)["message"]
    return _attachment(bytes(found.content), found.file_name)


@guarded
@require_POST
def outbound_resend(request: HttpRequest, message_id: int) -> HttpResponseBase:
    resend(message_id, by=_person(request), reason=_reason(request), at=timezone.now())
    return _again()


def _start(request: HttpRequest) -> int:
    """First segment to list."""
    asked = request.GET.get("from", "")
    return max(1, int(asked[:12])) if asked.isdecimal() else 1


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()


def _person(request: HttpRequest) -> AbstractBaseUser:
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in name)


def _attachment(content: bytes, name: str) -> HttpResponse:
    """Raw bytes leave as a file to keep, never as a page to run."""
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_plain(name)}"'
    return response


def _again() -> HttpResponse:
    """Done: the page loads again and shows the new state."""
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})
