"""The supervisor against real processes: it runs in a process of its own, as in `make run`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUPERVISE = """
import json, os, sys
from pathlib import Path
from remosa.supervisor import Process, Supervisor
folder = Path(sys.argv[1])
processes = [
    Process(
        name,
        argv,
        dict(os.environ),
        None if ready is None else (folder / ready).exists,
        wait,
        folder / f"{name}.stopped",
    )
    for name, argv, ready, wait in json.loads(sys.argv[2])
]
say = lambda line: print(line, flush=True)
sys.exit(Supervisor(folder / "logs", say).run(processes, lambda: say("ALL HEALTHY")))
"""
# A process that says its number, is ready, and then does what its last argument says.
PROCESS = """
import os, pathlib, signal, subprocess, sys, time
name, deed = sys.argv[1:]
if deed == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if deed == "parent":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path(name + ".child").write_text(str(child.pid))
signal.pthread_sigmask(signal.SIG_BLOCK, ()) and sys.exit("signals came blocked")
pathlib.Path(name + ".pid").write_text(str(os.getpid()))
print("I am", name, flush=True)
if deed == "fail":
    print("the reason", flush=True)
    sys.exit(7)
pathlib.Path(name).touch()
time.sleep(600)
"""

Supervised = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervised]:
    """Start a supervisor for processes given as name=deed; end it if a test leaves it."""
    started: list[subprocess.Popen[str]] = []

    def start(deadline: float = 20, **deeds: str) -> subprocess.Popen[str]:
        processes = [
            (
                name,
                [sys.executable, "-c", PROCESS, str(tmp_path / name), deed],
                "never" if deed == "unhealthy" else name,
                deadline,
            )
            for name, deed in deeds.items()
        ]
        supervisor = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(tmp_path), json.dumps(processes)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(supervisor)
        return supervisor

    yield start
    for supervisor in started:
        supervisor.kill()
        supervisor.communicate()


def until_healthy(supervisor: subprocess.Popen[str]) -> list[str]:
    """Read what it says until all are healthy."""
    assert supervisor.stdout is not None
    said = []
    for line in supervisor.stdout:
        said.append(line)
        if line == "ALL HEALTHY\n":
            return said
    raise AssertionError("".join(said))


def number(path: Path) -> int:
    return int(path.read_text())


def is_gone(pid: int, within: float = 3) -> bool:
    """Tell whether a process ends in time; one that only waits to be reaped has ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def wait_for(what: Callable[[], object], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_it_starts_in_order_and_says_when_each_is_healthy(
    supervise: Supervised,
) -> None:
    said = until_healthy(supervise(first="run", second="run"))
    assert [line.split()[:2] for line in said[:2]] == [
        ["first", "healthy"],
        ["second", "healthy"],
    ]


@pytest.mark.parametrize("asked_with", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_everything_when_asked_and_exits_with_zero(
    supervise: Supervised, tmp_path: Path, asked_with: signal.Signals
) -> None:
    supervisor = supervise(first="run", second="parent")
    until_healthy(supervisor)
    supervisor.send_signal(asked_with)
    assert supervisor.wait(4) == 0
    for name in ("first.pid", "second.pid", "second.child"):
        assert is_gone(number(tmp_path / name))


def test_it_kills_what_ignores_the_signal_after_five_seconds(
    supervise: Supervised, tmp_path: Path
) -> None:
    supervisor = supervise(first="stubborn", second="run")
    until_healthy(supervisor)
    asked = time.monotonic()
    supervisor.terminate()
    said, _ = supervisor.communicate(timeout=8)
    assert 4.5 < time.monotonic() - asked < 7
    assert "first does not end; killed" in said
    assert supervisor.returncode == 0
    assert is_gone(number(tmp_path / "first.pid"))


def test_asking_twice_ends_it_without_patience(supervise: Supervised) -> None:
    supervisor = supervise(first="stubborn")
    until_healthy(supervisor)
    supervisor.send_signal(signal.SIGINT)
    time.sleep(1.5)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(2) == 0


def test_it_says_which_process_died_and_how_and_ends_the_others(
    supervise: Supervised, tmp_path: Path
) -> None:
    supervisor = supervise(first="run", second="run")
    until_healthy(supervisor)
    os.kill(number(tmp_path / "first.pid"), signal.SIGKILL)
    said, _ = supervisor.communicate(timeout=5)
    assert supervisor.returncode == 1
    assert "first ended by itself: signal SIGKILL" in said
    assert f"| I am {tmp_path / 'first'}" in said
    assert is_gone(number(tmp_path / "second.pid"))


def test_it_shows_the_end_of_the_log_of_one_that_fails_at_its_start(
    supervise: Supervised, tmp_path: Path
) -> None:
    supervisor = supervise(first="run", second="fail", third="run")
    said, _ = supervisor.communicate(timeout=10)
    assert supervisor.returncode == 1
    assert "second ended by itself: exit code 7" in said
    assert "| the reason" in said
    assert "ALL HEALTHY" not in said
    assert is_gone(number(tmp_path / "first.pid"))
    assert not (tmp_path / "third.pid").exists()


def test_it_gives_up_on_one_that_never_becomes_healthy(
    supervise: Supervised, tmp_path: Path
) -> None:
    supervisor = supervise(deadline=1, first="unhealthy")
    said, _ = supervisor.communicate(timeout=8)
    assert supervisor.returncode == 1
    assert "first did not become healthy within 1 s" in said
    assert is_gone(number(tmp_path / "first.pid"))


def test_nothing_outlives_a_supervisor_that_is_killed(
    supervise: Supervised, tmp_path: Path
) -> None:
    supervisor = supervise(first="stubborn", second="run")
    until_healthy(supervisor)
    supervisor.kill()
    assert is_gone(number(tmp_path / "first.pid"))
    assert is_gone(number(tmp_path / "second.pid"))


def test_one_that_is_switched_off_rests_while_the_others_go_on(
    supervise: Supervised, tmp_path: Path
) -> None:
    switch = tmp_path / "second.stopped"
    switch.touch()  # somebody forgot it in the run before
    supervisor = supervise(first="run", second="run")
    until_healthy(supervisor)
    first, second = number(tmp_path / "first.pid"), number(tmp_path / "second.pid")
    switch.touch()
    assert is_gone(second)
    (tmp_path / "second.pid").unlink()
    switch.unlink()
    again = tmp_path / "second.pid"
    wait_for(lambda: again.exists() and again.read_text())
    assert not is_gone(first, within=0.1)
    supervisor.terminate()
    said, _ = supervisor.communicate(timeout=5)
    assert supervisor.returncode == 0
    assert "second is stopped, as it was asked for" in said
    assert is_gone(number(again))


def test_it_keeps_the_log_of_the_run_before(supervise: Supervised, tmp_path: Path) -> None:
    for _ in range(2):
        supervisor = supervise(first="run")
        until_healthy(supervisor)
        supervisor.terminate()
        supervisor.wait(5)
        (tmp_path / "first").unlink()
    line = f"I am {tmp_path / 'first'}\n"
    assert (tmp_path / "logs" / "first.log").read_text() == line
    assert (tmp_path / "logs" / "first.log.1").read_text() == line
