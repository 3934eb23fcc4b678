"""What a connection remembers of empty tables does not make it slow when there are many rows."""

import pytest
from django.db import connection

from exporters import enrolment
from exporters.entries import Entry
from exporters.models import Exporter
from platforms.audit import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db


def check_links() -> int:
    """Check all links as a commit does; return how many players were read for it by no index."""
    before = read_in_turn()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return read_in_turn() - before


def read_in_turn() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'exporters_player'"
        )
        return int(cursor.fetchone()[0])


def test_the_links_of_many_new_rows_are_checked_by_an_index(exporter_a: Exporter) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as it stands when the installation is new
    for number in range(7):  # from the sixth on the plan of the check is kept
        factories.make_mac(exporter_a, f"02:00:00:00:01:{number:02X}")
        check_links()
    many = [Entry(n, f"02:00:00:01:{n // 256:02X}:{n % 256:02X}") for n in range(3000)]
    assert len(enrolment.enrol(exporter_a, many, SYSTEM).added) == 3000
    assert check_links() < 10_000
