"""Says by a file that a worker or the clock is at work, for whoever watches over the process."""

from pathlib import Path

from django.conf import settings


def beat() -> None:
    """Touch the file that REMOSA_HEARTBEAT_FILE names; without one, do nothing."""
    if settings.REMOSA_HEARTBEAT_FILE:
        Path(settings.REMOSA_HEARTBEAT_FILE).touch()
