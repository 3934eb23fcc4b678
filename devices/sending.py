"""How the outbox sends: by the driver of the gateway. Never raises, whatever a driver does."""

import logging

from platforms.keyring import KeyRingError

from .gateways import DRIVERS
from .gateways.shape import Outcome, Outgoing, Reason, Sent
from .models import SmsGateway

logger = logging.getLogger(__name__)


def send(gateway: SmsGateway, outgoing: Outgoing) -> Sent:
    """Make the one request of this message; what went wrong before it is `rejected`."""
    driver = DRIVERS.get(gateway.driver)
    if driver is None:
        logger.error("Gateway %s: no driver is called %r.", gateway.pk, gateway.driver)
        return Sent(Outcome.REJECTED, Reason.SETTINGS)
    try:
        account = gateway.account()
    except (KeyRingError, ValueError, TypeError) as error:
        # The text of the error is about a secret: its name alone is logged.
        logger.error(
            "Gateway %s: its secrets cannot be read: %s.", gateway.pk, type(error).__name__
        )
        return Sent(Outcome.REJECTED, Reason.SETTINGS)
    try:
        return driver.send(account, outgoing)
    except Exception as error:  # noqa: BLE001
        # A driver never raises; one that does may have sent the message all the same.
        logger.error(
            "Gateway %s: its driver %s failed over message %s: %s.",
            gateway.pk,
            driver.name,
            outgoing.key,
            type(error).__name__,
        )
        return Sent(Outcome.UNKNOWN, Reason.FAULT)
