"""The ports that tests take: each one's own, as long as the process lives that took it."""

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from tests import ports
from tests.ports import free_port, is_open

MANY = "from tests.ports import free_port; print(*(free_port() for _ in range(300)))"


def test_processes_that_ask_at_once_never_get_the_same_one() -> None:
    def ask(_number: int) -> list[str]:
        # It tells them while it lives: what it took is free again when it is gone.
        command = [sys.executable, "-c", f"{MANY}; input()"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as one:
            assert one.stdout is not None
            mine = one.stdout.readline().split()
            everybody.wait(timeout=60)
            one.communicate("\n")
        return mine

    everybody = threading.Barrier(3)
    with ThreadPoolExecutor(3) as asking:
        taken = [port for mine in asking.map(ask, range(3)) for port in mine]
    assert len(set(taken)) == len(taken) == 900


def test_no_connection_leaves_from_one() -> None:
    leaving = int(ports._RANGE.read_text().split()[0])
    assert all(1024 <= free_port() < leaving for _ in range(100))


def test_one_on_which_somebody_listens_is_passed_over() -> None:
    port = free_port()
    ports._taken.pop().close()  # the claim, as if its process had ended
    with socket.create_server(("127.0.0.1", port)):
        assert is_open(port)
        assert not ports._take(port)
    assert not is_open(port)
    assert ports._take(port)
    assert not ports._take(port)
