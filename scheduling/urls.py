"""Addresses of the schedule, below /schedule/."""

from scheduling.views.board_urls import board_urls
from scheduling.views.plan_urls import plan_urls

urlpatterns = [
    *board_urls,
    *plan_urls,
]
