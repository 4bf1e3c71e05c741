"""Addresses of the shipping desk and of what follows a truck."""

from __future__ import annotations

from django.urls import path

from sequencer.views import shipping

shipping_urls = [
    path("shipping/", shipping.desk, name="shipping"),
    path("shipping/live/", shipping.desk_live, name="shipping-live"),
    path("shipping/emergency/", shipping.emergency, name="shipping-emergency"),
    path("shipping/links/", shipping.links, name="share-links"),
    path("shipping/links/<int:link_id>/revoke/", shipping.link_revoke, name="share-revoke"),
    path("shipping/<int:shipment_id>/", shipping.shipment, name="shipment"),
    path("shipping/<int:shipment_id>/live/", shipping.shipment_live, name="shipment-live"),
    path("shipping/<int:shipment_id>/ask/<slug:act>/", shipping.ask, name="shipment-ask"),
    path("shipping/<int:shipment_id>/do/<slug:act>/", shipping.do, name="shipment-do"),
    path("shipping/<int:shipment_id>/decide/<slug:act>/", shipping.decide, name="shipment-decide"),
    path("returnables/", shipping.returnables, name="returnables"),
    path("returnables/live/", shipping.returnables_live, name="returnables-live"),
    path("returnables/<str:code>/lost/", shipping.carrier_lose, name="carrier-lose"),
    path("returnables/<str:code>/found/", shipping.carrier_find, name="carrier-find"),
    path("deliveries/", shipping.deliveries, name="deliveries"),
    path("deliveries/billing/", shipping.billing_import, name="billing-import"),
    path("deliveries/<int:line_id>/settle/", shipping.delivery_settle, name="delivery-settle"),
    path("deliveries/billing/<int:billing_id>/settle/", shipping.billing_settle, name="billing-settle"),
    path("share/<str:token>/", shipping.shared, name="share"),
]
