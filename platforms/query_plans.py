"""The plans that a connection to PostgreSQL keeps: those it made of empty tables have to go.

Knows no table. Databases that plan anew each time are left alone.
"""

from typing import Final

from django.db import connection

MANY: Final = 500  # new rows in one transaction


def forget() -> None:
    """Let a connection plan anew how it checks the links of many new rows when it commits.

    It keeps the plans of those checks. One that it made while a table had a few rows reads all of
    it for each new row: minutes for 100,000.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DISCARD PLANS")
