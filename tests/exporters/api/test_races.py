"""Two at the same time on one row: nothing is written back, nothing is taken twice."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from exporters import targets
from exporters.models import Exporter, ExporterProcess
from platforms.models import TokenKind, User
from tests import factories
from tests.conftest import ApiOf

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do each on a thread and a connection of its own; return what they answered."""
    answers: list[Any] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def run(place: int) -> None:
        try:
            gate.wait(10)
            answers[place] = acts[place]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def test_a_change_of_an_exporter_waits_for_a_write_to_its_list(
    api_of: ApiOf, alice: User, exporter_a: Exporter
) -> None:
    """Else the old list version would be written back, and a process would miss the new rows."""
    client = api_of(alice)
    thread = threading.Thread(
        target=lambda: at_once(
            lambda: client.patch(f"/api/v1/exporters/{exporter_a.pk}", {"name": "new"}, "json")
        )
    )
    with transaction.atomic():
        exporter_a.bump()
        thread.start()
        wait_until_somebody_waits()
    thread.join(30)
    row = Exporter.objects.get()
    assert (row.name, row.list_version) == ("new", exporter_a.list_version + 2)


def wait_until_somebody_waits() -> None:
    """Return when another session waits for a lock of ours."""
    with connection.cursor() as cursor:
        for _ in range(600):
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone() == (True,):
                return
            time.sleep(0.02)
    pytest.fail("nobody ever waited")


def test_of_two_new_processes_with_one_name_one_is_listed(api_of: ApiOf) -> None:
    body = {"kind": "cubic", "instance": "cubic-1", "port": 19101}
    clients = [api_of(factories.make_token(TokenKind.EXPORTER)[1]) for _ in range(2)]
    answers = at_once(
        *(
            lambda client=client: client.post("/api/v1/exporter-processes/announce", body, "json")
            for client in clients
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert ExporterProcess.objects.count() == 1


def test_of_two_new_processes_at_one_address_one_is_told_that_it_is_taken(
    api_of: ApiOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked before either writes; none is told of an error of the database."""
    both_have_looked = threading.Barrier(2)
    looks = threading.local()
    look = targets._refuse_the_address_of_another

    def look_and_wait(row: ExporterProcess) -> None:
        look(row)
        if not getattr(looks, "done", False):
            looks.done = True
            both_have_looked.wait(10)

    monkeypatch.setattr(targets, "_refuse_the_address_of_another", look_and_wait)
    clients = [api_of(factories.make_token(TokenKind.EXPORTER)[1]) for _ in range(2)]
    body = {"kind": "cubic", "port": 19101}
    answers = at_once(
        *(
            lambda client=client, name=name: client.post(
                "/api/v1/exporter-processes/announce", {**body, "instance": name}, "json"
            )
            for client, name in zip(clients, ("cubic-1", "cubic-2"), strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    listed = ExporterProcess.objects.get()
    said = refused.json()["error"]["message"]
    assert said.startswith(f"127.0.0.1:19101 is listed as cubic/{listed.instance}. Choose")


def test_the_last_place_of_a_platform_is_given_once(
    api_of: ApiOf, root: User, exporter_a: Exporter
) -> None:
    type(exporter_a.platform).objects.update(players_limit=1)
    clients = [api_of(root) for _ in range(4)]
    answers = at_once(
        *(
            lambda client=client, number=number: client.post(
                "/api/v1/exporter-macs",
                {"exporter_id": exporter_a.pk, "mac": factories.mac_of(number)},
                "json",
            )
            for number, client in enumerate(clients)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
