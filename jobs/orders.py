"""What a rung of a job sends to the socket of a player: found, filled in, and not given yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from devices import checks
from devices.checks import CommandRefused, Wish
from devices.composition import ParametersRefused, TextRefused
from devices.models import CommandTemplate, DeviceLine
from devices.offers import Restart, restart_of
from devices.senders import Sender
from devices.templates import Danger
from platforms.keyring import KeyRingError
from platforms.models import Platform
from platforms.roles import Deed

from .models import Action, Rung

FOR_JOBS = (Danger.NONE, Danger.POWER)


class Order(NamedTuple):
    """A command that can be given, with the values it is given with."""

    wish: Wish
    values: Mapping[str, str]

    @property
    def shown(self) -> str:
        """Return what would go out, message by message, as pages may show it."""
        return " · ".join(each.shown for each in self.wish.composed.messages)[:480]


class NoOrder(NamedTuple):
    """Why a rung cannot be sent to this socket: a code, and the sentence of whoever refused."""

    code: str
    why: str = ""


class _Worker:
    """Whoever asks for the templates of a job: no person. Its platform narrows what is found."""

    def reaches_every_platform(self, deed: Deed) -> bool:
        return deed is Deed.SEE

    def platform_ids(self, deed: Deed) -> Any:
        return Platform.objects.none().values("pk")

    def known_platform_ids(self, deed: Deed) -> None:
        """Tell that no roles are remembered."""


@dataclass
class Orders:
    """Makes orders at one moment; the restart of a model is looked up once a platform and line."""

    now: datetime
    _restarts: dict[tuple[int, int, int], Restart | None] = field(default_factory=dict)

    def of(self, rung: Rung, line: DeviceLine, sender: Sender) -> Order | NoOrder:
        """Return what the rung sends to the socket of a line, which it has to be about."""
        template, values = rung.template, {}
        if template is not None and template.model_id == line.device.model_id:
            try:
                values = rung.values
            except KeyRingError:
                return NoOrder("parameters")
        return self.with_values(rung.action, template, values, line, sender)

    def with_values(
        self,
        action: str,
        template: CommandTemplate | None,
        values: Mapping[str, str],
        line: DeviceLine,
        sender: Sender,
    ) -> Order | NoOrder:
        """Return what a rung that need not be stored sends to the socket of a line."""
        device = line.device
        if action == Action.RESTART:
            restart = self._restart(line)
            if restart is None:
                return NoOrder("no_restart")
            template, values = restart
        elif template is None or template.model_id != device.model_id:
            return NoOrder("other_model")
        try:
            shape = checks.shape_of(template, device)
            if isinstance(shape.lines, str):
                values = {**values, shape.lines: str(line.number)}
            wish = checks.wish(template, device, values, sender, self.now)
        except CommandRefused as error:
            return NoOrder(error.code, str(error))
        except (ParametersRefused, TextRefused, KeyRingError):
            return NoOrder("parameters")  # their texts may hold a value, which may be a secret
        if not template.for_jobs or wish.composed.danger not in FOR_JOBS:
            return NoOrder("danger")
        if wish.composed.lines and line.number not in wish.composed.lines:
            return NoOrder("other_line")
        return Order(wish, values)

    def _restart(self, line: DeviceLine) -> Restart | None:
        key = (line.platform_id, line.device.model_id, line.number)
        if key not in self._restarts:
            found = restart_of(_Worker(), line.device, line.number, for_jobs=True)
            self._restarts[key] = found
        return self._restarts[key]
