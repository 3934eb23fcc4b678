"""The clock of the workers: django-celery-beat's scheduler, which also says that it lives."""

import time
from typing import Any, Final

from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from platforms import ticks
from remosa import heartbeat

EVERY_SECONDS: Final = 15.0


class Scheduler(DatabaseScheduler):
    """Reads the plan from the database; between two ticks it writes down that it is there."""

    _noted_at = float("-inf")

    def tick(self, *args: Any, **options: Any) -> float:
        """Send what is due, and note now and then that the clock goes."""
        delay: float = super().tick(*args, **options)
        if time.monotonic() - self._noted_at >= EVERY_SECONDS:
            self._noted_at = time.monotonic()
            try:
                ticks.note(ticks.BEAT, timezone.now())
                heartbeat.beat()
            except (DatabaseError, InterfaceError):
                # The plan is read from the same database, which tells of it in the log.
                self._noted_at = float("-inf")
        return delay
