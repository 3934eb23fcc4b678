"""The cache of a running process: restarts, kills, damage, a disk that refuses."""

import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.exporters.process import child
from tests.exporters.process.conftest import RunExporter
from tests.exporters.process.web import Remosa, mac

A = mac(1)
CACHE = ".remosa/cubic_exporter.sqlite3"
DEVICE_INFO = "remosa_exporter_cubic_device_info"


def test_ended_at_any_moment_it_leaves_a_sound_cache(
    exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    devices = [mac(number) for number in range(1, 3001)]
    for turn in range(6):
        remosa.set({4: devices[turn:]})
        with exporter() as process:
            time.sleep(turn * 0.3)
            process.stop(signal.SIGKILL if turn % 2 else signal.SIGTERM)
            assert "put aside" not in process.log
    with sqlite3.connect(tmp_path / CACHE) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@pytest.mark.parametrize("damage", ["text", "truncated", "overwritten", "older", "foreign"])
def test_a_cache_that_cannot_be_used_is_put_aside_and_told(
    damage: str, exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [mac(number) for number in range(1, 501)]})
    cache = tmp_path / CACHE
    with exporter(MAX_AGE="60") as process:
        process.until(lambda: len(process.samples(DEVICE_INFO)) == 500)
        process.stop()
    spoil(cache, damage)
    spoilt = cache.read_bytes()
    with exporter(MAX_AGE="60") as process:
        process.until(lambda: len(process.statuses()) == 500)
        assert "put aside" in process.log
        assert process.value("remosa_exporter_cache_up") == 1
        process.stop()
    (aside,) = cache.parent.glob("*.unusable-*")
    assert aside.read_bytes() == spoilt
    with exporter(MAX_AGE="60") as process:
        assert "put aside" not in process.log


def spoil(cache: Path, damage: str) -> None:
    content = cache.read_bytes()
    if damage == "text":
        cache.write_text("This is no database. " * 1000)
    elif damage == "truncated":
        cache.write_bytes(content[: len(content) // 2])
    elif damage == "overwritten":
        cache.write_bytes(content[:4096] + b"\xff" * 8192 + content[12288:])
    else:
        with sqlite3.connect(cache) as database:
            if damage == "older":
                database.execute("PRAGMA user_version = 0")
            else:
                database.execute("PRAGMA application_id = 7")
        database.close()


def test_it_goes_on_without_a_cache_where_it_cannot_write_one(
    exporter: RunExporter, remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [A]})
    (tmp_path / "file").touch()
    with exporter(CACHE_DB_FILE=str(tmp_path / "file" / "cache.sqlite3")) as process:
        process.until(lambda: process.statuses() == {A: 1})
        assert process.value("remosa_exporter_cache_up") == 0
        assert "Going on without the cache" in process.log
        assert "cache.sqlite3 cannot be used" in process.get("/")[1]


def test_two_processes_do_not_share_a_cache_file(
    exporter: RunExporter, environment: dict[str, str], remosa: Remosa, tmp_path: Path
) -> None:
    remosa.set({4: [A]})
    with exporter() as first:
        first.until(lambda: first.statuses() == {A: 1})
        with child.running(tmp_path, environment) as second:
            second.until(lambda: second.statuses() == {A: 1})
            assert "database is locked" in second.log
            assert second.value("remosa_exporter_cache_up") == 0
        assert first.value("remosa_exporter_cache_up") == 1
