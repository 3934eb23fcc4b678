"""What the page of a player tells of jobs: lent to it in apps.py."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from exporters.models import Player
from platforms.models import User

from . import gate_words, watchers


def jobs_panel(person: User, player: Player) -> SafeString:
    """Tell which jobs watch a player, its state under each, and the open episodes."""
    rows = [
        {
            "watched": each,
            "held": gate_words.told(each.episode.suppressed, each.episode.detail).text
            if each.episode is not None and each.episode.suppressed
            else "",
        }
        for each in watchers.of(person, player)
    ]
    context = {"rows": rows, "player": player}
    return mark_safe(render_to_string("admin/jobs/beside_player.html", context))  # noqa: S308 (a template escaped it)
