"""The device list under way: one snapshot, nothing kept, cut when it fails."""

import json
import socket
import threading
import tracemalloc
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django.live_server_helper import LiveServer

from exporters import enrolment
from exporters.device_lists import DeviceList, Wanted
from exporters.entries import Entry
from exporters.models import Exporter, ExporterMac
from platforms.audit import SYSTEM
from platforms.models import TokenKind, User
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def fill(exporter: Exporter, first: int, last: int, name: str = "") -> None:
    """Enrol addresses by their numbers."""
    entries = [Entry(1, factories.mac_of(number), name) for number in range(first, last)]
    enrolment.enrol(exporter, entries, SYSTEM)


def elsewhere(act: Any, *arguments: Any) -> None:
    """Do something on a connection of its own, and wait for it."""

    def run() -> None:
        try:
            act(*arguments)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive(), "the stream blocks writers"


@pytest.mark.both_databases
def test_a_write_between_version_and_rows_is_not_in_the_list(
    root: User, exporter_a: Exporter
) -> None:
    """Else the new rows would carry the old version, or a half of two writes."""
    fill(exporter_a, 0, 3)
    devices = DeviceList(root, Wanted())
    stream = devices.stream()
    version = next(stream).decode()
    elsewhere(fill, exporter_a, 3, 5)
    assert len(json.loads(b"".join(stream))) == 3
    assert version != devices.version()
    assert len(json.loads(b"".join(list(devices.stream())[1:]))) == 5


@pytest.mark.both_databases
def test_rows_do_not_change_under_a_slow_reader(root: User, exporter_a: Exporter) -> None:
    fill(exporter_a, 0, 5000)
    stream = DeviceList(root, Wanted()).stream()
    next(stream)
    chunks = [next(stream)]
    elsewhere(enrolment.withdraw, exporter_a, [factories.mac_of(n) for n in range(4000)], SYSTEM)
    chunks += stream
    assert len(json.loads(b"".join(chunks))) == 5000
    assert ExporterMac.objects.count() == 1000


@pytest.mark.both_databases
def test_a_reader_that_goes_away_leaves_nothing_open(root: User, exporter_a: Exporter) -> None:
    fill(exporter_a, 0, 5000)
    for read in (0, 1, 2):
        stream = DeviceList(root, Wanted()).stream()
        for _ in range(read):
            next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert not connection.in_atomic_block
        fill(exporter_a, 5000 + read, 5001 + read)
    assert ExporterMac.objects.count() == 5003


def test_the_rows_are_never_all_in_memory(root: User, exporter_a: Exporter) -> None:
    fill(exporter_a, 0, 30_000, "x" * 200)
    tracemalloc.start()
    try:
        total = sum(map(len, DeviceList(root, Wanted()).stream()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 8_000_000
    assert peak < 1_500_000


def test_a_failure_in_the_middle_leaves_the_array_cut(
    live_server: LiveServer, exporter_a: Exporter, capfd: pytest.CaptureFixture[str]
) -> None:
    """PostgreSQL ends the session while the rows are under way, as in a restart."""
    fill(exporter_a, 0, 100_000, "x" * 200)
    secret = factories.make_token(TokenKind.EXPORTER)[1]
    with socket.create_connection(
        (live_server.thread.host, live_server.thread.port), timeout=30
    ) as asked:
        asked.sendall(
            b"GET /api/v1/exporter-macs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Authorization: Bearer " + secret.encode() + b"\r\n\r\n"
        )
        answer = asked.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'COPY%%' AND pid <> pg_backend_pid()"
                " AND datname = current_database()"
            )
            assert cursor.fetchall() == [(True,)]
        while part := asked.recv(1_000_000):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"ETag" in head
    assert b"Content-Length" not in head
    assert body.startswith(b'[{"platform_id":')
    assert body.count(b"{") < 100_000
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert "Traceback" in capfd.readouterr().err  # whoever runs the server can see it
