"""The shipping desk, returnable racks, deliveries and the page an OEM sees. Every act is one verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inventory.errors import Invalid, Refused, Unknown
from sequencer import services
from sequencer.access import guarded
from sequencer.boards import deliveries as delivery_board
from sequencer.boards import returnables as carrier_board
from sequencer.boards import shipping as board
from sequencer.documents.kinds import WORDS
from sequencer.models import BillingLine, DeliveryLine, OemPlant, Rack, RackType, ShareLink, Shipment, Slot
from sequencer.services.printing import DocumentKind, print_document
from sequencer.services.shipping import lock_shipment
from sequencer.states import SlotStatus
from sequencer.views.board import acted

# A self-billing note of a month stays far below it.
LARGEST_FILE = 5 * 1024 * 1024
# No truck holds more of one part.
MOST_PIECES = 10**9

Act = Callable[[int, Mapping[str, str], str, datetime], object]


# --- the desk --------------------------------------------------------------------------------------------


@guarded
@require_safe
def desk(request: HttpRequest) -> HttpResponseBase:
    return render(request, "shipping/desk.html", _desk(request) | {"section": "shipping"})


@guarded
@require_safe
def desk_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "shipping/_desk.html", _desk(request))


def _desk(request: HttpRequest) -> dict[str, Any]:
    """As the address asks: ?point= one unloading point."""
    return board.desk(at=timezone.now(), point=_number(request.GET.get("point", ""))) | {
        "query": request.GET.urlencode()
    }


@guarded
@require_safe
def shipment(request: HttpRequest, shipment_id: int) -> HttpResponseBase:
    return render(request, "shipping/shipment.html", _truck(shipment_id) | {"section": "shipping"})


@guarded
@require_safe
def shipment_live(request: HttpRequest, shipment_id: int) -> HttpResponseBase:
    return render(request, "shipping/_shipment.html", _truck(shipment_id))


def _truck(shipment_id: int) -> dict[str, Any]:
    papers = [(kind.value, WORDS[kind]) for kind in PAPERS]
    return board.truck(shipment_id, at=timezone.now()) | {"papers": papers}


@guarded
@require_safe
def ask(request: HttpRequest, shipment_id: int, act: str) -> HttpResponseBase:
    """The dialog of one act: what it does, its reason, its button."""
    if act not in {**DO, **DECIDE}:
        raise Unknown("no_act", _("there is no act %(act)s") % {"act": act})
    page = board.truck(shipment_id, at=timezone.now())
    page |= {"act": act, "decide": act in DECIDE, "rack_id": _number(request.GET.get("rack", ""))}
    page["rack"] = Rack.objects.filter(pk=page["rack_id"]).first() if page["rack_id"] else None
    filled = Slot.objects.filter(rack=page["rack_id"], status=SlotStatus.FILLED).order_by("number")
    page["slots"] = filled.select_related("group__call_off") if act == "piece" else []
    return render(request, "shipping/_act.html", page)


@guarded
@require_POST
def do(request: HttpRequest, shipment_id: int, act: str) -> HttpResponseBase:
    """What logistics does with a truck: depart, trailer, arrival, closing again, paper."""
    return _acted(request, DO, shipment_id, act)


@guarded
@require_POST
def decide(request: HttpRequest, shipment_id: int, act: str) -> HttpResponseBase:
    """What a supervisor decides about a truck, with a reason."""
    return _acted(request, DECIDE, shipment_id, act)


def _acted(request: HttpRequest, acts: Mapping[str, Act], shipment_id: int, act: str) -> HttpResponse:
    if act not in acts:
        raise Unknown("no_act", _("there is no act %(act)s") % {"act": act})
    acts[act](shipment_id, _said(request), request.user.get_username(), timezone.now())
    return acted()


def _said(request: HttpRequest) -> Mapping[str, str]:
    return {name: str(request.POST.get(name, "")).strip() for name in request.POST}


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _rack(said: Mapping[str, str]) -> int:
    number = _number(said.get("rack", ""))
    if number is None:
        raise Invalid("rack_missing", _("choose the rack"))
    return number


def _depart(shipment_id: int, said: Mapping[str, str], by: str, at: datetime) -> object:
    seal, driver = said.get("seal", ""), said.get("driver", "")
    return services.depart_shipment(shipment_id, at=at, by=by, seal_number=seal, driver=driver)


def _trailer(shipment_id: int, said: Mapping[str, str], by: str, at: datetime) -> object:
    trailer = _number(said.get("trailer", ""))
    return services.set_trailer(
        shipment_id, trailer_type_id=trailer, truck=said.get("truck", ""), by=by, at=at
    )


def _print(shipment_id: int, said: Mapping[str, str], by: str, at: datetime) -> object:
    """Manifests and master labels lie on racks, the bill of lading on the truck."""
    kind = said.get("kind", "")
    if kind not in PAPERS:
        raise Invalid("no_paper", _("choose what is printed"))
    with transaction.atomic(durable=True):
        truck = lock_shipment(shipment_id)
        if kind == DocumentKind.BILL_OF_LADING:
            return print_document(DocumentKind(kind), truck, at=at, by=by, reason="at the desk")
        racks = Rack.objects.filter(shipment=truck).select_for_update(no_key=True).order_by("pk")
        return [
            print_document(DocumentKind(kind), rack, at=at, by=by, reason="at the desk") for rack in racks
        ]


PAPERS = (DocumentKind.MANIFEST, DocumentKind.BILL_OF_LADING, DocumentKind.MASTER_LABEL)

DO: Mapping[str, Act] = {
    "depart": _depart,
    "trailer": _trailer,
    "arrive": lambda pk, said, by, at: services.record_arrival(pk, at=at, by=by),
    "close-again": lambda pk, said, by, at: services.close_again(pk, by=by, at=at),
    "print": _print,
}


def _move(shipment_id: int, said: Mapping[str, str], by: str, at: datetime) -> object:
    target = _number(said.get("to", ""))
    return services.move_rack_to(_rack(said), target, by=by, reason=said.get("reason", ""), at=at)


def _piece(shipment_id: int, said: Mapping[str, str], by: str, at: datetime) -> object:
    """One piece goes ahead in a carrier of its own; without a shipment the next truck takes it."""
    group = _number(said.get("group", ""))
    if group is None:
        raise Invalid("piece_missing", _("choose the piece"))
    return services.move_group(
        group, said.get("carrier", ""), shipment_id=_number(said.get("to", "")), by=by, reason=said.get("reason", ""),
        at=at,
    )  # fmt: skip


def _join(shipment_id: int, said: Mapping[str, str], by: str, at: datetime) -> object:
    """Two trucks become one; which of them is unloaded first is said with it."""
    other = _number(said.get("to", ""))
    if other is None:
        raise Invalid("truck_missing", _("choose the other truck"))
    stops = [other, shipment_id] if said.get("first") == "other" else [shipment_id, other]
    return services.join_shipments(stops, by=by, at=at)


def _part(shipment_id: int, said: Mapping[str, str], by: str, at: datetime) -> None:
    trip = Shipment.objects.filter(pk=shipment_id).values_list("trip", flat=True).first()
    services.part_shipments(trip or 0, by=by, reason=said.get("reason", ""), at=at)


DECIDE: Mapping[str, Act] = {
    "piece": _piece,
    "short": lambda pk, said, by, at: services.send_short(pk, by=by, reason=said.get("reason", ""), at=at),
    "cancel": lambda pk, said, by, at: services.cancel_shipment(
        pk, by=by, reason=said.get("reason", ""), at=at
    ),
    "insert": lambda pk, said, by, at: services.insert_rack(
        pk, _rack(said), by=by, reason=said.get("reason", ""), at=at
    ),
    "move": _move,
    "join": _join,
    "part": _part,
}


@guarded
def emergency(request: HttpRequest) -> HttpResponseBase:
    """An emergency run: the racks that go, who pays and why."""
    if request.method != "POST":
        page = {"choices": board.emergency_choices(), "reasons": Shipment.CostReason.choices}
        return render(request, "shipping/_emergency.html", page)
    point = _number(request.POST.get("point", ""))
    racks = [number for number in map(_number, request.POST.getlist("rack")) if number is not None]
    if point is None and racks:
        program = Rack.objects.filter(pk=racks[0]).values_list(
            "commodity__program__unloading_point", flat=True
        )
        point = program.first()
    if point is None:
        raise Invalid("empty", _("choose the racks that go"))
    services.plan_emergency_run(
        point,
        racks,
        cost_reason=request.POST.get("cost_reason", ""),
        note=request.POST.get("note", ""),
        by=request.user.get_username(),
        at=timezone.now(),
    )
    return acted()


# --- returnable racks ------------------------------------------------------------------------------------


@guarded
@require_safe
def returnables(request: HttpRequest) -> HttpResponseBase:
    return render(request, "shipping/returnables.html", _returnables(request) | {"section": "returnables"})


@guarded
@require_safe
def returnables_live(request: HttpRequest) -> HttpResponseBase:
    return render(request, "shipping/_returnables.html", _returnables(request))


def _returnables(request: HttpRequest) -> dict[str, Any]:
    show = request.GET.get("show", "out")
    page = carrier_board.returnables(at=timezone.now(), rack_type=request.GET.get("type", ""), show=show)
    return page | {"types": RackType.objects.order_by("code"), "query": request.GET.urlencode()}


@guarded
def carrier_lose(request: HttpRequest, code: str) -> HttpResponseBase:
    if request.method != "POST":
        return render(request, "shipping/_lose.html", {"code": code})
    by = request.user.get_username()
    services.lose_carrier(code, by=by, reason=request.POST.get("reason", ""), at=timezone.now())
    return acted()


@guarded
@require_POST
def carrier_find(request: HttpRequest, code: str) -> HttpResponseBase:
    by = request.user.get_username()
    services.find_carrier(code, by=by, at=timezone.now(), reason=request.POST.get("reason", ""))
    return acted()


# --- shipped = confirmed = billed ------------------------------------------------------------------------


@guarded
@require_safe
def deliveries(request: HttpRequest) -> HttpResponseBase:
    show, number = request.GET.get("show", "differences"), request.GET.get("q", "").strip()
    page = delivery_board.deliveries(at=timezone.now(), show=show, number=number)
    return render(request, "shipping/deliveries.html", page | {"section": "deliveries"})


@guarded
@require_POST
def billing_import(request: HttpRequest) -> HttpResponseBase:
    """A self-billing CSV; what became of it is said on the page."""
    given = request.FILES.get("file")
    if given is None:
        raise Invalid("no_file", _("choose a CSV file"))
    if given.size is None or given.size > LARGEST_FILE:
        raise Invalid("bad_file", _("the file is larger than 5 MB; split it"))
    done = services.take_billing(given.read(), by=request.user.get_username(), at=timezone.now())
    words = [f"{done.taken} billed lines taken"]
    if done.known:
        words.append(f"{done.known} were taken before")
    if done.unmatched:
        words.append(f"{done.unmatched} fit no delivery of ours")
    (messages.warning if done.unmatched else messages.success)(request, ", ".join(words) + ".")
    return redirect("deliveries")


@guarded
def delivery_settle(request: HttpRequest, line_id: int) -> HttpResponseBase:
    """A difference is settled, or the confirmed quantity is entered by hand."""
    line = DeliveryLine.objects.select_related("shipment").filter(pk=line_id).first()
    if line is None:
        raise Unknown("no_delivery", _("there is no delivery line %(line_id)s") % {"line_id": line_id})
    if request.method != "POST":
        return render(request, "shipping/_settle.html", {"line": line})
    by, at, reason = request.user.get_username(), timezone.now(), request.POST.get("reason", "")
    if request.POST.get("quantity", "").strip():
        services.confirm_by_hand(
            line.shipment_id, customer_part=line.customer_part, quantity=_pieces(request.POST["quantity"]), by=by,
            reason=reason, at=at,
        )  # fmt: skip
    else:
        services.settle_difference(line_id, by=by, reason=reason, at=at)
    return acted()


def _pieces(text: str) -> Decimal:
    try:
        pieces = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        pieces = Decimal("NaN")
    if not pieces.is_finite() or abs(pieces) >= MOST_PIECES or pieces != round(pieces, 3):
        raise Invalid("bad_quantity", _("%(text)s is no quantity") % {"text": repr(text[:20])})
    return pieces


@guarded
def billing_settle(request: HttpRequest, billing_id: int) -> HttpResponseBase:
    """A billed line that fits no delivery: it is matched by hand, or settled."""
    billed = BillingLine.objects.filter(pk=billing_id).first()
    if billed is None:
        raise Unknown("no_billing", _("there is no billed line %(billing_id)s") % {"billing_id": billing_id})
    if request.method != "POST":
        near = DeliveryLine.objects.filter(customer_part=billed.customer_part, billed__isnull=True)
        near = near.select_related("shipment").order_by("-shipment__departed_at")[:20]
        return render(request, "shipping/_match.html", {"billed": billed, "near": near})
    by, at, reason = request.user.get_username(), timezone.now(), request.POST.get("reason", "")
    delivery = _number(request.POST.get("delivery", ""))
    if delivery is not None:
        services.match_billing(billing_id, delivery, by=by, reason=reason, at=at)
    else:
        services.settle_billing(billing_id, by=by, reason=reason, at=at)
    return acted()


# --- what an OEM sees ------------------------------------------------------------------------------------


@guarded
def links(request: HttpRequest) -> HttpResponseBase:
    """Share links: make one, see who has which, withdraw."""
    at = timezone.now()
    if request.method == "POST":
        plant, days = _number(request.POST.get("plant", "")), _number(request.POST.get("days", ""))
        if plant is None or days is None:
            raise Invalid("bad_life", _("choose the plant and how many days the link lives"))
        name = request.POST.get("name", "")
        services.share(plant, name=name, days=days, by=request.user.get_username(), at=at)
        return redirect("share-links")
    rows = [
        {"link": link, "address": request.build_absolute_uri(reverse("share", args=[services.token_of(link)])),
         "alive": link.revoked_at is None and at < link.expires_at}
        for link in ShareLink.objects.select_related("plant")[:100]
    ]  # fmt: skip
    plants = OemPlant.objects.order_by("code")
    return render(request, "shipping/links.html", {"rows": rows, "plants": plants, "section": "shipping"})


@guarded
@require_POST
def link_revoke(request: HttpRequest, link_id: int) -> HttpResponseBase:
    services.revoke_share(link_id, by=request.user.get_username(), at=timezone.now())
    return redirect("share-links")


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    """The OEM's page. No log-in; no person of ours is named; nothing can be changed."""
    at = timezone.now()
    try:
        link = services.open_share(token, at=at)
    except Refused as no:
        answer = render(request, "share/closed.html", {"error": no}, status=no.status)
    else:
        answer = render(request, "share/share.html", board.shared(link.plant, at=at) | {"link": link})
    # The address is the key: it is not handed on by the browser and not kept by search machines.
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
