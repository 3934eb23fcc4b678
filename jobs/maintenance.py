"""Maintenance windows: who plans one, changes it, takes it back; and what it would cover.

The only writer of windows. That they hold jobs back is decided by the gates.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any, Final, Self

from django.db import transaction
from django.db.models import Exists, Q, QuerySet
from django.utils.translation import gettext as _

from devices.senders import Sender
from exporters.models import Exporter, Player
from platforms import audit
from platforms.audit import Action
from platforms.models import Platform, Site
from platforms.roles import Deed
from platforms.wall_time import LAST

from . import windows, zones
from .hours import Period
from .models import Episode, Job, MaintenanceWindow

LONGEST_NAME: Final = 120
#: Nobody means other centuries, and clocks on walls cannot be told of the ends of time.
FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)

_SHOWN: Final = 10
_LOOK_AHEAD: Final = timedelta(days=366)


class WindowRefused(Exception):
    """A window that is not planned; `code` for programs, `field` for forms, the text for people."""

    def __init__(self, code: str, why: str, field: str = "") -> None:
        super().__init__(why)
        self.code, self.field = code, field


@dataclass(frozen=True)
class Plan:
    """What a person wants: when nothing is done, and over what; with nothing named, everything."""

    platform: Platform
    name: str
    starts_at: datetime
    ends_at: datetime
    weekly: bool = False
    until: date | None = None
    job: Job | None = None
    exporter: Exporter | None = None
    site: Site | None = None
    player: Player | None = None

    @classmethod
    def of(cls, row: MaintenanceWindow) -> Self:
        """Return the plan of a window that is there."""
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})

    def row(self) -> MaintenanceWindow:
        """Return it as a row that is not stored: its hours are those that its place shows now."""
        row = MaintenanceWindow(**vars(self))
        row.time_zone = zones.of_window(row).key
        return row


@dataclass(frozen=True)
class Preview:
    """What a window would cover: how many players, some of them, jobs, and when it comes."""

    players: int
    some_players: list[Player]
    jobs: int
    some_jobs: list[Job]
    bad: int  # players of these jobs with an open episode: nothing is done about them meanwhile
    zone: str
    periods: list[Period]


def may(sender: Sender, platform: Platform) -> bool:
    """Tell whether somebody may hold back the jobs of a platform for a time."""
    return sender.user is not None and sender.user.may(Deed.SEND, platform.pk)


def plan(wish: Plan, sender: Sender, now: datetime) -> MaintenanceWindow:
    """Store a window; raise WindowRefused."""
    check(wish, sender, now)
    row = wish.row()
    row.author, row.author_name = sender.user, sender.actor.label[:254]
    with transaction.atomic():
        row.save()
        _record(sender, Action.CREATED, row, after=audit.snapshot(row))
    return row


def change(
    window: MaintenanceWindow,
    values: Mapping[str, Any],
    sender: Sender,
    now: datetime,
    seen: str | None = None,
) -> MaintenanceWindow:
    """Give a window that is not over other times or another reach; raise WindowRefused.

    `values`: by the names of a plan; what is not named stays what it is by then, whoever changed
    it. `seen`: the stamp of the row that the change was made for; None: of whatever is there.
    """
    if not may(sender, window.platform):
        raise WindowRefused("role", _("Your role does not allow this."))
    with transaction.atomic():
        old = _to_come(window, now)
        if seen is not None:
            demand_unchanged(old, seen)
        wish = replace(Plan.of(old), **values)
        if wish.platform.pk != old.platform_id:
            raise WindowRefused("platform", _("A window stays on its platform."), "platform")
        check(wish, sender, now)
        row = wish.row()
        row.pk, row.created_at = old.pk, old.created_at
        row.author, row.author_name = old.author, old.author_name
        if (wish.starts_at, wish.ends_at) == (old.starts_at, old.ends_at):
            row.time_zone = old.time_zone  # what was typed in another zone stays what it was
        before, after = audit.difference(audit.snapshot(old), audit.snapshot(row))
        if before != after:
            row.save(force_update=True)
            _record(sender, Action.CHANGED, row, before=before, after=after)
    return row


def stamp(row: MaintenanceWindow) -> str:
    """Return what stands for exactly what is planned, stored or not: no queries."""
    parts = []
    for name in (*Plan.__dataclass_fields__, "time_zone"):
        field: Any = row._meta.get_field(name)
        value = getattr(row, field.attname)
        parts.append(str(value.astimezone(UTC) if isinstance(value, datetime) else value))
    return sha256(repr(parts).encode()).hexdigest()


def demand_unchanged(row: MaintenanceWindow, seen: str) -> None:
    """Raise WindowRefused where a window is not any more what somebody saw."""
    if seen != stamp(row):
        raise WindowRefused(
            "outdated", _("Somebody changed this window in the meantime: look at it anew.")
        )


def cancel(window: MaintenanceWindow, sender: Sender, now: datetime) -> None:
    """Take a window back, also one that lasts; raise WindowRefused for one that is over."""
    if not may(sender, window.platform):
        raise WindowRefused("role", _("Your role does not allow this."))
    with transaction.atomic():
        row = _to_come(window, now)
        row.cancelled_at = window.cancelled_at = now
        row.save(update_fields=("cancelled_at",))
        _record(sender, Action.CANCELLED, row, after=audit.snapshot(row))


def check(wish: Plan, sender: Sender, now: datetime) -> None:
    """Raise WindowRefused where a window could not be planned."""
    if not may(sender, wish.platform):
        raise WindowRefused("role", _("Your role does not allow this."))
    if not wish.name.strip():
        raise WindowRefused("name", _("Say what happens: others will ask."), "name")
    if len(wish.name) > LONGEST_NAME:
        raise WindowRefused("name", _("This name is too long."), "name")
    for name in ("job", "exporter", "site", "player"):
        thing = getattr(wish, name)
        if thing is not None and thing.platform_id != wish.platform.pk:
            raise WindowRefused("platform", _("This belongs to another platform."), name)
    if wish.job is not None and wish.job.removed_at is not None:
        raise WindowRefused("job", _("This job was removed."), "job")
    _check_times(wish, now)


def _check_times(wish: Plan, now: datetime) -> None:
    for name in ("starts_at", "ends_at"):
        if not FIRST <= getattr(wish, name) <= LAST:
            raise WindowRefused("far", _("This moment is in another century."), name)
    if wish.ends_at <= wish.starts_at:
        raise WindowRefused("order", _("It ends before it begins."), "ends_at")
    if not wish.weekly:
        if wish.until is not None:
            raise WindowRefused("until", _("Only a weekly window has a last day."), "until")
    elif wish.ends_at - wish.starts_at > windows.LONGEST_OF_WEEK:
        raise WindowRefused("long", _("A weekly window is a week long at most."), "ends_at")
    row = wish.row()
    times, zone = row.times, zones.of_window(row)
    if isinstance(times, windows.Weekly) and wish.until and wish.until <= times.begins.date():
        raise WindowRefused("until", _("The last day is before the first time."), "until")
    if windows.coming(times, zone, now) is None:
        raise WindowRefused(
            "over", _("This moment is over: choose one that is to come."), "ends_at"
        )


def covered(window: MaintenanceWindow) -> "QuerySet[Player, Any]":
    """Return the enrolled players that a window is over: everything that it names has to fit."""
    rows = Player.objects.enrolled().filter(platform=window.platform_id)  # unscoped: its own
    if window.exporter_id is not None:
        rows = rows.filter(exporter=window.exporter_id)
    if window.site_id is not None:
        rows = rows.filter(site=window.site_id)
    if window.player_id is not None:
        rows = rows.filter(pk=window.player_id)
    return rows


def held_back(window: MaintenanceWindow) -> "QuerySet[Job, Any]":
    """Return the jobs that a window holds back: those that are about a player it covers."""
    rows = Job.objects.in_use().filter(platform=window.platform_id)  # unscoped: its own
    if window.job_id is not None:
        rows = rows.filter(pk=window.job_id)
    players = covered(window)
    about = Q(targets__exporter__in=players.values("exporter"))
    about |= Q(targets__site__in=players.values("site"))
    about |= Q(targets__player__in=players.values("pk"))
    about |= Q(Exists(players), whole_platform=True)
    found: QuerySet[Job, Any] = rows.filter(about).distinct().order_by("name", "pk")
    return found


def preview(wish: Plan, now: datetime) -> Preview:
    """Say what a window would cover, before it is stored: a fixed number of queries."""
    return preview_of(wish.row(), now)


def preview_of(window: MaintenanceWindow, now: datetime) -> Preview:
    """Say what a window covers, as rows are now."""
    players, jobs = covered(window), held_back(window)
    bad = Episode.objects.open().filter(job__in=jobs.order_by().values("pk"), player__in=players)
    return Preview(
        players=players.count(),
        some_players=list(players.order_by("name", "pk")[:_SHOWN]),
        jobs=jobs.count(),
        some_jobs=list(jobs[:_SHOWN]),
        bad=bad.values("player").distinct().count(),
        zone=zones.of_window(window).key,
        periods=list(islice(_periods(window, now), _SHOWN)),
    )  # unscoped: what the window itself is over


def _periods(window: MaintenanceWindow, now: datetime) -> Iterable[Period]:
    zone = zones.of_window(window)
    first = windows.coming(window.times, zone, now)
    if first is None:
        return ()
    return windows.periods(window.times, zone, max(now, first.begins), first.ends + _LOOK_AHEAD)


def _to_come(window: MaintenanceWindow, now: datetime) -> MaintenanceWindow:
    """Return the row locked; raise WindowRefused where it was taken back or is over."""
    rows = MaintenanceWindow.objects.to_come(now).filter(pk=window.pk)
    row: MaintenanceWindow | None = (
        rows.select_for_update(of=("self",))
        .select_related("platform", "job", "exporter", "site", "player__site", "author")
        .first()
    )  # unscoped: the row that the caller reached by for_user
    if row is None or windows.coming(row.times, zones.of_window(row), now) is None:
        raise WindowRefused("over", _("This window is over."))
    return row


def _record(sender: Sender, action: Action, row: MaintenanceWindow, **values: Any) -> None:
    audit.record(sender.actor, action, row, platform_id=row.platform_id, **values)
