"""Addresses of racks."""

from __future__ import annotations

from django.urls import path

from sequencer.views import racks

racks_urls = [
    path("racks/", racks.racks, name="racks"),
    path("racks/<int:rack_id>/", racks.rack, name="rack"),
    path("racks/<int:rack_id>/live/", racks.rack_live, name="rack-live"),
    path("racks/<int:rack_id>/look/", racks.rack_look, name="rack-look"),
    path("racks/<int:rack_id>/decide/", racks.rack_decide, name="rack-decide"),
]
