"""How the engine does, as Prometheus reads it on Remosa's own page: rows in, metric families out.

Figures are counted in the database, so that every process says the same; a page that is asked
again within seconds is answered from memory. No label has values that people could multiply.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import product
from threading import Lock
from typing import Final

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from devices import ledger, totals
from devices.states import TERMINAL, State
from platforms import delivery_totals
from platforms.models import ChannelKind, DeliveryState, Platform
from platforms.models.channel import UNFINISHED
from platforms.wall_time import known_zone

from .models import Brake, Engine, Episode, Job, JobExecution, Standing

KEPT: Final = 10.0  # seconds for which a count is served again
STATES: Final = ("new", "ok", "pending", "firing", "recovering", "flapping", "unknown")
#: How commands end: by a verdict, or accepted where there is no player to watch.
OUTCOMES: Final = TERMINAL | {State.ACCEPTED}


class EngineCollector(Collector):
    """Registered once a process; says nothing while the database is away, and never raises."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: list[Metric] = []
        self._until = 0.0

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: registering must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return all families, counted at most every few seconds."""
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._counted = list(families(timezone.now()))
                except DatabaseError:
                    self._counted = []
                self._until = time.monotonic() + KEPT
            return self._counted


def families(now: datetime) -> Iterator[Metric]:
    """Yield every figure as it is now: a fixed number of statements."""
    yield from _engine()
    yield from _jobs()
    yield from _commands()
    yield _brakes()
    yield _budgets(now)
    yield from _notifications()


def _engine() -> Iterator[Metric]:
    row = Engine.objects.first() or Engine()
    yield CounterMetricFamily(
        "remosa_engine_ticks", "Slots in which jobs were evaluated.", value=row.ticks
    )
    yield CounterMetricFamily(
        "remosa_engine_missed_ticks", "Slots that nobody evaluated.", value=row.missed
    )
    yield GaugeMetricFamily(
        "remosa_engine_tick_duration_seconds", "How long the last tick took.", value=row.took
    )
    yield GaugeMetricFamily(
        "remosa_engine_last_tick_timestamp_seconds",
        "When jobs were evaluated last.",
        value=row.ticked_at.timestamp() if row.ticked_at else 0,
    )
    yield GaugeMetricFamily(
        "remosa_engine_blind", "1 while nothing can be judged at all.", value=bool(row.blind)
    )


def _jobs() -> Iterator[Metric]:
    devices = GaugeMetricFamily(
        "remosa_job_devices", "Players under jobs, by state, of all jobs.", labels=["state"]
    )
    sums = dict.fromkeys(STATES, 0)
    for figures in Job.objects.working().values_list("figures", flat=True).iterator():
        for state, count in figures.items():
            if state in sums:
                sums[state] += count
    for state, count in sums.items():
        devices.add_metric([state], count)
    yield devices
    yield GaugeMetricFamily(
        "remosa_episodes_open", "Episodes that are not over.", value=Episode.objects.open().count()
    )
    waiting = JobExecution.objects.filter(standing=Standing.PROPOSED).count()
    yield GaugeMetricFamily(
        "remosa_approvals_waiting", "Actions that wait for a person's word.", value=waiting
    )


def _commands() -> Iterator[Metric]:
    now = GaugeMetricFamily(
        "remosa_commands", "Commands that are not over, by state.", labels=["state"]
    )
    over = CounterMetricFamily(
        "remosa_commands", "Commands that are over, by what became of them.", labels=["outcome"]
    )
    opened, ended = Counter[str](), Counter[str]()
    for word, not_over, is_over in totals.by_state():
        opened[word] += not_over
        ended[word] += is_over
    for state in State:
        now.add_metric([state.value], opened[state.value])
        if state in OUTCOMES:
            over.add_metric([state.value], ended[state.value])
    yield now
    yield over


def _brakes() -> Metric:
    family = GaugeMetricFamily(
        "remosa_brake_engaged",
        "1 while no job begins anything there; exporter_id is empty for a whole platform.",
        labels=["exporter_id", "platform_id"],
    )
    for row in Brake.objects.order_by("pk"):
        family.add_metric([str(row.exporter_id or ""), str(row.platform_id)], row.engaged)
    return family


def _budgets(now: datetime) -> Metric:
    """The fullest of a platform's limits of its own today and month, as 0 to 1: limits of now."""
    family = GaugeMetricFamily(
        "remosa_sms_budget_used_ratio",
        "Share of the SMS limit that is used.",
        labels=["platform_id"],
    )
    limited = Q(sms_limit_day__gt=0) | Q(sms_limit_month__gt=0)
    rows = Platform.objects.filter(limited, active=True).order_by("pk")
    platforms = [each for each in rows if known_zone(each.time_zone)]  # else it has no today
    for platform, rooms in ledger.rooms(platforms, now).items():
        # A limit that was lowered today may be below what is used already.
        shares = (min(room.taken / room.limit, 1.0) for room in rooms if room.limit)
        family.add_metric([str(platform)], max(shares))
    return family


def _notifications() -> Iterator[Metric]:
    now = GaugeMetricFamily(
        "remosa_notifications",
        "Messages to channels that are still to arrive, by kind of channel and state.",
        labels=["channel_kind", "state"],
    )
    over = CounterMetricFamily(
        "remosa_notifications",
        "Messages to channels that are over, by kind of channel and what became of them.",
        labels=["channel_kind", "outcome"],
    )
    counted = {(kind, state): number for kind, state, number in delivery_totals.by_state()}
    # Also what there is none of: a counter that begins with its first failure hides it.
    for kind, state in product(ChannelKind, DeliveryState):
        family = now if state in UNFINISHED else over
        family.add_metric([kind.value, state.value], counted.get((kind.value, state.value), 0))
    yield now
    yield over
