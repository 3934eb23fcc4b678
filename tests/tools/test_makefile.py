"""The words of the Makefile: each gets what its program imports, in a checkout where nothing is."""

import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tools.lock import LOCKS, ROOT
from tools.setup.__main__ import steps_for

RUNNING = ("remosa", "platforms", "exporters", "devices", "jobs")
PROGRAMS = {
    "demo": (*RUNNING, "demo"),
    "run": RUNNING,
    "bench": (*RUNNING, "bench"),
    "test": (*RUNNING, "demo", "bench", "tests"),
    "lint": ("tools",),
}
# Also where code stands in a text that another process runs.
IMPORT = re.compile(r"^\s*(?:from|import) (\w+)", re.MULTILINE)
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==", re.MULTILINE)


def folded(name: str) -> str:
    """Return a distribution's name as lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folders: tuple[str, ...]) -> set[str]:
    """Return the distributions that programs in these folders import."""
    known = packages_distributions()
    files = (path for folder in folders for path in Path(ROOT, folder).rglob("*.py"))
    names = {name for path in files for name in IMPORT.findall(path.read_text(encoding="utf-8"))}
    return {folded(each) for name in names for each in known.get(name, ())}


def installed(word: str) -> set[str]:
    """Return the distributions that the set-up of a word installs."""
    said = subprocess.run(
        ["make", "-n", word], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    purpose = re.search(r"tools\.setup (\w+)", said)
    assert purpose is not None, said
    steps = {f"{step.name}.txt" for step in steps_for(purpose[1])}
    pins = (PIN.findall(Path(ROOT, lock).read_text()) for lock in steps & set(LOCKS))
    return {folded(each) for names in pins for each in names}


@pytest.mark.parametrize("word", PROGRAMS)
def test_its_set_up_installs_what_its_program_imports(word: str) -> None:
    missing = imported(PROGRAMS[word]) - installed(word)
    assert not missing
