"""How many commands a second the road carries, beside a bare loop on the same server.

`python -m tests.crashlab.throughput`: the median of several runs, taken in turns, as JSON. The
bare loop does what no durable outbox can do without: one INSERT and three UPDATEs, a commit each.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.crashlab.running import database

SOCKETS = 50
TABLE = "CREATE TABLE IF NOT EXISTS bare (id bigserial PRIMARY KEY, state text, at timestamptz)"


def together(deed: Callable[[], None], workers: int) -> float:
    """Return the seconds until all threads are done."""
    threads = [threading.Thread(target=deed) for _ in range(workers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def bare(address: str, number: int, workers: int) -> float:
    """Return rows a second: INSERT, then UPDATE to claimed, sending, accepted."""

    def loop() -> None:
        with psycopg.connect(address, autocommit=True) as server:
            server.execute("SET synchronous_commit = on")
            for _ in range(number // workers):
                row = server.execute(
                    "INSERT INTO bare (state, at) VALUES ('queued', now()) RETURNING id"
                ).fetchone()
                for state in ("claimed", "sending", "accepted"):
                    server.execute(
                        "UPDATE bare SET state = %s WHERE id = %s", (state, *(row or ()))
                    )

    return number / together(loop, workers)


def road(number: int, workers: int) -> tuple[float, float]:
    """Return commands given a second by one, and carried to the wire and recorded by all."""
    from django.db import connection
    from django.utils import timezone

    from devices import outbox
    from devices.models import Device
    from platforms.models import Platform
    from tests.devices import world

    platform = Platform.objects.create(name=f"Throughput {time.monotonic_ns()}")
    sockets: list[Device] = [world.make_socket(platform) for _ in range(SOCKETS)]
    began = time.monotonic()
    for at in range(number):
        world.give(sockets[at % SOCKETS], "status", {}, now=timezone.now())
    given = time.monotonic() - began
    gateway = world.Gateway()

    def carry() -> None:
        try:
            while outbox.turn(gateway):
                pass
        finally:
            connection.close()

    carried = together(carry, workers)
    if len(gateway.log) != number:
        raise RuntimeError(f"{len(gateway.log)} of {number} commands were sent")
    return number / given, number / carried


def main() -> None:
    """Start a server that waits for its disk, measure in turns, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("number", 1000), ("workers", 4), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    told = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="remosa-road-", dir="/tmp"))
    os.environ.pop("DATABASE_URL", None)  # the rates are those of a server that waits for its disk
    with database(folder):
        address = f"host={folder / 'postgres'} user=postgres dbname=postgres"
        with psycopg.connect(address, autocommit=True) as server:
            server.execute(TABLE)
        rates = [
            (bare(address, told.number, told.workers), *road(told.number, told.workers))
            for _ in range(told.repeats)
        ]
    loop, given, carried = (statistics.median(each) for each in zip(*rates, strict=True))
    report = {
        "bare_rows_s": round(loop),
        "given_s": round(given),
        "carried_s": round(carried),
        "carried_to_bare": round(carried / loop, 3),
        "workers": told.workers,
        "commands": told.number,
        "repeats": told.repeats,
    }
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
