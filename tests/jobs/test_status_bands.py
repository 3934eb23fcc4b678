"""Samples as bands, against second by second."""

from itertools import pairwise

from hypothesis import given, strategies as st

from exporters.verdicts import State
from jobs.status_bands import Band, bands, seconds

ON, OFF, UNKNOWN = State.ONLINE, State.OFFLINE, State.UNKNOWN


def test_a_gap_is_unknown_and_equal_states_are_one_band() -> None:
    points = [(0.0, 1.0), (60.0, 1.0), (120.0, 0.0), (300.0, 1.0), (360.0, 0.5)]
    found = bands(points, 0, 480, 60)
    assert found == (
        Band(ON, 0, 120),
        Band(OFF, 120, 180),
        Band(UNKNOWN, 180, 300),
        Band(ON, 300, 360),
        Band(UNKNOWN, 360, 480),
    )
    assert seconds(found, UNKNOWN) == 240
    assert bands([], 10, 20, 60) == (Band(UNKNOWN, 10, 20),)


@given(
    st.lists(st.sampled_from([None, 0.0, 1.0, 2.0]), max_size=30),
    st.integers(-3, 10),
    st.integers(1, 40),
)
def test_bands_say_of_every_second_what_its_sample_says(
    values: list[float | None], start: int, length: int
) -> None:
    step = 3
    points = [(float(n * step), value) for n, value in enumerate(values) if value is not None]
    found = bands(points, start, start + length, step)
    told = {value: State.ONLINE if value else State.OFFLINE for value in (0.0, 1.0)}
    for second in range(start, start + length):
        number = second // step
        value = values[number] if 0 <= number < len(values) else None
        (band,) = [each for each in found if each.since <= second < each.until]
        assert band.state is (told.get(value, UNKNOWN) if value is not None else UNKNOWN)
    assert all(one.state is not other.state for one, other in pairwise(found))
