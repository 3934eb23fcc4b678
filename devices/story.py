"""The life of a command as a person reads it: what it is now, what is awaited, what happened.

Decides words alone, from rows that the caller read; writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from . import moves
from .gateways.shape import Reason
from .models import Command, CommandStep
from .moves import Happening, Moved
from .pace import LIMITS
from .states import Event, Obstacle, State

_EVENTS = {event.value: event for event in Event}
_REASONS = {reason.value: reason for reason in Reason}
# What gates.py says in words of the worker's language, by the names of the gates.
_GATES: Mapping[str, Promise] = {
    "platform": gettext_lazy("The platform is not active."),
    "device": gettext_lazy("The socket is disabled, was taken out or changed since."),
    "gateway": gettext_lazy("The gateway is disabled."),
    "grammar": gettext_lazy("The socket would not understand the text."),
    "cooldown": gettext_lazy("The line was switched a short time ago."),
}
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
    give_up_from: datetime | None  # of one in doubt, while it is too early for it
    over: bool
    tone: str  # good, bad, doubt or calm


def tell(command: Command, steps: Sequence[CommandStep], now: datetime, head: Command) -> Story:
    """Return the story of a command with its steps in order; `head` is that of its sequence."""
    last = steps[-1] if steps else None
    state = command.standing
    awaited, until = _awaited(command, now)
    in_doubt = state is State.UNKNOWN and not command.closed
    given_up = Happening(Event.RETRY, now, confirmed=True)
    obstacle = moves.obstacle_to_another(command.as_moved(), given_up, LIMITS)
    early = in_doubt and obstacle is Obstacle.TOO_EARLY and command.wire_at is not None
    return Story(
        headline=_headline(command, last),
        detail=_detail(last) if last is not None and state in _EXPLAINED else "",
        awaited=awaited,
        until=until,
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
    return rest if colon and name.isidentifier() else reason


def _may(command: Command, happening: Happening) -> bool:
    return isinstance(moves.step(command.as_moved(), happening, LIMITS), Moved)


def _moment(step: CommandStep) -> Moment:
    event = _EVENTS.get(step.event)
    what = str(event) if event is not None else _("It was given.")
    return Moment(step.at, what, step.get_state_display(), _detail(step))


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


def _headline(command: Command, last: CommandStep | None) -> str:
    state = command.standing
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
        ends = wire_at + LIMITS.evidence if wire_at else None
        return _("The player, online again and staying so"), ends
    ends = wire_at + LIMITS.reply if wire_at else None
    what = _("An answer of the socket") if command.replied_at is None else _("Further answers")
    return what, ends
