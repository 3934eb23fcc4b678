"""What truly became of the simulated players, for a report on what Remosa did about them.

Read by `GET /control/truth`; vendors that lie or are away have no part in it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from demo.losses import Loss
from demo.present import Clock, World
from demo.sms.gateway import Gateway


class TruthDoor:
    """Tells who hangs and who lost power, with dates in Unix time; there is nothing to change."""

    deeds: Mapping[str, Callable[[Mapping[str, Any]], None]] = {}

    def __init__(self, worlds: Mapping[str, World], gateway: Gateway, clock: Clock) -> None:
        self.worlds = worlds
        self.gateway = gateway
        self.clock = clock

    def state(self) -> dict[str, Any]:
        """Return the players that hang now, the last losses of power, and the last messages."""
        return {
            "now": self.clock.date(self.clock.now()),
            "began": self.clock.date(0.0),
            "speed": self.clock.speed,
            "hanging": [each for name in self.worlds for each in self._hanging(name)],
            "losses": [
                self._of_loss(name, loss)
                for name, world in self.worlds.items()
                for loss in world.losses
            ],
            "told": [
                {"at": self._date(each.at), "socket": each.phone, "well": sorted(each.well)}
                for each in self.gateway.told
            ],
        }

    def _hanging(self, vendor: str) -> Iterator[dict[str, Any]]:
        world = self.worlds[vendor]
        for look in world.looks(world.players.values()):
            if look.hung_since is not None:
                yield self._of(vendor, look.identity) | {"since": self._date(look.hung_since)}

    def _of_loss(self, vendor: str, loss: Loss) -> dict[str, Any]:
        told = loss.told
        return self._of(vendor, loss.identity) | {
            "at": self._date(loss.at),
            "was_well": loss.was_well,
            "hung_since": self._date(loss.hung_since),
            "told_at": None if told is None else self._date(told.at),
            "was_well_when_told": loss.was_well_when_told,
        }

    def _of(self, vendor: str, identity: str) -> dict[str, Any]:
        crowd = self.gateway.crowd
        sockets = crowd.sockets.items() if crowd.world is self.worlds[vendor] else ()
        phone = next(
            (
                phone
                for phone, socket in sockets
                if any(identity in line for line in socket.installed.players.values())
            ),
            None,
        )
        return {"vendor": vendor, "player": identity, "socket": phone}

    def _date(self, moment: float | None) -> float | None:
        return None if moment is None else round(self.clock.date(moment), 1)
