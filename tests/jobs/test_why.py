"""The story of one player: its first sentence in every case, and what stands in its history."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from devices.models import Command, CommandStep, CommandTemplate, IncomingSms, Pause
from devices.offers import title_of
from devices.senders import Sender
from devices.states import State
from exporters.models import Player
from jobs import acting, course, timeline_words, why, why_words
from jobs.models import (
    Brake,
    Clock,
    Ending,
    Episode,
    Job,
    JobExecution,
    JobPause,
    Mode,
    Outcome,
    Standing,
    Trigger,
)
from jobs.timeline import Place
from jobs.why import Span, Story
from platforms import audit
from platforms.audit import SYSTEM, Action
from platforms.models import Platform, User
from tests.devices import world as sockets
from tests.exporters.watched_world import STATUS, Scripted
from tests.jobs.acting_world import Fleet, finish, make_fleet, make_job

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(hours=24)


@pytest.fixture
def fleet(platform_a: Platform, scripted: Scripted) -> Fleet:
    """Players of one live job, judged a moment ago; Prometheus says nothing yet."""
    fleet = make_fleet(platform_a, 12, 4)
    fleet.now = NOW
    for player in fleet.players:
        fleet.see(player, bad=False)
    fleet.tick()
    return fleet


def told(fleet: Fleet, person: User, number: int = 0, **options: Any) -> Story:
    player = Player.objects.select_related("platform", "exporter", "site").get(
        pk=fleet.players[number].pk
    )
    return why.story(player, Span.of(DAY, fleet.now, fleet.now), person, now=fleet.now, **options)


def headline(fleet: Fleet, person: User, number: int = 0) -> str:
    return told(fleet, person, number).answer.headline


def say(scripted: Scripted, player: Player, value: float, minutes: int = 30) -> None:
    """Let Prometheus have one status of a player for some minutes."""
    labels = {
        "__name__": STATUS, "mac": player.identity, "exporter_id": str(player.exporter_id),
        "platform_id": str(player.platform_id),
    }  # fmt: skip
    at = NOW.timestamp() // 60 * 60
    line: list[tuple[float, object]] = [(at - 60 * back, value) for back in range(minutes, -1, -1)]
    scripted.vector, scripted.lines = [(labels, value)], [(labels, line)]


# -- the first sentence -------------------------------------------------------------------------


def test_for_a_firing_player_it_says_which_gate_is_shut_with_its_values_and_until_when(
    fleet: Fleet, alice: User
) -> None:
    (episode,) = fleet.fire(fleet.players[0])
    JobPause.objects.create(
        platform=fleet.platform, job=fleet.job, reason="Roof repair", author_name="Mona",
        expires_at=NOW + DAY,
    )  # fmt: skip
    answer = told(fleet, alice).answer
    assert answer.headline == "It was not restarted: The job is paused by Mona: Roof repair"
    assert (answer.until, answer.episode) == (NOW + DAY, episode)
    assert "has found it bad since" in answer.more[0]
    assert "Status is Offline" in answer.more[0]


def test_the_gate_is_that_of_now_and_not_what_a_worker_found_long_ago(
    fleet: Fleet, alice: User
) -> None:
    (episode,) = fleet.fire(fleet.players[0])
    Episode.objects.filter(pk=episode.pk).update(suppressed="pause", detail={"code": "platform"})
    Clock.objects.update(at=NOW - timedelta(hours=3))
    assert headline(fleet, alice) == (
        "It was not restarted: Nobody looks at the player: jobs are not judged now."
    )
    assert told(fleet, alice).troubles
    assert Episode.objects.get().suppressed == "pause", "a page writes nothing"


def test_many_bad_players_at_once_are_the_brake_with_its_figures(fleet: Fleet, alice: User) -> None:
    fleet.fire(*fleet.players[:6])
    assert acting.act(NOW) == 0
    story = told(fleet, alice)
    assert story.answer.headline == (
        "It was not restarted: The brake is engaged: too many players of the exporter are bad or "
        "unknown at once, 6 where 2 may be."
    )
    assert {each.scope for each in story.hindrances} == {"brake_exporter", "brake_platform"}
    assert "6 of 12 players" in story.hindrances[0].text


def test_while_it_is_restarted_and_after_that_it_says_what_was_done_and_whether_it_helped(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    (episode,) = fleet.fire(fleet.players[0])
    assert acting.act(NOW) == 1
    text = "It is being restarted: “Job 1” gave the command, attempt 1 of 3."
    assert headline(fleet, alice) == text
    finish(JobExecution.objects.get(), Outcome.INEFFECTIVE, NOW)
    answer = told(fleet, alice).answer
    assert answer.headline == (
        "It is not restarted again: It is too early after the last action of the job."
    )
    assert answer.until == NOW + timedelta(seconds=fleet.job.cooldown)
    assert "It was sent and did not help." in answer.more[1]
    JobExecution.objects.update(outcome=Outcome.VERIFIED)
    Episode.objects.filter(pk=episode.pk).update(recovering_since=NOW)
    say(scripted, fleet.players[0], 1.0)
    assert "It was restarted and is well again" in headline(fleet, alice)
    Episode.objects.update(closed=True, closed_at=NOW, ending=Ending.RECOVERED)
    fleet.see(fleet.players[0], bad=False)
    answer = told(fleet, alice).answer
    assert answer.headline.startswith("It was restarted at ")
    assert answer.headline.endswith("by “Job 1”, and that helped.")
    assert answer.more[-1].startswith("The player has been online since")
    slots = " ".join(str(fleet.slot - back) for back in (60, 50, 40, 30, 20, 10))
    fleet.see(fleet.players[0], bad=False, flips=slots)
    flapping = told(fleet, alice).answer
    assert flapping.headline == "It changes too often: “Job 1” leaves such players to people."
    assert flapping.more == (answer.headline, *answer.more)


def test_a_shadow_job_says_that_it_sends_nothing(fleet: Fleet, alice: User) -> None:
    Job.objects.update(mode=Mode.SHADOW)
    fleet.fire(fleet.players[0])
    acting.act(NOW)
    assert headline(fleet, alice) == (
        "It was not restarted: The job is in the shadow: it recorded what it would have done."
    )


def test_without_an_episode_it_says_what_jobs_see_coming_and_why_they_hold_still(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    player = fleet.players[0]
    say(scripted, player, 0.0)
    assert headline(fleet, alice) == "It was not restarted: no job has found it bad yet."
    fleet.see(player, bad=True, run_from=10 * 86400 - 120.0)
    assert headline(fleet, alice) == (
        "It was not restarted yet: “Job 1” has seen it bad for 2 minutes, and waits for 5 minutes."
    )
    slots = " ".join(str(fleet.slot - back) for back in (60, 50, 40, 30, 20, 10))
    fleet.see(player, bad=True, flips=slots)
    assert headline(fleet, alice).startswith("It changes too often: “Job 1” leaves such")
    fleet.see(player, bad=True, seen_good=False)
    assert "has never seen it well" in headline(fleet, alice)
    Clock.objects.update(known=False, why="source_down")
    assert headline(fleet, alice) == (
        "It was not restarted: jobs do not know how it is. The vendor does not answer."
    )
    Job.objects.update(enabled=False)
    assert "Every job that is about this player is disabled" in headline(fleet, alice)
    Job.objects.update(enabled=True, whole_platform=False)
    assert "No job watches this player" in headline(fleet, alice)
    Player.objects.filter(pk=player.pk).update(retired_at=NOW)
    assert "taken out" in headline(fleet, alice)


def test_of_a_healthy_player_it_says_since_when(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    say(scripted, fleet.players[0], 1.0)
    answer = told(fleet, alice).answer
    assert answer.headline.startswith("The player has been online since ")
    assert (answer.tone, answer.more) == ("good", ("No job finds anything wrong with it.",))
    episode = fleet.fire(fleet.players[0])[0]
    fleet.see(fleet.players[0], bad=False)
    Episode.objects.filter(pk=episode.pk).update(
        closed=True, closed_at=NOW, ending=Ending.RECOVERED
    )
    assert headline(fleet, alice).endswith("and came back by itself; nothing was sent.")


#: What the last episode came to: its ending, and of its attempt the standing and the outcome.
LAST: dict[str, tuple[Ending, Standing | None, str]] = {
    "none": (Ending.RECOVERED, None, ""),
    "by itself": (Ending.RECOVERED, None, ""),
    "recorded": (Ending.RECOVERED, Standing.OVER, Outcome.CAME_BACK),
    "of a job that is gone": (Ending.JOB, None, ""),
    **{
        str(outcome): (Ending.RECOVERED, Standing.OVER, outcome)
        for outcome in Outcome
        if outcome not in (Outcome.CAME_BACK, Outcome.STAYED_BAD)
    },
}
_UNSENT = {str(each) for each in course.UNSENT}
#: By status: how the sentence begins, and its tone, where it does not tell of the last episode.
STATUS_TOLD: dict[float | None, tuple[str, str]] = {
    1.0: ("The player has been online since", "good"),
    0.0: ("It was not restarted: no job has found it bad yet.", "doubt"),
    None: ("It is not known how the player is: ", "doubt"),
}


@pytest.mark.parametrize("value", STATUS_TOLD)
@pytest.mark.parametrize("name", LAST)
def test_old_news_is_the_headline_only_where_the_player_is_known_to_be_well(
    fleet: Fleet, alice: User, scripted: Scripted, name: str, value: float | None
) -> None:
    player, (ending, standing, outcome) = fleet.players[0], LAST[name]
    if value is None:
        Clock.objects.update(known=False, why="source_down")
    else:
        say(scripted, player, value)
    if name != "none":
        (episode,) = fleet.fire(player)
        fleet.see(player, bad=False)
        Episode.objects.update(closed=True, closed_at=NOW, ending=ending)
        if standing is not None:
            shadow = name == "recorded"
            JobExecution.objects.create(
                platform=fleet.platform, episode=episode, job=fleet.job, player=player, rung=0,
                mode=Mode.SHADOW if shadow else Mode.LIVE, standing=standing, outcome=outcome,
                attempt=1, created_at=NOW, commanded_at=None if shadow else NOW, finished_at=NOW,
            )  # fmt: skip
    answer = told(fleet, alice).answer
    nothing_sent = name in {"by itself", "recorded", *_UNSENT}
    history = "and came back by itself; nothing was sent." if nothing_sent else "by “Job 1”"
    has_history = name not in ("none", "of a job that is gone")
    if value == 1.0 and has_history:
        assert history in answer.headline
        good = nothing_sent or name == Outcome.VERIFIED
        assert answer.tone == ("good" if good else "calm")
    else:
        begins, tone = STATUS_TOLD[value]
        assert answer.headline.startswith(begins)
        assert answer.tone == tone
        below = [each for each in answer.more if history in each]
        assert bool(below) is (has_history and value is None)
    assert len(answer.more) == len(set(answer.more))


def switch(
    fleet: Fleet,
    by: User | None,
    key: str = "power_cycle",
    state: State = State.ACCEPTED,
    minutes: float = 5,
) -> Command:
    """Let a command go out to the socket of the first player, so many minutes ago."""
    sender = Sender.job("Job of old") if by is None else sockets.sender(by)
    at = NOW - timedelta(minutes=minutes)
    command = sockets.give(fleet.sockets[fleet.players[0].pk], key, sender=sender, now=at)
    given = Command.objects.filter(pk=command.pk)
    given.update(state=state.value, wire_at=at, closed=state is not State.UNKNOWN)
    return command


def by_hand(state: str, *, is_over: bool, fleet: Fleet) -> None:
    """Let the first player, who was bad for ten minutes, come back under a job in this mode."""
    if state == "shadow":
        Job.objects.update(mode=Mode.SHADOW)
    if state == "paused":
        JobPause.objects.create(platform=fleet.platform, job=fleet.job, reason="x", author_name="M")
    fleet.fire(fleet.players[0])
    if state == "shadow":
        assert acting.act(NOW) == 1
    if is_over:
        fleet.see(fleet.players[0], bad=False)
        Episode.objects.update(closed=True, closed_at=NOW, ending=Ending.RECOVERED)
        JobExecution.objects.update(standing=Standing.OVER, finished_at=NOW)
    else:
        Episode.objects.update(recovering_since=NOW)


@pytest.mark.parametrize("state", ["shadow", "paused"])
def test_who_was_restarted_by_hand_is_not_said_to_be_well_by_itself(
    fleet: Fleet, alice: User, scripted: Scripted, state: str
) -> None:
    say(scripted, fleet.players[0], 1.0)
    by_hand(state, is_over=False, fleet=fleet)
    text = "It is well again by itself, nothing was sent; it is watched for a while."
    assert headline(fleet, alice) == text
    switch(fleet, alice)
    when = why_words.at(NOW - timedelta(minutes=5))
    answer = told(fleet, alice).answer
    assert answer.headline == (
        f"It is well again, and watched for a while: {alice.email} switched its power at {when}."
    )
    assert (answer.tone, answer.since) == ("good", NOW)
    assert len(answer.more) == len(set(answer.more)) == 2


@pytest.mark.parametrize("state", ["shadow", "paused"])
def test_of_who_was_restarted_by_hand_it_is_said_afterwards_who_did_it(
    fleet: Fleet, alice: User, scripted: Scripted, state: str
) -> None:
    say(scripted, fleet.players[0], 1.0)
    by_hand(state, is_over=True, fleet=fleet)
    assert headline(fleet, alice).endswith("and came back by itself; nothing was sent.")
    switch(fleet, alice)
    begun, ended = (why_words.at(NOW - timedelta(minutes=each)) for each in (10, 0))
    answer = told(fleet, alice).answer
    assert answer.headline == (
        f"It was bad under “Job 1” from {begun} to {ended}; {alice.email} switched its power at "
        f"{why_words.at(NOW - timedelta(minutes=5))}."
    )
    assert answer.tone == "good"


def test_a_command_in_doubt_may_have_switched_the_power(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    say(scripted, fleet.players[0], 1.0)
    by_hand("shadow", is_over=False, fleet=fleet)
    command = switch(fleet, alice, state=State.UNKNOWN, minutes=3)
    assert f"{alice.email} may have switched its power at" in headline(fleet, alice)
    Command.objects.update(closed=True)
    command.lines.update(closed=True)
    switch(fleet, alice, minutes=5)
    assert f"{alice.email} switched its power at" in headline(fleet, alice), (
        "what is sure goes first"
    )


def test_another_job_is_named_as_who_switched_the_power(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    say(scripted, fleet.players[0], 1.0)
    by_hand("shadow", is_over=False, fleet=fleet)
    command = switch(fleet, None)
    assert "the job “Job of old” switched its power at" in headline(fleet, alice)
    other = make_job(fleet.platform, fleet.job.criterion, name="Other", names={"en": "Restart all"})
    (episode,) = fleet.fire(fleet.players[0], job=other)
    Episode.objects.filter(pk=episode.pk).update(
        closed=True, closed_at=NOW, ending=Ending.RECOVERED
    )
    JobExecution.objects.create(
        platform=fleet.platform, episode=episode, job=other, player=fleet.players[0], rung=0,
        mode=Mode.LIVE, standing=Standing.OVER, outcome=Outcome.VERIFIED, attempt=1,
        created_at=NOW, commanded_at=NOW, finished_at=NOW, command=command,
    )  # fmt: skip
    assert "the job “Restart all” switched its power at" in headline(fleet, alice)


def test_a_follower_of_a_command_counts_as_the_command(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    say(scripted, fleet.players[0], 1.0)
    by_hand("shadow", is_over=False, fleet=fleet)
    head = switch(fleet, alice, minutes=200)
    assert "by itself, nothing was sent" in headline(fleet, alice)
    behind = Command.objects.get(pk=head.pk)
    behind.pk, behind.key, behind.secret_context, behind.effect = None, uuid4(), uuid4(), "on"
    behind.head_id = behind.previous_id = head.pk
    behind.wire_at = NOW - timedelta(minutes=4)
    behind.save(force_insert=True)
    assert f"switched its power at {why_words.at(behind.wire_at)}" in headline(fleet, alice)


#: What is no reason to say that somebody switched the power of the player.
ELSEWISE: dict[str, dict[str, Any]] = {
    "asked for the state": {"key": "status"},
    "taken back": {"state": State.CANCELLED},
    "never sent": {"state": State.NOT_SENT},
    "long before": {"minutes": 200},
    "the player hung elsewhere": {},
    "another line": {},
    "after it was over": {},
}


@pytest.mark.parametrize("name", ELSEWISE)
def test_nobody_is_named_who_did_not_switch_its_power_while_it_was_bad(
    fleet: Fleet, alice: User, scripted: Scripted, name: str
) -> None:
    player = fleet.players[0]
    say(scripted, player, 1.0)
    by_hand("shadow", is_over=True, fleet=fleet)
    command = switch(fleet, alice, **ELSEWISE[name])
    if name == "the player hung elsewhere":
        player.bindings.update(ended_at=NOW - timedelta(minutes=6))
    if name == "another line":
        command.lines.update(line=fleet.sockets[fleet.players[1].pk].lines.get(number=1))
    if name == "after it was over":
        Episode.objects.update(closed_at=NOW - timedelta(minutes=6))
    assert headline(fleet, alice).endswith("and came back by itself; nothing was sent.")


def test_who_is_still_bad_after_a_restart_by_hand_is_not_said_to_be_left_alone(
    fleet: Fleet, alice: User
) -> None:
    Job.objects.update(mode=Mode.SHADOW)
    fleet.fire(fleet.players[0])
    acting.act(NOW)
    switch(fleet, alice)
    answer = told(fleet, alice).answer
    assert answer.headline.startswith("It is not restarted again: The job is in the shadow")
    (meanwhile,) = (each for each in answer.more if each.startswith("Meanwhile "))
    assert meanwhile.startswith(f"Meanwhile {alice.email} switched its power at ")


@pytest.mark.parametrize("sent", [False, True])
def test_of_whom_nobody_knows_any_more_it_is_not_said_that_it_is_well_again(
    fleet: Fleet, alice: User, *, sent: bool
) -> None:
    """Its source went down while it was watched for a while."""
    (episode,) = fleet.fire(fleet.players[0])
    if sent:
        assert acting.act(NOW) == 1
        finish(JobExecution.objects.get(), Outcome.VERIFIED, NOW)
    Episode.objects.update(recovering_since=NOW)
    answer = told(fleet, alice).answer
    assert answer.headline.startswith("It is not known how the player is: ")
    assert (answer.tone, answer.episode) == ("doubt", episode)
    assert answer.more[0].startswith("It had been well again since ")


def test_without_prometheus_all_but_the_status_is_told(
    fleet: Fleet, alice: User, settings: Settings
) -> None:
    fleet.fire(fleet.players[0])
    assert acting.act(NOW) == 1
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    story = told(fleet, alice)
    assert story.status.outage is not None
    assert story.answer.headline.startswith("It is being restarted")
    assert "It is not known how the player is" in story.answer.more[-1]
    assert story.timeline.events


# -- the history --------------------------------------------------------------------------------


def lines(story: Story, *, reads_phones: bool = True) -> list[str]:
    found = timeline_words.lines(story.timeline, reads_phones=reads_phones)
    return [f"{each.title} {each.text}".strip() for each in found]


def test_all_sorts_of_events_stand_in_the_order_of_time(fleet: Fleet, alice: User) -> None:
    player = fleet.players[0]
    audit.record(
        SYSTEM, Action.CHANGED, fleet.job, platform_id=fleet.platform.pk,
        after={"description": "For the hall", "conditions": []},
    )  # fmt: skip
    (episode,) = fleet.fire(player)
    Pause.objects.create(platform=fleet.platform, reason="Storm", author_name="Mona")
    assert acting.act(NOW) == 0
    Pause.objects.update(lifted_at=NOW, created_at=NOW - timedelta(minutes=1))
    fleet.act(1)
    command = Command.objects.get()
    IncomingSms.objects.create(
        platform=fleet.platform, gateway=command.gateway, identity="1", sender="+79990000000",
        text="Reset OK, master +79990000001", device=command.device, command=command,
        received_at=NOW + timedelta(minutes=2),
    )  # fmt: skip
    finish(JobExecution.objects.get(), Outcome.VERIFIED, NOW + timedelta(minutes=5))
    Episode.objects.filter(pk=episode.pk).update(
        closed=True, closed_at=NOW + timedelta(minutes=5), ending=Ending.RECOVERED
    )
    # What the audit record itself dates happens now, however long this run has lasted.
    fleet.now = max(NOW + timedelta(minutes=10), timezone.now())
    Command.objects.update(created_at=NOW + timedelta(minutes=1))
    found = lines(told(fleet, alice))[::-1]
    parts = [
        "“Job 1” found the player bad", "Mona paused the platform Storm",
        "A pause was lifted", "“Job 1” was held back The platform is paused by Mona: Storm",
        "Nothing held “Job 1” back any more", "“Job 1” gave the command “", "Command “",
        "The socket ", "Attempt 1 of “Job 1” is over It helped", "“Job 1” closed its episode",
    ]  # fmt: skip
    told_of = [line for line in found if not line.startswith(("Remosa changed", "People were"))]
    assert len(told_of) == len(parts), found
    for line, part in zip(told_of, parts, strict=True):
        assert line.startswith(part), (line, part)
    assert any(line.startswith("Remosa changed “Job 1” conditions, description") for line in found)
    assert "+79990000001" in " ".join(found)
    masked = " ".join(lines(told(fleet, alice), reads_phones=False))
    assert "9990000001" not in masked


def test_a_page_goes_on_where_the_one_before_ended_and_loses_nothing(
    fleet: Fleet, alice: User
) -> None:
    (episode,) = fleet.fire(fleet.players[0])
    episode.verdicts.bulk_create(
        episode.verdicts.model(
            platform=fleet.platform, episode=episode, gate="brake" if number % 2 else "",
            at=NOW - timedelta(minutes=number // 30),
        )
        for number in range(180)
    )  # fmt: skip
    seen, before = [], None
    for _page in range(10):
        page = told(fleet, alice, before=before).timeline
        seen += [(each.sort, each.row.pk) for each in page.events]
        if page.older is None:
            break
        before = Place.read(str(page.older))
    assert len(seen) == len(set(seen))
    assert {pk for sort, pk in seen if sort == "verdict"} == set(
        episode.verdicts.values_list("pk", flat=True)
    )
    assert ("opened", episode.pk) in seen
    for text in ("", "1-2", "a-b-c", "9" * 30 + "-1-1", "999999999999999999-1-1"):
        assert Place.read(text) is None


def test_a_command_to_the_socket_counts_while_the_player_hung_on_its_line(
    fleet: Fleet, alice: User
) -> None:
    player = fleet.players[0]
    device = fleet.sockets[player.pk]
    command = sockets.give(device, "power_cycle")
    Command.objects.update(created_at=NOW - timedelta(minutes=5))
    CommandStep.objects.update(at=NOW - timedelta(minutes=5))

    def commands() -> list[int]:
        found = told(fleet, alice).timeline.events
        return [each.row.pk for each in found if each.sort == "command"]

    assert commands() == [command.pk]
    player.bindings.update(ended_at=NOW - timedelta(hours=1))
    assert commands() == []


def test_nothing_of_other_platforms_and_jobs_is_told(
    fleet: Fleet, alice: User, platform_b: Platform
) -> None:
    other = make_fleet(platform_b, 1, 1)
    other.now = NOW
    other.tick()
    other.fire(other.players[0])
    Pause.objects.create(platform=platform_b, reason="Secret of B", author_name="Charlie")
    Brake.objects.create(platform=platform_b, engaged=True, engaged_at=NOW, bad=77, enrolled=78)
    story = told(fleet, alice)
    assert [each.job for each in story.watched] == [fleet.job]
    assert not story.hindrances
    assert not [each for each in story.timeline.events if each.sort != "change"]


def test_the_number_of_queries_does_not_depend_on_how_much_there_is(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    def cost() -> tuple[int, int]:
        scripted.questions.clear()
        with CaptureQueriesContext(connection) as queries:
            story = told(fleet, alice)
            timeline_words.lines(story.timeline, reads_phones=True)
        return len(queries), len(scripted.questions)

    player = fleet.players[0]
    say(scripted, player, 0.0)
    (episode,) = fleet.fire(player)
    sockets.give(fleet.sockets[player.pk], "power_cycle")
    Command.objects.update(created_at=NOW - timedelta(minutes=5), closed=True)
    fleet.tick()
    cost()  # since when it is offline is remembered from now on
    first = cost()
    many = 1000
    Episode.objects.bulk_create(
        Episode(
            platform=fleet.platform, job=fleet.job, job_version=1, player=player,
            opened_at=NOW - timedelta(minutes=20), closed=True, closed_at=NOW,
            ending=Ending.RECOVERED,
        )
        for _number in range(many)
    )  # fmt: skip
    JobExecution.objects.bulk_create(
        JobExecution(
            platform=fleet.platform, job=fleet.job, player=player, episode=each, attempt=1,
            rung=0, mode="shadow", standing=Standing.OVER, created_at=NOW, finished_at=NOW,
        )
        for each in Episode.objects.filter(closed=True)
    )  # fmt: skip
    episode.verdicts.bulk_create(
        episode.verdicts.model(platform=fleet.platform, episode=episode, gate="brake", at=NOW)
        for _number in range(many)
    )
    JobPause.objects.bulk_create(
        JobPause(platform=fleet.platform, job=fleet.job, reason="x", author_name="Mona")
        for _number in range(50)
    )
    for number in range(20):
        make_job(fleet.platform, fleet.job.criterion, name=f"More {number}")
    more = cost()
    assert more[1] == first[1] <= 3
    # One less: no command stands on the page any more, whose steps would be read.
    assert more[0] <= first[0] < 80, (first, more)


def test_what_a_schedule_switched_off_was_not_restarted(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    say(scripted, fleet.players[0], 1.0)
    job = make_job(fleet.platform, None, name="Night off")
    template = CommandTemplate.objects.get(model__key="simpal_d210", key="power_off")
    CommandTemplate.objects.filter(pk=template.pk).update(for_jobs=True)
    job.rungs.update(action="template", template=template)
    Episode.objects.create(
        platform=fleet.platform, job=job, job_version=job.version, player=fleet.players[0],
        trigger=Trigger.SCHEDULE, opened_at=NOW, due_at=NOW,
    )  # fmt: skip
    assert acting.act(NOW) == 1
    name = title_of(Command.objects.get())
    assert headline(fleet, alice) == f"“Night off” gave the command “{name}”, attempt 1 of 3."
    Command.objects.update(closed=True, state=State.ACCEPTED.value, wire_at=NOW)
    finish(JobExecution.objects.get(), Outcome.ANSWERED, NOW)
    Episode.objects.update(closed=True, closed_at=NOW, ending=Ending.DONE)
    then = why_words.at(NOW)
    assert headline(fleet, alice) == (
        f"“Night off” gave the command “{name}” at {then}: "
        "It was sent; no player tells whether it helped."
    )


def test_what_a_rule_switched_on_helped_and_was_no_restart(
    fleet: Fleet, alice: User, scripted: Scripted
) -> None:
    say(scripted, fleet.players[0], 1.0)
    template = CommandTemplate.objects.get(model__key="simpal_d210", key="power_on")
    fleet.job.rungs.update(action="template", template=template)
    fleet.fire(fleet.players[0])
    assert acting.act(NOW) == 1
    name = title_of(Command.objects.get())
    Command.objects.update(closed=True, state=State.ACCEPTED.value, wire_at=NOW)
    finish(JobExecution.objects.get(), Outcome.VERIFIED, NOW)
    Episode.objects.update(recovering_since=NOW)
    assert headline(fleet, alice) == (
        f"It is well again after “{name}”; it is watched for a while."
    )
    Episode.objects.update(recovering_since=None)
    assert headline(fleet, alice).startswith("It was not restarted:")
    fleet.see(fleet.players[0], bad=False)
    Episode.objects.update(closed=True, closed_at=NOW, ending=Ending.RECOVERED)
    then = why_words.at(NOW)
    assert headline(fleet, alice) == (
        f"“{fleet.job}” gave the command “{name}” at {then}, and that helped."
    )
