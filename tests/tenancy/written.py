"""Which tables were written to: the database itself counts, whoever wrote and by what way."""

from django.db import connection

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
