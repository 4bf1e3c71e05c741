"""Who may open which page and API. One table by URL name; a name that is missing is open to nobody.

A superuser may do everything. Stations are enrolled browsers, not log-ins, and guard themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from inventory.errors import Refused
from inventory.rights import groups_of


class Role(StrEnum):
    """The groups of the plant; a person may be in several."""

    OPERATOR = "operator"
    LOGISTICS = "logistics"
    QUALITY = "quality"
    SUPERVISOR = "supervisor"
    PLANNER = "planner"
    ADMINISTRATOR = "administrator"


EVERYONE = frozenset(Role)
OFFICE = EVERYONE - {Role.OPERATOR}
SUPERVISOR = frozenset({Role.SUPERVISOR})
QUALITY = frozenset({Role.QUALITY})
GATE_KEEPERS = frozenset({Role.LOGISTICS, Role.SUPERVISOR, Role.ADMINISTRATOR})
# Who may be the second pair of eyes on a call entered by hand; never the person who entered it.
APPROVERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
SCANNERS = frozenset({Role.OPERATOR, Role.LOGISTICS, Role.SUPERVISOR})
ADMIN_READERS = frozenset({Role.LOGISTICS, Role.QUALITY, Role.SUPERVISOR, Role.PLANNER, Role.ADMINISTRATOR})
DECIDERS = frozenset({Role.LOGISTICS, Role.QUALITY, Role.SUPERVISOR})
PACKERS = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
LOADERS = frozenset({Role.LOGISTICS, Role.SUPERVISOR, Role.ADMINISTRATOR})
REVIEWERS = frozenset({Role.QUALITY, Role.SUPERVISOR, Role.ADMINISTRATOR})
PLANNERS = frozenset({Role.PLANNER, Role.SUPERVISOR, Role.ADMINISTRATOR})
# Who begins and ends operations of a work list.
MAKERS = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.PLANNER})
ENROLLERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})

ACCESS: Mapping[str, frozenset[Role]] = {
    # pages of the core
    "home": EVERYONE,
    "lines": EVERYONE,
    "lines-live": EVERYONE,
    "line": EVERYONE,
    "line-live": EVERYONE,
    "gap": DECIDERS,
    "gap-accept": SUPERVISOR,
    "task": DECIDERS,
    "task-acknowledge": DECIDERS,
    "task-close": DECIDERS,
    "events": EVERYONE,
    # the floor: browsers enrolled as the station come in without a log-in
    "station": PACKERS,
    "station-state": PACKERS,
    "station-scan": PACKERS,
    "station-commands": PACKERS,
    "station-language": PACKERS,
    "station-pack": PACKERS,
    "station-replay": PACKERS,
    "station-worker": PACKERS,
    "offline": OFFICE,
    "offline-give-up": SUPERVISOR,
    "paper": EVERYONE,
    "paper-all": EVERYONE,
    "paper-sheet": EVERYONE,
    "paper-render": GATE_KEEPERS,
    "part-picture": EVERYONE,
    "station-enrol": ENROLLERS,
    "dock": LOADERS,
    "dock-state": LOADERS,
    "dock-scan": LOADERS,
    "dock-commands": LOADERS,
    "dock-enrol": ENROLLERS,
    "rack-manifest": EVERYONE,
    "exceptions": EVERYONE,
    "reorder": GATE_KEEPERS,
    "quality": EVERYONE,
    "quality-hold": EVERYONE,
    "quality-place": QUALITY,
    "quality-release": QUALITY,
    "racks": EVERYONE,
    "rack": EVERYONE,
    "rack-live": EVERYONE,
    "rack-look": EVERYONE,
    "rack-decide": SUPERVISOR,
    "sets": EVERYONE,
    "sets-release": SUPERVISOR,
    "kits": EVERYONE,
    "kit": EVERYONE,
    "kit-pdf": EVERYONE,
    "routes": EVERYONE,
    "routes-switch": GATE_KEEPERS,
    # what is called by quantity
    "quantity": EVERYONE,
    "quantity-call": EVERYONE,
    "quantity-enter": GATE_KEEPERS,
    "quantity-change": GATE_KEEPERS,
    "quantity-empty": GATE_KEEPERS,
    "quantity-truck": LOADERS,
    # what people let pass, and what stands in for a broken check
    "overrides": OFFICE,
    "override-review": REVIEWERS,
    "override-revoke": ENROLLERS,
    "bypass": OFFICE,
    "bypass-open": REVIEWERS,
    "bypass-do": REVIEWERS,
    "bypass-units": OFFICE,
    "challenge-labels": OFFICE,
    # labels and papers
    "printing": EVERYONE,
    "printing-live": EVERYONE,
    "print-job": EVERYONE,
    "print-job-pdf": EVERYONE,
    "print-job-zpl": OFFICE,
    "print-retry": EVERYONE,
    "print-settle": EVERYONE,
    "print-reprint": EVERYONE,
    "print-preview": EVERYONE,
    "print-it": EVERYONE,
    # shipping desk, returnable racks, deliveries
    "shipping": EVERYONE,
    "shipping-live": EVERYONE,
    "shipping-emergency": SUPERVISOR,
    "shipment": EVERYONE,
    "shipment-live": EVERYONE,
    "shipment-ask": LOADERS,
    "shipment-do": LOADERS,
    "shipment-decide": SUPERVISOR,
    "returnables": EVERYONE,
    "returnables-live": EVERYONE,
    "carrier-lose": LOADERS,
    "carrier-find": LOADERS,
    "deliveries": OFFICE,
    "billing-import": GATE_KEEPERS,
    "delivery-settle": GATE_KEEPERS,
    "billing-settle": GATE_KEEPERS,
    "share-links": GATE_KEEPERS,
    "share-revoke": GATE_KEEPERS,
    # where things went, and what is of the same lot
    "trace": OFFICE,
    "trace-subject": OFFICE,
    "recall": OFFICE,
    "recall-list": OFFICE,
    "recall-issue": DECIDERS,
    # demand that is not called in sequence
    "demand": OFFICE,
    # master data; who may write there stands with each page of admin
    "admin": ADMIN_READERS,
    # what crosses the gate
    "edi": OFFICE,
    "edi-live": OFFICE,
    "edi-pulse": EVERYONE,
    "edi-gaps": OFFICE,
    "edi-gaps-live": OFFICE,
    "edi-gap-requests": OFFICE,
    "edi-gap-request-file": OFFICE,
    "transmission-gap": OFFICE,
    "transmission-gap-request-file": OFFICE,
    "transmission-gap-accept": SUPERVISOR,
    "counter-restart": SUPERVISOR,
    "closings": OFFICE,
    "edi-usage": OFFICE,
    "edi-usage-live": OFFICE,
    "edi-usage-accept": GATE_KEEPERS,
    "edi-parallel": OFFICE,
    "delivery": OFFICE,
    "delivery-raw": OFFICE,
    "delivery-reprocess": GATE_KEEPERS,
    "delivery-canonical": OFFICE,
    "delivery-discard": GATE_KEEPERS,
    "delivery-correct": GATE_KEEPERS,
    "message-discard": GATE_KEEPERS,
    "message-correct": GATE_KEEPERS,
    "event-preview": OFFICE,
    "event-reprocess": GATE_KEEPERS,
    "event-discard": GATE_KEEPERS,
    "event-correct": GATE_KEEPERS,
    "quarantine": OFFICE,
    "quarantine-live": OFFICE,
    "quarantine-release": GATE_KEEPERS,
    "quarantine-discard": GATE_KEEPERS,
    "manual": OFFICE,
    "manual-live": OFFICE,
    "manual-new": GATE_KEEPERS,
    "manual-entry": OFFICE,
    "manual-approve": APPROVERS,
    "manual-refuse": GATE_KEEPERS,
    "simulate": GATE_KEEPERS,
    "outbound": OFFICE,
    "outbound-raw": OFFICE,
    "outbound-resend": GATE_KEEPERS,
    # plans of production, as JSON for the board
    "schedule-bars": OFFICE,
    "schedule-move": PLANNERS,
    "schedule-preview": PLANNERS,
    "schedule-lock": PLANNERS,
    "schedule-undo": PLANNERS,
    "schedule-compare": OFFICE,
    "schedule-arrange": PLANNERS,
    # the scheduling board and the pages beside it
    "schedule": OFFICE,
    "schedule-plans": OFFICE,
    "schedule-plans-live": OFFICE,
    "schedule-plan-make": PLANNERS,
    "schedule-side-by-side": OFFICE,
    "schedule-plan": OFFICE,
    "schedule-plan-live": OFFICE,
    "schedule-overview": OFFICE,
    "schedule-chosen": OFFICE,
    "schedule-cautions": OFFICE,
    "schedule-run-ask": PLANNERS,
    "schedule-run-panel": OFFICE,
    "schedule-run-stop": PLANNERS,
    "schedule-run-seen": PLANNERS,
    "schedule-alarms": OFFICE,
    "schedule-csv": OFFICE,
    "schedule-pdf": OFFICE,
    "schedule-plan-copy": PLANNERS,
    "schedule-plan-publish": PLANNERS,
    "schedule-plan-take-back": PLANNERS,
    "schedule-orders": OFFICE,
    "schedule-orders-template": OFFICE,
    "schedule-orders-judge": PLANNERS,
    "schedule-orders-take": PLANNERS,
    "schedule-orders-follow": PLANNERS,
    "schedule-matrix": OFFICE,
    "schedule-matrix-preview": PLANNERS,
    "schedule-matrix-save": PLANNERS,
    "schedule-matrix-csv": OFFICE,
    "schedule-steps": OFFICE,
    "schedule-steps-live": OFFICE,
    "schedule-step-new": PLANNERS,
    "schedule-step": PLANNERS,
    "schedule-step-delete": PLANNERS,
    "schedule-step-act": PLANNERS,
    "schedule-export": OFFICE,
    "schedule-run": PLANNERS,
    "schedule-run-cancel": PLANNERS,
    "schedule-work-lists": EVERYONE,
    "schedule-work": EVERYONE,
    "schedule-work-live": EVERYONE,
    "schedule-work-do": MAKERS,
    # REST API
    "api-calloff-list": EVERYONE,
    "api-calloff-detail": EVERYONE,
    "api-rack-list": EVERYONE,
    "api-rack-detail": EVERYONE,
    "api-rack-type-list": EVERYONE,
    "api-rack-type-detail": EVERYONE,
    "api-rack-move-list": EVERYONE,
    "api-hold-cart-list": EVERYONE,
    "api-line-position-list": LOADERS,
    "api-open-set-list": EVERYONE,
    "api-open-set-release": SUPERVISOR,
    "api-group-route-switch": SUPERVISOR,
    "api-commodity-route-switch": GATE_KEEPERS,
    "api-quantity-call-list": EVERYONE,
    "api-quantity-call-detail": EVERYONE,
    "api-quantity-call-change": GATE_KEEPERS,
    "api-quantity-call-withdraw": GATE_KEEPERS,
    "api-handling-unit-list": EVERYONE,
    "api-handling-unit-detail": EVERYONE,
    "api-light-command-list": EVERYONE,
    "api-light-command-acknowledge": LOADERS,
    "api-rack-seal": SCANNERS,
    "api-paper-sheet-list": EVERYONE,
    "api-rack-reopen": frozenset({Role.QUALITY, Role.SUPERVISOR}),
    "api-rack-approve-holes": SUPERVISOR,
    "api-scan-list": SCANNERS,
    "api-shipment-list": EVERYONE,
    "api-shipment-detail": EVERYONE,
    "api-shipment-depart": frozenset({Role.LOGISTICS, Role.SUPERVISOR}),
    "api-gap-list": EVERYONE,
    "api-gap-detail": EVERYONE,
    "api-gap-accept": SUPERVISOR,
    "api-task-list": EVERYONE,
    "api-task-detail": EVERYONE,
    "api-task-acknowledge": DECIDERS,
    "api-trace-list": OFFICE,
    "api-trace-subject": OFFICE,
    "api-recall-list": OFFICE,
    "api-recall-issue": DECIDERS,
    "api-demand-list": OFFICE,
    "api-demand-detail": OFFICE,
    "api-carrier-movement-list": EVERYONE,
    "api-carrier-movement-detail": EVERYONE,
    "api-delivery-list": OFFICE,
    "api-delivery-detail": OFFICE,
    "api-dock-signal-list": EVERYONE,
    "api-dock-signal-detail": EVERYONE,
    "api-shipment-decision-send-short": SUPERVISOR,
    "api-shipment-decision-cancel": SUPERVISOR,
    "api-shipment-decision-join": SUPERVISOR,
    "api-shipment-decision-part": SUPERVISOR,
    "api-shipment-decision-arrive": LOADERS,
    "api-shipment-decision-emergency": SUPERVISOR,
    "api-balance-list": OFFICE,
    "api-balance-detail": OFFICE,
    "api-print-job-list": EVERYONE,
    "api-print-job-detail": EVERYONE,
    "api-print-job-reprint": EVERYONE,
    "api-print-job-retry": EVERYONE,
    "api-printer-list": EVERYONE,
    "api-printer-detail": EVERYONE,
    "api-label-list": EVERYONE,
    "api-label-detail": EVERYONE,
    "api-exception-list": EVERYONE,
    "api-exception-detail": EVERYONE,
    "api-exception-reorder": GATE_KEEPERS,
    "api-exception-scrap": frozenset({Role.QUALITY, Role.SUPERVISOR}),
    "api-quality-hold-list": EVERYONE,
    "api-quality-hold-detail": EVERYONE,
    "api-quality-hold-place": QUALITY,
    "api-quality-hold-release": QUALITY,
    "api-sealed-move-list": EVERYONE,
    "api-sealed-move-decide": SUPERVISOR,
    "api-override-list": OFFICE,
    "api-override-detail": OFFICE,
    "api-bypass-list": OFFICE,
    "api-bypass-detail": OFFICE,
    "api-error-proofing-list": OFFICE,
    "api-error-proofing-detail": OFFICE,
    "api-plan-list": OFFICE,
    "api-plan-detail": OFFICE,
    "api-plan-copy": PLANNERS,
    "api-plan-publish": PLANNERS,
    "api-plan-take-back": PLANNERS,
    "api-plan-run": PLANNERS,
    "api-plan-move": PLANNERS,
    "api-plan-preview": PLANNERS,
    "api-plan-lock": PLANNERS,
    "api-plan-undo": PLANNERS,
    "api-schedule-run-list": OFFICE,
    "api-schedule-run-detail": OFFICE,
    "api-schedule-run-cancel": PLANNERS,
    "api-plan-bar-list": OFFICE,
    "api-plan-move-record-list": OFFICE,
    "api-plan-move-record-detail": OFFICE,
    "api-plan-export-list": OFFICE,
    "api-plan-export-detail": OFFICE,
    "api-resource-list": OFFICE,
    "api-resource-detail": OFFICE,
    "api-setup-time-list": OFFICE,
    "api-setup-time-detail": OFFICE,
    "api-sequencing-step-list": OFFICE,
    "api-sequencing-step-detail": OFFICE,
    "api-order-list": OFFICE,
    "api-order-detail": OFFICE,
    "api-order-firm": PLANNERS,
    "api-order-cancel": PLANNERS,
    "api-order-take-releases": PLANNERS,
    "api-order-take-file": PLANNERS,
    "api-order-reckoning": OFFICE,
    "api-stock-count-list": OFFICE,
    "api-stock-count-detail": OFFICE,
    "api-operation-list": EVERYONE,
    "api-operation-detail": EVERYONE,
    "api-operation-start": MAKERS,
    "api-operation-finish": MAKERS,
    "api-schema": EVERYONE,
    "api-docs": EVERYONE,
    "api-redoc": EVERYONE,
}

# Open by design: who has no log-in yet, browsers enrolled as a station, OEMs by a signed link that expires.
PUBLIC = frozenset({"login", "logout", "language", "share"})

User = AbstractBaseUser | AnonymousUser
P = ParamSpec("P")


def may(user: Any, name: str) -> bool:
    """May this person open the URL of that name? Unknown names are open to nobody but superusers."""
    if not user.is_authenticated:
        return False
    return bool(user.is_superuser or groups_of(user) & ACCESS.get(name, frozenset()))


def guarded(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Page decorator: the log-in page for strangers, a plain refusal for the wrong role."""

    @wraps(view)
    def gate(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        match = request.resolver_match
        if may(request.user, match.view_name if match else ""):
            return view(request, *args, **kwargs)
        return turned_away(request, match.view_name if match else "")

    return gate


def turned_away(request: HttpRequest, name: str) -> HttpResponse:
    """Log-in for who is not known, 403 with the reason for who is."""
    if not request.user.is_authenticated:
        if getattr(request, "htmx", False) or "application/json" in request.headers.get("Accept", ""):
            return HttpResponse("Log in again.", status=401, content_type="text/plain")
        return redirect_to_login(request.get_full_path())
    needed = ", ".join(sorted(ACCESS.get(name, frozenset())))
    words = f"This is for {needed}." if needed else "Nobody may open this."
    error = Refused("not_your_role", words)
    template = "components/_refused.html" if getattr(request, "htmx", False) else "refused.html"
    return render(request, template, {"error": error}, status=403)


class InTable(BasePermission):
    """DRF: the same table, by the name of the route."""

    message = "Your role may not do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        match = request.resolver_match
        return may(request.user, match.view_name if match else "")
