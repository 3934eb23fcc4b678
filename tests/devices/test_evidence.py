"""What samples prove of a switched line, as a table: silence proves nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.evidence import Finding, Sight, came_back, judge
from exporters.verdicts import State

ACTED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BEGIN = ACTED.timestamp()
ON, OFF, UNKNOWN = State.ONLINE, State.OFFLINE, State.UNKNOWN


def sight(state: State, *spans: tuple[float, float, int], step: float = 0.5) -> Sight:
    """Return a sight with samples from then till then, in minutes after the action."""
    points = []
    for begin, end, value in spans:
        at = begin
        while at <= end:
            points.append((BEGIN + at * 60, float(value)))
            at += step
    return Sight(state, points)


HELPED, DID_NOT, OPEN = Finding.HELPED, Finding.DID_NOT_HELP, Finding.OPEN


@pytest.mark.parametrize(
    ("now", "sights", "finding"),
    [
        (6, [sight(ON, (3.5, 6, 1))], HELPED),
        (5, [sight(ON, (3.5, 5, 1))], OPEN),  # not long enough
        (5, [sight(ON, (-2, 5, 1))], OPEN),  # it was online all the time: samples of before
        (5.5, [sight(ON, (-2, 5.5, 1))], HELPED),
        (9, [sight(ON, (0, 6, 0), (6.5, 8, 1))], OPEN),
        (9, [sight(ON, (0, 6, 0), (6.5, 9, 1))], HELPED),
        (9, [sight(ON, (3.5, 6, 1), (7, 7, 0), (7.5, 9, 1))], OPEN),  # it flickers
        (9, [sight(ON, (3.5, 5, 1), (7.6, 9, 1))], OPEN),  # a gap is not bridged
        (9, [sight(UNKNOWN, (3.5, 6, 1))], OPEN),  # the samples ended
        (30, [sight(ON, (3.5, 6, 1))], OPEN),  # they are old, whatever the page says
        (6, [sight(UNKNOWN)], OPEN),
        (60, [sight(UNKNOWN)], OPEN),  # silence is never offline
        (60, [], OPEN),
        (10, [sight(OFF, (0, 10, 0))], OPEN),  # patience
        (10.5, [sight(OFF, (0, 10.5, 0))], DID_NOT),
        (12, [sight(UNKNOWN, (0, 11, 0))], OPEN),  # offline is not known any more
        (16, [sight(OFF, (0, 11, 0))], OPEN),  # the sample is old
        (10.5, [sight(OFF, (0, 10, 0))], OPEN),  # the sample is from before patience was over
        (11, [sight(ON, (3.5, 11, 1)), sight(OFF, (0, 11, 0))], DID_NOT),
        (11, [sight(ON, (3.5, 11, 1)), sight(UNKNOWN)], OPEN),
        (11, [sight(UNKNOWN), sight(OFF, (0, 11, 0))], DID_NOT),
        (9, [sight(ON, (3.5, 9, 1)), sight(OFF, (0, 9, 0))], OPEN),
        (9, [sight(ON, (3.5, 9, 1)), sight(ON, (5, 9, 1))], HELPED),
    ],
)
def test_players_prove_what_their_samples_say_and_nothing_by_silence(
    now: float, sights: list[Sight], finding: Finding
) -> None:
    assert judge(sights, ACTED, ACTED + timedelta(minutes=now)) is finding


@pytest.mark.parametrize(
    ("values", "back"),
    [
        ([(-1, 0), (1, 1)], False),  # it was off before: nothing was seen to happen
        ([(1, 0), (2, 1)], True),
        ([(-1, 1), (1, 0), (2, 0), (3, 1), (4, 0)], True),
        ([(1, 1), (2, 0)], False),
        ([(0, 0), (2, 1)], False),
        ([], False),
    ],
)
def test_a_player_came_back_that_was_seen_off_and_then_on(
    values: list[tuple[float, float]], back: bool
) -> None:
    assert came_back([(BEGIN + at, value) for at, value in values], ACTED) is back
