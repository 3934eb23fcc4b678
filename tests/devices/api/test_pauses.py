"""Pauses over the API: who stops what, and who lets it go again."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from devices.models import Assignment, Device, Pause
from platforms.models import Platform, User
from tests.conftest import ApiOf
from tests.devices import world

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
LIST = "/api/v1/pauses"


@pytest.fixture
def socket(platform_a: Platform) -> Device:
    return world.make_socket(platform_a)


def test_a_pause_is_begun_read_and_lifted(api_of: ApiOf, mona: User, socket: Device) -> None:
    client = api_of(mona)
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    made = client.post(
        LIST, {"device_id": socket.pk, "reason": "works", "expires_at": until}, "json"
    )
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["platform_id"], told["device_id"]) == (socket.platform_id, socket.pk)
    assert told["author"] == mona.email
    assert client.get(f"{LIST}/{told['id']}").json() == told
    assert client.get(f"{LIST}?current=true").json()["results"] == [told]
    lifted = client.post(f"{LIST}/{told['id']}/lift")
    assert lifted.status_code == 200
    assert lifted.json()["lifted_at"]
    again = client.post(f"{LIST}/{told['id']}/lift")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "over")
    assert client.get(f"{LIST}?current=true").json()["count"] == 0
    assert client.get(f"{LIST}?current=false").json()["count"] == 1


def test_who_stops_a_socket_a_platform_and_everything(
    api_of: ApiOf, root: User, mona: User, ursula: User, bob: User, charlie: User, socket: Device
) -> None:
    of_socket = {"device_id": socket.pk, "reason": "works"}
    of_platform = {"platform_id": socket.platform_id, "reason": "works"}
    of_all = {"reason": "works"}
    for person, expected in (
        (root, (201, 201, 201)),
        (mona, (201, 201, 403)),
        (ursula, (403, 403, 403)),
        (bob, (403, 403, 403)),
        (charlie, (400, 400, 403)),
    ):
        bodies = (of_socket, of_platform, of_all)
        seen = tuple(api_of(person).post(LIST, each, "json").status_code for each in bodies)
        assert seen == expected, person.email
    Assignment.objects.create(platform_id=socket.platform_id, user=ursula, device=socket)
    assert api_of(ursula).post(LIST, of_socket, "json").status_code == 201


def test_a_pause_of_everything_is_seen_by_all_and_lifted_by_superadmins(
    api_of: ApiOf, root: User, alice: User, charlie: User, socket: Device
) -> None:
    shared = Pause.objects.create(platform=None, reason="works", author_name="root")
    own = Pause.objects.create(platform=socket.platform, reason="own", author_name="alice")
    address = f"{LIST}/{shared.pk}/lift"
    for person in (alice, charlie):
        assert api_of(person).get(f"{LIST}/{shared.pk}").status_code == 200
        assert api_of(person).post(address).status_code == 403
    assert api_of(charlie).get(LIST).json()["count"] == 1
    foreign, nobody = (api_of(charlie).post(f"{LIST}/{pk}/lift") for pk in (own.pk, 987654321))
    assert (foreign.status_code, foreign.content) == (404, nobody.content)
    assert api_of(root).post(address).status_code == 200
    own.refresh_from_db()
    assert own.lifted_at is None


def test_what_is_no_pause_is_refused(api_of: ApiOf, root: User, socket: Device) -> None:
    client = api_of(root)
    other = world.make_socket(Platform.objects.create(name="Other"))
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    for fields, status in (
        ({"reason": ""}, 400),
        ({"reason": None}, 400),
        ({"reason": "x" * 256}, 400),
        ({"expires_at": "tomorrow"}, 400),
        ({"expires_at": "0001-01-01T00:00:00"}, 400),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, 400),
        ({"expires_at": yesterday}, 409),
        ({"platform_id": other.platform_id}, 400),
        ({"everything": True}, 400),
    ):
        body = {"device_id": socket.pk, "reason": "works", **fields}
        assert client.post(LIST, body, "json").status_code == status, fields
    assert not Pause.objects.exists()


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Europe/Moscow"])
@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59", "9999-12-31T12:00:00Z", "2200-01-01T00:00:01Z"]
)
def test_an_end_that_no_clock_could_show_is_refused_at_its_field(
    api_of: ApiOf, root: User, socket: Device, settings: Settings, moment: str, zone: str
) -> None:
    settings.TIME_ZONE = zone
    client = api_of(root)
    for over in ({"device_id": socket.pk}, {"platform_id": socket.platform_id}, {}):
        body = {**over, "reason": "works", "expires_at": moment}
        refused = client.post(LIST, body, "json")
        assert refused.status_code == 400, refused.content
        assert list(refused.json()["error"]["fields"]) == ["expires_at"]
    assert client.get(LIST).json()["count"] == 0


def test_the_last_end_of_a_pause_is_taken(api_of: ApiOf, root: User, socket: Device) -> None:
    body = {"device_id": socket.pk, "reason": "works", "expires_at": "2200-01-01T00:00:00Z"}
    assert api_of(root).post(LIST, body, "json").status_code == 201
    assert api_of(root).get(LIST).json()["count"] == 1
