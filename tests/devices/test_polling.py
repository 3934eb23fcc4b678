"""All gateways are asked side by side, each for itself."""

import threading

import pytest

from devices import polling
from devices.gateways import DRIVERS
from devices.gateways.shape import Account, Driver, Received
from devices.models import GatewayInbox, IncomingSms
from tests.devices import world
from tests.devices.world import ACCEPTED

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def test_no_gateway_waits_for_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    all_are_asked = threading.Barrier(3)

    def inbox(account: Account) -> tuple[Received, ...]:
        all_are_asked.wait(20)  # one after the other, this would break
        if account.address == "says nothing":
            return ()
        return (Received("+79000000001", f"of {account.address}", None, account.address),)

    driver = Driver(name="x", title="x", send=lambda *_told: ACCEPTED, check=print, inbox=inbox)
    monkeypatch.setitem(DRIVERS, "of-a-test", driver)
    for name in ("says nothing", "one", "two"):
        world.make_gateway(driver="of-a-test", address=name)
    world.make_gateway(driver="of-a-test", address="off", enabled=False)
    assert polling.poll_all() == 2
    assert IncomingSms.objects.count() == 2
    assert GatewayInbox.objects.exclude(polled_at=None).count() == 3


def test_without_gateways_nobody_is_asked() -> None:
    assert polling.poll_all() == 0
