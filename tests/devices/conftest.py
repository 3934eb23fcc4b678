"""A database that keeps what it committed: the road refuses any other."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from tests.devices.world import Clock, Gateway
from tests.exporters.watched_world import World, watched_world


@pytest.fixture(scope="session")
def durable_server(django_db_setup: None) -> None:
    """Make this run's PostgreSQL wait for its disk, which tests of other things need not.

    In sessions to come, threads' too; SQLite waits always.
    """
    if connection.vendor != "postgresql":
        return
    parameters: dict[str, Any] = connection.get_connection_params()
    kept = {name: parameters[name] for name in ("dbname", "user", "host") if name in parameters}
    with psycopg.connect(**kept, autocommit=True) as server:
        server.execute("ALTER SYSTEM SET fsync = on")
        server.execute("SELECT pg_reload_conf()")
        name = psycopg.sql.Identifier(str(connection.settings_dict["NAME"]))
        server.execute(
            psycopg.sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name)
        )


@pytest.fixture
def road(db: None, durable_server: None) -> Iterator[None]:
    """Let the session of the test itself wait as well."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
    yield
    if connection.vendor == "postgresql" and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = DEFAULT")


@pytest.fixture
def clock() -> Clock:
    """Noon, until it is turned."""
    return Clock()


@pytest.fixture
def gateway() -> Gateway:
    """A gateway that accepts everything."""
    return Gateway()


@pytest.fixture(scope="session")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One real Prometheus for all tests of a worker."""
    with watched_world(tmp_path_factory.mktemp("prometheus")) as world:
        yield world


@pytest.fixture
def watched(running_world: World, settings: Settings) -> World:
    """A real Prometheus that is the connected one; it scrapes what the test says."""
    settings.PROMETHEUS_URL = running_world.url
    return running_world
