"""A database that keeps what it committed: the road refuses any other."""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import Settings

from tests import databases
from tests.devices.world import Clock, Gateway
from tests.exporters.watched_world import World, watched_world


@pytest.fixture(scope="session")
def durable_server(django_db_setup: None) -> None:
    """Make this run's PostgreSQL wait for its disk; SQLite waits always."""
    if connection.vendor == "postgresql":
        databases.make_durable(str(connection.settings_dict["NAME"]))


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
