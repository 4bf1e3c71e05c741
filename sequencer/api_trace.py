"""REST API of trace and recall: the same search, lives, lists and statements as the pages."""

from __future__ import annotations

import io
from dataclasses import asdict
from itertools import islice
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from sequencer.access import InTable
from sequencer.api import REFUSALS, person, router, said
from sequencer.services.trace import Asked, find, issue_recall, life_of, recall_rows, recall_statement
from sequencer.services.trace.recall import Row

# A JSON answer is for a program's screen; whoever wants all pieces has the list issued.
MOST_ROWS = 5_000


class HitSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    key = serializers.CharField()
    title = serializers.CharField()
    found_by = serializers.CharField()
    detail = serializers.CharField()


class EntrySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]
    what = serializers.CharField()
    who = serializers.CharField()
    where = serializers.CharField()
    detail = serializers.CharField()
    reason = serializers.CharField()
    link = serializers.CharField()
    bad = serializers.BooleanField()


class LifeSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(source="subject.kind")
    key = serializers.CharField(source="subject.key")
    title = serializers.CharField(source="subject.title")
    entries = EntrySerializer(many=True)
    cut = serializers.ListField(
        child=serializers.CharField(), help_text="Sources of which only the newest are here"
    )
    archived_months = serializers.SerializerMethodField()

    def get_archived_months(self, life: Any) -> list[str]:
        return [f"{archive.month:%Y-%m}" for archive in life.archived]


class AskedSerializer(serializers.Serializer[Any]):
    """Pieces (forward) or where they went (backward), never both."""

    part = serializers.CharField(required=False, max_length=80)
    serial = serializers.CharField(required=False, max_length=80)
    serial_to = serializers.CharField(required=False, max_length=80, help_text="Last of a range")
    lot = serializers.CharField(required=False, max_length=80)
    supplier = serializers.CharField(required=False, max_length=80)
    first = serializers.DateTimeField(required=False, help_text="Taken at or after")
    last = serializers.DateTimeField(required=False, help_text="Taken at or before")
    vehicle = serializers.CharField(
        required=False, max_length=80, help_text="Call number, production number or VIN"
    )
    rack = serializers.CharField(required=False, max_length=80)
    shipment = serializers.CharField(required=False, max_length=80)


class IssueSerializer(AskedSerializer):
    reason = serializers.CharField(max_length=200)


class FindingSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()
    count = serializers.IntegerField(allow_null=True)


class RowSerializer(serializers.Serializer[Any]):
    unit = serializers.IntegerField()
    part = serializers.CharField()
    serial = serializers.CharField()
    lot = serializers.CharField()
    supplier = serializers.CharField()
    taken_at = serializers.DateTimeField()
    status = serializers.CharField()
    place = serializers.CharField()
    call_number = serializers.CharField()
    sequence = serializers.CharField()
    vin = serializers.CharField()
    family = serializers.CharField()
    rack = serializers.CharField()
    slot = serializers.IntegerField(allow_null=True)
    carrier = serializers.CharField()
    shipment = serializers.CharField()
    departed_at = serializers.DateTimeField(allow_null=True)


class RecallSerializer(serializers.Serializer[Any]):
    """`computed` false: there are more pieces than one answer holds; the issued list has all, and its statement."""

    computed = serializers.BooleanField()
    complete = serializers.BooleanField(allow_null=True)
    pieces = serializers.IntegerField(allow_null=True)
    vehicles = serializers.IntegerField(allow_null=True)
    shipments = serializers.IntegerField(allow_null=True)
    findings = FindingSerializer(many=True)
    rows = RowSerializer(many=True)


class IssuedSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    complete = serializers.BooleanField()
    pieces = serializers.IntegerField(source="piece_count")
    vehicles = serializers.IntegerField(source="vehicle_count")
    shipments = serializers.IntegerField(source="shipment_count")
    findings = FindingSerializer(many=True)
    digest = serializers.CharField()
    head = serializers.CharField()
    signature = serializers.CharField()
    csv = serializers.CharField(help_text="The list with its statement, as the page gives it")


class Trace(viewsets.GenericViewSet[Any]):
    """Finds things by any number, and tells the life of one."""

    permission_classes = [InTable]
    serializer_class = HitSerializer
    pagination_class = None

    @extend_schema(
        parameters=[OpenApiParameter("q", str, required=True, description="Any number, or a scanned label")],
        responses={200: HitSerializer(many=True)},
        summary="What has this number",
    )
    def list(self, request: Request) -> Response:
        return Response(HitSerializer(find(request.query_params.get("q", "").strip()[:200]), many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("kind", str, OpenApiParameter.PATH),
            OpenApiParameter("key", str, OpenApiParameter.PATH),
        ],
        responses={200: LifeSerializer, **REFUSALS},
        summary="The life of one thing, oldest first",
    )
    @action(detail=False, url_path=r"(?P<kind>[^/]+)/(?P<key>.+)", url_name="subject")
    def subject(self, request: Request, kind: str, key: str) -> Response:
        return Response(LifeSerializer(life_of(kind, key)).data)


class Recalls(viewsets.GenericViewSet[Any]):
    """What is of the same lot, and where it went; with a statement whether that is all."""

    permission_classes = [InTable]
    serializer_class = RecallSerializer
    pagination_class = None

    @extend_schema(
        parameters=[AskedSerializer],
        responses={200: RecallSerializer, **REFUSALS},
        summary="Ask, in either direction",
    )
    def list(self, request: Request) -> Response:
        body = AskedSerializer(data=request.query_params)
        body.is_valid(raise_exception=True)
        asked = Asked(**body.validated_data)
        rows = list(islice(recall_rows(asked), MOST_ROWS + 1))
        if len(rows) > MOST_ROWS:
            answer: dict[str, Any] = dict.fromkeys(("complete", "pieces", "vehicles", "shipments"))
            answer |= {"computed": False, "findings": [], "rows": _plain(rows[:MOST_ROWS])}
        else:
            statement = recall_statement(asked, rows, at=timezone.now())
            answer = {
                **asdict(statement),
                "complete": statement.complete,
                "computed": True,
                "rows": _plain(rows),
            }
        return Response(RecallSerializer(answer).data)

    @extend_schema(
        request=IssueSerializer, responses={200: IssuedSerializer, **REFUSALS}, summary="Issue a signed list"
    )
    @action(detail=False, methods=["post"])
    def issue(self, request: Request) -> Response:
        """Writes the whole list with its statement into the journal's proof; by name and with a reason."""
        body = said(request, IssueSerializer)
        reason, file = body.pop("reason"), io.StringIO()
        by = str(person(request))
        issued = issue_recall(Asked(**body), file, at=timezone.now(), by=by, reason=reason)
        issued.csv = file.getvalue()  # type: ignore[attr-defined]
        return Response(IssuedSerializer(issued).data)


def _plain(rows: list[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


router.register("trace", Trace, basename="api-trace")
router.register("recalls", Recalls, basename="api-recall")
