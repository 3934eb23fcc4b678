"""Who switched the power of players while they were bad: a person, or any job. Reads only.

Whoever came back then did not come back by itself. A fixed number of queries for any number of
episodes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from devices.models import Binding, Command, CommandLine
from devices.pace import EVIDENCE
from devices.states import SWITCHING, WENT_OUT, Effect, State

from .models import Episode, Job

_SURE: Final = (State.ACCEPTED, State.VERIFIED, State.INEFFECTIVE)


@dataclass(frozen=True)
class Switching:
    """A message that switched a line: when it went out, by whom or which job, and what it did.

    `sure`: it went out; else it may have. `by` names whoever gave it, a job as it was called then;
    `job` is that job as far as it is known.
    """

    at: datetime
    by: str
    by_job: bool
    job: Job | None
    effect: Effect
    sure: bool

    @property
    def gives_power(self) -> bool:
        """Tell whether the line had power after it, as far as the message says."""
        return self.effect in (Effect.ON, Effect.CYCLE)


def of(episodes: Collection[Episode], now: datetime) -> dict[int, Switching]:
    """Return the last switching of its player's line in each episode that has one, by its id.

    The last one that is sure goes before any in doubt. What was sent before an episode opened
    counts for as long as it may still bring its player back. The episodes come with their jobs.
    """
    if not episodes:
        return {}
    spans = {each.pk: _span(each, now) for each in episodes}
    since, until = min(span[0] for span in spans.values()), max(span[1] for span in spans.values())
    hung = defaultdict(list)
    for binding in _bindings({each.player_id for each in episodes}, since, until):
        hung[binding.player_id].append(binding)
    lines = {binding.line_id for bindings in hung.values() for binding in bindings}
    sent = defaultdict(list)
    for line, switching in _switchings(lines, since, until):
        sent[line].append(switching)
    found: dict[int, Switching] = {}
    for episode in episodes:
        begins, ends = spans[episode.pk]
        candidates = [
            each
            for binding in hung[episode.player_id]
            for each in sent[binding.line_id]
            if begins <= each.at <= ends and _fed(binding, each.at)
        ]
        if candidates:
            found[episode.pk] = max(candidates, key=lambda each: (each.sure, each.at))
    return found


def _span(episode: Episode, now: datetime) -> tuple[datetime, datetime]:
    still_works = EVIDENCE + timedelta(seconds=episode.job.boot_grace)
    return episode.opened_at - still_works, episode.closed_at or now


def _bindings(players: Collection[int], since: datetime, until: datetime) -> Iterator[Binding]:
    # unscoped: of players whose episodes the caller has
    rows = Binding.objects.filter(Q(ended_at=None) | Q(ended_at__gt=since), player__in=players)
    return rows.filter(since__lte=until).iterator()


def _fed(binding: Binding, at: datetime) -> bool:
    return binding.since <= at and (binding.ended_at is None or at < binding.ended_at)


def _switchings(
    lines: Collection[int], since: datetime, until: datetime
) -> Iterator[tuple[int, Switching]]:
    """Return what switched lines in a span, each with its line; followers of a command too."""
    messages = Command.objects.filter(
        Q(pk=OuterRef("command")) | Q(head=OuterRef("command")),
        wire_at__gte=since,
        wire_at__lte=until,
        state__in=[each.value for each in WENT_OUT],
        effect__in=SWITCHING,
    )
    # unscoped: of lines on which the caller's players hung
    rows = CommandLine.objects.filter(Exists(messages.order_by()), line__in=lines)
    rows = rows.select_related("command__execution__job").prefetch_related("command__followers")
    for row in rows:
        head = row.command
        execution = getattr(head, "execution", None)
        for each in (head, *head.followers.all()):
            effect = Effect(each.effect)
            if each.wire_at is None or each.standing not in WENT_OUT or effect not in SWITCHING:
                continue
            yield (
                row.line_id,
                Switching(
                    at=each.wire_at,
                    by=head.author_name,
                    by_job=head.by_job,
                    job=None if execution is None else execution.job,
                    effect=effect,
                    sure=each.standing in _SURE,
                ),
            )
