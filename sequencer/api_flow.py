"""REST API of work flow: the line's position, incomplete sets and their release, light commands in order."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.errors import Invalid
from sequencer import services
from sequencer.access import InTable
from sequencer.api import REFUSALS, ReasonSerializer, person, router, said
from sequencer.models import LightCommand
from sequencer.services import kits, lights


class PositionSerializer(serializers.Serializer[Any]):
    """Which vehicle the OEM's line has taken, as a system at that line counts it."""

    program = serializers.IntegerField()
    sequence = serializers.CharField(max_length=20)


class LinePositions(viewsets.ViewSet):
    permission_classes = [InTable]

    @extend_schema(
        request=PositionSerializer,
        responses={200: PositionSerializer, **REFUSALS},
        summary="Tell the line's position",
    )
    def create(self, request: Request) -> Response:
        """Moves the releases of every paced program of the counter. An older position than the one known is ignored."""
        body = said(request, PositionSerializer)
        by = str(person(request))
        call = services.note_consumption(body["program"], body["sequence"], at=timezone.now(), by=by)
        return Response({"program": body["program"], "sequence": call.sequence_number})


class OpenSetSerializer(serializers.Serializer[Any]):
    rack = serializers.IntegerField()
    number = serializers.CharField()
    waits = serializers.ListField(
        child=serializers.CharField(), help_text="A sentence for each incomplete set"
    )


class OpenSets(viewsets.ViewSet):
    """Racks that cannot be sealed because a set in them is not complete."""

    permission_classes = [InTable]

    @extend_schema(responses=OpenSetSerializer(many=True), summary="Racks with incomplete sets")
    def list(self, request: Request) -> Response:
        rows = [
            {"rack": rack.pk, "number": rack.number, "waits": [str(each) for each in waiting]}
            for rack, waiting in services.racks_with_open_sets()
        ]
        return Response(OpenSetSerializer(rows, many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH, description="Rack")],
        request=ReasonSerializer,
        responses={200: OpenSetSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """A named supervisor lets the rack be sealed without what is missing."""
        if not pk.isdecimal() or len(pk) > 18:
            raise Invalid("no_rack", f"{pk} is no rack's id")
        body = said(request, ReasonSerializer)
        gone = services.release_sets(int(pk), by=person(request), at=timezone.now(), **body)
        return Response({"rack": int(pk), "number": "", "waits": [str(each) for each in gone]})


class LightCommandSerializer(serializers.ModelSerializer[LightCommand]):
    station = serializers.CharField(source="station.code", read_only=True)

    class Meta:
        model = LightCommand
        fields = [
            "id", "station", "kind", "address", "on", "colour", "quantity", "group", "written_at",
            "acknowledged_at", "acknowledged_by", "problem",
        ]  # fmt: skip


class ReportSerializer(serializers.Serializer[Any]):
    problem = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class LightCommands(viewsets.ViewSet):
    """What the driver of a station's lights has to do next, in order."""

    permission_classes = [InTable]

    @extend_schema(
        parameters=[OpenApiParameter("station", int, required=True)],
        responses=LightCommandSerializer(many=True),
        summary="Light commands not reported yet, oldest first",
    )
    def list(self, request: Request) -> Response:
        asked = request.query_params.get("station", "")
        if not asked.isdecimal() or len(asked) > 18:
            raise Invalid("no_station_asked", "name the station: ?station=<id>")
        return Response(LightCommandSerializer(lights.waiting_commands(int(asked)), many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH)],
        request=ReportSerializer,
        responses={200: LightCommandSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Reports one command done, or what was in the way. In order; a repeat changes nothing."""
        if not pk.isdecimal() or len(pk) > 18:
            raise Invalid("no_light_command", f"{pk} is no light command's id")
        body = said(request, ReportSerializer)
        by = str(person(request))
        return Response(
            LightCommandSerializer(lights.acknowledge_light(int(pk), at=timezone.now(), by=by, **body)).data
        )


router.register("line-positions", LinePositions, basename="api-line-position")
router.register("open-sets", OpenSets, basename="api-open-set")
router.register("light-commands", LightCommands, basename="api-light-command")


class RouteSerializer(ReasonSerializer):
    route = serializers.ChoiceField(choices=["PICK", "BUILD"])


class RoutedSerializer(serializers.Serializer[Any]):
    group = serializers.IntegerField()
    route = serializers.CharField()


class GroupRoutes(viewsets.ViewSet):
    """Pick or build, for one call."""

    permission_classes = [InTable]

    @extend_schema(
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH, description="Group")],
        request=RouteSerializer,
        responses={200: RoutedSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, pk: str) -> Response:
        """One call is built instead of picked, or the other way round. Its slot, rack and label stay."""
        if not pk.isdecimal() or len(pk) > 18:
            raise Invalid("no_group", f"{pk} is no group's id")
        body = said(request, RouteSerializer)
        group = kits.switch_route(int(pk), by=person(request), at=timezone.now(), **body)
        return Response({"group": group.pk, "route": body["route"]})


class CommodityRouteSerializer(serializers.Serializer[Any]):
    route = serializers.ChoiceField(
        choices=["PICK", "BUILD", ""], help_text="Empty: a part goes as its commodity"
    )
    part = serializers.CharField(max_length=35, required=False, default="", allow_blank=True)
    reason = serializers.CharField(max_length=200)


class CommoditySwitchedSerializer(serializers.Serializer[Any]):
    commodity = serializers.IntegerField()
    part = serializers.CharField()
    route = serializers.CharField()
    from_position = serializers.IntegerField()
    from_rack = serializers.CharField()


class CommodityRoutes(viewsets.ViewSet):
    """Pick or build, for a commodity or a part of it."""

    permission_classes = [InTable]

    @extend_schema(
        parameters=[OpenApiParameter("id", int, OpenApiParameter.PATH, description="Commodity")],
        request=CommodityRouteSerializer,
        responses={200: CommoditySwitchedSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, pk: str) -> Response:
        """From the next rack nobody has started."""
        if not pk.isdecimal():
            raise Invalid("no_commodity", f"{pk} is no commodity's id")
        body = said(request, CommodityRouteSerializer)
        made = kits.switch_from_next_rack(
            int(pk), body["route"], part_number=body["part"], by=str(person(request)), reason=body["reason"],
            at=timezone.now(),
        )  # fmt: skip
        told = {
            "commodity": made.commodity_id, "part": str(made.part or ""), "route": made.route,
            "from_position": made.from_position, "from_rack": made.from_rack,
        }  # fmt: skip
        return Response(told)


router.register("commodity-routes", CommodityRoutes, basename="api-commodity-route")
router.register("group-routes", GroupRoutes, basename="api-group-route")
