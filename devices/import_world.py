"""What is there that a list of sockets could be about: sockets, models, sites, players, room."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platforms.models import Platform, Site

from . import player_names
from .models import Binding, Device, DeviceModel
from .player_names import Named
from .socket_sheet import Row

BATCH = 900  # SQLite takes 1,000 values a query


@dataclass
class World:
    """What is there now, read once; `room` and `hung_here` are counted while the plan is made."""

    platform: Platform
    sockets: Mapping[str, Device]
    foreign: frozenset[str]
    models: Sequence[DeviceModel]
    sites: Sequence[Site]
    players: Mapping[str, list[Named]]
    hanging: Mapping[int, tuple[str, str, int]]  # player: its line for people, phone, number
    names: set[str]
    room: int | None
    hung_here: dict[int, int] = field(default_factory=dict)  # player: line of the file


def read(platform: Platform, rows: Sequence[Row]) -> World:
    """Read what the rows could be about: a fixed number of queries for each 900 of them."""
    own = Device.objects.in_use().filter(platform=platform).select_related("model")
    sockets = {device.phone: device for device in own}
    current = Platform.objects.get(pk=platform.pk)
    limit = current.sockets_limit
    players = player_names.find(platform.pk, {row.player for row in rows})
    return World(
        platform=current,
        sockets=sockets,
        foreign=_foreign(platform, {row.phone for row in rows} - set(sockets)),
        models=list(DeviceModel.objects.filter(withdrawn_at=None).order_by("key")),
        sites=list(Site.objects.filter(platform=platform)),
        players=players,
        hanging=_hanging({each.pk for found in players.values() for each in found}),
        names={device.name for device in sockets.values()},
        room=None if limit is None else limit - len(sockets),
    )


def _foreign(platform: Platform, phones: set[str]) -> frozenset[str]:
    # unscoped: whether some platform uses the number, and nothing of whose it is
    taken = Device.objects.in_use().exclude(platform=platform)
    return frozenset(
        phone
        for part in _parts(sorted(phones))
        for phone in taken.filter(phone__in=part).values_list("phone", flat=True)
    )


def _hanging(players: set[int]) -> Mapping[int, tuple[str, str, int]]:
    found = {}
    for part in _parts(sorted(players)):
        bindings = Binding.objects.filter(player__in=part, ended_at=None)
        values = ("player_id", "line__device__name", "line__device__phone", "line__number")
        for pk, name, phone, number in bindings.values_list(*values):
            found[pk] = (f"{name} · {number}", phone, number)
    return found


def _parts(values: list[Any]) -> Iterable[list[Any]]:
    return (values[at : at + BATCH] for at in range(0, len(values), BATCH))
