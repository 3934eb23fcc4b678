"""The world of three platforms, at one moment that stays."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from tests.tenancy.world import World, build_world


@pytest.fixture(autouse=True)
def unlogged(request: pytest.FixtureRequest) -> Iterator[None]:
    """Log no refusals, tens of thousands, where no test reads the log: the table's do."""
    logging.disable(logging.NOTSET if "caplog" in request.fixturenames else logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def one_moment() -> Iterator[None]:
    """Let the time stand still: whatever is written of it is the same in every answer."""
    with time_machine.travel(datetime(2026, 11, 21, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def world(db: None, one_moment: None) -> World:
    """Platforms A, B and C and everybody who may come knocking."""
    return build_world()
