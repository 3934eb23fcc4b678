"""From an open episode to one attempt, or to a stored reason why not."""

from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import commands
from devices.checks import CommandRefused
from devices.models import (
    Binding,
    Command,
    CommandLine,
    CommandTemplate,
    Device,
    Pause,
    PowerOutage,
    SmsGateway,
)
from devices.senders import Sender
from devices.states import State
from exporters.models import Exporter, Player
from jobs import acting, attempts, holding, situation
from jobs.gate_names import Gate
from jobs.models import (
    Brake,
    Clock,
    Criterion,
    Ending,
    Episode,
    GateVerdict,
    Job,
    JobExecution,
    JobPause,
    JobTarget,
    MaintenanceWindow,
    Mode,
    OperatingHours,
    Outcome,
    Standing,
    Track,
    Trigger,
)
from platforms.models import AuditEntry, Notice, Platform
from tests import factories
from tests.devices import world
from tests.jobs.acting_world import NOON, OFFLINE, Fleet, finish, history, make_fleet, make_job, why

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def fleet(platform_a: Platform) -> Fleet:
    """Twelve players that are well, two of them on sockets."""
    return make_fleet(platform_a, 12, 2)


def test_a_player_that_fires_gets_one_command_with_everything_it_was_decided_on(
    fleet: Fleet,
) -> None:
    player = fleet.players[0]
    (episode,) = fleet.fire(player)
    assert fleet.act() == 1
    command = Command.objects.get()
    assert (command.device, command.by_job, command.watched) == (
        fleet.sockets[player.pk],
        True,
        True,
    )
    assert command.key == attempts.key_of(episode, 1)
    assert command.author_name == fleet.job.name
    execution = JobExecution.objects.get()
    assert (execution.command, execution.standing) == (command, Standing.COMMANDED)
    assert (execution.attempt, execution.rung, execution.wait) == (1, 0, 600)
    assert (execution.sent, execution.segments) == (command.text, 1)
    assert (execution.value, execution.commanded_at) == (0.0, NOON)
    told = [each["gate"] for each in execution.gates]
    assert told == [gate.value for gate in Gate if gate is not Gate.REFUSED]
    assert all(each["open"] for each in execution.gates)
    assert AuditEntry.objects.filter(action="commanded", actor=fleet.job.name).exists()
    assert fleet.act(1) == 0
    assert Command.objects.count() == 1


def test_the_ladder_is_climbed_after_each_cooldown_until_people_take_over(fleet: Fleet) -> None:
    (episode,) = fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    for number in (2, 3):
        finish(JobExecution.objects.latest("pk"), Outcome.INEFFECTIVE, fleet.now)
        assert fleet.act(29) == 0
        assert why(episode) == ("cooldown", "job")
        assert fleet.act(1) == 1
        assert JobExecution.objects.latest("pk").attempt == number
    finish(JobExecution.objects.latest("pk"), Outcome.INEFFECTIVE, fleet.now)
    assert fleet.act(60) == 0
    assert why(episode) == ("attempts", "exhausted")
    assert episode.exhausted_at == fleet.now
    assert history(episode) == ["cooldown", "", "cooldown", "", "attempts"]
    assert fleet.act(60) == 0
    assert Command.objects.count() == 3
    told = Notice.objects.get(kind="exhausted")
    assert (told.about_name, told.ended_at) == (str(fleet.players[0]), None)
    Episode.objects.update(closed=True, closed_at=fleet.now, ending="recovered")
    fleet.act(1)
    told.refresh_from_db()
    assert told.ended_at == fleet.now


def test_no_attempt_begins_before_that_of_an_earlier_episode_is_judged(fleet: Fleet) -> None:
    """The job was changed meanwhile; the command is over a moment before its attempt is."""
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1
    Episode.objects.update(closed=True, closed_at=fleet.now, ending="job")
    (episode,) = fleet.fire(fleet.players[0], minutes=1)
    attempt = JobExecution.objects.get()
    Command.objects.update(closed=True)
    CommandLine.objects.update(closed=True)
    assert fleet.act(11) == 0
    assert why(episode) == ("in_flight", "attempt")
    finish(attempt, Outcome.INEFFECTIVE, fleet.now)
    assert fleet.act(29) == 0
    assert why(episode) == ("cooldown", "job")
    assert fleet.act(1) == 1


def test_what_provably_never_went_out_is_tried_again_soon_and_is_no_attempt(fleet: Fleet) -> None:
    fleet.fire(fleet.players[0])
    for _number in range(5):
        assert fleet.act(16) == 1
        finish(JobExecution.objects.latest("pk"), Outcome.NOT_SENT, fleet.now)
    assert JobExecution.objects.filter(rung=0).count() == 5


def test_a_refused_command_is_a_stored_reason_and_is_tried_again_later(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (episode,) = fleet.fire(fleet.players[0])

    def refuse(*_given: Any, **_options: Any) -> Command:
        raise CommandRefused("in_flight", "A command to this line is under way.")

    with monkeypatch.context() as patched:
        patched.setattr(commands, "queue", refuse)
        assert fleet.act() == 0
    assert why(episode) == ("refused", "in_flight")
    assert (episode.attempts, JobExecution.objects.count()) == (0, 0)
    assert fleet.act(0.5) == 0
    assert fleet.act(1) == 1
    assert history(episode) == ["refused", ""]


def test_a_transaction_that_fails_leaves_nothing(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (episode,) = fleet.fire(fleet.players[0])
    audited = AuditEntry.objects.count()

    def fail(*_given: Any, **_options: Any) -> None:
        raise RuntimeError("the process died here")

    with monkeypatch.context() as patched:
        patched.setattr(JobExecution.objects, "create", fail)
        with pytest.raises(RuntimeError):
            fleet.act()
    before = episode.rev
    episode.refresh_from_db()
    assert (episode.attempts, episode.rev) == (0, before)
    assert not Command.objects.exists()
    assert not CommandLine.objects.exists()
    assert AuditEntry.objects.count() == audited
    assert fleet.act() == 1


# -- no gate can be skipped -----------------------------------------------------------------------


def _other_player_on_the_line(fleet: Fleet, player: Player) -> None:
    other = factories.make_player(fleet.exporter)
    fleet.hang(other, fleet.sockets[player.pk])
    fleet.see(other, bad=False)


def _unknown_player_on_the_line(fleet: Fleet, player: Player) -> None:
    other = factories.make_player(fleet.exporter)
    fleet.hang(other, fleet.sockets[player.pk])
    fleet.see(other, bad=True, frozen_from=1.0)


def _pause(_fleet: Fleet, _player: Player, **of: Any) -> None:
    Pause.objects.create(reason="stocktaking", author_name="Alice", **of)


def _window(fleet: Fleet, _player: Player, **fields: Any) -> None:
    values = {"starts_at": NOON - timedelta(hours=1), "ends_at": NOON + timedelta(hours=1)}
    MaintenanceWindow.objects.create(
        platform=fleet.platform, name="night work", **{**values, **fields}
    )


def _weekly_window(fleet: Fleet, player: Player) -> None:
    weeks = timedelta(weeks=3)
    begins, ends = NOON - weeks - timedelta(hours=1), NOON - weeks + timedelta(hours=1)
    zone = fleet.platform.time_zone
    times = {"starts_at": begins, "ends_at": ends, "time_zone": zone, "weekly": True}
    _window(fleet, player, player=player, **times)


def _earlier_episode(fleet: Fleet, player: Player) -> None:
    episode = Episode.objects.get()
    earlier = Episode.objects.create(
        platform=fleet.platform, job=fleet.job, job_version=1, player=player,
        opened_at=NOON - timedelta(hours=2), closed=True, closed_at=NOON, ending="recovered",
    )  # fmt: skip
    JobExecution.objects.create(
        platform=fleet.platform, episode=earlier, job=fleet.job, player=player, attempt=1, rung=0,
        mode=Mode.LIVE, standing=Standing.OVER, outcome=Outcome.VERIFIED,
        created_at=NOON - timedelta(minutes=40), commanded_at=NOON - timedelta(minutes=40),
        finished_at=NOON - timedelta(minutes=10),
    )  # fmt: skip
    assert earlier.pk != episode.pk


def _template_of_another_model(fleet: Fleet, player: Player) -> None:
    other = world.make_socket(fleet.platform, "simpal_d410")
    template = CommandTemplate.objects.filter(model=other.model, for_jobs=True).first()
    fleet.job.rungs.update(action="template", template=template)


def _dangerous_template(fleet: Fleet, player: Player) -> None:
    model = fleet.sockets[player.pk].model
    template = CommandTemplate.objects.get(model=model, key="delete_all_users")
    fleet.job.rungs.update(action="template", template=template)


def _busy_line(fleet: Fleet, player: Player) -> None:
    world.give(fleet.sockets[player.pk], "power_cycle", sender=world.sender_of_nobody())


def _cooling_line(fleet: Fleet, player: Player) -> None:
    _busy_line(fleet, player)
    Command.objects.update(closed=True)
    CommandLine.objects.update(closed=True, cooldown_until=NOON + timedelta(minutes=3))


def _mains_back(fleet: Fleet, player: Player) -> None:
    PowerOutage.objects.create(
        platform=fleet.platform,
        device=fleet.sockets[player.pk],
        began=NOON - timedelta(minutes=20),
        ended=NOON - timedelta(minutes=2),
    )


def _switched(
    fleet: Fleet, player: Player, key: str, ago: int, by: Sender | None = None, **values: str
) -> Command:
    device = fleet.sockets[player.pk]
    at = NOON - timedelta(minutes=ago)
    command = world.give(device, key, values, sender=by or world.sender_of_nobody(), now=at)
    rows = Command.objects.filter(pk=command.pk)
    rows.update(state=State.ACCEPTED.value, wire_at=at, closed=True)
    CommandLine.objects.update(closed=True)
    return command


def _switched_off(fleet: Fleet, player: Player) -> None:
    """Ten minutes before the player was seen bad."""
    _switched(fleet, player, "power_off", 70)


def _off_later(fleet: Fleet, player: Player) -> None:
    _switched(fleet, player, "power_on_for", 70, minutes="90")


def _off_by_schedule(fleet: Fleet, player: Player) -> Job:
    """An hour before the player was seen bad; return the schedule."""
    schedule = make_job(fleet.platform, None, name="Night off")
    _ran(fleet, schedule, player, "power_off", 120)
    return schedule


def _ran(fleet: Fleet, job: Job, player: Player, key: str, ago: int, **values: str) -> None:
    """Let a job have sent one command, minutes ago."""
    at = NOON - timedelta(minutes=ago)
    trigger = Trigger.RULE if job.criterion_id else Trigger.SCHEDULE
    episode = Episode.objects.create(
        platform=fleet.platform, job=job, job_version=1, player=player, trigger=trigger,
        opened_at=at, closed=True, closed_at=at, ending=Ending.DONE,
    )  # fmt: skip
    sent = _switched(fleet, player, key, ago, by=Sender.job(job.name), **values)
    JobExecution.objects.create(
        platform=fleet.platform, episode=episode, job=job, player=player, attempt=1, rung=0,
        mode=Mode.LIVE, standing=Standing.OVER, outcome=Outcome.ANSWERED, command=sent,
        created_at=at, commanded_at=at, finished_at=at,
    )  # fmt: skip


def _other_line_off(fleet: Fleet, player: Player) -> None:
    """Of a socket with two, both of which the job would switch on."""
    pair = world.make_socket(fleet.platform, "simpal_d410")
    Binding.objects.filter(player=player).update(line=pair.lines.get(number=1))
    template = CommandTemplate.objects.get(model=pair.model, key="power_on")
    fleet.job.rungs.update(action="template", template=template)
    fleet.sockets[player.pk] = pair
    _switched(fleet, player, "power_off_line", 70, line="2")


def _long_restart(fleet: Fleet, player: Player) -> None:
    """Of an hour, in whose middle the line's own cooldown is long over."""
    _switched(fleet, player, "power_cycle", 30, minutes="60")


def _switched_on(fleet: Fleet, player: Player) -> None:
    _switched_off(fleet, player)
    _switched(fleet, player, "power_on", 2)


def _used_up(fleet: Fleet, player: Player) -> None:
    episode = Episode.objects.get()
    Job.objects.update(attempts=1)
    JobExecution.objects.create(
        platform=fleet.platform, episode=episode, job=fleet.job, player=player, attempt=1, rung=0,
        mode=Mode.LIVE, standing=Standing.OVER, outcome=Outcome.INEFFECTIVE,
        created_at=NOON - timedelta(hours=2), commanded_at=NOON - timedelta(hours=2),
        finished_at=NOON - timedelta(hours=2),
    )  # fmt: skip
    Episode.objects.update(attempts=1)


def _another_of_the_site(fleet: Fleet, player: Player) -> None:
    other = fleet.players[1]
    site = factories.make_site(fleet.platform)
    Player.objects.filter(pk__in=[player.pk, other.pk]).update(site=site)
    fleet.fire(other, minutes=20)


def _weekday(fleet: Fleet, player: Player) -> None:
    OperatingHours.objects.create(
        platform=fleet.platform, job=fleet.job, weekday=6, opens="16:00", closes="23:00"
    )  # NOON is 15:00 of a Sunday in Moscow


AGE = {
    "metric": "remosa_exporter_addreality_last_online_timestamp_seconds", "operator": ">",
}  # fmt: skip
SHUT: dict[str, tuple[str, str, Callable[[Fleet, Player], object]]] = {
    "the vendor is not known": (
        "brake", "too_many",
        lambda fleet, player: Clock.objects.update(known=False, known_since=fleet.slot)),
    "the player is not known": (
        "evidence", "unknown",
        lambda fleet, player: Track.objects.filter(player=player).update(frozen_from=1.0)),
    "the player is well again": (
        "evidence", "recovering", lambda fleet, player: fleet.see(player, bad=False)),
    "it recovers": (
        "evidence", "recovering",
        lambda fleet, player: Episode.objects.update(recovering_since=NOON)),
    "it was seen bad once": (
        "evidence", "once",
        lambda fleet, player: fleet.see(player, bad=True, since_slot=fleet.slot)),
    "an earlier era": ("evidence", "once", lambda fleet, player: Clock.objects.update(era=1)),
    "nobody evaluates": (
        "evidence", "not_evaluated",
        lambda fleet, player: Clock.objects.update(at=NOON - timedelta(minutes=5))),
    "removed": ("job", "removed", lambda fleet, player: Job.objects.update(removed_at=NOON)),
    "disabled": ("job", "disabled", lambda fleet, player: Job.objects.update(enabled=False)),
    "inactive platform": (
        "job", "platform", lambda fleet, player: Platform.objects.update(active=False)),
    "another version": ("job", "version", lambda fleet, player: Job.objects.update(version=2)),
    "retired": (
        "job", "player",
        lambda fleet, player: Player.objects.filter(pk=player.pk).update(retired_at=NOON)),
    "exporter off": (
        "job", "exporter", lambda fleet, player: Exporter.objects.update(enabled=False)),
    "not selected any more": (
        "job", "selection",
        lambda fleet, player: (
            Job.objects.update(whole_platform=False),
            JobTarget.objects.create(
                platform=fleet.platform, job=fleet.job, player=fleet.players[5]))),
    "too late for a schedule": (
        "late", "late",
        lambda fleet, player: Episode.objects.update(
            trigger=Trigger.SCHEDULE, due_at=NOON - timedelta(minutes=16))),
    "everything is paused": ("pause", "everything", _pause),
    "the platform is paused": (
        "pause", "platform",
        lambda fleet, player: _pause(fleet, player, platform=fleet.platform)),
    "the socket is paused": (
        "pause", "device",
        lambda fleet, player: _pause(
            fleet, player, platform=fleet.platform, device=fleet.sockets[player.pk])),
    "the job is paused": (
        "pause", "job",
        lambda fleet, player: JobPause.objects.create(
            platform=fleet.platform, job=fleet.job, reason="new panels", author_name="Mona")),
    "out of hours": ("hours", "closed", _weekday),
    "a window": ("window", "window", _window),
    "a weekly window": ("window", "window", _weekly_window),
    "too many are bad": (
        "brake", "too_many",
        lambda fleet, player: fleet.fire(*fleet.players[2:5])),
    "too many are unknown": (
        "brake", "too_many",
        lambda fleet, player: Track.objects.filter(player__in=fleet.players[2:5]).update(
            frozen_from=10 * 86400.0 - 60)),
    "bad for weeks": (
        "brake", "bad_for_long", lambda fleet, player: fleet.see(player, bad=True, run_from=0.0)),
    "bad for weeks, in which nobody looked for a while": (
        "brake", "bad_for_long", lambda fleet, player: fleet.see(player, bad=True, bad_from=0.0)),
    "no line": ("binding", "none", lambda fleet, player: Binding.objects.update(ended_at=NOON)),
    "a disabled socket": (
        "device", "device", lambda fleet, player: Device.objects.update(enabled=False)),
    "no gateway": (
        "device", "gateway", lambda fleet, player: SmsGateway.objects.update(enabled=False)),
    "no mains": ("mains", "lost", lambda fleet, player: Device.objects.update(mains_lost_at=NOON)),
    "the mains came back just now": ("mains", "starting", _mains_back),
    "a person switched the line off": ("mains", "switched_off", _switched_off),
    "a person lets the line go off later": ("mains", "off_later", _off_later),
    "a schedule switched the line off": ("mains", "off_by_schedule", _off_by_schedule),
    "another line that the command switches is off": ("mains", "switched_off", _other_line_off),
    "a person switched the line on just now": ("mains", "starting", _switched_on),
    "a person restarts it for longer": ("mains", "dark", _long_restart),
    "a healthy neighbour": ("beside", "others", _other_player_on_the_line),
    "an unknown neighbour": ("beside", "others", _unknown_player_on_the_line),
    "a command under way": ("in_flight", "in_flight", _busy_line),
    "a line that cools down": ("cooldown", "cooldown", _cooling_line),
    "an attempt in an earlier episode": ("cooldown", "job", _earlier_episode),
    "all attempts": ("attempts", "exhausted", _used_up),
    "no SMS left": (
        "budget", "budget", lambda fleet, player: Platform.objects.update(sms_limit_day=0)),
    "another model": ("template", "other_model", _template_of_another_model),
    "no command for jobs": ("template", "danger", _dangerous_template),
    "no restart": (
        "template", "no_restart",
        lambda fleet, player: CommandTemplate.objects.update(for_jobs=False)),
    "another of the site": ("rate", "site", _another_of_the_site),
}  # fmt: skip


@pytest.mark.parametrize("name", SHUT)
def test_each_gate_alone_keeps_the_command_back_and_says_so(fleet: Fleet, name: str) -> None:
    gate, code, shut = SHUT[name]
    player = fleet.players[0]
    (episode,) = fleet.fire(player)
    shut(fleet, player)
    mine = Command.objects.filter(device=fleet.sockets[player.pk])
    there = mine.count()
    acting.act(NOON)
    assert mine.count() == there
    assert why(episode) == (gate, code)
    verdict = GateVerdict.objects.get(episode=episode)
    assert (verdict.gate, verdict.detail) == (gate, episode.detail)
    rev = episode.rev
    acting.act(NOON + timedelta(seconds=5))
    episode.refresh_from_db()
    assert (episode.rev, GateVerdict.objects.filter(episode=episode).count()) == (rev, 1)


def test_every_gate_stands_in_the_table() -> None:
    """Those of acknowledging and approving have tests of their own."""
    elsewhere = {Gate.ACKNOWLEDGED, Gate.APPROVAL, Gate.REFUSED}
    assert {gate for gate, _code, _shut in SHUT.values()} == {
        g.value for g in set(Gate) - elsewhere
    }


def test_a_player_gets_its_time_to_start_after_an_outage_and_no_more(fleet: Fleet) -> None:
    player = fleet.players[0]
    Job.objects.update(boot_grace=180)
    (episode,) = fleet.fire(player)
    _mains_back(fleet, player)
    assert fleet.act(0.9) == 0
    assert why(episode) == ("mains", "starting")
    assert fleet.act(0.2) == 1


def test_a_player_that_was_well_long_after_its_line_was_switched_off_has_power_again(
    fleet: Fleet,
) -> None:
    """Somebody switched it on at the socket, which told nobody."""
    fleet.fire(fleet.players[0])
    _switched(fleet, fleet.players[0], "power_off", 300)
    assert fleet.act() == 1


def _due(fleet: Fleet, schedule: Job, key: str) -> Episode:
    """Let a schedule be due that sends one command of the catalogue."""
    player = fleet.players[0]
    template = CommandTemplate.objects.get(model=fleet.sockets[player.pk].model, key=key)
    schedule.rungs.update(action="template", template=template)
    (episode,) = fleet.fire(player, minutes=0, job=schedule)
    Episode.objects.filter(pk=episode.pk).update(due_at=NOON)
    return episode


def test_a_schedule_switches_on_what_a_schedule_switched_off(fleet: Fleet) -> None:
    schedule = _off_by_schedule(fleet, fleet.players[0])
    episode = _due(fleet, schedule, "power_cycle")
    assert fleet.act() == 0
    assert why(episode) == ("mains", "off_by_schedule")
    episode.delete()
    episode = _due(fleet, schedule, "power_on")
    assert fleet.act() == 1, why(episode)


def test_a_schedule_does_not_switch_on_what_a_person_switched_off(fleet: Fleet) -> None:
    _switched_off(fleet, fleet.players[0])
    episode = _due(fleet, make_job(fleet.platform, None), "power_on")
    assert fleet.act() == 0
    assert why(episode) == ("mains", "switched_off")


def test_what_a_rule_switched_off_on_its_ladder_is_nobodys_wish(fleet: Fleet) -> None:
    _ran(fleet, make_job(fleet.platform, fleet.job.criterion), fleet.players[0], "power_off", 70)
    fleet.fire(fleet.players[0])
    assert fleet.act() == 1


def test_what_a_job_switched_off_of_which_nothing_else_is_known_any_more_stays_off(
    fleet: Fleet,
) -> None:
    """Commands are kept for longer than what schedules did."""
    player = fleet.players[0]
    _off_by_schedule(fleet, player)
    (episode,) = fleet.fire(player)
    Command.objects.update(wire_at=NOON - timedelta(days=400))
    fleet.see(player, bad=True, well_slot=fleet.slot - 402 * 2880)
    JobExecution.objects.all().delete()
    assert fleet.act() == 0
    assert why(episode) == ("mains", "off_by_schedule")


def test_a_player_that_was_well_on_another_line_says_nothing_of_this_one(fleet: Fleet) -> None:
    """It hangs here for an hour; somebody switched this line off four hours earlier."""
    player = fleet.players[0]
    (episode,) = fleet.fire(player)  # well until an hour ago
    dark = world.make_socket(fleet.platform)
    fleet.sockets[player.pk] = dark
    _switched(fleet, player, "power_off", 300)
    Binding.objects.filter(player=player).update(
        line=dark.lines.get(number=1), since=NOON - timedelta(hours=1)
    )
    assert fleet.act() == 0
    assert why(episode) == ("mains", "switched_off")
    Binding.objects.filter(player=player).update(since=NOON - timedelta(hours=3))
    assert fleet.act() == 1, "it was well on this very line"


def test_a_schedule_that_switches_on_for_some_hours_does_so_every_day(fleet: Fleet) -> None:
    player = fleet.players[0]
    schedule = make_job(fleet.platform, None, name="Open from 12 to 22")
    _ran(fleet, schedule, player, "power_on_for", 24 * 60, minutes="600")
    _due(fleet, schedule, "power_on_for")
    schedule.rungs.update(parameters={"minutes": "600"})
    closed = fleet.slot - 14 * 120  # then the socket switched it off
    fleet.see(player, bad=True, since_slot=closed + 3, well_slot=closed)
    assert fleet.act() == 1


def test_a_nightly_restart_goes_on_where_a_rule_saw_the_player_with_power_again(
    fleet: Fleet,
) -> None:
    """Somebody pressed the button of the socket, weeks ago."""
    player = fleet.players[0]
    _switched(fleet, player, "power_off", 3 * 24 * 60)
    fleet.see(player, bad=False, since_slot=fleet.slot - 2880)
    schedule = make_job(fleet.platform, None, name="Nightly")
    (episode,) = fleet.fire(player, minutes=0, job=schedule)
    fleet.see(player, bad=False)
    Episode.objects.filter(pk=episode.pk).update(due_at=NOON)
    assert fleet.act() == 1


def test_a_line_that_was_switched_off_stays_so_though_nobody_looked_for_hours(
    fleet: Fleet,
) -> None:
    """After a gap, of the vendor or of ours, a run begins late that began long before."""
    player = fleet.players[0]
    (episode,) = fleet.fire(player)
    _switched(fleet, player, "power_off", 300)
    switched = fleet.slot - 600
    for well in (switched - 1, None):
        fleet.see(player, bad=True, since_slot=fleet.slot - 20, well_slot=well)
        assert fleet.act() == 0
        assert why(episode) == ("mains", "switched_off")


def _ask(fleet: Fleet, joined: str, *changes: dict[str, Any]) -> None:
    """Let the job ask what it asks, changed so; joined where there are several."""
    plain: Any = OFFLINE["conditions"][0]
    asked = {"joined": joined, "conditions": [plain | each for each in changes]}
    Criterion.objects.filter(jobs=fleet.job).update(definition=asked)


@pytest.mark.parametrize(
    ("definition", "acts"),
    [
        ({}, True),
        ({"function": "max", "window": 3 * 3600}, True),
        ({"function": "max", "window": 4 * 3600}, False),
        ({"metric": "somebodys_gauge"}, False),  # nobody knows what it says of one without power
        ({"threshold": 1.0}, False),  # nor does this rule look for one that is offline
        ({"function": "changes", "window": 3600, "operator": ">", "threshold": 9.0}, False),
        (AGE | {"threshold": 5 * 3600.0}, False),
        (AGE | {"threshold": 600.0}, True),
    ],
)
def test_what_tells_late_of_a_player_without_power_speaks_late_for_its_line(
    fleet: Fleet, definition: dict[str, Any], acts: bool
) -> None:
    """It was well an hour ago, the line was switched off four and a half hours before that."""
    player = fleet.players[0]
    fleet.fire(player)
    _switched(fleet, player, "power_off", 330)
    _ask(fleet, "all", definition)
    assert fleet.act() == acts


@pytest.mark.parametrize(("joined", "acts"), [("all", False), ("any", True)])
def test_one_condition_that_shows_power_speaks_where_any_suffices(
    fleet: Fleet, joined: str, acts: bool
) -> None:
    """With `all`, another one may be what did not hold: the shop was closed."""
    fleet.fire(fleet.players[0])
    _switched(fleet, fleet.players[0], "power_off", 330)
    _ask(fleet, joined, {}, {"metric": "somebodys_gauge"})
    assert fleet.act() == acts


def test_raw_promql_shows_nothing_of_the_power_of_a_line(fleet: Fleet) -> None:
    player = fleet.players[0]
    fleet.fire(player)
    _switched(fleet, player, "power_off", 330)
    Criterion.objects.update(definition={"raw": "vector(1)"})
    assert fleet.act() == 0


def test_a_neighbour_that_is_known_to_be_bad_does_not_stop_it(fleet: Fleet) -> None:
    fleet.fire(fleet.players[0])
    other = factories.make_player(fleet.exporter)
    fleet.hang(other, fleet.sockets[fleet.players[0].pk])
    fleet.see(other, bad=True)
    assert fleet.act() == 1


def test_who_is_bad_under_a_job_that_is_not_about_it_is_a_healthy_neighbour(fleet: Fleet) -> None:
    """There are tracks of all players of a source, whomever its jobs are about."""
    (episode,) = fleet.fire(fleet.players[0])
    other = factories.make_player(fleet.exporter)
    fleet.hang(other, fleet.sockets[fleet.players[0].pk])
    fleet.see(other, bad=False)
    definition: Any = deepcopy(OFFLINE)
    definition["conditions"][0] |= {"metric": "free_disk", "operator": "<", "threshold": 10.0}
    criterion = Criterion.objects.create(
        platform=fleet.platform, digest="f" * 64, definition=definition
    )
    job = make_job(fleet.platform, criterion, whole_platform=False)
    JobTarget.objects.create(platform=fleet.platform, job=job, player=fleet.players[5])
    for row in (
        Clock.objects.get(criterion=fleet.job.criterion),
        Track.objects.get(criterion=fleet.job.criterion, player=fleet.players[0]),
    ):
        row.pk, row.criterion = None, criterion
        if isinstance(row, Track):
            row.player = other
        row.save(force_insert=True)
    assert fleet.act() == 0
    assert why(episode) == ("beside", "others")
    JobTarget.objects.create(platform=fleet.platform, job=job, player=other)
    assert fleet.act() == 1


def test_who_was_taken_over_by_a_person_is_not_darkened_with_its_neighbour(fleet: Fleet) -> None:
    other = factories.make_player(fleet.exporter)
    fleet.hang(other, fleet.sockets[fleet.players[0].pk])
    mine, theirs = fleet.fire(fleet.players[0], other)
    rows = Episode.objects.filter(pk=theirs.pk)
    rows.update(acknowledged_at=NOON, acknowledged_name="Alice, at the player")
    assert fleet.act() == 0
    assert why(mine) == ("beside", "others")
    rows.update(acknowledged_at=None)
    assert fleet.act() == 1


@pytest.mark.parametrize("is_bad", [True, False], ids=["a bad one", "one of the same schedule"])
def test_maintenance_of_a_neighbour_holds_for_its_line(fleet: Fleet, is_bad: bool) -> None:
    player, other = fleet.players[0], factories.make_player(fleet.exporter)
    fleet.hang(other, fleet.sockets[player.pk])
    if is_bad:
        (episode,) = fleet.fire(player)
    else:
        nightly = make_job(fleet.platform, None, name="Nightly")
        episode, _theirs = fleet.fire(player, other, minutes=0, job=nightly)
        fleet.see(player, bad=False)
        Episode.objects.update(due_at=NOON)
    fleet.see(other, bad=is_bad)
    hour = timedelta(hours=1)
    MaintenanceWindow.objects.create(
        platform=fleet.platform, name="An event on this screen", player=other,
        starts_at=NOON - hour, ends_at=NOON + hour,
    )  # fmt: skip
    assert fleet.act() == 0
    assert why(episode)[0] == "window"


def test_a_job_may_be_allowed_to_darken_its_neighbours(fleet: Fleet) -> None:
    Job.objects.update(beside=True)
    fleet.fire(fleet.players[0])
    _other_player_on_the_line(fleet, fleet.players[0])
    assert fleet.act() == 1


# -- how many at once -----------------------------------------------------------------------------


@pytest.fixture
def large(platform_a: Platform) -> Fleet:
    """A platform that is large enough for several to be bad: 8 of 60 are no outage."""
    return make_fleet(platform_a, 60, 6)


def test_of_many_that_fire_together_one_goes_and_the_others_once_it_is_verified(
    large: Fleet,
) -> None:
    episodes = large.fire(*large.players[:6])
    assert large.act() == 1
    canary = JobExecution.objects.get()
    assert (canary.episode, canary.is_canary) == (episodes[0], True)
    assert {why(each) for each in episodes[1:]} == {("rate", "canary")}
    finish(canary, Outcome.VERIFIED, large.now + timedelta(minutes=5))
    Episode.objects.filter(pk=episodes[0].pk).update(
        closed=True, closed_at=large.now, ending="recovered"
    )
    large.see(large.players[0], bad=False)
    assert large.act(5) == 3
    assert [why(each) for each in episodes[4:]] == [("rate", "platform")] * 2
    assert not JobExecution.objects.exclude(pk=canary.pk).filter(is_canary=True).exists()


def test_after_a_canary_that_did_not_help_the_next_one_goes_alone(large: Fleet) -> None:
    large.fire(*large.players[:6])
    assert large.act() == 1
    finish(JobExecution.objects.get(), Outcome.INEFFECTIVE, large.now)
    assert large.act(5) == 1
    assert JobExecution.objects.filter(is_canary=True).count() == 2
    assert large.act(1) == 0


def test_no_more_than_ten_an_hour(large: Fleet, settings: Any) -> None:
    settings.JOBS_AN_HOUR = 2
    episodes = large.fire(*large.players[:3])
    assert large.act() == 2
    assert why(episodes[2]) == ("rate", "hour")
    assert episodes[2].detail["until"] == (NOON + timedelta(hours=1)).isoformat()


def test_one_platform_says_nothing_about_another(fleet: Fleet, platform_b: Platform) -> None:
    other = make_fleet(platform_b, 12, 1)
    for player in other.players[:6]:
        other.see(player, bad=True)
    fleet.fire(fleet.players[0])
    (episode,) = other.fire(other.players[0])
    assert acting.act(NOON) == 1
    assert why(episode) == ("brake", "too_many")
    assert Command.objects.get().platform == fleet.platform


def test_what_fails_on_one_platform_stops_no_other(fleet: Fleet, platform_b: Platform) -> None:
    other = make_fleet(platform_b, 12, 1)
    fleet.fire(fleet.players[0])
    other.fire(other.players[0])
    Platform.objects.filter(pk=fleet.platform.pk).update(time_zone="Nowhere/At_All")
    with pytest.raises(KeyError):
        acting.act(NOON)
    assert Command.objects.get().platform == platform_b


def test_a_run_whose_time_is_over_begins_no_other_platform(
    fleet: Fleet, platform_b: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_fleet(platform_b, 12, 2)
    fleet.fire(fleet.players[0])
    other.fire(other.players[0])
    begun: list[int] = []

    def too_long(platform_id: int, _now: object) -> int:
        begun.append(platform_id)
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(acting, "_act_on", too_long)
    with pytest.raises(SoftTimeLimitExceeded):
        acting.act(NOON)
    assert len(begun) == 1


@pytest.mark.parametrize(
    ("place", "name"),
    [(holding, "hold_all"), (situation, "with_company"), (attempts, "command")],
    ids=["those it stops", "who is due", "the decision"],
)
def test_a_brake_engages_whatever_fails_after_it(
    large: Fleet, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
) -> None:
    """Nobody is due but one player of another source, and the same look fails on it."""
    ill = Fleet(large.platform, factories.make_exporter(large.platform), large.job)
    ill.add(5, 0)
    ill.tick()
    for player in ill.players[:3]:
        ill.see(player, bad=True)
    large.fire(large.players[0])

    def fail(*_arguments: Any) -> None:
        raise RuntimeError("a row that nobody foresaw")

    monkeypatch.setattr(place, name, fail)
    with pytest.raises(RuntimeError):
        acting.act(NOON)
    assert Brake.objects.get(exporter=ill.exporter).engaged
    assert Notice.objects.filter(kind="brake").exists()
    assert not Command.objects.exists()


def test_a_schedule_waits_behind_players_that_are_bad(large: Fleet, settings: Any) -> None:
    settings.JOBS_AT_ONCE = 1
    nightly = make_job(large.platform, None)
    planned = large.fire(large.players[1], minutes=14, job=nightly)
    large.see(large.players[1], bad=False)
    fired = large.fire(large.players[0])
    assert large.act() == 1
    assert JobExecution.objects.get().episode == fired[0]
    finish(JobExecution.objects.get(), Outcome.VERIFIED, large.now)
    assert large.act(11) == 1
    assert JobExecution.objects.latest("pk").episode == planned[0]


def test_a_look_costs_the_same_however_many_are_held_back(large: Fleet) -> None:
    def queries(number: int) -> int:
        fresh = [player for player in large.players if not player.episodes.exists()]
        large.fire(*fresh[:number])
        large.act()  # the reasons are stored
        with CaptureQueriesContext(connection) as captured:
            large.act()
        return len(captured)

    JobPause.objects.create(
        platform=large.platform, job=large.job, reason="new panels", author_name="Mona"
    )
    few = queries(2)
    assert queries(8) == few


def test_a_player_of_a_schedule_waits_its_turn_for_hours_and_is_then_left_out(
    large: Fleet, settings: Any
) -> None:
    settings.JOBS_AN_HOUR = 1
    nightly = make_job(large.platform, None)
    first, second, third = large.fire(*large.players[:3], minutes=1, job=nightly)
    for player in large.players[:3]:
        large.see(player, bad=False)
    assert large.act() == 1
    finish(JobExecution.objects.get(), Outcome.VERIFIED, large.now)
    assert large.act(61) == 1
    assert JobExecution.objects.latest("pk").episode in (second, third)
    waits = second if JobExecution.objects.latest("pk").episode == third else third
    finish(JobExecution.objects.latest("pk"), Outcome.VERIFIED, large.now)
    assert why(waits)[0] == "rate"
    assert large.act(240) == 0
    assert why(waits) == ("late", "late")
    assert first.executions.count() == 1
