"""Manufacturing orders as the planner's page counts them."""

from __future__ import annotations

from django.db.models import Count

from scheduling.models import ManufacturingOrder
from scheduling.states import OrderStatus

OPEN = (OrderStatus.PLANNED, OrderStatus.FIRM, OrderStatus.RELEASED)


def order_counts() -> dict[str, int]:
    """Open orders by status, lower case, each of them also when there is none."""
    found = dict(
        ManufacturingOrder.objects.filter(status__in=OPEN)
        .order_by()
        .values_list("status")
        .annotate(Count("pk"))
    )
    return {status.lower(): found.get(status, 0) for status in OPEN}
