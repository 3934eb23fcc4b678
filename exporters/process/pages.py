"""The landing page: what a person who opens the exporter's address wants to know.

Pure text. Everything that came from outside is escaped; tokens and queries never appear.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from exporters import metrics
from exporters.process.advice import advice
from exporters.process.sources import Report

STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--dim:#5b6575;--line:#d9dee6;--paper:#fff;--bed:#f4f6f9;
--up:#146c34;--down:#b3261e;--wait:#6b5a00;--link:#0b57d0}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ef;--dim:#9aa5b5;--line:#323a47;--paper:#1a1f29;
--bed:#11151c;--up:#6fd58f;--down:#ff9d94;--wait:#e6cc5c;--link:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1.5rem 1rem 3rem;background:var(--bed);color:var(--ink);
font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
a{color:var(--link)}nav{display:flex;gap:1rem;margin:.25rem 0 1rem}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1rem;margin:0}
dt{color:var(--dim)}dd{margin:0}h3 .dim{display:inline-block}.dim{color:var(--dim);font-weight:400}
.bad,.down{color:var(--down)}.up{color:var(--up)}.wait{color:var(--wait)}
section,article{background:var(--paper);border:1px solid var(--line);border-radius:.5rem;
padding:.75rem 1rem;margin:.5rem 0}
article{border-left:4px solid}article>*{color:var(--ink)}article.up{border-left-color:var(--up)}
article.down{border-left-color:var(--down)}article.wait{border-left-color:var(--wait)}
article .state{font-weight:600;margin:0 0 .5rem}
article .up{color:var(--up)}article .down{color:var(--down)}article .wait{color:var(--wait)}
article .bad{color:var(--down);margin:.5rem 0 0}details{margin-top:.5rem}
summary{cursor:pointer}table{border-collapse:collapse;width:100%;margin-top:.25rem}
td,th{border-top:1px solid var(--line);padding:.3rem .75rem .3rem 0;text-align:left;
vertical-align:top}th{white-space:nowrap;font-weight:600}td.count{text-align:right;white-space:nowrap}
@media(max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}
table,tbody,tr,td,th{display:block;border:0;padding:0}tr{border-top:1px solid var(--line);
padding:.4rem 0}th,td.count{display:inline-block;margin-right:.5rem}}
"""


class Fact(NamedTuple):
    """One line about the process."""

    name: str
    text: str
    is_bad: bool = False


class Standing(NamedTuple):
    """How a source stands: a word for the style, and a sentence; the worst comes first."""

    order: int
    style: str
    text: str


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
    yield f"<nav><a href='{_safe(telemetry_path)}'>Metrics</a> <a href='/-/healthy'>Healthy</a>"
    yield "<a href='/-/ready'>Ready</a></nav>"
    found = [(standing(report), report) for report in reports]
    yield f"<h2>Sources <span class=dim>{_summary([each for each, _ in found])}</span></h2>"
    if not found:
        yield "<section>None yet: no enabled exporter is in the device list.</section>"
    for how, report in sorted(found, key=lambda pair: (pair[0].order, pair[1].exporter_id)):
        yield from _source(how, report)
    yield "<h2>This process</h2><section><dl>"
    for fact in facts:
        mark = " class=bad" if fact.is_bad else ""
        yield f"<dt>{_safe(fact.name)}</dt><dd{mark}>{_safe(fact.text)}</dd>"
    yield f"<dt>Shown here</dt><dd>as of {_moment(time.time())}; load the page again for news</dd>"
    yield "</dl></section></body></html>"


def standing(report: Report) -> Standing:
    """Return how a source stands, in plain words."""
    since = "" if report.since is None else f" since {_moment(report.since)}, {ago(report.since)}"
    if report.up:
        return Standing(2, "up", f"Up{since}")
    if report.up is False:
        return Standing(0, "down", f"Down{since}: less than half of the answers could be used")
    if report.errors or any(report.devices.values()):
        return Standing(1, "wait", "Not polled yet")
    return Standing(1, "wait", "Nothing to poll: it has no devices yet")


def _summary(found: Sequence[Standing]) -> str:
    counts = [
        f"{sum(each.style == style for each in found)} {word}"
        for style, word in (("down", "down"), ("wait", "waiting"), ("up", "up"))
        if any(each.style == style for each in found)
    ]
    return ", ".join(counts)


def _source(how: Standing, report: Report) -> Iterator[str]:
    name = report.name or f"Exporter {report.exporter_id}"
    yield f"<article class={how.style}><h3>{_safe(name)} <span class=dim>exporter"
    yield f" {report.exporter_id}, platform {report.platform_id}</span></h3>"
    yield f"<p class='state {how.style}'>{_safe(how.text)}</p><dl>"
    for term, text in _facts_of(report):
        yield f"<dt>{term}</dt><dd>{_safe(text)}</dd>"
    yield "</dl>"
    for warning in _warnings(report):
        yield f"<p class=bad>{_safe(warning)}</p>"
    if report.errors:
        yield from _errors(report, is_open=how.style == "down")
    yield "</article>"


def _facts_of(report: Report) -> Iterator[tuple[str, str]]:
    devices = [f"{count} {state}" for state, count in report.devices.items() if count]
    yield "Devices", ", ".join(devices).replace("_", " ") or "none"
    yield "Last success", ago(report.last_success)
    wait = None if report.next_poll is None else max(0.0, report.next_poll - time.monotonic())
    took = "" if report.duration is None else f"; the last one took {report.duration:.1f} s"
    yield "Next poll", ("going on now" if wait is None else f"in {wait:.0f} s") + took
    settings = report.settings
    yield (
        "Settings",
        (
            f"every {settings.interval:g} s, {settings.concurrency} at once,"
            f" timeout {settings.timeout:g} s, a status counts for {settings.max_age:g} s"
        ),
    )
    if report.last_error:
        yield "Last error", report.last_error


def _warnings(report: Report) -> Iterator[str]:
    if report.truncated:
        yield (
            "The vendor keeps devices back: its list is longer than what it gives."
            " Raise the limit of devices a page in the exporter's settings."
        )
    if report.dropped:
        yield f"{report.dropped} devices are left out: there are more than MAX_DEVICES."
    if report.missing:
        yield (
            f"{report.missing} devices have vanished from the vendor's list at once. They are kept"
            " until the next lists confirm it."
        )
    if report.repaired:
        yield f"{report.repaired} devices have a text that had to be repaired or cut."


def _errors(report: Report, is_open: bool) -> Iterator[str]:
    total = sum(report.errors.values())
    plural = "" if total == 1 else "s"
    yield f"<details{' open' * is_open}><summary>{total} failed answer{plural} since the start"
    yield "</summary><table>"
    for reason, count in sorted(report.errors.items(), key=lambda pair: (-pair[1], pair[0])):
        told = advice(reason)
        yield f"<tr><th>{_safe(reason)}</th><td class=count>{count}</td>"
        yield f"<td>{_safe(told.meaning)}</td><td>{_safe(told.remedy)}</td></tr>"
    yield "</table></details>"


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


def _moment(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _safe(text: str) -> str:
    return escape(metrics.safe_text(text))
