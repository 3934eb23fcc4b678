"""What the pages of players tell of sockets: on which line a player hangs, and its last state."""

from collections.abc import Collection, Mapping

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from exporters.models import Player
from platforms.audit import Actor
from platforms.models import User

from .line_states import age, badge
from .models import Binding
from .senders import Sender
from .templates import Danger

MOST_OTHERS = 20


def socket_cells(person: User, player_ids: Collection[int]) -> Mapping[int, SafeString]:
    """Return a link to the socket of each player that hangs on one."""
    rows = Binding.objects.for_user(person).filter(player__in=player_ids, ended_at=None)
    return {
        row.player_id: format_html(
            '<a class="rm-name" href="{}"><bdi>{}</bdi> · {}</a>',
            reverse("admin:devices_device_change", args=[row.line.device_id]),
            row.line.device.name,
            row.line.number,
        )
        for row in rows.select_related("line__device")
    }


def restart_cells(person: User, player_ids: Collection[int]) -> Mapping[int, SafeString]:
    """Return a link to the restart of each player that the person may switch."""
    rows = Binding.objects.for_user(person).filter(player__in=player_ids, ended_at=None)
    bound = list(rows.filter(line__device__enabled=True).select_related("line__device"))
    allowed = _sender(person).among(Danger.POWER, [row.line.device for row in bound])
    return {
        row.player_id: format_html(
            '<a class="rm-button" href="{}"><span class="material-symbols-outlined" '
            'aria-hidden="true">restart_alt</span>{}</a>',
            reverse("admin:devices_command_restart", args=[row.player_id]),
            _("Reboot"),
        )
        for row in bound
        if row.line.device_id in allowed
    }


def socket_panel(person: User, player: Player) -> SafeString:
    """Tell of the socket of a player, and who else hangs on the line."""
    rows = Binding.objects.for_user(person).filter(ended_at=None)
    binding = rows.filter(player=player).select_related("line__device__model").first()
    others = rows.none()
    if binding is not None:
        others = rows.filter(line=binding.line).exclude(pk=binding.pk).select_related("player")
    now = timezone.now()
    context = {
        "binding": binding,
        "line": binding.line if binding else None,
        "device": binding.line.device if binding else None,
        "badge": badge(binding.line) if binding else "",
        "age": age(binding.line.told_at, now) if binding else "",
        "others": list(others[:MOST_OTHERS]),
        "may_restart": binding is not None
        and _sender(person).may(Danger.POWER, binding.line.device),
        "player": player,
    }
    return mark_safe(render_to_string("admin/devices/device/beside_player.html", context))  # noqa: S308 (a template escaped it)


def _sender(person: User) -> Sender:
    return Sender(Actor(str(person), "admin", person.pk), person)
