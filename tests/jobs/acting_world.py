"""A platform with sockets under its players, a job over them, and what evaluation would see."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from devices import sockets
from devices.models import Binding, Command, CommandLine, Device
from exporters.models import Exporter, Player
from jobs import acting
from jobs.models import (
    Clock,
    Criterion,
    Episode,
    GateVerdict,
    Job,
    JobExecution,
    Mode,
    Outcome,
    Rung,
    Standing,
    Track,
    Trigger,
)
from jobs.tracks import SLOT
from platforms.audit import SYSTEM
from platforms.models import Platform
from tests import factories
from tests.devices import world

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = 86_400.0
OFFLINE = {
    "joined": "all",
    "conditions": [
        {"metric": "device_status", "function": "last", "window": 0, "operator": "==",
         "threshold": 0.0}
    ],
}  # fmt: skip


@dataclass
class Fleet:
    """Players of one exporter under one live job, all of them well until told otherwise."""

    platform: Platform
    exporter: Exporter
    job: Job
    players: list[Player] = field(default_factory=list)
    sockets: dict[int, Device] = field(default_factory=dict)
    now: datetime = NOON

    @property
    def slot(self) -> int:
        return int(self.now.timestamp()) // SLOT

    def add(self, number: int, bound: int) -> None:
        """Add players that are well, so many of them on a socket of their own."""
        new = [factories.make_player(self.exporter) for _each in range(number)]
        for player in new[:bound]:
            device = world.make_socket(self.platform)
            self.sockets[player.pk] = device
            self.hang(player, device)
        for player in new:
            self.see(player, bad=False)
        self.players += new

    def hang(self, player: Player, device: Device, line: int = 1) -> None:
        binding = sockets.bind(player, device.lines.get(number=line), SYSTEM)
        Binding.objects.filter(pk=binding.pk).update(since=NOON - timedelta(days=30))

    def see(self, player: Player, *, bad: bool, **columns: Any) -> None:
        """Write what evaluation knows of a player: bad for an hour, or well for a day."""
        values = {
            "platform": self.platform,
            "bad": bad,
            "run_from": 10 * DAY - 3600 if bad else 9 * DAY,
            "since_slot": self.slot - (120 if bad else 2880),
            "seen_good": True,
            "well_slot": self.slot - (121 if bad else 2880),
            "frozen_from": None,
            "value": 0.0 if bad else None,
        }
        Track.objects.update_or_create(
            criterion=self.job.criterion, player=player, defaults={**values, **columns}
        )

    def tick(self, now: datetime | None = None, **columns: Any) -> None:
        """Let evaluation have judged this moment."""
        self.now = now or self.now
        values = {
            "platform": self.platform,
            "slot": self.slot,
            "at": self.now,
            "observed": 10 * DAY,
            "known": True,
            "known_since": self.slot - 20_000,
        }
        Clock.objects.update_or_create(
            criterion=self.job.criterion, exporter=self.exporter, defaults={**values, **columns}
        )

    def fire(self, *players: Player, minutes: float = 10, job: Job | None = None) -> list[Episode]:
        """Let players be bad, with an episode that was opened so many minutes ago."""
        job, opened = job or self.job, self.now - timedelta(minutes=minutes)
        for player in players:
            self.see(player, bad=True)
        return [
            Episode.objects.create(
                platform=self.platform,
                job=job,
                job_version=job.version,
                player=player,
                trigger=job.trigger,
                opened_at=opened + timedelta(seconds=number),
            )
            for number, player in enumerate(players)
        ]

    def act(self, minutes: float = 0) -> int:
        """Evaluate and act, so many minutes later."""
        self.tick(self.now + timedelta(minutes=minutes))
        return acting.act(self.now)


def make_fleet(platform: Platform, players: int, bound: int = 1, **fields: Any) -> Fleet:
    """Make a live job over a platform with one rung, and players, so many of them on sockets."""
    exporter = factories.make_exporter(platform)
    criterion = Criterion.objects.create(
        platform=platform, digest=f"{exporter.pk:064}", definition=OFFLINE
    )
    fleet = Fleet(platform, exporter, make_job(platform, criterion, **fields))
    fleet.add(players, bound)
    fleet.tick()
    return fleet


def make_job(platform: Platform, criterion: Criterion | None, **fields: Any) -> Job:
    """Make a job over the whole platform that restarts what fires."""
    values: dict[str, Any] = {
        "name": f"Job {Job.objects.count() + 1}",
        "mode": Mode.LIVE,
        "whole_platform": True,
        "criterion": criterion,
        **fields,
    }
    if criterion is None:
        values |= {"trigger": Trigger.SCHEDULE, "cron": "0 3 * * *"}
    job: Job = Job.objects.create(platform=platform, **values)
    Rung.objects.create(platform=platform, job=job, wait=600)
    return job


def finish(execution: JobExecution, outcome: Outcome, now: datetime) -> None:
    """End an attempt as verification does; its command is over, and so is the line's cooldown."""
    Command.objects.filter(execution=execution).update(closed=True)
    CommandLine.objects.filter(command__execution=execution).update(closed=True)
    JobExecution.objects.filter(pk=execution.pk).update(
        standing=Standing.OVER, outcome=outcome, finished_at=now
    )


def why(episode: Episode) -> tuple[str, str]:
    """Return what holds an episode back: the gate and its code."""
    episode.refresh_from_db()
    return episode.suppressed, str(episode.detail.get("code", ""))


def history(episode: Episode) -> list[str]:
    """Return the gates that held an episode back, in their order."""
    return list(GateVerdict.objects.filter(episode=episode).values_list("gate", flat=True))
