"""REST API of printing: the queue, printers and label numbers; reprint and retry by the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sequencer.api import REFUSALS, Filtered, ReasonSerializer, person, router, said
from sequencer.documents.kinds import DocumentKind
from sequencer.models import LabelRecord, Printer, PrintJob
from sequencer.services import printing
from sequencer.states import PrintStatus

KINDS = [kind.value for kind in DocumentKind]


class PrintJobSerializer(serializers.ModelSerializer[PrintJob]):
    """`key` stands on the label: the same key twice on the floor is one label printed twice."""

    station = serializers.CharField(source="station.code", default=None, allow_null=True, read_only=True)
    printer = serializers.CharField(source="printer.code", default=None, allow_null=True, read_only=True)
    numbers: serializers.SlugRelatedField[LabelRecord] = serializers.SlugRelatedField(
        source="labels",
        many=True,
        read_only=True,
        slug_field="number",
        help_text="Oldest first; the last one counts",
    )
    key = serializers.CharField(read_only=True)

    class Meta:
        model = PrintJob
        fields = [
            "id", "key", "kind", "subject_type", "subject_id", "subject", "station", "printer", "design", "copies",
            "status", "attempt", "problem", "warning", "asked_at", "asked_by", "reason", "sent_at", "printed_at",
            "void_at", "replaces", "numbers",
        ]  # fmt: skip


class PrinterSerializer(serializers.ModelSerializer[Printer]):
    class Meta:
        model = Printer
        fields = ["id", "code", "name", "driver", "dpi", "active", "state", "state_note", "state_at"]


class LabelSerializer(serializers.ModelSerializer[LabelRecord]):
    """`void_at` null: the label counts."""

    class Meta:
        model = LabelRecord
        fields = [
            "id",
            "number",
            "kind",
            "subject_type",
            "subject_id",
            "job",
            "issued_at",
            "void_at",
            "void_reason",
        ]


class PrintJobFilter(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=[s.value for s in PrintStatus], required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    printer = serializers.CharField(required=False)
    station = serializers.CharField(required=False)
    subject = serializers.CharField(required=False)

    LOOKUPS = {"printer": "printer__code", "station": "station__code"}


class PrinterFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Printer.State.choices, required=False)

    LOOKUPS: dict[str, str] = {}


class LabelFilter(serializers.Serializer[Any]):
    number = serializers.CharField(required=False, help_text="As scanned without its identifier")
    kind = serializers.ChoiceField(choices=KINDS, required=False)

    LOOKUPS: dict[str, str] = {}


@extend_schema_view(list=extend_schema(parameters=[PrintJobFilter], summary="Print jobs, newest first"))
class PrintJobs(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Every paper that was asked for and what became of it."""

    serializer_class = PrintJobSerializer
    filter_serializer = PrintJobFilter
    queryset = PrintJob.objects.select_related("station", "printer").prefetch_related("labels")

    def get_queryset(self) -> QuerySet[PrintJob]:
        found: QuerySet[PrintJob] = super().get_queryset()
        return found

    def _answer(self, job_id: int) -> Response:
        return Response(PrintJobSerializer(self.get_queryset().get(pk=job_id)).data)

    @extend_schema(request=ReasonSerializer, responses={200: PrintJobSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def reprint(self, request: Request, pk: str) -> Response:
        """Prints the paper anew; the older label becomes void. Answers the new job."""
        body = said(request, ReasonSerializer)
        by = person(request).get_username()
        return self._answer(printing.reprint(int(pk), at=timezone.now(), by=by, **body).pk)

    @extend_schema(request=None, responses={200: PrintJobSerializer, **REFUSALS})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Sends a failed job again."""
        by = person(request).get_username()
        return self._answer(printing.retry(int(pk), at=timezone.now(), by=by).pk)


@extend_schema_view(list=extend_schema(parameters=[PrinterFilter], summary="Printers"))
class Printers(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Printers and what they last said of themselves."""

    serializer_class = PrinterSerializer
    filter_serializer = PrinterFilter
    queryset = Printer.objects.all()


@extend_schema_view(list=extend_schema(parameters=[LabelFilter], summary="Label numbers, newest first"))
class Labels(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Each number that was ever put on a label, and whether it counts."""

    serializer_class = LabelSerializer
    filter_serializer = LabelFilter
    queryset = LabelRecord.objects.all()


router.register("print-jobs", PrintJobs, basename="api-print-job")
router.register("printers", Printers, basename="api-printer")
router.register("labels", Labels, basename="api-label")
