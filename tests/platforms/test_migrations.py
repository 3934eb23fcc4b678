"""What becomes of rows that an earlier version of Remosa wrote."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from platforms.models import DeliveryTotal
from tests import databases

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
BEFORE = "0008_notices_by_what_they_are_about"


@pytest.fixture(autouse=True)
def no_tables(transactional_db: None) -> Iterator[None]:
    """Begin with nothing: bringing every table back to an old state takes ten times as long."""
    with databases.empty_database("migrations"):
        yield


def models_at(migration: str) -> Any:
    """Return what finds models as they were after a migration, with the database brought there."""
    call_command("migrate", "platforms", migration, verbosity=0)
    state = MigrationExecutor(connection).loader.project_state([("platforms", migration)])
    return state.apps.get_model


def totals() -> dict[tuple[str, str], int]:
    rows = DeliveryTotal.objects.values_list("channel_kind", "outcome", "messages")
    return {(kind, outcome): messages for kind, outcome, messages in rows}


def test_messages_that_ended_before_are_counted_and_the_way_back_is_open() -> None:
    model = models_at(BEFORE)
    now = timezone.now()
    for kind in ("mail", "service"):
        channel = model("platforms", "NotificationChannel").objects.create(name=kind, kind=kind)
        for family, state in (("a", "sent"), ("b", "sent"), ("c", "given_up"), ("d", "retrying")):
            model("platforms", "Delivery").objects.create(
                channel=channel, family=family, state=state, next_try=now, created_at=now
            )
    call_command("migrate", "platforms", verbosity=0)
    told = {
        ("mail", "sent"): 2,
        ("mail", "given_up"): 1,
        ("service", "sent"): 2,
        ("service", "given_up"): 1,
    }
    assert totals() == told
    call_command("migrate", "platforms", BEFORE, verbosity=0)
    call_command("migrate", "platforms", verbosity=0)
    assert totals() == told
