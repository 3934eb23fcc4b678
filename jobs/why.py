"""Why a player was restarted, or was not: the case now, and all that happened in a span.

A fixed number of queries, to the database and to Prometheus, whatever there is. While Prometheus
is away everything else is told. Writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from exporters import observations
from exporters.asking import Ask, Outage
from exporters.description import Device, describe, row_key, watched
from exporters.models import Player
from platforms.models import User

from . import braking, gates, judging, situation, switchings, watchdog, watchers, why_words
from .models import Brake, Episode, Job, JobPause, Mode, Standing
from .standstill import Standstill, scope_of
from .status_bands import Band, bands
from .timeline import Place, Timeline, timeline
from .watchers import Watched
from .why_words import Answer, Facts

SHORTEST: Final = timedelta(hours=1)
USUAL: Final = timedelta(hours=24)
LONGEST: Final = timedelta(days=31)
MOST_EPISODES: Final = 200  # of a span
MOST_COURSES: Final = 6
FINEST: Final = 60  # seconds
MOST_POINTS: Final = 10_000  # Prometheus refuses more than 11,000


class Span(NamedTuple):
    """From when till when a story is told."""

    since: datetime
    until: datetime

    @classmethod
    def of(cls, length: timedelta, until: datetime, now: datetime) -> "Span":
        """Return a span that is neither too long nor in the future."""
        until = min(until, now)
        return cls(until - min(max(length, SHORTEST), LONGEST), until)


@dataclass(frozen=True)
class Status:
    """The status in a span, as Prometheus has it, every `step` seconds; or why it is not told."""

    bands: tuple[Band, ...]
    step: float
    outage: Outage | None


class Course(NamedTuple):
    """The episodes of one job in a span."""

    job: Job
    episodes: tuple[Episode, ...]


class Hindrance(NamedTuple):
    """What people said, or the brake does, now; by the code of its scope."""

    scope: str
    text: str
    by: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Story:
    """Everything that a page tells of one player. `courses`: those with episodes, newest first."""

    player: Player
    span: Span
    now: datetime
    answer: Answer
    device: Device
    status: Status
    watched: tuple[Watched, ...]
    courses: tuple[Course, ...]
    hindrances: tuple[Hindrance, ...]
    troubles: tuple[watchdog.Trouble, ...]
    timeline: Timeline


def story(
    player: Player,
    span: Span,
    person: User,
    before: Place | None = None,
    now: datetime | None = None,
) -> Story:
    """Tell the story of a player that the caller reached by `for_user`."""
    now, ask = now or timezone.now(), Ask()
    (device,), _outage = describe(ask, [player], now)
    seen = tuple(watchers.of(person, player))
    episodes = _episodes(player, span)
    jobs = {each.job.pk: each.job for each in seen} | {each.job_id: each.job for each in episodes}
    return Story(
        player=player,
        span=span,
        now=now,
        answer=why_words.answer(_facts(player, device, seen, episodes, now)),
        device=device,
        status=_status(ask, player, span),
        watched=seen,
        courses=_courses(episodes),
        hindrances=_hindrances(player, list(jobs.values()), now),
        troubles=tuple(watchdog.troubles(person, now)),
        timeline=timeline(player, sorted(jobs), span.since, span.until, person, before),
    )


def _status(ask: Ask, player: Player, span: Span) -> Status:
    step = max(FINEST, -(-int((span.until - span.since).total_seconds()) // MOST_POINTS))
    # On whole steps, so that the same moments are asked for again.
    start = span.since.timestamp() // step * step
    end = span.until.timestamp()
    found = observations.history(ask, [watched(player)], start, end, step)
    if isinstance(found, Outage):
        return Status((), step, found)
    points = found.get(row_key(player), ())
    return Status(bands(points, span.since.timestamp(), end, step), step, None)


def _episodes(player: Player, span: Span) -> list[Episode]:
    """Return the open episodes and those that lasted within a span, the newest first."""
    # unscoped: of a player that was reached by for_user
    lasting = Q(closed=False) | Q(closed_at__gte=span.since, opened_at__lte=span.until)
    rows = Episode.objects.filter(lasting, player=player).select_related("job__criterion")
    rows = rows.prefetch_related("executions__command__template__model", "job__rungs")
    return list(rows.order_by("closed", "-pk")[:MOST_EPISODES])


def _facts(
    player: Player,
    device: Device,
    seen: Sequence[Watched],
    episodes: Sequence[Episode],
    now: datetime,
) -> Facts:
    opened = sorted((each for each in episodes if not each.closed), key=_weight)
    main = opened[0] if opened else None
    closed = [each for each in episodes if each.closed and each.closed_at is not None]
    last = max(closed, key=lambda each: each.closed_at or now, default=None)
    if main is not None:
        _judge_now(main, now)
    switched = switchings.of([each for each in (main, last) if each is not None], now)
    return Facts(
        player=player,
        device=device,
        watched=seen,
        episode=main,
        attempts=_attempts(main),
        acts=main is not None and bool(main.job.rungs.all()),
        last=last,
        last_attempts=_attempts(last),
        switched=switched,
        now=now,
    )


def _weight(episode: Episode) -> tuple[bool, int, datetime]:
    """Order open episodes by how much is done about them: an action, live jobs, the oldest."""
    acts = any(each.standing == Standing.COMMANDED for each in episode.executions.all())
    modes = [Mode.LIVE, Mode.APPROVE, Mode.SHADOW]
    return not acts, modes.index(Mode(episode.job.mode)), episode.opened_at


def _judge_now(episode: Episode, now: datetime) -> None:
    """Let an episode, which is not stored, say what holds it back at this moment.

    What is stored is as old as the last look of a worker, and its figures as the reason.
    """
    found = situation.with_company([episode.pk])
    if not found:
        return
    platform = episode.platform_id
    subjects = situation.read(platform, found, now, braking.standing(platform, now))
    shut = gates.first_shut(judging.judge(platform, subjects, now)[episode.pk])
    if shut is None or (episode.suppressed, episode.detail.get("code")) != (
        shut.gate.value,
        shut.detail.get("code"),
    ):
        episode.suppressed_since = None
    episode.suppressed = "" if shut is None else shut.gate.value
    episode.detail = {} if shut is None else dict(shut.detail)


def _attempts(episode: Episode | None) -> list:  # type: ignore[type-arg]
    if episode is None:
        return []
    return sorted(episode.executions.all(), key=lambda each: each.attempt)


def _courses(episodes: Sequence[Episode]) -> tuple[Course, ...]:
    jobs = {each.job_id: each.job for each in sorted(episodes, key=lambda each: -each.pk)}
    return tuple(
        Course(job, tuple(each for each in episodes if each.job_id == pk))
        for pk, job in list(jobs.items())[:MOST_COURSES]
    )


def _hindrances(player: Player, jobs: Sequence[Job], now: datetime) -> tuple[Hindrance, ...]:
    """Return the pauses, windows and brakes over a player now: they hold back every job, or one."""
    rows = player.bindings.filter(ended_at=None).select_related("line")
    binding = rows.first()
    said = Standstill(player.platform_id, [job.pk for job in jobs], now)
    found: dict[object, Hindrance] = {}
    for job in jobs:
        for pause in said.pauses(job, binding.line if binding is not None else None):
            name = str(job) if isinstance(pause, JobPause) else ""
            text = _("“%(job)s”: %(reason)s") % {"job": name, "reason": pause.reason}
            found[type(pause), pause.pk] = Hindrance(
                f"pause_{scope_of(pause)}", text if name else pause.reason, pause.author_name,
                pause.created_at, pause.expires_at,
            )  # fmt: skip
        for window, ends in said.windows(job, player):
            found["window", window.pk] = Hindrance(
                "window", window.name, window.author_name, None, ends
            )
    brakes = Brake.objects.filter(
        Q(exporter=None) | Q(exporter=player.exporter_id),
        platform=player.platform_id,
        engaged=True,
    )
    for row in brakes:
        text = _("%(bad)s of %(enrolled)s players are bad or unknown at once.")
        scope = "brake_platform" if row.exporter_id is None else "brake_exporter"
        counted = {"bad": row.bad, "enrolled": row.enrolled}
        found["brake", row.pk] = Hindrance(scope, text % counted, "", row.engaged_at, None)
    return tuple(found.values())
