"""Addresses of overrides and bypasses."""

from __future__ import annotations

from django.urls import path

from sequencer.views import authority

authority_urls = [
    path("overrides/", authority.overrides, name="overrides"),
    path("overrides/<int:override_id>/review/", authority.override_review, name="override-review"),
    path("overrides/<int:override_id>/revoke/", authority.override_revoke, name="override-revoke"),
    path("bypass/", authority.bypass, name="bypass"),
    path("bypass/open/", authority.bypass_open, name="bypass-open"),
    path("bypass/<int:bypass_id>/do/<slug:act>/", authority.bypass_do, name="bypass-do"),
    path("bypass/<int:bypass_id>/units.csv", authority.bypass_units, name="bypass-units"),
    path("stations/<str:code>/challenge-labels.pdf", authority.challenge_labels, name="challenge-labels"),
]
