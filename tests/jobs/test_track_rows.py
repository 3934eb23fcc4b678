"""Statements that write by the thousand, on both databases."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from exporters.models import Exporter
from jobs import track_rows
from jobs.models import Clock, Criterion, Track
from jobs.track_rows import KeptTrack
from jobs.tracks import Clock as PureClock, Track as PureTrack
from jobs.verdicts import Why
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

AT = datetime(2026, 3, 1, 12, 0, 5, 250000, tzinfo=UTC)


@pytest.fixture
def criterion(exporter_a: Exporter) -> Criterion:
    row: Criterion = Criterion.objects.create(
        platform_id=exporter_a.platform_id, digest="a" * 64, definition={}
    )
    return row


def test_tracks_come_back_as_they_were_written(exporter_a: Exporter, criterion: Criterion) -> None:
    tracks = [
        PureTrack(True, 30.25, 59, 1, True, 60.5, 90.0, (57, 58, 59), 0.0, Why.NO_SAMPLE),
        PureTrack(True, 0.0, 59, 1, False, value=1e300),
        PureTrack(False, 0.0, 59, 1, True),
    ]
    players = [factories.make_player(exporter_a) for _track in tracks]
    platforms = {criterion.pk: criterion.platform_id}
    kept = [
        KeptTrack(criterion.pk, player.pk, exporter_a.pk, None, player.identity, track)
        for player, track in zip(players, tracks, strict=True)
    ]
    assert track_rows.write(platforms, kept) == 3
    pks = [player.pk for player in players]
    assert sorted(track_rows.of_players([criterion.pk], pks)) == sorted(kept)
    assert sorted(track_rows.restless([criterion.pk])) == sorted(kept[:2])
    assert track_rows.at_rest(criterion.pk, exporter_a.pk) == {pks[2]}
    well = kept[0]._replace(track=tracks[2])
    assert track_rows.write(platforms, [well]) == 1  # the same rows, not more
    assert track_rows.at_rest(criterion.pk, exporter_a.pk) == {pks[0], pks[2]}
    assert Track.objects.count() == 3


def test_a_clock_is_moved_from_where_it_was_read_alone(
    exporter_a: Exporter, criterion: Criterion
) -> None:
    pairs = {(criterion.pk, exporter_a.pk): criterion.platform_id}
    [kept] = track_rows.clocks(pairs).values()
    assert kept.clock is None
    kept.clock = PureClock(59, AT.timestamp(), 30.5, False, 58, 2, Why.SOURCE_DOWN)
    kept.counts, kept.fresh, kept.looked = [3, 4], 7, 59
    with transaction.atomic():
        assert track_rows.move({kept.pk: 0}, [kept], AT) == {kept.pk}
        assert track_rows.move({kept.pk: 0}, [kept], AT) == set()
    [read] = track_rows.clocks(pairs).values()
    assert read == kept
    assert Clock.objects.get().at == AT


def test_players_that_are_watched_no_more_are_forgotten(
    exporter_a: Exporter, criterion: Criterion
) -> None:
    stays, goes = (factories.make_player(exporter_a, retired_at=at) for at in (None, AT))
    for player in (stays, goes):
        Track.objects.create(
            platform_id=criterion.platform_id,
            criterion=criterion,
            player=player,
            bad=True,
            run_from=0,
            since_slot=1,
        )
    assert [each.player_id for each in track_rows.restless([criterion.pk])] == [stays.pk]
    track_rows.forget_retired(at_rest=True)
    assert [each.player for each in Track.objects.all()] == [stays]
