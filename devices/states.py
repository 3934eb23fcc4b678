"""The states of a command, what can happen to it, and why something cannot: words for people.

Pure. Which event leads from which state to which is the table in moves.py.
"""

from collections.abc import Iterable
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled


class Effect(StrEnum):
    """What a message does to the socket, which decides whether it may be sent twice."""

    QUERY = "query"  # asks, changes nothing
    ON = "on"
    OFF = "off"
    CYCLE = "cycle"
    TIMER = "timer"  # switches later: sent twice, it begins to count anew
    CONFIG = "config"


RESENDABLE = frozenset({Effect.ON, Effect.QUERY})
#: What decides whether a line has power.
SWITCHING = frozenset({Effect.ON, Effect.OFF, Effect.CYCLE, Effect.TIMER})


def leaves_on(effects: Iterable[str]) -> bool:
    """Tell whether lines that had power have it after messages of these effects, in their order."""
    switching = [each for each in effects if each in SWITCHING]
    return not switching or switching[-1] in (Effect.ON, Effect.CYCLE)


class State(Labelled):
    """Where a command stands; `choices` of the model's field are made of value and label."""

    QUEUED = "queued", _("Waiting")
    CLAIMED = "claimed", _("Being checked")
    SENDING = "sending", _("Being sent")
    ACCEPTED = "accepted", _("Sent")
    REJECTED = "rejected", _("Not taken by the gateway")
    UNKNOWN = "unknown", _("Unknown: it may have been sent or not")
    VERIFIED = "verified", _("It worked")
    INEFFECTIVE = "ineffective", _("Sent, but it did not help")
    UNRESOLVED = "unresolved", _("Never found out; counts as sent")
    NOT_SENT = "not_sent", _("Not sent")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired before it was sent")


TERMINAL = frozenset(
    {State.VERIFIED, State.INEFFECTIVE, State.UNRESOLVED, State.NOT_SENT}
    | {State.FAILED, State.CANCELLED, State.EXPIRED}
)


#: Their message went out, or may have: what is in doubt counts as sent.
WENT_OUT = frozenset(
    {State.SENDING, State.ACCEPTED, State.UNKNOWN}
    | {State.VERIFIED, State.INEFFECTIVE, State.UNRESOLVED}
)


class Event(Labelled):
    """What happens to a command; the label is the reason that its page tells."""

    CLAIM = "claim", _("A worker took it.")
    LEASE_OVER = "lease_over", _("The worker that had it went silent.")
    POSTPONE = "postpone", _("It cannot be sent now and waits.")
    REFUSE = "refuse", _("A check before sending refused it.")
    INTEND = "intend", _("All checks passed; it goes to the gateway.")
    STALE = "stale", _("The worker was too slow and did not send it.")
    ACCEPT = "accept", _("The gateway accepted it.")
    REJECT = "reject", _("The gateway refused it; nothing was sent.")
    LOSE = "lose", _("No clear answer came from the gateway.")
    FOUND_SENT = "found_sent", _("It turned out to have been sent.")
    FOUND_NOT_SENT = "found_not_sent", _("It turned out not to have been sent.")
    WINDOW_OVER = "window_over", _("The time to find out is over.")
    RETRY = "retry", _("A person gave it up for another attempt.")
    RESEND = "resend", _("It is sent again, which does no harm.")
    REQUEUE = "requeue", _("It is tried again.")
    GIVE_UP = "give_up", _("All tries were used up.")
    CANCEL = "cancel", _("It was cancelled.")
    EXPIRE = "expire", _("Its time was over before it was sent.")
    VERIFY = "verify", _("The player is well again.")
    REFUTE = "refute", _("The player did not come back.")
    EVIDENCE_OVER = "evidence_over", _("It could not be found out whether it helped.")
    REPLY_OVER = "reply_over", _("There is no player to watch, and the time for a reply is over.")


class Obstacle(Labelled):
    """Why a move is not made."""

    OVER = "over", _("This command is over.")
    NOT_OVER = "not_over", _("This command is still under way.")
    NO_SUCH_MOVE = "no_such_move", _("This cannot happen to a command in this state.")
    STALE_FENCE = "stale_fence", _("Another worker has this command now.")
    TOO_EARLY = "too_early", _("It is too early for this.")
    TOO_LATE = "too_late", _("It is too late for this.")
    NOT_REPEATABLE = "not_repeatable", _("This command is never sent twice: send a new one.")
    NO_TRIES_LEFT = "no_tries_left", _("All tries were used up.")
    TRIES_LEFT = "tries_left", _("It will be tried again.")
    OWED = "owed", _("The line was switched off: the command that switches it on must go out.")
    WATCHED = "watched", _("A player is watched: it tells the outcome.")
    NOT_WATCHED = "not_watched", _("There is no player to watch that could tell.")
    NOT_CONFIRMED = "not_confirmed", _("Confirm that the first message may have arrived.")
