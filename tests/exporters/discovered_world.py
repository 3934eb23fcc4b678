"""A real Prometheus that finds several exporter processes as Remosa's service discovery tells."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from exporters import targets
from exporters.models import ExporterProcess
from platforms.audit import Actor
from platforms.models import ApiToken
from tests.exporters.watched_world import Silent, World, scraped_page, serving
from tests.prometheus_server import running_prometheus

CONFIGURATION = """
global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}
scrape_configs:
- job_name: remosa
  http_sd_configs:
  - url: http://127.0.0.1:{port}/targets
    refresh_interval: 1s
"""


class DiscoveredWorld:
    """Exporter processes by instance, each with a page of its own, and their Prometheus."""

    def __init__(self, listed: ThreadingHTTPServer, folder: Path, stack: ExitStack) -> None:
        self.listed, self.folder, self.stack = listed, folder, stack
        self.pages: dict[str, ThreadingHTTPServer] = {}
        self.worlds: dict[str, World] = {}
        self.url = ""

    def announce(self, instance: str, token: ApiToken, host: str = "127.0.0.1") -> ExporterProcess:
        """Let a process announce itself; one that is new gets an empty page."""
        if instance not in self.pages:
            self.pages[instance] = self.stack.enter_context(scraped_page())
        port = self.pages[instance].server_address[1]
        said = targets.Announcement(token.exporter_kind, instance, port, host)
        return targets.announce(said, token, Actor("exporter", "token", address="127.0.0.1"))

    def start(self) -> str:
        """Start Prometheus on what is listed now; return its address."""
        self.list()
        configuration = CONFIGURATION.format(port=self.listed.server_address[1])
        server = self.stack.enter_context(running_prometheus(self.folder, configuration))
        self.url = server.url
        for instance, page in self.pages.items():
            self.worlds[instance] = World(page, server, f'{{instance="{instance}"}}')
        return server.url

    def list(self) -> None:
        """Tell Prometheus what is to be scraped, as Remosa's rows stand now."""
        self.listed.groups = targets.groups()  # type: ignore[attr-defined]

    def say(self, instance: str, lines: Iterable[str]) -> None:
        """Serve these samples on a process' page, and return when Prometheus has read them."""
        self.worlds[instance].say(lines)

    def wait_for(self, expression: str, value: float | None) -> None:
        """Return when the only sample of an expression has this value."""
        world, deadline = next(iter(self.worlds.values())), time.monotonic() + 15
        while world.value(expression) != value:
            assert time.monotonic() < deadline, f"{expression} is never {value}"
            time.sleep(0.05)


@contextmanager
def discovered_world(folder: Path) -> Iterator[DiscoveredWorld]:
    """Serve the targets, and whatever processes announce themselves, until the block ends."""
    with ExitStack() as stack:
        listed = stack.enter_context(serving(_Targets))
        yield DiscoveredWorld(listed, folder, stack)


class _Targets(Silent):
    server: Any

    def do_GET(self) -> None:  # noqa: N802 (the base's name)
        self.send("application/json", json.dumps(self.server.groups).encode())
