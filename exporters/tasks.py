"""Doors for the workers: each task is one call. How often they run: remosa/timetable.py."""

from datetime import timedelta
from typing import Final

from platforms.ticks import Turn, tick

from . import rounds

NAMES_EVERY: Final = 10  # rounds


@tick("exporters.record_sightings", timedelta(seconds=110))
def record_sightings(turn: Turn) -> None:
    """Keep players in step with Prometheus."""
    rounds.go(turn.now, with_names=turn.number % NAMES_EVERY == 1)
