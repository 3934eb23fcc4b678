"""Settings and secrets of exporters, and what discovery remembers."""

import uuid
from typing import Any

from django.db import migrations, models

import platforms.secrets


def give_contexts(apps: Any, schema_editor: Any) -> None:
    """Give every exporter that is there the context to which its secrets will be bound."""
    exporters = apps.get_model("exporters", "Exporter")
    for pk in exporters.objects.values_list("pk", flat=True):
        exporters.objects.filter(pk=pk).update(secret_context=uuid.uuid4())


class Migration(migrations.Migration):
    dependencies = [("exporters", "0002_player_page_of_all")]

    operations = [
        migrations.AddField("exporter", "settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
        migrations.AddField("exporter", "secret_context", models.UUIDField(editable=False, null=True)),
        migrations.RunPython(give_contexts, migrations.RunPython.noop),
        migrations.AlterField(
            "exporter", "secret_context", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
        ),
        migrations.AddField(
            "exporter",
            "secrets",
            platforms.secrets.EncryptedField(blank=True, default="", verbose_name="secrets"),
        ),
        migrations.AddField(
            "exporter",
            "over_limit",
            models.PositiveIntegerField(default=0, editable=False, verbose_name="not watched"),
        ),
        migrations.AddField(
            "exporter",
            "over_limit_since",
            models.DateTimeField(editable=False, null=True, verbose_name="not watched since"),
        ),
        migrations.AddField(
            "player",
            "unlisted_since",
            models.DateTimeField(editable=False, null=True, verbose_name="not listed since"),
        ),
    ]
