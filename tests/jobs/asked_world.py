"""A Prometheus full of hostile names and of processes that lie, and what is true in it.

Two platforms, two kinds of exporters and a page of neither. A process that may speak for platform
2 alone tells of players of platform 1; a second process tells of players of the first, and not
always the same; some players ended a while ago. The answers are counted here in plain Python.
"""

import math
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jobs.catalogue import Metric, found
from jobs.conditions import Condition, Function
from tests.prometheus_server import PrometheusServer, running_prometheus, tool

STEP, SAMPLES = 30, 40  # seconds from one sample to the next, samples of a series
LAST = int(time.time()) // STEP * STEP - 60
AT = LAST + 5.0
LOOKBACK = 300

_MARKS = "\\\"'`{}()[]|.*+?^$,=~!#%&/:;<>@- \t\n\r\x01\x7f\u00e9\u0436\u2028\u202eab1"
_WORDS = ["\U0001f600", "\ufffd", "\\n", "\\E", ".*", '"} or up{a="', "(?i)", "$platform", "|2"]
TEMPERATURE = found("player_temperature_celsius", "", "mac")
KINDS = {"cubic": ("mac", (10, 20)), "addreality": ("device_id", (11, 21)), "": ("mac", (12, 22))}


def hostile(source: random.Random) -> str:
    return "".join(source.choices([*_MARKS, *_WORDS], k=source.randint(1, 10)))


@dataclass(frozen=True)
class Line:
    """One series: ``ended`` is how many samples are missing at its end."""

    name: str
    kind: str
    instance: str
    speaks_for: int | None
    platform: int
    exporter: int
    player: str
    points: tuple[tuple[int, float], ...]

    @property
    def text(self) -> str:
        labels = {
            "platform_id": str(self.platform),
            "exporter_id": str(self.exporter),
            KINDS[self.kind][0]: self.player,
            "job": "remosa",
            "instance": self.instance,
        }
        labels |= {"kind": self.kind} if self.kind else {}
        labels |= {} if self.speaks_for is None else {"token_platform": str(self.speaks_for)}
        braces = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
        return "".join(f"{self.name}{{{braces}}} {value} {at}\n" for at, value in self.points)

    def believed(self) -> bool:
        return self.speaks_for in (None, self.platform)

    def instant(self) -> float | None:
        at, value = self.points[-1]
        return value if AT - at <= LOOKBACK and math.isfinite(value) else None

    def is_fresh(self) -> bool:
        """Tell whether the scrape of now brought it; of a page of no kind, whether it is young."""
        at = self.points[-1][0]
        return at == LAST if self.kind else AT - at < 150

    def value(self, condition: Condition, metric: Metric, *, ended: bool) -> float | None:
        """Return what is compared: nothing without a sample of now, or with `ended` of late."""
        now = self.instant()
        if condition.function is Function.LAST:
            return now if now is None or not metric.age else AT - now
        window = [value for at, value in self.points if AT - condition.window <= at]
        if not window or (now is None and not ended):
            return None
        match condition.function:
            case Function.AVG:
                return sum(window) / len(window)
            case Function.MIN:
                return min(window)
            case Function.MAX:
                return max(window)
        return float(sum(a != b for a, b in pairwise(window)))


Player = tuple[str, str, str]  # platform, exporter, identity


@dataclass(frozen=True)
class World:
    lines: tuple[Line, ...]

    def told(
        self,
        condition: Condition,
        metric: Metric,
        platforms: set[int],
        *,
        fresh: bool,
        ended: bool = False,
    ) -> dict[Player, list[float]]:
        """Return every value of every player; the fresh ones are those of the last scrape."""
        values: dict[Player, list[float]] = {}
        names = {series.name for series in metric.series}
        for line in self.lines:
            value = line.value(condition, metric, ended=ended)
            if (
                line.name in names
                and line.platform in platforms
                and line.believed()
                and value is not None
                and (not fresh or line.is_fresh())
            ):
                key = str(line.platform), str(line.exporter), line.player
                values.setdefault(key, []).append(value)
        return values


def world(seed: int, players: int) -> World:
    source = random.Random(seed)
    lines: list[Line] = []
    for kind, (_label, exporters) in KINDS.items():
        # Both platforms have players of the same names: what tells them apart is the platform.
        for player in sorted({hostile(source) for _ in range(players)}):
            for platform, exporter in zip((1, 2), exporters, strict=True):
                lines += _lines(source, kind, platform, exporter, player)
    return World((*lines, *(_odd(number) for number in (math.nan, math.inf, -math.inf))))


def _odd(number: float) -> Line:
    points = ((LAST - STEP, 20.0), (LAST, number))
    return Line(TEMPERATURE.name, "", "first", None, 1, 12, f"odd {number}", points)


def _lines(
    source: random.Random, kind: str, platform: int, exporter: int, player: str
) -> Iterator[Line]:
    told = {
        "cubic": ["remosa_exporter_cubic_device_status"],
        "addreality": [
            "remosa_exporter_addreality_device_status",
            "remosa_exporter_addreality_last_online_timestamp_seconds",
        ],
        "": ["player_temperature_celsius"],
    }[kind]
    speakers: list[tuple[str, int | None]] = [("first", None)]
    if source.random() < 0.2:
        speakers.append(("second", None))
    if source.random() < 0.2:
        speakers.append(("own", 2))
    for name in told:
        for instance, speaks_for in speakers:
            ended = source.choice([0] * 8 + [4, 8, 12])
            points = tuple(
                (LAST - STEP * back, _value(source, name))
                for back in range(SAMPLES - 1, ended - 1, -1)
            )
            yield Line(name, kind, instance, speaks_for, platform, exporter, player, points)


def _value(source: random.Random, name: str) -> float:
    if name.endswith("_status"):
        return float(source.random() < 0.8)
    if name.endswith("_seconds"):
        return float(LAST - source.choice([0, 60, 600, 6000]))
    return source.choice([20.0, 55.5, 80.0, 80.0, 90.0, -3.0])


@contextmanager
def prometheus_of(world: World, folder: Path) -> Iterator[PrometheusServer]:
    names = sorted({line.name for line in world.lines})
    texts = [
        f"# TYPE {name} gauge\n" + "".join(each.text for each in world.lines if each.name == name)
        for name in names
    ]
    ups = "".join(
        f'up{{job="remosa",instance="{instance}",kind="{kind}"{limit}}} 1 {LAST}\n'
        for kind in ("cubic", "addreality")
        for instance, limit in (("first", ""), ("second", ""), ("own", ',token_platform="2"'))
    )
    source = folder / "metrics.txt"
    text = "".join([*texts, "# TYPE up gauge\n", ups, "# EOF\n"])
    source.write_text(text, encoding="utf-8", newline="\n")
    create = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
    subprocess.run([*create, str(source), str(folder / "data")], check=True, timeout=120)
    with running_prometheus(folder, "global: {scrape_interval: 1h}\n") as server:
        yield server


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
