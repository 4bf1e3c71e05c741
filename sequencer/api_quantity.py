"""REST API of calls of a quantity: called, changed and withdrawn by another system, and the boxes that are packed."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from sequencer.access import may
from sequencer.api import REFUSALS, Filtered, ReasonSerializer, person, router, said
from sequencer.models import HandlingUnit, KanbanCard, QuantityCall
from sequencer.services import quantity
from sequencer.services.quantity.boxes import plate_of
from sequencer.services.quantity.entering import read_entry
from sequencer.states import HandlingStatus, QuantityStatus


class CardSerializer(serializers.ModelSerializer[KanbanCard]):
    class Meta:
        model = KanbanCard
        fields = ["number", "withdrawn_at", "closed_at", "closed_by"]


class QuantityCallSerializer(serializers.ModelSerializer[QuantityCall]):
    part = serializers.CharField(source="part.number", read_only=True)
    cards = CardSerializer(many=True, read_only=True)
    packed = serializers.SerializerMethodField()
    shipped = serializers.SerializerMethodField()

    class Meta:
        model = QuantityCall
        fields = [
            "id", "number", "unloading_point", "part", "customer_part", "line_feed", "signal", "due_at", "called",
            "quantity", "packed", "shipped", "unit_code", "order_ref", "status", "source", "feed", "created_at",
            "created_by", "changed_at", "changed_by", "reason", "cards",
        ]  # fmt: skip

    def get_packed(self, call: QuantityCall) -> int:
        """Pieces in boxes that have not left."""
        return quantity.progress_of(call).house

    def get_shipped(self, call: QuantityCall) -> int:
        return quantity.progress_of(call).shipped


class CalledSerializer(serializers.Serializer[Any]):
    """A due time without zone is on the clock of the plant. With cards `pieces` may be left out."""

    point = serializers.IntegerField(help_text="Unloading point")
    part = serializers.CharField(max_length=35, help_text="The customer's number, or ours")
    due = serializers.CharField(max_length=40, help_text="2026-11-23T10:00")
    pieces = serializers.IntegerField(required=False, min_value=1)
    line_feed = serializers.CharField(max_length=35, required=False)
    signal = serializers.CharField(max_length=35, required=False)
    order_ref = serializers.CharField(max_length=35, required=False)
    cards = serializers.ListField(child=serializers.CharField(max_length=35), required=False)


class ChangedSerializer(ReasonSerializer):
    pieces = serializers.IntegerField(min_value=1)


class QuantityCallFilter(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=[s.value for s in QuantityStatus], required=False)
    customer_part = serializers.CharField(required=False)
    unloading_point = serializers.IntegerField(required=False)
    signal = serializers.CharField(required=False)
    card = serializers.CharField(required=False)

    LOOKUPS = {"card": "cards__number"}


class BoxSerializer(serializers.ModelSerializer[HandlingUnit]):
    call = serializers.CharField(source="call.number", read_only=True)
    customer_part = serializers.CharField(source="call.customer_part", read_only=True)
    card = serializers.CharField(source="card.number", default=None, allow_null=True, read_only=True)
    shipment = serializers.CharField(source="shipment.number", default=None, allow_null=True, read_only=True)
    licence_plate = serializers.SerializerMethodField()

    class Meta:
        model = HandlingUnit
        fields = [
            "id", "number", "licence_plate", "call", "customer_part", "card", "capacity", "pieces", "package_type",
            "status", "opened_at", "opened_by", "closed_at", "closed_by", "loaded_at", "shipment", "emptied_reason",
        ]  # fmt: skip

    def get_licence_plate(self, box: HandlingUnit) -> str:
        return plate_of(box)


class BoxFilter(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=[s.value for s in HandlingStatus], required=False)
    call = serializers.CharField(required=False, help_text="Its number")
    shipment = serializers.CharField(required=False, help_text="Its number")

    LOOKUPS = {"call": "call__number", "shipment": "shipment__number"}


@extend_schema_view(
    list=extend_schema(parameters=[QuantityCallFilter], summary="Calls of a quantity by due time")
)
class QuantityCalls(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What is called by quantity. Said again, a call is answered as the one that stands and never doubled."""

    serializer_class = QuantityCallSerializer
    filter_serializer = QuantityCallFilter
    queryset = QuantityCall.objects.select_related("part", "unloading_point").prefetch_related("cards")

    @extend_schema(
        request=CalledSerializer,
        responses={200: QuantityCallSerializer, 201: QuantityCallSerializer, **REFUSALS},
        summary="Call a quantity",
    )
    def create(self, request: Request) -> Response:
        """201 for a new call, 200 when the same stands already; `call_differs` when it stands with other pieces."""
        # The route is the list's, which everybody may read.
        if not may(request.user, "quantity-enter"):
            raise PermissionDenied("Your role may not call a quantity.")
        news = read_entry(**said(request, CalledSerializer))
        by = str(person(request))
        call, new = quantity.call_quantity(news, source=QuantityCall.Source.API, by=by, at=timezone.now())
        code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
        return Response(self._now(call), status=code)

    def _now(self, call: QuantityCall) -> dict[str, Any]:
        return dict(QuantityCallSerializer(self.queryset.get(pk=call.pk)).data)

    @extend_schema(request=ChangedSerializer, responses={200: QuantityCallSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: str) -> Response:
        """Another quantity. Fewer than are packed keeps the surplus boxes in the house, as a task."""
        body, by = said(request, ChangedSerializer), str(person(request))
        call = quantity.change_call(
            self.get_object().pk, body["pieces"], by=by, reason=body["reason"], at=timezone.now()
        )
        return Response(self._now(call))

    @extend_schema(request=ReasonSerializer, responses={200: QuantityCallSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Nothing more is wanted; what has left stays shipped."""
        reason, by = said(request, ReasonSerializer)["reason"], str(person(request))
        return Response(
            self._now(quantity.withdraw_call(self.get_object().pk, by=by, reason=reason, at=timezone.now()))
        )


@extend_schema_view(
    list=extend_schema(parameters=[BoxFilter], summary="Boxes (handling units) in the order packed")
)
class Boxes(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Boxes of called quantities with their licence plates."""

    serializer_class = BoxSerializer
    filter_serializer = BoxFilter
    queryset = HandlingUnit.objects.select_related("call", "card", "shipment")


router.register("quantity-calls", QuantityCalls, basename="api-quantity-call")
router.register("handling-units", Boxes, basename="api-handling-unit")
