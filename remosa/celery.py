"""The Celery application: tasks carry hints, rows carry the work. `celery -A remosa.celery`.

Nothing is retried and no result is kept: the next tick is the retry, and the rows are the result.
"""

import gc
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from celery import Celery
from celery.signals import (
    setup_logging,
    task_postrun,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from celery.worker import state
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "remosa.settings")

from django.conf import settings

from remosa import file_broker, heartbeat

#: What sends commands has a queue of its own: a worker can be told to do nothing else.
COMMANDS: Final = "remosa.commands"
REST: Final = "remosa.rest"
_WORKER: Final = os.getpid()  # inherited by the processes of its pool
SOFT_SECONDS, HARD_SECONDS = 100, 120  # of a task that names no limits of its own


def broker(address: str) -> dict[str, Any]:
    """Return the settings of the broker at an address; `filesystem:///folder` is ours."""
    parts = urlsplit(address)
    if parts.scheme == "filesystem":
        folder = file_broker.options(Path(unquote(parts.path)))
        return {"broker_url": address, "broker_transport_options": folder}
    # A request of a page tells a worker of a command: it never waits long for a broker.
    patience = {"socket_connect_timeout": 1, "socket_timeout": 5, "max_retries": 1}
    return {"broker_url": address, "broker_transport_options": patience}


app = Celery("remosa")
app.conf.update(
    **broker(settings.CELERY_BROKER_URL),
    broker_connection_timeout=1,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_default_queue=REST,
    task_queues=(Queue(COMMANDS, routing_key=COMMANDS), Queue(REST, routing_key=REST)),
    task_routes={"devices.dispatch": {"queue": COMMANDS}, "devices.sweep": {"queue": COMMANDS}},
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=False,
    task_publish_retry=False,
    task_soft_time_limit=SOFT_SECONDS,
    task_time_limit=HARD_SECONDS,
    result_backend=None,
    result_expires=None,  # else beat would plan a clean-up of results that are nowhere
    worker_concurrency=settings.REMOSA_WORKER_PROCESSES,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=5000,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    beat_scheduler=settings.CELERY_BEAT_SCHEDULER,
    beat_max_loop_interval=5,
    timezone=settings.TIME_ZONE,
    enable_utc=True,
)
app.set_default()
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_log(**_details: Any) -> None:
    """Leave the log as Django's settings have it: one form for every process, secrets masked."""


@worker_process_init.connect
def end_with_the_worker_alone(**_details: Any) -> None:
    """Let the worker end its processes once their tasks are done.

    Who ends a whole group of processes (our supervisor, systemd) would else cut off a message in
    the middle, of which nobody would know whether it went out.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Celery has tied this process to its worker by now, which is too late where that one has ended.
    if os.getppid() != _WORKER:
        os._exit(0)


@worker_process_init.connect
def set_apart_what_stays(**_details: Any) -> None:
    """Let the garbage collector pass over all that was loaded before the first task.

    It looks at everything there is while a tick reads thousands of rows, again and again: that was
    as much work as the tick itself.
    """
    gc.collect()
    gc.freeze()


@worker_ready.connect
@task_postrun.connect
def say_that_it_works(**_details: Any) -> None:
    """A task was done, or the worker waits for its first one."""
    heartbeat.beat()


@worker_shutting_down.connect
def end_once_idle(**_details: Any) -> None:
    """End as soon as no task runs: Celery takes 7 s to take its idle processes apart.

    Nothing is lost by it: a hint that was fetched and not begun is found by the next sweep.
    """
    threading.Thread(target=_leave_once_idle, name="leaving", daemon=True).start()


def _leave_once_idle() -> None:
    while state.reserved_requests:
        time.sleep(0.05)
    os._exit(0)  # the kernel ends the pool's processes with this one
