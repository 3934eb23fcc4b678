"""What is told of exporters that are down, once and no sooner; and of Prometheus away: nothing."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import Settings

from exporters import alarms, enrolment, tasks
from exporters.alarms import watch
from exporters.models import Exporter, ExporterProcess, Player
from exporters.prometheus import Sample
from platforms import audit, notice_texts
from platforms.audit import SYSTEM, Action
from platforms.models import Notice, Platform
from platforms.notice_kinds import Severity
from tests import factories
from tests.exporters.told_world import Past
from tests.exporters.watched_world import Scripted

pytestmark = pytest.mark.django_db
LONG = (-40, 40, 1.0)  # well all the time


@pytest.fixture(autouse=True)
def no_failure_is_remembered() -> Iterator[None]:
    """Prometheus is asked again, though another test found it away."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def past(exporter_a: Exporter) -> Past:
    """A past of minutes around now, with a listed process and a player that came long ago."""
    list_process("cubic-1")
    add_player(exporter_a)
    return Past()


def list_process(instance: str, kind: str = "cubic", **fields: Any) -> ExporterProcess:
    number = ExporterProcess.objects.count() + 1
    row: ExporterProcess = ExporterProcess.objects.create(
        kind=kind, instance=instance, address=f"127.0.0.1:{19100 + number}", **fields
    )
    return row


def add_player(exporter: Exporter, minutes: float = 600) -> Player:
    """Add a player that came so many minutes ago."""
    player = factories.make_player(exporter)
    Player.objects.filter(pk=player.pk).update(
        created_at=timezone.now() - timedelta(minutes=minutes)
    )
    return player


def told(past: Past, first: float, last: float) -> list[tuple[float, str]]:
    """Look every half minute; return what was told, and in which minute."""
    found: list[tuple[float, str]] = []
    for half in range(int(first * 2), int(last * 2) + 1):
        before = Notice.objects.count()
        news = watch(past.at(half / 2))
        fresh = Notice.objects.order_by("pk")[before:]
        assert news == len(fresh)
        found += [(half / 2, each.kind) for each in fresh]
    return found


def test_an_exporter_is_told_after_three_minutes_and_taken_back_at_the_second_good_look(
    past: Past, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    past.process(LONG)
    past.vendor(exporter_a, (-40, 0, 1), (0, 20, 0), (20, 40, 1))
    with past.remembered(tmp_path, settings):
        assert told(past, -5, 25) == [(3.0, "source_down"), (20.5, "source_back")]
    down, back = Notice.objects.order_by("pk")
    assert (down.platform, down.about_name) == (exporter_a.platform, "Malls of Alpha")
    assert down.severity == back.severity == Severity.WARNING
    assert down.ended_at == past.at(20.5)
    assert down.repeat_at == past.at(3) + timedelta(hours=4)
    with translation.override("en"):
        since = notice_texts.moment(past.at(0), exporter_a.platform.time_zone)
        assert notice_texts.sentence(down) == (
            "Malls of Alpha: nothing has been known of the players of this exporter since "
            f"{since}, and no job acts on them. The vendor does not answer. What to do stands on "
            "the page of the exporter."
        )
        assert "tells of its players again" in notice_texts.sentence(back)


def dead_process(past: Past, exporter: Exporter) -> None:
    past.process((-40, 0, 1), (0, 40, 0))
    past.vendor(exporter, (-40, 0, 1))


def no_process(past: Past, exporter: Exporter) -> None:
    ExporterProcess.objects.filter(kind="cubic").delete()


def not_scraped(past: Past, exporter: Exporter) -> None:
    """It announced itself, and Prometheus does not ask it."""


def not_polled(past: Past, exporter: Exporter) -> None:
    past.process(LONG)


def refused(past: Past, exporter: Exporter) -> None:
    past.process(LONG)
    past.vendor(exporter, LONG[:2] + (0,))
    past.errors(exporter, "timeout", (-40, 0, 1), (0, 40, 3))
    past.errors(exporter, "http_4xx", (-40, 0, 1), (0, 40, 60))


def stopped(past: Past, exporter: Exporter) -> None:
    """One of its two processes has no answer of the vendor: as its page says."""
    list_process("cubic-2")
    past.process(LONG)
    past.process(LONG, instance="cubic-2")
    past.vendor(exporter, LONG, more=',instance="cubic-1"')
    past.vendor(exporter, (-40, 40, 0), more=',instance="cubic-2"')


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (dead_process, "The exporter process does not answer."),
        (no_process, "No exporter process has announced itself."),
        (not_scraped, "Prometheus does not ask the exporter process yet."),
        (not_polled, "Not polled yet."),
        (refused, "The vendor refuses the request."),
        (stopped, "The vendor does not answer."),
    ],
)
def test_why_is_told_in_words(
    happens: Callable[[Past, Exporter], None],
    why: str,
    past: Past,
    exporter_a: Exporter,
    tmp_path: Path,
    settings: Settings,
) -> None:
    list_process("json-1", "json")
    past.process(LONG, kind="json", instance="json-1")  # Prometheus works
    happens(past, exporter_a)
    with past.remembered(tmp_path, settings):
        assert told(past, 4, 6) == [(4.0, "source_down")]
    with translation.override("en"):
        assert f" {why} " in notice_texts.sentence(Notice.objects.get())


# -- who is not to blame --------------------------------------------------------------------------


def test_nothing_is_told_while_prometheus_is_away(
    past: Past, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    past.process(LONG)
    past.vendor(exporter_a, (-40, 40, 0))
    with past.remembered(tmp_path, settings):
        there, settings.PROMETHEUS_URL = settings.PROMETHEUS_URL, "http://127.0.0.1:9"
        assert told(past, 0, 5) == []
        settings.PROMETHEUS_URL = there
        assert told(past, 6, 6) == [(6.0, "source_down")]
        settings.PROMETHEUS_URL = "http://127.0.0.1:9"
        assert told(past, 7, 12) == []
    assert Notice.objects.get().ended_at is None


def test_a_prometheus_that_stopped_reading_blames_no_exporter_nor_does_what_it_held(
    past: Past, exporter_a: Exporter, exporter_b: Exporter, tmp_path: Path, settings: Settings
) -> None:
    """Both vendors were away for a moment when it stopped; it came back to well ones."""
    add_player(exporter_b)
    past.process((-40, 0, 1), (20, 40, 1))
    for exporter in (exporter_a, exporter_b):
        past.vendor(exporter, (-40, -0.5, 1), (-0.5, 0, 0), (20, 40, 1))
    with past.remembered(tmp_path, settings):
        assert told(past, -3, 30) == []


def test_the_proof_of_that_turns_red_where_an_empty_look_proves_something(
    past: Past,
    exporter_a: Exporter,
    exporter_b: Exporter,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdicts = alarms._verdicts
    alive = Sample({"__name__": "up", "kind": "other", "instance": "x"}, 1.0, 0.0)

    def proves(ask: Any, look: alarms.Look, exporters: Any) -> alarms.Verdicts | None:
        return verdicts(ask, [*look, alive], exporters)

    monkeypatch.setattr(alarms, "_verdicts", proves)
    with pytest.raises(AssertionError):
        test_a_prometheus_that_stopped_reading_blames_no_exporter_nor_does_what_it_held(
            past, exporter_a, exporter_b, tmp_path, settings
        )


def test_a_vendor_that_comes_and_goes_is_told_neither_down_nor_back_all_the_time(
    past: Past, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    past.process(LONG)
    flaps = [(minute, minute + 1, minute % 2) for minute in range(-10, 0)]
    blip = [(0, 10, 0), (10, 10.5, 1), (10.5, 20, 0)]  # one good look
    past.vendor(exporter_a, *flaps, *blip, (20, 40, 1))
    with past.remembered(tmp_path, settings):
        assert told(past, -6, 25) == [(3.0, "source_down"), (20.5, "source_back")]


def test_another_platforms_process_blames_nobody_and_each_hears_of_its_own(
    past: Past, exporter_a: Exporter, exporter_b: Exporter, tmp_path: Path, settings: Settings
) -> None:
    add_player(exporter_b)
    list_process("cubic-2", limited_to=exporter_b.platform)
    past.process(LONG)
    past.vendor(exporter_a, LONG)
    forged = f',token_platform="{exporter_b.platform_id}"'
    past.vendor(exporter_a, (-40, 40, 0), more=forged)
    past.vendor(exporter_b, (-40, 40, 0), more=forged)
    with past.remembered(tmp_path, settings):
        assert told(past, 4, 8) == [(4.0, "source_down")]
    notice = Notice.objects.get()
    assert (notice.platform, notice.about_id) == (exporter_b.platform, str(exporter_b.pk))


def switched_off(exporter: Exporter) -> None:
    Exporter.objects.update(enabled=False)


def inactive(exporter: Exporter) -> None:
    Platform.objects.update(active=False)


def without_players(exporter: Exporter) -> None:
    Player.objects.update(retired_at=timezone.now())


def deleted(exporter: Exporter) -> None:
    enrolment.discard(exporter, SYSTEM)


LEAVES = [switched_off, inactive, without_players, deleted]


@pytest.mark.parametrize("leaves", LEAVES)
def test_an_exporter_that_goes_while_it_is_down_ends_without_a_word(
    leaves: Callable[[Exporter], None],
    past: Past,
    exporter_a: Exporter,
    tmp_path: Path,
    settings: Settings,
) -> None:
    past.process(LONG)
    past.vendor(exporter_a, (-40, 40, 0))
    with past.remembered(tmp_path, settings):
        assert told(past, 0, 0) == [(0.0, "source_down")]
        leaves(exporter_a)
        settings.PROMETHEUS_URL = "http://127.0.0.1:9"  # that takes no question
        assert told(past, 1, 2) == []
    assert Notice.objects.get().ended_at == past.at(1)


@pytest.mark.parametrize("leaves", LEAVES)
def test_of_an_exporter_that_nobody_expects_anything_of_nothing_is_told(
    leaves: Callable[[Exporter], None],
    past: Past,
    exporter_a: Exporter,
    tmp_path: Path,
    settings: Settings,
) -> None:
    past.process(LONG)
    past.vendor(exporter_a, (-40, 40, 0))
    leaves(exporter_a)
    with past.remembered(tmp_path, settings):
        assert told(past, 0, 5) == []


def test_a_new_exporter_is_given_a_quarter_of_an_hour(
    past: Past, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    Player.objects.all().delete()
    add_player(exporter_a, minutes=5)
    past.process(LONG)
    with past.remembered(tmp_path, settings):
        assert told(past, 0, 15) == [(10.5, "source_down")]


@pytest.mark.parametrize("of_platform", [False, True])
def test_what_was_switched_on_a_moment_ago_is_given_three_minutes(
    of_platform: bool, past: Past, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    past.process(LONG)
    target = exporter_a.platform if of_platform else exporter_a
    audit.record(SYSTEM, Action.CHANGED, target, platform_id=exporter_a.platform_id)
    with past.remembered(tmp_path, settings):
        assert told(past, 0, 6) == [(3.5, "source_down")]


# -- more than one worker, and many exporters -----------------------------------------------------


def test_a_restart_in_between_makes_no_doubles(
    past: Past, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    past.process(LONG)
    past.vendor(exporter_a, (-40, 10, 0), (10, 40, 1))
    with past.remembered(tmp_path, settings):
        assert told(past, 0, 0) == [(0.0, "source_down")]
        cache.clear()
        assert told(past, 8, 8) == told(past, 0, 0) == []
        assert told(past, 14, 14) == [(14.0, "source_back")]
        cache.clear()
        assert told(past, 14, 20) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_workers_that_look_at_once_tell_it_once(
    past: Past, exporter_a: Exporter, tmp_path: Path, settings: Settings
) -> None:
    past.process(LONG)
    past.vendor(exporter_a, (-40, 5, 0), (5, 40, 1))
    start = threading.Barrier(6)

    def look(minute: float) -> None:
        start.wait(30)
        watch(past.at(minute))
        connections.close_all()

    with past.remembered(tmp_path, settings):
        for minute in (0, 10):
            threads = [threading.Thread(target=look, args=(minute,)) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
    kinds = list(Notice.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["source_down", "source_back"]


def test_one_question_and_as_many_queries_for_one_exporter_as_for_many(
    past: Past, exporter_a: Exporter, scripted: Scripted
) -> None:
    def queries() -> int:
        scripted.questions.clear()
        with CaptureQueriesContext(connection) as found:
            assert watch(past.at(0)) == 0
        assert len(scripted.questions) == 1
        return len(found)

    scripted.lines = [
        ({"__name__": "up", "kind": "cubic", "instance": "cubic-1"}, [(past.zero, 1)])
    ]
    queries()
    before = queries()
    for _platform in range(3):
        platform = factories.make_platform()
        for _exporter in range(10):
            add_player(factories.make_exporter(platform))
    assert queries() == before <= 4


def test_the_tick_looks(past: Past, exporter_a: Exporter, scripted: Scripted) -> None:
    tasks.watch_sources()
    assert scripted.questions[0]["path"].endswith("query_range")
