"""The landing page: what it tells, and that nothing from outside becomes markup."""

import time

import pytest

from exporters.process import pages
from exporters.process.advice import ADVICE
from exporters.process.figures import Figures
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
        since=time.time() - 7200,
        last_success=time.time() - 5,
        duration=1.25,
        next_poll=time.monotonic() + 20.4,
        devices={"online": 7, "offline": 0, "not_found": 2},
        errors={"timeout": 3},
        last_error="timeout (06:42:40:92:60:B4)",
        repaired=0,
        truncated=False,
        dropped=0,
        missing=0,
    )
    return usual._replace(**changes)  # type: ignore[arg-type]


def page(*reports: Report, facts: tuple[Fact, ...] = ()) -> str:
    return pages.landing("Remosa exporter: CubicMedia", facts, reports, "/metrics")


def test_it_tells_of_each_source_how_it_is() -> None:
    text = page(report())
    for told in (
        "Malls", "exporter\n 4, platform 1", "Up since 2", "UTC, 2 hours ago",
        "7 online, 2 not found", "5 s ago", "in 20 s; the last one took 1.2 s",
        "every 30 s, 50 at once, timeout 10 s, a status counts for 90 s", "06:42:40:92:60:B4",
        "3 failed answers", "no whole answer came within the timeout", "Raise the timeout",
    ):  # fmt: skip
        assert told in text, told
    assert "offline" not in text.partition("</style>")[2]
    assert "class=bad" not in text


def test_a_source_that_is_down_stands_out_and_comes_first() -> None:
    text = page(
        report(name="Good"),
        report(name="New", up=None, since=None, last_success=None, duration=None, errors={}),
        report(name="Gone", up=False),
    )
    assert "1 down, 1 waiting, 1 up" in text
    assert text.index("Gone") < text.index("New") < text.index("Good")
    assert "<article class=down>" in text
    assert text.count("<details open>") == 1
    assert "Down since 2" in text


def test_what_is_not_known_yet_is_said_so() -> None:
    fresh = report(
        up=None, since=None, last_success=None, duration=None, errors={}, last_error="", name=""
    )
    assert "Not polled yet" in page(fresh)
    assert "never" in page(fresh)
    assert "Exporter 4" in page(fresh)
    assert "going on now" in page(fresh._replace(next_poll=None))
    assert "it has no devices yet" in page(fresh._replace(devices={"online": 0}))


def test_what_is_kept_back_left_out_or_repaired_is_told() -> None:
    text = page(report(truncated=True, dropped=12, missing=34, repaired=56))
    for told in ("keeps devices back", "12 devices are left out", "34 devices have", "56 devices"):
        assert told in text


@pytest.mark.parametrize("reason", sorted(Figures(4, 1).errors))
def test_every_reason_of_an_error_has_plain_words_and_a_remedy(reason: str) -> None:
    assert reason in ADVICE
    assert all(text.endswith(".") for text in (ADVICE[reason].remedy,))
    assert ADVICE[reason].meaning in page(report(errors={reason: 1})).replace("&#x27;", "'")


def test_a_reason_of_a_later_version_is_shown_all_the_same() -> None:
    assert "no words for" in page(report(errors={"brand_new": 1}))


def test_since_when_a_source_is_up_changes_with_the_state_alone() -> None:
    figures = Figures(4, 1)
    assert (figures.up, figures.since) == (None, None)
    moments = []
    for up in (True, True, False, False, None):
        figures.up = up
        moments.append(figures.since)
        time.sleep(0.01)
    assert moments[0] == moments[1]
    assert moments[2] == moments[3]
    assert moments[1] is not None
    assert moments[2] is not None
    assert moments[2] > moments[1]
    assert moments[4] is None


def test_without_sources_it_says_why() -> None:
    assert "no enabled exporter" in page()


def test_nothing_from_outside_becomes_markup() -> None:
    evil = "<script>alert(1)</script>\ud800"
    text = page(
        report(name=evil, last_error=evil, errors={evil: 1}), facts=(Fact(evil, evil, True),)
    )
    assert "<script>" not in text
    assert text.count("&lt;script&gt;") == 5  # name, error, its reason, a fact and its name
    text.encode("utf-8")


def test_the_query_of_the_vendors_address_is_not_shown() -> None:
    assert pages.shown_address("https://v:8443/a/b?key=secret&mac=") == "https://v:8443/a/b"
