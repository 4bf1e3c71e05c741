"""Addresses of the pages of the schedule."""

from django.urls import path

from scheduling.views import board, matrix, orders, paper, plan_pages, run_pages, steps

board_urls = [
    path("", board.schedule, name="schedule"),
    path("plans/", plan_pages.plans, name="schedule-plans"),
    path("plans/live/", plan_pages.plans_live, name="schedule-plans-live"),
    path("plans/new/", plan_pages.plan_make, name="schedule-plan-make"),
    path("plans/compare/", plan_pages.compare, name="schedule-side-by-side"),
    path("plans/<int:plan_id>/", board.plan, name="schedule-plan"),
    path("plans/<int:plan_id>/live/", board.plan_live, name="schedule-plan-live"),
    path("plans/<int:plan_id>/overview/", board.overview, name="schedule-overview"),
    path("plans/<int:plan_id>/chosen/", board.chosen, name="schedule-chosen"),
    path("plans/<int:plan_id>/cautions/", board.cautions, name="schedule-cautions"),
    path("plans/<int:plan_id>/run/ask/", run_pages.run_ask, name="schedule-run-ask"),
    path("plans/<int:plan_id>/run/panel/", run_pages.run_panel, name="schedule-run-panel"),
    path("runs/<int:run_id>/stop/", run_pages.run_stop, name="schedule-run-stop"),
    path("runs/<int:run_id>/seen/", run_pages.run_seen, name="schedule-run-seen"),
    path("alarms/", run_pages.alarms, name="schedule-alarms"),
    path("plans/<int:plan_id>/csv/", paper.plan_csv, name="schedule-csv"),
    path("plans/<int:plan_id>/pdf/", paper.plan_pdf, name="schedule-pdf"),
    path("plans/<int:plan_id>/copy/", plan_pages.plan_copy, name="schedule-plan-copy"),
    path("plans/<int:plan_id>/publish/", plan_pages.plan_publish, name="schedule-plan-publish"),
    path("plans/<int:plan_id>/take-back/", plan_pages.plan_take_back, name="schedule-plan-take-back"),
    path("orders/", orders.orders, name="schedule-orders"),
    path("orders/template.csv", orders.template, name="schedule-orders-template"),
    path("orders/check/", orders.judge, name="schedule-orders-judge"),
    path("orders/take/", orders.take, name="schedule-orders-take"),
    path("orders/follow/", orders.follow, name="schedule-orders-follow"),
    path("matrix/", matrix.matrix, name="schedule-matrix"),
    path("matrix/preview/", matrix.preview, name="schedule-matrix-preview"),
    path("matrix/save/", matrix.save, name="schedule-matrix-save"),
    path("matrix/csv/", matrix.export, name="schedule-matrix-csv"),
    path("steps/", steps.steps, name="schedule-steps"),
    path("steps/live/", steps.steps_live, name="schedule-steps-live"),
    path("steps/new/", steps.step, name="schedule-step-new"),
    path("steps/<int:step_id>/", steps.step, name="schedule-step"),
    path("steps/<int:step_id>/delete/", steps.step_delete, name="schedule-step-delete"),
    path("steps/<int:step_id>/<str:act>/", steps.step_act, name="schedule-step-act"),
]
