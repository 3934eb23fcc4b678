"""Asking Prometheus about one moment until a deadline, all together or one platform by itself.

Knows no conditions and no players. Whatever goes wrong is an Outage, never an exception.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from exporters.asking import OF_THE_QUESTION, Answer, Ask, Outage
from exporters.connection import current_connection
from exporters.prometheus import Connection, PrometheusError, Sample, Series, query, query_samples
from exporters.promql import Expression
from exporters.verdicts import Why as ExporterWhy

from .verdicts import Why

LONGEST_ANSWER: Final = 20.0  # seconds that one question may take
TIMEOUT: Final = "timeout"


class Moment(Ask):
    """Questions about one moment (Unix time), all of which have to be answered until a deadline.

    Unlike a page it asks at once again whatever failed a while ago: a tick has to see that
    Prometheus is back. The first failure of the server answers the later questions too.
    """

    def __init__(self, at: float, seconds: float) -> None:
        super().__init__()
        self.at = at
        self.away: Outage | None = None
        self._until = time.monotonic() + seconds
        self._where: Connection | None = None

    @property
    def left(self) -> float:
        """Return how many seconds there are until the deadline."""
        return self._until - time.monotonic()

    def read_rows(self) -> None:
        """Read the rows that questions need: a thread that asks them then needs no database."""
        self.processes  # noqa: B018 (read once and kept)
        if self.away is None:
            try:
                self._where = self._where or current_connection()
            except PrometheusError as error:
                self.away = Outage(ExporterWhy.PROMETHEUS_AWAY, error.message)

    def give_back(self, since: float) -> None:
        """Take out of the time what was not asked in since a moment of the monotonic clock."""
        self._until += max(0.0, time.monotonic() - since)

    def now(self, expression: Expression, seconds: float = LONGEST_ANSWER) -> list[Sample] | Outage:
        """Return the samples of the moment."""
        found = self._of_moment(lambda where: query(where, expression, self.at), seconds)
        return found if isinstance(found, Outage) else found.samples

    def samples(self, expression: Expression) -> list[Series] | Outage:
        """Return the stored samples that were chosen up to the moment, as they are."""
        found = self._of_moment(
            lambda where: query_samples(where, expression, self.at), LONGEST_ANSWER
        )
        return found if isinstance(found, Outage) else found.series

    def _of_moment(
        self, question: Callable[[Connection], Answer], seconds: float
    ) -> Answer | Outage:
        if self.away is not None:
            return self.away
        left = min(seconds, self.left)
        try:
            if left <= 0:
                raise PrometheusError(TIMEOUT, "", permanent=False)
            self._where = self._where or current_connection()
            answer = question(replace(self._where, timeout=min(left, self._where.timeout)))
        except PrometheusError as error:
            outage = Outage(ExporterWhy.PROMETHEUS_AWAY, error.message)
            if self._is_of_server(error):
                self.away = outage
            return outage
        if answer.partial:
            return Outage(ExporterWhy.PROMETHEUS_PARTIAL, "; ".join(answer.warnings))
        return answer

    def _is_of_server(self, error: PrometheusError) -> bool:
        """Tell whether the server failed, and not the question alone."""
        return error.code not in OF_THE_QUESTION

    def why(self, outage: Outage) -> Why:
        """Return why nothing could be learned by a question that was asked just now."""
        if outage.why is ExporterWhy.PROMETHEUS_PARTIAL:
            return Why.PROMETHEUS_PARTIAL
        return Why.REFUSED if self.away is None else Why.PROMETHEUS_AWAY


class Share(Moment):
    """What one platform alone asks about a moment: in a time of its own, at its own risk.

    A question that takes too long says nothing of the server, and costs the others nothing.
    """

    def __init__(self, whole: Moment, seconds: float) -> None:
        super().__init__(whole.at, min(seconds, whole.left))
        self.away, self._where = whole.away, whole._where
        self.processes = whole.processes
        self._was_slow = False

    def _is_of_server(self, error: PrometheusError) -> bool:
        self._was_slow = error.code == TIMEOUT
        return not self._was_slow and super()._is_of_server(error)

    def why(self, outage: Outage) -> Why:
        """Return why; of what was asked within the share alone."""
        found = super().why(outage)
        return Why.TOO_SLOW if found is Why.REFUSED and self._was_slow else found
