"""How the states of players under jobs read, and in which colour lists show them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .standings import State

UNKNOWN: Final = "unknown"  # lies over the states
WORDS: Final[Mapping[str, Promise]] = {
    State.FIRING: _("firing"),
    State.PENDING: _("pending"),
    State.RECOVERING: _("recovering"),
    State.FLAPPING: _("flapping"),
    UNKNOWN: _("not known"),
    State.OK: _("well"),
    State.NEW: _("never seen well"),
}
#: Names of the colours in devices.css; the others have that of UNKNOWN.
COLOURS: Final[Mapping[str, str]] = {
    State.FIRING: "offline",
    State.PENDING: "partly",
    State.RECOVERING: "partly",
    State.FLAPPING: "partly",
    State.OK: "online",
}


class Told(NamedTuple):
    """How many players are in one state."""

    state: str
    word: Promise
    colour: str
    number: int


def told(figures: Mapping[str, int]) -> Iterator[Told]:
    """Yield the states in which there are players, the worst first."""
    for state, word in WORDS.items():
        if figures.get(state):
            yield Told(str(state), word, COLOURS.get(state, "unknown"), figures[state])
