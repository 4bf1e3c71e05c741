"""Addresses of the floor: stations, docks and the paper they print."""

from __future__ import annotations

from django.urls import path

from sequencer.views import floor

floor_urls = [
    path("station/<int:station_id>/", floor.page, name="station"),
    path("station/<int:station_id>/state", floor.state, name="station-state"),
    path("station/<int:station_id>/scan", floor.scan, name="station-scan"),
    path("station/<int:station_id>/enrol", floor.enrolment, name="station-enrol"),
    path("station/<int:station_id>/language", floor.language, name="station-language"),
    path("parts/<int:part_id>/picture", floor.part_picture, name="part-picture"),
    path("station/<int:station_id>/commands.pdf", floor.command_sheet, name="station-commands"),
    path("dock/<int:station_id>/", floor.page, name="dock"),
    path("dock/<int:station_id>/state", floor.state, name="dock-state"),
    path("dock/<int:station_id>/scan", floor.scan, name="dock-scan"),
    path("dock/<int:station_id>/enrol", floor.enrolment, name="dock-enrol"),
    path("dock/<int:station_id>/commands.pdf", floor.command_sheet, name="dock-commands"),
    path("racks/<int:rack_id>/manifest.pdf", floor.rack_manifest, name="rack-manifest"),
]
