"""The page of a parallel run."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from edi.parallel import parallel_page
from sequencer.access import guarded


@guarded
@require_safe
def parallel(request: HttpRequest) -> HttpResponseBase:
    page = parallel_page(request.GET.get("partner", ""), request.GET.get("days", ""), at=timezone.now())
    return render(request, "edi/parallel.html", page | {"section": "edi"})


urlpatterns = [path("parallel/", parallel, name="edi-parallel")]
