"""Named places of the road at which a worker kills itself; hooked in from outside.

The product has no line for this: its functions are wrapped in the worker's own process.
"""

import os
import signal
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from devices import journal, outbox, reaper


class Place(NamedTuple):
    """Before or after which function of which module."""

    module: ModuleType
    name: str
    after: bool


PLACES = {
    "before_claim": Place(outbox, "claim", after=False),
    "after_claim": Place(outbox, "claim", after=True),
    "before_payment": Place(outbox, "_pay", after=False),
    "after_payment": Place(outbox, "_pay", after=True),
    # The row is moved, nothing is committed: in claim, intend, record and the reaper alike.
    "moved_not_committed": Place(journal, "_write_step", after=False),
    "held_not_committed": Place(journal, "_hold", after=True),
    "intended_not_committed": Place(outbox, "_pay_and_intend", after=True),
    "after_intent": Place(outbox, "intend", after=True),
    "before_wire": Place(outbox, "wire", after=False),
    "after_wire": Place(outbox, "wire", after=True),
    "before_record": Place(outbox, "record", after=False),
    "after_record": Place(outbox, "record", after=True),
    "ended_not_committed": Place(journal, "_end", after=True),
    "before_reaping": Place(reaper, "reap", after=False),
    "reaped_one": Place(reaper, "_moved", after=True),
}
# Between the log of the gateway and its answer; the worker's own gateway looks for it.
IN_WIRE = "in_wire"
NAMES = (*PLACES, IN_WIRE)


def die() -> None:
    """End this process as a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, passes: int) -> Callable[[], None]:
    """Die at the so-manieth passing of the place; return what IN_WIRE calls."""
    left = passes

    def pass_by() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            die()

    if name == IN_WIRE:
        return pass_by
    if name:
        module, attribute, after = PLACES[name]
        original = getattr(module, attribute)

        def wrapped(*args: Any, **values: Any) -> Any:
            if not after:
                pass_by()
            outcome = original(*args, **values)
            if after and (outcome is not None or attribute.startswith("_")):
                pass_by()
            return outcome

        setattr(module, attribute, wrapped)
    return lambda: None
