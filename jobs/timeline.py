"""What happened around one player, of all sorts, in the order of time, a page at a time.

One query a sort and page, however much there is. Reads rows that the caller's person may see.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Self

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from devices.models import Binding, Command, CommandLine, CommandStep, IncomingSms, Pause
from exporters.models import Player
from platforms.models import AuditEntry, Delivery, DeliveryItem, Notice, User
from platforms.roles import Deed

from . import recurrences
from .models import Episode, GateVerdict, JobExecution, JobPause, MaintenanceWindow
from .notice_kinds import BRAKE, RELEASED

PAGE_SIZE: Final = 50
MOST_SOCKETS: Final = 20  # that a player hung on within a span
MOST_STEPS: Final = 500  # of the commands of a page
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
Rows = QuerySet[Any, Any]


class Place(NamedTuple):
    """Where a page ends: it holds what is older than this event of this sort."""

    at: datetime
    sort: int
    pk: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the place that an address names; None for what names none."""
        parts = text.split("-")
        if len(parts) != 3 or not all(p.isascii() and p.isdecimal() and len(p) < 19 for p in parts):
            return None
        try:
            at = _EPOCH + int(parts[0]) * _MICROSECOND
        except OverflowError:
            return None
        return cls(at, int(parts[1]), int(parts[2]))

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.sort}-{self.pk}"


@dataclass(frozen=True)
class Event:
    """A row as an event: what of it happened is told by its sort."""

    sort: str
    at: datetime
    row: Any


@dataclass(frozen=True)
class Timeline:
    """One page, the newest first; `older` is where the page after it begins, if there is one.

    `steps` by command, of all messages of its sequence; `deliveries` by notice, where the person
    may see channels.
    """

    events: tuple[Event, ...]
    older: Place | None
    steps: Mapping[int, Sequence[CommandStep]]
    deliveries: Mapping[int, Sequence[Delivery]]


class Sort(NamedTuple):
    """A sort of events: rows, and when it happened. What causes another comes before it."""

    name: str
    column: str
    rows: Rows


def timeline(
    player: Player,
    jobs: Sequence[int],
    since: datetime,
    until: datetime,
    person: User,
    before: Place | None = None,
    size: int = PAGE_SIZE,
) -> Timeline:
    """Return a page of what happened to a player that the caller reached, with these jobs."""
    found: list[tuple[Place, Event]] = []
    sorts = list(_sorts(player, jobs, since, until, person))
    for number, sort in enumerate(sorts):
        within = {f"{sort.column}__gte": since, f"{sort.column}__lte": until}
        rows = sort.rows.filter(**within)
        if before is not None:
            rows = rows.filter(_older(sort.column, number, before))
        for row in rows.order_by(f"-{sort.column}", "-pk")[: size + 1]:
            at = getattr(row, sort.column)
            found.append((Place(at, number, row.pk), Event(sort.name, at, row)))
    numbers = {sort.name: number for number, sort in enumerate(sorts)}
    for event in _weekly(player, jobs, since, until):
        place = Place(event.at, numbers[event.sort], event.row.pk)
        if before is None or place < before:
            found.append((place, event))
    found.sort(key=lambda each: each[0], reverse=True)
    page = found[:size]
    events = tuple(event for _place, event in page)
    return Timeline(
        events,
        page[-1][0] if len(found) > size else None,
        _steps([each.row for each in events if each.sort == "command"]),
        _deliveries([each.row for each in events if each.sort == "notice"], player, person),
    )


def bindings(player: Player, since: datetime, until: datetime) -> list[Binding]:
    """Return on which lines a player hung within a span, the last ones."""
    # unscoped: of a player that was reached by for_user
    rows = Binding.objects.filter(Q(ended_at=None) | Q(ended_at__gt=since), player=player)
    return list(rows.filter(since__lt=until).select_related("line__device")[:MOST_SOCKETS])


def _sorts(
    player: Player, jobs: Sequence[int], since: datetime, until: datetime, person: User
) -> Iterator[Sort]:
    hung = bindings(player, since, until)
    # unscoped: of a player that was reached by for_user, and of its platform's jobs
    episodes = Episode.objects.filter(player=player).select_related("job")
    attempts = JobExecution.objects.filter(player=player).select_related("job")
    windows = _windows(player, jobs).filter(weekly=False, cancelled_at=None)
    pauses = Pause.objects.for_user(person).usable_on(player.platform_id)
    pauses = pauses.filter(Q(device=None) | Q(device__in=_devices(hung)))
    of_jobs = JobPause.objects.filter(job__in=jobs).select_related("job")
    yield Sort("change", "at", _changes(player, jobs, person))
    yield Sort("pause", "created_at", pauses)
    yield Sort("lift", "lifted_at", pauses)
    yield Sort("job_pause", "created_at", of_jobs)
    yield Sort("job_lift", "lifted_at", of_jobs)
    yield Sort("window", "starts_at", windows)
    yield Sort("window_over", "ends_at", windows)
    yield Sort("opened", "opened_at", episodes)
    verdicts = GateVerdict.objects.filter(episode__player=player)
    yield Sort("verdict", "at", verdicts.select_related("episode__job"))
    yield Sort("attempt", "created_at", attempts)
    yield Sort("decided", "decided_at", attempts)
    yield Sort("command", "created_at", _commands(player, hung))
    yield Sort("incoming", "received_at", _incoming(hung))
    yield Sort("attempt_over", "finished_at", attempts)
    yield Sort("acknowledged", "acknowledged_at", episodes)
    yield Sort("closed", "closed_at", episodes)
    yield Sort("notice", "at", _notices(player, hung, person))


def _windows(player: Player, jobs: Sequence[int]) -> "QuerySet[MaintenanceWindow, Any]":
    at_site = Q(site=None) if player.site_id is None else Q(site=None) | Q(site=player.site_id)
    # unscoped: over a player that was reached by for_user, and of its platform's jobs
    rows: QuerySet[MaintenanceWindow, Any] = MaintenanceWindow.objects.filter(
        Q(job=None) | Q(job__in=jobs),
        Q(exporter=None) | Q(exporter=player.exporter_id),
        Q(player=None) | Q(player=player),
        at_site,
        platform=player.platform_id,
    )
    return rows


def _weekly(
    player: Player, jobs: Sequence[int], since: datetime, until: datetime
) -> Iterator[Event]:
    for row, (begins, ends) in recurrences.lasted(_windows(player, jobs), since, until):
        for sort, at in (("window", begins), ("window_over", ends)):
            if since <= at <= until:
                yield Event(sort, at, row)


def _changes(player: Player, jobs: Sequence[int], person: User) -> Rows:
    about = Q(target_type="jobs.job", target_id__in=[str(pk) for pk in jobs])
    about |= Q(target_type="exporters.player", target_id=str(player.pk))
    rows: Rows = AuditEntry.objects.for_user(person).filter(about, platform=player.platform_id)
    return rows


def _commands(player: Player, hung: Sequence[Binding]) -> Rows:
    """Return the heads of commands that switched the line on which the player hung."""
    wanted = Q(pk__in=())
    for each in hung:
        line = CommandLine.objects.filter(command=OuterRef("pk"), line=each.line_id)
        wanted |= _within(each, "created_at") & Q(Exists(line.order_by()), device=each.line.device)
    rows: Rows = Command.objects.filter(wanted, platform=player.platform_id, head=None)
    return rows.select_related("template__model", "device", "execution__job")


def _incoming(hung: Sequence[Binding]) -> Rows:
    wanted = Q(pk__in=())
    for each in hung:
        wanted |= _within(each, "received_at") & Q(device=each.line.device)
    rows: Rows = IncomingSms.objects.filter(wanted)
    return rows.select_related("device")


def _within(binding: Binding, column: str) -> Q:
    """Keep what happened while a player hung on its line."""
    within = Q(**{f"{column}__gte": binding.since})
    return within if binding.ended_at is None else within & Q(**{f"{column}__lt": binding.ended_at})


def _notices(player: Player, hung: Sequence[Binding], person: User) -> Rows:
    about = Q(about_type="exporters.player", about_id=str(player.pk))
    about |= Q(about_type="exporters.exporter", about_id=str(player.exporter_id))
    devices = [str(pk) for pk in _devices(hung)]
    about |= Q(about_type="devices.device", about_id__in=devices)
    about |= Q(kind__in=(BRAKE.name, RELEASED.name), about_type="", about_id="")
    rows: Rows = Notice.objects.for_user(person).filter(about, platform=player.platform_id)
    return rows.select_related("platform")


def _devices(hung: Sequence[Binding]) -> list[int]:
    return [each.line.device_id for each in hung]


def _older(column: str, number: int, place: Place) -> Q:
    """Keep what stands behind a place, whose order is that of time, sort and number."""
    earlier = Q(**{f"{column}__lt": place.at})
    if number > place.sort:
        return earlier
    same = Q(**{column: place.at})
    return earlier | (same & Q(pk__lt=place.pk) if number == place.sort else same)


def _steps(commands: Sequence[Command]) -> dict[int, list[CommandStep]]:
    pks = [each.pk for each in commands]
    # unscoped: of commands that were found above
    rows = CommandStep.objects.filter(Q(command__in=pks) | Q(command__head__in=pks))
    found: dict[int, list[CommandStep]] = {}
    for step in rows.annotate(head=F("command__head")).order_by("-at", "-pk")[:MOST_STEPS]:
        found.setdefault(step.head or step.command_id, []).insert(0, step)
    return found


def _deliveries(
    notices: Sequence[Notice], player: Player, person: User
) -> dict[int, list[Delivery]]:
    """Return by which channels notices went, for whoever may see channels."""
    mine = Delivery.objects.for_user(person, Deed.CHANNELS)
    items = DeliveryItem.objects.filter(
        notice__in=notices, delivery__in=mine.order_by().values("pk")
    )
    found: dict[int, list[Delivery]] = {}
    for item in items.select_related("delivery__channel").order_by("-pk")[:MOST_STEPS]:
        found.setdefault(item.notice_id, []).insert(0, item.delivery)
    return found
