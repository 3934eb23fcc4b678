"""Jobs as YAML: what a file says, what it would do, and that exactly this is done or nothing."""

import contextlib
import random
import re
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from devices import synchronisation
from devices.models import CommandTemplate
from exporters.models import Exporter, Player
from jobs import definition, exchange, saving
from jobs.conditions import Condition, Function, Operator
from jobs.definition import Definition, Step
from jobs.exchange import PlanChanged, PlanRefused
from jobs.exchange_plan import Fate, plan
from jobs.hours import Span
from jobs.models import Action, Job, Joined, Mode, MonitoringMetric, Trigger
from jobs.selection import Selection
from jobs.sheet_values import Problem
from jobs.yaml_lines import YamlRefused
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, Site, User
from platforms.notice_kinds import Severity
from tests import factories
from tests.jobs.world import OFFLINE, STATUS, defined, make_job, make_metric, secretive

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
GOLDEN = """\
- name: Night watch
  description: |
    Restarts what hangs.
    Ask Олег first: 10:30-11
  trigger: rule
  mode: approve
  enabled: false
  selection:
    exporters:
    - North
    sites:
    - 'yes'
    players:
      North:
      - 06:42:40:92:60:B4
      - '16:42:40:52:50:59'
  conditions:
  - metric: remosa_exporter_cubic_device_status
    function: last
    operator: ==
    threshold: 0.0
  - metric: remosa_exporter_cubic_device_status
    function: avg
    operator: <
    threshold: 0.5
    window: 10m
  joined: any
  hold: 5m
  recover: 2m
  time_zone: Europe/Moscow
  rungs:
  - action: restart
    wait: 10m
  - action: template
    model: simpal_d210
    template: power_cycle
    parameters:
      minutes: '2'
    wait: 15m
  cooldown: 1h30m
  attempts: 2
  boot_grace: 0s
  approval_time: 1h
  beside: true
  severity: critical
  notify: false
  hours:
  - Mon 09:00-18:30
  - Sat 22:00-02:00:30
"""
SMALL = """\
version: 1
jobs:
- name: Lobby
  selection: {whole: true}
  conditions:
  - {metric: remosa_exporter_cubic_device_status, operator: ==, threshold: 0}
  rungs: []
"""


@pytest.fixture(autouse=True)
def metric(db: None) -> None:
    make_metric()


def told(platform: Platform) -> str:
    """Return all jobs of a platform as a file."""
    return exchange.export(Job.objects.in_use().filter(platform=platform), platform)


def apply(text: str, platform: Platform, user: User | None = None, **options: Any) -> list[Fate]:
    """Look at the plan of a file and do it; return what became of its jobs."""
    agreed = plan(text, platform, user).digest()
    done = exchange.apply(text, platform, user, SYSTEM, agreed, **options)
    return [each.fate for each in done.entries]


def ids(model: Any, platform: Platform) -> list[int]:
    """Return the numbers of a platform's rows."""
    return list(model.objects.filter(platform=platform).values_list("pk", flat=True))


def furnish(platform: Platform) -> Exporter:
    """Give a platform what the golden job is about; return its exporter."""
    exporter = factories.make_exporter(platform, "North")
    for mac in ("16:42:40:52:50:59", "06:42:40:92:60:B4"):
        factories.make_player(exporter, mac)
    factories.make_site(platform, "yes")
    synchronisation.synchronise()
    CommandTemplate.objects.filter(key="power_cycle").update(for_jobs=True)
    return exporter


def golden(platform: Platform) -> Definition:
    """Return the golden job."""
    exporter = furnish(platform)
    template = CommandTemplate.objects.get(model__key="simpal_d210", key="power_cycle")
    return Definition(
        platform=platform,
        selection=Selection(
            platform.pk,
            exporters=frozenset({exporter.pk}),
            sites=frozenset(ids(Site, platform)),
            players=frozenset(ids(Player, platform)),
        ),
        own_name="Night watch",
        description="Restarts what hangs.\nAsk Олег first: 10:30-11\n",
        mode=Mode.APPROVE,
        enabled=False,
        conditions=(OFFLINE, Condition(STATUS, Function.AVG, 600, Operator.LESS, 0.5)),
        joined=Joined.ANY,
        time_zone="Europe/Moscow",
        rungs=(Step(), Step(Action.TEMPLATE, template.pk, {"minutes": "2"}, 900)),
        cooldown=5400,
        attempts=2,
        boot_grace=0,
        beside=True,
        severity=Severity.CRITICAL,
        notify=False,
        hours=(Span(0, time(9), time(18, 30)), Span(5, time(22), time(2, 0, 30))),
    )


# -- what a file says -----------------------------------------------------------------------------


def test_a_file_has_names_and_no_ids_and_reads_back_on_another_platform(
    platform_a: Platform, platform_b: Platform
) -> None:
    wanted = golden(platform_a)
    first = saving.save(wanted, SYSTEM)
    text = told(platform_a)
    assert text == f"{exchange.HEAD}version: 1\njobs:\n{GOLDEN}"
    assert told(platform_a) == text
    furnish(platform_b)
    assert apply(text, platform_b) == [Fate.CREATE]
    assert told(platform_b) == text
    copy = definition.of(Job.objects.get(platform=platform_b))
    assert copy.selection.players == frozenset(ids(Player, platform_b))
    assert definition.of(first) == wanted


def random_definition(platform: Platform, chance: random.Random) -> Definition:
    """Return some definition that can be stored."""
    template = CommandTemplate.objects.get(model__key="simpal_d210", key="power_cycle")
    exporters, players, sites = (ids(model, platform) for model in (Exporter, Player, Site))
    command = Step(Action.TEMPLATE, template.pk, {"minutes": str(chance.randint(1, 9))})
    steps = (Step(), Step(wait=chance.randint(300, 3600)), command)
    clock = chance.random() < 0.3
    return Definition(
        platform=platform,
        selection=Selection(
            platform.pk,
            chance.random() < 0.3,
            frozenset(chance.sample(exporters, chance.randint(0, 1))),
            frozenset(chance.sample(sites, chance.randint(0, 1))),
            frozenset(chance.sample(players, chance.randint(1, 2))),
        ),
        own_name=chance.choice(["", "null", "2026-11-22", "a: b", "№ 7 — «ё»", "- x", "'"]),
        description=chance.choice(["", " x ", "a\n\n b\n", "\ttab", "#no", "é\x85\u2028z"]),
        trigger=Trigger.SCHEDULE if clock else Trigger.RULE,
        mode=chance.choice(list(Mode)),
        conditions=() if clock else (OFFLINE,),
        cron="0 3 * * 1-5" if clock else "",
        hold=chance.randint(60, 100_000),
        cooldown=chance.randint(600, 600_000),
        rungs=tuple(chance.choices(steps, k=chance.randint(1, 4))),
        severity=chance.choice(list(Severity)),
        hours=tuple(Span(chance.randint(0, 6), time(chance.randint(0, 23)), time(0)) for _ in "ab"),
    )


def test_whatever_is_exported_is_read_as_it_is(platform_a: Platform) -> None:
    furnish(platform_a)
    chance = random.Random(20261122)
    for _turn in range(30):
        saving.save(random_definition(platform_a, chance), SYSTEM)
    text = told(platform_a)
    outcome = plan(text, platform_a, None)
    assert {each.fate for each in outcome.entries} == {Fate.UNCHANGED}
    assert {each.job for each in outcome.entries} == set(Job.objects.all())
    Job.objects.update(removed_at=datetime(2026, 11, 22, tzinfo=UTC))
    assert set(apply(text, platform_a)) == {Fate.CREATE}
    # An own name that others had as well is now a name with its number.
    assert told(platform_a) == text


def test_secrets_are_in_no_file_and_stay_where_they_are(platform_a: Platform) -> None:
    rung = Step(Action.TEMPLATE, secretive(platform_a).pk, {"minutes": "9753"})
    job = make_job(platform_a, own_name="Lobby", rungs=(rung,))
    text = told(platform_a)
    assert "9753" not in text
    assert "own: true" in text
    assert apply(text, platform_a) == [Fate.UNCHANGED]
    assert apply(text.replace("attempts: 3", "attempts: 4"), platform_a) == [Fate.CHANGE]
    assert definition.of(job).rungs == (rung,)
    given = text.replace("own: true", "own: true\n    parameters: {minutes: 98}")
    (entry,) = plan(given, platform_a, None).entries
    assert entry.fate is Fate.CHANGE
    assert "98" not in repr(entry.differences)
    saving.remove(job, SYSTEM)
    assert plan(text, platform_a, None).entries[0].problems[0].field == "rungs.0"


def test_a_plan_is_of_its_secrets_and_nobody_can_try_them_out(
    platform_a: Platform, settings: Settings
) -> None:
    rung = Step(Action.TEMPLATE, secretive(platform_a).pk, {"minutes": "7"})
    job = make_job(platform_a, own_name="Lobby", rungs=(rung,))
    text = told(platform_a)
    given = [
        text.replace("own: true", f"own: true\n    parameters: {{minutes: {each}}}")
        for each in (8, 9)
    ]
    digests = [plan(each, platform_a, None).digest() for each in given]
    assert digests[0] != digests[1]
    assert plan(given[0], platform_a, None).digest() == digests[0]
    saving.change([job], SYSTEM, rungs=(replace(rung, parameters={"minutes": "6"}),))
    with pytest.raises(PlanChanged):
        exchange.apply(given[0], platform_a, None, SYSTEM, digests[0])
    assert definition.of(job).rungs[0].parameters == {"minutes": "6"}
    agreed = plan(given[0], platform_a, None).digest()
    settings.SECRET_KEY = "another"
    assert plan(given[0], platform_a, None).digest() != agreed


def test_jobs_that_ask_too_much_together_are_refused_by_line(
    platform_a: Platform, settings: Settings
) -> None:
    make_job(platform_a, own_name="Lobby", rungs=())
    text = told(platform_a)
    changed = text.replace("threshold: 0.0", "threshold: 1.0")
    settings.JOBS_QUESTIONS = 0
    agreed = plan(changed, platform_a, None)
    with pytest.raises(PlanRefused) as refused:
        exchange.apply(changed, platform_a, None, SYSTEM, agreed.digest())
    (problem,) = refused.value.outcome.entries[0].problems
    assert "different questions" in problem.why
    settings.JOBS_QUESTIONS = 1
    assert apply(changed, platform_a) == [Fate.CHANGE]


# -- what it would do -----------------------------------------------------------------------------


def test_a_plan_tells_what_is_made_changed_left_and_refused_and_writes_nothing(
    platform_a: Platform,
) -> None:
    furnish(platform_a)
    same = make_job(platform_a, own_name="Same", rungs=())
    other = make_job(platform_a, own_name="Other", hold=600, rungs=())
    lines = AuditEntry.objects.count()
    text = SMALL + "".join(
        SMALL.partition("jobs:\n")[2].replace("Lobby", name) for name in ("Same", "Other", "Bad")
    )
    text = text.replace("name: Bad", "name: Bad\n  hold: 1s\n  colour: red")
    outcome = plan(text, platform_a, None)
    assert [(each.fate, each.line, each.job) for each in outcome.entries] == [
        (Fate.CREATE, 3, None),
        (Fate.UNCHANGED, 8, same),
        (Fate.CHANGE, 13, other),
        (Fate.REFUSE, 18, None),
    ]
    (difference,) = outcome.entries[2].differences
    assert tuple(difference) == ("hold", "10m", "5m")
    (problem,) = outcome.entries[3].problems
    assert (problem.line, problem.field) == (20, "colour")
    assert AuditEntry.objects.count() == lines
    with pytest.raises(PlanRefused):
        exchange.apply(text, platform_a, None, SYSTEM, outcome.digest())
    assert Job.objects.count() == 2
    fates = apply(text, platform_a, skip_refused=True)
    assert fates == [each.fate for each in outcome.entries]
    assert sorted(Job.objects.values_list("name", flat=True)) == ["Lobby", "Other", "Same"]
    assert definition.of(other).hold == 300
    assert [each.action for each in AuditEntry.objects.order_by("pk")[lines:]] == [
        "created", "changed"
    ]  # fmt: skip
    # Nobody is removed, and the same again does nothing.
    assert apply(text, platform_a, skip_refused=True).count(Fate.UNCHANGED) == 3


def test_a_job_with_an_automatic_name_is_found_by_what_it_does(platform_a: Platform) -> None:
    job = make_job(platform_a, rungs=())
    twin = make_job(platform_a, rungs=())
    assert twin.name == f"{job.name} #2"
    text = told(platform_a).replace("threshold: 0.0", "threshold: 1.0")
    assert apply(text, platform_a) == [Fate.CHANGE, Fate.CHANGE]
    job.refresh_from_db()
    assert "Online" in job.name
    # The file calls them as they were called before: they are the same jobs all the same.
    assert apply(text, platform_a) == [Fate.UNCHANGED, Fate.UNCHANGED]
    nameless = re.sub(r"- automatic_name: .*\n(?:    .*\n)*  trigger", "- trigger", text)
    assert "automatic_name" not in nameless
    assert apply(nameless, platform_a) == [Fate.UNCHANGED, Fate.UNCHANGED]
    own = text.replace("automatic_name:", "name:", 1)
    assert [each.fate for each in plan(own, platform_a, None).entries].count(Fate.CREATE) == 1


def test_a_name_with_a_number_is_the_name_of_one_job(platform_a: Platform) -> None:
    jobs = [make_job(platform_a, own_name="Lobby", rungs=()) for _turn in range(2)]
    text = told(platform_a)
    assert "name: 'Lobby #2'" in text
    assert apply(text, platform_a) == [Fate.UNCHANGED, Fate.UNCHANGED]
    assert [definition.of(job).own_name for job in jobs] == ["Lobby", "Lobby"]
    twice = text + text.partition("jobs:\n")[2]
    refused = plan(twice, platform_a, None).of(Fate.REFUSE)
    lines = [each.line for each in plan(text, platform_a, None).entries]
    assert [each.problems[0].why for each in refused] == [
        f"This job stands on line {line} already." for line in lines
    ]


def test_a_schedule_of_a_file_is_stored_in_its_normal_form(platform_a: Platform) -> None:
    text = """\
version: 1
jobs:
- name: Night
  trigger: schedule
  selection: {whole: true}
  cron: "0 %s 3 * * mon"
  rungs: [{action: restart}]
"""
    assert apply(text % (" " * 200), platform_a) == [Fate.CREATE]
    assert Job.objects.get().cron == "0 3 * * MON"
    assert apply(text % "", platform_a) == [Fate.UNCHANGED]
    (entry,) = plan((text % "").replace("0 ", f"{'0,' * 60}0 "), platform_a, None).entries
    assert entry.problems == [Problem(6, "cron", "This schedule is too long.")]


def test_what_is_no_schedule_is_refused_by_its_line_also_of_a_job_without_a_name(
    platform_a: Platform,
) -> None:
    make_job(platform_a)  # whose automatic name is compared with that of the file's
    text = """\
version: 1
jobs:
- trigger: schedule
  selection: {whole: true}
  cron: at night
  rungs: [{action: restart}]
"""
    (entry,) = plan(text, platform_a, None).entries
    assert [(each.line, each.field) for each in entry.problems] == [(5, "cron")]


def test_a_plan_tells_hours_apart_by_their_seconds(platform_a: Platform) -> None:
    texts = [f"{SMALL}  hours: [Mon 08:00-08:00{each}]\n" for each in ("", ":50")]
    whole, short = (plan(each, platform_a, None).digest() for each in texts)
    assert whole != short


def test_a_description_of_a_file_is_as_long_as_elsewhere(platform_a: Platform) -> None:
    (entry,) = plan(f"{SMALL}  description: {'x' * 10_001}\n", platform_a, None).entries
    assert [(each.line, each.field) for each in entry.problems] == [(8, "description")]
    job = make_job(platform_a, own_name="Lobby", rungs=())
    Job.objects.update(description="x" * 15_000)
    assert apply(told(platform_a).replace("attempts: 3", "attempts: 4"), platform_a) == [
        Fate.CHANGE
    ]
    assert definition.of(job).attempts == 4


ONE = """\
- {name}: Watch {number}
  selection:
    exporters: [North]
    sites: ['yes']
    players: {{North: ['06:42:40:92:60:B4']}}
  conditions:
  - {{metric: {metric}, operator: ==, threshold: 0}}
  rungs:
  - {{action: restart}}
  - {{action: template, model: simpal_d210, template: power_cycle, parameters: {{minutes: 2}}}}
"""


@pytest.mark.parametrize("name", ["name", "automatic_name"])
def test_a_plan_costs_the_same_however_many_jobs_a_file_has(
    platform_a: Platform, name: str
) -> None:
    furnish(platform_a)
    make_job(platform_a)  # of which each automatic name is compared with
    costs = []
    for number in (2, 20):
        jobs = [ONE.format(name=name, number=each, metric=STATUS) for each in range(number)]
        with CaptureQueriesContext(connection) as seen:
            outcome = plan(f"version: 1\njobs:\n{''.join(jobs)}", platform_a, None)
            outcome.digest()
        assert len(outcome.of(Fate.CREATE)) == number
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_a_stopped_job_may_be_about_what_is_gone(platform_a: Platform) -> None:
    job = make_job(platform_a, own_name="Lobby", mode=Mode.LIVE)
    text = told(platform_a)
    MonitoringMetric.objects.update(withdrawn_at=datetime(2026, 11, 22, tzinfo=UTC))
    assert apply(text, platform_a) == [Fate.UNCHANGED]
    assert apply(text.replace("mode: live", "mode: shadow"), platform_a) == [Fate.CHANGE]
    assert definition.of(job).mode is Mode.SHADOW
    assert plan(text, platform_a, None).entries[0].problems[0].field == "conditions"


def test_raw_promql_comes_from_superadmins_alone(
    platform_a: Platform, mona: User, root: User
) -> None:
    raw = f'{STATUS}{{platform_id="$platform"}} == 0'
    job = make_job(platform_a, own_name="Raw", conditions=(), raw=raw)
    text = told(platform_a)
    assert apply(text, platform_a, mona) == [Fate.UNCHANGED]
    assert apply(text.replace("attempts: 3", "attempts: 2"), platform_a, mona) == [Fate.CHANGE]
    other = text.replace("== 0", "== 1")
    (entry,) = plan(other, platform_a, mona).entries
    assert (entry.fate, entry.problems[0].field) == (Fate.REFUSE, "raw")
    assert apply(other, platform_a, root) == [Fate.CHANGE]
    assert definition.of(job).raw.endswith("== 1")


# -- what is refused ------------------------------------------------------------------------------


NO_FILES = [
    ("", 1),
    ("[]", 1),
    ("jobs: []", 1),
    ("version: 2\njobs: []", 1),
    ("version: true\njobs: []", 1),
    ("version: 1", 1),
    ("version: 1\njobs: {}", 2),
    ("version: 1\njobs: []\nplatform: 7", 3),
    ("version: 1\njobs: [" + "{}," * 501 + "]", 2),
    (SMALL + "\tx", 8),
    (SMALL.replace("rungs: []", "rungs: []\n  rungs: []"), 8),
    (SMALL.replace("rungs: []", "rungs: !!set {}"), 7),
]


def test_what_is_no_file_of_jobs_is_refused_on_its_line(platform_a: Platform) -> None:
    for text, line in NO_FILES:
        with pytest.raises(YamlRefused) as refused:
            plan(text, platform_a, None)
        assert refused.value.line == line, text
        assert str(refused.value)


RUNG = "action: template\n    model: simpal_d210\n    template: power_cycle"
WRONG: list[tuple[str, str, list[tuple[int, str]]]] = [
    ("  rungs: []\n", "", [(3, "rungs")]),
    ("  selection: {whole: true}\n", "", [(3, "selection")]),
    ("{whole: true}", "{}", [(4, "selection")]),
    ("{whole: true}", "{whole: 1}", [(4, "selection.whole")]),
    ("{whole: true}", "[1]", [(4, "selection")]),
    ("{whole: true}", "{all: true}", [(4, "selection.all")]),
    ("{whole: true}", "{exporters: [South]}", [(4, "selection.exporters.0")]),
    ("{whole: true}", "{sites: [7, yes, [x]]}",
     [(4, "selection.sites.0"), (4, "selection.sites.2")]),
    ("{whole: true}", "{players: {South: [x]}}", [(4, "selection.players.South")]),
    ("{whole: true}", "{players: {North: [x, 06:42:40:92:60:B4, 7]}}",
     [(4, "selection.players.North.0"), (4, "selection.players.North.2")]),
    ("{whole: true}", "{players: [x]}", [(4, "selection.players")]),
    ("threshold: 0}", "threshold: x}", [(6, "conditions.0.threshold")]),
    ("threshold: 0}", "threshold: 1e999}", [(5, "conditions")]),
    ("threshold: 0}", "window: 5m, threshold: 0}", [(5, "conditions")]),
    (", threshold: 0}", "}", [(6, "conditions.0.threshold")]),
    ("metric: remosa_exporter_cubic_device_status", "metric: up", [(5, "conditions")]),
    ("operator: ==", "operator: '='", [(6, "conditions.0.operator")]),
    ("rungs: []", "rungs: [restart]", [(7, "rungs.0")]),
    ("rungs: []", "rungs: [{action: reset}]", [(7, "rungs.0.action")]),
    ("rungs: []", "rungs: [{action: restart, model: x}]", [(7, "rungs.0.model")]),
    ("rungs: []", "rungs: [{action: restart, wait: 1s}]", [(7, "rungs.0")]),
    ("rungs: []", "rungs: [{action: template, model: simpal_d210}]", [(7, "rungs.0.template")]),
    ("rungs: []", "rungs: [{action: template, model: x, template: y}]",
     [(7, "rungs.0.template")]),
    ("rungs: []",
     f"rungs:\n  - {RUNG}\n    parameters: {{minutes: [1]}}",
     [(11, "rungs.0.parameters.minutes")]),
    ("rungs: []", f"rungs:\n  - action: restart\n  - {RUNG}\n", [(9, "rungs.1")]),
    ("rungs: []", "rungs: []\n  hold: 5 minutes", [(8, "hold")]),
    ("rungs: []", "rungs: []\n  hold: -5", [(8, "hold")]),
    ("rungs: []", "rungs: []\n  hold: 999999d", [(8, "hold")]),
    ("rungs: []", "rungs: []\n  enabled: yes\n  attempts: 3.5",
     [(8, "enabled"), (9, "attempts")]),
    ("rungs: []", "rungs: []\n  attempts: 999999999999999999", [(8, "attempts")]),
    ("rungs: []", "rungs: []\n  severity: loud", [(8, "severity")]),
    ("rungs: []", "rungs: []\n  hours: [Mon 8-18]", [(8, "hours.0")]),
    ("rungs: []", "rungs: []\n  time_zone: Moon/Crater", [(8, "time_zone")]),
    ("rungs: []", "rungs: []\n  cron: 0 3 * * *", [(8, "cron")]),
    ("rungs: []", "rungs: []\n  automatic_name: x", [(3, "automatic_name")]),
    ("rungs: []", "rungs: []\n  version: 7", [(8, "version")]),
    ("name: Lobby", "name: 7", [(3, "name")]),
    ("name: Lobby", f"name: {'x' * 161}", [(3, "own_name")]),
    (SMALL.partition("jobs:\n")[2], "- 7\n", [(3, "")]),
]  # fmt: skip


def test_what_is_wrong_is_named_by_line_and_field(platform_a: Platform) -> None:
    furnish(platform_a)
    for old, new, problems in WRONG:
        text = SMALL.replace(old, new)
        assert text != SMALL
        outcome = plan(text, platform_a, None)
        (entry,) = outcome.entries
        assert entry.fate is Fate.REFUSE
        assert [(each.line, each.field) for each in entry.problems] == problems, new
        assert all(each.why for each in entry.problems)
        with pytest.raises(PlanRefused):
            exchange.apply(text, platform_a, None, SYSTEM, outcome.digest())
    assert not Job.objects.exists()


def test_what_is_of_another_platform_is_not_there(
    platform_a: Platform, platform_b: Platform
) -> None:
    furnish(platform_b)
    own = secretive(platform_b)
    for selection in ("{exporters: [North]}", "{sites: [yes]}", "{players: {North: [x]}}"):
        (entry,) = plan(SMALL.replace("{whole: true}", selection), platform_a, None).entries
        assert entry.problems[0].why == "This platform has nothing called “{}”.".format(
            "yes" if "sites" in selection else "North"
        )
    rung = f"[{{action: template, model: {own.model.key}, template: {own.key}, own: true}}]"
    (entry,) = plan(SMALL.replace("rungs: []", f"rungs: {rung}"), platform_a, None).entries
    assert entry.problems[0].field == "rungs.0.template"
    theirs = make_job(platform_b, own_name="Lobby")
    assert apply(SMALL, platform_a) == [Fate.CREATE]
    assert definition.of(theirs) == defined(platform_b, own_name="Lobby")


def test_a_file_that_was_gnawed_at_is_planned_or_refused_and_stores_nothing(
    platform_a: Platform,
) -> None:
    furnish(platform_a)
    whole = f"version: 1\njobs:\n{GOLDEN}"
    chance = random.Random(5)
    for _turn in range(150):
        text = whole
        for _bite in range(chance.randint(1, 3)):
            at, length = chance.randrange(len(text)), chance.randint(0, 9)
            mark = chance.choice(
                ["", "{", "- ", "\n", "&a ", "*a", "!!x ", "null", ":", "\x00", "ё"]
            )
            text = text[:at] + mark + text[at + length :]
        with contextlib.suppress(YamlRefused):
            for entry in plan(text, platform_a, None).entries:
                assert (entry.fate is Fate.REFUSE) == bool(entry.problems)
    assert not Job.objects.exists()


# -- that it is done as it was shown --------------------------------------------------------------


@pytest.mark.parametrize(
    "meanwhile",
    ["the job", "another job", "a player", "the file", "nothing"],
)
def test_a_plan_is_done_only_while_it_is_the_one_that_was_shown(
    platform_a: Platform, meanwhile: str
) -> None:
    job = saving.save(golden(platform_a), SYSTEM)
    text = told(platform_a).replace("attempts: 2", "attempts: 5")
    agreed = plan(text, platform_a, None).digest()
    match meanwhile:
        case "the job":
            saving.change([job], SYSTEM, cooldown=1200)
        case "another job":
            make_job(platform_a, own_name="Not in the file")
        case "a player":
            Player.objects.filter(identity="06:42:40:92:60:B4").delete()
        case "the file":
            text = text.replace("attempts: 5", "attempts: 6")
    before = definition.of(job)
    if meanwhile in ("nothing", "another job"):
        exchange.apply(text, platform_a, None, SYSTEM, agreed)
        assert definition.of(job) == replace(before, attempts=5)
        return
    with pytest.raises(PlanChanged) as changed:
        exchange.apply(text, platform_a, None, SYSTEM, agreed)
    assert changed.value.now.digest() != agreed
    assert definition.of(job) == before


def test_what_fails_in_the_middle_takes_everything_back(
    platform_a: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SMALL + SMALL.partition("jobs:\n")[2].replace("Lobby", "Hall")
    agreed = plan(text, platform_a, None).digest()
    store = saving.save

    def stumble(wanted: Definition, *args: Any) -> Job:
        if wanted.own_name == "Hall":
            raise saving.DefinitionRefused({"selection": ["gone"]})
        return store(wanted, *args)

    monkeypatch.setattr(saving, "save", stumble)
    with pytest.raises(PlanRefused) as refused:
        exchange.apply(text, platform_a, None, SYSTEM, agreed)
    told = [[each.why for each in entry.problems] for entry in refused.value.outcome.entries]
    assert told == [[], ["gone"]]
    assert not Job.objects.exists()
    assert not AuditEntry.objects.filter(target_type="jobs.job").exists()
