"""Addresses of the gate's pages, below /edi/."""

from django.urls import path

from edi import desk_views, gap_views, parallel_views, usage_views, views

urlpatterns = [
    path("", views.monitor, name="edi"),
    path("live/", views.monitor_live, name="edi-live"),
    path("pulse/", views.pulse, name="edi-pulse"),
    *gap_views.urlpatterns,
    *usage_views.urlpatterns,
    *parallel_views.urlpatterns,
    path("quarantine/", views.quarantine, name="quarantine"),
    path("quarantine/live/", views.quarantine_live, name="quarantine-live"),
    path("quarantine/release/", views.quarantine_release, name="quarantine-release"),
    path("quarantine/discard/", views.quarantine_discard, name="quarantine-discard"),
    path("deliveries/<int:delivery_id>/", views.delivery, name="delivery"),
    path("deliveries/<int:delivery_id>/raw/", views.delivery_raw, name="delivery-raw"),
    path("deliveries/<int:delivery_id>/canonical/", views.delivery_canonical, name="delivery-canonical"),
    path("deliveries/<int:delivery_id>/reprocess/", views.delivery_reprocess, name="delivery-reprocess"),
    path("deliveries/<int:delivery_id>/discard/", views.delivery_discard, name="delivery-discard"),
    path("deliveries/<int:delivery_id>/correct/", desk_views.delivery_correct, name="delivery-correct"),
    path("messages/<int:message_id>/discard/", views.message_discard, name="message-discard"),
    path("messages/<int:message_id>/correct/", desk_views.message_correct, name="message-correct"),
    path("events/<int:event_id>/preview/", views.event_preview, name="event-preview"),
    path("events/<int:event_id>/reprocess/", views.event_reprocess, name="event-reprocess"),
    path("events/<int:event_id>/discard/", views.event_discard, name="event-discard"),
    path("events/<int:event_id>/correct/", desk_views.event_correct, name="event-correct"),
    path("manual/", desk_views.manual, name="manual"),
    path("manual/live/", desk_views.manual_live, name="manual-live"),
    path("manual/new/", desk_views.manual_new, name="manual-new"),
    path("manual/<int:entry_id>/", desk_views.manual_entry, name="manual-entry"),
    path("manual/<int:entry_id>/approve/", desk_views.manual_approve, name="manual-approve"),
    path("manual/<int:entry_id>/refuse/", desk_views.manual_refuse, name="manual-refuse"),
    path("simulate/", desk_views.simulate, name="simulate"),
    path("outbound/<int:message_id>/", views.outbound, name="outbound"),
    path("outbound/<int:message_id>/raw/", views.outbound_raw, name="outbound-raw"),
    path("outbound/<int:message_id>/resend/", views.outbound_resend, name="outbound-resend"),
]
