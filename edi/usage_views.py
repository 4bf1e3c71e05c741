"""The page of what each partner's feed uses: what was accepted by whom, and what left it since."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from edi import services
from edi.formats import ProfileError
from edi.models import Delivery, FeedUsage, TradingPartner
from edi.states import DeliveryKind
from inventory.errors import Unknown
from sequencer.access import guarded
from sequencer.views.board import acted, person

# What a person accepts at the page is measured while he waits.
MEASURED_FILES = 50


@guarded
@require_safe
def usage(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/usage.html", {"feeds": feeds(), "section": "edi"})


@guarded
@require_safe
def usage_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "edi/_usage.html", {"feeds": feeds()})


@guarded
def usage_accept(request: HttpRequest, partner_id: int) -> HttpResponseBase:
    partner = TradingPartner.objects.filter(pk=partner_id).first()
    if partner is None:
        raise Unknown("no_partner", "That partner is gone.", partner=partner_id)
    if request.method != "POST":
        told = [item for row in partner.usage.all() for item in row.told]
        page = {"partner": partner, "told": told, "files": MEASURED_FILES}
        return render(request, "edi/_usage_accept.html", page)
    try:
        profile = services.profile_of(partner)
    except ProfileError:
        profile = None
    reason = request.POST.get("reason", "")
    services.accept_usage(
        partner, profile, by=person(request), reason=reason, at=timezone.now(), last=MEASURED_FILES
    )
    return acted()


def feeds() -> list[dict[str, Any]]:
    """Every active partner with the types of his feed; first those that changed, then those nobody looked at."""
    rows: dict[int, list[FeedUsage]] = {}
    for row in FeedUsage.objects.select_related("accepted_by"):
        rows.setdefault(row.partner_id, []).append(row)
    sending = set(
        Delivery.objects.filter(kind=DeliveryKind.FILE)
        .order_by()
        .values_list("partner", flat=True)
        .distinct()
    )
    found = [
        _feed(partner, rows.get(partner.pk, []), comes=partner.pk in sending)
        for partner in TradingPartner.objects.filter(active=True)
    ]
    return sorted(found, key=lambda feed: (not feed["told"], feed["accepted"] is not None, not feed["comes"]))


def _feed(partner: TradingPartner, rows: list[FeedUsage], *, comes: bool) -> dict[str, Any]:
    dated = [row for row in rows if row.accepted_at is not None]
    return {
        "partner": partner,
        "comes": comes,
        "accepted": max(dated, key=lambda row: row.accepted_at, default=None),  # type: ignore[arg-type, return-value]
        "types": [
            {
                "name": row.message_type,
                "messages": row.usage.get("messages", 0),
                "segments": len(row.usage.get("segments", {})),
                "codes": sum(len(values) for values in row.usage.get("codes", {}).values()),
                "last_seen": row.usage.get("last_seen", ""),
            }
            for row in dated
        ],
        "told": [item for row in rows for item in row.told],
        "told_at": max((row.told_at for row in rows if row.told_at), default=None),
    }


urlpatterns = [
    path("usage/", usage, name="edi-usage"),
    path("usage/live/", usage_live, name="edi-usage-live"),
    path("usage/<int:partner_id>/accept/", usage_accept, name="edi-usage-accept"),
]
