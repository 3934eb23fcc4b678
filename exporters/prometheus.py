"""Client of the Prometheus HTTP API v1: expressions in, typed answers out.

Speaks to whatever has that API: Prometheus 2.42 to 3.x, VictoriaMetrics, Thanos, Mimir.
Knows no rows and no tenants: `promql` limits what is asked. Every function raises
PrometheusError and nothing else.
"""

import base64
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.utils.translation import gettext_lazy as _

from platforms.outbound import Answer, OutboundError, Tls, fetch

from . import prometheus_answers as answers
from .prometheus_answers import Labels, PrometheusError, Reply, Sample, Series
from .promql import SERIES_OF_REMOSA, Expression

__all__ = [
    "Connection",
    "Examination",
    "Labels",
    "Matrix",
    "PrometheusError",
    "Sample",
    "Series",
    "Vector",
    "buildinfo",
    "examine",
    "healthy",
    "label_values",
    "labels",
    "query",
    "query_range",
    "query_samples",
    "series",
]

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; all series of 100,000 players take 15 MB
LONGEST_GET = 1500  # bytes of parameters; longer ones are posted

Parameters = Sequence[tuple[str, str]]
_TO_QUOTE = re.compile(rb"[^A-Za-z0-9_.~:-]")
_QUOTED = {bytes([code]): b"%%%02X" % code for code in range(256)}


@dataclass(frozen=True)
class Connection:
    """Where a Prometheus is and how to get in; `timeout` in seconds for one whole answer."""

    url: str
    authentication: Literal["none", "basic", "bearer"] = "none"
    username: str = ""
    secret: str = field(default="", repr=False)
    verify: bool = True
    authorities: str = ""
    timeout: float = 10.0


@dataclass(frozen=True)
class Vector:
    """Samples of an instant query; `partial`: some may be missing, so absence tells nothing."""

    samples: list[Sample]
    partial: bool
    warnings: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Matrix:
    """Series of a range query; `partial` as in Vector."""

    series: list[Series]
    partial: bool
    warnings: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Examination:
    """What a connection test found; `skew` = seconds by which its clock is ahead of ours."""

    version: str
    seconds: float
    skew: float
    series: int
    warnings: tuple[str, ...]


def query(connection: Connection, expression: Expression, at: float | None = None) -> Vector:
    """Evaluate an expression now or at a Unix time. Samples that are no number are left out."""
    moment = [] if at is None else [("time", f"{at:.3f}")]
    reply, seconds = _ask(connection, "query", [("query", expression), *moment])
    return Vector(answers.samples(reply), reply.partial, reply.warnings, seconds)


def query_range(
    connection: Connection, expression: Expression, start: float, end: float, step: float
) -> Matrix:
    """Evaluate an expression from `start` to `end` (Unix times) every `step` seconds."""
    window = [("start", f"{start:.3f}"), ("end", f"{end:.3f}"), ("step", f"{step:.3f}")]
    reply, seconds = _ask(connection, "query_range", [("query", expression), *window])
    return Matrix(answers.series(reply), reply.partial, reply.warnings, seconds)


def query_samples(
    connection: Connection, expression: Expression, at: float | None = None
) -> Matrix:
    """Return the stored samples that an expression chooses (`promql.within`), as they are."""
    moment = [] if at is None else [("time", f"{at:.3f}")]
    reply, seconds = _ask(connection, "query", [("query", expression), *moment])
    return Matrix(answers.series(reply), reply.partial, reply.warnings, seconds)


def series(connection: Connection, selected: Expression, start: float, end: float) -> list[Labels]:
    """Return the label sets of the series that a selector matches between two Unix times."""
    window = [("start", f"{start:.3f}"), ("end", f"{end:.3f}")]
    return answers.label_sets(_ask(connection, "series", [("match[]", selected), *window])[0])


def labels(connection: Connection, selected: Expression) -> list[str]:
    """Return the label names of the series that a selector matches."""
    return answers.texts(_ask(connection, "labels", [("match[]", selected)])[0])


def label_values(
    connection: Connection, label: str, selected: Expression, start: float, end: float
) -> tuple[list[str], bool]:
    """Return the values of a label of the series that a selector matches between two Unix times.

    The second is as in Vector: whether some may be missing. `__name__` has the metrics' names.
    """
    window = [("start", f"{start:.3f}"), ("end", f"{end:.3f}")]
    reply, _seconds = _ask(connection, f"label/{label}/values", [("match[]", selected), *window])
    return answers.texts(reply), reply.partial


def buildinfo(connection: Connection) -> str:
    """Return the version; "" from a server that has the API but not this page."""
    try:
        return answers.version(_ask(connection, "status/buildinfo", [])[0])
    except PrometheusError as error:
        if error.code == "not_prometheus":
            return ""
        raise


def healthy(connection: Connection) -> bool:
    """Tell whether the server says that it is well; False also when it cannot be reached."""
    try:
        return _fetch(connection, "/-/healthy", []).status == 200
    except PrometheusError:
        return False


def examine(connection: Connection) -> Examination:
    """Try a connection out: version, latency, clock, number of Remosa's series."""
    version = buildinfo(connection)
    before = time.time()
    clock = query(connection, Expression("time()"))
    middle = (before + time.time()) / 2
    counted = query(connection, SERIES_OF_REMOSA)
    return Examination(
        version=version,
        seconds=clock.seconds,
        skew=clock.samples[0].value - middle if clock.samples else 0.0,
        series=int(counted.samples[0].value) if counted.samples else 0,
        warnings=(*clock.warnings, *counted.warnings),
    )


def _ask(connection: Connection, name: str, parameters: Parameters) -> tuple[Reply, float]:
    """Ask one page of the API; return its data and the seconds it took."""
    if name.startswith("query"):
        # In whole milliseconds: it reads no fractions of a second.
        milliseconds = max(round(connection.timeout * 1000), 1)
        parameters = [*parameters, ("timeout", f"{milliseconds}ms")]
    got = _fetch(connection, f"/api/v1/{name}", parameters)
    return answers.reply(got.status, got.body), got.seconds


def _fetch(connection: Connection, path: str, parameters: Parameters) -> Answer:
    if "?" in connection.url:
        text = _("The address of Prometheus has no question mark in it.")
        raise PrometheusError("bad_url", text, permanent=True)
    headers = {"Accept": "application/json"}
    if connection.authentication == "bearer":
        headers["Authorization"] = f"Bearer {connection.secret}"
    elif connection.authentication == "basic":
        pair = f"{connection.username}:{connection.secret}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    encoded = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in parameters)
    post = len(encoded) > LONGEST_GET
    if post:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    address = connection.url.rstrip("/") + path
    try:
        return fetch(
            address if post or not encoded else f"{address}?{encoded}",
            bases=[connection.url],
            deadline=connection.timeout,
            limit=LARGEST_ANSWER,
            method="POST" if post else "GET",
            headers=headers,
            body=encoded.encode() if post else None,
            tls=Tls(connection.verify, connection.authorities),
        )
    except OutboundError as error:
        raise PrometheusError(error.code, error.message, permanent=error.permanent) from error


def _quoted(text: str) -> str:
    """Quote for an address or a form as urllib does, many times faster: it looks at every byte."""
    return _TO_QUOTE.sub(lambda found: _QUOTED[found[0]], text.encode()).decode("ascii")
