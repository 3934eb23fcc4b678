"""What the lab writes is what a real Prometheus stores when it scrapes the same pages."""

import json
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from exporters import promql
from exporters.kinds import KINDS
from tests.exporters.watched_world import STATUS, World, watched_world
from tests.jobs.evaluated_world import wait_until

from .front import Prometheus
from .pages import Process
from .schedule import OF_A
from .scrapes import Scrapes

LABELS = {"platform_id": "1", "exporter_id": "2"}
ASKED = (
    "up",
    STATUS,
    promql.of_last_scrape(promql.selector(STATUS, [1]), KINDS),
    f"count by (platform_id) ({STATUS})",
    f"max_over_time({STATUS}[5m]) < 1",
)
#: What a page tells of players; None: the process does not answer.
PAGES: tuple[dict[str, int] | None, ...] = ({"a": 1, "b": 0}, {"b": 0}, None, {"a": 0, "c": 7}, {})


def test_it_writes_what_a_scrape_would(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "lab").mkdir()
    written = Prometheus(tmp_path / "lab")
    process = Process(OF_A, "cubic", [], None, 0.0)
    scrapes = Scrapes(written)
    written.start()
    try:
        with watched_world(tmp_path / "real") as real:
            for page in PAGES:
                _serve(real, page)
                now = time.time()
                told = {
                    process.of(STATUS, {**LABELS, "mac": name}, name): float(number)
                    for name, number in (page or {}).items()
                }
                scrapes.of(process, None if page is None else told, now)
                for expression in ASKED:
                    lab = _told(f"http://127.0.0.1:{written.port}", expression, now)
                    assert lab == _told(real.url, expression, now), (page, expression)
    finally:
        written.kill()


def _serve(real: World, page: dict[str, int] | None) -> None:
    if page is None:
        real.target.text = "{"  # type: ignore[attr-defined]
        wait_until(real, 'up{kind="cubic"}', 0)
        return
    of_it = ",".join(f'{name}="{value}"' for name, value in LABELS.items())
    real.say(f'{STATUS}{{{of_it},mac="{name}"}} {value}' for name, value in page.items())


def _told(url: str, expression: str, at: float) -> dict[str, str]:
    """Return the values by player and process name; the marker of the page aside."""
    form = urlencode({"query": expression, "time": at})
    with urllib.request.urlopen(f"{url}/api/v1/query?{form}", timeout=5) as answer:  # noqa: S310 (ours)
        found = json.load(answer)["data"]["result"]
    kept = ("__name__", "mac", "platform_id", "kind")
    return {
        " ".join(each["metric"].get(name, "") for name in kept): each["value"][1] for each in found
    }
