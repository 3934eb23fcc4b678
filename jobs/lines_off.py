"""Lines that somebody had switched off, and that a job therefore leaves alone. Pure over a Subject.

Not what jobs switch off on their ladders, nor what a sequence left dark that broke off.
"""

from datetime import datetime
from typing import NamedTuple

from devices.pace import SMS_TAKES
from devices.states import RESENDABLE, Effect

from .models import Trigger
from .orders import Order
from .situation import Subject


class LeftOff(NamedTuple):
    """Who had a line switched off and when, which may be to come; `code` is that of the gate."""

    code: str
    by: str
    at: datetime


def found(subject: Subject) -> LeftOff | None:
    """Return the first line that would be switched and is to stay off; None: there is none."""
    for line, power in subject.powers.items():
        if power.off_at is None or _is_on_again(subject, line, power.off_at):
            continue
        if power.off_command is None:
            later = power.off_at > subject.now
            return LeftOff("off_later" if later else "switched_off", power.off_by, power.off_at)
        if not _only_switches_on(subject):
            return LeftOff("off_by_schedule", power.off_by, power.off_at)
    return None


def _is_on_again(subject: Subject, line: int, off_at: datetime) -> bool:
    """Tell whether its player was seen with power long after.

    That nobody saw it bad until lately says nothing: the vendor may have been away, or we.
    """
    own = subject.line is not None and line == subject.line.pk
    if not own or subject.had_power_at is None:
        return False
    since = subject.hung_since or off_at
    return subject.had_power_at > max(off_at + SMS_TAKES, since).timestamp()


def _only_switches_on(subject: Subject) -> bool:
    """Tell whether a schedule would do nothing but switch on what a schedule switched off."""
    of_schedule = subject.job.trigger == Trigger.SCHEDULE
    if not of_schedule or not isinstance(subject.order, Order):
        return False
    messages = subject.order.wish.composed.messages
    return all(each.effect in RESENDABLE or each.effect is Effect.TIMER for each in messages)
