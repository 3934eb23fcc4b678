"""Doors for the workers: each task is one call. How often they run: remosa/timetable.py."""

from datetime import timedelta
from typing import Final

from celery import shared_task

from platforms import ticks
from platforms.ticks import Turn, tick

from . import alarms, census, census_hints, rounds

NAMES_EVERY: Final = 10  # rounds
_CENSUS_LASTS: Final = timedelta(seconds=30)


@shared_task(name=census_hints.TAKE, soft_time_limit=25, time_limit=30)
def take_census(platform_ids: list[int]) -> None:
    """Count the states of platforms whose pages somebody looks at, unless another is at it."""
    ticks.run(census_hints.TAKE, lambda _turn: census.refresh(platform_ids), _CENSUS_LASTS)


@tick("exporters.record_sightings", timedelta(seconds=110))
def record_sightings(turn: Turn) -> None:
    """Keep players in step with Prometheus."""
    rounds.go(turn.now, with_names=turn.number % NAMES_EVERY == 1)


@tick("exporters.watch_sources", timedelta(seconds=60))
def watch_sources(turn: Turn) -> None:
    """Tell of exporters that are down, and of those that work again."""
    alarms.watch(turn.now)
