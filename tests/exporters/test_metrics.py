"""The names and the text of the metrics an exporter process serves."""

import subprocess

import pytest
from hypothesis import given, strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exporters import metrics
from exporters.kinds import KINDS
from exporters.metrics import Metric

STATUS = metrics.device_status("cubic", "mac")
INFO = metrics.device_info("cubic", "mac", KINDS["cubic"].info_labels)
DEVICE = {"exporter_id": "4", "mac": "06:42:40:92:60:B4", "platform_id": "1"}


def test_the_example_device_is_written_byte_for_byte() -> None:
    assert STATUS.line(DEVICE, 0) == (
        b'remosa_exporter_cubic_device_status{exporter_id="4",mac="06:42:40:92:60:B4",'
        b'platform_id="1"} 0.0\n'
    )
    info = {"ip": "192.168.111.27", "name": "ММ Зауролоф LED", "outip": "94.72.61.150"}
    assert (
        INFO.line({**DEVICE, **info}, 1)
        == (
            'remosa_exporter_cubic_device_info{exporter_id="4",ip="192.168.111.27",'
            'mac="06:42:40:92:60:B4",name="ММ Зауролоф LED",outip="94.72.61.150",'
            'platform_id="1"} 1.0\n'
        ).encode()
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0"), (True, "1.0"), (1751883300.0, "1.7518833e+09"), (0.25, "0.25")],
)
def test_values_are_written_as_prometheus_client_writes_them(value: float, text: str) -> None:
    assert metrics.CACHE_UP.line({}, value) == f"remosa_exporter_cache_up {text}\n".encode()


HOSTILE = [
    'a "quoted" name',
    "back\\slash",
    "two\nlines",
    "NUL \0 and bell \7",
    "right \u202eto\u202c left",
    "5 kB " + "x" * 5000,
    "\U0001f4fa emoji",
    "lone \ud800 surrogate",
    '"} 1.0\nremosa_exporter_source_up 0',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_can_break_out_of_its_label(name: str) -> None:
    assert read_back(name) == metrics.safe_text(name)


@given(st.text(alphabet=st.characters()))
def test_any_name_comes_back_as_one_label(name: str) -> None:
    assert read_back(name) == metrics.safe_text(name)


def read_back(name: str) -> str:
    line = INFO.line({**DEVICE, "ip": "", "outip": "", "name": name}, 1)
    text = line.decode("utf-8")
    assert text.count("\n") == 1
    (family,) = text_string_to_metric_families(INFO.header().decode() + text)
    (sample,) = family.samples
    found: str = sample.labels["name"]
    return found


@given(st.text(alphabet=st.characters()))
def test_a_safe_text_is_bounded_and_has_a_utf_8(name: str) -> None:
    text = metrics.safe_text(name)
    assert len(text) <= metrics.LABEL_LIMIT
    text.encode("utf-8")
    assert metrics.safe_text(text) == text


def every_metric() -> list[Metric]:
    found = [value for value in vars(metrics).values() if isinstance(value, Metric)]
    for kind in KINDS.values():
        found += [
            metrics.device_status(kind.name, kind.identity),
            metrics.device_unknown(kind.name, kind.identity),
            metrics.device_info(kind.name, kind.identity, kind.info_labels),
        ]
    return found


def test_every_metric_has_sorted_labels_and_a_name_of_its_own() -> None:
    names = [metric.name for metric in every_metric()]
    assert len(set(names)) == len(names)
    for metric in every_metric():
        assert list(metric.labels) == sorted(metric.labels), metric.name


def test_promtool_finds_nothing_in_any_of_them(promtool: str) -> None:
    text = b"".join(
        metric.header() + metric.line(dict.fromkeys(metric.labels, "x"), 1)
        for metric in every_metric()
    )
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
