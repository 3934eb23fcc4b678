"""The demo's database: the same world as the vendor's, typed in through the same doors."""

import pytest

from demo import seeding
from demo.cast import CAST, ROOT
from demo.world import COMPANIES, EXAMPLE, fleet, of_platform
from exporters import enrolment
from exporters.models import Exporter, ExporterMac, Player
from platforms.audit import Action
from platforms.models import AuditEntry, Membership, Platform, Site, User

pytestmark = pytest.mark.django_db


def test_every_player_of_the_world_is_typed_in_on_its_platform_and_site() -> None:
    assert seeding.seed(fleet(), "word") == len(fleet())
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
    seeding.seed(fleet(), "word")
    pasted = AuditEntry.objects.filter(action=Action.ADDED_MANY)
    assert sum(entry.after["count"] for entry in pasted) == len(fleet())


def test_everybody_of_the_cast_has_a_role_and_the_password() -> None:
    seeding.seed(fleet(count=2), "word")
    for person in CAST:
        member = Membership.objects.get(user__email=person.email)
        assert member.role == person.role
        assert member.platform.name == COMPANIES[person.company].name
        assert member.user.check_password("word")
    assert User.objects.get(is_superuser=True).email == ROOT


def test_a_second_start_leaves_what_the_visitor_did() -> None:
    seeding.seed(fleet(), "word")
    exporter = Exporter.objects.filter(macs__mac=EXAMPLE[0]).get()
    mac = EXAMPLE[0]
    enrolment.withdraw(exporter, [mac], seeding.ACTOR)
    Exporter.objects.filter(pk=exporter.pk).update(name="Renamed", poll_interval=60)
    counts = [model.objects.count() for model in (User, Platform, Site, Exporter, AuditEntry)]
    assert seeding.seed(fleet(), "word") == 0
    assert not exporter.macs.filter(mac=mac).exists()
    assert counts == [
        model.objects.count() for model in (User, Platform, Site, Exporter, AuditEntry)
    ]
    exporter.refresh_from_db()
    assert (exporter.name, exporter.poll_interval) == ("Renamed", 60)


def test_platforms_have_room_for_a_few_players_more() -> None:
    seeding.seed(fleet(), "word")
    for platform in Platform.objects.all():
        assert platform.players_limit is not None
        assert 0 < platform.players_limit - Player.objects.filter(platform=platform).count() <= 50
