"""Addresses of work while a station is cut off."""

from __future__ import annotations

from django.urls import path

from sequencer.views import offline, paper

offline_urls = [
    path("station/<int:station_id>/pack", offline.pack, name="station-pack"),
    path("station/<int:station_id>/replay", offline.replay, name="station-replay"),
    path("station/<int:station_id>/worker.js", offline.worker, name="station-worker"),
    path("offline/", offline.spells, name="offline"),
    path("offline/<int:spell_id>/give-up/", offline.give_up, name="offline-give-up"),
    path("offline/paper/", paper.board, name="paper"),
    path("offline/paper/lines/<int:line_id>/render/", paper.render_now, name="paper-render"),
    path("offline/paper/lines/<int:line_id>/all.pdf", paper.all_sheets, name="paper-all"),
    path("offline/paper/<str:code>.pdf", paper.sheet, name="paper-sheet"),
]
