"""The simulated vendors as a real process, for tests."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from demo.vendors import VENDORS
from demo.world import COMPANIES

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Vendor:
    """Where the vendors listen, and how to ask and to tell them."""

    addresses: Mapping[str, str]
    process: subprocess.Popen[str]
    gateway: str = ""  # where the SMS gateway listens, if it was asked for

    @property
    def base(self) -> str:
        """What EXTERNAL_API_BASE_URL would be: the MAC is appended."""
        return self.addresses["cubic"]

    def connect(self, timeout: float = 5) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=timeout)

    def ask(self, mac: str, timeout: float = 5) -> tuple[int, bytes]:
        """Ask CubicMedia for a player on a connection of its own; return status code and body."""
        address = urlsplit(self.base + quote(mac))
        answer, body = self.request("GET", f"{address.path}?{address.query}", timeout=timeout)
        return answer.status, body

    def player(self, mac: str) -> dict[str, str]:
        """The one object of an honest answer."""
        status, body = self.ask(mac)
        assert status == 200, body
        (known,) = json.loads(body)
        assert isinstance(known, dict)
        return known

    def devices(self, company: int = 0, **told: Any) -> list[dict[str, Any]]:
        """Ask AddReality for a page of a company's devices, honestly answered."""
        answer, body = self.ask_addreality(COMPANIES[company].token("addreality"), told)
        assert answer.status == 200, body
        listed: list[dict[str, Any]] = json.loads(body)["data"]
        return listed

    def ask_addreality(
        self, token: str, told: object, timeout: float = 5
    ) -> tuple[http.client.HTTPResponse, bytes]:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        headers = {"Content-Type": "application/json", "X-API-Token": token}
        path = VENDORS["addreality"].address
        return self.request("POST", path, body, headers=headers, timeout=timeout)

    def ask_lumen(self, target: str, token: str = "") -> tuple[int, dict[str, Any]]:
        """Ask Lumen CMS with a bearer token, the second company's when none is said."""
        headers = {"Authorization": f"Bearer {token or COMPANIES[1].token('lumen')}"}
        answer, body = self.request("GET", VENDORS["lumen"].address + target, headers=headers)
        return answer.status, json.loads(body)

    def tell(self, deed: str, of: str = "cubic", **told: Any) -> dict[str, Any]:
        """Change the simulation; return the vendor's new state."""
        answer, body = self.request("POST", f"/control/{of}/{deed}", json.dumps(told).encode())
        assert answer.status == 200, body
        state: dict[str, Any] = json.loads(body)
        return state

    def refusal(self, deed: str, body: bytes = b"{}", of: str = "cubic") -> tuple[int, str]:
        """Tell it something wrong; return the status code and the error."""
        answer, said = self.request("POST", f"/control/{of}/{deed}", body)
        return answer.status, json.loads(said)["error"]

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = {},
        timeout: float = 5,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self.connect(timeout)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


@contextmanager
def running_vendor(*options: str) -> Iterator[Vendor]:
    """Run the simulated vendors, and the SMS gateway if asked for, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_demo_vendor", "--port=0", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = [process.stdout.readline().split()[-1] for _ in VENDORS]
        has_gateway = any(option.startswith("--gateway-port") for option in options)
        gateway = process.stdout.readline().split()[-1] if has_gateway else ""
        yield Vendor(dict(zip(VENDORS, said, strict=True)), process, gateway)
    finally:
        process.terminate()
        process.communicate(timeout=10)
