"""docs/exporter.md tells of every setting, every metric and every reason."""

import pytest

from exporters import metrics
from exporters.kinds.shape import Reason
from exporters.metrics import Metric
from tests.environment_names import configuration_read
from tests.exporters.process.child import PROJECT

PAGE = (PROJECT / "docs" / "exporter.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(configuration_read()))
def test_it_explains_every_setting(name: str) -> None:
    row = f"| `{name}`"
    assert any(line.startswith(row) for line in PAGE.splitlines())


@pytest.mark.parametrize(
    "name", sorted(value.name for value in vars(metrics).values() if isinstance(value, Metric))
)
def test_it_explains_every_metric(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("reason", list(Reason))
def test_it_explains_every_reason(reason: Reason) -> None:
    assert f"`{reason.value}`" in PAGE
