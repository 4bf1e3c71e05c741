"""Addresses of exceptions and quality holds."""

from __future__ import annotations

from django.urls import path

from sequencer.views import exceptions, quality

exceptions_urls = [
    path("exceptions/", exceptions.exceptions, name="exceptions"),
    path("exceptions/reorder/", exceptions.reorder, name="reorder"),
    path("quality/", quality.quality, name="quality"),
    path("quality/place/", quality.quality_place, name="quality-place"),
    path("quality/<int:hold_id>/", quality.quality_hold, name="quality-hold"),
    path("quality/<int:hold_id>/release/", quality.quality_release, name="quality-release"),
]
