"""The simulated CubicMedia: one request per player, answered by a list with one object."""

from collections.abc import Sequence
from urllib.parse import unquote_plus

from demo.present import Look
from demo.vendors.shape import Question, Refusal, Request, Vendor


class Cubic(Vendor):
    """Knows players by MAC, and asks nobody who they are."""

    name = "cubic"
    title = "CubicMedia"
    path = "/api/v0.1/"
    address = "/api/v0.1/players/status-check?mac="
    identity = "mac"
    subjects = "macs"

    def question(self, request: Request) -> Question:
        if request.method != "GET" or f"{request.path}?mac=" != self.address:
            raise Refusal("404 Not Found", "not found")
        mac = unquote_plus(request.query.removeprefix("mac=").partition("&")[0])
        look = self.world.look(mac)
        return Question(mac, () if look is None or look.status == "unknown" else (look,), write)


def write(looks: Sequence[Look]) -> object:
    return [
        {"status": look.status, "name": look.name, "ip": look.ip, "outIp": look.outip}
        for look in looks
    ]
