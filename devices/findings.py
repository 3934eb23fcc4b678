"""What a try of one step of commissioning showed, why, and what to do about it: words for people.

Pure: what is known of the command, of its answers and of the players comes as an argument. Silence
is never taken for an answer, nor an unknown player for a dark one.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import NamedTuple, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .pace import EVIDENCE, LIMITS
from .replies import Meaning
from .states import State

LOOKING = timedelta(days=1)  # for a person to come and say whether the power went off and on
_NEVER_WENT = frozenset({State.NOT_SENT, State.FAILED, State.CANCELLED, State.EXPIRED})


class Kind(StrEnum):
    """What is tried."""

    REGISTER = "register"
    QUERY = "query"
    POWER = "power"


class Finding(Enum):
    """`value` for rows, `label` says what was found, `remedy` what a person can do."""

    label: str | Promise
    remedy: str | Promise

    def __new__(cls, code: str, label: str | Promise, remedy: str | Promise = "") -> Self:
        member = object.__new__(cls)
        member._value_ = code  # not all of it: Enum hashes it, which would translate at import
        member.label, member.remedy = label, remedy
        return member

    def __str__(self) -> str:
        return str(self.label)

    # Under way.
    WAITING = "waiting", _("The message waits to be sent.")
    SENT = "sent", _("The message was sent; the answer is awaited.")
    DOUBT = "doubt", _("Nobody knows yet whether the message was sent; an answer would tell.")
    GOING = "going", _("The power is being switched; the players are awaited.")
    LOOK = (
        "look",
        _("The message was sent. No player hangs on this line that could tell what happened."),
        _("Look at the socket: when its power went off and came back, confirm it by hand."),
    )
    BLIND = (
        "blind",
        _("The players of this line cannot be seen now."),
        _("Look at the socket and confirm by hand, or repeat when the players are seen again."),
    )
    # Passed.
    REGISTERED = "registered", _("The socket took the gateway's number as administrator.")
    ANSWERED = "answered", _("The socket answered.")
    CAME_BACK = "came_back", _("The players went offline and came back online.")
    VOUCHED = "vouched", _("A person confirmed it.")
    OBEYED = "obeyed", _("The socket obeyed a power command, so it knows the gateway's number.")
    # Failed.
    NUMBER_TAKEN = (
        "number_taken",
        _("Another number is the administrator of this socket already."),
        _(
            "If that is the gateway's own number, go on: the test of the power proves it. "
            "Otherwise somebody on site holds the reset button for 10 seconds; then repeat."
        ),
    )
    NOT_ALLOWED = (
        "not_allowed",
        _("The socket does not obey the gateway's number."),
        _("Register the gateway's number first, then repeat."),
    )
    NOT_UNDERSTOOD = (
        "not_understood",
        _("The socket did not understand the message."),
        _("Check that the chosen model is the right one."),
    )
    ODD = (
        "odd",
        _("The socket answered something that Remosa cannot read."),
        _("Read the answer: if it says that all is well, confirm by hand."),
    )
    SILENT = (
        "silent",
        _("No answer came in 10 minutes."),
        _(
            "Check the phone number; that the SIM card has credit, may send SMS and asks for no "
            "PIN; that the socket has mains and its signal lamp shows coverage; and that the "
            "gateway's inbox is read. Then repeat."
        ),
    )
    UNSENT = (
        "unsent",
        _("The message was not sent."),
        _("Open the command: it says why. Then repeat."),
    )
    NEVER_DARK = (
        "never_dark",
        _("The players stayed online: they did not lose their power."),
        _(
            "Check that they hang on this line of this socket. A vendor may not notice a short "
            "break: repeat with more minutes, or look at the socket and confirm by hand."
        ),
    )
    STILL_DARK = (
        "still_dark",
        _("The players are still offline."),
        _("Ask for the state; if the outlet is off, send “on”. Then look at the players."),
    )
    NOBODY_LOOKED = (
        "nobody_looked",
        _("Nobody said whether the power went off and came back."),
        _("Repeat, and look at the socket meanwhile."),
    )
    GIVEN_UP = "given_up", _("It was tried anew before anybody knew.")
    GONE = "gone", _("The command is no longer kept."), _("Repeat.")


class Verdict(NamedTuple):
    """What is to be said of a try now; `passed` is None while it may still change."""

    finding: Finding
    passed: bool | None = None


class Facts(NamedTuple):
    """What is known of one try. `seen`: whether players tell at all, None where none is bound."""

    state: State
    closed: bool
    wire_at: datetime | None
    replied_at: datetime | None = None
    meanings: Collection[str] = ()  # of the answers
    back_at: datetime | None = None  # when the power was to be back
    seen: bool | None = None
    came_back: bool = False
    is_dark: bool = False


def judge(kind: Kind, facts: Facts, now: datetime) -> Verdict:
    """Say how a try stands."""
    if facts.state in _NEVER_WENT or (facts.closed and facts.wire_at is None):
        return Verdict(Finding.UNSENT, passed=False)
    if facts.wire_at is None:
        return Verdict(Finding.WAITING)
    if refusal := _refused(facts):
        return Verdict(refusal, passed=False)
    if kind is Kind.POWER:
        return _of_power(facts, facts.wire_at, now)
    if Meaning.ADMIN_REGISTERED.value in facts.meanings and kind is Kind.REGISTER:
        return Verdict(Finding.REGISTERED, passed=True)
    if facts.replied_at is not None and kind is Kind.QUERY:
        return Verdict(Finding.ANSWERED, passed=True)
    over = False if now >= facts.wire_at + LIMITS.reply else None
    if facts.replied_at is not None:
        return Verdict(Finding.ODD, over)
    if over is False:
        return Verdict(Finding.SILENT, over)
    in_doubt = facts.state in (State.UNKNOWN, State.UNRESOLVED)
    return Verdict(Finding.DOUBT if in_doubt else Finding.SENT)


def went_out(facts: Facts) -> bool:
    """Tell whether the message surely left the gateway, which is a step of its own."""
    sure = facts.state not in (State.SENDING, State.UNKNOWN, State.REJECTED, *_NEVER_WENT)
    return facts.replied_at is not None or (facts.wire_at is not None and sure)


def _refused(facts: Facts) -> Finding | None:
    for meaning, finding in (
        (Meaning.NUMBER_TAKEN, Finding.NUMBER_TAKEN),
        (Meaning.NOT_ALLOWED, Finding.NOT_ALLOWED),
        (Meaning.NOT_UNDERSTOOD, Finding.NOT_UNDERSTOOD),
    ):
        if meaning.value in facts.meanings:
            return finding
    return None


def _of_power(facts: Facts, wire_at: datetime, now: datetime) -> Verdict:
    if facts.came_back:
        return Verdict(Finding.CAME_BACK, passed=True)
    if facts.seen is None:
        late = now >= wire_at + LOOKING
        return Verdict(Finding.NOBODY_LOOKED, passed=False) if late else Verdict(Finding.LOOK)
    if facts.back_at is None or now < facts.back_at + EVIDENCE:
        return Verdict(Finding.GOING if facts.seen else Finding.BLIND)
    if not facts.seen:
        return Verdict(Finding.BLIND, passed=False)
    dark = Finding.STILL_DARK if facts.is_dark else Finding.NEVER_DARK
    return Verdict(dark, passed=False)
