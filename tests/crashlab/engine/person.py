"""Somebody who decides on proposals, takes episodes over, pauses and changes jobs, by chance."""

import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.senders import Sender
from jobs import approvals, job_pauses, saving
from jobs.models import Episode, Job, JobExecution, JobPause, Trigger
from platforms.audit import SYSTEM

from .world import HOLD

PAUSE = timedelta(minutes=4)
REST = timedelta(minutes=60)  # between two changes of a job: what it saw is forgotten each time


@dataclass
class Person:
    """What they do goes through the product's own doors, in the workers that die."""

    sender: Sender
    chance: random.Random

    def approve(self, now: datetime) -> None:
        """Approve all that is proposed."""
        for proposal in _proposals(now):
            with suppress(approvals.NotDecided):
                approvals.approve(proposal, self.sender, now)

    def decide(self, now: datetime) -> None:
        """Look at what is proposed: approve some, decline some, let every fifth lapse."""
        for proposal in _proposals(now):
            turn = self.chance.random() if proposal.pk % 5 else 1.0
            with suppress(approvals.NotDecided):
                if turn < 0.15:
                    approvals.approve(proposal, self.sender, now)
                elif turn < 0.19:
                    approvals.decline(proposal, self.sender, now)

    def stir(self, now: datetime) -> None:
        """Take an episode over, pause a job, or change one: seldom."""
        turn = self.chance.random()
        if turn < 0.015:
            self._take_over(now)
        elif turn < 0.03:
            self._pause(now)
        elif turn < 0.06:
            self._change(now)

    def _take_over(self, now: datetime) -> None:
        found = Episode.objects.open().filter(trigger=Trigger.RULE, acknowledged_at=None)
        pks = list(found.values_list("pk", flat=True))
        if pks:
            with suppress(approvals.NotDecided):
                chosen = Episode.objects.get(pk=self.chance.choice(pks))
                approvals.acknowledge(chosen, self.sender, now)

    def _pause(self, now: datetime) -> None:
        if not JobPause.objects.at(now).exists():
            job = self.chance.choice(_rules())
            job_pauses.begin(self.sender, [job], "They look at it.", now + PAUSE, now)

    def _change(self, now: datetime) -> None:
        """Let a rule wait a little longer, or less: a new version of it."""
        job = self.chance.choice(_rules())
        if job.changed_at < now - REST:
            saving.change([job], SYSTEM, hold=HOLD if job.hold > HOLD else HOLD + 15)


def _proposals(now: datetime) -> list[JobExecution]:
    return list(JobExecution.objects.waiting().filter(decided_at=None, expires_at__gt=now))


def _rules() -> list[Job]:
    return list(Job.objects.working().filter(trigger=Trigger.RULE).order_by("pk"))
