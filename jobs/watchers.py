"""Which jobs watch one player, and where it stands under each: a fixed number of queries.

Reads what the last evaluation left; asks nobody, decides nothing.
"""

from typing import Final, NamedTuple

from django.db.models import Exists, OuterRef, Q

from exporters.models import Player
from platforms.models import User

from . import floors, state_words
from .models import Clock, Episode, Floor, Job, JobTarget, Track, Trigger
from .standings import Standing, Timing, standing
from .track_rows import pure, track_of
from .verdicts import Why

MOST: Final = 50


class Watched(NamedTuple):
    """A job that watches the player. `word` and `colour` say its state; `why` it is not known.

    `stands` is where the player stands; None: nobody looks, or looked at its source yet.
    """

    job: Job
    word: str
    colour: str
    why: Why | None
    episode: Episode | None
    stands: Standing | None = None


def jobs_of(person: User, player: Player) -> list[Job]:
    """Return the jobs that are about a player, by name in the reader's language, not all of many.

    Enabled ones first.
    """
    about = Q(exporter=player.exporter_id) | Q(player=player.pk)
    if player.site_id is not None:
        about |= Q(site=player.site_id)
    targets = JobTarget.objects.filter(about, job=OuterRef("pk"))
    rows = Job.objects.for_user(person).in_use().filter(platform=player.platform_id)
    rows = rows.filter(Q(whole_platform=True) | Exists(targets)).with_shown_name()
    return list(rows.order_by("-enabled", "shown_name", "pk")[:MOST])


def of(person: User, player: Player) -> list[Watched]:
    """Return the jobs that are about a player with its state under each."""
    jobs = jobs_of(person, player)
    if not jobs:
        return []
    asked = {job.criterion_id for job in jobs if job.criterion_id is not None}
    # unscoped: of jobs and a player that were reached by for_user
    tracks = {row.criterion_id: row for row in Track.objects.filter(player=player)}
    rows = Clock.objects.filter(criterion__in=asked, exporter=player.exporter_id)
    clocks = {row.criterion_id: row for row in rows}
    laid = Floor.objects.filter(job__in=jobs, clock__exporter=player.exporter_id)
    of_jobs = {(row.job_id, row.clock_id): row for row in laid}
    episodes = {each.job_id: each for each in Episode.objects.open().filter(player=player)}
    found = []
    for job in jobs:
        clock = clocks.get(job.criterion_id or 0)
        floor = of_jobs.get((job.pk, clock.pk)) if clock is not None else None
        track, episode = tracks.get(job.criterion_id or 0), episodes.get(job.pk)
        stands = _standing(job, player, track, clock, floor, episode)
        found.append(_watched(job, stands, track, clock, episode))
    return found


def _standing(
    job: Job,
    player: Player,
    track: Track | None,
    clock: Clock | None,
    floor: Floor | None,
    episode: Episode | None,
) -> Standing | None:
    """Return where the player stands; None: nobody looks, or looked at its source yet."""
    if job.trigger == Trigger.SCHEDULE or not job.enabled or clock is None:
        return None
    looked = pure(clock)
    if looked is None:
        return None
    timing = Timing(job.hold, job.recover)
    known = None if track is None else track_of(track)
    ground = floors.of_player(floor, player.pk)
    return standing(known, looked, timing, ground, episode is not None)


def _watched(
    job: Job,
    stands: Standing | None,
    track: Track | None,
    clock: Clock | None,
    episode: Episode | None,
) -> Watched:
    if stands is None:
        return Watched(job, "", "", None, episode)
    word = str(state_words.WORDS[stands.state])
    colour = state_words.COLOURS.get(stands.state, "unknown")
    if not stands.unknown:
        return Watched(job, word, colour, None, episode, stands)
    code = (clock.why if clock is not None and not clock.known else "") or (
        track.why if track is not None else Why.NO_SAMPLE.value
    )
    why = next((each for each in Why if each.value == code), None)
    word = str(state_words.WORDS[state_words.UNKNOWN])
    return Watched(job, word, "unknown", why, episode, stands)
