"""Maintenance of every week in the story of a player: by the clock of its place, in its order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exporters.models import Exporter, Player
from jobs import timeline_words
from jobs.models import MaintenanceWindow
from jobs.timeline import Place, Timeline, timeline
from platforms.models import Platform, User
from tests.factories import make_player, make_site

pytestmark = pytest.mark.django_db

WEEK = timedelta(weeks=1)
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=31)


def at(day: int, hour: int, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def player(exporter_a: Exporter) -> Player:
    """A player in Berlin, where the clock was put back on 25 October at 01:00 UTC."""
    Platform.objects.filter(pk=exporter_a.platform_id).update(time_zone="Europe/Berlin")
    exporter_a.platform.refresh_from_db()
    return make_player(exporter_a)


def every_week(platform: Platform, **fields: Any) -> MaintenanceWindow:
    """Plan Sundays from 01:00 to 05:00 in Berlin, first on 6 September; planned long before."""
    planned = fields.pop("created_at", at(1, 0, 8))
    row: MaintenanceWindow = MaintenanceWindow.objects.create(
        **{
            "platform": platform,
            "name": "Cleaning",
            "starts_at": at(5, 23, 9),
            "ends_at": at(6, 3, 9),
            "time_zone": "Europe/Berlin",
            "weekly": True,
            "author_name": "Mona",
            **fields,
        }
    )
    MaintenanceWindow.objects.filter(pk=row.pk).update(created_at=planned)
    return row


def told(player: Player, person: User, **options: Any) -> Timeline:
    return timeline(player, [], SINCE, UNTIL, person, **options)


def moments(player: Player, person: User) -> list[tuple[str, datetime]]:
    return [(each.sort, each.at) for each in told(player, person).events][::-1]


def test_each_time_stands_where_it_was_also_when_clocks_were_put_back(
    player: Player, alice: User
) -> None:
    every_week(player.platform)
    assert moments(player, alice) == [
        ("window", at(3, 23)),
        ("window_over", at(4, 3)),
        ("window", at(10, 23)),
        ("window_over", at(11, 3)),
        ("window", at(17, 23)),
        ("window_over", at(18, 3)),
        ("window", at(24, 23)),
        ("window_over", at(25, 4)),  # five hours: 02:00 was there twice
    ]
    lines = timeline_words.lines(told(player, alice), reads_phones=False)
    assert {(line.title, line.text) for line in lines} == {
        ("Maintenance began", "Cleaning"),
        ("Maintenance was over", "Cleaning"),
    }


def test_one_that_had_begun_before_the_span_ends_in_it(player: Player, alice: User) -> None:
    every_week(player.platform, starts_at=SINCE - timedelta(hours=5), ends_at=SINCE + WEEK / 7)
    assert moments(player, alice)[0] == ("window_over", SINCE + WEEK / 7)


def test_it_stands_from_when_it_was_planned_until_it_was_taken_back_or_its_last_day(
    player: Player, alice: User
) -> None:
    every_week(player.platform, created_at=at(18, 1), cancelled_at=at(25, 2))
    assert moments(player, alice) == [
        ("window", at(18, 1)),
        ("window_over", at(18, 3)),
        ("window", at(24, 23)),
        ("window_over", at(25, 2)),
    ]
    MaintenanceWindow.objects.all().delete()
    every_week(player.platform, until=date(2026, 10, 11))
    assert moments(player, alice) == [("window", at(3, 23)), ("window_over", at(4, 3))]
    MaintenanceWindow.objects.all().delete()
    every_week(player.platform, until=date(2026, 9, 20))
    every_week(player.platform, created_at=UNTIL + timedelta(hours=9))
    assert moments(player, alice) == []


def test_only_windows_over_the_player_are_told(
    player: Player, alice: User, platform_a: Platform, platform_b: Platform
) -> None:
    every_week(platform_b)
    every_week(platform_a, site=make_site(platform_a))
    every_week(platform_a, player=make_player(player.exporter))
    assert moments(player, alice) == []
    every_week(platform_a, player=player)
    assert len(moments(player, alice)) == 8


def test_pages_lose_no_time_and_tell_none_twice(player: Player, alice: User) -> None:
    for _number in range(3):
        every_week(player.platform)
    seen, before = [], None
    for _page in range(20):
        page = told(player, alice, before=before, size=2)
        seen += [(each.sort, each.at, each.row.pk) for each in page.events]
        if page.older is None:
            break
        before = Place.read(str(page.older))
    assert len(seen) == len(set(seen)) == 24
    assert [each[1] for each in seen] == sorted((each[1] for each in seen), reverse=True)


def test_many_windows_cost_one_question(player: Player, alice: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            told(player, alice)
        return len(asked)

    first = cost()
    site = make_site(player.platform)
    Player.objects.filter(pk=player.pk).update(site=site)
    player.refresh_from_db()
    player.platform.refresh_from_db()
    for _number in range(30):
        every_week(player.platform, site=site)
        every_week(player.platform, player=player)
    assert len(told(player, alice).events) == 50
    assert cost() == first
