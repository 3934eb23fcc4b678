"""The product's Celery application in the lab's time, over the lab's gateway.

`celery -A tests.crashlab.engine.celery_app worker`; REMOSA_LAB says what the clock is, and where.
"""

import json
import os
import random
from datetime import datetime
from functools import partial
from pathlib import Path

from celery.signals import worker_process_init
from django.utils import timezone

from tests.crashlab.engine.clock import SharedClock

_told = json.loads(os.environ["REMOSA_LAB"])
_folder = Path(_told["folder"])
_clock = SharedClock(_folder / "clock")

# Before anything of the product is imported, which takes this function as its clock.
timezone.now = _clock

from remosa.celery import app  # noqa: E402

__all__ = ["app"]


@worker_process_init.connect
def in_the_lab(**_details: object) -> None:
    """Give a process of the pool the lab's gateway, and let it note its runs."""
    from django.core.cache import cache

    from devices import dispatching
    from jobs import evaluation
    from tests.crashlab.worker import Lies, LoggingGateway

    from . import history

    history.note_runs(_folder / "ticks.log", _clock)
    lies, chance = Lies(*_told["lies"]), random.Random(os.getpid())
    gateway = LoggingGateway(_folder / "gateway.log", _clock, chance, lambda: None, lies)
    dispatching.dispatch = partial(dispatching.dispatch, gateway, _clock)
    evaluate = evaluation.evaluate

    def forgetful(now: datetime) -> evaluation.Tick | None:
        cache.clear()  # what is remembered for some seconds of the wall is old by now
        return evaluate(now)

    evaluation.evaluate = forgetful
