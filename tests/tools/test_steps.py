"""A step of the set-up: made once, made again when its key changes, clear when it fails."""

import sys
from pathlib import Path

import pytest

from tools.setup import steps
from tools.setup.steps import Log, Step, StepFailed, hash_of, run_all


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    monkeypatch.setattr(steps, "TOOLS", tmp_path / ".tools")
    return tmp_path


def step(checkout: Path, key: str = "1", code: str = "", product: str = "product") -> Step:
    code = code or f"open({str(checkout / 'product')!r}, 'a').write('made ')"

    def make(log: Log) -> None:
        log.run([sys.executable, "-c", code], cwd=checkout)

    return Step(
        name="thing",
        title="A thing",
        takes="a moment",
        key=key,
        products=[checkout / product],
        make=make,
        remedy="buy one",
        stamps=checkout / "stamps",
    )


def test_it_is_made_once(checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_all([step(checkout)])
    assert "[1/1] A thing (a moment) ..." in capfd.readouterr().err
    run_all([step(checkout)])
    assert (checkout / "product").read_text() == "made "
    assert capfd.readouterr().err == ""


def test_it_is_made_again_when_its_key_changes_or_its_product_is_gone(checkout: Path) -> None:
    run_all([step(checkout)])
    run_all([step(checkout, key="2")])
    assert (checkout / "product").read_text() == "made made "
    (checkout / "product").unlink()
    run_all([step(checkout, key="2")])
    assert (checkout / "product").read_text() == "made "


def test_a_failing_step_says_which_shows_its_log_and_the_remedy(checkout: Path) -> None:
    failing = step(checkout, code="print('out of paint'); raise SystemExit(3)")
    with pytest.raises(StepFailed) as error:
        run_all([failing])
    said = str(error.value)
    assert "A thing" in said
    assert "ended with exit code 3" in said
    assert "| out of paint" in said
    assert ".tools/logs/thing.log" in said
    assert error.value.remedy == "buy one"
    assert not failing.is_done()


def test_a_step_that_makes_nothing_fails(checkout: Path) -> None:
    with pytest.raises(StepFailed, match="other is missing afterwards"):
        run_all([step(checkout, product="other")])


def test_a_program_that_is_not_there_is_named(checkout: Path) -> None:
    with pytest.raises(StepFailed, match="no-such-program cannot be started"):
        Log(checkout / "log").run(["no-such-program"])


def test_a_slow_command_is_heard_of(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "HEARTBEAT_SECONDS", 0.2)
    slow = "import time; print('half way', flush=True); time.sleep(0.7)"
    Log(checkout / "log").run([sys.executable, "-c", slow])
    assert "s: half way" in capfd.readouterr().err


def test_a_key_tells_texts_apart_however_they_are_cut(tmp_path: Path) -> None:
    assert hash_of("ab", "c") != hash_of("a", "bc")
    (tmp_path / "file").write_text("ab")
    assert hash_of(tmp_path / "file") == hash_of("ab")
