"""Django's SQLite, whose searches know upper and lower case of every alphabet, as PostgreSQL's do.

SQLite's own LIKE knows those of ASCII alone. Costs a call of Python for each row that is looked at.
"""

import sqlite3
from typing import Any

from django.db.backends.sqlite3 import base, operations

WITHOUT_CASE = frozenset({"iexact", "icontains", "istartswith", "iendswith"})


def casefold(value: object) -> str | None:
    """Return a text or number as it is compared without regard to case; NULL stays NULL."""
    return None if value is None else str(value).casefold()


class DatabaseOperations(operations.DatabaseOperations):
    """Folds the column of a lookup."""

    def lookup_cast(self, lookup_type: str, internal_type: str | None = None) -> str:
        """Return the column's place in a comparison."""
        return "CASEFOLD(%s)" if lookup_type in WITHOUT_CASE else "%s"


class DatabaseWrapper(base.DatabaseWrapper):
    """Folds what a lookup is given."""

    ops_class = DatabaseOperations
    operators = base.DatabaseWrapper.operators | dict.fromkeys(
        WITHOUT_CASE, r"LIKE CASEFOLD(%s) ESCAPE '\'"
    )
    pattern_ops = base.DatabaseWrapper.pattern_ops | {
        "icontains": r"LIKE '%%' || CASEFOLD({}) || '%%' ESCAPE '\'",
        "istartswith": r"LIKE CASEFOLD({}) || '%%' ESCAPE '\'",
        "iendswith": r"LIKE '%%' || CASEFOLD({}) ESCAPE '\'",
    }

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """Open a connection that can fold."""
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        connection.create_function("CASEFOLD", 1, casefold, deterministic=True)
        return connection
