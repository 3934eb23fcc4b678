"""What people said about keeping still: pauses and maintenance windows. Reads only."""

from collections.abc import Collection, Sequence
from datetime import datetime

from devices.models import DeviceLine, Pause
from exporters.models import Player

from . import windows, zones
from .models import Job, JobPause, MaintenanceWindow

AnyPause = Pause | JobPause


class Standstill:
    """What was said about the players of one platform, at one moment: three queries."""

    def __init__(self, platform_id: int, jobs: Collection[int], now: datetime) -> None:
        self._now = now
        self._pauses = list(Pause.objects.at(now).usable_on(platform_id).order_by("pk"))
        of_jobs = JobPause.objects.at(now).filter(job__in=jobs).order_by("-pk")
        self._of_jobs = {each.job_id: each for each in of_jobs}
        rows = MaintenanceWindow.objects.to_come(now).filter(platform=platform_id)
        self._windows = list(rows.select_related("platform", "site", "player__site"))

    def pauses(self, job: Job, line: DeviceLine | None) -> Sequence[AnyPause]:
        """Return the pauses that stop a job on a line, the widest first."""
        device = None if line is None else line.device_id
        over = [each for each in self._pauses if each.device_id in (None, device)]
        over.sort(key=lambda each: (each.device_id is not None, each.platform_id is not None))
        of_job = self._of_jobs.get(job.pk)
        return [*over, *([of_job] if of_job is not None else [])]

    def windows(self, job: Job, player: Player) -> Sequence[tuple[MaintenanceWindow, datetime]]:
        """Return the windows that last over a player, each with its end."""
        found = []
        for row in self._windows:
            if not _covers(row, job, player):
                continue
            lasts = windows.lasting(row.times, zones.of_window(row), self._now)
            if lasts is not None:
                found.append((row, lasts.ends))
        return found


def scope_of(pause: AnyPause) -> str:
    """Return over what a pause is, as a code."""
    if isinstance(pause, JobPause):
        return "job"
    if pause.device_id is not None:
        return "device"
    return "everything" if pause.platform_id is None else "platform"


def _covers(row: MaintenanceWindow, job: Job, player: Player) -> bool:
    """Tell whether a window is over a player: everything that it names has to fit."""
    return (
        row.job_id in (None, job.pk)
        and row.exporter_id in (None, player.exporter_id)
        and (row.site_id is None or row.site_id == player.site_id)
        and row.player_id in (None, player.pk)
    )
