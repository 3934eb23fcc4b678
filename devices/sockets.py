"""Taking sockets into use and out of it, changing them, and what hangs on their lines."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from exporters.models import Player
from platforms import audit
from platforms.audit import Action, Actor
from platforms.models import Membership, Platform, User
from platforms.roles import Role

from . import phones
from .models import Assignment, Binding, Device, DeviceLine, SmsGateway

# What people change of a socket in use. The rest is told by it: nothing of that is written back.
CHANGED = ("model", "name", "phone", "site", "gateway", "notes", "enabled", "reset_only")


class Refused(Exception):
    """A socket or a binding that cannot be; the text says why."""


class LimitReached(Refused):
    """The platform has no room for one more socket."""


class ModelTooSmall(Refused):
    """Players hang on a line that the new model does not have."""


class PhoneTaken(Refused):
    """Some socket in use has this phone. The words are the same whosever it is."""


def register(device: Device, actor: Actor, region: str | None = None) -> Device:
    """Store a new socket with its lines; raise Refused, or PhoneError for what is no number."""
    device.phone = phones.normalise(device.phone, region)
    with transaction.atomic():
        platform = Platform.objects.locked(device.platform_id)
        if why := full(platform):
            raise LimitReached(why)
        _save(device, force_insert=True)
        DeviceLine.objects.bulk_create(
            DeviceLine(platform_id=device.platform_id, device=device, number=number)
            for number in sorted(device.model.shape.every_line)
        )
        _record(device, Action.CREATED, actor)
    return device


def change(device: Device, actor: Actor, region: str | None = None) -> Device:
    """Store what was changed of a socket in use; its lines follow its model.

    Raises as `register` does. Commands on their way to the old phone or model are not sent.
    """
    device.phone = phones.normalise(device.phone, region)
    with transaction.atomic():
        Platform.objects.locked(device.platform_id)
        # unscoped: the row that the caller reached by for_user
        old = Device.objects.get(pk=device.pk)
        fields = list(CHANGED)
        if device.model_id != old.model_id:
            _fit_lines(device)
        if device.phone != old.phone:
            device.commissioned_at = None
            fields.append("commissioned_at")
        _save(device, update_fields=fields)
        was, now = audit.difference(audit.snapshot(old), audit.snapshot(device))
        if was or now:
            on = device.platform_id
            audit.record(actor, Action.CHANGED, device, platform_id=on, before=was, after=now)
    return device


def rename(line: DeviceLine, name: str, actor: Actor) -> None:
    """Call a line by another name."""
    before, line.name = line.name, name
    with transaction.atomic():
        line.save(update_fields=["name"])
        audit.record(
            actor,
            Action.CHANGED,
            line,
            platform_id=line.platform_id,
            before={"name": before},
            after={"name": name},
        )


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


def assign(user: User, device: Device, actor: Actor) -> None:
    """Let a member who is only a user command a socket."""
    if not assignable(device).filter(pk=user.pk).exists():
        raise ValueError("sockets are assigned to users of their platform alone")
    with transaction.atomic():
        row, is_new = Assignment.objects.get_or_create(
            platform_id=device.platform_id, user=user, device=device
        )
        if is_new:
            _record(row, Action.CREATED, actor)


def unassign(user: User, device: Device, actor: Actor) -> None:
    """Take that away."""
    with transaction.atomic():
        for row in Assignment.objects.select_for_update().filter(user=user, device=device):
            _record(row, Action.DELETED, actor)
            row.delete()


def take_back(leaving: Membership, actor: Actor) -> None:
    """Take every socket away from somebody who leaves the platform."""
    given = Assignment.objects.filter(user=leaving.user_id, platform=leaving.platform_id)
    with transaction.atomic():
        for row in given.select_for_update(of=("self",)).select_related("user", "device"):
            _record(row, Action.DELETED, actor)
            row.delete()


def assignable(device: Device) -> QuerySet[User]:
    """Return the members to whom a socket can be given: whoever stands higher has all of them."""
    found: QuerySet[User] = User.objects.filter(
        is_active=True,
        memberships__platform_id=device.platform_id,
        memberships__role=Role.USER,
    ).order_by("email")
    return found


def full(platform: Platform) -> str:
    """Return why a platform takes no further socket, "" while it does."""
    limit = platform.sockets_limit
    if limit is None or in_use(platform) < limit:
        return ""
    return ngettext(
        "This platform may have %(limit)s socket.",
        "This platform may have %(limit)s sockets.",
        limit,
    ) % {"limit": limit}


def region_of(platform_id: int, gateway: SmsGateway | None) -> str | None:
    """Return where numbers without a country's code belong, by the gateway that would send."""
    if gateway is None:
        usable = SmsGateway.objects.usable_on(platform_id).filter(enabled=True)
        gateway = usable.order_by(F("platform_id").asc(nulls_last=True), "pk").first()
    return (gateway.region or None) if gateway is not None else None


def taken(phone: str, but: int | None = None) -> bool:
    """Tell whether a socket in use, of whatever platform, has this phone."""
    return Device.objects.in_use().filter(phone=phone).exclude(pk=but).exists()


def _fit_lines(device: Device) -> None:
    """Make the lines that the new model has; refuse to leave players on lines that it lacks."""
    numbers = device.model.shape.every_line
    lines = DeviceLine.objects.filter(device=device)
    hung = Binding.objects.filter(line__device=device, ended_at=None)
    lost = hung.exclude(line__number__in=numbers).order_by("line__number").first()
    if lost is not None:
        raise ModelTooSmall(too_small_message(lost.line.number))
    there = set(lines.values_list("number", flat=True))
    DeviceLine.objects.bulk_create(
        DeviceLine(platform_id=device.platform_id, device=device, number=number)
        for number in sorted(numbers - there)
    )


def in_use(platform: Platform) -> int:
    """Return how many sockets count towards the limit of a platform."""
    return Device.objects.in_use().filter(platform=platform).count()


def _save(device: Device, **options: Any) -> None:
    try:
        with transaction.atomic():
            device.save(**options)
    except IntegrityError as error:
        if taken(device.phone, device.pk):
            raise PhoneTaken(taken_message()) from error
        raise


def too_small_message(number: int) -> str:
    """Return why a socket cannot become one of a model that lacks this line."""
    text = _("Take the players off line %(number)s first: the new model has no such line.")
    return text % {"number": number}


def taken_message() -> str:
    """Return the same words whosever the phone is: a platform learns nothing of the others."""
    return _("This phone number cannot be used.")


def _record(target: Device | Binding | Assignment, action: Action, actor: Actor) -> None:
    after = audit.snapshot(target)
    audit.record(actor, action, target, platform_id=target.platform_id, after=after)
