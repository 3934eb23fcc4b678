"""The world of three platforms, at one moment that stays."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from tests.tenancy.world import World, build_world


@pytest.fixture
def one_moment() -> Iterator[None]:
    """Let the time stand still: whatever is written of it is the same in every answer."""
    with time_machine.travel(datetime(2026, 11, 21, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def world(db: None, one_moment: None) -> World:
    """Platforms A, B and C and everybody who may come knocking."""
    return build_world()
