"""What becomes of rows that an earlier version of Remosa wrote."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from exporters.models import ExporterProcess
from platforms.models import Platform, TokenKind
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def model_at(migration: str) -> Any:
    """Return the processes' model as it was after a migration, with the database brought there."""
    call_command("migrate", "exporters", migration, verbosity=0)
    state = MigrationExecutor(connection).loader.project_state([("exporters", migration)])
    return state.apps.get_model("exporters", "ExporterProcess")


def test_processes_are_limited_as_their_tokens_and_have_an_address_each(
    platform_a: Platform,
) -> None:
    limited = factories.make_token(TokenKind.EXPORTER, platform=platform_a)[0]
    free = factories.make_token(TokenKind.EXPORTER)[0]
    try:
        rows = model_at("0003_settings_and_discovery").objects
        for instance, port, fields in (
            ("limited", 1, {"token_id": limited.pk, "announced_at": timezone.now()}),
            ("free", 2, {"token_id": free.pk, "announced_at": timezone.now()}),
            ("pinned", 3, {"pinned": True}),
            ("of a deleted token", 4, {"announced_at": timezone.now()}),
            ("older at one address", 5, {"token_id": free.pk}),
            ("newer at one address", 5, {"token_id": free.pk, "announced_at": timezone.now()}),
        ):
            address = f"127.0.0.1:{port}"
            rows.create(kind="cubic", instance=instance, address=address, **fields)
    finally:
        call_command("migrate", "exporters", verbosity=0)
    assert dict(ExporterProcess.objects.values_list("instance", "limited_to")) == {
        "limited": platform_a.pk,
        "free": None,
        "pinned": None,
        "newer at one address": None,
    }
