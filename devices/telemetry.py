"""What is seen of the players that hang on lines: rows joined with samples. Decides nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from exporters import observations
from exporters.asking import Ask, Outage
from exporters.description import describe, row_key, watched
from exporters.models import Player
from exporters.since import Point

from .evidence import Sight
from .models import Binding, Command, CommandLine


def players_of(commands: Collection[Command]) -> Mapping[int, Sequence[Player]]:
    """Return the players by the command that switches their lines: two queries.

    Those that hung there when it went out and still do: one that was moved says nothing of it.
    """
    heads = {command.head_id or command.pk for command in commands}
    lines: dict[int, set[int]] = defaultdict(set)
    for head, line in CommandLine.objects.filter(command__in=heads).values_list("command", "line"):
        lines[head].add(line)
    bindings = Binding.objects.filter(
        line__in=set().union(*lines.values()), ended_at=None, player__retired_at=None
    ).select_related("player__platform", "player__exporter", "player__site", "player__mac")
    on_line: dict[int, list[Binding]] = defaultdict(list)
    for binding in bindings:
        on_line[binding.line_id].append(binding)
    return {
        command.pk: [
            binding.player
            for line in sorted(lines[command.head_id or command.pk])
            for binding in on_line[line]
            if command.wire_at is not None and binding.since <= command.wire_at
        ]
        for command in commands
    }


def look(ask: Ask, players: Iterable[Player], now: datetime, seconds: int) -> Mapping[int, Sight]:
    """Return what is seen of players, by their ids: a fixed number of queries for all of them.

    Nobody is seen while Prometheus is silent or answers in part.
    """
    rows = list({player.pk: player for player in players}.values())
    devices, outage = describe(ask, rows, now, with_since=False)
    lines = samples(ask, rows, seconds)
    if outage is not None or isinstance(lines, Outage):
        return {}
    return {
        device.player_id: Sight(device.state, lines.get(device.player_id, ())) for device in devices
    }


def samples(
    ask: Ask, players: Sequence[Player], seconds: int
) -> Mapping[int, tuple[Point, ...]] | Outage:
    """Return the status samples of players of the last seconds, by their ids."""
    found = observations.of_late(ask, [watched(player) for player in players], seconds)
    if isinstance(found, Outage):
        return found
    return {player.pk: found.get(row_key(player), ()) for player in players}
