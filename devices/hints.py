"""Asks a worker to look at the queue of commands, or at other rows, once those are committed.

A hint holds nothing: losing or repeating it changes nothing. A broker that is away fails nobody.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Final

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

DISPATCH: Final = "devices.dispatch"  # the task's name in devices/tasks.py
EXPIRES_SECONDS: Final = 30  # a tick of the timetable has looked by then
SILENCE_SECONDS: Final = 5.0  # after a broker did not answer: nobody waits for it each time

_silent_until = 0.0


def hint() -> None:
    """Ask for a look after the commit of this transaction, or at once where there is none."""
    transaction.on_commit(send, robust=True)


def send(task: str = DISPATCH, at: datetime | None = None) -> bool:
    """Ask a worker for a task, now or at a moment; return whether the broker took it."""
    global _silent_until  # noqa: PLW0603 (what this process knows of the broker)
    if time.monotonic() < _silent_until:
        return False
    when: dict[str, object] = {"expires": EXPIRES_SECONDS}
    if at is not None:
        when = {"eta": at, "expires": at + timedelta(seconds=EXPIRES_SECONDS)}
    try:
        current_app.send_task(task, **when, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001
        # Whatever the client of a broker raises: the rows are stored, and the next tick finds them.
        _silent_until = time.monotonic() + SILENCE_SECONDS
        logger.warning(
            "No worker could be told of work for %s (%s); its next tick finds it.",
            task,
            type(error).__name__,
        )
        return False
    return True
