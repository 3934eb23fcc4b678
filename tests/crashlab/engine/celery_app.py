"""The product's Celery application in the lab's time, over the lab's gateway.

`celery -A tests.crashlab.engine.celery_app worker`; REMOSA_LAB says what the clock is, and where.
"""

import json
import os
import random
import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from celery.signals import worker_process_init
from django.utils import timezone

_told = json.loads(os.environ["REMOSA_LAB"])
_begun, _first, _speed = _told["clock"]


def _now() -> datetime:
    seconds = (time.monotonic() - _begun) * _speed
    return datetime.fromisoformat(_first) + timedelta(seconds=seconds)


# Before anything of the product is imported, which takes this function as its clock.
timezone.now = _now

from remosa.celery import app  # noqa: E402

__all__ = ["app"]


@worker_process_init.connect
def in_the_lab(**_details: object) -> None:
    """Give a process of the pool the lab's gateway, and let it note its runs."""
    from django.core.cache import cache

    from devices import dispatching
    from jobs import evaluation
    from tests.crashlab.worker import FastClock, Lies, LoggingGateway

    from . import history

    folder = Path(_told["folder"])
    history.note_runs(folder / "ticks.log")
    clock = FastClock(_begun, datetime.fromisoformat(_first), _speed)
    chance = random.Random(os.getpid())
    lies = Lies(*_told["lies"])
    gateway = LoggingGateway(folder / "gateway.log", clock, chance, lambda: None, lies)
    dispatching.dispatch = partial(dispatching.dispatch, gateway, clock)
    evaluate = evaluation.evaluate

    def forgetful(now: datetime) -> evaluation.Tick | None:
        cache.clear()  # what is remembered for some seconds of the wall is old by now
        return evaluate(now)

    evaluation.evaluate = forgetful
