"""What the pages of players tell of sockets: on which line a player hangs, and its last state."""

from collections.abc import Collection, Mapping

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from exporters.models import Player
from platforms.models import User

from .line_states import age, badge
from .models import Binding

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
    }
    return mark_safe(render_to_string("admin/devices/device/beside_player.html", context))  # noqa: S308 (a template escaped it)
