"""The bench runs, every row of it, on a few players: what it measures there means nothing."""

from pathlib import Path

import pytest

from bench.__main__ import ROWS
from bench.measuring import Result, Scale, cpu_seconds, report
from bench.soak import soak

ROOT = Path(__file__).parents[2]
IN_REAL_TIME = {"offline_to_sms"}  # slots of 30 s come no sooner for fewer players


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


def test_the_cpu_time_of_a_process_is_counted() -> None:
    before = cpu_seconds()
    sum(range(3_000_000))
    assert 0.01 < cpu_seconds() - before < 10


def test_a_soak_of_seconds_ends_with_a_good_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert soak(seconds=25, speed=30, players=20, devices=30, every=1), capsys.readouterr().out
