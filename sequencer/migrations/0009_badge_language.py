from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sequencer", "0008_paper_mode")]

    operations = [
        migrations.AddField(
            model_name="badge",
            name="language",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What this person is told things in, e.g. de; empty: as the browser asks",
                max_length=10,
            ),
            preserve_default=False,
        ),
    ]
