"""Addresses of the gate's pages, below /edi/."""

from django.urls import path

from edi import views

urlpatterns = [
    path("", views.monitor, name="edi"),
    path("live/", views.monitor_live, name="edi-live"),
    path("pulse/", views.pulse, name="edi-pulse"),
    path("deliveries/<int:delivery_id>/", views.delivery, name="delivery"),
    path("deliveries/<int:delivery_id>/raw/", views.delivery_raw, name="delivery-raw"),
    path("deliveries/<int:delivery_id>/reprocess/", views.delivery_reprocess, name="delivery-reprocess"),
    path("events/<int:event_id>/preview/", views.event_preview, name="event-preview"),
    path("events/<int:event_id>/reprocess/", views.event_reprocess, name="event-reprocess"),
    path("events/<int:event_id>/discard/", views.event_discard, name="event-discard"),
    path("outbound/<int:message_id>/", views.outbound, name="outbound"),
    path("outbound/<int:message_id>/raw/", views.outbound_raw, name="outbound-raw"),
    path("outbound/<int:message_id>/resend/", views.outbound_resend, name="outbound-resend"),
]
