"""REST API of rack planning, to read: rack types with every place, move lists, hold carts and what stands on them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.errors import Invalid, Unknown
from sequencer.access import InTable
from sequencer.api import Filtered, router
from sequencer.models import Carrier, PaperSheet, Rack, RackType
from sequencer.services.racks import RackMove, loose_pieces, move_list


class PlaceSerializer(serializers.Serializer[Any]):
    """One place: its turn in the loading order and where it stands before the operator."""

    number = serializers.IntegerField()
    row = serializers.IntegerField(help_text="From the top")
    column = serializers.IntegerField(help_text="From the left")
    lane = serializers.IntegerField()
    side = serializers.IntegerField()
    mark = serializers.CharField(help_text="Commodity it is kept for; empty where all are alike")


class RackTypeSerializer(serializers.ModelSerializer[RackType]):
    capacity = serializers.IntegerField(read_only=True)
    sequences = serializers.IntegerField(source="layout.sequences", read_only=True)
    places = PlaceSerializer(source="layout.places", many=True, read_only=True)

    class Meta:
        model = RackType
        fields = [
            "id", "code", "name", "build_order", "path", "first_place", "seen", "unload_face", "slot_check_every",
            "capacity", "sequences", "places",
        ]  # fmt: skip


class RackTypeFilter(serializers.Serializer[Any]):
    code = serializers.CharField(required=False)

    LOOKUPS: dict[str, str] = {}


@extend_schema_view(list=extend_schema(parameters=[RackTypeFilter], summary="Rack types with their places"))
class RackTypes(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What racks look like and in which order they are loaded."""

    serializer_class = RackTypeSerializer
    filter_serializer = RackTypeFilter
    queryset = RackType.objects.all()


class MoveSerializer(serializers.Serializer[Any]):
    sequence = serializers.CharField()
    stands_at = serializers.CharField(source="source")
    goes_to = serializers.CharField(source="target")
    lands = serializers.BooleanField(help_text="Ends in a slot, so that the piece is scanned on the way")
    serials = serializers.SerializerMethodField()

    def get_serials(self, move: RackMove) -> list[str]:
        return [piece.unit.serial for piece in move.pieces if piece.unit.serial]


class RackMoves(viewsets.ViewSet):
    """The moves of one rack in work, in the order they are done. Empty when every piece stands where it belongs."""

    permission_classes = [InTable]

    @extend_schema(
        parameters=[OpenApiParameter("rack", int, required=True)], responses=MoveSerializer(many=True)
    )
    def list(self, request: Request) -> Response:
        asked = request.query_params.get("rack", "")
        if not asked.isdecimal() or len(asked) > 18:
            raise Invalid("no_rack_asked", "name the rack: ?rack=<id>")
        rack = Rack.objects.select_related("carrier").filter(pk=int(asked)).first()
        if rack is None:
            raise Unknown("no_rack", f"there is no rack {asked}")
        return Response(MoveSerializer(move_list(rack), many=True).data)


class HoldCartSerializer(serializers.ModelSerializer[Carrier]):
    places = serializers.IntegerField(source="rack_type.capacity", read_only=True)
    pieces = serializers.SerializerMethodField()

    class Meta:
        model = Carrier
        fields = ["code", "blocked", "places", "pieces"]

    def get_pieces(self, cart: Carrier) -> list[dict[str, Any]]:
        """What stands on it: place, part, serial and the sequence it waits for."""
        held = (
            loose_pieces().filter(cart=cart).select_related("unit__part", "group__call_off").order_by("place")
        )
        return [
            {
                "place": piece.place,
                "part": piece.unit.part.number,
                "serial": piece.unit.serial,
                "sequence": piece.group.call_off.sequence_number if piece.goes_on else None,
            }
            for piece in held
        ]


class HoldCartFilter(serializers.Serializer[Any]):
    code = serializers.CharField(required=False)

    LOOKUPS: dict[str, str] = {}


@extend_schema_view(
    list=extend_schema(parameters=[HoldCartFilter], summary="Hold carts and what stands on them")
)
class HoldCarts(Filtered, mixins.ListModelMixin):
    serializer_class = HoldCartSerializer
    filter_serializer = HoldCartFilter
    queryset = Carrier.objects.filter(kind=Carrier.Kind.HOLD).select_related("rack_type")


class PaperSheetSerializer(serializers.ModelSerializer[PaperSheet]):
    rack = serializers.CharField(source="rack.number", read_only=True)
    packed_by = serializers.CharField(source="packed_by.username", read_only=True, allow_null=True)
    station = serializers.CharField(source="station.code", read_only=True, allow_null=True)

    class Meta:
        model = PaperSheet
        fields = [
            "code", "rack", "version", "rendered_at", "picture", "begun_at", "done_at", "station", "packed_by",
        ]  # fmt: skip


class PaperSheetFilter(serializers.Serializer[Any]):
    rack = serializers.CharField(required=False)
    code = serializers.CharField(required=False)

    LOOKUPS: dict[str, str] = {"rack": "rack__number"}


@extend_schema_view(
    list=extend_schema(
        parameters=[PaperSheetFilter], summary="Sheets of paper mode with their calls at printing"
    )
)
class PaperSheets(Filtered, mixins.ListModelMixin):
    serializer_class = PaperSheetSerializer
    filter_serializer = PaperSheetFilter
    queryset = PaperSheet.objects.select_related("rack", "packed_by", "station")


router.register("paper-sheets", PaperSheets, basename="api-paper-sheet")
router.register("rack-types", RackTypes, basename="api-rack-type")
router.register("rack-moves", RackMoves, basename="api-rack-move")
router.register("hold-carts", HoldCarts, basename="api-hold-cart")
