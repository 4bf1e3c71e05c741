"""REST API of production scheduling. Every POST is the verb the board uses; a refusal has a code and a sentence."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.models import StockCount
from inventory.services import record_stock_count
from scheduling import services
from scheduling.engine.problem import Status, StepType
from scheduling.models import (
    ExportRow,
    ManufacturingOrder,
    Operation,
    Plan,
    PlanMove,
    PlannedOperation,
    Resource,
    ScheduleRun,
    SequencingStep,
    SetupTime,
)
from scheduling.sayings import said_as_json, say
from scheduling.states import OperationStatus, OrderStatus, PlanStatus, RunStatus
from sequencer.access import may
from sequencer.api import LARGEST_KEY, REFUSALS, Filtered, ReasonSerializer, choice, person, router, said

SEQUENCING = [(one.value, one.name.lower()) for one in Status]
FLOOR = [(one.value, one.name.lower()) for one in OperationStatus]


def by_of(request: Request) -> str:
    return person(request).get_username()


class CautionSerializer(serializers.Serializer[Any]):
    """What the engine said: a stable code, its values, and the text in the language asked for. No code: of old."""

    code = serializers.CharField()
    values = serializers.DictField()
    text = serializers.CharField()


class Cautioned(serializers.Serializer[Any]):
    """`warnings` are the texts of `cautions`, in the language of Accept-Language."""

    warnings = serializers.SerializerMethodField()
    cautions = serializers.SerializerMethodField()

    def get_warnings(self, row: Plan | ScheduleRun) -> list[str]:
        return [say(one) for one in row.warnings]

    @extend_schema_field(CautionSerializer(many=True))
    def get_cautions(self, row: Plan | ScheduleRun) -> list[dict[str, Any]]:
        return said_as_json(row.warnings)


class PlanSerializer(Cautioned, serializers.ModelSerializer[Plan]):
    status = choice(PlanStatus, read_only=True)
    figures = serializers.DictField(read_only=True)

    class Meta:
        model = Plan
        fields = [
            "id", "number", "name", "status", "version", "start_at", "copied_from", "figures", "warnings", "cautions",
            "created_by", "created_at", "published_by", "published_at",
        ]  # fmt: skip


class NewPlanSerializer(serializers.Serializer[Any]):
    """Without a start the plan begins now. `keep`: what the published plan sequenced keeps its order."""

    start = serializers.DateTimeField(required=False)
    name = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    keep = serializers.BooleanField(required=False, default=True)


class NameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)


class SeenSerializer(serializers.Serializer[Any]):
    """The version the caller saw; another one is refused (409)."""

    version = serializers.IntegerField(min_value=1)


class BarMoveSerializer(SeenSerializer):
    """A bar put elsewhere: position counts from 1 in the sequence of the resource."""

    operation = serializers.IntegerField(max_value=LARGEST_KEY)
    resource = serializers.IntegerField(max_value=LARGEST_KEY)
    position = serializers.IntegerField(min_value=1)


class LockSerializer(SeenSerializer):
    operations = serializers.ListField(
        child=serializers.IntegerField(max_value=LARGEST_KEY), allow_empty=False
    )
    locked = serializers.BooleanField()


class DeltaSerializer(serializers.Serializer[Any]):
    """What a change costs the whole plan."""

    setup_hours = serializers.FloatField()
    late_orders = serializers.IntegerField()
    tardiness_hours = serializers.FloatField()


class BarSerializer(serializers.Serializer[Any]):
    """One operation where a plan has it."""

    id = serializers.IntegerField()
    operation = serializers.IntegerField()
    order = serializers.CharField()
    number = serializers.IntegerField()
    part = serializers.CharField()
    resource = serializers.IntegerField()
    position = serializers.IntegerField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    setup_hours = serializers.FloatField()
    key = serializers.CharField()
    status = serializers.ChoiceField(choices=SEQUENCING)
    operation_status = serializers.ChoiceField(choices=FLOOR)
    late_minutes = serializers.IntegerField()
    rule = serializers.CharField()
    group = serializers.CharField()


class MovedSerializer(serializers.Serializer[Any]):
    """The plan's new version, the bars that changed, the difference for the plan."""

    version = serializers.IntegerField()
    bars = BarSerializer(many=True)
    delta = DeltaSerializer()


class NewRunSerializer(serializers.Serializer[Any]):
    """A run of the engine. With iterations it can be repeated exactly; `keep` keeps what a run sequenced before."""

    seconds = serializers.FloatField(required=False, allow_null=True, default=None)
    iterations = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)
    workers = serializers.IntegerField(required=False, default=2, min_value=1, max_value=16)
    keep = serializers.BooleanField(required=False, default=False)
    publish = serializers.BooleanField(required=False, default=False)


class RunSerializer(Cautioned, serializers.ModelSerializer[ScheduleRun]):
    """`error` is the text of `failure`, in the language of Accept-Language; empty and null where it did not fail."""

    status = choice(RunStatus, read_only=True)
    error = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()

    def get_error(self, run: ScheduleRun) -> str:
        return say(run.told or run.error)

    @extend_schema_field(CautionSerializer(allow_null=True))
    def get_failure(self, run: ScheduleRun) -> dict[str, Any] | None:
        return said_as_json([run.told or run.error])[0] if run.error else None

    class Meta:
        model = ScheduleRun
        fields = [
            "id", "plan", "status", "requested_by", "requested_at", "seconds", "iterations", "seed", "workers",
            "publish", "published_at", "publish_code", "publish_refusal", "publish_seen_by", "worker", "claimed_at",
            "heartbeat_at", "claim_count", "progress", "best_objective",
            "iteration_count", "cancel_requested_at", "finished_at", "engine_version", "warnings", "cautions", "error",
            "failure",
        ]  # fmt: skip


class RunDetailSerializer(RunSerializer):
    """With the result as docs/scheduling-engine.md has it."""

    result = serializers.DictField(read_only=True, allow_null=True)

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "result"]


class OperationSerializer(serializers.ModelSerializer[Operation]):
    order = serializers.CharField(source="order.number", read_only=True)
    part = serializers.CharField(source="order.part.number", read_only=True)
    work_centre = serializers.CharField(source="work_centre.code", read_only=True)
    sequencing_status = serializers.ChoiceField(choices=SEQUENCING, read_only=True)
    operation_status = serializers.ChoiceField(choices=FLOOR, read_only=True)
    planned_resource = serializers.CharField(
        source="planned_resource.code", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = Operation
        fields = [
            "id", "order", "part", "number", "work_centre", "hours", "quantity", "key", "sequencing_status",
            "operation_status", "planned_resource", "planned_position", "planned_starts_at", "planned_ends_at",
            "started_at", "started_by", "finished_at", "finished_by", "good_count",
        ]  # fmt: skip


class StartSerializer(serializers.Serializer[Any]):
    resource = serializers.IntegerField(max_value=LARGEST_KEY)


class FinishSerializer(serializers.Serializer[Any]):
    good_count = serializers.DecimalField(max_digits=15, decimal_places=3, min_value=0)


class OrderSerializer(serializers.ModelSerializer[ManufacturingOrder]):
    """An order; posted with a part that has a routing it gets its operations from there."""

    part = serializers.CharField(source="part.number", read_only=True)
    status = choice(OrderStatus, read_only=True)
    firm = serializers.BooleanField(read_only=True)
    parent = serializers.CharField(  # type: ignore[assignment]
        source="parent.number", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = ManufacturingOrder
        fields = [
            "id", "number", "part", "quantity", "due_at", "not_before", "weight", "schedule_number", "parent", "source",
            "status", "firm", "reason", "released_at", "closed_at",
        ]  # fmt: skip


class NewOrderSerializer(serializers.Serializer[Any]):
    number = serializers.CharField(max_length=40)
    part = serializers.CharField(max_length=35, help_text="Our own number")
    quantity = serializers.DecimalField(max_digits=15, decimal_places=3, min_value=0)
    due_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    not_before = serializers.DateTimeField(required=False, allow_null=True, default=None)
    weight = serializers.FloatField(required=False, default=1.0, min_value=0)
    schedule_number = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    parent = serializers.CharField(  # type: ignore[assignment]
        max_length=40, required=False, default="", allow_blank=True
    )


class TakenSerializer(serializers.Serializer[Any]):
    """Numbers of the orders that were created, changed, cancelled, and of firm ones the releases see otherwise."""

    created = serializers.ListField(child=serializers.CharField())
    changed = serializers.ListField(child=serializers.CharField())
    cancelled = serializers.ListField(child=serializers.CharField())
    kept = serializers.ListField(child=serializers.CharField())


class OrderFileSerializer(serializers.Serializer[Any]):
    """A CSV file of orders. `dry_run` only says what it would do."""

    file = serializers.FileField()
    dry_run = serializers.BooleanField(required=False, default=False)


class OrderRowSerializer(serializers.Serializer[Any]):
    """One line of the file: create, change, same or refuse; the columns it is about, and in which words."""

    line = serializers.IntegerField()
    number = serializers.CharField()
    does = serializers.ChoiceField(choices=["create", "change", "same", "refuse"])
    column = serializers.CharField()
    words = serializers.CharField()


class OrderFileAnswerSerializer(serializers.Serializer[Any]):
    counts = serializers.DictField(child=serializers.IntegerField())
    rows = OrderRowSerializer(many=True)


class OrderCautionSerializer(serializers.Serializer[Any]):
    """not_needed: so many pieces of the firm order are too many. late: the firm order is due after its need, which is
    due then. short: the need due then lacks so many; an order of it is done or a person cancelled one."""

    code = serializers.ChoiceField(choices=["not_needed", "late", "short"])
    order = serializers.CharField()
    quantity = serializers.DecimalField(max_digits=18, decimal_places=3)
    due_at = serializers.DateTimeField(allow_null=True)


class ReckoningSerializer(serializers.Serializer[Any]):
    """How a part's planned orders come about. `gross` says why nothing is taken off: off, no_count, old_count or
    less_left; empty: it is netted. `net` is before rounding to lots, `planned` after."""

    part = serializers.CharField()
    gross = serializers.CharField()
    demand = serializers.DecimalField(max_digits=18, decimal_places=3)
    stock = serializers.DecimalField(
        source="stock.there", default=None, allow_null=True, max_digits=18, decimal_places=3
    )
    open = serializers.DecimalField(max_digits=18, decimal_places=3)
    net = serializers.DecimalField(max_digits=18, decimal_places=3)
    lot_size = serializers.DecimalField(allow_null=True, max_digits=15, decimal_places=3)
    planned = serializers.DecimalField(max_digits=18, decimal_places=3)
    cautions = OrderCautionSerializer(many=True)


class StockCountSerializer(serializers.ModelSerializer[StockCount]):
    part = serializers.CharField(source="part.number", read_only=True)

    class Meta:
        model = StockCount
        fields = ["id", "part", "quantity", "counted_at", "by", "note"]


class NewStockCountSerializer(serializers.Serializer[Any]):
    """Good pieces in the house at a moment; without one: now."""

    part = serializers.CharField(max_length=35, help_text="Our own number")
    quantity = serializers.DecimalField(max_digits=15, decimal_places=3, min_value=0)
    counted_at = serializers.DateTimeField(required=False)
    note = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)


class StockCountFilter(serializers.Serializer[Any]):
    part = serializers.CharField(required=False, help_text="Our own number")

    LOOKUPS = {"part": "part__number"}


class ResourceSerializer(serializers.ModelSerializer[Resource]):
    work_centre = serializers.CharField(source="work_centre.code", read_only=True)
    calendar = serializers.CharField(source="calendar.code", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Resource
        fields = [
            "id", "code", "name", "work_centre", "calendar", "efficiency", "sequencing_priority", "state", "setup_rule",
            "setup_standard", "setup_reduced", "active",
        ]  # fmt: skip


class SetupTimeSerializer(serializers.ModelSerializer[SetupTime]):
    resource = serializers.CharField(source="resource.code", default=None, allow_null=True, read_only=True)

    class Meta:
        model = SetupTime
        fields = ["id", "resource", "from_key", "to_key", "hours", "forbidden", "valid_from", "valid_to"]


class StepSerializer(serializers.ModelSerializer[SequencingStep]):
    work_centre = serializers.CharField(
        source="work_centre.code", default=None, allow_null=True, read_only=True
    )
    type = serializers.ChoiceField(choices=[one.value for one in StepType], read_only=True)
    more = serializers.DictField(read_only=True)

    class Meta:
        model = SequencingStep
        exclude: list[str] = []


class PlanMoveSerializer(serializers.ModelSerializer[PlanMove]):
    class Meta:
        model = PlanMove
        fields = ["id", "plan", "number", "kind", "operation", "by", "at", "undone_at"]


class ExportSerializer(serializers.ModelSerializer[ExportRow]):
    class Meta:
        model = ExportRow
        fields = [
            "id", "plan", "order_number", "part_number", "quantity", "quantity_before", "due_at", "starts_at",
            "ends_at", "starts_before", "ends_before", "late_minutes", "changed",
        ]  # fmt: skip


class PlanFilter(serializers.Serializer[Any]):
    status = choice(PlanStatus, required=False)
    number = serializers.IntegerField(required=False, max_value=2**31 - 1)

    LOOKUPS: dict[str, str] = {}


class RunFilter(serializers.Serializer[Any]):
    plan = serializers.IntegerField(required=False, max_value=LARGEST_KEY)
    status = choice(RunStatus, required=False)

    LOOKUPS: dict[str, str] = {}


class BarFilter(serializers.Serializer[Any]):
    plan = serializers.IntegerField(max_value=LARGEST_KEY)
    resource = serializers.CharField(required=False, help_text="Its code")
    order = serializers.CharField(required=False, help_text="Its number")
    late = serializers.BooleanField(required=False, default=None, allow_null=True)

    LOOKUPS = {"resource": "resource__code", "order": "operation__order__number"}


class OrderFilter(serializers.Serializer[Any]):
    number = serializers.CharField(required=False)
    part = serializers.CharField(required=False)
    status = choice(OrderStatus, required=False)
    schedule_number = serializers.CharField(required=False)

    LOOKUPS = {"part": "part__number"}


class OperationFilter(serializers.Serializer[Any]):
    order = serializers.CharField(required=False, help_text="Its number")
    planned_resource = serializers.CharField(required=False, help_text="Its code")
    operation_status = serializers.ChoiceField(choices=FLOOR, required=False)

    LOOKUPS = {"order": "order__number", "planned_resource": "planned_resource__code"}


class ResourceFilter(serializers.Serializer[Any]):
    work_centre = serializers.CharField(required=False)
    active = serializers.BooleanField(required=False, default=None, allow_null=True)

    LOOKUPS = {"work_centre": "work_centre__code"}


class SetupTimeFilter(serializers.Serializer[Any]):
    resource = serializers.CharField(required=False, help_text="Its code")
    from_key = serializers.CharField(required=False)
    to_key = serializers.CharField(required=False)

    LOOKUPS = {"resource": "resource__code"}


class StepFilter(serializers.Serializer[Any]):
    enabled = serializers.BooleanField(required=False, default=None, allow_null=True)
    work_centre = serializers.CharField(required=False)

    LOOKUPS = {"work_centre": "work_centre__code"}


class OfPlanFilter(serializers.Serializer[Any]):
    plan = serializers.IntegerField(required=False, max_value=LARGEST_KEY)

    LOOKUPS: dict[str, str] = {}


@extend_schema_view(list=extend_schema(parameters=[PlanFilter], summary="Plans, newest first"))
class Plans(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Plans of production; only a draft changes, one is published."""

    serializer_class = PlanSerializer
    filter_serializer = PlanFilter
    queryset = Plan.objects.defer("problem")

    def _now(self, plan_id: int) -> dict[str, Any]:
        return dict(PlanSerializer(self.queryset.get(pk=plan_id)).data)

    @extend_schema(
        request=NewPlanSerializer, responses={201: PlanSerializer, **REFUSALS}, summary="Plan all open orders"
    )
    def create(self, request: Request) -> Response:
        """A draft of all open orders, planned forward; run it to sequence it."""
        _refuse_reader(request, "schedule-move", "make a plan")
        asked, now = said(request, NewPlanSerializer), timezone.now()
        plan = services.plan_from_orders(
            start=asked.get("start", now), name=asked["name"], keep=asked["keep"], by=by_of(request), at=now
        )
        return Response(self._now(plan.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=NameSerializer, responses={201: PlanSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """A draft that is the same."""
        name = said(request, NameSerializer)["name"]
        plan = services.copy_plan(int(pk), name=name, by=by_of(request), at=timezone.now())
        return Response(self._now(plan.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=SeenSerializer, responses={200: PlanSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        """The floor works by this plan from now on."""
        seen = said(request, SeenSerializer)
        plan = services.publish_plan(int(pk), **seen, by=by_of(request), at=timezone.now())
        return Response(self._now(plan.pk))

    @extend_schema(request=None, responses={200: PlanSerializer, **REFUSALS})
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request: Request, pk: str) -> Response:
        """The plan is a draft again, and the one before it is published."""
        services.unpublish_plan(int(pk), by=by_of(request), at=timezone.now())
        return Response(self._now(int(pk)))

    @extend_schema(request=NewRunSerializer, responses={201: RunSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: str) -> Response:
        """Queues a run of the engine; a worker claims it within seconds."""
        asked = said(request, NewRunSerializer)
        run = services.request_run(int(pk), **asked, by=by_of(request), at=timezone.now())
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=BarMoveSerializer, responses={200: MovedSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """A bar put elsewhere by hand; the bars that changed and what it costs."""
        moved = services.move_operation(
            int(pk), **said(request, BarMoveSerializer), by=by_of(request), at=timezone.now()
        )
        return Response(MovedSerializer(moved).data)

    @extend_schema(request=BarMoveSerializer, responses={200: DeltaSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: str) -> Response:
        """What a move would cost; nothing is stored."""
        return Response(asdict(services.preview_move(int(pk), **said(request, BarMoveSerializer))))

    @extend_schema(request=LockSerializer, responses={200: MovedSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def lock(self, request: Request, pk: str) -> Response:
        """Operations sequence-locked (17), or let go (10)."""
        asked = said(request, LockSerializer)
        moved = services.lock_operations(
            int(pk), asked["operations"], lock=asked["locked"], version=asked["version"], by=by_of(request),
            at=timezone.now(),
        )  # fmt: skip
        return Response(MovedSerializer(moved).data)

    @extend_schema(request=SeenSerializer, responses={200: MovedSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Takes the last change by hand back."""
        seen = said(request, SeenSerializer)
        return Response(
            MovedSerializer(services.undo_move(int(pk), **seen, by=by_of(request), at=timezone.now())).data
        )


@extend_schema_view(list=extend_schema(parameters=[RunFilter], summary="Runs, newest first"))
class Runs(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Runs of the engine with their progress."""

    serializer_class = RunSerializer
    detail_serializer = RunDetailSerializer
    filter_serializer = RunFilter
    queryset = ScheduleRun.objects.defer("problem")

    @extend_schema(request=None, responses={200: RunSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Ends a run; the plan stays as it was."""
        return Response(
            RunSerializer(services.cancel_run(int(pk), by=by_of(request), at=timezone.now())).data
        )


@extend_schema_view(
    list=extend_schema(parameters=[OrderFilter], summary="Manufacturing orders, newest first")
)
class Orders(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What is to be made."""

    serializer_class = OrderSerializer
    filter_serializer = OrderFilter
    queryset = ManufacturingOrder.objects.select_related("part", "parent")

    def _now(self, order_id: int) -> dict[str, Any]:
        return dict(OrderSerializer(self.queryset.get(pk=order_id)).data)

    @extend_schema(
        request=NewOrderSerializer, responses={201: OrderSerializer, **REFUSALS}, summary="Enter an order"
    )
    def create(self, request: Request) -> Response:
        """An order with the operations of its part's routing; a number that is taken is refused."""
        _refuse_reader(request, "api-order-firm", "enter an order")
        order = services.enter_order(
            **said(request, NewOrderSerializer), by=by_of(request), at=timezone.now()
        )
        return Response(self._now(order.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: OrderSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def firm(self, request: Request, pk: str) -> Response:
        """It stands from now on, whatever the release says."""
        return Response(self._now(services.firm_order(int(pk), by=by_of(request), at=timezone.now()).pk))

    @extend_schema(request=ReasonSerializer, responses={200: OrderSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """It is not made; the release does not bring it back."""
        reason = said(request, ReasonSerializer)["reason"]
        order = services.cancel_order(int(pk), reason=reason, by=by_of(request), at=timezone.now())
        return Response(self._now(order.pk))

    @extend_schema(request=None, responses={200: TakenSerializer, **REFUSALS})
    @action(detail=False, methods=["post"], url_path="take-releases")
    def take_releases(self, request: Request) -> Response:
        """Orders for what the customers' releases ask; said again nothing changes."""
        return Response(asdict(services.take_releases(by=by_of(request), at=timezone.now())))

    @extend_schema(
        request={"multipart/form-data": OrderFileSerializer},
        responses={200: OrderFileAnswerSerializer, **REFUSALS},
        summary="Take a CSV file of orders, whole or not at all",
    )
    @action(detail=False, methods=["post"], url_path="take-file", parser_classes=[MultiPartParser])
    def take_file(self, request: Request) -> Response:
        """With `dry_run` nothing is stored; a line that is refused keeps the whole file out (422)."""
        asked = said(request, OrderFileSerializer)
        text = services.read_order_file(asked["file"].read(services.MOST_BYTES + 1))
        if asked["dry_run"]:
            judged = services.judge_orders(text)
        else:
            judged = services.import_orders(text, by=by_of(request), at=timezone.now())
        told = {"counts": services.counts_of(judged), "rows": judged}
        return Response(OrderFileAnswerSerializer(told).data)

    @extend_schema(responses={200: ReckoningSerializer(many=True)}, filters=False)
    @action(detail=False, methods=["get"], pagination_class=None)
    def reckoning(self, request: Request) -> Response:
        """Part by part: what releases ask, stock and open orders, and what taking the releases would plan."""
        return Response(ReckoningSerializer(services.reckon_releases(at=timezone.now()), many=True).data)


@extend_schema_view(list=extend_schema(parameters=[StockCountFilter], summary="Stock counts, newest first"))
class StockCounts(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Counted stock, from which planned orders may be netted."""

    serializer_class = StockCountSerializer
    filter_serializer = StockCountFilter
    queryset = StockCount.objects.select_related("part")

    @extend_schema(
        request=NewStockCountSerializer,
        responses={201: StockCountSerializer, **REFUSALS},
        summary="Enter a count",
    )
    def create(self, request: Request) -> Response:
        """The latest count of a part is what its planned orders are netted against."""
        _refuse_reader(request, "schedule-orders-follow", "enter a stock count")
        asked, now = said(request, NewStockCountSerializer), timezone.now()
        count = record_stock_count(
            asked["part"], asked["quantity"], counted_at=asked.get("counted_at", now), note=asked["note"],
            by=by_of(request), at=now,
        )  # fmt: skip
        return Response(StockCountSerializer(count).data, status=status.HTTP_201_CREATED)


@extend_schema_view(list=extend_schema(parameters=[OperationFilter], summary="Operations, newest first"))
class Operations(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Operations of orders, as the published plan has them and the floor did them."""

    serializer_class = OperationSerializer
    filter_serializer = OperationFilter
    queryset = Operation.objects.select_related("order__part", "work_centre", "planned_resource")

    def _now(self, operation_id: int) -> dict[str, Any]:
        return dict(OperationSerializer(self.queryset.get(pk=operation_id)).data)

    @extend_schema(request=StartSerializer, responses={200: OperationSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """It is begun at a resource (status 50)."""
        resource = said(request, StartSerializer)["resource"]
        services.start_operation(int(pk), resource_id=resource, by=by_of(request), at=timezone.now())
        return Response(self._now(int(pk)))

    @extend_schema(request=FinishSerializer, responses={200: OperationSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        """It is finished (status 90) with so many good pieces."""
        services.finish_operation(
            int(pk), **said(request, FinishSerializer), by=by_of(request), at=timezone.now()
        )
        return Response(self._now(int(pk)))


@extend_schema_view(list=extend_schema(parameters=[BarFilter], summary="Bars of a plan"))
class Bars(Filtered, mixins.ListModelMixin):
    """Where a plan has its operations."""

    serializer_class = BarSerializer
    filter_serializer = BarFilter
    queryset = PlannedOperation.objects.select_related("operation__order__part")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(BarSerializer(services.as_bars(page or []), many=True).data)


@extend_schema_view(list=extend_schema(parameters=[ResourceFilter], summary="Resources"))
class Resources(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Machines and lines."""

    serializer_class = ResourceSerializer
    filter_serializer = ResourceFilter
    queryset = Resource.objects.select_related("work_centre", "calendar")


@extend_schema_view(list=extend_schema(parameters=[SetupTimeFilter], summary="Setup matrix"))
class SetupTimes(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Records of the setup matrix."""

    serializer_class = SetupTimeSerializer
    filter_serializer = SetupTimeFilter
    queryset = SetupTime.objects.select_related("resource")


@extend_schema_view(list=extend_schema(parameters=[StepFilter], summary="Sequencing steps"))
class Steps(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Steps of the sequence optimisation with all their parameters."""

    serializer_class = StepSerializer
    filter_serializer = StepFilter
    queryset = SequencingStep.objects.select_related("work_centre")


@extend_schema_view(list=extend_schema(parameters=[OfPlanFilter], summary="What people moved, newest first"))
class Moves(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Changes of plans by hand and by runs."""

    serializer_class = PlanMoveSerializer
    filter_serializer = OfPlanFilter
    queryset = PlanMove.objects.defer("before", "after")


@extend_schema_view(list=extend_schema(parameters=[OfPlanFilter], summary="One row an order, for the ERP"))
class Export(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """What published plans say of each order: dates and quantities, and what the plan before said."""

    serializer_class = ExportSerializer
    filter_serializer = OfPlanFilter
    queryset = ExportRow.objects.all()


def _refuse_reader(request: Request, name: str, what: str) -> None:
    """The route is the list's, which more people may read."""
    if not may(request.user, name):
        raise PermissionDenied(f"Your role may not {what}.")


router.register("plans", Plans, basename="api-plan")
router.register("schedule-runs", Runs, basename="api-schedule-run")
router.register("plan-bars", Bars, basename="api-plan-bar")
router.register("plan-moves", Moves, basename="api-plan-move-record")
router.register("plan-export", Export, basename="api-plan-export")
router.register("manufacturing-orders", Orders, basename="api-order")
router.register("stock-counts", StockCounts, basename="api-stock-count")
router.register("operations", Operations, basename="api-operation")
router.register("resources", Resources, basename="api-resource")
router.register("setup-times", SetupTimes, basename="api-setup-time")
router.register("sequencing-steps", Steps, basename="api-sequencing-step")
