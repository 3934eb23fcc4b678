"""When a source is polled next, and how its requests are spread. Pure: time and chance come in."""

import math
import random
from dataclasses import dataclass

FIRST_POLL_WITHIN = 3.0  # seconds: processes that start together do not poll together
LONGEST_BACK_OFF = 60.0  # seconds, or one and a half intervals where that is longer
SPREAD = 0.5  # of the interval: that long a poll lets itself take
PACE = 2.0  # seconds between two bursts of requests; shorter ones cost a fifth more CPU
PROBES = 5  # devices that a failed source is asked about before all of them
RETRY_SHARE = 0.1  # of a poll's questions may be asked once more
LONGEST_HOLD = 3600.0  # seconds; a vendor that names a longer time gets asked after this one
FEWEST_TO_GIVE_UP = 20  # answers that must fail before the rest of a poll is left out


@dataclass(frozen=True, slots=True)
class Settings:
    """How one source is polled: seconds, seconds, requests at once, seconds."""

    interval: float
    timeout: float
    concurrency: int
    max_age: float


def first_start(now: float, settings: Settings, chance: random.Random) -> float:
    """Return when to poll a source for the first time."""
    return now + chance.uniform(0, min(FIRST_POLL_WITHIN, settings.interval / 10))


def next_start(due: float, now: float, settings: Settings) -> float:
    """Return when to poll again: in step with the last time; now, if that has passed."""
    return max(due + settings.interval, now)


def back_off(last: float, settings: Settings, chance: random.Random) -> float:
    """Return how long to leave a failing source alone; decorrelated jitter.

    `last` is what this function returned before, 0 for the first failure.
    Source: M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
    """
    longest = max(LONGEST_BACK_OFF, 1.5 * settings.interval)
    # The cap stands within the draw: cut off after it, half of all would come back at the cap.
    return chance.uniform(settings.interval, min(longest, 3 * max(last, settings.interval)))


def hold(
    retry_after: float, last_back_off: float, settings: Settings, chance: random.Random
) -> float:
    """Return how long to leave a source alone that asks for it; 0 as `retry_after`: unsaid.

    A little longer than said: all processes would come back in the same second else.
    """
    if retry_after <= 0:
        return back_off(last_back_off, settings, chance)
    return min(LONGEST_HOLD, retry_after) * chance.uniform(1.0, 1.1)


def retries(asked: int) -> int:
    """Return how many of a poll's failed questions may be asked once more."""
    return 1 + int(asked * RETRY_SHARE)


_PRICE = round(1 / RETRY_SHARE)  # questions that earn a second one


class Budget:
    """Questions of many small polls that may be asked once more: one, and RETRY_SHARE of all."""

    def __init__(self) -> None:
        self._saved = _PRICE

    def earn(self) -> None:
        """Count a question."""
        self._saved = min(_PRICE, self._saved + 1)

    def spend(self) -> bool:
        """Take one from the budget, if there is one left."""
        if self._saved < _PRICE:
            return False
        self._saved -= _PRICE
        return True


def burst(devices: int, settings: Settings) -> int:
    """Return how many requests a poll may add each PACE seconds."""
    return max(1, math.ceil(devices * PACE / (SPREAD * settings.interval)))


def is_hopeless(good: int, bad: int, settings: Settings) -> bool:
    """Tell whether a poll is only failing, so that the rest of it need not be tried."""
    return good == 0 and bad >= max(FEWEST_TO_GIVE_UP, settings.concurrency)
