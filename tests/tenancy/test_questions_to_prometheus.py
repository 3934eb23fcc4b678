"""Every question that a page asks Prometheus is limited to the platforms of whoever looks."""

import json
import re
from collections.abc import Callable, Collection

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from exporters import promql
from exporters.models import PrometheusConnection
from platforms.models.platform import PlatformQuerySet
from tests.tenancy.census import routes
from tests.tenancy.probes import Prober
from tests.tenancy.world import SEES, World

SELECTOR = re.compile(r"(\w*)\{([^{}]*)\}")
MATCHER = re.compile(r'(?:^|,)platform_id=~?"([\d|]+)"')
SPEAKER = re.compile(r'(?:^|,)token_platform=(?:"()"|~"\|(\d+)")')
PAGES = re.compile(r"admin/|admin/exporters/player/.*|admin/exporters/exporter/.*|api/v1/\w+-?\w*")
QUERIES = ("", "?q=10.22", "?status=offline", "?o=status", "?search=10.22", "?platform=1")


class ListeningPrometheus:
    """A server that knows nothing and remembers what it was asked."""

    def __init__(self, server: HTTPServer) -> None:
        self.questions: list[str] = []
        server.expect_request("/api/v1/query").respond_with_handler(self._nothing_now)
        server.expect_request("/api/v1/query_range").respond_with_handler(self._nothing_ever)

    def _nothing_now(self, request: Request) -> Response:
        return self._listen(request, "vector")

    def _nothing_ever(self, request: Request) -> Response:
        return self._listen(request, "matrix")

    def _listen(self, request: Request, sort: str) -> Response:
        self.questions.append(request.values["query"])
        answer = {"status": "success", "data": {"resultType": sort, "result": []}}
        return Response(json.dumps(answer), content_type="application/json")


@pytest.fixture
def listening(world: World, httpserver: HTTPServer) -> ListeningPrometheus:
    """Connect Remosa to the listening server."""
    PrometheusConnection.objects.update(url=httpserver.url_for("").rstrip("/"))
    return ListeningPrometheus(httpserver)


def _no_limit(_platform_ids: Collection[int]) -> str:
    return 'platform_id=~".+",token_platform=""'


def _any_speaker(platform_ids: Collection[int]) -> str:
    return f'platform_id=~"{"|".join(map(str, platform_ids))}"'


def _speakers_of_each_other(platform_ids: Collection[int]) -> str:
    numbers = "|".join(map(str, platform_ids))
    return f'platform_id=~"{numbers}",token_platform=~"|{numbers}"'


def unlimited(questions: Collection[str], platform_ids: set[int]) -> list[str]:
    """Return the questions with a selector that is not limited to these platforms."""
    return [
        question
        for question in questions
        for name, matchers in SELECTOR.findall(question)
        # Which exporter processes answer is no tenant's secret: it has no tenant.
        if name != "up" and not _limited(matchers, platform_ids)
    ]


def look_at_everything(world: World, caller: str, pages: re.Pattern[str] = PAGES) -> None:
    """Open every page and list that may ask Prometheus."""
    prober = Prober(world, caller)
    for route in routes():
        if pages.fullmatch(route.pattern) and not route.pattern.endswith(("delete/", "history/")):
            own = world.b if SEES[caller] == "b" else world.a
            path = route.path(world.row_of(own, route.model).pk if route.model else "")
            for query in QUERIES if not route.model else ("",):
                prober.ask("GET", path + query)
    prober.verdict()


@pytest.mark.parametrize("caller", ["alice", "bob", "charlie", "dora", "token:dora-on-a"])
def test_nobody_asks_for_series_of_another_platform(
    world: World, listening: ListeningPrometheus, caller: str
) -> None:
    look_at_everything(world, caller)
    assert len(listening.questions) >= 3  # of now, of before, of a whole platform
    assert unlimited(listening.questions, _own(world, caller)) == []


@pytest.mark.parametrize(
    ("caller", "matcher"),
    [("charlie", _no_limit), ("charlie", _any_speaker), ("dora", _speakers_of_each_other)],
    ids=["platforms", "speakers", "speakers of one for another"],
)
def test_a_tenant_matcher_taken_out_is_noticed(
    world: World,
    listening: ListeningPrometheus,
    monkeypatch: pytest.MonkeyPatch,
    caller: str,
    matcher: Callable[[Collection[int]], str],
) -> None:
    monkeypatch.setattr(promql, "tenant_matcher", matcher)
    look_at_everything(world, caller, re.compile(r"admin/exporters/player/.*"))
    assert unlimited(listening.questions, _own(world, caller)) != []


def test_platforms_of_others_in_the_matcher_are_noticed(
    world: World, listening: ListeningPrometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlatformQuerySet, "for_user", lambda rows, *_who: rows.all())
    prober = Prober(world, "charlie")
    prober.ask("GET", "/admin/exporters/player/?status=offline")
    assert unlimited(listening.questions, _own(world, "charlie")) != []


def _own(world: World, caller: str) -> set[int]:
    seen = SEES[caller] or ""
    return {each.platform.pk for each in (world.a, world.b, world.c) if each.letter in seen}


def _limited(matchers: str, platform_ids: set[int]) -> bool:
    own = set(map(str, platform_ids))
    found, speaker = MATCHER.search(matchers), SPEAKER.search(matchers)
    if found is None or speaker is None or not set(found[1].split("|")) <= own:
        return False
    # A process that may speak for one platform is asked about that one alone.
    return speaker[2] is None or speaker[2] == found[1]
