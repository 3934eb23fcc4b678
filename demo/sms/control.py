"""What a demo or a test does to the simulated gateway and the sockets behind it.

`/control/gateway/<deed>` and `/control/sockets/<deed>`, as for vendors: see demo.control.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from demo.faults import Fault, Trouble
from demo.sms.crowd import Crowd
from demo.sms.gateway import FAULTS, Gateway
from demo.sms.network import Habits

Told = Mapping[str, Any]
DOORS = ("gateway", "sockets")
DEEDS_OF_SMS = ("stop", "start", "fault", "network", "mains", "silence", "register")


class GatewayDoor:
    """Deeds on the gateway and on the network behind it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._usual = gateway.network.habits
        self.deeds: Mapping[str, Callable[[Told], None]] = {
            "stop": self.stop,
            "start": self.start,
            "fault": self.fault,
            "network": self.network,
        }

    def state(self) -> dict[str, Any]:
        """How things stand."""
        gateway = self.gateway
        return {
            "up": gateway.is_up,
            "fault": gateway.trouble.fault,
            "takes": gateway.takes,
            "requests": gateway.requests,
            "sent": gateway.sent,
            "received": gateway.received,
            "waiting": len(gateway.inbox),
            "network": asdict(gateway.network.habits) | dict(gateway.network.counts),
        }

    def stop(self, told: Told) -> None:
        """Refuse every connection."""
        self.gateway.is_up = False

    def start(self, told: Told) -> None:
        """Answer again without any fault, and let the network be as it was."""
        self.gateway.is_up = True
        self.gateway.trouble, self.gateway.takes = Trouble(), False
        self.gateway.network.habits = self._usual

    def fault(self, told: Told) -> None:
        """Fail, always or for a share: {"fault": name, "share": 1, "takes": false, "seconds": 5}.

        "takes" true: the message goes out all the same. "numbers" limits it to some sockets.
        """
        name = told["fault"]
        fault = None if name is None else Fault(name)
        if fault is not None and fault not in FAULTS:
            raise ValueError(f"a gateway has no such fault; it has {', '.join(sorted(FAULTS))}")
        self.gateway.trouble = Trouble(
            fault=fault,
            subjects=frozenset(map(str, told.get("numbers", ()))),
            share=_within(told.get("share", 1.0), 1),
            seconds=_within(told.get("seconds", 5.0), 3600),
        )
        self.gateway.takes = bool(told.get("takes", False))

    def network(self, told: Told) -> None:
        """Change how messages travel, by the names of `Habits`: {"loss": 1} loses everything."""
        names = {field.name for field in fields(Habits)}
        if not told or set(told) - names:
            raise ValueError(f"some of {', '.join(sorted(names))} are expected")
        seconds = {"low", "high", "late_seconds"}
        values = {name: _within(told[name], 3600 if name in seconds else 1) for name in told}
        habits = replace(self.gateway.network.habits, **values)
        if habits.low > habits.high:
            raise ValueError("low <= high is expected")
        self.gateway.network.habits = habits


class SocketsDoor:
    """Deeds on one socket: {"socket": its phone, or a player that hangs on it}."""

    def __init__(self, crowd: Crowd, now: Callable[[], float]) -> None:
        self.crowd = crowd
        self.now = now
        self.deeds: Mapping[str, Callable[[Told], None]] = {
            "mains": self.mains,
            "silence": self.silence,
            "register": self.register,
        }

    def state(self) -> dict[str, Any]:
        """How many there are, and those of which something is to be told."""
        sockets = self.crowd.sockets
        off = [
            f"{phone} line {line}"
            for phone, socket in sockets.items()
            for line, on in socket.lines.items()
            if not on
        ]
        return {
            "models": dict(Counter(each.installed.model.value for each in sockets.values())),
            "off": off,
            "without_mains": [phone for phone, each in sockets.items() if not each.has_mains],
            "silent": [phone for phone, each in sockets.items() if each.is_silent],
        }

    def mains(self, told: Told) -> None:
        """Take the mains or give them back: {"socket", "on": false}."""
        self.crowd.switch_mains(self.crowd.find(str(told["socket"])), bool(told["on"]), self.now())

    def silence(self, told: Told) -> None:
        """Take a socket out of reach of the network, or back: {"socket", "silent": true}."""
        self.crowd.find(str(told["socket"])).is_silent = bool(told.get("silent", True))

    def register(self, told: Told) -> None:
        """Give a socket another administrator: {"socket", "admin": "+79161234567"}; null: none."""
        admin = told["admin"]
        self.crowd.find(str(told["socket"])).admin = None if admin is None else str(admin)


def _within(value: Any, most: float) -> float:
    number = float(value)
    if not 0 <= number <= most:
        raise ValueError(f"a number from 0 to {most} is expected")
    return number
