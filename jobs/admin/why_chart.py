"""The bands and bars of a story as rows of rectangles, for a drawing that needs no script.

A row is 1000 wide. What a row means stands in words beside it: no colour is needed to read it.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from exporters.templatetags.devices import length, moment
from exporters.verdicts import State
from jobs.models import Episode, JobExecution
from jobs.status_bands import Band, seconds
from jobs.why import Course, Span

WIDTH: Final = 1000.0
LEAST: Final = 2.0  # a bar that is narrower is not seen
ORDER: Final = (State.ONLINE, State.UNKNOWN, State.OFFLINE)
MOST_LISTED: Final = 100


class Bar(NamedTuple):
    """A rectangle: from where, how wide, which colour, and what a pointer over it reads."""

    x: float
    width: float
    colour: str
    title: str


class Row(NamedTuple):
    """A row of bars with its name and what stands in it, in words."""

    name: str
    told: str
    bars: tuple[Bar, ...]
    marks: tuple[Bar, ...] = ()
    url: str = ""


class Listed(NamedTuple):
    """A band as a line of text."""

    state: State
    since: datetime
    until: datetime
    lasted: str


def status_rows(found: Sequence[Band], span: Span) -> list[Row]:
    """Return a row a state: where it stands tells which it is."""
    rows = []
    for state in ORDER:
        mine = [each for each in found if each.state is state]
        bars = tuple(
            _bar(span, _at(each.since), _at(each.until), state.value, str(state.label))
            for each in mine
        )
        lasted = length(timedelta(seconds=seconds(found, state)))
        told = _("%(state)s: %(time)s in all") % {"state": state.label, "time": lasted}
        rows.append(Row(str(state.label), told if mine else "", bars))
    return rows


def listed(found: Sequence[Band]) -> list[Listed]:
    """Return the last bands as text, the newest first."""
    return [
        Listed(
            each.state, _at(each.since), _at(each.until),
            length(timedelta(seconds=each.until - each.since)),
        )
        for each in reversed(found[-MOST_LISTED:])
    ]  # fmt: skip


def course_rows(courses: Sequence[Course], span: Span, now: datetime) -> list[Row]:
    """Return a row a job: a bar an episode, a mark an attempt."""
    return [
        Row(
            str(course.job),
            _("%(number)s times bad") % {"number": len(course.episodes)},
            tuple(
                _bar(span, each.opened_at, each.closed_at or now, "bad", _episode(each, now))
                for each in course.episodes
            ),
            tuple(_marks(course, span)),
        )
        for course in courses
    ]


def ticks(span: Span) -> list[datetime]:
    """Return five moments of the axis, the ends among them."""
    quarter = (span.until - span.since) / 4
    return [span.since + number * quarter for number in range(5)]


def _marks(course: Course, span: Span) -> Iterator[Bar]:
    for episode in course.episodes:
        for each in episode.executions.all():
            if span.since <= each.created_at <= span.until:
                yield _bar(span, each.created_at, each.created_at, "mark", _attempt(each))


def _episode(episode: Episode, now: datetime) -> str:
    lasted = length((episode.closed_at or now) - episode.opened_at)
    return _("bad from %(since)s on, %(time)s") % {
        "since": moment(episode.opened_at),
        "time": lasted,
    }


def _attempt(execution: JobExecution) -> str:
    became = execution.get_outcome_display() or execution.get_standing_display()
    return f"{moment(execution.created_at)} · {became}"


def _bar(span: Span, since: datetime, until: datetime, colour: str, title: str) -> Bar:
    whole = (span.until - span.since).total_seconds()
    left = max(0.0, (since - span.since).total_seconds() / whole * WIDTH)
    right = min(WIDTH, (until - span.since).total_seconds() / whole * WIDTH)
    width = max(LEAST, right - left)
    x = min(left, WIDTH - width)
    if colour in ("bad", "mark"):
        return Bar(round(x, 2), round(width, 2), colour, title)
    read = f"{title} · {moment(since)} – {moment(until)}"
    return Bar(round(x, 2), round(width, 2), colour, read)


def _at(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
