"""Asks a worker to take the census anew, so that no page waits for it.

A hint holds nothing: losing or repeating it changes nothing. A broker that is away fails nobody.
"""

import logging
import time
from collections.abc import Collection
from typing import Final

from celery import current_app
from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache

logger = logging.getLogger(__name__)

TAKE: Final = "exporters.take_census"  # the task's name in exporters/tasks.py
EXPIRES_SECONDS: Final = 30  # whoever still looks has asked again by then
ONCE_IN_SECONDS: Final = 5
SILENCE_SECONDS: Final = 5.0  # after a broker did not answer: nobody waits for it each time

_silent_until = 0.0


def send(platform_ids: Collection[int]) -> bool:
    """Ask a worker for the census of these platforms; return whether one may be at it."""
    global _silent_until  # noqa: PLW0603 (what this process knows of the broker)
    if isinstance(caches["default"], LocMemCache):
        return False  # what a worker finds stays in its own memory
    ids = sorted(platform_ids)
    asked = f"census:asked:{','.join(map(str, ids))}"
    if cache.get(asked):
        return True
    if time.monotonic() < _silent_until:
        return False
    try:
        current_app.send_task(
            TAKE, args=(ids,), expires=EXPIRES_SECONDS, retry=False, ignore_result=True
        )
    except Exception as error:  # noqa: BLE001
        # Whatever the client of a broker raises: the page then asks by itself.
        _silent_until = time.monotonic() + SILENCE_SECONDS
        logger.warning("No worker could be asked for a census (%s)", type(error).__name__)
        return False
    # Of two pages at the same moment both may ask: the task lets one of them work.
    cache.set(asked, True, ONCE_IN_SECONDS)
    return True
