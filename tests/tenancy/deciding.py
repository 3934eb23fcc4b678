"""What a platform has of jobs: a row of every kind, each of which says whose it is."""

from datetime import datetime, time, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from devices.models import Device
from exporters.models import Player
from jobs.models import (
    Brake,
    Clock,
    Criterion,
    Episode,
    Floor,
    GateVerdict,
    Job,
    JobExecution,
    JobPause,
    JobTarget,
    MaintenanceWindow,
    MonitoringMetric,
    OperatingHours,
    Rung,
    Track,
)
from platforms.models import Platform


def make_jobs(
    platform: Platform, letter: str, player: Player, device: Device
) -> dict[str, models.Model]:
    """Create a job that asks first, with all that it remembers, did and is kept from."""
    now = timezone.now()

    def text(what: str) -> str:
        return f"canary-{letter} {what}"

    raw = f'canary_{letter}{{platform_id="$platform"}} == "canary-{letter}"'
    criterion = Criterion.objects.create(
        platform=platform, digest=f"canary-{letter}", definition={"raw": raw}
    )
    name = text("job")
    job = Job.objects.create(
        platform=platform, name=name, own_name=name, names={"en": name, "ru": name},
        description=text("job's description"), mode="approve", raw=raw, criterion=criterion,
    )  # fmt: skip
    mine: dict[str, Any] = {"platform": platform, "job": job}
    Rung.objects.create(**mine, parameters={"value": text("parameter")})
    JobTarget.objects.create(**mine, player=player)
    OperatingHours.objects.create(**mine, weekday=0, opens=time(0), closes=time(0))
    exporter = player.exporter
    clock = Clock.objects.create(platform=platform, criterion=criterion, exporter=exporter)
    Floor.objects.create(**mine, clock=clock, observed=0)
    Track.objects.create(
        platform=platform, criterion=criterion, player=player, bad=True, run_from=0, since_slot=1
    )
    said = {"code": "job", "by": text("author"), "reason": text("pause")}
    episode = Episode.objects.create(
        **mine, job_version=1, player=player, opened_at=now, value=0, comment=text("comment"),
        suppressed="pause", detail=said, acknowledged_name=text("who took it over"),
    )  # fmt: skip
    GateVerdict.objects.create(
        platform=platform, episode=episode, at=now, gate="pause", detail=said
    )
    return {
        "jobs.job": job,
        "jobs.episode": episode,
        "jobs.jobexecution": _proposal(episode, device, raw, said, now, letter),
        "jobs.jobpause": JobPause.objects.create(
            **mine, reason=text("pause of a job"), author_name=text("author")
        ),
        "jobs.maintenancewindow": MaintenanceWindow.objects.create(
            platform=platform, name=text("maintenance"), exporter=exporter, player=player,
            starts_at=now, ends_at=now + timedelta(hours=1), author_name=text("author"),
        ),
        "jobs.brake": Brake.objects.create(
            platform=platform, exporter=exporter, engaged=True, engaged_at=now, counted_at=now,
            bad=3, enrolled=4,
        ),
    }  # fmt: skip


def _proposal(
    episode: Episode, device: Device, raw: str, said: dict[str, str], now: datetime, letter: str
) -> JobExecution:
    made: JobExecution = JobExecution.objects.create(
        platform=episode.platform, episode=episode, job=episode.job, player=episode.player,
        attempt=1, rung=0, mode="approve", standing="proposed", device=device, value=0,
        condition={"raw": raw}, gates=[{"gate": "pause", "open": False, "detail": said}],
        sent=f"canary-{letter} sent", segments=1, output=f"canary-{letter} answer",
        error=f"canary-{letter} error", created_at=now, expires_at=now + timedelta(hours=1),
        decided_name=f"canary-{letter} who decided", comment=f"canary-{letter} word",
    )  # fmt: skip
    return made


def shared_metric() -> MonitoringMetric:
    """Create a metric, which everybody reads."""
    metric: MonitoringMetric = MonitoringMetric.objects.create(
        name="canary_shared_metric", kind="", identity="mac"
    )
    return metric
