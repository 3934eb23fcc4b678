"""Ports: what is said about one that cannot be used."""

import os
import socket
from collections.abc import Iterator

import pytest

from remosa.ports import BadPort, check_free, port_of


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_it_names_the_port_the_variable_and_the_holder(taken: int) -> None:
    with pytest.raises(BadPort) as error:
        check_free({"REMOSA_WEB_PORT": taken})
    line = str(error.value)
    assert f"Port {taken} is taken by " in line
    assert f"(process {os.getpid()})" in line
    assert "set REMOSA_WEB_PORT to another one" in line


def test_it_names_every_port_that_is_taken(taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"EXPORTER_PORT": taken, "REMOSA_WEB_PORT": other.getsockname()[1]}
        with pytest.raises(BadPort) as error:
            check_free(ports)
    assert len(str(error.value).splitlines()) == 2


def test_two_processes_cannot_have_one_port() -> None:
    with pytest.raises(BadPort, match="EXPORTER_PORT and REMOSA_WEB_PORT are both 8000"):
        check_free({"REMOSA_WEB_PORT": 8000, "EXPORTER_PORT": 8000})


def test_a_port_that_was_left_a_moment_ago_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server.accept()[0].close()
            client.recv(1)
    check_free({"REMOSA_WEB_PORT": port})


@pytest.mark.parametrize("text", ["0", "65536", "80a", "-1", "8000.0", "٨٠", "http"])
def test_a_setting_that_is_no_port_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(BadPort, match="REMOSA_WEB_PORT must be a port from 1 to 65535"):
        port_of("REMOSA_WEB_PORT", 8000, {"REMOSA_WEB_PORT": text})


@pytest.mark.parametrize(("given", "port"), [({}, 8000), ({"P": ""}, 8000), ({"P": " 81 "}, 81)])
def test_an_empty_setting_means_the_default(given: dict[str, str], port: int) -> None:
    assert port_of("P", 8000, given) == port
