"""Messages that went out though something held them back: by the truth, and by what people said."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from jobs.models import JobExecution, JobPause, Mode, Standing

from .person import PAUSE
from .truth import Truth
from .world import World, most_bad

#: From what was said to the last message that was on its way already, in seconds of the lab.
LATE = 30
#: A crowd is seen after so long: a scrape, a slot, and a count that may be old.
SEEN = 240


class Sent(Protocol):
    """A message that takes the power of a player away."""

    player: int
    at: float
    execution: JobExecution | None


def reasons(each: Sent, world: World, truth: Truth, first: datetime) -> Iterator[str]:
    """Return all that stood against a message when it went out."""
    row = each.execution
    if row is None or row.mode == Mode.SHADOW:
        yield "nobody decided on it"
        return
    at = first + timedelta(seconds=each.at - LATE)
    if row.mode == Mode.APPROVE and row.decided_at is None:
        yield "nobody approved it"
    if row.standing in (Standing.DECLINED, Standing.LAPSED):
        yield row.standing
    for moment, what in (
        (row.episode.acknowledged_at, "somebody had taken over"),
        (row.episode.closed_at, "its episode was over"),
    ):
        if moment is not None and moment < at:
            yield what
    begun = {"expires_at__gt": at + timedelta(seconds=LATE), "expires_at__lt": at + PAUSE}
    if JobPause.objects.filter(job=row.job_id, **begun).exists():
        yield "its job was paused"
    source = next(s for s in world.sources if s.platform_id == row.platform_id)
    hung = sum(truth.hung(p.number, each.at - SEEN, each.at) for p in source.players)
    if hung > most_bad(len(source.players)):
        yield f"{hung} players of its source hung"
