"""The door through which a demo or a test changes the simulated vendor and its world.

POST /control/<deed> with a JSON object; GET /control shows how things stand. Answers are JSON.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from demo.faults import Fault, Trouble, response
from demo.life import STATUSES, UnknownPlayer

if TYPE_CHECKING:
    from demo.vendors import CubicVendor


class BadDeed(ValueError):
    """The request makes no sense; the text says why."""


def answer(vendor: "CubicVendor", method: str, path: str, body: bytes) -> bytes:
    """Do what a control request asks; 400 with the reason when it cannot be done."""
    deed = path.removeprefix("/control").strip("/")
    try:
        if method == "POST":
            if deed not in DEEDS:
                raise BadDeed(f"no such deed: {deed!r}; there are {', '.join(DEEDS)}")
            told = json.loads(body) if body.strip() else {}
            if not isinstance(told, dict):
                raise BadDeed("a JSON object is expected")
            DEEDS[deed](vendor, told)
        elif deed:
            raise BadDeed("GET /control, or POST /control/<deed>")
    except UnknownPlayer as error:
        return _json("404 Not Found", {"error": f"no player has the MAC {error.args[0]!r}"})
    except KeyError as error:
        return _json("400 Bad Request", {"error": f"{error.args[0]} is missing"})
    except (ValueError, TypeError) as error:
        return _json("400 Bad Request", {"error": str(error)})
    return _json("200 OK", state(vendor))


def state(vendor: "CubicVendor") -> dict[str, Any]:
    """How things stand: settings of the vendor, and how many players are in which state."""
    answers = map(vendor.world.answer, vendor.world.players)
    counted = Counter("unknown" if known is None else known["status"] for known in answers)
    return {
        "answering": vendor.answering,
        "fault": vendor.trouble.fault,
        "latency": vendor.latency,
        "error_share": vendor.error_share,
        "requests": vendor.requests,
        "players": dict(counted),
    }


def stop(vendor: "CubicVendor", told: Mapping[str, Any]) -> None:
    """Cut every connection that asks for a player."""
    vendor.answering = False


def start(vendor: "CubicVendor", told: Mapping[str, Any]) -> None:
    """Answer again, without any fault."""
    vendor.answering = True
    vendor.trouble = Trouble()


def latency(vendor: "CubicVendor", told: Mapping[str, Any]) -> None:
    """Answer after low to high seconds: {"low": 0.05, "high": 0.3}."""
    low, high = float(told["low"]), float(told["high"])
    if not 0 <= low <= high <= 600:
        raise BadDeed("0 <= low <= high <= 600 is expected")
    vendor.latency = (low, high)


def errors(vendor: "CubicVendor", told: Mapping[str, Any]) -> None:
    """Answer an honest 503 now and then: {"share": 0..1}."""
    vendor.error_share = _share(told["share"])


def fault(vendor: "CubicVendor", told: Mapping[str, Any]) -> None:
    """Fail, always or for some players or a share: {"fault": name, "macs": [], "share": 1}."""
    name = told["fault"]
    vendor.trouble = Trouble(
        fault=None if name is None else Fault(name),
        macs=frozenset(map(str, told.get("macs", ()))),
        share=_share(told.get("share", 1.0)),
    )


def player(vendor: "CubicVendor", told: Mapping[str, Any]) -> None:
    """Set one player by hand: {"mac", "status", "ip", "outip"}; null gives it back its own life."""
    if (status := told.get("status")) is not None and status not in STATUSES:
        raise BadDeed(f"a status is one of {', '.join(STATUSES)}, or null")
    done = vendor.world.condition(told["mac"])
    for name in ("status", "ip", "outip"):
        if name in told:
            setattr(done, name, told[name])


def power_cycle(vendor: "CubicVendor", told: Mapping[str, Any]) -> None:
    """Cut a player's power and give it back, so that a hung one boots: {"mac"}."""
    vendor.world.cycle_power(told["mac"])


DEEDS: dict[str, Callable[["CubicVendor", Mapping[str, Any]], None]] = {
    "stop": stop,
    "start": start,
    "latency": latency,
    "errors": errors,
    "fault": fault,
    "player": player,
    "power-cycle": power_cycle,
}


def _share(value: Any) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise BadDeed("a share is a number from 0 to 1")
    return share


def _json(status: str, value: Mapping[str, Any]) -> bytes:
    return response(status, json.dumps(value, ensure_ascii=False).encode())
