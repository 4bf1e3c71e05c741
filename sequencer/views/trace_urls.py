"""Addresses of trace and recall."""

from django.urls import path

from sequencer.views import trace

trace_urls = [
    path("trace/", trace.search, name="trace"),
    path("trace/recall/", trace.recall, name="recall"),
    path("trace/recall/issue/", trace.recall_issue, name="recall-issue"),
    path("trace/recall/<int:list_id>/", trace.recall_list, name="recall-list"),
    path("trace/<str:kind>/<path:key>/", trace.subject, name="trace-subject"),
]
