"""What each process may speak for, and one process an address; rows that break either go."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def remove_what_cannot_be_kept(apps: Any, schema_editor: Any) -> None:
    """Remove rows of unknown limits, and of those with one address all but the newest.

    A token was deleted with its platform: nobody knows what its process may speak for. One that
    lives announces itself again within a minute.
    """
    processes = apps.get_model("exporters", "ExporterProcess").objects
    processes.filter(token=None, pinned=False).exclude(announced_at=None).delete()
    newest = models.F("announced_at").desc(nulls_last=True)
    seen: set[str] = set()
    for row in processes.order_by("-pinned", newest, "-pk"):
        if row.address in seen:
            row.delete()
        seen.add(row.address)


class Migration(migrations.Migration):
    dependencies = [
        ("exporters", "0003_settings_and_discovery"),
        ("platforms", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(remove_what_cannot_be_kept, migrations.RunPython.noop),
        migrations.AddField(
            "exporterprocess",
            "limited_to",
            models.ForeignKey(
                blank=True,
                help_text=(
                    "What the process says of players of other platforms is not believed. Empty: "
                    "it speaks for all. Its token sets this, unless the process is pinned."
                ),
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="platforms.platform",
                verbose_name="limited to",
            ),
        ),
        migrations.AddConstraint(
            "exporterprocess",
            models.UniqueConstraint(
                fields=("address",),
                name="process_once_an_address",
                violation_error_message="Another process is listed at this address.",
            ),
        ),
    ]
