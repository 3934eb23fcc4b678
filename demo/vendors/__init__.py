"""The simulated vendors: one file each, `protocol.py` is the wire under all of them.

They speak what the real ones speak; `/control` is the simulation's own door (demo.control).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo import world
from demo.present import Clock, World
from demo.vendors.addreality import AddReality
from demo.vendors.cubic import Cubic
from demo.vendors.lumen import Lumen
from demo.vendors.shape import Vendor
from demo.world import SimulatedPlayer

VENDORS: dict[str, type[Vendor]] = {vendor.name: vendor for vendor in (Cubic, AddReality, Lumen)}


@dataclass(frozen=True)
class Sizes:
    """How many players each vendor has."""

    players: int = world.COUNT
    devices: int = world.DEVICES
    screens: int = world.SCREENS

    def fleets(self, seed: int = world.SEED) -> Mapping[str, Sequence[SimulatedPlayer]]:
        """The players by vendor."""
        return {
            Cubic.name: world.fleet(seed, self.players),
            AddReality.name: world.devices(seed, self.devices),
            Lumen.name: world.screens(seed, self.screens),
        }


def simulated(sizes: Sizes, clock: Clock, seed: int = world.SEED) -> Mapping[str, Vendor]:
    """All vendors with their players, on one clock."""
    fleets = sizes.fleets(seed)
    return {name: vendor(World(fleets[name], clock), seed) for name, vendor in VENDORS.items()}
