"""What tests of both labs stand on."""

from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from tests import databases, environment


@pytest.fixture
def database_of_its_own(django_db_setup: None, tmp_path: Path) -> str:
    """The address of a database with tables and without rows: the lab's processes commit."""
    if connection.vendor == "sqlite":
        file = str(tmp_path / "lab.db")
        databases.copy_of_the_migrated(file)
        return f"sqlite:///{file}"
    name = f"crashlab_{uuid4().hex}"
    databases.copy_of_the_migrated(name)
    databases.make_durable(name)
    return f"postgres://postgres@/{name}?host={environment.POSTGRES}"
