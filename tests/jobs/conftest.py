"""What tests of jobs share: a real Prometheus that is the connected one."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.exporters.watched_world import Scripted, World, scripted_prometheus, watched_world


@pytest.fixture(scope="session")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One real Prometheus for all tests of a worker."""
    with watched_world(tmp_path_factory.mktemp("prometheus")) as world:
        yield world


@pytest.fixture
def world(running_world: World, settings: Settings) -> World:
    """A real Prometheus that is the connected one; it scrapes what the test says."""
    settings.PROMETHEUS_URL = running_world.url
    return running_world


@pytest.fixture
def scripted(settings: Settings) -> Iterator[Scripted]:
    """A scripted Prometheus that is the connected one."""
    with scripted_prometheus() as script:
        settings.PROMETHEUS_URL = script.url
        yield script
