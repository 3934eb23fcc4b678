"""The landing page: what it tells, and that nothing from outside becomes markup."""

import time

from exporters.process import pages
from exporters.process.pages import Fact
from exporters.process.schedule import Settings
from exporters.process.sources import Report


def report(**changes: object) -> Report:
    usual = Report(
        exporter_id=4,
        platform_id=1,
        name="Malls",
        settings=Settings(30, 10, 50, 90),
        up=True,
        last_success=time.time() - 5,
        duration=1.25,
        next_poll=time.monotonic() + 20,
        devices={"online": 7, "offline": 0, "stale": 2},
        errors={"timeout": 3},
        last_error="timeout (06:42:40:92:60:B4)",
        repaired=0,
    )
    return usual._replace(**changes)  # type: ignore[arg-type]


def page(*reports: Report, facts: tuple[Fact, ...] = ()) -> str:
    return pages.landing("Remosa exporter: CubicMedia", facts, reports, "/metrics")


def test_it_tells_of_each_source_how_it_is() -> None:
    text = page(report())
    for told in (
        "Malls (4, platform 1)", "up", "7 online, 2 stale", "5 s ago", "took 1.2 s",
        "every 30 s, 50 at once, timeout 10 s, kept 90 s", "timeout 3", "06:42:40:92:60:B4",
    ):  # fmt: skip
        assert told in text, told
    assert "offline" not in text


def test_a_source_that_is_down_stands_out() -> None:
    assert "<tr class=bad>" in page(report(up=False))
    assert "not polled yet" in page(report(up=None, last_success=None, duration=None))
    assert "never" in page(report(last_success=None))
    assert "going on now" in page(report(next_poll=None))


def test_without_sources_it_says_why() -> None:
    assert "no enabled exporter" in page()


def test_nothing_from_outside_becomes_markup() -> None:
    evil = "<script>alert(1)</script>\ud800"
    text = page(
        report(name=evil, last_error=evil, errors={evil: 1}), facts=(Fact(evil, evil, True),)
    )
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") == 5
    text.encode("utf-8")


def test_the_query_of_the_vendors_address_is_not_shown() -> None:
    assert pages.shown_address("https://v:8443/a/b?key=secret&mac=") == "https://v:8443/a/b"
