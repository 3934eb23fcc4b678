"""Who asks for a command, and whether that person may: by role, and by assignment."""

from dataclasses import dataclass
from typing import Self

from platforms.audit import Actor
from platforms.models import User
from platforms.roles import Deed

from .models import Assignment, Device
from .templates import Danger

# What the role must allow; who has only assigned sockets is asked for them besides.
_DEEDS = {
    Danger.NONE: Deed.SEND,
    Danger.POWER: Deed.SEND,
    Danger.CONFIG: Deed.FLEET,
    Danger.DESTRUCTIVE: Deed.DESTROY,
}
_ASSIGNABLE = frozenset({Danger.NONE, Danger.POWER})


@dataclass(frozen=True)
class Sender:
    """A person, or a job (no person)."""

    actor: Actor
    user: User | None = None

    @classmethod
    def job(cls, name: str) -> Self:
        """Return a job as a sender."""
        return cls(Actor(label=name, via="job"))

    @property
    def is_job(self) -> bool:
        """Tell whether no person asks; people keep a part of the budget for themselves."""
        return self.user is None

    def may(self, danger: Danger, device: Device) -> bool:
        """Tell whether a command of this danger may be sent to this socket."""
        if self.user is None:
            return danger in _ASSIGNABLE
        if self.user.may(_DEEDS[danger], device.platform_id):
            return True
        return (
            danger in _ASSIGNABLE
            and self.user.may(Deed.SEND_ASSIGNED, device.platform_id)
            and Assignment.objects.filter(user=self.user, device=device).exists()
        )
