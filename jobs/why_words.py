"""The first sentence of a player's story: what is the case now, and why it was not restarted.

Decides words alone, from what the caller read; writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from devices.catalogue import CatalogueError
from devices.offers import title_of
from exporters.description import Device
from exporters.models import Player
from exporters.verdicts import State as Status

from . import condition_words, criterion_words, episode_story
from .course import UNSENT
from .models import Ending, Episode, JobExecution, Outcome, Standing, Trigger
from .standings import State
from .switchings import Switching
from .watchers import Watched


@dataclass(frozen=True)
class Answer:
    """What is the case. `headline` first; `more` are sentences; tone: good, bad, doubt or calm."""

    headline: str
    tone: str = "calm"
    since: datetime | None = None
    until: datetime | None = None
    more: tuple[str, ...] = ()
    episode: Episode | None = None


@dataclass(frozen=True)
class Facts:
    """What the answer is made of.

    `episode`: the open one that matters most, with what holds it back now; `last`: the one that
    closed last within the span. Both with their attempts in order. `switched`: who switched the
    power of the player last in either, by its id.
    """

    player: Player
    device: Device
    watched: Sequence[Watched]
    episode: Episode | None
    attempts: Sequence[JobExecution]
    acts: bool
    last: Episode | None
    last_attempts: Sequence[JobExecution]
    switched: Mapping[int, Switching]
    now: datetime


def answer(facts: Facts) -> Answer:
    """Say what is the case of a player now."""
    if facts.player.retired_at is not None:
        text = _("This player was taken out: nobody looks at it, and nothing restarts it.")
        return Answer(text, since=facts.player.retired_at)
    if facts.episode is not None:
        return _of_open(facts, facts.episode)
    found = _of_jobs(facts)
    if found is None and facts.device.state is Status.UNKNOWN:
        return _of_unknown(facts)
    return found or _of_last(facts) or _of_status(facts)


def at(moment: datetime) -> str:
    """Write a moment within a sentence, in the time zone of the page."""
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def status(device: Device) -> str:
    """Say how the player is and since when, in one sentence."""
    if device.state is Status.UNKNOWN:
        why = {"why": device.verdict.why.label if device.verdict.why else ""}
        return _("It is not known how the player is: %(why)s.") % why
    online = device.state is Status.ONLINE
    if device.since is None:
        return _("The player is online.") if online else _("The player is offline.")
    since = {"since": at(device.since)}
    if device.since_at_least:
        text = _("The player has been online since %(since)s or longer.")
        return (text if online else _("The player has been offline since %(since)s or longer.")) % (
            since
        )
    text = _("The player has been online since %(since)s.")
    return (text if online else _("The player has been offline since %(since)s.")) % since


# -- while it is bad ----------------------------------------------------------------------------


def _of_open(facts: Facts, episode: Episode) -> Answer:
    """Say what is done about an open episode, or what keeps its job from it."""
    story = episode_story.of_episode(episode, facts.attempts, acts=facts.acts, now=facts.now)
    sent = _sent(facts.attempts)
    last = facts.attempts[-1] if facts.attempts else None
    switched = None if sent else facts.switched.get(episode.pk)
    deed = "" if switched is None else _("Meanwhile %(deed)s.") % {"deed": _deed(switched)}
    became = map(_became, sent[-3:])
    more = tuple(filter(None, (_found(episode), *became, deed, status(facts.device))))
    if last is not None and last.standing == Standing.COMMANDED:
        given = {"job": str(episode.job), "attempt": last.attempt, "of": episode.job.attempts}
        text = _(
            "It is being restarted: “%(job)s” gave the command, attempt %(attempt)s of %(of)s."
        )
        if not _restarts(last):
            given["command"] = _command(last)
            text = _("“%(job)s” gave the command “%(command)s”, attempt %(attempt)s of %(of)s.")
        return Answer(text % given, "calm", last.commanded_at, None, more, episode)
    if episode.recovering_since is not None and episode.acknowledged_at is None:
        text = _("It was restarted and is well again; it is watched for a while.")
        if not sent:
            text = _("It is well again by itself, nothing was sent; it is watched for a while.")
        elif not _restarts(sent[-1]):
            text = _("It is well again after “%(command)s”; it is watched for a while.")
            text %= {"command": _command(sent[-1])}
        if facts.device.state is Status.UNKNOWN:  # it was well; nobody knows whether it still is
            was = {"since": at(episode.recovering_since)}
            text = _("It had been well again since %(since)s when it was seen last.") % was
            return Answer(more[-1], "doubt", None, None, (text, *more[:-1]), episode)
        if switched is not None:
            text = _("It is well again, and watched for a while: %(deed)s.")
            text, more = text % {"deed": _deed(switched)}, (more[0], more[-1])
        return Answer(text, "good", episode.recovering_since, None, more, episode)
    if episode.trigger == Trigger.SCHEDULE:
        text = _("What the schedule asked for was not done yet: %(why)s")
    elif any(map(_restarts, sent)) or (switched is not None and switched.gives_power):
        text = _("It is not restarted again: %(why)s")
    else:
        text = _("It was not restarted: %(why)s")
    told = text % {"why": story.headline}
    return Answer(told, story.tone, story.since, story.until, more, episode)


def _found(episode: Episode) -> str:
    facts = {"job": str(episode.job), "since": at(episode.opened_at)}
    if episode.trigger == Trigger.SCHEDULE:
        return _("The schedule of “%(job)s” asked for it at %(since)s.") % facts
    criterion = episode.job.criterion
    held = criterion_words.condition(criterion.definition) if criterion is not None else ""
    if not held:
        return _("“%(job)s” has found it bad since %(since)s.") % facts
    text = _("“%(job)s” has found it bad since %(since)s: %(condition)s.")
    return text % {**facts, "condition": held}


def _sent(attempts: Sequence[JobExecution]) -> list[JobExecution]:
    """Return the attempts that put something on the wire, or may have."""
    return [
        each for each in attempts if each.commanded_at is not None and each.outcome not in UNSENT
    ]


def _restarts(attempt: JobExecution) -> bool:
    """Tell whether what an attempt sent takes the power away and gives it back."""
    template = None if attempt.command is None else attempt.command.template
    try:
        return template is None or template.shape.cycles
    except (KeyError, CatalogueError):  # a template that was withdrawn
        return True


def _command(attempt: JobExecution) -> str:
    return title_of(attempt.command) if attempt.command is not None else attempt.sent


def _deed(switching: Switching) -> str:
    """Say within a sentence who switched the power of the player, and when."""
    who = switching.by
    if switching.by_job:
        who = _("the job “%(job)s”") % {"job": str(switching.job or who)}
    facts = {"who": who, "at": at(switching.at)}
    if not switching.sure:
        return _("%(who)s may have switched its power at %(at)s") % facts
    return _("%(who)s switched its power at %(at)s") % facts


def _became(attempt: JobExecution) -> str:
    if attempt.standing != Standing.OVER or attempt.commanded_at is None:
        return ""
    facts = {"attempt": attempt.attempt, "at": at(attempt.commanded_at)}
    became = episode_story.of_attempt(attempt).headline
    return _("Attempt %(attempt)s at %(at)s: %(became)s") % {**facts, "became": became}


# -- while nothing is open ----------------------------------------------------------------------

_ASKED: Final = (State.PENDING, State.FIRING, State.FLAPPING)


def _of_jobs(facts: Facts) -> Answer | None:
    """Say what a job sees coming, where it sees the player bad already."""
    by_state = {
        each.stands.state: each
        for each in reversed(facts.watched)
        if each.stands is not None and not each.stands.unknown
    }
    found = next((by_state[state] for state in _ASKED if state in by_state), None)
    if found is None or found.stands is None:
        return None
    names = {"job": str(found.job), "hold": condition_words.span(found.job.hold)}
    if found.stands.state is State.FLAPPING:
        text = _("It changes too often: “%(job)s” leaves such players to people.")
        last = _of_last(facts)  # it may have been restarted a moment ago
        more = (status(facts.device),) if last is None else (last.headline, *last.more)
        return Answer(text % names, "doubt", more=more)
    names["held"] = condition_words.span(round(found.stands.held))
    text = _("It was not restarted yet: “%(job)s” has seen it bad for %(held)s, and waits for "
             "%(hold)s.")  # fmt: skip
    return Answer(text % names, "doubt", more=(status(facts.device),))


def _of_unknown(facts: Facts) -> Answer:
    """Say that nobody knows how the player is, and why; what was before stands below."""
    text = _("No job does anything about what nobody knows: unknown is not taken for bad.")
    more, last = [text, str(facts.device.verdict.remedy)], _of_last(facts)
    if last is not None:
        more += [last.headline, *last.more[:-1]]  # without the status, which is the headline
    episode = None if last is None else last.episode
    return Answer(status(facts.device), "doubt", more=tuple(filter(None, more)), episode=episode)


def _of_last(facts: Facts) -> Answer | None:
    """Say how the last bad time ended; the last of `more` is how the player is now."""
    episode = facts.last
    if episode is None or facts.device.state is Status.OFFLINE:
        return None
    sent, names = _sent(facts.last_attempts), {"job": str(episode.job)}
    more = (*(told for each in sent[-3:] if (told := _became(each))), status(facts.device))
    if sent:
        names["at"] = at(sent[-1].commanded_at or sent[-1].created_at)
        names["command"] = _command(sent[-1])
        is_restart = _restarts(sent[-1])
        if sent[-1].outcome == Outcome.VERIFIED:
            text = _("It was restarted at %(at)s by “%(job)s”, and that helped.")
            if not is_restart:
                text = _("“%(job)s” gave the command “%(command)s” at %(at)s, and that helped.")
            return Answer(text % names, "good", episode=episode, more=more)
        text = _("It was restarted at %(at)s by “%(job)s”: %(became)s")
        if not is_restart:
            text = _("“%(job)s” gave the command “%(command)s” at %(at)s: %(became)s")
        names["became"] = episode_story.of_attempt(sent[-1]).headline
        return Answer(text % names, "calm", episode=episode, more=more)
    if episode.ending != Ending.RECOVERED or episode.closed_at is None:
        return None
    names |= {"since": at(episode.opened_at), "until": at(episode.closed_at)}
    if (switched := facts.switched.get(episode.pk)) is not None:
        text = _("It was bad under “%(job)s” from %(since)s to %(until)s; %(deed)s.")
        told = text % {**names, "deed": _deed(switched)}
        return Answer(told, "good", episode=episode, more=more)
    text = _("It was bad under “%(job)s” from %(since)s to %(until)s and came back by itself; "
             "nothing was sent.")  # fmt: skip
    return Answer(text % names, "good", episode=episode, more=more)


def _of_status(facts: Facts) -> Answer:
    """Say how it is, where no job has anything to say."""
    working = [each for each in facts.watched if each.job.enabled]
    told = status(facts.device)
    if not facts.watched:
        text = _("No job watches this player: nothing restarts it by itself.")
        return Answer(f"{told} {text}", _tone(facts))
    if not working:
        text = _("Every job that is about this player is disabled: nothing restarts it by itself.")
        return Answer(f"{told} {text}", _tone(facts))
    never = next((each for each in working if each.stands and each.stands.state is State.NEW), None)
    if facts.device.state is Status.OFFLINE:
        unsure = next((each.why for each in working if each.why is not None), None)
        if unsure is not None:
            text = _("It was not restarted: jobs do not know how it is. %(why)s.")
            return Answer(text % {"why": unsure}, "doubt", more=(told,))
        if never is not None:
            text = _("It was not restarted: “%(job)s” has never seen it well, and leaves such to "
                     "people.")  # fmt: skip
            return Answer(text % {"job": str(never.job)}, "doubt", more=(told,))
        text = _("It was not restarted: no job has found it bad yet.")
        return Answer(text, "doubt", more=(told,))
    return Answer(told, "good", more=(_("No job finds anything wrong with it."),))


def _tone(facts: Facts) -> str:
    return "good" if facts.device.state is Status.ONLINE else "doubt"
