"""The simulated world as one process: vendors on one port, the SMS gateway on another."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from demo import control
from demo.present import Clock
from demo.sms import wiring
from demo.sms.agenda import Agenda
from demo.sms.control import GatewayDoor, SocketsDoor
from demo.sms.crowd import Crowd
from demo.sms.gateway import Gateway
from demo.sms.network import STEADY, Habits, Network
from demo.switches import SWITCHES, SwitchDoor, switch
from demo.truth import TruthDoor
from demo.vendors import Sizes, simulated
from demo.vendors.protocol import Answering, Connection, Control
from demo.vendors.shape import Vendor
from demo.world import SEED
from remosa.ports import LOOPBACK

TICK_SECONDS = 0.1


class Simulation:
    """Everybody of the world, for one process; the sockets act on the vendors' players."""

    def __init__(
        self,
        sizes: Sizes,
        clock: Clock,
        seed: int = SEED,
        *,
        steady: bool = False,
        switches: Path | None = None,
    ) -> None:
        """Build it; `steady`: no message is lost or late, and no socket loses its mains.

        `switches`: the folder by which processes of the demo are stopped; None: they are not.
        """
        self.clock = clock
        self.vendors: Mapping[str, Vendor] = simulated(sizes, clock, seed)
        self.network = Network(Agenda(), seed, STEADY if steady else Habits())
        self.gateway = Gateway(clock, self.network)
        installed = wiring.installed(sizes.fleets(seed), seed)
        world = self.vendors[wiring.VENDOR].world
        self.crowd = Crowd(installed, world, self.network, self.gateway.take, outages=not steady)
        self.gateway.crowd = self.crowd
        worlds = {name: vendor.world for name, vendor in self.vendors.items()}
        self.doors: Mapping[str, control.Door] = {
            "gateway": GatewayDoor(self.gateway),
            "sockets": SocketsDoor(self.crowd, clock.now),
            "truth": TruthDoor(worlds, self.gateway, clock),
            **({} if switches is None else {n: SwitchDoor(switch(switches, n)) for n in SWITCHES}),
        }

    def tick(self) -> None:
        """Let happen what is due."""
        self.network.agenda.advance(self.clock.now())


class Listener:
    """A port of this machine that can be shut, so that connections are refused, and opened."""

    def __init__(self, answering: Sequence[Answering], control: Control | None = None) -> None:
        self.answering = answering
        self.control = control
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self, port: int, *, shared: bool = False) -> None:
        """Listen; 0 is any free port. OSError."""
        loop = asyncio.get_running_loop()
        connection = partial(Connection, self.answering, self.control, loop)
        self._server = await loop.create_server(
            connection, LOOPBACK, port, backlog=4096, reuse_port=shared
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None

    @property
    def is_open(self) -> bool:
        return self._server is not None


async def serve(
    simulation: Simulation,
    port: int,
    gateway_port: int | None,
    listening: Callable[[int, int | None], None],
    *,
    shared: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT; `listening` gets the ports, which were chosen if 0 was asked.

    `gateway_port` None: there is no gateway, and nothing happens to the sockets. `shared`: other
    processes serve the vendors' port too, and the kernel spreads the connections.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    doors = simulation.doors if gateway_port is not None else control.NO_DOORS

    def controlled(method: str, path: str, body: bytes) -> bytes:
        return control.answer(simulation.vendors, method, path, body, doors)

    vendors = Listener(list(simulation.vendors.values()), controlled)
    gateway = Listener([simulation.gateway])
    await vendors.open(port, shared=shared)
    if gateway_port is not None:
        await gateway.open(gateway_port)
    listening(vendors.port, None if gateway_port is None else gateway.port)
    while not ended.is_set():
        if gateway_port is not None:
            simulation.tick()
            await _as_told(gateway, simulation.gateway.is_up)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), TICK_SECONDS if gateway_port is not None else None)
    vendors.shut()
    gateway.shut()


async def _as_told(gateway: Listener, is_up: bool) -> None:
    """Open or shut the gateway's port where somebody asked for it."""
    if gateway.is_open and not is_up:
        gateway.shut()
    elif is_up and not gateway.is_open:
        # Somebody else may have taken the port meanwhile: the next tick tries again.
        with contextlib.suppress(OSError):
            await gateway.open(gateway.port)
