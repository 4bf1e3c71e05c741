"""Addresses of plans as JSON, for the board, and of the work lists."""

from django.urls import path

from scheduling.views import plans, work

plan_urls = [
    path("plans/<int:plan_id>/bars/", plans.bars, name="schedule-bars"),
    path("plans/<int:plan_id>/move/", plans.move, name="schedule-move"),
    path("plans/<int:plan_id>/preview/", plans.preview, name="schedule-preview"),
    path("plans/<int:plan_id>/lock/", plans.lock, name="schedule-lock"),
    path("plans/<int:plan_id>/arrange/", plans.arrange, name="schedule-arrange"),
    path("plans/<int:plan_id>/undo/", plans.undo, name="schedule-undo"),
    path("plans/<int:plan_id>/compare/<int:other_id>/", plans.compare, name="schedule-compare"),
    path("plans/<int:plan_id>/run/", plans.run, name="schedule-run"),
    path("plans/<int:plan_id>/export.csv", plans.export, name="schedule-export"),
    path("runs/<int:run_id>/cancel/", plans.run_cancel, name="schedule-run-cancel"),
    path("work/", work.resources, name="schedule-work-lists"),
    path("work/<str:code>/", work.work, name="schedule-work"),
    path("work/<str:code>/live/", work.work_live, name="schedule-work-live"),
    path("work/<str:code>/do/", work.work_do, name="schedule-work-do"),
]
