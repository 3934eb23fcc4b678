"""The client of the Prometheus API: against servers that misbehave and against a real one."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from exporters import prometheus_answers as answers
from exporters.prometheus import (
    Connection,
    PrometheusError,
    Sample,
    Series,
    buildinfo,
    examine,
    healthy,
    label_values,
    labels,
    query,
    query_range,
    series,
)
from exporters.promql import Expression, selector
from tests.far_side import answer, saying, self_signed, talking
from tests.ports import free_port
from tests.prometheus_server import PrometheusServer, running_prometheus

STATUS = "remosa_exporter_cubic_device_status"
UP = Expression("up")
SECRET = "canary-91ab-secret"
EXPOSITION = "\n".join(
    [
        f"# TYPE {STATUS} gauge",
        f'{STATUS}{{exporter_id="4",mac="06:42:40:92:60:B4",platform_id="1"}} 0.0',
        f'{STATUS}{{exporter_id="4",mac="06:42:40:92:60:B5",platform_id="1"}} 1.0',
        f'{STATUS}{{exporter_id="5",mac="06:42:40:92:60:B6",platform_id="2"}} 1.0',
        f'{STATUS}{{exporter_id="5",mac="odd",platform_id="2"}} NaN',
        'name_of{name="Зал \\"ММ\\"",platform_id="1"} 1',
        "",
    ]
)


def success(data: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": data, **more}).encode()


def vector(*samples: tuple[dict[str, str], Any]) -> dict[str, Any]:
    rows = [{"metric": metric, "value": [1.5, value]} for metric, value in samples]
    return {"resultType": "vector", "result": rows}


def read(body: bytes, status: int = 200) -> list[Sample]:
    return answers.samples(answers.reply(status, body))


# -- reading answers ----------------------------------------------------------------------------


def test_a_vector_becomes_samples() -> None:
    assert read(success(vector(({"mac": "A"}, "1"), ({}, "2.5e3")))) == [
        Sample({"mac": "A"}, 1.0, 1.5),
        Sample({}, 2500.0, 1.5),
    ]


def test_a_scalar_becomes_one_sample() -> None:
    assert read(success({"resultType": "scalar", "result": [7, "3"]})) == [Sample({}, 3.0, 7.0)]


def test_a_matrix_becomes_series() -> None:
    rows = [{"metric": {"mac": "A"}, "values": [[1, "0"], [2, "NaN"], [3, "1"]]}]
    found = answers.series(answers.reply(200, success({"resultType": "matrix", "result": rows})))
    assert found == [Series({"mac": "A"}, [(1.0, 0.0), (3.0, 1.0)])]


def test_a_value_that_is_no_number_says_nothing() -> None:
    odd = [({"mac": text}, text) for text in ("NaN", "+Inf", "-Inf")]
    assert read(success(vector(*odd, ({"mac": "A"}, "1")))) == [Sample({"mac": "A"}, 1.0, 1.5)]


def test_a_native_histogram_is_left_out() -> None:
    rows = [{"metric": {}, "histogram": [1, {"count": "1"}]}]
    assert read(success({"resultType": "vector", "result": rows})) == []
    lines = {"resultType": "matrix", "result": [{"metric": {}, "histograms": []}]}
    assert answers.series(answers.reply(200, success(lines))) == [Series({}, [])]


@pytest.mark.parametrize(
    ("more", "partial"),
    [
        ({}, False),
        ({"warnings": []}, False),
        ({"warnings": None}, False),
        ({"infos": ["PromQL info: metric might not be a counter"]}, False),
        ({"warnings": ["a store is away"]}, True),
        ({"isPartial": True}, True),
        ({"isPartial": False}, False),
    ],
)
def test_an_answer_with_warnings_is_partial(more: dict[str, Any], partial: bool) -> None:
    assert answers.reply(200, success(vector(), **more)).partial is partial


def test_a_lone_surrogate_in_a_label_cannot_break_a_page() -> None:
    body = rb'{"status":"success","data":{"resultType":"vector","result":[{"metric":'
    body += rb'{"name":"a\ud800b","emoji":"\uD83D\uDE00"},"value":[1,"1"]}]}}'
    (sample,) = read(body)
    assert sample.labels == {"name": "a?b", "emoji": "\U0001f600"}


MALFORMED = [
    b"",
    b"<html><title>Sign in</title></html>",
    b"null",
    b"[]",
    b"1",
    b'"status"',
    b"{",
    b"{}",
    b"\xff\xfe",
    b'{"status":"success"}',
    b'{"status":"ok","data":{}}',
    b"[" * 100_000,
    b'{"status":"success","data":' + b"9" * 10_000 + b"}",
    success(None),
    success([]),
    success("text"),
    success({"resultType": "vector"}),
    success({"resultType": "vector", "result": None}),
    success({"resultType": "vector", "result": {}}),
    success({"resultType": "vector", "result": "abc"}),
    success({"resultType": "string", "result": [1, "x"]}),
    success({"resultType": "matrix", "result": []}),
    success({"resultType": "vector", "result": [1]}),
    success({"resultType": "vector", "result": [{}]}),
    success({"resultType": "vector", "result": [{"metric": {}}]}),
    success({"resultType": "vector", "result": [{"metric": {}, "value": 1}]}),
    success({"resultType": "vector", "result": [{"metric": {}, "value": [1]}]}),
    success({"resultType": "vector", "result": [{"metric": {}, "value": [1, "2", 3]}]}),
    success({"resultType": "vector", "result": [{"metric": None, "value": [1, "2"]}]}),
    success({"resultType": "vector", "result": [{"metric": {"a": 1}, "value": [1, "2"]}]}),
    success({"resultType": "vector", "result": [{"metric": {"a": {}}, "value": [1, "2"]}]}),
    success({"resultType": "scalar", "result": [1, "NaN"]}),
    success(vector(({}, "one"))),
    success(vector(({}, None))),
    success(vector(({}, []))),
    success(vector(({}, "1")), warnings="text"),
    b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,NaN]}]}}',
    b'{"status":"success","data":{"resultType":"scalar","result":[1e999,"1"]}}',
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_answer_of_the_api_is_malformed(body: bytes) -> None:
    with pytest.raises(PrometheusError) as caught:
        read(body)
    assert caught.value.code == "malformed"
    assert not caught.value.permanent


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["resultType", "result", "metric", "value", "values", "a"]), inner
        )
    ),
)


@given(st.sampled_from(["vector", "matrix", "scalar"]), json_values)
def test_no_json_breaks_a_reader(kind: str, result: Any) -> None:
    body = success({"resultType": kind, "result": result})
    for reader in (answers.samples, answers.series, answers.label_sets, answers.texts):
        with suppress(PrometheusError):
            reader(answers.reply(200, body))


@pytest.mark.parametrize(
    ("status", "content", "code", "permanent"),
    [
        (400, {"errorType": "bad_data", "error": "parse error"}, "bad_query", True),
        (422, {"errorType": "execution", "error": "too many samples"}, "execution", False),
        (422, {"errorType": "422", "error": "cannot parse"}, "bad_query", True),
        (503, {"errorType": "timeout", "error": "query timed out"}, "timeout", False),
        (503, {"errorType": "unavailable", "error": "starting"}, "unavailable", False),
        (500, {"errorType": "internal", "error": "expanding series"}, "failed", False),
        (200, {"errorType": "bad_data", "error": "x"}, "bad_query", True),
        (401, {"errorType": "x", "error": "x"}, "credentials", True),
        (500, {"errorType": None, "error": {"a": 1}}, "failed", False),
    ],
)
def test_an_error_of_the_api_has_its_code(
    status: int, content: dict[str, Any], code: str, permanent: bool
) -> None:
    with pytest.raises(PrometheusError) as caught:
        answers.reply(status, json.dumps({"status": "error", **content}).encode())
    assert (caught.value.code, caught.value.permanent) == (code, permanent)


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [
        (401, "credentials", True),
        (403, "credentials", True),
        (404, "not_prometheus", True),
        (405, "http_status", True),
        (429, "http_status", False),
        (500, "http_status", False),
        (502, "http_status", False),
    ],
)
def test_an_error_page_has_a_code_too(status: int, code: str, permanent: bool) -> None:
    with pytest.raises(PrometheusError) as caught:
        answers.reply(status, b"<html>no</html>")
    assert (caught.value.code, caught.value.permanent) == (code, permanent)


def test_the_words_of_the_far_side_are_short_and_printable() -> None:
    body = json.dumps({"status": "error", "error": "\x1b[31m\ud800" + "x" * 10_000}).encode()
    with pytest.raises(PrometheusError) as caught:
        answers.reply(400, body)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_100_000_series_are_read_in_a_small_multiple_of_plain_json() -> None:
    rows = [
        ({"__name__": STATUS, "exporter_id": "4", "mac": f"{n:012x}", "platform_id": "1"}, "1")
        for n in range(100_000)
    ]
    body = success(vector(*rows))
    assert len(read(body)) == 100_000
    assert least_time(lambda: read(body)) < 4 * least_time(lambda: json.loads(body))


def least_time(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the faster of two runs: the other waited for something."""
    seconds = []
    for _ in range(2):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


# -- talking ------------------------------------------------------------------------------------


class Recorder:
    """Plays a Prometheus that remembers what it was asked."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.line = ""
        self.headers: dict[str, str] = {}
        self.sent = ""

    def __call__(self, connection: socket.socket, head: bytes) -> None:
        head, _blank, body = head.partition(b"\r\n\r\n")
        self.line, *lines = head.decode().split("\r\n")
        self.headers = dict(line.lower().split(": ", 1) for line in lines)
        while len(body) < int(self.headers.get("content-length", "0")):
            body += connection.recv(65536)
        self.sent = body.decode()
        connection.sendall(answer(self.body))


def test_a_short_query_is_a_get_below_the_path_of_the_address() -> None:
    far = Recorder(success(vector()))
    with talking(far) as url:
        query(Connection(f"{url}/prometheus/", timeout=2.5), UP, at=1000)
    method, target, _version = far.line.split(" ")
    assert (method, urlsplit(target).path) == ("GET", "/prometheus/api/v1/query")
    assert parse_qs(urlsplit(target).query) == {
        "query": ["up"],
        "time": ["1000.000"],
        "timeout": ["2500ms"],
    }
    assert "authorization" not in far.headers


def test_a_long_query_is_a_form() -> None:
    far = Recorder(success(vector()))
    expression = selector(STATUS, [1], mac=[f"{n:012x}" for n in range(1000)])
    with talking(far) as url:
        query(Connection(url), expression)
    assert far.line.startswith("POST /api/v1/query HTTP")
    assert far.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(far.sent)["query"] == [expression]


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ({"authentication": "basic", "username": "u"}, "basic dtpjyw5hcnktotfhyi1zzwnyzxq="),
        ({"authentication": "bearer"}, f"bearer {SECRET}"),
    ],
)
def test_it_proves_itself_as_it_is_told(connection: dict[str, Any], expected: str) -> None:
    far = Recorder(success(vector()))
    with talking(far) as url:
        query(Connection(url, secret=SECRET, **connection), UP)
    assert far.headers["authorization"] == expected


def test_no_error_and_no_representation_has_the_secret() -> None:
    connection = Connection(f"http://127.0.0.1:{free_port()}", "bearer", secret=SECRET)
    assert SECRET not in repr(connection)
    with pytest.raises(PrometheusError) as caught:
        query(connection, UP)
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("nonsense", "bad_url"),
        ("http://user:password@127.0.0.1", "bad_url"),
        ("http://127.0.0.1:1?x=", "bad_url"),
        ("http://127.0.0.1:1", "refused"),
        ("http://no-such-name.invalid", "dns"),
    ],
)
def test_a_wrong_address_is_told_in_words(url: str, code: str) -> None:
    with pytest.raises(PrometheusError) as caught:
        query(Connection(url), UP)
    assert caught.value.code == code
    assert str(caught.value)


def test_a_secret_that_cannot_be_sent_is_told() -> None:
    with pytest.raises(PrometheusError) as caught:
        query(Connection("http://127.0.0.1:1", "bearer", secret="a\r\nb"), UP)
    assert caught.value.code == "bad_header"


def test_a_hanging_prometheus_is_given_up_in_time() -> None:
    def hang(connection: socket.socket, head: bytes) -> None:
        time.sleep(20)

    with talking(hang) as url:
        started = time.monotonic()
        with pytest.raises(PrometheusError) as caught:
            query(Connection(url, timeout=0.5), UP)
        assert not healthy(Connection(url, timeout=0.5))
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 3


def test_a_private_authority_is_honoured(tmp_path: Path) -> None:
    context, authority = self_signed(tmp_path)
    with talking(saying(answer(success(vector()))), context) as url:
        assert query(Connection(url, authorities=authority), UP).samples == []
        assert query(Connection(url, verify=False), UP).samples == []
        with pytest.raises(PrometheusError, match="not trusted"):
            query(Connection(url), UP)


def test_a_server_without_a_version_page_has_no_version() -> None:
    with talking(saying(answer(b"404 page not found", "404 Not Found"))) as url:
        assert buildinfo(Connection(url)) == ""
        with pytest.raises(PrometheusError, match="no Prometheus API"):
            examine(Connection(url))


# -- a real Prometheus --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Run a Prometheus that scrapes the exposition of two platforms every second."""
    head = ("200 OK", "Content-Type: text/plain; version=0.0.4")
    with talking(saying(answer(EXPOSITION.encode(), *head))) as url:
        configuration = f"""
            global: {{scrape_interval: 1s}}
            scrape_configs:
            - job_name: cubic
              static_configs:
              - targets: ["{url.removeprefix("http://")}"]
                labels: {{instance: cubic-1, kind: cubic}}
        """
        with running_prometheus(tmp_path_factory.mktemp("real"), configuration) as server:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                if len(query(Connection(server.url), selector(STATUS, [1, 2])).samples) == 3:
                    break
                time.sleep(0.2)
            yield server


def test_the_real_one_answers_a_query(real: PrometheusServer) -> None:
    found = query(Connection(real.url), selector(STATUS, [1]))
    assert {sample.labels["mac"][-2:]: sample.value for sample in found.samples} == {
        "B4": 0.0,
        "B5": 1.0,
    }
    assert abs(found.samples[0].at - time.time()) < 5
    assert not found.partial
    (named,) = query(Connection(real.url), selector("name_of", [1])).samples
    assert named.labels["name"] == 'Зал "ММ"'


def test_the_real_one_answers_a_range_and_a_posted_query(real: PrometheusServer) -> None:
    now = time.time()
    macs = ["06:42:40:92:60:B5", *(f"{n:012x}" for n in range(500))]
    found = query_range(Connection(real.url), selector(STATUS, [1], mac=macs), now - 30, now, 1)
    (line,) = found.series
    assert {value for _at, value in line.points} == {1.0}
    assert line.points == sorted(line.points)


def test_the_real_one_lists_series_and_labels(real: PrometheusServer) -> None:
    now = time.time()
    found = series(Connection(real.url), selector(STATUS, [2]), now - 60, now)
    assert {each["mac"] for each in found} == {"06:42:40:92:60:B6", "odd"}
    names = labels(Connection(real.url), selector(STATUS, [2]))
    assert {"mac", "platform_id", "exporter_id"} <= set(names)
    told = label_values(Connection(real.url), "mac", selector(STATUS, [2]), now - 60, now)
    assert (set(told[0]), told[1]) == ({"06:42:40:92:60:B6", "odd"}, False)


def test_the_real_one_passes_the_examination(real: PrometheusServer) -> None:
    assert healthy(Connection(real.url))
    found = examine(Connection(real.url))
    assert found.version[0].isdigit()
    assert found.series == 4
    assert abs(found.skew) < 1
    assert 0 < found.seconds < 10


def test_the_real_one_refuses_a_wrong_query_in_words(real: PrometheusServer) -> None:
    with pytest.raises(PrometheusError, match="parse error") as caught:
        query(Connection(real.url), Expression("up{"))
    assert (caught.value.code, caught.value.permanent) == ("bad_query", True)
    with pytest.raises(PrometheusError, match="exceeded maximum resolution") as caught:
        query_range(Connection(real.url), UP, 0, 1_000_000, 1)
    assert caught.value.code == "bad_query"


def test_the_real_one_has_no_api_elsewhere(real: PrometheusServer) -> None:
    with pytest.raises(PrometheusError) as caught:
        query(Connection(f"{real.url}/elsewhere"), UP)
    assert caught.value.code == "not_prometheus"
