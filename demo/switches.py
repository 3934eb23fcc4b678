"""Processes of the demo that are stopped and started while the rest goes on: by a file each.

The simulated world has the door that people knock at; the supervisor of the demo watches the files.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: What can be stopped: what Prometheus is asked for, what asks CubicMedia, and what judges.
SWITCHES = ("prometheus", "cubic-exporter", "worker")


def switch(folder: Path, name: str) -> Path:
    """Return the file that keeps a process stopped while it is there."""
    return folder / f"{name}.stopped"


class SwitchDoor:
    """Deeds on one process of the demo: stop it, start it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.deeds: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "stop": self.stop,
            "start": self.start,
        }

    def state(self) -> dict[str, Any]:
        """What was asked for; the supervisor does it within a second."""
        return {"wanted": "stopped" if self.file.exists() else "running"}

    def stop(self, told: Mapping[str, Any]) -> None:
        """Have the process ended."""
        self.file.touch()

    def start(self, told: Mapping[str, Any]) -> None:
        """Have it started again."""
        self.file.unlink(missing_ok=True)
