"""The vendor and Remosa's API as a load sees them: answers made beforehand, a latency, one process.

Not the simulated vendors of `demo`, which live and fail: this one must cost less than whoever
asks it. It takes a GET or POST with or without a small body, one at a time on a connection.
"""

import argparse
import contextlib
import json
import select
import signal
import socket
import sys
import time
from collections import deque
from typing import NamedTuple

SHORTEST_WAIT = 0.001  # seconds; epoll counts in these
READ_SIZE = 64 * 1024
ASK = b"GET /status?mac="
PLATFORM, EXPORTER = 1, 1  # where there is only one


class World(NamedTuple):
    """How many players there are, how long an answer takes, and how often 2 % change.

    Of all, 1 % are offline; with each change it is others.
    """

    players: int
    latency: float  # seconds
    change_every: float  # seconds; 0: never
    platforms: int = 1  # of an exporter each; their ids begin with 1, like those of exporters


def mac(number: int) -> str:
    """Return the address of a player, from 0."""
    text = f"{0x024000000000 + number:012X}"
    return ":".join(text[at : at + 2] for at in range(0, 12, 2))


def said(number: int, status: str) -> bytes:
    """Return what the vendor says of a player, about as long as the real one's."""
    third, fourth = divmod(number, 250)
    player = {
        "status": status,
        "name": f"Shop {number % 997}, screen {number}",
        "ip": f"10.{third // 250}.{third % 250}.{fourth + 1}",
        "outIp": f"94.72.61.{number % 250 + 1}",
    }
    return json.dumps([player]).encode()


def device_list(world: World) -> bytes:
    """Return the list as Remosa streams it."""
    each = world.players // world.platforms
    rows = (
        {
            "platform_id": PLATFORM + number // each,
            "exporter_id": EXPORTER + number // each,
            "mac": mac(number),
            "name": f"Player {number}",
            "ip": "",
            "outip": "",
        }
        for number in range(each * world.platforms)
    )
    return b"[" + b",".join(json.dumps(row).encode() for row in rows) + b"]"


def exporter_list(world: World) -> bytes:
    """Return the exporters, as Remosa tells an exporter process of them."""
    rows = [
        {
            "platform_id": PLATFORM + number,
            "exporter_id": EXPORTER + number,
            "name": f"Bench {number}",
            "exporter_type": "cubic",
            "enabled": True,
            "configuration": {},
        }
        for number in range(world.platforms)
    ]
    return json.dumps(rows).encode()


def http(body: bytes, *headers: str, code: str = "200 OK") -> bytes:
    """Return a whole answer."""
    lines = (f"HTTP/1.1 {code}", "Content-Type: application/json", *headers)
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


class FarSide:
    """One thread that answers in the order in which answers become due."""

    def __init__(self, world: World) -> None:
        self._world = world
        numbers = range(world.players)
        self._index = {mac(number).encode(): number for number in numbers}
        self._online = [http(said(number, "online")) for number in numbers]
        self._offline = [http(said(number, "offline")) for number in numbers]
        self._pages = {
            b"/api/v1/exporter-macs": http(device_list(world), 'ETag: "1"'),
            b"/api/v1/platform-exporters": http(exporter_list(world), 'ETag: "1"'),
        }
        self._not_modified = http(b"", 'ETag: "1"', code="304 Not Modified")
        self._asked = 0
        self._due: deque[tuple[float, socket.socket, bytes]] = deque()
        self._connections: dict[int, socket.socket] = {}
        self._epoll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.setblocking(False)
        self._epoll.register(self._listener, select.EPOLLIN)
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        """Serve for ever."""
        while True:
            wait = -1.0
            if self._due:
                wait = max(SHORTEST_WAIT, self._due[0][0] - time.monotonic())
            for fd, _events in self._epoll.poll(wait):
                if fd == self._listener.fileno():
                    self._accept()
                else:
                    self._read(self._connections[fd])
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _when, connection, answer = self._due.popleft()
                self._send(connection, answer)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _peer = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.setblocking(False)
                self._connections[connection.fileno()] = connection
                self._epoll.register(connection, select.EPOLLIN)

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(READ_SIZE)
        except ConnectionError:
            data = b""
        if not data:
            del self._connections[connection.fileno()]
            connection.close()
        elif data.startswith(ASK):
            self._asked += 1
            number = self._index[data[len(ASK) : len(ASK) + 17].upper()]
            answer = (self._offline if self._is_offline(number) else self._online)[number]
            self._due.append((time.monotonic() + self._world.latency, connection, answer))
        else:
            self._send(connection, self._page(data))

    def _is_offline(self, number: int) -> bool:
        every = self._world.change_every
        step = int(time.monotonic() / every) if every else 0
        return (number + step) % 100 == 0

    def _page(self, data: bytes) -> bytes:
        path = data.split(b" ", 2)[1].partition(b"?")[0]
        if path == b"/asked":
            return http(str(self._asked).encode())
        page = self._pages.get(path)
        if page is None:
            return http(b'{"instance": "bench", "address": "127.0.0.1:0"}')
        return self._not_modified if b'\r\nif-none-match: "1"' in data.lower() else page

    def _send(self, connection: socket.socket, answer: bytes) -> None:
        with contextlib.suppress(OSError):  # it is gone, and so is its question
            sent = connection.send(answer)
            if sent < len(answer):  # the list, which is longer than a socket's buffer
                connection.settimeout(60)
                connection.sendall(answer[sent:])
                connection.setblocking(False)


def main() -> None:
    """Read the world from the command line, say the port, serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--change-every", type=float, default=0.0)
    parser.add_argument("--platforms", type=int, default=1)
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    world = World(told.players, told.latency, told.change_every, told.platforms)
    far_side = FarSide(world)
    sys.stdout.write(f"{far_side.port}\n")
    sys.stdout.flush()
    far_side.run()


if __name__ == "__main__":
    main()
