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
    ADMINISTRATOR = "administrator"


EVERYONE = frozenset(Role)
OFFICE = EVERYONE - {Role.OPERATOR}
SUPERVISOR = frozenset({Role.SUPERVISOR})
GATE_KEEPERS = frozenset({Role.LOGISTICS, Role.SUPERVISOR, Role.ADMINISTRATOR})
# Who may be the second pair of eyes on a call entered by hand; never the person who entered it.
APPROVERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
SCANNERS = frozenset({Role.OPERATOR, Role.LOGISTICS, Role.SUPERVISOR})
PACKERS = frozenset({Role.OPERATOR, Role.QUALITY, Role.SUPERVISOR})
ADMIN_READERS = frozenset({Role.LOGISTICS, Role.QUALITY, Role.SUPERVISOR, Role.ADMINISTRATOR})
DECIDERS = frozenset({Role.LOGISTICS, Role.QUALITY, Role.SUPERVISOR})
PACKERS = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
LOADERS = frozenset({Role.LOGISTICS, Role.SUPERVISOR, Role.ADMINISTRATOR})
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
    "station-enrol": ENROLLERS,
    "dock": LOADERS,
    "dock-state": LOADERS,
    "dock-scan": LOADERS,
    "dock-commands": LOADERS,
    "dock-enrol": ENROLLERS,
    "rack-manifest": EVERYONE,
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
    # REST API
    "api-calloff-list": EVERYONE,
    "api-calloff-detail": EVERYONE,
    "api-rack-list": EVERYONE,
    "api-rack-detail": EVERYONE,
    "api-rack-seal": SCANNERS,
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
    "api-demand-list": OFFICE,
    "api-demand-detail": OFFICE,
    "api-balance-list": OFFICE,
    "api-balance-detail": OFFICE,
    "api-schema": EVERYONE,
    "api-docs": EVERYONE,
    "api-redoc": EVERYONE,
}

# Open by design: who has no log-in yet, and browsers enrolled as a station.
PUBLIC = frozenset({"login", "logout"})

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
