"""The table of roles, what people may do by it, and the page that tells of it."""

import itertools

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from platforms import notice_kinds
from platforms.management.commands import roles_page
from platforms.models import Membership, Notice, Platform, Site, User
from platforms.roles import DEEDS_OF, RANK, Deed, Role, roles_below, roles_that_may
from tests import factories


def test_every_role_has_its_deeds_and_its_rank() -> None:
    assert set(DEEDS_OF) == set(RANK) == set(Role)


def test_a_higher_role_may_all_that_a_lower_one_may() -> None:
    for lower, higher in itertools.pairwise(RANK):
        assert DEEDS_OF[lower] <= DEEDS_OF[higher]


def test_no_role_may_what_belongs_to_superadmins() -> None:
    assert roles_that_may(Deed.OWN) == []


def test_a_role_stands_neither_below_itself_nor_above() -> None:
    assert roles_below(Role.ADMIN) == [Role.VIEWER, Role.USER, Role.MANAGER]
    assert roles_below(Role.VIEWER) == []


USING = {Deed.SEE, Deed.PHONES, Deed.SEND_ASSIGNED}
MAY = {
    "alice": {*USING, Deed.FLEET, Deed.SEND, Deed.CHANNELS, Deed.DESTROY, Deed.MEMBERS},
    "mona": {*USING, Deed.FLEET, Deed.SEND, Deed.CHANNELS},
    "ursula": USING,
    "bob": {Deed.SEE},
    "charlie": set(),
    "root": set(Deed),
}


@pytest.mark.parametrize(("who", "deeds"), MAY.items())
def test_the_role_on_a_platform_is_the_permission(
    who: str, deeds: set[Deed], platform_a: Platform, request: pytest.FixtureRequest
) -> None:
    person: User = request.getfixturevalue(who)
    assert {deed for deed in Deed if person.may(deed, platform_a.pk)} == deeds


def test_a_person_of_two_platforms_is_judged_on_each(
    alice: User, platform_a: Platform, platform_b: Platform
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.VIEWER)
    assert alice.may(Deed.FLEET, platform_a.pk)
    assert not alice.may(Deed.FLEET, platform_b.pk)
    assert alice.roles_to_give(platform_b.pk) == []


def test_an_inactive_platform_is_shut_for_members_and_open_for_superadmins(
    alice: User, root: User, platform_a: Platform
) -> None:
    Platform.objects.filter(pk=platform_a.pk).update(active=False)
    assert not alice.may(Deed.SEE)
    assert not alice.is_staff
    assert root.may(Deed.SEE, platform_a.pk)


def test_an_account_that_is_switched_off_may_nothing(root: User, alice: User) -> None:
    for person in (root, alice):
        person.is_active = False
        assert not any(person.may(deed) for deed in Deed)


@pytest.mark.django_db
def test_an_account_without_platform_stays_outside() -> None:
    assert not factories.make_user().is_staff


def test_the_page_of_roles_is_made_from_the_table() -> None:
    call_command("roles_page", "--check")


def test_the_page_of_roles_explains_every_deed() -> None:
    assert set(roles_page.MEANS) == set(Deed)


def test_a_changed_table_makes_the_page_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEEDS_OF, Role.VIEWER, frozenset(Deed))
    with pytest.raises(CommandError, match="roles_page"):
        call_command("roles_page", "--check")


def test_remembered_roles_judge_as_the_database_does(
    alice: User, bob: User, root: User, platform_a: Platform, platform_b: Platform
) -> None:
    Membership.objects.create(user=alice, platform=platform_b, role=Role.VIEWER)
    for person in (alice, bob, root, factories.make_user()):
        fresh = User.objects.get(pk=person.pk)
        fresh.remember_roles()
        for deed in Deed:
            for number in (None, platform_a.pk, platform_b.pk, 987654):
                assert fresh.may(deed, number) == person.may(deed, number)


def test_remembered_roles_find_the_rows_that_the_database_finds(
    alice: User, bob: User, root: User, platform_a: Platform, platform_b: Platform
) -> None:
    shut = factories.make_platform(active=False)
    kinds = {kind for kinds in notice_kinds.reserved().values() for kind in kinds}
    assert kinds
    for platform in (platform_a, platform_b, shut):
        factories.make_site(platform)
        for kind in (*kinds, "socket_silent"):
            Notice.objects.create(platform=platform, kind=kind, severity=1, at=timezone.now())
    Membership.objects.create(user=alice, platform=platform_b, role=Role.VIEWER)
    Membership.objects.create(user=alice, platform=shut, role=Role.ADMIN)
    token, _secret = factories.make_token(owner=alice, platform=platform_b)
    for person in (alice, bob, root, factories.make_user()):
        for fields in ({}, {"token": token}, {"is_active": False}):
            fresh, plain = (User.objects.get(pk=person.pk) for _each in range(2))
            for name, value in fields.items():
                setattr(fresh, name, value)
                setattr(plain, name, value)
            fresh.remember_roles()
            for deed in Deed:
                for rows in (Site.objects, Platform.objects, Notice.objects):
                    found, wanted = rows.for_user(fresh, deed), rows.for_user(plain, deed)
                    assert set(found) == set(wanted), (person, fields, deed)


def test_what_is_changed_is_judged_by_the_database_though_roles_are_remembered(
    alice: User, platform_a: Platform
) -> None:
    factories.make_site(platform_a)
    alice.remember_roles()
    Membership.objects.filter(user=alice).delete()
    assert not Site.objects.for_user(alice, Deed.FLEET).exists()


def test_remembered_roles_give_nothing_to_a_token_or_an_account_that_is_off(alice: User) -> None:
    alice.remember_roles()
    alice.token, _secret = factories.make_token(owner=alice)
    assert not alice.may(Deed.FLEET)
    alice.token, alice.is_active = None, False
    assert not alice.may(Deed.SEE)
