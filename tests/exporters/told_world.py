"""A past that a real Prometheus remembers: who answered when, told beforehand as its blocks."""

import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pytest_django import Settings

from exporters import metrics
from exporters.models import Exporter
from tests.prometheus_server import running_prometheus, tool

SCRAPE = 15  # seconds
Span = tuple[float, float, float]  # from which minute until which, and the value


class Past:
    """Samples in minutes from `zero`, which is now: what is asked of now is audited now."""

    def __init__(self) -> None:
        self.zero = int(time.time())
        self._lines: dict[str, list[str]] = defaultdict(list)

    def at(self, minute: float) -> datetime:
        """Return a moment."""
        return datetime.fromtimestamp(self.zero + 60 * minute, UTC)

    def process(self, *spans: Span, kind: str = "cubic", instance: str = "cubic-1") -> None:
        """Let Prometheus reach a process (1), or not (0); in between it reads nothing."""
        self._add("up", f'job="remosa",kind="{kind}",instance="{instance}"', spans)

    def vendor(self, exporter: Exporter, *spans: Span, more: str = "") -> None:
        """Let the process of an exporter say whether its vendor answers."""
        self._add(metrics.SOURCE_UP.name, labels_of(exporter) + more, spans)

    def errors(self, exporter: Exporter, reason: str, *spans: Span) -> None:
        """Let the process have counted so many errors."""
        name = metrics.SOURCE_ERRORS.name
        self._add(name, f'{labels_of(exporter)},reason="{reason}"', spans)

    def _add(self, name: str, labels: str, spans: tuple[Span, ...]) -> None:
        for first, last, value in spans:
            for second in range(int(first * 60), int(last * 60), SCRAPE):
                self._lines[name].append(f"{name}{{{labels}}} {value} {self.zero + second}\n")

    @contextmanager
    def remembered(self, folder: Path, settings: Settings) -> Iterator[None]:
        """Run the Prometheus that remembers it, as the connected one, until the block ends."""
        families = (
            f"# TYPE {name} gauge\n{''.join(lines)}" for name, lines in sorted(self._lines.items())
        )
        source = folder / "past.txt"
        source.write_text("".join([*families, "# EOF\n"]), encoding="utf-8")
        create = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
        subprocess.run([*create, str(source), str(folder / "data")], check=True, timeout=60)
        with running_prometheus(folder, "global: {scrape_interval: 1h}\n") as server:
            settings.PROMETHEUS_URL = server.url
            yield


def labels_of(exporter: Exporter) -> str:
    """Write the labels of the series of an exporter."""
    return f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id}"'
