"""What the Prometheus HTTP API answers: bytes in, typed samples or one plain error out.

Pure: no connection, no clock. A sample that is not a number says nothing and is left out; an
answer that has not the shape of the API is an error as a whole, whatever it is instead.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

SHOWN_LIMIT = 300  # characters of a far side's own words

T = TypeVar("T")
Labels = Mapping[str, str]


class PrometheusError(Exception):
    """No usable answer; `permanent`: asking again the same way changes nothing."""

    def __init__(self, code: str, message: StrOrPromise, *, permanent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.permanent = permanent

    def __str__(self) -> str:
        return str(self.message)


class Sample(NamedTuple):
    """One series at one moment (Unix time)."""

    labels: Labels
    value: float
    at: float


class Series(NamedTuple):
    """One series over time: (Unix time, value), ascending."""

    labels: Labels
    points: list[tuple[float, float]]


class Reply(NamedTuple):
    """The data of a successful answer, not yet looked at."""

    data: Any
    warnings: tuple[str, ...]
    partial: bool
    escaped: bool  # the JSON has \uD... escapes, of which some may be lone surrogates


def reply(status: int, body: bytes) -> Reply:
    """Open an answer; raise PrometheusError for a refusal and for what is no answer."""
    try:
        content = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        content = {}
    if status != 200 or content.get("status") != "success":
        raise _refusal(status, content)
    warned = content.get("warnings") or []
    if not isinstance(warned, list):
        raise malformed()
    warnings = tuple(_printable(each) for each in warned[:20])
    # isPartial: VictoriaMetrics in a cluster says it so, without a warning
    partial = bool(warnings) or content.get("isPartial") is True
    escaped = b"\\ud" in body or b"\\uD" in body
    return Reply(content.get("data"), warnings, partial, escaped)


def samples(answer: Reply) -> list[Sample]:
    """Read a vector, or a scalar as one sample without labels."""
    return _checked(_samples, answer)


def series(answer: Reply) -> list[Series]:
    """Read a matrix."""
    return _checked(_series, answer)


def label_sets(answer: Reply) -> list[Labels]:
    """Read a list of label sets."""
    return _checked(lambda data, clean: [_labels(each, clean) for each in _list(data)], answer)


def texts(answer: Reply) -> list[str]:
    """Read a list of texts."""
    return _checked(lambda data, clean: [_text(each) for each in _list(data)], answer)


def version(answer: Reply) -> str:
    """Read the version of a build; "" where it is not told."""
    return _checked(lambda data, clean: _text(data.get("version", "")), answer)[:SHOWN_LIMIT]


def malformed() -> PrometheusError:
    """Say that something answers which is not Prometheus."""
    text = _("It answers, but not as Prometheus does: is this the address of its API?")
    return PrometheusError("malformed", text, permanent=False)


class _MalformedError(Exception):
    """The data is not of the API's shape."""


def _checked(read: Callable[[Any, bool], T], answer: Reply) -> T:
    try:
        return read(answer.data, answer.escaped)
    except (_MalformedError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise malformed() from error


def _samples(data: Any, clean: bool) -> list[Sample]:
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        at, value = result
        return [Sample({}, _finite(value), _finite(at))]
    if kind != "vector":
        raise _MalformedError
    found = []
    for each in _list(result):
        labels = _labels(each["metric"], clean)
        if "histogram" in each:
            continue
        at, value = each["value"]
        number = float(value)
        if math.isfinite(number):
            found.append(Sample(labels, number, _finite(at)))
    return found


def _series(data: Any, clean: bool) -> list[Series]:
    if data["resultType"] != "matrix":
        raise _MalformedError
    found = []
    for each in _list(data["result"]):
        labels = _labels(each["metric"], clean)
        values = [] if "histograms" in each and "values" not in each else _list(each["values"])
        points = [(_finite(at), float(value)) for at, value in values]
        found.append(Series(labels, [point for point in points if math.isfinite(point[1])]))
    return found


def _labels(value: Any, clean: bool) -> Labels:
    """Check that it is a mapping of texts; take out lone surrogates, which no page could show."""
    if type(value) is not dict or not set(map(type, value.values())) <= {str}:
        raise _MalformedError
    if clean:
        return {_storable(name): _storable(text) for name, text in value.items()}
    return value


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise _MalformedError
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _MalformedError
    return _storable(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _MalformedError
    return value


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _printable(value: object) -> str:
    words = str(value)[:SHOWN_LIMIT]
    return _storable("".join(mark if mark.isprintable() else " " for mark in words))


def _refuse_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _refusal(status: int, content: Mapping[str, Any]) -> PrometheusError:
    """Say why there is no result: from the API's own error, else from the HTTP status."""
    if status in (401, 403):
        text = _("It refuses the name, password or token.")
        return PrometheusError("credentials", text, permanent=True)
    if content.get("status") == "error":
        code, permanent = _ERROR_TYPES.get(str(content.get("errorType")), ("failed", False))
        words = _printable(content.get("error"))
        text = format_lazy(_("It could not answer the question: {words}"), words=words)
        return PrometheusError(code, text, permanent=permanent)
    if status == 200:
        return malformed()
    if status == 404:
        text = _("There is no Prometheus API at this address.")
        return PrometheusError("not_prometheus", text, permanent=True)
    text = format_lazy(_("It answers with the HTTP error {status}."), status=status)
    return PrometheusError(
        "http_status", text, permanent=400 <= status < 500 and status not in (408, 429)
    )


_ERROR_TYPES: Mapping[str, tuple[str, bool]] = {
    "bad_data": ("bad_query", True),
    "422": ("bad_query", True),  # VictoriaMetrics writes the status
    "execution": ("execution", False),
    "timeout": ("timeout", False),
    "canceled": ("timeout", False),
    "unavailable": ("unavailable", False),
}
