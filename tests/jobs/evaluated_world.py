"""Slots that follow each other over a real Prometheus, in the time of some scrapes.

Prometheus answers about a moment that is to come with what it read last, as it would then if
nothing was read in between. It does so for 150 seconds: four slots after the first.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pytest_django import Settings

from exporters.models import Exporter, ExporterProcess, Player
from jobs.evaluation import Tick, judge
from jobs.models import Clock, Episode, Job, Track
from platforms.models import Platform
from tests import factories
from tests.exporters.watched_world import STATUS, World, sample, scraped_page, watching
from tests.jobs.world import make_job
from tests.prometheus_server import running_prometheus

LAST_SUCCESS = "remosa_exporter_source_last_success_timestamp_seconds"


class Slots:
    """The slots of one test; the first is that of the moment when it is evaluated."""

    def __init__(self) -> None:
        self.first = 0.0
        self.number = -1

    def next(self, skipped: int = 0) -> Tick:
        """Evaluate the next slot, or one after so many that nobody evaluates."""
        self.first = self.first or time.time()
        self.number += 1 + skipped
        tick = judge(self.now, self.now)
        assert tick is not None
        return tick

    @property
    def now(self) -> datetime:
        """Return the moment of the slot that was evaluated last."""
        return datetime.fromtimestamp(self.first + 30 * self.number, UTC)


def source_lines(exporter: Exporter, up: int = 1, age: float = 0) -> list[str]:
    """Write what a process says of the vendor of an exporter."""
    labels = f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id}"'
    lines = [f"remosa_exporter_source_up{{{labels}}} {up}"]
    return [*lines, f"{LAST_SUCCESS}{{{labels}}} {time.time() - age}"]


def status_lines(values: Iterable[tuple[Player, object]]) -> list[str]:
    """Write the status of players."""
    return [sample(STATUS, player, value) for player, value in values]


class Fleet:
    """The players of one exporter that a test makes well and bad, and the job that watches them."""

    def __init__(self, exporter: Exporter, size: int, **values: object) -> None:
        self.exporter = exporter
        self.players = [
            factories.make_player(exporter, last_seen=datetime.now(UTC)) for _ in range(size)
        ]
        self.status: dict[int, object] = dict.fromkeys(range(size), 1)
        self.job: Job = make_job(Platform.objects.get(pk=exporter.platform_id), **values)
        # Sooner than people may ask for: a test has five slots.
        Job.objects.filter(pk=self.job.pk).update(hold=30, recover=30)

    def lines(self, up: int = 1, age: float = 0) -> list[str]:
        """Write the page of the process."""
        told = ((self.players[number], value) for number, value in self.status.items())
        return [*source_lines(self.exporter, up, age), *status_lines(told)]

    def say(self, world: World, **statuses: object) -> None:
        """Let the page tell this of players, by p<number>; None: nothing."""
        for name, value in statuses.items():
            number = int(name.removeprefix("p"))
            if value is None:
                self.status.pop(number, None)
            else:
                self.status[number] = value
        world.say(self.lines())

    @property
    def open(self) -> list[int]:
        """Return the numbers of the players that have an open episode."""
        rows = Episode.objects.open().filter(job=self.job).order_by("player")
        numbers = {player.pk: number for number, player in enumerate(self.players)}
        return [numbers[each] for each in rows.values_list("player_id", flat=True)]

    @property
    def why(self) -> str | None:
        """Return why nothing is known of the source; None: it is known."""
        row = Clock.objects.get(criterion=self.job.criterion, exporter=self.exporter)
        assert row.known is not bool(row.why)
        return row.why or None

    def track(self, number: int) -> Track | None:
        """Return what is remembered of a player."""
        rows = Track.objects.filter(criterion=self.job.criterion)
        return rows.filter(player=self.players[number]).first()

    @property
    def figures(self) -> dict[str, int]:
        """Return the players by state."""
        self.job.refresh_from_db()
        found: dict[str, int] = self.job.figures
        return found


def wait_until(world: World, expression: str, value: float) -> None:
    """Return when the only sample of an expression has this value."""
    deadline = time.monotonic() + 15
    while world.value(expression) != value:
        assert time.monotonic() < deadline, f"{expression} is never {value}"
        time.sleep(0.05)


TWO = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}
scrape_configs:
- job_name: remosa_exporters
  static_configs:
  - targets: ["{first}"]
    labels: {{kind: cubic, instance: cubic-1}}
  - targets: ["{second}"]
    labels: {{kind: cubic, instance: cubic-2, token_platform: "{platform}"}}
"""


@contextmanager
def two_processes(platform_id: int, folder: Path) -> Iterator[tuple[World, World]]:
    """Run a process that speaks for all platforms, one for this platform alone, and Prometheus."""
    with scraped_page() as first, scraped_page() as second:
        addresses = [f"127.0.0.1:{each.server_address[1]}" for each in (first, second)]
        text = TWO.format(first=addresses[0], second=addresses[1], platform=platform_id)
        with running_prometheus(folder, text) as server:
            limits = {"cubic-1": None, "cubic-2": platform_id}
            for (instance, limit), address in zip(limits.items(), addresses, strict=True):
                ExporterProcess.objects.create(
                    kind="cubic", instance=instance, address=address, pinned=True,
                    limited_to_id=limit,
                )  # fmt: skip
            yield (
                World(first, server, '{instance="cubic-1"}'),
                World(second, server, '{instance="cubic-2"}'),
            )


@contextmanager
def started_again(fleet: Fleet, slots: Slots, settings: Settings, folder: Path) -> Iterator[World]:
    """Let two players end in two slots, then stop Prometheus; gives the one that remembers it."""
    with scraped_page() as page:
        with watching(page, folder) as before:
            settings.PROMETHEUS_URL = before.url
            fleet.say(before)
            slots.next()
            fleet.say(before, p0=0, p1=0)
            slots.next()
        with watching(page, folder) as after:
            settings.PROMETHEUS_URL, after.turn = after.url, before.turn
            yield after
