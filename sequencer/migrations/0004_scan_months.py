"""Cuts the scans by month on PostgreSQL, and moves the guard of their nonces into a table of its own.

A table cut by month can hold a unique key only together with the month, so (station, nonce) is kept in
`ScanNonce`. What stands in the table now is moved, and moved back when this is reversed; SQLite keeps one table.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone

from sequencer.migrations._scan_months import TABLE, cut, drop_tails, index_tails, join

KEPT = timedelta(days=35)


def remember_nonces(apps: Any, schema_editor: Any) -> None:
    """What may still be repeated, so that a scan posted before and after is judged once."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sequencer_scannonce (station_id, nonce, scan_id, recorded_at)"
            f" SELECT station_id, nonce, id, recorded_at FROM {TABLE} WHERE recorded_at > %s",
            [timezone.now() - KEPT],
        )


def _link(
    to: str, on_delete: Any = django.db.models.deletion.PROTECT, name: str = "scans"
) -> models.ForeignKey:
    """A scan's link whose index, where it has one, leaves out the empty rows."""
    return models.ForeignKey(
        blank=True, db_index=False, null=True, on_delete=on_delete, related_name=name, to=to
    )


class Migration(migrations.Migration):
    dependencies = [
        ("sequencer", "0003_asn_facts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="scanevent", name="scan_once_a_nonce"),
        migrations.CreateModel(
            name="ScanNonce",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("nonce", models.CharField(max_length=40)),
                ("scan_id", models.BigIntegerField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_index=True, help_text="Of the scan; finds its month"),
                ),
                (
                    "station",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sequencer.station",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("station", "nonce"), name="scan_once_a_nonce")
                ],
            },
        ),
        migrations.CreateModel(
            name="ScanArchive",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(help_text="Its first day", unique=True)),
                ("scan_count", models.BigIntegerField()),
                ("first_id", models.BigIntegerField(blank=True, null=True)),
                ("last_id", models.BigIntegerField(blank=True, null=True)),
                ("file", models.CharField(max_length=200)),
                ("sha256", models.CharField(max_length=64)),
                ("archived_at", models.DateTimeField()),
                ("archived_by", models.CharField(max_length=60)),
                ("reason", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["month"],
                "constraints": [
                    models.CheckConstraint(condition=~Q(("reason", "")), name="scan_archive_says_why")
                ],
            },
        ),
        migrations.RunPython(remember_nonces, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="scanevent",
            name="station",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="scans",
                to="sequencer.station",
            ),
        ),
        migrations.AlterField(
            model_name="scanevent", name="operator", field=_link(settings.AUTH_USER_MODEL, name="+")
        ),
        migrations.AlterField(model_name="scanevent", name="rack", field=_link("sequencer.rack")),
        migrations.AlterField(
            model_name="scanevent",
            name="slot",
            field=_link("sequencer.slot", django.db.models.deletion.SET_NULL, "+"),
        ),
        migrations.AlterField(model_name="scanevent", name="group", field=_link("sequencer.componentgroup")),
        migrations.AlterField(model_name="scanevent", name="unit", field=_link("sequencer.unit")),
        migrations.AlterField(model_name="scanevent", name="shipment", field=_link("sequencer.shipment")),
        *(
            migrations.AddIndex(
                model_name="scanevent",
                index=models.Index(
                    condition=Q((f"{name}__isnull", False)), fields=[name], name=f"scan_{name}"
                ),
            )
            for name in ("group", "unit", "rack", "slot", "shipment")
        ),
        migrations.RunPython(cut, join),
        migrations.RunPython(index_tails, drop_tails),
    ]
