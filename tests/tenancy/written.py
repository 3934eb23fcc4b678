"""Which tables were written to, counted by the database itself; and how it is taken back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

Counts = dict[str, int]

# What this transaction did to each table so far; what was taken back stays counted.
COUNTED = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
"""


def counts() -> Counts:
    """Return how many rows of each table this transaction wrote; SQLite counts them in one sum."""
    if connection.vendor == "sqlite":
        return dict.fromkeys(connection.introspection.table_names(), _changes_of_sqlite())
    with connection.cursor() as cursor:
        cursor.execute(COUNTED)
        return dict(cursor.fetchall())


def that_differ(before: Counts, after: Counts) -> set[str]:
    """Return the tables written to between two countings."""
    return {table for table, number in after.items() if number != before.get(table, 0)}


def _changes_of_sqlite() -> int:
    connection.ensure_connection()
    number: int = connection.connection.total_changes
    return number


@contextmanager
def taken_back() -> Iterator[None]:
    """Take back what is written meanwhile: to a savepoint made before the first word but SELECT.

    Most questions only read, and three statements around each were half of what it asked. A SELECT
    that the database refuses has nothing to go back to: every question after it fails.
    """
    savepoint: str | None = None

    def noted(
        execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: Any
    ) -> Any:
        nonlocal savepoint
        if savepoint is None and not sql.startswith("SELECT "):
            savepoint = ""  # being made: by a statement that comes here as well
            savepoint = transaction.savepoint()
        return execute(sql, parameters, many, context)

    later = len(connection.run_on_commit)
    try:
        with connection.execute_wrapper(noted):
            yield
    finally:
        # Whatever broke inside is taken back with the rest, as at the end of a request.
        transaction.set_rollback(False)
        if savepoint:
            transaction.savepoint_rollback(savepoint)
            transaction.savepoint_commit(savepoint)
        del connection.run_on_commit[later:]
