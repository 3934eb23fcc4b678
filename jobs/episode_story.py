"""Where an episode stands, as a person reads it: one sentence, and what became of its attempts.

Decides words alone, from rows that the caller read; writes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from . import gate_words
from .models import Ending, Episode, JobExecution, Mode, Outcome, Standing, Trigger

_ENDINGS: Final[Mapping[str, Promise]] = {
    Ending.RECOVERED: gettext_lazy("It is over: the player is well again."),
    Ending.DONE: gettext_lazy("It is over: the scheduled action was done."),
    Ending.LATE: gettext_lazy("It is over: it was not possible in time."),
    Ending.JOB: gettext_lazy("It is over: the job was changed, disabled or removed."),
    Ending.PLAYER: gettext_lazy("It is over: the player is watched no more."),
}
_GOOD: Final = frozenset({Outcome.VERIFIED, Outcome.ANSWERED})
_BAD: Final = frozenset({Outcome.INEFFECTIVE, Outcome.FAILED, Outcome.NOT_SENT, Outcome.EXPIRED})
_STANDINGS: Final[Mapping[str, Promise]] = {
    Standing.SHADOW: gettext_lazy("It was only recorded: the job is in the shadow."),
    Standing.PROPOSED: gettext_lazy("It waits for somebody who approves it."),
    Standing.DECLINED: gettext_lazy("It was declined: nothing was sent."),
    Standing.LAPSED: gettext_lazy("Nobody approved it in time: nothing was sent."),
    Standing.COMMANDED: gettext_lazy("Its command was given; whether it helps will be seen."),
}
_OUTCOMES: Final[Mapping[str, Promise]] = {
    Outcome.VERIFIED: gettext_lazy("It helped: the player is well again."),
    Outcome.INEFFECTIVE: gettext_lazy("It was sent and did not help."),
    Outcome.UNRESOLVED: gettext_lazy("It was never found out whether it was sent."),
    Outcome.NOT_SENT: gettext_lazy("It was not sent."),
    Outcome.FAILED: gettext_lazy("It could not be sent."),
    Outcome.CANCELLED: gettext_lazy("It was taken back before it was sent."),
    Outcome.EXPIRED: gettext_lazy("It was not sent: its time was over."),
    Outcome.ANSWERED: gettext_lazy("It was sent; no player tells whether it helped."),
    Outcome.CAME_BACK: gettext_lazy(
        "Nothing was sent, and the player came back by itself: the job is in the shadow."
    ),
    Outcome.STAYED_BAD: gettext_lazy(
        "Nothing was sent, and the player stayed bad: the job is in the shadow."
    ),
}


class Story(NamedTuple):
    """One sentence, with the moments that belong to it. `tone`: good, bad, doubt or calm."""

    headline: str
    tone: str
    since: datetime | None = None
    until: datetime | None = None


def of_episode(
    episode: Episode, attempts: Sequence[JobExecution], *, acts: bool, now: datetime
) -> Story:
    """Tell what is done about an episode, or what keeps the job from it.

    `attempts` in their order; `acts`: its job has something to do but telling people.
    """
    if episode.closed:
        good = episode.ending in (Ending.RECOVERED, Ending.DONE)
        tone = "good" if good else "calm"
        return Story(str(_ENDINGS[Ending(episode.ending)]), tone, episode.closed_at)
    last = attempts[-1] if attempts else None
    if last is not None and last.standing == Standing.COMMANDED:
        return Story(_("An action is under way."), "calm", last.commanded_at)
    if episode.acknowledged_at is not None:
        who = {"by": episode.acknowledged_name}
        text = _("%(by)s took it over: the job leaves it alone.") % who
        return Story(text, "calm", episode.acknowledged_at)
    if episode.recovering_since is not None:
        text = _("The player is good again; it is watched for a while.")
        return Story(text, "good", episode.recovering_since)
    if last is not None and (story := _of_last(episode, last)) is not None:
        return story
    return _held(episode, acts, now)


def of_attempt(attempt: JobExecution) -> Story:
    """Tell what an attempt came to, or where it stands."""
    if attempt.standing != Standing.OVER:
        tone = "doubt" if attempt.standing == Standing.PROPOSED else "calm"
        until = attempt.expires_at if attempt.standing == Standing.PROPOSED else None
        return Story(str(_STANDINGS[Standing(attempt.standing)]), tone, until=until)
    if not attempt.outcome and attempt.mode == Mode.SHADOW:
        text = _(
            "Nothing was sent: the job is in the shadow. It is not known what the player would "
            "have done by itself."
        )
        return Story(text, "calm", attempt.finished_at)
    if not attempt.outcome:
        return Story(_("It is over; nobody watched to its end."), "calm", attempt.finished_at)
    headline = str(_OUTCOMES[Outcome(attempt.outcome)])
    return Story(headline, tone_of(attempt.outcome), attempt.finished_at)


def tone_of(outcome: str) -> str:
    """Return the tone of an outcome, for a sentence or a label."""
    if outcome in _GOOD:
        return "good"
    if outcome in _BAD:
        return "bad"
    return "doubt" if outcome == Outcome.UNRESOLVED else "calm"


def _of_last(episode: Episode, last: JobExecution) -> Story | None:
    if last.standing == Standing.PROPOSED and last.decided_at is None:
        text = _("An action waits for somebody who approves it.")
        return Story(text, "doubt", last.created_at, last.expires_at)
    if last.standing == Standing.SHADOW and episode.job.mode == Mode.SHADOW:
        text = _("The job is in the shadow: it recorded what it would have done.")
        return Story(text, "calm", last.created_at)
    return None


def _held(episode: Episode, acts: bool, now: datetime) -> Story:
    if not acts:
        return Story(_("The job only tells people: nothing is sent."), "calm", episode.opened_at)
    if episode.suppressed:
        told = gate_words.told(episode.suppressed, episode.detail)
        tone = "bad" if episode.exhausted_at is not None else "doubt"
        until = told.until if told.until is not None and told.until > now else None
        return Story(told.text, tone, episode.suppressed_since, until)
    if episode.next_at is not None and episode.next_at > now:
        return Story(_("The next attempt is still to come."), "calm", until=episode.next_at)
    if episode.trigger == Trigger.SCHEDULE:
        return Story(_("It is about to be its turn."), "calm", episode.opened_at)
    return Story(_("The player is bad; the job is about to look what can be done."), "calm")
