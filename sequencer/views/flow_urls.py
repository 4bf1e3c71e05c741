"""Addresses of work flow: incomplete sets, kit lists."""

from __future__ import annotations

from django.urls import path

from sequencer.views import flow

flow_urls = [
    path("sets/", flow.sets, name="sets"),
    path("sets/<int:rack_id>/release/", flow.sets_release, name="sets-release"),
    path("kits/", flow.kits, name="kits"),
    path("kits/<int:rack_id>/", flow.kit, name="kit"),
    path("kits/routes/", flow.routes, name="routes"),
    path("kits/routes/<int:commodity_id>/switch/", flow.routes_switch, name="routes-switch"),
    path("kits/<int:rack_id>/pdf/", flow.kit_pdf, name="kit-pdf"),
]
