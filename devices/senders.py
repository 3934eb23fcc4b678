"""Who asks for a command, and whether that person may: by role, and by assignment."""

from collections.abc import Sequence
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
        return device.pk in self.among(danger, [device])

    def among(self, danger: Danger, devices: Sequence[Device]) -> frozenset[int]:
        """Return the ids of those sockets to which a command of this danger may be sent."""
        if self.user is None:
            return frozenset(device.pk for device in devices if danger in _ASSIGNABLE)
        platforms = {device.platform_id for device in devices}
        open_to = {pk for pk in platforms if self.user.may(_DEEDS[danger], pk)}
        free = {device.pk for device in devices if device.platform_id in open_to}
        if danger not in _ASSIGNABLE:
            return frozenset(free)
        narrow = {pk for pk in platforms - open_to if self.user.may(Deed.SEND_ASSIGNED, pk)}
        rest = [device.pk for device in devices if device.platform_id in narrow]
        if not rest:
            return frozenset(free)
        given = Assignment.objects.filter(user=self.user, device_id__in=rest)
        return frozenset(free | set(given.values_list("device_id", flat=True)))
