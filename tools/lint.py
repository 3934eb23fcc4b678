"""Every static check of the project, two at a time; what fails shows its output."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = Path(sys.executable).parent
PROGRAMS = ROOT / ".tools" / "bin"
AT_ONCE = 2

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Outcome:
    """What one check said."""

    title: str
    passed: bool
    output: str
    seconds: float


def checks() -> dict[str, Command]:
    """Title and command of each check, slow ones first."""
    manage: Command = [sys.executable, ROOT / "manage.py"]
    compose: Command = sorted(ROOT.glob("docker/*compose*.y*ml"))
    dockerfiles: Command = sorted(ROOT.glob("docker/*ockerfile"))
    found: dict[str, Command] = {
        "types (mypy)": [ENVIRONMENT / "mypy"],
        "layers (lint-imports)": [ENVIRONMENT / "lint-imports"],
        "rules (ruff check)": [ENVIRONMENT / "ruff", "check", "."],
        "format (ruff format)": [ENVIRONMENT / "ruff", "format", "--check", "."],
        "Django (check)": [*manage, "check", "--fail-level", "WARNING"],
        "migrations (makemigrations)": [
            *manage,
            "makemigrations",
            "--check",
            "--dry-run",
        ],
        "OpenAPI (spectacular)": [
            *manage,
            "spectacular",
            "--validate",
            "--fail-on-warn",
        ]
        + ["--file", os.devnull],
        "Dockerfile (hadolint)": [ENVIRONMENT / "hadolint", *dockerfiles],
        "compose files (schema)": [ENVIRONMENT / "check-jsonschema"]
        + ["--builtin-schema", "vendor.compose-spec", *compose],
    }
    for path in map(Path, compose):
        # .env.example has every setting, so every ${NAME:?} finds its value.
        found[f"{path.name} (docker-compose config)"] = [
            *(PROGRAMS / "docker-compose", "--env-file", ROOT / ".env.example"),
            *("--file", path, "config", "--quiet"),
        ]
    for path in sorted(ROOT.glob("docker/**/prometheus*.yml")):
        found[f"{path.name} (promtool)"] = [
            *(PROGRAMS / "promtool", "check", "config", "--syntax-only", path)
        ]
    for path in sorted(ROOT.glob("docker/**/*.rules.yml")):
        found[f"{path.name} (promtool)"] = [PROGRAMS / "promtool", "check", "rules", path]
    return found


def run(title: str, command: Command) -> Outcome:
    started = time.monotonic()
    environment = {"DEBUG": "1", "SECRET_KEY": "only for checks", **os.environ}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(title, done.returncode == 0, done.stdout, time.monotonic() - started)


def main() -> int:
    commands = checks()
    failed = 0
    with ThreadPoolExecutor(AT_ONCE) as workers:
        for outcome in workers.map(run, commands.keys(), commands.values()):
            word = "ok    " if outcome.passed else "FAILED"
            print(f"{word} {outcome.title} ({outcome.seconds:.1f} s)", flush=True)
            if not outcome.passed:
                failed += 1
                print(outcome.output, flush=True)
    print(f"{len(commands) - failed} of {len(commands)} static checks are green")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
