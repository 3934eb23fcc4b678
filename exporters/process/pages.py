"""The landing page: what a person who opens the exporter's address wants to know.

Pure text. Everything that came from outside is escaped; tokens and queries never appear.
"""

import time
from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from exporters import metrics
from exporters.process.sources import Report

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8886;"
    "padding:.3rem .6rem;text-align:left;vertical-align:top}.bad{color:#c62828}"
    ".wide{overflow-x:auto}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}"
    "a{color:#8ab4f8}.bad{color:#ff8a80}}"
)


class Fact(NamedTuple):
    """One line about the process."""

    name: str
    text: str
    is_bad: bool = False


def landing(
    title: str, facts: Iterable[Fact], reports: Iterable[Report], telemetry_path: str
) -> str:
    """Return the page as HTML."""
    return "\n".join(_landing(title, facts, reports, telemetry_path))


def _landing(
    title: str, facts: Iterable[Fact], reports: Iterable[Report], telemetry_path: str
) -> Iterator[str]:
    yield f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{_safe(title)}</title>"
    yield "<meta name=viewport content='width=device-width,initial-scale=1'>"
    yield f"<style>{STYLE}</style></head><body><h1>{_safe(title)}</h1>"
    yield f"<p><a href='{_safe(telemetry_path)}'>Metrics</a> · <a href='/-/healthy'>Healthy</a>"
    yield " · <a href='/-/ready'>Ready</a></p><table>"
    for fact in facts:
        mark = " class=bad" if fact.is_bad else ""
        yield f"<tr><th>{_safe(fact.name)}</th><td{mark}>{_safe(fact.text)}</td></tr>"
    yield "</table><h2>Sources</h2><div class=wide><table><tr>"
    for heading in ("Exporter", "State", "Devices", "Last success", "Last poll", "Next poll"):
        yield f"<th>{heading}</th>"
    yield "<th>Settings</th><th>Errors so far</th><th>Last error</th></tr>"
    rows = [_row(report) for report in reports]
    yield from rows
    yield "</table></div>"
    if not rows:
        yield "<p>None yet: no enabled exporter is in the device list.</p>"
    yield "</body></html>"


def _row(report: Report) -> str:
    settings = report.settings
    state = {None: "not polled yet", True: "up", False: "down"}[report.up]
    devices = ", ".join(f"{count} {state}" for state, count in report.devices.items() if count)
    if report.repaired:
        devices += f"; {report.repaired} with text that had to be repaired or cut"
    duration = "" if report.duration is None else f"took {report.duration:.1f} s"
    wait = None if report.next_poll is None else max(0.0, report.next_poll - time.monotonic())
    cells = (
        f"{report.name} ({report.exporter_id}, platform {report.platform_id})",
        state,
        devices or "none",
        ago(report.last_success),
        duration,
        "going on now" if wait is None else f"in {wait:.0f} s",
        (
            f"every {settings.interval:g} s, {settings.concurrency} at once,"
            f" timeout {settings.timeout:g} s, kept {settings.max_age:g} s"
        ),
        ", ".join(f"{reason} {count}" for reason, count in sorted(report.errors.items())),
        report.last_error,
    )
    mark = " class=bad" if report.up is False else ""
    return f"<tr{mark}>" + "".join(f"<td>{_safe(cell)}</td>" for cell in cells) + "</tr>"


def ago(moment: float | None) -> str:
    """Return how long ago a Unix time is, in words."""
    if not moment:
        return "never"
    seconds = max(0.0, time.time() - moment)
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def shown_address(url: str) -> str:
    """Return an address without its query, which may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _safe(text: str) -> str:
    return escape(metrics.safe_text(text))
