"""The kinds that are registered."""

from pathlib import Path

import exporters.kinds
from exporters.kinds import KINDS


def test_every_kind_stands_under_its_own_name_with_a_port_of_its_own() -> None:
    assert all(name == kind.name for name, kind in KINDS.items())
    ports = [kind.port for kind in KINDS.values()]
    assert len(set(ports)) == len(ports)
    assert all(19100 <= port <= 19199 for port in ports)


def test_every_kind_has_its_command() -> None:
    commands = Path(exporters.kinds.__file__).parents[1] / "process" / "management" / "commands"
    for name in KINDS:
        assert (commands / f"run_{name}_exporter.py").is_file()
