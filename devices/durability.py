"""Refuses to send over a database that may forget an intent which it said it had stored."""

from django.db.backends.base.base import BaseDatabaseWrapper

_WANTED = ("synchronous_commit", "fsync")  # of PostgreSQL
_SYNCHRONOUS = {0: "OFF", 1: "NORMAL"}  # of SQLite; FULL and EXTRA are safe


class UnsafeDatabase(Exception):
    """A commit could be lost, and with it that a command was sent; the text says what to set."""


def problem(connection: BaseDatabaseWrapper) -> str | None:
    """Return what makes commits of this connection forgettable, or None. English, for the log."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            level = _SYNCHRONOUS.get(cursor.fetchone()[0])
            cursor.execute("PRAGMA journal_mode")
            journal = str(cursor.fetchone()[0])
            if level is not None:
                return f"SQLite runs with synchronous={level}: set it to FULL."
            unsafe = journal in ("off", "memory")
            return f"SQLite runs with journal_mode={journal}: set it to WAL." if unsafe else None
        # Both in one question: it is put twice for every command.
        cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in _WANTED))
        for name, value in zip(_WANTED, cursor.fetchone(), strict=True):
            if value == "off":
                return f"PostgreSQL runs with {name}=off: set it to on."
    return None


def demand(connection: BaseDatabaseWrapper) -> None:
    """Raise UnsafeDatabase unless what is committed stays."""
    if why := problem(connection):
        raise UnsafeDatabase(f"No command is sent: a crash could make this database forget. {why}")
