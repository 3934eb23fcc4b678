"""Doors for the workers: each task is one call. How often they run: remosa/timetable.py."""

from datetime import timedelta

from . import notifications
from .ticks import Turn, tick


@tick("platforms.deliver", timedelta(minutes=5))
def deliver(turn: Turn) -> None:
    """Send to people's channels what they should hear of."""
    notifications.deliver(turn.now)
