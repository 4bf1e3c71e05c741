"""Indexes of what is open: questions of the floor pass over the history of the plant."""

from django.db import migrations, models
from django.db.models import Q

OPEN_GROUPS = [
    "CREATED", "IN_WORK", "MISSING", "PACKED", "RELEASED", "REPAIR", "RESOLVED", "UNRESOLVED", "VERIFIED",
]  # fmt: skip
HOUSE_RACKS = ["FULL", "LOADED", "LOADING", "PLANNED", "REOPENED", "SEALED", "STAGED"]
OPEN_SHIPMENTS = ["LOADED", "OPEN", "PLANNED"]


class Migration(migrations.Migration):
    dependencies = [("sequencer", "0014_trips")]

    operations = [
        migrations.AddIndex(
            "componentgroup",
            models.Index(
                fields=["commodity", "call_off"], condition=Q(status__in=OPEN_GROUPS), name="group_open"
            ),
        ),
        migrations.AddIndex(
            "rack",
            models.Index(
                fields=["commodity", "low_position"],
                condition=Q(status__in=HOUSE_RACKS),
                name="rack_in_house",
            ),
        ),
        migrations.AddIndex(
            "rack",
            models.Index(
                fields=["commodity", "sealed_at"], condition=Q(sealed_at__isnull=False), name="rack_sealed"
            ),
        ),
        migrations.AddIndex(
            "rack",
            models.Index(
                fields=["commodity", "cut_key", "low_position"], condition=~Q(cut_key=""), name="rack_of_key"
            ),
        ),
        migrations.AddIndex("task", models.Index(fields=["subject"], name="task_subject")),
        migrations.AddIndex(
            "shipment",
            models.Index(
                fields=["unloading_point"], condition=Q(status__in=OPEN_SHIPMENTS), name="shipment_open"
            ),
        ),
        migrations.AddIndex(
            "shipment",
            models.Index(
                fields=["departed_at"], condition=Q(departed_at__isnull=False), name="shipment_departed"
            ),
        ),
    ]
