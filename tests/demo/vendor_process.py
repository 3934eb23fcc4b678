"""The simulated vendor as a real process, for tests."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Vendor:
    """Where it listens, and how to ask and to tell it."""

    base: str  # what EXTERNAL_API_BASE_URL would be: the MAC is appended
    process: subprocess.Popen[str]

    def connect(self, timeout: float = 5) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=timeout)

    def ask(self, mac: str, timeout: float = 5) -> tuple[int, bytes]:
        """Ask for a player on a connection of its own; return status code and body."""
        address = urlsplit(self.base + quote(mac))
        return self._request("GET", f"{address.path}?{address.query}", timeout=timeout)

    def player(self, mac: str) -> dict[str, str]:
        """The one object of an honest answer."""
        status, body = self.ask(mac)
        assert status == 200, body
        (known,) = json.loads(body)
        assert isinstance(known, dict)
        return known

    def tell(self, deed: str, **told: Any) -> dict[str, Any]:
        """Change the simulation; return its new state."""
        status, body = self._request("POST", f"/control/{deed}", json.dumps(told).encode())
        assert status == 200, body
        state: dict[str, Any] = json.loads(body)
        return state

    def refusal(self, deed: str, body: bytes = b"{}") -> tuple[int, str]:
        """Tell it something wrong; return the status code and the error."""
        status, answer = self._request("POST", f"/control/{deed}", body)
        return status, json.loads(answer)["error"]

    def _request(
        self, method: str, target: str, body: bytes | None = None, timeout: float = 5
    ) -> tuple[int, bytes]:
        connection = self.connect(timeout)
        try:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@contextmanager
def running_vendor(*options: str) -> Iterator[Vendor]:
    """Run the simulated vendor on a free port until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_demo_vendor", "--port=0", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Vendor(process.stdout.readline().split()[-1], process)
    finally:
        process.terminate()
        process.communicate(timeout=10)
