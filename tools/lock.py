"""Write requirements.txt and requirements-dev.txt from pyproject.toml, with a hash for each file.

One lock serves Python 3.11, 3.12 and 3.13, on every platform.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS: dict[str, list[str]] = {
    "requirements.txt": [],
    "requirements-dev.txt": ["--group", "dev"],
}


def lock(name: str, options: list[str], upgrade: list[str]) -> int:
    """Resolve anew; versions already locked stay unless `upgrade` says otherwise."""
    # Relative paths: the header of the file repeats this command.
    command = ["uv", "pip", "compile", "pyproject.toml", *options, "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes", "-o", name]
    environment = Path(sys.executable).parent
    print(f"{name}: {' '.join(command)}", flush=True)
    return subprocess.run(
        [environment / "uv", *command[1:], "--quiet", *upgrade], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(max(lock(name, options, sys.argv[1:]) for name, options in LOCKS.items()))
