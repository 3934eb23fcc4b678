"""What proves that an attempt helped: samples from after the boot, slot after slot, no others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.proof import Finding, Trial, began, judge
from jobs.tracks import SLOT, Clock, Track

ACTED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TRIAL = Trial(ACTED, timedelta(minutes=3), timedelta(minutes=2), timedelta(minutes=10))


def at(minutes: float) -> float:
    """Return the Unix time so many minutes after the power was back."""
    return ACTED.timestamp() + 60 * minutes


def clock(minutes: float, *, known_since: float = -60, era: int = 0) -> Clock:
    slot = int(at(minutes) // SLOT)
    return Clock(slot, at(minutes), 9000.0, True, int(at(known_since) // SLOT), era)


def track(*, bad: bool, since: float, frozen_from: float | None = None) -> Track:
    return Track(bad, 0.0, int(at(since) // SLOT), 0, True, frozen_from=frozen_from)


WELL = track(bad=False, since=4)
BAD = track(bad=True, since=-30)


def judged(
    player: Track | None, minutes: float, newest: float | None, well: float | None = None
) -> Finding:
    since = None if well is None else datetime.fromtimestamp(at(well), UTC)
    seen = None if newest is None else at(newest)
    now = datetime.fromtimestamp(at(minutes) + 5, UTC)
    return judge(TRIAL, player, clock(minutes), seen, since, now)


@pytest.mark.parametrize(
    ("player", "minutes", "newest", "well", "finding"),
    [
        (WELL, 5, 4.9, None, Finding.WELL),  # the first time that it counts
        (WELL, 6.5, 6.4, 5, Finding.WELL),
        (WELL, 7, 6.9, 5, Finding.HELPED),
        (WELL, 7, 2.9, 5, Finding.OPEN),  # the newest sample is from before the boot
        (WELL, 7, None, 5, Finding.OPEN),  # Prometheus says nothing of samples
        (track(bad=False, since=6), 7, 6.9, 5, Finding.WELL),  # it was bad in between
        (BAD, 9, 8.9, None, Finding.OPEN),  # it still has time
        (BAD, 11, 10.9, None, Finding.DID_NOT_HELP),
        (BAD, 11, 9.9, None, Finding.OPEN),  # bad, by a sample from before its time was over
        (BAD, 11, 2.0, None, Finding.OPEN),
        (track(bad=False, since=4, frozen_from=8900.0), 7, 6.9, 5, Finding.OPEN),  # unknown now
        (None, 7, 6.9, None, Finding.OPEN),
    ],
)
def test_only_what_was_seen_after_the_boot_counts(
    player: Track | None,
    minutes: float,
    newest: float | None,
    well: float | None,
    finding: Finding,
) -> None:
    assert judged(player, minutes, newest, well) is finding


def test_a_sample_that_is_newer_than_the_slot_says_nothing_of_it() -> None:
    assert judged(WELL, 7, 7.05, 5) is Finding.OPEN


def test_a_source_that_was_away_in_between_breaks_what_was_seen() -> None:
    well = datetime.fromtimestamp(at(5), UTC)
    now = datetime.fromtimestamp(at(7), UTC)
    seen = clock(7, known_since=6)

    assert judge(TRIAL, WELL, seen, at(6.9), well, now) is Finding.WELL
    assert began(seen, WELL, well, now) == datetime.fromtimestamp(at(7), UTC)
    assert began(clock(7), WELL, well, now) == well


@pytest.mark.parametrize(
    "stopped",
    [replace(clock(7), known=False), clock(7, era=1), clock(5)],
    ids=["source unknown", "after a gap", "no slot for two minutes"],
)
def test_a_clock_that_does_not_run_proves_nothing(stopped: Clock) -> None:
    well = datetime.fromtimestamp(at(4.5), UTC)
    now = datetime.fromtimestamp(at(7), UTC)

    assert judge(TRIAL, WELL, stopped, at(4.9), well, now) is Finding.OPEN
    assert judge(TRIAL, BAD, stopped, at(4.9), None, now) is Finding.OPEN
