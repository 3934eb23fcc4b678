"""Who may command single sockets, and who reads the logins of these people."""

import pytest

from devices import sockets
from platforms.audit import SYSTEM
from platforms.models import Platform, User
from tests.conftest import ApiOf
from tests.devices import world

pytestmark = pytest.mark.django_db
LIST = "/api/v1/assignments"


def test_logins_are_for_those_who_assign_and_for_oneself(
    api_of: ApiOf, root: User, alice: User, mona: User, ursula: User, bob: User,
    platform_a: Platform,
) -> None:  # fmt: skip
    sockets.assign(ursula, world.make_socket(platform_a), SYSTEM)
    for person, expected in (
        (root, ursula.email), (alice, ursula.email), (mona, ursula.email),
        (ursula, ursula.email), (bob, None),
    ):  # fmt: skip
        client = api_of(person)
        (row,) = client.get(LIST).json()["results"]
        assert row["email"] == expected, person.email
        assert client.get(f"{LIST}/{row['id']}").json() == row
