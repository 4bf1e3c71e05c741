"""One address: a post of a known user becomes one row of the journal."""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction
from django.urls import path
from django.utils import timezone
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from sequencer.models import PlantEvent


@api_view(["POST"])
def insert(request: Request) -> Response:
    facts = cast("dict[str, Any]", request.data)
    with transaction.atomic():
        row = PlantEvent.objects.create(
            at=timezone.now(), topic="bare", kind="insert", subject=str(facts["nonce"]), by=str(request.user)
        )
    return Response({"accepted": True, "id": row.pk})


urlpatterns = [path("api/v1/scans/", insert)]
