"""The version that the process tells."""

import tomllib

from exporters.process import VERSION
from tests.exporters.process.child import PROJECT


def test_it_is_the_projects() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == VERSION
