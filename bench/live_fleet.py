"""The rows of an installation: with --players it makes them and ends, else it tells what is done.

With a gateway every player hangs on a socket of its own, and jobs restart by themselves. It answers
every line that it reads with a line of JSON; at `settle` it first lets sources be known for long.
"""

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.ticks import AT_ONCE, LONG_HOLD, SETTLE, make, set_up, settle

GATEWAY_KEY = "key-of-the-bench"
HOLD = 60  # seconds for which a player must be offline


def phone(number: int) -> str:
    """Return the phone of the socket of a player, from 0."""
    return f"+7900{number:07}"


def main() -> None:
    """Set Django up for DATABASE_URL, then do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("players", "platforms", "jobs"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--gateway", default="")
    told = parser.parse_args()
    set_up()
    if told.players:
        lives = bool(told.gateway)
        make(told.players, told.platforms, told.jobs, HOLD if lives else LONG_HOLD, lives)
        _let_workers_find_their_timetable()
        if lives:
            _hang_on_sockets(told.gateway)
        return
    for line in sys.stdin:
        if line.strip() == SETTLE:
            settle()
        print(json.dumps(_told()), flush=True)


def _let_workers_find_their_timetable() -> None:
    from devices import synchronisation
    from remosa import timetable

    synchronisation.synchronise()
    timetable.synchronise()


def _hang_on_sockets(gateway: str) -> None:
    """Give every player a socket, long ago."""
    from devices.models import Binding, Device, DeviceLine, DeviceModel, SmsGateway
    from exporters.models import Player
    from jobs.models import Job

    SmsGateway.objects.create(name="Bench", driver="http", address=gateway, secret=GATEWAY_KEY)
    model = DeviceModel.objects.get(key="simpal_d210")
    players = list(Player.objects.order_by("pk"))
    sockets = Device.objects.bulk_create(
        (
            Device(platform_id=each.platform_id, model=model, name=f"Socket {number}",
                   phone=phone(number))
            for number, each in enumerate(players)
        ),
        batch_size=AT_ONCE,
    )  # fmt: skip
    lines = DeviceLine.objects.bulk_create(
        (DeviceLine(platform_id=each.platform_id, device=each, number=1) for each in sockets),
        batch_size=AT_ONCE,
    )
    Binding.objects.bulk_create(
        (
            Binding(platform_id=player.platform_id, player=player, line=line)
            for player, line in zip(players, lines, strict=True)
        ),
        batch_size=AT_ONCE,
    )
    long_ago = datetime.now(UTC) - timedelta(days=1)
    Binding.objects.update(since=long_ago)
    Job.objects.update(changed_at=long_ago)


def _told() -> dict[str, Any]:
    """Return how many slots were judged, and by phone when the first episode went which way.

    `held`: why an episode that got no command waits. `known`, `clocks`: of how many sources the
    last slot told something, and how many there are.
    """
    from jobs.models import Clock, Engine, Episode, JobExecution

    went = {
        each.command.phone: [
            moment.timestamp()
            for moment in (each.episode.opened_at, each.commanded_at, each.command.created_at)
        ]
        for each in JobExecution.objects.select_related("command", "episode").order_by("-pk")
        if each.command is not None and each.commanded_at is not None
    }
    held = Episode.objects.open().filter(attempts=0).values_list("suppressed", flat=True)
    engine = Engine.objects.first()
    return {
        "slots": engine.ticks if engine else 0,
        "missed": engine.missed if engine else 0,
        "took": engine.took if engine else 0.0,
        "known": Clock.objects.filter(known=True).count(),
        "clocks": Clock.objects.count(),
        "went": went,
        "held": sorted(set(held)),
    }


if __name__ == "__main__":
    main()
