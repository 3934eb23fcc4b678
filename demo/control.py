"""The door through which a demo or a test changes the simulated vendors and their worlds.

POST /control/<vendor>/<deed> with a JSON object; GET /control shows how things stand. JSON back.
Beside the vendors there are the gateway and the sockets (demo.sms.control), processes that can be
stopped (demo.switches), and the truth about players (demo.truth), at GET /control/truth.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from demo.faults import Fault, Trouble, response
from demo.life import STATUSES
from demo.present import UnknownPlayer
from demo.sms.crowd import UnknownSocket
from demo.vendors.lists import ListingVendor, Paging

if TYPE_CHECKING:
    from demo.vendors.shape import Vendor


class BadDeed(ValueError):
    """The request makes no sense; the text says why."""


class Door(Protocol):
    """What is controlled beside the vendors: the gateway, the sockets."""

    @property
    def deeds(self) -> Mapping[str, Callable[[Mapping[str, Any]], None]]: ...

    def state(self) -> dict[str, Any]:
        """How things stand."""


NO_DOORS: Mapping[str, Door] = MappingProxyType({})


def answer(
    vendors: Mapping[str, "Vendor"],
    method: str,
    path: str,
    body: bytes,
    doors: Mapping[str, Door] = NO_DOORS,
) -> bytes:
    """Do what a control request asks; 400 with the reason when it cannot be done."""
    name, _, deed = path.removeprefix("/control").strip("/").partition("/")
    if method != "POST" and not name:
        stands = {each.name: state(each) for each in vendors.values()}
        # Long, and of use to a report alone.
        others = {each: door.state() for each, door in doors.items() if each != "truth"}
        return _json("200 OK", stands | others)
    if method != "POST" and name in doors:
        return _json("200 OK", doors[name].state())
    try:
        if method != "POST":
            raise BadDeed("GET /control, or POST /control/<vendor>/<deed>")
        if name in doors:
            _do_there(doors[name], deed, body)
            return _json("200 OK", doors[name].state())
        if name not in vendors:
            raise BadDeed(f"no such vendor: {name!r}; there are {', '.join((*vendors, *doors))}")
        _do(vendors[name], deed, body)
    except UnknownPlayer as error:
        word = _word(vendors[name])
        return _json("404 Not Found", {"error": f"no player has the {word} {error.args[0]!r}"})
    except UnknownSocket as error:
        text = f"no socket has the phone or the player {error.args[0]!r}"
        return _json("404 Not Found", {"error": text})
    except KeyError as error:
        return _json("400 Bad Request", {"error": f"{error.args[0]} is missing"})
    except (ValueError, TypeError) as error:
        return _json("400 Bad Request", {"error": str(error)})
    return _json("200 OK", state(vendors[name]))


def _do_there(door: Door, deed: str, body: bytes) -> None:
    told = _told(body)
    if deed not in door.deeds:
        raise BadDeed(f"no such deed: {deed!r}; there are {', '.join(door.deeds)}")
    door.deeds[deed](told)


def _told(body: bytes) -> dict[str, Any]:
    told = json.loads(body) if body.strip() else {}
    if not isinstance(told, dict):
        raise BadDeed("a JSON object is expected")
    return told


def _do(vendor: "Vendor", deed: str, body: bytes) -> None:
    told = _told(body)
    if deed in DEEDS:
        DEEDS[deed](vendor, told)
    elif deed not in LIST_DEEDS:
        raise BadDeed(f"no such deed: {deed!r}; there are {', '.join((*DEEDS, *LIST_DEEDS))}")
    elif not isinstance(vendor, ListingVendor):
        raise BadDeed(f"{vendor.title} has no list: {deed} is for vendors that have one")
    else:
        LIST_DEEDS[deed](vendor, told)


def state(vendor: "Vendor") -> dict[str, Any]:
    """How things stand: settings of a vendor, and how many players are in which state."""
    looks = vendor.world.looks(vendor.world.players.values())
    stands: dict[str, Any] = {
        "answering": vendor.answering,
        "fault": vendor.trouble.fault,
        "latency": vendor.latency,
        "error_share": vendor.error_share,
        "requests": vendor.requests,
        "players": dict(Counter(look.status for look in looks)),
    }
    if isinstance(vendor, ListingVendor):
        stands |= {"paging": vendor.paging, "shrunk_to": vendor.shrunk_to}
    return stands


def stop(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Cut every connection that asks for a player."""
    vendor.answering = False


def start(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Answer again, without any fault."""
    vendor.answering = True
    vendor.trouble = Trouble()
    if isinstance(vendor, ListingVendor):
        vendor.paging = Paging.HONOURS
        vendor.shrunk_to = None


def latency(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Answer after low to high seconds: {"low": 0.05, "high": 0.3}."""
    low, high = float(told["low"]), float(told["high"])
    if not 0 <= low <= high <= 600:
        raise BadDeed("0 <= low <= high <= 600 is expected")
    vendor.latency = (low, high)


def errors(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Answer an honest 503 now and then: {"share": 0..1}."""
    vendor.error_share = _share(told["share"])


def fault(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Fail, always or for some or a share: {"fault": name, "share": 1, "seconds": 5}.

    "macs" or "platforms" limits it, as the vendor has it; "seconds" is for 429 and for dripping.
    """
    name, seconds = told["fault"], float(told.get("seconds", 5.0))
    if not 0 <= seconds <= 3600:
        raise BadDeed("0 <= seconds <= 3600 is expected")
    vendor.trouble = Trouble(
        fault=None if name is None else Fault(name),
        subjects=frozenset(map(str, told.get(vendor.subjects, ()))),
        share=_share(told.get("share", 1.0)),
        seconds=seconds,
    )


def player(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Set one player by hand: {"mac", "status", "ip", "outip"}; null gives it back its own life.

    Instead of "mac": "id" at AddReality, "uid" at Lumen CMS.
    """
    if (status := told.get("status")) is not None and status not in STATUSES:
        raise BadDeed(f"a status is one of {', '.join(STATUSES)}, or null")
    done = vendor.world.condition(str(told[vendor.identity]))
    for name in ("status", "ip", "outip"):
        if name in told:
            setattr(done, name, told[name])
    if "status" in told:
        done.told_at = vendor.world.clock.now()


def power_cycle(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Cut a player's power and give it back, so that a hung one boots: {"mac"}."""
    vendor.world.cycle_power(str(told[vendor.identity]))


def hang(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Hang a player until its power is cycled: {"mac"}."""
    vendor.world.hang(str(told[vendor.identity]))


def rename(vendor: "Vendor", told: Mapping[str, Any]) -> None:
    """Give a player another name: {"mac", "name"}."""
    vendor.world.rename(str(told[vendor.identity]), str(told["name"]))


def paging(vendor: ListingVendor, told: Mapping[str, Any]) -> None:
    """Make something of limit and offset: {"mode": "honours"}, or another Paging."""
    vendor.paging = Paging(told["mode"])


def shrink(vendor: ListingVendor, told: Mapping[str, Any]) -> None:
    """List a platform's first players alone: {"to": 10}; null lists all again."""
    left = told["to"]
    if left is not None and (not isinstance(left, int) or left < 0):
        raise BadDeed("to is how many players are left, or null")
    vendor.shrunk_to = left


def add(vendor: ListingVendor, told: Mapping[str, Any]) -> None:
    """Install new players: {"platform": name, "count": 1}."""
    count = int(told.get("count", 1))
    if not 1 <= count <= 100_000:
        raise BadDeed("1 <= count <= 100000 is expected")
    vendor.add(told["platform"], count)


def remove(vendor: ListingVendor, told: Mapping[str, Any]) -> None:
    """Take players away: {"ids": [..]} at AddReality, {"uids": [..]} at Lumen CMS."""
    for identity in told[f"{vendor.identity}s"]:
        vendor.world.remove(str(identity))


DEEDS: dict[str, Callable[["Vendor", Mapping[str, Any]], None]] = {
    "stop": stop,
    "start": start,
    "latency": latency,
    "errors": errors,
    "fault": fault,
    "player": player,
    "power-cycle": power_cycle,
    "hang": hang,
    "rename": rename,
}
LIST_DEEDS: dict[str, Callable[[ListingVendor, Mapping[str, Any]], None]] = {
    "paging": paging,
    "shrink": shrink,
    "add": add,
    "remove": remove,
}


def _word(vendor: "Vendor") -> str:
    return "MAC" if vendor.identity == "mac" else vendor.identity


def _share(value: Any) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise BadDeed("a share is a number from 0 to 1")
    return share


def _json(status: str, value: Mapping[str, Any]) -> bytes:
    return response(status, json.dumps(value, ensure_ascii=False).encode())
