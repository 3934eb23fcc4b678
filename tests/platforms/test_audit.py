"""The audit record: who, from where, what changed, and never a secret."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, transaction
from django.test import RequestFactory
from pytest_django import Settings

from exporters.models import PrometheusConnection
from platforms import audit
from platforms.audit import SYSTEM, Action, Actor, without_phones
from platforms.models import AuditEntry, Platform, Site, User
from tests import factories


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", "10.0.0.9"),
        (0, "1.2.3.4", "10.0.0.9"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.9"),
        (1, "", "10.0.0.9"),
    ],
)
def test_only_our_own_proxies_are_believed(
    proxies: int, forwarded: str, address: str, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.9", headers=headers)
    assert audit.client_address(request) == address


def test_an_actor_is_the_person_of_the_request(alice: User) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.9")
    request.user = alice
    assert Actor.of_request(request) == Actor(alice.email, "admin", alice.pk, "10.0.0.9")
    request.user = AnonymousUser()
    assert Actor.of_request(request).user_id is None


@pytest.mark.django_db
def test_a_line_outlives_the_thing_it_speaks_of(platform_a: Platform) -> None:
    site = factories.make_site(platform_a, "Mall")
    audit.record(SYSTEM, Action.DELETED, site, platform_id=platform_a.pk, before={"name": "Mall"})
    number = str(site.pk)
    site.delete()
    line = AuditEntry.objects.get()
    assert (line.target, line.target_type, line.target_id) == ("Mall", "platforms.site", number)


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_line_neither_changes_nor_goes(platform_a: Platform) -> None:
    line = audit.record(SYSTEM, Action.CREATED, "x", platform_id=platform_a.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=line.pk).update(actor="somebody else")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=line.pk).delete()
    assert AuditEntry.objects.get().actor == "Remosa"


def test_the_difference_names_changed_values_only() -> None:
    before, after = {"a": 1, "b": 2, "secret": "set"}, {"a": 1, "b": 3, "secret": "set"}
    assert audit.difference(before, after) == ({"b": 2}, {"b": 3})
    assert audit.difference(before, after, ["secret"]) == (
        {"b": 2, "secret": "set"},
        {"b": 3, "secret": "set"},
    )


@pytest.mark.django_db
def test_a_snapshot_holds_no_secret(bob: User) -> None:
    token, secret = factories.make_token(owner=bob)
    connection = PrometheusConnection(pk=1, url="http://127.0.0.1:9", secret="open-sesame")
    for row, hidden in ((token, secret), (token, token.digest), (connection, "open-sesame")):
        assert hidden not in str(audit.snapshot(row))


@pytest.mark.django_db
def test_a_snapshot_of_an_account_holds_no_password(bob: User) -> None:
    assert bob.password not in str(audit.snapshot(bob))


@pytest.mark.django_db
def test_a_snapshot_is_plain_json(platform_a: Platform) -> None:
    values: dict[str, Any] = audit.snapshot(platform_a)
    assert values["name"] == "Alpha"
    assert values["players_limit"] is None


@pytest.mark.django_db
def test_a_long_name_does_not_break_the_record(platform_a: Platform) -> None:
    site = Site(platform=platform_a, name="x" * 400)
    line = audit.record(Actor("y" * 400, "admin"), Action.CREATED, site, platform_id=None)
    assert (len(line.target), len(line.actor)) == (255, 254)


@pytest.mark.parametrize(
    "text",
    [
        "+79001234567", "79001234567", "8 (900) 123-45-67", "8900 123 45 67",
        "20261122083000 +79001234567", "1.79001234567", "2026-11-22 79001234567",
        "q=8+900+123+45+67&o=1", "q=8+%28900%29+123-45-67", "q=%2B7%20900%20123%2045%2067",
    ],
)  # fmt: skip
def test_a_phone_is_hidden_however_it_was_typed(text: str) -> None:
    told = without_phones({"query": [text]})["query"][0]
    assert "•••" in told
    assert not any(part in told for part in ("123", "45", "67"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22", "2026-11-22T08:30:00.123456+00:00", "2026-11-22 08:30:00",
        "06:42:40:92:60:B4", "192.168.101.12", "q=2026&of_socket=12&of_site=4",
    ],
)  # fmt: skip
def test_moments_and_addresses_are_no_phones(text: str) -> None:
    assert without_phones(text) == text
