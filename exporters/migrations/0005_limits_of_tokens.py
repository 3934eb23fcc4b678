"""Processes that announced themselves are limited as their tokens are.

Apart from the column: PostgreSQL alters no table while its new links are still to be checked.
"""

from typing import Any

from django.db import migrations, models


def take_from_tokens(apps: Any, schema_editor: Any) -> None:
    """Copy the platform of each token to its process."""
    tokens = apps.get_model("platforms", "ApiToken").objects.filter(pk=models.OuterRef("token"))
    processes = apps.get_model("exporters", "ExporterProcess").objects.exclude(token=None)
    processes.update(limited_to=models.Subquery(tokens.values("platform")))


class Migration(migrations.Migration):
    dependencies = [
        ("exporters", "0004_limits_of_processes"),
        ("platforms", "0001_initial"),
    ]

    operations = [migrations.RunPython(take_from_tokens, migrations.RunPython.noop)]
