"""The world of an exporter process: a vendor, a Remosa, and the process itself."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.exporters.process import child, web
from tests.exporters.process.addreality_web import AddReality

RunExporter = Callable[..., AbstractContextManager[child.Exporter]]


@pytest.fixture
def vendor() -> web.Vendor:
    """What the vendor says."""
    return web.Vendor()


@pytest.fixture
def vendor_web(vendor: web.Vendor) -> Iterator[web.Web]:
    """The vendor's server; a test may change its behaviour."""
    with web.serving(vendor) as server:
        yield server


@pytest.fixture
def remosa() -> web.Remosa:
    """What Remosa's API says."""
    return web.Remosa()


@pytest.fixture
def remosa_web(remosa: web.Remosa) -> Iterator[web.Web]:
    """Remosa's server."""
    with web.serving(remosa) as server:
        yield server


@pytest.fixture
def environment(vendor_web: web.Web, remosa_web: web.Web, remosa: web.Remosa) -> dict[str, str]:
    """What an exporter process of this world is told."""
    return {
        "REMOSA_API_URL": remosa_web.url,
        "REMOSA_API_TOKEN": remosa.token,
        "EXTERNAL_API_BASE_URL": f"{vendor_web.url}/status?mac=",
        "WEB_LISTEN_ADDRESS": "127.0.0.1:0",
        "POLL_INTERVAL": "1",
        "TIMEOUT": "1",
    }


@pytest.fixture
def addreality() -> AddReality:
    """What AddReality lists."""
    return AddReality()


@pytest.fixture
def addreality_web(addreality: AddReality) -> Iterator[web.Web]:
    """AddReality's server; a test may change its behaviour."""
    with web.serving(addreality) as server:
        yield server


@pytest.fixture
def listing(tmp_path: Path, environment: dict[str, str], addreality_web: web.Web) -> RunExporter:
    """Run an AddReality exporter until a block ends, with further options and settings."""
    address = {"ADDREALITY_API_URL": f"{addreality_web.url}/public/v1/device/list"}

    def run(*options: str, **settings: str) -> AbstractContextManager[child.Exporter]:
        told = {**environment, **address, **settings}
        return child.running(tmp_path, told, *options, kind="addreality")

    return run


@pytest.fixture
def exporter(tmp_path: Path, environment: dict[str, str]) -> RunExporter:
    """Run an exporter until a block ends, with further options and settings."""

    def run(*options: str, **settings: str) -> AbstractContextManager[child.Exporter]:
        return child.running(tmp_path, {**environment, **settings}, *options)

    return run
