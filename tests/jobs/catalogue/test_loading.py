"""The catalogue of metrics: what stands in it is served, and what is odd does not get in."""

import copy
import json
from typing import Any

import pytest

from exporters import metrics as served
from exporters.kinds import KINDS
from exporters.observations import FAMILIES
from jobs import catalogue
from jobs.catalogue import CatalogueError, Series
from jobs.catalogue.loading import FOLDER, read
from jobs.models import MonitoringMetric

DATA = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))


def test_every_value_that_exporters_serve_can_be_asked_for_and_nothing_else() -> None:
    values = {
        Series(name, kind, family.label)
        for kind, family in FAMILIES.items()
        for name in (family.status, *family.values)
    }
    asked = {series for metric in catalogue.metrics().values() for series in metric.series}
    assert asked == values
    assert served.device_status("cubic", "mac").name in catalogue.metrics()


def test_a_metric_of_every_kind_is_one_question_over_all_of_them() -> None:
    status = catalogue.metrics()["device_status"]
    assert {series.kind for series in status.series} == KINDS.keys()
    assert (status.kind, status.identity) == ("", "")
    assert str(status.values[0.0]) == "Offline"
    cubic = catalogue.metrics()["remosa_exporter_cubic_device_status"]
    assert (cubic.kind, cubic.identity, cubic.title.ru) == ("cubic", "mac", "Статус (CubicMedia)")


def test_the_rows_have_room_for_every_metric() -> None:
    for metric in catalogue.metrics().values():
        MonitoringMetric(
            name=metric.name,
            kind=metric.kind,
            identity=metric.identity,
            unit=metric.unit,
        ).clean_fields(exclude={"kind", "identity"})  # empty: of every kind
        assert len(metric.kind) <= 32
        assert len(metric.identity) <= 64


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("metric", "Device"),
        ("kind", "nobody"),
        ("category", "found"),
        ("title", {"en": "Status"}),
        ("range", [0]),
        ("values", [{"value": 0, "title": {"en": "Offline", "ru": "Офлайн"}}]),
        ("colour", "red"),
    ],
)
def test_odd_data_is_refused(key: str, value: Any) -> None:
    data = copy.deepcopy(DATA)
    data[0][key] = value
    with pytest.raises(CatalogueError):
        read(data)
    with pytest.raises(CatalogueError, match="two metrics"):
        read([DATA[0], DATA[0]])
