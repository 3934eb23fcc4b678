"""The worker of `evaluation`: with --players it makes the rows and ends, else it ticks.

It reads a moment (Unix time) a line and answers each with a line of JSON about its tick. The line
`settle` lets the sources have been known for long.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from bench.far_side import mac
from bench.measuring import cpu_seconds, resident

SETTLE = "settle"
LONG_HOLD = 600  # seconds for which a player must be offline
AT_ONCE = 5000  # rows in a statement
SECRETS = {
    "SECRET_KEY": "bench",
    "REMOSA_SECRET_KEYS": "key-of-the-bench-0123456789-abcdefghijklmnop",
}


def main() -> None:
    """Set Django up for DATABASE_URL, then do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("players", "platforms", "jobs"):
        parser.add_argument(f"--{name}", type=int, default=0)
    told = parser.parse_args()
    set_up()
    if told.players:
        make(told.players, told.platforms, told.jobs)
        return
    from remosa.celery import set_apart_what_stays

    set_apart_what_stays()  # as workers do
    for line in sys.stdin:
        if line.strip() == SETTLE:
            settle()
        else:
            print(json.dumps(_tick(float(line))), flush=True)


def set_up() -> None:
    """Set Django up for DATABASE_URL."""
    for name, value in SECRETS.items():
        os.environ.setdefault(name, value)
    os.environ["DJANGO_SETTINGS_MODULE"] = "remosa.settings"
    import django

    django.setup()


def _tick(at: float) -> dict[str, Any]:
    from django.db import connection

    from jobs.evaluation import judge

    connection.ensure_connection()
    backend = int(connection.connection.info.backend_pid)
    rows, ours, theirs = _written(), cpu_seconds(), cpu_seconds(backend)
    began, now = time.perf_counter(), datetime.fromtimestamp(at, UTC)
    tick = judge(now, now)
    seconds = time.perf_counter() - began
    if tick is None:
        raise SystemExit("the slot was evaluated before")
    spent = {"cpu": cpu_seconds() - ours, "database": cpu_seconds(backend) - theirs}
    written = {name: number - rows.get(name, 0) for name, number in _written().items()}
    rss, most = resident()
    return {
        **asdict(tick), **spent, "seconds": seconds, "rss": rss, "most": most,
        "rows": {name: number for name, number in written.items() if number},
    }  # fmt: skip


def settle() -> None:
    """Let sources have been known for long, as they are after ten minutes of slots."""
    from django.db.models import F

    from jobs.models import Clock
    from jobs.steadiness import REMEMBERED

    Clock.objects.update(known_since=F("known_since") - REMEMBERED)


def _written() -> dict[str, int]:
    """Return how many rows of each table were written so far."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables")
        return dict(cursor.fetchall())


def make(
    players: int, platforms: int, jobs: int, hold: int = LONG_HOLD, lives: bool = False
) -> None:
    """Make platforms with an exporter and rules each; their ids are those of the page.

    `hold`: the seconds for which the first rule waits. `lives`: the rules act.
    """
    from django.core.management import call_command

    from exporters.models import Exporter, ExporterProcess, Player, PlayerSource
    from platforms.models import Platform

    call_command("migrate", verbosity=0)
    now = datetime.now(UTC)
    ExporterProcess.objects.create(
        kind="cubic", instance="bench", address="127.0.0.1:1", pinned=True
    )
    each = players // platforms
    for number in range(platforms):
        platform = Platform.objects.create(name=f"Platform {number + 1}")
        exporter: Exporter = Exporter.objects.create(
            platform=platform, name="Malls", kind="cubic", list_version=1
        )
        if not platform.pk == exporter.pk == number + 1:
            raise SystemExit("the database is not empty")
        Player.objects.bulk_create(
            (
                Player(
                    platform=platform, exporter=exporter, identity=mac(own),
                    source=PlayerSource.TYPED, first_seen=now, last_seen=now,
                )
                for own in range(number * each, (number + 1) * each)
            ),
            batch_size=AT_ONCE,
        )  # fmt: skip
        _add_jobs(platform, jobs, hold, lives)


def _add_jobs(platform: Any, number: int, hold: int, lives: bool) -> None:
    """Make rules that differ by how long a player must be offline: all but one 11 minutes on."""
    from bench.fleet_page import STATUS
    from jobs import saving
    from jobs.conditions import Condition, Function, Operator
    from jobs.definition import Definition
    from jobs.models import Job, Mode, MonitoringMetric, Rung
    from jobs.selection import Selection
    from platforms.audit import SYSTEM

    MonitoringMetric.objects.get_or_create(
        name=STATUS.name, defaults={"kind": "cubic", "identity": "mac"}
    )
    offline = Condition(STATUS.name, Function.LAST, 0, Operator.EQUAL, 0.0)
    mode = Mode.LIVE if lives else Mode.SHADOW
    whole = Selection(platform.pk, whole=True)
    first = saving.save(
        Definition(platform, whole, mode=mode, conditions=(offline,), hold=hold), SYSTEM
    )
    fields = {
        each.name: getattr(first, each.name)
        for each in Job._meta.concrete_fields
        if not each.primary_key
    }
    others = Job.objects.bulk_create(
        Job(**{**fields, "name": f"Rule {count}", "hold": 600 + 60 * count})
        for count in range(1, number)
    )
    Rung.objects.bulk_create(Rung(platform=platform, job=job) for job in others)


if __name__ == "__main__":
    main()
