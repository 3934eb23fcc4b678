"""Asks Prometheus on behalf of a page: in a short time, and after a failure not again for a while.

A Prometheus that hangs would else hang every page. What failed is an Outage, never an exception.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from django.core.cache import cache
from django_stubs_ext import StrOrPromise

from . import prometheus
from .connection import current_connection
from .models import ExporterProcess
from .prometheus import Connection, Matrix, PrometheusError, Sample, Series, Vector
from .promql import Expression
from .verdicts import Why

logger = logging.getLogger(__name__)

PAGE_SECONDS = 4.0  # the longest that a page waits for one answer
FLEET_SECONDS = 10.0  # for answers about whole platforms
LEFT_ALONE_SECONDS = 10
# The question was at fault, not the server: it may be asked others.
OF_THE_QUESTION = ("bad_query", "execution", "too_large")

Answer = TypeVar("Answer", Vector, Matrix)


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing could be learned: ``fault`` says in plain words what happened."""

    why: Why
    fault: StrOrPromise = ""


class Ask:
    """One page's questions. The first failure answers the later ones too."""

    def __init__(self) -> None:
        self._outage: Outage | None = None
        self._connection: Connection | None = None
        self._slow: Outage | None = None  # answers questions about whole platforms alone

    @cached_property
    def processes(self) -> tuple[ExporterProcess, ...]:
        """Return the listed exporter processes: one query a page, to the database."""
        return tuple(ExporterProcess.objects.all())

    @property
    def limited_platforms(self) -> frozenset[int]:
        """Return the platforms for which a process speaks that speaks for no other one."""
        limits = (process.limited_to_id for process in self.processes)
        return frozenset(limit for limit in limits if limit is not None)

    def now(self, expression: Expression, seconds: float = PAGE_SECONDS) -> list[Sample] | Outage:
        """Return the samples of this moment."""
        answer = self._asked(lambda connection: prometheus.query(connection, expression), seconds)
        return answer if isinstance(answer, Outage) else answer.samples

    def window(
        self, expression: Expression, start: float, end: float, step: float
    ) -> list[Series] | Outage:
        """Return the samples of a window, one each step."""
        answer = self._asked(
            lambda connection: prometheus.query_range(connection, expression, start, end, step),
            PAGE_SECONDS,
        )
        return answer if isinstance(answer, Outage) else answer.series

    def samples(self, expression: Expression) -> list[Series] | Outage:
        """Return stored samples as they are, with their own times."""
        answer = self._asked(
            lambda connection: prometheus.query_samples(connection, expression), FLEET_SECONDS
        )
        return answer if isinstance(answer, Outage) else answer.series

    def _asked(self, question: Callable[[Connection], Answer], seconds: float) -> Answer | Outage:
        connection = self._reachable()
        if isinstance(connection, Outage):
            return connection
        fleet = seconds > PAGE_SECONDS
        if fleet and self._slow is not None:
            return self._slow
        try:
            answer = question(replace(connection, timeout=min(seconds, connection.timeout)))
        except PrometheusError as error:
            return self._failed(connection, error, fleet)
        if answer.partial:
            return Outage(Why.PROMETHEUS_PARTIAL, "; ".join(answer.warnings))
        return answer

    def _reachable(self) -> Connection | Outage:
        if self._outage is not None:
            return self._outage
        if self._connection is None:
            try:
                self._connection = current_connection()
            except PrometheusError as error:
                self._outage = Outage(Why.PROMETHEUS_AWAY, error.message)
                return self._outage
            self._outage = cache.get(_key(self._connection))
            self._slow = cache.get(_key(self._connection, "slow"))
        return self._outage or self._connection

    def _failed(self, connection: Connection, error: PrometheusError, fleet: bool) -> Outage:
        outage = Outage(Why.PROMETHEUS_AWAY, error.message)
        if fleet and error.code == "timeout":
            self._slow = outage
            cache.set(_key(connection, "slow"), outage, LEFT_ALONE_SECONDS)
        elif error.code not in OF_THE_QUESTION:
            self._outage = outage
            cache.set(_key(connection), outage, LEFT_ALONE_SECONDS)
        logger.warning(
            "Prometheus gave no answer (%s: %s); pages show no states for now", error.code, error
        )
        return outage


def _key(connection: Connection, what: str = "away") -> str:
    """Name a connection in the cache: a changed one is tried at once."""
    parts = (
        connection.url, connection.authentication, connection.username, connection.secret,
        connection.verify, connection.authorities,
    )  # fmt: skip
    return f"prometheus-{what}:{hashlib.sha256(repr(parts).encode()).hexdigest()}"
