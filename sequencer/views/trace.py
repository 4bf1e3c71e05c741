"""Trace and recall: one box, one page a thing, one question in both directions. Only issuing a list writes."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid, Refused, Unknown
from sequencer.access import guarded, may
from sequencer.models import RecallList
from sequencer.services.trace import (
    Asked,
    Kind,
    Source,
    find,
    issue_recall,
    life_of,
    proof_of_row,
    recall_rows,
    recall_statement,
)
from sequencer.services.trace.subjects import WORDS

LISTED = 200
# A page answers at once; the statement over more pieces is computed with the issued list.
COMPUTED = 5_000
SYMBOLS = {
    Source.MESSAGE: "✉",
    Source.CALL: "◆",
    Source.SCAN: "▮",
    Source.MOVE: "→",
    Source.EXCEPTION: "⚠",
    Source.HOLD: "■",
    Source.TASK: "☐",
    Source.PRINT: "▤",
}
TEXTS = ("part", "serial", "serial_to", "lot", "supplier", "vehicle", "rack", "shipment")


@guarded
@require_safe
def search(request: HttpRequest) -> HttpResponseBase:
    """What the box finds; a single hit opens at once."""
    text = request.GET.get("q", "").strip()[:200]
    hits = find(text) if text else []
    if len(hits) == 1:
        return redirect("trace-subject", hits[0].kind, hits[0].key)
    kinds: dict[str, list[Any]] = {}
    for hit in hits:
        kinds.setdefault(WORDS[hit.kind], []).append(hit)
    return render(request, "trace/search.html", {"q": text, "kinds": kinds, "section": "trace"})


@guarded
@require_safe
def subject(request: HttpRequest, kind: str, key: str) -> HttpResponseBase:
    """The whole life of one thing on one page."""
    life = life_of(kind, key)
    entries = [{"entry": entry, "symbol": SYMBOLS[entry.source]} for entry in life.entries]
    told = {entry.source for entry in life.entries}
    context = {
        "life": life,
        "subject": life.subject,
        "entries": entries,
        "sources": [(source.value, SYMBOLS[source]) for source in Source if source in told],
        "recall": _recall_link(life.subject.kind, life.subject),
        "section": "trace",
    }
    return render(request, "trace/subject.html", context)


def _recall_link(kind: Kind, traced: Any) -> str:
    """The recall that starts from this page's thing."""
    if kind is Kind.CALL:
        query = {"vehicle": traced.calls[0].call_number}
    elif kind is Kind.RACK:
        query = {"rack": traced.title}
    elif kind is Kind.SHIPMENT:
        query = {"shipment": traced.title}
    elif kind is Kind.LOT:
        query = {"lot": traced.key}
    elif kind is Kind.PART:
        query = {"part": traced.title}
    elif kind is Kind.UNIT and (traced.units[0].lot or traced.units[0].serial):
        unit = traced.units[0]
        query = {"part": unit.part.number, **({"lot": unit.lot} if unit.lot else {"serial": unit.serial})}
    else:
        return ""
    return reverse("recall", query=query)


@guarded
@require_safe
def recall(request: HttpRequest) -> HttpResponseBase:
    """A question in the address, its first rows and what the list cannot know."""
    context: dict[str, Any] = {
        "section": "trace",
        "given": request.GET,
        "issued": RecallList.objects.all()[:10],
        "may_issue": may(request.user, "recall-issue"),
    }
    if any(request.GET.get(name) for name in (*TEXTS, "first", "last")):
        try:
            context |= _answer(asked_in(request.GET))
        except Refused as no:
            context["error"] = no
    return render(
        request, "trace/recall.html", context, status=context["error"].status if "error" in context else 200
    )


def _answer(asked: Asked) -> dict[str, Any]:
    rows = list(islice(recall_rows(asked), COMPUTED + 1))
    computed = len(rows) <= COMPUTED
    return {
        "asked": asked,
        "rows": rows[:LISTED],
        "count": len(rows) if computed else None,
        "computed": COMPUTED,
        "listed": LISTED,
        "statement": recall_statement(asked, rows, at=timezone.now()) if computed else None,
    }


@guarded
@require_POST
def recall_issue(request: HttpRequest) -> HttpResponseBase:
    """The whole list as a file, with its statement and signature; noted in the journal by name and reason."""
    # Closed by the answer when the last byte is sent.
    file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
    issued = issue_recall(
        asked_in(request.POST),
        file,
        at=timezone.now(),
        by=request.user.get_username(),
        reason=request.POST.get("reason", ""),
    )
    file.seek(0)
    return FileResponse(
        file.detach(),
        as_attachment=True,
        filename=f"{issued.number}.csv",
        content_type="text/csv; charset=utf-8",
    )


@guarded
@require_safe
def recall_list(request: HttpRequest, list_id: int) -> HttpResponseBase:
    """One issued list: what was asked, what it stated, and whether the journal still proves it."""
    issued = RecallList.objects.filter(pk=list_id).first()
    if issued is None:
        raise Unknown("no_recall_list", _("there is no recall list %(list_id)s") % {"list_id": list_id})
    context = {"issued": issued, "wrong": proof_of_row(issued), "section": "trace"}
    return render(request, "trace/issued.html", context)


def asked_in(given: Any) -> Asked:
    """The question in a query string or form; times without a zone are the plant's."""
    texts: dict[str, Any] = {name: str(given.get(name, "")).strip()[:80] for name in TEXTS}
    asked = Asked(**texts)
    return replace(asked, first=_moment(given.get("first", "")), last=_moment(given.get("last", "")))


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise Invalid("bad_time", _("'%(text)s' is no time; write it like 2026-03-14T06:00") % {"text": text})
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
