"""Whether a command helped is told by its players; what is unknown waits and is no verdict."""

import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import Settings

from devices import commands, evidence, own_templates, sockets, story, verification
from devices.models import Binding, Command, CommandLine, CommandStep, CommandTemplate, Device
from exporters.models import Exporter, Player
from platforms.audit import SYSTEM
from platforms.models import Platform
from tests import factories
from tests.devices import world
from tests.devices.samples import Sampled, minutes, sampled_prometheus
from tests.devices.world import NOON, Clock, Gateway
from tests.exporters.watched_world import STATUS, sample, source, watched_world

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db,
    pytest.mark.usefixtures("road"),
]


@pytest.fixture
def sampled(clock: Clock, settings: Settings) -> Iterator[Sampled]:
    """The connected Prometheus."""
    with sampled_prometheus(clock) as server:
        settings.PROMETHEUS_URL = server.url
        yield server


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    """A socket with one outlet."""
    return world.make_socket(platform_a)


def hang(exporter: Exporter, device: Device, line: int = 1) -> Player:
    """Hang a player on a line, since yesterday."""
    player = factories.make_mac(exporter).player
    binding = sockets.bind(player, device.lines.get(number=line), SYSTEM)
    Binding.objects.filter(pk=binding.pk).update(since=NOON - timedelta(days=1))
    return player


def sent(device: Device, key: str, **values: str) -> Command:
    """Let a person's command go out at noon."""
    command = world.give(device, key, values or None, sender=world.sender_of_nobody())
    world.drive(Gateway(), Clock())
    command.refresh_from_db()
    return command


def look(clock: Clock, after: float) -> int:
    """Verify so many minutes after noon."""
    clock.now = NOON + minutes(after)
    cache.clear()
    return verification.verify(clock.now)


def state(command: Command) -> tuple[str, bool]:
    command.refresh_from_db()
    return command.state, command.closed


# -- who is watched -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "watched"),
    [("power_cycle", True), ("power_on", True), ("power_off", False), ("status", False),
     ("power_on_for", False)],
)  # fmt: skip
def test_a_person_who_brings_power_to_players_has_them_watched(
    socket: Device, exporter_a: Exporter, key: str, watched: bool
) -> None:
    hang(exporter_a, socket)
    values = {"minutes": "1"} if key in ("power_cycle", "power_on_for") else None
    assert world.give(socket, key, values, sender=world.sender_of_nobody()).watched is watched


def test_nobody_is_watched_where_nobody_could_tell(socket: Device, exporter_a: Exporter) -> None:
    person = world.sender_of_nobody()
    assert not world.give(socket, "power_on", sender=person).watched
    player = hang(exporter_a, socket)
    assert world.give(socket, "power_on", sender=person).watched
    Exporter.objects.filter(pk=exporter_a.pk).update(enabled=False)
    assert not world.give(socket, "power_on", sender=person).watched
    Exporter.objects.filter(pk=exporter_a.pk).update(enabled=True)
    sockets.unbind(player, SYSTEM)
    assert not world.give(socket, "power_on", sender=person).watched


def test_a_job_says_itself_whether_it_watches(socket: Device, exporter_a: Exporter) -> None:
    hang(exporter_a, socket)
    assert not world.give(socket, "power_on").watched
    assert world.give(socket, "status", watched=True).watched


def test_only_the_players_of_the_switched_line_count(
    platform_a: Platform, exporter_a: Exporter
) -> None:
    double = world.make_socket(platform_a, "simpal_d410")
    hang(exporter_a, double, 2)
    person = world.sender_of_nobody()
    assert not world.give(double, "power_on_line", {"line": "1"}, sender=person).watched
    assert world.give(double, "power_cycle_line", {"line": "2"}, sender=person).watched


# -- verdicts -----------------------------------------------------------------------------------


def test_a_player_that_is_online_and_stays_so_verifies_the_command(
    sampled: Sampled, clock: Clock, socket: Device, exporter_a: Exporter
) -> None:
    player, command = hang(exporter_a, socket), sent(socket, "power_cycle", minutes="1")
    sampled.say(player, 0, -600, 180)
    sampled.say(player, 1, 210, 1200)
    # Dark for a minute, and three to boot.
    assert [look(clock, after) for after in (2, 4, 5, 6)] == [0, 0, 0, 0]
    assert state(command) == ("accepted", False)
    assert look(clock, 6.5) == 1
    assert state(command) == ("verified", True)
    assert not CommandLine.objects.filter(closed=False).exists()
    assert look(clock, 7) == 0
    last = CommandStep.objects.filter(command=command).latest("pk")
    assert (last.event, last.reason) == ("verify", "players: online=1 offline=0 unknown=0")


def test_a_player_that_stays_offline_refutes_it_after_patience(
    sampled: Sampled, clock: Clock, socket: Device, exporter_a: Exporter
) -> None:
    player, command = hang(exporter_a, socket), sent(socket, "power_cycle", minutes="1")
    sampled.say(player, 0, -600, 1200)
    assert [look(clock, after) for after in (5, 10, 11)] == [0, 0, 0]
    assert look(clock, 12) == 1
    assert state(command) == ("ineffective", True)


def test_the_minutes_that_a_socket_keeps_its_line_dark_are_no_failure(
    sampled: Sampled, clock: Clock, socket: Device, exporter_a: Exporter
) -> None:
    player, command = hang(exporter_a, socket), sent(socket, "power_cycle", minutes="30")
    sampled.say(player, 0, 0, 1900)
    sampled.say(player, 1, 1930, 3600)
    assert [look(clock, after) for after in (12, 25, 31, 34)] == [0, 0, 0, 0]
    assert look(clock, 36) == 1
    assert state(command) == ("verified", True)


@pytest.mark.parametrize(
    ("model", "text", "more"),
    [
        ("simpal_d210", "#12#0#30#1#", {}),  # the catalogue reads the minutes in it
        ("generic", "RESTART 30", {"dark_seconds": 1800}),  # nobody but its author can
    ],
)
def test_minutes_that_stand_in_the_text_itself_are_waited_for(
    sampled: Sampled,
    clock: Clock,
    platform_a: Platform,
    exporter_a: Exporter,
    model: str,
    text: str,
    more: dict[str, int],
) -> None:
    words = {"en": "Long", "ru": "Long"}
    definition = {"key": "long", "name": words, "help": words, "danger": "power", "lines": [1],
                  "code": text, "effect": "cycle", **more}  # fmt: skip
    socket = world.make_socket(platform_a, model)
    own_templates.checked(socket.model.shape, definition)
    row = CommandTemplate.objects.create(
        platform=platform_a, model=socket.model, key="long", definition=definition
    )
    player = hang(exporter_a, socket)
    command = commands.queue(row, socket, {}, world.sender_of_nobody(), uuid4(), NOON)
    world.drive(Gateway(), Clock())
    sampled.say(player, 0, 0, 1900)
    sampled.say(player, 1, 1930, 3600)
    assert [look(clock, after) for after in (12, 25, 31, 34)] == [0, 0, 0, 0]
    assert look(clock, 36) == 1
    assert state(command) == ("verified", True)


def test_a_sequence_is_judged_from_its_last_message(
    sampled: Sampled, clock: Clock, platform_a: Platform, exporter_a: Exporter
) -> None:
    double = world.make_socket(platform_a, "simpal_d410")
    player = hang(exporter_a, double)
    command = sent(double, "power_cycle_line", line="1")
    sampled.say(player, 1, -600, 1800)
    assert look(clock, 8) == 0  # `on` is still to come: the line is dark, whatever samples say
    world.drive(Gateway(), Clock(NOON + minutes(8)))
    assert [look(clock, after) for after in (10, 13)] == [0, 0]
    assert look(clock, 13.5) == 1
    assert state(command) == ("verified", True)


def test_unknown_evidence_waits_and_ends_without_a_verdict(
    sampled: Sampled, clock: Clock, socket: Device, exporter_a: Exporter
) -> None:
    player, command = hang(exporter_a, socket), sent(socket, "power_on")
    sampled.say(player, 0, -600, -30)  # and nothing since: an outage of the vendor
    assert [look(clock, after) for after in (6, 11, 19.9)] == [0, 0, 0]
    assert state(command) == ("accepted", False)
    assert look(clock, 20) == 1
    assert state(command) == ("accepted", True)
    last = CommandStep.objects.filter(command=command).latest("pk")
    assert last.event == "evidence_over"
    assert last.reason == "players: online=0 offline=0 unknown=1"
    assert story.words_of(last.reason) == "Players: 0 online, 0 offline, 1 unknown."
    with translation.override("ru"):
        assert story.words_of(last.reason) == "Плееры: онлайн 0, офлайн 0, неизвестно 1."


@pytest.mark.parametrize(
    "silence",
    ["away", "partial", "error", "exporter off", "platform off", "player gone", "moved"],
)
def test_silence_of_whatever_sort_is_no_verdict(
    sampled: Sampled,
    clock: Clock,
    socket: Device,
    exporter_a: Exporter,
    settings: Settings,
    silence: str,
) -> None:
    player, command = hang(exporter_a, socket), sent(socket, "power_on")
    sampled.say(player, 0, -600, 1200)
    match silence:
        case "away":
            settings.PROMETHEUS_URL = "http://127.0.0.1:9"
        case "partial":
            sampled.more = {"warnings": ["a store is away"]}
        case "error":
            sampled.more = {"status": "error", "errorType": "timeout", "error": "slow"}
        case "exporter off":
            Exporter.objects.update(enabled=False)
        case "platform off":
            Platform.objects.update(active=False)
        case "player gone":
            Player.objects.update(retired_at=NOON)
        case "moved":
            sockets.bind(player, world.make_socket(socket.platform).lines.get(), SYSTEM)
    assert look(clock, 15) == 0
    assert state(command) == ("accepted", False)
    assert look(clock, 20) == 1
    assert state(command) == ("accepted", True)


def test_a_player_that_was_hung_there_afterwards_says_nothing_of_the_command(
    sampled: Sampled, clock: Clock, socket: Device, exporter_a: Exporter
) -> None:
    player, command = hang(exporter_a, socket), sent(socket, "power_on")
    late = hang(exporter_a, socket)
    Binding.objects.filter(player=late).update(since=NOON + minutes(1))
    sampled.say(player, 1, -600, 1200)
    sampled.say(late, 0, -600, 1200)
    assert look(clock, 12) == 1
    assert state(command) == ("verified", True)


def test_many_commands_cost_as_many_questions_as_one(
    sampled: Sampled, clock: Clock, platform_a: Platform, exporter_a: Exporter
) -> None:
    costs = []
    for number in (1, 30):
        Command.objects.all().update(closed=True)
        for _socket in range(number):
            device = world.make_socket(platform_a)
            sampled.say(hang(exporter_a, device), 0, -60, 300)
            sent(device, "power_on")
        sampled.questions.clear()
        with CaptureQueriesContext(connection) as queries:
            assert look(clock, 4) == 0
        costs.append((len(sampled.questions), len(queries)))
    assert costs[0] == costs[1]
    assert costs[0] <= (4, 12)


def test_a_real_prometheus_verifies_and_refutes(
    platform_a: Platform,
    exporter_a: Exporter,
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evidence, "RECOVERED", timedelta(seconds=1))
    commands, players = [], []
    for _number in range(3):
        device = world.make_socket(platform_a)
        players.append(hang(exporter_a, device))
        commands.append(sent(device, "power_on"))
    long_ago = timezone.now() - minutes(15)
    Command.objects.update(wire_at=long_ago)
    Binding.objects.update(since=long_ago)
    with watched_world(tmp_path_factory.mktemp("prometheus")) as scraped:
        settings.PROMETHEUS_URL = scraped.url
        said = [source(exporter_a), sample(STATUS, players[0], 1), sample(STATUS, players[1], 0)]
        deadline = time.monotonic() + 20
        while Command.objects.open().count() > 1 and time.monotonic() < deadline:
            scraped.say(said)
            cache.clear()
            verification.verify(timezone.now())
    assert [state(each)[0] for each in commands] == ["verified", "ineffective", "accepted"]


def test_an_off_of_a_schedule_is_not_judged_by_the_player_that_it_switched_off(
    sampled: Sampled, clock: Clock, socket: Device, exporter_a: Exporter
) -> None:
    player = hang(exporter_a, socket)
    command = world.give(socket, "power_off", sender=world.sender_of_nobody(), watched=True)
    world.drive(Gateway(), Clock())
    sampled.say(player, 0, 60, 3600)
    assert [look(clock, after) for after in (12, 19.9, 20)] == [0, 0, 1]
    assert state(command) == ("accepted", True)
