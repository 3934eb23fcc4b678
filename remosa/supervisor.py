"""Start processes in order, watch them, end them together. Knows nothing of Remosa or Django.

No process outlives its supervisor: each leads a group of its own, which gets SIGTERM and in the end
SIGKILL; and the kernel kills it when the supervisor itself is killed (PR_SET_PDEATHSIG).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 5.0
CHECK_SECONDS = 0.1
SWITCH_SECONDS = 0.5
SHOWN_LOG_LINES = 15
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

Check = Callable[[], bool]


@dataclass(frozen=True)
class Process:
    """What to start. `ready`: an address that answers 200, a check, or None: it runs to its end.

    `switch`: a file that whoever wants it to be stopped for a while makes, and takes away again.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    ready: str | Check | None
    deadline: float = 60.0
    switch: Path | None = None


class Stopped(Exception):
    """Somebody asked the supervisor to end."""


class Failed(Exception):
    """A process ended by itself or never became healthy; the text is for a person."""


class Supervisor:
    """Runs processes until one of them ends or somebody asks to stop."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self.logs = logs
        self.say = say
        self.running: list[tuple[Process, subprocess.Popen[bytes]]] = []
        self.stopped: list[Process] = []

    def run(self, processes: Sequence[Process], healthy: Callable[[], None]) -> int:
        """Start all, call `healthy` once, wait; return 0 when asked to stop, 1 when one died."""
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Blocked signals wait for sigtimedwait below, so that none arrives in the middle of a deed.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (*ENDING, signal.SIGCHLD))
        try:
            for process in processes:
                if process.switch is not None:
                    process.switch.unlink(missing_ok=True)  # of the run before
                self._start(process)
            healthy()
            while True:
                self._pause(SWITCH_SECONDS)
                self._heed_switches()
        except Stopped:
            self.say("Stopping ...")
            return 0
        except Failed as failure:
            self.say(str(failure))
            return 1
        finally:
            self._end_all()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _start(self, process: Process) -> None:
        """Start one process and wait until it is ready; Failed when that does not come to pass."""
        started = time.monotonic()
        child = self._spawn(process)
        while not self._is_ready(process, child):
            if time.monotonic() - started > process.deadline:
                raise Failed(
                    f"{process.name} did not become healthy within {process.deadline:.0f} s"
                    + self._end_of_log(process)
                )
            self._pause(CHECK_SECONDS)
        word = "done" if process.ready is None else "healthy"
        self.say(f"  {process.name:<20} {word} after {time.monotonic() - started:.1f} s")

    def _spawn(self, process: Process) -> subprocess.Popen[bytes]:
        log = self.logs / f"{process.name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            try:
                child = subprocess.Popen(  # noqa: S603 (the commands are our own)
                    process.argv,
                    env=dict(process.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    # Safe: the supervisor has one thread.
                    preexec_fn=_tie_to(os.getpid()),  # noqa: PLW1509
                )
            except OSError as error:
                raise Failed(f"{process.name} cannot be started: {error}") from error
        self.running.append((process, child))
        return child

    def _heed_switches(self) -> None:
        """Stop and start what was asked for. Nobody waits until it is ready: much may be away."""
        for process, child in list(self.running):
            if process.switch is not None and process.switch.exists():
                _end_group(child)
                self.running.remove((process, child))
                self.stopped.append(process)
                self.say(f"  {process.name} is stopped, as it was asked for")
        for process in list(self.stopped):
            if process.switch is None or not process.switch.exists():
                self.stopped.remove(process)
                self._spawn(process)
                self.say(f"  {process.name} is started again")

    def _is_ready(self, process: Process, child: subprocess.Popen[bytes]) -> bool:
        ended = child.poll() is not None
        if ended and (process.ready is not None or child.returncode):
            raise Failed(self._obituary(process, child))
        if process.ready is None:
            if ended:
                self.running.remove((process, child))
            return ended
        return answers(process.ready) if isinstance(process.ready, str) else process.ready()

    def _pause(self, seconds: float) -> None:
        """Sleep, but wake for a signal and for the death of a process."""
        arrived = signal.sigtimedwait((*ENDING, signal.SIGCHLD), seconds)
        if arrived is not None and arrived.si_signo in ENDING:
            raise Stopped
        for process, child in self.running:
            if process.ready is not None and child.poll() is not None:
                raise Failed(self._obituary(process, child))

    def _obituary(self, process: Process, child: subprocess.Popen[bytes]) -> str:
        code = child.returncode
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        return f"{process.name} ended by itself: {how}{self._end_of_log(process)}"

    def _end_of_log(self, process: Process) -> str:
        path = self.logs / f"{process.name}.log"
        with path.open(errors="replace") as lines:
            end = list(deque(lines, SHOWN_LOG_LINES))
        shown = "".join(f"  | {line.rstrip()}\n" for line in end)
        return f". The end of {path}:\n{shown}" if end else f". {path} is empty."

    def _end_all(self) -> None:
        """SIGTERM to every group, the last one first; SIGKILL to what is left after patience."""
        for _, child in reversed(self.running):
            _signal_group(child, signal.SIGTERM)
        waited, begun = 0.0, time.monotonic()
        while any(_group_lives(child) for _, child in self.running) and waited < PATIENCE_SECONDS:
            arrived = signal.sigtimedwait((*ENDING, signal.SIGCHLD), CHECK_SECONDS)
            waited = time.monotonic() - begun
            # Who asks again does not want to wait; at first it may be make handing on the same one.
            if arrived is not None and arrived.si_signo in ENDING and waited > 1.0:
                break
        for process, child in reversed(self.running):
            if _group_lives(child):
                _signal_group(child, signal.SIGKILL)
                self.say(f"  {process.name} does not end; killed")
            child.wait()
        self.running.clear()


def answers(address: str) -> bool:
    """Tell whether an address answers 200 within a second."""
    # Never through a proxy of the environment: the address is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=1.0) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _tie_to(parent: int) -> Callable[[], None]:
    """What a child does before its program: die with its parent, take signals again."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    return prepare


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    # Where everything in the group has ended already, that is what was wanted.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL to what is left after patience. Signals wait meanwhile."""
    _signal_group(child, signal.SIGTERM)
    begun = time.monotonic()
    while _group_lives(child) and time.monotonic() - begun < PATIENCE_SECONDS:
        time.sleep(CHECK_SECONDS)
    _signal_group(child, signal.SIGKILL)
    child.wait()


def _group_lives(child: subprocess.Popen[bytes]) -> bool:
    """Tell whether the process or anything it started is still there."""
    child.poll()
    try:
        os.killpg(child.pid, 0)
    except ProcessLookupError:
        return False
    return True
