"""The simulated Lumen CMS, which does not exist: a vendor that no file of ours is written for.

It is what the exporter that is described in the admin alone (kind `json`) is tried on:
`GET /lumen/v2/screens?page[size]=20&page[offset]=40` with a bearer token, or one screen at
`/lumen/v2/screens/by-mac/{mac}`.
"""

from collections.abc import Sequence
from functools import partial
from urllib.parse import parse_qs, unquote

from demo.present import Look
from demo.vendors.lists import ListingVendor, whole
from demo.vendors.shape import Question, Refusal, Request

CODES = {"online": "UP", "offline": "DOWN"}
FARTHEST = 1 << 31


class Lumen(ListingVendor):
    """Knows screens by short names and by MAC; its answer has its list two levels down."""

    name = "lumen"
    title = "Lumen CMS"
    path = "/lumen/v2/"
    address = "/lumen/v2/screens"
    identity = "uid"
    default_limit = 25
    largest_page = 100_000

    def question(self, request: Request) -> Question:
        if request.method != "GET":
            raise Refusal("405 Method Not Allowed", "GET is expected")
        scheme, _, token = request.header("Authorization").partition(" ")
        platform = self.platform(token if scheme.lower() == "bearer" else "")
        by_mac = f"{self.address}/by-mac/"
        if request.path.startswith(by_mac):
            return self._one(platform, unquote(request.path.removeprefix(by_mac)))
        if request.path != self.address:
            raise Refusal("404 Not Found", "not found")
        told = parse_qs(request.query)
        limit = whole(told.get("page[size]", [None])[0], self.default_limit, self.largest_page)
        offset = whole(told.get("page[offset]", [None])[0], 0, FARTHEST)
        looks, total = self.page(platform, offset, limit)
        return Question(platform, looks, partial(write, total=total))

    def _one(self, platform: str, mac: str) -> Question:
        look = self.world.look(identity_of(mac))
        if look is None or look.player.platform != platform:
            raise Refusal("404 Not Found", "no screen has this MAC")
        return Question(platform, (look,), write_one)

    def new_identity(self, number: int) -> str:
        return f"LM-{9000 + number}"


def mac_of(identity: str) -> str:
    """The MAC of a screen, by the number in its short name."""
    number = int(identity.removeprefix("LM-"))
    return f"02:4C:4D:00:{number >> 8 & 255:02X}:{number & 255:02X}"


def identity_of(mac: str) -> str:
    """The short name of the screen with a MAC; empty for what is no MAC of a screen."""
    digits = mac.upper().replace(":", "").replace("-", "")
    if len(digits) != 12 or not digits.startswith("024C4D00"):
        return ""
    try:
        return f"LM-{int(digits[8:], 16):04}"
    except ValueError:
        return ""


def write(looks: Sequence[Look], total: int) -> object:
    return {"result": {"screens": [_screen(look) for look in looks], "total": total}}


def write_one(looks: Sequence[Look]) -> object:
    return {"result": {"screens": [_screen(look) for look in looks]}}


def _screen(look: Look) -> dict[str, object]:
    code = "REBOOTING" if look.is_starting else CODES.get(look.status, look.status.upper())
    return {
        "uid": look.identity,
        "title": look.name,
        "state": {"code": code},
        "net": {"lan": look.ip, "mac": mac_of(look.identity)},
    }
