"""The health of exporters on their pages: live, in words, for one question a page."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from exporters import metrics
from exporters.models import Exporter
from platforms.models import Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.exporters.watched_world import Scripted

pytestmark = pytest.mark.django_db
LIST = "/admin/exporters/exporter/"


def page(exporter: Exporter, name: str = "change") -> str:
    return reverse(f"admin:exporters_exporter_{name}", args=[exporter.pk])


def text(got: Any) -> str:
    return str(got.content.decode())


def refused(exporter: Exporter) -> list[tuple[dict[str, str], object]]:
    """A vendor that refuses a token."""
    own = {"exporter_id": str(exporter.pk), "platform_id": str(exporter.platform_id)}
    return [
        ({"__name__": "up", "kind": exporter.kind, "instance": "cubic-1"}, 1),
        ({"__name__": metrics.SOURCE_UP.name, **own}, 0),
        ({**own, "reason": "http_4xx"}, 4),
    ]


def test_a_list_asks_prometheus_once_however_many_exporters_it_has(
    client_of: ClientOf, alice: User, platform_a: Platform, scripted: Scripted
) -> None:
    client, costs = client_of(alice), set()
    for number in (2, 10):
        for _each in range(number):
            factories.make_exporter(platform_a)
        client.get(LIST)
        scripted.questions.clear()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(LIST).status_code == 200
        costs.add((len(captured), len(scripted.questions)))
    ((database, questions),) = costs
    assert questions == 1
    assert database <= 15


def test_the_page_of_one_exporter_says_what_is_wrong_and_what_to_do(
    client_of: ClientOf, bob: User, exporter_a: Exporter, scripted: Scripted
) -> None:
    scripted.vector = refused(exporter_a)
    shown = client_of(bob).get(page(exporter_a))
    assert "Does not work" in text(shown)
    assert "The vendor refuses the request (4× in the last hour)" in text(shown)
    assert len(scripted.questions) == 1
    assert "The vendor does not answer" not in text(shown), "it does: it refuses"
    assert "The vendor refuses the request" in text(client_of(bob).get(LIST))


def test_the_live_part_is_for_the_platforms_people(
    client_of: ClientOf, bob: User, charlie: User, exporter_a: Exporter, scripted: Scripted
) -> None:
    scripted.vector = refused(exporter_a)
    live = client_of(bob).get(page(exporter_a, "condition"))
    assert live.headers["X-Remosa-Live"] == "1"
    assert "http_4xx" in text(live)
    assert "<html" not in text(live)
    assert client_of(charlie).get(page(exporter_a, "condition")).status_code == 404


def test_without_prometheus_the_pages_say_so_and_go_on(
    client_of: ClientOf, alice: User, exporter_a: Exporter, settings: Any
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    assert "Prometheus does not answer" in text(client_of(alice).get(page(exporter_a)))
    shown = text(client_of(alice).get(LIST))
    assert "Prometheus does not answer" in shown
    assert "Does not work" not in shown
