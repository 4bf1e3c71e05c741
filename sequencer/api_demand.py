"""REST API of demand: releases as they stand, and the cumulative counts. To read only; releases come by the gate."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from inventory.models import CumulativeBalance, DemandLine, DemandSchedule
from sequencer.api import Filtered, router


class DemandLineSerializer(serializers.ModelSerializer[DemandLine]):
    class Meta:
        model = DemandLine
        fields = [
            "first", "last", "time", "quantity", "firmness", "interval", "urgency", "order_ref", "kanban_cards",
        ]  # fmt: skip


class DemandSerializer(serializers.ModelSerializer[DemandSchedule]):
    """One release of one part at one place."""

    part = serializers.CharField(source="part.number", read_only=True)
    customer = serializers.CharField(source="customer.code", read_only=True)
    lines = DemandLineSerializer(many=True, read_only=True)

    class Meta:
        model = DemandSchedule
        fields = [
            "id", "customer", "feed", "test", "horizon", "customer_part", "part", "ship_to", "dock", "line_feed",
            "order_ref", "unit", "release_number", "previous_number", "issued", "received_at", "current",
            "replaced_at", "withdrawn", "change", "change_quantity", "cumulative_received",
            "cumulative_required", "last_despatch", "lines",
        ]  # fmt: skip


class BalanceSerializer(serializers.ModelSerializer[CumulativeBalance]):
    """Our count of a part against the customer's."""

    customer = serializers.CharField(source="customer.code", read_only=True)

    class Meta:
        model = CumulativeBalance
        fields = [
            "id", "customer", "feed", "customer_part", "ship_to", "dock", "since", "shipped", "in_transit", "received",
            "difference", "note", "compared_at",
        ]  # fmt: skip


class DemandFilter(serializers.Serializer[Any]):
    current = serializers.BooleanField(
        required=False, default=True, help_text="false: releases that count no more"
    )
    test = serializers.BooleanField(required=False, default=False, help_text="true: those of test sides")
    feed = serializers.CharField(required=False)
    horizon = serializers.ChoiceField(choices=DemandSchedule.Horizon.choices, required=False)
    customer_part = serializers.CharField(required=False)
    part = serializers.CharField(required=False, help_text="Our number")
    ship_to = serializers.CharField(required=False)
    dock = serializers.CharField(required=False)

    LOOKUPS = {"part": "part__number"}


class BalanceFilter(serializers.Serializer[Any]):
    feed = serializers.CharField(required=False)
    customer_part = serializers.CharField(required=False)
    ship_to = serializers.CharField(required=False)

    LOOKUPS: dict[str, str] = {}


@extend_schema_view(list=extend_schema(parameters=[DemandFilter], summary="Releases, newest first"))
class Demand(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What customers want of parts, release by release. A part's demand is its CALL lines, and its PLAN behind them."""

    serializer_class = DemandSerializer
    filter_serializer = DemandFilter
    queryset = DemandSchedule.objects.select_related("part", "customer").prefetch_related("lines")


@extend_schema_view(list=extend_schema(parameters=[BalanceFilter], summary="Cumulative counts, newest first"))
class Balances(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Shipped, on the road and received by the customer's books, with the difference."""

    serializer_class = BalanceSerializer
    filter_serializer = BalanceFilter
    queryset = CumulativeBalance.objects.select_related("customer")


router.register("demand", Demand, basename="api-demand")
router.register("balances", Balances, basename="api-balance")
