"""Since when: lines of samples -> moments."""

import pytest

from exporters.since import Point, Since, since_silence, since_state, strip

START, STEP = 0.0, 60.0


def line(text: str) -> tuple[Point, ...]:
    """Write one sample a minute: 1, 0, or a dot for none."""
    return tuple((60.0 * n, float(mark)) for n, mark in enumerate(text) if mark != ".")


@pytest.mark.parametrize(
    ("text", "value", "since"),
    [
        ("0001", 1.0, Since(180.0)),
        ("1110", 0.0, Since(180.0)),
        ("1100", 0.0, Since(120.0)),
        ("1111", 1.0, Since(0.0, at_least=True)),
        (".111", 1.0, Since(60.0)),
        ("0..1", 1.0, Since(180.0)),  # nobody knows when in the gap it changed
        ("01.1", 1.0, Since(60.0)),  # the same state on both sides of a gap goes on
        ("1...", 1.0, Since(0.0, at_least=True)),
        ("0101", 1.0, Since(180.0)),
        ("", 1.0, None),
        ("1110", 1.0, None),
    ],
)
def test_a_state_began_with_the_first_sample_of_its_run(
    text: str, value: float, since: Since | None
) -> None:
    assert since_state(line(text), value, START, STEP) == since


def test_silence_is_counted_from_the_last_sample() -> None:
    assert since_silence(line("0110..")) == Since(180.0)
    assert since_silence(()) is None


def test_a_part_of_the_strip_shows_the_worst_that_was_known() -> None:
    assert strip(line("11.0..1"), 0.0, 120.0, 4) == ("online", "offline", "unknown", "online")
    assert strip(((-60.0, 0.0), (1e9, 0.0), (0.0, 7.0)), 0.0, 60.0, 2) == ("unknown", "unknown")
