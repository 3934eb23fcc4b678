"""What the outside saw and what the rows say of it, once everything is quiet."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import Q

from devices.models import Command, CommandStep, IncomingSms
from devices.states import Event
from jobs.models import Ending, Episode, GateVerdict, JobExecution, Mode, Standing, Track, Trigger
from tests.crashlab import checker as road

from . import held_back
from .clock import SharedClock
from .rules import MUST_BE_ZERO
from .truth import OLD, Hang, Truth
from .world import HOLD, RECOVER, World

HEADS = ("#12#", "#02#")  # of the messages that take the power away
#: After its time a player may wait for so long: a brake, the rate, workers that die.
LONGEST = 3600
#: Episodes that no person has yet, and those of which something is to come of itself.
UNTOUCHED = Q(exhausted_at=None, acknowledged_at=None)
ACTING = UNTOUCHED & ~Q(job__mode=Mode.SHADOW)


@dataclass
class Message:
    """One that takes the power of a player away, as the gateway took it."""

    player: int
    at: float
    execution: JobExecution | None


@dataclass
class Checker:
    """All that there is to look at."""

    folder: Path
    clock: SharedClock
    world: World
    truth: Truth
    found: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Return counts; those of MUST_BE_ZERO have to be 0."""
        # All that is given is given by jobs: what was wished for is what has a row.
        told = road.check(self.folder / "gateway.log", set(), self._believed())
        self.numbers = {row.pk: number for number, row in enumerate(self.world.players)}
        self.executions = list(JobExecution.objects.select_related("command", "episode", "job"))
        self.episodes = list(Episode.objects.select_related("job").order_by("opened_at"))
        self.messages = self._messages()
        self._torn()
        self._of_messages()
        self._of_episodes()
        self._of_hangs()
        self._stuck()
        outcomes = Counter(each.outcome or each.standing for each in self.executions)
        told["stuck"] += self.found.pop("stuck", 0)
        told["silently_lost"] += self.found.pop("silently_lost", 0)
        rest = {name: self.found[name] for name in MUST_BE_ZERO if name not in told}
        rest.pop("double_ticks", None)
        return {
            **told,
            **rest,
            "hangs": sum(map(len, self.truth.hangs.values())),
            "episodes": len(self.episodes),
            "attempts": dict(sorted(outcomes.items())),
            "exhausted": sum(each.exhausted_at is not None for each in self.episodes),
            "replies": IncomingSms.objects.count(),
            "details": self.details[:30],
        }

    def _believed(self) -> set[str]:
        """Return doubts that ended since a player came back, which it did by itself.

        Nobody can tell that from a restart: they say sent, and may be wrong.
        """
        seen = CommandStep.objects.filter(event=Event.FOUND_SENT.value)
        rows = Command.objects.filter(pk__in=seen.values("command"), wire_at__isnull=False)
        return {
            str(each.key)
            for each in rows
            for hang in self.truth.hangs.get(self.world.by_phone[each.phone], ())
            if hang.ends_by_itself and hang.start <= self._seconds(each.wire_at) <= hang.end + OLD
        }

    def _seconds(self, at: datetime) -> float:
        return (at - self.clock.first).total_seconds()

    def _say(self, rule: str, *told: object) -> None:
        self.found[rule] += 1
        self.details.append(" ".join(map(str, (rule, *told))))

    def _messages(self) -> list[Message]:
        log = self.folder / "gateway.log"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        by_key = {str(each.command.key): each for each in self.executions if each.command}
        found = [
            Message(
                self.world.by_phone[line["phone"]],
                self._seconds(datetime.fromisoformat(line["at"])),
                by_key.get(line["key"]),
            )
            for line in lines
            if line["text"].startswith(HEADS)
        ]
        return sorted(found, key=lambda each: each.at)

    def _torn(self) -> None:
        """Count commands without their attempt, and attempts without their command."""
        apart = Command.objects.filter(head=None, watched=True, execution=None)
        for pk in apart.values_list("pk", flat=True):
            self._say("torn", "command", pk)
        for each in self.executions:
            if each.commanded_at is not None and each.command is None:
                self._say("torn", "execution", each.pk)

    def _of_messages(self) -> None:
        """Count those that nobody decided on, that came too often, or to players that are well."""
        before: dict[int, Message] = {}
        for each in self.messages:
            for reason in held_back.reasons(each, self.world, self.truth, self.clock.first):
                self._say("held_back", each.player, each.at, reason)
            row = each.execution
            if row is None:
                self._say("torn", "message", each.player, each.at)
                continue
            last = before.get(each.player)
            if last is not None and last.execution is not None:
                over = last.execution.finished_at
                if over is None or self._seconds(over) > each.at:
                    self._say("in_remediation", each.player, each.at)
            before[each.player] = each
            if row.episode.trigger == Trigger.RULE and self._hang(each) is None:
                self._say("healthy", each.player, each.at)
        self._of_attempts()

    def _of_attempts(self) -> None:
        """Count attempts with two messages, and episodes with more than their job allows."""
        of_attempt = Counter(
            (each.execution.episode_id, each.execution.attempt)
            for each in self.messages
            if each.execution is not None
        )
        for key, number in of_attempt.items():
            if number > 1:
                self._say("double_attempts", *key)
        sent: Counter[int] = Counter()
        for each in self.messages:
            sent[each.execution.episode_id if each.execution else 0] += 1
        for episode in self.episodes:
            is_rule = episode.trigger == Trigger.RULE
            most = self.world.attempts(episode.platform_id) if is_rule else 1
            if sent[episode.pk] > most:
                self._say("double_attempts", "episode", episode.pk, sent[episode.pk])

    def _hang(self, message: Message) -> Hang | None:
        """Return for which hang a message is."""
        at = message.at
        hangs = self.truth.hangs.get(message.player, ())
        return next((each for each in hangs if each.start <= at <= each.end + OLD), None)

    def _of_episodes(self) -> None:
        """Count those that were open at once, and second ones of the same badness."""
        ends: dict[tuple[int, int], datetime | None] = {}
        of_hang: Counter[tuple[int, int, float]] = Counter()
        for each in self.episodes:
            key = each.job_id, each.player_id
            if key in ends and ((end := ends[key]) is None or end > each.opened_at):
                self._say("double_episodes", "at once", each.pk)
            ends[key] = each.closed_at
            number, at = self.numbers[each.player_id], self._seconds(each.opened_at)
            for hang in self.truth.hangs.get(number, ()):
                # One that was closed since its job was changed gives way to a second one.
                if each.ending == Ending.JOB:
                    continue
                if each.trigger == Trigger.RULE and hang.start <= at <= hang.end:
                    of_hang[each.job_id, number, hang.start] += 1
        for (job, number, start), count in of_hang.items():
            if count > 1:
                self._say("double_episodes", "of one hang", job, number, start, count)
        explained = set(GateVerdict.objects.values_list("episode", flat=True))
        explained |= {each.episode_id for each in self.executions}
        for each in self.episodes:
            lasted = (each.closed_at or self.clock()) - each.opened_at
            if lasted > timedelta(seconds=300) and each.pk not in explained:
                self._say("unexplained", each.pk)

    def _of_hangs(self) -> None:
        """Count players that hung for long and for whom no job that acts has an episode."""
        opened: dict[int, list[tuple[float, float]]] = defaultdict(list)
        now = self.clock.seconds
        for each in self.episodes:
            if each.job.mode != Mode.SHADOW:
                end = self._seconds(each.closed_at) if each.closed_at else now
                number = self.numbers[each.player_id]
                opened[number].append((self._seconds(each.opened_at), end))
        for number, hangs in self.truth.hangs.items():
            for hang in hangs:
                until = min(hang.end, now)
                if until - hang.start < HOLD + LONGEST / 4:
                    continue
                if not any(a < until and b > hang.start for a, b in opened[number]):
                    self._say("overlooked", number, hang.start, until)
                if hang.end > now and now - hang.start > HOLD + LONGEST:
                    self._untold(number, hang)

    def _untold(self, number: int, hang: Hang) -> None:
        """Count a player that hangs still, and of which no message and no end of them tells."""
        there = Episode.objects.open().filter(player=self.world.players[number])
        if not there.exclude(exhausted_at=None, acknowledged_at=None, suppressed="").exists():
            self._say("silently_lost", "player", number, hang.start)

    def _stuck(self) -> None:
        """Count what is open though nothing is left that could move it."""
        for row in self.executions:
            if row.standing in (Standing.COMMANDED, Standing.PROPOSED):
                self._say("stuck", "attempt", row.pk, row.standing)
        now = self.clock.seconds
        for each in Episode.objects.open().filter(ACTING):
            self._say("stuck", "episode", each.pk, each.suppressed)
        for each in Episode.objects.open().filter(trigger=Trigger.RULE):
            number = self.numbers[each.player_id]
            if all(self.truth.is_well(number, now - ago) for ago in range(0, RECOVER + 240, 15)):
                self._say("stuck", "episode of a well player", each.pk)
        for pk in IncomingSms.objects.unread().values_list("pk", flat=True):
            self._say("stuck", "message", pk)


def unrest() -> dict[str, int]:
    """Return how much is left to be done, but for what people have to do."""
    bad = Track.objects.filter(bad=True)
    waiting = Episode.objects.open().exclude(UNTOUCHED).values("player")
    under_way = Q(standing__in=(Standing.COMMANDED, Standing.PROPOSED))
    left = {
        "commands": Command.objects.open(),
        "attempts": JobExecution.objects.filter(under_way),
        "episodes": Episode.objects.open().filter(ACTING),
        "bad": bad.exclude(player__in=waiting),
        "well": Episode.objects.open().exclude(player__in=bad.values("player")),
    }
    return {name: number for name, rows in left.items() if (number := rows.count())}
