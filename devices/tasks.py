"""Doors for the workers: each task is one call. How often they run: remosa/timetable.py."""

import logging
from datetime import timedelta
from typing import Final

from celery import shared_task
from django.db import connection
from django.utils import timezone

from platforms import ticks
from platforms.ticks import Turn, tick

from . import (
    alarms,
    commissioning,
    dispatching,
    durability,
    hints,
    outbox,
    polling,
    reaper,
    reconciliation,
    status_queries,
    verification,
)
from .durability import UnsafeDatabase

logger = logging.getLogger(__name__)

#: A run ends by itself: nothing is begun after 20 s, and a message takes 15 s at most.
_DISPATCH_LASTS: Final = timedelta(seconds=50)


@shared_task(name=hints.DISPATCH, soft_time_limit=45, time_limit=50)
def dispatch() -> None:
    """Send what waits. Many may run at once, but for SQLite, which knows one writer."""
    if connection.vendor == "sqlite":
        ticks.run("devices.dispatch.sqlite", lambda _turn: _dispatch(), _DISPATCH_LASTS)
    else:
        _dispatch()


@tick("devices.sweep", timedelta(seconds=30))
def sweep(turn: Turn) -> None:
    """Do what only waited for its time, and look whether a command waits of which no hint came."""
    reaper.reap(turn.now)
    _tell(durability.problem(connection))
    if outbox.has_waiting(turn.now):
        hints.send()


@shared_task(name="devices.poll_inboxes", soft_time_limit=45, time_limit=50)
def poll_inboxes() -> None:
    """Ask every gateway what came in; two at once share the gateways between them."""
    polling.poll_all()


@tick("devices.reconcile", timedelta(seconds=90))
def reconcile(turn: Turn) -> None:
    """Find out what became of commands in doubt."""
    reconciliation.reconcile(turn.now)


@tick("devices.verify", timedelta(seconds=90))
def verify(turn: Turn) -> None:
    """Judge by the players whether commands helped."""
    verification.verify(turn.now)


@tick("devices.settle_commissioning", timedelta(seconds=90))
def settle_commissioning(turn: Turn) -> None:
    """Store what the steps of commissioning have shown."""
    commissioning.settle(turn.now)


@tick("devices.ask_for_states", timedelta(seconds=300))
def ask_for_states(turn: Turn) -> None:
    """Ask the sockets whose turn it is for a sign of life."""
    status_queries.ask(turn.now)


@tick("devices.watch_alarms", timedelta(seconds=60))
def watch_alarms(turn: Turn) -> None:
    """Tell people what is wrong with gateways, sockets and dark lines, and what is well again."""
    alarms.watch(turn.now)


def _dispatch() -> None:
    try:
        dispatching.dispatch()
    except UnsafeDatabase as error:
        _tell(str(error))
        return
    _tell(None)
    if outbox.has_waiting(timezone.now()):
        hints.send()


def _tell(problem: str | None) -> None:
    """Keep for the pages why nothing is sent; in the log once, when it changes."""
    if ticks.note(hints.DISPATCH, timezone.now(), problem or ""):
        logger.log(logging.CRITICAL if problem else logging.INFO, "%s", problem or "Sending.")
