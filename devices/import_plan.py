"""What a list of sockets would do: the plan that the page previews and importing carries out.

Reads; locks nothing and writes nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from platforms.models import Platform, Site

from . import sockets
from .import_world import World, read
from .models import Device, DeviceModel
from .player_names import Named
from .socket_sheet import SHARED, Row

CHANGEABLE = ("name", "site_id", "notes", "enabled", "reset_only")


class NewSocket(NamedTuple):
    """A socket that would be taken into use; `line` is that of the file."""

    line: int
    phone: str
    name: str
    model_id: int
    site_id: int | None
    notes: str
    enabled: bool
    reset_only: bool
    namesake: bool  # another socket in use has this name


class Changed(NamedTuple):
    """A socket that would change: column, before, after."""

    line: int
    pk: int
    name: str
    columns: tuple[tuple[str, Any, Any], ...]


class Hung(NamedTuple):
    """A player that would hang on a line; `before` names the line on which it hangs now, if any."""

    line: int
    phone: str
    number: int
    player_id: int
    player: str
    before: str


class Refusal(NamedTuple):
    """A line of the file that would do nothing, and why."""

    row: Row
    why: str


@dataclass(frozen=True)
class Plan:
    """What becomes of each line of the file."""

    created: list[NewSocket] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    hung: list[Hung] = field(default_factory=list)
    already: list[Row] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def writes(self) -> int:
        """Return how many things it would do."""
        return len(self.created) + len(self.changed) + len(self.hung)

    def digest(self) -> str:
        """Return a text that is the same for the same writes and refusals alone."""
        lines = [refusal.row.line for refusal in self.refused]
        writes = repr((self.created, self.changed, self.hung, lines))
        return hashlib.sha256(writes.encode()).hexdigest()


class PlanChanged(Exception):
    """The writes would no longer be the agreed ones; `now` is what they would be."""

    def __init__(self, now: Plan) -> None:
        super().__init__("sockets or players have changed since")
        self.now = now


class _Refused(Exception):
    """One line, or all lines of a socket, cannot be used; the text says why."""


def plan(platform: Platform, rows: Sequence[Row]) -> Plan:
    """Say what importing these rows would do now; a socket is known by its phone."""
    world = read(platform, rows)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.phone, []).append(row)
    outcome = Plan()
    for phone, group in groups.items():
        try:
            _plan_socket(world, outcome, phone, group)
        except _Refused as error:
            outcome.refused.extend(Refusal(row, str(error)) for row in group)
    outcome.refused.sort(key=lambda refusal: refusal.row.line)
    return outcome


def _plan_socket(world: World, outcome: Plan, phone: str, group: list[Row]) -> None:
    if phone in world.foreign:
        raise _Refused(sockets.taken_message())
    said = {name: _first(getattr(row, name) for row in group) for name in SHARED}
    socket = world.sockets.get(phone)
    model = _model(world, said["model"], socket)
    site = _site(world, said["site"])
    hung, refused = _players(world, model, group)
    usable = [row for row in group if row.line not in {each.row.line for each in refused}]
    if usable and socket is None:
        outcome.created.append(_new(world, usable[0], said, model, site))
    changed = None if socket is None or not usable else _changed(usable[0], socket, said, site)
    if changed is not None:
        outcome.changed.append(changed)
    for each in hung:
        world.hung_here[each.player_id] = each.line
    writes = [
        each for each in hung if world.hanging.get(each.player_id, ("",) * 3)[1:] != each[1:3]
    ]
    outcome.hung.extend(writes)
    outcome.refused.extend(refused)
    idle = {row.line for row in usable} - {each.line for each in writes}
    if socket is None or changed is not None:
        idle.discard(usable[0].line if usable else 0)
    outcome.already.extend(row for row in usable if row.line in idle)


def _first(values: Iterable[Any]) -> Any:
    """Return what is said, the first time it is."""
    return next((value for value in values if value not in ("", None)), None)


def _model(world: World, text: str | None, socket: Device | None) -> DeviceModel:
    if text is None:
        if socket is None:
            names = ", ".join(model.key for model in world.models)
            raise _Refused(_("A new socket needs its model: %(names)s.") % {"names": names})
        return socket.model
    wanted = _plain(text)
    found = next(
        (
            model
            for model in world.models
            if wanted in (_plain(model.key), _plain(model.name), _plain(model.name.split()[-1]))
        ),
        None,
    )
    if found is None:
        names = ", ".join(model.key for model in world.models)
        raise _Refused(_("There is no such socket model. Known are: %(names)s.") % {"names": names})
    if socket is not None and socket.model_id != found.pk:
        raise _Refused(
            _("This socket is a %(model)s. For other hardware replace it on its own page.")
            % {"model": socket.model}
        )
    return found


def _plain(text: str) -> str:
    return "".join(mark for mark in text.casefold() if mark.isalnum())


def _site(world: World, text: str | None) -> Site | None:
    if text is None:
        return None
    exact = [site for site in world.sites if site.name == text]
    alike = exact or [site for site in world.sites if site.name.casefold() == text.casefold()]
    if not alike:
        raise _Refused(_("There is no such site on this platform: add it first."))
    if len(alike) > 1:
        raise _Refused(_("Several sites are called like this: write the name exactly."))
    return alike[0]


def _players(
    world: World, model: DeviceModel, group: list[Row]
) -> tuple[list[Hung], list[Refusal]]:
    hung: list[Hung] = []
    refused: list[Refusal] = []
    met: dict[int, int] = {}
    for row in group:
        try:
            number = _number(model, row)
            player = _player(world, row, number)
        except _Refused as error:
            refused.append(Refusal(row, str(error)))
            continue
        if player is None:
            continue
        first = met.get(player.pk) or world.hung_here.get(player.pk)
        if first is not None:
            why = _("This player stands on line %(line)s already.") % {"line": first}
            refused.append(Refusal(row, why))
            continue
        met[player.pk] = row.line
        before = world.hanging.get(player.pk, ("", "", 0))[0]
        hung.append(Hung(row.line, row.phone, number, player.pk, player.title, before))
    return hung, refused


def _number(model: DeviceModel, row: Row) -> int:
    lines = sorted(model.shape.every_line)
    if row.number is None:
        if row.player and len(lines) > 1:
            raise _Refused(
                _("Say on which line the player hangs: 1 to %(most)s.") % {"most": lines[-1]}
            )
        return lines[0]
    if row.number not in lines:
        raise _Refused(
            _("There is no line %(number)s: this model has %(most)s.")
            % {"number": row.number, "most": len(lines)}
        )
    return row.number


def _player(world: World, row: Row, number: int) -> Named | None:
    if not row.player:
        return None
    found = world.players.get(row.player, [])
    if not found:
        raise _Refused(_("There is no such player on this platform."))
    if len(found) > 1:
        # What was exported reads the same again, though two exporters have the player.
        here = [each for each in found if world.hanging.get(each.pk, ())[1:] == (row.phone, number)]
        if len(here) != 1:
            raise _Refused(
                _("%(count)s players are called like this: write the MAC or the device id.")
                % {"count": len(found)}
            )
        return here[0]
    return found[0]


def _new(
    world: World, row: Row, said: Mapping[str, Any], model: DeviceModel, site: Site | None
) -> NewSocket:
    if said["name"] is None:
        raise _Refused(_("A new socket needs a name."))
    if world.room is not None:
        if world.room <= 0:
            raise _Refused(
                _("The platform may have %(limit)s sockets and has them all.")
                % {"limit": world.platform.sockets_limit}
            )
        world.room -= 1
    namesake = said["name"] in world.names
    world.names.add(said["name"])
    return NewSocket(
        line=row.line,
        phone=row.phone,
        name=said["name"],
        model_id=model.pk,
        site_id=site.pk if site else None,
        notes=said["notes"] or "",
        enabled=said["enabled"] is not False,
        reset_only=said["reset_only"] is True,
        namesake=namesake,
    )


def _changed(
    row: Row, socket: Device, said: Mapping[str, Any], site: Site | None
) -> Changed | None:
    wanted = {**said, "site_id": site.pk if site else None}
    columns = tuple(
        (name, getattr(socket, name), wanted[name])
        for name in CHANGEABLE
        if wanted[name] is not None and getattr(socket, name) != wanted[name]
    )
    return Changed(row.line, socket.pk, socket.name, columns) if columns else None
