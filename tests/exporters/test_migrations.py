"""What becomes of rows that an earlier version of Remosa wrote."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from exporters.models import Exporter, ExporterProcess
from platforms.models import TokenKind
from tests import databases, factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def no_tables(transactional_db: None) -> Iterator[None]:
    """Begin with nothing: bringing every table back to an old state takes ten times as long."""
    with databases.empty_database("migrations"):
        yield


def model_at(migration: str, model: str) -> Any:
    """Return a model as it was after a migration, with the database brought there."""
    call_command("migrate", "exporters", migration, verbosity=0)
    call_command("migrate", "platforms", verbosity=0)
    state = MigrationExecutor(connection).loader.project_state([("exporters", migration)])
    return state.apps.get_model("exporters", model)


def bring_up_to_date() -> None:
    call_command("migrate", "exporters", verbosity=0)


def test_exporters_that_are_there_get_a_context_each_for_their_secrets() -> None:
    rows = model_at("0002_player_page_of_all", "Exporter").objects
    platform = factories.make_platform("Alpha")
    for name in ("one", "two"):
        rows.create(platform_id=platform.pk, kind="cubic", name=name, list_version=1)
    bring_up_to_date()
    one, two = Exporter.objects.order_by("name")
    assert one.secret_context != two.secret_context
    assert (one.settings, bool(one.secrets), one.over_limit) == ({}, False, 0)
    one.take_secrets({"api_token": "t"})
    one.save()
    assert Exporter.objects.get(name="one").opened_secrets() == {"api_token": "t"}


def test_processes_are_limited_as_their_tokens_and_have_an_address_each() -> None:
    rows = model_at("0003_settings_and_discovery", "ExporterProcess").objects
    platform = factories.make_platform("Alpha")
    limited = factories.make_token(TokenKind.EXPORTER, platform=platform)[0]
    free = factories.make_token(TokenKind.EXPORTER)[0]
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
    bring_up_to_date()
    assert dict(ExporterProcess.objects.values_list("instance", "limited_to")) == {
        "limited": platform.pk,
        "free": None,
        "pinned": None,
        "newer at one address": None,
    }
