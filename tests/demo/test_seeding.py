"""The demo's database: the same world as the vendor's, typed in through the same doors."""

import pytest

from demo import seeding
from demo.accounts import accounts
from demo.cast import CAST, ROOT
from demo.vendors import Sizes
from demo.world import COMPANIES, EXAMPLE, Company, fleet, of_platform
from exporters import enrolment
from exporters.kinds.shape import Account
from exporters.models import Exporter, ExporterMac, Player
from platforms.audit import Action
from platforms.models import AuditEntry, Membership, Platform, Site, User

pytestmark = pytest.mark.django_db
FLEETS = Sizes().fleets()
VENDOR = "http://127.0.0.1:8900"


def test_every_player_of_the_world_is_typed_in_on_its_platform_and_site() -> None:
    assert seeding.seed(FLEETS, "word", VENDOR) == len(fleet())
    for company in COMPANIES:
        expected = {
            (player.identity, player.name, player.site)
            for player in of_platform(fleet(), company.name)
        }
        rows = Player.objects.filter(platform__name=company.name)
        assert set(rows.values_list("identity", "name", "site__name")) == expected
        macs = ExporterMac.objects.filter(platform__name=company.name)
        assert set(macs.values_list("mac", flat=True)) == {mac for mac, *_ in expected}


def test_the_macs_leave_the_same_trace_as_a_paste() -> None:
    seeding.seed(FLEETS, "word", VENDOR)
    pasted = AuditEntry.objects.filter(action=Action.ADDED_MANY)
    assert sum(entry.after["count"] for entry in pasted) == len(fleet())


def test_everybody_of_the_cast_has_a_role_and_the_password() -> None:
    seeding.seed(Sizes(2, 2, 2).fleets(), "word", VENDOR)
    for person in CAST:
        member = Membership.objects.get(user__email=person.email)
        assert member.role == person.role
        assert member.platform.name == COMPANIES[person.company].name
        assert member.user.check_password("word")
    assert User.objects.get(is_superuser=True).email == ROOT


def test_a_second_start_leaves_what_the_visitor_did() -> None:
    seeding.seed(FLEETS, "word", VENDOR)
    exporter = Exporter.objects.filter(macs__mac=EXAMPLE[0]).get()
    mac = EXAMPLE[0]
    enrolment.withdraw(exporter, [mac], seeding.ACTOR)
    Exporter.objects.filter(pk=exporter.pk).update(name="Renamed", poll_interval=60)
    counts = [model.objects.count() for model in (User, Platform, Site, Exporter, AuditEntry)]
    assert seeding.seed(FLEETS, "word", VENDOR) == 0
    assert not exporter.macs.filter(mac=mac).exists()
    assert counts == [
        model.objects.count() for model in (User, Platform, Site, Exporter, AuditEntry)
    ]
    exporter.refresh_from_db()
    assert (exporter.name, exporter.poll_interval) == ("Renamed", 60)


def test_platforms_have_room_for_a_few_players_more() -> None:
    """For those too that their vendors will list."""
    seeding.seed(FLEETS, "word", VENDOR)
    for platform in Platform.objects.all():
        everybody = [of_platform(fleet, platform.name) for fleet in FLEETS.values()]
        assert platform.players_limit is not None
        assert 0 < platform.players_limit - sum(map(len, everybody)) <= 50


@pytest.mark.parametrize("company", COMPANIES)
def test_an_exporter_of_each_kind_knows_its_account(company: Company) -> None:
    seeding.seed(FLEETS, "word", VENDOR)
    exporters = Exporter.objects.filter(platform__name=company.name)
    told = {
        exporter.kind: {**exporter.settings, **exporter.opened_secrets()} for exporter in exporters
    }
    assert told == {account.kind: account.told for account in accounts(company, VENDOR)}
    assert set(told) >= {"cubic", "addreality"}
    for exporter in exporters:
        exporter.shape.open(Account(VENDOR, told[exporter.kind]))  # can be asked with them


def test_nobody_types_the_players_of_a_vendor_that_lists_them() -> None:
    seeding.seed(FLEETS, "word", VENDOR)
    listing = [exporter for exporter in Exporter.objects.all() if exporter.discovers]
    assert listing
    assert not Player.objects.filter(exporter__in=listing).exists()
    assert not ExporterMac.objects.filter(exporter__in=listing).exists()


def test_an_exporter_that_is_told_an_address_follows_the_vendors_to_another_port() -> None:
    seeding.seed(FLEETS, "word", VENDOR)
    exporter = Exporter.objects.get(kind="json")
    seeding.seed(FLEETS, "word", "http://127.0.0.1:9900")
    moved = Exporter.objects.get(kind="json")
    assert str(moved.settings["url"]).startswith("http://127.0.0.1:9900/lumen/v2/screens?")
    assert moved.list_version > exporter.list_version
    assert moved.opened_secrets() == exporter.opened_secrets()
    own = {**moved.settings, "url": "http://127.0.0.1:9900/my/own"}
    Exporter.objects.filter(pk=moved.pk).update(settings=own)
    seeding.seed(FLEETS, "word", VENDOR)
    assert Exporter.objects.get(kind="json").settings == own
