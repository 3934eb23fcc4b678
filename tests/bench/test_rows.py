"""The bench runs, every row of it, on a few players: what it measures there means nothing."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bench.__main__ import ROWS
from bench.far_side import World, device_list, exporter_list
from bench.measuring import Result, Scale, cpu_of_all, cpu_seconds, report
from bench.rows import loop
from bench.soak import soak

ROOT = Path(__file__).parents[2]
IN_REAL_TIME = {"loop", "offline_to_sms"}  # slots of 30 s come no sooner for fewer players


@pytest.mark.parametrize("name", sorted(set(ROWS) - IN_REAL_TIME))
def test_a_row_comes_to_figures_and_goals(name: str) -> None:
    results = list(ROWS[name].run(Scale(share=0.01, repeats=1)))
    assert any(result.goal for result in results)
    assert all(result.told for result in results)


def test_every_row_is_a_word_of_the_bench_and_is_explained() -> None:
    files = {path.stem for path in (ROOT / "bench" / "rows").glob("[a-z]*.py")}
    page = (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")
    assert set(ROWS) == files
    assert [name for name in files if f"`{name}`" not in page] == []


def test_one_missed_goal_makes_a_bad_report(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = Result("a", "1", "<= 2"), Result("b", "3", "<= 2", holds=False)
    assert report([good, Result("c", "told")])
    assert not report([bad, good])
    assert "MISS b: 3" in capsys.readouterr().out


def test_the_cpu_time_of_a_process_is_counted_and_that_of_threads_that_ended() -> None:
    before = cpu_seconds()
    work()
    alone = cpu_seconds() - before
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert 0.01 < alone < 10
    assert cpu_seconds() - before > 1.2 * alone


def test_the_cpu_time_of_processes_that_were_started_is_counted_though_they_ended() -> None:
    before, alone = cpu_of_all(os.getpid()), cpu_seconds()
    code = "sum(range(10_000_000))"
    subprocess.run([sys.executable, "-c", code], check=True)
    of_all, alone = cpu_of_all(os.getpid()) - before, cpu_seconds() - alone
    assert of_all > alone + 0.03


def work() -> None:
    """Something that takes some hundredths of a second."""
    sum(range(3_000_000))


def test_every_platform_of_the_far_side_has_as_many_players_of_its_own() -> None:
    world = World(12, latency=0, change_every=0, platforms=3)
    places = [(row["platform_id"], row["exporter_id"]) for row in json.loads(device_list(world))]
    assert places == [(number, number) for number in (1, 2, 3) for _player in range(4)]
    assert [row["exporter_id"] for row in json.loads(exporter_list(world))] == [1, 2, 3]


BEFORE = {"slots": 10, "known": 1000, "clocks": 1000, "took": 0.5}


@pytest.mark.parametrize(
    ("used", "after", "polls", "missed"),
    [
        (19.0, {"slots": 13}, 0.97, set()),
        (21.0, {"slots": 14}, 1.0, {"CPU of a round"}),
        (19.0, {"slots": 12}, 1.0, {"slots that were not judged"}),
        (19.0, {"slots": 14, "known": 999}, 1.0, {"sources that were not known"}),
        (19.0, {"slots": 14}, 0.9, {"players not asked in a round"}),
    ],
)
def test_a_loop_that_leaves_something_out_is_not_cheap_but_bad(
    used: float, after: dict[str, float], polls: float, missed: set[str]
) -> None:
    parts = {"exporter": used - 1, "worker": 1.0}
    lines = loop.judged(parts, BEFORE, {**BEFORE, **after}, polls, rounds=4.01)
    assert {each.what for each in lines if not each.holds} == missed


def test_a_soak_of_seconds_ends_with_a_good_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak(seconds=25, speed=30, players=20, devices=30, every=1), capsys.readouterr().out
