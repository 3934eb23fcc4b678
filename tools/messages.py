"""Collect the strings to translate into locale/, then compile the translations."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IGNORED = (".venv/*", ".tools/*", "tests/*", "staticfiles/*")


def main() -> int:
    if not shutil.which("xgettext"):
        print("GNU gettext is missing; remedy: apt-get install gettext", file=sys.stderr)
        return 1
    command = [sys.executable, "manage.py", "makemessages", "--locale", "ru"]
    # Line numbers would change the file with every edit of the code.
    command += ["--add-location", "file", "--no-wrap", "--no-obsolete"]
    command += [word for pattern in IGNORED for word in ("--ignore", pattern)]
    for argv in (command, [sys.executable, "-m", "tools.compile_messages"]):
        done = subprocess.run(argv, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
