"""The condition of exporters: figures of all their processes, and every fault in plain words."""

import time
from typing import Any

import pytest

from exporters import metrics
from exporters.asking import Ask, Outage
from exporters.condition import Condition, conditions_of
from exporters.faults import fault
from exporters.kinds.shape import Reason
from exporters.models import Exporter, ExporterProcess
from exporters.process.advice import ADVICE
from exporters.verdicts import Why
from platforms.models import Platform
from tests import factories
from tests.exporters.watched_world import Scripted, World

pytestmark = pytest.mark.django_db
CUBIC = {"__name__": "up", "kind": "cubic", "instance": "cubic-1"}


def labels(exporter: Exporter, metric: metrics.Metric | None = None, **more: str) -> dict[str, str]:
    """Write the labels of a series of an exporter; without a metric those of an expression."""
    own = {"exporter_id": str(exporter.pk), "platform_id": str(exporter.platform_id)}
    return own | ({"__name__": metric.name} if metric else {}) | more


def condition(exporter: Exporter) -> Condition:
    found = conditions_of(Ask(), [exporter])
    assert not isinstance(found, Outage)
    return found[exporter.pk]


def texts(found: Condition) -> list[str]:
    return [str(note.text) for note in found.notes]


def working(exporter: Exporter) -> list[tuple[dict[str, str], object]]:
    return [(CUBIC, 1), (labels(exporter, metrics.SOURCE_UP), 1)]


def test_the_figures_of_several_processes_are_summed_and_the_worst_counts(
    scripted: Scripted, exporter_a: Exporter
) -> None:
    now = time.time()
    one, two = ({"instance": f"cubic-{number}"} for number in (1, 2))
    scripted.vector = [
        (CUBIC, 1),
        ({**CUBIC, "instance": "cubic-2"}, 1),
        (labels(exporter_a, metrics.SOURCE_UP, **one), 1),
        (labels(exporter_a, metrics.SOURCE_UP, **two), 0),
        (labels(exporter_a, metrics.SOURCE_LAST_SUCCESS, **one), now),
        (labels(exporter_a, metrics.SOURCE_LAST_SUCCESS, **two), now - 600),
        (labels(exporter_a, metrics.SOURCE_POLL_DURATION, **one), 1.5),
        (labels(exporter_a, metrics.SOURCE_POLL_DURATION, **two), 4.5),
        (labels(exporter_a, metrics.SOURCE_DEVICES, state="online", **one), 10),
        (labels(exporter_a, metrics.SOURCE_DEVICES, state="online", **two), 5),
        (labels(exporter_a, metrics.SOURCE_DEVICES, state="stale", **two), 2),
        (labels(exporter_a, metrics.SOURCE_DEVICES, state="not_found", **one), 1),
    ]
    found = condition(exporter_a)
    assert (found.online, found.offline, found.unknown, found.total) == (15, 0, 3, 18)
    assert (found.processes, found.duration, found.source.up) == (2, 4.5, False)
    assert found.source.last_success is not None
    assert abs(found.source.last_success.timestamp() - (now - 600)) < 0.01
    assert found.why is Why.SOURCE_DOWN
    assert "For some of its processes the vendor does not answer" in texts(found)


def test_a_process_without_a_success_leaves_the_whole_without_one(
    scripted: Scripted, exporter_a: Exporter
) -> None:
    scripted.vector = [
        (CUBIC, 1),
        (labels(exporter_a, metrics.SOURCE_UP, instance="cubic-1"), 1),
        (labels(exporter_a, metrics.SOURCE_UP, instance="cubic-2"), 0),
        (labels(exporter_a, metrics.SOURCE_LAST_SUCCESS, instance="cubic-1"), time.time()),
    ]
    assert condition(exporter_a).source.last_success is None


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.RATE_LIMITED, "Raise the poll interval"),
        (Reason.SETTINGS, "Complete the settings"),
        (Reason.DNS, "DNS on the exporter's machine"),
        (Reason.TLS, "certificate authorities"),
        (Reason.HTTP_4XX, "enter it anew"),
        ("of_a_later_version", "The log of the exporter process"),
    ],
)
def test_an_error_of_the_last_hour_is_told_with_what_to_do(
    scripted: Scripted, exporter_a: Exporter, reason: str, word: str
) -> None:
    scripted.vector = [*working(exporter_a), (labels(exporter_a, reason=reason), 11.7)]
    (note,) = condition(exporter_a).notes
    assert "12× in the last hour" in str(note.text)
    assert word in str(note.remedy)
    assert note.code == reason
    assert not note.is_bad


def test_every_reason_of_an_exporter_has_words() -> None:
    for reason in ADVICE:
        assert fault(reason) is not fault("no such reason"), reason


def test_what_a_list_left_out_is_told(scripted: Scripted, exporter_a: Exporter) -> None:
    scripted.vector = [
        *working(exporter_a),
        (labels(exporter_a, metrics.SOURCE_TRUNCATED), 1),
        (labels(exporter_a, metrics.SOURCE_DROPPED), 3),
        (labels(exporter_a, metrics.SOURCE_MISSING), 40),
    ]
    found = condition(exporter_a)
    assert found.is_ailing
    assert texts(found) == [
        "The vendor has more devices than it lists",
        "3 devices are left out: one source may have no more",
        "40 devices are missing from the vendor's last list",
    ]


def test_a_process_that_is_missing_comes_with_the_command_that_starts_it(
    scripted: Scripted, exporter_a: Exporter, platform_a: Platform
) -> None:
    for kind in ("cubic", "addreality", "json"):
        exporter = factories.make_exporter(platform_a, kind=kind)
        (note,) = condition(exporter).notes
        assert (str(note.text), note.is_bad) == (str(Why.NO_PROCESS.label), True)
        assert note.command == f"python manage.py run_{kind}_exporter"
    ExporterProcess.objects.create(kind="cubic", instance="cubic-1", address="127.0.0.1:19101")
    assert condition(exporter_a).why is Why.NOT_SCRAPED
    scripted.vector = [(CUBIC, 0), (labels(exporter_a, metrics.SOURCE_UP), 1)]
    down = condition(exporter_a)
    assert down.why is Why.PROCESS_DOWN
    assert len(down.notes) == 1


def test_a_silent_process_among_several_is_named(scripted: Scripted, exporter_a: Exporter) -> None:
    for number in (1, 2):
        ExporterProcess.objects.create(
            kind="cubic", instance=f"cubic-{number}", address=f"127.0.0.1:1910{number}"
        )
    scripted.vector = [*working(exporter_a), ({**CUBIC, "instance": "cubic-2"}, 0)]
    assert texts(condition(exporter_a)) == ["Not all of its processes answer: cubic-2"]


def test_an_exporter_that_is_off_is_not_called_broken(
    scripted: Scripted, exporter_a: Exporter
) -> None:
    exporter_a.enabled = False
    scripted.vector = [(CUBIC, 1)]
    found = condition(exporter_a)
    assert found.why is Why.EXPORTER_DISABLED
    assert not found.is_ailing


def test_another_platforms_exporter_gets_nothing_of_it(
    scripted: Scripted, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    forged = {**labels(exporter_a, metrics.SOURCE_DEVICES, state="online")}
    forged["platform_id"] = str(exporter_b.platform_id)
    scripted.vector = [*working(exporter_a), (forged, 99)]
    assert condition(exporter_a).online == 0


def test_without_prometheus_there_is_an_outage_and_no_exporter_costs_no_question(
    scripted: Scripted, exporter_a: Exporter, settings: Any
) -> None:
    assert conditions_of(Ask(), []) == {}
    assert not scripted.questions
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    assert isinstance(conditions_of(Ask(), [exporter_a]), Outage)


def test_a_real_prometheus_understands_the_question(
    world: World, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    ExporterProcess.objects.create(
        kind="cubic", instance="cubic-1", address="127.0.0.1:19101", limited_to=exporter_b.platform
    )
    own = f'exporter_id="{exporter_a.pk}",platform_id="{exporter_a.platform_id}"'
    name = metrics.SOURCE_ERRORS.name
    up = f"{metrics.SOURCE_UP.name}{{{own}}} 1"
    devices = f'{metrics.SOURCE_DEVICES.name}{{{own},state="offline"}} 7'
    world.say([up, devices, f'{name}{{{own},reason="tls"}} 3', f'{name}{{{own},reason="dns"}} 5'])
    world.say([up, devices, f'{name}{{{own},reason="tls"}} 9', f'{name}{{{own},reason="dns"}} 5'])
    found = conditions_of(Ask(), [exporter_a, exporter_b])
    assert not isinstance(found, Outage)
    told = found[exporter_a.pk]
    assert (told.source.up, told.offline) == (True, 7)
    assert list(told.told.errors) == ["tls"]
    assert told.told.errors["tls"] >= 6
    assert found[exporter_b.pk].total == 0
