"""What stands between a claimed command and the wire. Reads, and says why not; writes nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from platforms.audit import SYSTEM

from . import catalogue
from .models import Command, CommandLine, Pause
from .senders import Sender
from .states import RESENDABLE, Effect, leaves_on
from .templates import Danger


class Gate(NamedTuple):
    """A gate that is shut: its name for programs, and why, for people."""

    name: str
    why: str


#: Gates of jobs by name (evidence, brake), filled in from their AppConfig.ready(). Each gets the
#: locked command and returns why it must not go, or "".
of_jobs: dict[str, Callable[[Command, datetime], str]] = {}


def first_shut(command: Command, now: datetime) -> Gate | None:
    """Return the first gate that is shut. An owed `on` passes all of them: its line is dark."""
    if command.owed:
        return None
    return (
        _of_platform(command)
        or _of_author(command)
        or _of_device(command)
        or _of_text(command)
        or _of_pause(command, now)
        or _of_cooldown(command, now)
        or _of_jobs(command, now)
    )


def pause_of(command_effect: str, pause: Pause | None) -> Gate | None:
    """Return the pause as a gate; asking a socket and switching it on is never paused."""
    if pause is None or Effect(command_effect) in RESENDABLE:
        return None
    until, why = pause.expires_at, words_of(pause)
    return Gate("pause", why if until is None else f"{why} ({until:%Y-%m-%d %H:%M} UTC)")


def words_of(pause: Pause) -> str:
    """Say whose pause it is and why, without its end."""
    details = {"author": pause.author_name, "reason": pause.reason}
    return _("Paused by %(author)s: %(reason)s") % details


def _of_platform(command: Command) -> Gate | None:
    if command.platform.active:
        return None
    return Gate("platform", _("The platform is not active."))


def _of_author(command: Command) -> Gate | None:
    """Ask for a person's rights once more: they may be gone since the command was given."""
    if command.by_job:
        return None
    author = command.author
    if author is None or not author.is_active:
        return Gate("author", _("The account of whoever gave the command is gone or disabled."))
    if not Sender(SYSTEM, author).may(Danger(command.danger), command.device):
        return Gate("author", _("Whoever gave the command may not give it any more."))
    return None


def _of_device(command: Command) -> Gate | None:
    device = command.device
    if device.retired_at is not None or not device.enabled:
        return Gate("device", _("The socket is disabled or was taken out."))
    if (device.phone, device.model.key) != (command.phone, command.model_key):
        return Gate("device", _("The socket was changed after the command was given."))
    if device.reset_only and _leaves_off(command):
        return Gate("reset_only", _("This socket may be restarted, but not switched off."))
    if not command.gateway.enabled:
        return Gate("gateway", _("The gateway is disabled."))
    return None


def _leaves_off(command: Command) -> bool:
    """Tell whether lines may stay off: nothing after it brings them back, nor the socket itself."""
    switches = CommandLine.objects.filter(command=command.head_id or command.pk).exists()
    effects = Command.objects.sequence_of(command).values_list("effect", flat=True)
    return switches and not leaves_on(effects) and not comes_back_by_itself(command)


def comes_back_by_itself(command: Command) -> bool:
    """Tell whether the socket switches the lines on again that a command took the power of."""
    try:
        return command.template is not None and command.template.shape.self_restoring
    except (KeyError, catalogue.CatalogueError):
        return False


def _of_text(command: Command) -> Gate | None:
    model = catalogue.models().get(command.model_key)
    if model is None or not model.grammar.fullmatch(command.wire_text()):
        return Gate("grammar", _("The socket would not understand the text."))
    return None


def _of_pause(command: Command, now: datetime) -> Gate | None:
    if Effect(command.effect) in RESENDABLE:
        return None  # whatever is paused
    return pause_of(command.effect, Pause.objects.stopping(command.device, now).first())


def _of_cooldown(command: Command, now: datetime) -> Gate | None:
    if not command.holds_lines:
        return None
    held = CommandLine.objects.filter(command=command, holds=True).values("line_id")
    cooling = CommandLine.objects.filter(line_id__in=held, holds=True, cooldown_until__gt=now)
    if not cooling.exclude(command=command).exists():
        return None
    return Gate("cooldown", _("The line was switched a short time ago."))


def _of_jobs(command: Command, now: datetime) -> Gate | None:
    if not command.by_job:
        return None
    for name, shut in of_jobs.items():
        if why := shut(command, now):
            return Gate(name, why)
    return None
