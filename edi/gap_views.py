"""The pages of what is missing: gaps, silence, requests to send again, and the closed days."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from edi import gaps as facts
from edi import services
from edi.models import TransmissionCounter
from edi.services.resend_requests import Request
from inventory.errors import Invalid, Unknown
from sequencer.access import guarded
from sequencer.views.board import acted, person


@guarded
@require_safe
def gaps(request: HttpRequest) -> HttpResponseBase:
    page = facts.gap_page(at=timezone.now()) | {"section": "edi"}
    return render(request, "edi/gaps.html", page)


@guarded
@require_safe
def gaps_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/_gaps.html", facts.gap_page(at=timezone.now()))


@guarded
@require_safe
def requests(request: HttpRequest, stream_id: int, first: int, last: int) -> HttpResponseBase:
    """For a dialog: the ready request to each partner that feeds the stream; nothing when none does."""
    ready = facts.run_requests(stream_id, first, last, at=timezone.now())
    if not ready:
        return HttpResponse(status=204)
    return render(request, "edi/_requests.html", {"requests": ready, "address": request.path})


@guarded
@require_safe
def request_file(
    request: HttpRequest, stream_id: int, first: int, last: int, partner: str, form: str
) -> HttpResponseBase:
    ready = facts.run_requests(stream_id, first, last, at=timezone.now())
    found = next((item for item in ready if item.partner.code == partner), None)
    if found is None:
        raise Unknown("no_request", f"{partner} does not feed that line.", partner=partner)
    return _file(found, form)


@guarded
@require_safe
def transmission(request: HttpRequest, gap_id: int) -> HttpResponseBase:
    now = timezone.now()
    row = facts.transmission_facts(gap_id, at=now)
    ready = facts.transmission_request(gap_id, at=now)
    page = {"row": row, "requests": [ready], "address": request.path}
    return render(request, "edi/_transmission_gap.html", page)


@guarded
@require_safe
def transmission_file(request: HttpRequest, gap_id: int, partner: str, form: str) -> HttpResponseBase:
    return _file(facts.transmission_request(gap_id, at=timezone.now()), form)


@guarded
@require_POST
def transmission_accept(request: HttpRequest, gap_id: int) -> HttpResponseBase:
    services.accept_transmission_gap(gap_id, **_signed(request))
    return acted()


@guarded
def counter_restart(request: HttpRequest, counter_id: int) -> HttpResponseBase:
    if request.method != "POST":
        counter = TransmissionCounter.objects.select_related("partner").filter(pk=counter_id).first()
        if counter is None:
            raise Unknown("no_counter", "That counter is gone.", counter=counter_id)
        return render(request, "edi/_counter.html", {"counter": counter})
    number = request.POST.get("number", "").strip()
    if not number.isdecimal():
        raise Invalid("bad_number", "Write the number of the last file that came, in digits.")
    services.restart_counter(counter_id, int(number), **_signed(request))
    return acted()


@guarded
@require_safe
def closings(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/closings.html", {"closings": facts.closings(), "section": "edi"})


def _signed(request: HttpRequest) -> dict[str, Any]:
    reason = request.POST.get("reason", "").strip()
    return {"by": person(request), "reason": reason, "at": timezone.now()}


def _file(ready: Request, form: str) -> HttpResponse:
    """A file to keep: plain text, or a mail for the person's own program."""
    mail = form == "eml"
    content = ready.as_mail() if mail else f"{ready.subject}\n\n{ready.text}".encode()
    answer = HttpResponse(content, content_type="message/rfc822" if mail else "text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{ready.name}.{form}"'
    return answer


RUN = "gaps/<int:stream_id>/<int:first>/<int:last>/request/"
ONE = "gaps/transmissions/<int:gap_id>/"
urlpatterns = [
    path("gaps/", gaps, name="edi-gaps"),
    path("gaps/live/", gaps_live, name="edi-gaps-live"),
    path(RUN, requests, name="edi-gap-requests"),
    path(f"{RUN}<slug:partner>.<slug:form>", request_file, name="edi-gap-request-file"),
    path(ONE, transmission, name="transmission-gap"),
    path(f"{ONE}<slug:partner>.<slug:form>", transmission_file, name="transmission-gap-request-file"),
    path(f"{ONE}accept/", transmission_accept, name="transmission-gap-accept"),
    path("counters/<int:counter_id>/restart/", counter_restart, name="counter-restart"),
    path("closings/", closings, name="closings"),
]
