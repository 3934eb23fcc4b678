"""What jobs did in the demo within a span, beside what truly became of the players. Reads only.

The truth is that of the simulated world (demo.truth): it knows who hung, and who was well when a
message was told, also while vendors lied or were away.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet

from devices.models import Command
from exporters.models import Player
from jobs.models import Brake, Ending, Episode, JobExecution, Outcome, Standing

Told = Mapping[str, Any]
#: Between the intent of a command and the moment at which the gateway was told.
NEAR = timedelta(seconds=30)
#: The kind of an exporter by the name of its vendor in the world.
KINDS = {"cubic": "cubic", "addreality": "addreality", "lumen": "json"}


class Span(NamedTuple):
    """From a moment on, before another one."""

    since: datetime
    until: datetime

    def of(self, field: str) -> dict[str, datetime]:
        """Return what keeps the rows of which a field lies inside."""
        return {f"{field}__gte": self.since, f"{field}__lt": self.until}

    def has(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


def count(span: Span, truth: Told) -> dict[str, Any]:
    """Return the figures of a span, as JSON takes them; a player counts once."""
    tried = JobExecution.objects.filter(**span.of("commanded_at"))
    ended = Episode.objects.filter(**span.of("closed_at"), ending=Ending.RECOVERED)
    outcomes = Counter(each or "under_way" for each in tried.values_list("outcome", flat=True))
    fates = Counter(_fate(each, span, truth) for each in _hung(span, truth).values())
    healthy = list(_to_healthy(span, truth))
    held = Episode.objects.open().exclude(suppressed="").values_list("suppressed", flat=True)
    return {
        "since": span.since.isoformat(timespec="seconds"),
        "until": span.until.isoformat(timespec="seconds"),
        "speed_of_the_world": truth["speed"],
        "hung": sum(fates.values()),
        "hung_became": dict(sorted(fates.items())),
        "episodes_opened": Episode.objects.filter(**span.of("opened_at")).count(),
        "came_back_without_command": ended.filter(attempts=0).count(),
        "commanded": _players(tried),
        "attempts": tried.count(),
        "attempts_by_outcome": dict(sorted(outcomes.items())),
        "verified": _players(tried.filter(outcome=Outcome.VERIFIED)),
        "exhausted": Episode.objects.filter(**span.of("exhausted_at")).count(),
        "held_back_now": dict(sorted(Counter(held).items())),
        "brakes_engaged": Brake.objects.filter(**span.of("engaged_at")).count(),
        "commands_to_healthy_players": len(healthy),
        "those_healthy": healthy,
    }


def _players(tried: QuerySet[JobExecution]) -> int:
    return tried.values("player").distinct().count()


def _hung(span: Span, truth: Told) -> dict[tuple[str, str], Told]:
    """Return by vendor and identity whoever hung at any time of the span, with its last hang."""
    found: dict[tuple[str, str], Told] = {}
    for loss in truth["losses"]:
        if loss["hung_since"] is not None and span.since <= _moment(loss["at"]):
            hang = {**loss, "since": loss["hung_since"]}
            if _moment(hang["since"]) < span.until:
                found[loss["vendor"], loss["player"]] = hang
    for hang in truth["hanging"]:
        if _moment(hang["since"]) < span.until:
            found[hang["vendor"], hang["player"]] = hang
    return found


def _fate(hang: Told, span: Span, truth: Told) -> str:
    """Tell how far it came with a player that hung, or what stood in the way."""
    players = Player.objects.filter(
        exporter__kind=KINDS[hang["vendor"]], identity=hang["player"], retired_at=None
    )
    tried = JobExecution.objects.filter(player__in=players)
    commanded = tried.filter(**span.of("commanded_at"))
    if commanded.filter(outcome=Outcome.VERIFIED).exists():
        return "verified"
    if commanded.exists():
        return "commanded"
    if tried.filter(standing=Standing.PROPOSED).exists():
        return "waits for approval"
    mine = Episode.objects.open().filter(player__in=players)
    held = mine.exclude(suppressed="").values_list("suppressed", flat=True).first()
    if held is not None:
        return f"held back: {held}"
    if hang["socket"] is None:
        return "has no socket"
    if _moment(hang["since"]) < _moment(truth["began"]):
        return "never seen well"
    return "fires soon" if mine.exists() else "not yet, or by hand"


def _to_healthy(span: Span, truth: Told) -> Iterator[dict[str, Any]]:
    """Yield what jobs sent to players that were well when it was told to the gateway.

    Whoever hangs on the same line counts too, where the power really went.
    """
    sent = Command.objects.filter(by_job=True, execution__isnull=False, **span.of("wire_at"))
    for command in sent.select_related("device", "execution__player").order_by("pk"):
        wire_at, phone = command.wire_at, command.phone
        near = [each for each in truth["told"] if each["socket"] == phone and _near(each, wire_at)]
        well = {each for told in near for each in told["well"]}
        hit = {command.execution.player.identity} & well
        for loss in truth["losses"]:
            told_at = loss["told_at"]
            if loss["socket"] == phone and told_at and _near({"at": told_at}, wire_at):
                hit |= {loss["player"]} if loss["was_well_when_told"] else set()
        for player in sorted(hit):
            yield {"command": command.pk, "player": player, "at": wire_at.isoformat()}


def _near(told: Told, wire_at: datetime | None) -> bool:
    return wire_at is not None and abs(_moment(told["at"]) - wire_at) < NEAR


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def told(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines for a person."""
    lines = []
    for name, value in figures.items():
        text = value
        if isinstance(value, dict):
            text = ", ".join(f"{each}: {number}" for each, number in value.items()) or "nothing"
        elif isinstance(value, list):
            text = "; ".join(f"{each['player']} at {each['at']}" for each in value) or "nobody"
        lines.append(f"  {name.replace('_', ' '):<30} {text}\n")
    return "".join(lines)
