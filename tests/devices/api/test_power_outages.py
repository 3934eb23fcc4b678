"""Power outages over the API: read by members, ended by hand by who may command the socket."""

import pytest

from devices.models import Assignment, Device, PowerOutage
from platforms.models import AuditEntry, Platform, User
from tests.conftest import ApiOf
from tests.devices import world
from tests.devices.listening import hear, make_old_socket
from tests.devices.world import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("road")]
LIST = "/api/v1/power-outages"


@pytest.fixture
def dark(platform_a: Platform) -> Device:
    """A socket that told that its mains are lost."""
    gateway = world.make_gateway()
    socket = make_old_socket(platform_a)
    hear(gateway, socket, "Power failure", NOON, NOON)
    return socket


def test_an_outage_is_ended_by_hand_once_and_says_by_whom(
    api_of: ApiOf, mona: User, dark: Device
) -> None:
    client = api_of(mona)
    (told,) = client.get(f"{LIST}?current=true&device_id={dark.pk}").json()["results"]
    assert (told["ended"], told["closed_by"]) == (None, "")
    place = f"{LIST}/{told['id']}"
    assert client.post(f"{place}/close", {}, "json").status_code == 400
    closed = client.post(f"{place}/close", {"reason": "the guard called"}, "json")
    assert closed.status_code == 200, closed.content
    assert client.get(place).json() == closed.json()
    assert (closed.json()["closed_by"], closed.json()["closed_reason"]) == (
        mona.email,
        "the guard called",
    )
    dark.refresh_from_db()
    assert dark.mains_lost_at is None
    line = AuditEntry.objects.latest("pk")
    assert (line.actor, line.target_id) == (mona.email, str(dark.pk))
    assert line.after == {"mains_lost_at": None, "reason": "the guard called"}
    again = client.post(f"{place}/close", {"reason": "x"}, "json")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "over")
    assert client.get(f"{LIST}?current=true").json()["count"] == 0
    assert client.get(f"{LIST}?current=false").json()["count"] == 1


def test_who_may_command_the_socket_may_end_its_outage(
    api_of: ApiOf, alice: User, ursula: User, bob: User, charlie: User, dark: Device
) -> None:
    place = f"{LIST}/{PowerOutage.objects.get().pk}"
    for person, seen, code in ((charlie, 404, 404), (bob, 200, 403), (ursula, 200, 403)):
        client = api_of(person)
        assert client.get(place).status_code == seen
        assert client.post(f"{place}/close", {"reason": "x"}, "json").status_code == code
    Assignment.objects.create(platform_id=dark.platform_id, user=ursula, device=dark)
    assert api_of(ursula).post(f"{place}/close", {"reason": "x"}, "json").status_code == 200
