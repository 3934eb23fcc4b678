"""The simulated AddReality: one platform's devices as a list, by POST, in pages."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from demo.present import Look
from demo.vendors.lists import ListingVendor, whole
from demo.vendors.shape import Question, Refusal, Request

VERSIONS = ("5.3.1", "5.3.1", "5.3.0", "5.2.7", "4.9.12")
TIME_ZONES = ("Europe/Moscow", "Europe/Moscow", "Asia/Yekaterinburg", "Asia/Novosibirsk")
FARTHEST = 1 << 31


class AddReality(ListingVendor):
    """Knows devices by number; the token of a platform is a header of its own."""

    name = "addreality"
    title = "AddReality"
    path = "/public/v1/"
    address = "/public/v1/device/list"
    identity = "id"
    default_limit = 100
    largest_page = 100_000

    def question(self, request: Request) -> Question:
        if request.path != self.address:
            raise Refusal("404 Not Found", "not found")
        if request.method != "POST":
            raise Refusal("405 Method Not Allowed", "POST is expected")
        platform = self.platform(request.header("X-API-Token"))
        try:
            told = json.loads(request.body)
        except ValueError:
            told = None
        if not isinstance(told, dict) or not isinstance(told.get("id", []), list):
            raise Refusal("400 Bad Request", "a JSON object is expected")
        limit = whole(told.get("limit"), self.default_limit, self.largest_page)
        offset = whole(told.get("offset"), 0, FARTHEST)
        looks, _ = self.page(platform, offset, limit)
        if wanted := {str(each) for each in told.get("id", [])}:
            looks = [
                look
                for look in self.world.looks(self.world.of_platform(platform))
                if look.identity in wanted
            ]
        return Question(platform, looks, self.write)

    def write(self, looks: Sequence[Look]) -> object:
        return {"data": [self._device(look) for look in looks]}

    def _device(self, look: Look) -> dict[str, object]:
        first, second, third = look.player.draw
        moment = look.last_online
        seen = "" if moment is None else iso_utc(self.world.clock.date(moment))
        return {
            "id": int(look.identity),
            "name": look.name,
            "connection_state": look.status,
            "player_status": "pause" if look.is_paused else "playback",
            "last_online": seen,
            "player_version": VERSIONS[int(first * len(VERSIONS))],
            "time_zone": TIME_ZONES[int(second * len(TIME_ZONES))],
            "activation_state": third < 0.97,
        }

    def new_identity(self, number: int) -> str:
        return str(900_000 + number)


def iso_utc(seconds: float) -> str:
    """A Unix time as ISO 8601, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
