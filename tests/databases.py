"""The databases of a run: migrated once and copied for every worker; empty ones for migrations."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

from tests import environment

_MIGRATED = "migrated"


def copy_of_the_migrated(name: str) -> None:
    """Make a database with all tables: a file of this path, or a database of PostgreSQL."""
    with environment.once_a_run(_MIGRATED):
        done = environment.FOLDER / f"{_MIGRATED}.done"
        if not done.exists():
            _make(_MIGRATED if _is_postgres() else str(_file_of(_MIGRATED)))
            _migrate()
            done.touch()
        if _is_postgres():
            _make(name, template=_MIGRATED)
        else:
            shutil.copy(_file_of(_MIGRATED), name)


def make_durable(name: str) -> None:
    """Make PostgreSQL wait for its disk in sessions to come; tests of other things need it not."""
    _tell_postgres(sql.SQL("ALTER SYSTEM SET fsync = on"))
    _tell_postgres(sql.SQL("SELECT pg_reload_conf()"))
    wait = sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(sql.Identifier(name))
    _tell_postgres(wait)


@contextmanager
def copying_rows() -> Iterator[None]:
    """Let rows be copied that were checked once: else the test's end checks each link of each."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        # As a replica it asks no trigger, neither the guards nor the keys between tables.
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@contextmanager
def empty_database(name: str) -> Iterator[None]:
    """Let the connection lead to a database without tables meanwhile: a migration begins there."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    empty = f"{usual}_{name}"
    _make(empty)
    connection.settings_dict["NAME"] = empty
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        _remove(empty)


def _is_postgres() -> bool:
    return environment.DATABASE == "postgres"


def _file_of(name: str) -> Path:
    return environment.FOLDER / f"{name}.db"


def _migrate() -> None:
    """In a process of its own: a worker's connection stays where it is."""
    url = os.environ["DATABASE_URL"]
    own = (
        url.replace("/postgres?", f"/{_MIGRATED}?")
        if _is_postgres()
        else f"sqlite:///{_file_of(_MIGRATED)}"
    )
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, check=True, env={**os.environ, "DATABASE_URL": own})


def _make(name: str, template: str = "template1") -> None:
    if _is_postgres():
        parts = sql.Identifier(name), sql.Identifier(template)
        _tell_postgres(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*parts))


def _remove(name: str) -> None:
    if _is_postgres():
        _tell_postgres(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    else:
        for each in (name, f"{name}-wal", f"{name}-shm"):
            Path(each).unlink(missing_ok=True)


def _tell_postgres(statement: sql.SQL | sql.Composed) -> None:
    where = f"dbname=postgres user=postgres host={environment.POSTGRES}"
    with psycopg.connect(where, autocommit=True) as apart:
        apart.execute(statement)
