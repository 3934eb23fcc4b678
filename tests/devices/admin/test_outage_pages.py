"""Power outages on the page of a socket, and ending one by hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import Assignment, Device, PowerOutage, SmsGateway
from platforms.models import Platform, User
from tests.conftest import ClientOf
from tests.devices import world
from tests.devices.listening import hear, make_old_socket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("road")]
MINUTE = timedelta(minutes=1)
BEGAN = timezone.now() - timedelta(hours=1)  # an outage ends by hand now


@pytest.fixture
def shared(db: None) -> SmsGateway:
    return world.make_gateway()


@pytest.fixture
def dark(shared: SmsGateway, platform_a: Platform) -> Device:
    """A socket that told that its mains are lost."""
    socket = make_old_socket(platform_a)
    hear(shared, socket, "Power failure", BEGAN, BEGAN)
    return socket


def page(device: Device, name: str = "change") -> str:
    return reverse(f"admin:devices_device_{name}", args=[device.pk])


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_person_who_knows_better_ends_an_outage_and_the_page_says_who(
    dark: Device, alice: User, bob: User, client_of: ClientOf
) -> None:
    client = client_of(alice)
    assert page(dark, "mains_back") in text(client.get(page(dark)))
    asks = client.get(page(dark, "mains_back"))
    assert asks.status_code == 200
    assert client.post(page(dark, "mains_back"), {"reason": ""}).status_code == 200
    assert PowerOutage.objects.filter(ended=None).exists(), "without a reason nothing happens"
    client.post(page(dark, "mains_back"), {"reason": "the guard called"})
    dark.refresh_from_db()
    assert dark.mains_lost_at is None
    for person in (alice, bob):
        shown = text(client_of(person).get(page(dark)))
        assert "Ended by alice@example.test: the guard called" in shown
        assert page(dark, "mains_back") not in shown, "there is nothing left to end"


def test_who_may_not_command_the_socket_does_not_end_its_outage(
    dark: Device, bob: User, ursula: User, charlie: User, client_of: ClientOf
) -> None:
    for person, code in ((bob, 403), (ursula, 403), (charlie, 404)):
        client = client_of(person)
        assert page(dark, "mains_back") not in text(client.get(page(dark)))
        assert client.post(page(dark, "mains_back"), {"reason": "x"}).status_code == code
    Assignment.objects.create(platform_id=dark.platform_id, user=ursula, device=dark)
    assert client_of(ursula).post(page(dark, "mains_back"), {"reason": "x"}).status_code == 302


def test_the_message_that_was_missed_corrects_the_end_and_a_new_loss_begins_anew(
    shared: SmsGateway, dark: Device, alice: User, client_of: ClientOf
) -> None:
    client_of(alice).post(page(dark, "mains_back"), {"reason": "the guard called"})
    back = hear(shared, dark, "Power is back", BEGAN + MINUTE, BEGAN + 2 * MINUTE)
    outage = PowerOutage.objects.get()
    assert (outage.ended, outage.ended_by, outage.closed_by) == (BEGAN + MINUTE, back, "")
    later = BEGAN + timedelta(hours=2)
    hear(shared, dark, "Power failure", later, later)
    dark.refresh_from_db()
    assert dark.mains_lost_at == later
