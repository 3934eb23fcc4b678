"""Processes of the demo that are stopped by a file: its door makes it and takes it away."""

from pathlib import Path

from demo import control
from demo.switches import SWITCHES, SwitchDoor, switch


def test_stopping_makes_the_file_and_starting_takes_it_away(tmp_path: Path) -> None:
    file = switch(tmp_path, "prometheus")
    doors = {"prometheus": SwitchDoor(file)}
    said = control.answer({}, "POST", "/control/prometheus/stop", b"", doors)
    assert file.exists()
    assert b'"stopped"' in said
    for _twice in range(2):
        said = control.answer({}, "POST", "/control/prometheus/start", b"", doors)
        assert not file.exists()
        assert b'"running"' in said


def test_the_long_truth_is_told_to_those_who_ask_for_it_alone() -> None:
    class Long:
        deeds = {}  # type: ignore[var-annotated]

        def state(self) -> dict[str, object]:
            return {"losses": []}

    assert b"losses" not in control.answer({}, "GET", "/control", b"", {"truth": Long()})
    assert b"losses" in control.answer({}, "GET", "/control/truth", b"", {"truth": Long()})
    assert SWITCHES[0] == "prometheus"
