"""REST API of exceptions: the rows, re-order and scrap, quality holds, sealed racks that wait for a decision.

What is done at a station by scan (missing, repair, repack, swap) is done there: `POST /scans/` with the same labels.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.errors import Invalid
from sequencer.api import REFUSALS, Filtered, ReasonSerializer, choice, person, router, said
from sequencer.models import FloorException, QualityHold, SealedMove
from sequencer.services.quality import Caught, place_hold, release_hold, where_every_unit_is
from sequencer.services.racks import decide_sealed
from sequencer.services.reorders import reorder_group
from sequencer.services.scrap import scrap_unit
from sequencer.states import SealedChoice

MOST_PIECES = 500


class ExceptionSerializer(serializers.ModelSerializer[FloorException]):
    """Who, when, why and how it ended; `resolved_at` is empty while it is open."""

    line = serializers.CharField(source="line.code", read_only=True)
    station = serializers.CharField(source="station.code", read_only=True, default=None)
    call_number = serializers.CharField(source="group.call_off.call_number", read_only=True, default=None)
    sequence_number = serializers.CharField(
        source="group.call_off.sequence_number", read_only=True, default=None
    )
    part = serializers.CharField(source="unit.part.number", read_only=True, default=None)
    serial = serializers.CharField(source="unit.serial", read_only=True, default=None)
    rack = serializers.CharField(source="rack.number", read_only=True, default=None)
    slot = serializers.IntegerField(source="slot.number", read_only=True, default=None)

    class Meta:
        model = FloorException
        fields = [
            "id", "kind", "line", "station", "group", "call_number", "sequence_number", "part", "serial", "rack",
            "slot", "text", "reason", "at", "by", "due_at", "resolved_at", "resolved_by", "resolution",
        ]  # fmt: skip


class ExceptionFilter(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=FloorException.Kind.choices, required=False)
    line = serializers.IntegerField(required=False, help_text="Id of the line")
    open = serializers.BooleanField(required=False, allow_null=True, default=None)
    call_number = serializers.CharField(required=False)
    serial = serializers.CharField(required=False)
    rack = serializers.CharField(required=False)

    LOOKUPS = {
        "open": "resolved_at__isnull",
        "call_number": "group__call_off__call_number",
        "serial": "unit__serial",
        "rack": "rack__number",
    }


class ReorderSerializer(ReasonSerializer):
    group = serializers.IntegerField(help_text="The built or delivered group that is ordered again")


class ReorderedSerializer(serializers.Serializer[Any]):
    group = serializers.IntegerField(help_text="The new group")
    replaces = serializers.IntegerField()


class ScrapSerializer(ReasonSerializer):
    unit = serializers.IntegerField()


class ScrappedSerializer(serializers.Serializer[Any]):
    unit = serializers.IntegerField()
    status = serializers.CharField()


@extend_schema_view(list=extend_schema(parameters=[ExceptionFilter], summary="Exceptions, newest first"))
class Exceptions(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Everything that went another way than planned."""

    serializer_class = ExceptionSerializer
    filter_serializer = ExceptionFilter
    queryset = FloorException.objects.select_related(
        "line", "station", "group__call_off", "unit__part", "rack", "slot"
    )

    @extend_schema(request=ReorderSerializer, responses={200: ReorderedSerializer, **REFUSALS})
    @action(detail=False, methods=["post"])
    def reorder(self, request: Request) -> Response:
        """Orders the parts of a built or delivered group once more."""
        body = said(request, ReorderSerializer)
        new = reorder_group(body["group"], by=str(person(request)), reason=body["reason"], at=timezone.now())
        return Response({"group": new.pk, "replaces": new.replaces_id})

    @extend_schema(request=ScrapSerializer, responses={200: ScrappedSerializer, **REFUSALS})
    @action(detail=False, methods=["post"])
    def scrap(self, request: Request) -> Response:
        """Scraps a piece wherever it is; its call is built again in the same slot."""
        body = said(request, ScrapSerializer)
        unit = scrap_unit(body["unit"], by=str(person(request)), reason=body["reason"], at=timezone.now())
        return Response({"unit": unit.pk, "status": unit.status})


class HoldSerializer(serializers.ModelSerializer[QualityHold]):
    name = serializers.CharField(source="__str__", read_only=True)
    part = serializers.CharField(source="part.number", read_only=True, default=None)

    class Meta:
        model = QualityHold
        fields = [
            "id", "name", "part", "serial", "lot", "made_from", "made_to", "group", "reason", "placed_at", "placed_by",
            "released_at", "released_by", "release_reason",
        ]  # fmt: skip


class PieceSerializer(serializers.Serializer[Any]):
    unit = serializers.IntegerField(source="unit.pk")
    part = serializers.CharField(source="unit.part.number")
    serial = serializers.CharField(source="unit.serial", allow_null=True)
    sequence = serializers.CharField()
    place = serializers.CharField()
    status = serializers.CharField()


class HoldDetailSerializer(HoldSerializer):
    """With every piece it catches and where that is, the newest first."""

    pieces = serializers.SerializerMethodField()

    class Meta(HoldSerializer.Meta):
        fields = [*HoldSerializer.Meta.fields, "pieces"]

    @extend_schema_field(PieceSerializer(many=True))
    def get_pieces(self, hold: QualityHold) -> Any:
        return PieceSerializer(where_every_unit_is(hold, limit=MOST_PIECES)["rows"], many=True).data


class HoldFilter(serializers.Serializer[Any]):
    open = serializers.BooleanField(required=False, allow_null=True, default=None)

    LOOKUPS = {"open": "released_at__isnull"}


class PlaceHoldSerializer(ReasonSerializer):
    """What is to be held; everything it says must fit."""

    part = serializers.CharField(required=False, default="", allow_blank=True, help_text="Our number")
    serial = serializers.CharField(required=False, default="", allow_blank=True)
    lot = serializers.CharField(required=False, default="", allow_blank=True)
    made_from = serializers.DateTimeField(required=False, default=None, allow_null=True)
    made_to = serializers.DateTimeField(required=False, default=None, allow_null=True)
    group = serializers.IntegerField(required=False, default=None, allow_null=True)


@extend_schema_view(list=extend_schema(parameters=[HoldFilter], summary="Quality holds, newest first"))
class QualityHolds(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    serializer_class = HoldSerializer
    detail_serializer = HoldDetailSerializer
    filter_serializer = HoldFilter
    queryset = QualityHold.objects.select_related("part", "group__call_off")

    @extend_schema(request=PlaceHoldSerializer, responses={200: HoldSerializer, **REFUSALS})
    @action(detail=False, methods=["post"])
    def place(self, request: Request) -> Response:
        """Holds every piece that fits, from now on, until it is released."""
        body = said(request, PlaceHoldSerializer)
        reason, group_id = body.pop("reason"), body.pop("group")
        caught = Caught(**body, group_id=group_id)
        hold = place_hold(caught, by=str(person(request)), reason=reason, at=timezone.now())
        return Response(HoldSerializer(hold).data)

    @extend_schema(request=ReasonSerializer, responses={200: HoldSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Ends a hold; what another open one catches stays held."""
        body = said(request, ReasonSerializer)
        hold = release_hold(_number(pk), by=str(person(request)), at=timezone.now(), **body)
        return Response(HoldSerializer(hold).data)


class SealedMoveSerializer(serializers.ModelSerializer[SealedMove]):
    rack_number = serializers.CharField(source="rack.number", read_only=True)
    call_number = serializers.CharField(source="group.call_off.call_number", read_only=True)
    choice = choice(SealedChoice, read_only=True)

    class Meta:
        model = SealedMove
        fields = [
            "id", "rack", "rack_number", "call_number", "from_position", "to_position", "opened_at", "due_at", "choice",
            "decided_by", "decided_at", "reason",
        ]  # fmt: skip


class SealedMoveFilter(serializers.Serializer[Any]):
    rack = serializers.IntegerField(required=False, help_text="Id of the rack")
    choice = choice(SealedChoice, required=False)

    LOOKUPS: dict[str, str] = {}


class DecideSerializer(ReasonSerializer):
    choice = serializers.ChoiceField(choices=[SealedChoice.REOPEN.value, SealedChoice.AS_IS.value])


@extend_schema_view(
    list=extend_schema(parameters=[SealedMoveFilter], summary="Calls the OEM moved in closed racks")
)
class SealedMoves(Filtered, mixins.ListModelMixin):
    serializer_class = SealedMoveSerializer
    filter_serializer = SealedMoveFilter
    queryset = SealedMove.objects.select_related("rack", "group__call_off")

    @extend_schema(
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH, description="Rack")],
        request=DecideSerializer,
        responses={200: SealedMoveSerializer(many=True), **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """A supervisor reopens the rack, or ships it as it was sealed."""
        body = said(request, DecideSerializer)
        at = timezone.now()
        rack = decide_sealed(
            _number(pk), SealedChoice(body["choice"]), by=person(request), reason=body["reason"], at=at
        )
        decided = self.get_queryset().filter(rack=rack, decided_at=at)
        return Response(SealedMoveSerializer(decided, many=True).data)


def _number(pk: str) -> int:
    if not pk.isdecimal():
        raise Invalid("no_number", f"{pk[:40]} is no id")
    return int(pk)


router.register("exceptions", Exceptions, basename="api-exception")
router.register("quality-holds", QualityHolds, basename="api-quality-hold")
router.register("sealed-moves", SealedMoves, basename="api-sealed-move")
