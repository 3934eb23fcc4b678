"""A database that may forget what it stored is refused, with what to set."""

import pytest
from django.db import connection

from devices import durability, outbox
from tests.devices import world
from tests.devices.world import Clock, Gateway

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

UNSAFE = {
    "postgresql": [("SET synchronous_commit = off", "synchronous_commit=off: set it to on")],
    "sqlite": [
        ("PRAGMA synchronous = OFF", "synchronous=OFF: set it to FULL"),
        ("PRAGMA synchronous = NORMAL", "synchronous=NORMAL: set it to FULL"),
    ],
}


@pytest.mark.usefixtures("road")
def test_the_database_as_remosa_opens_it_is_safe() -> None:
    assert durability.problem(connection) is None


@pytest.mark.usefixtures("road")
def test_nothing_is_taken_or_sent_over_a_database_that_forgets(
    platform_a: "object", gateway: Gateway, clock: Clock
) -> None:
    command = world.give(world.make_socket(platform_a), "power_cycle")  # type: ignore[arg-type]
    for statement, message in UNSAFE[connection.vendor]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        try:
            with pytest.raises(durability.UnsafeDatabase, match=message):
                outbox.turn(gateway, clock)
        finally:
            connection.close()
    command.refresh_from_db()
    assert (command.state, gateway.log) == ("queued", [])
