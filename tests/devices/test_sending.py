"""What the outbox sends with: the gateway's driver, and an answer whatever that one does."""

from typing import NoReturn

import pytest

from devices import sending
from devices.gateways import DRIVERS
from devices.gateways.shape import Account, Driver, Outcome, Outgoing, Reason, Sent
from tests.devices import world

pytestmark = pytest.mark.django_db

OUTGOING = Outgoing("key", "+79000000001", "#07#", 60)


def test_the_driver_gets_the_account_with_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Account] = []

    def send(account: Account, outgoing: Outgoing) -> Sent:
        asked.append(account)
        return world.ACCEPTED

    monkeypatch.setitem(DRIVERS, "of-a-test", Driver(name="x", title="x", send=send, check=print))
    gateway = world.make_gateway(driver="of-a-test", address="http://gateway", settings={"a": 1})
    gateway.secret, gateway.secrets = "s1", '{"b": "s2"}'
    gateway.save()
    gateway.refresh_from_db()
    assert sending.send(gateway, OUTGOING) == world.ACCEPTED
    assert asked == [Account("http://gateway", "s1", {"a": 1, "b": "s2"})]


def test_a_gateway_of_no_known_driver_sent_nothing() -> None:
    gateway = world.make_gateway(driver="of-another-release")
    assert sending.send(gateway, OUTGOING) == Sent(Outcome.REJECTED, Reason.SETTINGS)


def test_secrets_that_cannot_be_read_sent_nothing_and_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = world.make_gateway()
    gateway.secrets = "no-json-but-a-secret"
    gateway.save()
    gateway.refresh_from_db()
    assert sending.send(gateway, OUTGOING) == Sent(Outcome.REJECTED, Reason.SETTINGS)
    assert "no-json-but-a-secret" not in caplog.text


def test_a_driver_that_raises_may_have_sent_and_its_words_stay_out_of_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def send(_account: Account, _outgoing: Outgoing) -> NoReturn:
        raise RuntimeError("the-key-of-the-gateway")

    monkeypatch.setitem(DRIVERS, "of-a-test", Driver(name="x", title="x", send=send, check=print))
    sent = sending.send(world.make_gateway(driver="of-a-test"), OUTGOING)
    assert sent == Sent(Outcome.UNKNOWN, Reason.FAULT)
    assert "RuntimeError" in caplog.text
    assert "the-key-of-the-gateway" not in caplog.text
