"""Who is slowed: by the audit record, by network where addresses are plentiful."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from platforms import throttle
from platforms.audit import Action, Actor, record
from platforms.models import User
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def fail(addresses: list[str], email: str = "bob@example.test") -> None:
    """Write a failed login from each address."""
    for address in addresses:
        actor = Actor(email, "admin", address=address)
        record(actor, Action.LOGIN_FAILED, "login", platform_id=None)


NEIGHBOURS = [f"2001:db8:0:7::{number:x}" for number in range(1, throttle.LOGIN_OF_ONE.limit + 1)]


def test_addresses_of_one_ipv6_network_are_one_caller() -> None:
    fail(NEIGHBOURS)
    for address in ("2001:db8:0:7:ffff::1", "2001:db8::7:0:0:0:1", "2001:DB8:0:7::"):
        assert throttle.login_is_throttled("bob@example.test", address)


@pytest.mark.parametrize("address", ["2001:db8:0:8::1", "2001:db8::1", "10.0.0.1", "::1", None])
def test_other_networks_are_other_callers(address: str | None) -> None:
    fail(NEIGHBOURS)
    assert not throttle.login_is_throttled("bob@example.test", address)


def test_a_network_that_tries_many_accounts_is_slowed() -> None:
    limit = throttle.LOGIN_FROM_ONE.limit
    for number in range(limit):
        assert not throttle.login_is_throttled("alice@example.test", "2001:db8:0:7::")
        fail([f"2001:db8:0:7::{number:x}"], f"somebody-{number}@example.test")
    assert throttle.login_is_throttled("alice@example.test", "2001:db8:0:7::aaaa")


def test_resets_are_counted_by_network() -> None:
    for number in range(throttle.RESET_FROM_ONE.limit):
        actor = Actor(f"{number}@example.test", "reset", address=f"2001:db8:0:7::{number:x}")
        record(actor, Action.RESET_ASKED, "password reset", platform_id=None)
    assert throttle.reset_is_throttled("other@example.test", "2001:db8:0:7::aaaa")
    assert not throttle.reset_is_throttled("other@example.test", "2001:db8:0:8::aaaa")


def test_ipv4_addresses_written_as_ipv6_are_not_one_caller() -> None:
    fail([f"::ffff:10.0.0.{number}" for number in range(1, 10)])
    assert not throttle.login_is_throttled("bob@example.test", "::ffff:10.0.0.77")


def test_ipv4_addresses_are_counted_one_by_one() -> None:
    fail(["10.0.0.1"] * throttle.LOGIN_OF_ONE.limit)
    assert throttle.login_is_throttled("bob@example.test", "10.0.0.1")
    assert not throttle.login_is_throttled("bob@example.test", "10.0.0.2")


def test_what_happened_before_the_window_counts_no_more() -> None:
    fail(NEIGHBOURS)
    facts: dict[str, Any] = {"actor": "bob@example.test", "address": "2001:db8:0:7::aaaa"}
    later = timezone.now() + throttle.LOGIN_OF_ONE.window + timedelta(minutes=1)
    assert throttle.LOGIN_OF_ONE.is_on(**facts)
    assert not throttle.LOGIN_OF_ONE.is_on(later, **facts)


def test_a_right_password_from_a_slowed_network_waits(bob: User) -> None:
    fail(NEIGHBOURS)
    form = {"username": bob.email, "password": factories.PASSWORD}
    for address, status in (("2001:db8:0:7::aaaa", 200), ("2001:db8:0:8::aaaa", 302)):
        assert Client(REMOTE_ADDR=address).post("/admin/login/", form).status_code == status
