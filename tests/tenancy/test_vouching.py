"""A process whose token is limited to one platform vouches for no other one's players.

Real pages, a real Prometheus that finds them by Remosa's service discovery, real questions.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from exporters import live, observations, overview, promql, sightings, targets
from exporters.asking import Ask
from exporters.live import DeviceFilters, State
from exporters.models import Exporter, ExporterProcess, Player
from exporters.observations import Key
from exporters.verdicts import Why
from platforms.models import ApiToken, Membership, Platform, TokenKind, User
from platforms.roles import Role
from tests import factories
from tests.exporters.discovered_world import DiscoveredWorld, discovered_world
from tests.exporters.watched_world import INFO, STATUS, UNKNOWN, sample, source

pytestmark = pytest.mark.django_db
HONEST, LIMITED = "cubic-honest", "cubic-limited"


@pytest.fixture
def world(platform_b: Platform, tmp_path: Path, settings: Settings) -> Iterator[DiscoveredWorld]:
    """Two processes: one with a token for all platforms, one limited to platform B."""
    with discovered_world(tmp_path) as world:
        world.announce(HONEST, factories.make_token(TokenKind.EXPORTER)[0])
        limited = factories.make_token(TokenKind.EXPORTER, platform=platform_b)[0]
        world.announce(LIMITED, limited)
        settings.PROMETHEUS_URL = world.start()
        yield world


@pytest.fixture
def both(alice: User, platform_b: Platform) -> User:
    """Alice, who is a member of platform B as well."""
    Membership.objects.create(platform=platform_b, user=alice, role=Role.VIEWER)
    return alice


def read(person: User, filters: DeviceFilters | None = None) -> dict[str, str]:
    cache.clear()
    page = live.devices_page(person, filters or DeviceFilters())
    assert page.outage is None, page.fault
    return {each.name: each.state.value for each in page.devices}


def totals(person: User) -> dict[str, int]:
    cache.clear()
    shown = overview.overview(person)
    assert shown.outage is None, shown.fault
    assert shown.counts == overview.totals(person)
    return {state.value: number for state, number in shown.counts.items() if number}


def forged(player: Player, value: int) -> list[str]:
    """Write all that a process could say of a player: plainly, and as if it were limited to it."""
    disguises: list[dict[str, str]] = [{}, {"token_platform": str(player.platform_id)}]
    return [
        line
        for disguise in disguises
        for line in (
            sample(STATUS, player, value, **disguise),
            sample(INFO, player, 1, name="forged", ip="10.66.0.1", outip="", **disguise),
            sample(UNKNOWN, player, 1, reason="not_found", **disguise),
        )
    ]


def test_a_limited_process_makes_no_player_of_another_platform_offline(
    world: DiscoveredWorld,
    root: User,
    alice: User,
    charlie: User,
    exporter_a: Exporter,
    exporter_b: Exporter,
) -> None:
    mine = factories.make_mac(exporter_a, name="mine").player
    theirs = factories.make_mac(exporter_b, name="theirs").player
    world.say(HONEST, [source(exporter_a), sample(STATUS, mine, 1)])
    world.say(LIMITED, [source(exporter_b), sample(STATUS, theirs, 0), *forged(mine, 0)])
    seen = {"mine": "online", "theirs": "offline"}
    assert read(alice) == {"mine": "online"}
    assert read(charlie) == {"theirs": "offline"}
    assert read(root) == seen
    for state in (State.ONLINE, State.OFFLINE):
        names = {name for name, value in seen.items() if value == state.value}
        assert set(read(root, DeviceFilters(state=state))) == names
    assert list(read(root, DeviceFilters(order="status"))) == ["theirs", "mine"]
    assert totals(alice) == {"online": 1}
    assert totals(charlie) == {"offline": 1}
    assert totals(root) == {"online": 1, "offline": 1}


def test_a_member_of_both_platforms_believes_each_process_where_it_may_speak(
    world: DiscoveredWorld, both: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    mine = factories.make_mac(exporter_a, name="mine").player
    theirs = factories.make_mac(exporter_b, name="theirs").player
    shared = factories.make_mac(exporter_b, name="shared").player
    world.say(HONEST, [source(exporter_a), sample(STATUS, mine, 1), sample(STATUS, shared, 1)])
    world.say(
        LIMITED,
        [
            source(exporter_b),
            *(sample(STATUS, each, 0) for each in (theirs, shared)),
            *forged(mine, 0),
        ],
    )
    seen = {"mine": "online", "theirs": "offline", "shared": "unknown"}
    assert read(both) == seen
    assert totals(both) == {"online": 1, "offline": 1, "unknown": 1}
    assert set(read(both, DeviceFilters(state=State.UNKNOWN))) == {"shared"}


def test_nothing_that_it_says_of_a_foreign_player_is_shown_kept_or_found(
    world: DiscoveredWorld, root: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    mine = factories.make_mac(exporter_a).player
    factories.make_mac(exporter_b)
    Player.objects.update(first_seen=None, last_seen=None, name="")
    world.say(HONEST, [source(exporter_a)])
    world.say(LIMITED, [source(exporter_b), *forged(mine, 0)])
    assert world.worlds[LIMITED].value(f'count({STATUS}{{mac="{mine.identity}"}})')  # it is there
    detail = live.device_detail(mine)
    assert (detail.samples, detail.outage, detail.device.labels["name"]) == ((), None, "")
    assert set(detail.day) == {"unknown"}
    assert detail.device.verdict.why == Why.NOT_POLLED
    ids = [exporter_a.platform_id, exporter_b.platform_id]
    assert observations.told(Ask(), ids) == {}
    assert observations.statuses(Ask(), ids) == {}
    assert sightings.record(timezone.now()).seen == 0
    mine.refresh_from_db()
    assert (mine.first_seen, mine.name, mine.told_ip, mine.ip_place) == (None, "", "", "")
    assert read(root, DeviceFilters(search="10.66.0.1")) == {}


def test_it_says_nothing_of_a_foreign_source(
    world: DiscoveredWorld, both: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    """Not by the other's platform, and not by its own platform with the other's exporter."""
    for exporter in (exporter_a, exporter_b):
        factories.make_mac(exporter, name=exporter.name)
    up = "remosa_exporter_source_up"
    crossed = f'exporter_id="{exporter_a.pk}",platform_id="{exporter_b.platform_id}"'
    player = f'{STATUS}{{mac="02:00:00:00:00:01",{crossed}}} 0'
    world.say(HONEST, [source(exporter_a, 0)])
    world.say(LIMITED, [source(exporter_a), source(exporter_b), f"{up}{{{crossed}}} 1", player])
    figures = {each.exporter.pk: each for each in overview.overview(both).exporters}
    assert [figures[each.pk].why for each in (exporter_a, exporter_b)] == ["source_down", None]
    assert totals(both) == {"unknown": 2}


def test_it_spoils_no_question_with_series_that_differ_by_their_names_alone(
    world: DiscoveredWorld, root: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    """`timestamp` drops the name: of all statuses in one selector it would refuse the question."""
    mine = factories.make_mac(exporter_a, name="mine").player
    theirs = factories.make_mac(exporter_b, name="theirs").player
    world.say(HONEST, [source(exporter_a), sample(STATUS, mine, 1)])
    twins = [
        sample(name, theirs, value, device_id="7")
        for kind in observations.FAMILIES.values()
        for value, name in enumerate(kind[:3])
    ]
    world.say(LIMITED, [source(exporter_b), *twins, f'up{{{"x"}="y"}} 0'])
    assert read(root)["mine"] == "online"
    assert read(root, DeviceFilters(state=State.ONLINE)) == {"mine": "online"}
    assert totals(root)["online"] == 1
    assert isinstance(observations.told(Ask(), [mine.platform_id, theirs.platform_id]), dict)


def test_a_process_stays_limited_when_its_token_is_gone(
    world: DiscoveredWorld, root: User, platform_b: Platform, exporter_a: Exporter
) -> None:
    mine = factories.make_mac(exporter_a, name="mine").player
    world.say(HONEST, [source(exporter_a), sample(STATUS, mine, 1)])
    ApiToken.objects.filter(platform=platform_b).delete()
    world.list()
    world.say(LIMITED, forged(mine, 0))
    world.wait_for(f'count(up{{token_platform="{platform_b.pk}"}})', 1)
    assert read(root) == {"mine": "online"}


def test_a_process_with_a_new_token_for_all_platforms_is_believed_all(
    world: DiscoveredWorld, root: User, exporter_a: Exporter
) -> None:
    mine = factories.make_mac(exporter_a, name="mine").player
    world.say(LIMITED, [source(exporter_a), sample(STATUS, mine, 0)])
    assert read(root) == {"mine": "unknown"}
    ApiToken.objects.update(revoked_at=timezone.now())
    world.announce(LIMITED, factories.make_token(TokenKind.EXPORTER)[0])
    world.list()
    world.wait_for('count(up{token_platform!=""})', None)
    world.say(LIMITED, [source(exporter_a), sample(STATUS, mine, 0)])
    assert read(root) == {"mine": "offline"}


# -- the proof of the proof ---------------------------------------------------------------------


def two_in_one_selector(platform_ids: Collection[int]) -> str:
    numbers = "|".join(map(str, sorted(platform_ids)))
    return f'platform_id=~"{numbers}",token_platform=~"|{numbers}"'


def no_speaker(platform_ids: Collection[int]) -> str:
    return f'platform_id=~"{"|".join(map(str, sorted(platform_ids)))}"'


def without_its_label(process: ExporterProcess) -> dict[str, str]:
    return {"job": targets.JOB, "instance": process.instance, "kind": process.kind}


@pytest.mark.parametrize("matcher", [no_speaker, two_in_one_selector])
def test_without_the_matcher_the_forgery_is_believed(
    world: DiscoveredWorld,
    root: User,
    exporter_a: Exporter,
    platform_b: Platform,
    monkeypatch: pytest.MonkeyPatch,
    matcher: Callable[[Collection[int]], str],
) -> None:
    mine = factories.make_mac(exporter_a, name="mine").player
    world.say(HONEST, [source(exporter_a)])
    world.say(LIMITED, forged(mine, 0)[:1])
    assert read(root) == {"mine": "unknown"}
    monkeypatch.setattr(promql, "tenant_matcher", matcher)
    monkeypatch.setattr(promql, "apart", lambda ids, _limited: [list(ids)])
    ids = [mine.platform_id, platform_b.pk]
    key = Key(mine.platform_id, mine.exporter_id, mine.identity)
    assert observations.statuses(Ask(), ids) == {key: 0.0}


def test_without_the_label_of_its_target_the_forgery_is_believed(
    world: DiscoveredWorld, root: User, exporter_a: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = factories.make_mac(exporter_a, name="mine").player
    world.say(LIMITED, forged(mine, 0)[:1])
    assert read(root) == {"mine": "unknown"}
    monkeypatch.setattr(targets, "_labels", without_its_label)
    world.list()
    world.wait_for('count(up{token_platform!=""})', None)
    world.say(LIMITED, forged(mine, 0)[:1])
    assert read(root) == {"mine": "offline"}
