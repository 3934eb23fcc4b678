"""The device page as people of every role meet it."""

import csv
import io
import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from exporters import enrolment
from exporters.entries import Entry
from exporters.models import Exporter, ExporterMac, Player
from platforms.audit import SYSTEM
from platforms.models import AuditEntry, Platform, User
from tests import factories
from tests.conftest import ClientOf
from tests.exporters.watched_world import INFO, STATUS, Scripted, World, sample, source

pytestmark = pytest.mark.django_db
LIST = "/admin/exporters/player/"
LIVE = f"{LIST}live/"
EXPORT = f"{LIST}export/"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "\u202egnp.exe",
    "עברית &amp; 😀",
    "=HYPERLINK(1)",
    "@SUM(1)",
    "+7",
)


def one(player: Player, page: str = "change") -> str:
    return f"{LIST}{player.pk}/{page}/"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def rows(answer: Any) -> list[list[str]]:
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))


# -- the list -----------------------------------------------------------------------------------


def test_a_member_sees_the_players_of_the_platform_with_their_states(
    world: World, client_of: ClientOf, bob: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    player = factories.make_mac(exporter_a, name="Hall").player
    factories.make_mac(exporter_b, name="canary of B")
    world.say(
        [
            source(exporter_a),
            sample(STATUS, player, 0),
            sample(INFO, player, 1, name="Hall", ip="192.168.111.27", outip="94.72.61.150"),
        ]
    )
    for address in (LIST, LIVE):
        page = text(client_of(bob).get(address))
        for shown in ("Hall", player.identity, "192.168.111.27", "94.72.61.150", "Offline"):
            assert shown in page
        assert "canary of B" not in page
        assert exporter_b.name not in page


def test_the_platform_is_not_named_to_somebody_who_has_one(
    client_of: ClientOf, alice: User, root: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    factories.make_mac(exporter_a)
    assert 'name="platform"' not in text(client_of(alice).get(LIST))
    assert "<bdi>Alpha</bdi>" not in text(client_of(alice).get(LIVE))
    assert 'name="platform"' in text(client_of(root).get(LIST))
    assert "<bdi>Alpha</bdi>" in text(client_of(root).get(LIVE))


def test_hostile_names_are_text(client_of: ClientOf, alice: User, exporter_a: Exporter) -> None:
    players = [factories.make_mac(exporter_a, name=name).player for name in HOSTILE]
    site = factories.make_site(exporter_a.platform, HOSTILE[0])
    Player.objects.update(site=site)
    Exporter.objects.filter(pk=exporter_a.pk).update(name=HOSTILE[1])
    client = client_of(alice)
    for address in (LIST, LIVE, "/admin/", *(one(player) for player in players)):
        page = text(client.get(address))
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "1414" not in page
    page = text(client.get(LIVE))
    assert "<bdi>\u202egnp.exe</bdi>" in page
    assert "<bdi>{{ 7|add:7 }}" in page
    assert "עברית &amp;amp; 😀" in page


@pytest.mark.parametrize(
    "query",
    [
        "p=-1&o=evil&status=evil&platform=x&exporter=-3&site=0",
        "p=99999999999999999999&exporter=99999999999999999999",
        "q=%27%22%3C%5C&platform=9223372036854775807",
        "q=" + "x" * 3000,
        "o=-status&status=unknown&q=%F0%9F%98%80",
        "platform=%D9%A1",
    ],
)
def test_an_address_that_makes_no_sense_shows_a_page(
    client_of: ClientOf, alice: User, exporter_a: Exporter, query: str
) -> None:
    factories.make_mac(exporter_a)
    for address in (LIST, LIVE):
        assert client_of(alice).get(f"{address}?{query}").status_code == 200


def test_filters_of_another_platform_show_nothing(
    client_of: ClientOf, charlie: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    player = factories.make_mac(exporter_a, name="canary of A").player
    for query in (f"exporter={exporter_a.pk}", f"platform={player.platform_id}", "q=canary"):
        page = text(client_of(charlie).get(f"{LIVE}?{query}"))
        assert "canary of A" not in page
        assert "No player matches" in page


def test_the_live_part_can_be_told_from_a_login_page(
    client_of: ClientOf, client: Any, alice: User, exporter_a: Exporter
) -> None:
    player = factories.make_mac(exporter_a).player
    for address in (LIVE, one(player, "live"), f"{LIST}overview/"):
        answer = client_of(alice).get(address)
        assert answer.headers["X-Remosa-Live"] == "1"
        assert "no-store" in answer.headers["Cache-Control"]
        assert client.get(address).status_code == 302


def test_without_prometheus_the_pages_work_and_say_who_can_mend_it(
    client_of: ClientOf, bob: User, root: User, exporter_a: Exporter
) -> None:
    player = factories.make_mac(exporter_a, name="Hall").player
    for address in (LIST, one(player), "/admin/"):
        for person, link in ((bob, False), (root, True)):
            page = text(client_of(person).get(address))
            assert "Prometheus does not answer" in page
            assert "superadmin" in page
            assert ("Open the Prometheus connection" in page) is link
            assert "rm-badge rm-offline" not in page


def test_a_page_costs_the_same_at_10_and_at_1000_rows(
    scripted: Scripted, client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    client, costs = client_of(alice), set()
    for number in (10, 990):
        for _row in range(number):
            factories.make_mac(exporter_a)
        cache.clear()
        scripted.questions.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get(LIVE)
        costs.add((len(captured), len(scripted.questions)))
    assert len(costs) == 1
    ((database, questions),) = costs
    assert database <= 22
    assert questions == 3  # now, of late, and the figures on the tabs


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_order_and_page_can_be_reached_by_links(
    client_of: ClientOf, root: User, exporter_a: Exporter, exporter_b: Exporter, language: str
) -> None:
    for _row in range(120):
        factories.make_mac(exporter_a)
    client = client_of(root)
    client.cookies["django_language"] = language
    page = text(client.get(f"{LIVE}?q=06&o=-status"))
    links = set(re.findall(r'href="(\?[^"]*)"', page))
    assert len(links) >= 11
    for link in links:
        assert client.get(f"{LIVE}{link.replace('&amp;', '&')}").status_code == 200
    assert any("p=3" in link and "o=-status" in link and "q=06" in link for link in links)


def test_the_list_is_sorted_by_address(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    entries = [
        Entry(0, factories.mac_of(at), name, ip, None)
        for at, (name, ip) in enumerate((("Hall", "10.0.0.10"), ("Lift", "10.0.0.9")))
    ]
    enrolment.enrol(exporter_a, entries, SYSTEM)
    page = text(client_of(alice).get(f"{LIVE}?o=ip"))
    assert page.index("Lift") < page.index("Hall")
    assert re.search(r'aria-sort="ascending">\s*<a href="\?o=-ip"', page)
    assert 'href="?o=outip"' in page


# -- CSV ----------------------------------------------------------------------------------------


def test_csv_has_every_matching_player_and_no_formula(
    world: World, client_of: ClientOf, bob: User, exporter_a: Exporter, exporter_b: Exporter
) -> None:
    players = [factories.make_mac(exporter_a, name=name).player for name in HOSTILE]
    factories.make_mac(exporter_b, name="canary of B")
    world.say(sample(STATUS, player, 1) for player in players)
    heading, *found = rows(client_of(bob).get(EXPORT))
    assert heading[:4] == ["Name", "MAC or ID", "Status", "Reason"]
    assert len(found) == len(HOSTILE)
    assert {row[2] for row in found} == {"Online"}
    assert not [cell for row in found for cell in row if cell.startswith(("=", "@", "+", "-"))]
    assert rows(client_of(bob).get(f"{EXPORT}?status=offline")) == [heading]


def test_csv_is_audited_on_each_platform_with_its_filters(
    client_of: ClientOf, root: User, alice: User, platform_a: Platform, platform_b: Platform
) -> None:
    client_of(alice).get(f"{EXPORT}?q=Hall&status=offline")
    (entry,) = AuditEntry.objects.filter(action="exported")
    assert (entry.platform_id, entry.actor) == (platform_a.pk, alice.email)
    assert entry.after["filters"]["search"] == "Hall"
    client_of(root).get(EXPORT)
    assert AuditEntry.objects.filter(action="exported", actor=root.email).count() == 2


def test_csv_is_in_the_language_of_the_page(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    factories.make_mac(exporter_a)
    client = client_of(alice)
    client.cookies["django_language"] = "ru"
    answer = client.get(EXPORT)
    translation.activate("en")
    with translation.override("ru"):
        unknown, name = translation.gettext("Unknown"), translation.gettext("Name")
    heading, row = rows(answer)
    assert (heading[0], row[2]) == (name, unknown)


# -- one player ---------------------------------------------------------------------------------


def test_a_viewer_sees_every_sample_and_no_form(
    world: World, client_of: ClientOf, bob: User, exporter_a: Exporter
) -> None:
    player = factories.make_mac(exporter_a, name="Hall").player
    world.say([source(exporter_a), sample(STATUS, player, "7", instance_of="a & b")])
    page = text(client_of(bob).get(one(player)))
    for shown in (STATUS, "instance_of", "a &amp; b", "Prometheus holds neither 0 nor 1"):
        assert shown in page
    assert 'name="name"' not in page
    assert 'name="_save"' not in page
    answer = client_of(bob).post(one(player), {"name": "Mine", "site": ""})
    assert answer.status_code == 403
    player.refresh_from_db()
    assert player.name == "Hall"


@pytest.mark.parametrize("page", ["change", "live", "delete", "history"])
def test_a_player_of_another_platform_does_not_exist(
    client_of: ClientOf, charlie: User, exporter_a: Exporter, platform_b: Platform, page: str
) -> None:
    player = factories.make_mac(exporter_a).player
    client = client_of(charlie)
    foreign, random = client.get(one(player, page)), client.get(f"{LIST}987654321/{page}/")
    assert foreign.status_code == random.status_code
    assert foreign.status_code in (403, 404)
    assert client.post(one(player, page), {"name": "Mine"}).status_code in (403, 404)


def test_players_are_neither_added_nor_deleted_by_hand(
    client_of: ClientOf, root: User, exporter_a: Exporter
) -> None:
    player = factories.make_mac(exporter_a).player
    client = client_of(root)
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(one(player, "delete"), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": player.pk, "post": "yes"}
    client.post(LIST, action)
    assert Player.objects.filter(pk=player.pk).exists()


def test_a_manager_names_a_player_and_its_mac_with_it(
    client_of: ClientOf, mona: User, exporter_a: Exporter
) -> None:
    mac = factories.make_mac(exporter_a, name="Hall")
    site = factories.make_site(exporter_a.platform)
    version = exporter_a.list_version
    answer = client_of(mona).post(one(mac.player), {"name": "Foyer", "site": site.pk})
    assert answer.status_code == 302
    player = Player.objects.get(pk=mac.player_id)
    assert (player.name, player.site_id) == ("Foyer", site.pk)
    assert ExporterMac.objects.get(pk=mac.pk).name == "Foyer"
    exporter_a.refresh_from_db()
    assert exporter_a.list_version == version + 1
    changes = AuditEntry.objects.filter(action="changed", actor=mona.email)
    assert sorted(change.target_type for change in changes) == [
        "exporters.exportermac",
        "exporters.player",
    ]
    assert {key for change in changes for key in change.after} == {"name", "site_id"}


def test_a_site_of_another_platform_is_no_choice(
    client_of: ClientOf, root: User, mona: User, exporter_a: Exporter, platform_b: Platform
) -> None:
    player = factories.make_mac(exporter_a, name="Hall").player
    theirs = factories.make_site(platform_b, "canary of B")
    for person in (mona, root):
        page = client_of(person).get(one(player))
        assert "canary of B" not in text(page)
        answer = client_of(person).post(one(player), {"name": "Hall", "site": theirs.pk})
        assert answer.status_code == 200
        player.refresh_from_db()
        assert player.site_id is None


def test_a_retired_player_is_gone_from_the_pages(
    client_of: ClientOf, alice: User, exporter_a: Exporter
) -> None:
    player = factories.make_player(exporter_a, name="Hall", retired_at="2026-01-01T00:00:00Z")
    assert "Hall" not in text(client_of(alice).get(LIST))
    assert client_of(alice).get(one(player)).status_code == 404


# -- the first page -----------------------------------------------------------------------------


def test_the_first_page_counts_the_players_of_ones_platforms(
    world: World,
    client_of: ClientOf,
    bob: User,
    platform_a: Platform,
    exporter_a: Exporter,
    exporter_b: Exporter,
) -> None:
    on, off, _silent = (factories.make_mac(exporter_a).player for _number in range(3))
    theirs = factories.make_mac(exporter_b).player
    disabled = factories.make_exporter(platform_a, "asleep", enabled=False)
    asleep = factories.make_mac(disabled).player
    down = factories.make_exporter(platform_a, "cut")
    world.say(
        [
            source(exporter_a),
            source(down, 0),
            sample(STATUS, on, 1),
            sample(STATUS, off, 0),
            sample(STATUS, theirs, 1),
            sample(STATUS, asleep, 0),
        ]
    )
    answer = client_of(bob).get("/admin/")
    overview = answer.context["overview"]
    assert overview.counts == {"online": 1, "offline": 1, "unknown": 2}
    whys = {each.exporter.name: each.why for each in overview.exporters}
    assert whys == {exporter_a.name: None, "asleep": "exporter_disabled", "cut": "source_down"}
    page = text(answer)
    assert exporter_b.name not in page
    assert "The vendor does not answer" in page


def test_a_new_installation_tells_the_first_steps(client_of: ClientOf, root: User) -> None:
    steps = client_of(root).get("/admin/").context["steps"]
    assert [step.done for step in steps] == [False, False, False]
    assert all(step.link for step in steps)
    factories.make_mac(factories.make_exporter(factories.make_platform()))
    assert client_of(root).get("/admin/").context["steps"] == []


def test_series_of_players_that_are_gone_count_for_nobody(
    world: World, client_of: ClientOf, bob: User, exporter_a: Exporter
) -> None:
    player = factories.make_mac(exporter_a).player
    gone = factories.make_player(exporter_a, retired_at="2026-01-01T00:00:00Z")
    world.say([source(exporter_a), sample(STATUS, player, 1), sample(STATUS, gone, 1)])
    overview = client_of(bob).get("/admin/").context["overview"]
    assert overview.counts == {"online": 1, "offline": 0, "unknown": 0}
