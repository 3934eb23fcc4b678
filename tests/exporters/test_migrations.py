"""What becomes of rows that an earlier version of Remosa wrote."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from exporters.models import Exporter, ExporterProcess
from platforms.models import Platform, TokenKind
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def model_at(migration: str, model: str = "ExporterProcess") -> Any:
    """Return a model as it was after a migration, with the database brought there."""
    call_command("migrate", "exporters", migration, verbosity=0)
    state = MigrationExecutor(connection).loader.project_state([("exporters", migration)])
    return state.apps.get_model("exporters", model)


def test_exporters_that_are_there_get_a_context_each_for_their_secrets(
    platform_a: Platform,
) -> None:
    try:
        rows = model_at("0002_player_page_of_all", "Exporter").objects
        for name in ("one", "two"):
            rows.create(platform_id=platform_a.pk, kind="cubic", name=name, list_version=1)
    finally:
        call_command("migrate", verbosity=0)  # what stands on it was taken back with it
    one, two = Exporter.objects.order_by("name")
    assert one.secret_context != two.secret_context
    assert (one.settings, bool(one.secrets), one.over_limit) == ({}, False, 0)
    one.take_secrets({"api_token": "t"})
    one.save()
    assert Exporter.objects.get(name="one").opened_secrets() == {"api_token": "t"}


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
        call_command("migrate", verbosity=0)  # what stands on it was taken back with it
    assert dict(ExporterProcess.objects.values_list("instance", "limited_to")) == {
        "limited": platform_a.pk,
        "free": None,
        "pinned": None,
        "newer at one address": None,
    }
