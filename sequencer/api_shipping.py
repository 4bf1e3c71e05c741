"""REST API beside the dock: returnable racks, deliveries, signals, and what a supervisor decides of a truck."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sequencer import services
from sequencer.api import REFUSALS, Filtered, ShipmentDetailSerializer, person, router, said
from sequencer.models import CarrierMovement, DeliveryLine, DockSignal, Shipment


class CarrierMovementSerializer(serializers.ModelSerializer[CarrierMovement]):
    carrier = serializers.CharField(source="carrier.code", read_only=True)
    shipment = serializers.CharField(source="shipment.number", default=None, allow_null=True, read_only=True)

    class Meta:
        model = CarrierMovement
        fields = ["id", "carrier", "kind", "at", "by", "reason", "shipment", "loop_minutes"]


class CarrierMovementFilter(serializers.Serializer[Any]):
    carrier = serializers.CharField(required=False, help_text="Its number")
    kind = serializers.ChoiceField(choices=CarrierMovement.Kind.choices, required=False)

    LOOKUPS = {"carrier": "carrier__code"}


class DeliverySerializer(serializers.ModelSerializer[DeliveryLine]):
    shipment = serializers.CharField(source="shipment.number", read_only=True)

    class Meta:
        model = DeliveryLine
        fields = [
            "id", "shipment", "customer_part", "shipped", "confirmed", "confirmed_at", "billed", "billed_at",
            "discrepancy", "settled_at", "settled_reason",
        ]  # fmt: skip


class DeliveryFilter(serializers.Serializer[Any]):
    shipment = serializers.CharField(required=False, help_text="Its number")
    customer_part = serializers.CharField(required=False)

    LOOKUPS = {"shipment": "shipment__number"}


class SignalSerializer(serializers.ModelSerializer[DockSignal]):
    station = serializers.CharField(source="station.code", read_only=True)

    class Meta:
        model = DockSignal
        fields = ["id", "station", "kind", "why", "seconds", "at", "done_at"]


class SignalFilter(serializers.Serializer[Any]):
    station = serializers.CharField(required=False, help_text="Its code")

    LOOKUPS = {"station": "station__code"}


class DecisionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=120)


class StopsSerializer(serializers.Serializer[Any]):
    stops = serializers.ListField(
        child=serializers.IntegerField(), min_length=2, max_length=9,
        help_text="Shipments in the order the truck drives to their unloading points",
    )  # fmt: skip


class EmergencySerializer(serializers.Serializer[Any]):
    unloading_point = serializers.IntegerField()
    racks = serializers.ListField(child=serializers.IntegerField(), allow_empty=False, max_length=60)
    cost_reason = serializers.ChoiceField(choices=Shipment.CostReason.choices)
    note = serializers.CharField(max_length=200)


@extend_schema_view(list=extend_schema(parameters=[CarrierMovementFilter], summary="Ledger, newest first"))
class CarrierMovements(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Returnable racks out, back, lost and found. The ledger only grows."""

    serializer_class = CarrierMovementSerializer
    filter_serializer = CarrierMovementFilter
    queryset = CarrierMovement.objects.select_related("carrier", "shipment")


@extend_schema_view(list=extend_schema(parameters=[DeliveryFilter], summary="Delivered parts, newest first"))
class Deliveries(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What left, what the customer confirmed, what he billed himself for."""

    serializer_class = DeliverySerializer
    filter_serializer = DeliveryFilter
    queryset = DeliveryLine.objects.select_related("shipment")


@extend_schema_view(list=extend_schema(parameters=[SignalFilter], summary="Signals, newest first"))
class Signals(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Commands to a dock's hardware: the horn after a refused scan."""

    serializer_class = SignalSerializer
    filter_serializer = SignalFilter
    queryset = DockSignal.objects.select_related("station")


class Decisions(Filtered):
    """What happens to a truck off the usual way; each by name and with its reason."""

    serializer_class = ShipmentDetailSerializer
    queryset = Shipment.objects.select_related("unloading_point").prefetch_related("racks")

    def _now(self, shipment: Shipment) -> Response:
        return Response(ShipmentDetailSerializer(self.queryset.get(pk=shipment.pk)).data)

    @extend_schema(request=DecisionSerializer, responses={200: ShipmentDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"], url_path="send-short")
    def send_short(self, request: Request, pk: str) -> Response:
        """The truck goes without the racks that are not on it; they go with the next one."""
        reason = said(request, DecisionSerializer)["reason"]
        by = str(person(request))
        return self._now(services.send_short(int(pk), by=by, reason=reason, at=timezone.now()))

    @extend_schema(request=DecisionSerializer, responses={200: ShipmentDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """The truck does not go; its racks wait for the next one."""
        reason = said(request, DecisionSerializer)["reason"]
        by = str(person(request))
        return self._now(services.cancel_shipment(int(pk), by=by, reason=reason, at=timezone.now()))

    @extend_schema(request=StopsSerializer, responses={200: ShipmentDetailSerializer, **REFUSALS})
    @action(detail=False, methods=["post"])
    def join(self, request: Request) -> Response:
        """One truck for several unloading points of a plant; answers with the stop that is unloaded first."""
        stops = said(request, StopsSerializer)["stops"]
        services.join_shipments(stops, by=str(person(request)), at=timezone.now())
        return self._now(self.queryset.get(pk=stops[0]))

    @extend_schema(request=DecisionSerializer, responses={200: ShipmentDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def part(self, request: Request, pk: str) -> Response:
        """Every stop of the truck goes by itself again."""
        reason = said(request, DecisionSerializer)["reason"]
        shipment = self.get_object()
        services.part_shipments(
            shipment.trip_id or 0, by=str(person(request)), reason=reason, at=timezone.now()
        )
        return self._now(shipment)

    @extend_schema(request=None, responses={200: ShipmentDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def arrive(self, request: Request, pk: str) -> Response:
        """The truck stands at the OEM."""
        return self._now(services.record_arrival(int(pk), by=str(person(request)), at=timezone.now()))

    @extend_schema(request=EmergencySerializer, responses={200: ShipmentDetailSerializer, **REFUSALS})
    @action(detail=False, methods=["post"])
    def emergency(self, request: Request) -> Response:
        """A truck of its own, with its own ASN; who pays is said before it is planned."""
        asked = said(request, EmergencySerializer)
        run = services.plan_emergency_run(
            asked["unloading_point"], asked["racks"], cost_reason=asked["cost_reason"], note=asked["note"],
            by=str(person(request)), at=timezone.now(),
        )  # fmt: skip
        return self._now(run)


router.register("carrier-movements", CarrierMovements, basename="api-carrier-movement")
router.register("deliveries", Deliveries, basename="api-delivery")
router.register("dock-signals", Signals, basename="api-dock-signal")
router.register("shipment-decisions", Decisions, basename="api-shipment-decision")
