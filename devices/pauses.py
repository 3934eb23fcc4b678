"""Pauses: who begins one and lifts it, over what. The gates read them."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _, gettext_lazy

from platforms import audit
from platforms.audit import Action
from platforms.models import Platform
from platforms.roles import Deed
from platforms.wall_time import LAST

from .models import Device, Pause
from .senders import Sender
from .templates import Danger

TOO_FAR: Final = gettext_lazy(
    "This end is too far off. Without an end a pause lasts until somebody lifts it."
)


class PauseRefused(Exception):
    """A pause that is not begun or lifted; `code` for programs, the text for people."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def may(sender: Sender, platform: Platform | None, device: Device | None) -> bool:
    """Tell whether somebody may stop, and let go again, a socket, a platform or everything."""
    if sender.user is None:
        return False
    if device is not None:
        return sender.may(Danger.POWER, device)
    if platform is None:
        return sender.user.reaches_every_platform(Deed.OWN)
    return sender.user.may(Deed.SEND, platform.pk)


def check_end(expires_at: datetime | None, now: datetime) -> None:
    """Raise PauseRefused for an end that is over, and for one that clocks could not show."""
    if expires_at is None:
        return
    if expires_at <= now:
        raise PauseRefused("expired", _("This moment is over: choose one that is to come."))
    if expires_at > LAST:
        raise PauseRefused("far", str(TOO_FAR))


def begin(
    sender: Sender,
    reason: str,
    expires_at: datetime | None,
    now: datetime,
    *,
    platform: Platform | None = None,
    device: Device | None = None,
) -> Pause:
    """Stop all switching of a socket, of a platform or, with neither, everywhere.

    Raises PauseRefused. What is asked of a socket, and switching it on, goes on.
    """
    if device is not None:
        platform = device.platform
    if not may(sender, platform, device):
        raise PauseRefused("role", _("Your role does not allow this pause."))
    if device is not None and device.retired_at is not None:
        raise PauseRefused("device", _("The socket was taken out of use."))
    check_end(expires_at, now)
    with transaction.atomic():
        pause: Pause = Pause.objects.create(
            platform=platform,
            device=device,
            reason=reason,
            author=sender.user,
            author_name=sender.actor.label[:254],
            expires_at=expires_at,
        )
        _record(sender, Action.CREATED, pause)
    return pause


def lift(pause: Pause, sender: Sender, now: datetime) -> None:
    """End a pause; raise PauseRefused for one that is over, and for who may not."""
    if not may(sender, pause.platform, pause.device):
        raise PauseRefused("role", _("Your role does not allow this pause to be lifted."))
    with transaction.atomic():
        # unscoped: the row that the caller reached by for_user
        if not Pause.objects.at(now).filter(pk=pause.pk).update(lifted_at=now):
            raise PauseRefused("over", _("This pause is over."))
        pause.lifted_at = now
        _record(sender, Action.CANCELLED, pause)


def _record(sender: Sender, action: Action, pause: Pause) -> None:
    after = audit.snapshot(pause)
    audit.record(sender.actor, action, pause, platform_id=pause.platform_id, after=after)
