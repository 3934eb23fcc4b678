"""The page Why of a player: who reads it, what it shows, how it is paged."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from devices.models import Command, IncomingSms
from exporters.models import Player
from jobs import acting
from jobs.models import Episode, GateVerdict, Job, JobExecution
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ClientOf
from tests.exporters.watched_world import STATUS, Scripted
from tests.jobs.acting_world import Fleet, make_fleet

pytestmark = pytest.mark.django_db


@pytest.fixture
def fleet(platform_a: Platform, scripted: Scripted) -> Fleet:
    """Four players on sockets, judged just now."""
    fleet = make_fleet(platform_a, 12, 4)
    fleet.now = timezone.now()
    for player in fleet.players:
        fleet.see(player, bad=False)
    fleet.tick()
    return fleet


def address(player: Player) -> str:
    return reverse("admin:jobs_episode_why", args=[player.pk])


def text_of(client_of: ClientOf, person: User, player: Player, query: str = "") -> str:
    answer = client_of(person).get(f"{address(player)}?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_it_shows_the_sentence_the_bands_the_job_and_what_happened(
    client_of: ClientOf, bob: User, fleet: Fleet, scripted: Scripted
) -> None:
    player = fleet.players[0]
    labels = {
        "__name__": STATUS, "mac": player.identity, "exporter_id": str(player.exporter_id),
        "platform_id": str(player.platform_id),
    }  # fmt: skip
    at = fleet.now.timestamp() // 60 * 60
    line: list[tuple[float, object]] = [
        (at - 60 * back, 1 if back > 9 else 0) for back in range(90, -1, -1)
    ]
    scripted.vector, scripted.lines = [(labels, 0)], [(labels, line)]
    fleet.fire(player)
    acting.act(fleet.now)
    text = text_of(client_of, bob, player)
    assert "It is being restarted: “Job 1” gave the command" in text
    assert text.count('class="rm-offline" x=') == 1
    assert 'aria-label="Offline: 10 min in all"' in text or "Offline: 9 min" in text
    assert "“Job 1” found the player bad for long enough" in text
    assert 'class="rm-mark"' in text
    assert reverse("admin:devices_command_change", args=[Command.objects.get().pk]) in text
    assert reverse("admin:jobs_jobexecution_change", args=[JobExecution.objects.get().pk]) in text
    assert (
        address(player)
        in client_of(bob)
        .get(reverse("admin:exporters_player_change", args=[player.pk]))
        .content.decode()
    )
    assert (
        address(player)
        in client_of(bob)
        .get(reverse("admin:jobs_episode_change", args=[Episode.objects.get().pk]))
        .content.decode()
    )


def test_a_job_that_gave_a_command_is_called_as_the_reader_calls_it(
    client_of: ClientOf, bob: User, fleet: Fleet
) -> None:
    names = {"en": "Monitoring of all", "ru": "Мониторинг всего"}
    Job.objects.filter(pk=fleet.job.pk).update(name=names["en"], names=names)
    fleet.job.refresh_from_db()
    player = fleet.players[0]
    fleet.fire(player)
    acting.act(fleet.now)
    assert Command.objects.get().author_name == "Monitoring of all", "that of the installation"
    answer = client_of(bob).get(address(player), headers={"accept-language": "ru"})
    text = answer.content.decode()
    assert "автор: Мониторинг всего" in text
    assert "автор: Monitoring of all" not in text


def test_numbers_are_for_those_alone_who_may_read_them(
    client_of: ClientOf, bob: User, ursula: User, fleet: Fleet
) -> None:
    player = fleet.players[0]
    fleet.fire(player)
    acting.act(fleet.now)
    command = Command.objects.get()
    IncomingSms.objects.create(
        platform=fleet.platform, gateway=command.gateway, identity="1", sender="+79991112233",
        text="Master +79991112233", device=command.device,
    )  # fmt: skip
    assert "79991112233" in text_of(client_of, ursula, player)
    assert "9991112233" not in text_of(client_of, bob, player)


def test_nobody_reads_of_the_players_of_others_and_bad_ids_are_not_found(
    client_of: ClientOf, charlie: User, fleet: Fleet
) -> None:
    for number in (fleet.players[0].pk, 10**9, 10**30):
        found = f"{reverse('admin:jobs_episode_why', args=[1])[:-2]}{number}/"
        assert client_of(charlie).get(found).status_code == 404


def test_any_span_can_be_chosen_and_nonsense_is_the_last_day(
    client_of: ClientOf, bob: User, fleet: Fleet, scripted: Scripted
) -> None:
    player = fleet.players[0]
    Player.objects.filter(pk=player.pk).update(retired_at=timezone.now())
    for query in (
        "hours=744", "hours=0", "hours=x", "hours=99999", "until=2026-01-01T10:00",
        "until=nonsense", "until=0001-01-01T00:00", "until=9999-12-31T23:59&hours=3", "before=1-2",
        "before=1-99-9", "until=2026-02-30T10:00", "until=2026-11-01T10:00:00%2B00:00",
    ):  # fmt: skip
        assert "taken out" in text_of(client_of, bob, player, query), query
    scripted.questions.clear()
    text_of(client_of, bob, player, "hours=744")
    asked = [each for each in scripted.questions if each["path"].endswith("query_range")]
    longest = max(float(each["end"]) - float(each["start"]) for each in asked)
    assert timedelta(days=31) <= timedelta(seconds=longest) < timedelta(days=31, hours=1)
    assert all(
        (float(each["end"]) - float(each["start"])) / float(each["step"]) < 11_000 for each in asked
    )


def test_without_prometheus_the_page_still_works_and_says_so(
    client_of: ClientOf, bob: User, fleet: Fleet, settings: Settings
) -> None:
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    fleet.fire(fleet.players[0])
    text = text_of(client_of, bob, fleet.players[0])
    assert "Prometheus does not answer" in text
    assert "everything else on this page can" in text
    assert "found the player bad" in text


def test_thousands_of_rows_cost_as_many_queries_as_one_and_are_paged(
    client_of: ClientOf, alice: User, fleet: Fleet
) -> None:
    player = fleet.players[0]
    (episode,) = fleet.fire(player)
    client = client_of(alice)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address(player)).status_code == 200
        return len(queries)

    def add(number: int) -> None:
        GateVerdict.objects.bulk_create(
            GateVerdict(
                platform=fleet.platform, episode=episode, gate="brake", at=fleet.now,
                detail={"code": "holding"},
            )
            for _number in range(number)
        )  # fmt: skip
        AuditEntry.objects.bulk_create(
            AuditEntry(
                platform=fleet.platform, actor="Mona", via="admin", action="changed",
                target_type="jobs.job", target_id=str(fleet.job.pk), target="Job 1",
            )
            for _number in range(number)
        )  # fmt: skip

    add(1)
    cost()
    first = cost()
    add(3000)
    assert cost() == first < 100
    page = client.get(address(player)).content.decode()
    assert page.count('<time datetime="') < 200
    assert "What happened before" in page
