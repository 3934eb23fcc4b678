"""100,000 players with three series each: a first exposition, a refresh, a scrape."""

import socket
import statistics
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.measuring import Result, Scale, at_least, at_most, timed
from bench.processes import child, get, port_of, serving

TITLE = "100,000 players with 3 series each: exposition and scrape, against prometheus_client"
PLAYERS = 100_000
REFRESH_GOAL, SCRAPE_GOAL, FLOOR_GOAL = 40.0, 500.0, 2.0


def run(scale: Scale) -> Iterator[Result]:
    """Make and change the bytes, then fetch them, as they are and from a file."""
    sizes = ("--players", scale.of(PLAYERS), "--rounds", scale.repeats)
    theirs = statistics.median(child("bench.client_gauges", *sizes))
    with serving("bench.ready_bytes", *sizes) as (first_line, ours):
        first, *refreshes = map(float, first_line.split())
        refresh = statistics.median(refreshes)
        packed = _floor_and_ours(ours, True, scale)
        plain = _floor_and_ours(ours, False, scale)
    told = f"{theirs:.3g} CPU s a generate_latest"
    yield Result("first exposition", f"{first:.3g} CPU s")
    yield at_least(
        "refresh after 1 % changed, in every chunk", theirs / refresh, REFRESH_GOAL,
        f"{refresh * 1000:.3g} CPU ms, {told}",
    )  # fmt: skip
    yield at_least(
        "scrape as Prometheus asks for it (gzip)", theirs / packed[1], SCRAPE_GOAL,
        f"{packed[1] * 1000:.3g} ms, {packed[2] / 1e6:.2g} MB",
    )  # fmt: skip
    for name, (floor, seconds, size) in (("gzip", packed), ("plain", plain)):
        yield at_most(
            f"scrape {name} to a bare sendfile of the same bytes", seconds / floor, FLOOR_GOAL,
            "times", f"{seconds * 1000:.3g} ms, {floor * 1000:.3g} ms for {size / 1e6:.2g} MB",
        )  # fmt: skip


def _floor_and_ours(port: int, gzip: bool, scale: Scale) -> tuple[float, float, int]:
    """Return the seconds of a file, of ours, and the bytes."""
    body = get(f"http://127.0.0.1:{port}/metrics", gzip)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(body)
        with port_of("bench.static_file", "--file", file.name) as floor:
            seconds: tuple[list[float], list[float]] = ([], [])
            for _turn in range(8 * scale.repeats):  # in turns: other work of the machine hits both
                for each, found in zip((floor, port), seconds, strict=True):
                    found.append(timed(partial(fetch, each, gzip)))
    return statistics.median(seconds[0]), statistics.median(seconds[1]), len(body)


def fetch(port: int, gzip: bool) -> int:
    """Read a whole answer as cheaply as can be; return its bytes."""
    accepted = "Accept-Encoding: gzip\r\n" if gzip else ""
    question = f"GET /metrics HTTP/1.1\r\nHost: bench\r\n{accepted}Connection: close\r\n\r\n"
    buffer, size = bytearray(1 << 20), 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(question.encode())
        while got := connection.recv_into(buffer):
            size += got
    return size
