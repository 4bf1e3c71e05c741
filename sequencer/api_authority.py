"""REST API of authority, to read: overrides, bypasses, start-of-shift checks. Granting needs a badge at a station."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from sequencer.api import LARGEST_KEY, Filtered, router
from sequencer.models import Bypass, ErrorProofingCheck, Override


class OverrideSerializer(serializers.ModelSerializer[Override]):
    station = serializers.CharField(source="station.code", read_only=True)
    granted_by = serializers.CharField(source="granted_by.username", read_only=True)
    reviewed_by = serializers.CharField(source="reviewed_by.username", read_only=True, default=None)

    class Meta:
        model = Override
        fields = [
            "id", "line", "station", "what", "scope", "group", "reason", "granted_by", "granted_at", "operator",
            "until", "limit", "used", "status", "ended_at", "ended_by", "reviewed_by", "reviewed_at", "review_note",
        ]  # fmt: skip


class OverrideFilter(serializers.Serializer[Any]):
    status = serializers.CharField(required=False)
    line = serializers.IntegerField(required=False, max_value=LARGEST_KEY)

    LOOKUPS: dict[str, str] = {}


@extend_schema_view(list=extend_schema(parameters=[OverrideFilter], summary="Overrides, newest first"))
class Overrides(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    serializer_class = OverrideSerializer
    filter_serializer = OverrideFilter
    queryset = Override.objects.select_related("station", "granted_by", "reviewed_by")


class BypassSerializer(serializers.ModelSerializer[Bypass]):
    control = serializers.CharField(source="control.code", read_only=True)
    device = serializers.CharField(source="control.device", read_only=True)
    alternate = serializers.CharField(source="control.alternate", read_only=True)
    station = serializers.CharField(source="station.code", read_only=True, default=None)
    owner = serializers.CharField(source="owner.username", read_only=True)

    class Meta:
        model = Bypass
        fields = [
            "id", "control", "device", "alternate", "station", "owner", "reason", "status", "opened_at", "opened_by",
            "until", "checked_at", "checked_by", "check_result", "closed_at", "closed_by", "close_note",
        ]  # fmt: skip


class BypassFilter(serializers.Serializer[Any]):
    status = serializers.CharField(required=False)

    LOOKUPS: dict[str, str] = {}


@extend_schema_view(
    list=extend_schema(parameters=[BypassFilter], summary="The bypass register, newest first")
)
class Bypasses(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    serializer_class = BypassSerializer
    filter_serializer = BypassFilter
    queryset = Bypass.objects.select_related("control", "station", "owner")


class ErrorProofingSerializer(serializers.ModelSerializer[ErrorProofingCheck]):
    station = serializers.CharField(source="station.code", read_only=True)

    class Meta:
        model = ErrorProofingCheck
        fields = ["id", "station", "shift_at", "passed", "results", "at", "by"]


class ErrorProofingFilter(serializers.Serializer[Any]):
    station = serializers.CharField(required=False)
    passed = serializers.BooleanField(required=False, allow_null=True, default=None)

    LOOKUPS: dict[str, str] = {"station": "station__code"}


@extend_schema_view(
    list=extend_schema(parameters=[ErrorProofingFilter], summary="Start-of-shift checks, newest first")
)
class ErrorProofing(Filtered, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    serializer_class = ErrorProofingSerializer
    filter_serializer = ErrorProofingFilter
    queryset = ErrorProofingCheck.objects.select_related("station")


router.register("overrides", Overrides, basename="api-override")
router.register("bypasses", Bypasses, basename="api-bypass")
router.register("error-proofing", ErrorProofing, basename="api-error-proofing")
