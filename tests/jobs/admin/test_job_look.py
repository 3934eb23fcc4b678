"""The panel beside the form of a job: what it would be about now, as a real Prometheus says."""

import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from devices import sockets
from exporters.models import Exporter, Player
from jobs import criteria
from jobs.conditions import Condition, Function, Operator
from jobs.form_parts import Ground
from jobs.forms_of_jobs import JobForm
from jobs.models import Clock, Track, Trigger
from jobs.tracks import SLOT
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.devices.world import make_socket
from tests.exporters.watched_world import STATUS, World, sample
from tests.jobs.admin.typed import posted
from tests.jobs.evaluated_world import source_lines
from tests.jobs.world import defined, make_job, make_metric

LOOK = reverse("admin:jobs_job_look")
#: What a new form asks.
OFFLINE = Condition("device_status", Function.LAST, 0, Operator.EQUAL, 0.0)


@pytest.fixture(autouse=True)
def metrics(db: None) -> None:
    make_metric()
    make_metric("device_status", "", "")


def looked(client: Client, person: User, platform: Platform, /, **typed: Any) -> Any:
    """Return the panel's answer to what a new form shows, with this typed into it."""
    return client.post(LOOK, {**posted(JobForm(Ground(person, platform))), **typed})


def seen_well(platform: Platform, *players: Player, at: Exporter | None = None) -> None:
    """Let evaluation have seen these well, under what a new form asks."""
    exporter = at or players[0].exporter
    criterion = criteria.of(defined(platform, conditions=(OFFLINE,)))
    assert criterion is not None
    now, slot = timezone.now(), int(time.time()) // SLOT
    Clock.objects.create(
        platform=platform, criterion=criterion, exporter=exporter, at=now, slot=slot,
        observed=86_400.0, known=True, known_since=slot - 2880,
    )  # fmt: skip
    for player in players:
        Track.objects.create(
            platform=platform, criterion=criterion, player=player, bad=False, run_from=0.0,
            since_slot=slot - 2880, seen_good=True,
        )  # fmt: skip


def test_the_panel_tells_who_is_bad_now_with_which_value_and_on_which_socket(
    client_of: ClientOf, mona: User, platform_a: Platform, platform_b: Platform, world: World
) -> None:
    exporter = factories.make_exporter(platform_a)
    hung, bare, well = (
        factories.make_player(exporter, name=name) for name in ("Hall", "Bare", "Well")
    )
    silent = factories.make_player(exporter, name="Silent")
    theirs = factories.make_player(factories.make_exporter(platform_b), name="Theirs")
    device = make_socket(platform_a, name="Till")
    sockets.bind(hung, device.lines.get(), SYSTEM)
    seen_well(platform_a, hung, bare)
    world.say([
        *source_lines(exporter),
        *(sample(STATUS, each, 0) for each in (hung, bare, theirs)),
        sample(STATUS, well, 1),
    ])  # fmt: skip
    answer = looked(client_of(mona), mona, platform_a, reach="whole")
    look = answer.context["look"]
    assert (look.players, look.with_socket, look.bad, look.bad_without_socket) == (4, 1, 2, 1)
    rows = {str(each["row"].player): each for each in answer.context["rows"]}
    told = {name: (str(each["word"]), each["values"]) for name, each in rows.items()}
    assert told == {
        "Hall": ("bad", ["Offline"]),
        "Bare": ("bad", ["Offline"]),
        "Well": ("well", ["Online"]),
        "Silent": ("not known", []),
    }
    assert [str(each["row"].player) for each in answer.context["rows"]][:2] == ["Bare", "Hall"]
    text = answer.content.decode()
    for words in ("2 players would fire now", "1 of them hangs on no socket",
                  "People are told, nothing more.", "Till, line 1",
                  "Monitoring all players → restart when Status is Offline"):  # fmt: skip
        assert words in text, words
    assert answer.headers["X-Remosa-Look"] == "1"
    assert silent.name in text

    assert "left to you" not in text
    assert "brake" not in text
    named = looked(client_of(mona), mona, platform_a, players=[well.pk])
    assert "Nobody would fire now." in named.content.decode()
    assert "Monitoring Well → restart" in named.content.decode()


def test_the_panel_tells_what_an_attempt_costs_and_whether_what_is_left_would_do(
    client_of: ClientOf, mona: User, platform_a: Platform, world: World
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(sms_limit_day=5, sms_limit_month=1000)
    exporter = factories.make_exporter(platform_a)
    players = [factories.make_player(exporter, name=f"Hall {number}") for number in range(3)]
    seen_well(platform_a, *players)
    world.say([*source_lines(exporter), *(sample(STATUS, each, 0) for each in players)])
    bare = looked(client_of(mona), mona, platform_a, reach="whole")
    assert bare.context["look"].costs is None, "nothing could be sent"
    assert "SMS" not in bare.content.decode()
    sockets.bind(players[0], make_socket(platform_a).lines.get(), SYSTEM)
    text = looked(client_of(mona), mona, platform_a, reach="whole").content.decode()
    assert "An attempt costs 1 SMS." in text
    assert "Left to jobs today: 4 SMS." in text, "of 5 the last is kept for people"
    assert "would not do" not in text
    pair = make_socket(platform_a, "simpal_d410")
    for player, line in zip(players[1:], pair.lines.order_by("number"), strict=True):
        sockets.bind(player, line, SYSTEM)
    text = looked(client_of(mona), mona, platform_a, reach="whole").content.decode()
    assert "An attempt costs 1 to 2 SMS, by its rung and socket." in text
    assert "The SMS left to jobs would not do for all that would fire now." in text
    Platform.objects.filter(pk=platform_a.pk).update(sms_limit_day=None, sms_limit_month=None)
    free = looked(client_of(mona), mona, platform_a, reach="whole").content.decode()
    assert "An attempt costs 1 to 2 SMS" in free
    assert "Left to jobs" not in free
    assert "would not do" not in free


#: What a panel says of ten players, of whom six are offline and five of those on sockets: of how
#: many of these ten evaluation knows that they were well, what the vendor's line is, and the words.
TOLD: dict[str, tuple[int | None, dict[str, int], tuple[str, ...], tuple[str, ...]]] = {
    "no job asked this yet": (
        None, {},
        ("Nobody would fire now.", "The 6 players that are bad now are left to you until they were",
         "no job has looked at players under these conditions yet"),
        ("would fire now, if", "brake", "no socket: nothing")),
    "never seen well": (
        0, {},
        ("Nobody would fire now.", "6 players are bad now and were never seen well under these"),
        ("would fire now, if", "brake")),
    "some were": (
        2, {},
        ("2 players would fire now", "4 players are bad now and were never seen well"),
        ("brake", "hang on no socket")),
    "too many for the brake": (
        10, {},
        ("6 players would fire now", "1 of them hangs on no socket: nothing can be sent for it.",
         "The brake would hold back all of it.",
         "Too many players are bad or unknown at once: 6, where 2 may be."),
        ("left to you", "Nobody")),
    "the vendor is away": (
        10, {"up": 0},
        ("Nobody would fire now.", "6 players look bad, but nothing is believed of them now",
         "The vendor does not answer."),
        ("would fire now, if", "brake", "left to you")),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_the_panel_says_what_would_become_of_those_that_are_bad(
    client_of: ClientOf, mona: User, platform_a: Platform, world: World, name: str
) -> None:
    known, line, words, none_of = TOLD[name]
    exporter = factories.make_exporter(platform_a)
    players = [factories.make_player(exporter, name=f"P{number}") for number in range(10)]
    for player in players[:5]:
        sockets.bind(player, make_socket(platform_a).lines.get(), SYSTEM)
    if known is not None:
        seen_well(platform_a, *players[:known], at=exporter)
    statuses = (sample(STATUS, each, int(number > 5)) for number, each in enumerate(players))
    world.say([*source_lines(exporter, **line), *statuses])
    text = " ".join(
        looked(client_of(mona), mona, platform_a, reach="whole").content.decode().split()
    )
    for each in words:
        assert each in text, each
    for each in none_of:
        assert each not in text, each
    # Without scripts the whole page comes again, with the panel in it.
    typed = {**posted(JobForm(Ground(mona, platform_a))), "reach": "whole", "_look": "1"}
    whole = client_of(mona).post(reverse("admin:jobs_job_add"), typed).content.decode()
    assert words[1] in " ".join(whole.split())


def test_raw_promql_and_metrics_that_were_found_are_looked_at_too(
    client_of: ClientOf, root: User, platform_a: Platform, world: World
) -> None:
    exporter = factories.make_exporter(platform_a)
    hot, cold, silent = (factories.make_player(exporter, name=name) for name in ("H", "C", "S"))
    make_metric("player_heat_celsius", "", "mac")
    world.say([
        *(sample(STATUS, each, 1) for each in (hot, cold)),
        *(sample("player_heat_celsius", each, heat) for each, heat in ((hot, 80), (cold, 20))),
        sample("player_heat_celsius", silent, 90),
    ])  # fmt: skip
    asked = {"asks": "raw", "raw": 'player_heat_celsius{platform_id="$platform"} > 60'}
    typed = {"conditions-0-metric": "player_heat_celsius", "conditions-0-operator": ">",
             "conditions-0-threshold": "60"}  # fmt: skip
    wanted = {"raw": {"H": "bad", "C": "well", "S": "not known"},
              "found": {"H": "bad", "C": "well", "S": "bad"}}  # fmt: skip
    for name, changes in (("raw", asked), ("found", typed)):
        answer = looked(
            client_of(root), root, platform_a, reach="whole", platform=platform_a.pk, **changes
        )
        rows = answer.context["rows"]
        bad = [verdict for verdict in wanted[name].values() if verdict == "bad"]
        assert answer.context["look"].bad == len(bad)
        assert {str(each["row"].player): str(each["word"]) for each in rows} == wanted[name], name


def test_nobody_is_called_bad_or_well_while_prometheus_is_away(
    client_of: ClientOf, mona: User, platform_a: Platform, settings: Settings
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    factories.make_player(factories.make_exporter(platform_a), name="Hall")
    answer = looked(client_of(mona), mona, platform_a, reach="whole")
    text = answer.content.decode()
    assert "Nobody can say who is bad now." in text
    assert "Prometheus does not answer" in text
    assert "would fire now" not in text
    assert [str(each["word"]) for each in answer.context["rows"]] == ["not known"]


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"conditions-TOTAL_FORMS": ""},
        {"conditions-TOTAL_FORMS": "99999999"},
        {"conditions-0-metric": "up{}"},
        {"conditions-0-threshold": "1e999", "reach": "whole"},
        {"trigger": "schedule", "cron": "* *", "reach": "whole"},
        {"trigger": "what", "reach": "x", "hold_unit": "\x00", "players": ["x", "1" * 40]},
        {"part": "conditions", "_more": "conditions", "conditions-TOTAL_FORMS": "9" * 40},
        {"part": "hours", "_less": "hours-0"},
        {"part": "secrets", "_more": "secrets", "_less": "secrets-1-2"},
        {"rungs-0-what": "9" * 40, "part": "rungs"},
        {"page": "9" * 40, "job": "", "attempts": "x"},
    ],
)
def test_what_is_half_typed_or_hostile_is_no_error(
    client_of: ClientOf, mona: User, platform_a: Platform, typed: dict[str, Any]
) -> None:
    answer = looked(client_of(mona), mona, platform_a, **typed)
    assert answer.status_code == 200
    assert client_of(mona).post(LOOK, typed).status_code == 200


def test_a_schedule_is_told_in_words_with_its_next_runs_in_its_own_zone(
    client_of: ClientOf, mona: User, platform_a: Platform
) -> None:
    typed = {"trigger": "schedule", "cron": "15 3 * * *", "time_zone": "Asia/Vladivostok"}
    answer = looked(client_of(mona), mona, platform_a, reach="whole", **typed)
    text = answer.content.decode()
    assert "every day at 03:15" in text
    assert text.count("03:15 +10") == 3 or text.count("03:15 VLAT") == 3
    assert "Bad now" not in text


def test_the_panel_and_the_page_cost_the_same_for_many_players_and_commands(
    client_of: ClientOf, mona: User, platform_a: Platform, settings: Settings
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    job = make_job(platform_a, trigger=Trigger.RULE)
    exporter, client, counted = factories.make_exporter(platform_a), client_of(mona), []
    for _round in range(2):
        for _number in range(20):
            factories.make_player(exporter)
        with CaptureQueriesContext(connection) as queries:
            looked(client, mona, platform_a, reach="whole")
            client.get(reverse("admin:jobs_job_change", args=[job.pk]))
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert counted[1] < 60
