"""Taking sockets into use and out of it, and hanging players on their lines."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from exporters.models import Player
from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import Platform

from . import phones
from .models import Binding, Device, DeviceLine


class Refused(Exception):
    """A socket or a binding that cannot be; the text says why."""


class LimitReached(Refused):
    """The platform has no room for one more socket."""


class PhoneTaken(Refused):
    """Some socket in use has this phone. The words are the same whosever it is."""


def register(device: Device, actor: Actor, region: str | None = None) -> Device:
    """Store a new socket with its lines; raise Refused, or PhoneError for what is no number."""
    device.phone = phones.normalise(device.phone, region)
    with transaction.atomic():
        platform = Platform.objects.locked(device.platform_id)
        limit, used = platform.sockets_limit, _in_use(platform)
        if limit is not None and used >= limit:
            raise LimitReached(
                ngettext(
                    "This platform may have %(limit)s socket.",
                    "This platform may have %(limit)s sockets.",
                    limit,
                )
                % {"limit": limit}
            )
        _save(device)
        DeviceLine.objects.bulk_create(
            DeviceLine(platform_id=device.platform_id, device=device, number=number)
            for number in sorted(device.model.shape.every_line)
        )
        _record(device, Action.CREATED, actor)
    return device


def retire(device: Device, actor: Actor) -> None:
    """Take a socket out of use: its phone is free, its players hang on nothing, history stays."""
    now = timezone.now()
    with transaction.atomic():
        Platform.objects.locked(device.platform_id)
        Binding.objects.filter(line__device=device, ended_at=None).update(ended_at=now)
        device.retired_at = now
        device.save(update_fields=["retired_at"])
        _record(device, Action.DELETED, actor)


def bind(player: Player, line: DeviceLine, actor: Actor) -> Binding:
    """Hang a player on a line; what it hung on before stays in the history."""
    if player.platform_id != line.platform_id:
        raise ValueError("a player and its socket are of one platform")
    with transaction.atomic():
        Platform.objects.locked(line.platform_id)
        Binding.objects.filter(player=player, ended_at=None).update(ended_at=timezone.now())
        binding: Binding = Binding.objects.create(
            platform_id=line.platform_id, player=player, line=line
        )
        _record(binding, Action.CREATED, actor)
    return binding


def unbind(player: Player, actor: Actor) -> None:
    """Take a player off its line."""
    with transaction.atomic():
        for binding in Binding.objects.select_for_update().filter(player=player, ended_at=None):
            binding.ended_at = timezone.now()
            binding.save(update_fields=["ended_at"])
            _record(binding, Action.DELETED, actor)


def _in_use(platform: Platform) -> int:
    return Device.objects.in_use().filter(platform=platform).count()


def _save(device: Device) -> None:
    try:
        with transaction.atomic():
            device.save(force_insert=True)
    except IntegrityError as error:
        if Device.objects.in_use().filter(phone=device.phone).exists():
            raise PhoneTaken(_("This phone number cannot be used.")) from error
        raise


def _record(target: Device | Binding, action: Action, actor: Actor) -> None:
    after = audit.snapshot(target)
    audit.record(actor, action, target, platform_id=target.platform_id, after=after)
