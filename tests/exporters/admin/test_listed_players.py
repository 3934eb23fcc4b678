"""Players that a vendor lists, on every page: an ID instead of a MAC, and what else it tells."""

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from exporters import discovery, overview
from exporters.models import Exporter, Player
from exporters.verdicts import State
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ApiOf, ClientOf
from tests.exporters.watched_world import World

pytestmark = pytest.mark.django_db
PAGE = "/admin/exporters/player/"


def lines(exporter: Exporter, number: str, status: int, name: str = "") -> list[str]:
    """Write what an exporter process says of one device."""
    own = f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id}",device_id="{number}"'
    more = 'activation_state="true",player_version="5.3.1",time_zone="Europe/Moscow"'
    kind = "remosa_exporter_addreality"
    return [
        f"{kind}_device_status{{{own}}} {status}",
        f"{kind}_player_status{{{own}}} {status}",
        f"{kind}_last_online_timestamp_seconds{{{own}}} 1.7518833e+09",
        f'{kind}_device_info{{{own},name="{name}",{more}}} 1',
    ]


@pytest.fixture
def exporter(world: World, platform_a: Platform) -> Exporter:
    """An AddReality exporter with two players, one of them paused and offline."""
    made = factories.make_exporter(platform_a, "AddReality", kind="addreality")
    own = f'exporter_id="{made.pk}",platform_id="{made.platform_id}"'
    world.say(
        [
            *lines(made, "51234", 1, "Mall 3, entrance"),
            *lines(made, "51235", 0, "Кинотеатр"),
            f"remosa_exporter_source_up{{{own}}} 1",
        ]
    )
    discovery.discover(timezone.now())
    return made


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_list_shows_ids_and_finds_them(
    client_of: ClientOf, bob: User, exporter: Exporter
) -> None:
    client = client_of(bob)
    shown = text(client.get(PAGE))
    for part in ("51234", "Mall 3, entrance", "51235", "Кинотеатр", "MAC or ID"):
        assert part in shown
    for search, found in (("51234", 1), ("5123", 2), ("кино", 1), ("mall", 1), ("9", 0)):
        page = client.get(PAGE, {"q": search}).context["page"]
        assert page.total == found, search
    assert client.get(PAGE, {"status": "offline"}).context["page"].total == 1


def test_the_page_of_one_tells_in_words_what_else_the_vendor_says(
    client_of: ClientOf, mona: User, exporter: Exporter
) -> None:
    playing, paused = (Player.objects.get(identity=number) for number in ("51234", "51235"))
    shown = text(client_of(mona).get(f"{PAGE}{playing.pk}/change/"))
    for part in ("ID at the vendor", "5.3.1", "Europe/Moscow", "Player version", ">playing<"):
        assert part in shown
    assert "Last online, says the vendor" in shown
    assert "2025-07-07" in shown
    assert "Outside IP" not in shown
    assert ">paused<" in text(client_of(mona).get(f"{PAGE}{paused.pk}/change/"))


def test_the_name_is_the_vendors_and_the_site_ours(
    client_of: ClientOf, mona: User, platform_a: Platform, exporter: Exporter
) -> None:
    player, site = Player.objects.get(identity="51234"), factories.make_site(platform_a)
    form = {"name": "Mine", "site": site.pk}
    assert client_of(mona).post(f"{PAGE}{player.pk}/change/", form).status_code == 302
    player.refresh_from_db()
    assert (player.name, player.site) == ("Mall 3, entrance", site)
    assert AuditEntry.objects.latest("pk").after == {"site_id": site.pk}


def test_csv_and_api_hold_them_too(
    client_of: ClientOf, api_of: ApiOf, bob: User, exporter: Exporter
) -> None:
    answer: Any = client_of(bob).get(f"{PAGE}export/")
    told = b"".join(answer.streaming_content).decode("utf-8-sig")
    found = {row[1]: row[0] for row in csv.reader(io.StringIO(told))}
    assert found["51234"] == "Mall 3, entrance"
    (row,) = api_of(bob).get("/api/v1/monitored-devices?search=51234").json()["results"]
    assert (row["identity"], row["status"], row["exporter_type"]) == (
        "51234", "online", "addreality",
    )  # fmt: skip
    assert row["labels"]["player_version"] == "5.3.1"


def test_devices_without_room_are_counted_nowhere_and_told_everywhere(
    world: World, client_of: ClientOf, bob: User, exporter: Exporter
) -> None:
    Platform.objects.update(players_limit=2)
    own = f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id}"'
    world.say(
        [
            *lines(exporter, "51234", 1),
            *lines(exporter, "51235", 0),
            *(line for number in range(60000, 60005) for line in lines(exporter, str(number), 0)),
            f"remosa_exporter_source_up{{{own}}} 1",
        ]
    )
    assert discovery.discover(timezone.now()).over_limit == 5
    assert overview.totals(bob) == {State.ONLINE: 1, State.OFFLINE: 1, State.UNKNOWN: 0}
    client = client_of(bob)
    for address in (PAGE, f"{PAGE}live/", f"{PAGE}?exporter={exporter.pk}", "/admin/"):
        assert "5 devices of the vendor are not watched" in text(client.get(address))
    assert "not watched" not in text(client.get(f"{PAGE}?exporter=999999"))


def test_a_player_that_is_listed_no_more_says_so_until_it_retires(
    world: World, client_of: ClientOf, bob: User, exporter: Exporter
) -> None:
    own = f'exporter_id="{exporter.pk}",platform_id="{exporter.platform_id}"'
    now = timezone.now()
    success = f"remosa_exporter_source_last_success_timestamp_seconds{{{own}}} {now.timestamp()}"
    up = f"remosa_exporter_source_up{{{own}}} 1"
    world.say([*lines(exporter, "51234", 1), up, success])
    discovery.discover(now)
    page = client_of(bob).get(PAGE, {"q": "51235"})
    assert "The vendor no longer lists this player" in text(page)
