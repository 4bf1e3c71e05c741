"""REST API of the core (DRF). Every POST is the verb the page uses; a refusal has a code and a sentence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import exception_handler

from inventory.errors import Refused
from inventory.statements import Question, number
from sequencer import services
from sequencer.access import InTable, may
from sequencer.busy import AGAIN, Busy, is_busy
from sequencer.models import (
    CallComponent,
    CallOff,
    ComponentGroup,
    Rack,
    SequenceGap,
    Shipment,
    Slot,
    Station,
    Task,
)
from sequencer.states import (
    AsnStatus,
    GapStatus,
    GroupStatus,
    RackStatus,
    ShipmentStatus,
    SlotStatus,
    Stage,
    TaskStatus,
)

# A scanner's clock may run ahead of ours by so much; more is a wrong clock, not an early scan.
CLOCK_AHEAD = timedelta(minutes=5)
# More is no row's key, and no database takes it.
LARGEST_KEY = 2**63 - 1


def refused_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The one DRF handler of `Refused`: its status, code, sentence, facts. Wrong data reads alike (422).

    A database that had no turn for it is told alike (503): the same nonce is posted again.
    """
    if is_busy(error):
        error = Busy()
    if isinstance(error, Refused):
        headers = {"Retry-After": AGAIN} if isinstance(error, Busy) else None
        return Response(_refusal(error.code, error.message, error.facts), error.status, headers=headers)
    if isinstance(error, ValidationError):
        return Response(_refusal("invalid", "The data cannot be read.", error.detail), status=422)
    return exception_handler(error, context)


def _refusal(code: str, message: str, facts: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "facts": facts}


class NewestFirst(CursorPagination):
    ordering = "-id"


def choice(states: Any, **options: Any) -> serializers.ChoiceField:
    """A status as the schema lists it."""
    return serializers.ChoiceField(choices=[state.value for state in states], **options)


class RefusalSerializer(serializers.Serializer[Any]):
    """Why a verb said no."""

    code = serializers.CharField()
    message = serializers.CharField()
    facts = serializers.DictField()


REFUSALS = {404: RefusalSerializer, 409: RefusalSerializer, 422: RefusalSerializer}


class ComponentSerializer(serializers.ModelSerializer[CallComponent]):
    part = serializers.CharField(source="part.number", default=None, allow_null=True, read_only=True)

    class Meta:
        model = CallComponent
        fields = [
            "customer_part",
            "part",
            "quantity",
            "unit_code",
            "options",
            "order_ref",
            "called",
            "required",
        ]


class GroupSerializer(serializers.ModelSerializer[ComponentGroup]):
    """One commodity of the vehicle, with the slot it has or will have."""

    family = serializers.CharField(source="commodity.family", read_only=True)
    status = choice(GroupStatus, read_only=True)
    components = ComponentSerializer(many=True, read_only=True)
    rack = serializers.CharField(source="slot.rack.number", default=None, allow_null=True, read_only=True)
    slot = serializers.IntegerField(source="slot.number", default=None, allow_null=True, read_only=True)

    class Meta:
        model = ComponentGroup
        fields = [
            "id",
            "family",
            "status",
            "priority",
            "replaces",
            "on_hold",
            "problem",
            "revision",
            "verified_at",
            "shipped_at",
            "rack",
            "slot",
            "components",
        ]


class CallOffSerializer(serializers.ModelSerializer[CallOff]):
    program = serializers.CharField(source="program.code", read_only=True)
    stage = choice(Stage, read_only=True)

    class Meta:
        model = CallOff
        fields = [
            "id",
            "program",
            "call_number",
            "sequence_number",
            "position",
            "vin",
            "production_number",
            "document_number",
            "dock",
            "line_feed",
            "stage",
            "held",
            "required_at",
            "required_computed",
            "revision",
            "created_at",
            "changed_at",
        ]


class CallOffDetailSerializer(CallOffSerializer):
    groups = GroupSerializer(many=True, read_only=True)

    class Meta(CallOffSerializer.Meta):
        fields = [*CallOffSerializer.Meta.fields, "groups"]


class SlotSerializer(serializers.ModelSerializer[Slot]):
    status = choice(SlotStatus, read_only=True)
    sequence_number = serializers.CharField(
        source="group.call_off.sequence_number", default=None, allow_null=True, read_only=True
    )
    call_number = serializers.CharField(
        source="group.call_off.call_number", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = Slot
        fields = [
            "number",
            "position",
            "status",
            "sequence_number",
            "call_number",
            "packed_revision",
            "packed_at",
            "reason",
        ]


class RackSerializer(serializers.ModelSerializer[Rack]):
    status = choice(RackStatus, read_only=True)
    family = serializers.CharField(source="commodity.family", read_only=True)
    carrier = serializers.CharField(source="carrier.code", default=None, allow_null=True, read_only=True)
    shipment = serializers.CharField(source="shipment.number", default=None, allow_null=True, read_only=True)
    slot_count = serializers.IntegerField(read_only=True)
    filled_count = serializers.IntegerField(read_only=True)
    hole_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Rack
        fields = [
            "id",
            "number",
            "family",
            "status",
            "priority",
            "low_position",
            "high_position",
            "closed",
            "carrier",
            "shipment",
            "load_position",
            "holes_approved_by",
            "slot_count",
            "filled_count",
            "hole_count",
            "started_at",
            "sealed_at",
            "loaded_at",
        ]


class RackDetailSerializer(RackSerializer):
    slots = SlotSerializer(many=True, read_only=True)

    class Meta(RackSerializer.Meta):
        fields = [*RackSerializer.Meta.fields, "slots"]


class LoadedRackSerializer(serializers.ModelSerializer[Rack]):
    status = choice(RackStatus, read_only=True)

    class Meta:
        model = Rack
        fields = ["id", "number", "status", "load_position"]


class ShipmentSerializer(serializers.ModelSerializer[Shipment]):
    unloading_point = serializers.CharField(source="unloading_point.code", read_only=True)
    status = choice(ShipmentStatus, read_only=True)
    asn_status = choice(AsnStatus, read_only=True)
    trip = serializers.CharField(source="trip.number", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Shipment
        fields = [
            "id",
            "number",
            "kind",
            "unloading_point",
            "trip",
            "stop",
            "status",
            "planned_at",
            "leaves_at",
            "opened_at",
            "departed_at",
            "arrived_at",
            "confirmed_at",
            "truck",
            "seal_number",
            "asn_status",
            "asn_status_at",
            "asn_note",
        ]


class ShipmentDetailSerializer(ShipmentSerializer):
    racks = LoadedRackSerializer(many=True, read_only=True)

    class Meta(ShipmentSerializer.Meta):
        fields = [*ShipmentSerializer.Meta.fields, "racks"]


class GapSerializer(serializers.ModelSerializer[SequenceGap]):
    line = serializers.CharField(source="stream.line.code", read_only=True)
    status = choice(GapStatus, read_only=True)
    accepted_by = serializers.CharField(
        source="accepted_by.username", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = SequenceGap
        fields = [
            "id",
            "stream",
            "line",
            "position",
            "sequence_number",
            "status",
            "opened_at",
            "needed_by",
            "closed_at",
            "accepted_by",
            "reason",
        ]


class TaskSerializer(serializers.ModelSerializer[Task]):
    line = serializers.CharField(source="line.code", read_only=True)
    status = choice(TaskStatus, read_only=True)
    owner = serializers.CharField(source="owner.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Task
        fields = ["id", "line", "kind", "subject", "text", "status", "opened_at", "due_at", "owner", "note"]


class ScanSerializer(serializers.Serializer[Any]):
    """One scan as the scanner sent it. The same (station, nonce) is judged once, however often it comes."""

    station = serializers.IntegerField()
    raw = serializers.CharField(max_length=400, trim_whitespace=False)
    nonce = serializers.CharField(max_length=40)
    scanned_at = serializers.DateTimeField()
    shown = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="The group the operator saw asked for; another one is not credited.",
    )

    def validate_scanned_at(self, value: datetime) -> datetime:
        if value > timezone.now() + CLOCK_AHEAD:
            raise ValidationError("The scanner's clock is ahead of the plant's.")
        return value


class VerdictSerializer(serializers.Serializer[Any]):
    """The answer to a scan; a refused scan is an answer too."""

    accepted = serializers.BooleanField()
    code = serializers.CharField()
    word = serializers.CharField()
    step = serializers.CharField()
    expected = serializers.CharField()
    seen = serializers.CharField()
    hint = serializers.CharField()
    sound = serializers.CharField()
    scan_id = serializers.IntegerField()
    repeated = serializers.BooleanField()


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200)


class NoteSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class AcceptGapSerializer(ReasonSerializer):
    """Positions `first` to `last` of a counter will not come."""

    stream = serializers.IntegerField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()


class AcceptedSerializer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField(help_text="How many gaps were accepted")


class CallOffFilter(serializers.Serializer[Any]):
    line = serializers.IntegerField(required=False, max_value=LARGEST_KEY, help_text="Id of the line")
    program = serializers.CharField(required=False)
    stage = choice(Stage, required=False)
    held = serializers.BooleanField(required=False, default=None, allow_null=True)
    call_number = serializers.CharField(required=False)
    sequence_number = serializers.CharField(required=False)
    vin = serializers.CharField(required=False)

    LOOKUPS = {"line": "program__line", "program": "program__code"}


class RackFilter(serializers.Serializer[Any]):
    line = serializers.IntegerField(required=False, max_value=LARGEST_KEY, help_text="Id of the line")
    family = serializers.CharField(required=False)
    status = choice(RackStatus, required=False)
    number = serializers.CharField(required=False)
    shipment = serializers.CharField(required=False)

    LOOKUPS = {
        "line": "commodity__program__line",
        "family": "commodity__family",
        "shipment": "shipment__number",
    }


class ShipmentFilter(serializers.Serializer[Any]):
    unloading_point = serializers.CharField(required=False)
    status = choice(ShipmentStatus, required=False)
    asn_status = choice(AsnStatus, required=False)
    number = serializers.CharField(required=False)

    LOOKUPS = {"unloading_point": "unloading_point__code"}


class DepartSerializer(serializers.Serializer[Any]):
    """Where the trailer asks for them and the dock has not scanned them."""

    seal_number = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    driver = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)


class GapFilter(serializers.Serializer[Any]):
    line = serializers.IntegerField(required=False, max_value=LARGEST_KEY, help_text="Id of the line")
    status = choice(GapStatus, required=False)

    LOOKUPS = {"line": "stream__line"}


class TaskFilter(serializers.Serializer[Any]):
    line = serializers.IntegerField(required=False, max_value=LARGEST_KEY, help_text="Id of the line")
    status = choice(TaskStatus, required=False)
    kind = serializers.CharField(required=False)

    LOOKUPS: dict[str, str] = {}


class Filtered(viewsets.GenericViewSet[Any]):
    """A list narrowed by the query; a wrong value is said, not ignored."""

    permission_classes = [InTable]
    pagination_class = NewestFirst
    filter_serializer: type[serializers.Serializer[Any]]
    detail_serializer: type[serializers.Serializer[Any]] | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        key = str(kwargs.get("pk", "0"))
        if not key.isdecimal() or len(key) > 18:
            raise Http404

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.action != "list":
            return queryset
        asked = self.filter_serializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        lookups = self.filter_serializer.LOOKUPS  # type: ignore[attr-defined]
        said = asked.validated_data.items()
        return queryset.filter(
            **{lookups.get(name, name): value for name, value in said if value is not None}
        )

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        if self.action == "retrieve" and self.detail_serializer is not None:
            return self.detail_serializer
        return super().get_serializer_class()


def said(request: Request, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The body of a POST, checked."""
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def person(request: Request) -> AbstractBaseUser:
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


@extend_schema_view(list=extend_schema(parameters=[CallOffFilter], summary="Call-offs, newest first"))
class CallOffs(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What the OEM called. `call_number` is the identity; sequence numbers change and wrap."""

    serializer_class = CallOffSerializer
    detail_serializer = CallOffDetailSerializer
    filter_serializer = CallOffFilter
    queryset = CallOff.objects.select_related("program")

    def get_queryset(self) -> QuerySet[CallOff]:
        if self.action != "retrieve":
            return super().get_queryset()
        groups = ComponentGroup.objects.select_related("commodity", "slot__rack").prefetch_related(
            Prefetch("components", CallComponent.objects.select_related("part"))
        )
        return super().get_queryset().prefetch_related(Prefetch("groups", groups))


@extend_schema_view(list=extend_schema(parameters=[RackFilter], summary="Racks, newest first"))
class Racks(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Racks with their slots in loading order."""

    serializer_class = RackSerializer
    detail_serializer = RackDetailSerializer
    filter_serializer = RackFilter
    queryset = Rack.objects.select_related("commodity", "carrier", "shipment").annotate(
        slot_count=Count("slots"),
        filled_count=Count("slots", filter=Q(slots__status=SlotStatus.FILLED)),
        hole_count=Count("slots", filter=Q(slots__status=SlotStatus.HOLE)),
    )

    def get_queryset(self) -> QuerySet[Rack]:
        slots = Slot.objects.select_related("group__call_off").order_by("number")
        racks = super().get_queryset()
        return racks if self.action == "list" else racks.prefetch_related(Prefetch("slots", slots))

    def _answer(self, rack_id: int) -> Response:
        return Response(RackDetailSerializer(self.get_queryset().get(pk=rack_id)).data)

    @extend_schema(request=None, responses={200: RackDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def seal(self, request: Request, pk: str) -> Response:
        """Checks the rack against the latest call-offs and seals it."""
        return self._answer(services.seal_rack(int(pk), by=person(request), at=timezone.now()).pk)

    @extend_schema(request=ReasonSerializer, responses={200: RackDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Opens a rack again; every slot is verified anew."""
        body = said(request, ReasonSerializer)
        return self._answer(services.reopen_rack(int(pk), by=person(request), at=timezone.now(), **body).pk)

    @extend_schema(request=ReasonSerializer, responses={200: RackDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"], url_path="approve-holes")
    def approve_holes(self, request: Request, pk: str) -> Response:
        """A named supervisor lets the rack go with its holes."""
        body = said(request, ReasonSerializer)
        return self._answer(services.approve_holes(int(pk), by=person(request), at=timezone.now(), **body).pk)


def _kind() -> QuerySet[Station, tuple[str]]:
    return Station.objects.filter(pk=number("station")).values_list("kind").order_by()


_KIND = Question(_kind)


class Scans(viewsets.GenericViewSet[Any]):
    """Scans of stations and docks: the same verb as the page."""

    permission_classes = [InTable]
    serializer_class = ScanSerializer

    @extend_schema(
        request=ScanSerializer,
        responses={200: VerdictSerializer, **REFUSALS},
        summary="Judge one scan",
        description="Idempotent by (station, nonce): a repeated post gets the first answer, `repeated` true.",
    )
    def create(self, request: Request) -> Response:
        scan = said(request, ScanSerializer)
        kind = _KIND.first(station=scan["station"])
        page = "dock" if kind == (Station.Kind.DOCK,) else "station"
        if kind is not None and not may(request.user, page):
            raise PermissionDenied("Your role may not scan at this station.")
        verdict = services.record_scan(
            scan["station"],
            scan["raw"],
            scan["nonce"],
            at=scan["scanned_at"],
            now=timezone.now(),
            shown=scan.get("shown"),
        )
        return Response(VerdictSerializer(verdict).data)


@extend_schema_view(list=extend_schema(parameters=[ShipmentFilter], summary="Shipments, newest first"))
class Shipments(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Truck loads and how their ASN stands."""

    serializer_class = ShipmentSerializer
    detail_serializer = ShipmentDetailSerializer
    filter_serializer = ShipmentFilter
    queryset = Shipment.objects.select_related("unloading_point")

    def get_queryset(self) -> QuerySet[Shipment]:
        shipments = super().get_queryset()
        if self.action == "list":
            return shipments
        return shipments.prefetch_related(Prefetch("racks", Rack.objects.order_by("load_position")))

    @extend_schema(request=DepartSerializer, responses={200: ShipmentDetailSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def depart(self, request: Request, pk: str) -> Response:
        """The truck leaves; the ASN follows by itself."""
        given = said(request, DepartSerializer)
        gone = services.depart_shipment(int(pk), at=timezone.now(), by=str(person(request)), **given)
        return Response(ShipmentDetailSerializer(self.get_queryset().get(pk=gone.pk)).data)


@extend_schema_view(list=extend_schema(parameters=[GapFilter], summary="Missing positions, newest first"))
class Gaps(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Positions a dense counter skipped, with their deadline."""

    serializer_class = GapSerializer
    filter_serializer = GapFilter
    queryset = SequenceGap.objects.select_related("stream__line", "accepted_by")

    @extend_schema(request=AcceptGapSerializer, responses={200: AcceptedSerializer, **REFUSALS})
    @action(detail=False, methods=["post"])
    def accept(self, request: Request) -> Response:
        """A named supervisor decides that these calls will not come."""
        body = said(request, AcceptGapSerializer)
        count = services.accept_gap(
            body["stream"],
            body["first"],
            body["last"],
            by=person(request),
            reason=body["reason"],
            at=timezone.now(),
        )
        return Response({"accepted": count})


@extend_schema_view(list=extend_schema(parameters=[TaskFilter], summary="Tasks, newest first"))
class Tasks(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Decisions that wait for a person."""

    serializer_class = TaskSerializer
    filter_serializer = TaskFilter
    queryset = Task.objects.select_related("line", "owner")

    @extend_schema(request=NoteSerializer, responses={200: TaskSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Takes the task over by name."""
        note = said(request, NoteSerializer)["note"]
        task = services.acknowledge_task(int(pk), by=person(request), at=timezone.now(), note=note)
        return Response(TaskSerializer(task).data)


router = SimpleRouter()
router.register("call-offs", CallOffs, basename="api-calloff")
router.register("racks", Racks, basename="api-rack")
router.register("scans", Scans, basename="api-scan")
router.register("shipments", Shipments, basename="api-shipment")
router.register("gaps", Gaps, basename="api-gap")
router.register("tasks", Tasks, basename="api-task")
