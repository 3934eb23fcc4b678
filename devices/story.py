"""The life of a command as a person reads it: what it is now, what is awaited, what happened.

Decides words alone, from rows that the caller read; writes nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from . import moves
from .gateways.shape import NOT_ASKED, UNREACHED, Reason
from .models import Command, CommandStep
from .moves import Happening, Moved
from .pace import EVIDENCE, LIMITS
from .states import Event, Obstacle, State

_EVENTS = {event.value: event for event in Event}
_REASONS = {reason.value: reason for reason in Reason}
# What gates.py says in words of the worker's language, by the names of the gates.
_GATES: Mapping[str, Promise] = {
    "platform": gettext_lazy("The platform is not active."),
    "author": gettext_lazy("Whoever gave the command may not give it any more."),
    "device": gettext_lazy("The socket is disabled, was taken out or changed since."),
    "gateway": gettext_lazy("The gateway is disabled."),
    "grammar": gettext_lazy("The socket would not understand the text."),
    "cooldown": gettext_lazy("The line was switched a short time ago."),
    # Of the outbox: the `on` of a dark line whose gateway did not take it.
    "another_gateway": gettext_lazy("Its gateway is disabled: it goes by another one."),
    # Of jobs: what came of it.
    "job_well": gettext_lazy("The job's conditions do not hold any more."),
    "job_bad": gettext_lazy("The job's conditions still hold."),
    "job_unseen": gettext_lazy("Nothing was seen of the player in time."),
}
# Of verification: how many of the players were what when it was decided.
_COUNTED = re.compile(
    r"players: online=(?P<online>\d+) offline=(?P<offline>\d+) unknown=(?P<unknown>\d+)"
)
_UNREACHED = frozenset(reason.value for reason in UNREACHED)
_NOT_ASKED = frozenset(reason.value for reason in NOT_ASKED)
GOOD = frozenset({State.VERIFIED})
BAD = frozenset({State.INEFFECTIVE, State.FAILED, State.NOT_SENT, State.EXPIRED, State.UNRESOLVED})
_HEADLINES: Mapping[State, Promise] = {
    State.QUEUED: gettext_lazy("It waits for its turn."),
    State.CLAIMED: gettext_lazy("It is being checked for the last time before it is sent."),
    State.SENDING: gettext_lazy("It is being given to the gateway."),
    State.REJECTED: gettext_lazy("The gateway refused it: nothing was sent yet."),
    State.UNKNOWN: gettext_lazy(
        "Nobody knows yet whether it was sent. It is never sent again by itself, "
        "so that nothing is switched twice."
    ),
    State.VERIFIED: gettext_lazy("It worked: the player is online again."),
    State.INEFFECTIVE: gettext_lazy("It was sent and did not help: the player did not come back."),
    State.UNRESOLVED: gettext_lazy(
        "It was never found out whether it was sent. It counts as sent."
    ),
    State.NOT_SENT: gettext_lazy("It was not sent: the gateway never got it."),
    State.FAILED: gettext_lazy("It was not sent: the gateway refused it each time."),
    State.CANCELLED: gettext_lazy("It was not sent: it was taken back."),
    State.EXPIRED: gettext_lazy("It was not sent: its time was over before that was possible."),
}
_NOT_REACHED: Mapping[State, Promise] = {
    State.REJECTED: gettext_lazy("The gateway could not be reached: nothing was sent yet."),
    State.FAILED: gettext_lazy("It was not sent: the gateway could not be reached."),
}
_NOT_GIVEN: Mapping[State, Promise] = {
    State.REJECTED: gettext_lazy("It could not be given to the gateway: nothing was sent yet."),
    State.FAILED: gettext_lazy("It was not sent: it could not be given to the gateway."),
}
# What is said of the last step beside the headline: why something did not happen.
_EXPLAINED = frozenset({State.QUEUED, State.REJECTED, State.UNKNOWN, State.CANCELLED}) | BAD
#: Colours of states in lists.
COLOURS: Mapping[State, str] = {
    State.ACCEPTED: "info",
    State.VERIFIED: "success",
    State.UNKNOWN: "warning",
    State.UNRESOLVED: "warning",
    State.REJECTED: "warning",
    **dict.fromkeys((State.INEFFECTIVE, State.FAILED, State.NOT_SENT, State.EXPIRED), "danger"),
}


@dataclass(frozen=True)
class Moment:
    """One step of a life: when, what happened, in which state it left the command, details."""

    at: datetime
    what: str
    state: str
    detail: str


@dataclass(frozen=True)
class Story:
    """A command in plain words. `until`: when what is awaited is given up, where that is known."""

    headline: str
    detail: str
    awaited: str
    until: datetime | None
    moments: tuple[Moment, ...]
    may_cancel: bool
    may_give_up: bool
    verdict_by: datetime | None  # of one whose players tell whether it helped
    give_up_from: datetime | None  # of one in doubt, while it is too early for it
    over: bool
    tone: str  # good, bad, doubt or calm


def tell(
    command: Command,
    steps: Sequence[CommandStep],
    now: datetime,
    head: Command,
    acted: datetime | None = None,
) -> Story:
    """Return the story of a command with its steps in order; `head` is that of its sequence.

    `acted`: when the power was back, which its players are judged by; None: not yet.
    """
    state = command.standing
    awaited, until = _awaited(command, now)
    in_doubt = state is State.UNKNOWN and not command.closed
    given_up = Happening(Event.RETRY, now, confirmed=True)
    obstacle = moves.obstacle_to_another(command.as_moved(), given_up, LIMITS)
    early = in_doubt and obstacle is Obstacle.TOO_EARLY and command.wire_at is not None
    return Story(
        headline=_headline(command, steps),
        detail=_explained(state, steps),
        awaited=awaited,
        until=until,
        verdict_by=acted + EVIDENCE if _is_judged(command) and acted is not None else None,
        moments=tuple(_moment(step) for step in steps),
        may_cancel=_may(head, Happening(Event.CANCEL, now)),
        may_give_up=in_doubt and obstacle is None,
        give_up_from=command.wire_at + LIMITS.window if early and command.wire_at else None,
        over=command.closed,
        tone=_tone(command),
    )


def colour_of(state: str) -> str:
    """Return the colour of a state's label in a list, "" for an unremarkable one."""
    return next((colour for each, colour in COLOURS.items() if each.value == state), "")


def words_of(reason: str) -> str:
    """Return a stored reason in the reader's language: of a gate, of a gateway, or as it is."""
    name, colon, rest = reason.partition(": ")
    if colon and name in _GATES:
        return str(_GATES[name])
    if reason in _REASONS:
        return str(_REASONS[reason])
    if counted := _COUNTED.fullmatch(reason):
        text = _("Players: %(online)s online, %(offline)s offline, %(unknown)s unknown.")
        return text % counted.groupdict()
    return rest if colon and name.isidentifier() else reason


def what_happened(step: CommandStep) -> str:
    """Return the event of a step in words; the first one is that it was given."""
    event = _EVENTS.get(step.event)
    if event is None:
        return _("It was given.")
    if event is Event.REJECT and step.reason in _UNREACHED:
        return _("The gateway could not be reached; nothing was sent.")
    if event is Event.REJECT and step.reason in _NOT_ASKED:
        return _("It could not be given to the gateway; nothing was sent.")
    return str(event)


def _may(command: Command, happening: Happening) -> bool:
    return isinstance(moves.step(command.as_moved(), happening, LIMITS), Moved)


def _moment(step: CommandStep) -> Moment:
    return Moment(step.at, what_happened(step), step.get_state_display(), _detail(step))


def _is_judged(command: Command) -> bool:
    return command.standing is State.ACCEPTED and command.watched and not command.closed


def _rejection(steps: Sequence[CommandStep]) -> CommandStep | None:
    """Return the last time that it was not taken: giving up says no more than that it was."""
    return next((each for each in reversed(steps) if each.event == Event.REJECT.value), None)


def _explained(state: State, steps: Sequence[CommandStep]) -> str:
    if not steps or state not in _EXPLAINED:
        return ""
    told = _detail(steps[-1])
    if not told and state is State.FAILED and (rejection := _rejection(steps)) is not None:
        told = _detail(rejection)
    return told


def _detail(step: CommandStep) -> str:
    if not step.reason:
        return ""
    if step.event in (Event.CANCEL.value, Event.RETRY.value):
        return _("By %(who)s.") % {"who": step.reason}
    return words_of(step.reason)


def _tone(command: Command) -> str:
    state = command.standing
    if state in GOOD or (state is State.ACCEPTED and command.closed and command.replied_at):
        return "good"
    if state in BAD:
        return "bad"
    return "doubt" if state is State.UNKNOWN else "calm"


def _headline(command: Command, steps: Sequence[CommandStep]) -> str:
    last = steps[-1] if steps else None
    state, rejection = command.standing, _rejection(steps)
    if rejection is not None and state in _NOT_REACHED:
        if rejection.reason in _UNREACHED:
            return str(_NOT_REACHED[state])
        if rejection.reason in _NOT_ASKED:
            return str(_NOT_GIVEN[state])
    if state is State.ACCEPTED:
        return str(_of_accepted(command))
    if state is State.QUEUED and (command.previous_id is not None or command.tries):
        follows = _("It follows the message before it.")
        return _("It waits for its next try.") if command.tries else follows
    if state is State.CANCELLED and last is not None and last.event == Event.REFUSE.value:
        return _("It was not sent: something stood against it.")
    return str(_HEADLINES[state])


def _of_accepted(command: Command) -> str:
    if command.replied_at is not None:
        return _("It was sent, and the socket answered.")
    if command.watched:
        if command.closed:
            return _("It was sent. Whether it helped could not be found out.")
        return _("It was sent. Whether it helped will be seen by the player.")
    if command.closed:
        return _("It was sent. The socket did not answer in the time that it has for it.")
    return _("It was sent. The socket has not answered yet.")


def _awaited(command: Command, now: datetime) -> tuple[str, datetime | None]:
    """Return what has to happen next, and until when that is waited for."""
    if command.closed:
        return "", None
    wire_at, state = command.wire_at, command.standing
    if state in (State.QUEUED, State.REJECTED) and command.not_before and command.not_before > now:
        return _("Its next turn"), command.not_before
    if state is State.QUEUED and command.previous_id is not None and not command.owed:
        return _("The message before it"), None
    if state in (State.QUEUED, State.REJECTED):
        return _("A worker that sends it"), None if command.owed else command.expires_at
    if state in (State.CLAIMED, State.SENDING):
        return _("The worker that has it"), command.lease_until
    if state is State.UNKNOWN:
        ends = wire_at + LIMITS.window if wire_at else None
        return _("A word of the gateway, of the socket or from the player"), ends
    if command.watched:
        return _("The player, online again and staying so"), None
    ends = wire_at + LIMITS.reply if wire_at else None
    what = _("An answer of the socket") if command.replied_at is None else _("Further answers")
    return what, ends
