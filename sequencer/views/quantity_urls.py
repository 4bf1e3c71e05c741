"""Addresses of what is called by quantity."""

from __future__ import annotations

from django.urls import path

from sequencer.views import quantity

quantity_urls = [
    path("quantity/", quantity.calls, name="quantity"),
    path("quantity/new/", quantity.enter, name="quantity-enter"),
    path("quantity/<int:call_id>/", quantity.call, name="quantity-call"),
    path("quantity/<int:call_id>/change/", quantity.change, name="quantity-change"),
    path("quantity/boxes/<int:box_id>/empty/", quantity.empty, name="quantity-empty"),
    path("quantity/trucks/<int:point_id>/", quantity.truck, name="quantity-truck"),
]
