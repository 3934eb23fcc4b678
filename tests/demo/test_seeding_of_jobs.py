"""The demo has jobs, stored as a person stores them: one platform acts, the other asks."""

import pytest

from demo import seeding, seeding_of_jobs, seeding_of_sockets
from demo.sms import wiring
from demo.vendors import Sizes
from devices import synchronisation
from jobs import saving, synchronisation as metrics
from jobs.models import Job, Mode, Trigger

FLEETS = Sizes().fleets()


@pytest.fixture
def world(db: None) -> None:
    synchronisation.synchronise()
    metrics.synchronise()
    seeding.seed(FLEETS, "word", "http://127.0.0.1:8900")
    seeding_of_sockets.seed(wiring.installed(FLEETS, 7), "http://127.0.0.1:8901")


@pytest.mark.usefixtures("world")
def test_one_platform_acts_and_the_other_asks() -> None:
    assert seeding_of_jobs.seed() == 6
    quick = Job.objects.filter(trigger=Trigger.RULE, hold=seeding_of_jobs.HOLD)
    assert dict(quick.values_list("platform__name", "mode")) == {
        "Аврора Медиа": Mode.LIVE,
        "Harbour Screens": Mode.APPROVE,
    }
    assert Job.objects.filter(trigger=Trigger.SCHEDULE, due_at__isnull=False).count() == 2


@pytest.mark.usefixtures("world")
def test_a_second_start_brings_back_no_job_that_the_visitor_removed() -> None:
    seeding_of_jobs.seed()
    for job in Job.objects.all():
        saving.remove(job, seeding.ACTOR)
    assert seeding_of_jobs.seed() == 0
    assert not Job.objects.in_use().exists()
