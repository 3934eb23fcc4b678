"""The virtual environment and what pip puts into it, by the hashes of the lock files."""

import importlib.util
import shutil
import subprocess
import sys

from tools.setup.debian import Archive
from tools.setup.steps import ROOT, TOOLS, Log, Step, StepFailed, hash_of

ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
OLDEST, TOO_NEW = (3, 11), (3, 14)
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def check_python() -> None:
    """StepFailed unless this Python is one the lock files are made for."""
    if not OLDEST <= sys.version_info < TOO_NEW:
        raise StepFailed(
            f"Remosa runs on Python 3.11, 3.12 and 3.13; {sys.executable} is {VERSION}",
            "make PYTHON=python3.11 ... (Debian 12 and 13 have a fitting one as python3)",
        )


def environment() -> Step:
    return Step(
        name="environment",
        title="Virtual environment",
        takes="about 5 s",
        key=VERSION,
        products=[PYTHON],
        make=_create,
        remedy="apt-get install python3-venv, then call make again",
    )


def packages(lock: str, title: str, takes: str) -> Step:
    """Everything of one lock file; a package without a matching hash is refused."""
    path = ROOT / lock

    def install(log: Log) -> None:
        options = ["--require-hashes", "--no-input", "--progress-bar=off"]
        options += ["--disable-pip-version-check", "--requirement", lock]
        log.run([PYTHON, "-m", "pip", "install", *options])

    return Step(
        name=path.stem,
        title=title,
        takes=takes,
        key=hash_of(path, VERSION),
        products=[PYTHON],
        make=install,
        # Inside the environment: a renewed environment has no stamps.
        stamps=ENVIRONMENT / "stamps",
        remedy="is the package index reachable? pip uses your own settings: pip config list",
    )


def messages() -> Step:
    """The compiled translations, which are not committed."""
    sources = sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po"))
    return Step(
        name="messages",
        title="Translations",
        takes="about 1 s",
        key=hash_of(*sources),
        products=[path.with_suffix(".mo") for path in sources],
        make=lambda log: log.run([PYTHON, "-m", "tools.compile_messages"]),
        remedy="make messages shows which line of a .po file is wrong",
    )


def _create(log: Log) -> None:
    """Make the environment; where Debian left out ensurepip, pip comes from Debian's wheel."""
    if _works():
        log.run([PYTHON, "--version"])
        return
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    if importlib.util.find_spec("ensurepip"):
        log.run([sys.executable, "-m", "venv", ENVIRONMENT])
        return
    folder = TOOLS / "pip"
    with Archive(log) as archive:
        archive.unpack(["python3-pip-whl"], folder)
    wheels = sorted(folder.glob("usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise StepFailed("Debian's python3-pip-whl holds no wheel of pip")
    log.run([sys.executable, "-m", "venv", "--without-pip", ENVIRONMENT])
    # A wheel is a zip file that Python can run: pip installs itself from there.
    log.run([PYTHON, wheels[0] / "pip", "install", "--no-index", "--no-deps", wheels[0]])


def _works() -> bool:
    """Whether there is an environment already, with pip, on this very version of Python."""
    if not PYTHON.exists():
        return False
    question = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == VERSION
